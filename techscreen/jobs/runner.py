"""Runs jobs: the same work as the plain call, with its answer or error written to the job's row.

An attempt that the store has claimed comes in; its outcome goes out and is stored, or the job is queued again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from techscreen.claude.interface import Deadline
from techscreen.errors import (
    Cancelled,
    ClaudeBilling,
    ClaudeNotAsked,
    ClaudeNotConfigured,
    JobLost,
    TechScreenError,
    TokenBudgetReserved,
)
from techscreen.generation.progress import Progress
from techscreen.jobs import store
from techscreen.jobs.cancelling import cancelled_columns
from techscreen.jobs.progress import JobProgress
from techscreen.jobs.store import MAX_ATTEMPTS, WARNINGS, Attempt
from techscreen.observability.error_answers import error_body, unexpected
from techscreen.observability.request_id import bind_request_id
from techscreen.schemas.generation import Answer, FieldWarning
from techscreen.storage.outbox import CLOSED, Outbox

logger = logging.getLogger(__name__)

# Statuses of transient failures.
PASSING = (503, 504)
# Errors with such a status that are not transient: somebody must pay, or set a key.
LASTING = (ClaudeBilling, ClaudeNotConfigured)
# Seconds after which a background job is tried again unless its operation or the error names others, plus up to half
# as much at random, so that jobs that failed together do not come back together.
PAUSE = 30.0
SPREAD = 0.5
# An attempt in which Claude could not be asked, or that has to wait for tokens reserved for others, does not count
# towards MAX_ATTEMPTS. The next one is at least PAUSE away, so that such a job waits half an hour or more.
MAX_REFUSALS = 60
REFUSALS = (ClaudeNotAsked, TokenBudgetReserved)


@dataclass(frozen=True)
class Operation:
    """An operation that a request can ask for.

    Attributes:
        request_type: model of the request; each operation has its own.
        run: carries it out and returns the answer.
        check: raises if the present state does not allow a new request (404, 409), before anything has begun.
        attempts: how often a background job is tried, as long as its failures may pass.
        pause: seconds after which it is tried again, by the number of attempts so far, unless the error names others.
    """

    request_type: type[BaseModel]
    run: Callable[[Any, str, Deadline, Progress], BaseModel]
    check: Callable[[Session, Any], object] = lambda _session, _request: None
    attempts: int = MAX_ATTEMPTS
    pause: Callable[[int], float] = lambda _attempts: PAUSE


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        status: HTTP status of the plain call's answer.
        body: JSON of that answer or error.
        retry_after: seconds after which to try again, if the error names them.
        was_refused: whether nothing could be tried.
        may_pass: whether a later attempt may succeed.
        was_cancelled: whether it stopped because somebody has cancelled it.
    """

    status: int
    body: str
    retry_after: int | None = None
    was_refused: bool = False
    may_pass: bool = False
    was_cancelled: bool = False


class JobRunner:
    """Runs jobs in the current thread, which must be in an app context.

    Args:
        operations: by their names.
        request_timeout: seconds that one attempt may take.
        events: the outbox for background jobs that have failed for good.
    """

    def __init__(self, operations: Mapping[str, Operation], request_timeout: float, events: Outbox = CLOSED) -> None:
        self._operations = operations
        self._request_timeout = request_timeout
        self._events = events

    def run_queued(self, job_id: str) -> None:
        """Run a job of the queue, unless another process has begun it or it has ended."""
        attempt = store.claim(job_id)
        if attempt is not None:
            self.run(attempt, listens=True)

    def run(self, attempt: Attempt, *, listens: bool, asked: BaseModel | None = None) -> Outcome:
        """Run an attempt that this process owns, and store how it ended.

        Args:
            listens: whether somebody wants the topics before the description is written.
            asked: the request, if it is at hand; else what the job's row has of it.
        """
        bind_request_id(attempt.request_id)
        outcome = self._outcome(attempt, asked, listens=listens)
        if attempt.background and outcome.may_pass and self._may_try_again(attempt, outcome):
            pause = outcome.retry_after or self._operations[attempt.operation].pause(attempt.number - attempt.refusals)
            if outcome.was_refused:
                pause = max(pause, PAUSE)
            pause *= 1 + SPREAD * SystemRandom().random()
            logger.info("job %s is tried again in %d s", attempt.job_id, pause, extra={"event": "job_retry"})
            store.try_again_later(
                attempt,
                pause,
                error=self._why(attempt, outcome),
                if_cancelled=cancelled_columns(attempt.req_id),
                was_refused=outcome.was_refused,
            )
        else:
            self._finish(attempt, outcome)
        return outcome

    def _finish(self, attempt: Attempt, outcome: Outcome) -> None:
        event = None
        if attempt.background and outcome.status >= 400 and not outcome.was_cancelled:
            event = self._events.failure_of(
                attempt.job_id, attempt.operation, attempt.user_id, attempt.req_id, outcome.body
            )
        store.finish(attempt, outcome.status, outcome.body, event, was_cancelled=outcome.was_cancelled)
        if event is not None:
            self._events.wake(event["id"])

    def _why(self, attempt: Attempt, outcome: Outcome) -> dict[str, Any]:
        """Why an attempt has failed that is followed by another one."""
        said = json.loads(outcome.body)
        number = store.attempts_that_count(attempt.number, attempt.refusals + int(outcome.was_refused))
        most = self._operations[attempt.operation].attempts
        return {"code": said["code"], "error": said["error"], "attempt": number, "max_attempts": most}

    def _may_try_again(self, attempt: Attempt, outcome: Outcome) -> bool:
        if outcome.was_refused:
            return attempt.refusals < MAX_REFUSALS
        return attempt.number - attempt.refusals < self._operations[attempt.operation].attempts

    def _outcome(self, attempt: Attempt, asked: BaseModel | None, *, listens: bool) -> Outcome:
        warnings = warnings_of(attempt.progress)
        try:
            operation = self._operations[attempt.operation]
            progress = JobProgress(attempt, listens=listens)
            request = asked or operation.request_type.model_validate(attempt.request)
            deadline = Deadline.after(self._request_timeout)
            answer = operation.run(request, attempt.user_id, deadline, progress)
            if isinstance(answer, Answer):
                answer = answer.model_copy(update={"warnings": warnings})
            return Outcome(200, answer.model_dump_json())
        except JobLost as error:
            logger.warning("job %s: %s", attempt.job_id, error.message, extra={"event": "job_lost"})
            return _failure(error, warnings)
        except TechScreenError as error:
            return _failure(error, warnings)
        except Exception as error:  # the job must not stay open; the log has the rest
            return _failure(unexpected(error), warnings)


def warnings_of(progress: Mapping[str, Any]) -> tuple[FieldWarning, ...]:
    """What the caller of a job is to be warned of, as its row has it."""
    return tuple(FieldWarning.model_validate(each) for each in progress.get(WARNINGS, ()))


def _failure(error: TechScreenError, warnings: Sequence[FieldWarning]) -> Outcome:
    was_refused = isinstance(error, REFUSALS)
    return Outcome(
        error.status,
        error_body(error, warnings),
        error.retry_after,
        was_refused=was_refused,
        was_cancelled=isinstance(error, Cancelled),
        may_pass=was_refused or (error.status in PASSING and not isinstance(error, LASTING)),
    )
