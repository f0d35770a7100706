"""Browser frontends of other origins: they may call the API and read the headers of its answers."""

from __future__ import annotations

import re

from flask import Flask
from flask_cors import CORS

from config import Settings

CALLER_HEADERS = ("X-User-ID", "X-User-Role")
# Headers that a frontend may send, and response headers that it may read.
ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Request-ID",
    *CALLER_HEADERS,
)
EXPOSED_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "X-Request-ID",
)


def open_to_frontends(app: Flask, settings: Settings) -> None:
    """Let browser frontends of CORS_ORIGINS call the API, and nothing else of the app."""
    if settings.cors_origins:
        CORS(
            app,
            resources={r"/api/interview/.*": {}},
            # Escaped, because Flask-CORS takes brackets, such as those of an IPv6 address, for a regular expression.
            origins=[re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) for origin in settings.cors_origins],
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=list(ALLOWED_HEADERS),
            expose_headers=list(EXPOSED_HEADERS),
            max_age=600,
        )
