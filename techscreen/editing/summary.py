"""A difference in a few plain English lines, for a list of what happened.

A difference comes in, sentences without a full stop go out. They name what changed and leave the texts to the
difference itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from techscreen.schemas.differences import (
    CriterionChangeView,
    DifferenceView,
    ItemChange,
    LineChangeView,
    QuestionChangeView,
    TextChangeView,
    TopicChangeView,
    Value,
)

MAX_NAME = 60  # characters of a name that a line shows

_KINDS: tuple[ItemChange, ...] = ("added", "removed", "changed", "moved")
_NAMES = {
    "interview_name": "name",
    "enhanced_title": "title",
    "enhanced_description": "description",
    "spoken_text": "text",
    "exhibit.kind": "exhibit",
    "exhibit.text": "exhibit",
    "rating_anchors.low": "rating anchors",
    "rating_anchors.mid": "rating anchors",
    "rating_anchors.high": "rating anchors",
}
_WORK_ITEMS = ("part of the WORK inputs", "parts of the WORK inputs")
# Fields of the whole that are told with their values.
_TOLD = ("interview_name", "status", "language", "enhanced_title")


def summary_of(difference: DifferenceView) -> list[str]:
    """One line for each field, question and topic that changed, and for each kind of change of notes.

    Empty if nothing changed.
    """
    return [
        *map(_whole_line, difference.changes),
        *map(_question_line, difference.questions),
        *map(_topic_line, difference.topics),
        *(f"Notes for the team: {part}" for part in _lines(difference.notes_for_team, "note", "notes")),
    ]


def _whole_line(change: TextChangeView) -> str:
    name = _name(change.field).capitalize()
    if change.field not in _TOLD:
        return f"{name} changed"
    if change.before is None:
        return f"{name} set to {_value(change.after)}"
    if change.after is None:
        return f"{name} {_value(change.before)} removed"
    return f"{name} changed from {_value(change.before)} to {_value(change.after)}"


def _question_line(question: QuestionChangeView) -> str:
    number = question.number_before if question.number_after is None else question.number_after
    parts = [f"moved from {question.number_before}"] if question.is_moved else []
    if question.kind in ("added", "removed", "replaced"):
        return "; ".join([f"Question {number} {question.kind}", *parts])
    lock = next((change for change in question.changes if change.field == "locked"), None)
    if lock:
        parts.append("locked" if lock.after else "unlocked")
    parts += _changed(change for change in question.changes if change is not lock)
    parts += _criteria(question.criteria)
    parts += _lines(question.follow_ups, "follow-up", "follow-ups")
    parts += _lines(question.work_items, *_WORK_ITEMS)
    return f"Question {number}: {'; '.join(parts)}"


def _topic_line(topic: TopicChangeView) -> str:
    name = f"Topic {_quoted(topic.topic)}"
    if topic.kind in ("added", "removed"):
        return f"{name} {topic.kind}"
    parts = [f"moved from {topic.place_before} to {topic.place_after}"] if topic.is_moved else []
    parts += _changed(topic.changes)
    parts += _lines(topic.technologies, "technology", "technologies")
    parts += _lines(topic.work_items, *_WORK_ITEMS)
    return f"{name}: {'; '.join(parts)}"


def _changed(changes: Iterable[TextChangeView]) -> list[str]:
    names = list(dict.fromkeys(_name(change.field) for change in changes))
    return [f"{_listed(names)} changed"] if names else []


def _criteria(changes: Sequence[CriterionChangeView]) -> Iterator[str]:
    for kind in _KINDS:
        these = [change.after or change.before for change in changes if change.kind == kind]
        if len(these) == 1 and these[0] is not None:
            yield f"criterion {_quoted(these[0].criterion)} {kind}"
        elif these:
            yield f"{len(these)} criteria {kind}"


def _lines(changes: Sequence[LineChangeView], one: str, several: str) -> Iterator[str]:
    for kind in _KINDS:
        count = sum(change.kind == kind for change in changes)
        if count:
            yield f"{count} {one if count == 1 else several} {kind}"


def _name(field: str) -> str:
    return _NAMES.get(field, field.replace("_", " "))


def _value(value: Value) -> str:
    return _quoted(str(value))


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= MAX_NAME else line[: MAX_NAME - 1].rstrip() + '…'}”"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
