"""Erasing an interview, or a requisition with all that was made of it: for test data, and where somebody has to go.

An id and what the caller has seen come in; counts of what is gone and of what stays go out. One transaction removes
texts and history from every table. What stays says that it happened: one audit row with who, when, what id and how
many; and the audit rows of generations, for their costs, without texts.

Questions of the cache are kept for other requisitions unless they may be lent to none: what is lent holds no name of
the requisition that it was written for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from models import (
    MAX_ID,
    CachedQuestion,
    GenerationJob,
    GenerationLog,
    HistoryEntry,
    Interview,
    InterviewQuestion,
    JobDescription,
    QuestionAlternative,
    QuestionFeedback,
    QuestionUse,
)
from techscreen.editing.states import PUBLISHED
from techscreen.errors import GenerationUnderWay, NotFound, Stale
from techscreen.generation.audit_log import log_change
from techscreen.generation.job_description_views import job_description_view
from techscreen.generation.superseded import LOCKED
from techscreen.observability import metrics
from techscreen.schemas.erasing import ErasedView, ErasureAnswer, KeptView
from techscreen.schemas.generation import InterviewView, JobDescriptionView
from techscreen.storage import outbox
from techscreen.storage.transactions import run_in_transaction

logger = logging.getLogger(__name__)

UNDER_WAY = ("queued", "running")
# Rows that are read at a time, because an answer may be large.
BATCH = 100


def erase_interview(interview_id: int, if_match: Sequence[str], user_id: str) -> ErasureAnswer:
    """Erase an interview in any state, a deleted draft too, with its questions and its history.

    Args:
        if_match: entity tags of what the caller has seen.
        user_id: who does it, for the audit trail.

    Raises:
        NotFound: if there is none.
        Stale: if it is not what the caller has seen.
        GenerationUnderWay: if something is being made of its requisition.
    """
    return _erased(partial(_erase_interview, interview_id, if_match, user_id))


def erase_requisition(req_id: str, if_match: Sequence[str], user_id: str) -> ErasureAnswer:
    """Erase a requisition with its job description, its interviews and their history. See `erase_interview`."""
    return _erased(partial(_erase_requisition, req_id, if_match, user_id))


def _erased(erase: Any) -> ErasureAnswer:
    answer: ErasureAnswer = run_in_transaction(erase)
    metrics.changed("erase")
    logger.info(
        "erased: %s %s",
        answer.req_id,
        "with all interviews" if answer.interview_id is None else f"interview {answer.interview_id}",
        extra={"event": "erased", **answer.erased.model_dump()},
    )
    return answer


def _erase_interview(interview_id: int, if_match: Sequence[str], user_id: str, session: Session) -> ErasureAnswer:
    found = session.get(Interview, interview_id) if interview_id <= MAX_ID else None
    if found is None:
        raise NotFound("There is no interview with this id.")
    req_id = found.req_id
    _lock(session, req_id)
    interview = session.get(Interview, interview_id, **LOCKED)
    if interview is None:
        raise NotFound("There is no interview with this id.")
    _refuse_if_stale(InterviewView.model_validate(interview), if_match, req_id)
    _refuse_while_under_way(session, req_id, [interview_id])
    was_published = [interview_id] if interview.status == PUBLISHED else []
    erased = _erase_interviews(session, req_id, [interview_id], _own_questions(session, req_id, interview_id))
    erased |= _erase_jobs(session, req_id, {interview_id}, all_of_requisition=False)
    return _answer(session, req_id, user_id, erased, was_published, interview_id)


def _erase_requisition(req_id: str, if_match: Sequence[str], user_id: str, session: Session) -> ErasureAnswer:
    stored = _lock(session, req_id)
    if stored is None:
        raise NotFound("There is no requisition with this req_id.", req_id=req_id)
    _refuse_if_stale(job_description_view(stored), if_match, req_id)
    states = session.execute(select(Interview.id, Interview.status).where(Interview.req_id == req_id)).all()
    ids = [row.id for row in states]
    _refuse_while_under_way(session, req_id, ids)
    was_published = [row.id for row in states if row.status == PUBLISHED]
    own = session.scalars(select(CachedQuestion.id).where(CachedQuestion.only_for_req_id == req_id)).all()
    erased = _erase_interviews(session, req_id, ids, own)
    erased["history_entries"] += _gone(session, HistoryEntry, HistoryEntry.req_id == req_id)
    _end_uses(session, QuestionUse.req_id == req_id)
    erased |= _erase_jobs(session, req_id, set(ids), all_of_requisition=True)
    erased["texts_of_audit_rows"] = _empty_audit_rows(session, req_id)
    erased["job_descriptions"] = _gone(session, JobDescription, JobDescription.id == stored.id)
    return _answer(session, req_id, user_id, erased, was_published, None, stored.id)


def _lock(session: Session, req_id: str) -> JobDescription | None:
    """The job description, locked: what begins something for the requisition waits, and then finds it gone."""
    this = JobDescription.req_id == req_id
    # First, for SQLite locks at the first write.
    session.execute(update(JobDescription).where(this).values(id=JobDescription.id))
    locked = select(JobDescription).where(this).with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one_or_none()


def _refuse_if_stale(view: InterviewView | JobDescriptionView, if_match: Sequence[str], req_id: str) -> None:
    if "*" not in if_match and view.etag not in if_match:
        error = Stale("This was changed meanwhile: look at `current`, then decide.", req_id=req_id)
        error.current = view
        raise error


def _refuse_while_under_way(session: Session, req_id: str, interview_ids: Sequence[int]) -> None:
    """Refuse while something may still be stored for the requisition.

    Raises:
        GenerationUnderWay: with the jobs that can be cancelled.
    """
    jobs = session.execute(
        select(GenerationJob.id, GenerationJob.req_id, GenerationJob.request).where(
            GenerationJob.status.in_(UNDER_WAY), GenerationJob.operation != outbox.OPERATION
        )
    )
    ids = set(interview_ids)
    ours = [job.id for job in jobs if job.req_id == req_id or _is_about(job.request, req_id, ids)]
    open_rows = GenerationLog.req_id == req_id, GenerationLog.status == "in_progress"
    if ours or session.scalar(select(GenerationLog.id).where(*open_rows).limit(1)) is not None:
        which = f" (job {', '.join(ours)}: DELETE /api/interview/jobs/<job_id> cancels it)" if ours else ""
        raise GenerationUnderWay(
            f"Something is being made of this requisition{which}. Erase it when that has ended.",
            req_id=req_id,
            retry_after=30,
        )


def _own_questions(session: Session, req_id: str, interview_id: int) -> list[int]:
    """The questions of the cache that only this interview has, and that are lent to no other requisition."""
    in_it = InterviewQuestion.interview_id == interview_id
    offered = select(QuestionAlternative.content).where(QuestionAlternative.interview_id == interview_id)
    ids = {content.get("cached_question_id") for content in session.scalars(offered)}
    ids |= set(session.scalars(select(InterviewQuestion.cached_question_id).where(in_it)))
    elsewhere = select(InterviewQuestion.cached_question_id).where(
        InterviewQuestion.interview_id != interview_id, InterviewQuestion.cached_question_id.is_not(None)
    )
    own = CachedQuestion.id.in_(ids - {None}), CachedQuestion.only_for_req_id == req_id
    return list(session.scalars(select(CachedQuestion.id).where(*own, CachedQuestion.id.not_in(elsewhere))))


def _erase_interviews(
    session: Session, req_id: str, ids: Sequence[int], own_questions: Sequence[int]
) -> dict[str, int]:
    """Remove interviews with all that belongs to them, and questions that nobody else may be lent."""
    used = select(QuestionUse.cached_question_id).where(QuestionUse.req_id == req_id, QuestionUse.interview_id.in_(ids))
    is_lent = CachedQuestion.library_status.is_(None), CachedQuestion.id.not_in(own_questions)
    kept = select(func.count()).select_from(CachedQuestion).where(CachedQuestion.id.in_(used), *is_lent)
    history = HistoryEntry.subject == "interview", HistoryEntry.subject_id.in_(ids)
    counts = {"kept": session.scalar(kept) or 0}
    counts["alternatives"] = _gone(session, QuestionAlternative, QuestionAlternative.interview_id.in_(ids))
    counts["feedback"] = _gone(session, QuestionFeedback, QuestionFeedback.interview_id.in_(ids))
    _hand_over_uses(session, req_id, ids)
    _end_uses(session, QuestionUse.req_id == req_id, QuestionUse.interview_id.in_(ids))
    _gone(session, QuestionUse, QuestionUse.cached_question_id.in_(own_questions))
    counts["questions"] = _gone(session, InterviewQuestion, InterviewQuestion.interview_id.in_(ids))
    counts["interviews"] = _gone(session, Interview, Interview.id.in_(ids))
    counts["history_entries"] = _gone(session, HistoryEntry, *history)
    counts["cached_questions"] = _gone(session, CachedQuestion, CachedQuestion.id.in_(own_questions))
    return counts


def _hand_over_uses(session: Session, req_id: str, ids: Sequence[int]) -> None:
    """Let uses go on for other interviews with the same questions: a revision has no uses of its own."""
    has = InterviewQuestion.cached_question_id, func.max(InterviewQuestion.interview_id)
    others = (
        select(*has)
        .join(Interview, Interview.id == InterviewQuestion.interview_id)
        .where(Interview.req_id == req_id, Interview.id.not_in(ids), InterviewQuestion.cached_question_id.is_not(None))
        .group_by(InterviewQuestion.cached_question_id)
    )
    for question_id, other_id in session.execute(others).all():
        use = QuestionUse.cached_question_id == question_id, QuestionUse.interview_id.in_(ids)
        session.execute(update(QuestionUse).where(*use).values(interview_id=other_id))


def _end_uses(session: Session, *conditions: ColumnElement[bool]) -> None:
    """Remove a requisition's uses of questions, which are then less used: no more than CACHE_MAX_USES are lent."""
    used = list(session.scalars(select(QuestionUse.cached_question_id).where(*conditions)))
    counted = CachedQuestion.id.in_(used), CachedQuestion.usage_count > 0
    session.execute(update(CachedQuestion).where(*counted).values(usage_count=CachedQuestion.usage_count - 1))
    _gone(session, QuestionUse, *conditions)


