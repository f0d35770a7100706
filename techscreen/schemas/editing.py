"""Changes that people make to interviews and job descriptions: bodies of requests, and the orders made of them.

An order is a body with what it is about and which state of it the caller has seen. See `generation.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from prompts import ExhibitKind, QuestionType, SkillLevel, WorkField
from techscreen.schemas.fields import (
    MAX_SHORT_TEXT,
    MAX_TEXT,
    TEXT,
    TEXT_NOT_BLANK,
    Described,
    LanguageTag,
    OptionalText,
    OptionalTitle,
    ReqId,
    RequiredTitle,
    WholeNumber,
    not_blank,
    pasted_text,
    whole_number,
)
from techscreen.schemas.generation import RequestModel

MIN_QUESTIONS, MAX_QUESTIONS = 4, 6
MAX_CRITERIA, MAX_FOLLOW_UPS, MAX_TOPICS = 20, 10, 20

QuestionText = Annotated[
    str, Field(max_length=MAX_TEXT), AfterValidator(not_blank), AfterValidator(pasted_text), Described(TEXT_NOT_BLANK)
]
Sentence = Annotated[
    str, Field(max_length=2_000), AfterValidator(not_blank), AfterValidator(pasted_text), Described(TEXT_NOT_BLANK)
]
AnchorText = Annotated[str, Field(max_length=2_000), AfterValidator(pasted_text), Described(TEXT)]


class CriterionInput(RequestModel):
    """One thing to tick."""

    criterion: RequiredTitle
    description: AnchorText = ""


class AnchorsInput(RequestModel):
    """What a low, a middling and a high answer sound like."""

    low: AnchorText = ""
    mid: AnchorText = ""
    high: AnchorText = ""


class ExhibitInput(RequestModel):
    """What a candidate looks at while the question is asked."""

    kind: ExhibitKind = "text"
    text: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(not_blank), Described(TEXT_NOT_BLANK)]


class WorkItemInput(RequestModel):
    """Words of the requisition and the field they are from."""

    field: WorkField
    part: Sentence


def _one_of_them(schema: dict[str, Any]) -> None:
    """Say in the schema that at least one field must be given."""
    schema["anyOf"] = [{"required": [name]} for name in schema["properties"]]


class GivenParts(RequestModel):
    """A body of which only what is given counts."""

    model_config = ConfigDict(json_schema_extra=_one_of_them)

    @model_validator(mode="after")
    def _something_given(self) -> GivenParts:
        if not self.model_fields_set:
            names = ", ".join(type(self).model_fields)
            raise PydanticCustomError("nothing_given", "must have at least one of {names}", {"names": names})
        return self


class InterviewPatch(GivenParts):
    """What to change of an interview."""

    interview_name: RequiredTitle


class QuestionPatch(GivenParts):
    """What to change of a question. What is not given stays as it is; a list replaces the whole list.

    `question_text` is the whole question; `spoken_text` and `exhibit` are its two parts.
    """

    question_text: QuestionText | None = None
    spoken_text: QuestionText | None = None
    exhibit: ExhibitInput | None = Field(None, description="`null` removes it.")
    minutes: Annotated[int, Field(ge=1, le=60), BeforeValidator(whole_number)] | None = Field(
        None, description="`null` removes them."
    )
    question_type: QuestionType | None = None
    skill_level: SkillLevel | None = None
    topic: RequiredTitle | None = None
    criteria: Annotated[list[CriterionInput], Field(max_length=MAX_CRITERIA)] | None = None
    follow_ups: Annotated[list[Sentence], Field(max_length=MAX_FOLLOW_UPS)] | None = None
    rating_anchors: AnchorsInput | None = None
    locked: bool | None = Field(None, description="Whether nothing generated may replace it.")

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> QuestionPatch:
        if self.question_text is not None and (self.spoken_text is not None or "exhibit" in self.model_fields_set):
            raise PydanticCustomError(
                "two_ways", "must have either question_text or spoken_text and exhibit, which are its parts"
            )
        return self


class NewQuestion(RequestModel):
    """A question that somebody has written."""

    question_text: QuestionText
    exhibit: ExhibitInput | None = None
    minutes: Annotated[int, Field(ge=1, le=60), BeforeValidator(whole_number)] | None = None
    question_type: QuestionType = "technical"
    skill_level: SkillLevel | None = Field(None, description="By default that of most other questions.")
    topic: OptionalTitle = Field(None, description="By default the beginning of the question.")
    criteria: Annotated[list[CriterionInput], Field(max_length=MAX_CRITERIA)] = Field(default_factory=list)
    follow_ups: Annotated[list[Sentence], Field(max_length=MAX_FOLLOW_UPS)] = Field(default_factory=list)
    rating_anchors: AnchorsInput = AnchorsInput()
    work_items: Annotated[list[WorkItemInput], Field(max_length=MAX_TOPICS)] = Field(default_factory=list)
    locked: bool = False
    question_number: Annotated[int, Field(ge=1, le=MAX_QUESTIONS), BeforeValidator(whole_number)] | None = Field(
        None, description="Its place; at the end by default."
    )


class QuestionOrder(RequestModel):
    """The questions of an interview in their new order."""

    order: Annotated[list[WholeNumber], Field(min_length=1, max_length=MAX_QUESTIONS)] = Field(
        description="All present question numbers, each once, in the order wanted."
    )


class ReviewRequest(RequestModel):
    """Whom to ask for a review; nobody in particular by default."""

    of: OptionalTitle = None
    note: OptionalText = None


class PublishRequest(RequestModel):
    """What the person who approves says about it."""

    note: OptionalText = None
    dry_run: bool = Field(False, description="Change nothing; only say what is missing, if anything is.")


class NoteRequest(RequestModel):
    """Why somebody does this; kept in the history."""

    note: OptionalText = None


class OverrideRequest(RequestModel):
    """Why a finding is no obstacle."""

    reason: Sentence


class TopicInput(RequestModel):
    """What one question of an interview is to probe."""

    topic: RequiredTitle
    technologies: Annotated[list[RequiredTitle], Field(max_length=MAX_TOPICS)] = Field(default_factory=list)
    facet: Annotated[str, Field(max_length=MAX_SHORT_TEXT), AfterValidator(pasted_text), Described(TEXT)] = ""
    skill_level: SkillLevel
    question_type: QuestionType = "technical"
    focus: AnchorText = ""
    work_items: Annotated[list[WorkItemInput], Field(max_length=MAX_TOPICS)] = Field(default_factory=list)


class JobDescriptionPatch(GivenParts):
    """What to change of an enhanced job description; or its enhancement, written by a person."""

    enhanced_title: RequiredTitle | None = None
    enhanced_description: QuestionText | None = None
    interview_topics: Annotated[list[TopicInput], Field(min_length=1, max_length=MAX_TOPICS)] | None = None
    language: LanguageTag | None = None


class _Order(RequestModel):
    if_match: list[str]


class InterviewOrder(_Order):
    """Something to do with an interview, in the state that the caller has seen."""

    interview_id: int


class RenameOrder(InterviewOrder):
    """Give it another name."""

    do: Literal["rename"] = "rename"
    interview_name: RequiredTitle


class EditQuestionOrder(InterviewOrder):
    """Change one question."""

    do: Literal["edit_question"] = "edit_question"
    number: int
    patch: dict[str, object]

    def parts(self) -> QuestionPatch:
        """What to change. Kept as it was given, because what was not given must stay so when a job is read again."""
        return QuestionPatch.model_validate(self.patch)


class ReorderOrder(InterviewOrder):
    """Put the questions into another order."""

    do: Literal["reorder"] = "reorder"
    order: list[int]


class AddQuestionOrder(InterviewOrder):
    """Add a question that somebody has written."""

    do: Literal["add_question"] = "add_question"
    question: NewQuestion


class RemoveQuestionOrder(InterviewOrder):
    """Take a question out."""

    do: Literal["remove_question"] = "remove_question"
    number: int


class AcceptAlternativeOrder(InterviewOrder):
    """Put an alternative in the place of a question."""

    do: Literal["accept_alternative"] = "accept_alternative"
    number: int
    alternative: int


class UndoOrder(InterviewOrder):
    """Take its newest change back, and so bring its texts into the state after an earlier change."""

    do: Literal["undo"] = "undo"
    to: int = Field(description="The number of that change. Another one than is next counts as not having seen it.")


class RedoOrder(InterviewOrder):
    """Make again what was taken back last."""

    do: Literal["redo"] = "redo"
    to: int = Field(description="The number of the change whose texts come back.")


class OverrideOrder(InterviewOrder):
    """Say why a finding is no obstacle."""

    do: Literal["override"] = "override"
    finding_id: str
    reason: str


class WithdrawOverrideOrder(InterviewOrder):
    """Take that back."""

    do: Literal["withdraw_override"] = "withdraw_override"
    finding_id: str


class RequestReviewOrder(InterviewOrder):
    """Ask for a review."""

    do: Literal["request_review"] = "request_review"
    of: str | None
    note: str | None


class PublishOrder(InterviewOrder):
    """Approve it and publish it."""

    do: Literal["publish"] = "publish"
    note: str | None
    dry_run: bool = False


class ArchiveOrder(InterviewOrder):
    """Use it no longer."""

    do: Literal["archive"] = "archive"
    note: str | None


class RestoreOrder(InterviewOrder):
    """Bring an archived one back, as a draft."""

    do: Literal["restore"] = "restore"
    note: str | None


class ReviseOrder(InterviewOrder):
    """Begin the next version from it."""

    do: Literal["revise"] = "revise"
    note: str | None


class DeleteDraftOrder(InterviewOrder):
    """Delete a draft. Its history is kept."""

    do: Literal["delete"] = "delete"


AnyInterviewOrder = (
    RenameOrder
    | EditQuestionOrder
    | ReorderOrder
    | AddQuestionOrder
    | RemoveQuestionOrder
    | AcceptAlternativeOrder
    | UndoOrder
    | RedoOrder
    | OverrideOrder
    | WithdrawOverrideOrder
    | RequestReviewOrder
    | PublishOrder
    | ArchiveOrder
    | RestoreOrder
    | ReviseOrder
    | DeleteDraftOrder
)


class InterviewChange(RequestModel):
    """Any of these orders: what the job of a change with an idempotency key holds."""

    order: Annotated[AnyInterviewOrder, Field(discriminator="do")]


class JobDescriptionChange(_Order):
    """A change of a job description."""

    req_id: ReqId
    patch: dict[str, object]

    def parts(self) -> JobDescriptionPatch:
        """What to change, see `EditQuestionOrder.parts`."""
        return JobDescriptionPatch.model_validate(self.patch)
