"""Cancelling a job: what has not been paid for is not begun; what Claude was asked for goes on and is kept.

The id of a job comes in; its row goes out. A job that waits ends at once. One that is at work stops before it asks
Claude for the next part, and is not tried again.
"""

from __future__ import annotations

from typing import Any

from models import GenerationJob, utc_now
from techscreen.errors import Cancelled, NotCancellable, NotFound
from techscreen.jobs import store
from techscreen.observability.error_answers import error_body
from techscreen.storage import outbox

SENTENCE = (
    "This was cancelled before it was finished. What was paid for is kept. "
    "If it had an Idempotency-Key, the same request with that key goes on from there."
)


def cancel(job: GenerationJob) -> GenerationJob:
    """Cancel a job, or have it stop as soon as it can. Asking twice changes nothing.

    Returns:
        The job as it is then: `cancelled`, or `running` until what Claude was asked for is there.

    Raises:
        NotCancellable: if it has ended otherwise, or delivers an event.
        NotFound: if it was removed meanwhile.
    """
    if job.operation == outbox.OPERATION:
        raise NotCancellable("This job delivers an event, which nobody cancels.", req_id=job.req_id)
    now = store.request_cancellation(job.id, cancelled_columns(job.req_id))
    if now is None:
        raise NotFound("There is no job with this id.")
    if now.status in ("succeeded", "failed"):
        raise NotCancellable(f"This job has ended already: it {now.status}.", req_id=job.req_id)
    return now


def cancelled_columns(req_id: str | None) -> dict[str, Any]:
    """The columns of a job that is cancelled."""
    return {
        "status": "cancelled",
        "answer_status": Cancelled.status,
        "answer_body": error_body(Cancelled(SENTENCE, req_id=req_id)),
        "finished_at": utc_now(),
        "due_at": None,
        "retry_at": None,
        "last_error": None,
        "request": {},
    }
