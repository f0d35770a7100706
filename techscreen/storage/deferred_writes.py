"""Deferred writes: what could not be stored while the database was away is kept in files and stored once it is back.

Only one process knows a result that was paid for, and its cost. If these cannot be stored, the name of the write and
its values, as plain data, go into a file in SPOOL_DIR. The first process of this host to see the database again makes
the writes in their order, even one that is started later.

A process killed just after its commit leaves a write to be made twice, so each must change nothing the second time. A
database in memory is never away.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from config import is_in_memory
from techscreen.errors import DatabaseUnavailable
from techscreen.storage import spool
from techscreen.storage.connections import FAILED_OVER, error_number
from techscreen.storage.engines import LENT, Lent
from techscreen.storage.prefix import table_prefix
from techscreen.storage.transactions import MYSQL_NO_SUCH_TABLE, lost_a_race, run_in_transaction

logger = logging.getLogger(__name__)

T = TypeVar("T")
Values = dict[str, Any]
Write = Callable[[Session, Values], object]

EXTENSION = "techscreen_deferred_writes"

_writes: dict[str, Write] = {}


def deferrable(write: Write) -> Write:
    """Register a function as a write that can be deferred. Its name is stored with the values.

    It gets a session and values that JSON can hold, which may include moments. It may be called again after it has
    succeeded, even by a later version of the service, and must then change nothing.
    """
    _writes[write.__name__] = write
    return write


def store_or_defer(store: Callable[[Session], T], write: Write, values: Callable[[], Values]) -> T:
    """Store what was paid for. Wait a while for a database that is away, then defer the write.

    Args:
        store: stores it in a transaction; may be called several times.
        write: stores the same later, from values.
        values: makes these values, if needed.

    Raises:
        DatabaseUnavailable: if it could not be stored now.
    """
    try:
        return run_in_transaction(store, patient=True)
    except DatabaseUnavailable:
        defer(write, **values())
        raise


def write_or_defer(write: Write, **values: Any) -> None:
    """Make a write now, or as soon as the database is back. Raises nothing, because the work has ended."""
    try:
        run_in_transaction(lambda session: write(session, values))
    except (DatabaseUnavailable, SQLAlchemyError) as error:
        logger.warning("%s: %s is written later", type(error).__name__, write.__name__, extra={"event": "write_kept"})
        defer(write, **values)


def defer(write: Write, **values: Any) -> None:
    """Keep a write to the current app's database until that answers again."""
    _deferred().add(write.__name__, values)


def make_deferred_writes() -> int:
    """Try to make the writes to the current app's database that wait on this host.

    Returns:
        How many were made.
    """
    made = _deferred().make_all()
    if made:
        logger.warning("%d outstanding writes made", made, extra={"event": "outstanding_written"})
    return made


def keep_deferred_writes(app: Flask, folder: Path | None, database_url: str) -> None:
    """Set where the deferred writes of an app are kept.

    Args:
        folder: shared by all processes of the host; by default one in the system's folder for temporary files.
        database_url: writes to another database in the same folder are left alone.
    """
    # A symbolic link set up by the operator is followed; one in place of the default folder may be anybody's.
    place = folder.resolve() if folder else Path(tempfile.gettempdir()) / f"techscreen-spool-{os.getuid()}"
    prefix = hashlib.sha256(_address(app, database_url).encode()).hexdigest()[:12]
    deferred = app.extensions[EXTENSION] = _DeferredWrites(spool.Spool(place, prefix))
    if not is_in_memory(database_url):
        deferred.spool.warn_if_unusable()


