"""Who asks for too much is told so and loses nothing, and a commit whose answer is lost leaves nothing open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event
from sqlalchemy.exc import OperationalError

from models import GenerationLog, db, utc_now
from techscreen.claude.admission import MAX_OVERLOADS
from techscreen.generation.audit_log import AuditRow
from techscreen.jobs import runner
from techscreen.jobs.store import KEY_LIFETIME, MAX_ATTEMPTS, Attempt
from techscreen.question_cache.reservations import Reservations, question_paid_for
from techscreen.storage.deferred_writes import defer
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, READER, MakeApp
from tests.jobs.test_jobs import (
    ENHANCE,
    JOBS,
    LATER,
    OVERLOADED,
    WORKFLOW,
    Gate,
    accepted,
    change_job,
    ended,
    later,
    of_a_dead_process,
    rows,
    seen,
    started,
    until,
)
from tests.storage.test_outages import paid_for
from tests.support.fake_claude import FakeClaude, Reply, error_reply
from tests.support.private_service import Service

QUICK = {"HEARTBEAT_SECONDS": 0.1, "ASYNC_PROCESSING": True}
MYSQL_SERVER_LOST = 2013
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_mariadb = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)


# ------------------------------------------------------------------------------------------- Claude is overloaded


def test_jobs_wait_for_an_overloaded_claude_and_a_refusal_before_it_is_asked_is_no_attempt(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAUSE", 0.2)
    monkeypatch.setattr("techscreen.claude.admission.FIRST_COOLDOWN", 0.5)
    monkeypatch.setattr("techscreen.claude.admission.MAX_COOLDOWN", 0.5)
    monkeypatch.setattr("techscreen.claude.admission.TRIAL_SECONDS", 0.1)
    app = make_app(**QUICK)
    client = app.test_client()
    overloaded = threading.Event()
    overloaded.set()
    # Its own tries are spent at once; those of the jobs that follow are refused by us.
    fake.when(lambda _: overloaded.is_set(), error_reply(529, "overloaded_error", x_should_retry="false"))
    job_ids = [accepted(later(client, ENHANCE, {**requisition, "req_id": f"R{n}"})) for n in range(30)]

    def refused() -> list[str]:
        return [job["req_id"] for job in rows_of(app) if job["refusals"] > MAX_ATTEMPTS]

    until(lambda: len(refused()) >= 10, "jobs that were refused more often than they may be tried")
    assert MAX_OVERLOADS <= len(fake.received) < 90
    overloaded.clear()

    for job_id in job_ids:
        change_job(app, job_id, due_at=utc_now())
    states = [ended(client, job_id) for job_id in job_ids]
    waited = [state for state in states if state["status"] == "succeeded"]
    # Only those that were really tried three times have been given up.
    assert len(waited) >= 20
    tries = {job["id"]: job["attempts"] - job["refusals"] for job in rows_of(app)}
    assert all(tries[state["job_id"]] == MAX_ATTEMPTS for state in states if state["status"] == "failed")


def rows_of(app: Flask) -> list[dict[str, Any]]:
    return rows(current_url(app))


def current_url(app: Flask) -> str:
    with app.app_context():
        return db.engine.url.render_as_string(hide_password=False)


def test_a_job_that_is_refused_for_ever_is_told_so_in_the_end(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAUSE", 0.05)
    monkeypatch.setattr(runner, "MAX_REFUSALS", 3)
    app = make_app(**QUICK, CLAUDE_MAX_CONCURRENCY=1, REQUEST_TIMEOUT=1)
    client = app.test_client()
    fake.when(lambda _: True, Reply(hang=True))
    holding, _ = started(lambda: client.post(ENHANCE, json={**requisition, "req_id": "HOLDS"}, headers=ADMIN))
    holding.join()
    fake.forget()
    fake.when(lambda _: True, error_reply(529, "overloaded_error", **OVERLOADED))
    for number in range(MAX_OVERLOADS):
        client.post(ENHANCE, json={**requisition, "req_id": f"R{number}"}, headers=ADMIN)
    job_id = accepted(later(client, ENHANCE, {**requisition, "req_id": "JOB"}))

    def over() -> bool:
        change_job(app, job_id, due_at=utc_now())
        return bool(seen(client, job_id)["status"] == "failed")

    until(over)
    assert seen(client, job_id)["error"]["code"] == "claude_unavailable"


@pytest.mark.parametrize("seconds", ["999999999999", "1e300"])
def test_a_pause_beyond_all_reason_leaves_no_job_open(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, seconds: str
) -> None:
    client = make_app(**QUICK).test_client()
    fake.next(error_reply(529, "overloaded_error", retry_after=seconds))

    job_id = accepted(later(client, ENHANCE, requisition))

    until(lambda: seen(client, job_id)["status"] == "queued" and seen(client, job_id)["attempts"] == 1)


def test_who_is_sent_away_for_no_time_does_not_come_back_at_once(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app().test_client()
    fake.next(error_reply(429, "rate_limit_error", retry_after="0"))
    fake.next(error_reply(429, "rate_limit_error", retry_after="0"))
    began = time.monotonic()

    assert client.post(ENHANCE, json=requisition, headers=ADMIN).status_code == 200

    assert time.monotonic() - began > 2 * 0.37


# ------------------------------------------------------------------------------------------ more than there are threads


def test_beyond_what_a_process_can_hold_generations_and_streams_are_refused_and_reading_goes_on(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    app = make_app(MAX_SLOW_REQUESTS=2, ASYNC_PROCESSING=True)
    client = app.test_client()
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    waiting = [
        started(
            lambda n=n: app.test_client().post(ENHANCE, json={**requisition, "req_id": f"R{n}"}, headers=ADMIN)  # type: ignore[misc]
        )[0]
        for n in range(2)
    ]
    until(lambda: fake.under_way == 2)

    refused = client.post(ENHANCE, json=requisition, headers={**ADMIN, "Idempotency-Key": "k"})
    streamed = client.post(ENHANCE, json=requisition, headers={**ADMIN, "Accept": "text/event-stream"})

    for answer in (refused, streamed):
        assert (answer.status_code, answer.get_json()["code"]) == (503, "overloaded")
        assert answer.headers["Retry-After"] == "10"
    assert rows(database_url) == []
    assert client.get("/health").status_code == 200
    assert client.get("/api/interview/req/R", headers=READER).status_code == 200
    # What is to be done later holds no thread.
    job_id = accepted(later(client, ENHANCE, {**requisition, "req_id": "LATER"}))
    # Who only looks on has places apart.
    followed = app.test_client().get(f"{JOBS}/{job_id}/events", headers=ADMIN)
    assert followed.status_code == 200
    followed.close()
    gate.open()
    for thread in waiting:
        thread.join()
    ended(client, job_id)
    for _ in range(3):  # each gives its place back, a stream with its last event
        assert client.get(f"{JOBS}/{job_id}/events", headers=ADMIN, buffered=True).status_code == 200
        assert client.post(ENHANCE, json=requisition, headers=ADMIN).status_code == 200


# ----------------------------------------------------------------------------------- commits whose answer is lost


@pytest.fixture
def lose() -> Iterator[Callable[[Flask, str], None]]:
    """Makes the next commit of a statement with these words succeed, and its answer get lost."""
    undo: list[Callable[[], None]] = []

    def lose_answer_of(app: Flask, words: str) -> None:
        with app.app_context():
            engine = db.engine
        original, marked, done = engine.dialect.do_commit, threading.local(), threading.Event()

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if words in statement:
                marked.now = True

        def do_commit(connection: Any) -> None:
            original(connection)
            if getattr(marked, "now", False) and not done.is_set():
                done.set()
                raise OperationalError("COMMIT", {}, Exception(MYSQL_SERVER_LOST, "Lost connection during query"))

        event.listen(engine, "before_cursor_execute", note)
        engine.dialect.do_commit = do_commit

        def restore() -> None:
            event.remove(engine, "before_cursor_execute", note)
            engine.dialect.do_commit = original
            assert done.is_set(), "nothing was lost"

        undo.append(restore)

    yield lose_answer_of
    for restore in undo:
        restore()


def test_an_interview_whose_commit_lost_its_answer_is_stored_once_and_paid_for_once(
    make_app: MakeApp,
    requisition: dict[str, Any],
    fake: FakeClaude,
    lose: Callable[[Flask, str], None],
    database_url: str,
) -> None:
    app = make_app()
    lose(app, "INSERT INTO interviews")

    answer = app.test_client().post(WORKFLOW, json=requisition, headers=ADMIN)

    assert answer.status_code == 200
    assert len(fake.received) == 6
    (stored,) = rows(database_url, "interviews")
    assert (stored["id"], stored["version"]) == (answer.get_json()["interview_id"], 1)


def test_a_key_whose_acceptance_lost_its_answer_can_soon_be_used_again(
    make_app: MakeApp,
    requisition: dict[str, Any],
    fake: FakeClaude,
    lose: Callable[[Flask, str], None],
    nothing_is_freed: list[object],
) -> None:
    app = make_app(**QUICK)
    client = app.test_client()
    lose(app, "INSERT INTO generation_jobs")
    key = {**ADMIN, "Idempotency-Key": "k"}

    assert client.post(ENHANCE, json=requisition, headers=key).status_code == 503
    answer = until(lambda: (a := client.post(ENHANCE, json=requisition, headers=key)).status_code != 409 and a)

    assert answer.status_code == 200
    assert len(fake.received) == 1


def test_a_job_whose_beginning_lost_its_answer_is_done_all_the_same(
    make_app: MakeApp,
    requisition: dict[str, Any],
    fake: FakeClaude,
    lose: Callable[[Flask, str], None],
    nothing_is_freed: list[object],
) -> None:
    app = make_app(**QUICK)
    lose(app, "attempts=(generation_jobs.attempts +")

    job = ended(app.test_client(), accepted(later(app.test_client(), ENHANCE, requisition)))

    assert job["status"] == "succeeded"
    assert len(fake.received) == 1


@pytest.fixture
def nothing_is_freed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Keeps every worker in memory for ever, as a traceback that refers to itself may keep it for long."""
    kept: list[object] = []

    def keep(cls: type) -> None:
        init = cls.__init__  # type: ignore[misc]

        def remembered(self: object, *args: Any, **values: Any) -> None:
            kept.append(self)
            init(self, *args, **values)

        monkeypatch.setattr(cls, "__init__", remembered)

    for worker in (AuditRow, Reservations, Attempt):
        keep(worker)
    return kept


