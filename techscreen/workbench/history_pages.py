"""The pages of what has happened: timelines, the difference between any two states, and the evidence.

An id and a query come in, a page goes out.
"""

from __future__ import annotations

from flask import Response, request

from techscreen.errors import InvalidRequest, NotFound
from techscreen.operations.differences import difference_between
from techscreen.operations.evidence import evidence_of
from techscreen.operations.histories import interview_history, interview_steps, requisition_history
from techscreen.operations.interview_lists import interview_versions
from techscreen.operations.requisition_lists import known_requisition
from techscreen.schemas.history import DifferenceQuery, HistoryQuery
from techscreen.schemas.problems import validated
from techscreen.web.container import current_runtime
from techscreen.web.exports import name_of_file
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.rendering import render

# Steps of a page. Each is shown with its difference, which takes a moment to find.
PER_PAGE = 10


@workbench_bp.get("/<row_id:interview_id>/history")
@page("reader")
def interview_timeline(interview_id: int) -> str:
    """Who changed what of an interview and when, newest first."""
    history = interview_history(interview_id, _query())
    interview = None if history.is_deleted else current_runtime().generation.get_interview(interview_id)
    return render("interview_timeline.html", history=history, interview=interview)


@workbench_bp.get("/timeline/<req_in_path:req_id>")
@page("reader")
def requisition_timeline(req_id: str) -> str:
    """All that happened to a requisition's job description and interviews, newest first."""
    history = requisition_history(req_id, _query())
    versions = interview_versions(req_id).versions
    return render(
        "requisition_timeline.html", history=history, requisition=known_requisition(req_id), versions=versions
    )


@workbench_bp.get("/<row_id:interview_id>/difference")
@page("reader")
def difference(interview_id: int) -> str | Response:
    """What two states differ in. By default the newest change."""
    steps = interview_steps(interview_id)
    sides = {name: request.args.get(name, "").strip() or None for name in ("from", "to")}
    found, problem = None, None
    try:
        found = difference_between(interview_id, validated(DifferenceQuery, sides))
    except InvalidRequest:
        problem = "Choose two states from the lists."
    except NotFound as error:
        problem = error.message
    history = interview_history(interview_id, HistoryQuery(limit=1))
    body = render(
        "interview_difference.html",
        interview=None if history.is_deleted else current_runtime().generation.get_interview(interview_id),
        history=history,
        steps=steps,
        versions=interview_versions(history.req_id).versions,
        chosen=sides,
        found=found,
        problem=problem,
    )
    return Response(body, 404) if problem else body


@workbench_bp.get("/evidence/<req_in_path:req_id>")
@page("admin")
def evidence(req_id: str) -> Response:
    """Everything that is kept of a requisition, as a file."""
    document = evidence_of(req_id, current_runtime().settings.log_retention_days)
    response = Response(document.model_dump_json(indent=1), mimetype="application/json")
    name = "-".join(filter(None, ["evidence", name_of_file(req_id)]))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


def _query() -> HistoryQuery:
    return validated(HistoryQuery, {"order": "newest", "limit": PER_PAGE, "cursor": request.args.get("cursor")})
