"""Watches the rows of jobs and notifies those who follow them of each change.

One thread per process reads all followed jobs with one statement, twice a second, and ends when nobody follows any. A
job's id comes in; its changing state goes out.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from techscreen.errors import DatabaseUnavailable
from techscreen.jobs import store
from techscreen.jobs.store import JobState

logger = logging.getLogger(__name__)

# Seconds between two reads of the rows.
LOOK_INTERVAL = 0.5


class FollowedJob:
    """One job as last read, for all who follow it.

    Attributes:
        state: None before the first read, and after the job has been removed.
        is_removed: whether there is no such job any more.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self.state: JobState | None = None
        self.is_removed = False
        self.followers = 0
        self._changed = threading.Condition(lock)

    @property
    def is_known(self) -> bool:
        """Whether its row has been looked for yet."""
        return self.state is not None or self.is_removed

    def wait_for_change(self, since: JobState | None, seconds: float) -> bool:
        """Wait until the job has changed or has been removed.

        Args:
            since: the state that the waiting caller has seen.
            seconds: how long to wait.

        Returns:
            False if nothing has changed by then.
        """
        with self._changed:
            return self._changed.wait_for(lambda: self.state is not since or self.is_removed, seconds)

    def update(self, state: JobState | None) -> None:
        """Note the job's present state, and wake those who wait for a change. The lock must be held."""
        if state is None or state != self.state:
            self.state, self.is_removed = state, state is None
            self._changed.notify_all()


class JobWatch:
    """Reads the followed jobs. Each process has its own thread for it, since none survives a fork.

    Args:
        app_context: of the app whose jobs they are.
    """

    def __init__(self, app_context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._app_context = app_context
        self._of_process: dict[int, _Watcher] = {}

    def following(self, job_id: str) -> AbstractContextManager[FollowedJob]:
        """Follow a job for as long as the block lasts."""
        return self._of_process.setdefault(os.getpid(), _Watcher(self._app_context)).following(job_id)


class _Watcher:
    def __init__(self, app_context: Callable[[], AbstractContextManager[Any]]) -> None:
        self._app_context = app_context
        self._lock = threading.Lock()
        self._jobs: dict[str, FollowedJob] = {}
        self._is_looking = False
        self._look_now = threading.Event()

    @contextmanager
    def following(self, job_id: str) -> Iterator[FollowedJob]:
        with self._lock:
            if not self._is_looking:
                # The thread begins by waiting for the lock. If it cannot be started, the next follower tries again.
                threading.Thread(target=self._keep_looking, name="job-watch", daemon=True).start()
                self._is_looking = True
            job = self._jobs.setdefault(job_id, FollowedJob(self._lock))
            job.followers += 1
        if not job.is_known:
            self._look_now.set()
        try:
            yield job
        finally:
            with self._lock:
                job.followers -= 1
                if not job.followers:
                    del self._jobs[job_id]
                if not self._jobs:
                    self._look_now.set()

    def _keep_looking(self) -> None:
        next_look = time.monotonic()
        while True:
            at_all = time.monotonic() >= next_look
            if at_all:
                next_look = time.monotonic() + LOOK_INTERVAL
            with self._lock:
                if not self._jobs:
                    self._is_looking = False
                    return
                wanted = {job_id: job for job_id, job in self._jobs.items() if at_all or not job.is_known}
            if wanted:
                self._look(wanted)
            # A new job ends the wait and is read at once; the others keep their interval.
            self._look_now.wait(max(0.0, next_look - time.monotonic()))
            self._look_now.clear()

    def _look(self, wanted: dict[str, FollowedJob]) -> None:
        try:
            with self._app_context():
                found = store.states(list(wanted))
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            logger.warning("followed jobs not read: %s", type(error).__name__, extra={"event": "jobs_not_looked_at"})
            return  # the database will be back
        except Exception:  # all followers depend on this thread
            logger.exception("followed jobs not read", extra={"event": "jobs_not_looked_at"})
            return
        with self._lock:
            for job_id, job in wanted.items():
                job.update(found.get(job_id))
