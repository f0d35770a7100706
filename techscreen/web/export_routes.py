"""The routes by which interviews leave for other tools and come back: export and import."""

from __future__ import annotations

import re

from flask import Response, request

from techscreen.editing.exports import FORMATS
from techscreen.editing.exports.source import ExportSource
from techscreen.editing.imports import requisition_of
from techscreen.errors import NotEditable, NotFound
from techscreen.schemas.exports import ExportQuery
from techscreen.schemas.generation import InterviewView
from techscreen.schemas.imports import ImportAnswer, ImportRequest
from techscreen.web.blueprint import interview_bp
from techscreen.web.container import current_runtime
from techscreen.web.endpoint import endpoint

MAX_FILE_NAME = 60


@interview_bp.get("/<row_id:interview_id>/export")
@endpoint(
    tag="Reading",
    access="reader",
    query=ExportQuery,
    answer=tuple(dict.fromkeys(each.media_type for each in FORMATS.values())),
    errors=(NotFound,),
    conditional=True,
    answer_headers=("ETag", "Content-Disposition"),
)
def export_interview(interview_id: int, query: ExportQuery) -> Response:
    """One interview as a file for another tool.

    Without `format` it is Markdown. Texts are kept as they are and run nowhere; what the checks have found is left out.
    """
    runtime, chosen = current_runtime(), FORMATS[query.format]
    interview = runtime.generation.get_interview(interview_id)
    source = ExportSource(interview, runtime.enhancement.get_job_description(interview.req_id))
    response = Response(chosen.write(source), mimetype=chosen.media_type)
    file_name = _file_name(interview, chosen.ending)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    # Of its bytes, for it also changes with the requisition.
    response.add_etag()
    response.make_conditional(request)
    return response


@interview_bp.post("/import")
@endpoint(
    tag="Editing",
    access="editor",
    body=ImportRequest,
    answer=ImportAnswer,
    dispatch="at_once",
    errors=(NotEditable,),
    answer_headers=("ETag",),
)
def import_interview(body: ImportRequest) -> ImportRequest:
    """Import an interview that was exported as JSON, or a requisition in the job schema of JSON Resume.

    An interview becomes the next version of its requisition, a draft; an unknown requisition is stored with it. A
    requisition is stored as it is, not enhanced, if there is none of this id.
    """
    requisition_of(body)  # refuses what cannot become a requisition before anything is begun
    return body


def _file_name(interview: InterviewView, ending: str) -> str:
    """A name of signs that every file system and header takes."""
    req_id = re.sub("[^A-Za-z0-9_]+", "-", interview.req_id)[:MAX_FILE_NAME].strip("-")
    return "-".join(filter(None, ["interview", req_id, f"v{interview.version}.{ending}"]))
