"""Whether a requisition still has the texts that something was made from.

Requests for one requisition with the same texts may end in any order. Where the texts differ, those of the newest
request count, and nothing that was made from older ones may be stored after them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import Interview, JobDescription, utc_now
from techscreen.errors import NotFound, Superseded

# How to read the row: as it is now, and locked until the transaction ends, for writing or only against changes.
LOCKED: dict[str, Any] = {"populate_existing": True, "with_for_update": True}
SHARED: dict[str, Any] = {"populate_existing": True, "with_for_update": {"read": True}}


def is_held(session: Session, req_id: str) -> bool:
    """Lock a requisition until this transaction ends, so that nobody erases it meanwhile; False if it is gone.

    By a write that changes nothing, because SQLite locks nothing for a reader.
    """
    this = update(JobDescription).where(JobDescription.req_id == req_id).values(id=JobDescription.id)
    held: Any = session.execute(this, execution_options={"synchronize_session": False})
    return bool(held.rowcount)


def refuse_if_erased(session: Session, req_id: str, table: type[JobDescription | Interview], row_id: int) -> None:
    """Hold a requisition while the audit row is opened that keeps it from being erased.

    What was read of it before may be gone by now, and Claude must not be paid for what cannot be stored.

    Args:
        table, row_id: the row that the work is about.

    Raises:
        NotFound: if that was erased.
    """
    if not is_held(session, req_id) or session.get(table, row_id, **SHARED) is None:
        raise NotFound("This was erased meanwhile.", req_id=req_id)


def refuse_if_superseded(
    stored: JobDescription, texts: Mapping[str, str | None], asked_at: datetime | None = None
) -> None:
    """Refuse to store what was made from these texts if newer ones count by now.

    Args:
        stored: the job description as it is now.
        texts: what it was made from, by the names of its columns.
        asked_at: when it was asked for, if it may replace the stored texts: then only those of a newer request
            supersede it.

    Raises:
        Superseded: if newer ones count.
    """
    if asked_at is not None and not _is_newer(stored.enhancement_asked_at, asked_at):
        return
    if any(getattr(stored, name) != text for name, text in texts.items()):
        raise Superseded(
            "The texts of this requisition were replaced meanwhile, by a newer request: those count.",
            req_id=stored.req_id,
        )


def _is_newer(stored: datetime | None, asked_at: datetime) -> bool:
    """Whether what is stored was asked for later. A moment in the future comes from a clock that was wrong."""
    return stored is not None and asked_at < stored <= utc_now()


def refuse_if_edited(stored: JobDescription, asked_at: datetime) -> None:
    """Refuse to store an enhancement over what a person has written since it was asked for.

    Raises:
        Superseded: if somebody has.
    """
    if stored.edited_at is not None and asked_at < stored.edited_at <= utc_now():
        raise Superseded("Somebody has edited this job description meanwhile: their words count.", req_id=stored.req_id)
