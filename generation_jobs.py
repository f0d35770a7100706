"""Jobs: accepted POSTs that must survive their connection or their process, one row each.

A POST becomes a job if it carries an idempotency key, wants its progress streamed, or may be answered later. The
row is the only state: whatever wakes somebody up to run a job (a thread pool, a broker), it is claimed here, by
compare-and-swap, so that it runs once at a time. All that is written about a running job is written on condition
that the attempt still owns it.

A key belongs to its user. It names the first answer for 24 hours; answers of 500 and above and of 429 are not
kept, so that the same key may try again, from where the first attempt broke off.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, Connection, Update, delete, select, update
from sqlalchemy.orm import Session

from errors import DatabaseUnavailable, IdempotencyMismatch, JobLost, OperationInProgress
from models import PATIENCE, GenerationJob, settled, transaction, utc_now
from outstanding_writes import write_later
from service_processes import left_behind, this_process_id

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
KEY_LIVES = timedelta(hours=24)
# Finished jobs are removed so long after their end. What they made stays.
KEPT_FOR = timedelta(days=7)
# A queued job that nobody has begun is announced again after so many silences: its message may be lost.
ANNOUNCED_AGAIN_AFTER = 4
RETRY_AFTER = 5


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


@dataclass(frozen=True)
class Accepted:
    """What became of a POST: a new attempt at a job, or an earlier one of the same key.

    Attributes:
        is_new: whether the work is to be begun.
        attempt: the new attempt, unless it is begun by whoever claims it.
        answer: status and body of the earlier answer, if there is one.
        before: what the key's job was before the new attempt, if it had one.
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
    request: dict[str, Any]
    request_id: str | None
    background: bool
    progress: dict[str, Any]
    job_description_id: int | None
    interview_id: int | None

    def owned(self) -> Update:
        """An update that only takes place while this attempt still owns the job."""
        return update(GenerationJob).where(
            GenerationJob.id == self.job_id,
            GenerationJob.status == "running",
            GenerationJob.process_id == this_process_id(),
            GenerationJob.attempts == self.number,
        )

    def write(self, session: Session, **values: Any) -> None:
        """Note something about the job.

        Raises:
            JobLost: if somebody else has taken it up meanwhile.
        """
        written: Any = session.execute(self.owned().values(**values))
        if written.rowcount != 1:
            raise JobLost("This job was taken up by another process.")


def accept(new: NewJob, silence: timedelta, admit: Callable[[Session], None]) -> Accepted:
    """Make a job of a POST, unless its key has one already.

    Args:
        new: the POST.
        silence: how long a living process may be silent.
        admit: raises if nothing new may be begun. What a key has an answer for already is answered all the same.

    Raises:
        IdempotencyMismatch: if the key was used for another request.
        OperationInProgress: if the key's first request is still at work.
    """

    def store(session: Session) -> Accepted:
        known, before = _of_key(session, new), None
        if known is None:
            admit(session)
            job = GenerationJob(
                id=uuid.uuid4().hex, progress={}, created_at=utc_now(), attempts=0, refusals=0, **vars(new)
            )
            session.add(job)
        elif known.fingerprint != new.fingerprint:
            raise IdempotencyMismatch(
                "This Idempotency-Key was used for another request within the last 24 hours.", req_id=new.req_id
            )
        elif known.status in ("queued", "running"):
            if known.background and new.background:
                return Accepted(known.id, is_new=False)
            raise OperationInProgress(
                "The first request with this Idempotency-Key is still being worked on.",
                req_id=new.req_id,
                retry_after=RETRY_AFTER,
            )
        elif may_be_replayed(known.answer_status):
            assert known.answer_status is not None
            return Accepted(known.id, is_new=False, answer=(known.answer_status, known.answer_body or ""))
        else:
            admit(session)
            job = known
            before = {name: getattr(known, name) for name in CHANGED_BY_ACCEPTING}
            job.request_id, job.background = new.request_id, new.background
            job.answer_status = job.answer_body = job.finished_at = None
        if new.background:
            job.status, job.attempts, job.refusals, job.process_id = "queued", 0, 0, None
            job.due_at = utc_now() + ANNOUNCED_AGAIN_AFTER * silence
        else:
            job.status, job.attempts, job.process_id = "running", job.attempts + 1, this_process_id()
            job.started_at = utc_now()
        session.flush()
        return Accepted(job.id, is_new=True, attempt=None if new.background else _attempt(job), before=before)

    return settled(store)


