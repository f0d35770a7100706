"""What administrators look after: the question cache, with what a leaked question means, and what Claude has cost.

Queries and orders come in, pages go out.
"""

from __future__ import annotations

from typing import Any, get_args

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from prompts import SkillLevel
from techscreen.errors import InvalidRequest
from techscreen.operations.question_uses import uses_of
from techscreen.schemas.operations import CacheAnswer, CacheQuery, CacheState, RetireOrder, RetireRequest
from techscreen.schemas.problems import validated
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import answer_at_once
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.plain_words import LANGUAGES, feedback_words, language_name
from techscreen.workbench.rendering import render
from techscreen.workbench.sent import text_sent

FILTERS = ("topic", "technology", "skill_level", "language", "state", "order")
# What each state of a cached question means.
STATES = {
    "available": "may be lent to a requisition with the same topic",
    "withheld": "kept for its own requisition, because something in it is confidential or was found by the checks",
    "complained": "no longer lent: too many people have complained",
    "used_up": "no longer lent: it is in as many requisitions as it may be",
    "expired": "no longer lent: it is too old",
    "outdated": "no longer lent: the prompts have changed since",
    "retired": "never lent again: somebody has retired it",
}
ORDERS = {"newest": "Newest", "oldest": "Oldest", "most_used": "Most used", "least_used": "Least used"}


@workbench_bp.get("/cache")
@page("admin")
def question_cache() -> str | Response:
    """The question cache: counts, most and least used, and its questions page by page."""
    given = _given("page", *FILTERS)
    try:
        return _overview(given, current_runtime().cache.overview(validated(CacheQuery, given)))
    except InvalidRequest as error:
        problem = " ".join(f"{detail.message}" for detail in error.details)
    return Response(_overview({}, current_runtime().cache.overview(CacheQuery()), problem), 400)


@workbench_bp.get("/cache/<row_id:cached_question_id>")
@page("admin")
def cached_question(cached_question_id: int) -> str:
    """One cached question, the interviews that contain it, and the form that retires it."""
    return _question_page(cached_question_id)


@workbench_bp.post("/cache/<row_id:cached_question_id>/retire")
@page("admin")
def cached_question_retired(cached_question_id: int) -> str | AnyResponse:
    """Never lend a question again, then show which interviews contain it."""
    typed = {name: text_sent(name) for name in ("reason", "url")}
    try:
        given = validated(RetireRequest, typed)
    except InvalidRequest as error:
        problems = {problem.field: f"This {problem.message.partition(' ')[2]}" for problem in error.details}
        return Response(_question_page(cached_question_id, typed, problems), error.status)
    answer_at_once(RetireOrder(cached_question_id=cached_question_id, **given.model_dump()))
    flash("The question is retired: it is never lent again. See below which interviews contain it.")
    return redirect(url_for(".cached_question", cached_question_id=cached_question_id), 303)


def _overview(given: dict[str, str], found: CacheAnswer, problem: str | None = None) -> str:
    asked = {name: value for name, value in given.items() if name != "page"}
    pages = max(1, -(-found.matching // found.page_size))
    return render(
        "cache.html",
        found=found,
        asked=asked,
        problem=problem,
        pages=pages,
        before=_address(asked, min(found.page - 1, pages)) if found.page > 1 else None,
        after=_address(asked, found.page + 1) if found.page < pages else None,
        is_on=current_runtime().settings.enable_question_cache,
        states=get_args(CacheState),
        state_words=STATES,
        orders=ORDERS,
        levels=get_args(SkillLevel),
        languages=LANGUAGES,
        language_name=language_name,
    )


def _question_page(
    cached_question_id: int, typed: dict[str, str] | None = None, problems: dict[str, str] | None = None
) -> str:
    return render(
        "cached_question.html",
        one=current_runtime().cache.get(cached_question_id),
        uses=uses_of(cached_question_id),
        typed=typed or {},
        problems=problems or {},
        state_words=STATES,
        language_name=language_name,
        feedback_words=feedback_words,
    )


def _given(*names: str) -> dict[str, str]:
    """What the address gives of these, without blanks: an empty field of a form says nothing."""
    values = ((name, request.args.get(name, "").strip()) for name in names)
    return {name: value for name, value in values if value}


def _address(asked: dict[str, str], number: int) -> str:
    query: dict[str, Any] = {**asked, "page": number}
    return url_for(".question_cache", **query)
