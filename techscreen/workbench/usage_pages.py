"""What generations have used and about what that cost: a period and a grouping come in, a page goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, request

from models import utc_now
from techscreen.errors import InvalidRequest
from techscreen.operations.usage import usage_of
from techscreen.schemas.audit import UsageAnswer, UsageQuery
from techscreen.schemas.generation import LIBRARY_MODEL
from techscreen.schemas.problems import validated
from techscreen.web.container import current_runtime
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.page import page
from techscreen.workbench.plain_words import MODELS, OPERATIONS
from techscreen.workbench.rendering import render
from techscreen.workbench.usage_charts import MAX_BARS, UsageRow, charts_of, dollars, rows_in_time, whole

GROUPINGS = {"day": "Day", "user": "Person", "operation": "What was done", "model": "Model"}
NAMES = {"operation": OPERATIONS, "model": MODELS}
DAYS = (7, 30, 90)
USUAL_DAYS = 30
DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Period:
    """What was asked for: a chosen number of days (0: everything), or a first and a last day, as they were typed."""

    first: str
    last: str
    days: int | None

    @property
    def query(self) -> dict[str, str]:
        """The same for the service, for which the last moment is outside."""
        given = {"from": self.first, "to": _day_after(self.last)}
        return {name: value for name, value in given.items() if value}


@workbench_bp.get("/usage")
@page("admin")
def usage() -> str | Response:
    """Tokens and cost as charts, with a table of the same numbers."""
    period = _asked_period()
    group_by = request.args.get("group_by", "day")
    try:
        query = validated(UsageQuery, {**period.query, "group_by": group_by if group_by in GROUPINGS else "day"})
    except InvalidRequest as error:
        problems = {each.field: _told(each.message) for each in error.details}
        return Response(_page(period, None, problems=problems, group_by=group_by), 400)
    settings = current_runtime().settings
    answer = usage_of(query, settings)
    by_model = (
        answer if query.group_by == "model" else usage_of(query.model_copy(update={"group_by": "model"}), settings)
    )
    without_claude = sum(group.generations for group in by_model.groups if group.group == LIBRARY_MODEL)
    return _page(period, answer, without_claude=without_claude, group_by=query.group_by)


def _page(period: _Period, answer: UsageAnswer | None, **more: Any) -> str:
    values: dict[str, Any] = {"problems": {}, "without_claude": 0, **more}
    if answer is not None:
        step, rows = _rows(answer)
        used = [row for row in rows if row.figures.generations]
        values |= {"step": step, "rows": used, "charts": charts_of(rows if step else rows[:MAX_BARS])}
        values |= {"bars_left_out": 0 if step else max(0, len(rows) - MAX_BARS)}
        values |= {"cache": current_runtime().cache.counts()}
    return render(
        "usage.html",
        answer=answer,
        period=period,
        groupings=GROUPINGS,
        days=DAYS,
        dollars=dollars,
        whole=whole,
        **values,
    )


def _rows(answer: UsageAnswer) -> tuple[str | None, list[UsageRow]]:
    """The rows, and whether they are days, weeks or months; None if they are something else."""
    if answer.group_by == "day":
        begin = answer.from_.date() if answer.from_ else None
        end = (answer.to - DAY).date() if answer.to else utc_now().date()
        return rows_in_time(answer.groups, begin, end)
    names = NAMES.get(answer.group_by, {})
    return None, [UsageRow(names.get(group.group, group.group), group) for group in answer.groups]


def _asked_period() -> _Period:
    """The days that were typed; or else the last days, as many as were chosen."""
    given = request.args
    if "from" in given or "to" in given:
        return _Period(given.get("from", "").strip(), given.get("to", "").strip(), None)
    chosen = given.get("days", "")
    days = int(chosen) if chosen in {str(number) for number in (0, *DAYS)} else USUAL_DAYS
    today = utc_now().date()
    return _Period(str(today - (days - 1) * DAY) if days else "", str(today) if days else "", days)


def _day_after(day: str) -> str:
    try:
        return str(date.fromisoformat(day) + DAY)
    except (ValueError, OverflowError):
        return day


def _told(message: str) -> str:
    name, _, rest = message.partition(" ")
    return f"This {rest.replace('before from', 'before the first day')}" if name in ("from", "to") else message
