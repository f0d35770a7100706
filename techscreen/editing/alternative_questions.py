"""The alternatives to one question while they are made: each is kept and offered the moment it is there.

They are a set of questions like that of an interview (`generation/question_set.py`), asked for in other words.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from prompts import SETTINGS, InterviewQuestion, InterviewTopic, WriteAlternative
from techscreen.checks.findings import Severity, Violation
from techscreen.claude.interface import Claude
from techscreen.editing.offered import alternative_paid_for, content_of, store_alternative
from techscreen.editing.wanted_alternative import WantedAlternative
from techscreen.errors import GenerationFailed
from techscreen.generation.audit_log import AuditRow
from techscreen.generation.interview_draft import question_row
from techscreen.generation.interview_task import InterviewTask
from techscreen.generation.question_set import MAX_EARLIER, MAX_SHOWN_CHARACTERS, QuestionSet
from techscreen.question_cache.reservations import Reservations
from techscreen.schemas.alternatives import AlternativesOrder
from techscreen.storage.deferred_writes import Values, store_or_defer


class AlternativeQuestions(QuestionSet):
    """One alternative for each wanted topic.

    Attributes:
        numbers: those of the alternatives that are stored.
        lent: how many of them exist already.
    """

    def __init__(
        self,
        task: InterviewTask,
        order: AlternativesOrder,
        wanted: WantedAlternative,
        claude: Claude,
        audit: AuditRow,
        reservations: Reservations,
    ) -> None:
        super().__init__(task, wanted.topics, wanted.planned.language, audit, reservations)
        self.numbers: list[int] = []
        self.lent = 0
        self._order = order
        self._wanted = wanted
        self._claude = claude
        self._user_id = task.user_id

    def take_from_cache(self) -> None:
        """Offer the questions that exist, if they may be as wanted."""
        if self._wanted.lendable:
            super().take_from_cache()
            for place in self._ready:
                self._offer(place)
            self.lent = len(self._ready)

    def request(self, place: int, *repeated: str) -> WriteAlternative:
        """What to ask Claude for. See `QuestionSet.request`."""
        present, *earlier = self._earlier.newest(MAX_EARLIER)
        ready = (each.question.compared_text for each in self._ready.values())
        taken = [present, *ready, *repeated, *earlier, *self._in_cache.get(place, [])]
        wanted = self._wanted
        return WriteAlternative(
            wanted.topics[place],
            self.language,
            other_topics=wanted.other_topics,
            taken=tuple(dict.fromkeys(text[:MAX_SHOWN_CHARACTERS] for text in taken)),
            opens=self._order.number == 1 and self._order.kind != "harder",
            kind=self._order.kind,
            aims=tuple(aim[:MAX_SHOWN_CHARACTERS] for aim in wanted.aims),
            setting=SETTINGS[(wanted.offered + place) % len(SETTINGS)],
            wish=self._order.wish,
            shorter=wanted.shorter,
        )

    def violations(self, question_type: str, answer: InterviewQuestion) -> list[Violation]:
        """What is wrong with an alternative that Claude has written."""
        violations = super().violations(question_type, answer)
        if self._wanted.shorter is not None:
            words, minutes = self._wanted.shorter
            if len(answer.spoken_text.split()) > words or answer.minutes > minutes:
                sentence = f"It must be shorter: spoken_text of at most {words} words, minutes at most {minutes}."
                violations.append(Violation("shorter", sentence, Severity.TOLERABLE))
        return violations

    def keep(self, place: int, question: InterviewQuestion) -> None:
        """Store what Claude has written, and offer it.

        Raises:
            GenerationFailed: if it still repeats a question of the requisition.
        """
        if self._repeated_earlier(question.compared_text) is not None:
            raise GenerationFailed("The alternative repeats a question of this requisition, also after repair.")
        super().keep(place, question)
        self._offer(place)

    def _is_private(self, question: InterviewQuestion, topic: InterviewTopic) -> bool:
        """What people have typed may lead away from the topic, and may name what others must not read."""
        return self._wanted.typed or super()._is_private(question, topic)

    def _offer(self, place: int) -> None:
        """Store a question that is ready as an alternative. It stays reserved for its interview from now on."""
        row = question_row(self._order.number, self._ready[place], self._claude)
        values: dict[str, Any] = {
            "interview_id": self._order.interview_id,
            "lineage": self._wanted.lineage,
            "kind": self._order.kind,
            "wish": self._order.wish,
            "content": content_of(row),
            "created_by_user_id": self._user_id,
        }
        self.numbers.append(store_or_defer(partial(self._store, values), alternative_paid_for, lambda: values))

    def _store(self, values: Values, session: Session) -> int:
        number = store_alternative(session, values).number
        self._reservations.become_part_of(self._order.interview_id, session)
        return number
