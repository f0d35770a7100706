"""Usage: the tokens, calls and estimated cost of generations, summed from the audit rows that Claude has a part in.

A period and a grouping come in, sums go out. The database sums by group and model in one statement; the cost is worked
out from that, because prices depend on the model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select

from config import Settings, TokenPrices
from models import GenerationLog
from techscreen.errors import Spending
from techscreen.generation.audit_log import NO_MODEL
from techscreen.operations.audit_trail import started_in
from techscreen.schemas.audit import UsageAnswer, UsageFigures, UsageGroup, UsageGrouping, UsageQuery
from techscreen.schemas.generation import LIBRARY_MODEL, SAMPLE_MODEL
from techscreen.storage.transactions import transaction

MILLION = 1_000_000
# Decimal places of a dollar: a short answer of a small model costs a few hundred millionths.
DECIMAL_PLACES = 6
FREE = TokenPrices(input=0, output=0, cache_write=0, cache_read=0)
# date() is the only function for this that SQLite and MySQL share.
GROUPS: Mapping[UsageGrouping, ColumnElement[Any]] = {
    "day": func.date(GenerationLog.started_at),
    "user": GenerationLog.user_id.expression,
    "operation": GenerationLog.operation_type.expression,
    "model": GenerationLog.model.expression,
}
SUMS = {
    "failures": case((GenerationLog.status == "failed", 1), else_=0),
    "calls": GenerationLog.attempts,
    "tokens_used": GenerationLog.tokens_used,
    "input_tokens": GenerationLog.input_tokens,
    "output_tokens": GenerationLog.output_tokens,
    "cache_creation_tokens": GenerationLog.cache_creation_tokens,
    "cache_read_tokens": GenerationLog.cache_read_tokens,
    "lower_bounds": case((GenerationLog.tokens_are_lower_bound, 1), else_=0),
    "cached_questions": GenerationLog.cached_questions,
}


def usage_of(query: UsageQuery, settings: Settings) -> UsageAnswer:
    """What the generations begun in a period have used, by group and in all.

    Args:
        query: the period, and by what to group.
        settings: CLAUDE_PRICES and CLAUDE_PRICES_AS_OF. Sample content costs nothing.
    """
    group = GROUPS[query.group_by]
    sums = [func.sum(column).label(name) for name, column in SUMS.items()]
    statement = (
        select(group.label("group"), GenerationLog.model.label("model"), func.count().label("generations"), *sums)
        .where(*started_in(query), GenerationLog.model != NO_MODEL)
        .group_by(group, GenerationLog.model)
    )
    with transaction() as session:
        rows = session.execute(statement).all()
    by_group: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_group[str(row.group)].append(row)
    prices = {**settings.claude_prices, SAMPLE_MODEL: FREE, LIBRARY_MODEL: FREE}
    groups = [UsageGroup(group=name, **_figures(its_rows, prices)) for name, its_rows in sorted(by_group.items())]
    if query.group_by != "day":
        groups.sort(key=lambda group: -group.tokens_used)
    return UsageAnswer(
        from_=query.from_,
        to=query.to,
        group_by=query.group_by,
        prices_as_of=settings.claude_prices_as_of,
        total=UsageFigures(**_figures(rows, prices)),
        groups=groups,
    )


def _figures(rows: Sequence[Row[Any]], prices: Mapping[str, TokenPrices]) -> dict[str, Any]:
    spent = [row for row in rows if row.tokens_used]
    without_price = sorted({row.model for row in spent} - set(prices))
    cost = None if without_price else sum((cost_of(row, prices[row.model]) for row in spent), Decimal())
    return {
        **{name: sum(int(getattr(row, name)) for row in rows) for name in ("generations", *SUMS)},
        "estimated_cost": None if cost is None else float(round(cost, DECIMAL_PLACES)),
        "models_without_price": without_price,
    }


def cost_of(spent: Row[Any] | Spending, prices: TokenPrices) -> Decimal:
    """The cost in US dollars. Prices are converted from text, without their binary rounding errors."""
    tokens_and_prices = (
        (spent.input_tokens, prices.input),
        (spent.output_tokens, prices.output),
        (spent.cache_creation_tokens, prices.cache_write),
        (spent.cache_read_tokens, prices.cache_read),
    )
    return sum((int(tokens) * Decimal(str(price)) for tokens, price in tokens_and_prices), Decimal()) / MILLION
