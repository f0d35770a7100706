"""Security headers for browsers, on every answer of our own app. A host app sets its own."""

from __future__ import annotations

from flask import Flask, Response

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # An answer is JSON, which loads nothing. A page that loads files has a policy of its own.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Keeps job descriptions and interviews out of caches along the way.
    "Cache-Control": "no-store",
}


def add_security_headers(app: Flask) -> None:
    """Give every answer of an app these headers, unless it has set them itself."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
