"""Request and response models: the contract of the HTTP interface, field for field.

Requests are parsed into these at the edge and passed on to the services, which answer with the
response models. They know neither Flask nor the database.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    computed_field,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

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


def _date_or_moment(value: object) -> object:
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z?)?", value):
            try:
                return datetime.fromisoformat(value.removesuffix("Z"))
            except ValueError:
                pass
        raise PydanticCustomError(
            "no_moment", "must be a date such as 2026-11-24 or a moment in UTC such as 2026-11-24T12:00:00"
        )
    return value


def _seconds(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


@dataclass(frozen=True)
class Described:
    """Says in the JSON schema, as a regular expression and in words, what a validator or serializer of ours does."""

    pattern: str
    description: str | None = None

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema with the pattern."""
        said = {"description": self.description} if self.description else {}
        given = handler(schema)
        given.pop("format", None)  # ours have no zone, as the format of a moment would
        return {**given, "pattern": self.pattern, **said}


# The validators above as regular expressions: control characters, those not harmless, and some that is no space.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_UNWELCOME = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_ONE_LINE = f"^[^{_CONTROL}]*$"
_ONE_LINE_NOT_BLANK = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
_TEXT = f"^[^{_UNWELCOME}]*$"
_TEXT_NOT_BLANK = rf"^[^{_UNWELCOME}]*[^\s{_CONTROL}][^{_UNWELCOME}]*$"

ReqId = Annotated[
    str,
    Field(max_length=LONGEST_REQ_ID),
    AfterValidator(_not_blank),
    AfterValidator(_no_control_characters),
    Described(_ONE_LINE_NOT_BLANK, "Id of the requisition in the ATS. It is compared exactly."),
]
RequiredTitle = Annotated[
    str,
    Field(max_length=LONGEST_SHORT_TEXT),
    AfterValidator(_not_blank),
    AfterValidator(_pasted_text),
    Described(_TEXT_NOT_BLANK),
]
RequiredText = Annotated[
    str,
    Field(max_length=LONGEST_TEXT),
    AfterValidator(_not_blank),
    AfterValidator(_pasted_text),
    Described(_TEXT_NOT_BLANK),
]
OptionalTitle = Annotated[
    Annotated[str, Field(max_length=LONGEST_SHORT_TEXT), AfterValidator(_pasted_text), Described(_TEXT)] | None,
    BeforeValidator(_blank_is_none),
]
OptionalText = Annotated[
    Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_pasted_text), Described(_TEXT)] | None,
    BeforeValidator(_blank_is_none),
]
Moment = Annotated[
    datetime,
    PlainSerializer(_seconds, return_type=str),
    Described(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", "UTC, to the second, without a zone."),
]
AskedMoment = Annotated[
    datetime,
    BeforeValidator(_date_or_moment),
    Described(
        r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z?)?$",
        "A moment in UTC, or a date, which is the midnight that it begins with.",
    ),
]


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
    work_output: OptionalText = Field(None, description="What the person will deliver.")
    work_role: OptionalText = Field(None, description="What the person is responsible for.")
    work_knowledge: OptionalText = Field(None, description="The technologies and concepts the work needs.")
    work_competencies: OptionalText = Field(None, description="How the person works, alone and with others.")


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

    reason: Annotated[
        str,
        Field(max_length=1_000),
        AfterValidator(_not_blank),
        AfterValidator(_pasted_text),
        Described(_TEXT_NOT_BLANK),
    ]
    url: Annotated[
        Annotated[str, Field(max_length=2_000), AfterValidator(_no_control_characters), Described(_ONE_LINE)] | None,
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


class PeriodQuery(BaseModel):
    """From when and until when, each optional. Read from an address, so times come as text.

    `from` itself is inside, `to` is outside, so that periods that follow one another hold everything once.
    """

    model_config = ConfigDict(frozen=True)

    from_: Annotated[AskedMoment | None, Field(alias="from")] = None
    to: AskedMoment | None = None

    @field_validator("to")
    @classmethod
    def _not_before_its_beginning(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        begin = info.data.get("from_")
        if value is not None and begin is not None and value < begin:
            raise PydanticCustomError("before_from", "must not be before from")
        return value


AuditedOperation = Literal["jd_enhancement", "interview_generation"]
AuditStatus = Literal["in_progress", "success", "failed"]


class LogsQuery(PeriodQuery):
    """Which audit rows to list."""

    req_id: ReqId | None = None
    user_id: (
        Annotated[
            str,
            Field(max_length=LONGEST_SHORT_TEXT),
            AfterValidator(_not_blank),
            AfterValidator(_no_control_characters),
            Described(_ONE_LINE_NOT_BLANK),
        ]
        | None
    ) = None
    operation_type: AuditedOperation | None = None
    status: AuditStatus | None = None
    page_size: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=100)] | None = None


UsageGrouping = Literal["day", "user", "operation", "model"]


class UsageQuery(PeriodQuery):
    """Of which period to sum the audit rows, and by what."""

    group_by: UsageGrouping = "day"


class _View(BaseModel):
    # from_attributes: views are read from table rows inside the transaction. Every field is always in the answer.
    model_config = ConfigDict(from_attributes=True, frozen=True, json_schema_serialization_defaults_required=True)


class Answer(_View):
    """Base of every successful answer."""

    success: Literal[True] = True


