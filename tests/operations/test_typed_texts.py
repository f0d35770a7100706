"""What is found in a text while it is typed: the findings of the API, with what could be written instead."""

from __future__ import annotations

from techscreen.operations.typed_texts import TypedReplacement, typed_findings


def test_findings_come_with_a_replacement_where_there_is_one() -> None:
    text = "🚀 We need a rockstar. Young guys only."
    wording, subject = typed_findings(text, "jd")

    assert (wording.found.word, subject.found.word) == ("rockstar", "Young guys only")
    assert wording.replacement == TypedReplacement("rockstar", 13, 21, "specialist")  # as JavaScript counts
    assert subject.replacement == TypedReplacement(" Young guys only.", 22, 39, "")


def test_a_text_that_no_request_may_have_has_no_findings() -> None:
    assert typed_findings("We need a rockstar. " * 1_000, "jd") == []
    assert typed_findings("We need a rockstar.\x00", "jd") == []
    assert typed_findings("", "jd") == []
