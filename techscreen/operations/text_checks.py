"""Checks texts that somebody has written, by our rules alone: no Claude, no database, nothing kept."""

from __future__ import annotations

from techscreen.checks.texts import findings_of, is_reliable
from techscreen.quality.finding_views import finding_views
from techscreen.schemas.text_checks import CheckAnswer, CheckedTextView, CheckRequest


def check_texts(request: CheckRequest) -> CheckAnswer:
    """What the rules find in each text."""
    checked = [
        CheckedTextView(
            index=index,
            kind=given.kind,
            findings=finding_views(
                f"texts.{index}.text",
                given.text,
                [each for each in findings_of(given.text, given.kind) if is_reliable(each, request.language)],
            ),
        )
        for index, given in enumerate(request.texts)
    ]
    return CheckAnswer(findings_total=sum(len(one.findings) for one in checked), texts=checked)
