"""How many tokens may be spent in a day, in UTC: counted from the audit log, so all processes and nodes agree.

It is looked at before anything is asked of Claude. What is under way counts when it ends, so the last generations of a
day may go beyond the budget by what they cost.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import Settings
from errors import TokenBudgetExhausted
from models import GenerationLog, utc_now

logger = logging.getLogger(__name__)

# Part of a budget from which on the log warns.
WARN_FROM = 0.8


@dataclass(frozen=True)
class _Budget:
    """A limit, and what has been spent of it today."""

    whose: str
    spent: int
    limit: int

    @property
    def ratio(self) -> float:
        return self.spent / self.limit


def refuse_if_spent(session: Session, settings: Settings, user_id: str) -> None:
    """Let a generation begin, or say that today's budget is spent.

    Raises:
        TokenBudgetExhausted: with the seconds until midnight UTC.
    """
    now = utc_now()
    for budget in _budgets(session, settings, user_id, now):
        if budget.ratio >= 1:
            raise TokenBudgetExhausted(
                f"Today's token budget {budget.whose} is spent. It begins anew at midnight UTC.",
                retry_after=_until_midnight(now),
            )
        if budget.ratio >= WARN_FROM:
            logger.warning(
                "%d %% of today's token budget %s is spent",
                math.floor(100 * budget.ratio),
                budget.whose,
                extra={"event": "token_budget", "spent": budget.spent, "limit": budget.limit},
            )


def spent_ratio(session: Session, settings: Settings) -> float | None:
    """Part of today's budget of all users that is spent; None without a budget."""
    if settings.daily_token_budget is None:
        return None
    return _spent(session, utc_now(), None) / settings.daily_token_budget


def _budgets(session: Session, settings: Settings, user_id: str, now: datetime) -> list[_Budget]:
    budgets = []
    if settings.daily_token_budget is not None:
        budgets.append(_Budget("of all users", _spent(session, now, None), settings.daily_token_budget))
    if settings.daily_token_budget_per_user is not None:
        budgets.append(_Budget("of this user", _spent(session, now, user_id), settings.daily_token_budget_per_user))
    return budgets


def _spent(session: Session, now: datetime, user_id: str | None) -> int:
    today = [GenerationLog.started_at >= datetime.combine(now.date(), time())]
    if user_id is not None:
        today.append(GenerationLog.user_id == user_id)
    return int(session.scalar(select(func.coalesce(func.sum(GenerationLog.tokens_used), 0)).where(*today)) or 0)


def _until_midnight(now: datetime) -> int:
    midnight = datetime.combine(now.date() + timedelta(days=1), time())
    return math.ceil((midnight - now).total_seconds())
