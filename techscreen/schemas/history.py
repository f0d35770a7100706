"""Requests and answers about the history of interviews and job descriptions. See `generation.py`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from techscreen.schemas.differences import DifferenceView
from techscreen.schemas.fields import MAX_CURSOR, Described, Moment, Stored
from techscreen.schemas.generation import Answer, OverrideView, View
from techscreen.storage.history import Step, Subject

SIDE = "^(r?[0-9]{1,9}|v[0-9]{1,9}|published)$"


def _side(value: str) -> str:
    if not re.fullmatch(SIDE, value):
        raise PydanticCustomError(
            "no_side", "must be a change such as 3 or r3, a version such as v2, or the word published"
        )
    return value


Side = Annotated[
    str,
    AfterValidator(_side),
    Described(SIDE, "`3` or `r3`: after this change of the interview; `v2`: version 2 of its requisition; `published`"),
]


class HistoryQuery(BaseModel):
    """Which page of a history to show. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    order: Literal["oldest", "newest"] = Field("oldest", description="Which comes first.")
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = Field(
        None, description="The `next_cursor` of the page before."
    )


class DifferenceQuery(BaseModel):
    """What to compare. By default the newest state with that before the change that led to it."""

    model_config = ConfigDict(frozen=True)

    from_: Annotated[Side | None, Field(alias="from")] = None
    to: Side | None = None


class HistoryEntryView(View):
    """One step in the life of an interview or a job description."""

    subject: Annotated[Subject, Stored(Subject)]
    subject_id: int = Field(description="The interview's or the job description's id.")
    version: int | None = Field(description="The interview's; null for a job description.")
    number: int = Field(description="The `revision` that this step made; 0 is the state before the first change.")
    operation: Annotated[Step, Stored(Step)]
    user_id: str
    at: Moment
    note: str | None = Field(description="What they said about it: a reason, the note of an approval.")
    summary: list[str] = Field(description="What happened, in plain words.")
    difference: DifferenceView | None = Field(
        description="What changed since the step before. The first step of a revision is compared with the interview "
        "that it is made from; any other first step has none."
    )
    overridden: dict[str, OverrideView] = Field(description="Findings that were overridden in it, by their ids.")
    withdrawn: list[str] = Field(description="Ids of findings whose override was taken back.")
    previous_hash: str = Field(description="The hash of the step before; zeros for the first.")
    entry_hash: str = Field(description="SHA-256 of all that is kept of this step, `previous_hash` included.")


class StepView(View):
    """One step in the life of an interview, without what it has changed."""

    number: int = Field(description="The `revision` that this step made.")
    operation: Annotated[Step, Stored(Step)]
    what: str = Field(description="In a few plain words.")
    user_id: str
    at: Moment
    note: str | None


class HistoryAnswer(Answer):
    """Answer of GET /api/interview/<interview_id>/history. `next_cursor` is null at the end.

    A history is empty for what was made before histories were kept and has not been changed since.
    """

    interview_id: int
    req_id: str
    is_deleted: bool = Field(description="Whether it is a draft that was deleted.")
    entries: list[HistoryEntryView]
    next_cursor: str | None


class RequisitionHistoryAnswer(Answer):
    """Answer of GET /api/interview/history/<req_id>: its job description's and all its interviews' steps."""

    req_id: str
    entries: list[HistoryEntryView]
    next_cursor: str | None


class SideView(View):
    """One of two states that are compared."""

    interview_id: int
    version: int
    number: int = Field(description="The number of the change after which it was so.")
    at: Moment | None = Field(description="Since when. Null for what was made before histories were kept.")


class DifferenceAnswer(Answer):
    """Answer of GET /api/interview/<interview_id>/diff. `from` is null if there was nothing before."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: Annotated[SideView | None, Field(alias="from")]
    to: SideView
    summary: list[str] = Field(description="What differs, in plain words.")
    difference: DifferenceView


class EvidenceHistoryEntry(HistoryEntryView):
    """A step with all that its hash is made of."""

    recorded_at: str = Field(description="`at` with its fraction of a second, as the hash has it.")
    state: dict[str, object] = Field(description="What was kept of it after this step.")
