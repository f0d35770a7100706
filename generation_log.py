"""The audit row around every generation, failed ones included.

The row is written and committed as `in_progress` before Claude is asked, and finished in a transaction
of its own, so that a failure never rolls back its own record. Rows that a killed process left behind
are set to `failed` once they are older than any request may be.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from claude_interface import STORING_TIME, Claude
from errors import ClaudeError, DatabaseUnavailable, Spending, TechScreenError
from models import GenerationLog, transaction, utc_now

logger = logging.getLogger(__name__)

Operation = Literal["jd_enhancement", "interview_generation"]
# Seconds between tries to finish a row: what was paid is known then, and nowhere else.
FINISH_PAUSES = (0.5, 2.0)
INTERRUPTED = "The service stopped before this was finished."


class AuditRow:
    """The open row of one generation: add what was spent, and say what came of it."""

    def __init__(self, row_id: int) -> None:
        self.id = row_id
        self.spending = Spending()
        self.result_id: int | None = None
        self._started = time.monotonic()

    def finish(self, error: BaseException | None) -> None:
        """Close the row. A database that is away is logged, not raised: it must not hide `error`."""
        values = {
            "status": "failed" if error else "success",
            "error_message": _safe_message(error),
            "error_code": _code(error),
            "tokens_used": self.spending.total_tokens,
            "input_tokens": self.spending.input_tokens,
            "output_tokens": self.spending.output_tokens,
            "cache_creation_tokens": self.spending.cache_creation_tokens,
            "cache_read_tokens": self.spending.cache_read_tokens,
            "attempts": self.spending.attempts,
            "claude_request_ids": list(self.spending.request_ids),
            "duration_ms": round((time.monotonic() - self._started) * 1000),
            "completed_at": utc_now(),
            "result_id": self.result_id,
        }
        for pause in (*FINISH_PAUSES, None):
            try:
                with transaction() as session:
                    session.execute(update(GenerationLog).where(GenerationLog.id == self.id).values(**values))
                return
            except (SQLAlchemyError, DatabaseUnavailable):
                if pause is not None:
                    time.sleep(pause)
        logger.error(
            "audit row %d could not be finished: %s, %d tokens",
            self.id,
            values["status"],
            self.spending.total_tokens,
            extra={"event": "audit_unfinished", "tokens": self.spending.total_tokens},
        )


@contextmanager
def audited(operation: Operation, *, req_id: str, user_id: str, claude: Claude) -> Iterator[AuditRow]:
    """An audit row around the block: `success` if it ends, `failed` with the reason if it raises.

    A `ClaudeError` that leaves the block brings its spending along; other spending is added by the
    block itself, to `spending` of the row it is given.
    """
    with transaction() as session:
        row = GenerationLog(
            operation_type=operation,
            req_id=req_id,
            user_id=user_id,
            status="in_progress",
            model=claude.model,
            prompt_version=claude.prompt_version,
        )
        session.add(row)
    audit = AuditRow(row.id)
    try:
        yield audit
    except BaseException as error:
        if isinstance(error, ClaudeError):
            audit.spending += error.spending
        if isinstance(error, TechScreenError) and error.req_id is None:
            error.req_id = req_id
        audit.finish(error)
        raise
    audit.finish(None)


def fail_interrupted(request_timeout: float) -> int:
    """Set the rows that no living request can own any more to `failed`.

    Args:
        request_timeout: seconds that a request may take.

    Returns:
        How many rows were set.
    """
    oldest = utc_now() - timedelta(seconds=request_timeout) - STORING_TIME
    left_behind = GenerationLog.status == "in_progress", GenerationLog.started_at < oldest
    with transaction() as session:
        # Found first and then named by id: updating a range would lock the rows of running requests.
        ids = session.scalars(select(GenerationLog.id).where(*left_behind)).all()
        if ids:
            session.execute(
                update(GenerationLog)
                .where(GenerationLog.id.in_(ids), GenerationLog.status == "in_progress")
                .values(status="failed", error_message=INTERRUPTED, error_code="interrupted", completed_at=utc_now())
            )
    if ids:
        logger.warning("%d interrupted generations set to failed", len(ids), extra={"event": "audit_recovered"})
    return len(ids)


def _safe_message(error: BaseException | None) -> str | None:
    if error is None:
        return None
    # Other exceptions may carry SQL, a prompt or an address; their kind is enough, the log has the rest.
    return error.message if isinstance(error, TechScreenError) else type(error).__name__


def _code(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return error.code if isinstance(error, TechScreenError) else "internal_error"
