"""Processes, databases and brokers that are killed while questions are being written: what was paid for is not lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from techscreen.errors import JobsUnavailable
from techscreen.jobs import queue as job_queue
from techscreen.jobs.queue import BrokerQueue, ThreadQueue
from techscreen.storage.liveness import this_process_id
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, MakeApp, go_without, migrate, on_mariadb
from tests.jobs.test_jobs import (
    JOBS,
    LATER,
    WORKFLOW,
    Gate,
    accepted,
    asks,
    enhancement_of,
    is_enhancement,
    is_question,
    later,
    rows,
    started,
    until,
)
from tests.support.fake_claude import FakeClaude, Reply, data_of, good_plan
from tests.support.private_brokers import PrivateRedis, redis_is_installed
from tests.support.private_servers import PrivateMariaDB, mariadb_is_installed, running
from tests.support.private_service import ProcessGroup, Service, Worker

# A process that has been silent for 2.4 seconds counts as dead. With less, one of a busy machine would now and then.
# Slow enough that a living process on a busy machine is not taken for a dead one.
QUICK = {"HEARTBEAT_SECONDS": "0.6", "ASYNC_PROCESSING": "True"}
SILENCE = 3.6

Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path, fake: FakeClaude) -> Iterator[Start]:
    """Starts a `Service` or a `Worker` with a quick heart."""
    groups: list[ProcessGroup] = []

    def start_one(kind: type[ProcessGroup], database_url: str, *more: Any, **settings: str) -> ProcessGroup:
        groups.append(kind(tmp_path, database_url, fake.url, *more, **{**QUICK, **settings}))
        return groups[-1]

    yield start_one
    for group in groups:
        if group.process.poll() is None:
            group.kill()


class Requisitions:
    """Requisitions that need different questions, and what Claude was asked for each."""

    def __init__(self, pattern: dict[str, Any], fake: FakeClaude) -> None:
        self._pattern = pattern
        self._fake = fake

    def __getitem__(self, name: str) -> dict[str, Any]:
        return {**self._pattern, "req_id": name, "basic_title": f"Engineer {name}"}

    def hold_back(self, gate: Gate, name: str, *numbers: int) -> None:
        """Keep some questions of a requisition, counted from 1, from being answered before the gate opens."""
        self._fake.when(asks(self[name], *numbers), gate.reply())

    def asked(self, name: str) -> Counter[str]:
        """How often Claude was asked for each question of a requisition, by its topic, and for its enhancement."""
        plan = good_plan(enhancement_of(self[name]))
        topics = {topic["topic"] for topic in plan["interview_topics"]}
        questions = [data_of(body)["topic"] for body in self._fake.received if is_question(body)]
        enhancements = [body for body in self._fake.received if is_enhancement(body)]
        enhanced = [data_of(body)["basic_title"] == self[name]["basic_title"] for body in enhancements]
        return Counter({topic: questions.count(topic) for topic in topics & set(questions)}) + Counter(
            {"the enhancement": sum(enhanced)}
        )

    def asked_again(self, name: str) -> int:
        return sum(times - 1 for times in self.asked(name).values())


@pytest.fixture
def requisitions(requisition: dict[str, Any], fake: FakeClaude) -> Requisitions:
    return Requisitions(requisition, fake)


def job_of(database_url: str, name: str) -> dict[str, Any]:
    (job,) = [job for job in rows(database_url) if job["req_id"] == name]
    return job


def states(database_url: str) -> list[str]:
    return [job["status"] for job in rows(database_url)]


def kept(database_url: str, name: str) -> int:
    """Questions that a requisition has reserved or used."""
    return sum(use["req_id"] == name for use in rows(database_url, "question_uses"))


def open_rows(database_url: str) -> list[dict[str, Any]]:
    return [row for row in rows(database_url, "generation_logs") if row["status"] == "in_progress"]


def interviews(database_url: str, name: str) -> int:
    return sum(interview["req_id"] == name for interview in rows(database_url, "interviews"))


def beating_for(database_url: str) -> float:
    """Seconds since the newest process began."""
    hearts = rows(database_url, "service_processes")
    newest = max(hearts, key=lambda heart: heart["started_at"])
    return float((newest["heartbeat_at"] - newest["started_at"]).total_seconds())


def keyed(name: str) -> dict[str, str]:
    return {"Idempotency-Key": f"key of {name}"}


def in_threads(work: Callable[[str], Any], names: list[str]) -> list[Any]:
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(work, names))


# ------------------------------------------------------------------------------------------------- web processes


@on_mariadb
def test_a_killed_web_worker_is_replaced_and_what_it_was_paid_for_is_kept(
    start: Start, requisitions: Requisitions, fake: FakeClaude, database_url: str
) -> None:
    service = start(Service, database_url)
    gate = Gate()
    waiting: dict[str, list[Any]] = {}

    def begin(name: str) -> None:
        requisitions.hold_back(gate, name, 4, 5)
        if name.startswith("JOB"):
            assert service.call(WORKFLOW, requisitions[name], LATER)[0] == 202
        else:
            waiting[name] = started(lambda: service.call(WORKFLOW, requisitions[name], keyed(name)))[1]
        until(lambda: kept(database_url, name) == 3 and job_of(database_url, name)["job_description_id"], name)

    def processes(kind: str) -> set[str]:
        return {job["process_id"] for job in rows(database_url) if job["req_id"].startswith(kind)}

    for kind in ("REQ", "JOB"):
        for number in range(40):
            if len(processes(kind)) < 2:
                begin(f"{kind}-{number}")
        assert len(processes(kind)) == 2
    began_in = {job["req_id"]: job["process_id"] for job in rows(database_url)}
    victim = service.children()[0]
    os.kill(victim, signal.SIGKILL)

    # The other one goes on serving.
    assert service.call("/health")[0] == 200
    assert service.call(WORKFLOW, requisitions["OTHER"])[0] == 200
    broken_off = until(lambda: [name for name, result in waiting.items() if result and isinstance(result[0], OSError)])
    dead = began_in[broken_off[0]]
    lost = [name for name, process_id in began_in.items() if process_id == dead]
    lost_requests = [name for name in lost if name.startswith("REQ")]
    lost_jobs = [name for name in lost if name.startswith("JOB")]
    assert lost_requests
    assert lost_jobs

    def failed(name: str) -> bool:
        return job_of(database_url, name)["status"] == "failed"

    until(lambda: all(failed(name) for name in lost_requests))
    assert not [row for row in open_rows(database_url) if row["process_id"] == dead]
    interrupted = [row for row in rows(database_url, "generation_logs") if row["error_code"] == "interrupted"]
    assert {row["req_id"] for row in interrupted} == set(lost)
    assert {row["process_id"] for row in interrupted} == {dead}
    # The three answers that had come are in the count. (A job may have been begun again by now, and tell of that.)
    counted = {row["req_id"]: row["tokens_used"] for row in interrupted}
    assert min(counted.values()) > 0
    for name in lost_requests:
        told = json.loads(job_of(database_url, name)["progress"])
        assert counted[name] == told["questions"][-1]["tokens_used"]
    assert not [use for use in rows(database_url, "question_uses") if use["process_id"] == dead]

    gate.open()
    for name in lost_requests:
        status, answer = service.call(WORKFLOW, requisitions[name], keyed(name))
        assert status == 200, answer
        assert answer["cached_questions"] == 3
    until(lambda: all(result for result in waiting.values()))
    assert {name for name, result in waiting.items() if isinstance(result[0], OSError)} == set(lost_requests)
    assert {result[0][0] for name, result in waiting.items() if name not in lost} == {200}
    until(lambda: set(states(database_url)) == {"succeeded"})
    for name in began_in:
        assert interviews(database_url, name) == 1
        # The two questions that were being written when their process died, and nothing else.
        assert requisitions.asked_again(name) == (2 if name in lost else 0), requisitions.asked(name)
        assert job_of(database_url, name)["attempts"] == (2 if name in lost else 1)
    assert open_rows(database_url) == []
    until(lambda: len(set(service.children()) - {victim}) == 2)


@on_mariadb
def test_topics_that_questions_were_written_for_outlive_a_kill_of_the_whole_service(
    start: Start, requisitions: Requisitions, fake: FakeClaude, database_url: str
) -> None:
    def cut_off(name: str) -> Reply:
        """Topics that come at once, and a description that never comes."""
        plan = json.dumps(good_plan(enhancement_of(requisitions[name])))
        return Reply(break_after=plan.index('"enhanced_description"'), break_with="hang")

    def of(name: str) -> Callable[[dict[str, Any]], bool]:
        return lambda body: is_enhancement(body) and data_of(body)["basic_title"] == requisitions[name]["basic_title"]

    for name in ("REQ", "JOB"):
        fake.when(of(name), cut_off(name), times=1)
    service = start(Service, database_url, WEB_CONCURRENCY="1")
    _, result = started(lambda: service.call(WORKFLOW, requisitions["REQ"], keyed("REQ")))
    assert service.call(WORKFLOW, requisitions["JOB"], LATER)[0] == 202
    until(lambda: kept(database_url, "REQ") == kept(database_url, "JOB") == 5)
    # Asked again, Claude would name other topics.
    fake.when(is_enhancement, Reply(change=lambda plan: {**plan, "interview_topics": plan["interview_topics"][::-1]}))

    service.kill()
    assert isinstance(until(lambda: result)[0], OSError)
    assert states(database_url) == ["running"] * 2
    service = start(Service, database_url)
    until(lambda: sorted(states(database_url)) == ["failed", "succeeded"])
    status, answer = service.call(WORKFLOW, requisitions["REQ"], keyed("REQ"))

    assert status == 200, answer
    assert answer["cached_questions"] == 5
    for name in ("REQ", "JOB"):
        assert interviews(database_url, name) == 1
        assert requisitions.asked(name)["the enhancement"] == 2
        assert requisitions.asked_again(name) == 1
    assert open_rows(database_url) == []


def test_jobs_of_a_killed_service_are_finished_by_the_next_once_each(
    start: Start, requisitions: Requisitions, fake: FakeClaude, database_url: str
) -> None:
    names = [f"JOB-{number}" for number in range(18)]
    gate = Gate()
    for name in names:
        requisitions.hold_back(gate, name, 5)
    service = start(Service, database_url, WEB_CONCURRENCY="1")
    for name in names:
        assert service.call(WORKFLOW, requisitions[name], LATER)[0] == 202
    until(lambda: len(rows(database_url, "question_uses")) == 16 * 4)
    assert Counter(states(database_url)) == {"running": 16, "queued": 2}
    running = {job["req_id"] for job in rows(database_url) if job["status"] == "running"}

    service.kill()
    gate.open()
    start(Service, database_url)

    until(lambda: set(states(database_url)) == {"succeeded"}, seconds=30)
    for name in names:
        assert interviews(database_url, name) == 1
        assert requisitions.asked_again(name) == (1 if name in running else 0), requisitions.asked(name)
        # Once more if its new process, just started, was too busy for its heartbeat: then too it is paid for once.
        assert job_of(database_url, name)["attempts"] in ((2, 3) if name in running else (1, 2))
    assert open_rows(database_url) == []


@on_mariadb
def test_a_stopped_service_finishes_the_jobs_it_has_begun_and_leaves_the_others_to_the_next(
    start: Start, requisitions: Requisitions, fake: FakeClaude, database_url: str
) -> None:
    names = [f"JOB-{number}" for number in range(18)]
    gate = Gate()
    for name in names:
        requisitions.hold_back(gate, name, 5)
    service = start(Service, database_url, WEB_CONCURRENCY="1")
    for name in names:
        assert service.call(WORKFLOW, requisitions[name], LATER)[0] == 202
    until(lambda: fake.under_way == 16)

    service.ask_to_stop()
    next_one = start(Service, database_url)
    # It is alive while it waits for its jobs: those who could take them up do not.
    until(lambda: beating_for(database_url) > 2 * SILENCE)
    assert service.process.poll() is None
    gate.open()
    assert service.process.wait(30) == 0

    until(lambda: set(states(database_url)) == {"succeeded"}, seconds=30)
    assert {job["attempts"] for job in rows(database_url)} == {1}
    for name in names:
        assert interviews(database_url, name) == 1
        assert requisitions.asked_again(name) == 0
    assert open_rows(database_url) == []
    assert {row["status"] for row in rows(database_url, "generation_logs")} == {"success"}
    assert next_one.stop() == 0


# ----------------------------------------------------------------------------------------------- background workers

# What their command has in common: without talk between workers they are ready a second earlier.
QUIET = ("--without-mingle", "--without-gossip")
PREFORK = (*QUIET, "--pool", "prefork", "--concurrency", "2")
THREADS = (*QUIET, "--pool", "threads", "--concurrency", "2")


@pytest.fixture
def web(make_app: MakeApp) -> Callable[[str], FlaskClient]:
    """A web process that accepts jobs for the workers of a broker."""
    return lambda broker_url: make_app(
        ASYNC_PROCESSING=True, HEARTBEAT_SECONDS=0.6, CELERY_BROKER_URL=broker_url
    ).test_client()


def works_at(database_url: str, name: str) -> str:
    """The process that works at a requisition's job: not this one, which has accepted it."""
    process_id: str = job_of(database_url, name)["process_id"]
    assert process_id != this_process_id()
    return process_id


