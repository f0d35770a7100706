"""What stands only where a text is still to be written is refused; whatever says anything of the work is not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import PROJECT_FOLDER
from techscreen.checks.job_description_gate import (
    REASONS,
    TITLE_REASONS,
    what_is_missing,
    what_is_wrong_with_title,
)
from techscreen.checks.placeholders import placeholder_kind
from techscreen.data import DATA
from tests.checks.test_job_description_gate import ADMIN, ENHANCE, WORKFLOW, counts
from tests.conftest import MakeApp, on_sqlite
from tests.support.fake_claude import FakeClaude
from tests.support.tables import table

# Made for this test: placeholders of many kinds, and texts of the same words that say what the work is.
CASES = [
    json.loads(line) for line in Path(__file__).with_name("placeholder_cases.jsonl").read_text("utf-8").splitlines()
]
EXAMPLES = PROJECT_FOLDER / "techscreen" / "checks" / "examples"


@table("case", CASES, ids=lambda case: case["text"][:40])
def test_only_what_says_nothing_is_a_placeholder(case: dict[str, Any]) -> None:
    assert placeholder_kind(case["text"]) == case["refused"]


def test_there_are_enough_of_both_sides_and_each_once() -> None:
    sides = Counter(case["refused"] is None for case in CASES)
    assert min(sides.values()) >= 200
    assert len({case["text"] for case in CASES}) == len(CASES)


def test_no_sentence_that_was_written_for_the_checks_is_one() -> None:
    """Thousands of questions, criteria and descriptions of many trades, and all their languages."""
    texts = {
        value
        for file in EXAMPLES.glob("*.jsonl")
        for line in file.read_text("utf-8").splitlines()
        for value in json.loads(line).values()
        if isinstance(value, str) and " " in value
    }
    assert len(texts) > 20_000
    assert [text for text in texts if placeholder_kind(text)] == []


@table("file", ["technology_aliases.txt", "technology_concepts.txt", "post_words.txt"])
def test_no_technology_or_post_is_one(file: str) -> None:
    words = {word.strip() for line in (DATA / file).read_text("utf-8").splitlines() for word in line.split(",")}
    found = {word for word in words if not word.startswith("#") and placeholder_kind(word)}
    assert found == set()


@table("text", ["-", "...", "", "??", "1 2 3", "\x01", "\x02", "🎉", "asdf " * 5_000])
def test_what_has_no_word_or_far_too_many_is_left_to_others(text: str) -> None:
    assert placeholder_kind(text) is None


@table("text", ["TBD", "see attached PDF", "asdf asdf"])
def test_placeholders_in_the_work_inputs_say_nothing_either(text: str) -> None:
    kind = placeholder_kind(text)
    assert kind is not None
    assert what_is_missing(text, [text, "n/a", None, "-"]) == REASONS[kind]
    assert what_is_missing(text, [text, "Owns the ledger", None, None]) is None


@table(
    ("title", "kind"),
    [
        ("TBD", "placeholder"),
        ("n/a", "placeholder"),
        ("asdf asdf", "placeholder"),
        ("lorem ipsum", "placeholder"),
        ("<b>&nbsp;</b>", "unseen"),
        ("<p><br></p>", "unseen"),
        ("siehe Anhang", "elsewhere"),
        ("see attached PDF", "elsewhere"),
        ("Test", None),
        ("T", None),
        ("QA", None),
        ("Document Controller", None),
        ("Test Engineer", None),
        ("Test Manager", None),
        ("Test Team Lead", None),
        ("HR Manager (TBD)", None),
        ("WIP Manager", None),
        ("Test job", None),
        ("<b>Test Manager</b>", None),
        ("Senior Engineer (TBD)", None),
        ("Software Engineer REQ-2041", None),
        ("HR", None),
        ("テストエンジニア", None),
    ],
)
def test_a_title_names_the_post_or_is_refused(title: str, kind: str | None) -> None:
    assert what_is_wrong_with_title(title) == (TITLE_REASONS[kind] if kind else None)


@table(
    "text",
    ["<p><br></p>", "<p>&nbsp;</p>", "<!-- nothing -->", "<style>p {color: red}</style>", "<div><img src='x'></div>"],
)
def test_mark_up_alone_is_no_description_and_fills_in_no_work_input(text: str) -> None:
    assert what_is_missing(text, [text, None, None, None]) == REASONS["unseen"]
    assert what_is_missing("TBD", [text, text, text, text]) == REASONS["placeholder"]
    assert what_is_missing(text, [text, "<p>Owns the ledger</p>", None, None]) is None


SENTENCES = {
    "TBD": "basic_description is only a placeholder: say what the person will do or deliver, or what the work "
    "requires.",
    "see attached PDF": "basic_description points to another text, which cannot be read from here: put that text into "
    "this field, or say what the person will do or deliver, or what the work requires.",
}


@on_sqlite
@pytest.mark.parametrize("settings", [{}, {"CLAUDE_MODE": "offline"}, {"USE_LIBRARY": "only"}], ids=str)
def test_it_is_refused_with_what_is_missing_in_every_mode(
    make_app: MakeApp, fake: FakeClaude, settings: dict[str, str]
) -> None:
    app: Flask = make_app(**settings)
    client: FlaskClient = app.test_client()
    for path in (ENHANCE, WORKFLOW):
        for text, sentence in SENTENCES.items():
            body = {"req_id": "R", "basic_title": "Engineer", "basic_description": text}
            answer = client.post(path, json=body, headers=ADMIN).get_json()
            assert answer["code"] == "invalid_request"
            assert answer["details"] == [{"field": "basic_description", "message": sentence}]
        both = {"req_id": "R", "basic_title": "TBD", "basic_description": "TBD"}
        answer = client.post(path, json=both, headers=ADMIN).get_json()
        assert [each["field"] for each in answer["details"]] == ["basic_title", "basic_description"]
    assert counts(app) == (0, 0, 0)
    assert fake.received == []
