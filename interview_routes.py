"""The routes of generating and reading: each declares its endpoint, calls one service and returns the answer.

`interview_bp` is all that a host app has to register. It has the routes of `techscreen/web/editing_routes.py` and its
neighbours too, and the commands.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

from flask import Flask, Response, current_app, url_for

from techscreen.cli.all_commands import ALL_COMMANDS
from techscreen.cli.database import database_commands
from techscreen.errors import LibraryLacks, NotCancellable, NotEnhanced, NotFound, Overloaded, TooManyStreams
from techscreen.operations import requisition_lists
from techscreen.operations.interview_lists import all_interviews, interviews_page, list_all
from techscreen.operations.text_checks import check_texts
from techscreen.schemas.generation import (
    EnhanceAnswer,
    EnhanceRequest,
    GenerateAnswer,
    GenerateRequest,
    InterviewAnswer,
    InterviewsAnswer,
    InterviewsQuery,
    JobDescriptionAnswer,
    WorkflowAnswer,
    WorkflowRequest,
)
from techscreen.schemas.jobs import CancelAnswer, JobAnswer, JobsAnswer, JobsQuery
from techscreen.schemas.requisitions import (
    AllInterviewsAnswer,
    AllInterviewsQuery,
    RequisitionsAnswer,
    RequisitionsQuery,
)
from techscreen.schemas.text_checks import CheckAnswer, CheckRequest
from techscreen.web import (  # they add their routes
    alternative_routes,
    editing_routes,
    erasing_routes,
    export_routes,
    feedback_routes,
    history_routes,
    library_routes,
)
from techscreen.web.auth import current_caller
from techscreen.web.blueprint import interview_bp
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import follow
from techscreen.web.endpoint import endpoint
from techscreen.web.job_views import cancel_answer, job_answer, job_for, jobs_answer
from techscreen.web.parsing import refuse_unless_work_described, refuse_wishes_for_nothing
from techscreen.web.responses import json_response, with_warnings_in_front, within
from techscreen.web.sse import EVENT_STREAM

__all__ = [
    "alternative_routes",
    "editing_routes",
    "erasing_routes",
    "export_routes",
    "feedback_routes",
    "history_routes",
    "interview_bp",
    "library_routes",
]

for command in (*ALL_COMMANDS, database_commands):
    interview_bp.cli.add_command(command)


@interview_bp.post("/jd/enhance")
@endpoint(tag="Generation", access="generator", body=EnhanceRequest, answer=EnhanceAnswer, dispatch="generation")
def enhance_job_description(body: EnhanceRequest) -> EnhanceRequest:
    """Enhance a basic job description with its WORK inputs."""
    refuse_unless_work_described(body)
    return body


@interview_bp.get("/jd/<req_id:req_id>")
@endpoint(
    tag="Reading",
    access="reader",
    answer=JobDescriptionAnswer,
    errors=(NotFound,),
    conditional=True,
    answer_headers=("ETag",),
)
def get_job_description(req_id: str) -> JobDescriptionAnswer:
    """The job description of a requisition; 404 if nobody knows it."""
    return JobDescriptionAnswer(job_description=current_runtime().enhancement.get_job_description(req_id))


@interview_bp.post("/generate")
@endpoint(
    tag="Generation",
    access="generator",
    body=GenerateRequest,
    answer=GenerateAnswer,
    dispatch="generation",
    errors=(NotFound, NotEnhanced, LibraryLacks),
)
def generate_interview(body: GenerateRequest) -> GenerateRequest:
    """Generate the next version of the interview from an enhanced job description."""
    refuse_wishes_for_nothing(body)
    return body


@interview_bp.get("/<row_id:interview_id>")
@endpoint(
    tag="Reading",
    access="reader",
    answer=InterviewAnswer,
    errors=(NotFound,),
    conditional=True,
    answer_headers=("ETag",),
)
def get_interview(interview_id: int) -> InterviewAnswer:
    """One interview."""
    return InterviewAnswer(interview=current_runtime().generation.get_interview(interview_id))


@interview_bp.get("/req/<req_id:req_id>")
@endpoint(tag="Reading", access="reader", query=InterviewsQuery, answer=InterviewsAnswer, answer_headers=("Link",))
def list_interviews(req_id: str, query: InterviewsQuery) -> Response:
    """All interviews of a requisition, oldest version first; none if it has none, or if nobody knows it.

    With `limit` or `cursor` one page of them; `Link` and `next_cursor` lead to the next one.
    """
    if query.is_page:
        return _page(req_id, query)
    parts = with_warnings_in_front(all_interviews(req_id, query.status))
    # Nearly always that is all of them, and an error is raised before the answer has begun.
    begin = list(islice(parts, 2))
    if len(begin) == 1:
        return json_response(begin[0])
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the answer outlives the request
    return json_response(chain(begin, within(app, parts)))


@interview_bp.get("", strict_slashes=False)
@endpoint(
    tag="Reading", access="reader", query=AllInterviewsQuery, answer=AllInterviewsAnswer, answer_headers=("Link",)
)
def list_all_interviews(query: AllInterviewsQuery) -> Response:
    """Interviews of all requisitions, newest first, page by page, without their questions.

    `Link` and `next_cursor` lead to the next page.
    """
    return _linked(list_all(query), ".list_all_interviews", _as_asked(query))


def _as_asked(query: AllInterviewsQuery) -> dict[str, Any]:
    """The query as an address says it."""
    return query.model_dump(mode="json", exclude={"cursor"}, exclude_none=True, by_alias=True)


def _page(req_id: str, query: InterviewsQuery) -> Response:
    answer = interviews_page(req_id, query)
    asked = {"req_id": req_id, "status": query.status, "limit": query.page_size}
    return _linked(answer, ".list_interviews", asked)


def _linked(
    answer: InterviewsAnswer | AllInterviewsAnswer | RequisitionsAnswer, view: str, asked: dict[str, Any]
) -> Response:
    """A page of a list, with the address of the next one if there is one.

    Args:
        view: whose page it is.
        asked: all that its address says but the cursor.
    """
    response = json_response(answer)
    if answer.next_cursor is not None:
        address = url_for(view, **asked, cursor=answer.next_cursor)
        response.headers["Link"] = f'<{address}>; rel="next"'
    return response


@interview_bp.get("/requisitions")
@endpoint(tag="Reading", access="reader", query=RequisitionsQuery, answer=RequisitionsAnswer, answer_headers=("Link",))
def list_requisitions(query: RequisitionsQuery) -> Response:
    """Requisitions, newest activity first, page by page: how far each is, and what is open.

    `Link` and `next_cursor` lead to the next page.
    """
    answer = requisition_lists.list_requisitions(query)
    return _linked(answer, ".list_requisitions", query.model_dump(exclude={"cursor"}))


@interview_bp.post("/workflow/full")
@interview_bp.post("/workflow/create")
@endpoint(
    tag="Generation",
    access="generator",
    body=WorkflowRequest,
    answer=WorkflowAnswer,
    dispatch="generation",
    errors=(LibraryLacks,),
)
def run_workflow(body: WorkflowRequest) -> WorkflowRequest:
    """Enhance a job description and generate an interview from it, in one call.

    `workflow/full` and `workflow/create` are the same call under two names: both take the WORK inputs, and both do
    without them. Callers of `workflow/create` usually leave them out. Use `workflow/full` if you have the choice.
    """
    refuse_unless_work_described(body)
    return body


@interview_bp.post("/check")
@endpoint(tag="Checks", access="reader", body=CheckRequest, answer=CheckAnswer, needs_database=False)
def check(body: CheckRequest) -> CheckAnswer:
    """Check texts that somebody has written, by the service's own rules.

    It asks no Claude, costs nothing, counts for no budget and keeps nothing, so a repeat does no harm.
    """
    return check_texts(body)


@interview_bp.get("/jobs/<job_id>")
@endpoint(tag="Jobs", access="reader", answer=JobAnswer, errors=(NotFound,))
def get_job(job_id: str) -> JobAnswer:
    """A job: how far it is, and in the end its answer. Only its owner and admins can see it."""
    return job_answer(job_for(current_caller(), job_id))


@interview_bp.delete("/jobs/<job_id>")
@endpoint(
    tag="Jobs",
    access="reader",
    answer=CancelAnswer,
    errors=(NotFound, NotCancellable),
    other_answers={202: CancelAnswer},
)
def cancel_job(job_id: str) -> Response:
    """Cancel a job of one's own, or any as an admin, as far as nothing was paid for.

    A job that waits ends at once: 200. One that is at work stops before it asks Claude for the next part, and is not
    tried again: 202. What was paid for is kept.
    """
    answer = cancel_answer(job_for(current_caller(), job_id))
    return json_response(answer, 200 if answer.status == "cancelled" else 202)


@interview_bp.get("/jobs")
@endpoint(tag="Jobs", access="admin", query=JobsQuery, answer=JobsAnswer)
def list_jobs(query: JobsQuery) -> JobsAnswer:
    """Jobs, newest first."""
    return jobs_answer(query)


@interview_bp.get("/jobs/<job_id>/events")
@endpoint(
    tag="Jobs",
    access="reader",
    answer=EVENT_STREAM,
    errors=(NotFound, Overloaded, TooManyStreams),
    resumable=True,
)
def follow_job(job_id: str) -> Response:
    """The progress of a job as it happens, from its beginning or from where `Last-Event-ID` says it was lost."""
    return follow(job_for(current_caller(), job_id))
