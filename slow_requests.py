"""How many requests of one process may wait for Claude: each holds a thread, and health checks need some as well."""

from __future__ import annotations

import threading
from collections.abc import Callable

from errors import Overloaded

RETRY_AFTER = 10


class SlowRequests:
    """Places for requests that take long: generations that are waited for, and streams of events.

    Args:
        most: how many there are.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places = threading.Semaphore(most)

    def begin(self) -> Callable[[], None]:
        """Take a place.

        Returns:
            What gives it back. To call it again does nothing.

        Raises:
            Overloaded: if none is free. Without this, further requests would wait for a thread, health checks among
                them, and nobody would tell them for how long.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded(
                f"{self._most} generations and streams are waiting for Claude in this process: it takes no more.",
                retry_after=RETRY_AFTER,
            )
        held = threading.Lock()

        def end() -> None:
            if held.acquire(blocking=False):
                self._places.release()

        return end
