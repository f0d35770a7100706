"""Requests and answers of the list of requisitions. See `generation.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from techscreen.schemas.audit import AskedUser, PeriodQuery
from techscreen.schemas.fields import (
    MAX_CURSOR,
    ONE_LINE,
    Described,
    Moment,
    ReqId,
    Stored,
    blank_is_none,
    no_control_characters,
)
from techscreen.schemas.generation import Answer, InterviewStatus, StoredStatus, View

MAX_SEARCH = 200
_Search = Annotated[str, Field(max_length=MAX_SEARCH), AfterValidator(no_control_characters), Described(ONE_LINE)]
RequisitionState = Literal["not_enhanced", "enhanced", "draft", "in_review", "published", "archived"]
_STATE = (
    "That of the newest interview, of which a draft is `in_review` once a review was requested. Where there is no "
    "interview: whether the job description is enhanced."
)


class RequisitionsQuery(BaseModel):
    """Which requisitions to list. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    search: Annotated[_Search | None, BeforeValidator(blank_is_none)] = Field(
        None, description="Only those with this text in req_id, title or department, in capitals or not."
    )
    state: RequisitionState | None = Field(None, description=f"Only requisitions in this state. {_STATE}")
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = Field(
        None, description="The `next_cursor` of the page before."
    )


class NewestInterviewView(View):
    """The newest version of a requisition's interview, without its questions."""

    id: int
    interview_name: str
    version: int
    status: StoredStatus
    question_count: int
    review_requested_of: str | None
    approved_by_user_id: str | None = Field(description="Who published it.")
    published_at: Moment | None


class LastChangeView(View):
    """What was done last to a requisition's job description or to one of its interviews."""

    user_id: str
    what: str = Field(description="In a few plain words.")
    at: Moment


class RequisitionView(View):
    """A requisition as a list shows it. Deleted drafts count in nothing but `last_change`."""

    req_id: str
    title: str = Field(description="The enhanced one, if there is one.")
    department: str | None
    level: str | None
    state: Annotated[RequisitionState, Stored(RequisitionState)] = Field(description=_STATE)
    language: str | None = Field(description="That of the enhanced job description.")
    is_enhanced: bool
    versions: int = Field(description="How many interviews it has.")
    newest_interview: NewestInterviewView | None
    published_interview_id: int | None = Field(description="The newest interview that is published.")
    findings_open: int = Field(
        description="Findings about the newest interview and the job description that nobody has overridden."
    )
    coverage_gaps: int | None = Field(
        description="Parts of the WORK inputs and duties that the newest interview leaves out. Null where that was not "
        "measured."
    )
    last_change: LastChangeView
    running_job_id: str | None = Field(description="The newest job that is making something of it at the moment.")
    created_at: Moment


class RequisitionsAnswer(Answer):
    """Answer of GET /api/interview/requisitions, newest activity first. `next_cursor` is null at the end."""

    requisitions: list[RequisitionView]
    total: int = Field(description="How many match, whatever the page shows.")
    next_cursor: str | None


class InterviewVersionView(NewestInterviewView):
    """One of a requisition's interviews, without its questions."""

    created_at: Moment
    revision: int
    edited_by_user_id: str | None = Field(description="Who changed a text or the order last.")
    edited_at: Moment | None
    review_requested_by_user_id: str | None
    review_requested_at: Moment | None
    archived_at: Moment | None


class AllInterviewsQuery(PeriodQuery):
    """Which interviews to list, of all requisitions. `from` and `to` are about when they were made."""

    req_id: ReqId | None = Field(None, description="Only those of this requisition.")
    status: InterviewStatus | None = Field(None, description="Only interviews in this state.")
    created_by: AskedUser | None = Field(None, description="Only those that this user has had made.")
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = Field(
        None, description="The `next_cursor` of the page before."
    )


class InterviewSummaryView(InterviewVersionView):
    """An interview as a list of all shows it, without its questions."""

    req_id: str
    language: str | None
    created_by_user_id: str


class AllInterviewsAnswer(Answer):
    """Answer of GET /api/interview, newest first. `next_cursor` is null at the end."""

    interviews: list[InterviewSummaryView]
    next_cursor: str | None


class InterviewVersions(View):
    """A page of a requisition's interviews, newest version first. `next_cursor` is null at the end."""

    versions: list[InterviewVersionView]
    next_cursor: str | None
