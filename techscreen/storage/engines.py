"""Whose engine the service uses: its own, or that of a host app's `SQLAlchemy`, or of one of its binds.

A host's engine and its pool are shared, its sessions are not: a commit of ours must not commit the host's unfinished
work, and a connection must come back to the pool at each commit of ours, because Claude may be at work after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Engine
from sqlalchemy.engine import make_url

LENT = "techscreen_lent_engine"
HAND_OVER = (
    "This app has a SQLAlchemy of its own: hand it over with init_app(app, db=...), before a blueprint of the service"
    " is registered."
)


@dataclass(frozen=True)
class Lent:
    """What a host app lends: its `SQLAlchemy`, and under which key of SQLALCHEMY_BINDS. None: its default engine."""

    db: SQLAlchemy
    bind_key: str | None

    def engine(self) -> Engine:
        """The engine, in an app context. The host may have created it since."""
        return self.db.engines[self.bind_key]

    def url(self, app: Flask) -> URL | None:
        """The engine's address, before or after `db.init_app(app)`. None: it cannot be known yet."""
        if app.extensions.get("sqlalchemy") is self.db:
            with app.app_context():
                return self.engine().url
        if self.bind_key is None:
            given = app.config.get("SQLALCHEMY_DATABASE_URI")
            given = given or (app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {}).get("url")
        else:
            given = app.config["SQLALCHEMY_BINDS"][self.bind_key]
            given = given.get("url") if isinstance(given, dict) else given
        return make_url(given) if given else None

    def options(self, app: Flask) -> Mapping[str, Any]:
        """The options of the engine in the host's config."""
        if self.bind_key is None:
            return app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {}
        given = app.config["SQLALCHEMY_BINDS"][self.bind_key]
        return given if isinstance(given, dict) else {}


class Database(SQLAlchemy):
    """A `SQLAlchemy` that works in apps of its own, by `init_app`, and as a guest in those that lend it an engine."""

    def init_app(self, app: Flask) -> None:
        """Work in an app that has no other `SQLAlchemy`.

        Raises:
            RuntimeError: if it has one.
        """
        if app.extensions.get("sqlalchemy", self) is not self:
            raise RuntimeError(HAND_OVER)
        super().init_app(app)

    @property
    def engines(self) -> Mapping[str | None, Engine]:
        """The engines of the current app. Of a host's there is only the one that it lends.

        Raises:
            RuntimeError: if the app has another SQLAlchemy and has not handed it over.
        """
        lent: Lent | None = current_app.extensions.get(LENT)
        if lent is not None:
            return {None: lent.engine()}
        if current_app.extensions.get("sqlalchemy", self) is not self:
            raise RuntimeError(HAND_OVER)
        return super().engines

    def borrow(self, app: Flask, lent: Lent) -> None:
        """Use a host's engine in this app, with sessions of our own that end with the app context as the host's do.

        Raises:
            RuntimeError: if this app has lent another one before, or has no such engine.
        """
        if LENT in app.extensions:
            if app.extensions[LENT] != lent:
                raise RuntimeError("init_app was called before for this app, with another database.")
            return
        if app.extensions.get("sqlalchemy", lent.db) is not lent.db:
            raise RuntimeError("init_app was given another SQLAlchemy than the one that this app was initialised with.")
        if lent.bind_key is not None and lent.bind_key not in (app.config.get("SQLALCHEMY_BINDS") or {}):
            raise RuntimeError(f"bind_key: SQLALCHEMY_BINDS of this app has no {lent.bind_key!r}.")
        app.extensions[LENT] = lent

        @app.teardown_appcontext
        def give_back(_error: BaseException | None) -> None:
            self.session.remove()
