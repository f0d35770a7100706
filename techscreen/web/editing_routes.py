"""The routes by which people make an interview theirs: edit it, approve it, archive it, revise it.

Each makes an order of its path and body; `techscreen/editing/` carries it out.
"""

from __future__ import annotations

from functools import partial

from techscreen.errors import InvalidRequest, NotEditable, NotFound, NotPublishable
from techscreen.schemas.editing import (
    AddQuestionOrder,
    ArchiveOrder,
    DeleteDraftOrder,
    EditQuestionOrder,
    InterviewChange,
    InterviewPatch,
    JobDescriptionChange,
    JobDescriptionPatch,
    NewQuestion,
    NoteRequest,
    OverrideOrder,
    OverrideRequest,
    PublishOrder,
    PublishRequest,
    QuestionOrder,
    QuestionPatch,
    RemoveQuestionOrder,
    RenameOrder,
    ReorderOrder,
    RequestReviewOrder,
    RestoreOrder,
    ReviewRequest,
    ReviseOrder,
    WithdrawOverrideOrder,
)
from techscreen.schemas.generation import InterviewAnswer, JobDescriptionAnswer
from techscreen.web.blueprint import interview_bp
from techscreen.web.endpoint import endpoint

# What all changes of an interview have in common.
change_of_interview = partial(
    endpoint,
    tag="Editing",
    access="editor",
    answer=InterviewAnswer,
    dispatch="at_once",
    changes=True,
    answer_headers=("ETag",),
    errors=(NotFound, NotEditable),
)


@interview_bp.patch("/jd/<req_id:req_id>")
@endpoint(
    tag="Editing",
    access="editor",
    body=JobDescriptionPatch,
    answer=JobDescriptionAnswer,
    dispatch="at_once",
    changes=True,
    answer_headers=("ETag",),
    errors=(NotFound,),
)
def edit_job_description(req_id: str, body: JobDescriptionPatch, if_match: list[str]) -> JobDescriptionChange:
    """Change the enhanced title, description or topics of a job description, or write its enhancement by hand."""
    return JobDescriptionChange(req_id=req_id, if_match=if_match, patch=body.model_dump(exclude_unset=True))


@interview_bp.patch("/<row_id:interview_id>")
@change_of_interview(body=InterviewPatch)
def rename_interview(interview_id: int, body: InterviewPatch, if_match: list[str]) -> InterviewChange:
    """Give a draft another name."""
    name = body.interview_name
    return InterviewChange(order=RenameOrder(interview_id=interview_id, if_match=if_match, interview_name=name))


@interview_bp.delete("/<row_id:interview_id>")
@change_of_interview()
def delete_draft(interview_id: int, if_match: list[str]) -> InterviewChange:
    """Delete a draft. It is no longer found; its history is kept.

    To erase an interview in any state, with its history, see `DELETE .../everything`.
    """
    return InterviewChange(order=DeleteDraftOrder(interview_id=interview_id, if_match=if_match))


@interview_bp.patch("/<row_id:interview_id>/questions/<row_id:number>")
@change_of_interview(body=QuestionPatch, errors=(NotFound, NotEditable))
def edit_question(interview_id: int, number: int, body: QuestionPatch, if_match: list[str]) -> InterviewChange:
    """Change what is given of a question. Texts are kept word for word; findings are reported and block nothing."""
    patch = body.model_dump(exclude_unset=True)
    return InterviewChange(
        order=EditQuestionOrder(interview_id=interview_id, if_match=if_match, number=number, patch=patch)
    )


@interview_bp.post("/<row_id:interview_id>/questions")
@change_of_interview(body=NewQuestion)
def add_question(interview_id: int, body: NewQuestion, if_match: list[str]) -> InterviewChange:
    """Add a question of one's own to a draft, which has four to six while it is worked on."""
    return InterviewChange(order=AddQuestionOrder(interview_id=interview_id, if_match=if_match, question=body))


@interview_bp.delete("/<row_id:interview_id>/questions/<row_id:number>")
@change_of_interview()
def remove_question(interview_id: int, number: int, if_match: list[str]) -> InterviewChange:
    """Take a question out of a draft."""
    return InterviewChange(order=RemoveQuestionOrder(interview_id=interview_id, if_match=if_match, number=number))


@interview_bp.put("/<row_id:interview_id>/order")
@change_of_interview(body=QuestionOrder, errors=(NotFound, NotEditable, InvalidRequest))
def reorder_questions(interview_id: int, body: QuestionOrder, if_match: list[str]) -> InterviewChange:
    """Put the questions of a draft into another order."""
    return InterviewChange(order=ReorderOrder(interview_id=interview_id, if_match=if_match, order=body.order))


@interview_bp.post("/<row_id:interview_id>/findings/<finding_id>/override")
@change_of_interview(body=OverrideRequest)
def override_finding(interview_id: int, finding_id: str, body: OverrideRequest, if_match: list[str]) -> InterviewChange:
    """Say why a finding is no obstacle to publishing. The reason is kept."""
    return InterviewChange(
        order=OverrideOrder(interview_id=interview_id, if_match=if_match, finding_id=finding_id, reason=body.reason)
    )


@interview_bp.delete("/<row_id:interview_id>/findings/<finding_id>/override")
@change_of_interview()
def withdraw_override(interview_id: int, finding_id: str, if_match: list[str]) -> InterviewChange:
    """Take the override of a finding back."""
    return InterviewChange(
        order=WithdrawOverrideOrder(interview_id=interview_id, if_match=if_match, finding_id=finding_id)
    )


@interview_bp.post("/<row_id:interview_id>/request-review")
@change_of_interview(body=ReviewRequest)
def request_review(interview_id: int, body: ReviewRequest, if_match: list[str]) -> InterviewChange:
    """Note that a draft should be reviewed, and by whom."""
    return InterviewChange(
        order=RequestReviewOrder(interview_id=interview_id, if_match=if_match, of=body.of, note=body.note)
    )


@interview_bp.post("/<row_id:interview_id>/publish")
@change_of_interview(body=PublishRequest, errors=(NotFound, NotEditable, NotPublishable))
def publish_interview(interview_id: int, body: PublishRequest, if_match: list[str]) -> InterviewChange:
    """Approve a draft and publish it: the caller answers for it.

    The published interview of the same requisition and name, if there is one, is archived.
    """
    return InterviewChange(order=PublishOrder(interview_id=interview_id, if_match=if_match, **body.model_dump()))


@interview_bp.post("/<row_id:interview_id>/archive")
@change_of_interview(body=NoteRequest)
def archive_interview(interview_id: int, body: NoteRequest, if_match: list[str]) -> InterviewChange:
    """Take an interview out of use."""
    return InterviewChange(order=ArchiveOrder(interview_id=interview_id, if_match=if_match, note=body.note))


@interview_bp.post("/<row_id:interview_id>/restore")
@change_of_interview(body=NoteRequest)
def restore_interview(interview_id: int, body: NoteRequest, if_match: list[str]) -> InterviewChange:
    """Bring an archived interview back into the state that it had."""
    return InterviewChange(order=RestoreOrder(interview_id=interview_id, if_match=if_match, note=body.note))


@interview_bp.post("/<row_id:interview_id>/revise")
@change_of_interview(body=NoteRequest)
def revise_interview(interview_id: int, body: NoteRequest, if_match: list[str]) -> InterviewChange:
    """Begin the next version of a published or archived interview, as a draft with the same questions."""
    return InterviewChange(order=ReviseOrder(interview_id=interview_id, if_match=if_match, note=body.note))
