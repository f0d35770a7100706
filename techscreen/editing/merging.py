"""Two people at the same question: what one of them has typed is put on top of what the other has saved meanwhile.

Three states of a question come in: as it was given to somebody, as they have made it, and as it is now. What to save
goes out, and which texts both have changed. Nothing is decided for people: a text that both have changed is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from techscreen.schemas.generation import QuestionView

# A question's texts and choices by the names that they have on a page; lists hold items.
Content = Mapping[str, Any]

ANCHORS = ("low", "mid", "high")
LISTS = ("criteria", "follow_ups")
FIELDS = (
    "topic",
    "question_type",
    "skill_level",
    "minutes",
    "spoken_text",
    "exhibit",
    *LISTS,
    *ANCHORS,
)


@dataclass(frozen=True)
class Merged:
    """What becomes of what somebody has typed.

    Attributes:
        values: what to save, by field.
        conflicts: the fields that somebody else has changed in another way meanwhile. They are not among the values.
    """

    values: dict[str, Any]
    conflicts: tuple[str, ...]


def content_of(question: QuestionView) -> dict[str, Any]:
    """What can be edited of a question."""
    exhibit, anchors = question.exhibit, question.rating_anchors
    return {
        "topic": question.topic,
        "question_type": question.question_type,
        "skill_level": question.skill_level,
        "minutes": question.minutes,
        "spoken_text": question.spoken_text,
        "exhibit": None if exhibit is None else {"kind": exhibit.kind, "text": exhibit.text},
        "criteria": [
            {"criterion": criterion.criterion, "description": criterion.description} for criterion in question.criteria
        ],
        "follow_ups": list(question.follow_ups),
        "low": anchors.low,
        "mid": anchors.mid,
        "high": anchors.high,
    }


def merged(was: Content, mine: Content, theirs: Content, fields: Collection[str] = FIELDS) -> Merged:
    """What of `mine` to save.

    A field that I have not changed stays as it is now. Of a list whose items only one of us has reworded, each item is
    taken from the one who has. Line ends count as the same, because a browser changes them.

    Args:
        was: the question as I was given it.
        mine: as I have made it.
        theirs: as it is now.
        fields: those that I can have changed.
    """
    values: dict[str, Any] = {}
    conflicts = []
    for field in FIELDS:
        old, new, now = (_plain(content.get(field)) for content in (was, mine, theirs))
        if field not in fields or new in (old, now):
            continue
        if now == old:
            values[field] = mine[field]
            continue
        together = _items_together(old, new, now) if field in LISTS else None
        if together is None:
            conflicts.append(field)
        else:
            values[field] = together
    return Merged(values, tuple(conflicts))


def as_patch(values: Content) -> dict[str, Any]:
    """Values of these fields as the body of a change of a question."""
    patch = {name: value for name, value in values.items() if name not in ANCHORS}
    anchors = {name: value for name, value in values.items() if name in ANCHORS}
    return {**patch, "rating_anchors": anchors} if anchors else patch


def _items_together(was: Any, mine: Any, theirs: Any) -> list[Any] | None:
    """The items of both, if all three lists are as long and no item was changed by both in different ways."""
    if not all(isinstance(items, list) for items in (was, mine, theirs)):
        return None
    if not len(was) == len(mine) == len(theirs):
        return None
    both = []
    for old, new, now in zip(was, mine, theirs, strict=True):
        if new not in (old, now) and now != old:
            return None
        both.append(now if new == old else new)
    return both


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
