"""The routes by which admins erase for good: an interview, or a requisition with all that was made of it."""

from __future__ import annotations

from functools import partial

from techscreen.errors import GenerationUnderWay, NotFound
from techscreen.operations import erasing
from techscreen.schemas.erasing import ErasureAnswer
from techscreen.web.auth import current_caller
from techscreen.web.blueprint import interview_bp
from techscreen.web.endpoint import endpoint

erases = partial(
    endpoint,
    tag="Audit trail",
    access="admin",
    answer=ErasureAnswer,
    changes=True,
    errors=(NotFound, GenerationUnderWay),
)


@interview_bp.delete("/<row_id:interview_id>/everything")
@erases()
def erase_interview(interview_id: int, if_match: list[str]) -> ErasureAnswer:
    """Erase an interview in any state for good, with its history and all else that is kept of it.

    Unlike the deletion of a draft, nothing of it can be seen or brought back afterwards. Published ones are erased too.
    """
    return erasing.erase_interview(interview_id, if_match, current_caller().user_id)


@interview_bp.delete("/requisitions/<req_id:req_id>")
@erases()
def erase_requisition(req_id: str, if_match: list[str]) -> ErasureAnswer:
    """Erase a requisition for good: its job description, interviews, history, jobs and feedback.

    `If-Match` carries the ETag of its job description.
    """
    return erasing.erase_requisition(req_id, if_match, current_caller().user_id)
