"""What can be imported: an interview in our own JSON, and a requisition as a JSON Resume job.

The JSON is what `techscreen/editing/exports/portable.py` writes; `docs/exports.md` describes it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    computed_field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from prompts import QuestionType, SkillLevel
from techscreen.schemas.editing import (
    MAX_CRITERIA,
    MAX_FOLLOW_UPS,
    MAX_QUESTIONS,
    AnchorsInput,
    AnchorText,
    CriterionInput,
    ExhibitInput,
    QuestionText,
    Sentence,
    WorkItemInput,
)
from techscreen.schemas.fields import (
    TEXT,
    Described,
    LanguageTag,
    OptionalTitle,
    ReqId,
    RequiredText,
    RequiredTitle,
    pasted_text,
    whole_number,
)
from techscreen.schemas.generation import Answer, EnhanceRequest, InterviewView, JobDescriptionView, RequestModel

FORMAT: Final = "techscreen-interview"
FORMAT_VERSION: Final = 1
MAX_ENTRIES, MAX_MINUTES = 50, 60

Texts = Annotated[list[AnchorText], Field(max_length=MAX_ENTRIES)]
PromptVersion = Annotated[str, Field(max_length=32), AfterValidator(pasted_text), Described(TEXT)]


class PortableQuestion(RequestModel):
    """One question. Its number is its place in the list."""

    topic: RequiredTitle
    skill_level: SkillLevel
    question_type: QuestionType
    minutes: Annotated[int, Field(ge=1, le=MAX_MINUTES), BeforeValidator(whole_number)] | None = None
    spoken_text: QuestionText
    exhibit: ExhibitInput | None = None
    criteria: Annotated[list[CriterionInput], Field(max_length=MAX_CRITERIA)] = Field(default_factory=list)
    follow_ups: Annotated[list[Sentence], Field(max_length=MAX_FOLLOW_UPS)] = Field(default_factory=list)
    rating_anchors: AnchorsInput = AnchorsInput()
    work_items: Annotated[list[WorkItemInput], Field(max_length=MAX_ENTRIES)] = Field(default_factory=list)
    source: OptionalTitle = Field(None, description="Kept if it is one that this service knows; else `edited`.")
    model: OptionalTitle = None
    prompt_version: PromptVersion | None = None


class PortableInterview(RequestModel):
    """An interview as `GET /api/interview/<interview_id>/export?format=json` writes it."""

    format: Literal["techscreen-interview"]
    format_version: Literal[1]
    requisition: EnhanceRequest = Field(description="Stored if it is unknown here; else only its id counts.")
    interview_name: RequiredTitle
    language: LanguageTag | None = None
    model: OptionalTitle = None
    prompt_version: PromptVersion | None = None
    notice: Any = Field(None, exclude=True, description="Not imported.")
    origin: Any = Field(None, exclude=True, description="Where it comes from. Not imported.")
    questions: Annotated[list[PortableQuestion], Field(min_length=1, max_length=MAX_QUESTIONS)]


class JobLocation(RequestModel):
    """Where the work is done."""

    address: OptionalTitle = None
    postalCode: OptionalTitle = None
    city: OptionalTitle = None
    region: OptionalTitle = None
    countryCode: OptionalTitle = None


class JobSkill(RequestModel):
    """A skill with its level and what belongs to it."""

    name: OptionalTitle = None
    level: OptionalTitle = None
    keywords: Texts | None = None


class JobSchema(RequestModel):
    """A job as the job schema of JSON Resume describes it. Fields that it does not name are skipped."""

    title: RequiredTitle
    company: OptionalTitle = None
    department: OptionalTitle = None
    type: OptionalTitle = None
    date: OptionalTitle = None
    description: RequiredText
    location: JobLocation | None = None
    remote: OptionalTitle = None
    salary: OptionalTitle = None
    experience: OptionalTitle = None
    responsibilities: Texts | None = None
    qualifications: Texts | None = None
    skills: Annotated[list[JobSkill], Field(max_length=MAX_ENTRIES)] | None = None


def _of_one_kind(schema: dict[str, Any]) -> None:
    """Say in the JSON schema what the validators hold."""
    schema["oneOf"] = [
        {"required": ["interview"], "properties": {"interview": {"type": "object"}, "requisition": {"type": "null"}}},
        {
            "required": ["requisition", "req_id"],
            "properties": {
                "requisition": {"type": "object"},
                "req_id": {"type": "string"},
                "interview": {"type": "null"},
            },
        },
    ]


class ImportRequest(RequestModel):
    """An interview or a requisition, one of them."""

    model_config = ConfigDict(strict=True, frozen=True, json_schema_extra=_of_one_kind)

    interview: PortableInterview | None = Field(None, description="Becomes the next version, a draft.")
    requisition: JobSchema | None = Field(None, description="A job in JSON Resume's job schema.")
    req_id: Annotated[ReqId | None, Field(validate_default=True)] = Field(
        None, description="Required with `requisition`, whose schema has no id. Else by default that of the interview."
    )

    @field_validator("requisition")
    @classmethod
    def _only_one(cls, value: JobSchema | None, info: ValidationInfo) -> JobSchema | None:
        if value is not None and info.data.get("interview") is not None:
            raise PydanticCustomError("only_one", "must not stand beside interview: import one after the other")
        return value

    @field_validator("req_id")
    @classmethod
    def _known(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("requisition") is not None:
            raise PydanticCustomError("no_id", "is required with a requisition, which has no id of its own")
        return value

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.interview is None and self.requisition is None:
            raise PydanticCustomError("nothing", "must hold an interview or a requisition")
        return self


class ImportAnswer(Answer):
    """Answer of POST /api/interview/import."""

    req_id: str
    job_description_id: int
    requisition_made: bool = Field(description="Whether the requisition was unknown before.")
    job_description: JobDescriptionView
    interview_id: int | None = Field(description="Null for a requisition alone.")
    interview: InterviewView | None

    @computed_field(description="That of the interview, else that of the job description.")  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """The tag for `If-Match`."""
        return self.interview.etag if self.interview else self.job_description.etag
