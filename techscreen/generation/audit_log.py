"""The audit row around every generation, failed ones included.

The row is committed as `in_progress` before Claude is asked, updated after each answer that was paid for, and closed as
`success` with the result or as `failed` in a transaction of its own, so that no rollback takes the record with it. Rows
of a killed process are set to `failed` once its heartbeat has been silent for too long; their spending stays.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Update, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import GenerationLog, utc_now
from prompts import Request
from techscreen.claude.interface import Check, Claude, ClaudeAnswer, Deadline, Listener
from techscreen.errors import ClaudeError, DatabaseUnavailable, Spending, TechScreenError
from techscreen.observability import metrics
from techscreen.schemas.audit import ChangeOperation, Generation
from techscreen.storage.deferred_writes import Values, deferrable, write_or_defer
from techscreen.storage.liveness import WorkUnderWay, this_process_id
from techscreen.storage.transactions import run_in_transaction

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)

NO_MODEL = "none"  # in the rows of what people do
INTERRUPTED = "The service stopped before this was finished."
_under_way = WorkUnderWay(GenerationLog.process_id, GenerationLog.started_at, GenerationLog.id)


@dataclass
class _RunningCall:
    """A call whose answer has not been taken yet, and the cost that it has reported."""

    spending: Spending | None = None


class AuditRow:
    """The open row of one generation: it counts what is spent and records the outcome.

    As a context manager it is closed at the end of the block: as `success`, or as `failed` with the reason if the block
    raises. Claude is asked through `ask` and its answers are taken with `take`, which count the cost.

    Attributes:
        spending: of all calls taken so far, failed ones included.
        unsaved_spending: a future, done as soon as a call under way has cost something that is not in the row yet.
            `save_spending` replaces it.
    """

    def __init__(self, row_id: int, operation: Generation, req_id: str, user_id: str) -> None:
        self.id = row_id
        self.spending = Spending()
        self._in_transaction = Spending()
        self.result_id: int | None = None
        self._operation = operation
        self.cached_questions = 0
        self._req_id = req_id
        self._user_id = user_id
        self._started = time.monotonic()
        self._succeeded = False
        self.unsaved_spending: Future[None] = Future()
        self._lock = threading.Lock()
        self._running: dict[Future[Any], _RunningCall] = {}
        self._saved = Spending()

    def __enter__(self) -> AuditRow:
        _under_way.add(self.id, self)
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, TechScreenError) and error.req_id is None:
            error.req_id = self._req_id
        if error is not None or not self._succeeded:
            self.finish(error)
        _under_way.remove(self.id, self)
        self._report(error)

    def ask(
        self,
        claude: Claude,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None = None,
    ) -> Future[ClaudeAnswer[T]]:
        """Ask Claude for this generation. See `Claude.submit`; `take` returns the answer."""
        running = _RunningCall()
        _under_way.add(self.id, self)  # Claude may be asked before the block is entered

        def note(spending: Spending) -> None:
            with self._lock:
                running.spending = spending
                if not self.unsaved_spending.done():
                    self.unsaved_spending.set_result(None)

        call = claude.submit(request, check, deadline, listener, note)
        self._running[call] = running
        return call

    def wait_for(self, *either: Future[Any], seconds: float | None = None) -> bool:
        """Wait until one of them is done, and save what calls under way cost meanwhile.

        Args:
            seconds: how long to wait; by default as long as it takes.

        Returns:
            False if none is done by then.
        """
        while True:
            done = wait([*either, self.unsaved_spending], seconds, return_when=FIRST_COMPLETED).done
            if done != {self.unsaved_spending}:
                return bool(done)
            self.save_spending()

    def take(self, call: Future[ClaudeAnswer[T]]) -> ClaudeAnswer[T]:
        """The answer of a finished call. Its cost is counted even if it failed.

        Raises:
            ClaudeError: the error of the call.
        """
        running = self._running.pop(call, None)
        try:
            answer = call.result()
        except ClaudeError as error:
            self.spending += error.spending
            raise
        except BaseException:  # a cancelled call has no count of its own
            if running is not None and running.spending is not None:
                self.spending += replace(running.spending, is_lower_bound=True)
            raise
        self.spending += answer.spending
        return answer

    def save_spending(self, session: Session | None = None) -> None:
        """Write to the row what has been spent so far, so that a kill loses nothing of the count.

        Args:
            session: the transaction to write in. By default one of its own, if there is anything new; if the database
                is away, the next call makes up for it.
        """
        with self._lock:
            if self.unsaved_spending.done():
                self.unsaved_spending = Future()
            spent = sum((call.spending for call in self._running.values() if call.spending), self.spending)
        if session is not None:
            session.execute(self._row().values(**_columns(spent)))
            self._in_transaction = spent
        elif spent != self._saved:
            try:
                run_in_transaction(lambda own: own.execute(self._row().values(**_columns(spent))))
            except (SQLAlchemyError, DatabaseUnavailable) as error:
                logger.warning("spending not noted: %s", type(error).__name__, extra={"event": "spending_not_noted"})
            else:
                self._saved = spent

    def spending_committed(self) -> None:
        """Note that the transaction last given to `save_spending` is committed, so that nothing is written again."""
        self._saved = self._in_transaction

    def result_stored(self, session: Session) -> int | None:
        """The id of the result, if a commit whose answer got lost has stored it already."""
        done = GenerationLog.id == self.id, GenerationLog.status == "success"
        return session.scalar(select(GenerationLog.result_id).where(*done))

    def succeed(self, session: Session, result_id: int, *, cached_questions: int = 0) -> None:
        """Close the row in the transaction that stores the result. If that fails, the block closes it as `failed`.

        Args:
            session: the transaction.
            result_id: the id of the stored row.
            cached_questions: how many of its questions came from the cache.
        """
        self.result_id = result_id
        self.cached_questions = cached_questions
        session.execute(self._row().values(**self._closing(None)))
        self._succeeded = True

    def finish(self, error: BaseException | None) -> None:
        """Close the row; if the database is away, as soon as it is back."""
        own = {"id": self.id, "req_id": self._req_id, "process_id": this_process_id()}
        write_or_defer(generation_ended, **own, closing=self._closing(error))

    def _report(self, error: BaseException | None) -> None:
        """Log the outcome and count it."""
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
            **_columns(self.spending),
            "cached_questions": 0 if error else self.cached_questions,  # without an interview they are no hits
            "duration_ms": round((time.monotonic() - self._started) * 1000),
            "completed_at": utc_now(),
            "result_id": None if error else self.result_id,
        }


def _columns(spent: Spending) -> dict[str, Any]:
    return {
        "tokens_used": spent.total_tokens,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cache_creation_tokens": spent.cache_creation_tokens,
        "cache_read_tokens": spent.cache_read_tokens,
        "tokens_are_lower_bound": spent.is_lower_bound,
        "attempts": spent.attempts,
        "repairs": spent.repairs,
        "failed_checks": list(spent.failed_checks),
        "claude_request_ids": list(spent.request_ids),
    }


def open_audit_row(
    operation: Generation,
    *,
    req_id: str,
    user_id: str,
    claude: Claude,
    session: Session | None = None,
    expected_tokens: int | None = None,
) -> AuditRow:
    """Open an audit row, to be used as the context of the work.

    Args:
        expected_tokens: what the token budgets have reserved for it.
        session: the transaction to open it in; one of its own by default. It must be committed before Claude is asked.
    """

    def open_(session: Session) -> int:
        row = GenerationLog(
            operation_type=operation,
            req_id=req_id,
            user_id=user_id,
            status="in_progress",
            model=claude.model,
            prompt_version=claude.prompt_version,
            process_id=this_process_id(),
            expected_tokens=expected_tokens,
        )
        session.add(row)
        session.flush()
        return row.id

    row_id = run_in_transaction(open_) if session is None else open_(session)
    return AuditRow(row_id, operation, req_id, user_id)


def log_change(
    session: Session,
    operation: ChangeOperation,
    req_id: str,
    user_id: str,
    result_id: int | None = None,
    erased: dict[str, int] | None = None,
) -> None:
    """Write the audit row of what a person has done, in the transaction that does it.

    Args:
        req_id: the requisition that it is about; empty if it is about none.
        result_id: what was changed or made.
        erased: how many rows of what are gone.
    """
    now = utc_now()
    session.add(
        GenerationLog(
            operation_type=operation,
            req_id=req_id,
            user_id=user_id,
            status="success",
            model=NO_MODEL,
            prompt_version=NO_MODEL,
            started_at=now,
            completed_at=now,
            duration_ms=0,
            result_id=result_id,
            erased=erased,
        )
    )


@deferrable
def generation_ended(session: Session, values: Values) -> None:
    """Close an audit row. Its process knows best, even if the row was set to interrupted meanwhile."""
    # Not by its id alone: in a recreated database that id belongs to another row.
    own = [getattr(GenerationLog, name) == values[name] for name in ("id", "req_id", "process_id")]
    if values["closing"]["status"] == "failed":
        # If the answer to the commit of its success got lost, there is a result, and it counts.
        own.append(GenerationLog.status != "success")
    session.execute(update(GenerationLog).where(*own).values(**values["closing"]))


def fail_interrupted(dead_before: datetime) -> int:
    """Set the rows of processes that are no longer alive to `failed`.

    Args:
        dead_before: a process whose last heartbeat is older is dead.

    Returns:
        How many rows were set.
    """
    open_rows = GenerationLog.status == "in_progress"

    def fail(session: Session) -> Sequence[int]:
        # Select first, then update by id: updating a range would lock the rows of running requests.
        ids = session.scalars(select(GenerationLog.id).where(open_rows, _under_way.is_orphaned(dead_before))).all()
        if ids:
            session.execute(
                update(GenerationLog)
                .where(GenerationLog.id.in_(ids), open_rows)
                .values(
                    status="failed",
                    error_message=INTERRUPTED,
                    error_code="interrupted",
                    tokens_are_lower_bound=True,
                    completed_at=utc_now(),
                )
            )
        return ids

    ids = run_in_transaction(fail)
    if ids:
        logger.warning("%d interrupted generations set to failed", len(ids), extra={"event": "audit_recovered"})
    return len(ids)


def _safe_message(error: BaseException | None) -> str | None:
    if error is None:
        return None
    # Other exceptions may quote SQL, a prompt or an address. Their type is enough; the log has the rest.
    return error.message if isinstance(error, TechScreenError) else type(error).__name__


def _code(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return error.code if isinstance(error, TechScreenError) else "internal_error"
