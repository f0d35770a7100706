"""The rows of jobs: accepted POSTs that must survive their connection or their process.

A POST with an idempotency key, or whose progress is streamed, or that is answered later, comes in and becomes a row;
attempts and states go out. The row is the only state: whatever wakes a thread or worker, the job is claimed here by
compare-and-swap, so that it runs once at a time, and only the attempt that owns a job may write about it.

A key belongs to its user and names the first answer for 24 hours, if that was a success. Any other answer is not kept:
the same key may try again, from where the first attempt broke off. What is refused before it begins makes no job.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any

from sqlalchemy import ColumnElement, Update, delete, select, update
from sqlalchemy.orm import Session

from models import GenerationJob, utc_now
from techscreen.errors import IdempotencyMismatch, JobLost, OperationInProgress
from techscreen.storage import outbox
from techscreen.storage.deferred_writes import Values, deferrable, write_or_defer
from techscreen.storage.liveness import WorkUnderWay, dead_neighbours, this_process_id
from techscreen.storage.transactions import FRESH, run_in_transaction, transaction

MAX_ATTEMPTS = 3
KEY_LIFETIME = timedelta(hours=24)
# Keys of one user that are remembered. Beyond that the oldest are forgotten early, because new keys are the ones
# repeated.
MAX_KEYS_PER_USER = 1_000
# One in this many requests checks whether a user has more.
FORGET_EVERY = 20
# A queued job that nobody has begun is announced again after this many times `Heartbeat.silence`: its message may be
# lost.
ANNOUNCED_AGAIN_AFTER = 4
RETRY_AFTER = 5

# In a job's progress: what its present attempt has written of a description that is not stored yet.
DESCRIPTION = "description"
# There too: what the caller is to be warned of, for its answer.
WARNINGS = "warnings"

under_way = WorkUnderWay(GenerationJob.process_id, GenerationJob.started_at, GenerationJob.id)


@dataclass(frozen=True)
class NewJob:
    """What is known of a POST when it is accepted."""

    operation: str
    user_id: str
    req_id: str | None
    request: dict[str, Any]
    request_id: str | None
    background: bool
    idempotency_key: str | None = None
    fingerprint: str | None = None
    warnings: tuple[dict[str, str], ...] = ()

    def columns(self) -> dict[str, Any]:
        """The columns of its row."""
        return {name: value for name, value in vars(self).items() if name != WARNINGS}

    def progress_after(self, earlier: dict[str, Any]) -> dict[str, Any]:
        """What an earlier request with the same key has left, with the warnings about this one."""
        kept = {name: value for name, value in without_description(earlier).items() if name != WARNINGS}
        return {**kept, WARNINGS: list(self.warnings)} if self.warnings else kept


@dataclass(frozen=True)
class Accepted:
    """What became of a POST: a new attempt at a job, or an earlier job of the same key.

    Attributes:
        is_new: whether the work has yet to begin.
        attempt: the new attempt; None for a background job, which is claimed later.
        answer: status and body of the earlier answer, if there is one.
        before: the key's job as it was before the new attempt, if there was one.
    """

    job_id: str
    is_new: bool
    attempt: Attempt | None = None
    answer: tuple[int, str] | None = None
    before: dict[str, Any] | None = None


@dataclass(frozen=True)
class Attempt:
    """One attempt at a job, as plain values, and the proof of who owns it."""

    job_id: str
    number: int
    refusals: int
    operation: str
    user_id: str
    req_id: str | None
    request: dict[str, Any]
    request_id: str | None
    background: bool
    progress: dict[str, Any]
    job_description_id: int | None
    interview_id: int | None
    asked_at: datetime

    def owned(self) -> Update:
        """An update that has an effect only while this attempt owns the job."""
        return _owned(self.job_id, self.number, this_process_id())

    def write(self, session: Session, **values: Any) -> None:
        """Write columns of the job.

        Raises:
            JobLost: if another process has taken it up meanwhile.
        """
        written: Any = session.execute(self.owned().values(**values))
        if written.rowcount != 1:
            raise JobLost("This job was taken up by another process.")


def accept(
    new: NewJob, silence: timedelta, admit: Callable[[Session], object], count: Callable[[], None] = lambda: None
) -> Accepted:
    """Make a job of a POST, unless its key has one already.

    Args:
        new: the POST.
        silence: how long a living process may be silent.
        admit: raises if nothing new may begin. Not called if the key has an answer already.
        count: counts what is about to begin, or raises if the limit is reached. Not called for a request that loses the
            race for its key.

    Raises:
        IdempotencyMismatch: if the key was used for another request.
        OperationInProgress: if the key's first request is still at work, or was cancelled and has not ended yet.
    """

    def store(session: Session) -> Accepted:
        known, before = _of_key(session, new), None
        if known is None:
            admit(session)
            if new.idempotency_key is not None and not SystemRandom().randrange(FORGET_EVERY):
                _forget_oldest_keys(session, new.user_id)
            job = GenerationJob(
                id=uuid.uuid4().hex,
                progress=new.progress_after({}),
                created_at=utc_now(),
                attempts=0,
                refusals=0,
                **new.columns(),
            )
            session.add(job)
        elif known.fingerprint != new.fingerprint:
            raise IdempotencyMismatch(
                "This Idempotency-Key was used for another request within the last 24 hours.", req_id=new.req_id
            )
        elif known.status in ("queued", "running") and not _is_orphaned(session, known):
            is_unwanted = known.cancel_requested_at is not None
            if known.background and new.background and not is_unwanted:
                return Accepted(known.id, is_new=False)
            state = (
                "was cancelled and is about to end: try again once it has"
                if is_unwanted
                else "is still being worked on"
            )
            raise OperationInProgress(
                f"The first request with this Idempotency-Key {state}.",
                req_id=new.req_id,
                retry_after=RETRY_AFTER,
                job_id=known.id,
            )
        elif may_be_replayed(known.answer_status):
            assert known.answer_status is not None
            return Accepted(known.id, is_new=False, answer=(known.answer_status, known.answer_body or ""))
        else:
            admit(session)
            job = known
            before = {name: getattr(known, name) for name in CHANGED_BY_ACCEPTING}
            job.request, job.request_id, job.background = new.request, new.request_id, new.background
            job.created_at = utc_now()  # it is requested again, and of several requests the newest counts
            job.answer_status = job.answer_body = job.finished_at = None
            job.last_error = job.retry_at = job.cancel_requested_at = None
            job.progress = new.progress_after(job.progress)
        if new.background:
            job.status, job.attempts, job.refusals, job.process_id = "queued", 0, 0, None
            job.due_at = utc_now() + ANNOUNCED_AGAIN_AFTER * silence
        else:
            job.status, job.attempts, job.process_id = "running", job.attempts + 1, this_process_id()
            job.started_at = utc_now()
        session.flush()
        count()
        return Accepted(job.id, is_new=True, attempt=None if new.background else _attempt(job), before=before)

    accepted = run_in_transaction(store)
    if accepted.attempt is not None:
        under_way.add(accepted.job_id, accepted.attempt)
    return accepted


CHANGED_BY_ACCEPTING = (
    "request",
    "created_at",
    "request_id",
    "background",
    "answer_status",
    "answer_body",
    "finished_at",
    "status",
    "attempts",
    "refusals",
    "process_id",
    "due_at",
    "last_error",
    "retry_at",
    "cancel_requested_at",
)


def withdraw(accepted: Accepted) -> None:
    """Undo the acceptance of a job that cannot be announced. What its key has paid for before stays."""
    this = GenerationJob.id == accepted.job_id, GenerationJob.status == "queued"

    def undo(session: Session) -> None:
        if accepted.before is None:
            session.execute(delete(GenerationJob).where(*this))
        else:
            session.execute(update(GenerationJob).where(*this).values(**accepted.before))

    run_in_transaction(undo)


def claim(job_id: str) -> Attempt | None:
    """Begin the next attempt at a queued job; None if another process has, or if it has ended."""

    def begin(session: Session) -> Attempt | None:
        ours: Any = session.execute(
            update(GenerationJob)
            .where(GenerationJob.id == job_id, GenerationJob.status == "queued")
            .values(
                status="running",
                process_id=this_process_id(),
                attempts=GenerationJob.attempts + 1,
                started_at=utc_now(),
                retry_at=None,
            )
        )
        if ours.rowcount != 1:
            return None
        return _attempt(session.get_one(GenerationJob, job_id, populate_existing=True))

    attempt = run_in_transaction(begin)
    if attempt is not None:
        under_way.add(job_id, attempt)
    return attempt


def finish(
    attempt: Attempt,
    answer_status: int,
    answer_body: str,
    event: dict[str, Any] | None = None,
    *,
    was_cancelled: bool = False,
) -> None:
    """Store the answer. The request itself is no longer kept, since a retry sends it again, unless it is an event.

    Args:
        event: the row of an event that is to be written with it.
        was_cancelled: whether the answer is that it was cancelled.
    """
    ended: dict[str, Any] = {
        "status": "succeeded" if answer_status < 400 else "cancelled" if was_cancelled else "failed",
        "answer_status": answer_status,
        "answer_body": answer_body,
        "finished_at": utc_now(),
        "due_at": None,
        "last_error": None,
    }
    if attempt.operation != outbox.OPERATION or answer_status < 400:
        ended["request"] = {}
    _write_end(attempt, ended, event)


def try_again_later(
    attempt: Attempt,
    pause: float,
    *,
    error: dict[str, Any] | None = None,
    if_cancelled: dict[str, Any] | None = None,
    was_refused: bool = False,
) -> None:
    """Put a job back into the queue, unless somebody wants it cancelled.

    Args:
        pause: seconds after which it may be begun again.
        error: why this attempt failed, for the column `last_error`.
        if_cancelled: the columns of the job if somebody wants it cancelled.
        was_refused: whether nothing could be tried, so that this attempt does not count.
    """
    due_at = utc_now() + timedelta(seconds=pause)
    queued: dict[str, Any] = {
        "status": "queued",
        "process_id": None,
        "due_at": due_at,
        "retry_at": due_at,
        "last_error": error,
    }
    queued["refusals"] = attempt.refusals + int(was_refused)
    _write_end(attempt, queued, if_cancelled=if_cancelled)


def attempts_that_count(attempts: int, refusals: int) -> int:
    """The number of the attempt that a job is at or waits after: those that could try nothing do not count."""
    return max(attempts - refusals, min(attempts, 1))


def request_cancellation(job_id: str, cancelled: dict[str, Any]) -> GenerationJob | None:
    """Cancel a job that waits; of one that is at work, note that it is not to go on. The job as it is then.

    Args:
        cancelled: the columns of a job that is cancelled.
    """
    this = update(GenerationJob).where(GenerationJob.id == job_id)

    def ask(session: Session) -> GenerationJob | None:
        at_once: Any = session.execute(this.where(GenerationJob.status == "queued").values(**cancelled))
        if not at_once.rowcount:
            not_yet = GenerationJob.status == "running", GenerationJob.cancel_requested_at.is_(None)
            session.execute(this.where(*not_yet).values(cancel_requested_at=utc_now()))
        return session.get(GenerationJob, job_id, populate_existing=True)

    return run_in_transaction(ask)


def is_to_be_cancelled(job_id: str) -> bool:
    """Whether somebody has asked that a job at work does not go on."""
    with transaction() as session:
        asked = select(GenerationJob.cancel_requested_at).where(GenerationJob.id == job_id)
        return session.scalar(asked) is not None


def _write_end(
    attempt: Attempt,
    ended: dict[str, Any],
    event: dict[str, Any] | None = None,
    if_cancelled: dict[str, Any] | None = None,
) -> None:
    """Write how an attempt ended: if the database is away, as soon as it is back."""
    write_or_defer(
        attempt_ended,
        job_id=attempt.job_id,
        number=attempt.number,
        process_id=this_process_id(),
        ended=ended,
        event=event,
        if_cancelled=if_cancelled,
    )
    under_way.remove(attempt.job_id, attempt)


@deferrable
def attempt_ended(session: Session, values: Values) -> None:
    """Write how an attempt ended, and the event of that, if it still owns its job."""
    this = _owned(values["job_id"], values["number"], values["process_id"])
    written: Any
    if values.get("if_cancelled") is not None:
        is_unwanted = GenerationJob.cancel_requested_at.is_not(None)
        written = session.execute(this.where(is_unwanted).values(**values["if_cancelled"]))
        if written.rowcount:
            drop_description(session, values["job_id"])
            return
    written = session.execute(this.values(**values["ended"]))
    if not written.rowcount:
        return
    drop_description(session, values["job_id"])
    event = values.get("event")
    if event is not None:
        outbox.insert_event(session, event)


def drop_description(session: Session, job_id: str) -> None:
    """Drop what an attempt has noted of an unfinished description, in the transaction that has ended the attempt."""
    this = GenerationJob.id == job_id
    # As it is now, and not as when this transaction began.
    progress = session.scalar(select(GenerationJob.progress).where(this).with_for_update())
    if progress and DESCRIPTION in progress:
        session.execute(update(GenerationJob).where(this).values(progress=without_description(progress)))


def without_description(progress: dict[str, Any]) -> dict[str, Any]:
    """A job's progress without the unfinished description."""
    return {name: value for name, value in progress.items() if name != DESCRIPTION}


