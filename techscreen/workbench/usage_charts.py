"""What the page about usage draws and lists: an answer about usage comes in, rows and charts go out.

Each bar of a chart has its row in the table, with the same numbers. Long periods are shown by weeks or months, so that
bars stay wide enough to be seen; times without use are drawn as gaps and have no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from techscreen.schemas.audit import UsageFigures, UsageGroup

Step = Literal["day", "week", "month"]

MAX_DAYS, MAX_WEEKS = 92, 104
# Bars of a chart by users, operations or models; the table has all of them.
MAX_BARS = 20
# What the top of a scale begins with: halves of these are round too.
ROUND = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class UsageRow:
    """A row of the table, and what it is called in it."""

    name: str
    figures: UsageFigures


@dataclass(frozen=True)
class Bar:
    """A bar: its row's name, its value in words, and its length and that of its dark part in per cent of the scale."""

    name: str
    words: str
    length: float
    failed: float = 0


@dataclass(frozen=True)
class Chart:
    """A chart: what it shows, the words at its scale from the top down, and its bars. None of them if all is zero."""

    key: str
    title: str
    scale: tuple[str, str, str]
    bars: list[Bar]


@dataclass(frozen=True)
class _Measure:
    key: str
    title: str
    value: Callable[[UsageFigures], float | None]
    words: Callable[[float], str]
    scale_words: Callable[[float], str]
    counts: bool = False


def rows_in_time(groups: Sequence[UsageGroup], begin: date | None, end: date) -> tuple[Step, list[UsageRow]]:
    """Rows without gaps from one day to another, by days or, in a longer period, by weeks or months.

    Args:
        groups: what was used on each day that has any.
        begin: the first day; None for the first that has any.
    """
    by_day = {date.fromisoformat(group.group): group for group in groups}
    first, last = begin or min(by_day, default=end), end
    if by_day and _step(first, last) == "month":  # nobody wants to see centuries without use
        first, last = max(first, min(by_day)), min(last, max(by_day))
    step = _step(first, last)
    used: dict[date, list[UsageGroup]] = {}
    for day, group in sorted(by_day.items()):
        used.setdefault(_beginning(day, step), []).append(group)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    periods = dict.fromkeys(_beginning(day, step) for day in days) if by_day else {}
    return step, [UsageRow(_period_name(start, step), summed(used.get(start, []))) for start in periods]


def summed(figures: Iterable[UsageFigures]) -> UsageFigures:
    """The sum. Its cost is unknown if that of a part is."""
    parts = list(figures)
    costs = [part.estimated_cost for part in parts]
    known = [cost for cost in costs if cost is not None]
    counted = [name for name in UsageFigures.model_fields if name not in ("estimated_cost", "models_without_price")]
    return UsageFigures(
        **{name: sum(getattr(part, name) for part in parts) for name in counted},
        estimated_cost=sum(known) if len(known) == len(costs) else None,
        models_without_price=sorted({model for part in parts for model in part.models_without_price}),
    )


def charts_of(rows: Sequence[UsageRow]) -> list[Chart]:
    """A chart of the cost, of the tokens and of the generations."""
    return [_chart(measure, rows) for measure in _MEASURES]


def dollars(amount: float) -> str:
    """An amount of US dollars, with more decimals the smaller it is."""
    if amount and amount < 0.01:
        return f"${amount:.6f}".rstrip("0")
    return f"${amount:,.2f}"


def whole(number: float) -> str:
    """A whole number with commas."""
    return f"{number:,.0f}"


def short(number: float) -> str:
    """A number for a scale: 1.2 M instead of 1,200,000."""
    for size, sign in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.4g}{sign}"
    return f"{number:.4g}"


def top_of_scale(largest: float, counts: bool = False) -> float:
    """The smallest round number that is not less. Of things that are counted, half of it is a whole number too."""
    size = 1.0
    while size > largest:
        size /= 10
    while size * 10 < largest:
        size *= 10
    for factor in (*ROUND, *(10 * factor for factor in ROUND)):
        top = round(size * factor, 10)
        if top >= largest and not (counts and top % 2):
            return top
    return size * 100


def _chart(measure: _Measure, rows: Sequence[UsageRow]) -> Chart:
    values = [measure.value(row.figures) for row in rows]
    largest = max((value for value in values if value is not None), default=0)
    if not largest:
        return Chart(measure.key, measure.title, ("", "", ""), [])
    top = top_of_scale(largest, measure.counts)
    bars = [_bar(measure, row, value, top) for row, value in zip(rows, values, strict=True)]
    scale = (measure.scale_words(top), measure.scale_words(top / 2), measure.scale_words(0))
    return Chart(measure.key, measure.title, scale, bars)


def _bar(measure: _Measure, row: UsageRow, value: float | None, top: float) -> Bar:
    if value is None:
        return Bar(row.name, "not known", 0)
    failed = row.figures.failures if measure.key == "generations" else 0
    words = measure.words(value) + (f", {whole(failed)} of them failed" if failed else "")
    return Bar(row.name, words, round(100 * value / top, 2), round(100 * failed / top, 2))


_MEASURES = (
    _Measure("cost", "Estimated cost in US dollars", lambda one: one.estimated_cost, dollars, dollars),
    _Measure("tokens", "Tokens", lambda one: one.tokens_used, whole, short),
    _Measure("generations", "Generations", lambda one: one.generations, whole, short, counts=True),
)


def _step(first: date, last: date) -> Step:
    days = (last - first).days + 1
    return "day" if days <= MAX_DAYS else "week" if days <= 7 * MAX_WEEKS else "month"


def _beginning(day: date, step: Step) -> date:
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def _period_name(start: date, step: Step) -> str:
    if step == "month":
        return start.isoformat()[:7]
    return f"{start} to {start + timedelta(days=6)}" if step == "week" else start.isoformat()
