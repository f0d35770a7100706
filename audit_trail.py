"""The audit rows: list them, page by page, and remove those that are older than they have to be kept.

Nothing else removes audit rows.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select

from audit_schemas import AuditRowView, LogsAnswer, LogsQuery, PeriodQuery
from errors import FieldProblem, InvalidRequest
from models import LARGEST_ID, GenerationLog, transaction, utc_now

logger = logging.getLogger(__name__)

BATCH = 1_000


@dataclass(frozen=True)
class Pruned:
    """How many rows were removed, or would be, from when they are, and which day they had to be older than."""

    rows: int
    oldest: datetime | None
    newest: datetime | None
    before: datetime


def list_rows(query: LogsQuery) -> LogsAnswer:
    """One page of the audit rows that are asked for, newest first.

    A page begins after the last row of the one before, so rows that are inserted meanwhile shift nothing.

    Raises:
        InvalidRequest: if the cursor was not given for the same filters.
    """
    conditions = [*started_in(query), *_filters(query)]
    if query.cursor is not None:
        conditions.append(GenerationLog.id < _position(query, query.cursor))
    page = select(GenerationLog).where(*conditions).order_by(GenerationLog.id.desc())
    with transaction() as session:
        rows = session.scalars(page.limit(query.page_size + 1)).all()  # one more shows whether there is more
    shown = rows[: query.page_size]
    return LogsAnswer(
        logs=[AuditRowView.model_validate(row) for row in shown],
        page_size=query.page_size,
        next_cursor=_cursor(query, shown[-1].id) if len(rows) > len(shown) else None,
    )


def started_in(period: PeriodQuery) -> list[ColumnElement[bool]]:
    """The conditions that hold for the rows of a period."""
    conditions: list[ColumnElement[bool]] = []
    if period.from_ is not None:
        conditions.append(GenerationLog.started_at >= period.from_)
    if period.to is not None:
        conditions.append(GenerationLog.started_at < period.to)
    return conditions


def prune(retention_days: int, *, dry_run: bool, batch: int = BATCH) -> Pruned:
    """Remove the rows of generations that were begun longer ago, but never those that are in progress.

    Each batch is a transaction of its own and names its rows by id, so that no other row is locked. It is logged at
    once: what an interrupted run has removed is known.

    Args:
        retention_days: how many days a row is kept.
        dry_run: only count them.
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
    while True:
        with transaction() as session:
            rows = session.execute(some.limit(batch)).all()
            if not rows:
                return done
            session.execute(delete(GenerationLog).where(GenerationLog.id.in_([row.id for row in rows])))
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


def _cursor(query: LogsQuery, last_id: int) -> str:
    """Where the next page begins. The digest ties it to its filters, and lets no mistyped one pass.

    It needs no secret: whoever may page may see every row.
    """
    filters = query.model_dump_json(exclude={"cursor", "page_size"})
    return f"{last_id}-{hashlib.sha256(f'{last_id} {filters}'.encode()).hexdigest()[:24]}"


def _position(query: LogsQuery, cursor: str) -> int:
    number = cursor.partition("-")[0]
    if number.isdecimal() and int(number) <= LARGEST_ID and _cursor(query, int(number)) == cursor:
        return int(number)
    sentence = "cursor must be the next_cursor of an answer to the same filters."
    raise InvalidRequest.of_fields([FieldProblem("cursor", sentence)])
