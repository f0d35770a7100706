"""Differences between any two states of a requisition's interviews. What to compare comes in, a view goes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import MAX_ID, HistoryEntry, Interview
from techscreen.editing.difference import interview_difference
from techscreen.editing.summary import summary_of
from techscreen.errors import NotFound
from techscreen.operations.histories import known_interview, original_of
from techscreen.schemas.history import DifferenceAnswer, DifferenceQuery, SideView
from techscreen.storage.history import interview_state
from techscreen.storage.transactions import transaction


@dataclass(frozen=True)
class _Side:
    view: SideView
    state: Mapping[str, Any]


def difference_between(interview_id: int, query: DifferenceQuery) -> DifferenceAnswer:
    """What two states differ in.

    Without `to`, the later one is the newest of this interview. Without `from`, the earlier one is that before the
    change that led to the later one.

    Raises:
        NotFound: if there is no such interview, change or version, or nothing was published.
    """
    with transaction() as session:
        interview = known_interview(session, interview_id)
        after = _newest(session, interview) if query.to is None else _named(session, interview, query.to)
        before = _before(session, after) if query.from_ is None else _named(session, interview, query.from_)
        difference = interview_difference(before.state if before else {}, after.state)
        return DifferenceAnswer(
            from_=before.view if before else None,
            to=after.view,
            summary=summary_of(difference),
            difference=difference,
        )


def _named(session: Session, interview: Interview, name: str) -> _Side:
    if name == "published":
        return _published(session, interview)
    if name.startswith("v"):
        return _version(session, interview, int(name[1:]))
    return _change(session, interview, int(name.removeprefix("r")))


def _change(session: Session, interview: Interview, number: int) -> _Side:
    if number == interview.revision == 0:
        return _newest(session, interview)  # it is as it was before there was a history
    entry = _entry(session, interview.id, number) if number <= MAX_ID else None
    if entry is None:
        sentence = f"This interview has no change {number}: its newest is {interview.revision}."
        raise NotFound(sentence, req_id=interview.req_id)
    return _of_entry(entry)


def _version(session: Session, interview: Interview, version: int) -> _Side:
    this = Interview.req_id == interview.req_id, Interview.version == min(version, MAX_ID)
    other = session.scalar(select(Interview).where(*this))
    if other is None:
        raise NotFound(f"This requisition has no version {version}.", req_id=interview.req_id)
    return _newest(session, other)


def _published(session: Session, interview: Interview) -> _Side:
    """The last published state of the interview, of those that it is a revision of, or of others of its name."""
    for interview_ids in _nearest(session, interview):
        published = (
            HistoryEntry.subject == "interview",
            HistoryEntry.subject_id.in_(interview_ids),
            HistoryEntry.operation == "published",
        )
        entry = session.scalar(select(HistoryEntry).where(*published).order_by(HistoryEntry.id.desc()).limit(1))
        if entry is not None:
            return _of_entry(entry)
    raise NotFound("Neither this interview nor an earlier one of its name was published.", req_id=interview.req_id)


def _nearest(session: Session, interview: Interview) -> Iterator[list[int]]:
    own: Interview | None = interview
    seen: set[int] = set()
    while own is not None and own.id not in seen:
        seen.add(own.id)
        yield [own.id]
        own = session.get(Interview, own.revised_from_id) if own.revised_from_id is not None else None
    of_its_name = Interview.req_id == interview.req_id, Interview.interview_name == interview.interview_name
    yield list(session.scalars(select(Interview.id).where(*of_its_name)))


def _newest(session: Session, interview: Interview) -> _Side:
    entry = _entry(session, interview.id, interview.revision)
    view = SideView(
        interview_id=interview.id,
        version=interview.version,
        number=interview.revision,
        at=entry.created_at if entry else None,
    )
    return _Side(view, interview_state(interview))


def _before(session: Session, side: _Side) -> _Side | None:
    """The state before the change that led to another one; the same state if no change is known."""
    entry = _entry(session, side.view.interview_id, side.view.number)
    if entry is None:
        return side
    earlier = _entry(session, side.view.interview_id, side.view.number - 1) or original_of(session, entry)
    return _of_entry(earlier) if earlier is not None else None


def _entry(session: Session, interview_id: int, number: int) -> HistoryEntry | None:
    this = HistoryEntry.subject == "interview", HistoryEntry.subject_id == interview_id
    return session.scalar(select(HistoryEntry).where(*this, HistoryEntry.revision == number))


def _of_entry(entry: HistoryEntry) -> _Side:
    view = SideView(
        interview_id=entry.subject_id,
        version=entry.state["version"],
        number=entry.revision,
        at=entry.created_at,
    )
    return _Side(view, entry.state)
