"""What the service counts, for Prometheus. Each process counts by itself; a scrape adds up those of its node.

That takes a folder that they share, named by PROMETHEUS_MULTIPROC_DIR before this module is loaded (see
`metrics_folder.py`); without one, a process only knows its own counts. No label holds what a caller may choose freely:
each value of a label is a time series, kept for ever.
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

from errors import Spending
from metrics_folder import shares_counts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Seconds. Reading takes milliseconds, writing with Claude half a minute.
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
    "techscreen_cache_lookups", "Questions looked up in the question cache.", ("result",), registry=_registry
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
        route: its rule and not its path.
    """
    _requests.labels(method if method in METHODS else "other", route, str(status)).inc()
    _request_seconds.labels(route).observe(seconds)


def generation_ended(operation: str, outcome: str, seconds: float) -> None:
    """Count a generation with its audit row."""
    _generation_seconds.labels(operation, outcome).observe(seconds)


def claude_asked(model: str, outcome: str, spending: Spending, seconds: float) -> None:
    """Count a thing asked of Claude and what it cost, also if it failed."""
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


def cache_looked_up(*, hits: int, misses: int) -> None:
    """Count questions that were looked up in the question cache."""
    _cache_lookups.labels("hit").inc(hits)
    _cache_lookups.labels("miss").inc(misses)


def watch_pool(engine: Engine) -> None:
    """Keep an eye on how many connections a pool has handed out.

    Its own count is read again at each change, so that a connection lost on the way falsifies nothing for long.
    """
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return
    in_use, limit = _pool.labels("in_use"), _pool.labels("limit")
    event.listen(engine, "connect", lambda *_: limit.set(pool.size()))
    event.listen(engine, "checkout", lambda *_: in_use.set(pool.checkedout()))
    # It still counts as handed out while this is told.
    event.listen(engine, "checkin", lambda *_: in_use.set(max(0, pool.checkedout() - 1)))


def gauge(name: str, documentation: str, values: Iterable[tuple[dict[str, str], float]]) -> Metric:
    """A figure that is only looked up when it is asked for.

    Args:
        values: each with its labels.
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
    """The counts of all processes. One that is just beginning may not have finished making its file: then once more."""
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
    """What a registry takes figures from."""

    def __init__(self, gauges: list[Metric]) -> None:
        self._gauges = gauges

    def collect(self) -> list[Metric]:
        return self._gauges
