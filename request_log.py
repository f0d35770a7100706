"""Every request gets an id, which its answer carries, and one log line."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Blueprint, Flask, Response, g, has_app_context, has_request_context, request

import metrics

logger = logging.getLogger(__name__)

# Anything else a caller sends is replaced: the id goes into logs and headers.
USABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")


def current_request_id() -> str | None:
    """The id of the current request: the caller's, or a new one. In a job that of its request; else None."""
    if not has_request_context():
        return g.get("request_id") if has_app_context() else None
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if USABLE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    return str(g.request_id)


def log_requests(target: Flask | Blueprint) -> None:
    """Give every request to an app or a blueprint an id and a log line."""
    target.before_request(_start)
    target.after_request(_finish)


def _start() -> None:
    g.setdefault("request_started", time.monotonic())


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = current_request_id() or ""
    if not g.get("request_logged"):
        # Both an app and its blueprint may have been given to log_requests.
        g.request_logged = True
        caller = g.get("interview_caller")
        seconds = time.monotonic() - g.get("request_started", time.monotonic())
        # The route and not the path: a path may hold anything, and a log is read by programs too.
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
