"""Histories of interviews and requisitions, page by page. An id and a query come in, views of the steps go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from models import MAX_ID, HistoryEntry, Interview, JobDescription
from techscreen.editing.difference import interview_difference, job_description_difference
from techscreen.editing.summary import summary_of
from techscreen.errors import NotFound
from techscreen.schemas.cursors import cursor_after, position_of
from techscreen.schemas.differences import DifferenceView
from techscreen.schemas.generation import OverrideView
from techscreen.schemas.history import (
    HistoryAnswer,
    HistoryEntryView,
    HistoryQuery,
    RequisitionHistoryAnswer,
    StepView,
)
from techscreen.storage.history import Step
from techscreen.storage.transactions import transaction

State = Mapping[str, Any]
Place = tuple[str, int, int]  # subject, its id, revision
MAX_STEPS = 200

# What each step is called in a summary; an edit is told by what it has changed.
SENTENCES: Mapping[Step, str] = {
    "kept": "State before the first change that was recorded",
    "enhanced": "Enhanced",
    "topics_planned": "Topics planned",
    "generated": "Generated",
    "imported": "Imported",
    "revised": "Begun as a revision",
    "alternative_accepted": "Alternative accepted",
    "undone": "Taken back",
    "redone": "Made again",
    "finding_overridden": "Finding overridden",
    "override_withdrawn": "Override of a finding withdrawn",
    "review_requested": "Review requested",
    "published": "Approved and published",
    "archived": "Archived",
    "restored": "Restored",
    "deleted": "Deleted",
}


def interview_history(interview_id: int, query: HistoryQuery) -> HistoryAnswer:
    """One page of an interview's history. That of a deleted draft is shown too.

    Raises:
        NotFound: if there has never been such an interview.
        InvalidRequest: if the cursor was not given for the same list.
    """
    ours = HistoryEntry.subject == "interview", HistoryEntry.subject_id == interview_id
    with transaction() as session:
        interview = known_interview(session, interview_id)
        entries, next_cursor = _page(session, query, f"interview {interview_id}", *ours)
        return HistoryAnswer(
            interview_id=interview_id,
            req_id=interview.req_id,
            is_deleted=interview.deleted_at is not None,
            entries=entry_views(session, entries),
            next_cursor=next_cursor,
        )


def interview_steps(interview_id: int, limit: int = MAX_STEPS) -> list[StepView]:
    """The newest steps of an interview, newest first, without what they have changed: that takes long to tell.

    Raises:
        NotFound: if there has never been such an interview.
    """
    ours = HistoryEntry.subject == "interview", HistoryEntry.subject_id == interview_id
    columns = (HistoryEntry.revision, HistoryEntry.operation, HistoryEntry.user_id, HistoryEntry.created_at)
    steps = select(*columns, HistoryEntry.note).where(*ours).order_by(HistoryEntry.id.desc()).limit(limit)
    with transaction() as session:
        known_interview(session, interview_id)
        rows = session.execute(steps).all()
    return [
        StepView(
            number=row.revision,
            operation=row.operation,
            what=SENTENCES.get(row.operation, "Edited"),
            user_id=row.user_id,
            at=row.created_at,
            note=row.note,
        )
        for row in rows
    ]


def requisition_history(req_id: str, query: HistoryQuery) -> RequisitionHistoryAnswer:
    """One page of all that happened to a requisition's job description and interviews, in the order of time.

    Raises:
        NotFound: if there is no such requisition.
        InvalidRequest: if the cursor was not given for the same list.
    """
    with transaction() as session:
        if session.scalar(select(JobDescription.id).where(JobDescription.req_id == req_id)) is None:
            raise NotFound("There is no requisition with this req_id.", req_id=req_id)
        entries, next_cursor = _page(session, query, f"requisition {req_id}", HistoryEntry.req_id == req_id)
        return RequisitionHistoryAnswer(req_id=req_id, entries=entry_views(session, entries), next_cursor=next_cursor)


def known_interview(session: Session, interview_id: int) -> Interview:
    """An interview, or what is left of a deleted draft.

    Raises:
        NotFound: if there has never been one with this id.
    """
    interview = session.get(Interview, interview_id) if interview_id <= MAX_ID else None
    if interview is None:
        raise NotFound("There is no interview with this id.")
    return interview


def entry_views(session: Session, entries: Sequence[HistoryEntry]) -> list[HistoryEntryView]:
    """Steps as they are shown, each with its difference to the one before it."""
    before = states_before(session, entries)
    return [entry_view(entry, before.get(entry.id)) for entry in entries]


def entry_view(entry: HistoryEntry, before: State | None) -> HistoryEntryView:
    """A step as it is shown.

    Args:
        before: the state before it; None if there was nothing.
    """
    difference = None if before is None else difference_of(entry, before)
    said, said_before = _overrides(entry.state), _overrides(before or {})
    return HistoryEntryView(
        subject=entry.subject,
        subject_id=entry.subject_id,
        version=entry.state.get("version"),
        number=entry.revision,
        operation=entry.operation,
        user_id=entry.user_id,
        at=entry.created_at,
        note=entry.note,
        summary=_summary(entry, before, difference),
        difference=difference,
        overridden={
            name: OverrideView.model_validate(override)
            for name, override in said.items()
            if override != said_before.get(name)
        },
        withdrawn=sorted(said_before.keys() - said.keys()),
        previous_hash=entry.previous_hash,
        entry_hash=entry.entry_hash,
    )


def difference_of(entry: HistoryEntry, before: State) -> DifferenceView:
    """What a step has changed."""
    compare = interview_difference if entry.subject == "interview" else job_description_difference
    return compare(before, entry.state)


def states_before(session: Session, entries: Sequence[HistoryEntry]) -> dict[int, State]:
    """The state before each step, by the step's id, wherever there was one."""
    known: dict[Place, State] = {_place(entry): entry.state for entry in entries}
    missing = {_place(entry, 1) for entry in entries if entry.revision > 0} - known.keys()
    if missing:
        ours = or_(*(_is_at(place) for place in sorted(missing)))
        known |= {_place(entry): entry.state for entry in session.scalars(select(HistoryEntry).where(ours))}
    before: dict[int, State] = {entry.id: known[_place(entry, 1)] for entry in entries if _place(entry, 1) in known}
    for entry in entries:
        original = original_of(session, entry) if entry.id not in before else None
        if original is not None:
            before[entry.id] = original.state
    return before


