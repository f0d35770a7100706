"""The routes by which people say how a question did, and read what others have said."""

from __future__ import annotations

from techscreen.editing.feedback import feedback_on_interview
from techscreen.errors import NotFound
from techscreen.schemas.feedback import FeedbackAnswer, FeedbackOrder, FeedbackRequest, InterviewFeedbackAnswer
from techscreen.web.blueprint import interview_bp
from techscreen.web.endpoint import endpoint


@interview_bp.post("/<row_id:interview_id>/questions/<row_id:number>/feedback")
@endpoint(
    tag="Editing",
    access="reader",
    body=FeedbackRequest,
    answer=FeedbackAnswer,
    dispatch="at_once",
    errors=(NotFound,),
)
def give_feedback(interview_id: int, number: int, body: FeedbackRequest) -> FeedbackOrder:
    """Say how a question did. A question with enough complaints is no longer lent.

    One person counts once for a question, kind and criterion; a repeat replaces the note. Nothing about a candidate
    belongs here.
    """
    return FeedbackOrder(interview_id=interview_id, number=number, **body.model_dump())


@interview_bp.get("/<row_id:interview_id>/feedback")
@endpoint(tag="Reading", access="reader", answer=InterviewFeedbackAnswer, errors=(NotFound,))
def show_feedback(interview_id: int) -> InterviewFeedbackAnswer:
    """What was said about each question of an interview: how many people said what, and their notes."""
    return feedback_on_interview(interview_id)
