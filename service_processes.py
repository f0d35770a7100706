"""Which processes of the service are alive, so that what a dead one left behind can be taken up.

Each process has a row with a heartbeat, and names itself in whatever it has begun: audit rows, reserved questions,
jobs. What names a process without a recent heartbeat was left behind by a kill, a crash or a lost machine. What names
this one, and nothing in it knows of, was begun by a commit whose answer got lost on the way.

When the database has been away, or the whole machine asleep, nobody's heartbeat is recent. So a process only judges
others after its own heart has been beating for as long as theirs may be silent, without a pause.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from errors import DatabaseUnavailable
from models import ServiceProcess, transaction, utc_now

logger = logging.getLogger(__name__)

# Heartbeats that may be missing before a process counts as dead.
MISSED_BEATS = 6
# Rows of processes that ended so many times as long ago are removed.
FORGOTTEN_AFTER = 100

_ids: dict[int, str] = {}


def this_process_id() -> str:
    """The id under which this process begins things; another one after a fork."""
    return _ids.setdefault(os.getpid(), uuid.uuid4().hex)


def left_behind(
    column: ColumnElement[str | None] | Any, dead_before: datetime, forgotten: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether nobody is at work on a row: its process is not alive, or is this one and does not know of it.

    Args:
        column: holds the id of the process.
        dead_before: a process whose last heartbeat is older is dead.
        forgotten: true for the rows that this process does not know of, if they are its own.
    """
    living = select(ServiceProcess.id).where(ServiceProcess.heartbeat_at >= dead_before)
    return or_(column.is_(None), column.not_in(living), and_(column == this_process_id(), forgotten))


class Heartbeat:
    """Keeps the row of this process fresh, and calls for recovery, each from a thread of its own: whatever recovery
    has to wait for (a lock, a broker), this process does not fall silent.

    Args:
        app_context: of the app whose database it is.
        interval: seconds between two beats.
        recover: takes up what dead processes left behind; gets the moment before which a last heartbeat means death.
            One moment for all it does, or a process could be alive when its questions are to be given back and dead
            when its jobs are.
        alone: if no other process can see the database, there is nothing to say and nothing to take up.
    """

    def __init__(
        self,
        app_context: Callable[[], AbstractContextManager[Any]],
        interval: float,
        recover: Callable[[datetime], None],
        *,
        alone: bool = False,
    ) -> None:
        self._app_context = app_context
        self._interval = interval
        self._recover = recover
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
            wait: until it has been tried to make this process known, which must come before it begins anything.
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
        """Stop beating, and say so: what this process leaves behind can be taken up at once."""
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
                return  # it will be found silent

    def _keep_beating(self) -> None:
        self._beat()
        self._known.set()
        while not self._stopped.wait(self._interval):
            self._beat()

    def _keep_recovering(self) -> None:
        while not self._stopped.wait(self._interval):
            self._recover_if_sound()

    def _beat(self) -> None:
        try:
            with self._app_context():
                self._say_alive()
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            self._beating_since = None
            logger.warning("no heartbeat: %s", type(error).__name__, extra={"event": "no_heartbeat"})
        except Exception:  # the heart of a process must not stop for one bad beat
            self._beating_since = None
            logger.exception("heartbeat failed", extra={"event": "heartbeat_failed"})
        else:
            now = utc_now()
            if self._beating_since is None or not self._is_recent(now):
                self._beating_since = now
            self._last_beat = now

    def _recover_if_sound(self) -> None:
        """Take up what others have left behind, if this process may judge them."""
        now, since = utc_now(), self._beating_since
        if since is None or now - since <= self.silence or not self._is_recent(now):
            return
        try:
            with self._app_context():
                self._recover(now - self.silence)
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            logger.warning("no recovery: %s", type(error).__name__, extra={"event": "no_recovery"})
        except Exception:  # what went wrong once may go well the next time
            logger.exception("recovery failed", extra={"event": "recovery_failed"})

    def _is_recent(self, now: datetime) -> bool:
        """Whether the last beat was only just made. By the clock on the wall, which also goes on while a machine
        is asleep; one that has been set tells nothing."""
        return self._last_beat is not None and timedelta() <= now - self._last_beat <= self.silence / 2

    def _say_alive(self) -> None:
        now = utc_now()
        with transaction() as session:
            known = update(ServiceProcess).where(ServiceProcess.id == this_process_id())
            updated: Any = session.execute(known.values(heartbeat_at=now))
            if not updated.rowcount:
                session.add(ServiceProcess(id=this_process_id(), heartbeat_at=now))
                forgotten = now - FORGOTTEN_AFTER * self.silence
                session.execute(delete(ServiceProcess).where(ServiceProcess.heartbeat_at < forgotten))
