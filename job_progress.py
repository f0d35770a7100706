"""The progress of a job, written into its row: for whoever asks how far it is, and for a further attempt at it."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy.orm import Session

from errors import DatabaseUnavailable
from generation_jobs import Attempt
from models import transaction
from progress import Earlier, Progress
from prompts import PlannedTopics

logger = logging.getLogger(__name__)


class JobProgress(Progress):
    """Writes each step of one attempt down.

    Args:
        attempt: the attempt, with what earlier ones have left.
        listens: whether somebody wants to hear of the topics before the description is written.
    """

    def __init__(self, attempt: Attempt, *, listens: bool) -> None:
        super().__init__()
        self.listens = listens
        self._attempt = attempt
        self._steps: dict[str, Any] = {**attempt.progress, "questions": []}
        planned = attempt.progress.get("planned")
        self.earlier = Earlier(
            planned=PlannedTopics.model_validate(planned) if planned else None,
            job_description_id=attempt.job_description_id,
            interview_id=attempt.interview_id,
            enhancement_tokens=attempt.progress.get("enhancement_tokens", 0),
            interview_tokens=attempt.progress.get("interview_tokens", 0),
        )

    def topics_named(self, planned: PlannedTopics) -> None:
        """Note the topics. A further attempt keeps to them, for questions are being paid for."""
        if self._steps.get("planned") is None:
            self._steps["planned"] = planned.model_dump()
            self._save()

    def enhanced(self, session: Session, job_description_id: int, tokens_used: int) -> None:
        """Note that the enhancement need not be paid for again."""
        self._steps["enhancement_tokens"] = tokens_used
        self._attempt.write(session, job_description_id=job_description_id, progress=dict(self._steps))

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
            with transaction() as session:
                self._attempt.write(session, progress=dict(self._steps))
        except DatabaseUnavailable as error:
            # The next step tells this one as well. What was paid for is kept elsewhere.
            logger.warning("progress not noted: %s", error.code, extra={"event": "progress_not_noted"})
