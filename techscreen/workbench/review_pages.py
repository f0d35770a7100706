"""The pages on which an interview is reviewed, approved, revised and taken out of use.

An order of a form comes in and is carried out by the same service as the API's; a page or a redirect goes out. Nobody
publishes what they have not seen: every form carries the tag of what its page has shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from techscreen.errors import FieldProblem, InvalidRequest, NotEditable, NotPublishable, Stale
from techscreen.operations.publishing import what_is_open
from techscreen.schemas.editing import (
    AnyInterviewOrder,
    ArchiveOrder,
    DeleteDraftOrder,
    InterviewChange,
    NoteRequest,
    PublishOrder,
    RequestReviewOrder,
    RestoreOrder,
    ReviewRequest,
    ReviseOrder,
)
from techscreen.schemas.exports import ExportQuery
from techscreen.schemas.generation import InterviewAnswer, InterviewView
from techscreen.schemas.problems import validated
from techscreen.web.auth import current_caller, may
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import answer_at_once
from techscreen.web.exports import exported
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.rendering import render
from techscreen.workbench.review import (
    findings_by_fate,
    life_of,
    open_points,
    question_address,
    since_published,
    since_seen,
)
from techscreen.workbench.sent import optional_text_sent, tags_sent, text_sent

Order = Callable[[int], AnyInterviewOrder]

NOT_DONE = {
    "request_review": "No review was asked for.",
    "publish": "Nothing was published.",
    "revise": "No new version was begun.",
    "archive": "It was not archived.",
    "restore": "It was not restored.",
    "delete": "It was not deleted.",
}
# What to do instead, by the state that an interview has.
NOT_NOW = {
    "draft": "It is a draft: it has not been published or archived.",
    "published": "It is published, so it no longer changes. Begin a new version to change something.",
    "archived": "It is archived. Restore it first, or begin a new version.",
}


@workbench_bp.get("/<row_id:interview_id>/review")
@page("reader")
def review(interview_id: int) -> str:
    """What is open, who approves, and what differs from the last published version."""
    return _review_page(_interview(interview_id))


@workbench_bp.post("/<row_id:interview_id>/review")
@page("editor")
def review_sent(interview_id: int) -> AnyResponse:
    """Ask for a review, publish, begin a new version, or restore."""
    do = request.form.get("do", "")
    if do not in ORDERS:
        raise InvalidRequest("It is not known what to do: use the buttons of the page.")
    return _carried_out(interview_id, do, lambda status, **more: Response(_review_page(**more), status))


@workbench_bp.get("/<row_id:interview_id>/archive")
@page("editor")
def archive(interview_id: int) -> str:
    """Ask whether it is meant, and why."""
    return _confirm_page("archive", _interview(interview_id))


@workbench_bp.post("/<row_id:interview_id>/archive")
@page("editor")
def archive_sent(interview_id: int) -> AnyResponse:
    """Take an interview out of use."""
    return _carried_out(
        interview_id, "archive", lambda status, **more: Response(_confirm_page("archive", **more), status)
    )


@workbench_bp.get("/<row_id:interview_id>/delete")
@page("editor")
def delete(interview_id: int) -> str:
    """Ask whether it is meant."""
    return _confirm_page("delete", _interview(interview_id))


@workbench_bp.post("/<row_id:interview_id>/delete")
@page("editor")
def delete_sent(interview_id: int) -> AnyResponse:
    """Delete a draft; its history stays."""
    return _carried_out(
        interview_id, "delete", lambda status, **more: Response(_confirm_page("delete", **more), status)
    )


@workbench_bp.get("/<row_id:interview_id>/export")
@page("reader")
def export(interview_id: int) -> AnyResponse:
    """An interview as a file."""
    return exported(interview_id, validated(ExportQuery, request.args.to_dict()))


# ---------------------------------------------------------------------------------------- orders


def _request_review(interview_id: int) -> RequestReviewOrder:
    asked = validated(ReviewRequest, {"of": text_sent("of"), "note": text_sent("review_note")})
    return RequestReviewOrder(interview_id=interview_id, if_match=tags_sent(), of=asked.of, note=asked.note)


def _publish(interview_id: int) -> PublishOrder:
    return PublishOrder(interview_id=interview_id, if_match=tags_sent(), note=_note("publish_note"))


def _revise(interview_id: int) -> ReviseOrder:
    return ReviseOrder(interview_id=interview_id, if_match=tags_sent(), note=_note("note"))


def _restore(interview_id: int) -> RestoreOrder:
    return RestoreOrder(interview_id=interview_id, if_match=tags_sent(), note=_note("note"))


def _archive(interview_id: int) -> ArchiveOrder:
    return ArchiveOrder(interview_id=interview_id, if_match=tags_sent(), note=_note("note"))


def _delete(interview_id: int) -> DeleteDraftOrder:
    return DeleteDraftOrder(interview_id=interview_id, if_match=tags_sent())


def _note(name: str) -> str | None:
    return validated(NoteRequest, {"note": optional_text_sent(name)}).note


ORDERS: Mapping[str, Order] = {
    "request_review": _request_review,
    "publish": _publish,
    "revise": _revise,
    "restore": _restore,
}
CONFIRMED: Mapping[str, Order] = {"archive": _archive, "delete": _delete}


def _carried_out(interview_id: int, do: str, again: Callable[..., Response]) -> AnyResponse:
    """Carry out what a form asks for, and go on to where its result is seen.

    Args:
        again: makes the page that the form was on, with a status, the interview as it is now and what went wrong.
    """
    try:
        order = {**ORDERS, **CONFIRMED}[do](interview_id)
        answer = answer_at_once(InterviewChange(order=order))
    except Stale as error:
        changes = since_seen(interview_id, request.form.get("seen", ""))
        return again(error.status, interview=error.current, not_done=NOT_DONE[do], changed_meanwhile=changes)
    except InvalidRequest as error:
        problems = {_field_of(do, problem.field): _sentence(problem.message) for problem in error.details}
        return again(error.status, interview=_interview(interview_id), not_done=NOT_DONE[do], problems=problems)
    except NotEditable as error:
        interview = _interview(interview_id)
        return again(error.status, interview=interview, not_done=NOT_DONE[do], why=_why(error, interview))
    except NotPublishable as error:
        sentence = "Something is still open: see below."
        interview = _interview(interview_id)
        return again(error.status, interview=interview, not_done=NOT_DONE[do], why=sentence, missing=error.details)
    assert isinstance(answer, InterviewAnswer)
    return _after(do, answer.interview)


def _field_of(do: str, field: str) -> str:
    """The field of the page: it may have several notes."""
    return {"publish": "publish_note", "request_review": "review_note"}.get(do, "note") if field == "note" else field


def _sentence(message: str) -> str:
    return re.sub("^(note|of) ", lambda found: "The note " if found[1] == "note" else "The name ", message)


def _why(error: NotEditable, interview: InterviewView) -> str:
    return error.message if "in its place" in error.message else NOT_NOW[interview.status]


def _after(do: str, interview: InterviewView) -> AnyResponse:
    """The page where the result is seen, with a sentence about it."""
    caller = current_caller().user_id
    said = {
        "request_review": "A review was asked for.",
        "publish": f"Version {interview.version} is published, approved by {caller}.",
        "revise": f"This is version {interview.version}, a draft with the same questions. "
        "The version before it stays as it is until you publish this one.",
        "archive": f"Version {interview.version} is archived.",
        "restore": f"Version {interview.version} is back.",
        "delete": f"Version {interview.version} was deleted. Its history is kept.",
    }
    flash(said[do])
    if do == "delete":
        return redirect(url_for(".requisition", req_id=interview.req_id), 303)
    if do == "revise":
        return redirect(url_for(".interview", interview_id=interview.id), 303)
    return redirect(url_for(".review", interview_id=interview.id, sent=do), 303)


# ----------------------------------------------------------------------------------------- pages


def _interview(interview_id: int) -> InterviewView:
    return current_runtime().generation.get_interview(interview_id)


def _findings_of_description(req_id: str) -> int:
    quality = current_runtime().enhancement.get_job_description(req_id).quality
    return len(quality.findings) if quality else 0


def _review_page(interview: InterviewView, missing: Sequence[FieldProblem] | None = None, **more: Any) -> str:
    caller, second = current_caller(), current_runtime().settings.require_second_approver
    is_draft = interview.status == "draft"
    if missing is None:
        missing = what_is_open(interview.id, caller.user_id, second_approver=second) if is_draft else ()
    points = open_points(interview, missing)
    if not may(caller, "editor"):
        points = [point for point in points if not point.of_people]
    overridden, harmless = findings_by_fate(interview)
    return render(
        "review.html",
        interview=interview,
        points=points,
        overridden=overridden,
        harmless=harmless,
        of_description=_findings_of_description(interview.req_id),
        coverage=interview.quality.coverage if interview.quality else None,
        published=since_published(interview) if is_draft else None,
        life=life_of(interview),
        needs_second=second,
        question_address=question_address,
        typed=request.form,
        **{"problems": {}, "sent": request.args.get("sent"), **more},
    )


def _confirm_page(do: str, interview: InterviewView, **more: Any) -> str:
    return render(
        "confirm.html", do=do, interview=interview, typed=request.form, **{"problems": {}, "sent": None, **more}
    )
