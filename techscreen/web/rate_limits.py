"""Rate limits: how often one caller may ask. In a host app they count for the routes of our blueprints alone.

RATE_LIMIT counts every request to a limited endpoint when it comes in. GENERATION_RATE_LIMIT counts a generation when
it is admitted, so that refused and replayed ones do not count, and none of many at once slips through.
"""

from __future__ import annotations

from collections.abc import Set

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, HeaderNames, Limiter

from config import Settings
from techscreen.errors import Unauthenticated
from techscreen.web.auth import caller_of
from techscreen.web.dispatch import count_generations_by
from techscreen.web.endpoint import current_declaration

# Seconds that a request waits for the Redis before this process counts by itself.
STORAGE_TIMEOUT = 1
# The limiter would put Retry-After on every answer. Under this name it is kept for those that are refused.
SECONDS_LEFT = "X-RateLimit-Retry-After"


def limit_rates(app: Flask, settings: Settings, *, only: Set[str] | None = None) -> None:
    """Refuse requests beyond RATE_LIMIT or GENERATION_RATE_LIMIT with 429, if these are set.

    While the Redis is away, each process counts by itself.

    Args:
        only: names of the blueprints whose requests are counted, as they are when a request comes. None: all are.
    """

    def is_free() -> bool:
        return (only is not None and request.blueprint not in only) or _is_free()

    if settings.rate_limit is None and settings.generation_rate_limit is None:
        return
    limits = []
    if settings.rate_limit is not None:
        limits.append(ApplicationLimit(settings.rate_limit, scope="all", exempt_when=is_free))
    patience: dict[str, str | int] = {"socket_timeout": STORAGE_TIMEOUT, "socket_connect_timeout": STORAGE_TIMEOUT}
    app.after_request(_retry_after_a_refusal)  # registered before the limiter's own handler, so it runs after it
    limiter = Limiter(
        _caller,
        app=app,
        application_limits=[*limits],
        # A host's own Flask-Limiter has its limits in the same config, from which this one must not take them.
        default_limits_exempt_when=_always,
        application_limits_exempt_when=is_free if limits else _always,
        storage_uri=settings.ratelimit_storage_uri,
        storage_options=patience if settings.ratelimit_storage_uri.startswith("redis") else {},
        in_memory_fallback_enabled=True,
        strategy="moving-window",
        headers_enabled=True,
        header_name_mapping={HeaderNames.RETRY_AFTER: SECONDS_LEFT},
        key_prefix="techscreen",
    )
    # A host may have switched all limits off, by RATELIMIT_ENABLED.
    if limiter.enabled and settings.generation_rate_limit is not None:

        @limiter.shared_limit(settings.generation_rate_limit, scope="generating")
        def count_generation() -> None:
            """Count one generation, or raise RateLimitExceeded."""

        count_generations_by(app, count_generation)


def _retry_after_a_refusal(response: Response) -> Response:
    seconds = response.headers.pop(SECONDS_LEFT, None)
    if seconds is not None and response.status_code == 429 and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = seconds
    return response


def _caller() -> str:
    """The caller whose requests are counted together: a user or, if the caller is unknown, an address."""
    try:
        return f"user {caller_of(request).user_id}"
    except Unauthenticated:
        return f"address {request.remote_addr}"


def _always() -> bool:
    return True


def _is_free() -> bool:
    """Whether the endpoint is exempt: a file of a page, or what a load balancer asks every few seconds."""
    declared = current_declaration()
    is_file = (request.endpoint or "").endswith(".static")
    return is_file or (declared is not None and not declared.limited)
