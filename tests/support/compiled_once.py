"""What each app of a process would compile anew, compiled once for all: a third of the time of a test that uses an app.

SQLAlchemy keeps the text of statements by engine, and Werkzeug makes two functions for each route of each app.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from werkzeug.routing import Rule


def compile_once(patch: pytest.MonkeyPatch) -> None:
    """Share statements between the engines of a database, and what routes are built by between equal routes."""
    patch.setattr(SQLAlchemy, "_make_engine", _sharing_statements(SQLAlchemy._make_engine))
    patch.setattr(Rule, "_compile_builder", _sharing_builders(Rule._compile_builder))


def _sharing_statements(make_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    statements: dict[str, Any] = {}
    dialects: dict[type, type] = {}

    def make(self: SQLAlchemy, bind_key: str | None, options: dict[str, Any], app: Any) -> Engine:
        engine = make_engine(self, bind_key, options, app)
        address, kind = str(engine.url), type(engine.dialect)
        if kind not in dialects:
            dialects[kind] = _equal_by_address(kind)
        # The dialect is a part of the key under which a statement is kept.
        engine.dialect.__class__ = dialects[kind]
        engine.dialect.address = address  # type: ignore[attr-defined]
        engine._compiled_cache = statements.setdefault(address, engine._compiled_cache)
        return engine

    return make


def _equal_by_address(kind: type) -> type:
    return type(
        kind.__name__,
        (kind,),
        {
            "supports_statement_cache": True,  # not inherited
            "__hash__": lambda self: hash(self.address),
            "__eq__": lambda self, other: getattr(other, "address", None) == self.address,
        },
    )


def _sharing_builders(compile_builder: Callable[[Rule, bool], Any]) -> Callable[..., Any]:
    builders: dict[Any, Any] = {}

    def compiled(self: Rule, append_unknown: bool = True) -> Any:
        if self.defaults:
            return compile_builder(self, append_unknown)
        key = self.rule, tuple(self._trace), append_unknown
        if key not in builders:
            builders[key] = compile_builder(self, append_unknown)
        return builders[key]

    return compiled
