"""Rate limits for each caller, and how many tokens may be spent in a day."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import token_budget
from models import GenerationLog, transaction, utc_now
from tests.conftest import ADMIN, READER, MakeApp, go_without
from tests.fake_claude import FakeClaude
from tests.private_brokers import private_redis, redis_is_installed
from tests.test_jobs import ENHANCE, LATER, WORKFLOW, counts, rows

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
READ = "/api/interview/req/R"


def statuses(client: FlaskClient, count: int, headers: dict[str, str], path: str = READ) -> list[int]:
    return [client.get(path, headers=headers).status_code for _ in range(count)]


def enhance(client: FlaskClient, body: dict[str, Any], **headers: str) -> TestResponse:
    return client.post(ENHANCE, json=body, headers={**ADMIN, **headers})


# ---------------------------------------------------------------------------------------------------- rate limits


@on_sqlite
def test_a_caller_that_asks_too_often_is_told_when_to_come_back_and_others_are_not_held_up(make_app: MakeApp) -> None:
    client = make_app(RATE_LIMIT="3 per minute").test_client()

    assert statuses(client, 4, READER) == [200, 200, 200, 429]

    answer = client.get(READ, headers=READER)
    assert answer.get_json()["code"] == "rate_limited"
    assert answer.get_json()["request_id"] == answer.headers["X-Request-ID"]
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert statuses(client, 1, ADMIN) == [200]
    assert statuses(client, 10, READER, "/health") == [200] * 10


@on_sqlite
def test_who_is_not_known_is_counted_by_address(make_app: MakeApp) -> None:
    client = make_app(RATE_LIMIT="3 per minute", GATEWAY_SECRET="s", TRUSTED_PROXIES=1).test_client()

    def guess(address: str, user: str) -> int:
        headers = {"X-User-ID": user, "X-User-Role": "admin", "X-Gateway-Secret": "?", "X-Forwarded-For": address}
        return client.get(READ, headers=headers).status_code

    # Another name for each guess does not help.
    assert [guess("203.0.113.1", f"user {n}") for n in range(5)] == [401, 401, 401, 429, 429]
    assert guess("203.0.113.2", "user") == 401
    assert client.get("/nowhere", headers={"X-Forwarded-For": "203.0.113.1"}).status_code in (404, 429)


@on_sqlite
def test_generating_has_a_stricter_limit_of_its_own(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    client = make_app(RATE_LIMIT="100 per minute", GENERATION_RATE_LIMIT="2 per minute").test_client()

    answers = [enhance(client, requisition).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
    assert len(fake.received) == 2
    assert client.post(WORKFLOW, json=requisition, headers=ADMIN).status_code == 429
    assert statuses(client, 5, ADMIN) == [200] * 5
    assert len(rows(database_url, "generation_logs")) == 2


@on_sqlite
def test_without_limits_nobody_is_refused(client: FlaskClient) -> None:
    assert set(statuses(client, 50, READER)) == {200}


@on_sqlite
def test_over_redis_all_processes_count_together_and_without_it_each_serves_on_its_own(make_app: MakeApp) -> None:
    if not redis_is_installed():
        go_without("Redis", "redis-server", "TEST_REDIS_URL")
    with private_redis() as server:
        settings = {"RATE_LIMIT": "4 per minute", "RATELIMIT_STORAGE_URI": server.url}
        one, other = make_app(**settings).test_client(), make_app(**settings).test_client()
        assert statuses(one, 2, READER) + statuses(other, 3, READER) == [200] * 4 + [429]

        server.kill()
        # It is counted anew, in each process.
        assert statuses(one, 5, READER) == [200] * 4 + [429]
        assert statuses(other, 5, READER) == [200] * 4 + [429]


# --------------------------------------------------------------------------------------------------------- budgets


def spend(app: Flask, tokens: int, user_id: str = "somebody", days_ago: int = 0) -> None:
    with app.app_context(), transaction() as session:
        session.add(
            GenerationLog(
                operation_type="jd_enhancement",
                req_id="R",
                user_id=user_id,
                status="failed",
                model="m",
                prompt_version="p",
                tokens_used=tokens,
                started_at=utc_now() - timedelta(days=days_ago),
            )
        )


def test_when_the_budget_of_a_day_is_spent_nothing_is_paid_for_until_midnight(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    app = make_app(DAILY_TOKEN_BUDGET=1000, ASYNC_PROCESSING=True)
    client = app.test_client()
    spend(app, 5000, days_ago=1)
    spend(app, 999)
    assert enhance(client, requisition, **{"Idempotency-Key": "before"}).status_code == 200
    before, asked = counts(database_url, "service_processes"), len(fake.received)

    for headers in ({}, {"Idempotency-Key": "k"}, {"Accept": "text/event-stream"}, LATER):
        for path in (ENHANCE, WORKFLOW):
            answer = client.post(path, json=requisition, headers={**ADMIN, **headers})
            assert (answer.status_code, answer.get_json()["code"]) == (429, "token_budget_exhausted")
            seconds = int(answer.headers["Retry-After"])
            midnight = (utc_now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            assert abs((utc_now() + timedelta(seconds=seconds) - midnight).total_seconds()) < 5
    assert counts(database_url, "service_processes") == before
    assert len(fake.received) == asked
    # What was answered already is answered again, and reading goes on.
    replayed = enhance(client, requisition, **{"Idempotency-Key": "before"})
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (200, "true")
    assert client.get(f"/api/interview/jd/{requisition['req_id']}", headers=READER).status_code == 200


def test_each_user_has_a_budget_of_their_own(make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude) -> None:
    app = make_app(DAILY_TOKEN_BUDGET_PER_USER=1000)
    client = app.test_client()
    spend(app, 1000, user_id="anna.admin")
    spend(app, 1_000_000, user_id="Anna.Admin")

    refused = enhance(client, requisition)
    allowed = client.post(ENHANCE, json=requisition, headers={**ADMIN, "X-User-ID": "bert"})

    assert (refused.status_code, refused.get_json()["code"]) == (429, "token_budget_exhausted")
    assert allowed.status_code == 200
    assert len(fake.received) == 1


@on_sqlite
def test_a_budget_that_is_nearly_spent_is_told_in_the_log_and_in_the_metrics(
    make_app: MakeApp, requisition: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(DAILY_TOKEN_BUDGET=100_000)
    client = app.test_client()
    spend(app, 79_000)
    enhance(client, requisition)
    assert not [record for record in caplog.records if record.name == token_budget.__name__]
    spend(app, 5_000)

    enhance(client, requisition)

    (record,) = [record for record in caplog.records if record.name == token_budget.__name__]
    assert record.levelno == logging.WARNING
    assert "of today's token budget of all users is spent" in record.getMessage()
    line = next(
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("techscreen_daily_token_budget_ratio")
    )
    assert 0.8 < float(line.split()[1]) < 1
