"""What administrators see: the question cache, what retiring a question means, and usage as charts and numbers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import CachedQuestion, GenerationLog, utc_now
from techscreen.schemas.audit import UsageFigures, UsageGroup
from techscreen.storage.transactions import transaction
from techscreen.workbench.usage_charts import charts_of, dollars, rows_in_time, short, summed, top_of_scale
from tests.conftest import ADMIN, MakeApp
from tests.support.served_pages import Live
from tests.support.workflows import all_of, workflow
from tests.workbench.pages import page_of, send

if TYPE_CHECKING:
    from playwright.sync_api import Page

NOTHING = {
    **{name: 0 for name in UsageFigures.model_fields},
    "estimated_cost": 0.0,
    "models_without_price": [],
}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


@pytest.fixture
def generated(client: FlaskClient, requisition: dict[str, Any]) -> None:
    """One enhancement and one interview."""
    assert workflow(client, requisition).status_code == 200


@pytest.fixture
def lent(app: Flask, client: FlaskClient, requisition: dict[str, Any]) -> CachedQuestion:
    """A question of the cache that two requisitions have, of five."""
    for number in (1, 2):
        assert workflow(client, {**requisition, "req_id": f"REQ-{number}"}).status_code == 200
    return next(row for row in all_of(app, CachedQuestion) if row.usage_count == 2)


# ---------------------------------------------------------------------------------------------------------- the cache


def test_an_empty_cache_says_what_comes_into_it(client: FlaskClient) -> None:
    assert "The cache is empty" in page_of(client, "/cache")


def test_the_cache_tells_its_counts_and_lists_its_questions(
    client: FlaskClient, lent: CachedQuestion, make_app: MakeApp
) -> None:
    page = page_of(client, "/cache")
    figures = dict(re.findall(r'href="/interviews/cache\?state=(\w+)"[^>]*><strong>(\d+)</strong>', page))
    counts = client.get("/api/interview/cache", headers=ADMIN).json["counts"]
    assert {name: int(number) for name, number in figures.items()} == {name: counts[name] for name in figures}
    assert "Most used" in page
    assert "Least used" in page
    assert f'href="/interviews/cache/{lent.id}"' in page
    assert "switched off" not in page
    off = make_app(WORKBENCH=True, ENABLE_QUESTION_CACHE=False).test_client()
    assert "switched off" in page_of(off, "/cache")


def test_the_cache_is_filtered(client: FlaskClient, generated: None) -> None:
    for query, status, words in (
        ("topic=&technology=&language=&state=retired", 200, "No question fits these filters"),
        ("order=most_used&state=available", 200, "5 questions"),
        ("page=2", 200, "There are only 1 pages"),
        ("page=0", 400, "page must be 1 or more."),
        ("state=lost&order=x", 400, "These are all questions."),
    ):
        assert words in page_of(client, f"/cache?{query}", status=status)


def test_retiring_a_question_names_the_interviews_that_contain_it(
    app: Flask, client: FlaskClient, lent: CachedQuestion
) -> None:
    address = f"/cache/{lent.id}"
    assert "2 interviews contain it" in page_of(client, address)

    refused = send(client, f"{address}/retire", {"reason": " ", "url": "https://forum.example/1"})
    assert refused.status_code == 400
    assert "This must not be blank." in refused.text
    assert 'value="https://forum.example/1"' in refused.text
    assert next(row for row in all_of(app, CachedQuestion) if row.id == lent.id).retired_at is None

    answer = send(client, f"{address}/retire", {"reason": "Seen on\r\na forum.", "url": "https://forum.example/1"})

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/interviews{address}")
    page = page_of(client, address)
    assert "anna.admin retired it on" in page
    assert "Seen on\na forum." in page
    assert '<a href="https://forum.example/1" rel="noopener noreferrer nofollow"' in page
    for interview_id in (1, 2):
        assert f'<a href="/interviews/{interview_id}">REQ-{interview_id}, version 1</a>' in page
    assert "Retire this question" not in page
    assert '<li class="card is-retired">' in page_of(client, "/cache?state=retired")


def test_an_address_that_would_act_is_no_link(client: FlaskClient, lent: CachedQuestion) -> None:
    send(client, f"/cache/{lent.id}/retire", {"reason": "x", "url": "javascript:alert(1)"})
    page = page_of(client, f"/cache/{lent.id}")
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


def test_questions_that_are_not_there_are_not_found(client: FlaskClient) -> None:
    page_of(client, "/cache/77", status=404)
    assert send(client, "/cache/77/retire", {"reason": "x"}).status_code == 404


# ---------------------------------------------------------------------------------------------------------------- usage


def test_without_any_usage_the_page_says_so(client: FlaskClient) -> None:
    assert "Nothing was generated in this period" in page_of(client, "/usage")


def row_of(page: str, name: str) -> list[str]:
    """The cells of a row of the table."""
    row = re.search(rf'<th scope="row">{re.escape(name)}</th>(.*?)</tr>', page, re.DOTALL)
    assert row, f"the table has no row {name}"
    return re.findall(r'<td class="number">([^<]*)</td>', row[1])


def test_the_table_has_the_numbers_of_the_service_and_the_charts_show_them(
    client: FlaskClient, lent: CachedQuestion
) -> None:
    total = client.get("/api/interview/usage", headers=ADMIN).json["total"]

    page = page_of(client, "/usage")

    cells = row_of(page, "In all")
    assert cells[0] == str(total["generations"])
    assert cells[7] == f"{total['tokens_used']:,}"
    assert cells[8] == dollars(total["estimated_cost"])
    assert cells[9] == str(total["cached_questions"])
    today = utc_now().date().isoformat()
    assert row_of(page, today) == cells
    assert page.count('<svg viewBox="0 0 300 100"') == 3
    assert f"<title>{today}: {total['tokens_used']:,}</title>" in page
    assert '<title id="tokens-title">Tokens by day</title>' in page
    assert "at the prices of 20" in page
    assert "came from the <a" in page
    assert "style=" not in page


def test_usage_is_grouped(client: FlaskClient, generated: None) -> None:
    names = {"user": "anna.admin", "operation": "Generating interviews", "model": "claude-opus-5-5"}
    for grouping, name in names.items():
        page = page_of(client, f"/usage?group_by={grouping}")
        assert row_of(page, name)
        assert f'<span class="name">{name}</span>' in page
        assert f'value="{grouping}" selected' in page


def test_a_period_includes_its_last_day(app: Flask, client: FlaskClient, generated: None) -> None:
    with app.app_context(), transaction() as session:
        for row in session.query(GenerationLog):
            row.started_at = utc_now().replace(year=2026, month=3, day=31, hour=23)

    assert row_of(page_of(client, "/usage?from=2026-03-01&to=2026-03-31"), "2026-03-31")
    assert "Nothing was generated" in page_of(client, "/usage?from=2026-03-01&to=2026-03-30")
    assert "Nothing was generated" in page_of(client, "/usage?from=2026-04-01&to=")
    weeks = page_of(client, "/usage?from=2026-01-01&to=2026-06-30")
    assert row_of(weeks, "2026-03-30 to 2026-04-05")
    assert "Weeks without use are left out." in weeks
    assert row_of(page_of(client, "/usage?from=0001-01-01&to=9999-12-31"), "2026-03-31")


def test_a_period_that_cannot_be_read_is_told(client: FlaskClient) -> None:
    for query, sentence in {
        "from=31.3.2026&to=": "This must be a date such as",
        "from=2026-03-02&to=2026-02-01": "This must not be before the first day.",
        "from=&to=9999-99-99": "This must be a date such as",
    }.items():
        page = page_of(client, f"/usage?{query}", status=400)
        assert sentence in page
        for value in re.findall(r"=([^&]+)", query):
            assert f'value="{value}"' in page


def test_a_missing_price_is_told(app: Flask, client: FlaskClient, generated: None) -> None:
    with app.app_context(), transaction() as session:
        for row in session.query(GenerationLog).filter_by(operation_type="interview_generation"):
            row.model = "claude-of-tomorrow"

    page = page_of(client, "/usage?group_by=operation")

    assert "No price is known</strong> for claude-of-tomorrow" in page
    assert row_of(page, "Generating interviews")[8] == row_of(page, "In all")[8] == "not known"
    assert row_of(page, "Enhancing job descriptions")[8].startswith("$")


def used(day: str, **figures: Any) -> UsageGroup:
    return UsageGroup(group=day, **{**NOTHING, "generations": 1, **figures})


def test_times_without_use_are_gaps() -> None:
    step, rows = rows_in_time([used("2026-03-03", tokens_used=5)], date(2026, 3, 1), date(2026, 3, 5))
    assert step == "day"
    assert [row.name for row in rows] == [f"2026-03-0{day}" for day in range(1, 6)]
    assert [row.figures.tokens_used for row in rows] == [0, 0, 5, 0, 0]
    assert [bar.length for bar in charts_of(rows)[1].bars] == [0, 0, 100, 0, 0]


@pytest.mark.parametrize(
    ("days", "step", "names"),
    [(92, "day", 92), (93, "week", 14), (728, "week", 105), (3_000, "month", 1)],
)
def test_long_periods_are_shown_by_weeks_and_months(days: int, step: str, names: int) -> None:
    end = date(2026, 3, 31)
    shown = rows_in_time([used("2026-03-03"), used("2026-03-05")], end - timedelta(days=days - 1), end)
    assert (shown[0], len(shown[1])) == (step if names > 1 else "day", names if names > 1 else 3)
    assert sum(row.figures.generations for row in shown[1]) == 2


def test_years_of_use_are_shown_by_months() -> None:
    step, rows = rows_in_time([used("2020-01-31"), used("2026-03-05")], None, date(2026, 3, 31))
    assert (step, rows[0].name, rows[-1].name, len(rows)) == ("month", "2020-01", "2026-03", 75)


def test_a_sum_is_unknown_if_a_part_of_it_is() -> None:
    parts = [used("a", estimated_cost=None, models_without_price=["m"]), used("b", estimated_cost=1.5, tokens_used=7)]
    total = summed(parts)
    assert (total.estimated_cost, total.models_without_price, total.tokens_used) == (None, ["m"], 7)
    assert summed(parts[1:]).estimated_cost == 1.5


@pytest.mark.parametrize(
    ("largest", "counts", "top"),
    [
        *[(1, True, 2), (3, True, 4), (5, True, 6), (7, True, 8), (11, True, 12), (44, True, 50), (130, True, 160)],
        *[(0.0123, False, 0.016), (0.24, False, 0.24), (1, False, 1), (99_000, False, 100_000)],
    ],
)
def test_scales_end_at_round_numbers(largest: float, counts: bool, top: float) -> None:
    assert top_of_scale(largest, counts) == pytest.approx(top)


def test_amounts_and_numbers_read_well() -> None:
    assert [dollars(amount) for amount in (0, 0.000312, 0.0123, 1.5, 1234.5)] == [
        "$0.00",
        "$0.000312",
        "$0.01",
        "$1.50",
        "$1,234.50",
    ]
    assert [short(number) for number in (0, 15, 1_500, 2_400_000)] == ["0", "15", "1.5 k", "2.4 M"]


def test_bars_are_seen_and_the_page_is_retired_from_by_keyboard(live: Live, page: Page, axe: Any) -> None:
    assert live.interview_id
    page.goto("/interviews/usage")
    drawn = page.locator("figure svg[role=img]").first
    assert drawn.locator("rect.value").last.bounding_box()["height"] > 20  # type: ignore[index]
    assert not axe(page)

    page.goto("/interviews/cache")
    page.locator(".questions a").first.click()
    page.get_by_label("Why?").focus()
    page.keyboard.type("Seen on a forum.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("The question is retired").wait_for()
    assert page.get_by_role("link", name=f"{live.req_id}, version 1").count() == 1
    assert not axe(page)