@on_mariadb
@pytest.mark.parametrize(
    ("broker", "options"),
    [("redis_url", PREFORK), ("redis_url", THREADS), ("rabbitmq_url", PREFORK), ("rabbitmq_url", THREADS)],
    ids=["redis-prefork", "redis-threads", "rabbitmq-prefork", "rabbitmq-threads"],
)
def test_the_job_of_a_killed_worker_is_finished_by_another_once(
    web: Callable[[str], FlaskClient],
    start: Start,
    requisitions: Requisitions,
    database_url: str,
    request: pytest.FixtureRequest,
    broker: str,
    options: tuple[str, ...],
) -> None:
    broker_url = request.getfixturevalue(broker)
    gate = Gate()
    requisitions.hold_back(gate, "JOB", 4, 5)
    worker = start(Worker, database_url, options, CELERY_BROKER_URL=broker_url)
    client = web(broker_url)
    accepted(later(client, WORKFLOW, requisitions["JOB"]))
    until(lambda: kept(database_url, "JOB") == 3)
    first = works_at(database_url, "JOB")

    worker.kill()
    gate.open()
    start(Worker, database_url, options, CELERY_BROKER_URL=broker_url)

    until(lambda: states(database_url) == ["succeeded"], seconds=30)
    assert works_at(database_url, "JOB") != first
    assert job_of(database_url, "JOB")["attempts"] == 2
    assert interviews(database_url, "JOB") == 1
    assert requisitions.asked_again("JOB") == 2
    assert [row["status"] for row in rows(database_url, "generation_logs")] == ["success", "failed", "success"]


