"""Has the missing questions of an interview written, all at once, and keeps each as it comes.

It takes as long as the slowest question, and holds no database connection while Claude works. A question under way is
always waited for and kept, even when another has failed, because it is paid for. An enhancement that runs at the same
time is stored as soon as its answer is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Any

from prompts import InterviewQuestion
from techscreen.claude.interface import Claude, ClaudeAnswer, Deadline
from techscreen.errors import GenerationFailed
from techscreen.generation.audit_log import AuditRow
from techscreen.generation.question_set import QuestionSet
from techscreen.generation.running_enhancement import RunningEnhancement

# How often a question that repeats another one of its interview is asked for again before the interview fails.
MAX_REWRITES = 2

QuestionCall = Future[ClaudeAnswer[InterviewQuestion]]


class QuestionWriting:
    """One round of writing: it ends when every question is ready or has failed, and the enhancement is finished."""

    def __init__(
        self,
        questions: QuestionSet,
        claude: Claude,
        audit: AuditRow,
        deadline: Deadline,
        enhancement: RunningEnhancement | None,
    ) -> None:
        self._questions = questions
        self._claude = claude
        self._audit = audit
        self._deadline = deadline
        self._enhancement = enhancement
        self._places: dict[QuestionCall, int] = {}  # of the calls under way
        self._rewrites: Counter[int] = Counter()
        self._failures: list[Exception] = []

    def run(self) -> None:
        """Write what is missing.

        Raises:
            Exception: the enhancement's failure if it has failed, else that of the first question to fail. The others
                are kept.
        """
        self._questions.look_up_taken()
        for place in self._questions.missing():
            self._ask(place)
        while self._places or self._unfinished_enhancement():
            seconds = self._report_description()
            reactions = self._reactions()
            for done in wait([*self._places, *reactions], seconds, return_when=FIRST_COMPLETED).done:
                if done in self._places:
                    self._receive(done)
                else:
                    reactions[done]()
        if self._failures:
            raise self._failures[0]

    def _ask(self, place: int, *repeated: str) -> None:
        request = self._questions.request(place, *repeated)
        check = partial(self._questions.violations, request.topic.question_type)
        self._places[self._audit.ask(self._claude, request, check, self._deadline)] = place

    def _receive(self, call: QuestionCall) -> None:
        """Keep a question, or have it written again if it repeats another one of this interview."""
        place = self._places.pop(call)
        try:
            question = self._audit.take(call).value
            repeated = self._questions.repeated_by(question.compared_text)
            if repeated is None:
                self._questions.keep(place, question)
        except Exception as error:  # whatever it is, the other questions are paid for and must be kept
            self._failures.append(error)
            return
        finally:
            self._audit.save_spending()  # a question that was not kept was paid for as well
        if repeated is not None and not self._failures:
            self._ask_again(place, repeated)

    def _ask_again(self, place: int, repeated: str) -> None:
        if self._rewrites[place] == MAX_REWRITES:
            self._failures.append(GenerationFailed(f"Question {place + 1} repeats another one, also after repair."))
            return
        self._rewrites[place] += 1
        self._ask(place, repeated)

    def _reactions(self) -> dict[Future[Any], Callable[[], None]]:
        """The other futures to wait for, each with what to do when it is done."""
        reactions: dict[Future[Any], Callable[[], None]] = {self._audit.unsaved_spending: self._audit.save_spending}
        enhancement = self._unfinished_enhancement()
        if enhancement is not None:
            reactions[enhancement.audit.unsaved_spending] = enhancement.audit.save_spending
            reactions[enhancement.answer] = partial(self._finish, enhancement)
        return reactions

    def _report_description(self) -> float | None:
        """Report how far the enhancement is; the seconds after which to do it again, None for no more."""
        enhancement = self._unfinished_enhancement()
        return None if enhancement is None else enhancement.report_description()

    def _unfinished_enhancement(self) -> RunningEnhancement | None:
        return None if self._enhancement is None or self._enhancement.is_finished else self._enhancement

    def _finish(self, enhancement: RunningEnhancement) -> None:
        try:
            enhancement.finish()
        except Exception as error:  # the questions under way are paid for and must be kept
            self._failures.insert(0, error)
