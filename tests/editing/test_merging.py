"""What two people have typed into one question is put together where nobody loses a word, and left alone elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from techscreen.editing.merging import FIELDS, Merged, as_patch, merged

WAS: dict[str, Any] = {
    "topic": "Relays",
    "question_type": "debugging",
    "skill_level": "Advanced",
    "minutes": 6,
    "spoken_text": "What is slow?",
    "exhibit": None,
    "criteria": [{"criterion": name, "description": f"Names {name}."} for name in ("a", "b", "c")],
    "follow_ups": ["Why?", "And then?"],
    "low": "Guesses.",
    "mid": "",
    "high": "Measures.",
}


def reworded(place: int, words: str) -> list[dict[str, str]]:
    """The criteria, one of them in other words."""
    rows = [dict(row) for row in WAS["criteria"]]
    rows[place]["description"] = words
    return rows


@pytest.mark.parametrize(
    ("mine", "theirs", "values", "conflicts"),
    [
        ({}, {}, {}, ()),
        ({"topic": "Queues"}, {}, {"topic": "Queues"}, ()),
        ({}, {"topic": "Queues", "high": "Asks."}, {}, ()),
        ({"low": "Waits."}, {"high": "Asks."}, {"low": "Waits."}, ()),
        ({"topic": "Queues"}, {"topic": "Queues"}, {}, ()),
        ({"topic": "Queues", "minutes": None}, {"topic": "Locks"}, {"minutes": None}, ("topic",)),
        ({"exhibit": {"text": "x"}}, {"spoken_text": "Why?"}, {"exhibit": {"text": "x"}}, ()),
        # Lists: each has reworded an item of its own, or the same one, or has changed how many there are.
        ({"criteria": reworded(0, "Mine.")}, {"criteria": reworded(2, "Theirs.")}, None, ()),
        ({"criteria": reworded(0, "Mine.")}, {"criteria": reworded(0, "Theirs.")}, {}, ("criteria",)),
        ({"criteria": WAS["criteria"][:2]}, {"criteria": reworded(0, "Theirs.")}, {}, ("criteria",)),
        ({"follow_ups": ["Why?", "So?"]}, {"follow_ups": ["When?", "So?"]}, {"follow_ups": ["When?", "So?"]}, ()),
        # Browsers send other line ends than were stored.
        ({"spoken_text": "a\nb"}, {"spoken_text": "a\r\nb"}, {}, ()),
    ],
)  # fmt: skip
def test_what_is_saved_and_what_both_have_changed(
    mine: dict[str, Any], theirs: dict[str, Any], values: dict[str, Any] | None, conflicts: tuple[str, ...]
) -> None:
    if values is None:
        both = reworded(0, "Mine.")
        both[2] = reworded(2, "Theirs.")[2]
        values = {"criteria": both}
    assert merged(WAS, {**WAS, **mine}, {**WAS, **theirs}) == Merged(values, conflicts)


def test_only_the_fields_that_were_touched_count() -> None:
    mine, theirs = {**WAS, "topic": "Mine", "high": "Mine."}, {**WAS, "topic": "Theirs"}
    assert merged(WAS, mine, theirs, ["high"]) == Merged({"high": "Mine."}, ())
    assert merged(WAS, mine, theirs, FIELDS) == Merged({"high": "Mine."}, ("topic",))


def test_nonsense_as_the_former_state_overwrites_nothing() -> None:
    was = {"criteria": "no list", "topic": 7}
    mine = {**WAS, "criteria": [], "topic": "Queues"}
    assert merged(was, mine, WAS, ["criteria", "topic"]) == Merged({}, ("topic", "criteria"))


def test_anchors_stand_together_in_a_patch() -> None:
    assert as_patch({"low": "Guesses.", "topic": "Queues"}) == {
        "topic": "Queues",
        "rating_anchors": {"low": "Guesses."},
    }
    assert as_patch({"minutes": None}) == {"minutes": None}
