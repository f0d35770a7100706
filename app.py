"""The Flask application: `create_app` puts settings, database, routes, error handlers and commands together.

Settings come in, an app goes out. `python app.py` serves it on port 5000, for development.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings, SettingsError, load_settings
from interview_routes import interview_bp
from models import db
from techscreen.claude.interface import Claude
from techscreen.cli.all_commands import ALL_COMMANDS
from techscreen.cli.terminal import say_lines
from techscreen.library.starter import load_starter
from techscreen.observability.logging import configure_logging
from techscreen.web.container import install_runtime
from techscreen.web.cors import open_to_frontends
from techscreen.web.documentation_routes import documentation_bp
from techscreen.web.error_handlers import register_error_pages
from techscreen.web.operations_routes import operations_bp
from techscreen.web.own_database import open_database
from techscreen.web.rate_limits import limit_rates
from techscreen.web.request_context import log_requests
from techscreen.web.security_headers import add_security_headers
from techscreen.web.start_page import add_start_page

# Where `python app.py` serves.
PORT = 5000
# How long a name that was chosen on a page is remembered after the last visit.
SESSION_LIFETIME = timedelta(hours=12)
# Exit code of every shell command if the settings cannot be used.
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
    """Migrate the embedded SQLite file. Any other database is migrated deliberately, not at start-up."""
    if settings.flask_env == "development" and settings.database_url.startswith("sqlite:///"):
        # Here, because Alembic takes ten megabytes, which the service itself does not need.
        from alembic import command

        from techscreen.storage.migration_environment import alembic_config

        command.upgrade(alembic_config(), "head")


def _load_starter_library(app: Flask, settings: Settings) -> None:
    """Load the starter library if interviews are to be made of it: offline mode is there for trying things out."""
    if settings.claude_mode == "offline":
        with app.app_context():
            load_starter("start-up")


def _say_where(settings: Settings) -> None:
    if settings.workbench:
        say_lines(f"Pages:         http://localhost:{PORT}/")
    say_lines(f"Documentation: http://localhost:{PORT}/api/interview/docs")


if __name__ == "__main__":
    _migrate_embedded_database(load_settings())
    served = create_app()
    _load_starter_library(served, load_settings())
    _say_where(load_settings())
    served.run(host="127.0.0.1", port=PORT, threaded=True)
