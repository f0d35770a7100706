"""Recovery of jobs: requeues those of dead processes, finds those that are due, and removes old ones.

The heartbeat of any process calls it. Moments come in; ids to announce, or counts, go out.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models import GenerationJob, utc_now
from techscreen.jobs import store
from techscreen.jobs.cancelling import cancelled_columns
from techscreen.storage import outbox
from techscreen.storage.outbox import CLOSED, Outbox
from techscreen.storage.transactions import run_in_transaction

logger = logging.getLogger(__name__)

# Finished jobs are removed this long after their end. What they made stays.
KEPT_FOR = timedelta(days=7)
# Jobs that ended with 4xx: the mistake was the caller's, so nothing will be tried again.
REFUSALS_KEPT_FOR = timedelta(hours=24)
NO_OTHERS: Mapping[str, int] = MappingProxyType({})


def take_up_orphaned(
    dead_before: datetime,
    given_up_body: Callable[[], str],
    *,
    attempts_of: Mapping[str, int] = NO_OTHERS,
    events: Outbox = CLOSED,
) -> int:
    """Requeue the jobs of dead processes, and give up those that were begun too often.

    A job whose caller waited for it in a request is given up at once, because nobody waits any more. Its key can be
    used again.

    Args:
        dead_before: a process whose last heartbeat is older is dead.
        given_up_body: makes the answer of a job that is given up.
        attempts_of: how often the jobs of an operation may be begun, where that is not MAX_ATTEMPTS.
        events: the outbox for background jobs that are given up.

    Returns:
        How many jobs were taken up.
    """
    running = GenerationJob.status == "running"
    orphaned = select(
        GenerationJob.id,
        GenerationJob.attempts,
        GenerationJob.operation,
        GenerationJob.user_id,
        GenerationJob.req_id,
        GenerationJob.background,
        GenerationJob.refusals,
        GenerationJob.cancel_requested_at,
    ).where(running, store.under_way.is_orphaned(dead_before))

    def take_up(session: Session) -> int:
        left = session.execute(orphaned).all()
        for job in left:
            this = update(GenerationJob).where(
                GenerationJob.id == job.id, running, GenerationJob.attempts == job.attempts
            )
            if job.cancel_requested_at is not None:
                session.execute(this.values(**cancelled_columns(job.req_id)))
                store.drop_description(session, job.id)
                continue
            counted = GenerationJob.attempts - GenerationJob.refusals
            most = attempts_of.get(job.operation, store.MAX_ATTEMPTS)
            to_do_again = GenerationJob.background.is_(True), counted < most
            body, now = given_up_body(), utc_now()
            said = json.loads(body)
            number = store.attempts_that_count(job.attempts, job.refusals)
            why = {"code": said["code"], "error": said["error"], "attempt": number, "max_attempts": most}
            again: Any = session.execute(
                this.where(*to_do_again).values(
                    status="queued", process_id=None, due_at=now, retry_at=now, last_error=why
                )
            )
            if not again.rowcount:
                given_up: dict[str, Any] = {"status": "failed", "answer_status": 503, "answer_body": body}
                given_up |= {"due_at": None, "last_error": None}
                if job.operation != outbox.OPERATION:  # an event is kept, so that it can be sent again
                    given_up["request"] = {}
                written: Any = session.execute(this.values(**given_up, finished_at=utc_now()))
                event = events.failure_of(job.id, job.operation, job.user_id, job.req_id, body)
                if event is not None and job.background and written.rowcount:
                    outbox.insert_event(session, event)
            store.drop_description(session, job.id)
        return len(left)

    taken_up = run_in_transaction(take_up)
    if taken_up:
        logger.warning("%d jobs of dead processes taken up", taken_up, extra={"event": "jobs_recovered"})
    return taken_up


def due_again(silence: timedelta, *, events: bool = False) -> list[str]:
    """The ids of queued jobs that are due. Each is given to one process only, which must announce it.

    Args:
        silence: how long a living process may be silent.
        events: whether to look for events to be delivered, instead of all other jobs. Neither keeps the others waiting.
    """
    now = utc_now()
    is_event = GenerationJob.operation == outbox.OPERATION
    due = GenerationJob.status == "queued", GenerationJob.due_at <= now, is_event if events else ~is_event

    def claim_all(session: Session) -> list[str]:
        found = session.scalars(select(GenerationJob.id).where(*due).order_by(GenerationJob.due_at).limit(100)).all()
        announced = []
        for job_id in found:
            # This process delivers events itself, so that no message about them can get lost on its way.
            next_time = now + (1 if events else store.ANNOUNCED_AGAIN_AFTER) * silence
            ours: Any = session.execute(
                update(GenerationJob).where(GenerationJob.id == job_id, *due).values(due_at=next_time)
            )
            if ours.rowcount:
                announced.append(job_id)
        return announced

    return run_in_transaction(claim_all)


def remove_old() -> int:
    """Remove jobs that ended long ago, and events that nobody delivers."""
    now = utc_now()
    # `created_at` follows from `finished_at`, and has an index.
    ended = GenerationJob.created_at < now - KEPT_FOR, GenerationJob.finished_at < now - KEPT_FOR
    refused = (
        GenerationJob.status.in_(("failed", "cancelled")),
        GenerationJob.answer_status < 500,
        GenerationJob.finished_at < now - REFUSALS_KEPT_FOR,
    )

    # Nobody delivers events any more: WEBHOOK_URL was taken away.
    forgotten = (
        GenerationJob.status == "queued",
        GenerationJob.due_at < now - KEPT_FOR,
        GenerationJob.operation == outbox.OPERATION,
    )

    def remove(session: Session) -> int:
        old = {
            job_id
            for conditions in (ended, refused, forgotten)
            for job_id in session.scalars(select(GenerationJob.id).where(*conditions).limit(1_000))
        }
        if old:
            session.execute(delete(GenerationJob).where(GenerationJob.id.in_(old)))
        return len(old)

    return run_in_transaction(remove)
