"""Feedback on the questions of an interview: an order of a person comes in and is kept; sums and notes go out.

It counts for the question of the cache or the library behind the asked one, unless that was edited: then people have
judged another question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import MAX_ID, Interview, InterviewQuestion, QuestionFeedback, utc_now
from techscreen.checks.texts import personal_findings
from techscreen.editing.edits import EDITED, question_of
from techscreen.errors import FieldProblem, InvalidRequest, NotFound
from techscreen.generation.audit_log import log_change
from techscreen.observability import metrics
from techscreen.quality.finding_views import finding_views
from techscreen.question_cache.feedback_sums import lock_question, recount_complaints
from techscreen.schemas.feedback import (
    CriterionFeedbackView,
    FeedbackAnswer,
    FeedbackNoteView,
    FeedbackOrder,
    InterviewFeedbackAnswer,
    QuestionFeedbackView,
)
from techscreen.schemas.fields import MAX_SHORT_TEXT
from techscreen.storage.transactions import FRESH, run_in_transaction, transaction


def give_feedback(order: FeedbackOrder, user_id: str) -> FeedbackAnswer:
    """Keep what somebody says about a question. If they have said so before, the note is replaced.

    Raises:
        NotFound, InvalidRequest: before anything is written.
    """
    answer = run_in_transaction(partial(_give, order, user_id))
    metrics.changed("feedback")
    return answer


def refuse_unless_asked(session: Session, order: FeedbackOrder) -> tuple[InterviewQuestion, str]:
    """Check that there is such a question, with such a criterion.

    Returns:
        The question and the criterion as it stands there; blank if the feedback is about none.

    Raises:
        NotFound, InvalidRequest: if not.
    """
    interview = _interview(session, order.interview_id)
    question = question_of(interview, order.number)
    if order.criterion is None:
        return question, ""
    labels = [criterion["criterion"][:MAX_SHORT_TEXT] for criterion in question.criteria]
    for same in (str, _folded):
        found = next((label for label in labels if same(label) == same(order.criterion)), None)
        if found is not None:
            return question, found
    listed = ", ".join(f"“{label}”" for label in labels)
    problem = FieldProblem("criterion", f"criterion must be one of the question's criteria: {listed}.")
    raise InvalidRequest.of_fields([problem], req_id=interview.req_id)


def feedback_on_interview(interview_id: int) -> InterviewFeedbackAnswer:
    """What was said about each question of an interview.

    Raises:
        NotFound: if there is no such interview.
    """
    with transaction() as session:
        interview = _interview(session, interview_id)
        ours = select(QuestionFeedback).where(QuestionFeedback.interview_id == interview_id)
        said: dict[str, list[QuestionFeedback]] = {}
        for one in session.scalars(ours.order_by(QuestionFeedback.id)):
            said.setdefault(one.lineage, []).append(one)
        questions = [
            _summed(question.question_number, question.lineage, said.pop(question.lineage, []))
            for question in interview.questions
        ]
        gone = [_summed(None, lineage, about) for lineage, about in said.items()]
        return InterviewFeedbackAnswer(interview_id=interview_id, questions=[*questions, *gone])


def _give(order: FeedbackOrder, user_id: str, session: Session) -> FeedbackAnswer:
    question, criterion = refuse_unless_asked(session, order)
    cached_id = None if question.source == EDITED else question.cached_question_id
    if cached_id is not None:
        lock_question(session, cached_id)
    this = {
        "interview_id": order.interview_id,
        "lineage": question.lineage,
        "user_id": user_id,
        "kind": order.kind,
        "criterion": criterion,
    }
    said = session.scalar(select(QuestionFeedback).filter_by(**this), execution_options=FRESH)
    if said is None:
        said = QuestionFeedback(**this, cached_question_id=cached_id)
        session.add(said)
    said.note, said.created_at = order.note, utc_now()
    session.flush()
    if cached_id is not None:
        recount_complaints(session, cached_id)
    log_change(session, "feedback", _interview(session, order.interview_id).req_id, user_id, order.interview_id)
    return FeedbackAnswer(
        interview_id=order.interview_id,
        question_number=order.number,
        kind=order.kind,
        criterion=criterion or None,
        note=order.note,
        at=said.created_at,
        cached_question_id=said.cached_question_id,
        note_findings=finding_views("note", order.note, personal_findings(order.note, "anchor")) if order.note else [],
    )


def _interview(session: Session, interview_id: int) -> Interview:
    interview = session.get(Interview, interview_id) if interview_id <= MAX_ID else None
    if interview is None or interview.deleted_at is not None:
        raise NotFound("There is no interview with this id.")
    return interview


def _summed(number: int | None, lineage: str, said: Sequence[QuestionFeedback]) -> QuestionFeedbackView:
    by_criterion = Counter((one.criterion, one.kind) for one in said if one.criterion)
    return QuestionFeedbackView(
        question_number=number,
        lineage=lineage,
        feedback=dict(Counter(one.kind for one in said)),
        criteria=[
            CriterionFeedbackView(criterion=criterion, kind=kind, people=people)
            for (criterion, kind), people in by_criterion.items()
        ],
        notes=[
            FeedbackNoteView(
                kind=one.kind,
                criterion=one.criterion or None,
                note=one.note,
                user_id=one.user_id,
                at=one.created_at,
            )
            for one in said
            if one.note
        ],
    )


def _folded(label: str) -> str:
    return " ".join(label.casefold().split())
