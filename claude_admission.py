"""Whether and when a call to Claude may go ahead: so many at once, and none while Claude is known to be overloaded.

Used on the one event loop of a process, so nothing here needs a lock. Two things are refused at once instead of
piling up: a call that would wait for its turn until its deadline is gone, and any new request for a short while after
many tries in a row have failed. Then one new request at a time tries whether Claude is back, and the first answer
opens the way for all. The calls of one request share its deadline: with the first of them all are let through.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakSet

from claude_interface import Deadline
from errors import ClaudeNotAsked

# So many tries without one answer between them, and Claude counts as overloaded.
OVERLOADS_IN_A_ROW = 10
# Seconds for which new requests are then refused: doubled each time a trial fails.
FIRST_REST, LONGEST_REST = 5.0, 60.0
# While it is being tried whether Claude is back, others are refused for this long at a time.
TRIAL = 2.0
# Weight of the newest call in the running mean of how long calls take.
NEWEST = 0.1


class Admission:
    """The turns of one process.

    Args:
        most_at_once: calls that may be under way at the same time.
        clock: seconds, for tests.
    """

    def __init__(self, most_at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_at_once = most_at_once
        self._clock = clock
        self._turns = asyncio.Semaphore(most_at_once)
        self._waiting = 0
        self._usual_seconds: float | None = None
        self._overloads = 0
        self._rest = FIRST_REST
        self._resting_until = 0.0
        self._is_being_tried = False
        self._let_through: WeakSet[Deadline] = WeakSet()

    def refuse_if_hopeless(self, deadline: Deadline) -> None:
        """Let a call go ahead, or say at once that it cannot succeed.

        Args:
            deadline: of the request that it belongs to.

        Raises:
            ClaudeNotAsked: with the seconds after which to try again.
        """
        is_new = deadline not in self._let_through
        wait = self._resting_until - self._clock()
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
        if is_new and self._overloads >= OVERLOADS_IN_A_ROW:
            self._is_being_tried = True
            self._resting_until = self._clock() + TRIAL
        self._let_through.add(deadline)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, in the order of asking, and hold it for the length of the block."""
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        started = self._clock()
        try:
            yield
        finally:
            self._turns.release()
            self._took(self._clock() - started)

    def is_full(self) -> bool:
        """Whether a call would have to wait for its turn."""
        return self._turns.locked()

    def answered(self) -> None:
        """Claude has answered something sensible."""
        self._overloads = 0
        self._rest = FIRST_REST
        self._resting_until = 0.0
        self._is_being_tried = False

    def overloaded(self) -> None:
        """A try has failed because Claude is overloaded, limits our rate or cannot be reached."""
        self._overloads += 1
        now = self._clock()
        is_resting = now < self._resting_until and not self._is_being_tried
        # What else fails in the same burst, or was under way when the rest began, does not make it longer.
        if self._overloads < OVERLOADS_IN_A_ROW or is_resting:
            return
        self._is_being_tried = False
        self._resting_until = now + self._rest
        self._rest = min(2 * self._rest, LONGEST_REST)

    def _seconds_to_answer(self) -> float:
        """How long a call would take that starts waiting now, by how long calls usually take."""
        if not self.is_full() or self._usual_seconds is None:
            return 0.0
        return self._usual_seconds * (1 + (self._waiting + 1) / self._most_at_once)

    def _took(self, seconds: float) -> None:
        usual = self._usual_seconds
        self._usual_seconds = seconds if usual is None else usual + NEWEST * (seconds - usual)
