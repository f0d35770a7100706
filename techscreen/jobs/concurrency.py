"""Threads for work that goes on after its request has ended. A process that stops can wait until the work is done."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

logger = logging.getLogger(__name__)


class ProcessThreads:
    """A limited number of threads. Each process has its own, since no thread survives a fork.

    Args:
        limit: how many threads; further work waits for one of them.
        name: for the log.
    """

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._is_closed = False
        self._pool: ThreadPoolExecutor

    def start(self, work: Callable[[], object]) -> None:
        """Do some work as soon as a thread is free. What it raises is logged."""
        with self._lock:
            if self._owner != os.getpid() or self._is_closed:
                self._pool = ThreadPoolExecutor(self._limit, thread_name_prefix=self._name)
                self._owner, self._is_closed = os.getpid(), False
            self._pool.submit(self._do, work)

    def close(self, *, wait: bool) -> None:
        """Begin no more work. It may be called twice, first without waiting and then with.

        Args:
            wait: until the work that has begun is over.
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
        except Exception:  # nobody reads the future; a job whose thread fails is recovered from its row
            logger.exception("work in a thread broke off", extra={"event": "thread_broke_off"})
