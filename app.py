"""The Flask application: settings, database, routes, error pages. `python app.py` serves it on port 5000."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import click
from flask import Flask
from flask_cors import CORS
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry
from werkzeug.middleware.proxy_fix import ProxyFix

from cache_commands import cache_commands
from claude_interface import Claude
from config import PROJECT_FOLDER, Settings, SettingsError, load_settings
from doctor_command import doctor_command
from documentation_routes import documentation_bp
from error_pages import register_error_pages
from interview_routes import interview_bp
from log_commands import log_commands
from log_setup import configure_logging
from metrics import watch_pool
from models import db
from operations_routes import operations_bp
from rate_limits import limit_rates
from request_log import log_requests
from runtime import install_runtime
from security_headers import add_security_headers

CALLER_HEADERS = ("X-User-ID", "X-User-Role")
# Headers that a frontend may send, and those of an answer that it may read.
ASKED_BY_FRONTENDS = ("Authorization", "Content-Type", "Idempotency-Key", "Prefer", "X-Request-ID", *CALLER_HEADERS)
TOLD_TO_FRONTENDS = ("X-Request-ID", "Retry-After", "Location", "Idempotency-Replayed", "Preference-Applied")
# Seconds that a request may wait for a connection. Hundreds that Claude has answered at the same moment queue for it.
POOL_TIMEOUT = 90
# Seconds for which a connection that was just used is taken to be alive.
TRUSTED_FOR = 1.0
# Exit code of every shell command if there is no service to run it on.
UNUSABLE_SETTINGS = 2


def create_app(overrides: Mapping[str, Any] | None = None, *, claude: Claude | None = None) -> Flask:
    """Build the application.

    Args:
        overrides: settings that win over the environment, by their documented names.
        claude: who answers prompts, instead of the one that CLAUDE_MODE names.

    Raises:
        SettingsError: with every problem at once.
    """
    settings = _usable_settings(overrides)
    configure_logging(settings)
    app = Flask(__name__, static_folder=None)
    if settings.trusted_proxies:
        proxies = settings.trusted_proxies
        # Flask documents this way to wrap an app.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        SQLALCHEMY_ECHO=settings.sqlalchemy_echo,
    )
    db.init_app(app)
    install_runtime(app, settings, claude)
    register_error_pages(app)
    log_requests(app)
    app.register_blueprint(interview_bp)
    app.register_blueprint(operations_bp)
    app.register_blueprint(documentation_bp)
    app.cli.add_command(cache_commands)
    app.cli.add_command(log_commands)
    add_security_headers(app)
    _open_to_frontends(app, settings)
    limit_rates(app, settings)
    app.cli.add_command(doctor_command)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _prepare_sqlite)
        else:
            _ping_idle_connections(db.engine)
        watch_pool(db.engine)
        if not settings.database_url.endswith(":memory:"):
            db.engine.dispose()  # under `gunicorn --preload` forked workers would share the connection
    return app


def _open_to_frontends(app: Flask, settings: Settings) -> None:
    """Let browser frontends of CORS_ORIGINS call the API, and see the headers of its answers."""
    if settings.cors_origins:
        CORS(
            app,
            resources={r"/api/interview/.*": {}},
            origins=list(settings.cors_origins),
            methods=["GET", "POST"],
            allow_headers=list(ASKED_BY_FRONTENDS),
            expose_headers=list(TOLD_TO_FRONTENDS),
            max_age=600,
        )


def _usable_settings(overrides: Mapping[str, Any] | None) -> Settings:
    try:
        return load_settings(overrides)
    except SettingsError as error:
        if click.get_current_context(silent=True) is None:
            raise
        # In a shell, flask would print a traceback and claim that there is no such command.
        click.echo(str(error), err=True)
        raise SystemExit(UNUSABLE_SETTINGS) from None


def engine_options(database_url: str) -> dict[str, Any]:
    """How to connect: a small pool, for connections are only held for short transactions."""
    url = make_url(database_url)
    options: dict[str, Any] = {"hide_parameters": True}  # values of a failed statement stay out of the log
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            options.update(pool_size=5, max_overflow=0, pool_timeout=POOL_TIMEOUT)
        return options
    options.update(pool_size=5, max_overflow=0, pool_timeout=POOL_TIMEOUT, pool_recycle=280)
    if url.get_driver_name() == "pymysql":
        options["connect_args"] = {"connect_timeout": 5, "read_timeout": 30, "write_timeout": 30}
    return options


def _ping_idle_connections(engine: Engine) -> None:
    """Try a connection that has been idle before it is used again: the server or a firewall may have dropped it.

    As `pool_pre_ping`, but that asks before each of our many short transactions, which is a tenth of their time.
    """

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: ConnectionPoolEntry | None) -> None:
        if record is not None:
            record.info["used_at"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        idle = time.monotonic() - record.info.get("used_at", -math.inf)
        if idle < TRUSTED_FOR:
            return
        try:
            connection.ping(reconnect=False)
        except Exception as error:
            raise InvalidatePoolError from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let several workers share the file, and hold foreign keys, which SQLite only does when told to."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=10000", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate_embedded_database(settings: Settings) -> None:
    """Bring the embedded SQLite file up to date. Any other database is migrated on purpose, not on start."""
    if settings.flask_env == "development" and settings.database_url.startswith("sqlite:///"):
        from alembic import command
        from alembic.config import Config

        command.upgrade(Config(PROJECT_FOLDER / "alembic.ini"), "head")


if __name__ == "__main__":
    _migrate_embedded_database(load_settings())
    create_app().run(host="127.0.0.1", port=5000, threaded=True)
