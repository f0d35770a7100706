"""The names of our tables, indexes and constraints in the database: those of `models.py` after TABLE_PREFIX.

The prefix may come from a host app's config, and so only after `models.py` was imported. Therefore the `Table` objects
are renamed in place, once in a process and before its first statement: what SQLAlchemy has compiled keeps its names.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.sql.elements import conv, quoted_name

from models import Base

# The longest name that MySQL and MariaDB take.
MAX_NAME = 64
# Where `flask techscreen db upgrade` notes the revision: `alembic_version` is the host's.
VERSION_TABLE = "techscreen_version"
# Marks our tables in a host's metadata.
OURS = "techscreen"

_given: str | None = None
_own_names = tuple(Base.metadata.tables)
# Our names in SQL: tables, and the indexes and constraints that are named after them. A prefix ends no word, so a name
# that has one already does not match.
_NAME = re.compile(rf"\b(?:(?:ix|uq|fk|pk)_(?:{'|'.join(_own_names)})(?:_\w+)?|{'|'.join(_own_names)})\b")


def table_prefix() -> str:
    """The prefix of this process."""
    return _given or ""


def prefixed(name: str) -> str:
    """A name as it is in the database. One that would be too long is cut, and a digest keeps it apart from others."""
    name = f"{table_prefix()}{name}"
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9]}_{digest}"


def prefixed_sql(statement: str) -> str:
    """A statement that was written without prefix, as every migration is, with the names of the database."""
    return _NAME.sub(lambda found: prefixed(found[0]), statement) if table_prefix() else statement


def name_tables(prefix: str) -> None:
    """Give all our tables, their indexes and constraints this prefix, in the whole process. The same again is fine.

    Raises:
        RuntimeError: if the process has another prefix already.
    """
    global _given
    if _given is None:
        _given = prefix
        if prefix:
            _rename_all()
    elif _given != prefix:
        raise RuntimeError(
            f"TABLE_PREFIX is {prefix!r} here, but {_given!r} in another app of this process: all must have the same."
        )


def _rename_all() -> None:
    metadata = Base.metadata
    # All foreign keys in `models.py` name their column as an object and not in words, so they follow by themselves.
    for table in list(metadata.tables.values()):
        metadata.remove(table)
        table.name = quoted_name(prefixed(table.name), quote=None)
        table.fullname = table.name
        items: list[Any] = [*table.indexes, *table.constraints]
        for item in items:
            # `conv`: a name that is complete, to which no naming convention is applied again.
            item.name = conv(prefixed(str(item.name)))
        # There is no public way to put a table back. (`to_metadata` would make another, which no model knows.)
        metadata._add_table(table.name, None, table)


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
    names = {tuple(index.columns.keys()): index.name for index in table.indexes}
    for index in copy.indexes:
        index.name = names[tuple(index.columns.keys())]


def leave_ours_out(item: Any, name: str | None, type_: str, _reflected: bool, _compare_to: object) -> bool:
    """An `include_object` for a host's Alembic, which then leaves our tables to `flask techscreen db upgrade`."""
    table = name if type_ == "table" else getattr(getattr(item, "table", None), "name", None)
    return table not in {*Base.metadata.tables, prefixed(VERSION_TABLE)}


def render_ours(type_: str, item: Any, context: Any) -> bool:
    """A `render_item` for a host's Alembic that has our tables in its history: it imports the column type of ours."""
    module = type(item).__module__
    if type_ == "type" and module == Base.__module__:
        context.imports.add(f"import {module}")
    return False
