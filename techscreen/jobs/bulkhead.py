"""A bulkhead for slow requests: it limits how many callers of one process wait for Claude at a time.

Each holds a thread for up to a minute, and quick requests such as health checks need threads too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from techscreen.errors import RETRY_AFTER, Overloaded


class Bulkhead:
    """Places for generations whose caller waits, for an answer or on a stream of events.

    Args:
        limit: how many there are.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places = threading.Semaphore(limit)

    def begin(self) -> Callable[[], None]:
        """Take a place.

        Returns:
            A function that gives it back. Calling it again does nothing.

        Raises:
            Overloaded: if none is free. Waiting for one would take threads from all other requests.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded(
                f"{self._limit} generations are waiting for Claude in this process: it takes no more.",
                retry_after=RETRY_AFTER,
            )
        held = threading.Lock()

        def end() -> None:
            if held.acquire(blocking=False):
                self._places.release()

        return end
