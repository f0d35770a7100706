"""The routes that offer something for a question of a draft: alternatives to it, and further criteria.

Only accepting an alternative changes the interview. Each makes an order; `techscreen/editing/` carries it out.
"""

from __future__ import annotations

from techscreen.errors import NotEditable, NotFound
from techscreen.schemas.alternatives import (
    AlternativesAnswer,
    AlternativesOrder,
    AlternativesRequest,
    CriteriaAnswer,
    CriteriaOrder,
    CriteriaRequest,
    OfferedAnswer,
)
from techscreen.schemas.editing import AcceptAlternativeOrder, InterviewChange
from techscreen.web.blueprint import interview_bp
from techscreen.web.container import current_runtime
from techscreen.web.editing_routes import change_of_interview
from techscreen.web.endpoint import endpoint

QUESTION = "/<row_id:interview_id>/questions/<row_id:number>"


@interview_bp.post(f"{QUESTION}/alternatives")
@endpoint(
    tag="Editing",
    access="editor",
    body=AlternativesRequest,
    answer=AlternativesAnswer,
    dispatch="generation",
    errors=(NotFound, NotEditable),
)
def offer_alternatives(interview_id: int, number: int, body: AlternativesRequest) -> AlternativesOrder:
    """Offer questions that may take the place of one of a draft. Nothing changes until one is accepted.

    Without a wish, `easier`, `harder` and `other_topic` look among the questions that exist first, which costs nothing.
    """
    return AlternativesOrder(interview_id=interview_id, number=number, **body.model_dump())


@interview_bp.get(f"{QUESTION}/alternatives")
@endpoint(tag="Editing", access="reader", answer=OfferedAnswer, errors=(NotFound,))
def list_alternatives(interview_id: int, number: int) -> OfferedAnswer:
    """All alternatives that a question was offered so far. Those for the one that it replaced can still be accepted."""
    return current_runtime().alternatives.offered(interview_id, number)


@interview_bp.post(f"{QUESTION}/alternatives/<row_id:alternative>/accept")
@change_of_interview()
def accept_alternative(interview_id: int, number: int, alternative: int, if_match: list[str]) -> InterviewChange:
    """Put an alternative in the place of a question. The question stays in the history."""
    return InterviewChange(
        order=AcceptAlternativeOrder(
            interview_id=interview_id, if_match=if_match, number=number, alternative=alternative
        )
    )


@interview_bp.post(f"{QUESTION}/criteria/suggest")
@endpoint(
    tag="Editing",
    access="editor",
    body=CriteriaRequest,
    answer=CriteriaAnswer,
    dispatch="generation",
    errors=(NotFound, NotEditable),
)
def suggest_criteria(interview_id: int, number: int, body: CriteriaRequest) -> CriteriaOrder:
    """Suggest criteria that a question does not have yet. Nothing changes: add those that fit with a PATCH."""
    return CriteriaOrder(interview_id=interview_id, number=number, **body.model_dump())
