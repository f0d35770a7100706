"""TABLE_PREFIX: what every name in the database begins with, and tables that heed it.

The prefix may come from a host app's config, and so only after `models.py` was imported. Therefore our tables say their
name when they are asked, and so do the copies of them that SQLAlchemy keeps in statements.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Table
from sqlalchemy.sql.elements import quoted_name

# The longest name that MySQL and MariaDB take.
MAX_NAME = 64

_given: str | None = None


def table_prefix() -> str:
    """The prefix of this process."""
    return _given or ""


def set_table_prefix(prefix: str) -> bool:
    """Set the prefix of this process, once, before its first statement. Says whether it is new.

    Raises:
        RuntimeError: if the process has another prefix already.
    """
    global _given
    if _given is not None and _given != prefix:
        raise RuntimeError(
            f"TABLE_PREFIX is {prefix!r} here, but {_given!r} in another app of this process: all must have the same."
        )
    is_new = _given is None
    _given = prefix
    return is_new


def prefixed(name: str) -> str:
    """A name as it is in the database. One that would be too long is cut, and a digest keeps it apart from others."""
    name = f"{table_prefix()}{name}"
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9]}_{digest}"


class PrefixedTable(Table):
    """A table whose name has TABLE_PREFIX. The key in its metadata stays the name without."""

    @property
    def name(self) -> str:  # SQLAlchemy sets it once and reads it from then on
        """The name in the database."""
        return quoted_name(prefixed(self._name), None)

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @property
    def fullname(self) -> str:
        """The same: our tables have no schema."""
        return self.name

    @fullname.setter
    def fullname(self, name: str) -> None:
        pass
