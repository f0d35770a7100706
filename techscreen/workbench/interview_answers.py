"""Answers of the interview's page: a change comes in; a page, a redirect or the parts that have changed go out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from techscreen.editing.feedback import feedback_on_interview
from techscreen.editing.states import DRAFT
from techscreen.errors import NotEditable, Stale
from techscreen.operations.meanwhile import Meanwhile, Part, changed_since, state_seen, take_backs, unless_touched
from techscreen.schemas.editing import MAX_QUESTIONS, MIN_QUESTIONS, AnyInterviewOrder, InterviewChange
from techscreen.schemas.generation import InterviewAnswer, InterviewView
from techscreen.web.auth import current_caller, may
from techscreen.web.container import current_runtime
from techscreen.web.dispatch import answer_at_once
from techscreen.workbench import interview_views as views
from techscreen.workbench.rendering import asked_by_script, render

# How often a change is tried again that others come before, without touching what it is about.
TRIES = 5
# What a question's card says besides its texts.
HEAD = ("question_number", "locked", "source", "topic")


def stored(interview_id: int) -> InterviewView:
    """An interview as it is now.

    Raises:
        NotFound: if there is none.
    """
    return current_runtime().generation.get_interview(interview_id)


def number_sent(name: str, default: int = 0) -> int:
    """A number that the page has sent."""
    text = request.values.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else default


def changed(
    interview_id: int, make: Callable[[InterviewView], AnyInterviewOrder], part: Part | None = None
) -> tuple[InterviewView, int]:
    """Carry out a change of an interview, whatever else others have changed meanwhile.

    Args:
        make: makes the order, for the interview as it is now.
        part: what must be as the page has shown it; by default nothing.

    Returns:
        The interview, and the number of the last change before this one.

    Raises:
        NotEditable: if it is no draft, or the order says so.
        Stale: if somebody has changed that part, or others keep coming first.
    """
    if stored(interview_id).status != DRAFT:
        raise NotEditable("It is no draft.")
    for tried in range(1, TRIES + 1):
        now = stored(interview_id) if part is None else unless_touched(interview_id, number_sent("seen"), part)
        try:
            answer = answer_at_once(InterviewChange(order=make(now)))
        except Stale:
            if tried == TRIES:
                raise
            continue
        assert isinstance(answer, InterviewAnswer)
        return answer.interview, now.revision
    raise AssertionError("not reached")


def bench(
    interview: InterviewView, typed: Mapping[str, views.Typed] | None = None, *, with_feedback: bool = True
) -> dict[str, Any]:
    """What the templates of the page show of an interview.

    Args:
        typed: what could not be saved, by lineage.
        with_feedback: whether the cards say what was said about the questions.
    """
    feedback = feedback_on_interview(interview.id).questions if with_feedback else []
    quality = interview.quality
    numbers = [question.question_number for question in interview.questions]
    picture = views.coverage_picture(quality.coverage, numbers) if quality and quality.coverage else None
    edits = interview.status == DRAFT and may(current_caller(), "editor")
    undo, redo = take_backs(interview.id) if edits else (None, None)
    return {
        "interview": interview,
        "cards": views.cards_of(interview, typed, feedback),
        "coverage": picture,
        "sixth": quality.coverage.optional_topic if quality and quality.coverage else None,
        "edits": edits,
        "undo": undo,
        "redo": redo,
        "asks_claude": current_runtime().settings.asks_claude,
        "may_add": len(numbers) < MAX_QUESTIONS,
        "may_remove": len(numbers) > MIN_QUESTIONS,
        "names": lambda meanwhile: named(meanwhile.user_ids),
        "of_question": views.of_question,
        **views.for_parts(),
    }


def parts(
    interview: InterviewView,
    message: str | None = None,
    *,
    status: int = 200,
    until: int | None = None,
    typed: Mapping[str, views.Typed] | None = None,
    saved: tuple[str, ...] = (),
    saved_lineage: str = "",
) -> Response:
    """The parts of the page that have changed since the browser was given them, for its script.

    Args:
        message: a sentence about what was done, or why it was not.
        until: the last change before the one of this request, if it has made one.
        typed: what could not be saved, by lineage.
        saved: the fields of a question that were.
        saved_lineage: which question that is.
    """
    seen, known = number_sent("seen"), request.values.get("known", "").split()
    then = state_seen(interview.id, seen)
    before = {question["lineage"]: question for question in then["questions"]} if then else {}
    values = bench(interview, typed)
    cards = values["cards"]
    fresh = [card for card in cards if _texts_changed(card, before.get(card.question.lineage))]
    names = list(before)
    heads = names != [card.question.lineage for card in cards] or any(
        any(getattr(card.question, name) != before[card.question.lineage][name] for name in HEAD) for card in cards
    )
    body = render(
        "interview_changes.html",
        **values,
        fresh=[card.question.lineage for card in fresh],
        arrived=[card for card in cards if card.question.lineage not in known],
        heads=heads,
        message=message,
        is_error=status >= 400,
        meanwhile=_of_others(interview, seen, until),
        saved=saved,
        saved_lineage=saved_lineage,
        renamed=then is None or then["interview_name"] != interview.interview_name,
    )
    response = Response(body, status)
    response.headers["X-Interview-Parts"] = "yes"
    return response


def done(interview: InterviewView, message: str, *, until: int, anchor: str = "") -> AnyResponse:
    """The answer to a change that was made."""
    if asked_by_script():
        return parts(interview, message, until=until)
    flash(message)
    return redirect(url_for("workbench.interview", interview_id=interview.id) + anchor, 303)


def not_done(interview_id: int, message: str, status: int, anchor: str = "") -> AnyResponse:
    """The answer to a change that was not made; what others have changed is shown."""
    if asked_by_script():
        return parts(stored(interview_id), message, status=status)
    flash(message, "error")
    return redirect(url_for("workbench.interview", interview_id=interview_id) + anchor, 303)


def who_changed(interview_id: int) -> str:
    """Who has changed the interview since the page was made, for the beginning of a sentence."""
    meanwhile = changed_since(interview_id, number_sent("seen"))
    return named(meanwhile.user_ids) if meanwhile else "Somebody"


def named(user_ids: list[str]) -> str:
    """The names of some people; the caller is you."""
    own = current_caller().user_id
    names = ["You, in another window," if name == own else name for name in user_ids]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _texts_changed(card: views.Card, before: Mapping[str, Any] | None) -> bool:
    """Whether the texts of a question are others than before."""
    if before is None or card.typed is not None:
        return True
    question = card.question.model_dump()
    return any(
        question[name] != before.get(name)
        for name in (
            "question_text", "exhibit", "minutes", "question_type", "skill_level", "topic", "criteria", "follow_ups",
            "rating_anchors",
        )
    )  # fmt: skip


def _of_others(interview: InterviewView, seen: int, until: int | None) -> Meanwhile | None:
    last = interview.revision if until is None else until
    return changed_since(interview.id, seen, last) if last > seen else None
