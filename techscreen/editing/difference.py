"""What two states of an interview, or of a job description, differ in.

A state is plain JSON, as it was kept at the time, so fields of later releases may be missing and others may stand
beside those compared here. Two states come in, a view for a frontend goes out; `summary.py` says it in words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from techscreen.editing.pairing import Pair, paired, with_replacements
from techscreen.editing.words import marked_words
from techscreen.schemas.differences import (
    CriterionChangeView,
    CriterionTextView,
    DifferenceView,
    ItemChange,
    LineChangeView,
    QuestionChange,
    QuestionChangeView,
    TextChangeView,
    TopicChangeView,
    Value,
    WordsView,
)
from techscreen.text.exhibits import shown_text, spoken_part

State = Mapping[str, Any]
T = TypeVar("T")
Fields = dict[str, Value]  # by name or path, in the order in which they are shown


def interview_difference(before: State, after: State) -> DifferenceView:
    """What changed in an interview, by question and criterion.

    Takes `interview_name`, `status`, `language` and `questions`. A question needs `lineage`, by which it is known
    again, `question_number` and `question_text`; it may have `exhibit`, `minutes`, `question_type`, `skill_level`,
    `topic`, `locked`, `criteria`, `follow_ups`, `rating_anchors` and `work_items`, in the form that answers have.
    """
    fields = ("interview_name", "status", "language")
    old, new = _by_number(before), _by_number(after)
    pairs = with_replacements(paired(old, new, [lambda question: question["lineage"]]))
    questions = (_question_change(old, new, pair) for pair in pairs)
    return DifferenceView(
        changes=_changes(_picked(before, fields), _picked(after, fields)),
        questions=[change for change in questions if change],
    )


def job_description_difference(before: State, after: State) -> DifferenceView:
    """What changed in a job description.

    Takes `enhanced_title`, `enhanced_description`, `language`, `interview_topics` and `notes_for_team`. A topic is
    known again by its name, or by what it probes if its name was reworded.
    """
    fields = ("enhanced_title", "enhanced_description", "language")
    old, new = before.get("interview_topics") or [], after.get("interview_topics") or []
    pairs = paired(
        old,
        new,
        [_whole_topic, lambda topic: topic["topic"]],
        lambda topic: (topic["topic"], f"{topic['topic']} {topic.get('focus') or ''}"),
    )
    topics = (_topic_change(old, new, pair) for pair in pairs)
    return DifferenceView(
        changes=_changes(_picked(before, fields), _picked(after, fields)),
        topics=[change for change in topics if change],
        notes_for_team=_line_changes(before.get("notes_for_team") or [], after.get("notes_for_team") or [], _reworded),
    )


def _by_number(state: State) -> list[State]:
    return sorted(state.get("questions") or [], key=lambda question: question["question_number"])


def _question_change(before: Sequence[State], after: Sequence[State], pair: Pair) -> QuestionChangeView | None:
    old, new = _at(before, pair.before), _at(after, pair.after)
    known = new or old
    assert known is not None
    changes = _changes(_question_fields(old), _question_fields(new))
    criteria = _criterion_changes((old or {}).get("criteria") or [], (new or {}).get("criteria") or [])
    follow_ups = _line_changes((old or {}).get("follow_ups") or [], (new or {}).get("follow_ups") or [], _reworded)
    work_items = _line_changes(_work_items(old), _work_items(new))
    kind: QuestionChange | None = _kind(pair, bool(changes or criteria or follow_ups or work_items))
    if kind is None:
        return None
    is_another = old is not None and new is not None and old["lineage"] != new["lineage"]
    if is_another:
        kind = "replaced"
    return QuestionChangeView(
        lineage=known["lineage"],
        replaced_lineage=old["lineage"] if old and is_another else None,
        kind=kind,
        is_moved=pair.is_moved,
        number_before=old["question_number"] if old else None,
        number_after=new["question_number"] if new else None,
        changes=changes,
        criteria=criteria,
        follow_ups=follow_ups,
        work_items=work_items,
    )


def _question_fields(question: State | None) -> Fields:
    if question is None:
        return {"locked": False}
    exhibit = question.get("exhibit") or {}
    anchors = question.get("rating_anchors") or {}
    return {
        "spoken_text": spoken_part(question["question_text"], shown_text(question.get("exhibit"))),
        "exhibit.kind": exhibit.get("kind"),
        "exhibit.text": exhibit.get("text"),
        **_picked(question, ("minutes", "question_type", "skill_level", "topic")),
        "locked": bool(question.get("locked")),
        **{f"rating_anchors.{level}": anchors.get(level) for level in ("low", "mid", "high")},
    }


def _criterion_changes(before: Sequence[State], after: Sequence[State]) -> list[CriterionChangeView]:
    old, new = [_criterion(each) for each in before], [_criterion(each) for each in after]
    pairs = paired(
        old,
        new,
        [lambda each: (each.criterion, each.description), lambda each: each.criterion],
        lambda each: (each.description, f"{each.criterion} {each.description}"),
    )
    changes = []
    for pair in pairs:
        one, other = _at(old, pair.before), _at(new, pair.after)
        kind = _kind(pair, one != other)
        if kind:
            changes.append(
                CriterionChangeView(
                    kind=kind,
                    **_places(pair),
                    before=one,
                    after=other,
                    criterion_words=_marked(one.criterion if one else None, other.criterion if other else None),
                    description_words=_marked(one.description if one else None, other.description if other else None),
                )
            )
    return changes


def _criterion(criterion: State) -> CriterionTextView:
    return CriterionTextView(criterion=criterion["criterion"], description=criterion.get("description") or "")


def _topic_change(before: Sequence[State], after: Sequence[State], pair: Pair) -> TopicChangeView | None:
    old, new = _at(before, pair.before), _at(after, pair.after)
    changes = _changes(_topic_fields(old), _topic_fields(new))
    technologies = _line_changes((old or {}).get("technologies") or [], (new or {}).get("technologies") or [])
    work_items = _line_changes(_work_items(old), _work_items(new))
    kind = _kind(pair, bool(changes or technologies or work_items))
    if kind is None:
        return None
    return TopicChangeView(
        kind=kind,
        **_places(pair),
        topic=(new or old or {})["topic"],
        changes=changes,
        technologies=technologies,
        work_items=work_items,
    )


def _topic_fields(topic: State | None) -> Fields:
    return _picked(topic, ("topic", "facet", "skill_level", "question_type", "focus")) if topic else {}


def _work_items(of: State | None) -> list[str]:
    """Those of a topic or a question."""
    return [f"{item['field']}: {item['part']}" for item in (of or {}).get("work_items") or []]


def _whole_topic(topic: State) -> str:
    return json.dumps([_topic_fields(topic), topic.get("technologies"), _work_items(topic)])


def _line_changes(
    before: Sequence[str], after: Sequence[str], texts: Callable[[str], Sequence[str]] | None = None
) -> list[LineChangeView]:
    changes = []
    for pair in paired(before, after, [lambda line: line], texts):
        one, other = _at(before, pair.before), _at(after, pair.after)
        kind = _kind(pair, one != other)
        if kind:
            changes.append(
                LineChangeView(kind=kind, **_places(pair), before=one, after=other, words=_marked(one, other))
            )
    return changes


def _reworded(line: str) -> Sequence[str]:
    return (line,)


def _changes(before: Fields, after: Fields) -> list[TextChangeView]:
    """The fields that differ. One that a state does not have is null in it."""
    return [
        TextChangeView(field=name, before=before.get(name), after=after.get(name), words=words)
        for name in dict.fromkeys(chain(before, after))
        if before.get(name) != after.get(name)
        for words in [_marked(before.get(name), after.get(name))]
    ]


def _marked(before: Value, after: Value) -> list[WordsView]:
    texts = [value for value in (before, after) if value is not None]
    if not all(isinstance(value, str) for value in texts):
        return []
    return marked_words(str(before or ""), str(after or ""))


def _kind(pair: Pair, is_changed: bool) -> ItemChange | None:
    """What happened to an item, None if nothing did."""
    if pair.before is None:
        return "added"
    if pair.after is None:
        return "removed"
    if is_changed:
        return "changed"
    return "moved" if pair.is_moved else None


def _places(pair: Pair) -> dict[str, Any]:
    return {
        "is_moved": pair.is_moved,
        "place_before": None if pair.before is None else pair.before + 1,
        "place_after": None if pair.after is None else pair.after + 1,
    }


def _picked(state: State, names: Sequence[str]) -> Fields:
    return {name: state.get(name) for name in names}


def _at(items: Sequence[T], place: int | None) -> T | None:
    return None if place is None else items[place]
