"""Feedback summed over all uses of a question of the cache or the library. Ids come in, counts go out."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import CachedQuestion, QuestionFeedback

# It says nothing against the question.
NO_COMPLAINT = "not_asked"


def feedback_on(session: Session, cached_question_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How many people said what about each question, by kind. One person counts once for a kind and criterion."""
    of, said = QuestionFeedback.cached_question_id, QuestionFeedback
    once = select(of, said.kind, said.criterion, said.user_id).where(of.in_(cached_question_ids)).distinct().subquery()
    columns = once.c.cached_question_id, once.c.kind
    sums: dict[int, dict[str, int]] = {}
    for question_id, kind, people in session.execute(
        select(*columns, func.count()).group_by(*columns).order_by(*columns)
    ):
        sums.setdefault(question_id, {})[kind] = people
    return sums


def lock_question(session: Session, cached_question_id: int) -> None:
    """Let nobody else count the complaints about a question until the transaction ends."""
    session.execute(select(CachedQuestion.id).where(CachedQuestion.id == cached_question_id).with_for_update())


def recount_complaints(session: Session, cached_question_id: int) -> None:
    """Count the people who have complained about a question. Lock it first."""
    ours = QuestionFeedback.cached_question_id == cached_question_id, QuestionFeedback.kind != NO_COMPLAINT
    people = select(func.count(QuestionFeedback.user_id.distinct())).where(*ours).scalar_subquery()
    this = update(CachedQuestion).where(CachedQuestion.id == cached_question_id)
    session.execute(this.values(complaints=people), execution_options={"synchronize_session": False})
