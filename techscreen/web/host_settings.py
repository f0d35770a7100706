"""The settings of the service in a host app: `app.config` wins over the environment, by the documented names.

`TECHSCREEN_<NAME>` in `app.config` is always ours and wins. The bare name is ours too, unless another owns it (Flask,
an extension, or the host's own logging), or its value is of a kind that the setting cannot have.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask
from pydantic import TypeAdapter, ValidationError

from config import Settings
from techscreen.operations.unknown_settings import unknown_in_config
from techscreen.storage.engines import LENT, Lent

logger = logging.getLogger(__name__)

PREFIX = "TECHSCREEN_"
# What the host sees to itself: the session's key, its address, its logging. Not even the environment is read for these:
# it is the host's, too.
OF_NO_USE = frozenset({"SECRET_KEY", "HOST", "PORT", "SQLALCHEMY_ECHO", "LOG_LEVEL", "LOG_FORMAT", "LOG_FILE"})
# Bare, these belong to the host, to Flask-CORS or to Flask-Limiter.
OWNED_BY_OTHERS = OF_NO_USE | {"CORS_ORIGINS", "RATELIMIT_STORAGE_URI"}


def settings_of_host(app: Flask) -> dict[str, Any]:
    """The settings for us in a host app's config, by their documented names, for `load_settings`."""
    ours: dict[str, Any] = {}
    for field_name, field in Settings.model_fields.items():
        name = field_name.upper()
        if PREFIX + name in app.config:
            ours[name] = app.config[PREFIX + name]
        elif name in OF_NO_USE:
            ours[name] = field.default
        elif name in app.config and name not in OWNED_BY_OTHERS:
            value = app.config[name]
            if value is None and not _fits(field.annotation, None):
                continue  # None is how hosts leave a setting open
            if isinstance(value, str) or _fits(field.annotation, value):
                ours[name] = value
            else:
                _say_left_alone(name, value)
    url = _database_url(app)
    return {**ours, "DATABASE_URL": url} if url else ours


def unknown_in_host(app: Flask) -> list[str]:
    """A sentence for each name in a host app's config that was probably meant to be a setting of ours."""
    return unknown_in_config(map(str, app.config), PREFIX, OWNED_BY_OTHERS)


def _fits(kind: Any, value: object) -> bool:
    """Whether a setting can have a value of this kind. Whether it can have this very value, its own checks say."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return not all(problem["type"].endswith("_type") for problem in error.errors())
    return True


def _say_left_alone(name: str, value: object) -> None:
    logger.warning(
        "%s in app.config is of another kind (%s) than our setting, so it is taken for one of the app's own: %s%s is"
        " always ours.",
        name,
        type(value).__name__,
        PREFIX,
        name,
        extra={"event": "settings"},
    )


def _database_url(app: Flask) -> str | None:
    """The address of the database that the host has opened: only so that the settings can be checked with it."""
    lent: Lent | None = app.extensions.get(LENT)
    url = lent.url(app) if lent is not None else app.config.get("SQLALCHEMY_DATABASE_URI")
    return url if url is None or isinstance(url, str) else url.render_as_string(hide_password=False)
