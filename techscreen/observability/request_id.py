"""The id of a request: every log line and answer on its behalf carries it, in its jobs too."""

from __future__ import annotations

import re
import uuid

from flask import g, has_app_context, has_request_context, request

# Anything else a caller sends is replaced: the id goes into logs and headers.
USABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")


def bind_request_id(request_id: str | None) -> None:
    """Use the id of a request for everything logged and answered in this app context."""
    g.request_id = request_id


def current_request_id() -> str | None:
    """The id of the current request, the caller's or a new one; in a job, that of its request; else None."""
    if not has_request_context():
        return g.get("request_id") if has_app_context() else None
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if USABLE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    return str(g.request_id)
