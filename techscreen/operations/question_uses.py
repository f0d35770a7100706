"""Where a question of the library or of the cache is: the interviews that contain it, and what people said about it.

The id of a question comes in, a view goes out; three statements.
"""

from __future__ import annotations

from sqlalchemy import func, select

from models import MAX_ID, Interview, InterviewQuestion
from techscreen.question_cache.feedback_sums import feedback_on
from techscreen.schemas.library import InterviewWithQuestionView, QuestionUsesView
from techscreen.storage.transactions import transaction

# Interviews that are named; there may be more of a library question.
MAX_NAMED = 500


def uses_of(cached_question_id: int) -> QuestionUsesView:
    """Where a question is. An id that no question has is nowhere."""
    columns = (
        Interview.id.label("interview_id"),
        Interview.req_id,
        Interview.interview_name,
        Interview.version,
        Interview.status,
        InterviewQuestion.question_number,
    )
    question_id = min(cached_question_id, MAX_ID)
    contain_it = InterviewQuestion.cached_question_id == question_id, Interview.deleted_at.is_(None)
    joined = select(*columns).join(Interview, InterviewQuestion.interview_id == Interview.id).where(*contain_it)
    with transaction() as session:
        total = session.scalar(select(func.count()).select_from(joined.subquery())) or 0
        named = session.execute(joined.order_by(Interview.id.desc()).limit(MAX_NAMED)).all()
        said = feedback_on(session, [question_id]).get(question_id, {})
    interviews = [InterviewWithQuestionView.model_validate(row) for row in named]
    return QuestionUsesView(interviews=interviews, interviews_total=total, feedback=said)