def test_an_audit_row_whose_opening_lost_its_answer_does_not_stay_open(
    make_app: MakeApp,
    requisition: dict[str, Any],
    lose: Callable[[Flask, str], None],
    database_url: str,
    nothing_is_freed: list[object],
) -> None:
    app = make_app(**QUICK)
    with app.app_context():
        answer = app.test_client().post(ENHANCE, json=requisition, headers=ADMIN)
        assert answer.status_code == 200
        db.session.execute(delete(GenerationLog))  # the next row gets the same number on SQLite
        db.session.commit()
    lose(app, "INSERT INTO generation_logs")

    assert app.test_client().post(ENHANCE, json=requisition, headers=ADMIN).status_code == 503

    until(lambda: [row["status"] for row in rows(database_url, "generation_logs")] == ["failed"])
    assert nothing_is_freed


def test_questions_whose_loan_lost_its_answer_are_given_back(
    make_app: MakeApp,
    requisition: dict[str, Any],
    lose: Callable[[Flask, str], None],
    database_url: str,
    nothing_is_freed: list[object],
) -> None:
    app = make_app(**QUICK)
    client = app.test_client()
    assert client.post(WORKFLOW, json=requisition, headers=ADMIN).status_code == 200
    lose(app, "UPDATE question_cache SET")

    assert client.post(WORKFLOW, json={**requisition, "req_id": "OTHER"}, headers=ADMIN).status_code == 503

    until(lambda: {use["req_id"] for use in rows(database_url, "question_uses")} == {requisition["req_id"]})


