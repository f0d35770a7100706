"""Limits for event streams of jobs, each of which holds a thread: of one process, one user and one job.

Each process counts for itself, and apart from the slow requests of `bulkhead.py`, so that watching jobs never keeps
anybody from starting one.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from techscreen.errors import RETRY_AFTER, Overloaded, TooManyStreams

# Of one job, in one process: a few people with a few windows each.
MAX_OF_A_JOB = 10


class StreamPlaces:
    """Places for streams.

    Args:
        limit: how many there are.
        limit_of_user: how many of them one user may take.
    """

    def __init__(self, limit: int, limit_of_user: int) -> None:
        self._limit = limit
        self._limit_of_user = limit_of_user
        self._lock = threading.Lock()
        self._of_users: Counter[str] = Counter()
        self._of_jobs: Counter[str] = Counter()

    def begin(self, user_id: str, job_id: str) -> Callable[[], None]:
        """Take a place.

        Returns:
            A function that gives it back. Calling it again does nothing.

        Raises:
            TooManyStreams: if this user or this job has reached its limit.
            Overloaded: if none is free.
        """
        with self._lock:
            if self._of_users[user_id] >= self._limit_of_user:
                raise TooManyStreams(
                    f"This user has {self._limit_of_user} event streams open already.", retry_after=RETRY_AFTER
                )
            if self._of_jobs[job_id] >= MAX_OF_A_JOB:
                raise TooManyStreams(
                    f"This job has {MAX_OF_A_JOB} event streams open already.", retry_after=RETRY_AFTER
                )
            if self._of_users.total() >= self._limit:
                raise Overloaded(
                    f"{self._limit} event streams are open in this process: it takes no more.", retry_after=RETRY_AFTER
                )
            self._of_users[user_id] += 1
            self._of_jobs[job_id] += 1
        is_held = True

        def end() -> None:
            nonlocal is_held
            with self._lock:
                if is_held:
                    is_held = False
                    for counter, name in ((self._of_users, user_id), (self._of_jobs, job_id)):
                        counter[name] -= 1
                        if not counter[name]:
                            del counter[name]

        return end
