"""Gives back the connection that a host app's session holds in a request, so that none is held while Claude works.

Whoever has logged in was read with the host's session (Flask-Login does it), and that keeps its connection until the
request ends: a request would need two at once, and a few slow ones would empty the pool. A transaction that has only
read can end early, for nothing is lost by it: what the session has loaded stays with it, and is read again when it is
looked at again. One that has written, locked, or has something to write is the host's, and stays as it is.
"""

from __future__ import annotations

import re
from typing import Any

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from techscreen.storage.engines import LENT, Lent

_CONNECTIONS = "techscreen_connections"
_HAS_WRITTEN = "techscreen_host_has_written"
# Only what surely leaves nothing behind. Whatever else there is may be a write.
_READS = re.compile(r"\s*SELECT\b", re.IGNORECASE)
_LOCKS = re.compile(r"\bFOR\s+(?:UPDATE|SHARE)\b|\bLOCK\b|_LOCK\b|\bINTO\b", re.IGNORECASE)


def watch_sessions(host: SQLAlchemy) -> None:
    """Note from now on what the sessions of a host's `SQLAlchemy` do. Once for each."""
    if not event.contains(host.session, "after_begin", _note_connection):
        event.listen(host.session, "after_begin", _note_connection)
        event.listen(host.session, "after_transaction_end", _forget_connections)


def give_back_connection() -> None:
    """End the transaction of the host's session in this app context, if it has only read."""
    lent: Lent | None = current_app.extensions.get(LENT)
    if lent is None or not lent.db.session.registry.has():
        return
    session = lent.db.session()
    connections: list[Connection] = session.info.get(_CONNECTIONS, [])
    if connections and not _has_work(session) and all(map(_has_only_read, connections)):
        session.rollback()


def _has_work(session: Session) -> bool:
    return bool(session.in_nested_transaction() or session.new or session.dirty or session.deleted)


def _has_only_read(connection: Connection) -> bool:
    # What is in memory has one connection for everybody, and a rollback would be everybody's.
    is_shared = isinstance(connection.engine.pool, (StaticPool, SingletonThreadPool))
    return not is_shared and not connection.info.get(_HAS_WRITTEN)


def _note_connection(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    known = session.info.setdefault(_CONNECTIONS, [])
    if connection in known:
        return  # a savepoint
    known.append(connection)
    connection.info.pop(_HAS_WRITTEN, None)
    if not event.contains(connection.engine, "before_cursor_execute", _note_writing):
        event.listen(connection.engine, "before_cursor_execute", _note_writing)


def _forget_connections(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_CONNECTIONS, None)


def _note_writing(
    connection: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
) -> None:
    if not _READS.match(statement) or _LOCKS.search(statement):
        connection.info[_HAS_WRITTEN] = True
