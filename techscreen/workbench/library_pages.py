"""The library: its list, its health, the page of one question, and the files that go out.

A query or the id of a question comes in, pages go out. `library_edit_pages.py` has the forms, and
`library_import_pages.py` takes files in.
"""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from models import utc_now
from prompts import SkillLevel
from techscreen.errors import InvalidRequest, NotImportable, Stale
from techscreen.library.formats import MEDIA_TYPES
from techscreen.library.questions import get_question, list_questions
from techscreen.library.starter import load_starter
from techscreen.library.transfer import export_questions
from techscreen.operations.library_health import (
    findings_by_question,
    library_health,
    library_summary,
    starter_questions_missing,
)
from techscreen.operations.question_uses import uses_of
from techscreen.schemas.library import ExportQuery, LibraryAnswer, LibraryChange, LibraryQuery
from techscreen.schemas.problems import validated
from techscreen.web.auth import current_caller, may
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import answer_at_once
from techscreen.web.responses import file_response
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.plain_words import feedback_words, language_name, place_words
from techscreen.workbench.rendering import render
from techscreen.workbench.sent import tags_sent, text_sent

LEVELS = get_args(SkillLevel)
FILTERS = ("topic", "technology", "skill_level", "language", "status", "owner", "review_due", "attention")
# Those that stand under "More filters".
RARE_FILTERS = ("technology", "owner", "review_due", "attention")
# Technologies and owners that the page about its health names.
MOST_NAMED = 24


@workbench_bp.get("/library")
@page("reader")
def library() -> str | AnyResponse:
    """The library, filtered and page by page; with `check`, the texts on the page are checked too."""
    given = _given("cursor", *FILTERS)
    try:
        return _list(given, list_questions(validated(LibraryQuery, given)))
    except InvalidRequest as error:
        problems = {problem.field: _as_sentence(problem.message) for problem in error.details}
    if "cursor" in problems:  # it belongs to other filters
        return redirect(_address(_given(*FILTERS)), 303)
    return Response(_list(given, None, problems), 400)


@workbench_bp.get("/library/health")
@page("reader")
def library_health_page() -> str:
    """How the library is: what it covers, and what in it somebody should look at."""
    max_complaints = current_runtime().settings.max_complaints
    return render(
        "library_health.html",
        health=library_health(max_complaints, _today()),
        today=str(_today()),
        levels=LEVELS,
        most_named=MOST_NAMED,
        language_name=language_name,
        max_complaints=max_complaints,
    )


@workbench_bp.get("/library/<row_id:library_question_id>")
@page("reader")
def library_question(library_question_id: int) -> str:
    """One question with all that is known about it."""
    return _question_page(library_question_id)


@workbench_bp.post("/library/<row_id:library_question_id>/retire")
@page("editor")
def library_question_retired(library_question_id: int) -> str | AnyResponse:
    """Take a question out of use. Interviews that have it keep it."""
    reason = text_sent("reason")
    return _changed(library_question_id, {"status": "retired", "reason": reason.strip() or None}, reason)


@workbench_bp.post("/library/<row_id:library_question_id>/bring-back")
@page("editor")
def library_question_brought_back(library_question_id: int) -> str | AnyResponse:
    """Put a retired question back into use, or among the drafts."""
    status = "draft" if request.form.get("status") == "draft" else "active"
    return _changed(library_question_id, {"status": status})


@workbench_bp.get("/library/export")
@page("reader")
def library_export() -> Response:
    """All questions but the retired ones, as a file."""
    form = validated(ExportQuery, request.args.to_dict()).format
    media_type = next(name for name, its_form in MEDIA_TYPES.items() if its_form == form)
    return file_response(export_questions(form), media_type, f"library.{form}")


@workbench_bp.post("/library/starter")
@page("admin")
def library_starter_loaded() -> AnyResponse:
    """Add the questions that come with the service and that the library does not have."""
    try:
        loaded = load_starter(current_caller().user_id)
    except NotImportable:
        flash("Somebody else is loading them at the moment. Look again in a minute.", "error")
    else:
        added = "1 question was" if loaded.added == 1 else f"{loaded.added} questions were"
        flash(f"{added} added. {loaded.known} were there already and stay as they are.")
    return redirect(url_for(".library"), 303)


def _list(given: dict[str, str], found: LibraryAnswer | None, problems: dict[str, str] | None = None) -> str:
    """The list, or only its filters with what is wrong with them."""
    asked = {name: value for name, value in given.items() if name != "cursor"}
    is_checked = bool(request.args.get("check"))
    return render(
        "library.html",
        found=found,
        summary=library_summary(_today()),
        asked=asked,
        problems=problems or {},
        is_first="cursor" not in given,
        next_address=_next_address(found, asked, is_checked),
        findings=findings_by_question([one.id for one in found.questions]) if found and is_checked else None,
        is_checked=is_checked,
        today=str(_today()),
        starter_missing=_starter_missing(),
        levels=LEVELS,
        more_is_open=is_checked or any(name in asked for name in RARE_FILTERS),
        language_name=language_name,
    )


def _changed(library_question_id: int, patch: dict[str, Any], reason: str = "") -> str | AnyResponse:
    """Make a change that was asked for on the page of a question, and go back there."""
    try:
        answer_at_once(LibraryChange(library_question_id=library_question_id, if_match=tags_sent(), patch=patch))
    except Stale as error:
        by = error.current.edited_by_user_id or "Somebody"
        problem = f"{by} has changed this question meanwhile. It is shown as it is now: look at it, then decide again."
        return Response(_question_page(library_question_id, problem, reason), error.status)
    except InvalidRequest as error:
        return Response(_question_page(library_question_id, error.message, reason), error.status)
    if patch["status"] == "retired":
        flash("The question is retired: no new interview gets it. Interviews that have it keep it.")
    else:
        flash("The question is back." if patch["status"] == "active" else "The question is back, as a draft.")
    return redirect(url_for(".library_question", library_question_id=library_question_id), 303)


def _question_page(library_question_id: int, problem: str | None = None, reason: str = "") -> str:
    answer = get_question(library_question_id)
    return render(
        "library_question.html",
        one=answer.question,
        findings=answer.findings,
        uses=uses_of(library_question_id),
        today=str(_today()),
        problem=problem,
        reason=reason,
        max_complaints=current_runtime().settings.max_complaints,
        language_name=language_name,
        feedback_words=feedback_words,
        place_words=place_words,
    )


def _given(*names: str) -> dict[str, str]:
    """What the address gives of these, without blanks: an empty field of a form says nothing."""
    values = ((name, request.args.get(name, "").strip()) for name in names)
    return {name: value for name, value in values if value}


def _next_address(found: LibraryAnswer | None, asked: dict[str, str], is_checked: bool) -> str | None:
    if found is None or found.next_cursor is None:
        return None
    check = {"check": "1"} if is_checked else {}
    return _address({**asked, **check, "cursor": found.next_cursor})


def _address(query: dict[str, Any]) -> str:
    return url_for(".library", **query)


def _today() -> date:
    return utc_now().date()


def _starter_missing() -> int:
    """How many questions an admin could add; 0 for everybody else."""
    return starter_questions_missing() if may(current_caller(), "admin") else 0


def _as_sentence(message: str) -> str:
    """A problem with a filter, as a sentence about the field that it stands beside."""
    return f"This {message.partition(' ')[2]}"
