"""`flask --app host techscreen db ...`: makes and changes our tables in the database of the app.

The app's own migrations are not touched: the revision is noted in a table of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from models import db
from techscreen.cli.terminal import say
from techscreen.storage.schema_version import MIGRATIONS, present_revisions, version_table
from techscreen.storage.table_names import table_names
from techscreen.web.container import current_runtime


class _Group(AppGroup):
    """A group of commands that fails with the database's own sentence, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        if not (MIGRATIONS / "versions").is_dir():
            raise click.ClickException("There are no migrations beside the modules: copy the folder migrations/ too.")
        try:
            return super().invoke(ctx)
        except SQLAlchemyError as error:
            words = getattr(getattr(error, "orig", None), "args", None) or error.args
            raise click.ClickException(f"The database says: {words[-1]}") from error


database_commands = _Group("db", help="Make and change the tables of the service.")


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
        if name == "upgrade":
            _refuse_to_make_again(connection)
        try:
            getattr(command, name)(alembic_config(connection, in_host=current_runtime().in_host), revision)
        except CommandError as error:
            raise click.ClickException(str(error)) from error
        connection.commit()
        _say_where(connection)


def _refuse_to_make_again(connection: Connection) -> None:
    """Refuse to make tables that are there already, made by `db.create_all()` or by the app's own migrations."""
    table = version_table(connection, in_host=current_runtime().in_host)
    if table_names() & set(inspect(connection).get_table_names()) and not present_revisions(connection, table):
        raise click.ClickException(
            f"Tables of the service are there already, but {table} notes no revision. If db.create_all() has made"
            " them in this version, run `techscreen db stamp` once. If they are in the app's own migrations, go on"
            " with those."
        )
    connection.rollback()  # what was only looked at; SQLite's foreign keys stay off


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
