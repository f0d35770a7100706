"""Events that could not be delivered: which they are, and sending them again.

Ids come in, rows or a count go out. Such an event is kept for seven days (`jobs/recovery.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import GenerationJob, utc_now
from techscreen.storage import outbox
from techscreen.storage.transactions import run_in_transaction, transaction

FAILED = GenerationJob.operation == outbox.OPERATION, GenerationJob.status == "failed"


@dataclass(frozen=True)
class FailedEvent:
    """An event that was given up, and the last reason."""

    id: str
    event: str
    created_at: datetime
    attempts: int
    reason: str


def failed_events(limit: int = 1_000) -> list[FailedEvent]:
    """The events that were given up, oldest first."""
    oldest_first = select(GenerationJob).where(*FAILED).order_by(GenerationJob.created_at, GenerationJob.id)
    with transaction() as session:
        return [
            FailedEvent(
                id=job.id,
                event=str(job.request.get("event", "?")),
                created_at=job.created_at,
                attempts=job.attempts,
                reason=json.loads(job.answer_body or "{}").get("error", ""),
            )
            for job in session.scalars(oldest_first.limit(limit))
        ]


def send_again(event_ids: Sequence[str] | None = None) -> int:
    """Put events that were given up back into the queue, with all their attempts.

    Args:
        event_ids: which; None for all.

    Returns:
        How many there were.
    """
    chosen = FAILED if event_ids is None else (*FAILED, GenerationJob.id.in_(event_ids))
    again = {
        "status": "queued",
        "attempts": 0,
        "refusals": 0,
        "process_id": None,
        "due_at": utc_now(),
        "answer_status": None,
        "answer_body": None,
        "finished_at": None,
    }

    def requeue(session: Session) -> int:
        queued: Any = session.execute(update(GenerationJob).where(*chosen).values(**again))
        return int(queued.rowcount)

    return run_in_transaction(requeue)
