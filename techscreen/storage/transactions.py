"""Short transactions, repeated if they lose a race or their connection breaks.

Work to be done with a session comes in; what it returns goes out. Nothing here knows what is stored.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import SystemRandom
from typing import TypeVar

from flask import g
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.exc import StaleDataError

from models import db
from techscreen.errors import RETRY_AFTER, DatabaseUnavailable, Superseded

T = TypeVar("T")

# Seconds in all that one request waits for a database that is away, to store what was paid for. After that the write is
# deferred (see `deferred_writes.py`).
PATIENCE = 20.0
# Seconds for which the same request does not try again after it has found the database away.
AWAY_FOR = 5.0
# How often a transaction may lose a race, and for how many seconds it may go on trying.
TRIES = 20
RACES_FOR = 30.0
# How often a transaction whose connection was lost is repeated, and for how many seconds: every connection of a pool
# may be dead, but each try takes long if the server hangs.
RECONNECTIONS = 5
RECONNECTING_FOR = 5.0
# Lock wait time-out, deadlock, a row or table that has changed since the transaction began, and a conflict that shows
# at the commit in a cluster (Group Replication, TiDB).
MYSQL_RACES = (1205, 1213, 1020, 1412, 3101, 9007)
SQLITE_RACES = ("SQLITE_BUSY_SNAPSHOT",)
MYSQL_NO_SUCH_TABLE = 1146
MYSQL_NO_SUCH_COLUMN = 1054
SQLITE_NOT_MIGRATED = re.compile(r"no such (table|column)\b|table \S+ has no column\b")
# Execution options to read a row as it is now, not as the session remembers it: the transaction may have lost a race.
FRESH = {"populate_existing": True}


@contextmanager
def transaction() -> Iterator[Session]:
    """One short transaction: committed at the end, rolled back on an error, connection given back either way.

    For reading. Writes go through `run_in_transaction`, which repeats them if another transaction came first.

    Raises:
        DatabaseUnavailable: if the database does not answer, or no connection comes free.
    """
    has_ended = False
    try:
        yield db.session()
        db.session.flush()
        has_ended = True
        db.session.commit()
    except BaseException as error:
        has_written = db.session.info.pop(_HAS_WRITTEN, False)
        db.session.info.pop(_AFTER_COMMIT, None)
        _roll_back()
        if not is_away(error):
            raise
        if has_ended and not has_written:
            return  # a reader has what it came for
        # A commit whose answer got lost may have taken place.
        was_lost = getattr(error, "connection_invalidated", False) and not has_ended
        kind = _ConnectionLost if was_lost else DatabaseUnavailable
        raise kind(_why_away(error), retry_after=RETRY_AFTER) from error
    else:
        db.session.info.pop(_HAS_WRITTEN, None)
        for call in db.session.info.pop(_AFTER_COMMIT, ()):
            call()


def after_commit(session: Session, call: Callable[[], object]) -> None:
    """Have something called once the present transaction is committed and its connection given back.

    It is not called if the transaction is rolled back, or if the answer to its commit gets lost.

    Args:
        call: must not raise.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(call)


_HAS_WRITTEN = "techscreen_has_written"
_AFTER_COMMIT = "techscreen_after_commit"


@event.listens_for(db.session, "do_orm_execute")
def _note_writing(executed: ORMExecuteState) -> None:
    if not executed.is_select:
        executed.session.info[_HAS_WRITTEN] = True


@event.listens_for(db.session, "after_flush")
def _note_flushing(session: Session, _context: object) -> None:
    session.info[_HAS_WRITTEN] = True


def _roll_back() -> None:
    try:
        db.session.rollback()
    except Exception:  # the connection is dead, so the server has rolled back by itself
        db.session().invalidate()


class _ConnectionLost(DatabaseUnavailable):
    """The connection broke before the commit, so nothing has been written."""


