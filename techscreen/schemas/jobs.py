"""Requests and answers about jobs, and the events of their streams. See `generation.py`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from techscreen.schemas.fields import MAX_REQ_ID, Moment, Stored
from techscreen.schemas.generation import Answer, StoredLevel, StoredSource, StoredType, View, Warnings

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]
# What a job does: the names in `web/operation_table.py`.
JobOperation = Literal[
    "jd_enhancement",
    "interview_generation",
    "workflow",
    "cache_retirement",
    "interview_change",
    "job_description_change",
    "library_question",
    "library_change",
    "library_import",
    "library_saving",
    "import",
    "question_alternatives",
    "criteria_suggestion",
    "question_feedback",
    "webhook",
]


class JobsQuery(BaseModel):
    """Which jobs to list. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    req_id: Annotated[str, Field(max_length=MAX_REQ_ID)] | None = None
    status: JobStatus | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=100)] = 20


class JobAcceptedAnswer(Answer):
    """Answer of a POST that is worked on in the background."""

    job_id: str
    status: JobStatus


class JobQuestion(View):
    """A question of a job that can be delivered already. Also the event `question`."""

    question_number: int
    topic: str
    source: StoredSource
    tokens_used: int


class DescriptionEvent(View):
    """Event `description`: what Claude has written so far of the enhanced description. It has not been checked."""

    title: str | None
    text: str


class JobProgressView(View):
    """How far a job is.

    `description` is there only while it is being written. `tokens_used` is the cost of the steps so far.
    """

    topics: list[str] | None
    description: DescriptionEvent | None
    questions: list[JobQuestion]
    job_description_id: int | None
    interview_id: int | None
    tokens_used: int


class JobErrorView(View):
    """Why an attempt at a job has failed."""

    code: str
    error: str


class JobView(View):
    """A job without its answer."""

    job_id: str
    operation: Annotated[str, Stored(JobOperation)]
    req_id: str | None
    user_id: str
    status: Annotated[JobStatus, Stored(JobStatus)]
    background: bool
    attempts: int = Field(description="How often it was begun, also where Claude could not be asked at all.")
    attempt: int = Field(description="The attempt that it is at, or waits after, of those that count. 0: not begun.")
    max_attempts: int = Field(description="How many there are at most, as long as its failures may pass.")
    last_error: JobErrorView | None = Field(
        description="Why the attempt before failed, until the job has ended: then `error` says how."
    )
    retry_at: Moment | None = Field(description="While it waits to be tried again: when that is.")
    cancel_requested: bool = Field(
        description="Whether somebody has cancelled it while Claude was at work: it ends as soon as it can."
    )
    progress: JobProgressView
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class JobAnswer(JobView, Answer):
    """Answer of GET /api/interview/jobs/<job_id>: `result` is the body of the plain call, `error` that of its error."""

    result: dict[str, Any] | None
    error: dict[str, Any] | None


class CancelAnswer(Answer):
    """Answer of DELETE /api/interview/jobs/<job_id>: 200 if it is cancelled, 202 if it stops as soon as it can."""

    job_id: str
    status: JobStatus
    message: str = Field(description="What happens now.")


class JobsAnswer(Answer):
    """Answer of GET /api/interview/jobs, newest first."""

    jobs: list[JobView]
    page: int
    page_size: int


class JobEvent(View):
    """Event `job`: what is being worked on, so that it can be followed again."""

    job_id: str
    warnings: Warnings = ()


class WaitingEvent(View):
    """Event `waiting`: an attempt has failed, and why; the job is tried again at `retry_at`."""

    attempt: int
    max_attempts: int
    last_error: JobErrorView
    retry_at: Moment


class PlannedTopicView(View):
    """A topic that will be asked about."""

    topic: str
    skill_level: StoredLevel
    question_type: StoredType


class TopicsEvent(View):
    """Event `topics`: what the questions will be about."""

    language: str
    topics: list[PlannedTopicView]


class EnhancedEvent(View):
    """Event `enhanced`: the job description is stored. `tokens_used` is what it has cost."""

    job_description_id: int
    tokens_used: int
