"""The routes under /api/interview: read the request, call one service, shape the answer.

`interview_bp` is all that a host app registers. It brings its own error pages, its own authentication
and its own services, and leaves the pages of the host app alone.
"""

from __future__ import annotations

from flask import Blueprint, Response
from pydantic import BaseModel

from auth import current_caller, require_admin, require_reader
from error_pages import register_error_pages
from request_log import log_requests
from request_reading import read_body
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
def _recover() -> None:
    current_runtime().recover_if_due()


@interview_bp.post("/jd/enhance")
@require_admin
def enhance_job_description() -> Response:
    """Enhance a basic job description with its WORK inputs."""
    request = read_body(EnhanceRequest)
    return _json(current_runtime().enhancement.enhance_jd(request, current_caller().user_id))


@interview_bp.get("/jd/<req_id:req_id>")
@require_reader
def get_job_description(req_id: str) -> Response:
    """The job description of a requisition."""
    return _json(JobDescriptionAnswer(job_description=current_runtime().enhancement.get_job_description(req_id)))


@interview_bp.post("/generate")
@require_admin
def generate_interview() -> Response:
    """Generate the next version of the interview from an enhanced job description."""
    request = read_body(GenerateRequest)
    return _json(current_runtime().generation.generate_interview(request, current_caller().user_id))


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
    request = read_body(WorkflowRequest)
    return _json(current_runtime().workflow.run(request, current_caller().user_id))


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), mimetype="application/json")