def _address(app: Flask, database_url: str) -> str:
    """What identifies our tables: their database, without its password, which may change, and their prefix."""
    # As the host app has written it, because a relative file is found from that app's own folder.
    lent: Lent | None = app.extensions.get(LENT)
    given = lent.url(app) if lent is not None else app.config.get("SQLALCHEMY_DATABASE_URI")
    url = make_url(given or database_url)
    database, socket = url.database or "", url.query.get("unix_socket")
    if url.get_backend_name() == "sqlite" and not is_in_memory(database_url):
        # Two apps may have files of the same name.
        database = str(Path(app.instance_path, database.removeprefix("file:")).resolve())
    tables = f"#{table_prefix()}" if table_prefix() else ""
    return f"{url.get_backend_name()}://{url.host}:{url.port}/{database}" + (f"?{socket}" if socket else "") + tables


def _deferred() -> _DeferredWrites:
    deferred = current_app.extensions[EXTENSION]
    assert isinstance(deferred, _DeferredWrites)
    return deferred


class _DeferredWrites:
    """The deferred writes to one database that wait on this host."""

    def __init__(self, its_spool: spool.Spool) -> None:
        self.spool = its_spool
        # For when no file can be written: then only this process can make them.
        self._in_memory: deque[str] = deque(maxlen=spool.MAX_FILES)

    def add(self, name: str, values: Values) -> None:
        text = json.dumps({"kind": name, "values": values}, default=_as_json)
        try:
            self.spool.add(text)
        except OSError as error:
            self._in_memory.append(text)
            logger.error(
                "outstanding writes are kept in memory, and lost if this process ends: %s",
                error.strerror or error,
                extra={"event": "spool_unusable"},
            )

    def make_all(self) -> int:
        made = 0
        with contextlib.suppress(DatabaseUnavailable):  # then no other can be made either
            for file in self.spool.files():
                try:
                    made += self._make_file(file)
                except OSError as error:  # one bad file must not hold up those behind it
                    self.spool.log_once(file.name, error)
            for _ in range(len(self._in_memory)):
                made += self._make_from_memory()
        return made

    def _make_file(self, file: Path) -> bool:
        with spool.locked(file) as text:
            outcome = None if text is None else self._make(text, file.name)
            if outcome == "made":
                file.unlink(missing_ok=True)
            elif outcome == "impossible":
                spool.reject(file)
        return outcome == "made"

    def _make_from_memory(self) -> bool:
        # Taken out first, so that no other thread makes the same one.
        try:
            text = self._in_memory.popleft()
        except IndexError:
            return False
        try:
            outcome = self._make(text, "one in memory")
        except BaseException:
            self._in_memory.appendleft(text)
            raise
        if outcome == "later":
            self._in_memory.append(text)
        return outcome == "made"

    def _make(self, text: str | bytes, name: str) -> Literal["made", "impossible", "later"]:
        """Make one write.

        Raises:
            DatabaseUnavailable: if no other can be made now either.
        """
        try:
            content = json.loads(text, object_hook=_from_json)
            write, values = _writes[content["kind"]], content["values"]
            run_in_transaction(lambda session: write(session, values))
        except Exception as error:
            if isinstance(error, DatabaseUnavailable) and not isinstance(error.__cause__, IntegrityError):
                if not _is_about_this_write(error):
                    raise
                # It may be made later, after max_allowed_packet was raised, for example.
                self.spool.log_once(name, error.__cause__)
                return "later"
            logger.exception("an outstanding write is impossible", extra={"event": "outstanding_impossible"})
            return "impossible"
        return "made"


def _is_about_this_write(error: DatabaseUnavailable) -> bool:
    """Whether the server has refused this one write but accepts others.

    It may also just hang up, for example on a write that is too large.
    """
    number = error_number(getattr(error.__cause__, "orig", None))
    if not isinstance(number, int) or number in (*FAILED_OVER, MYSQL_NO_SUCH_TABLE) or lost_a_race(error):
        return False
    try:
        run_in_transaction(lambda session: session.scalar(select(1)))
    except DatabaseUnavailable:
        return False
    return True


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    raise TypeError(type(value).__name__)


def _from_json(values: dict[str, Any]) -> Any:
    if values.keys() == {"moment"}:
        return datetime.fromisoformat(values["moment"])
    return values
