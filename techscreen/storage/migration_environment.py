"""What Alembic runs migrations in: the database, our tables, their names, and where the migrations are.

A command of Alembic comes in, by `alembic_config` or from its own command line; changed tables go out. Alembic loads
`migrations/env.py` by its path, where no import can tell under what name the service was loaded; so it is all here.

Migrations are written without TABLE_PREFIX. It is put into the statements that they make, on their way to the database.
(A migration that drops a constraint of a table in batch mode must name it with `prefixed`: Alembic looks for that name
among those that it has read from SQLite.)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import fileConfig
from typing import Any, TextIO, cast

from alembic import context
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import MetaData, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from config import load_database_settings
from models import NAMING
from techscreen.storage.prefix import prefixed, table_prefix
from techscreen.storage.schema_version import ALEMBIC_TABLE, MIGRATIONS, version_table
from techscreen.storage.table_names import VERSION_TABLE, name_tables, prefixed_sql, put_into, table_names

# Attributes of a configuration. `migrations/env.py` finds `run_migrations` under the first.
ENVIRONMENT = "environment"
CONNECTION = "connection"
IN_HOST = "in_host"


def alembic_config(connection: Connection | None = None, *, in_host: bool = False) -> Config:
    """The configuration for Alembic's commands. The command line has the same from `alembic.ini`.

    Args:
        connection: to run on, instead of one to DATABASE_URL. The caller commits.
        in_host: whether the database may be another application's too.
    """
    config = Config(attributes={ENVIRONMENT: run_migrations, CONNECTION: connection, IN_HOST: in_host})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def run_migrations() -> None:
    """Run migrations against DATABASE_URL, or on a connection that was handed over. No Flask app is needed."""
    given = context.config.attributes.get(CONNECTION)
    if given is not None:
        _migrate_on(given)
        return
    settings = load_database_settings()
    name_tables(settings.table_prefix)
    if context.is_offline_mode():
        context.configure(
            url=settings.database_url,
            target_metadata=_tables(),
            literal_binds=True,
            version_table=prefixed(VERSION_TABLE) if table_prefix() else ALEMBIC_TABLE,
            output_buffer=cast(TextIO, _Prefixing(context.config.output_buffer or sys.stdout)),
        )
        with context.begin_transaction():
            context.run_migrations()
        return
    # Only the command line has no logging yet.
    if context.config.cmd_opts is not None and context.config.config_file_name:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    # Straight from the settings: through alembic.ini, a % in a password would break.
    with _connected(settings.database_url) as connection:
        _migrate_on(connection)
        connection.commit()


def _connected(url: str) -> Connection:
    """A connection of its own.

    Raises:
        CommandError: if the database does not answer; Alembic prints it as one line.
    """
    try:
        return create_engine(url, poolclass=NullPool, hide_parameters=True).connect()
    except DBAPIError as error:
        reason = f" ({error.orig.args[-1]})" if error.orig and error.orig.args else ""
        raise CommandError(f"The database at DATABASE_URL does not answer.{reason}") from error


def _tables() -> MetaData:
    """Our tables under the names that they have in the database, as Alembic expects them in a metadata's keys too."""
    metadata = MetaData(naming_convention=NAMING)
    put_into(metadata)
    return metadata


def _migrate_on(connection: Connection) -> None:
    """Run on an open connection."""
    context.configure(
        connection=connection,
        target_metadata=_tables(),
        version_table=version_table(connection, in_host=context.config.attributes.get(IN_HOST, False)),
        # SQLite cannot alter a table in place, so there Alembic copies it.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_name=_is_ours,
    )
    with context.begin_transaction(), _prefixing(connection):
        context.run_migrations()


def _is_ours(name: str | None, type_: str, _parents: object) -> bool:
    # A host app's tables may live in the same database; `alembic check` must not want to drop them.
    return type_ != "table" or name in table_names()


@contextmanager
def _prefixing(connection: Connection) -> Iterator[None]:
    """Have TABLE_PREFIX put into all that is executed on a connection meanwhile."""
    if not table_prefix():
        yield
        return
    event.listen(connection, "before_cursor_execute", _prefix_executed, retval=True)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", _prefix_executed)


def _prefix_executed(
    _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    if "sqlite_master" in statement:  # there a table's name is a value
        parameters = tuple(prefixed_sql(value) if isinstance(value, str) else value for value in parameters)
    return prefixed_sql(statement), parameters


class _Prefixing:
    """A file that statements are written to instead of a database."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, statement: str) -> int:
        """Write a whole statement."""
        return self._file.write(prefixed_sql(statement))

    def flush(self) -> None:
        """Hand over what has been written."""
        self._file.flush()
