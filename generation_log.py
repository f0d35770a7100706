"""The audit row around every generation, failed ones included.

The row is written and committed as `in_progress` before Claude is asked, and finished in a transaction
of its own, so that a failure never rolls back its own record. Rows that a killed process left behind
are set to `failed` once its heartbeat has been silent for too long.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import Any, Literal
from weakref import WeakValueDictionary

from sqlalchemy import Connection, Update, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

import metrics
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


# The open rows that somebody in this process is at work for.
_under_way: WeakValueDictionary[int, AuditRow] = WeakValueDictionary()


class AuditRow:
    """The open row of one generation: add what was spent, and say what came of it.

    As the context of a block it is closed at its end: `success`, or `failed` with the reason if the block raises.
    A `ClaudeError` that leaves the block brings its spending along; other spending is added by the block itself.
    """

    def __init__(self, row_id: int, operation: Operation, req_id: str, user_id: str) -> None:
        self.id = row_id
        self.spending = Spending()
        self.result_id: int | None = None
        self._operation = operation
        self.cached_questions = 0
        self._req_id = req_id
        self._user_id = user_id
        self._started = time.monotonic()
        self._succeeded = False
        _under_way[row_id] = self

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
        self._tell(error)

    def result_stored(self, session: Session) -> int | None:
        """The id of the result if it is stored already: by a commit whose answer got lost on the way."""
        done = GenerationLog.id == self.id, GenerationLog.status == "success"
        return session.scalar(select(GenerationLog.result_id).where(*done))

    def succeed(self, session: Session, result_id: int, *, cached_questions: int = 0) -> None:
        """Close the row in the transaction that stores what came of it. If that fails, the block will.

        Args:
            session: that transaction.
            result_id: the row that it stores.
            cached_questions: how many of its questions the cache has lent.
        """
        self.result_id = result_id
        self.cached_questions = cached_questions
        session.execute(self._row().values(**self._closing(None)))
        self._succeeded = True

    def finish(self, error: BaseException | None) -> None:
        """Close the row. A database that is away is logged, not raised: it must not hide `error`."""
        closing = self._closing(error)

        def write(session: Session | Connection) -> None:
            # This object is held until then: without it, this process would take the row for a forgotten one.
            session.execute(self._row().values(**closing))

        try:
            settled(write, patience=FINISH_PATIENCE)
        except (SQLAlchemyError, DatabaseUnavailable):
            logger.error(
                "audit row %d is finished later: %d tokens",
                self.id,
                self.spending.total_tokens,
                extra={"event": "audit_unfinished", "tokens": self.spending.total_tokens},
            )
            write_later(write)

    def _tell(self, error: BaseException | None) -> None:
        """A line in the log, and a count."""
        outcome, seconds = _code(error) or "success", time.monotonic() - self._started
        metrics.generation_ended(self._operation, outcome, seconds)
        logger.info(
            "%s: %s in %.1f s for %d tokens",
            self._operation,
            outcome,
            seconds,
            self.spending.total_tokens,
            extra={
                "event": "generation",
                "operation": self._operation,
                "outcome": outcome,
                "req_id": self._req_id,
                "user_id": self._user_id,
                "tokens": self.spending.total_tokens,
                "duration_ms": round(seconds * 1000),
            },
        )

    def _row(self) -> Update:
        return update(GenerationLog).where(GenerationLog.id == self.id)

    def _closing(self, error: BaseException | None) -> dict[str, Any]:
        return {
            "status": "failed" if error else "success",
            "error_message": _safe_message(error),
            "error_code": _code(error),
            "tokens_used": self.spending.total_tokens,
            "input_tokens": self.spending.input_tokens,
            "output_tokens": self.spending.output_tokens,
            "cache_creation_tokens": self.spending.cache_creation_tokens,
            "cache_read_tokens": self.spending.cache_read_tokens,
            "attempts": self.spending.attempts,
            "repairs": self.spending.repairs,
            "failed_checks": list(self.spending.failed_checks),
            "cached_questions": 0 if error else self.cached_questions,  # what was lent to no interview is no hit
            "claude_request_ids": list(self.spending.request_ids),
            "duration_ms": round((time.monotonic() - self._started) * 1000),
            "completed_at": utc_now(),
            "result_id": self.result_id,
        }


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
    return AuditRow(row.id, operation, req_id, user_id)


def fail_interrupted(dead_before: datetime) -> int:
    """Set the rows of processes that are no longer alive to `failed`.

    Args:
        dead_before: a process whose last heartbeat is older is dead.

    Returns:
        How many rows were set.
    """
    open_rows = GenerationLog.status == "in_progress"
    forgotten = (GenerationLog.started_at < dead_before) & GenerationLog.id.not_in(
        [known.key for known in _under_way.valuerefs()]
    )
    with transaction() as session:
        # Found first and then named by id: updating a range would lock the rows of running requests.
        ids = session.scalars(
            select(GenerationLog.id).where(open_rows, left_behind(GenerationLog.process_id, dead_before, forgotten))
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
