"""What every request gets, whatever its endpoint: an id, which its answer carries, one log line, and a count."""

from __future__ import annotations

import logging
import time

from flask import Blueprint, Flask, Response, g, request

from techscreen.observability import metrics
from techscreen.observability.request_id import current_request_id

logger = logging.getLogger(__name__)


def log_requests(target: Flask | Blueprint) -> None:
    """Give every request to an app or a blueprint its id, log line and count."""
    target.before_request(_start)
    target.after_request(_finish)


def _start() -> None:
    g.setdefault("request_started", time.monotonic())


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = current_request_id() or ""
    if not g.get("request_logged"):
        # Once, even if both an app and its blueprint were given to log_requests.
        g.request_logged = True
        caller = g.get("interview_caller")
        seconds = time.monotonic() - g.get("request_started", time.monotonic())
        # The route, not the path: a path may hold anything, and programs read the log as well.
        route = request.url_rule.rule if request.url_rule else "(no route)"
        metrics.request_answered(request.method, route, response.status_code, seconds)
        logger.info(
            "%s %s %d in %d ms",
            request.method,
            route,
            response.status_code,
            round(seconds * 1000),
            extra={
                "event": "request",
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "duration_ms": round(seconds * 1000),
                "user_id": caller.user_id if caller else None,
                "req_id": (request.view_args or {}).get("req_id") or g.get("req_id"),
                "client": request.remote_addr,
            },
        )
    return response
