"""One interview in the making: borrow what the cache has, have the rest written all at once, keep each as it comes.

The wait is the slowest question and not the sum. No database connection is held while Claude works. A question under
way is always waited for and kept, also when another one has failed: it is paid for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from claude_interface import Claude, ClaudeAnswer, Deadline
from content_checks import alike_question, not_to_be_asked, question_problems
from errors import GenerationFailed, Spending, TechScreenError
from generation_log import AuditRow
from injected_instructions import instruction_findings
from progress import Progress
from prompts import InterviewQuestion, InterviewTopic, WriteQuestion
from question_cache import LentQuestion, Loans

# A question that is alike another is written anew this often before the interview fails.
MOST_REWRITES = 2


class Alongside(Protocol):
    """Other work under way for the same interview, that must have succeeded before it is stored."""

    @property
    def answer(self) -> Future[Any]:
        """Done as soon as the work can be finished."""

    @property
    def is_finished(self) -> bool:
        """Whether `finish` has been called."""

    def finish(self) -> Any:
        """Store what has come of it, or raise why nothing has."""


class AlongsideFailed(TechScreenError):
    """The interview was given up because the work alongside failed, for the reason that it names."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(cause.message if isinstance(cause, TechScreenError) else type(cause).__name__)
        self.cause = cause
        self.code = cause.code if isinstance(cause, TechScreenError) else TechScreenError.code


@dataclass(frozen=True)
class ReadyQuestion:
    """A question that can be delivered."""

    topic: InterviewTopic
    question: InterviewQuestion
    question_type: str
    cached_question_id: int | None
    lent: LentQuestion | None = None

    @property
    def source(self) -> str:
        """Where it comes from: generated for this interview, or lent by the cache."""
        return "cache" if self.lent else "generated"


@dataclass
class InterviewInTheMaking:
    """The questions of one interview until it is stored.

    Attributes:
        earlier: topic and text of each question of the requisition's earlier interviews.
        names: of the employer, its products and people, which no question may hold.
        alongside: work that goes on at the same time, if there is any.
        ready: by their place, from 0.
    """

    claude: Claude
    topics: Sequence[InterviewTopic]
    language: str
    earlier: Sequence[tuple[str, str]]
    names: Collection[str]
    loans: Loans
    audit: AuditRow
    deadline: Deadline
    progress: Progress
    alongside: Alongside | None = None
    ready: dict[int, ReadyQuestion] = field(default_factory=dict)
    _taken: dict[int, list[str]] = field(default_factory=dict)

    def borrow(self) -> None:
        """Take from the cache what it has for the topics."""
        for number, lent in self.loans.lend_all(self.topics, self.language, avoid=self._texts()).items():
            topic = self.topics[number]
            ready = ReadyQuestion(topic, lent.question, lent.question_type, lent.cached_question_id, lent)
            if not_to_be_asked(lent.question, self.names):
                # The rules may be younger than the question, and the name of one employer is a word to others.
                self.loans.give_back(lent.cached_question_id)
            else:
                self._now_ready(number, ready)

    def write_missing(self) -> None:
        """Have the questions written that the cache did not have, and let the work alongside come to its end.

        Raises:
            AlongsideFailed: if that work failed.
            ClaudeError: if a question could not be had; the others are kept.
        """
        under_way: dict[Future[ClaudeAnswer[InterviewQuestion]], int] = {}
        rewrites: Counter[int] = Counter()
        failures: list[Exception] = []
        check = partial(question_problems, names=self.names)

        def ask(number: int, *also_taken: str) -> None:
            request = self._request(number, *also_taken)
            under_way[self.claude.submit(request, check, self.deadline)] = number

        self._look_up_taken()
        for number in self._missing():
            ask(number)
        while under_way or self._still_alongside():
            for future in wait([*under_way, *self._still_alongside()], return_when=FIRST_COMPLETED).done:
                if future not in under_way:
                    self._finish_alongside(failures)
                    continue
                number = under_way.pop(future)
                try:
                    answer = future.result()
                    self.audit.spending += answer.spending
                    twin = alike_question(answer.value.question_text, self._texts())
                    if twin is None:
                        self._keep(number, answer.value)
                except Exception as error:  # whatever it is, the others are paid for and must be kept
                    failures.append(error)
                    continue
                if twin is None or failures:
                    continue
                if rewrites[number] < MOST_REWRITES:
                    rewrites[number] += 1
                    ask(number, twin)
                else:
                    failures.append(GenerationFailed(f"Question {number + 1} repeats another one, also after repair."))
        self._raise_first(failures)

    def in_order(self) -> list[ReadyQuestion]:
        """The questions in their order, once all are ready."""
        return [self.ready[number] for number in range(len(self.topics))]

    def unfit(self, retired: set[int]) -> list[int]:
        """Places of ready questions that were retired, or are alike to one of an interview stored meanwhile."""
        earlier = [text for _, text in self.earlier]
        return [
            number
            for number, ready in self.ready.items()
            if ready.cached_question_id in retired or alike_question(ready.question.question_text, earlier) is not None
        ]

    def drop(self, numbers: Sequence[int]) -> None:
        """Do without some of the ready questions, and give them back to the cache."""
        for number in numbers:
            cached_question_id = self.ready.pop(number).cached_question_id
            if cached_question_id is not None:
                self.loans.give_back(cached_question_id)

    def _still_alongside(self) -> list[Future[Any]]:
        return [self.alongside.answer] if self.alongside and not self.alongside.is_finished else []

    def _finish_alongside(self, failures: list[Exception]) -> None:
        assert self.alongside is not None
        try:
            self.alongside.finish()
        except Exception as error:  # the questions under way are paid for and must be kept all the same
            failures.insert(0, AlongsideFailed(error))

    def _raise_first(self, failures: list[Exception]) -> None:
        # The one that is raised brings its own spending to the audit row.
        for failure in failures[1:]:
            self.audit.spending += getattr(failure, "spending", Spending())
        if failures:
            raise failures[0]

    def _missing(self) -> list[int]:
        return [number for number in range(len(self.topics)) if number not in self.ready]

    def _texts(self) -> list[str]:
        """Questions that a further one must not be alike to: those of earlier interviews, and those ready."""
        return [text for _, text in self.earlier] + [ready.question.question_text for ready in self.ready.values()]

    def _look_up_taken(self) -> None:
        missing = self._missing()
        if missing:
            texts = self.loans.taken_texts([self.topics[number] for number in missing], self.language)
            self._taken = dict(zip(missing, texts, strict=True))

    def _request(self, number: int, *also_taken: str) -> WriteQuestion:
        """What to ask Claude for a missing question: its topic, and what exists for it already."""
        topic = self.topics[number]
        lawful = [item for item in topic.work_items if not instruction_findings(item.part)]
        topic = topic.model_copy(update={"work_items": lawful})  # a quoted instruction serves nobody
        taken = [text for name, text in self.earlier if name == topic.topic] + self._taken.get(number, [])
        return WriteQuestion(
            topic,
            self.language,
            other_topics=tuple(other.topic for place, other in enumerate(self.topics) if place != number),
            taken=tuple(dict.fromkeys([*taken, *also_taken])),
        )

    def _keep(self, number: int, question: InterviewQuestion) -> None:
        topic = self.topics[number]
        kept = self.loans.keep(topic, self.language, question)
        self._now_ready(number, ReadyQuestion(topic, question, topic.question_type, kept))

    def _now_ready(self, number: int, ready: ReadyQuestion) -> None:
        self.ready[number] = ready
        spent = self.audit.spending.total_tokens
        self.progress.question_ready(number + 1, ready.topic.topic, ready.source, spent)
