"""Findings in one text as an answer shows them, with their places in characters and in UTF-16 units."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict

from techscreen.checks.findings import Finding
from techscreen.schemas.generation import FindingView
from techscreen.text.utf16 import Utf16Places


def finding_id(kind: str, category: str, word: str, start: int, text: str) -> str:
    """A name for a finding that stays the same while its text does, wherever the text stands."""
    said = "\0".join((kind, category, word, str(start), text))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def finding_views(field: str, text: str, findings: Iterable[Finding]) -> list[FindingView]:
    """The findings as views, in the same order.

    Args:
        field: where the text is.
        text: the text that their places refer to.
        findings: what was found in it.
    """
    found = list(findings)
    if not found:
        return []
    places = Utf16Places(text)
    return [
        FindingView(
            id=finding_id(finding.kind, finding.category, finding.word, finding.start, text),
            field=field,
            **{name: value for name, value in asdict(finding).items() if name != "is_certain"},
            start_utf16=places.of(finding.start),
            end_utf16=places.of(finding.end),
        )
        for finding in found
    ]
