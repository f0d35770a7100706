"""At which revision the tables are, in which table that is noted, and which revisions this version knows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from config import PROJECT_FOLDER
from models import Base, GenerationLog
from techscreen.storage.prefix import prefixed, table_prefix
from techscreen.storage.table_names import VERSION_TABLE

MIGRATIONS = PROJECT_FOLDER / "migrations"
ALEMBIC_TABLE = "alembic_version"


def version_table(connection: Connection, *, in_host: bool) -> str:
    """The name of the table that notes the revision of our tables.

    It is a table of our own, but Alembic's usual one where that notes our revisions already, or where the database is
    ours alone: in our own app, without TABLE_PREFIX.
    """
    own = prefixed(VERSION_TABLE)
    if table_prefix() or inspect(connection).has_table(own):
        return own
    if not in_host:
        return ALEMBIC_TABLE
    # A host may number its revisions as we do. But then it has none of our tables.
    notes_ours = bool(present_revisions(connection, ALEMBIC_TABLE) & known_revisions(MIGRATIONS)[0])
    return ALEMBIC_TABLE if notes_ours and inspect(connection).has_table(GenerationLog.__tablename__) else own


def present_revisions(connection: Connection, table: str) -> set[str]:
    """The revisions that a version table notes; none if there is no such table."""
    if not inspect(connection).has_table(table):
        return set()
    name = connection.dialect.identifier_preparer.quote(table)
    return set(connection.scalars(text(f"SELECT version_num FROM {name}")))  # noqa: S608 -- a name of our own


def tables_are_complete(connection: Connection) -> bool:
    """Whether there are all our tables with all their columns, whoever has made them."""
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    for table in Base.metadata.tables.values():
        if table.name not in present:
            return False
        if {column.name for column in table.columns} - {column["name"] for column in inspector.get_columns(table.name)}:
            return False
    return True


@cache
def known_revisions(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """All revisions that this version knows, and the newest ones; read once, because they are part of the code."""
    from alembic.script import ScriptDirectory  # it takes ten megabytes, which only a process that is asked needs

    scripts = ScriptDirectory(str(folder))
    return frozenset(script.revision for script in scripts.walk_revisions()), frozenset(scripts.get_heads())
