"""Changes of one question: its texts, saved while they are typed, its lock; and what people keep or say of it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from techscreen.editing.merging import ANCHORS, FIELDS, as_patch, content_of, merged
from techscreen.editing.states import DRAFT
from techscreen.errors import FieldProblem, InvalidRequest, NotEditable, NotFound, ReferenceTaken, Stale
from techscreen.operations.meanwhile import changed_since
from techscreen.schemas.editing import EditQuestionOrder, InterviewChange
from techscreen.schemas.feedback import FeedbackOrder
from techscreen.schemas.generation import InterviewAnswer, InterviewView, QuestionView
from techscreen.schemas.library import LibraryQuestionAnswer, SaveOrder
from techscreen.schemas.problems import validated
from techscreen.web.dispatch import answer_at_once
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.interview_answers import TRIES, changed, done, not_done, number_sent, parts, stored
from techscreen.workbench.interview_pages import INTERVIEW, interview_page, no_draft, question_now
from techscreen.workbench.interview_views import Typed
from techscreen.workbench.page import page
from techscreen.workbench.question_forms import content_from, content_given, fields_in, problems_by_place, sound_part
from techscreen.workbench.rendering import asked_by_script, message_only

QUESTION = f"{INTERVIEW}/questions/<row_id:number>"


@workbench_bp.post(QUESTION)
@page("editor")
def save_question(interview_id: int, number: int) -> AnyResponse:
    """Save what somebody has typed: the fields that they have changed, unless somebody else has changed them too."""
    saving = _Saving(interview_id)
    if saving.shown.status != DRAFT:
        return no_draft(interview_id)
    try:
        saving.save()
    except NotFound:
        sentence = "This question was taken out meanwhile. What you typed is kept: add it as a question of your own."
        return not_done(interview_id, sentence, 410, f"#question-{number}")
    except NotEditable:
        return no_draft(interview_id)
    return saving.answer(number)


@workbench_bp.get(f"{INTERVIEW}/questions")
@page("reader")
def where_questions_are_sent(interview_id: int) -> AnyResponse:
    """To the form of a new question, whose address a browser without a script shows after one was refused."""
    return redirect(url_for("workbench.interview", interview_id=interview_id) + "#add", 303)


@workbench_bp.get(QUESTION)
@page("reader")
def where_a_question_is_sent(interview_id: int, number: int) -> AnyResponse:
    """To a question: the same for one that is there already."""
    return redirect(url_for("workbench.interview", interview_id=interview_id) + f"#question-{number}", 303)


class _Saving:
    """One attempt to save a question, from the form of the request.

    Attributes:
        shown: the interview, in the end as it is then.
    """

    def __init__(self, interview_id: int) -> None:
        self.shown = stored(interview_id)
        self._lineage = request.form.get("lineage", "")
        self._mine, self._was = content_from(request.form), content_given(request.form)
        changed_there = request.form["changed"].split() if "changed" in request.form else FIELDS
        self._fields = tuple(name for name in fields_in(request.form) if name in changed_there)
        self._conflicts: tuple[str, ...] = ()
        self._problems: list[FieldProblem] = []
        self._saved: tuple[str, ...] = ()
        self._until: int | None = None

    def save(self) -> None:
        """Save what can be saved.

        Raises:
            NotFound: if there is no such question any more.
            NotEditable: if the interview is no draft any more.
            Stale: if others keep coming first.
        """
        for tried in range(1, TRIES + 1):
            question = question_now(self.shown, self._lineage)
            merge = merged(self._was, self._mine, content_of(question), self._fields)
            patch, self._problems = sound_part(as_patch(merge.values))
            self._conflicts = merge.conflicts
            self._saved = _fields_of(patch)
            if not patch:
                return
            try:
                self._store(question, patch)
                return
            except Stale:
                if tried == TRIES:
                    raise
                self.shown = stored(self.shown.id)

    def answer(self, number: int) -> AnyResponse:
        """What to show now."""
        same = tuple(name for name in self._fields if name not in (*self._conflicts, *self._bad))
        typed = self._typed()
        status = 412 if self._conflicts else 400 if self._problems else 200
        if asked_by_script():
            return parts(
                self.shown, status=status, until=self._until, typed=typed, saved=same, saved_lineage=self._lineage
            )
        if typed:
            return Response(interview_page(self.shown, typed), status)
        flash(f"Question {number} is saved.")
        return redirect(url_for("workbench.interview", interview_id=self.shown.id) + f"#question-{number}", 303)

    def _store(self, question: QuestionView, patch: dict[str, Any]) -> None:
        order = EditQuestionOrder(
            interview_id=self.shown.id, if_match=[self.shown.etag], number=question.question_number, patch=patch
        )
        answer = answer_at_once(InterviewChange(order=order))
        assert isinstance(answer, InterviewAnswer)
        self._until, self.shown = self.shown.revision, answer.interview

    @property
    def _bad(self) -> set[str]:
        """The fields in which something is wrong."""
        bad = {problem.field.removeprefix("rating_anchors.").partition(".")[0] for problem in self._problems}
        return bad | (set(ANCHORS) if "rating_anchors" in bad else set())

    def _typed(self) -> dict[str, Typed]:
        if not self._conflicts and not self._problems:
            return {}
        meanwhile = changed_since(self.shown.id, number_sent("first_seen") or number_sent("seen"), self._until)
        problems = problems_by_place(self._problems)
        now = content_of(question_now(self.shown, self._lineage))
        kept = {name: self._mine[name] for name in now if name in self._conflicts or name in self._bad}
        return {self._lineage: Typed({**now, **kept}, problems, self._conflicts, meanwhile)}


def _fields_of(patch: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in patch if name != "rating_anchors") + tuple(patch.get("rating_anchors", ()))


@workbench_bp.post(f"{QUESTION}/lock")
@page("editor")
def lock_question(interview_id: int, number: int) -> AnyResponse:
    """Lock a question or unlock it."""
    lineage, locked = request.form.get("lineage", ""), request.form.get("locked") == "yes"
    try:
        now, before = changed(
            interview_id,
            lambda seen: EditQuestionOrder(
                interview_id=interview_id,
                if_match=[seen.etag],
                number=question_now(seen, lineage).question_number,
                patch={"locked": locked},
            ),
        )
    except NotEditable:
        return no_draft(interview_id)
    said = "is locked: nothing generated takes its place" if locked else "is no longer locked"
    return done(now, f"Question {number} {said}.", until=before, anchor=f"#question-{number}")


@workbench_bp.post(f"{QUESTION}/save-to-library")
@page("editor")
def save_to_library(interview_id: int, number: int) -> AnyResponse:
    """Keep a question in the library as it is."""
    number = _number_now(stored(interview_id), number)
    try:
        answer = answer_at_once(SaveOrder(interview_id=interview_id, number=number))
    except ReferenceTaken as error:
        return _said(interview_id, number, error.message, 409)
    assert isinstance(answer, LibraryQuestionAnswer)
    return _said(interview_id, number, f"Question {number} is in the library now.")


@workbench_bp.post(f"{QUESTION}/feedback")
@page("reader")
def give_feedback(interview_id: int, number: int) -> AnyResponse:
    """Say how a question did in the room."""
    number = _number_now(stored(interview_id), number)
    kind = request.form.get("kind", "")
    of_criterion = kind in ("always_met", "never_met")
    given = {
        "kind": kind,
        "criterion": request.form.get("criterion") if of_criterion else None,
        "note": request.form.get("note", "").replace("\r\n", "\n"),
        "interview_id": interview_id,
        "number": number,
    }
    try:
        answer_at_once(validated(FeedbackOrder, given))
    except InvalidRequest as error:
        sentences = {"kind": "Choose what you want to say.", "criterion": "Choose the criterion that is meant."}
        said = [sentences.get(problem.field, problem.message.capitalize()) for problem in error.details]
        return _said(interview_id, number, " ".join(said) or error.message, 400)
    return _said(interview_id, number, f"Thank you: what you said about question {number} is kept.")


def _number_now(shown: InterviewView, number: int) -> int:
    """The number of the question that was meant, which somebody may have moved."""
    lineage = request.form.get("lineage")
    return question_now(shown, lineage).question_number if lineage else number


def _said(interview_id: int, number: int, sentence: str, status: int = 200) -> AnyResponse:
    if asked_by_script():
        return message_only(sentence, status)
    flash(sentence, "error" if status >= 400 else "message")
    return redirect(url_for("workbench.interview", interview_id=interview_id) + f"#question-{number}", 303)
