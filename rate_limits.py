"""How often one caller may ask, in our own app. A host app has limits of its own."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import ApplicationLimit, Limiter

from auth import caller_of
from config import Settings
from errors import Unauthenticated

# What generates, and so costs tokens: the operations of POSTs, by their endpoints.
GENERATING = frozenset({"interview.enhance_job_description", "interview.generate_interview", "interview.run_workflow"})
# A load balancer or a Prometheus asks every few seconds, and for everybody.
FREE = frozenset({"operations.health", "operations.ready", "operations.metrics"})
# Seconds for which a Redis may keep a request waiting before this process counts by itself.
STORAGE_TIMEOUT = 1


def limit_rates(app: Flask, settings: Settings) -> None:
    """Refuse with 429 what goes beyond RATE_LIMIT or GENERATION_RATE_LIMIT, if they are set.

    If the Redis that counts is away, each process counts by itself until it is back.
    """
    limits = []
    if settings.rate_limit is not None:
        limits.append(ApplicationLimit(settings.rate_limit, scope="all", exempt_when=_is_free))
    if settings.generation_rate_limit is not None:
        limits.append(ApplicationLimit(settings.generation_rate_limit, scope="generating", exempt_when=_costs_nothing))
    if not limits:
        return
    patience: dict[str, str | int] = {"socket_timeout": STORAGE_TIMEOUT, "socket_connect_timeout": STORAGE_TIMEOUT}
    Limiter(
        _caller,
        app=app,
        application_limits=list(limits),
        storage_uri=settings.ratelimit_storage_uri,
        storage_options=patience if settings.ratelimit_storage_uri.startswith("redis") else {},
        in_memory_fallback_enabled=True,
        strategy="moving-window",
        headers_enabled=True,
        key_prefix="techscreen",
    )


def _caller() -> str:
    """Whose requests are counted together: those of a user or, if it is not known who calls, of an address."""
    try:
        return f"user {caller_of(request).user_id}"
    except Unauthenticated:
        return f"address {request.remote_addr}"


def _is_free() -> bool:
    return request.endpoint in FREE


def _costs_nothing() -> bool:
    return request.endpoint not in GENERATING
