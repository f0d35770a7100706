"""Request and response models: the contract of the HTTP interface, field for field.

Requests are parsed into these at the edge and passed on to the services, which answer with the
response models. They know neither Flask nor the database.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, computed_field
from pydantic_core import PydanticCustomError

# The model name under which the offline mode stores what it makes.
SAMPLE_MODEL = "offline-sample"
SAMPLE_NOTICE = "Sample content of the offline mode, for trying the service out. Do not use it in an interview."

LONGEST_TEXT = 16_000
LONGEST_SHORT_TEXT = 255
LONGEST_REQ_ID = 100
# Tab and the line ends that word processors and PDF exports leave in a pasted description.
HARMLESS_CONTROL_CHARACTERS = frozenset("\t\n\v\f\r\x85")
# Control characters that str.strip() takes for white space.
UNWELCOME_SPACE = frozenset("\x1c\x1d\x1e\x1f")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return value


def _no_control_characters(value: str, harmless: frozenset[str] = frozenset()) -> str:
    for character in value:
        if unicodedata.category(character) == "Cc" and character not in harmless:
            raise PydanticCustomError(
                "control_character",
                "must not contain the control character U+{code}",
                {"code": f"{ord(character):04X}"},
            )
    return value


def _pasted_text(value: str) -> str:
    return _no_control_characters(value, HARMLESS_CONTROL_CHARACTERS)


def _blank_is_none(value: object) -> object:
    # Some control characters count as white space. They stay, to be refused.
    blank = isinstance(value, str) and not value.strip() and not set(value) & UNWELCOME_SPACE
    return None if blank else value


def _seconds(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


ReqId = Annotated[
    str, Field(max_length=LONGEST_REQ_ID), AfterValidator(_not_blank), AfterValidator(_no_control_characters)
]
RequiredTitle = Annotated[
    str, Field(max_length=LONGEST_SHORT_TEXT), AfterValidator(_not_blank), AfterValidator(_pasted_text)
]
RequiredText = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_not_blank), AfterValidator(_pasted_text)]
OptionalTitle = Annotated[
    Annotated[str, Field(max_length=LONGEST_SHORT_TEXT), AfterValidator(_pasted_text)] | None,
    BeforeValidator(_blank_is_none),
]
OptionalText = Annotated[
    Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_pasted_text)] | None,
    BeforeValidator(_blank_is_none),
]
# UTC, to the second, without a zone: 2025-01-09T12:00:00.
Moment = Annotated[datetime, PlainSerializer(_seconds, return_type=str)]


class _Request(BaseModel):
    # Strict: a number is not a text and "12" is not a number. Unknown fields are left for newer callers.
    model_config = ConfigDict(strict=True, frozen=True)


class EnhanceRequest(_Request):
    """A basic job description with its WORK inputs."""

    req_id: ReqId
    basic_title: RequiredTitle
    basic_description: RequiredText
    basic_department: OptionalTitle = None
    basic_level: OptionalTitle = None
    work_output: OptionalText = None
    work_role: OptionalText = None
    work_knowledge: OptionalText = None
    work_competencies: OptionalText = None


class WorkflowRequest(EnhanceRequest):
    """A basic job description to enhance and to make an interview from."""

    interview_name: OptionalTitle = None


class GenerateRequest(_Request):
    """An enhanced job description to make an interview from."""

    req_id: ReqId
    job_description_id: Annotated[int, Field(ge=1)]
    interview_name: OptionalTitle = None


class RetireRequest(_Request):
    """Why a cached question must never be lent again."""

    reason: Annotated[str, Field(max_length=1_000), AfterValidator(_not_blank), AfterValidator(_pasted_text)]
    url: Annotated[
        Annotated[str, Field(max_length=2_000), AfterValidator(_no_control_characters)] | None,
        BeforeValidator(_blank_is_none),
    ] = None


class RetireOrder(RetireRequest):
    """Which cached question must never be lent again, and why."""

    cached_question_id: int


CacheState = Literal["available", "used_up", "expired", "outdated", "retired"]


class CacheQuery(BaseModel):
    """Which cached questions to list. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    topic: Annotated[str, Field(max_length=LONGEST_SHORT_TEXT)] | None = None
    technology: Annotated[str, Field(max_length=LONGEST_SHORT_TEXT)] | None = None
    skill_level: Annotated[str, Field(max_length=32)] | None = None
    language: Annotated[str, Field(max_length=35)] | None = None
    state: CacheState | None = None
    order: Literal["most_used", "least_used", "newest", "oldest"] = "newest"
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=100)] = 20


JobStatus = Literal["queued", "running", "succeeded", "failed"]