def _erase_jobs(
    session: Session, req_id: str, interview_ids: Collection[int], *, all_of_requisition: bool
) -> dict[str, int]:
    """Remove jobs with their answers, and events, which hold names and ids. A job of a change has no `req_id`."""
    found: dict[str, str] = {}
    last = ""
    while True:
        page = session.execute(
            select(
                *(GenerationJob.id, GenerationJob.operation, GenerationJob.req_id, GenerationJob.interview_id),
                *(GenerationJob.request, GenerationJob.answer_body),
            )
            .where(or_(GenerationJob.req_id == req_id, GenerationJob.req_id.is_(None)), GenerationJob.id > last)
            .order_by(GenerationJob.id)
            .limit(BATCH)
        ).all()
        for job in page:
            is_ours = all_of_requisition and job.req_id == req_id
            wanted = req_id if all_of_requisition else None
            answered = json.loads(job.answer_body) if job.answer_body else {}
            told = (job.request, job.request.get("data"), answered)
            if (
                is_ours
                or job.interview_id in interview_ids
                or any(_is_about(each, wanted, interview_ids) for each in told)
            ):
                found[job.id] = job.operation
        if len(page) < BATCH:
            break
        last = page[-1].id
    _gone(session, GenerationJob, GenerationJob.id.in_(list(found)))
    events = sum(operation == outbox.OPERATION for operation in found.values())
    return {"jobs": len(found) - events, "events": events}


