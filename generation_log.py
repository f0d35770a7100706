"""The audit row around every generation, failed ones included.

The row is written and committed as `in_progress` before Claude is asked, and finished in a transaction
of its own, so that a failure never rolls back its own record. Rows that a killed process left behind
are set to `failed` once its heartbeat has been silent for too long.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Literal

from sqlalchemy import Update, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from claude_interface import Claude
from errors import ClaudeError, DatabaseUnavailable, Spending, TechScreenError
from models import GenerationLog, settled, transaction, utc_now
from outstanding_writes import write_later
from service_processes import left_behind, this_process_id

logger = logging.getLogger(__name__)

Operation = Literal["jd_enhancement", "interview_generation"]
# Seconds to wait for a database that is away: the caller waits as well. After that the row is finished later.
FINISH_PATIENCE = 3.0
INTERRUPTED = "The service stopped before this was finished."


class AuditRow:
    """The open row of one generation: add what was spent, and say what came of it.

    As the context of a block it is closed at its end: `success`, or `failed` with the reason if the block raises.
    A `ClaudeError` that leaves the block brings its spending along; other spending is added by the block itself.
    """

    def __init__(self, row_id: int, req_id: str) -> None:
        self.id = row_id
        self.spending = Spending()
        self.result_id: int | None = None
        self.cached_questions = 0
        self._req_id = req_id
        self._started = time.monotonic()
        self._succeeded = False

    def __enter__(self) -> AuditRow:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ClaudeError):
            self.spending += error.spending
            error.spending = Spending()  # it is accounted for: no outer row may count it again
        if isinstance(error, TechScreenError) and error.req_id is None:
            error.req_id = self._req_id
        if error is not None or not self._succeeded:
            self.finish(error)

    def succeed(self, session: Session, result_id: int, *, cached_questions: int = 0) -> None:
        """Close the row in the transaction that stores what came of it. If that fails, the block will.

        Args:
            session: that transaction.
            result_id: the row that it stores.
            cached_questions: how many of its questions the cache has lent.
        """
        self.result_id = result_id
        self.cached_questions = cached_questions
        session.execute(self._closing(None))
        self._succeeded = True

    def finish(self, error: BaseException | None) -> None:
        """Close the row. A database that is away is logged, not raised: it must not hide `error`."""
        statement = self._closing(error)
        try:
            settled(lambda session: session.execute(statement), patience=FINISH_PATIENCE)
        except (SQLAlchemyError, DatabaseUnavailable):
            logger.error(
                "audit row %d is finished later: %d tokens",
                self.id,
                self.spending.total_tokens,
                extra={"event": "audit_unfinished", "tokens": self.spending.total_tokens},
            )
            write_later(lambda connection: connection.execute(statement))

    def _closing(self, error: BaseException | None) -> Update:
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
            "cached_questions": 0 if error else self.cached_questions,  # what was lent to no interview is no hit
            "claude_request_ids": list(self.spending.request_ids),
            "duration_ms": round((time.monotonic() - self._started) * 1000),
            "completed_at": utc_now(),
            "result_id": self.result_id,
        }
        return update(GenerationLog).where(GenerationLog.id == self.id).values(**values)


def audited(
    operation: Operation, *, req_id: str, user_id: str, claude: Claude, session: Session | None = None
) -> AuditRow:
    """Open an audit row, to be used as the context of the work.

    Args:
        session: the transaction to open it in; one of its own by default. It must be committed before Claude is asked.
    """
    row = GenerationLog(
        operation_type=operation,
        req_id=req_id,
        user_id=user_id,
        status="in_progress",
        model=claude.model,
        prompt_version=claude.prompt_version,
        process_id=this_process_id(),
    )
    if session is None:
        with transaction() as session:
            session.add(row)
    else:
        session.add(row)
        session.flush()
    return AuditRow(row.id, req_id)


def fail_interrupted(silence: timedelta) -> int:
    """Set the rows of processes that are no longer alive to `failed`.

    Args:
        silence: how long a living process may be silent.

    Returns:
        How many rows were set.
    """
    open_rows = GenerationLog.status == "in_progress"
    with transaction() as session:
        # Found first and then named by id: updating a range would lock the rows of running requests.
        ids = session.scalars(
            select(GenerationLog.id).where(open_rows, left_behind(GenerationLog.process_id, silence))
        ).all()
        if ids:
            session.execute(
                update(GenerationLog)
                .where(GenerationLog.id.in_(ids), open_rows)
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
