"""Taking changes back: which change is next, and how its interview is brought into the state before it.

The rows and the history come in; the rows are changed, nothing is written yet. Taking back is a change like any other,
so it has an entry of its own, which says in its state (`RESTORED`) after which change the texts were so. From that it
is known what can be taken back next, and what can be made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import CachedQuestion, HistoryEntry, Interview, InterviewQuestion
from techscreen.errors import NotEditable, Stale
from techscreen.schemas.editing import RedoOrder, UndoOrder
from techscreen.schemas.generation import InterviewView
from techscreen.storage.history import QUESTION_STATE, RESTORED

State = Mapping[str, Any]

# Steps that change texts; steps that bring earlier texts back; steps that leave all texts as they are.
CHANGES = frozenset({"edited", "alternative_accepted"})
RETURNS = frozenset({"undone", "redone"})
PASSING = frozenset(
    {"finding_overridden", "override_withdrawn", "review_requested", "published", "archived", "restored"}
)
# How many steps are looked back at.
MAX_STEPS = 200
# What somebody types without a longer pause is saved in several steps, which are taken back as one.
PAUSE = timedelta(seconds=60)
MAX_TYPED = 30
TYPED = ("question_text", "exhibit", "topic", "criteria", "follow_ups", "rating_anchors")


@dataclass(frozen=True)
class Way:
    """A way to other texts.

    Attributes:
        number: the number of the newest of the changes that are taken back, or made again.
        to: the number of the change after which the texts were as they become.
        user_id: who has made that change.
        at: when.
    """

    number: int
    to: int
    user_id: str
    at: datetime


@dataclass(frozen=True)
class Ways:
    """What can be taken back and made again next; None if nothing can."""

    undo: Way | None
    redo: Way | None


def ways_of(session: Session, interview: Interview) -> Ways:
    """What can be taken back of an interview, and made again."""
    log = _Log(session, interview)
    return Ways(log.way_back(), log.way_forth())


def take_back(session: Session, interview: Interview, order: UndoOrder | RedoOrder) -> None:
    """Give an interview the name, the questions and their order of an earlier state.

    Raises:
        NotEditable: if there is nothing to take back or to make again.
        Stale: if that is something else than the caller has seen.
    """
    ways = ways_of(session, interview)
    way = ways.undo if isinstance(order, UndoOrder) else ways.redo
    if way is None:
        what = "to take back" if isinstance(order, UndoOrder) else "to make again"
        raise NotEditable(f"There is nothing {what}.", req_id=interview.req_id)
    if way.to != order.to:
        error = Stale("This interview was changed meanwhile: look at it, then decide.", req_id=interview.req_id)
        error.current = InterviewView.model_validate(interview)
        raise error
    state = state_after(session, interview.id, way.to)
    assert state is not None, "the way was found in the history"
    _put_back(session, interview, state)
    _put_overrides_back(session, interview, state, way.to)


def state_after(session: Session, interview_id: int, number: int) -> State | None:
    """An interview as it was after a change; None if that is not known."""
    state: State | None = session.scalar(
        _entries(HistoryEntry.state, interview_id).where(HistoryEntry.revision == number)
    )
    return state


class _Log:
    """The newest steps of an interview, by their numbers. States are read when they are needed."""

    def __init__(self, session: Session, interview: Interview) -> None:
        self._session = session
        self._interview_id = interview.id
        self._newest = interview.revision
        oldest = interview.revision - MAX_STEPS
        columns = (HistoryEntry.revision, HistoryEntry.operation, HistoryEntry.user_id, HistoryEntry.created_at)
        found = session.execute(_entries(columns, interview.id).where(HistoryEntry.revision >= oldest))
        self._steps = {row.revision: row for row in found}
        self._states: dict[int, State | None] = {}

    def way_back(self) -> Way | None:
        here = self._made_by(self._newest)
        while here is not None:
            first = self._first_of(here)
            to = first - 1
            if to not in self._steps:
                return None
            if _texts(self._state(to)) != _texts(self._state(here)):
                return self._way(here, to)
            here = self._made_by(to)  # what was typed and taken back by hand changes nothing
        return None

    def way_forth(self) -> Way | None:
        number = self._newest
        while (step := self._steps.get(number)) is not None:
            if step.operation == "undone":
                made = self._made_by(number - 1)
                return None if made is None else self._way(made, number - 1)
            if step.operation == "redone":
                number = self._restored(number)
            elif step.operation in PASSING:
                number -= 1
            else:
                return None
        return None

    def _made_by(self, number: int) -> int | None:
        """The change that gave an interview the texts that it had after a step; None if it has begun with them."""
        while (step := self._steps.get(number)) is not None:
            if step.operation in CHANGES:
                return number
            if step.operation in RETURNS:
                number = self._restored(number)
            elif step.operation in PASSING:
                number -= 1
            else:
                return None
        return None

    def _first_of(self, last: int) -> int:
        """The first of the changes that were made in one go with this one: the same texts typed by the same person."""
        first, what = last, self._typed_in(last)
        while what and last - first < MAX_TYPED:
            before, present = self._steps.get(first - 1), self._steps[first]
            is_one = (
                before is not None
                and before.operation == present.operation == "edited"
                and before.user_id == present.user_id
                and present.created_at - before.created_at <= PAUSE
                and self._typed_in(first - 1) == what
            )
            if not is_one:
                break
            first -= 1
        return first

    def _typed_in(self, number: int) -> frozenset[tuple[str, str]] | None:
        """The texts that a change has typed in; None if it has done anything else."""
        before, after = _texts(self._state(number - 1)), _texts(self._state(number))
        if before is None or after is None or before["interview_name"] != after["interview_name"]:
            return None
        old = {question["lineage"]: question for question in before["questions"]}
        if list(old) != [question["lineage"] for question in after["questions"]]:
            return None
        changed = [
            (question["lineage"], name)
            for question in after["questions"]
            for name, value in question.items()
            if name != "source" and value != old[question["lineage"]].get(name)
        ]
        is_typed = all(name in TYPED for _, name in changed)
        return frozenset(changed) if is_typed else None

    def _way(self, number: int, to: int) -> Way:
        step = self._steps[number]
        return Way(number, to, step.user_id, step.created_at)

    def _restored(self, number: int) -> int:
        state = self._state(number)
        return int(state[RESTORED]) if state else -1

    def _state(self, number: int) -> State | None:
        if number not in self._states:
            self._states[number] = state_after(self._session, self._interview_id, number)
        return self._states[number]


def _texts(state: State | None) -> State | None:
    """What taking back brings back."""
    return None if state is None else {name: state[name] for name in ("interview_name", "questions")}


def _entries(columns: Any, interview_id: int) -> Any:
    chosen = select(*columns) if isinstance(columns, tuple) else select(columns)
    return chosen.where(HistoryEntry.subject == "interview", HistoryEntry.subject_id == interview_id)


def _put_back(session: Session, interview: Interview, state: State) -> None:
    interview.interview_name = state["interview_name"]
    present = {question.lineage: question for question in interview.questions}
    wanted = {question["lineage"]: question for question in state["questions"]}
    for lineage in present.keys() - wanted.keys():
        interview.questions.remove(present[lineage])
    for lineage, stored in wanted.items():
        values = {name: stored[name] for name in QUESTION_STATE if name in stored}
        cached_id = values.get("cached_question_id")
        if cached_id is not None and session.get(CachedQuestion, cached_id) is None:
            values["cached_question_id"] = None  # it is not in the cache any more
        if lineage in present:
            for name, value in values.items():
                setattr(present[lineage], name, value)
        else:
            interview.questions.append(InterviewQuestion(**values))


def _put_overrides_back(session: Session, interview: Interview, state: State, number: int) -> None:
    """What was said about findings belongs to their texts. What was taken back meanwhile stays so."""
    later = _entries(HistoryEntry.id, interview.id).where(HistoryEntry.revision > number)
    withdrawn = session.scalar(later.where(HistoryEntry.operation == "override_withdrawn").limit(1))
    if withdrawn is None:
        interview.overrides = {**(state.get("overrides") or {}), **(interview.overrides or {})} or None
