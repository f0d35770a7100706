"""Questions of two parts: what is said aloud and what is looked at, as one text and apart again."""

from __future__ import annotations

from typing import Any

from prompts import (
    MAX_MINUTES,
    MIN_MINUTES,
    Criterion,
    Exhibit,
    ExhibitKind,
    InterviewQuestion,
    RatingAnchors,
)
from techscreen.text.exhibits import spoken_part, with_exhibit
from tests.support.tables import table

SPOKEN = "This loop is slow. What do you change first?"
REST: dict[str, Any] = {
    "criteria": [Criterion(criterion="Repeated call", description="Names the repeated call.")],
    "follow_ups": ["What would you measure?", "What could break?"],
    "rating_anchors": RatingAnchors(low="Guesses.", mid="Moves one call.", high="Measures before and after."),
}
CODE = "for row in rows:\n    total = sum(rows)"
TABLE = "| hour | orders |\n|---|---|\n| 9 | 12 |"
EXHIBITS: list[tuple[ExhibitKind, str]] = [
    ("code", CODE),
    ("log", "```\nalready fenced\n```"),
    ("figures", "9:00  12\n10:00  980"),
    ("table", TABLE),
    ("table", "no table at all"),
    ("text", ""),
    ("text", "\n\nblank lines around\n\n"),
    ("text", f"{SPOKEN}\n\n```\n{CODE}\n```"),
]


def question(**parts: Any) -> InterviewQuestion:
    return InterviewQuestion(**{"spoken_text": SPOKEN, **REST, **parts})


def test_a_question_without_an_exhibit_is_what_is_said() -> None:
    assert with_exhibit(SPOKEN, None) == SPOKEN
    assert spoken_part(SPOKEN, None) == SPOKEN
    assert question().question_text == SPOKEN


@table("kind", ["code", "log", "figures", "text"])
def test_what_is_looked_at_follows_in_a_fence(kind: ExhibitKind) -> None:
    assert question(exhibit=Exhibit(kind=kind, text=CODE)).question_text == f"{SPOKEN}\n\n```\n{CODE}\n```"


def test_a_table_keeps_its_columns_below_each_other() -> None:
    assert question(exhibit=Exhibit(kind="table", text=TABLE)).question_text == f"{SPOKEN}\n\n```\n{TABLE}\n```"


@table(
    "text, fence",
    [
        ("no fence", "```"),
        ("`a` and ``b``", "```"),
        ("a\n```\ncode\n```", "````"),
        ("`````", "``````"),
        ("~~~", "```"),
    ],
)
def test_no_fence_in_an_exhibit_ends_its_own(text: str, fence: str) -> None:
    assert with_exhibit("Look.", text) == f"Look.\n\n{fence}\n{text}\n{fence}"


@table("kind, text", EXHIBITS)
def test_the_parts_of_one_text_are_found_again(kind: ExhibitKind, text: str) -> None:
    asked = question(exhibit=Exhibit(kind=kind, text=text))

    assert spoken_part(asked.question_text, text) == SPOKEN


def test_a_text_that_does_not_end_with_the_exhibit_stays_whole() -> None:
    text = f"{SPOKEN}\n\n```\n{CODE}\n```\n\nSay why."

    assert spoken_part(text, CODE) == text


@table("kind, text", EXHIBITS)
def test_a_stored_question_is_the_one_that_was_written(kind: ExhibitKind, text: str) -> None:
    written = question(exhibit=Exhibit(kind=kind, text=text), minutes=4)
    stored = written.model_dump(exclude={"spoken_text"})

    assert InterviewQuestion.from_stored(question_text=written.question_text, **stored) == written


def test_an_older_question_has_all_in_its_text() -> None:
    text = f"{SPOKEN}\n\n```\n{CODE}\n```"

    older = InterviewQuestion.from_stored(question_text=text, exhibit=None, minutes=None, **REST)

    assert (older.spoken_text, older.question_text, older.exhibit, older.minutes) == (text, text, None, MAX_MINUTES)


@table(
    "given, kept",
    [(-1, MIN_MINUTES), (0, MIN_MINUTES), (3, 3), (5, 5), (8, 8), (9, MAX_MINUTES), (10**400, 8), (float("inf"), 8)],
)
def test_minutes_are_brought_within_an_interview(given: float, kept: int) -> None:
    assert question(minutes=given).minutes == kept


@table("given", ["soon", None, float("nan"), [5]])
def test_no_answer_is_lost_for_minutes_that_are_no_number(given: object) -> None:
    assert question(minutes=given).minutes == MAX_MINUTES


def test_every_kind_of_text_is_asked_for_and_no_other_kind_of_exhibit() -> None:
    schema = InterviewQuestion.model_json_schema()

    assert schema["required"] == [
        "spoken_text",
        "exhibit",
        "minutes",
        "criteria",
        "follow_ups",
        "rating_anchors",
    ]
    assert schema["$defs"]["Exhibit"]["properties"]["kind"]["enum"] == ["code", "log", "figures", "table", "text"]


@table(
    "written, kept",
    [
        ("```python\nfor row in rows:\n    total = 1\n```", "for row in rows:\n    total = 1"),
        ("\n\n  indented = 1\nnext = 2\n\n", "  indented = 1\nnext = 2"),
        ("~~~\na\n~~~", "a"),
        ("```\na", "```\na"),
    ],
)
def test_an_exhibit_has_no_block_of_its_own_around_it(written: str, kept: str) -> None:
    assert question(exhibit={"kind": "code", "text": written}).exhibit == Exhibit(kind="code", text=kept)


@table(
    "blank",
    [
        {"kind": "code", "text": " \n"},
        {"kind": "log", "text": "```\n\n```"},
        {"kind": "log", "text": "\0\u200b"},
        {"kind": "log", "text": None},
        {"kind": "log"},
        {},
        "none",
        7,
        None,
    ],
)
def test_an_exhibit_without_anything_to_see_is_none(blank: object) -> None:
    assert question(exhibit=blank).exhibit is None


def test_an_odd_exhibit_is_shown_as_far_as_it_can_be() -> None:
    assert question(exhibit={"kind": "JSON", "text": "a\0b"}).exhibit == Exhibit(kind="text", text="ab")
    long = question(exhibit={"kind": "log", "text": "x" * 5_000}).exhibit
    assert long is not None
    assert len(long.text) == 4_000


def test_an_exhibit_is_read_again_as_it_was_stored() -> None:
    asked = question(exhibit={"kind": "text", "text": "````\n```\nx\n```\n````"})
    assert asked.exhibit == Exhibit(kind="text", text="```\nx\n```")
    stored = {"question_text": asked.question_text, "exhibit": asked.exhibit.model_dump(), "minutes": 5}
    assert InterviewQuestion.from_stored(**stored, **REST).spoken_text == SPOKEN
