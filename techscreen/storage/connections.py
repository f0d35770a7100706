"""The connections to the database: how they are opened, and what happens if one is dead or its server read-only.

A pool may hold connections that died unnoticed: killed, dropped by a firewall, lost with their server. If the first
statement of a transaction meets one, it is reopened and the statement executed again, since nothing is lost yet. After
a failover a live connection may lead to a server that is now read-only: the whole pool is dropped, so that the next
transaction connects to the new primary.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext, make_url

# Seconds that a request may wait for a connection. Hundreds may queue if Claude answers them at the same moment.
POOL_TIMEOUT = 90
# A value that is too long or of the wrong type is an error, whatever the server's own mode is, and is never cut to fit.
SQL_MODE = "TRADITIONAL"
# Error numbers of a server that is shutting down, has killed the connection or statement, is read-only (in four ways),
# or has left its cluster: a new connection may lead to a working one.
FAILED_OVER = (1053, 1077, 1079, 1317, 1927, 1290, 1792, 1836, 3032, 1047)
_UNTOUCHED = "techscreen_transaction_untouched"


def engine_options(database_url: str) -> dict[str, Any]:
    """Engine options: a small pool is enough, because connections are only held for short transactions."""
    url = make_url(database_url)
    options: dict[str, Any] = {"hide_parameters": True}  # values of a failed statement stay out of the log
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            options.update(pool_size=5, max_overflow=0, pool_timeout=POOL_TIMEOUT)
        return options
    options.update(pool_size=5, max_overflow=0, pool_timeout=POOL_TIMEOUT, pool_recycle=280)
    if url.get_driver_name() == "pymysql":
        options["connect_args"] = {
            "connect_timeout": 5,
            "read_timeout": 30,
            "write_timeout": 30,
            "sql_mode": SQL_MODE,
        }
    else:
        options["pool_pre_ping"] = True
    return options


def watch_connections(engine: Engine) -> None:
    """Have an engine handle its connections as described above."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        return
    event.listen(engine, "handle_error", _drop_if_failed_over)
    if engine.driver == "pymysql":
        event.listen(engine, "begin", _note_beginning)
        event.listen(engine, "do_execute", _reopening_if_dead("do_execute"))
        event.listen(engine, "do_executemany", _reopening_if_dead("do_executemany"))


def error_number(error: BaseException | None) -> Any:
    """The database's own number for an error of its driver, if it has one."""
    return error.args[0] if error is not None and error.args else None


def _drop_if_failed_over(context: ExceptionContext) -> None:
    error = context.original_exception
    # The driver raises InternalError if the packets that came do not belong to the statement.
    if error_number(error) in FAILED_OVER or type(error).__name__ == "InternalError":
        context.is_disconnect = True


def _note_beginning(connection: Connection) -> None:
    setattr(connection.connection.dbapi_connection, _UNTOUCHED, True)


def _reopening_if_dead(method: str) -> Callable[..., bool]:
    """A handler that executes statements; if a transaction's first one meets a dead connection, on a new connection."""

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        connection = context.root_connection
        make = getattr(connection.dialect, method)
        is_first = vars(cursor.connection).pop(_UNTOUCHED, False)
        try:
            make(cursor, statement, parameters, context)
        except Exception as error:
            if not is_first or not _is_dead(connection, cursor, error) or not _reopened(cursor.connection):
                raise
            make(cursor, statement, parameters, context)
        return True

    return execute


def _reopened(connection: Any) -> bool:
    with contextlib.suppress(Exception):
        connection.close()
    try:
        connection.connect()
    except Exception:  # the server is away, as the first error says already
        return False
    return True


def _is_dead(connection: Any, cursor: Any, error: Exception) -> bool:
    if error_number(error) in FAILED_OVER:
        return True
    return bool(connection.dialect.is_disconnect(error, cursor.connection, cursor))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let several workers share the file, and enforce foreign keys, which SQLite only does when told to.

    Its own `lower` knows no letters but those of ASCII.
    """
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=10000", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
