"""Feedback on questions: what people say after they have asked them. See `generation.py`.

It is about the question. What a candidate said or did does not belong here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from techscreen.schemas.fields import MAX_SHORT_TEXT, TEXT, Described, Moment, Stored, blank_is_none, pasted_text
from techscreen.schemas.generation import Answer, FindingView, RequestModel, View

FeedbackKind = Literal["unclear", "too_easy", "too_hard", "not_asked", "leaked", "always_met", "never_met"]
OF_A_CRITERION = ("always_met", "never_met")
MAX_NOTE = 1_000
_StoredKind = Annotated[FeedbackKind, Stored(FeedbackKind)]


class FeedbackRequest(RequestModel):
    """What somebody says about a question that they have asked, or have not."""

    kind: FeedbackKind
    criterion: Annotated[
        Annotated[str, Field(max_length=MAX_SHORT_TEXT), AfterValidator(pasted_text), Described(TEXT)] | None,
        BeforeValidator(blank_is_none),
    ] = Field(
        None,
        validate_default=True,
        description="Which of the question's criteria is always or never met: for `always_met` and `never_met` alone.",
    )
    note: Annotated[
        Annotated[str, Field(max_length=MAX_NOTE), AfterValidator(pasted_text), Described(TEXT)] | None,
        BeforeValidator(blank_is_none),
    ] = Field(None, description="About the question, and nothing about a candidate.")

    @field_validator("criterion")
    @classmethod
    def _fits_the_kind(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if kind in OF_A_CRITERION and value is None:
            raise PydanticCustomError(
                "criterion_missing", "must name a criterion of the question for {kind}", info.data
            )
        if kind is not None and kind not in OF_A_CRITERION and value is not None:
            raise PydanticCustomError("criterion_not_meant", "must not be given for {kind}", info.data)
        return value


class FeedbackOrder(FeedbackRequest):
    """Feedback, and which question it is about."""

    interview_id: int
    number: int


class FeedbackAnswer(Answer):
    """Answer of POST /api/interview/<interview_id>/questions/<number>/feedback."""

    interview_id: int
    question_number: int
    kind: FeedbackKind
    criterion: str | None
    note: str | None
    at: Moment
    cached_question_id: int | None = Field(
        description="The question of the cache or the library that it counts for. Null if the question was edited, "
        "or is in neither."
    )
    note_findings: list[FindingView] = Field(
        description="Places of the note that seem to be about a person. It was kept as it is: if they are, give the "
        "feedback again with another note, which replaces it."
    )


class FeedbackNoteView(View):
    """What somebody has added in words."""

    kind: _StoredKind
    criterion: str | None
    note: str
    user_id: str
    at: Moment


class CriterionFeedbackView(View):
    """How many people say that a criterion is always or never met."""

    criterion: str
    kind: _StoredKind
    people: int


class QuestionFeedbackView(View):
    """What was said about one question."""

    question_number: int | None = Field(description="Null if the interview does not have the question any more.")
    lineage: str
    feedback: dict[_StoredKind, int] = Field(description="How many people said so, by kind.")
    criteria: list[CriterionFeedbackView]
    notes: list[FeedbackNoteView] = Field(description="Oldest first.")


class InterviewFeedbackAnswer(Answer):
    """Answer of GET /api/interview/<interview_id>/feedback. Every question of the interview is in it."""

    interview_id: int
    questions: list[QuestionFeedbackView]
