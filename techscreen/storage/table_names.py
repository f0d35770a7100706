"""The names of our tables, indexes and constraints in the database: those of `models.py` after TABLE_PREFIX."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.sql.elements import conv

from models import Base
from techscreen.storage.prefix import prefixed, set_table_prefix, table_prefix

# Where `flask techscreen db upgrade` notes the revision: `alembic_version` is the host's.
VERSION_TABLE = "techscreen_version"
# Marks our tables in a host's metadata.
OURS = "techscreen"

_own_names = "|".join(Base.metadata.tables)
# Our names in SQL: tables, and the indexes and constraints that are named after them. A prefix ends no word, so a name
# that has one already does not match.
_NAME = re.compile(rf"\b(?:(?:ix|uq|fk|pk)_(?:{_own_names})(?:_\w+)?|{_own_names})\b")


def table_names() -> set[str]:
    """The names of our tables in the database."""
    return {table.name for table in Base.metadata.tables.values()}


def prefixed_sql(statement: str) -> str:
    """A statement that was written without prefix, as every migration is, with the names of the database."""
    return _NAME.sub(lambda found: prefixed(found[0]), statement) if table_prefix() else statement


def name_tables(prefix: str) -> None:
    """Give all our tables, their indexes and constraints this prefix, in the whole process. The same again is fine.

    It must be done before the first statement, for SQLAlchemy keeps the text of what it has executed.

    Raises:
        RuntimeError: if the process has another prefix already.
    """
    if set_table_prefix(prefix) and prefix:
        for table in Base.metadata.tables.values():  # a table names itself, and a foreign key follows its column
            items: list[Any] = [*table.indexes, *table.constraints]
            for item in items:
                # `conv`: a name that is complete, to which no naming convention is applied again.
                item.name = conv(prefixed(str(item.name)))


def put_into(metadata: MetaData) -> None:
    """Put copies of our tables into a host's metadata, so that its `create_all()` and its Alembic see them.

    Raises:
        RuntimeError: if the host has a table of the same name.
    """
    for table in Base.metadata.sorted_tables:
        present = metadata.tables.get(table.name)
        if present is not None and not present.info.get(OURS):
            raise RuntimeError(
                f"The app has a table {table.name} of its own: set TABLE_PREFIX, such as TABLE_PREFIX=techscreen_,"
                " so that ours gets another name."
            )
    for table in Base.metadata.sorted_tables:
        if table.name not in metadata.tables:
            copy = table.to_metadata(metadata)
            copy.info[OURS] = True
            _name_indexes_alike(copy, table)


def _name_indexes_alike(copy: Table, table: Table) -> None:
    """The host's naming convention has named the indexes that a column declares."""
    names = {(index.unique, *index.columns.keys()): index.name for index in table.indexes}
    for index in copy.indexes:
        index.name = names[(index.unique, *index.columns.keys())]


def leave_ours_out(item: Any, name: str | None, type_: str, _reflected: bool, _compare_to: object) -> bool:
    """An `include_object` for a host's Alembic, which then leaves our tables to `flask techscreen db upgrade`."""
    table = name if type_ == "table" else getattr(getattr(item, "table", None), "name", None)
    return table not in {*table_names(), prefixed(VERSION_TABLE)}


def render_ours(type_: str, item: Any, context: Any) -> bool:
    """A `render_item` for a host's Alembic that has our tables in its history: it imports the column type of ours."""
    module = type(item).__module__
    if type_ == "type" and module == Base.__module__:
        context.imports.add(f"import {module}")
    return False