def original_of(session: Session, entry: HistoryEntry) -> HistoryEntry | None:
    """The step after which an interview was as the revision that begins with `entry` has taken it over."""
    original_id = entry.state.get("revised_from_id")
    if entry.operation != "revised" or original_id is None:
        return None
    ours = HistoryEntry.subject == "interview", HistoryEntry.subject_id == original_id, HistoryEntry.id < entry.id
    return session.scalar(select(HistoryEntry).where(*ours).order_by(HistoryEntry.revision.desc()).limit(1))


def _place(entry: HistoryEntry, back: int = 0) -> Place:
    return entry.subject, entry.subject_id, entry.revision - back


def _is_at(place: Place) -> ColumnElement[bool]:
    subject, subject_id, revision = place
    ours = HistoryEntry.subject == subject, HistoryEntry.subject_id == subject_id
    return and_(*ours, HistoryEntry.revision == revision)


def _page(
    session: Session, query: HistoryQuery, of: str, *ours: ColumnElement[bool]
) -> tuple[Sequence[HistoryEntry], str | None]:
    """The steps of a page, and the cursor of the next one."""
    belongs_to, is_newest_first = f"{query.order} {of}", query.order == "newest"
    conditions = list(ours)
    if query.cursor is not None:
        last = position_of(query.cursor, belongs_to)
        conditions.append(HistoryEntry.id < last if is_newest_first else HistoryEntry.id > last)
    order = HistoryEntry.id.desc() if is_newest_first else HistoryEntry.id
    # One more shows whether there is more.
    found = session.scalars(select(HistoryEntry).where(*conditions).order_by(order).limit(query.limit + 1)).all()
    shown = found[: query.limit]
    return shown, cursor_after(shown[-1].id, belongs_to) if len(found) > len(shown) else None


def _summary(entry: HistoryEntry, before: State | None, difference: DifferenceView | None) -> list[str]:
    sentence = SENTENCES.get(entry.operation)  # type: ignore[call-overload]  # the column holds nothing but steps
    said = [_with_more(sentence, entry, before)] if sentence else []
    if difference is not None and said:
        # The sentence has told the new status already.
        changes = [change for change in difference.changes if change.field != "status"]
        difference = difference.model_copy(update={"changes": changes})
    return [*said, *(summary_of(difference) if difference else [])] or ["Edited"]


def _with_more(sentence: str, entry: HistoryEntry, before: State | None) -> str:
    state = entry.state
    if entry.operation == "review_requested" and state.get("review_requested_of"):
        return f"{sentence} of {state['review_requested_of']}"
    if entry.operation == "revised" and before:
        return f"{sentence} of version {before.get('version')}"
    if before is None and "questions" in state:
        return f"{sentence}, with {len(state['questions'])} questions"
    return sentence


def _overrides(state: State) -> Mapping[str, Any]:
    return state.get("overrides") or {}
