"""The pages for the interview itself: the sheet to print, also as a PDF, and the room."""

from __future__ import annotations

from typing import Literal

from flask import Response, request, url_for
from pydantic import BaseModel, ConfigDict

from techscreen.schemas.generation import InterviewView, JobDescriptionView
from techscreen.web.container import current_runtime
from techscreen.web.exports import name_of_file
from techscreen.web.parsing import read_query
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.rendering import STATIC_FOLDER, render, static_url
from techscreen.workbench.room import ICON, SCRIPTS, STYLES, room_data, room_files, script_json
from techscreen.workbench.sheet import sheet_of
from techscreen.workbench.sheet_pdf import Paper, sheet_pdf

WORKER = "room-worker.js"


class SheetQuery(BaseModel):
    """In which form the sheet is wanted. `paper` is for PDFs; a browser knows what is in its printer."""

    model_config = ConfigDict(frozen=True)

    format: Literal["html", "pdf"] = "html"
    paper: Paper = "a4"


@workbench_bp.get("/<row_id:interview_id>/sheet")
@page("reader")
def sheet(interview_id: int) -> str | Response:
    """The sheet of an interview, for paper."""
    query = read_query(SheetQuery)
    interview, requisition = _found(interview_id)
    html = render("sheet.html", sheet=sheet_of(interview, requisition))
    if query.format == "html":
        return html
    response = Response(sheet_pdf(html, request.base_url, query.paper), mimetype="application/pdf")
    name = "-".join(filter(None, ["sheet", name_of_file(interview.req_id), f"v{interview.version}"]))
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


@workbench_bp.get("/<row_id:interview_id>/room")
@page("reader")
def room(interview_id: int) -> str:
    """The interview in the room: all that is entered there stays in the browser."""
    interview, requisition = _found(interview_id)
    shown = sheet_of(interview, requisition)
    styles = [static_url(name) for name in STYLES]
    # Without their version: they name each other without one, and no two of different versions must meet.
    scripts = [url_for("workbench.static", filename=name) for name in SCRIPTS]
    files = room_files([*styles, *scripts, static_url(ICON)], request.path, url_for("workbench.room_worker"), _scope())
    return render(
        "room.html",
        sheet=shown,
        styles=styles,
        script=scripts[0],
        data=script_json(room_data(interview, requisition, shown)),
        labels=script_json(shown.labels),
        files=script_json(files),
    )


@workbench_bp.get(f"/{WORKER}")
@page("anybody")
def room_worker() -> Response:
    """What lets the room be opened without a network. Here, because a worker serves what is below its own address."""
    return Response((STATIC_FOLDER / WORKER).read_bytes(), mimetype="text/javascript")


def _scope() -> str:
    """The address that those of all pages begin with."""
    return url_for("workbench.room_worker").removesuffix(WORKER)


def _found(interview_id: int) -> tuple[InterviewView, JobDescriptionView]:
    runtime = current_runtime()
    interview = runtime.generation.get_interview(interview_id)
    return interview, runtime.enhancement.get_job_description(interview.req_id)
