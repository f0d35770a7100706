"""What a service tells of a generation under way, and what it knows of an earlier attempt at the same one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from prompts import PlannedTopics


@dataclass
class Earlier:
    """What an attempt that was broken off has left: it need not be paid for again.

    Attributes:
        planned: topics that questions have been written for.
        job_description_id: the job description that it has enhanced and stored.
        interview_id: the interview that it has stored.
        enhancement_tokens: what the stored enhancement has cost.
        interview_tokens: what the stored interview has cost.
    """

    planned: PlannedTopics | None = None
    job_description_id: int | None = None
    interview_id: int | None = None
    enhancement_tokens: int = 0
    interview_tokens: int = 0


class Progress:
    """Hears of each step. This one keeps it to itself: for a plain call, whose answer is all that is asked for.

    Attributes:
        listens: whether somebody wants to hear of the topics while the description is still being written.
        earlier: what an earlier attempt has left.
    """

    listens = False

    def __init__(self) -> None:
        self.earlier = Earlier()

    def topics_named(self, planned: PlannedTopics) -> None:
        """The interview topics are known."""

    def enhanced(self, session: Session, job_description_id: int, tokens_used: int) -> None:
        """An enhancement is being stored, in this transaction."""

    def question_ready(self, number: int, topic: str, source: str, tokens_used: int) -> None:
        """A question can be delivered. `tokens_used` counts the interview's so far."""

    def interview_stored(self, session: Session, interview_id: int, tokens_used: int) -> None:
        """An interview is being stored, in this transaction."""
