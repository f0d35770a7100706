"""The answer to a scrape: the counts of all processes, and the gauges that only the database knows."""

from __future__ import annotations

import logging
from collections import Counter

from prometheus_client import Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Settings
from models import GenerationJob
from techscreen.errors import DatabaseUnavailable
from techscreen.generation import token_budget
from techscreen.observability import metrics
from techscreen.storage import outbox
from techscreen.storage.transactions import transaction

logger = logging.getLogger(__name__)

JOB_STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")


def metrics_report(settings: Settings) -> bytes:
    """All figures in Prometheus' text format; while the database is away, without those that only it knows."""
    is_up = True
    gauges: list[Metric] = []
    try:
        with transaction() as session:
            gauges = [*_jobs(session), *_budget(session, settings)]
    except DatabaseUnavailable as error:
        is_up = False
        logger.warning("metrics without the database: %s", error.code, extra={"event": "metrics_incomplete"})
    up = metrics.gauge("techscreen_database_up", "Whether the database answered this scrape.", [({}, float(is_up))])
    return metrics.exposition([up, *gauges])


def _jobs(session: Session) -> list[Metric]:
    columns = GenerationJob.status, GenerationJob.operation
    jobs: Counter[str] = Counter()
    events: Counter[str] = Counter()
    for status, operation, count in session.execute(select(*columns, func.count()).group_by(*columns)):
        (events if operation == outbox.OPERATION else jobs)[status] += count
    removed = "those that have ended are removed after seven days."
    return [
        metrics.gauge(name, f"{what} by status; {removed}", [({"status": s}, counted[s]) for s in JOB_STATUSES])
        for name, what, counted in (
            ("techscreen_jobs", "Jobs", jobs),
            ("techscreen_webhook_events", "Events for the webhook", events),
        )
    ]


def _budget(session: Session, settings: Settings) -> list[Metric]:
    ratio = token_budget.spent_ratio(session, settings)
    if ratio is None:
        return []
    documentation = "Part of today's token budget of all users that is spent."
    return [metrics.gauge("techscreen_daily_token_budget_ratio", documentation, [({}, ratio)])]
