"""Threads for work that goes on when its request is over. A service that stops lets it come to its end."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

logger = logging.getLogger(__name__)


class ProcessThreads:
    """At most so many threads, in each process its own: none survives a fork.

    Args:
        most: threads; further work waits for one of them.
        name: for the log.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._is_closed = False
        self._pool: ThreadPoolExecutor

    def start(self, work: Callable[[], object]) -> None:
        """Have some work done as soon as a thread is free. What it raises is logged."""
        with self._lock:
            if self._owner != os.getpid() or self._is_closed:
                self._pool = ThreadPoolExecutor(self._most, thread_name_prefix=self._name)
                self._owner, self._is_closed = os.getpid(), False
            self._pool.submit(self._do, work)

    def close(self, *, wait: bool) -> None:
        """Begin nothing that has not been begun. Doing it again, one may wait for what was not waited for before.

        Args:
            wait: until what has been begun has come to its end.
        """
        with self._lock:
            if self._owner != os.getpid():
                return
            self._is_closed = True
            pool = self._pool
        pool.shutdown(wait=wait, cancel_futures=True)

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # nobody looks at the future; a job's row is taken up again
            logger.exception("work in a thread broke off", extra={"event": "thread_broke_off"})
