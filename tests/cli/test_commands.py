"""The service as its users start it: real processes, real ports, and what happens when they are killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from claude_client import ClaudeClient
from config import PROJECT_FOLDER, load_settings
from prompts import EnhanceDescription
from techscreen.claude.interface import Deadline
from tests.conftest import on_mariadb, on_sqlite
from tests.support.fake_claude import FakeClaude
from tests.support.private_service import Service


@pytest.fixture
def start(tmp_path: Path, database_url: str, fake: FakeClaude) -> Iterator[Any]:
    services: list[Service] = []

    def start_one(**settings: str) -> Service:
        services.append(Service(tmp_path, database_url, fake.url, **settings))
        return services[-1]

    yield start_one
    for service in services:
        if service.process.poll() is None:
            service.kill()


def statuses(database_url: str) -> list[str]:
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        return list(connection.scalars(text("SELECT status FROM generation_logs ORDER BY id")))


def in_background(work: Any) -> tuple[threading.Thread, list[Any]]:
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(work())
        except OSError as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


def wait_until(condition: Any) -> None:
    for _ in range(1_200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in 60 s")


def test_many_workflows_on_several_workers_each_get_their_own_answer(
    start: Any, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    service = start()
    fake.first_token = 0.1

    def one(number: int) -> tuple[int, dict[str, Any]]:
        return service.call(
            "/api/interview/workflow/full",
            {**requisition, "req_id": f"REQ-{number}", "basic_title": f"Engineer {number}"},
        )

    running = [in_background(lambda number=number: one(number)) for number in range(12)]
    for number, (thread, result) in enumerate(running):
        thread.join()
        status, answer = result[0]
        assert status == 200, answer
        assert answer["enhanced_jd"]["title"] == f"Engineer {number} (enhanced)"
        assert answer["req_id"] == f"REQ-{number}"


@on_mariadb
def test_a_killed_service_leaves_a_row_that_the_next_one_closes_and_the_request_can_be_repeated(
    start: Any, fake: FakeClaude, requisition: dict[str, Any], database_url: str
) -> None:
    fake.first_token = 10
    service = start()
    thread, result = in_background(lambda: service.call("/api/interview/workflow/full", requisition))
    wait_until(lambda: fake.received)

    service.kill()
    thread.join()

    assert isinstance(result[0], OSError)
    assert statuses(database_url) == ["in_progress"]
    fake.first_token = 0
    service = start(HEARTBEAT_SECONDS="0.2")
    wait_until(lambda: statuses(database_url) == ["failed"])
    assert service.call("/api/interview/workflow/full", requisition)[0] == 200
    assert statuses(database_url) == ["failed", "success", "success"]


@on_sqlite
def test_a_worker_that_is_killed_is_replaced_and_others_go_on(
    start: Any, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    service = start()
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list child processes")
    workers = [int(pid) for pid in children.read_text().split()]
    assert len(workers) == 2

    os.kill(workers[0], signal.SIGKILL)

    assert service.call("/api/interview/workflow/full", requisition)[0] == 200
    wait_until(lambda: len(set(children.read_text().split()) - {str(workers[0])}) == 2)


@on_sqlite
def test_a_stop_lets_a_generation_come_to_its_end(
    start: Any, fake: FakeClaude, requisition: dict[str, Any], database_url: str
) -> None:
    fake.first_token = 0.7
    service = start()
    thread, result = in_background(lambda: service.call("/api/interview/workflow/full", requisition))
    wait_until(lambda: fake.received)

    assert service.stop() == 0
    thread.join()

    status, answer = result[0]
    assert status == 200
    assert len(answer["interview"]["questions"]) == 5
    assert statuses(database_url) == ["success", "success"]


@on_sqlite
def test_log_lines_are_json_with_their_request_id_and_go_to_the_file_too(
    start: Any, fake: FakeClaude, requisition: dict[str, Any], tmp_path: Path
) -> None:
    service = start(LOG_FORMAT="json", LOG_FILE=str(tmp_path / "app.log"), WEB_CONCURRENCY="1")
    service.call("/api/interview/workflow/full", requisition)
    service.stop()

    lines = [json.loads(line) for line in (tmp_path / "app.log").read_text().splitlines()]
    (request,) = [line for line in lines if line.get("route") == "/api/interview/workflow/full"]
    assert request["status"] == 200
    assert request["user_id"] == "anna.admin"
    calls = [line for line in lines if line.get("event") == "claude_call"]
    assert len(calls) == 6
    assert {line["request_id"] for line in calls} == {request["request_id"]}
    assert "scalable systems" not in (tmp_path / "app.log").read_text() + service.log.read_text()


@on_sqlite
def test_production_without_what_it_needs_does_not_start(start: Any, database_url: str, fake: FakeClaude) -> None:
    with pytest.raises(RuntimeError, match="CLAUDE_API_KEY is required in production"):
        start(FLASK_ENV="production", CLAUDE_MODE="offline")


@on_sqlite
def test_a_client_used_before_a_fork_works_on_both_sides_of_it(fake: FakeClaude, database_url: str) -> None:
    client = ClaudeClient(load_settings({"FLASK_ENV": "testing", "CLAUDE_BASE_URL": fake.url}))

    def ask(title: str) -> str:
        request = EnhanceDescription(basic_title=title, basic_description="Builds things that last.")
        return client.submit(request, lambda answer: [], Deadline.after(10)).result(10).value.enhanced_title

    assert ask("Before") == "Before (enhanced)"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # nothing of pytest may run in the child
        with contextlib.suppress(BaseException):
            os.write(writer, "|".join(ask(f"Child {number}") for number in range(5)).encode())
        os._exit(0)
    parents = [ask(f"Parent {number}") for number in range(5)]
    os.close(writer)
    with os.fdopen(reader) as pipe:
        children = pipe.read().split("|")
    os.waitpid(child, 0)
    client.close()

    assert parents == [f"Parent {number} (enhanced)" for number in range(5)]
    assert children == [f"Child {number} (enhanced)" for number in range(5)]


def test_the_documented_migration_commands_work(tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'a%25b.db'}"}
    for command in (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head", "--sql"]):
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *command],
            cwd=PROJECT_FOLDER,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert "CREATE TABLE job_descriptions" in done.stdout
