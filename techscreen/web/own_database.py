"""Opens the database of DATABASE_URL in an app, with a pool and connections of our own."""

from __future__ import annotations

from flask import Flask

from config import Settings
from models import db
from techscreen.observability.metrics import watch_pool
from techscreen.storage.connections import engine_options, watch_connections


def open_database(app: Flask, settings: Settings) -> None:
    """Give an app that has no database yet the one that the settings name."""
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        SQLALCHEMY_ECHO=settings.sqlalchemy_echo,
    )
    db.init_app(app)
    with app.app_context():
        watch_connections(db.engine)
        watch_pool(db.engine)
