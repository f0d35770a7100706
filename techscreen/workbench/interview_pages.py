"""The page of an interview, and changes of it as a whole: its name, the order and number of its questions, undo."""

from __future__ import annotations

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from techscreen.editing.states import DRAFT
from techscreen.errors import InvalidRequest, NotEditable, NotFound, Stale
from techscreen.operations.meanwhile import TakeBack, name_in, order_in, question_in, state_seen, take_backs
from techscreen.schemas.editing import (
    AddQuestionOrder,
    InterviewPatch,
    RedoOrder,
    RemoveQuestionOrder,
    RenameOrder,
    ReorderOrder,
    UndoOrder,
)
from techscreen.schemas.generation import InterviewView, QuestionView
from techscreen.schemas.problems import validated
from techscreen.web.container import current_runtime
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.interview_answers import (
    bench,
    changed,
    done,
    not_done,
    number_sent,
    parts,
    stored,
    who_changed,
)
from techscreen.workbench.interview_views import Typed
from techscreen.workbench.page import page
from techscreen.workbench.question_forms import content_from, new_question_from, problems_by_place
from techscreen.workbench.rendering import asked_by_script, render

INTERVIEW = "/<row_id:interview_id>"


@workbench_bp.get(INTERVIEW)
@page("reader")
def interview(interview_id: int) -> str:
    """An interview, to be read or edited."""
    return interview_page(stored(interview_id))


def interview_page(shown: InterviewView, typed: dict[str, Typed] | None = None, adding: Typed | None = None) -> str:
    """The page, with what could not be saved.

    Args:
        typed: by the lineage of the question.
        adding: what was typed into the form for a new question.
    """
    requisition = current_runtime().enhancement.get_job_description(shown.req_id)
    return render("interview.html", **bench(shown, typed), requisition=requisition, adding=adding)


@workbench_bp.get(f"{INTERVIEW}/now")
@page("reader")
def interview_now(interview_id: int) -> Response:
    """What has changed since the page was made; 204 if nothing has."""
    now = stored(interview_id)
    if now.revision == number_sent("seen") and "all" not in request.args:
        return Response(status=204)
    return parts(now)


@workbench_bp.post(f"{INTERVIEW}/name")
@page("editor")
def rename_interview(interview_id: int) -> AnyResponse:
    """Give it another name."""
    try:
        name = validated(InterviewPatch, {"interview_name": request.form.get("interview_name", "")}).interview_name
    except InvalidRequest as error:
        return not_done(interview_id, error.message.replace("interview_name", "The name"), 400)
    try:
        now, before = changed(
            interview_id,
            lambda seen: RenameOrder(interview_id=interview_id, if_match=[seen.etag], interview_name=name),
            name_in,
        )
    except Stale as error:
        sentence = f"{who_changed(interview_id)} has renamed it meanwhile, to “{_now(error).interview_name}”."
        return not_done(interview_id, sentence, 412)
    except NotEditable:
        return no_draft(interview_id)
    return done(now, "It has its new name.", until=before)


@workbench_bp.post(f"{INTERVIEW}/order")
@page("editor")
def move_question(interview_id: int) -> AnyResponse:
    """Put a question in another place: `lineage` says which, `to` is the number that it gets."""
    lineage, place = request.form.get("lineage", ""), number_sent("to")

    def order(seen: InterviewView) -> ReorderOrder:
        numbers = [question.question_number for question in seen.questions]
        own = question_now(seen, lineage).question_number
        others = [number for number in numbers if number != own]
        at = max(0, min(place - 1, len(others)))
        return ReorderOrder(interview_id=interview_id, if_match=[seen.etag], order=[*others[:at], own, *others[at:]])

    try:
        now, before = changed(interview_id, order, order_in)
    except Stale:
        sentence = f"{who_changed(interview_id)} has changed the order meanwhile. Move it again if you still want to."
        return not_done(interview_id, sentence, 412)
    except NotEditable:
        return no_draft(interview_id)
    number = question_now(now, lineage).question_number
    return done(
        now, f"It is now question {number} of {len(now.questions)}.", until=before, anchor=f"#question-{number}"
    )


@workbench_bp.post(f"{INTERVIEW}/questions")
@page("editor")
def add_question(interview_id: int) -> AnyResponse:
    """Add a question of one's own at the end."""
    planned = _sixth(stored(interview_id)) if request.form.get("sixth") else []
    try:
        question = new_question_from(request.form, planned)
    except InvalidRequest as error:
        problems = problems_by_place(error.details)
        if asked_by_script():
            return not_done(interview_id, " ".join(problems.values()), 400)
        adding = Typed(content_from(request.form), problems)
        return Response(interview_page(stored(interview_id), adding=adding), 400)
    try:
        now, before = changed(
            interview_id,
            lambda seen: AddQuestionOrder(interview_id=interview_id, if_match=[seen.etag], question=question),
        )
    except NotEditable as error:
        return no_draft(interview_id, error.message)
    number = len(now.questions)
    return done(now, f"Question {number} was added.", until=before, anchor=f"#question-{number}")