@on_mariadb
def test_the_job_of_a_killed_child_of_a_worker_is_finished_by_another_child(
    web: Callable[[str], FlaskClient], start: Start, requisitions: Requisitions, database_url: str, redis_url: str
) -> None:
    gate = Gate()
    requisitions.hold_back(gate, "JOB", 5)
    worker = start(Worker, database_url, PREFORK, CELERY_BROKER_URL=redis_url)
    client = web(redis_url)
    accepted(later(client, WORKFLOW, requisitions["JOB"]))
    until(lambda: kept(database_url, "JOB") == 4)
    first = works_at(database_url, "JOB")

    for child in worker.children():
        os.kill(child, signal.SIGKILL)
    gate.open()

    until(lambda: states(database_url) == ["succeeded"], seconds=30)
    assert works_at(database_url, "JOB") != first
    assert job_of(database_url, "JOB")["attempts"] == 2
    assert interviews(database_url, "JOB") == 1
    assert requisitions.asked_again("JOB") == 1


@on_mariadb
@pytest.mark.parametrize("options", [PREFORK, THREADS], ids=["prefork", "threads"])
def test_a_worker_that_is_stopped_finishes_the_job_it_has_begun(
    web: Callable[[str], FlaskClient],
    start: Start,
    requisitions: Requisitions,
    fake: FakeClaude,
    database_url: str,
    redis_url: str,
    options: tuple[str, ...],
) -> None:
    gate = Gate()
    requisitions.hold_back(gate, "JOB", 5)
    worker = start(Worker, database_url, options, CELERY_BROKER_URL=redis_url)
    client = web(redis_url)
    accepted(later(client, WORKFLOW, requisitions["JOB"]))
    until(lambda: kept(database_url, "JOB") == 4)

    worker.ask_to_stop()
    until(lambda: "Warm shutdown" in worker.log.read_text())
    gate.open()

    assert worker.process.wait(30) == 0
    (job,) = rows(database_url)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert len(fake.received) == 6
    # What it says in its log is said as everywhere in the service.
    assert f"INFO claude_client [{job['request_id']}] claude WriteQuestion: success" in worker.log.read_text()