def _is_about(told: Any, req_id: str | None, interview_ids: Collection[int]) -> bool:
    """Whether a request or an answer, in plain JSON, is about the requisition or one of the interviews."""
    if not isinstance(told, Mapping):
        return False
    if told.get("interview_id") in interview_ids or (req_id is not None and told.get("req_id") == req_id):
        return True
    inner = [told.get(name) for name in ("order", "interview", "current", "job_description")]
    return any(
        _is_about(each, req_id, interview_ids) or ("questions" in each and each.get("id") in interview_ids)
        for each in inner
        if isinstance(each, Mapping)
    )


def _empty_audit_rows(session: Session, req_id: str) -> int:
    """Remove the texts of a requisition's audit rows; how many had any."""
    columns = GenerationLog.id, GenerationLog.error_message, GenerationLog.failed_checks
    rows = session.execute(select(*columns).where(GenerationLog.req_id == req_id))
    ids = [row.id for row in rows if row.error_message or row.failed_checks]
    without = update(GenerationLog).where(GenerationLog.id.in_(ids))
    session.execute(without.values(error_message=None, failed_checks=None))
    return len(ids)


def _gone(session: Session, table: Any, *conditions: ColumnElement[bool]) -> int:
    """Remove rows; how many there were."""
    removed: Any = session.execute(delete(table).where(*conditions), execution_options={"synchronize_session": False})
    return int(removed.rowcount)


def _answer(
    session: Session,
    req_id: str,
    user_id: str,
    counts: dict[str, int],
    was_published: Iterable[int],
    interview_id: int | None,
    job_description_id: int | None = None,
) -> ErasureAnswer:
    """The answer, with the audit row of what was done."""
    kept_questions = counts.pop("kept")
    rows = select(func.count()).select_from(GenerationLog).where(GenerationLog.req_id == req_id)
    kept = KeptView(cached_questions=kept_questions, audit_rows=session.scalar(rows) or 0)
    erased = ErasedView(**counts)
    log_change(session, "erase", req_id, user_id, interview_id or job_description_id, erased=erased.model_dump())
    session.flush()
    session.expunge_all()  # so that nothing of it is found in memory
    return ErasureAnswer(
        req_id=req_id,
        interview_id=interview_id,
        published_interview_ids=list(was_published),
        erased=erased,
        kept=kept,
    )