CHANGED_BY_ACCEPTING = (
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
)


def withdraw(accepted: Accepted) -> None:
    """Undo the acceptance of a job that cannot be announced to anybody. What its key has paid for before stays."""
    this = GenerationJob.id == accepted.job_id, GenerationJob.status == "queued"
    with transaction() as session:
        if accepted.before is None:
            session.execute(delete(GenerationJob).where(*this))
        else:
            session.execute(update(GenerationJob).where(*this).values(**accepted.before))


def claim(job_id: str) -> Attempt | None:
    """Begin the next attempt at a queued job; None if somebody else has, or it is over."""
    with transaction() as session:
        ours: Any = session.execute(
            update(GenerationJob)
            .where(GenerationJob.id == job_id, GenerationJob.status == "queued")
            .values(
                status="running",
                process_id=this_process_id(),
                attempts=GenerationJob.attempts + 1,
                started_at=utc_now(),
            )
        )
        if ours.rowcount != 1:
            return None
        return _attempt(session.get_one(GenerationJob, job_id, populate_existing=True))


def finish(attempt: Attempt, answer_status: int, answer_body: str) -> None:
    """Store the answer."""
    _write_end(
        attempt,
        status="succeeded" if answer_status < 400 else "failed",
        answer_status=answer_status,
        answer_body=answer_body,
        finished_at=utc_now(),
        due_at=None,
    )


def try_again_later(attempt: Attempt, pause: float, *, was_refused: bool = False) -> None:
    """Put a job back into the queue, to be begun again after so many seconds.

    Args:
        was_refused: whether nothing could be tried, so that this attempt does not count.
    """
    due_at = utc_now() + timedelta(seconds=pause)
    refusals = GenerationJob.refusals + int(was_refused)
    _write_end(attempt, status="queued", process_id=None, due_at=due_at, refusals=refusals)


def _write_end(attempt: Attempt, **values: Any) -> None:
    """Write how an attempt ended. If the database is away for long, as soon as it is back."""

    def write(session: Session | Connection) -> None:
        # The attempt is held until then: without it, this process would take its own job for a forgotten one.
        session.execute(attempt.owned().values(**values))

    try:
        settled(write, patience=PATIENCE)
    except DatabaseUnavailable:
        write_later(write)


def may_be_replayed(answer_status: int | None) -> bool:
    """Whether an answer is kept for its key: not a failure of ours, nor a limit that passes."""
    return answer_status is not None and answer_status < 500 and answer_status != 429


def take_up_left_behind(dead_before: datetime, given_up_body: Callable[[], str]) -> int:
    """Queue the jobs of processes that are no longer alive again; give up those that were begun too often.

    A job that somebody waited for in a request is given up at once: there is nobody left to answer. Its key can be
    used again.

    Args:
        dead_before: a process whose last heartbeat is older is dead.
        given_up_body: makes the answer of a job that is given up.

    Returns:
        How many jobs were taken up.
    """
    running = GenerationJob.status == "running"
    begun_long_ago = GenerationJob.started_at < dead_before
    forgotten = begun_long_ago & GenerationJob.id.not_in([known.key for known in _under_way.valuerefs()])
    lost = select(GenerationJob.id, GenerationJob.attempts).where(
        running, left_behind(GenerationJob.process_id, dead_before, forgotten)
    )
    with transaction() as session:
        left = session.execute(lost).all()
        for job_id, attempts in left:
            this = update(GenerationJob).where(GenerationJob.id == job_id, running, GenerationJob.attempts == attempts)
            counted = GenerationJob.attempts - GenerationJob.refusals
            to_do_again = GenerationJob.background.is_(True), counted < MOST_ATTEMPTS
            again: Any = session.execute(
                this.where(*to_do_again).values(status="queued", process_id=None, due_at=utc_now())
            )
            if not again.rowcount:
                given_up = {"status": "failed", "answer_status": 503, "answer_body": given_up_body()}
                session.execute(this.values(**given_up, finished_at=utc_now(), due_at=None))
    if left:
        logger.warning("%d jobs of dead processes taken up", len(left), extra={"event": "jobs_recovered"})
    return len(left)


