"""Evidence: everything that is kept of a requisition, in one document. A `req_id` comes in, the document goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    CachedQuestion,
    GenerationLog,
    HistoryEntry,
    Interview,
    InterviewQuestion,
    JobDescription,
    utc_now,
)
from techscreen.errors import NotFound
from techscreen.generation.job_description_views import job_description_view
from techscreen.operations.histories import entry_view, states_before
from techscreen.schemas.audit import (
    AuditRowView,
    CachedOrigin,
    EvidenceAnswer,
    EvidenceInterview,
    EvidenceJobDescription,
    EvidenceQuestion,
)
from techscreen.schemas.generation import InterviewView, QuestionView
from techscreen.schemas.history import EvidenceHistoryEntry
from techscreen.storage.transactions import transaction


def evidence_of(req_id: str, log_retention_days: int) -> EvidenceAnswer:
    """The evidence of a requisition, read in one transaction.

    Args:
        req_id: which requisition.
        log_retention_days: how long audit rows are kept, to be stated in the document.

    Raises:
        NotFound: if there is no such requisition.
    """
    with transaction() as session:
        stored = session.scalars(select(JobDescription).where(JobDescription.req_id == req_id)).one_or_none()
        if stored is None:
            raise NotFound("There is no requisition with this req_id.", req_id=req_id)
        ours = select(Interview).where(Interview.req_id == req_id).order_by(Interview.version)
        interviews = session.scalars(ours).all()
        origins = _origins(session, interviews)
        generations = session.scalars(
            select(GenerationLog).where(GenerationLog.req_id == req_id).order_by(GenerationLog.id)
        )
        return EvidenceAnswer(
            req_id=req_id,
            made_at=utc_now(),
            job_description=EvidenceJobDescription(
                **job_description_view(stored).model_dump(), created_by_user_id=stored.created_by_user_id
            ),
            generations=[AuditRowView.model_validate(row) for row in generations],
            log_retention_days=log_retention_days,
            interviews=[_interview(interview, origins) for interview in interviews],
            history=_history(session, req_id),
        )


def _history(session: Session, req_id: str) -> list[EvidenceHistoryEntry]:
    """Every step of the requisition, oldest first, with all that its hash is made of."""
    ours = select(HistoryEntry).where(HistoryEntry.req_id == req_id).order_by(HistoryEntry.id)
    entries = session.scalars(ours).all()
    before = states_before(session, entries)
    return [
        EvidenceHistoryEntry(
            **dict(entry_view(entry, before.get(entry.id))),
            recorded_at=entry.created_at.isoformat(),
            state=entry.state,
        )
        for entry in entries
    ]


def _origins(session: Session, interviews: Sequence[Interview]) -> dict[int, CachedOrigin]:
    """The cache entries of all their questions, by id."""
    ids = {question.cached_question_id for interview in interviews for question in interview.questions} - {None}
    found = session.scalars(select(CachedQuestion).where(CachedQuestion.id.in_(ids)))
    return {row.id: CachedOrigin.model_validate(row) for row in found}


def _interview(interview: Interview, origins: Mapping[int, CachedOrigin]) -> EvidenceInterview:
    return EvidenceInterview(
        **InterviewView.model_validate(interview).model_dump(exclude={"questions"}),
        created_by_user_id=interview.created_by_user_id,
        deleted_at=interview.deleted_at,
        overrides=interview.overrides or {},
        questions=[_question(question, origins) for question in interview.questions],
    )


def _question(question: InterviewQuestion, origins: Mapping[int, CachedOrigin]) -> EvidenceQuestion:
    cached_question_id = question.cached_question_id
    return EvidenceQuestion(
        **QuestionView.model_validate(question).model_dump(),
        cached_question=None if cached_question_id is None else origins.get(cached_question_id),
    )
