"""The forms of the library: a new question, and a change of one that is there.

Typed texts come in; the page of the question goes out, or the form again with everything typed and what is wrong.
"""

from __future__ import annotations

from typing import get_args

from flask import Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from prompts import ExhibitKind, QuestionType, SkillLevel
from techscreen.errors import InvalidRequest, ReferenceTaken, Stale, TechScreenError
from techscreen.library.questions import get_question
from techscreen.schemas.differences import WordsView
from techscreen.schemas.library import LibraryChange, LibraryQuestion, LibraryQuestionAnswer, LibraryQuestionView
from techscreen.schemas.problems import validated
from techscreen.web.dispatch import answer_at_once
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.library_form import (
    EMPTY,
    LABELS,
    Texts,
    differences,
    problems_by_field,
    question_of,
    texts_of,
    texts_sent,
)
from techscreen.workbench.page import page
from techscreen.workbench.plain_words import LANGUAGES
from techscreen.workbench.rendering import render
from techscreen.workbench.sent import tags_sent


@workbench_bp.get("/library/new")
@page("editor")
def new_library_question() -> str:
    """An empty form."""
    return _form(EMPTY)


@workbench_bp.post("/library/new")
@page("editor")
def new_library_question_sent() -> str | AnyResponse:
    """Keep a question of the team's own."""
    texts = texts_sent()
    try:
        answer = answer_at_once(validated(LibraryQuestion, question_of(texts)))
    except (InvalidRequest, ReferenceTaken) as error:
        return _form_again(error, texts)
    assert isinstance(answer, LibraryQuestionAnswer)
    flash("The question is in the library.")
    return _to_question(answer.question.id, "new")


@workbench_bp.get("/library/<row_id:library_question_id>/edit")
@page("editor")
def edit_library_question(library_question_id: int) -> str:
    """The form with what the question has."""
    question = get_question(library_question_id).question
    return _form(texts_of(question), question)


@workbench_bp.post("/library/<row_id:library_question_id>/edit")
@page("editor")
def library_question_edited(library_question_id: int) -> str | AnyResponse:
    """Change a question, unless somebody else was faster: then show what differs."""
    texts, seen = texts_sent(), tags_sent()
    question = get_question(library_question_id).question
    try:
        given = validated(LibraryQuestion, question_of(texts))
        patch = given.model_dump(exclude=set() if texts["status"] else {"status"})
        answer_at_once(LibraryChange(library_question_id=library_question_id, if_match=seen, patch=patch))
    except (InvalidRequest, ReferenceTaken) as error:
        return _form_again(error, texts, question, seen)
    except Stale as error:
        now = error.current
        assert isinstance(now, LibraryQuestionView)
        return Response(_form(texts, now, stale=differences(texts_of(now), texts)), error.status)
    flash("Saved.")
    return _to_question(library_question_id, "edit")


def _form(
    texts: Texts,
    question: LibraryQuestionView | None = None,
    *,
    seen: list[str] | None = None,
    problems: dict[str, str] | None = None,
    stale: dict[str, list[WordsView]] | None = None,
) -> str:
    """The form.

    Args:
        question: as it is now; none yet for a new one.
        seen: the tag of the state that the person has seen, if it is not `question`.
        stale: what differs from what somebody else has made of it, by the labels of the fields; None if nobody has.
    """
    return render(
        "library_form.html",
        one=question,
        texts=texts,
        etag=seen[0] if seen else question.etag if question else None,
        problems=problems or {},
        stale=stale,
        labels=LABELS,
        levels=get_args(SkillLevel),
        types=get_args(QuestionType),
        exhibit_kinds=get_args(ExhibitKind),
        languages=LANGUAGES,
    )


def _form_again(
    error: TechScreenError, texts: Texts, question: LibraryQuestionView | None = None, seen: list[str] | None = None
) -> Response:
    problems = problems_by_field(error.details, texts)
    return Response(_form(texts, question, seen=seen, problems=problems), error.status)


def _to_question(library_question_id: int, saved: str) -> AnyResponse:
    """The page of a question, which tells the browser to forget the draft of the form."""
    return redirect(url_for(".library_question", library_question_id=library_question_id, saved=saved), 303)