def _owned(job_id: str, number: int, process_id: str) -> Update:
    return update(GenerationJob).where(
        GenerationJob.id == job_id,
        GenerationJob.status == "running",
        GenerationJob.process_id == process_id,
        GenerationJob.attempts == number,
    )


def may_be_replayed(answer_status: int | None) -> bool:
    """Whether an answer is kept for its key: not a failure of ours, nor a refusal, which may not hold later."""
    return answer_status is not None and answer_status < 400


def find(job_id: str) -> GenerationJob | None:
    """A job by its id."""
    with transaction() as session:
        return session.get(GenerationJob, job_id, populate_existing=True)


@dataclass(frozen=True)
class JobState:
    """The columns that tell how far a job is."""

    status: str
    progress: dict[str, Any]
    job_description_id: int | None
    answer_body: str | None
    last_error: dict[str, Any] | None
    retry_at: datetime | None


def states(job_ids: Sequence[str]) -> dict[str, JobState]:
    """How far these jobs are; without those that do not exist."""
    columns = (getattr(GenerationJob, name) for name in JobState.__annotations__)
    with transaction() as session:
        found = session.execute(select(GenerationJob.id, *columns).where(GenerationJob.id.in_(job_ids)))
        return {job_id: JobState(*values) for job_id, *values in found}


