"""Lists of a requisition's interviews, oldest version first: one page, or all as a stream of JSON.

Without their questions also newest first, and those of all requisitions.

A requisition may have hundreds of versions, so only a few are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from models import Interview, InterviewQuestion
from techscreen.schemas.cursors import cursor_after, position_of
from techscreen.schemas.generation import InterviewsAnswer, InterviewsQuery, InterviewView
from techscreen.schemas.requisitions import (
    AllInterviewsAnswer,
    AllInterviewsQuery,
    InterviewSummaryView,
    InterviewVersions,
    InterviewVersionView,
)
from techscreen.storage.transactions import run_in_transaction, transaction

# Interviews that are read in one transaction.
BATCH = 20


def interviews_page(req_id: str, query: InterviewsQuery) -> InterviewsAnswer:
    """One page. It begins after the last version of the page before, so that added versions shift nothing.

    Raises:
        InvalidRequest: if the cursor does not belong to this requisition.
    """
    belongs_to = f"{req_id} {query.status or ''}"
    after = 0 if query.cursor is None else position_of(query.cursor, belongs_to)

    def read(session: Session) -> tuple[list[InterviewView], int]:
        # One more shows whether there is more.
        return _load(session, req_id, query.status, after, query.page_size + 1), _count(session, req_id, query.status)

    found, total = run_in_transaction(read)
    shown = found[: query.page_size]
    return InterviewsAnswer(
        interviews=shown,
        total=total,
        next_cursor=cursor_after(shown[-1].version, belongs_to) if len(found) > len(shown) else None,
    )


def list_all(query: AllInterviewsQuery) -> AllInterviewsAnswer:
    """One page of the interviews of all requisitions that match the query, newest first, without their questions.

    Raises:
        InvalidRequest: if the cursor was not given for the same filters.
    """
    belongs_to = query.model_dump_json(exclude={"cursor", "limit"})
    asked = {
        Interview.req_id: query.req_id,
        Interview.status: query.status,
        Interview.created_by_user_id: query.created_by,
    }
    wanted = [
        Interview.deleted_at.is_(None),
        *(column == value for column, value in asked.items() if value is not None),
    ]
    if query.from_ is not None:
        wanted.append(Interview.created_at >= query.from_)
    if query.to is not None:
        wanted.append(Interview.created_at < query.to)
    if query.cursor is not None:
        wanted.append(Interview.id < position_of(query.cursor, belongs_to))
    page = _summaries(InterviewSummaryView).where(*wanted).order_by(Interview.id.desc())
    with transaction() as session:
        rows = session.execute(page.limit(query.limit + 1)).all()  # one more shows whether there is more
    shown = [InterviewSummaryView.model_validate(row) for row in rows[: query.limit]]
    return AllInterviewsAnswer(
        interviews=shown,
        next_cursor=cursor_after(shown[-1].id, belongs_to) if len(rows) > len(shown) else None,
    )


def interview_versions(req_id: str, cursor: str | None = None) -> InterviewVersions:
    """One page of a requisition's interviews without their questions, newest version first.

    Raises:
        InvalidRequest: if the cursor does not belong to this requisition.
    """
    belongs_to = f"newest {req_id}"
    wanted = _wanted(req_id, None)
    if cursor is not None:
        wanted.append(Interview.version < position_of(cursor, belongs_to))
    versions = _summaries(InterviewVersionView)
    with transaction() as session:
        # One more shows whether there is more.
        rows = session.execute(versions.where(*wanted).order_by(Interview.version.desc()).limit(BATCH + 1)).all()
    shown = [InterviewVersionView.model_validate(row) for row in rows[:BATCH]]
    return InterviewVersions(
        versions=shown,
        next_cursor=cursor_after(shown[-1].version, belongs_to) if len(rows) > len(shown) else None,
    )


def all_interviews(req_id: str, status: str | None = None) -> Iterator[str]:
    """The JSON of an answer with all interviews that exist at the first part, in parts.

    Needs an app context until its end.

    Raises:
        DatabaseUnavailable: at any part. After the first one, the answer can only be broken off.
    """

    def begin(session: Session) -> tuple[list[InterviewView], int]:
        first = _load(session, req_id, status, 0, BATCH)
        return first, _count(session, req_id, status) if len(first) == BATCH else len(first)

    batch, total = run_in_transaction(begin)
    told, text = len(batch), '{"success":true,"interviews":['
    while True:
        text += ",".join(interview.model_dump_json() for interview in batch)
        if told >= total or not batch:
            break
        yield text
        last, wanted = batch[-1].version, min(BATCH, total - told)
        batch = run_in_transaction(partial(_load, req_id=req_id, status=status, after=last, count=wanted))
        told, text = told + len(batch), ","
    yield f'{text}],"total":{total},"next_cursor":null}}'


def _summaries(view: type[InterviewVersionView]) -> Select[Any]:
    """What a view shows of interviews: their columns, and how many questions they have."""
    columns = (getattr(Interview, name) for name in view.model_fields if name != "question_count")
    questions = select(func.count()).where(InterviewQuestion.interview_id == Interview.id)
    return select(*columns, questions.correlate(Interview).scalar_subquery().label("question_count"))


def _load(session: Session, req_id: str, status: str | None, after: int, count: int) -> list[InterviewView]:
    later = select(Interview).where(*_wanted(req_id, status), Interview.version > after)
    stored = session.scalars(later.order_by(Interview.version).limit(count))
    return [InterviewView.model_validate(interview) for interview in stored]


def _count(session: Session, req_id: str, status: str | None) -> int:
    return session.scalar(select(func.count()).select_from(Interview).where(*_wanted(req_id, status))) or 0


def _wanted(req_id: str, status: str | None) -> list[ColumnElement[bool]]:
    wanted = [Interview.req_id == req_id, Interview.deleted_at.is_(None)]
    return wanted if status is None else [*wanted, Interview.status == status]
