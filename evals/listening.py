"""Hears what the checks say of each answer of Claude, try by try, while the pipeline works as always."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from claude_interface import Check, Claude, ClaudeAnswer, Deadline, Listener
from errors import GenerationFailed, Spending, TechScreenError
from prompts import Request, WriteQuestion

T = TypeVar("T", bound=BaseModel)

DELIVERED = "delivered"
# What keeps an answer from the checks: it does not fit its type, or was cut off.
UNREADABLE = "schema"


@dataclass
class HeardAnswer:
    """One request to Claude and what became of it.

    Attributes:
        topic: what a question was to be about; None if no question was asked for.
        tries: for each try that could be read, the checks that failed.
        sent_back: how many answers went back to Claude.
        outcome: DELIVERED, or the code of the error.
    """

    topic: str | None = None
    tries: list[list[str]] = field(default_factory=list)
    sent_back: int = 0
    outcome: str = DELIVERED

    @property
    def failed_at_first(self) -> set[str]:
        """Checks that the first try failed. Where an unreadable one stood among several, it is taken for the first."""
        has_last_answer = self.outcome in (DELIVERED, GenerationFailed.code)
        if len(self.tries) < self.sent_back + has_last_answer:
            return {UNREADABLE}
        return set(self.tries[0]) if self.tries else set()

    @property
    def failed_in_the_end(self) -> set[str]:
        """Checks that the last try failed: in an answer that was delivered all the same, or was given up."""
        if self.outcome == DELIVERED:
            return set(self.tries[-1]) if self.tries else set()
        return set(self.tries[-1]) if self.tries and self.tries[-1] else {self.outcome}

    @property
    def passed_at_first(self) -> bool:
        """Whether the first try was delivered with nothing to find fault with."""
        return self.outcome == DELIVERED and not self.sent_back and not self.failed_in_the_end

    @property
    def passed_in_the_end(self) -> bool:
        """Whether what was delivered leaves nothing to find fault with."""
        return self.outcome == DELIVERED and not self.failed_in_the_end


_heard: ContextVar[list[HeardAnswer]] = ContextVar("heard")


@contextmanager
def listening() -> Iterator[list[HeardAnswer]]:
    """What is asked of a ListeningClaude in this block, by this thread."""
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
        self, request: Request[T], check: Check[T], deadline: Deadline, listener: Listener[T] | None = None
    ) -> Future[ClaudeAnswer[T]]:
        """See `claude_interface.Claude`."""
        heard = HeardAnswer(request.topic.topic if isinstance(request, WriteQuestion) else None)
        _heard.get([]).append(heard)

        def checked(value: T) -> list[str]:
            problems = check(value)
            heard.tries.append([getattr(problem, "check", "form") for problem in problems])
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
                heard.sent_back = _sent_back(done.result().spending)
                told.set_result(done.result())
            else:
                heard.outcome = error.code if isinstance(error, TechScreenError) else TechScreenError.code
                heard.sent_back = _sent_back(getattr(error, "spending", Spending()))
                told.set_exception(error)

        self._inner.submit(request, checked, deadline, listener).add_done_callback(note)
        return told

    def close(self) -> None:
        """Give back what is held."""
        self._inner.close()


def _sent_back(spending: Spending) -> int:
    return getattr(spending, "repairs", max(0, spending.attempts - 1))
