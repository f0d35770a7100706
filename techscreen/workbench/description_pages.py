"""The page of a requisition: its interviews, its job description before and after, and editing that in place.

A requisition's id comes in, a page goes out; what was typed is saved by the same service as the API's changes.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, flash, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from techscreen.errors import InvalidRequest, NotFound, Stale, TechScreenError, Unauthenticated
from techscreen.operations.description_changes import own_change
from techscreen.operations.interview_lists import interview_versions
from techscreen.operations.requisition_lists import known_requisition
from techscreen.operations.typed_texts import typed_findings
from techscreen.schemas.editing import JobDescriptionChange
from techscreen.schemas.fields import MAX_SHORT_TEXT, MAX_TEXT
from techscreen.schemas.generation import GenerateRequest, JobDescriptionView
from techscreen.schemas.problems import validated
from techscreen.text.page import readable
from techscreen.web.auth import current_caller, may
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import answer_at_once, begin_generation
from techscreen.web.error_handlers import SENTENCES
from techscreen.web.job_views import job_for
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.description import place_words, texts_of
from techscreen.workbench.description_form import (
    LEVELS,
    PARTS,
    TYPES,
    Part,
    field_of,
    form_of,
    on_top_of,
    patch_of,
    sentence_of,
    typed_form,
)
from techscreen.workbench.marked_text import Found, marked_markdown
from techscreen.workbench.page import page
from techscreen.workbench.plain_words import language_name
from techscreen.workbench.rendering import asked_by_script, render
from techscreen.workbench.requisition_form import LIBRARY_CHOICES, WORK, key_of
from techscreen.workbench.sent import tags_sent, text_sent

STAYS_AS_IT_IS = "Interviews that exist already stay as they are; the next one that is generated follows it."


@workbench_bp.get("/requisitions/<req_in_path:req_id>")
@page("reader")
def requisition(req_id: str) -> str:
    """The home of a requisition."""
    view = _description(req_id)
    edited = _part(request.args.get("edit", "")) if may(current_caller(), "editor") else None
    return _page(view, typed=form_of(view) if edited else None, edited=edited)


@workbench_bp.post("/descriptions/<req_in_path:req_id>")
@page("editor")
def description_sent(req_id: str) -> AnyResponse:
    """Save what was typed; or show it as it will look."""
    part = _part(request.form.get("part", ""))
    if part is None:
        raise InvalidRequest("It is not known what to save: use the buttons of the page.")
    typed = typed_form(request.form.to_dict())
    if request.form.get("do") == "preview":
        return Response(_page(_description(req_id), typed=typed, edited=part, has_preview=True))
    try:
        patch = patch_of(typed, part)
    except InvalidRequest as error:
        problems = {field_of(each.field, typed): sentence_of(each.field, each.message) for each in error.details}
        return Response(_page(_description(req_id), typed=typed, edited=part, problems=problems), error.status)
    tags, own, kept = tags_sent(), patch, ""
    while True:
        try:
            if own:
                answer_at_once(JobDescriptionChange(req_id=req_id, if_match=tags, patch=own))
            break
        except Stale as error:
            theirs, change = error.current, own_change(error.current, typed.etag, patch)
            if not change.is_free:
                mine = on_top_of(theirs, typed, change.patch)
                return Response(_page(theirs, typed=mine, edited=part, conflict=change.difference), error.status)
            tags, own = [theirs.etag], change.patch
            by = theirs.edited_by_user_id or "somebody"
            kept = f" What {by} changed meanwhile was kept." if by != current_caller().user_id else ""
    flash(f"Saved.{kept} {STAYS_AS_IT_IS}")
    anchor = "interview-topics" if part == "topics" else "job-description"
    return redirect(url_for(".requisition", req_id=req_id, saved=part, _anchor=anchor), 303)


@workbench_bp.post("/preview")
@page("editor")
def description_preview() -> str:
    """A description as it will look, for a page that is being typed on."""
    return render("description_preview.html", **_preview(text_sent("description")))


@workbench_bp.post("/generate/<req_in_path:req_id>")
@page("generator")
def generation_sent(req_id: str) -> AnyResponse:
    """Begin to generate an interview, and go on to the page that follows it."""
    view, key = _description(req_id), key_of(request.form)
    given = {
        "req_id": req_id,
        "job_description_id": view.job_description_id,
        "interview_name": text_sent("interview_name"),
        "use_library": _library_use(),
    }
    try:
        job_id = begin_generation(validated(GenerateRequest, given), key)
    except (Unauthenticated, NotFound):
        raise
    except InvalidRequest as error:
        sentence = error.message.replace("interview_name", "The name", 1)
        return Response(_page(view, key=key, generation_problem=sentence), error.status)
    except TechScreenError as error:
        return Response(_page(view, key=key, generation_problem=error.message), error.status)
    except HTTPException as error:  # the limit of generations
        status = error.code or 500
        return Response(_page(view, key=key, generation_problem=SENTENCES.get(status, error.name)), status)
    return redirect(url_for(".job", job_id=job_id), 303)


def _library_use() -> str | None:
    """The choice, if it differs from what the service does anyway."""
    settings, chosen = current_runtime().settings, request.form.get("use_library", "")
    return chosen if chosen and settings.asks_claude and chosen != settings.use_library else None


def _description(req_id: str) -> JobDescriptionView:
    return current_runtime().enhancement.get_job_description(req_id)


def _part(name: str) -> Part | None:
    return next((part for part in PARTS if part == name), None)


def _may_follow(job_id: str | None) -> bool:
    """Whether the caller may see the job that is making something of the requisition."""
    try:
        return job_id is not None and job_for(current_caller(), job_id) is not None
    except NotFound:
        return False


def _page(view: JobDescriptionView, **more: Any) -> str:
    settings = current_runtime().settings
    texts = texts_of(
        view,
        readable(view.basic_jd.description),
        marks_changes=MARKS.get(request.args.get("changes", "")),
        is_edited=more.get("edited") == "text",
    )
    versions = interview_versions(view.req_id, request.args.get("cursor"))
    values: dict[str, Any] = {
        "typed": None,
        "edited": None,
        "problems": {},
        "conflict": None,
        "generation_problem": None,
        "key": uuid4().hex,
        "has_preview": False,
        **more,
    }
    if values["edited"] == "text" and values["typed"]:
        values["preview"] = _preview(values["typed"].description)
    requisition = known_requisition(view.req_id)
    return render(
        "requisition.html",
        requisition=requisition,
        may_follow=_may_follow(requisition.running_job_id),
        view=view,
        texts=texts,
        versions=versions,
        place_words=place_words,
        language_name=language_name,
        levels=LEVELS,
        types=TYPES,
        work=WORK,
        most={"title": MAX_SHORT_TEXT, "description": MAX_TEXT},
        asks_claude=settings.asks_claude,
        usual_library_use=settings.use_library,
        library_choices=LIBRARY_CHOICES,
        sent=request.form,
        saved=request.args.get("saved"),
        **values,
    )


MARKS = {"marked": True, "plain": False}


def _preview(text: str) -> dict[str, Any]:
    """What the preview of a description shows: the text, and what the rules find in it."""
    found = typed_findings(text, "jd")
    places = tuple(
        Found(each.found.start, each.found.end, number, f"typed-{number}", "typed-note")
        for number, each in enumerate(found, 1)
    )
    return {"shown": marked_markdown(text, (), places, below=4), "found": found, "by_script": asked_by_script()}
