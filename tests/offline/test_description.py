"""A description put in order without Claude: nothing is added and nothing lost."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from config import PROJECT_FOLDER
from prompts import EnhanceDescription
from techscreen.offline.description import HEADINGS, ordered_description

SAMPLES = sorted((PROJECT_FOLDER / "samples" / "requisitions").glob("*.json"))
WORDS = re.compile(r"[^\W_]+")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_description_has_the_requisitions_words_and_no_others(path: Any) -> None:
    given = json.loads(path.read_text(encoding="utf-8"))
    fields = {name: given.get(name) for name in (each.name for each in dataclasses.fields(EnhanceDescription))}
    described = ordered_description(EnhanceDescription(**fields), "en")
    text = re.sub(r"^### .*$", "", described, flags=re.MULTILINE)
    source = " ".join(str(value).replace("\xad", "") for value in fields.values() if value)
    assert set(WORDS.findall(text)) <= set(WORDS.findall(source))
    last_words = WORDS.findall(given["basic_description"].replace("\xad", ""))[-20:]
    assert WORDS.findall(text)[-20:] == last_words


def test_sections_are_left_out_where_nothing_is_said_and_demands_about_a_person_are_not_listed() -> None:
    asked = EnhanceDescription("Engineer", "Text.", work_competencies="no family commitments; curious")
    described = ordered_description(asked, "en")
    assert "- curious" in described
    assert "family" not in described
    assert [heading in described for heading in HEADINGS["en"]] == [False, False, False, True, True]


def test_the_longest_texts_give_a_description_that_can_be_stored() -> None:
    long = ("word, " * 3_000)[:16_000]
    described = ordered_description(EnhanceDescription("T", long, None, None, long, long, long, long), "en")
    assert len(described) < 100_000
