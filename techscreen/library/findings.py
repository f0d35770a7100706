"""What somebody should look at in a library question. A row comes in, findings go out; they are only reported."""

from __future__ import annotations

from collections.abc import Collection

from models import CachedQuestion
from prompts import InterviewQuestion
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.markdown_safety import markup_findings
from techscreen.checks.questions import places_of, question_findings
from techscreen.quality.finding_views import finding_views
from techscreen.schemas.generation import FindingView


def library_findings(
    row: CachedQuestion, names: Collection[str] = (), confidential: Confidential | None = None
) -> list[FindingView]:
    """All findings of a question, those of its mark-up included.

    Args:
        names: those of the employer, its products and people, which no question should contain.
        confidential: what others should not learn of the requisition that it is from.
    """
    question = InterviewQuestion.from_stored(
        question_text=row.question_text,
        exhibit=row.exhibit,
        minutes=row.minutes,
        criteria=row.criteria,
        follow_ups=row.follow_ups,
        rating_anchors=row.rating_anchors,
    )
    found = question_findings(question, names, row.language, row.question_type)
    views = [view for each in found for view in finding_views(each.place.path, each.place.text, [each.finding])]
    for place in places_of(question):
        more = markup_findings(place.text) if place.is_markdown else []
        if confidential is not None:
            more = [*more, *confidential.findings_in(place.text)]
        views += finding_views(place.path, place.text, more)
    return views
