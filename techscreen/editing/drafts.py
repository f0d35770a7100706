"""How a changed or a new draft is written: claimed, numbered, and entered in the history.

Rows come in; they are flushed in the transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError

from models import Interview, InterviewQuestion
from techscreen.editing.states import DRAFT
from techscreen.errors import NotEditable
from techscreen.storage.history import RESTORED, Step, interview_state, keep_older_state, record

# What a revision does not take over from a question.
OWN = ("id", "interview_id", "created_at")


def store_change(
    session: Session,
    interview: Interview,
    before: Mapping[str, Any],
    step: Step,
    user_id: str,
    note: str | None = None,
    restored: int | None = None,
) -> None:
    """Write a changed interview and the history's entry about it.

    Args:
        before: its state before the change.
        step: what was done to it.
        user_id, note: who did it, and what they said about it.
        restored: the number of the change whose texts have come back.

    Raises:
        StaleDataError: if another transaction has changed it meanwhile; `run_in_transaction` looks again.
    """
    seen = interview.revision
    with session.no_autoflush:
        # First, for SQLite locks at the first write.
        claim = update(Interview).where(Interview.id == interview.id, Interview.revision == seen)
        claimed: Any = session.execute(
            claim.values(revision=seen + 1), execution_options={"synchronize_session": False}
        )
        if claimed.rowcount != 1:
            raise StaleDataError("The interview was changed meanwhile.")
        keep_older_state(session, interview, before)
        interview.revision = seen + 1
        _make_room_for_numbers(session, interview)
    session.flush()
    session.refresh(interview, ["questions"])
    state = None if restored is None else {**interview_state(interview), RESTORED: restored}
    record(session, interview, step, user_id, note, state)


def new_interview(session: Session, interview: Interview, step: Step, user_id: str, note: str | None = None) -> None:
    """Write a new interview as the next version of its requisition, and the first entry of its history."""
    newest = select(func.max(Interview.version)).where(Interview.req_id == interview.req_id)
    interview.version = (session.scalar(newest) or 0) + 1
    interview.revision = 1
    session.add(interview)
    session.flush()
    record(session, interview, step, user_id, note, is_first=True)


def revision_of(session: Session, interview: Interview, user_id: str, note: str | None) -> Interview:
    """Write the next version of a published or archived interview, as a draft with the same questions.

    Raises:
        NotEditable: if it is a draft itself, or there is a draft of it already.
    """
    if interview.status == DRAFT:
        raise NotEditable("A draft needs no revision: edit it.", req_id=interview.req_id)
    ours = Interview.revised_from_id == interview.id, Interview.status == DRAFT, Interview.deleted_at.is_(None)
    open_draft = session.scalar(select(Interview.id).where(*ours).limit(1))
    if open_draft is not None:
        raise NotEditable(f"Interview {open_draft} is a draft from it already: edit that.", req_id=interview.req_id)
    taken_over = ("job_description_id", "req_id", "interview_name", "language", "model", "prompt_version", "quality")
    revision = Interview(
        **{name: getattr(interview, name) for name in taken_over},
        overrides=interview.overrides,
        created_by_user_id=user_id,
        status=DRAFT,
        revised_from_id=interview.id,
        questions=copies(interview.questions),
    )
    new_interview(session, revision, "revised", user_id, note)
    return revision


def copies(questions: Sequence[InterviewQuestion]) -> list[InterviewQuestion]:
    """The same questions for another interview. They keep their lineage."""
    columns = [column.key for column in inspect(InterviewQuestion).column_attrs if column.key not in OWN]
    return [InterviewQuestion(**{name: getattr(question, name) for name in columns}) for question in questions]


def _make_room_for_numbers(session: Session, interview: Interview) -> None:
    """Free all numbers if any has changed: rows are written one by one, and no two may have the same meanwhile."""
    stored = inspect(interview).attrs.questions.history
    kept = [question for question in interview.questions if inspect(question).persistent]
    has_moved = any(inspect(question).attrs.question_number.history.has_changes() for question in kept)
    if not (stored.added or stored.deleted or has_moved):
        return
    ours = update(InterviewQuestion).where(InterviewQuestion.interview_id == interview.id)
    session.execute(
        ours.values(question_number=-InterviewQuestion.id), execution_options={"synchronize_session": False}
    )
    for question in kept:
        flag_modified(question, "question_number")
