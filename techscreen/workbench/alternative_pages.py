"""Replacing a question: alternatives are asked for, shown beside it, and one is taken; and criteria are suggested.

Asking begins a job. The page, or its part in the page of the interview, looks at the job until it has ended.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from techscreen.editing.merging import content_of
from techscreen.errors import InvalidRequest, NotEditable, NotFound, Stale, TechScreenError
from techscreen.operations.meanwhile import question_in
from techscreen.schemas.alternatives import (
    MAX_ALTERNATIVES,
    MAX_SUGGESTIONS,
    AlternativesOrder,
    CriteriaAnswer,
    CriteriaOrder,
)
from techscreen.schemas.editing import AcceptAlternativeOrder, EditQuestionOrder, QuestionPatch
from techscreen.schemas.generation import InterviewView, QuestionView
from techscreen.schemas.jobs import JobAnswer
from techscreen.schemas.problems import validated
from techscreen.web.auth import current_caller
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import begin_generation
from techscreen.web.job_views import job_answer, job_for
from techscreen.workbench import interview_views as views
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.interview_answers import changed, done, not_done, stored, who_changed
from techscreen.workbench.interview_pages import no_draft, question_now
from techscreen.workbench.page import page
from techscreen.workbench.question_pages import QUESTION
from techscreen.workbench.rendering import asked_by_script, render

KINDS = {
    "easier": ("Easier", "the same topic, one level down"),
    "harder": ("Harder", "the same topic, one level up"),
    "shorter": ("Shorter", "fewer words and minutes"),
    "other_scenario": ("Another situation", "for a question that has leaked: same topic, same aims"),
    "other_topic": ("Another topic", "one of the requisition’s that is not asked about yet"),
}
OVER = ("succeeded", "failed", "cancelled")


@workbench_bp.get(f"{QUESTION}/alternatives")
@page("reader")
def alternatives(interview_id: int, number: int) -> str:
    """A question, and beside it all alternatives that it was offered so far."""
    return _alternatives(interview_id, number, _job())


@workbench_bp.post(f"{QUESTION}/alternatives")
@page("editor")
def ask_for_alternatives(interview_id: int, number: int) -> AnyResponse:
    """Ask for alternatives: the library or Claude offers them, and nothing changes."""
    shown = stored(interview_id)
    number = _number_now(shown, number)
    asked = _asked()
    try:
        order = validated(AlternativesOrder, {**asked, "interview_id": interview_id, "number": number})
        job_id = begin_generation(order, request.form.get("key") or uuid.uuid4().hex)
    except TechScreenError as error:
        body = _alternatives(interview_id, number, None, asked=request.form, problem=_plain(error))
        return Response(body, error.status)
    if asked_by_script():
        return Response(_alternatives(interview_id, number, job_answer(job_for(current_caller(), job_id))))
    address = url_for("workbench.alternatives", interview_id=interview_id, number=number, job=job_id)
    return redirect(address, 303)


@workbench_bp.get(f"{QUESTION}/alternatives/work")
@page("reader")
def alternatives_work(interview_id: int, number: int) -> Response:
    """What has come of asking: 204 while it is worked on."""
    job = _job()
    if job is None or job.status not in OVER:
        return Response(status=204)
    return Response(_alternatives(interview_id, number, job, template="alternatives_found.html", polled=True))


@workbench_bp.post(f"{QUESTION}/alternatives/<row_id:alternative>/accept")
@page("editor")
def accept_alternative(interview_id: int, number: int, alternative: int) -> AnyResponse:
    """Put an alternative in the place of the question."""
    lineage = request.form.get("lineage", "")
    try:
        now, before = changed(
            interview_id,
            lambda seen: AcceptAlternativeOrder(
                interview_id=interview_id,
                if_match=[seen.etag],
                number=question_now(seen, lineage).question_number,
                alternative=alternative,
            ),
            question_in(lineage),
        )
    except Stale:
        sentence = (
            f"It was not replaced: {who_changed(interview_id)} has changed question {number} meanwhile. "
            "Look at it, and take the alternative again if you still want to."
        )
        return not_done(interview_id, sentence, 412, f"#question-{number}")
    except NotEditable as error:
        return no_draft(interview_id, _plain(error))
    sentence = f"Question {number} was replaced. “Undo” brings the former one back."
    return done(now, sentence, until=before, anchor=f"#question-{number}")


@workbench_bp.get(f"{QUESTION}/criteria")
@page("editor")
def suggestions(interview_id: int, number: int) -> str:
    """Ask for further criteria, and see those that were suggested."""
    return _suggestions(interview_id, number, _job())


@workbench_bp.post(f"{QUESTION}/criteria/suggest")
@page("editor")
def suggest_criteria(interview_id: int, number: int) -> AnyResponse:
    """Ask Claude for further criteria; nothing changes."""
    number = _number_now(stored(interview_id), number)
    asked = _asked()
    try:
        order = validated(CriteriaOrder, {**asked, "interview_id": interview_id, "number": number})
        job_id = begin_generation(order, request.form.get("key") or uuid.uuid4().hex)
    except TechScreenError as error:
        return Response(_suggestions(interview_id, number, None, problem=_plain(error)), error.status)
    if asked_by_script():
        return Response(_suggestions(interview_id, number, job_answer(job_for(current_caller(), job_id))))
    return redirect(url_for("workbench.suggestions", interview_id=interview_id, number=number, job=job_id), 303)


@workbench_bp.get(f"{QUESTION}/criteria/suggest")
@page("editor")
def where_criteria_are_asked_for(interview_id: int, number: int) -> AnyResponse:
    """To the form, whose address a browser without a script shows after one was refused."""
    return redirect(url_for("workbench.suggestions", interview_id=interview_id, number=number), 303)


@workbench_bp.get(f"{QUESTION}/criteria/work")
@page("editor")
def suggestions_work(interview_id: int, number: int) -> Response:
    """What has come of asking for criteria: 204 while it is worked on."""
    job = _job()
    if job is None or job.status not in OVER:
        return Response(status=204)
    return Response(_suggestions(interview_id, number, job, template="suggestions_found.html", polled=True))


@workbench_bp.post(f"{QUESTION}/criteria")
@page("editor")
def add_criterion(interview_id: int, number: int) -> AnyResponse:
    """Add one criterion at the end: one that was suggested."""
    lineage = request.form.get("lineage", "")
    added = {name: request.form.get(name, "").replace("\r\n", "\n") for name in ("criterion", "description")}

    def order(seen: InterviewView) -> EditQuestionOrder:
        question = question_now(seen, lineage)
        patch: dict[str, object] = {"criteria": [*content_of(question)["criteria"], added]}
        validated(QuestionPatch, patch)
        return EditQuestionOrder(
            interview_id=interview_id, if_match=[seen.etag], number=question.question_number, patch=patch
        )

    try:
        now, before = changed(interview_id, order)
    except InvalidRequest as error:
        return not_done(interview_id, f"It was not added: {error.message}", 400, f"#question-{number}")
    except NotEditable:
        return no_draft(interview_id)
    return done(now, "The criterion was added at the end.", until=before, anchor=f"#question-{number}")


def _alternatives(
    interview_id: int,
    number: int,
    job: JobAnswer | None,
    template: str = "alternatives.html",
    **values: Any,
) -> str:
    shown = stored(interview_id)
    number = _number_now(shown, number)
    offered = current_runtime().alternatives.offered(interview_id, number)
    new = [each["number"] for each in job.result["alternatives"]] if job and job.result else []
    wish_findings = job.result["wish_findings"] if job and job.result else []
    missing = job.result["missing"] if job and job.result else 0
    newest = sorted(offered.alternatives, key=lambda each: (each.number not in new, -each.number))
    return _rendered(
        template,
        shown,
        offered.question,
        job,
        kinds=KINDS,
        most=MAX_ALTERNATIVES,
        alternatives=newest,
        new=new,
        missing=missing,
        wish_findings=wish_findings,
        **values,
    )


def _suggestions(
    interview_id: int, number: int, job: JobAnswer | None, template: str = "suggestions.html", **values: Any
) -> str:
    shown = stored(interview_id)
    question = _numbered(shown, _number_now(shown, number))
    suggested = CriteriaAnswer.model_validate(job.result).criteria if job and job.result else []
    there = {criterion.criterion for criterion in question.criteria}
    return _rendered(template, shown, question, job, most=MAX_SUGGESTIONS, suggested=suggested, there=there, **values)


def _rendered(template: str, shown: InterviewView, question: QuestionView, job: JobAnswer | None, **values: Any) -> str:
    failed = _without_calls(job.error["error"]) if job and job.status != "succeeded" and job.error else None
    return render(
        template,
        interview=shown,
        question=question,
        job=job,
        works=job is not None and job.status not in OVER,
        failed=failed,
        key=uuid.uuid4().hex,
        whole=not asked_by_script(),
        asks_claude=current_runtime().settings.asks_claude,
        **views.for_parts(),
        **values,
    )


def _asked() -> dict[str, Any]:
    count = request.form.get("count", "")
    given = {
        "kind": request.form.get("kind"),
        "wish": request.form.get("wish", "").replace("\r\n", "\n"),
        "count": int(count) if count.isdecimal() and len(count) < 4 else count,
    }
    return {name: value for name, value in given.items() if value not in (None, "")}


def _job() -> JobAnswer | None:
    job_id = request.args.get("job")
    return job_answer(job_for(current_caller(), job_id)) if job_id else None


def _number_now(shown: InterviewView, number: int) -> int:
    """The number of the question that was meant, which somebody may have moved."""
    lineage = request.values.get("lineage")
    return question_now(shown, lineage).question_number if lineage else number


def _numbered(shown: InterviewView, number: int) -> QuestionView:
    for question in shown.questions:
        if question.question_number == number:
            return question
    raise NotFound(f"This interview has no question {number}.")


def _plain(error: TechScreenError) -> str:
    """What an error says, without the calls of the API that it names."""
    if isinstance(error, InvalidRequest):
        names = {"kind": "Choose how it should differ.", "count": "Choose how many."}
        return " ".join(names.get(problem.field, problem.message.capitalize()) for problem in error.details)
    return _without_calls(error.message)


def _without_calls(sentence: str) -> str:
    return re.sub(r" \((GET|PATCH|POST|PUT) [^)]*\)", "", sentence)
