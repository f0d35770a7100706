"""The progress of a job: each step of a service goes in and is written to the job's row.

There it serves everybody who follows the job, and a later attempt, which pays only for what is missing.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from prompts import PlannedTopics
from techscreen.errors import Cancelled, DatabaseUnavailable, JobLost
from techscreen.generation.progress import EarlierAttempt, Progress
from techscreen.jobs import store
from techscreen.jobs.cancelling import SENTENCE
from techscreen.jobs.store import DESCRIPTION, Attempt, without_description
from techscreen.storage.transactions import run_in_transaction, transaction

logger = logging.getLogger(__name__)


class JobProgress(Progress):
    """Records each step of one attempt.

    Args:
        attempt: the attempt, with what earlier attempts have left.
        listens: whether somebody wants the topics before the description is written, and to see it grow.
    """

    def __init__(self, attempt: Attempt, *, listens: bool) -> None:
        super().__init__()
        self.asked_at = attempt.asked_at
        self.listens = listens
        self.job_id = attempt.job_id
        self._attempt = attempt
        self._steps: dict[str, Any] = {**attempt.progress, "questions": []}
        planned = attempt.progress.get("planned")
        self.earlier = EarlierAttempt(
            planned=PlannedTopics.model_validate(planned) if planned else None,
            job_description_id=attempt.job_description_id,
            interview_id=attempt.interview_id,
            enhancement_tokens=attempt.progress.get("enhancement_tokens", 0),
            interview_tokens=attempt.progress.get("interview_tokens", 0),
        )

    def refuse_if_cancelled(self) -> None:
        """See `Progress`. If the database is away, it goes on."""
        try:
            is_unwanted = store.is_to_be_cancelled(self._attempt.job_id)
        except (DatabaseUnavailable, SQLAlchemyError):
            return
        if is_unwanted:
            raise Cancelled(SENTENCE, req_id=self._attempt.req_id)

    def topics_named(self, planned: PlannedTopics) -> None:
        """Note the topics. A later attempt keeps to them, because their questions are being paid for."""
        if self._steps.get("planned") is None:
            self._steps["planned"] = planned.model_dump()
            self._save()

    def description_grows(self, title: str | None, text: str) -> None:
        """Note the description so far. If that fails, the next one or the next step makes up for it."""
        self._steps[DESCRIPTION] = {"title": title, "text": text}
        try:
            # Tried once, whether or not the database is away: nothing that matters more must wait or fail for it.
            with transaction() as session:
                self._attempt.write(session, progress=dict(self._steps))
        except (DatabaseUnavailable, SQLAlchemyError, JobLost) as error:
            logger.info("description not noted: %s", type(error).__name__, extra={"event": "description_not_noted"})

    def enhanced(self, session: Session, job_description_id: int, tokens_used: int) -> None:
        """Note that the enhancement is stored and need not be paid for again."""
        self._steps = {**without_description(self._steps), "enhancement_tokens": tokens_used}
        self._attempt.write(session, job_description_id=job_description_id, progress=dict(self._steps))

    def resumption(self, tokens_used: int) -> dict[str, Any]:
        """What `enhanced` would have noted, as plain data."""
        progress = {**without_description(self._steps), "enhancement_tokens": tokens_used}
        return {"job_id": self._attempt.job_id, "attempts": self._attempt.number, "progress": progress}

    def question_ready(self, number: int, topic: str, source: str, tokens_used: int) -> None:
        """Note a question."""
        step = {"question_number": number, "topic": topic, "source": source, "tokens_used": tokens_used}
        self._steps["questions"] = [*self._steps["questions"], step]
        self._save()

    def interview_stored(self, session: Session, interview_id: int, tokens_used: int) -> None:
        """Note the interview in the transaction that stores it, so that it is stored once."""
        self._steps["interview_tokens"] = tokens_used
        self._attempt.write(session, interview_id=interview_id, progress=dict(self._steps))

    def _save(self) -> None:
        try:
            run_in_transaction(lambda session: self._attempt.write(session, progress=dict(self._steps)))
        except DatabaseUnavailable as error:
            # The next step is written together with this one. What was paid for is kept elsewhere.
            logger.warning("progress not noted: %s", error.code, extra={"event": "progress_not_noted"})
