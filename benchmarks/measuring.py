"""What the benchmarks share: percentiles, rows of the table, an app on a fresh database, and a fake Claude."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from alembic import command as alembic_command
from alembic.config import Config
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app import create_app
from config import PROJECT_FOLDER
from models import db
from techscreen.claude.interface import Claude
from techscreen.web.container import current_runtime

ADMIN = {"X-User-ID": "bench", "X-User-Role": "admin"}
REQUISITION = {
    "req_id": "REQ-0",
    "basic_title": "Senior Software Engineer",
    "basic_description": "We are looking for a senior engineer with experience in building scalable systems.",
    "work_output": "Microservices that handle 10,000 transactions per second",
    "work_role": "Leads backend architecture, mentors junior engineers",
    "work_knowledge": "Kafka, PostgreSQL, Spring Boot, distributed systems",
    "work_competencies": "System design, problem solving, communication",
}


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, and its target."""

    what: str
    measured: str
    target: str
    reached: bool


def percentile(values: list[float], part: float) -> float:
    """The value that this part (0 to 1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def speed() -> float:
    """How fast one core is right now: million turns of an empty loop in a second. The best of five."""

    def turn() -> None:
        for _ in range(1_000_000):
            pass

    return 1 / min(seconds(turn) for _ in range(5))


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of a piece of work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def fake_claude(first_token: float = 0) -> Iterator[str]:
    """The address of a fake Claude in another process, so that its CPU time is not taken for ours.

    Args:
        first_token: seconds until an answer begins.
    """
    command = [sys.executable, "-m", "tests.support.fake_claude", "0", str(first_token), "0"]
    with subprocess.Popen(command, cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def bench_app(database_url: str, claude_url: str, **settings: Any) -> AbstractContextManager[Flask]:
    """An app on a freshly migrated database, with the live client speaking to the fake Claude."""
    given = {"FLASK_ENV": "testing", "DATABASE_URL": database_url, "CLAUDE_BASE_URL": claude_url, "LOG_LEVEL": "ERROR"}
    return fresh_app({**given, **settings})


@contextmanager
def fresh_app(settings: Mapping[str, Any], claude: Claude | None = None) -> Iterator[Flask]:
    """An app on a freshly migrated database, taken down at the end.

    Args:
        settings: DATABASE_URL among them.
        claude: who answers; by default what the settings say.
    """
    alembic = Config(PROJECT_FOLDER / "alembic.ini")
    with create_engine(settings["DATABASE_URL"], poolclass=NullPool).begin() as connection:
        alembic.attributes["connection"] = connection
        alembic_command.downgrade(alembic, "base")
        alembic_command.upgrade(alembic, "head")
    app = create_app(settings, claude=claude)
    try:
        yield app
    finally:
        with app.app_context():
            current_runtime().close()
            db.session.remove()
            db.engine.dispose()


def run_workflow(app: Flask, number: int, title: str | None = None) -> dict[str, Any]:
    """One full workflow of a new requisition. With a title of its own, the cache cannot serve it."""
    body = {**REQUISITION, "req_id": f"REQ-{number}", "basic_title": title or f"Senior Software Engineer {number}"}
    response = app.test_client().post("/api/interview/workflow/full", json=body, headers=ADMIN)
    if response.status_code != 200:
        raise RuntimeError(response.text)
    answer: dict[str, Any] = response.json or {}
    return answer
