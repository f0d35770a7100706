"""The daily token budgets (in UTC), counted from the audit rows, so that all processes and nodes agree.

A request is checked when it is accepted, and again when it begins. From then on its audit row reserves the tokens that
it is likely to use, until they are spent or it ends: otherwise a hundred requests that begin together would each find
the same budget. A request may begin while anything is left, so a day exceeds its budget by about one workflow.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from config import Settings
from models import GenerationLog, ServiceProcess, utc_now
from techscreen.errors import TokenBudgetExhausted, TokenBudgetReserved

logger = logging.getLogger(__name__)

# The spent part of a budget from which on the log warns.
WARN_FROM = 0.8
# Tokens that a generation is expected to use while there is none to learn from, and how many of the newest to learn
# from.
FIRST_GUESS = {
    "jd_enhancement": 6_000,
    "interview_generation": 14_000,
    "question_alternatives": 6_000,
    "criteria_suggestion": 2_000,
}
SAMPLE_SIZE = 100
# Seconds after which tokens reserved for others may be free again.
RETRY_AFTER = 30
# A row that is only there to be locked, so that generations about to begin check the budgets one at a time.
TURNSTILE = "token-budget"


@dataclass(frozen=True)
class _Budget:
    """A limit, and how much of it has been spent today and is reserved."""

    whose: str
    spent: int
    set_aside: int
    limit: int

    def refuse_if_spent(self, now: datetime) -> None:
        if self.spent >= self.limit:
            raise TokenBudgetExhausted(
                f"Today's token budget {self.whose} is spent. It begins anew at midnight UTC.",
                retry_after=_until_midnight(now),
            )

    def refuse_if_set_aside(self) -> None:
        if self.spent + self.set_aside >= self.limit:
            raise TokenBudgetReserved(
                f"What is left of today's token budget {self.whose} is set aside for what is under way.",
                retry_after=RETRY_AFTER,
            )

    def warn_if_nearly_spent(self) -> None:
        ratio = self.spent / self.limit
        if ratio >= WARN_FROM:
            logger.warning(
                "%d %% of today's token budget %s is spent",
                math.floor(100 * ratio),
                self.whose,
                extra={"event": "token_budget", "spent": self.spent, "limit": self.limit},
            )


def refuse_if_spent(session: Session, settings: Settings, user_id: str, *, can_wait: bool) -> None:
    """Accept a generation, or say that today's budget is spent.

    Args:
        can_wait: whether it need not begin at once; then what is reserved for others does not matter.

    Raises:
        TokenBudgetExhausted: with the seconds until midnight UTC.
        TokenBudgetReserved: if the rest is reserved for others.
    """
    now = utc_now()
    for budget in _budgets(session, settings, user_id, now):
        budget.refuse_if_spent(now)
        if not can_wait:
            budget.refuse_if_set_aside()


def set_aside(session: Session, settings: Settings, user_id: str, operations: Sequence[str]) -> Mapping[str, int]:
    """Let a generation begin, and estimate the tokens to reserve for it.

    Args:
        session: the transaction that opens its audit row. This call must come first in it: others wait for its end, and
            must then see that row.
        operations: all that the request will do.

    Returns:
        The tokens that each operation is likely to use, for its audit row. Empty if there is no budget.

    Raises:
        TokenBudgetExhausted, TokenBudgetReserved: as `refuse_if_spent`.
    """
    if settings.daily_token_budget is None and settings.daily_token_budget_per_user is None:
        return {}
    _take_turns(session)
    now = utc_now()
    for budget in _budgets(session, settings, user_id, now):
        budget.refuse_if_spent(now)
        budget.refuse_if_set_aside()
        budget.warn_if_nearly_spent()
    likely = _likely_tokens(session)
    return {operation: likely[operation] for operation in operations}


def spent_ratio(session: Session, settings: Settings) -> float | None:
    """The spent part of today's budget of all users; None without a budget."""
    if settings.daily_token_budget is None:
        return None
    spent, _ = _used(session, utc_now(), None)
    return spent / settings.daily_token_budget


def _budgets(session: Session, settings: Settings, user_id: str, now: datetime) -> list[_Budget]:
    budgets = []
    if settings.daily_token_budget is not None:
        budgets.append(_Budget("of all users", *_used(session, now, None), settings.daily_token_budget))
    if settings.daily_token_budget_per_user is not None:
        budgets.append(_Budget("of this user", *_used(session, now, user_id), settings.daily_token_budget_per_user))
    return budgets


def _used(session: Session, now: datetime, user_id: str | None) -> tuple[int, int]:
    """The tokens spent today, and those reserved for what is under way."""
    today: list[ColumnElement[bool]] = [GenerationLog.started_at >= datetime.combine(now.date(), time())]
    if user_id is not None:
        today.append(GenerationLog.user_id == user_id)
    still_to_come = GenerationLog.expected_tokens - GenerationLog.tokens_used
    spent = select(func.sum(GenerationLog.tokens_used)).where(*today)
    to_come = select(func.sum(still_to_come)).where(GenerationLog.status == "in_progress", still_to_come > 0, *today)
    row = session.execute(select(spent.scalar_subquery(), to_come.scalar_subquery())).one()
    return int(row[0] or 0), int(row[1] or 0)


def _likely_tokens(session: Session) -> dict[str, int]:
    """The tokens that each operation may use: the most that a recent one has, since a mean is often exceeded."""
    asked = GenerationLog.status == "success", GenerationLog.tokens_used > 0
    newest = (
        select(GenerationLog.operation_type, GenerationLog.tokens_used)
        .where(*asked)
        .order_by(GenerationLog.id.desc())
        .limit(SAMPLE_SIZE)
        .subquery()
    )
    largest = select(newest.c.operation_type, func.max(newest.c.tokens_used)).group_by(newest.c.operation_type)
    return {**FIRST_GUESS, **{operation: int(most) for operation, most in session.execute(largest)}}


def _take_turns(session: Session) -> None:
    """Wait until no other generation is checking the budgets to begin. On SQLite any write does that."""
    turnstile = update(ServiceProcess).where(ServiceProcess.id == TURNSTILE).values(heartbeat_at=utc_now())
    passed: Any = session.execute(turnstile, execution_options={"synchronize_session": False})
    if not passed.rowcount:
        session.add(ServiceProcess(id=TURNSTILE))
        session.flush()


def _until_midnight(now: datetime) -> int:
    midnight = datetime.combine(now.date() + timedelta(days=1), time())
    return math.ceil((midnight - now).total_seconds())
