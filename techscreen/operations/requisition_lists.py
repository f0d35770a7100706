"""The list of requisitions, newest activity first, page by page. A query comes in, views go out.

However many a page shows, it takes three statements at most. They read no questions and no states of the history, and
reports on texts only of the requisitions shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, or_, select
from sqlalchemy.orm import Bundle

from models import MAX_ID, GenerationJob, HistoryEntry, Interview, InterviewQuestion, JobDescription
from prompts import WORK_FIELDS
from techscreen.editing.states import DRAFT, PUBLISHED
from techscreen.errors import NotFound
from techscreen.operations.histories import SENTENCES
from techscreen.schemas.cursors import cursor_after, position_of
from techscreen.schemas.requisitions import (
    LastChangeView,
    NewestInterviewView,
    RequisitionsAnswer,
    RequisitionsQuery,
    RequisitionView,
)
from techscreen.storage.transactions import transaction

# Jobs that make something, and that have not ended.
MAKING = ("jd_enhancement", "interview_generation", "workflow")
UNDER_WAY = ("queued", "running")

Report = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_IDS = MAX_ID + 1


def list_requisitions(query: RequisitionsQuery) -> RequisitionsAnswer:
    """One page of the requisitions that match the query.

    It begins after the last activity of the page before. A requisition that changes meanwhile moves to the top; the
    others keep their order.

    Raises:
        InvalidRequest: if the cursor was not given for the same search and state.
    """
    belongs_to = query.model_dump_json(include={"search", "state"})
    after = None if query.cursor is None else position_of(query.cursor, belongs_to, _place(datetime.max, MAX_ID))
    wanted = _wanted(query)
    with transaction() as session:
        # One more shows whether there is more.
        found = session.execute(_page(wanted, after).limit(query.limit + 1)).all()
        shown = found[: query.limit]
        is_all = after is None and len(found) == len(shown)
        # A search takes most of the time, so it is not repeated to count what is here.
        total = len(found) if is_all else session.scalar(select(func.count(JobDescription.id)).where(*wanted)) or 0
        details = _DETAILS.where(JobDescription.id.in_([place.id for place in shown]))
        rows = {row.requisition.id: row for row in session.execute(details)}
    return RequisitionsAnswer(
        requisitions=[_view(rows[place.id]) for place in shown],
        total=total,
        next_cursor=cursor_after(_place(shown[-1].at, shown[-1].id), belongs_to) if len(found) > len(shown) else None,
    )


def known_requisition(req_id: str) -> RequisitionView:
    """One requisition, as the list shows it.

    Raises:
        NotFound: if there is none.
    """
    with transaction() as session:
        row = session.execute(_DETAILS.where(JobDescription.req_id == req_id)).one_or_none()
    if row is None:
        raise NotFound("There is no requisition with this id.", req_id=req_id)
    return _view(row)


def _place(at: datetime, row_id: int) -> int:
    """A place in the list as one number, for a cursor."""
    return (at - _EPOCH) // _MICROSECOND * _IDS + row_id


def _one(column: Any, *conditions: ColumnElement[bool], order: Sequence[Any] = ()) -> ScalarSelect[Any]:
    """A value for each job description of a statement: a figure, or the first in an order."""
    return select(column).where(*conditions).order_by(*order).limit(1).correlate(JobDescription).scalar_subquery()


_OURS = Interview.req_id == JobDescription.req_id
_INTERVIEWS = _OURS, Interview.deleted_at.is_(None)
_NEWEST_FIRST = (Interview.version.desc(),)
_HISTORY = HistoryEntry.req_id == JobDescription.req_id
_LATEST_FIRST = HistoryEntry.created_at.desc(), HistoryEntry.id.desc()
_JOBS = (
    GenerationJob.req_id == JobDescription.req_id,
    GenerationJob.status.in_(UNDER_WAY),
    GenerationJob.operation.in_(MAKING),
)
_IS_ENHANCED = JobDescription.enhanced_description.is_not(None)
_IN_REVIEW = and_(Interview.status == DRAFT, Interview.review_requested_at.is_not(None))
_STATE = func.coalesce(
    _one(case((_IN_REVIEW, "in_review"), else_=Interview.status), *_INTERVIEWS, order=_NEWEST_FIRST),
    case((_IS_ENHANCED, "enhanced"), else_="not_enhanced"),
)
_ACTIVITY = func.coalesce(
    # From an index alone: the entries are large.
    _one(func.max(HistoryEntry.created_at), _HISTORY),
    # Without a history: what is not null is later than what follows.
    JobDescription.edited_at,
    JobDescription.enhanced_at,
    JobDescription.created_at,
)
_SEARCHED = (
    JobDescription.req_id,
    JobDescription.basic_title,
    JobDescription.enhanced_title,
    JobDescription.basic_department,
)
_QUESTIONS = select(func.count()).where(InterviewQuestion.interview_id == Interview.id).correlate(Interview)
_DETAILS: Select[Any] = (
    select(
        Bundle(
            "requisition",
            *(JobDescription.id, JobDescription.req_id, JobDescription.basic_title, JobDescription.enhanced_title),
            *(JobDescription.basic_department, JobDescription.basic_level, JobDescription.language),
            *(JobDescription.created_by_user_id, JobDescription.created_at, JobDescription.enhanced_at),
            *(JobDescription.edited_by_user_id, JobDescription.edited_at, JobDescription.quality),
            _IS_ENHANCED.label("is_enhanced"),
            _STATE.label("state"),
        ),
        Bundle(
            "newest",
            *(Interview.id, Interview.interview_name, Interview.version, Interview.status, Interview.quality),
            *(Interview.review_requested_of, Interview.approved_by_user_id, Interview.published_at),
            _QUESTIONS.scalar_subquery().label("question_count"),
        ),
        Bundle("entry", HistoryEntry.id, HistoryEntry.operation, HistoryEntry.user_id, HistoryEntry.created_at),
        _one(func.count(Interview.id), *_INTERVIEWS).label("versions"),
        _one(Interview.id, *_INTERVIEWS, Interview.status == PUBLISHED, order=_NEWEST_FIRST).label("published_id"),
        _one(GenerationJob.id, *_JOBS, order=(GenerationJob.created_at.desc(), GenerationJob.id)).label("job_id"),
    )
    .select_from(JobDescription)
    .outerjoin(Interview, and_(_OURS, Interview.id == _one(Interview.id, *_INTERVIEWS, order=_NEWEST_FIRST)))
    .outerjoin(HistoryEntry, and_(_HISTORY, HistoryEntry.id == _one(HistoryEntry.id, _HISTORY, order=_LATEST_FIRST)))
)


def _wanted(query: RequisitionsQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.search is not None:
        wanted.append(or_(*(column.icontains(query.search, autoescape=True) for column in _SEARCHED)))
    if query.state is not None:
        wanted.append(_STATE == query.state)  # noqa: SIM300 -- the column is the constant
    return wanted


def _page(wanted: Sequence[ColumnElement[bool]], after: int | None) -> Select[Any]:
    """The ids and last activities of what is wanted, after a place."""
    places = select(JobDescription.id, _ACTIVITY.label("at")).where(*wanted).subquery()
    page = select(places.c.id, places.c.at).order_by(places.c.at.desc(), places.c.id.desc())
    if after is None:
        return page
    at = _EPOCH + after // _IDS * _MICROSECOND
    return page.where(or_(places.c.at < at, and_(places.c.at == at, places.c.id < after % _IDS)))


def _view(row: Any) -> RequisitionView:
    stored, newest = row.requisition, row.newest
    return RequisitionView(
        req_id=stored.req_id,
        title=stored.enhanced_title or stored.basic_title,
        department=stored.basic_department,
        level=stored.basic_level,
        state=stored.state,
        language=stored.language,
        is_enhanced=stored.is_enhanced,
        versions=row.versions,
        newest_interview=None if newest.id is None else NewestInterviewView.model_validate(newest),
        published_interview_id=row.published_id,
        findings_open=_open_findings(newest.quality) + _open_findings(stored.quality),
        coverage_gaps=_gaps(newest.quality),
        last_change=_last_change(stored, row.entry),
        running_job_id=row.job_id,
        created_at=stored.created_at,
    )


def _open_findings(report: Report | None) -> int:
    """How many findings nobody has overridden. In older reports no finding says so."""
    return sum(finding.get("override") is None for finding in report["findings"]) if report else 0


def _gaps(report: Report | None) -> int | None:
    coverage = report["coverage"] if report else None
    if not coverage or not any(part["field"] in WORK_FIELDS for part in coverage["parts"]):
        return None
    return len(coverage["gaps"])


def _last_change(stored: Any, entry: Any) -> LastChangeView:
    """What the newest entry of the history says, or the job description itself if it has no history."""
    if entry.id is not None:
        what = SENTENCES.get(entry.operation, "Edited")
        return LastChangeView(user_id=entry.user_id, what=what, at=entry.created_at)
    if stored.edited_at is not None:
        return LastChangeView(user_id=stored.edited_by_user_id, what="Edited", at=stored.edited_at)
    if stored.enhanced_at is not None:
        return LastChangeView(user_id=stored.created_by_user_id, what="Enhanced", at=stored.enhanced_at)
    return LastChangeView(user_id=stored.created_by_user_id, what="Created", at=stored.created_at)
