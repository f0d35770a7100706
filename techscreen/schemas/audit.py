"""Requests and answers about the audit trail: rows, sums, and everything kept of a requisition. See `generation.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from techscreen.schemas.fields import (
    MAX_CURSOR,
    MAX_SHORT_TEXT,
    ONE_LINE_NOT_BLANK,
    AskedMoment,
    Described,
    Moment,
    ReqId,
    Stored,
    no_control_characters,
    not_blank,
)
from techscreen.schemas.generation import Answer, InterviewView, JobDescriptionView, OverrideView, QuestionView, View
from techscreen.schemas.history import EvidenceHistoryEntry


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


AskedUser = Annotated[
    str,
    Field(max_length=MAX_SHORT_TEXT),
    AfterValidator(not_blank),
    AfterValidator(no_control_characters),
    Described(ONE_LINE_NOT_BLANK),
]
Generation = Literal["jd_enhancement", "interview_generation", "question_alternatives", "criteria_suggestion"]
# What people do, which costs no tokens.
ChangeOperation = Literal[
    "edit",
    "override",
    "request_review",
    "publish",
    "archive",
    "restore",
    "revise",
    "delete",
    "import",
    "library",
    "feedback",
    "erase",
]
AuditedOperation = Literal[Generation, ChangeOperation]
AuditStatus = Literal["in_progress", "success", "failed"]


class LogsQuery(PeriodQuery):
    """Which audit rows to list."""

    req_id: ReqId | None = None
    user_id: AskedUser | None = None
    operation_type: AuditedOperation | None = None
    status: AuditStatus | None = None
    page_size: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = None


UsageGrouping = Literal["day", "user", "operation", "model"]


class UsageQuery(PeriodQuery):
    """Of which period to sum the audit rows, and by what."""

    group_by: UsageGrouping = "day"


class AuditRowView(View):
    """The audit row of one generation. Those of an enhancement and of its interview are two.

    `tokens_are_lower_bound`: a call broke off or did not tell all that it cost.
    """

    id: int
    operation_type: Annotated[AuditedOperation, Stored(AuditedOperation)]
    req_id: str
    user_id: str
    status: Annotated[AuditStatus, Stored(AuditStatus)]
    error_code: str | None
    error_message: str | None
    tokens_used: int
    input_tokens: int
    output_tokens: int
    cache_creation_tokens: int
    cache_read_tokens: int
    tokens_are_lower_bound: bool
    attempts: int
    repairs: int
    failed_checks: list[str] | None
    cached_questions: int
    model: str
    prompt_version: str
    claude_request_ids: list[str] | None
    duration_ms: int | None
    started_at: Moment
    completed_at: Moment | None
    result_id: int | None
    erased: dict[str, int] | None = Field(description="Of an erasure: how many rows of what are gone.")


class LogsAnswer(Answer):
    """Answer of GET /api/interview/logs, newest first. `next_cursor` is null at the end."""

    logs: list[AuditRowView]
    page_size: int
    next_cursor: str | None


class UsageFigures(View):
    """What generations have used. `calls` are the attempts at Claude, `cached_questions` those the cache has lent.

    `lower_bounds` counts generations that may have used more tokens than is known, so that the sums may be too low.
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
    lower_bounds: int
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


class CachedOrigin(View):
    """A question of the cache as where a delivered one comes from, and whether it was retired since."""

    id: int
    topic: str
    model: str
    prompt_version: str
    created_at: Moment
    retired_at: Moment | None
    retired_reason: str | None
    retired_url: str | None
    retired_by_user_id: str | None


class EvidenceQuestion(QuestionView):
    """A delivered question with its entry in the cache: null if it has none, or none any more."""

    cached_question: CachedOrigin | None


class EvidenceInterview(InterviewView):
    """An interview, who asked for it, and where each question comes from. Deleted drafts are here too."""

    created_by_user_id: str
    deleted_at: Moment | None = Field(description="When this draft was deleted; null for all that can be read.")
    overrides: dict[str, OverrideView] = Field(description="Findings that somebody has overridden, by their ids.")
    questions: list[EvidenceQuestion]  # type: ignore[assignment]  # each is a QuestionView


class EvidenceJobDescription(JobDescriptionView):
    """A job description and who sent it first."""

    created_by_user_id: str


class EvidenceAnswer(Answer):
    """Answer of GET /api/interview/evidence/<req_id>: all that is kept of a requisition.

    Generations, oldest first, are kept for `log_retention_days`; the rest stays. `history` has every step of the job
    description and of the interviews, oldest first, each with the hash of the one before it.
    """

    req_id: str
    made_at: Moment
    job_description: EvidenceJobDescription
    generations: list[AuditRowView]
    log_retention_days: int
    interviews: list[EvidenceInterview]
    history: list[EvidenceHistoryEntry]
