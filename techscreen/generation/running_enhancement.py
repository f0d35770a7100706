"""An enhancement that Claude is still writing, whose topics may already be used for an interview.

The enhancement service starts it. Its user can get the topics early, wait for the answer beside other calls, and finish
it, which stores the description and closes its audit row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import GenerationLog
from prompts import EnhancedDescription, PlannedTopics
from techscreen.checks.job_description_gate import refuse_unless_job
from techscreen.claude.interface import ClaudeAnswer
from techscreen.errors import TechScreenError
from techscreen.generation.audit_log import AuditRow
from techscreen.generation.streamed_description import DescriptionReport
from techscreen.generation.streamed_topics import StreamedTopics
from techscreen.schemas.generation import EnhanceAnswer, JobDescriptionView


class RunningEnhancement:
    """An enhancement under way.

    As a context manager it is finished at the end of the block, whatever happens there: what was paid for is stored.

    Attributes:
        job_description_id: the row that it will be stored in.
        answer: Claude's answer; once it is done, `finish` no longer waits.
        audit: its own audit row.
    """

    def __init__(
        self,
        *,
        job_description_id: int,
        answer: Future[ClaudeAnswer[EnhancedDescription]],
        topics: StreamedTopics,
        description: DescriptionReport,
        audit: AuditRow,
        reserved_tokens: Mapping[str, int],
        store: Callable[[ClaudeAnswer[EnhancedDescription]], JobDescriptionView],
    ) -> None:
        self.job_description_id = job_description_id
        self.answer = answer
        self.audit = audit
        self._topics = topics
        self._description = description
        self._reserved_tokens = reserved_tokens
        self._store = store
        self._outcome: Future[EnhanceAnswer] = Future()

    def __enter__(self) -> RunningEnhancement:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if not self.is_finished:
            try:
                self.finish()
            except TechScreenError:
                if error is None:
                    raise

    @property
    def is_finished(self) -> bool:
        """Whether it has been stored or has failed."""
        return self._outcome.done()

    def planned(self) -> PlannedTopics:
        """The topics, as soon as they are known: before the description is written, if the answer is streamed.

        Raises:
            TechScreenError: like `finish`, if there are no topics or the enhancement has failed already.
        """
        self._wait_for(self._topics.planned, self.answer)
        has_failed = self.answer.done() and self.answer.exception() is not None
        if self._topics.planned.done() and not has_failed:
            return self._topics.planned.result()
        self.finish()
        return self.answer.result().value

    def finish(self) -> EnhanceAnswer:
        """Wait for the answer and store it. Further calls return or raise the same again.

        Raises:
            ClaudeError: one of its kinds; the audit row then says `failed`.
            Superseded, DatabaseUnavailable: if it could not be stored.
        """
        if not self.is_finished:
            try:
                self._outcome.set_result(self._take_and_store())
            except BaseException as error:
                self._outcome.set_exception(error)
        return self._outcome.result()

    def report_description(self) -> float | None:
        """Report what has been written of the description, if it is time to.

        Returns:
            Seconds after which to call this again, if the answer is not done by then; None if there is no need to.
        """
        return None if self.answer.done() else self._description.report_if_due()

    def hand_over_interview_tokens(self, session: Session) -> int | None:
        """Move the tokens that the budgets reserved for the interview from this audit row to the interview's own.

        Returns:
            Their number; None without a budget.
        """
        if self._reserved_tokens:
            own_row = update(GenerationLog).where(GenerationLog.id == self.audit.id)
            session.execute(own_row.values(expected_tokens=self._reserved_tokens["jd_enhancement"]))
        return self._reserved_tokens.get("interview_generation")

    def _wait_for(self, *either: Future[Any]) -> None:
        while not self.audit.wait_for(*either, seconds=self.report_description()):
            pass

    def _take_and_store(self) -> EnhanceAnswer:
        with self.audit as audit:
            self._wait_for(self.answer)
            answer = audit.take(self.answer)
            refuse_unless_job(answer.value.reads_as)
            view = self._store(answer)
        return EnhanceAnswer(**view.model_dump(), tokens_used=answer.spending.total_tokens)
