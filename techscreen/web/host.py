"""How a host app takes the service in, beside registering `interview_bp`."""

from __future__ import annotations

from flask import Flask

from models import db


def init_app(app: Flask) -> None:
    """Give a host app our database. Its config says where that is (SQLALCHEMY_DATABASE_URI)."""
    db.init_app(app)
