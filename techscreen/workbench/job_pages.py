"""The page that follows a job while it is made, tells why it failed, and leads to what it has made."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, flash, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from models import GenerationJob
from techscreen.errors import NotFound, TechScreenError
from techscreen.schemas.generation import GenerateRequest
from techscreen.schemas.problems import validated
from techscreen.web.auth import current_caller
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import begin_generation, follow
from techscreen.web.error_handlers import SENTENCES
from techscreen.web.job_views import job_for
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.job_errors import trouble_of
from techscreen.workbench.job_story import ENHANCEMENT, GENERATION, SOURCES, WORKFLOW, story_of
from techscreen.workbench.page import page
from techscreen.workbench.rendering import render

# After REQUEST_TIMEOUT and so many seconds, something is wrong with what is still at work.
GRACE_SECONDS = 30


@workbench_bp.get("/jobs/<job_id>")
@page("reader")
def job(job_id: str) -> str | Response:
    """How far a job is. `sent` in the address is the key of the form that it was begun with."""
    try:
        row = job_for(current_caller(), job_id)
    except NotFound:
        return Response(render("job_gone.html"), 404)
    return render("job.html", sent=request.args.get("sent"), **_told(row))


@workbench_bp.get("/jobs/<job_id>/progress")
@page("reader")
def job_progress(job_id: str) -> str:
    """The part of that page that changes."""
    return render("job_progress.html", **_told(job_for(current_caller(), job_id)))


@workbench_bp.get("/jobs/<job_id>/events")
@page("reader")
def job_events(job_id: str) -> Response:
    """What happens, as it happens, for the script of that page."""
    return follow(job_for(current_caller(), job_id))


@workbench_bp.post("/jobs/<job_id>/again")
@page("generator")
def job_begun_again(job_id: str) -> AnyResponse:
    """Begin a failed interview again, under the same key, so that what was paid for is not paid again."""
    caller = current_caller()
    row = job_for(caller, job_id)
    if row.operation == GENERATION and row.status in ("failed", "cancelled"):
        key = row.idempotency_key if row.user_id == caller.user_id else None
        try:
            job_id = begin_generation(_interview_asked_again(row), key or uuid4().hex)
        except TechScreenError as error:
            flash(error.message, "error")
        except HTTPException as error:  # the limit of generations
            flash(SENTENCES.get(error.code or 500, error.name), "error")
    return redirect(url_for(".job", job_id=job_id), 303)


def _interview_asked_again(row: GenerationJob) -> GenerateRequest:
    """The request of a failed job, which has it no more: from what is stored, and from the page that had seen it."""
    stored = current_runtime().enhancement.get_job_description(row.req_id or "")
    optional = {name: request.form.get(name) or None for name in ("interview_name", "use_library")}
    asked = {"req_id": row.req_id, "job_description_id": stored.job_description_id, **optional}
    return validated(GenerateRequest, asked)


def _told(row: GenerationJob) -> dict[str, Any]:
    """What the templates need."""
    story, settings = story_of(row), current_runtime().settings
    asked = row.request or {}
    return {
        "story": story,
        "error": story.job.error,
        "trouble": trouble_of((story.job.error or {}).get("code")) if story.state == "failed" else None,
        "was_stored": _is_stored_as_sent(row) if story.state == "failed" else False,
        "sources": SOURCES,
        "is_own": row.user_id == current_caller().user_id,
        "longest": settings.request_timeout + GRACE_SECONDS,
        "asks_claude": settings.asks_claude,
        "keeps_questions": settings.enable_question_cache,
        "goes_back_to_form": row.operation in (WORKFLOW, ENHANCEMENT),
        "can_begin_again": row.operation == GENERATION,
        "asked_again": {name: asked[name] for name in ("interview_name", "use_library") if asked.get(name)},
        "back": _question_page(story.interview_id, story.number),
    }


def _is_stored_as_sent(row: GenerationJob) -> bool:
    """Whether the texts that a failed job was given are stored: those of a new requisition are, before all else."""
    if row.operation not in (WORKFLOW, ENHANCEMENT) or row.req_id is None:
        return False
    try:
        stored = current_runtime().enhancement.get_job_description(row.req_id)
    except NotFound:
        return False
    return stored.enhanced_at is None or row.job_description_id is not None


def _question_page(interview_id: int | None, number: int | None) -> str | None:
    """The question that something was asked for; an address may name it where a failed job does not."""
    interview_id = interview_id or request.args.get("interview_id", type=int)
    number = number or request.args.get("number", type=int)
    if interview_id is None:
        return None
    return url_for(".interview", interview_id=interview_id, _anchor=f"question-{number}" if number else None)
