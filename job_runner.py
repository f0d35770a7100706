"""Runs a job: the same work as the plain call does, with its answer or its error written into the job's row."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import g
from pydantic import BaseModel

import generation_jobs
from claude_interface import Deadline
from error_pages import error_body, unexpected
from errors import ClaudeNotAsked, JobLost, TechScreenError
from generation_jobs import MOST_ATTEMPTS, Attempt
from job_progress import JobProgress
from progress import Progress

logger = logging.getLogger(__name__)

# Statuses that may pass by themselves, and the seconds after which a job in the background is tried again, if the
# error does not name others. Half as much again at random: jobs that failed together do not come back together.
PASSING = (503, 504)
PAUSE = 30.0
SPREAD = 0.5
# An attempt in which Claude could not even be asked does not count as one of MOST_ATTEMPTS, and the next one is PAUSE
# away at least: so a job waits for Claude for half an hour or more.
MOST_REFUSALS = 60


@dataclass(frozen=True)
class Operation:
    """Something that a POST can ask for: the type of its request, and who does it."""

    request_type: type[BaseModel]
    run: Callable[[Any, str, Deadline, Progress], BaseModel]


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: an HTTP status, the body of the answer, when to try again, and if it was one at all."""

    status: int
    body: str
    retry_after: int | None = None
    was_refused: bool = False


class JobRunner:
    """Runs jobs in the current thread, which must have an app context.

    Args:
        operations: by their names.
        request_timeout: seconds that one attempt may take.
    """

    def __init__(self, operations: Mapping[str, Operation], request_timeout: float) -> None:
        self._operations = operations
        self._request_timeout = request_timeout

    def run_queued(self, job_id: str) -> None:
        """Run a job of the queue, unless somebody else has begun it or it is over."""
        attempt = generation_jobs.claim(job_id)
        if attempt is not None:
            self.run(attempt, listens=True)

    def run(self, attempt: Attempt, *, listens: bool) -> Outcome:
        """Run an attempt that this process owns, and store how it ended.

        Args:
            listens: whether somebody wants to hear of the topics before the description is written.
        """
        g.request_id = attempt.request_id
        outcome = self._outcome(attempt, listens=listens)
        if attempt.background and outcome.status in PASSING and self._may_try_again(attempt, outcome):
            pause = outcome.retry_after or PAUSE
            if outcome.was_refused:
                pause = max(pause, PAUSE)
            pause *= 1 + SPREAD * random.random()
            logger.info("job %s is tried again in %d s", attempt.job_id, pause, extra={"event": "job_retry"})
            generation_jobs.try_again_later(attempt, pause, was_refused=outcome.was_refused)
        else:
            generation_jobs.finish(attempt, outcome.status, outcome.body)
        return outcome

    def _may_try_again(self, attempt: Attempt, outcome: Outcome) -> bool:
        if outcome.was_refused:
            return attempt.refusals < MOST_REFUSALS
        return attempt.number - attempt.refusals < MOST_ATTEMPTS

    def _outcome(self, attempt: Attempt, *, listens: bool) -> Outcome:
        try:
            operation = self._operations[attempt.operation]
            progress = JobProgress(attempt, listens=listens)
            request = operation.request_type.model_validate(attempt.request)
            deadline = Deadline.after(self._request_timeout)
            answer = operation.run(request, attempt.user_id, deadline, progress)
            return Outcome(200, answer.model_dump_json())
        except JobLost as error:
            logger.warning("job %s: %s", attempt.job_id, error.message, extra={"event": "job_lost"})
            return _failure(error)
        except TechScreenError as error:
            return _failure(error)
        except Exception as error:  # the job must not stay open; the log has the rest
            return _failure(unexpected(error))


def _failure(error: TechScreenError) -> Outcome:
    return Outcome(error.status, error_body(error), error.retry_after, isinstance(error, ClaudeNotAsked))
