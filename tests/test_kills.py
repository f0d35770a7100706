"""Processes, databases and brokers that are killed while questions are being written: what was paid for is not lost."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service_processes import this_process_id
from tests.conftest import ADMIN, MakeApp, go_without
from tests.fake_claude import FakeClaude, Reply, asked_for, data_of, good_plan
from tests.private_brokers import PrivateRedis, redis_is_installed
from tests.private_servers import PrivateMariaDB, mariadb_is_installed, running
from tests.private_service import ProcessGroup, Service, Worker
from tests.test_jobs import (
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

# A process that has been silent for 1.2 seconds counts as dead.
QUICK = {"HEARTBEAT_SECONDS": "0.2", "ASYNC_PROCESSING": "True"}
on_mariadb = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)

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


def keyed(name: str) -> dict[str, str]:
    return {"Idempotency-Key": f"key of {name}"}


def in_threads(work: Callable[[str], Any], names: list[str]) -> list[Any]:
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(work, names))


# ------------------------------------------------------------------------------------------------- web processes


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
        assert job_of(database_url, name)["attempts"] == (2 if name in running else 1)
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
    # The others are due after a time for which the dead are silent, so the first one is seen to be alive meanwhile.
    until(lambda: states(database_url) == ["running"] * 18)
    began = Counter(job["process_id"] for job in rows(database_url))
    assert max(began.values()) == 16
    assert service.process.poll() is None
    gate.open()
    assert service.process.wait(30) == 0

    until(lambda: set(states(database_url)) == {"succeeded"})
    assert {job["attempts"] for job in rows(database_url)} == {1}
    for name in names:
        assert interviews(database_url, name) == 1
        assert requisitions.asked_again(name) == 0
    assert open_rows(database_url) == []
    assert {row["status"] for row in rows(database_url, "generation_logs")} == {"success"}
    assert next_one.stop() == 0
