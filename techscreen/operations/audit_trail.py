"""The audit trail: lists audit rows, page by page, and prunes those that need not be kept any longer.

Filters or a number of days come in; views of rows, or counts of what was removed, go out. Nothing else removes rows.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from models import GenerationLog, utc_now
from techscreen.schemas.audit import AuditRowView, LogsAnswer, LogsQuery, PeriodQuery
from techscreen.schemas.cursors import cursor_after, position_of
from techscreen.storage.transactions import run_in_transaction, transaction

logger = logging.getLogger(__name__)

BATCH = 1_000


@dataclass(frozen=True)
class Pruned:
    """How many rows were removed (or would be), when the oldest and newest began, and since when rows are kept."""

    rows: int
    oldest: datetime | None
    newest: datetime | None
    before: datetime


def list_rows(query: LogsQuery) -> LogsAnswer:
    """One page of the audit rows that match the query, newest first.

    A page begins after the last row of the one before, so that rows inserted meanwhile shift nothing.

    Raises:
        InvalidRequest: if the cursor was not given for the same filters.
    """
    conditions = [*started_in(query), *_filters(query)]
    if query.cursor is not None:
        conditions.append(GenerationLog.id < position_of(query.cursor, _asked_for(query)))
    page = select(GenerationLog).where(*conditions).order_by(GenerationLog.id.desc())
    with transaction() as session:
        rows = session.scalars(page.limit(query.page_size + 1)).all()  # one more shows whether there is more
    shown = rows[: query.page_size]
    return LogsAnswer(
        logs=[AuditRowView.model_validate(row) for row in shown],
        page_size=query.page_size,
        next_cursor=cursor_after(shown[-1].id, _asked_for(query)) if len(rows) > len(shown) else None,
    )


def started_in(period: PeriodQuery) -> list[ColumnElement[bool]]:
    """The conditions for rows of a period."""
    conditions: list[ColumnElement[bool]] = []
    if period.from_ is not None:
        conditions.append(GenerationLog.started_at >= period.from_)
    if period.to is not None:
        conditions.append(GenerationLog.started_at < period.to)
    return conditions


def prune(retention_days: int, *, dry_run: bool, batch: int = BATCH) -> Pruned:
    """Remove the rows of generations begun longer ago, but never those in progress.

    Each batch is a transaction of its own and names its rows by id, so that no other row is locked. It is logged at
    once, so that an interrupted run has logged what it removed.

    Args:
        retention_days: how many days a row is kept.
        dry_run: only count the rows.
        batch: how many rows to remove at a time.
    """
    before = utc_now() - timedelta(days=retention_days)
    too_old = GenerationLog.started_at < before, GenerationLog.status != "in_progress"
    if dry_run:
        started = GenerationLog.started_at
        with transaction() as session:
            count, oldest, newest = session.execute(
                select(func.count(), func.min(started), func.max(started)).where(*too_old)
            ).one()
        return Pruned(count, oldest, newest, before)
    some = select(GenerationLog.id, GenerationLog.started_at).where(*too_old).order_by(GenerationLog.started_at)
    done = Pruned(0, None, None, before)

    def remove_some(session: Session) -> Sequence[Any]:
        rows = session.execute(some.limit(batch)).all()
        session.execute(delete(GenerationLog).where(GenerationLog.id.in_([row.id for row in rows])))
        return rows

    while True:
        rows = run_in_transaction(remove_some)
        if not rows:
            return done
        oldest, newest = rows[0].started_at, rows[-1].started_at
        logger.info(
            "%d audit rows removed, from %s to %s",
            len(rows),
            oldest.isoformat(timespec="seconds"),
            newest.isoformat(timespec="seconds"),
            extra={"event": "audit_pruned", "removed": len(rows), "oldest": str(oldest), "newest": str(newest)},
        )
        done = Pruned(done.rows + len(rows), done.oldest or oldest, newest, before)


def _filters(query: LogsQuery) -> list[ColumnElement[bool]]:
    asked = {
        GenerationLog.req_id: query.req_id,
        GenerationLog.user_id: query.user_id,
        GenerationLog.operation_type: query.operation_type,
        GenerationLog.status: query.status,
    }
    return [column == value for column, value in asked.items() if value is not None]


def _asked_for(query: LogsQuery) -> str:
    """The filters of a list, to which its cursors belong."""
    return query.model_dump_json(exclude={"cursor", "page_size"})
