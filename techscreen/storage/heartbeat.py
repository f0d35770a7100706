"""The heartbeat of this process: one thread keeps its row fresh, another makes deferred writes and starts recovery.

Both tasks come in as functions. When the database has been away, or the whole machine asleep, nobody's heartbeat is
recent, so a process judges others only once its own heart has been beating, without a pause, for as long as theirs may
be silent.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import ServiceProcess, utc_now
from techscreen.errors import DatabaseUnavailable
from techscreen.storage.liveness import count_out_dead_neighbours, row_of_this_process, this_process_id
from techscreen.storage.transactions import run_in_transaction, transaction

logger = logging.getLogger(__name__)

# Missed heartbeats after which a process counts as dead.
MISSED_BEATS = 6
# The row of a dead process is removed after this many times `Heartbeat.silence`.
FORGOTTEN_AFTER = 100


class Heartbeat:
    """Keeps the row of this process fresh, and starts recovery.

    Each has a thread of its own, so that this process does not fall silent while recovery waits for a lock or a broker.

    Args:
        app_context: of the app whose database it is.
        interval: seconds between two beats.
        recover: takes up what dead processes left behind. Its argument: a process whose last heartbeat is older is
            dead. One moment for all its steps, or a process could be alive for one of them and dead for the next.
        catch_up: makes the deferred writes, as soon as this process sees the database.
        alone: whether no other process can see the database; then there is no heartbeat and nothing to recover.
    """

    def __init__(
        self,
        app_context: Callable[[], AbstractContextManager[Any]],
        interval: float,
        recover: Callable[[datetime], None],
        *,
        catch_up: Callable[[], object] = lambda: None,
        alone: bool = False,
    ) -> None:
        self._app_context = app_context
        self._interval = interval
        self._recover = recover
        self._catch_up = catch_up
        self._alone = alone
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._beating_since: datetime | None = None
        self._last_beat: datetime | None = None
        self._known: threading.Event
        self._stopped: threading.Event
        self._threads: list[threading.Thread]

    @property
    def silence(self) -> timedelta:
        """How long a living process may be silent."""
        return timedelta(seconds=MISSED_BEATS * self._interval)

    def ensure(self, *, wait: bool) -> None:
        """Make sure that this process has a heartbeat.

        Args:
            wait: until the first heartbeat has been tried, which must come before any work begins.
        """
        if self._alone:
            return
        if self._owner != os.getpid():
            with self._lock:
                if self._owner != os.getpid():
                    self._beating_since = None
                    self._known = threading.Event()
                    self._stopped = threading.Event()
                    self._threads = [
                        threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
                        for work in (self._keep_beating, self._keep_recovering)
                    ]
                    for thread in self._threads:
                        thread.start()
                    self._owner = os.getpid()
        if wait:
            self._known.wait()

    def stop(self) -> None:
        """Stop beating and remove the row, so that what this process leaves behind can be taken up at once."""
        with self._lock:
            if self._owner != os.getpid():
                return
            self._owner = None
            self._stopped.set()
            for thread in self._threads:
                thread.join()
            try:
                with self._app_context(), transaction() as session:
                    session.execute(delete(ServiceProcess).where(ServiceProcess.id == this_process_id()))
            except (DatabaseUnavailable, SQLAlchemyError):
                return  # others will find it silent

    def _keep_beating(self) -> None:
        self._beat()
        self._known.set()
        while not self._stopped.wait(self._interval):
            self._beat()

    def _keep_recovering(self) -> None:
        self._known.wait()
        self._catch_up_if_alive()
        while not self._stopped.wait(self._interval):
            self._catch_up_if_alive()
            self._recover_if_sound()

    def _beat(self) -> None:
        try:
            with self._app_context():
                self._write_heartbeat()
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            self._beating_since = None
            logger.warning("no heartbeat: %s", type(error).__name__, extra={"event": "no_heartbeat"})
        except Exception:  # one bad beat must not stop the heart
            self._beating_since = None
            logger.exception("heartbeat failed", extra={"event": "heartbeat_failed"})
        else:
            now = utc_now()
            if self._beating_since is None or not self._is_recent(now):
                self._beating_since = now
            self._last_beat = now

    def _catch_up_if_alive(self) -> None:
        if self._beating_since is not None:
            self._try("catching up", self._catch_up)

    def _recover_if_sound(self) -> None:
        """Recover what others have left behind, if this process may judge them."""
        now, since = utc_now(), self._beating_since
        if since is None or now - since <= self.silence or not self._is_recent(now):
            return

        def recover() -> None:
            dead_before = now - self.silence
            run_in_transaction(lambda session: count_out_dead_neighbours(session, dead_before))
            self._recover(dead_before)

        self._try("recovery", recover)

    def _try(self, what: str, work: Callable[[], object]) -> None:
        try:
            with self._app_context():
                work()
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            logger.warning("%s not possible: %s", what, type(error).__name__, extra={"event": "no_recovery"})
        except Exception:  # it may succeed the next time
            logger.exception("%s failed", what, extra={"event": "recovery_failed"})

    def _is_recent(self, now: datetime) -> bool:
        """Whether the last heartbeat was made only just now.

        Uses the wall clock, which goes on while a machine is asleep. If it was changed meanwhile, the answer is no.
        """
        return self._last_beat is not None and timedelta() <= now - self._last_beat <= self.silence / 2

    def _write_heartbeat(self) -> None:
        now = utc_now()

        def write(session: Session) -> None:
            known = update(ServiceProcess).where(ServiceProcess.id == this_process_id())
            updated: Any = session.execute(known.values(heartbeat_at=now))
            if not updated.rowcount:
                session.add(row_of_this_process(now))
                forgotten = now - FORGOTTEN_AFTER * self.silence
                session.execute(delete(ServiceProcess).where(ServiceProcess.heartbeat_at < forgotten))

        run_in_transaction(write)
