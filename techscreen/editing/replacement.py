"""An alternative takes the place of a question of a draft. The order and the rows come in; the rows are changed.

The replaced question stays in the history, and in the cache it stays used: it was shown.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import CachedQuestion, Interview, QuestionUse, utc_now
from techscreen.editing.edits import question_of
from techscreen.editing.offered import alternatives_of, refuse_if_locked
from techscreen.errors import NotEditable, NotFound
from techscreen.schemas.editing import AcceptAlternativeOrder


def accept_alternative(session: Session, interview: Interview, order: AcceptAlternativeOrder) -> None:
    """Give a question the content of one of its alternatives, with the lineage of that.

    Raises:
        NotFound: if there is no such question or alternative.
        NotEditable: if the question is locked, or the alternative was retired.
    """
    question = question_of(interview, order.number)
    refuse_if_locked(interview, question)
    offered = alternatives_of(session, interview.id, question.lineage)
    accepted = next((row for row in offered if row.number == order.alternative), None)
    if accepted is None:
        sentence = f"Question {order.number} was offered no alternative {order.alternative}."
        raise NotFound(sentence, req_id=interview.req_id)
    cached_question_id = _used_here(session, interview, accepted.content["cached_question_id"])
    for name, value in {**accepted.content, "cached_question_id": cached_question_id}.items():
        setattr(question, name, value)
    accepted.accepted_at = utc_now()


def _used_here(session: Session, interview: Interview, cached_question_id: int | None) -> int | None:
    """The cached question, used by this interview; None if it is not in the cache any more.

    Raises:
        NotEditable: if it was retired.
    """
    if cached_question_id is None:
        return None
    cached = session.get(CachedQuestion, cached_question_id, populate_existing=True)
    if cached is None:
        return None
    if cached.retired_at is not None:
        sentence = "This alternative was retired meanwhile, as questions are that have leaked: take another one."
        raise NotEditable(sentence, req_id=interview.req_id)
    uses = select(QuestionUse.id).where(
        QuestionUse.cached_question_id == cached.id, QuestionUse.req_id == interview.req_id
    )
    if session.scalar(uses) is None:
        cached.usage_count = CachedQuestion.usage_count + 1
        cached.last_used_at = utc_now()
        session.add(QuestionUse(cached_question_id=cached.id, req_id=interview.req_id, interview_id=interview.id))
    return cached.id
