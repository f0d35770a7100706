"""The routes by which interviews leave for other tools and come back: export and import."""

from __future__ import annotations

from flask import Response

from techscreen.editing.exports import FORMATS
from techscreen.editing.imports import requisition_of
from techscreen.errors import NotEditable, NotFound
from techscreen.schemas.exports import ExportQuery
from techscreen.schemas.imports import ImportAnswer, ImportRequest
from techscreen.web.blueprint import interview_bp
from techscreen.web.endpoint import endpoint
from techscreen.web.exports import exported


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
    return exported(interview_id, query)


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
