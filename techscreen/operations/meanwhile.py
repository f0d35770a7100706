"""What has become of an interview since somebody has read it: who has changed what, and whether a part is as it was.

The number of the change that they have seen comes in; views go out, or the interview as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import MAX_ID, HistoryEntry, Interview
from techscreen.editing.difference import interview_difference
from techscreen.editing.interviews import interview_as_seen
from techscreen.editing.summary import summary_of
from techscreen.editing.undoing import Way, state_after, ways_of
from techscreen.errors import Stale
from techscreen.schemas.differences import DifferenceView
from techscreen.schemas.generation import InterviewView
from techscreen.storage.history import interview_state
from techscreen.storage.transactions import transaction

State = Mapping[str, Any]
# A part of a state that a change rests on.
Part = Callable[[State], object]
# People who are named; changes whose authors are looked for.
MAX_CHANGES = 100


@dataclass(frozen=True)
class Meanwhile:
    """What was changed between two changes of an interview.

    Attributes:
        user_ids: who has, in the order of their first change.
        at: when the last of these changes was made.
        summary: what they have changed, in plain words.
        difference: the same with all words, those that changed marked.
    """

    user_ids: list[str]
    at: datetime
    summary: list[str]
    difference: DifferenceView


@dataclass(frozen=True)
class TakeBack:
    """A change that can be taken back or made again, for a button.

    Attributes:
        to: what an UndoOrder or RedoOrder names.
        user_id: who has made the change.
        at: when.
        summary: what it has changed, in plain words.
    """

    to: int
    user_id: str
    at: datetime
    summary: list[str]


def changed_since(interview_id: int, seen: int, until: int | None = None) -> Meanwhile | None:
    """Who has changed what after the change `seen`; None if nothing was, or nothing is known of it.

    Args:
        until: the last change to tell of; by default the newest.
    """
    with transaction() as session:
        interview = interview_as_seen(session, interview_id, ["*"])
        last = interview.revision if until is None else until
        before = _known_state(session, interview, seen)
        after = _known_state(session, interview, last)
        if before is None or after is None or last <= seen:
            return None
        ours = HistoryEntry.subject == "interview", HistoryEntry.subject_id == interview_id
        between = HistoryEntry.revision > seen, HistoryEntry.revision <= last
        made = select(HistoryEntry.user_id, HistoryEntry.created_at).where(*ours, *between)
        changes = session.execute(made.order_by(HistoryEntry.revision.desc()).limit(MAX_CHANGES)).all()
        difference = interview_difference(before, after)
        if not changes:
            return None
        user_ids = list(dict.fromkeys(change.user_id for change in reversed(changes)))
        return Meanwhile(user_ids, changes[0].created_at, summary_of(difference), difference)


def state_seen(interview_id: int, seen: int) -> State | None:
    """An interview as it was after the change `seen`; None if that is not known."""
    with transaction() as session:
        return _known_state(session, interview_as_seen(session, interview_id, ["*"]), seen)


def unless_touched(interview_id: int, seen: int, part: Part) -> InterviewView:
    """The interview as it is now, if a part of it is as it was after the change `seen`, whatever else has changed.

    Raises:
        NotFound: if there is no such interview.
        Stale: if somebody has changed the part, or that is not known.
    """
    with transaction() as session:
        interview = interview_as_seen(session, interview_id, ["*"])
        view = InterviewView.model_validate(interview)
        if interview.revision != seen:
            then = _known_state(session, interview, seen)
            if then is None or part(then) != part(interview_state(interview)):
                error = Stale("Somebody has changed this meanwhile.", req_id=interview.req_id)
                error.current = view
                raise error
        return view


def name_in(state: State) -> object:
    """The name of an interview."""
    return state["interview_name"]


def order_in(state: State) -> object:
    """Which questions an interview has, in their order."""
    return [question["lineage"] for question in state["questions"]]


def question_in(lineage: str) -> Part:
    """All of one question but its place."""

    def find(state: State) -> object:
        found = [question for question in state["questions"] if question["lineage"] == lineage]
        return [{**question, "question_number": None} for question in found]

    return find


def take_backs(interview_id: int) -> tuple[TakeBack | None, TakeBack | None]:
    """What can be taken back of an interview, and what can be made again."""
    with transaction() as session:
        interview = interview_as_seen(session, interview_id, ["*"])
        ways = ways_of(session, interview)
        present = interview_state(interview)
        back = _told(session, interview, ways.undo, lambda other: interview_difference(other, present))
        forth = _told(session, interview, ways.redo, lambda other: interview_difference(present, other))
        return back, forth


def _told(
    session: Session, interview: Interview, way: Way | None, difference: Callable[[State], DifferenceView]
) -> TakeBack | None:
    state = None if way is None else state_after(session, interview.id, way.to)
    if way is None or state is None:
        return None
    return TakeBack(way.to, way.user_id, way.at, summary_of(difference(state)))


def _known_state(session: Session, interview: Interview, number: int) -> State | None:
    if number == interview.revision:
        return interview_state(interview)
    return state_after(session, interview.id, number) if 0 <= number <= MAX_ID else None
