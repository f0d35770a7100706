"""The interface through which the services see Claude, whoever answers: the live client, the offline one, or a fake.

A request, a check and a deadline come in; a future of a usable answer and its cost goes out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from prompts import Request
from techscreen.checks.findings import Violation
from techscreen.errors import Spending

T = TypeVar("T", bound=BaseModel)

# Finds what is wrong with an answer of the right type; nothing if it can be delivered.
Check = Callable[[T], list[Violation]]
# Called with what a request under way has cost so far, on the client's own thread: it must be quick.
OnSpending = Callable[[Spending], None]


@dataclass(frozen=True)
class Deadline:
    """The moment by which a request must be answered, on the monotonic clock."""

    moment: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; negative once it has passed."""
        return self.moment - time.monotonic()


@dataclass(frozen=True)
class ClaudeAnswer(Generic[T]):
    """A usable answer and what it cost, all attempts included."""

    value: T
    spending: Spending


class Listener(Protocol[T]):
    """Follows an answer while it is being written."""

    def heard(self, text: str) -> None:
        """Take all text of the current attempt so far. Called on the client's own thread: it must be quick."""

    def settle(self, value: T) -> T:
        """The finished answer, adjusted to what was heard of it, as it is to be checked and delivered."""


class Claude(Protocol):
    """Somebody who answers prompts.

    Attributes:
        model: who writes, as stored with what was written.
        prompt_version: version of the words it is asked with.
    """

    @property
    def model(self) -> str: ...

    @property
    def prompt_version(self) -> str: ...

    def submit(
        self,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None = None,
        on_spending: OnSpending | None = None,
    ) -> Future[ClaudeAnswer[T]]:
        """Start asking and return at once. Several requests may be under way.

        A listener costs the live client two to four times the CPU, so give one only where it is needed. `on_spending`
        is called after an answer that was paid for, before anything further is asked, such as its repair.

        The future raises a `ClaudeError` that carries what was spent.
        """

    def close(self) -> None:
        """Release connections and threads, at the end of a process, a test or a script."""
