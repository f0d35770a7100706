"""Readiness: whether this process can do its work right now, part by part: database, migrations, Claude, jobs.

Each part is asked with short time-outs and over a connection of its own, so that a database that hangs delays the
answer by a few seconds and takes nothing from the requests' pool.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from config import IN_PACKAGE, Settings, is_in_memory
from models import ServiceProcess, db, utc_now
from techscreen.errors import JobsUnavailable
from techscreen.jobs.queue import JobQueue
from techscreen.schemas.operations import PartStatus, ReadinessAnswer, ReadinessPart
from techscreen.storage import schema_version
from techscreen.storage.transactions import lost_a_race

logger = logging.getLogger(__name__)

# Seconds for each step with the database: to connect, to read, to write.
DATABASE_PATIENCE = 2
PATIENT_DRIVERS: Mapping[str, dict[str, Any]] = {
    "pymysql": {name: DATABASE_PATIENCE for name in ("connect_timeout", "read_timeout", "write_timeout")},
    "pysqlite": {"timeout": DATABASE_PATIENCE},
}
# Seconds for which an answer is reused, so that many askers do not load the database.
FRESH_FOR = 1.0


@dataclass(frozen=True)
class Finding:
    """The state of one part of the service.

    Attributes:
        sentence: may be shown to anybody.
        detail: the driver's own message, which may name machines and users but no password; for operators only.
    """

    part: str
    status: PartStatus
    sentence: str
    detail: str = field(default="")


class Readiness:
    """Answers whether the service is ready, for a load balancer.

    Args:
        settings: of the service.
        queue: where jobs are announced.
        connect_args: what the app gives its database driver.
        in_host: whether the app is a host's, which may make the tables in its own way.
    """

    def __init__(
        self, settings: Settings, queue: JobQueue, connect_args: Mapping[str, Any], *, in_host: bool = False
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._connect_args = connect_args
        self._in_host = in_host
        self._lock = threading.Lock()
        self._last: tuple[float, ReadinessAnswer] | None = None

    def check(self) -> ReadinessAnswer:
        """Check every part, unless that was done a moment ago. Needs an app context."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > FRESH_FOR:
                answer = _answer(self.look())
                self._last = time.monotonic(), answer
            return self._last[1]

    def look(self) -> list[Finding]:
        """The state of every part right now. Needs an app context."""
        with ThreadPoolExecutor(1) as other:  # if both hang, the waits do not add up
            jobs = other.submit(_check_jobs, self._settings, self._queue)
            database = _check_database(db.engine, self._connect_args, in_host=self._in_host)
            return [*database, _check_key(self._settings), jobs.result()]


def _answer(findings: list[Finding]) -> ReadinessAnswer:
    problems = [finding for finding in findings if finding.status == "problem"]
    for problem in problems:
        logger.warning(
            "not ready: %s",
            problem.sentence,
            extra={"event": "not_ready", "part": problem.part, "detail": problem.detail},
        )
    return ReadinessAnswer(
        status="not_ready" if problems else "ready",
        timestamp=utc_now(),
        parts={finding.part: ReadinessPart(status=finding.status, message=finding.sentence) for finding in findings},
    )


def _check_database(engine: Engine, connect_args: Mapping[str, Any], *, in_host: bool) -> tuple[Finding, Finding]:
    """Whether the database answers, and whether its tables are those of this version."""
    connect, close = _impatient(engine, connect_args)
    try:
        with connect() as connection:
            connection.execute(text("SELECT 1"))
            migrations = _check_migrations(connection, in_host=in_host)
            narrow = _narrow_character_set(connection)
            if narrow is not None:
                return narrow, migrations
            if migrations.status == "problem" or _is_shared_in_memory(engine):
                return Finding("database", "ok", "The database answers."), migrations
            return _check_writing(connection), migrations
    except Exception as error:  # whatever the driver raises: nothing can be stored
        words = getattr(getattr(error, "orig", None), "args", ())
        detail = str(words[-1]) if words else type(error).__name__
        return (
            Finding("database", "problem", "The database does not answer.", detail),
            Finding("migrations", "not_checked", "Not checked: the database does not answer."),
        )
    finally:
        close()


