"""The interface through which a service reports the steps of a generation and learns of an earlier attempt at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from models import utc_now
from prompts import PlannedTopics


@dataclass
class EarlierAttempt:
    """The results of an attempt that broke off; they need not be paid for again.

    Attributes:
        planned: topics for which questions may have been written.
        job_description_id: the job description that was enhanced and stored.
        interview_id: the interview that was stored.
        enhancement_tokens: what the stored enhancement has cost.
        interview_tokens: what the stored interview has cost.
    """

    planned: PlannedTopics | None = None
    job_description_id: int | None = None
    interview_id: int | None = None
    enhancement_tokens: int = 0
    interview_tokens: int = 0


class Progress:
    """Is told of each step. This class ignores them, for callers who only want the answer.

    Attributes:
        asked_at: when the request was accepted.
        listens: whether somebody wants the topics and the description while it is still being written.
        earlier: what an earlier attempt has left.
        job_id: the job that this work belongs to, if any.
    """

    listens = False
    job_id: str | None = None

    def __init__(self) -> None:
        self.asked_at = utc_now()
        self.earlier = EarlierAttempt()

    def refuse_if_cancelled(self) -> None:
        """Called before Claude is asked for something.

        Raises:
            Cancelled: if somebody has cancelled this meanwhile.
        """

    def topics_named(self, planned: PlannedTopics) -> None:
        """The interview topics are known."""

    def description_grows(self, title: str | None, text: str) -> None:
        """So much of the description has been written. It may become shorter if Claude is asked again."""

    def enhanced(self, session: Session, job_description_id: int, tokens_used: int) -> None:
        """An enhancement is being stored, in this transaction."""

    def resumption(self, tokens_used: int) -> dict[str, Any] | None:
        """What the next attempt must know of an enhancement that could not be stored; None if there will be none."""

    def question_ready(self, number: int, topic: str, source: str, tokens_used: int) -> None:
        """A question is ready. `tokens_used` is what the interview has cost so far."""

    def interview_stored(self, session: Session, interview_id: int, tokens_used: int) -> None:
        """An interview is being stored, in this transaction."""