class ErrorDetail(_View):
    """What is wrong with one field of a request."""

    field: str
    message: str


class ErrorAnswer(_View):
    """Every error: a sentence for people, a code for programs. `details` names the bad fields, if there are any."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    success: Literal[False]
    error: str
    code: str
    req_id: str | None = Field(None, exclude_if=lambda value: value is None, description="When it is known.")
    job_description_id: int | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="A job description that was kept although the request failed.",
    )
    details: list[ErrorDetail]
    request_id: str | None


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


class WorkItemView(_View):
    """Words of the requisition that a topic or a question covers, and the field they are from."""

    field: str
    part: str


class TopicView(_View):
    """What one question of an interview is to probe."""

    topic: str
    technologies: list[str]
    facet: str
    skill_level: str
    question_type: str
    focus: str
    work_items: list[WorkItemView]


class JobDescriptionView(Provenance):
    """A stored job description. Before its enhancement, `enhanced_jd` is null."""

    job_description_id: int
    req_id: str
    basic_jd: BasicJD
    enhanced_jd: EnhancedJD | None
    work_inputs: WorkInputs
    interview_topics: list[TopicView] | None
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
    work_items: list[WorkItemView]
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


class AuditRowView(_View):
    """The audit row of one generation. Those of an enhancement and of its interview are two."""

    id: int
    operation_type: AuditedOperation
    req_id: str
    user_id: str
    status: AuditStatus
    error_code: str | None
    error_message: str | None
    tokens_used: int
    input_tokens: int
    output_tokens: int
    cache_creation_tokens: int
    cache_read_tokens: int
    attempts: int
    cached_questions: int
    model: str
    prompt_version: str
    claude_request_ids: list[str] | None
    duration_ms: int | None
    started_at: Moment
    completed_at: Moment | None
    result_id: int | None


class LogsAnswer(Answer):
    """Answer of GET /api/interview/logs, newest first. `next_cursor` is null at the end."""

    logs: list[AuditRowView]
    page_size: int
    next_cursor: str | None


class UsageFigures(_View):
    """What generations have used. `calls` are the attempts at Claude, `cached_questions` those the cache has lent.

    `estimated_cost` is null if a model has used tokens and no price is known for it.
    """

    generations: int
    failures: int
    calls: int
    tokens_used: int
    input_tokens: int
    output_tokens: int
    cache_creation_tokens: int
    cache_read_tokens: int
    cached_questions: int
    estimated_cost: float | None
    models_without_price: list[str]


class UsageGroup(UsageFigures):
    """What one day, user, operation or model has used."""

    group: str


class UsageAnswer(Answer):
    """Answer of GET /api/interview/usage: days in their order, other groups by their tokens, most first."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: Annotated[Moment | None, Field(alias="from")]
    to: Moment | None
    group_by: UsageGrouping
    currency: Literal["USD"] = "USD"
    prices_as_of: date
    total: UsageFigures
    groups: list[UsageGroup]


class CachedOrigin(_View):
    """A question of the cache as where a delivered one comes from, and whether it was retired since."""

    id: int
    topic: str
    model: str
    prompt_version: str
    created_at: Moment
    retired_at: Moment | None
    retired_reason: str | None
    retired_url: str | None


class EvidenceQuestion(QuestionView):
    """A delivered question with its entry in the cache: null if it has none, or none any more."""

    cached_question: CachedOrigin | None


class EvidenceInterview(InterviewView):
    """An interview, who asked for it, and where each question comes from."""

    created_by_user_id: str
    questions: list[EvidenceQuestion]  # type: ignore[assignment]  # each is a QuestionView


class EvidenceJobDescription(JobDescriptionView):
    """A job description and who sent it first."""

    created_by_user_id: str


class EvidenceAnswer(Answer):
    """Answer of GET /api/interview/evidence/<req_id>: all that is kept of a requisition.

    Generations, oldest first, are kept for `log_retention_days`; the rest stays.
    """

    req_id: str
    made_at: Moment
    job_description: EvidenceJobDescription
    generations: list[AuditRowView]
    log_retention_days: int
    interviews: list[EvidenceInterview]


class JobAcceptedAnswer(Answer):
    """Answer of a POST that is worked on in the background."""

    job_id: str
    status: JobStatus


class JobQuestion(_View):
    """A question of a job that can be delivered already. Also the event `question`."""

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


class JobEvent(_View):
    """Event `job`: what is being worked on, so that it can be followed again."""

    job_id: str


class PlannedTopicView(_View):
    """A topic that will be asked about."""

    topic: str
    skill_level: str
    question_type: str


class TopicsEvent(_View):
    """Event `topics`: what the questions will be about."""

    language: str
    topics: list[PlannedTopicView]


class EnhancedEvent(_View):
    """Event `enhanced`: the job description is stored."""

    job_description_id: int


class HealthAnswer(_View):
    """Answer of GET /health."""

    status: Literal["healthy"] = "healthy"
    timestamp: Moment


PartStatus = Literal["ok", "warning", "problem", "not_checked"]


class ReadinessPart(_View):
    """How one part of the service is, with one sentence about it."""

    status: PartStatus
    message: str


class ReadinessAnswer(_View):
    """Answer of GET /health/ready: not ready as soon as one part has a problem."""

    status: Literal["ready", "not_ready"]
    timestamp: Moment
    parts: dict[str, ReadinessPart]
