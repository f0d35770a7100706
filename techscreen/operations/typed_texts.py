"""What is found in a text while somebody types it, with what could be written instead. Nothing is asked or kept."""

from __future__ import annotations

from dataclasses import dataclass

from techscreen.checks.fairer_words import replacement_for
from techscreen.checks.features import TextKind
from techscreen.errors import InvalidRequest
from techscreen.operations.text_checks import check_texts
from techscreen.schemas.generation import FindingView
from techscreen.schemas.problems import validated
from techscreen.schemas.text_checks import CheckRequest
from techscreen.text.utf16 import Utf16Places


@dataclass(frozen=True)
class TypedReplacement:
    """What to replace, its place in UTF-16 units, and the words that are to stand there; maybe none."""

    replaced: str
    start: int
    end: int
    words: str


@dataclass(frozen=True)
class TypedFinding:
    """A finding, and what could simply be written instead; None where that needs thought."""

    found: FindingView
    replacement: TypedReplacement | None


def typed_findings(text: str, kind: TextKind) -> list[TypedFinding]:
    """What is found in a text, in its order. Nothing in one that no request may have, such as one that is too long."""
    try:
        asked = validated(CheckRequest, {"texts": [{"text": text, "kind": kind}]})
    except InvalidRequest:
        return []
    places = Utf16Places(text)
    return [TypedFinding(found, _replacement(text, found, places)) for found in check_texts(asked).texts[0].findings]


def _replacement(text: str, found: FindingView, places: Utf16Places) -> TypedReplacement | None:
    given = replacement_for(text, found.kind, found.start, found.end)
    if given is None:
        return None
    replaced = text[given.start : given.end]
    return TypedReplacement(replaced, places.of(given.start), places.of(given.end), given.words)
