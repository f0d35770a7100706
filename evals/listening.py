"""Records what the checks find in each answer of Claude, try by try, while the pipeline works as always."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from prompts import Request, WriteQuestion
from techscreen.checks.findings import Violation
from techscreen.claude.interface import Check, Claude, ClaudeAnswer, Deadline, Listener, OnSpending
from techscreen.errors import Spending, TechScreenError

T = TypeVar("T", bound=BaseModel)

DELIVERED = "delivered"
# Problems that keep an answer from the other checks: it does not fit its type, or was cut off.
UNREADABLE = ("schema", "cut_off")


@dataclass
class HeardAnswer:
    """One request to Claude and what became of it.

    Attributes:
        topic: what a question was to be about; None if no question was asked for.
        tries: each try that could be read, with the checks that it failed.
        spending: on all tries.
        outcome: DELIVERED, or the code of the error.
        delivered: the try that was delivered.
    """

    topic: str | None = None
    tries: list[tuple[BaseModel, frozenset[str]]] = field(default_factory=list)
    spending: Spending = field(default_factory=Spending)
    outcome: str = DELIVERED
    delivered: BaseModel | None = None

    @property
    def failed_at_first(self) -> frozenset[str]:
        """The checks that the first try failed."""
        first_of_all = self.spending.failed_checks[:1]
        if first_of_all and first_of_all[0] in UNREADABLE:
            return frozenset(first_of_all)
        return self.tries[0][1] if self.tries else frozenset({self.outcome})

    @property
    def failed_in_the_end(self) -> frozenset[str]:
        """The checks that the delivered answer failed, or the last answer if none was delivered."""
        if self.outcome == DELIVERED:
            return next(failed for value, failed in self.tries if value is self.delivered)
        return (self.tries[-1][1] if self.tries else None) or frozenset({self.outcome})


_heard: ContextVar[list[HeardAnswer]] = ContextVar("heard")


@contextmanager
def listening() -> Iterator[list[HeardAnswer]]:
    """Record what this thread asks of a ListeningClaude in the block."""
    heard: list[HeardAnswer] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


class ListeningClaude:
    """Passes everything on to another Claude and notes what the checks find."""

    def __init__(self, inner: Claude) -> None:
        self._inner = inner

    @property
    def model(self) -> str:
        """Who writes."""
        return self._inner.model

    @property
    def prompt_version(self) -> str:
        """Version of the words it is asked with."""
        return self._inner.prompt_version

    def submit(
        self,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None = None,
        on_spending: OnSpending | None = None,
    ) -> Future[ClaudeAnswer[T]]:
        """See `techscreen.claude.interface.Claude`."""
        heard = HeardAnswer(request.topic.topic if isinstance(request, WriteQuestion) else None)
        _heard.get([]).append(heard)

        def checked(value: T) -> list[Violation]:
            problems = check(value)
            heard.tries.append((value, frozenset(problem.check for problem in problems)))
            return problems

        # A future of its own, so that all is noted before the pipeline goes on.
        told: Future[ClaudeAnswer[T]] = Future()

        def note(done: Future[ClaudeAnswer[T]]) -> None:
            if done.cancelled():
                heard.outcome = "cancelled"
                told.cancel()
                return
            error = done.exception()
            if error is None:
                answer = done.result()
                heard.spending, heard.delivered = answer.spending, answer.value
                told.set_result(answer)
            else:
                heard.outcome = error.code if isinstance(error, TechScreenError) else TechScreenError.code
                heard.spending = getattr(error, "spending", Spending())
                told.set_exception(error)

        self._inner.submit(request, checked, deadline, listener, on_spending).add_done_callback(note)
        return told

    def close(self) -> None:
        """Release connections and threads."""
        self._inner.close()
