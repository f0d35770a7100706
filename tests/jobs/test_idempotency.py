"""An idempotency key: the same answer again and nothing paid for twice, whatever breaks off in between."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from models import db, utc_now
from techscreen.jobs import recovery, store
from techscreen.jobs.store import KEY_LIFETIME
from tests.conftest import ADMIN, READER, MakeApp, on_mariadb, on_sqlite
from tests.jobs.test_jobs import (
    CREATE,
    ENHANCE,
    GENERATE,
    LATER,
    OVERLOADED,
    SILENCE,
    WORKFLOW,
    Gate,
    asks,
    change_job,
    counts,
    enhancement_of,
    is_enhancement,
    is_question,
    rows,
    started,
    topics_of,
    until,
)
from tests.support.fake_claude import FakeClaude, Reply, data_of, error_reply, good_plan
from tests.support.private_service import Service

BORIS = {"X-User-ID": "boris.admin", "X-User-Role": "admin"}
OPERATIONS = ["enhance", "generate", "full", "create", "retire"]
DEAD = "0" * 32

Asked = tuple[str, dict[str, Any]]


@pytest.fixture
def start(tmp_path: Path, database_url: str, fake: FakeClaude) -> Any:
    services: list[Service] = []

    def start_one(**settings: str) -> Service:
        services.append(Service(tmp_path, database_url, fake.url, **settings))
        return services[-1]

    yield start_one
    for service in services:
        if service.process.poll() is None:
            service.kill()


@pytest.fixture
def ask(request: pytest.FixtureRequest, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> Asked:
    """Path and body of an operation that succeeds."""
    return prepared(request.param, client, requisition, fake)


each_operation = pytest.mark.parametrize("ask", OPERATIONS, indirect=True)
each_generation = pytest.mark.parametrize("ask", OPERATIONS[:4], indirect=True)


def prepared(operation: str, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> Asked:
    paths = {"enhance": ENHANCE, "generate": GENERATE, "full": WORKFLOW, "create": CREATE}
    body = dict(requisition)
    if operation == "enhance":
        del body["interview_name"]  # no field of this request
    if operation == "generate":
        enhanced = ok(client.post(ENHANCE, json=requisition, headers=ADMIN))
        body = {"req_id": requisition["req_id"], "job_description_id": enhanced["job_description_id"]}
        body["interview_name"] = "Panel"
    if operation == "retire":
        made = ok(client.post(WORKFLOW, json=requisition, headers=ADMIN))
        path = f"/api/interview/cache/{made['interview']['questions'][0]['cached_question_id']}/retire"
        body = {"reason": "It stands on a public page.", "url": "https://forum.example/1"}
    else:
        path = paths[operation]
    fake.forget()
    return path, body


def ok(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def post(client: FlaskClient, asked: Asked, key: str | None, caller: dict[str, str] = ADMIN) -> TestResponse:
    headers = caller if key is None else {**caller, "Idempotency-Key": key}
    return client.post(asked[0], json=asked[1], headers=headers)


def is_replay(answer: TestResponse) -> bool:
    assert answer.headers.get("Idempotency-Replayed") in (None, "true")
    return "Idempotency-Replayed" in answer.headers


def at_once(times: int, work: Callable[[], Any]) -> list[Any]:
    """The same work in so many threads, all beginning together."""
    barrier = threading.Barrier(times)

    def one(_: int) -> Any:
        barrier.wait(20)
        return work()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def only_one_ran(answers: list[tuple[int, bool]]) -> None:
    """Of statuses and whether they are replays: one ran, the others were told to wait or given its answer."""
    told = Counter(answers)
    assert told.pop((200, False)) == 1, answers
    assert told.keys() <= {(200, True), (409, False)}, answers


# ------------------------------------------------------------------------------------------------------ repeats


@each_operation
def test_a_repeat_gets_the_first_answer_again_and_costs_nothing(
    client: FlaskClient, ask: Asked, fake: FakeClaude, database_url: str
) -> None:
    first = post(client, ask, "k")
    ok(first)
    asked, there = len(fake.received), counts(database_url, "service_processes")

    for _ in range(2):
        again = post(client, ask, "k")
        assert again.status_code == 200
        assert again.data == first.data
        assert again.content_type == first.content_type
        assert is_replay(again)

    assert not is_replay(first)
    assert len(fake.received) == asked
    assert counts(database_url, "service_processes") == there


@each_operation
def test_without_a_key_nothing_is_kept_of_a_request(
    client: FlaskClient, ask: Asked, database_url: str, fake: FakeClaude
) -> None:
    first = post(client, ask, None)
    second = post(client, ask, None)

    assert first.status_code == second.status_code == 200
    assert not is_replay(second)
    assert rows(database_url) == []


def test_a_retired_question_is_told_as_it_was_then(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    asked = prepared("retire", client, requisition, fake)
    first = post(client, asked, "k")
    # Meanwhile there is more to tell, to whom asks anew.
    ok(client.post(WORKFLOW, json=requisition, headers=ADMIN))

    assert post(client, asked, "k").data == first.data


def test_a_key_outlives_the_process_that_answered_it(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    first = post(make_app().test_client(), (WORKFLOW, requisition), "k")
    again = post(make_app().test_client(), (WORKFLOW, requisition), "k")

    assert again.data == first.data
    assert is_replay(again)
    assert len(fake.received) == 6


@each_operation
def test_a_key_of_another_request_is_refused(
    client: FlaskClient, ask: Asked, fake: FakeClaude, database_url: str
) -> None:
    ok(post(client, ask, "k"))
    asked, there = len(fake.received), counts(database_url, "service_processes")
    path, body = ask
    others = [(path, {**body, name: 10_000 if name == "job_description_id" else "other"}) for name in body]
    without = {name: value for name, value in body.items() if name not in ("url", "interview_name", "work_role")}
    others += [(path, without)]
    # Of another operation, with all that it needs, and of another question.
    needed = {"req_id": "R", "basic_title": "T", "basic_description": "D", "reason": "r"}
    others += [(ENHANCE if path != ENHANCE else WORKFLOW, {**needed, **body})]
    others += [("/api/interview/cache/9999/retire", {**needed, **body})]

    for other in others:
        answer = post(client, other, "k")
        assert answer.status_code == 422, other
        assert answer.get_json()["code"] == "idempotency_mismatch"
        assert not is_replay(answer)

    assert len(fake.received) == asked
    assert counts(database_url, "service_processes") == there
    assert is_replay(post(client, ask, "k"))  # the key still has its answer


def test_both_addresses_of_the_workflow_are_one_operation(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    first = post(client, (WORKFLOW, requisition), "k")

    assert post(client, (CREATE, requisition), "k").data == first.data
    assert len(fake.received) == 6


def test_the_same_request_is_recognised_however_it_is_written(
    client: FlaskClient, fake: FakeClaude, database_url: str
) -> None:
    body = {"req_id": "R-ü", "basic_title": "Tïtle 😀", "basic_description": "D\nE", "work_role": "leads"}
    nulls = {"basic_level": None, "work_output": None, "interview_name": None, "basic_department": "  "}
    written = [
        json.dumps(body),
        json.dumps(dict(reversed(body.items()))),
        json.dumps(body, indent=4, ensure_ascii=False),
        " \r\n" + json.dumps(body, separators=(",", ":")) + "\n",
        json.dumps({**body, **nulls}),
        json.dumps({**nulls, **body}, ensure_ascii=False),
        json.dumps({**body, "a_field_of_a_newer_caller": 1}),
        "\ufeff" + json.dumps(body),
    ]
    headers = {**ADMIN, "Idempotency-Key": "k"}

    answers = [
        client.post(WORKFLOW, data=text.encode(), content_type="application/json", headers=headers) for text in written
    ]

    assert [answer.status_code for answer in answers] == [200] * len(written)
    *same, of_newer_caller, with_mark = [answer.get_json() for answer in answers]
    assert [warning["field"] for warning in of_newer_caller.pop("warnings")] == ["a_field_of_a_newer_caller"]
    assert all(answer == same[0] for answer in (*same, of_newer_caller, with_mark))
    assert [is_replay(answer) for answer in answers] == [False] + [True] * (len(written) - 1)
    assert len(fake.received) == 6
    # What is to be kept to the letter differs by a space.
    other = client.post(WORKFLOW, json={**body, "work_role": "leads "}, headers=headers)
    assert other.status_code == 422


def test_the_key_of_one_user_is_not_anothers(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    users = ["anna.admin", "Anna.Admin", "boris", "boris.", "änna".encode().decode("latin-1")]
    asked = (ENHANCE, requisition)
    callers = [{"X-User-ID": user, "X-User-Role": "admin"} for user in users]

    firsts = [post(client, asked, "k", caller) for caller in callers]
    agains = [post(client, asked, "k", caller) for caller in callers]

    assert [is_replay(answer) for answer in firsts] == [False] * len(users)
    assert [is_replay(answer) for answer in agains] == [True] * len(users)
    assert [answer.data for answer in agains] == [answer.data for answer in firsts]
    assert len(fake.received) == len(users)
    assert {row["user_id"] for row in rows(database_url)} == {*users[:4], "änna"}
    # Nor does it say anything about what another has asked.
    assert post(client, (ENHANCE, {**requisition, "req_id": "R2"}), "k", BORIS).status_code == 200


# ----------------------------------------------------------------------------------------------- what a key may be

ODD_KEYS = [
    "0",
    "a b",
    "a,b",
    '"quoted"',
    "'; DROP TABLE generation_jobs; --",
    "%00%0a",
    "\\",
    "\x7f",
    "é\xff",
    "ÄÖ" * 60,
]


def test_any_text_of_at_most_255_characters_is_a_key(client: FlaskClient, fake: FakeClaude, database_url: str) -> None:
    keys = [*ODD_KEYS, "k", "K", "k" * 255, "k" * 254, "\xff" * 255, "😀 — ключ".encode().decode("latin-1")]
    body = {"req_id": "R", "basic_title": "T", "basic_description": "D"}
    for key in keys:
        first = post(client, (ENHANCE, body), key)
        again = post(client, (ENHANCE, body), key)
        assert first.status_code == 200, (key, first.get_data(as_text=True))
        assert not is_replay(first), key
        assert again.data == first.data
        assert is_replay(again), key
    assert len(fake.received) == len(keys)
    assert sorted(row["idempotency_key"] for row in rows(database_url)) == sorted(keys)


@on_sqlite
@each_operation
def test_a_key_that_is_blank_or_too_long_is_refused(
    client: FlaskClient, ask: Asked, fake: FakeClaude, database_url: str
) -> None:
    there = counts(database_url, "service_processes")
    for key in ("", " ", "\t", "\xa0", "k" * 256, "k" * 10_000):
        answer = post(client, ask, key)

        assert answer.status_code == 400
        body = answer.get_json()
        assert body["code"] == "invalid_request"
        assert [problem["field"] for problem in body["details"]] == ["Idempotency-Key"]
        assert "Idempotency-Key" in body["error"]
        assert len(body["error"]) < 200  # not the key itself
    assert fake.received == []
    assert counts(database_url, "service_processes") == there


@on_sqlite
def test_reading_takes_no_notice_of_a_key(client: FlaskClient, database_url: str) -> None:
    for key in ("k", "", "k" * 300):
        answer = client.get("/api/interview/req/R", headers={**READER, "Idempotency-Key": key})
        assert answer.status_code == 200
        assert not is_replay(answer)
    assert rows(database_url) == []


# -------------------------------------------------------------------------------------- while the first is at work


@each_generation
def test_a_repeat_while_the_first_is_at_work_is_told_to_wait(
    client: FlaskClient, ask: Asked, fake: FakeClaude, database_url: str
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    thread, results = started(lambda: post(client.application.test_client(), ask, "k"))
    until(lambda: fake.received and fake.under_way, "Claude at work")

    waiting = post(client, ask, "k")
    other = post(client, (ask[0], {**ask[1], "interview_name": "X", "basic_title": "X"}), "k")
    another_key = fake.under_way

    assert waiting.status_code == 409
    body = waiting.get_json()
    assert body["code"] == "operation_in_progress"
    assert body["req_id"] == ask[1]["req_id"]
    assert int(waiting.headers["Retry-After"]) > 0
    assert not is_replay(waiting)
    assert other.status_code == 422
    assert another_key == fake.under_way
    gate.open()
    thread.join(20)
    assert results[0].status_code == 200
    assert post(client, ask, "k").data == results[0].data
    assert len(rows(database_url)) == 1


def test_of_many_that_send_a_key_at_once_exactly_one_runs(
    app: Flask, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    def send() -> tuple[int, bool]:
        answer = post(app.test_client(), (WORKFLOW, requisition), "k")
        return answer.status_code, is_replay(answer)

    only_one_ran(at_once(16, send))

    assert len(fake.received) == 6
    assert counts(database_url)["interviews"] == 1
    assert len(rows(database_url)) == 1


def test_of_many_that_try_again_at_once_after_a_failure_exactly_one_runs(
    app: Flask, fake: FakeClaude, database_url: str
) -> None:
    body = {"req_id": "R", "basic_title": "T", "basic_description": "D"}
    for key in "abcd":
        fake.forget()
        fake.next(error_reply(401, "authentication_error"))
        assert post(app.test_client(), (ENHANCE, body), key).status_code == 500

        def send(key: str = key) -> tuple[int, bool]:
            answer = post(app.test_client(), (ENHANCE, body), key)
            return answer.status_code, is_replay(answer)

        only_one_ran(at_once(12, send))

        assert len(fake.received) == 2
    assert [(row["status"], row["attempts"]) for row in rows(database_url)] == [("succeeded", 2)] * 4


def test_of_several_processes_that_are_sent_a_key_at_once_exactly_one_runs(
    start: Callable[..., Service], requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    service = start(WEB_CONCURRENCY="2")

    def send() -> tuple[int, bool]:
        status, body = service.call(WORKFLOW, requisition, {"Idempotency-Key": "k"})
        return status, body.get("interview_id") in known

    known: set[Any] = set()
    fake.first_token = 0.3
    told = Counter(at_once(16, send))
    assert told[200, False] >= 1
    assert len(fake.received) == 6
    assert counts(database_url)["interviews"] == 1
    assert len(rows(database_url)) == 1
    known |= {row["id"] for row in rows(database_url, "interviews")}
    assert Counter(at_once(4, send)) == {(200, True): 4}

    # Nor do two run when the first has failed.
    requisition = {**requisition, "req_id": "R2"}
    fake.forget()
    fake.next(error_reply(401, "authentication_error"))
    assert service.call(ENHANCE, requisition, {"Idempotency-Key": "k2"})[0] == 500
    fake.first_token = 0.2
    statuses = at_once(16, lambda: service.call(ENHANCE, requisition, {"Idempotency-Key": "k2"})[0])
    assert set(statuses) <= {200, 409}
    assert len(fake.received) == 2


# ------------------------------------------------------------------------------------------------------- after a day


def test_after_a_day_a_key_is_free_again(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    first = ok(post(client, (WORKFLOW, requisition), "k"))
    (job,) = rows(database_url)
    change_job(client.application, job["id"], finished_at=utc_now() - KEY_LIFETIME + timedelta(minutes=1))
    assert is_replay(post(client, (WORKFLOW, requisition), "k"))
    assert post(client, (WORKFLOW, {**requisition, "basic_title": "X"}), "k").status_code == 422
    change_job(client.application, job["id"], finished_at=utc_now() - KEY_LIFETIME - timedelta(minutes=1))

    other = post(client, (WORKFLOW, {**requisition, "basic_title": "X"}), "k")

    assert ok(other)["interview_id"] != first["interview_id"]
    assert not is_replay(other)
    assert is_replay(post(client, (WORKFLOW, {**requisition, "basic_title": "X"}), "k"))
    old, new = rows(database_url)
    assert (old["id"], old["idempotency_key"], old["answer_status"]) == (job["id"], None, 200)
    assert new["idempotency_key"] == "k"


def test_after_a_day_a_key_that_many_send_at_once_runs_once(
    app: Flask, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    ok(post(app.test_client(), (ENHANCE, requisition), "k"))
    (job,) = rows(database_url)
    change_job(app, job["id"], finished_at=utc_now() - KEY_LIFETIME - timedelta(minutes=1))
    fake.forget()

    def send() -> tuple[int, bool]:
        answer = post(app.test_client(), (ENHANCE, requisition), "k")
        return answer.status_code, is_replay(answer)

    only_one_ran(at_once(12, send))

    assert len(fake.received) == 1
    assert len(rows(database_url)) == 2


def test_a_key_whose_request_is_still_at_work_is_not_free_even_after_a_day(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    thread, results = started(lambda: post(client.application.test_client(), (ENHANCE, requisition), "k"))
    until(lambda: fake.received and fake.under_way, "Claude at work")
    (job,) = rows(database_url)
    change_job(client.application, job["id"], created_at=utc_now() - 2 * KEY_LIFETIME)

    assert post(client, (ENHANCE, requisition), "k").status_code == 409
    gate.open()
    thread.join(20)
    assert results[0].status_code == 200


# ------------------------------------------------------------------------------------------ failures are not kept

FAILURES: list[tuple[Reply, int]] = [
    (error_reply(401, "authentication_error"), 500),
    (Reply(stop_reason="model_context_window_exceeded", content=""), 502),
    (error_reply(529, "overloaded_error", **OVERLOADED), 503),
    (Reply(hang=True), 504),
]


@pytest.mark.parametrize(
    ("operation", "failure", "status"),
    [*(("full", *each) for each in FAILURES), ("enhance", *FAILURES[0]), ("generate", *FAILURES[1])],
    ids=["full-500", "full-502", "full-503", "full-504", "enhance-500", "generate-502"],
)
def test_a_failure_of_ours_is_not_kept_and_the_key_pays_only_for_what_is_missing(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, operation: str, failure: Reply, status: int
) -> None:
    client = make_app(REQUEST_TIMEOUT=6 if failure.hang else 60).test_client()
    asked = prepared(operation, client, requisition, fake)
    fails = is_enhancement if operation == "enhance" else asks(requisition, 3)
    fake.when(fails, failure, times=1)
    first = post(client, asked, "k")
    assert first.status_code == status
    assert not is_replay(first)
    assert len(fake.received) == {"enhance": 1, "generate": 5}.get(operation, 6)
    named = first.get_json().get("job_description_id")
    fake.received.clear()

    again = post(client, asked, "k")

    answer = ok(again)
    assert not is_replay(again)
    assert len(fake.received) == 1
    assert fails(fake.received[0])
    assert is_replay(post(client, asked, "k"))
    assert len(fake.received) == 1
    if operation == "enhance":
        return
    sources = [question["source"] for question in answer["interview"]["questions"]]
    assert sources == ["cache", "cache", "generated", "cache", "cache"]
    if operation != "generate":
        # The enhancement was stored, and said so.
        assert named == answer["job_description_id"]
        stored = ok(client.get(f"/api/interview/jd/{requisition['req_id']}", headers=READER))["job_description"]
        assert answer["enhanced_jd"] == stored["enhanced_jd"]


def test_questions_of_an_enhancement_that_failed_are_kept_and_so_are_their_topics(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    client = make_app(REQUEST_TIMEOUT=6).test_client()
    # The topics have been told when the enhancement breaks off, so the questions are being paid for.
    plan = good_plan(enhancement_of(requisition))
    after_topics = len(json.dumps({name: plan[name] for name in ("language", "interview_topics")})) + 40
    fake.when(is_enhancement, Reply(break_after=after_topics, break_with="hang"), times=1)
    first = post(client, (WORKFLOW, requisition), "k")
    assert first.status_code == 504
    assert counts(database_url)["question_cache"] == 5
    assert counts(database_url)["interviews"] == 0
    fake.received.clear()
    # Asked again, Claude names other topics.
    other = good_plan(enhancement_of({**requisition, "basic_title": "Another"}))["interview_topics"]
    fake.when(is_enhancement, Reply(change=lambda answer: {**answer, "interview_topics": other}))

    answer = ok(post(client, (WORKFLOW, requisition), "k"))

    assert [is_enhancement(body) for body in fake.received] == [True]
    assert topics_of(answer["interview"]) == [topic["topic"] for topic in plan["interview_topics"]][:5]
    assert answer["cached_questions"] == 5
    stored = ok(client.get(f"/api/interview/jd/{requisition['req_id']}", headers=READER))["job_description"]
    assert stored["interview_topics"] == plan["interview_topics"]


def test_the_tokens_of_an_enhancement_that_an_earlier_attempt_paid_for_are_counted_in_the_end(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    fake.when(asks(requisition, 3), error_reply(401, "authentication_error"), times=1)
    post(client, (WORKFLOW, requisition), "k")

    answer = ok(post(client, (WORKFLOW, requisition), "k"))

    paid = {(log["operation_type"], log["status"]): log["tokens_used"] for log in rows(database_url, "generation_logs")}
    enhancement, interview = paid["jd_enhancement", "success"], paid["interview_generation", "success"]
    assert enhancement > 0
    assert interview > 0
    assert answer["total_tokens_used"] == enhancement + interview


# ---------------------------------------------------------------------------------------- refusals are not kept


def refusals(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, url: str) -> dict[str, Any]:
    """Requests that nothing is wrong with but how things are, with the statuses that refuse them."""
    fake.next(error_reply(401, "authentication_error"))
    assert post(client, (ENHANCE, requisition), None).status_code == 500
    (not_enhanced,) = rows(url, "job_descriptions")
    fake.forget()
    stored_id = not_enhanced["id"]
    return {
        "missing": (404, (GENERATE, {"req_id": "R", "job_description_id": 10_000_000})),
        "disagreeing": (400, (GENERATE, {"req_id": "R", "job_description_id": stored_id})),
        "early": (409, (GENERATE, {"req_id": requisition["req_id"], "job_description_id": stored_id})),
        "unknown": (404, ("/api/interview/cache/4000000000/retire", {"reason": "r", "url": "u" * 2_000})),
    }


def test_a_refusal_writes_nothing_however_it_is_asked_for_and_its_key_may_try_again(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    client = make_app(ASYNC_PROCESSING=True).test_client()
    asked = refusals(client, requisition, fake, database_url)
    there = counts(database_url, "service_processes")

    for name, (status, (path, body)) in asked.items():
        for more in ({}, {"Accept": "text/event-stream"}, LATER):
            for headers in (more, {**more, "Idempotency-Key": name}) if more else [{"Idempotency-Key": name}] * 2:
                answer = client.post(path, json=body, headers={**ADMIN, **headers})
                assert (answer.status_code, is_replay(answer)) == (status, False), (name, headers)

    assert counts(database_url, "service_processes") == there
    assert fake.received == []
    ok(post(client, (ENHANCE, requisition), None))
    assert ok(post(client, asked["early"][1], "early"))["interview"]["questions"]


def test_of_what_comes_of_a_job_only_success_is_kept_under_its_key(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    asked = (ENHANCE, requisition)
    first = post(client, asked, "k")
    (job,) = rows(database_url)
    wrong = []
    for status in (400, 404, 409, 412, 422, 429, 500, 502, 503):
        change_job(client.application, job["id"], status="failed", answer_status=status, answer_body="{}")
        again = post(client, asked, "k")
        if is_replay(again) or again.status_code != 200:
            wrong.append((status, again.status_code))
        assert is_replay(post(client, asked, "k"))

    assert wrong == []
    assert ok(first)
    assert [(row["id"], json.loads(row["request"])) for row in rows(database_url)] == [(job["id"], {})]


def test_of_a_users_keys_the_newest_are_remembered(
    make_app: MakeApp,
    requisition: dict[str, Any],
    fake: FakeClaude,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = make_app(ASYNC_PROCESSING=True).test_client()
    asked = prepared("retire", client, requisition, fake)
    monkeypatch.setattr(store, "MAX_KEYS_PER_USER", 3)
    monkeypatch.setattr(store, "FORGET_EVERY", 1)
    later = client.post(ENHANCE, json=requisition, headers={**ADMIN, **LATER, "Idempotency-Key": "job"}).get_json()
    until(lambda: all(row["finished_at"] for row in rows(database_url)), "the end of the job")
    ok(post(client, asked, "0", BORIS))

    for number in range(8):
        ok(post(client, asked, str(number)))

    keys = Counter((row["user_id"], row["idempotency_key"]) for row in rows(database_url))
    assert sorted(keys) == [
        *[("anna.admin", key) for key in ("4", "5", "6", "7", "job")],
        ("boris.admin", "0"),
    ]
    assert [is_replay(post(client, asked, key)) for key in ("7", "6", "0")] == [True, True, False]
    assert client.get(f"/api/interview/jobs/{later['job_id']}", headers=ADMIN).status_code == 200


BAD_REQUESTS: list[tuple[str, str, str, dict[str, str], int]] = [
    (WORKFLOW, '{"req_id": "R"}', "application/json", ADMIN, 400),
    (ENHANCE, "{", "application/json", ADMIN, 400),
    (GENERATE, '{"req_id": "R", "job_description_id": 0}', "application/json", ADMIN, 400),
    ("/api/interview/cache/1/retire", "{}", "application/json", ADMIN, 400),
    (CREATE, "x" * 2_000_000, "application/json", ADMIN, 413),
    (WORKFLOW, "{}", "text/plain", ADMIN, 415),
    (WORKFLOW, "{}", "application/json", READER, 403),
    (WORKFLOW, "{}", "application/json", {}, 401),
]


@pytest.mark.parametrize(("path", "body", "content_type", "caller", "status"), BAD_REQUESTS)
def test_a_request_that_was_refused_before_it_began_leaves_its_key_free(
    client: FlaskClient,
    requisition: dict[str, Any],
    fake: FakeClaude,
    database_url: str,
    path: str,
    body: str,
    content_type: str,
    caller: dict[str, str],
    status: int,
) -> None:
    headers = {**caller, "Idempotency-Key": "k"}
    for _ in range(2):
        answer = client.post(path, data=body, content_type=content_type, headers=headers)
        assert answer.status_code == status
        assert not is_replay(answer)
    there = counts(database_url, "service_processes")
    assert there == dict.fromkeys(there, 0)

    good = post(client, (ENHANCE, requisition), "k")

    assert good.status_code == 200
    assert not is_replay(good)


# ------------------------------------------------------------------------------------- what a dead process leaves


@on_mariadb
def test_the_key_of_a_killed_service_is_free_as_soon_as_that_is_noticed_and_nothing_is_paid_for_twice(
    start: Callable[..., Service], requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    enhancing = {**requisition, "req_id": "REQ-ENHANCING", "basic_title": "Enhancing"}
    writing = {**requisition, "req_id": "REQ-WRITING", "basic_title": "Writing"}
    gate = Gate()
    # One is killed when it has all but two questions, the other when it has all but the description.
    fake.when(asks(writing, 2, 4), gate.reply())
    plan = good_plan(enhancement_of(enhancing))
    after_topics = len(json.dumps({name: plan[name] for name in ("language", "interview_topics")})) + 40
    fake.when(
        lambda body: is_enhancement(body) and data_of(body)["basic_title"] == "Enhancing",
        Reply(break_after=after_topics, break_with="hang"),
        times=1,
    )
    first = start(HEARTBEAT_SECONDS="0.2")
    bodies = {"e": enhancing, "w": writing}
    calls = [
        started(lambda key=key, body=body: first.call(WORKFLOW, body, {"Idempotency-Key": key}))
        for key, body in bodies.items()
    ]
    until(lambda: counts(database_url)["question_cache"] == 8, "eight questions")
    until(lambda: any(row["job_description_id"] for row in rows(database_url)), "one description")

    first.kill()

    for thread, results in calls:
        thread.join(20)
        assert isinstance(results[0], OSError)
    gate.open()
    until(lambda: not fake.under_way, "the end of what nobody waits for")
    fake.received.clear()
    second = start(HEARTBEAT_SECONDS="0.2")
    told: dict[str, list[int]] = {"e": [], "w": []}
    answers: dict[str, dict[str, Any]] = {}

    def answered(key: str) -> bool:
        status, answers[key] = second.call(WORKFLOW, bodies[key], {"Idempotency-Key": key})
        told[key].append(status)
        return status == 200

    for key in bodies:
        until(lambda key=key: answered(key), f"an answer for {key}")
    # Until it was noticed they were told to wait.
    assert set(told["e"][:-1]) <= {409}
    assert set(told["w"][:-1]) <= {409}
    for key, body in bodies.items():
        planned = [topic["topic"] for topic in good_plan(enhancement_of(body))["interview_topics"]]
        assert topics_of(answers[key]["interview"]) == planned[:5]
    assert answers["e"]["cached_questions"] == 5
    assert answers["w"]["cached_questions"] == 3
    assert Counter(map(is_enhancement, fake.received)) == {True: 1, False: 2}
    assert all(asks(writing, 2, 4)(body) for body in fake.received if is_question(body))
    assert counts(database_url)["interviews"] == 2
    until(
        lambda: "in_progress" not in {row["status"] for row in rows(database_url, "generation_logs")},
        "the end of what the dead process had begun",
    )


@pytest.mark.parametrize("ask", ["generate", "full"], indirect=True)
def test_a_process_that_died_between_its_interview_and_the_end_of_its_job_leaves_no_second_interview(
    client: FlaskClient, ask: Asked, fake: FakeClaude, database_url: str
) -> None:
    first = ok(post(client, ask, "k"))
    there = counts(database_url)
    (job,) = rows(database_url)
    unfinished = {"answer_status": None, "answer_body": None, "finished_at": None}
    change_job(client.application, job["id"], status="running", process_id=DEAD, **unfinished)
    assert post(client, ask, "k").status_code == 409
    with client.application.app_context():
        assert (
            recovery.take_up_orphaned(utc_now() - SILENCE, lambda: '{"code": "interrupted", "error": "It stopped."}')
            == 1
        )
        assert (
            recovery.take_up_orphaned(utc_now() - SILENCE, lambda: '{"code": "interrupted", "error": "It stopped."}')
            == 0
        )
    fake.received.clear()

    again = post(client, ask, "k")

    answer = ok(again)
    assert not is_replay(again)
    assert answer["interview"] == first["interview"]
    tokens = "tokens_used" if "tokens_used" in first else "total_tokens_used"
    assert answer[tokens] == first[tokens] > 0
    assert fake.received == []
    assert counts(database_url) == there


def test_a_process_that_died_after_its_enhancement_leaves_nothing_to_pay_for(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    first = post(client, (ENHANCE, requisition), "k")
    (job,) = rows(database_url)
    unfinished = {"answer_status": None, "answer_body": None, "finished_at": None}
    change_job(client.application, job["id"], status="running", process_id=DEAD, **unfinished)
    with client.application.app_context():
        recovery.take_up_orphaned(utc_now() - SILENCE, lambda: '{"code": "interrupted", "error": "It stopped."}')
    fake.received.clear()

    assert post(client, (ENHANCE, requisition), "k").data == first.data
    assert fake.received == []


# ---------------------------------------------------------------------------------------- a database that blinks


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_database_that_blinks_once_the_request_is_accepted_does_not_block_its_key(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str, accept: str
) -> None:
    ok(client.get("/api/interview/req/R", headers=READER))  # the process is known by now
    asked = (ENHANCE, requisition)
    with client.application.app_context():
        engine = db.engine
    blinking = threading.local()  # other threads have statements of their own

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if getattr(blinking, "now", False):
            blinking.now = False
            raise OperationalError("SELECT 1", {}, Exception("away"))
        blinking.now = statement.startswith("INSERT INTO generation_jobs")  # the very next statement fails

    event.listen(engine, "before_cursor_execute", note)
    headers = {**ADMIN, "Idempotency-Key": "k", "Accept": accept}
    first = client.post(ENHANCE, json=requisition, headers=headers, buffered=True)
    event.remove(engine, "before_cursor_execute", note)

    assert first.status_code in (200, 503)

    def answered() -> bool:
        return post(client, asked, "k").status_code == 200

    until(answered, "an answer for the key", seconds=5)
    assert len(fake.received) == 1
