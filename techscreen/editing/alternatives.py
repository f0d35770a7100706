"""Alternatives to a question of a draft: taken from what exists, or asked of Claude, and shown beside the question.

An order comes in, the alternatives go out. Nothing of the interview changes, until somebody accepts one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from config import Settings
from models import Interview, InterviewQuestion, JobDescription, QuestionAlternative
from techscreen.claude.interface import Claude, Deadline
from techscreen.editing.alternative_questions import AlternativeQuestions
from techscreen.editing.edits import question_of
from techscreen.editing.interviews import interview_as_seen
from techscreen.editing.library_alternatives import from_library_alone
from techscreen.editing.offered import AlternativeViews, alternatives_of
from techscreen.editing.wanted_alternative import WantedAlternative, planned_topics, wanted_alternative
from techscreen.editing.wishes import wish_findings
from techscreen.errors import NotEditable, TechScreenError
from techscreen.generation.audit_log import AuditRow, open_audit_row
from techscreen.generation.interview_task import InterviewTask, read_source
from techscreen.generation.progress import Progress
from techscreen.generation.question_writing import QuestionWriting
from techscreen.generation.superseded import refuse_if_erased
from techscreen.generation.token_budget import set_aside
from techscreen.question_cache.reservations import QuestionCache
from techscreen.schemas.alternatives import AlternativesAnswer, AlternativesOrder, OfferedAnswer
from techscreen.schemas.generation import QuestionView
from techscreen.storage.transactions import run_in_transaction

logger = logging.getLogger(__name__)

OPERATION: Final = "question_alternatives"

Find = Callable[[Session, Interview], InterviewQuestion]


class Alternatives:
    """Offers alternatives, and finds those that were offered."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings
        self._cache = QuestionCache(claude, settings)

    def offer(
        self, order: AlternativesOrder, user_id: str, deadline: Deadline, progress: Progress
    ) -> AlternativesAnswer:
        """Find or write alternatives to a question, and store them beside it.

        Raises:
            NotFound, NotEditable, TokenBudgetExhausted: before anything is asked.
            TechScreenError: if no alternative could be had.
        """
        wanted = run_in_transaction(
            partial(wanted_alternative, order=order, user_id=user_id, asked_at=progress.asked_at)
        )
        progress.refuse_if_cancelled()
        task = InterviewTask(wanted.source, None, user_id, deadline, progress)
        begin = partial(self._open_audit_row, wanted.source.req_id, order.interview_id, user_id)
        with (
            run_in_transaction(begin) as audit,
            self._cache.reservations_for(wanted.source.req_id) as reservations,
        ):
            if not self._settings.asks_claude:
                lookup = reservations.lookup
                wanted = run_in_transaction(partial(from_library_alone, wanted=wanted, kind=order.kind, lookup=lookup))
            questions = AlternativeQuestions(task, order, wanted, self._claude, audit, reservations)
            self._find_or_write(questions, wanted, audit, deadline)
            audit.result_id, audit.cached_questions = order.interview_id, questions.lent
        numbers = [*wanted.already, *questions.numbers]
        offered = self._shown(order.interview_id, partial(_still_there, lineage=wanted.lineage), numbers)
        return AlternativesAnswer(
            **dict(offered),
            missing=order.count - len(numbers),
            wish_findings=wish_findings(order.wish, wanted.planned.language),
            tokens_used=audit.spending.total_tokens,
        )

    def offered(self, interview_id: int, number: int) -> OfferedAnswer:
        """All alternatives that a question was ever offered.

        Raises:
            NotFound: if there is no such question.
        """
        return self._shown(interview_id, partial(_numbered, number=number))

    def _find_or_write(
        self, questions: AlternativeQuestions, wanted: WantedAlternative, audit: AuditRow, deadline: Deadline
    ) -> None:
        """Make what can be made. It fails only if there is nothing at all."""
        questions.take_from_cache()
        try:
            QuestionWriting(questions, self._claude, audit, deadline, None).run()
        except TechScreenError as error:
            if not questions.numbers and not wanted.already:
                raise
            logger.warning("an alternative is missing: %s", error.code, extra={"event": "alternative_missing"})

    def _open_audit_row(self, req_id: str, interview_id: int, user_id: str, session: Session) -> AuditRow:
        refuse_if_erased(session, req_id, Interview, interview_id)
        tokens = set_aside(session, self._settings, user_id, (OPERATION,)).get(OPERATION)
        return open_audit_row(
            OPERATION, req_id=req_id, user_id=user_id, claude=self._claude, session=session, expected_tokens=tokens
        )

    def _shown(self, interview_id: int, find: Find, numbers: list[int] | None = None) -> OfferedAnswer:
        """A question and its alternatives, or some of them by their numbers."""
        question, rows, views = run_in_transaction(partial(_read, interview_id, find))
        shown = views.all([row for row in rows if numbers is None or row.number in numbers], question.question_number)
        return OfferedAnswer(interview_id=interview_id, question=question, alternatives=shown)


def _read(
    interview_id: int, find: Find, session: Session
) -> tuple[QuestionView, list[QuestionAlternative], AlternativeViews]:
    interview = interview_as_seen(session, interview_id, ["*"])
    question = find(session, interview)
    source = read_source(session, session.get_one(JobDescription, interview.job_description_id), None, None)
    rows = alternatives_of(session, interview_id, question.lineage)
    views = AlternativeViews(source.requisition, planned_topics(interview, source))
    return QuestionView.model_validate(question), rows, views


def _numbered(_: Session, interview: Interview, number: int) -> InterviewQuestion:
    return question_of(interview, number)


def _still_there(session: Session, interview: Interview, lineage: str) -> InterviewQuestion:
    """The question that was asked about, wherever it is by now, also if an alternative has taken its place.

    Raises:
        NotEditable: if it was taken out meanwhile.
    """
    family = {lineage}
    for row in alternatives_of(session, interview.id, lineage):
        family |= {row.lineage, row.content["lineage"]}
    for question in interview.questions:
        if question.lineage in family:
            return question
    raise NotEditable("The question was taken out of the interview meanwhile.", req_id=interview.req_id)