@workbench_bp.post(f"{INTERVIEW}/questions/<row_id:number>/remove")
@page("editor")
def remove_question(interview_id: int, number: int) -> AnyResponse:
    """Take a question out."""
    lineage = request.form.get("lineage", "")
    try:
        now, before = changed(
            interview_id,
            lambda seen: RemoveQuestionOrder(
                interview_id=interview_id,
                if_match=[seen.etag],
                number=question_now(seen, lineage).question_number,
            ),
            question_in(lineage),
        )
    except Stale:
        sentence = (
            f"It was not removed: {who_changed(interview_id)} has changed question {number} meanwhile. "
            "Look at it, and remove it again if you still want to."
        )
        return not_done(interview_id, sentence, 412, f"#question-{number}")
    except NotEditable as error:
        return no_draft(interview_id, error.message)
    return done(now, f"Question {number} was removed. “Undo” brings it back.", until=before)


@workbench_bp.post(f"{INTERVIEW}/undo")
@page("editor")
def undo(interview_id: int) -> AnyResponse:
    """Take the newest change back."""
    return _take_back(interview_id, UndoOrder, "Taken back")


@workbench_bp.post(f"{INTERVIEW}/redo")
@page("editor")
def redo(interview_id: int) -> AnyResponse:
    """Make again what was taken back last."""
    return _take_back(interview_id, RedoOrder, "Made again")


def _take_back(interview_id: int, order: type[UndoOrder] | type[RedoOrder], what: str) -> AnyResponse:
    back, forth = take_backs(interview_id)
    wanted = back if order is UndoOrder else forth
    try:
        now, before = changed(
            interview_id,
            lambda seen: order(interview_id=interview_id, if_match=[seen.etag], to=number_sent("to")),
        )
    except (Stale, NotEditable) as error:
        if (already := _taken_back_already(interview_id, order)) is not None:
            now = stored(interview_id)
            return done(now, f"{what} already: {already}.", until=now.revision)
        if isinstance(error, NotEditable):
            return no_draft(interview_id, error.message)
        said = (
            f"{who_changed(interview_id)} has changed something meanwhile, so nothing was taken back. Look at it first."
        )
        return not_done(interview_id, said, 412)
    return done(now, f"{what}: {_summary(wanted)}.", until=before)


def _taken_back_already(interview_id: int, order: type[UndoOrder] | type[RedoOrder]) -> str | None:
    """What the same order has done before, as the first click of a double one; None if it is another matter."""
    now = stored(interview_id)
    wanted, present = state_seen(interview_id, number_sent("to")), state_seen(interview_id, now.revision)
    back, forth = take_backs(interview_id)
    opposite = forth if order is UndoOrder else back
    if now.status != DRAFT or wanted is None or present is None or opposite is None:
        return None
    is_so = all(wanted[name] == present[name] for name in ("interview_name", "questions"))
    return _summary(opposite) if is_so else None


def _summary(change: TakeBack | None) -> str:
    return "; ".join(change.summary) if change else "the change"


def question_now(shown: InterviewView, lineage: str) -> QuestionView:
    """A question by its lineage.

    Raises:
        NotFound: if the interview does not have it any more.
    """
    for question in shown.questions:
        if question.lineage == lineage:
            return question
    raise NotFound("The interview does not have this question any more.")


def no_draft(interview_id: int, sentence: str | None = None) -> AnyResponse:
    """The answer where nothing can be changed.

    Args:
        sentence: why, if it is a draft.
    """
    if stored(interview_id).status != DRAFT:
        sentence = (
            "It is no draft any more, so it cannot be changed. “Review and publish” says how to make the next version."
        )
    return not_done(interview_id, sentence or "It cannot be changed.", 409)


def _now(error: Stale) -> InterviewView:
    assert isinstance(error.current, InterviewView)
    return error.current


def _sixth(shown: InterviewView) -> list[dict[str, str]]:
    """What the topic rests on that is offered for a sixth question, if it is still the one that was sent."""
    coverage = shown.quality.coverage if shown.quality else None
    topic = coverage.optional_topic if coverage else None
    if topic is None or topic.topic != request.form.get("sixth"):
        return []
    return [item.model_dump() for item in topic.work_items]
