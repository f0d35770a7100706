"""Rate limits for each caller, and how many tokens may be spent in a day."""

from __future__ import annotations

import itertools
import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import GenerationLog, utc_now
from techscreen.generation import token_budget
from techscreen.jobs import runner
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, READER, MakeApp, go_without
from tests.jobs.test_idempotency import at_once
from tests.jobs.test_jobs import (
    ENHANCE,
    GENERATE,
    LATER,
    QUICK_HEART,
    WORKFLOW,
    Gate,
    accepted,
    counts,
    ended,
    is_enhancement,
    is_question,
    rows,
    started,
    until,
)
from tests.support.fake_claude import FakeClaude, error_reply
from tests.support.private_brokers import private_redis, redis_is_installed

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


RETIRE = "/api/interview/cache/1/retire"


@on_sqlite
def test_only_what_would_generate_counts_as_a_generation(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    settings = {"GATEWAY_SECRET": "s", "ASYNC_PROCESSING": True, "GENERATION_RATE_LIMIT": "1 per minute"}
    client = make_app(**settings).test_client()
    boris = {"X-User-ID": "boris", "X-User-Role": "admin", "X-Gateway-Secret": "s"}
    stored = client.post(ENHANCE, json=requisition, headers=boris).get_json()["job_description_id"]
    fake.next(error_reply(401, "authentication_error"))
    carla = {**boris, "X-User-ID": "carla"}
    not_enhanced = {**requisition, "req_id": "R2"}
    assert client.post(ENHANCE, json=not_enhanced, headers=carla).status_code == 500
    anna = {**boris, "X-User-ID": "anna"}
    missing = {"req_id": "R", "job_description_id": 4711}
    early = {"req_id": "R2", "job_description_id": stored + 1}
    disagreeing = {"req_id": "R", "job_description_id": stored}
    keyed = {**anna, "Idempotency-Key": "k"}
    costs_nothing: list[tuple[int, str, Any, dict[str, str]]] = [
        (400, ENHANCE, {**requisition, "basic_title": ""}, anna),
        (400, WORKFLOW, "no object", anna),
        (400, ENHANCE, requisition, {**anna, "Idempotency-Key": " "}),
        (400, GENERATE, disagreeing, anna),
        (401, ENHANCE, requisition, {**anna, "X-Gateway-Secret": "?"}),
        (403, ENHANCE, requisition, {**anna, "X-User-Role": "interviewer"}),
        (404, GENERATE, missing, anna),
        (404, GENERATE, missing, {**anna, "Idempotency-Key": "refused", "Accept": "text/event-stream"}),
        (404, GENERATE, missing, {**anna, **LATER}),
        (409, GENERATE, early, anna),
        (409, GENERATE, early, {**anna, "Idempotency-Key": "refused"}),
        (413, WORKFLOW, {**requisition, "work_role": "x" * 1_100_000}, anna),
        (415, WORKFLOW, requisition, {**anna, "Content-Type": "text/plain"}),
        (404, RETIRE, {"reason": "r"}, {**anna, "Idempotency-Key": "refused"}),
    ]

    def wrongly_counted(requests: list[tuple[int, str, Any, dict[str, str]]]) -> list[Any]:
        answers = [
            client.post(path, data=json.dumps(body), headers={"Content-Type": "application/json", **headers})
            for _, path, body, headers in requests
        ]
        pairs = zip(requests, answers, strict=True)
        return [(asked[:2], answer.status_code) for asked, answer in pairs if answer.status_code != asked[0]]

    assert wrongly_counted(costs_nothing) == []
    first = client.post(ENHANCE, json=requisition, headers=keyed)
    assert first.status_code == 200
    assert wrongly_counted(costs_nothing) == []
    # What was generated once is answered again; all else that would generate is refused.
    assert client.post(ENHANCE, json=requisition, headers=keyed).data == first.data
    assert wrongly_counted([(422, WORKFLOW, requisition, keyed)]) == []
    ready = {"req_id": requisition["req_id"], "job_description_id": stored}
    for more in ({}, {"Idempotency-Key": "new"}, {"Accept": "text/event-stream"}, LATER):
        too_many = [(429, ENHANCE, requisition, {**anna, **more}), (429, GENERATE, ready, {**anna, **more})]
        assert wrongly_counted(too_many) == []
    refused = client.post(GENERATE, json=ready, headers={**anna, "Idempotency-Key": "new"})
    assert refused.get_json()["code"] == "rate_limited"
    assert 0 < int(refused.headers["Retry-After"]) <= 61


def test_only_who_is_refused_for_a_limit_is_told_when_to_come_back(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(RATE_LIMIT="50 per minute", GENERATION_RATE_LIMIT="2 per minute").test_client()
    fake.next(error_reply(400, "invalid_request_error", "Your credit balance is too low"))

    answers = [
        client.get("/api/interview/jd/none", headers=ADMIN),
        client.post(ENHANCE, json={}, headers=ADMIN),
        client.post(ENHANCE, json=requisition, headers=ADMIN),
        client.post(ENHANCE, json=requisition, headers=ADMIN),
        client.post(ENHANCE, json=requisition, headers=ADMIN),
    ]

    told = [(answer.status_code, "Retry-After" in answer.headers) for answer in answers]
    assert told == [(404, False), (400, False), (503, False), (200, False), (429, True)]


def test_of_many_generations_at_once_no_more_are_admitted_than_may_be(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    client = make_app(GENERATION_RATE_LIMIT="3 per minute").test_client()
    numbers = itertools.count()

    def send() -> int:
        number = next(numbers)
        headers = {"Idempotency-Key": str(number)} if number % 2 else {}
        return enhance(client.application.test_client(), requisition, **headers).status_code

    told = Counter(at_once(60, send))

    assert told == {200: 3, 429: 57}
    assert len(fake.received) == 3
    assert len(rows(database_url)) <= 3  # what was refused has left none


def test_of_many_that_send_one_key_at_once_one_is_counted(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(GENERATION_RATE_LIMIT="2 per minute").test_client()

    def send() -> int:
        return enhance(client.application.test_client(), requisition, **{"Idempotency-Key": "k"}).status_code

    assert set(at_once(8, send)) <= {200, 409}
    assert len(fake.received) == 1
    assert [enhance(client, requisition).status_code for _ in range(2)] == [200, 429]


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


def used(database_url: str) -> int:
    return sum(int(row["tokens_used"]) for row in rows(database_url, "generation_logs"))


def test_however_many_begin_together_a_budget_is_overspent_by_one_workflow_at_most(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    # Of two processes, and in each of the ways to be answered; all have been accepted before any has ended.
    nodes = [make_app(DAILY_TOKEN_BUDGET=1000, ASYNC_PROCESSING=True) for _ in range(2)]
    gate = Gate()
    fake.when(lambda _: True, gate.reply())

    def ask(number: int) -> TestResponse:
        ways: list[dict[str, str]] = [{}, {"Idempotency-Key": f"{number}"}, LATER]
        body = {**requisition, "req_id": f"R{number}", "basic_title": f"Engineer {number}"}
        client = nodes[number % 2].test_client()
        return client.post(WORKFLOW, json=body, headers={**ADMIN, **ways[number % 3]})

    with ThreadPoolExecutor(24) as pool:
        under_way = [pool.submit(ask, number) for number in range(24)]
        try:
            until(lambda: sum(answer.done() for answer in under_way) >= 23)
        finally:
            gate.open()
        answers = [answer.result() for answer in under_way]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len([answer for answer in answers if answer.status_code == 202]) == 8
    assert len(refused) in (15, 16)
    for answer in refused:
        assert answer.get_json()["code"] == "token_budget_exhausted"
        assert int(answer.headers["Retry-After"]) == token_budget.RETRY_AFTER
    until(lambda: not [row for row in rows(database_url, "generation_logs") if row["status"] == "in_progress"])
    begun = rows(database_url, "generation_logs")
    assert len({row["req_id"] for row in begun}) == 1
    assert 1000 <= used(database_url) < 20_000


def test_a_job_waits_for_tokens_that_are_set_aside_and_is_refused_when_they_are_spent(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAUSE", 0.3)
    monkeypatch.setattr(token_budget, "RETRY_AFTER", 0.3)
    app = make_app(DAILY_TOKEN_BUDGET=13_000, **QUICK_HEART)
    client = app.test_client()
    spend(app, 5_000)
    gate = Gate()
    fake.when(is_enhancement, gate.reply(), times=1)
    job_ids = [
        accepted(client.post(ENHANCE, json={**requisition, "req_id": f"R{n}"}, headers={**ADMIN, **LATER}))
        for n in range(3)
    ]
    # Two fit side by side, by the first guess at what each will use.
    until(lambda: sorted(job["refusals"] > 0 for job in rows(database_url)) == [False, False, True])
    assert Counter(job["status"] for job in rows(database_url))["failed"] == 0
    spend(app, 5_000)
    gate.open()

    states = [ended(client, job_id) for job_id in job_ids]
    assert sorted(job["status"] for job in states) == ["failed", "succeeded", "succeeded"]
    (refused,) = [job["error"] for job in states if job["error"]]
    assert refused["code"] == "token_budget_exhausted"
    assert "midnight" in refused["error"]


@on_sqlite
def test_what_is_set_aside_is_what_such_generations_have_used_less_what_is_spent_already(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    app = make_app(DAILY_TOKEN_BUDGET=10**9)
    client = app.test_client()
    assert client.post(WORKFLOW, json={**requisition, "req_id": "FIRST"}, headers=ADMIN).status_code == 200
    cost = {row["operation_type"]: row["tokens_used"] for row in rows(database_url, "generation_logs")}
    gate = Gate()
    fake.when(is_question, gate.reply())
    body = {**requisition, "req_id": "SECOND", "basic_title": "Another", "work_knowledge": "Haskell, Erlang, Cobol"}
    thread, _ = started(lambda: app.test_client().post(WORKFLOW, json=body, headers=ADMIN))
    until(lambda: [row["status"] for row in rows(database_url, "generation_logs")][2:] == ["success", "in_progress"])

    enhancement, interview = rows(database_url, "generation_logs")[2:]
    assert enhancement["expected_tokens"] == cost["jd_enhancement"]
    assert interview["expected_tokens"] == cost["interview_generation"]
    gate.open()
    thread.join(30)


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
