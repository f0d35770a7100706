"""The routes that show what has changed, when and by whom."""

from __future__ import annotations

from techscreen.errors import InvalidRequest, NotFound
from techscreen.operations.differences import difference_between
from techscreen.operations.histories import interview_history, requisition_history
from techscreen.schemas.history import (
    DifferenceAnswer,
    DifferenceQuery,
    HistoryAnswer,
    HistoryQuery,
    RequisitionHistoryAnswer,
)
from techscreen.web.blueprint import interview_bp
from techscreen.web.endpoint import endpoint


@interview_bp.get("/<row_id:interview_id>/history")
@endpoint(tag="Reading", access="reader", query=HistoryQuery, answer=HistoryAnswer, errors=(NotFound, InvalidRequest))
def show_history(interview_id: int, query: HistoryQuery) -> HistoryAnswer:
    """The history of an interview, that of a deleted draft too: who changed what and when, with before and after."""
    return interview_history(interview_id, query)


@interview_bp.get("/history/<req_id:req_id>")
@endpoint(
    tag="Reading",
    access="reader",
    query=HistoryQuery,
    answer=RequisitionHistoryAnswer,
    errors=(NotFound, InvalidRequest),
)
def show_requisition_history(req_id: str, query: HistoryQuery) -> RequisitionHistoryAnswer:
    """All that happened to a requisition's job description and to its interviews, in the order of time."""
    return requisition_history(req_id, query)


@interview_bp.get("/<row_id:interview_id>/diff")
@endpoint(
    tag="Reading", access="reader", query=DifferenceQuery, answer=DifferenceAnswer, errors=(NotFound, InvalidRequest)
)
def show_difference(interview_id: int, query: DifferenceQuery) -> DifferenceAnswer:
    """What two states of an interview, or of two versions, differ in: by question and criterion, with words marked."""
    return difference_between(interview_id, query)