def due_again(silence: timedelta) -> list[str]:
    """Queued jobs that are to be announced, now, by whoever asked first."""
    now = utc_now()
    due = GenerationJob.status == "queued", GenerationJob.due_at <= now
    with transaction() as session:
        found = session.scalars(select(GenerationJob.id).where(*due).order_by(GenerationJob.due_at).limit(100)).all()
        announced = []
        for job_id in found:
            next_time = now + ANNOUNCED_AGAIN_AFTER * silence
            ours: Any = session.execute(
                update(GenerationJob).where(GenerationJob.id == job_id, *due).values(due_at=next_time)
            )
            if ours.rowcount:
                announced.append(job_id)
    return announced


def remove_old() -> int:
    """Remove jobs that ended long ago."""
    with transaction() as session:
        oldest = utc_now() - KEPT_FOR
        # The first condition follows from the second, and has an index.
        ended = GenerationJob.created_at < oldest, GenerationJob.finished_at < oldest
        old = session.scalars(select(GenerationJob.id).where(*ended).limit(1_000)).all()
        if old:
            session.execute(delete(GenerationJob).where(GenerationJob.id.in_(old)))
    return len(old)


def find(job_id: str) -> GenerationJob | None:
    """A job by its id."""
    with transaction() as session:
        return session.get(GenerationJob, job_id, populate_existing=True)


def find_all(*, req_id: str | None, status: str | None, limit: int, offset: int) -> list[GenerationJob]:
    """Jobs, newest first, of one requisition or of one status if given."""
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


def _of_key(session: Session, new: NewJob) -> GenerationJob | None:
    """The job of a key that is still alive. Of an older one the key is taken away."""
    if new.idempotency_key is None:
        return None
    mine = GenerationJob.user_id == new.user_id, GenerationJob.idempotency_key == new.idempotency_key
    # Locked by a write that changes nothing, for SQLite locks nothing for a reader: two that try again at the same
    # time must not both find the key free.
    lock = update(GenerationJob).where(*mine).values(user_id=new.user_id)
    session.execute(lock, execution_options={"synchronize_session": False})
    known = session.scalar(select(GenerationJob).where(*mine), execution_options=FRESH)
    if known is None:
        return None
    oldest: datetime = utc_now() - KEY_LIVES
    if known.status in ("queued", "running") or (known.finished_at or known.created_at) > oldest:
        return known
    known.idempotency_key = None
    session.flush()
    return None


# After a lost race a row is read again as it is now, and not as the session remembers it.
FRESH = {"populate_existing": True}


# Attempts of this process that somebody is at. A running job of ours that is not among them was begun by a commit
# whose answer got lost: nobody knows of it.
_under_way: WeakValueDictionary[str, Attempt] = WeakValueDictionary()


def _attempt(job: GenerationJob) -> Attempt:
    attempt = Attempt(
        job_id=job.id,
        number=job.attempts,
        refusals=job.refusals,
        operation=job.operation,
        user_id=job.user_id,
        request=job.request,
        request_id=job.request_id,
        background=job.background,
        progress=job.progress,
        job_description_id=job.job_description_id,
        interview_id=job.interview_id,
    )
    _under_way[attempt.job_id] = attempt
    return attempt
