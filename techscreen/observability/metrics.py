"""The metrics for Prometheus: events come in from all rooms, the text format goes out.

Each process counts by itself, and a scrape adds up the processes of a node, from a folder that they share. The folder
is named by PROMETHEUS_MULTIPROC_DIR before this module is loaded (see `multiprocess.py`); without it, a process knows
only its own counts. No label holds anything that callers choose freely: each value of a label is a time series, kept
for ever.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from techscreen.errors import Spending
from techscreen.observability.multiprocess import forget_gauges_of_the_dead, shares_counts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# In seconds. Reading takes milliseconds, generating half a minute.
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
CLAUDE_BUCKETS = (0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)

# Seconds to wait for a process to finish making its file.
PAUSES = (0.01, 0.05, 0.2)

# A registry of our own: a host app's stays as it is.
_registry = CollectorRegistry()
_requests = Counter("techscreen_http_requests", "Requests answered.", ("method", "route", "status"), registry=_registry)
_request_seconds = Histogram(
    "techscreen_http_request_seconds",
    "Time to an answer; of a stream of events, to its beginning.",
    ("route",),
    buckets=REQUEST_BUCKETS,
    registry=_registry,
)
_generation_seconds = Histogram(
    "techscreen_generation_seconds",
    "Time of a generation, by its audit row: success, or the code of its error.",
    ("operation", "outcome"),
    buckets=CLAUDE_BUCKETS,
    registry=_registry,
)
_claude_calls = Counter(
    "techscreen_claude_calls",
    "Things asked of Claude, retries and repairs included in each: success, or the code of the error.",
    ("outcome", "model"),
    registry=_registry,
)
_claude_attempts = Counter(
    "techscreen_claude_attempts",
    "Calls made to Claude, each retry and repair by itself.",
    ("model",),
    registry=_registry,
)
_claude_seconds = Histogram(
    "techscreen_claude_call_seconds",
    "Time of a thing asked of Claude, retries and repairs included.",
    ("model",),
    buckets=CLAUDE_BUCKETS,
    registry=_registry,
)
_tokens = Counter("techscreen_tokens", "Claude tokens, as billed.", ("kind", "model"), registry=_registry)
_cache_lookups = Counter(
    "techscreen_cache_lookups", "Questions looked up in library and cache.", ("result",), registry=_registry
)
_changes = Counter("techscreen_changes", "What people have done with interviews.", ("operation",), registry=_registry)
_webhooks = Counter(
    "techscreen_webhook_deliveries",
    "Tries to deliver an event: delivered, or why not.",
    ("event", "outcome"),
    registry=_registry,
)
_pool = Gauge(
    "techscreen_database_pool_connections",
    "Connections to the database: in use, and as many as there may be.",
    ("state",),
    registry=_registry,
    multiprocess_mode="livesum",
)


def request_answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request.

    Args:
        route: the rule of the route, not the path.
    """
    _requests.labels(method if method in METHODS else "other", route, str(status)).inc()
    _request_seconds.labels(route).observe(seconds)


def generation_ended(operation: str, outcome: str, seconds: float) -> None:
    """Count a generation with its audit row."""
    _generation_seconds.labels(operation, outcome).observe(seconds)


def claude_asked(model: str, outcome: str, spending: Spending, seconds: float) -> None:
    """Count a request to Claude and its cost, whether it succeeded or not."""
    _claude_calls.labels(outcome, model).inc()
    _claude_attempts.labels(model).inc(spending.attempts)
    _claude_seconds.labels(model).observe(seconds)
    kinds = {
        "input": spending.input_tokens,
        "output": spending.output_tokens,
        "cache_write": spending.cache_creation_tokens,
        "cache_read": spending.cache_read_tokens,
    }
    for kind, tokens in kinds.items():
        _tokens.labels(kind, model).inc(tokens)


def changed(operation: str) -> None:
    """Count what a person has done with an interview or a job description."""
    _changes.labels(operation).inc()


def cache_looked_up(*, hits: int, misses: int, of_library: int = 0) -> None:
    """Count questions that were looked up: lent by the question cache, by the library, or by neither."""
    _cache_lookups.labels("hit").inc(hits)
    _cache_lookups.labels("library").inc(of_library)
    _cache_lookups.labels("miss").inc(misses)


def webhook_tried(event: str, outcome: str) -> None:
    """Count a try to deliver an event.

    Args:
        event: one of the names of `storage/outbox.py`, or "test".
        outcome: one of the outcomes of `operations/webhook_delivery.py`.
    """
    _webhooks.labels(event, outcome).inc()


def watch_pool(engine: Engine) -> None:
    """Report how many connections a pool has handed out.

    The pool's own count is read at each change, so that a lost connection does not distort it for long.
    """
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return
    in_use, limit = _pool.labels("in_use"), _pool.labels("limit")
    event.listen(engine, "connect", lambda *_: limit.set(pool.size()))
    event.listen(engine, "checkout", lambda *_: in_use.set(pool.checkedout()))
    # At this event the pool still counts the connection as handed out.
    event.listen(engine, "checkin", lambda *_: in_use.set(max(0, pool.checkedout() - 1)))


def gauge(name: str, documentation: str, values: Iterable[tuple[dict[str, str], float]]) -> Metric:
    """A gauge that is looked up at each scrape.

    Args:
        values: pairs of labels and value.
    """
    family = GaugeMetricFamily(name, documentation)
    for labels, value in values:
        family.add_sample(name, labels, value)
    return family


def exposition(gauges: Iterable[Metric]) -> bytes:
    """All figures in Prometheus' text format.

    Args:
        gauges: what was looked up for this scrape, added at the end.
    """
    counted = _counted_by_all() if shares_counts() else generate_latest(_registry)
    looked_up = CollectorRegistry()
    looked_up.register(_LookedUp(list(gauges)))
    return counted + generate_latest(looked_up)


def _counted_by_all() -> bytes:
    """The counts of all processes, read again if a starting process has not finished its file."""
    forget_gauges_of_the_dead()
    for pause in PAUSES:
        try:
            return _read_files()
        except (struct.error, RuntimeError):
            time.sleep(pause)
    return _read_files()


def _read_files() -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it registers itself
    return generate_latest(registry)


class _LookedUp(Collector):
    """Presents looked-up gauges to a registry."""

    def __init__(self, gauges: list[Metric]) -> None:
        self._gauges = gauges

    def collect(self) -> list[Metric]:
        return self._gauges
