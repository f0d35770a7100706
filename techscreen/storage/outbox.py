"""The outbox of webhook events: each is written in the very transaction that makes it true.

An event comes in and becomes a row of `generation_jobs`, which the job queue then delivers, at least once. After the
commit the queue is woken up; if that fails, the next recovery of any process announces the row. Without WEBHOOK_URL the
outbox is closed, and nothing is written.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Literal, get_args

from sqlalchemy.orm import Session

from models import GenerationJob, Interview, utc_now
from techscreen.storage.transactions import after_commit

logger = logging.getLogger(__name__)

# The operation of the jobs that deliver an event.
OPERATION: Final = "webhook"
# Recovery announces an event that nobody has begun to deliver so many seconds after it was written.
ANNOUNCED_AFTER = 3.0

EventName = Literal["interview.generated", "interview.published", "interview.archived", "job.failed"]
EVENT_NAMES: tuple[str, ...] = get_args(EventName)


class Outbox:
    """Where rooms put their events.

    Args:
        is_open: whether anybody is to be told.
        wake: has an event delivered, by its id. It must return at once.
    """

    def __init__(self, *, is_open: bool, wake: Callable[[str], object] = lambda _: None) -> None:
        self._is_open = is_open
        self._wake = wake

    def interview_generated(self, session: Session, interview: Interview, user_id: str, job_id: str | None) -> None:
        """A new version of an interview is being stored. It must have been flushed, so that it has its id."""
        self._put_interview(session, "interview.generated", interview, user_id, job_id=job_id)

    def interview_published(self, session: Session, interview: Interview, user_id: str) -> None:
        """This user publishes an interview, in this transaction."""
        self._put_interview(session, "interview.published", interview, user_id)

    def interview_archived(self, session: Session, interview: Interview, user_id: str) -> None:
        """This user archives an interview, in this transaction."""
        self._put_interview(session, "interview.archived", interview, user_id)

    def put(
        self, session: Session, event: EventName, data: dict[str, Any], *, user_id: str, req_id: str | None = None
    ) -> None:
        """Write an event, to be delivered if this transaction is committed.

        Args:
            data: what is told of it, as plain JSON.
            user_id: who has made it happen.
            req_id: the requisition concerned.
        """
        if self._is_open:
            row = _row(event, data, user_id, req_id)
            insert_event(session, row)
            after_commit(session, lambda: self.wake(row["id"]))

    def failure_of(
        self, job_id: str, operation: str, user_id: str, req_id: str | None, error_body: str
    ) -> dict[str, Any] | None:
        """The event that a background job has failed for good, as plain values for `insert_event`.

        Args:
            error_body: the JSON of the job's error.

        Returns:
            None if nobody is to be told: the outbox is closed, or the job was itself to deliver an event.
        """
        if not self._is_open or operation == OPERATION:
            return None
        error = json.loads(error_body)
        data = {
            "job_id": job_id,
            "operation": operation,
            "req_id": req_id,
            "user_id": user_id,
            "code": error["code"],
            "error": error["error"],
        }
        return _row("job.failed", data, user_id, req_id)

    def wake(self, event_id: str) -> None:
        """Have an event delivered soon. Raises nothing, because recovery sees to it otherwise."""
        try:
            self._wake(event_id)
        except Exception:  # the event is committed, and what has made it true must not seem to have failed
            logger.exception("an event waits for recovery", extra={"event": "webhook_not_announced"})

    def _put_interview(
        self, session: Session, event: EventName, interview: Interview, user_id: str, **more: str | None
    ) -> None:
        data = {
            "interview_id": interview.id,
            "req_id": interview.req_id,
            "version": interview.version,
            "interview_name": interview.interview_name,
            "user_id": user_id,
            **more,
        }
        self.put(session, event, data, user_id=user_id, req_id=interview.req_id)


CLOSED = Outbox(is_open=False)


def insert_event(session: Session, row: dict[str, Any]) -> None:
    """Insert an event that is given as plain values."""
    session.add(GenerationJob(**row))


def _row(event: EventName, data: dict[str, Any], user_id: str, req_id: str | None) -> dict[str, Any]:
    now, event_id = utc_now(), uuid.uuid4().hex
    return {
        "id": event_id,
        "operation": OPERATION,
        "user_id": user_id,
        "req_id": req_id,
        "request": {
            "id": event_id,
            "event": event,
            "created_at": now.isoformat(timespec="seconds"),
            "data": data,
        },
        "background": True,
        "status": "queued",
        "progress": {},
        "attempts": 0,
        "refusals": 0,
        "created_at": now,
        "due_at": now + timedelta(seconds=ANNOUNCED_AFTER),
    }