def test_work_that_takes_longer_than_the_silence_of_a_dead_process_is_left_alone(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    app = make_app(**QUICK)
    client = app.test_client()
    gate = Gate()
    fake.when(lambda _: len(fake.received) > 4, gate.reply())
    job_id = accepted(later(client, WORKFLOW, requisition))
    keyed, answers = started(
        lambda: app.test_client().post(
            WORKFLOW, json={**requisition, "req_id": "KEYED"}, headers={**ADMIN, "Idempotency-Key": "k"}
        )
    )
    until(lambda: fake.under_way >= 3)
    time.sleep(1.5)  # more than two silences of 0.6 s

    assert seen(client, job_id)["status"] == "running"
    assert "failed" not in {row["status"] for row in rows(database_url, "generation_logs")}
    gate.open()
    keyed.join()
    assert answers[0].status_code == 200
    job = ended(client, job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)


# ------------------------------------------------------------------------------------------------- ends and beginnings


@on_mariadb
def test_what_an_earlier_process_left_behind_is_taken_up_though_nobody_asks_for_anything(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str, tmp_path: Path
) -> None:
    job_id = of_a_dead_process(make_app(ASYNC_PROCESSING=True), requisition)
    settings = {"HEARTBEAT_SECONDS": "0.2", "ASYNC_PROCESSING": "True", "WEB_CONCURRENCY": "1"}
    service = Service(tmp_path, database_url, fake.url, **settings)
    asked = service.log.read_text().count("GET /health")
    try:
        until(lambda: [job["status"] for job in rows(database_url) if job["id"] == job_id] == ["succeeded"])
        assert service.log.read_text().count("GET /health") == asked
    finally:
        assert service.stop() == 0


@on_mariadb
def test_a_worker_that_is_asked_to_stop_begins_no_job_while_it_waits_for_a_request(
    requisition: dict[str, Any], fake: FakeClaude, database_url: str, tmp_path: Path
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    settings = {"ASYNC_PROCESSING": "True", "WEB_CONCURRENCY": "1"}
    service = Service(tmp_path, database_url, fake.url, **settings)
    try:
        waiting, answers = started(lambda: service.call(ENHANCE, {**requisition, "req_id": "WAITS"}))
        for number in range(20):
            assert service.call(ENHANCE, {**requisition, "req_id": f"R{number}"}, LATER)[0] == 202
        until(lambda: fake.under_way == 17)

        service.ask_to_stop()
        time.sleep(1.5)  # it looks twice a second
        gate.open()
        waiting.join()
        service.process.wait(30)

        assert answers[0][0] == 200
        assert sorted(job["status"] for job in rows(database_url)) == ["queued"] * 4 + ["succeeded"] * 16
        assert len(fake.received) == 17
    finally:
        service.kill()


def test_a_service_that_stops_still_writes_what_the_database_could_not_take(app: Flask, database_url: str) -> None:
    with app.app_context():
        defer(question_paid_for, **paid_for(1))
        runtime = current_runtime()
    runtime.close(wait=True)  # as a worker does that ends: outside of everything

    assert [row["question_text"] for row in rows(database_url, "question_cache")] == [paid_for(1)["question_text"]]


@on_sqlite
def test_a_worker_that_stops_says_so_and_without_a_traceback(
    fake: FakeClaude, database_url: str, tmp_path: Path
) -> None:
    service = Service(tmp_path, database_url, fake.url, WEB_CONCURRENCY="1")
    try:
        until(lambda: rows(database_url, "service_processes"))
        assert service.stop() == 0
        assert "Traceback" not in service.log.read_text()
        assert rows(database_url, "service_processes") == []
    finally:
        service.kill()


def test_a_key_names_its_answer_for_a_day_from_that_answer_on(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    app = make_app()
    client = app.test_client()
    key = {**ADMIN, "Idempotency-Key": "k"}
    assert client.post(ENHANCE, json=requisition, headers=key).status_code == 200
    (job,) = rows(database_url)
    change_job(app, job["id"], created_at=utc_now() - 1.5 * KEY_LIFETIME, finished_at=utc_now() - 0.5 * KEY_LIFETIME)

    assert client.post(ENHANCE, json=requisition, headers=key).headers["Idempotency-Replayed"] == "true"
    change_job(app, job["id"], finished_at=utc_now() - 1.1 * KEY_LIFETIME)
    assert "Idempotency-Replayed" not in client.post(ENHANCE, json=requisition, headers=key).headers
    assert len(fake.received) == 2
