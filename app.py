"""The Flask application: `create_app` puts settings, database, routes, error handlers and commands together.

Settings come in, an app goes out. `python app.py` serves it at HOST and PORT, for development.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings, SettingsError, load_settings
from interview_routes import interview_bp
from models import db
from techscreen.claude.interface import Claude
from techscreen.cli.all_commands import ALL_COMMANDS
from techscreen.cli.terminal import say_lines
from techscreen.errors import DatabaseUnavailable
from techscreen.library.starter import load_starter
from techscreen.observability.logging import configure_logging
from techscreen.server.address import base_url, why_not
from techscreen.web.container import current_runtime, install_runtime
from techscreen.web.cors import open_to_frontends
from techscreen.web.documentation_routes import documentation_bp
from techscreen.web.error_handlers import register_error_pages
from techscreen.web.operations_routes import operations_bp
from techscreen.web.own_database import open_database
from techscreen.web.rate_limits import limit_rates
from techscreen.web.request_context import log_requests
from techscreen.web.security_headers import add_security_headers
from techscreen.web.start_page import add_start_page

# How long a name that was chosen on a page is remembered after the last visit.
SESSION_LIFETIME = timedelta(hours=12)
# Exit code of every shell command if the settings cannot be used.
UNUSABLE_SETTINGS = 2
# Exit code of `python app.py` if it cannot listen where it should.
NO_ADDRESS = 1
# Exit code of `python app.py` if its SQLite file cannot be opened or migrated.
NO_DATABASE = 1


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
        # The way that Flask documents for wrapping an app.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    open_database(app, settings)
    install_runtime(app, settings, claude)
    register_error_pages(app)
    log_requests(app)
    app.register_blueprint(interview_bp)
    app.register_blueprint(operations_bp)
    app.register_blueprint(documentation_bp)
    if settings.workbench:
        _add_workbench(app, settings)
    add_start_page(app)
    for command in ALL_COMMANDS:
        app.cli.add_command(command)
    add_security_headers(app)
    open_to_frontends(app, settings)
    limit_rates(app, settings)
    if not settings.database_url.endswith(":memory:"):
        with app.app_context():
            db.engine.dispose()  # under `gunicorn --preload` forked workers would share the connection
    return app


def _add_workbench(app: Flask, settings: Settings) -> None:
    """Serve the pages. In development their cookies need no secret: names can be chosen there anyway."""
    from techscreen.workbench import workbench_bp  # here, so that who leaves the pages away does not load them

    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value() if settings.secret_key else "for development only",
        SESSION_COOKIE_NAME="techscreen",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.flask_env == "production",
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
    )
    app.register_blueprint(workbench_bp)


def _usable_settings(overrides: Mapping[str, Any] | None) -> Settings:
    try:
        return load_settings(overrides)
    except SettingsError as error:
        if click.get_current_context(silent=True) is None:
            raise
        # On the command line, Flask would print a traceback and claim that there is no such command.
        say_lines(str(error), err=True)
        raise SystemExit(UNUSABLE_SETTINGS) from None


def _migrate_embedded_database(settings: Settings) -> None:
    """Migrate the embedded SQLite file. Any other database is migrated deliberately, not at start-up.

    Raises:
        SystemExit: with one sentence, if that cannot be done.
    """
    if settings.flask_env == "development" and settings.database_url.startswith("sqlite:///"):
        # Here, because Alembic takes ten megabytes, which the service itself does not need.
        from alembic import command
        from alembic.util import CommandError

        from techscreen.storage.migration_environment import alembic_config

        try:
            command.upgrade(alembic_config(), "head")
        except CommandError as error:
            say_lines(str(error), err=True)
            raise SystemExit(NO_DATABASE) from None


def _load_starter_library(app: Flask, settings: Settings) -> None:
    """Load the starter library if interviews are to be made of it: offline mode is there for trying things out."""
    if settings.claude_mode == "offline":
        try:
            with app.app_context():
                load_starter("start-up")
        except (DatabaseUnavailable, SQLAlchemyError):  # a database that is away, or not migrated yet
            say_lines("The starter library is not loaded, as the database cannot be used: ask the doctor.")


def _say_what_is_missing(app: Flask) -> None:
    with app.app_context():
        for part in current_runtime().readiness.look():
            if part.status == "problem":
                say_lines(f"Not ready: {part.sentence}{f' ({part.detail})' if part.detail else ''}")


def _say_where(settings: Settings) -> None:
    if settings.workbench:
        say_lines(f"Pages:         {base_url(settings)}/")
    say_lines(f"Documentation: {base_url(settings)}/api/interview/docs")


def serve() -> None:
    """What `python app.py` does: serve on this machine, for development.

    Raises:
        SystemExit: with one sentence for each reason, if the settings cannot be used or nothing can listen there.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        say_lines(str(error), err=True)
        raise SystemExit(UNUSABLE_SETTINGS) from None
    refusal = why_not(settings.host, settings.port)
    if refusal:
        say_lines(refusal, err=True)
        raise SystemExit(NO_ADDRESS)
    _migrate_embedded_database(settings)
    app = create_app()
    _load_starter_library(app, settings)
    _say_what_is_missing(app)
    _say_where(settings)
    app.run(host=settings.host, port=settings.port, threaded=True)


if __name__ == "__main__":
    serve()
