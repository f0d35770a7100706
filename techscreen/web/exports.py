"""An interview as a file: its id and a format come in, the response with the file goes out."""

from __future__ import annotations

import re

from flask import Response, request

from techscreen.editing.exports import FORMATS
from techscreen.editing.exports.source import ExportSource
from techscreen.schemas.exports import ExportQuery
from techscreen.schemas.generation import InterviewView
from techscreen.web.container import current_runtime

MAX_FILE_NAME = 60


def exported(interview_id: int, query: ExportQuery) -> Response:
    """One interview in a format, to be saved.

    Raises:
        NotFound: if there is no such interview.
    """
    runtime, chosen = current_runtime(), FORMATS[query.format]
    interview = runtime.generation.get_interview(interview_id)
    source = ExportSource(interview, runtime.enhancement.get_job_description(interview.req_id))
    response = Response(chosen.write(source), mimetype=chosen.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(interview, chosen.ending)}"'
    # Of its bytes, for it also changes with the requisition.
    response.add_etag()
    response.make_conditional(request)
    return response


def name_of_file(req_id: str) -> str:
    """A requisition's id in signs that every file system and header takes."""
    return re.sub("[^A-Za-z0-9_]+", "-", req_id)[:MAX_FILE_NAME].strip("-")


def _file_name(interview: InterviewView, ending: str) -> str:
    name = name_of_file(interview.req_id)
    return "-".join(filter(None, ["interview", name, f"v{interview.version}.{ending}"]))
