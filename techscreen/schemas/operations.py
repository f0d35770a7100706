"""Requests and answers about the question cache and the health of the service. See `generation.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from prompts import SkillLevel
from techscreen.schemas.fields import (
    MAX_SHORT_TEXT,
    ONE_LINE,
    TEXT_NOT_BLANK,
    Described,
    Moment,
    blank_is_none,
    no_control_characters,
    not_blank,
    pasted_text,
)
from techscreen.schemas.generation import Answer, RequestModel, StoredLevel, StoredType, View


class RetireRequest(RequestModel):
    """Why a cached question must never be lent again."""

    reason: Annotated[
        str,
        Field(max_length=1_000),
        AfterValidator(not_blank),
        AfterValidator(pasted_text),
        Described(TEXT_NOT_BLANK),
    ]
    url: Annotated[
        Annotated[str, Field(max_length=2_000), AfterValidator(no_control_characters), Described(ONE_LINE)] | None,
        BeforeValidator(blank_is_none),
    ] = None


class RetireOrder(RetireRequest):
    """Which cached question must never be lent again, and why."""

    cached_question_id: int


CacheState = Literal["available", "withheld", "complained", "used_up", "expired", "outdated", "retired"]


class CacheQuery(BaseModel):
    """Which cached questions to list. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    topic: Annotated[str, Field(max_length=MAX_SHORT_TEXT)] | None = None
    technology: Annotated[str, Field(max_length=MAX_SHORT_TEXT)] | None = None
    skill_level: SkillLevel | None = None
    language: Annotated[str, Field(max_length=35)] | None = None
    state: CacheState | None = None
    order: Literal["most_used", "least_used", "newest", "oldest"] = "newest"
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=100)] = 20


class CachedQuestionView(View):
    """A question of the cache."""

    id: int
    topic: str
    technologies: list[str] | None
    technology_key: str
    skill_level: StoredLevel
    question_type: StoredType
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
    retired_by_user_id: str | None
    model: str
    prompt_version: str
    only_for_req_id: str | None = Field(description="It holds confidential words of this requisition.")
    feedback: dict[str, int] = Field(description="How many people said what about it, by kind, over all its uses.")
    complaints: int = Field(description="People who have complained about it in any kind but `not_asked`.")


class CacheCounts(View):
    """How many questions the cache holds, by state, and how often it served."""

    total: int
    available: int
    withheld: int
    complained: int
    used_up: int
    expired: int
    outdated: int
    retired: int
    questions_delivered: int
    questions_from_cache: int
    hit_rate: float | None


class CacheUsage(View):
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


class AffectedInterview(View):
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


class StartAnswer(Answer):
    """Answer of GET /: where to find what."""

    service: str
    documentation: str
    openapi: str
    health: str


class HealthAnswer(View):
    """Answer of GET /health."""

    status: Literal["healthy"] = "healthy"
    timestamp: Moment


PartStatus = Literal["ok", "warning", "problem", "not_checked"]


class ReadinessPart(View):
    """How one part of the service is, with one sentence about it."""

    status: PartStatus
    message: str


class ReadinessAnswer(View):
    """Answer of GET /health/ready: not ready as soon as one part has a problem."""

    status: Literal["ready", "not_ready"]
    timestamp: Moment
    parts: dict[str, ReadinessPart]