def find_all(*, req_id: str | None, status: str | None, limit: int, offset: int) -> list[GenerationJob]:
    """A page of jobs, newest first, filtered by requisition and status if given."""
    wanted: list[ColumnElement[bool]] = []
    if req_id is not None:
        wanted.append(GenerationJob.req_id == req_id)
    if status is not None:
        wanted.append(GenerationJob.status == status)
    newest_first = GenerationJob.created_at.desc(), GenerationJob.id
    with transaction() as session:
        return list(
            session.scalars(select(GenerationJob).where(*wanted).order_by(*newest_first).limit(limit).offset(offset))
        )


def _is_orphaned(session: Session, job: GenerationJob) -> bool:
    """Whether the process in which the request waited is known to be dead, so that its key is free at once.

    Recovery takes care of background jobs.
    """
    return not job.background and job.status == "running" and bool(dead_neighbours(session, [job.process_id]))


def _of_key(session: Session, new: NewJob) -> GenerationJob | None:
    """The job of a key, if the key still counts. A job that is too old loses its key."""
    if new.idempotency_key is None:
        return None
    mine = GenerationJob.user_id == new.user_id, GenerationJob.idempotency_key == new.idempotency_key
    # Looked up without a lock first: for a missing row MySQL would lock the gap, and so all new keys of this user.
    if session.scalar(select(GenerationJob.id).where(*mine)) is None:
        return None
    # Two retries at the same time must not both find the key free. Locked by a write that changes nothing, because
    # SQLite locks nothing for a reader; then read as it is now, and not as when this transaction began.
    lock = update(GenerationJob).where(*mine).values(user_id=new.user_id)
    session.execute(lock, execution_options={"synchronize_session": False})
    known = session.scalar(select(GenerationJob).where(*mine).with_for_update(), execution_options=FRESH)
    if known is None:
        return None
    oldest: datetime = utc_now() - KEY_LIFETIME
    if known.status in ("queued", "running") or (known.finished_at or known.created_at) > oldest:
        return known
    known.idempotency_key = None
    session.flush()
    return None


def _forget_oldest_keys(session: Session, user_id: str) -> None:
    """Forget all but a user's newest keys, without jobs that are under way or in the background."""
    ended = GenerationJob.background.is_(False), GenerationJob.finished_at.is_not(None)
    newest_first = (
        select(GenerationJob.id)
        .where(GenerationJob.user_id == user_id, GenerationJob.idempotency_key.is_not(None), *ended)
        .order_by(GenerationJob.created_at.desc(), GenerationJob.id)
    )
    too_old = session.scalars(newest_first.offset(MAX_KEYS_PER_USER).limit(1_000)).all()
    if too_old:
        # Checked again: one of them may be retried at this very moment.
        session.execute(delete(GenerationJob).where(GenerationJob.id.in_(too_old), *ended))


def _attempt(job: GenerationJob) -> Attempt:
    return Attempt(
        job_id=job.id,
        number=job.attempts,
        refusals=job.refusals,
        operation=job.operation,
        user_id=job.user_id,
        req_id=job.req_id,
        request=job.request,
        request_id=job.request_id,
        background=job.background,
        progress=job.progress,
        job_description_id=job.job_description_id,
        interview_id=job.interview_id,
        asked_at=job.created_at,
    )
