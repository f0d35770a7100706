"""`flask --app host techscreen db ...`: makes and changes our tables in the database of the app.

The app's own migrations are not touched: the revision is noted in a table of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from models import db
from techscreen.cli.terminal import say
from techscreen.storage.schema_version import present_revisions, version_table
from techscreen.web.container import current_runtime

database_commands = AppGroup("db", help="Make and change the tables of the service.")


@database_commands.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables to a revision, by default the newest."""
    _run("upgrade", revision)


@database_commands.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the tables back to a revision; `base` removes them with all that is in them."""
    _run("downgrade", revision)


@database_commands.command("stamp")
@click.argument("revision", default="head")
def stamp(revision: str) -> None:
    """Note that the tables are at a revision, such as after db.create_all(), and change nothing."""
    _run("stamp", revision)


@database_commands.command("current")
def current() -> None:
    """Say at which revision the tables are."""
    with _connection() as connection:
        _say_where(connection)


def _run(name: str, revision: str) -> None:
    from alembic import command  # it takes ten megabytes, which no other command needs
    from alembic.util import CommandError

    from techscreen.storage.migration_environment import alembic_config

    with _connection() as connection:
        try:
            getattr(command, name)(alembic_config(connection, in_host=current_runtime().in_host), revision)
        except CommandError as error:
            raise click.ClickException(str(error)) from error
        connection.commit()
        _say_where(connection)


def _say_where(connection: Connection) -> None:
    table = version_table(connection, in_host=current_runtime().in_host)
    revisions = present_revisions(connection, table)
    say(f"{', '.join(sorted(revisions)) or 'No revision'} (noted in {table})")


@contextmanager
def _connection() -> Iterator[Connection]:
    """A connection to the app's database. In our own app without the time-outs of the pool: a change may take long."""
    runtime = current_runtime()
    if runtime.in_host or not current_app.config.get("SQLALCHEMY_DATABASE_URI"):
        opened = db.engine.connect()
    else:
        opened = create_engine(runtime.settings.database_url, poolclass=NullPool, hide_parameters=True).connect()
    with opened as connection:
        if connection.dialect.name != "sqlite":
            yield connection
            return
        # To change a table, SQLite copies and drops it; with foreign keys on, that would delete the rows of others.
        was_on = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
        connection.rollback()
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            yield connection
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"PRAGMA foreign_keys={'ON' if was_on else 'OFF'}")
