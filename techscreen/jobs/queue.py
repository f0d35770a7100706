"""The queue of background jobs: it wakes threads of this process, or Celery workers over a broker, to run a job.

The id of a job comes in. The queue may lose it: the job's row is what counts, and a lost job is announced again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from kombu.exceptions import OperationalError

from techscreen.errors import RETRY_AFTER, JobsUnavailable
from techscreen.jobs.concurrency import ProcessThreads

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger(__name__)

TASK = "techscreen.run_job"
# Jobs that one process runs at the same time without a broker; the rest wait in their rows.
THREADS = 16
# Seconds after which a broker that does not answer counts as away.
BROKER_TIMEOUT = 3
# Redis knows the first two options, RabbitMQ the others.
PATIENT = {"socket_connect_timeout": BROKER_TIMEOUT, "socket_timeout": BROKER_TIMEOUT, "confirm_publish": True}
IMPATIENT = {**PATIENT, "read_timeout": BROKER_TIMEOUT, "write_timeout": BROKER_TIMEOUT, "max_retries": 0}
ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


class JobQueue(Protocol):
    """Wakes a thread or a worker to run a job."""

    def announce(self, job_id: str) -> None:
        """Announce a job that is waiting. Announcing it twice does no harm.

        Raises:
            JobsUnavailable: if the queue cannot take it.
        """

    def check(self) -> None:
        """Find out within a few seconds whether a job could be announced right now.

        Raises:
            JobsUnavailable: if not.
        """

    def close(self, *, wait: bool) -> None:
        """Begin no more jobs.

        Args:
            wait: until those that this process has begun have ended.
        """


class ThreadQueue:
    """A few threads of this process, for a service without a broker.

    Args:
        run: runs a job by its id, in any thread.
        threads: how many.
        name: of the threads, for the log.

    Attributes:
        is_closed: whether it begins no more jobs.
    """

    def __init__(self, run: Callable[[str], None], threads: int = THREADS, name: str = "job") -> None:
        self._run = run
        self._threads = ProcessThreads(threads, name)
        self._lock = threading.Lock()
        # With the process, because a fork inherits what its parent has announced, but not the threads.
        self._waiting: set[tuple[int, str]] = set()
        self.is_closed = False

    def announce(self, job_id: str) -> None:
        """See `JobQueue`. Once this queue is closed, another process has to announce the job again."""
        announced = os.getpid(), job_id
        with self._lock:
            # While all threads are busy, a job is announced again and again.
            if not self.is_closed and announced not in self._waiting:
                self._waiting.add(announced)
                self._threads.start(lambda: self._begin(announced))

    def _begin(self, announced: tuple[int, str]) -> None:
        with self._lock:
            self._waiting.discard(announced)
        self._run(announced[1])

    def check(self) -> None:
        """See `JobQueue`."""
        if self.is_closed:
            raise JobsUnavailable("This process is stopping and begins no more jobs.", retry_after=RETRY_AFTER)

    def close(self, *, wait: bool) -> None:
        """See `JobQueue`."""
        with self._lock:
            self.is_closed = True
        self._threads.close(wait=wait)


class BrokerQueue:
    """Celery workers, over Redis or RabbitMQ.

    Args:
        broker_url: address of the broker.
    """

    def __init__(self, broker_url: str) -> None:
        self._celery = make_celery(broker_url)
        # Unlike a worker, a web process does not wait until the broker is back.
        self._celery.conf.update(broker_transport_options=IMPATIENT, broker_pool_acquire_timeout=BROKER_TIMEOUT)
        connection = self._celery.connection_for_write()
        # Each transport has errors of its own, such as for a rejected password.
        self._away = (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors)

    def announce(self, job_id: str) -> None:
        """See `JobQueue`."""
        try:
            # Retried once: after a restart of the broker, a pooled connection shows only now that it is dead.
            self._celery.send_task(
                TASK, args=(job_id,), retry=True, retry_policy=ONCE_MORE, confirm_timeout=BROKER_TIMEOUT
            )
        except self._away as error:
            logger.warning("broker away: %s", type(error).__name__, extra={"event": "broker_away"})
            raise JobsUnavailable(
                "The broker of the background jobs does not answer, so nothing was accepted.", retry_after=RETRY_AFTER
            ) from error

    def check(self) -> None:
        """See `JobQueue`. Over a connection of its own: one from the pool may be long dead."""
        with self._celery.connection_for_write(connect_timeout=BROKER_TIMEOUT) as connection:
            try:
                connection.ensure_connection(**ONCE_MORE, timeout=BROKER_TIMEOUT)
                connection.channel().close()  # the first call that reaches a Redis
            except (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
                raise JobsUnavailable(
                    "The broker of the background jobs does not answer.", retry_after=RETRY_AFTER
                ) from error

    def close(self, *, wait: bool) -> None:
        """See `JobQueue`. There is nothing to wait for: other processes do the work."""
        del wait
        self._celery.close()


def make_celery(broker_url: str) -> Celery:
    """A Celery app as both sides need it.

    A message is acknowledged when its job has ended, so that the broker gives it to another worker if this one is
    killed. No results are kept: the job's row has them.
    """
    from celery import Celery  # a service without a broker need not pay for its memory and start-up time

    celery = Celery("techscreen", broker=broker_url)
    celery.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=BROKER_TIMEOUT,
        broker_transport_options=PATIENT,
    )
    return celery
