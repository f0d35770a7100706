"""What every request gets, whatever its endpoint: an id, which its answer carries, a log line, a count, a heartbeat."""

from __future__ import annotations

import logging
import time

from flask import Blueprint, Flask, Response, g, request

from techscreen.observability import metrics
from techscreen.observability.request_id import current_request_id
from techscreen.storage.host_sessions import give_back_connection
from techscreen.web.container import current_runtime
from techscreen.web.endpoint import current_declaration

logger = logging.getLogger(__name__)


def log_requests(target: Flask | Blueprint) -> None:
    """Give every request to an app or a blueprint its id, log line and count."""
    target.before_request(_start)
    target.after_request(_finish)


def ensure_heartbeat() -> None:
    """Make sure that this process has a heartbeat; before a POST that needs the database, wait for the first."""
    give_back_connection()  # of a host that has looked up who calls: the heartbeat needs one too
    declared = current_declaration()
    needs_database = declared is None or declared.needs_database
    current_runtime().heartbeat.ensure(wait=request.method == "POST" and needs_database)


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
