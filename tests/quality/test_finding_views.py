"""Findings as answers show them: places in characters and in UTF-16 units, and those stored before there were both."""

from __future__ import annotations

from techscreen.checks.findings import Finding
from techscreen.quality.finding_views import finding_views
from techscreen.schemas.generation import FindingView
from techscreen.text.utf16 import Utf16Places
from tests.support.tables import table


@table("text", ["", "plain", "é中\ufffd", "😀", "a😀b𝔘😀c", "\U0010ffff\uffffx"])
def test_a_place_in_utf_16_is_the_length_of_what_stands_before_it(text: str) -> None:
    places = Utf16Places(text)
    for place in range(len(text) + 1):
        assert places.of(place) == len(text[:place].encode("utf-16-le")) // 2


def test_a_view_has_the_field_both_places_and_the_confidence() -> None:
    finding = Finding("markup", "link", "b", "r", "s", 2, 3, confidence=0.7)
    (view,) = finding_views("work_role", "😀ab", [finding])

    assert view.model_dump() == {
        "field": "work_role",
        "kind": "markup",
        "category": "link",
        "word": "b",
        "reason": "r",
        "suggestion": "s",
        "start": 2,
        "end": 3,
        "start_utf16": 3,
        "end_utf16": 4,
        "found_by": "rules",
        "confidence": 0.7,
        "id": view.id,
        "override": None,
    }


def test_a_finding_is_named_by_its_words_and_their_text_wherever_that_stands() -> None:
    finding = Finding("markup", "link", "b", "r", "s", 2, 3)
    (here,), (there,) = (finding_views(field, "😀ab", [finding]) for field in ("work_role", "questions[3].spoken_text"))
    (changed,) = finding_views("work_role", "😀ab.", [finding])
    assert here.id == there.id != changed.id


def test_an_older_finding_is_still_read() -> None:
    finding = Finding("markup", "link", "b", "r", "s", 2, 3)
    (view,) = finding_views("work_role", "😀ab", [finding])
    assert view.confidence == 1
    stored = view.model_dump(exclude={"start_utf16", "end_utf16", "confidence", "override"})

    read = FindingView.model_validate(stored)
    assert read.model_dump(exclude_none=True) == stored