def run_in_transaction(work: Callable[[Session], T], *, tries: int = TRIES, patient: bool = False) -> T:
    """Do work in a transaction, and again from the start if it loses a race or its connection.

    Args:
        work: what to do; may be called several times.
        tries: how often it may lose a race.
        patient: whether to wait for a database that is away, because something paid for has to be stored.

    Raises:
        DatabaseUnavailable: if the database does not answer, or every race was lost.
        Superseded: if a row that `work` knows of is gone, also when it looks again: it was erased meanwhile.
    """
    began, races, losses, gone, pause = time.monotonic(), 0, 0, 0, 0.25
    waiting = _waiting_of_this_context()
    while True:
        tried = time.monotonic()
        waiting.refuse_if_over(patient=patient)
        try:
            with transaction() as session:
                return work(session)
        except NoResultFound as error:  # of `get_one`
            gone += 1
            if gone > 1:
                raise Superseded("What this is about was erased meanwhile.") from error
        except (IntegrityError, StaleDataError, DatabaseUnavailable) as error:
            if lost_a_race(error):
                races += 1
                if races >= tries or tried - began > RACES_FOR:
                    raise DatabaseUnavailable("Other transactions kept coming first.", retry_after=1) from error
                # A random pause, or many that want the same row would collide again, and some could lose every time.
                time.sleep(SystemRandom().uniform(0, min(0.005 * 2**races, 0.2)))
            elif isinstance(error, _ConnectionLost) and losses < RECONNECTIONS and tried - began < RECONNECTING_FOR:
                losses += 1
            elif patient and waiting.goes_on(tried, pause):
                pause = min(2 * pause, 2.0)
            else:
                waiting.note_away(error)
                raise


class _Waiting:
    """How much longer one app context (a request or a job) may wait for a database that is away.

    It waits once in all, however much it has to store, because its caller or a stopping server waits with it.
    """

    def __init__(self) -> None:
        self._left = PATIENCE
        self._found_away = -math.inf

    def goes_on(self, since: float, pause: float) -> bool:
        """Wait a moment, unless the time is used up.

        Args:
            since: when the failed try began; it counts as waiting.
            pause: seconds to wait.
        """
        pause = min(pause, self._left - (time.monotonic() - since))
        if pause > 0:
            time.sleep(pause)
        self._left -= time.monotonic() - since
        return self._left > 0

    def note_away(self, error: Exception) -> None:
        """Note that the database was found away and will not be tried again."""
        cause = error.__cause__
        had_connection = getattr(cause, "statement", None) or getattr(cause, "connection_invalidated", False)
        if cause is not None and not had_connection:
            self._found_away = time.monotonic()

    def refuse_if_over(self, *, patient: bool) -> None:
        """Fail at once while the database is known to be away: a try takes seconds, and a request ends with a dozen."""
        if time.monotonic() - self._found_away < AWAY_FOR and not (patient and self._left > 0):
            raise DatabaseUnavailable("The database does not answer.", retry_after=RETRY_AFTER)


def _waiting_of_this_context() -> _Waiting:
    waiting: _Waiting = g.setdefault("techscreen_waiting", _Waiting())
    return waiting


def lost_a_race(error: BaseException) -> bool:
    """Whether a transaction failed only because another came first, so that trying again may help."""
    if isinstance(error, (IntegrityError, StaleDataError)):
        return True
    cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    original = getattr(cause, "orig", None)
    number = getattr(original, "args", None) or (None,)
    return number[0] in MYSQL_RACES or getattr(original, "sqlite_errorname", None) in SQLITE_RACES


def _why_away(error: BaseException) -> str:
    original = getattr(error, "orig", None)
    number, *_ = getattr(original, "args", None) or (None,)
    if number in (MYSQL_NO_SUCH_TABLE, MYSQL_NO_SUCH_COLUMN) or SQLITE_NOT_MIGRATED.match(str(number)):
        return (
            "The tables are missing or those of another version: run `alembic upgrade head`,"
            " or `flask techscreen db upgrade` in a host app."
        )
    return "The database does not answer."


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database does not answer, or has not been migrated."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    # A missing table is an OperationalError on SQLite and a ProgrammingError on MySQL. Either way: migrate first.
    if isinstance(error, DBAPIError) and getattr(error.orig, "args", (None,))[:1] == (MYSQL_NO_SUCH_TABLE,):
        return True
    return isinstance(error, (OperationalError, InterfaceError, PoolTimeout))