def _narrow_character_set(connection: Connection) -> Finding | None:
    """A warning if the address says that texts are sent in a character set that lacks characters, such as emoji."""
    if connection.dialect.name not in ("mysql", "mariadb"):
        return None
    name = str(connection.scalar(text("SELECT @@character_set_client")))
    if name == "utf8mb4":
        return None
    return Finding(
        "database",
        "warning",
        f"Texts are sent as {name}, which lacks characters such as emoji, and a text with one cannot be stored:"
        " give the database's address charset=utf8mb4.",
    )


def _check_writing(connection: Connection) -> Finding:
    """Whether something could be stored: after a failover a server may answer and be read-only."""
    connection.rollback()
    try:
        connection.execute(insert(ServiceProcess).values(id=uuid.uuid4().hex))
    except DBAPIError as error:
        if not lost_a_race(error) and "locked" not in str(error.orig):  # else another writer holds it: writing works
            words = str(error.orig.args[-1]) if error.orig and error.orig.args else ""
            return Finding("database", "problem", "The database is read-only: nothing can be stored.", words)
    finally:
        connection.rollback()
    return Finding("database", "ok", "The database answers.")


def _check_key(settings: Settings) -> Finding:
    """Whether there is a key for Claude. Only the doctor or a paid call can say whether it is accepted."""
    if not settings.asks_claude:
        return Finding("claude", "ok", "Claude is not asked: interviews are made of library questions alone.")
    if settings.claude_api_key is None:
        return Finding("claude", "problem", "No Claude API key is set, so nothing can be generated.")
    return Finding("claude", "ok", "A Claude API key is set.")


def _check_jobs(settings: Settings, queue: JobQueue) -> Finding:
    """Whether background jobs are accepted."""
    if not settings.async_processing:
        return Finding("jobs", "not_checked", "Not checked: ASYNC_PROCESSING is off.")
    try:
        queue.check()
    except JobsUnavailable as error:
        return Finding("jobs", "problem", error.message, str(error.__cause__ or ""))
    return Finding("jobs", "ok", "Background jobs are accepted.")


def _impatient(
    engine: Engine, connect_args: Mapping[str, Any]
) -> tuple[Callable[[], AbstractContextManager[Connection]], Callable[[], None]]:
    """Functions that open a connection beside the pool with short time-outs, and that clean up after it."""
    if _is_shared_in_memory(engine):
        return engine.connect, lambda: None  # another connection would see another database
    own = create_engine(
        engine.url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={**connect_args, **PATIENT_DRIVERS.get(engine.driver, {})},
    )
    return own.connect, own.dispose


def _is_shared_in_memory(engine: Engine) -> bool:
    """Whether all share one connection, on which a rollback could undo another's work."""
    return is_in_memory(engine.url.render_as_string(hide_password=False))


def _check_migrations(connection: Connection, *, in_host: bool) -> Finding:
    if not (schema_version.MIGRATIONS / "versions").is_dir():
        return Finding("migrations", "not_checked", "Not checked: there are no migrations beside the modules.")
    known, heads = schema_version.known_revisions(schema_version.MIGRATIONS)
    table = schema_version.version_table(connection, in_host=in_host)
    present = schema_version.present_revisions(connection, table)
    if heads <= present:
        return Finding("migrations", "ok", "The tables are those of this version.")
    if present - known:
        # In a rolling upgrade the database is migrated first, and the nodes of the old version go on serving.
        return Finding("migrations", "warning", "The tables are those of a newer version of the service.")
    if in_host and not present and schema_version.tables_are_complete(connection):
        return Finding("migrations", "ok", "The tables are those of this version, made by the app itself.")
    state = "are those of an older version" if present else "are missing"
    command = "flask techscreen db upgrade" if in_host or IN_PACKAGE else "alembic upgrade head"
    return Finding("migrations", "problem", f"The tables {state}: run `{command}`.")