# ------------------------------------------------------------------------------------------------ databases, brokers


class DurableMariaDB(PrivateMariaDB):
    """A MariaDB that has on disk what it has committed, as those in production do."""

    def _command(self) -> list[str]:
        return [*super()._command(), "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=64M"]


@pytest.fixture(scope="module")
def mortal_mariadb() -> Iterator[DurableMariaDB]:
    """A MariaDB server that may be killed."""
    if not mariadb_is_installed():
        go_without("MariaDB", "mariadb-server", "TEST_DATABASE_URL")
    with running(DurableMariaDB()) as server:
        yield server


@pytest.fixture
def mortal_url(mortal_mariadb: DurableMariaDB) -> str:
    if mortal_mariadb.process and mortal_mariadb.process.poll() is not None:
        mortal_mariadb.start()
    url = mortal_mariadb.new_database("techscreen_test")
    migrate(url)
    return url


def test_a_killed_database_that_comes_back_costs_waiting_and_nothing_else(
    start: Start, requisitions: Requisitions, fake: FakeClaude, mortal_mariadb: DurableMariaDB, mortal_url: str
) -> None:
    names = ["PLAIN", "KEYED", "JOB"]
    gate = Gate()
    for name in names:
        requisitions.hold_back(gate, name, 4, 5)
    service = start(Service, mortal_url)
    processes = service.children()
    _, plain = started(lambda: service.call(WORKFLOW, requisitions["PLAIN"]))
    _, with_key = started(lambda: service.call(WORKFLOW, requisitions["KEYED"], keyed("KEYED")))
    assert service.call(WORKFLOW, requisitions["JOB"], LATER)[0] == 202
    for name in names:
        until(lambda name=name: kept(mortal_url, name) == 3)
    fake.received.clear()

    mortal_mariadb.kill()
    gone = time.monotonic()
    gate.open()
    # For longer than a silence that means death, so that nobody takes this for the death of the others.
    while time.monotonic() - gone < 2 * SILENCE:
        for path, body, headers in (
            (WORKFLOW, requisitions["LATE"], {}),
            (WORKFLOW, requisitions["LATE"], keyed("LATE")),
            (WORKFLOW, requisitions["LATE"], LATER),
            ("/api/interview/req/KEYED", None, {}),
            (JOBS, None, {}),
        ):
            status, answer = service.call(path, body, headers)
            assert (status, answer["code"]) == (503, "database_unavailable")
        assert service.call("/health")[0] == 200
    mortal_mariadb.start()

    assert until(lambda: plain)[0][0] == 200, plain
    assert until(lambda: with_key)[0][0] == 200, with_key
    until(lambda: set(states(mortal_url)) == {"succeeded"})
    assert {row["status"] for row in rows(mortal_url, "generation_logs")} == {"success"}
    assert fake.received == []
    assert {job["attempts"] for job in rows(mortal_url)} == {1}
    assert [interviews(mortal_url, name) for name in names] == [1, 1, 1]
    assert service.call(WORKFLOW, requisitions["LATE"])[0] == 200
    assert service.children() == processes


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what it would use is not used
def test_what_was_paid_for_in_an_outage_is_stored_by_the_next_process_that_sees_the_database(
    make_app: MakeApp,
    requisitions: Requisitions,
    fake: FakeClaude,
    mortal_mariadb: DurableMariaDB,
    mortal_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("techscreen.storage.transactions.PATIENCE", 0.5)
    monkeypatch.setattr("techscreen.storage.transactions.RETRY_AFTER", 1)
    names = ["PLAIN", "KEYED", "JOB"]
    gate = Gate()
    requisitions.hold_back(gate, "PLAIN", 1, 2, 3, 4, 5)
    for name in names[1:]:
        requisitions.hold_back(gate, name, 4, 5)
    fake.when(
        lambda body: is_enhancement(body) and data_of(body)["basic_title"] == requisitions["KEYED"]["basic_title"],
        gate.reply(),
    )
    settings = {"DATABASE_URL": mortal_url, "ASYNC_PROCESSING": True, "SPOOL_DIR": str(tmp_path / "spool")}
    app = make_app(**settings)

    def call(app: Flask, name: str, **headers: str) -> TestResponse:
        return app.test_client().post(WORKFLOW, json=requisitions[name], headers={**ADMIN, **headers})

    def written_down(kind: str) -> int:
        return sum(f'"{kind}"' in file.read_text() for file in (tmp_path / "spool").glob("*.json"))

    _, plain = started(lambda: call(app, "PLAIN"))
    _, with_key = started(lambda: call(app, "KEYED", **keyed("KEYED")))
    accepted(call(app, "JOB", **LATER))
    until(lambda: kept(mortal_url, "JOB") == 3)
    until(lambda: fake.under_way == 5 + 1 + 2)

    mortal_mariadb.kill()
    gone = time.monotonic()
    gate.open()
    for result in (plain, with_key):
        answer = until(lambda result=result: result)[0]
        assert (answer.status_code, answer.get_json()["code"]) == (503, "database_unavailable")
    assert time.monotonic() - gone < 6  # one wait for all five questions, not five
    until(lambda: written_down("attempt_ended") == 2)
    assert written_down("enhancement_paid_for") == 1
    assert written_down("question_paid_for") == 5 + 2
    with app.app_context():
        current_runtime().close()
    mortal_mariadb.start()

    fake.received.clear()
    another = make_app(**settings, HEARTBEAT_SECONDS=0.2)
    assert another.test_client().get("/health").status_code == 200
    until(lambda: open_rows(mortal_url) == [])
    assert call(another, "KEYED", **keyed("KEYED")).status_code == 200
    assert call(another, "PLAIN").status_code == 200
    until(lambda: sorted(states(mortal_url)) == ["succeeded", "succeeded"])
    assert [interviews(mortal_url, name) for name in names] == [1, 1, 1]
    codes = Counter(row["error_code"] for row in rows(mortal_url, "generation_logs"))
    assert (codes["database_unavailable"], codes["interrupted"]) == (3, 0)
    # Without a key nobody knows that the enhancement of the first try is meant. KEYED had written no question yet.
    assert {name: requisitions.asked(name)["the enhancement"] for name in names} == {"PLAIN": 1, "KEYED": 0, "JOB": 0}
    assert {name: requisitions.asked(name).total() for name in names} == {"PLAIN": 1, "KEYED": 5, "JOB": 0}
    assert written_down("") == 0


@pytest.fixture
def mortal_redis() -> Iterator[PrivateRedis]:
    """A Redis that may be killed, and then has forgotten everything."""
    if not redis_is_installed():
        go_without("Redis", "redis-server", "TEST_REDIS_URL")
    with running(PrivateRedis()) as server:
        yield server


@on_mariadb
@pytest.mark.parametrize("options", [PREFORK, THREADS], ids=["prefork", "threads"])
def test_a_broker_that_is_killed_and_forgets_its_queue_loses_no_job(
    web: Callable[[str], FlaskClient],
    start: Start,
    requisitions: Requisitions,
    database_url: str,
    mortal_redis: PrivateRedis,
    options: tuple[str, ...],
) -> None:
    running_jobs, queued_jobs = ["JOB-0", "JOB-1"], ["JOB-2", "JOB-3"]
    gate = Gate()
    for name in running_jobs:
        requisitions.hold_back(gate, name, 5)
    worker = start(Worker, database_url, options, CELERY_BROKER_URL=mortal_redis.url)
    client = web(mortal_redis.url)
    for name in running_jobs + queued_jobs:
        accepted(later(client, WORKFLOW, requisitions[name]))
    for name in running_jobs:
        until(lambda name=name: kept(database_url, name) == 4)

    mortal_redis.kill()
    for headers in ({}, keyed("LATE")):
        gone = time.monotonic()
        answer = later(client, WORKFLOW, requisitions["LATE"], **headers)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "jobs_unavailable")
        assert time.monotonic() - gone < 3
    assert states(database_url) == ["running", "running", "queued", "queued"]
    until(lambda: "onnection to broker lost" in worker.log.read_text())
    mortal_redis.start()
    gate.open()
    assert later(client, WORKFLOW, requisitions["LATE"], **keyed("LATE")).status_code == 202

    until(lambda: states(database_url) == ["succeeded"] * 5, seconds=30)
    for name in [*running_jobs, *queued_jobs, "LATE"]:
        assert job_of(database_url, name)["attempts"] == 1
        assert interviews(database_url, name) == 1
        assert requisitions.asked_again(name) == 0
        works_at(database_url, name)
    assert worker.process.poll() is None


