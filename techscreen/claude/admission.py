"""Whether and when a call to Claude may go ahead: a concurrency limit and a circuit breaker.

A call comes in with its deadline and goes ahead, waits for a slot, or is refused at once because it would miss its
deadline. After many failures in a row the circuit opens and new requests are refused for a while. Then it is half-open:
one request at a time tries whether Claude is back, and the first answer closes it. The calls of one request share its
deadline: if the first is admitted, all are. Everything runs on the one event loop of a process, so no lock is needed.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakSet

from techscreen.claude.interface import Deadline
from techscreen.errors import ClaudeNotAsked

# Failures in a row that open the circuit.
MAX_OVERLOADS = 10
# Seconds for which it stays open: doubled each time a trial fails.
FIRST_COOLDOWN, MAX_COOLDOWN = 5.0, 60.0
# Seconds for which other requests are refused while one tries whether Claude is back.
TRIAL_SECONDS = 2.0
# Weight of the newest call in the running mean of how long calls take.
NEWEST_WEIGHT = 0.1


class Admission:
    """The limits of one process.

    Args:
        max_concurrency: calls that may be under way at the same time: the number of slots.
        clock: gives seconds; tests set it.
    """

    def __init__(self, max_concurrency: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_concurrency = max_concurrency
        self._clock = clock
        self._slots = asyncio.Semaphore(max_concurrency)
        self._waiting = 0
        self._mean_seconds: float | None = None
        self._overloads = 0
        self._cooldown = FIRST_COOLDOWN
        self._open_until = 0.0
        self._is_half_open = False
        self._admitted: WeakSet[Deadline] = WeakSet()

    def admit(self, deadline: Deadline) -> None:
        """Let a call go ahead, or refuse at once a call that cannot succeed.

        Args:
            deadline: of the request that it belongs to.

        Raises:
            ClaudeNotAsked: with the seconds after which to try again.
        """
        is_new = deadline not in self._admitted
        wait = self._open_until - self._clock()
        if is_new and wait > 0:
            raise ClaudeNotAsked(
                "Claude has been overloaded or away for some time, so it is not asked for a moment.",
                retry_after=math.ceil(wait),
            )
        needed = self._seconds_to_answer()
        if 0 < deadline.remaining() < needed:
            raise ClaudeNotAsked(
                f"{self._waiting} calls to Claude are waiting for their turn: this one would come too late.",
                retry_after=max(1, math.ceil(needed - deadline.remaining())),
            )
        if is_new and self._overloads >= MAX_OVERLOADS:
            self._is_half_open = True
            self._open_until = self._clock() + TRIAL_SECONDS
        self._admitted.add(deadline)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot, first come first served, and hold it for the length of the block."""
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        started = self._clock()
        try:
            yield
        finally:
            self._slots.release()
            self._record(self._clock() - started)

    def is_full(self) -> bool:
        """Whether a call would have to wait for a slot."""
        return self._slots.locked()

    def answered(self) -> None:
        """Note that Claude is there: the circuit closes."""
        self._overloads = 0
        self._cooldown = FIRST_COOLDOWN
        self._open_until = 0.0
        self._is_half_open = False

    def overloaded(self) -> None:
        """Note a try that failed because Claude is overloaded, limits our rate or cannot be reached."""
        self._overloads += 1
        now = self._clock()
        is_open = now < self._open_until and not self._is_half_open
        # Other failures of the same burst, and of calls under way when the circuit opened, do not keep it open longer.
        if self._overloads < MAX_OVERLOADS or is_open:
            return
        self._is_half_open = False
        self._open_until = now + self._cooldown
        self._cooldown = min(2 * self._cooldown, MAX_COOLDOWN)

    def _seconds_to_answer(self) -> float:
        """How long a call that starts waiting now would take, going by the mean."""
        if not self.is_full() or self._mean_seconds is None:
            return 0.0
        return self._mean_seconds * (1 + (self._waiting + 1) / self._max_concurrency)

    def _record(self, seconds: float) -> None:
        usual = self._mean_seconds
        self._mean_seconds = seconds if usual is None else usual + NEWEST_WEIGHT * (seconds - usual)
