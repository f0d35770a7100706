"""The page to send a requisition on: its form, what is found in it as it is typed, and its sending."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from techscreen.errors import InvalidRequest, NotFound, TechScreenError
from techscreen.operations.interview_lists import interviews_page
from techscreen.schemas.generation import InterviewsQuery, JobDescriptionView
from techscreen.web.auth import current_caller
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import begin_generation
from techscreen.web.error_handlers import SENTENCES
from techscreen.web.job_views import job_for
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.rendering import render
from techscreen.workbench.requisition_form import (
    ENHANCEMENT,
    FIELDS,
    LIBRARY_CHOICES,
    WORK,
    WORKFLOW,
    Texts,
    findings_of,
    key_of,
    problems_by_field,
    request_of,
    texts_of,
    typed_texts,
)
from techscreen.workbench.samples import SAMPLES, sample_requisition


@workbench_bp.get("/new")
@page("generator")
def new_requisition() -> str | AnyResponse:
    """The form: empty, or filled with a sample, with a stored requisition or with what a failed job was asked for."""
    if "retry" in request.args:
        return _to_try_again(request.args["retry"])
    texts: Texts = {}
    if "sample" in request.args:
        texts = sample_requisition(request.args["sample"])
    elif "from" in request.args:
        texts = texts_of(current_runtime().enhancement.get_job_description(request.args["from"]))
    return _form(texts, key_of({}), is_sample="sample" in request.args, filled_from=request.args.get("from"))


@workbench_bp.post("/new")
@page("generator")
def requisition_sent() -> str | AnyResponse:
    """Begin what was asked for, and go on to the page that follows it."""
    texts, key = typed_texts(request.form), key_of(request.form)
    try:
        asked = request_of(texts, request.form.get("do", WORKFLOW), current_runtime().settings)
        job_id = begin_generation(asked, key)
    except InvalidRequest as error:
        problems = problems_by_field(error.details)
        return Response(_form(texts, key, problems=problems, failure=None if problems else error.message), 400)
    except TechScreenError as error:
        return Response(_form(texts, key, failure=error.message), error.status)
    except HTTPException as error:  # the limit of generations
        status = error.code or 500
        return Response(_form(texts, key, failure=SENTENCES.get(status, error.name)), status)
    return redirect(url_for(".job", job_id=job_id, sent=key), 303)


@workbench_bp.get("/new/known")
@page("generator")
def known_requisition() -> str:
    """What is known of a requisition id that is being typed; nothing, if it is not in use yet."""
    return render("new_known.html", known=_known(request.args.get("req_id", "")))


@workbench_bp.post("/checks")
@page("generator")
def typed_texts_checked() -> str:
    """What is found in the texts that are being typed, for the places beside their fields."""
    return render("new_findings.html", findings=findings_of(typed_texts(request.form)), is_answer=True)


def _to_try_again(job_id: str) -> str | AnyResponse:
    """The form of a failed job. The job no longer has its texts: they are in the database, or in the browser alone."""
    caller = current_caller()
    job = job_for(caller, job_id)
    if job.operation not in (WORKFLOW, ENHANCEMENT) or job.status not in ("failed", "cancelled"):
        return redirect(url_for(".job", job_id=job_id), 303)
    known = _known(job.req_id or "")
    texts = texts_of(known["stored"]) if known else {"req_id": job.req_id or ""}
    # A key belongs to its user.
    own_key = job.idempotency_key if job.user_id == caller.user_id else None
    return _form(texts, own_key or key_of({}), retried=job, is_stored=known is not None)


def _form(texts: Texts, key: str, **values: Any) -> str:
    settings = current_runtime().settings
    checked = findings_of(texts) if texts else {}
    return render(
        "new.html",
        **{
            "texts": {"use_library": settings.use_library, **{name: text for name, text in texts.items() if text}},
            "key": key,
            "findings": checked,
            "problems": {},
            "failure": None,
            "is_sample": False,
            "filled_from": None,
            "retried": None,
            "is_stored": False,
            "known": _known(texts.get("req_id", "")),
            "fields": FIELDS,
            "work": WORK,
            "workflow": WORKFLOW,
            "enhancement": ENHANCEMENT,
            "library_choices": LIBRARY_CHOICES,
            "samples": SAMPLES,
            "asks_claude": settings.asks_claude,
            "has_key": settings.claude_api_key is not None,
            "usual_library_use": settings.use_library,
            **values,
        },
    )


def _known(req_id: str) -> dict[str, Any] | None:
    """The stored requisition with this id and how many interviews it has; None if there is none."""
    if not req_id or len(req_id) > FIELDS["req_id"].most:
        return None
    try:
        stored: JobDescriptionView = current_runtime().enhancement.get_job_description(req_id)
    except NotFound:
        return None
    return {"stored": stored, "interviews": interviews_page(req_id, InterviewsQuery(limit=1)).total}
