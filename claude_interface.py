"""What the services see of Claude, whoever answers: the live client, the offline one, or a test's fake."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from errors import Spending
from findings import Problem
from prompts import Request

T = TypeVar("T", bound=BaseModel)
# Finds what is wrong with an answer of the right type; nothing if it can be delivered.
Check = Callable[[T], list[Problem]]


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
    """Hears an answer while it is being written."""

    def heard(self, text: str) -> None:
        """All text of the current attempt so far. Called on the client's own thread: it must be quick."""

    def settle(self, value: T) -> T:
        """The finished answer as it is to be checked and delivered, given what has been heard of it."""


class Claude(Protocol):
    """Somebody who answers prompts.

    Attributes:
        model: who writes, as stored with what was written.
        prompt_version: version of the words it is asked with.
        notice: a sentence that every answer must show, or None for real content.
    """

    @property
    def model(self) -> str: ...

    @property
    def prompt_version(self) -> str: ...

    def submit(
        self, request: Request[T], check: Check[T], deadline: Deadline, listener: Listener[T] | None = None
    ) -> Future[ClaudeAnswer[T]]:
        """Start asking and return at once. Several requests may be under way.

        A listener costs the live client two to four times the CPU, so it is for those who need one.

        The future raises a `ClaudeError` that carries what was spent.
        """

    def close(self) -> None:
        """Give back what is held. For the end of a test or a script; a server simply ends."""
