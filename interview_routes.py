"""The routes under /api/interview: read the request, call one service, shape the answer.

`interview_bp` is all that a host app registers. It brings its own error pages, its own authentication
and its own services, and leaves the pages of the host app alone.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from pydantic import BaseModel

from auth import current_caller, require_admin, require_reader
from error_pages import register_error_pages
from event_stream import event_stream
from job_schemas import JobsQuery
from job_views import job_answer, job_for, jobs_answer
from post_answering import answer_generation, waited_for
from request_log import log_requests
from request_reading import read_body, read_query
from runtime import current_runtime, set_up
from schemas import (
    EnhanceRequest,
    GenerateRequest,
    InterviewAnswer,
    InterviewsAnswer,
    JobDescriptionAnswer,
    WorkflowRequest,
)

interview_bp = Blueprint("interview", __name__, url_prefix="/api/interview")


interview_bp.record_once(set_up)
register_error_pages(interview_bp)
log_requests(interview_bp)


@interview_bp.before_request
def _show_sign_of_life() -> None:
    current_runtime().heartbeat.ensure(wait=request.method == "POST")


@interview_bp.post("/jd/enhance")
@require_admin
def enhance_job_description() -> Response:
    """Enhance a basic job description with its WORK inputs."""
    return answer_generation("jd_enhancement", read_body(EnhanceRequest))


@interview_bp.get("/jd/<req_id:req_id>")
@require_reader
def get_job_description(req_id: str) -> Response:
    """The job description of a requisition."""
    return _json(JobDescriptionAnswer(job_description=current_runtime().enhancement.get_job_description(req_id)))


@interview_bp.post("/generate")
@require_admin
def generate_interview() -> Response:
    """Generate the next version of the interview from an enhanced job description."""
    return answer_generation("interview_generation", read_body(GenerateRequest))


@interview_bp.get("/<row_id:interview_id>")
@require_reader
def get_interview(interview_id: int) -> Response:
    """One interview."""
    return _json(InterviewAnswer(interview=current_runtime().generation.get_interview(interview_id)))


@interview_bp.get("/req/<req_id:req_id>")
@require_reader
def list_interviews(req_id: str) -> Response:
    """All interviews of a requisition, oldest version first."""
    return _json(InterviewsAnswer(interviews=current_runtime().generation.list_interviews(req_id)))


@interview_bp.post("/workflow/full")
@interview_bp.post("/workflow/create")
@require_admin
def run_workflow() -> Response:
    """Enhance a job description and generate an interview from it, in one call."""
    return answer_generation("workflow", read_body(WorkflowRequest))


@interview_bp.get("/jobs/<job_id>")
@require_reader
def get_job(job_id: str) -> Response:
    """A job: how far it is, and in the end its answer. Only its owner and admins can see it."""
    return _json(job_answer(job_for(current_caller(), job_id)))


@interview_bp.get("/jobs")
@require_admin
def list_jobs() -> Response:
    """Jobs, newest first."""
    return _json(jobs_answer(read_query(JobsQuery)))


@interview_bp.get("/jobs/<job_id>/events")
@require_reader
def follow_job(job_id: str) -> Response:
    """The progress of a job as it happens, from its beginning."""
    job = job_for(current_caller(), job_id)
    return waited_for(lambda: event_stream(job.id))


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), mimetype="application/json")