class JobsQuery(BaseModel):
    """Which jobs to list. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    req_id: Annotated[str, Field(max_length=LONGEST_REQ_ID)] | None = None
    status: JobStatus | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=100)] = 20


class _View(BaseModel):
    # from_attributes: views are read from table rows inside the transaction.
    model_config = ConfigDict(from_attributes=True, frozen=True)


class Answer(_View):
    """Base of every successful answer."""

    success: Literal[True] = True


class Provenance(_View):
    """Who wrote it. `sample` is true for content of the offline mode, which no Claude has seen."""

    model: str | None
    prompt_version: str | None

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator on top of property
    @property
    def sample(self) -> bool:
        """Whether this is sample content."""
        return self.model == SAMPLE_MODEL

    @computed_field  # type: ignore[prop-decorator]
    @property
    def notice(self) -> str | None:
        """A sentence to show beside sample content."""
        return SAMPLE_NOTICE if self.sample else None


class BasicJD(_View):
    """The job description as it was sent."""

    title: str
    department: str | None
    level: str | None
    description: str


class EnhancedJD(_View):
    """The job description as it was rewritten, in Markdown."""

    title: str
    description: str


class WorkInputs(_View):
    """The WORK inputs as they were sent."""

    work_output: str | None
    work_role: str | None
    work_knowledge: str | None
    work_competencies: str | None


class JobDescriptionView(Provenance):
    """A stored job description. Before its enhancement, `enhanced_jd` is null."""

    job_description_id: int
    req_id: str
    basic_jd: BasicJD
    enhanced_jd: EnhancedJD | None
    work_inputs: WorkInputs
    interview_topics: list[dict[str, Any]] | None
    language: str | None
    created_at: Moment
    enhanced_at: Moment | None


class EnhanceAnswer(JobDescriptionView, Answer):
    """Answer of POST /api/interview/jd/enhance."""

    tokens_used: int


class JobDescriptionAnswer(Answer):
    """Answer of GET /api/interview/jd/<req_id>."""

    job_description: JobDescriptionView


class CriterionView(_View):
    """One thing to tick while the candidate answers."""

    criterion: str
    description: str
    is_checked: bool = False


class RatingAnchorsView(_View):
    """What a low, a middling and a high answer sound like."""

    low: str
    mid: str
    high: str


class QuestionView(_View):
    """One question with all that scoring its answer needs."""

    id: int
    question_number: int
    question_text: str
    question_type: str
    criteria: list[CriterionView]
    topic: str
    skill_level: str
    follow_ups: list[str]
    rating_anchors: RatingAnchorsView
    work_items: list[dict[str, Any]]
    source: str
    cached_question_id: int | None
    cached_topic: str | None
    similarity: float | None


class InterviewView(Provenance):
    """A stored interview."""

    id: int
    job_description_id: int
    req_id: str
    interview_name: str
    created_at: Moment
    status: str
    version: int
    language: str | None
    questions: list[QuestionView]


class InterviewAnswer(Answer):
    """Answer of GET /api/interview/<interview_id>."""

    interview: InterviewView


class InterviewsAnswer(Answer):
    """Answer of GET /api/interview/req/<req_id>, oldest version first."""

    interviews: list[InterviewView]


class GenerateAnswer(Provenance, Answer):
    """Answer of POST /api/interview/generate."""

    interview_id: int
    job_description_id: int
    req_id: str
    interview_name: str
    interview: InterviewView
    tokens_used: int
    cached_questions: int
    created_at: Moment


class WorkflowAnswer(Provenance, Answer):
    """Answer of POST /api/interview/workflow/full and /workflow/create."""

    job_description_id: int
    interview_id: int
    req_id: str
    interview_name: str
    enhanced_jd: EnhancedJD
    interview: InterviewView
    total_tokens_used: int
    cached_questions: int
    created_at: Moment


class CachedQuestionView(_View):
    """A question of the cache."""

    id: int
    topic: str
    technologies: list[str] | None
    technology_key: str
    skill_level: str
    question_type: str
    language: str
    variant: int
    question_text: str
    state: CacheState
    usage_count: int
    created_at: Moment
    last_used_at: Moment | None
    retired_at: Moment | None
    retired_reason: str | None
    retired_url: str | None
    model: str
    prompt_version: str


class CacheCounts(_View):
    """How many questions the cache holds, by state, and how often it served."""

    total: int
    available: int
    used_up: int
    expired: int
    outdated: int
    retired: int
    questions_delivered: int
    questions_from_cache: int
    hit_rate: float | None


class CacheUsage(_View):
    """A question and how often it is used."""

    id: int
    topic: str
    usage_count: int


class CacheAnswer(Answer):
    """Answer of GET /api/interview/cache."""

    counts: CacheCounts
    most_used: list[CacheUsage]
    least_used: list[CacheUsage]
    questions: list[CachedQuestionView]
    matching: int
    page: int
    page_size: int


class AffectedInterview(_View):
    """An interview that contains a retired question."""

    interview_id: int
    req_id: str
    interview_name: str
    version: int
    question_number: int


class RetireAnswer(Answer):
    """Answer of POST /api/interview/cache/<id>/retire."""

    question: CachedQuestionView
    affected_interviews: list[AffectedInterview]


class JobAcceptedAnswer(Answer):
    """Answer of a POST that is worked on in the background."""

    job_id: str
    status: JobStatus


class JobQuestion(_View):
    """A question of a job that can be delivered already."""

    question_number: int
    topic: str
    source: str
    tokens_used: int


class JobProgressView(_View):
    """How far a job is."""

    topics: list[str] | None
    questions: list[JobQuestion]
    job_description_id: int | None
    interview_id: int | None


class JobView(_View):
    """A job without its answer."""

    job_id: str
    operation: str
    req_id: str | None
    user_id: str
    status: JobStatus
    background: bool
    attempts: int
    progress: JobProgressView
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class JobAnswer(JobView, Answer):
    """Answer of GET /api/interview/jobs/<job_id>: `result` is the body of the plain call, `error` that of its error."""

    result: dict[str, Any] | None
    error: dict[str, Any] | None


class JobsAnswer(Answer):
    """Answer of GET /api/interview/jobs, newest first."""

    jobs: list[JobView]
    page: int
    page_size: int


class HealthAnswer(_View):
    """Answer of GET /health."""

    status: Literal["healthy"] = "healthy"
    timestamp: Moment