class Wire:
    """A line to a server that can be cut, and that can be held so that nothing comes through."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open: list[socket.socket] = []
        self._held = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        self._held = True

    def close(self) -> None:
        self._listener.close()
        self.cut()
        for end in self._open:
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not self._held:
                    target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("broker", ["redis_url", "rabbitmq_url"])
def test_who_announces_a_job_notices_in_time_that_the_broker_is_away_and_at_once_that_it_is_back(
    broker: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(request.getfixturevalue(broker))
    assert url.port
    for name in ("socket_connect_timeout", "socket_timeout", "read_timeout", "write_timeout"):
        monkeypatch.setitem(job_queue.IMPATIENT, name, 0.3)
    monkeypatch.setattr(job_queue, "BROKER_TIMEOUT", 0.3)
    wire = Wire(url.port)
    queue = BrokerQueue(url.set(port=wire.port).render_as_string(hide_password=False))
    try:
        queue.announce("a job that nobody knows")
        wire.cut()
        queue.announce("a job that nobody knows")
        wire.hold()
        gone = time.monotonic()
        for _ in range(2):
            with pytest.raises(JobsUnavailable):
                queue.announce("a job that nobody knows")
        assert time.monotonic() - gone < 5
    finally:
        queue.close(wait=True)
        wire.close()


def test_a_queue_that_is_closed_begins_no_more_jobs_while_it_waits_for_others() -> None:
    begun: list[str] = []
    go_on = threading.Event()

    def run(job_id: str) -> None:
        begun.append(job_id)
        go_on.wait(10)

    queue = ThreadQueue(run)
    queue.announce("first")
    until(lambda: begun)
    closing, _ = started(lambda: queue.close(wait=True))
    until(lambda: queue.is_closed)
    queue.announce("second")
    go_on.set()
    closing.join(10)

    assert begun == ["first"]
