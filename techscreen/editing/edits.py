"""Edits of a draft's texts and questions. An order and the rows come in; the rows are changed, nothing is written yet.

What people type is kept word for word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from models import Interview, InterviewQuestion
from techscreen.errors import FieldProblem, InvalidRequest, NotEditable, NotFound
from techscreen.schemas.editing import (
    MAX_QUESTIONS,
    MIN_QUESTIONS,
    AddQuestionOrder,
    EditQuestionOrder,
    ExhibitInput,
    InterviewOrder,
    QuestionPatch,
    RemoveQuestionOrder,
    RenameOrder,
    ReorderOrder,
)
from techscreen.schemas.fields import MAX_SHORT_TEXT
from techscreen.text.exhibits import shown_text, spoken_part, with_exhibit

EDITED = "edited"
# The level of a question that somebody adds to an interview without any.
USUAL_LEVEL = "Intermediate"


def rename(interview: Interview, order: RenameOrder) -> None:
    """Give an interview another name."""
    interview.interview_name = order.interview_name


def edit_question(interview: Interview, order: EditQuestionOrder) -> None:
    """Change what is given of a question.

    Raises:
        NotFound: if there is no question of this number.
    """
    question, patch = question_of(interview, order.number), order.parts()
    before = {name: getattr(question, name) for name in _WORDS}
    _edit_text(question, patch)
    if patch.criteria is not None:
        question.criteria = [{**criterion.model_dump(), "is_checked": False} for criterion in patch.criteria]
    if patch.follow_ups is not None:
        question.follow_ups = list(patch.follow_ups)
    if patch.rating_anchors is not None:
        given = patch.rating_anchors.model_dump(exclude_unset=True)
        question.rating_anchors = {**question.rating_anchors, **given}
    if "minutes" in patch.model_fields_set:
        question.minutes = patch.minutes
    for name in ("question_type", "skill_level", "topic", "locked"):
        value = getattr(patch, name)
        if value is not None:
            setattr(question, name, value)
    if any(getattr(question, name) != old for name, old in before.items()):
        question.source = EDITED


_WORDS = ("question_text", "exhibit", "criteria", "follow_ups", "rating_anchors")


def _edit_text(question: InterviewQuestion, patch: QuestionPatch) -> None:
    if patch.question_text is not None:
        question.question_text = patch.question_text
        shown = shown_text(question.exhibit)
        if shown is not None and spoken_part(patch.question_text, shown) == patch.question_text:
            question.exhibit = None  # the new text has it no longer, or has made it a part of what is said
        return
    if patch.spoken_text is None and "exhibit" not in patch.model_fields_set:
        return
    spoken = patch.spoken_text
    if spoken is None:
        spoken = spoken_part(question.question_text, shown_text(question.exhibit))
    if "exhibit" in patch.model_fields_set:
        question.exhibit = _exhibit(patch.exhibit)
    question.question_text = with_exhibit(spoken, shown_text(question.exhibit))


def reorder(interview: Interview, order: ReorderOrder) -> None:
    """Put the questions into another order.

    Raises:
        InvalidRequest: if the order does not name each present question once.
    """
    present = [question.question_number for question in interview.questions]
    if sorted(order.order) != sorted(present):
        numbers = ", ".join(map(str, sorted(present)))
        problem = FieldProblem("order", f"order must have each of the present question numbers once: {numbers}.")
        raise InvalidRequest.of_fields([problem], req_id=interview.req_id)
    place_of = {number: place for place, number in enumerate(order.order, start=1)}
    for question in interview.questions:
        question.question_number = place_of[question.question_number]


def add_question(interview: Interview, order: AddQuestionOrder) -> None:
    """Add a question that somebody has written.

    Raises:
        NotEditable: if the draft is full.
    """
    if len(interview.questions) >= MAX_QUESTIONS:
        raise NotEditable(f"A draft has at most {MAX_QUESTIONS} questions: remove one first.", req_id=interview.req_id)
    new = order.question
    exhibit = _exhibit(new.exhibit)
    added = InterviewQuestion(
        question_text=with_exhibit(new.question_text, shown_text(exhibit)),
        exhibit=exhibit,
        minutes=new.minutes,
        question_type=new.question_type,
        criteria=[{**criterion.model_dump(), "is_checked": False} for criterion in new.criteria],
        topic=new.topic or new.question_text[:MAX_SHORT_TEXT],
        skill_level=new.skill_level or _usual_level(interview),
        follow_ups=list(new.follow_ups),
        rating_anchors=new.rating_anchors.model_dump(),
        work_items=[item.model_dump() for item in new.work_items],
        source=EDITED,
        locked=new.locked,
    )
    insert_question(interview, added, new.question_number)


def insert_question(interview: Interview, added: InterviewQuestion, number: int | None) -> None:
    """Put a question at its place, or at the end, and number all anew."""
    ordered = sorted(interview.questions, key=lambda question: question.question_number)
    place = len(ordered) if number is None else min(number - 1, len(ordered))
    ordered.insert(place, added)
    for place, question in enumerate(ordered, start=1):
        question.question_number = place
    interview.questions.append(added)


def remove_question(interview: Interview, order: RemoveQuestionOrder) -> None:
    """Take a question out of a draft.

    Raises:
        NotFound: if there is no question of this number.
        NotEditable: if too few would be left.
    """
    gone = question_of(interview, order.number)
    if len(interview.questions) <= MIN_QUESTIONS:
        raise NotEditable(f"A draft has at least {MIN_QUESTIONS} questions: add one first.", req_id=interview.req_id)
    interview.questions.remove(gone)
    for question in interview.questions:
        question.question_number -= question.question_number > gone.question_number


def question_of(interview: Interview, number: int) -> InterviewQuestion:
    """The question of this number.

    Raises:
        NotFound: if there is none.
    """
    for question in interview.questions:
        if question.question_number == number:
            return question
    raise NotFound(f"This interview has no question {number}.", req_id=interview.req_id)


def _exhibit(given: ExhibitInput | None) -> dict[str, Any] | None:
    return None if given is None else given.model_dump()


def _usual_level(interview: Interview) -> str:
    levels = Counter(question.skill_level for question in interview.questions)
    return levels.most_common(1)[0][0] if levels else USUAL_LEVEL


Edit = Callable[[Interview, Any], None]
EDITS: Mapping[type[InterviewOrder], Edit] = {
    RenameOrder: rename,
    EditQuestionOrder: edit_question,
    ReorderOrder: reorder,
    AddQuestionOrder: add_question,
    RemoveQuestionOrder: remove_question,
}
