"""How a host app takes the service in: its database, its settings, and what the endpoints need.

`init_app(app, db=host_db)`, then `app.register_blueprint(interview_bp)`. A host without a `SQLAlchemy` of its own may
call `db.init_app(app)` with ours instead, and leave `init_app` away: registering a blueprint sets up the rest.
"""

from __future__ import annotations

from flask import Flask
from flask.blueprints import BlueprintSetupState
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

from config import load_settings
from models import db as own_db
from techscreen.storage.engines import HAND_OVER, LENT, Lent
from techscreen.storage.host_sessions import watch_sessions
from techscreen.storage.table_names import put_into
from techscreen.web.container import EXTENSION, install_runtime
from techscreen.web.cors import open_to_frontends
from techscreen.web.host_settings import settings_of_host
from techscreen.web.own_database import open_database
from techscreen.web.parsing import register_converters
from techscreen.web.rate_limits import limit_rates

BLUEPRINTS = "techscreen_blueprints"


def init_app(app: Flask, db: SQLAlchemy | None = None, *, bind_key: str | None = None) -> None:
    """Prepare a host app for our blueprints: settings, database, services, limits.

    Call it before the blueprints are registered, and once the host's own models are imported; before or after
    `db.init_app(app)`.

    Args:
        app: settings in its config win over the environment (see `docs/integration.md`).
        db: the host's `SQLAlchemy`. The service uses its engine and pool, with sessions of its own, and puts its tables
            into its metadata. None: the host has none, and the service opens SQLALCHEMY_DATABASE_URI of the config or
            else DATABASE_URL.
        bind_key: which of SQLALCHEMY_BINDS to use instead of the host's default engine.

    Raises:
        SettingsError: with every problem of the settings at once.
        RuntimeError: if this database cannot be used in this app, or if a table of the host's has the name of one of
            ours.
    """
    if db is None or db is own_db:
        _use_own(app)
        _install(app)
        return
    lent = Lent(db, bind_key)
    if EXTENSION in app.extensions and app.extensions.get(LENT) != lent:
        raise RuntimeError("Call init_app(app, db=...) before a blueprint of the service is registered.")
    if bind_key is None and db.metadata.schema is not None:
        raise RuntimeError(
            f"The app's metadata has the schema {db.metadata.schema!r}, and the service looks for its tables in the"
            " connection's own: hand over one of SQLALCHEMY_BINDS, with bind_key=..., which may have the same address."
        )
    own_db.borrow(app, lent)
    if lent.url(app) is None:
        raise RuntimeError("It is not known which database this is: call db.init_app(app) before init_app(app, db=db).")
    watch_sessions(db)
    _install(app)
    put_into(_metadata(lent))


def set_up(state: BlueprintSetupState) -> None:
    """Give an app that registers one of our blueprints everything that its endpoints need.

    Raises:
        SettingsError: with every problem of the settings at once.
        RuntimeError: if the app has a SQLAlchemy that it has not handed over.
    """
    assert isinstance(state.app, Flask)
    if LENT not in state.app.extensions and state.app.extensions.get("sqlalchemy", own_db) is not own_db:
        raise RuntimeError(HAND_OVER)  # at once, not at the first request
    register_converters(state.app)
    _install(state.app)
    state.app.extensions.setdefault(BLUEPRINTS, set()).add(state.name)


def _install(app: Flask) -> None:
    """Build the services of a host app, with limits for the routes of our blueprints alone. Once."""
    if EXTENSION in app.extensions:
        return
    runtime = install_runtime(app)
    open_to_frontends(app, runtime.settings)
    limit_rates(app, runtime.settings, only=app.extensions.setdefault(BLUEPRINTS, set()))


def _use_own(app: Flask) -> None:
    """Have the app use our own `db`, unless it does already."""
    present = app.extensions.get("sqlalchemy")
    if present is own_db:
        return
    if present is not None or app.config.get("SQLALCHEMY_DATABASE_URI") or app.config.get("SQLALCHEMY_BINDS"):
        own_db.init_app(app)
    else:
        open_database(app, load_settings(settings_of_host(app)))


def _metadata(lent: Lent) -> MetaData:
    """The metadata of the lent engine. That of a bind is made by the host's `db.init_app(app)`, if not here before."""
    usual = lent.db.metadata
    if lent.bind_key is None:
        return usual
    own = MetaData(naming_convention=usual.naming_convention, info={"bind_key": lent.bind_key})
    return lent.db.metadatas.setdefault(lent.bind_key, own)
