"""A database that fails in every way it can: connections, servers, races. Nobody's work is lost, and few notice."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymysql
import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.pool import NullPool

from models import db
from techscreen.question_cache.reservations import QuestionCache, question_paid_for
from techscreen.storage import spool
from techscreen.storage.connections import FAILED_OVER
from techscreen.storage.deferred_writes import defer, keep_deferred_writes, make_deferred_writes
from techscreen.storage.transactions import MYSQL_RACES
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, MakeApp, with_starter_library
from tests.jobs.test_jobs import ENHANCE, GENERATE, WORKFLOW, Gate, asks, rows, started, until
from tests.question_cache.test_question_cache import a_question, a_topic
from tests.support.fake_claude import FakeClaude
from tests.support.private_service import Service

MARIADB = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OFFLINE = {"FLASK_ENV": "development", "CLAUDE_MODE": "offline", "DAILY_TOKEN_BUDGET": 10**9}
DUPLICATE, SERVER_LOST = 1062, 2013


@contextmanager
def beside(database_url: str) -> Iterator[Any]:
    """A connection of nobody's pool, as the server's administrator has it."""
    with create_engine(database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        yield connection


def kill_all_but_this(connection: Any) -> int:
    """KILL every connection to this database."""
    own = connection.scalar(text("SELECT CONNECTION_ID()"))
    others = text("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> :own")
    killed = 0
    for other in connection.scalars(others, {"own": own}).all():
        with suppress(OperationalError):  # it has ended by itself
            connection.execute(text(f"KILL {other}"))
            killed += 1
    return killed


# ------------------------------------------------------------------------------------------------ at any statement


class FaultAt:
    """Lets the statement with a certain number fail once, in the thread that made this."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self._dialect = db.engine.dialect
        self._original = self._dialect.do_execute
        self._dialect.do_execute = self._execute  # type: ignore[method-assign]
        self._thread = threading.get_ident()
        self.made, self._at, self._fault = 0, -1, 0

    def __call__(self, at: int, fault: int) -> None:
        self.made, self._at, self._fault = 0, at, fault

    def restore(self) -> None:
        self._dialect.do_execute = self._original  # type: ignore[method-assign]

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if threading.get_ident() == self._thread:
            self.made += 1
            if self.made == self._at:
                kind = pymysql.IntegrityError if self._fault == DUPLICATE else pymysql.OperationalError
                raise kind(self._fault, "a fault of the test")
        self._original(cursor, statement, parameters, context)


@MARIADB
def test_no_fault_that_passes_is_felt_at_whatever_statement_it_happens(
    make_app: MakeApp, requisition: dict[str, Any]
) -> None:
    app = with_starter_library(make_app(**OFFLINE))
    client = app.test_client()
    first = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()
    fault, number = FaultAt(app), 0
    faults = [*MYSQL_RACES, *FAILED_OVER, SERVER_LOST, DUPLICATE]

    def fresh() -> dict[str, Any]:
        nonlocal number
        number += 1
        return {**requisition, "req_id": f"R{number}"}

    def generating() -> dict[str, Any]:
        # Rows that come from elsewhere, with topics as ours have them, or without.
        body, topics = fresh(), "interview_topics" if number % 2 else "NULL"
        with app.app_context(), db.engine.begin() as connection:
            columns = "created_at, basic_title, basic_description, enhanced_title, enhanced_description, language"
            made = connection.execute(
                text(
                    f"INSERT INTO job_descriptions (req_id, interview_topics, created_by_user_id, {columns})"
                    f" SELECT :req_id, {topics}, 'x', {columns} FROM job_descriptions WHERE id = :id"
                ),
                {"req_id": body["req_id"], "id": first["job_description_id"]},
            )
        return {"req_id": body["req_id"], "job_description_id": made.lastrowid}

    writing: list[tuple[str, Callable[[], dict[str, Any]], dict[str, str]]] = [
        (ENHANCE, fresh, {}),
        (GENERATE, generating, {"Idempotency-Key": "k"}),
        ("/api/interview/cache/{}/retire", lambda: {"reason": "Leaked."}, {}),
    ]
    felt: list[Any] = []
    tried = 0
    for path, body, headers in writing:
        at = 1
        while True:
            this = rows_of(app, "question_cache")[-1]["id"] if "{}" in path else 0
            sent, keyed = body(), {name: f"{value}{number}" for name, value in headers.items()}
            fault(at, faults[tried % len(faults)])
            answer = client.post(path.format(this), json=sent, headers={**ADMIN, **keyed})
            if fault.made < at:
                break
            if answer.status_code != 200:
                felt.append((path, at, faults[tried % len(faults)], answer.get_json()))
            at, tried = at + 1, tried + 1
        fault(-1, 0)
    reading = [
        f"/api/interview/{first['interview_id']}",
        f"/api/interview/req/{first['req_id']}",
        f"/api/interview/jd/{first['req_id']}",
        *(f"/api/interview/{name}" for name in ("jobs", "cache", "logs", "usage", f"evidence/{first['req_id']}")),
    ]
    for path in reading:
        fault(1, SERVER_LOST)
        if client.get(path, headers=ADMIN).status_code != 200 or fault.made < 2:
            felt.append((path, fault.made))
    fault.restore()

    assert felt == []
    assert tried > 25
    assert {row["status"] for row in rows_of(app, "generation_logs")} == {"success"}


def rows_of(app: Flask, table: str) -> list[dict[str, Any]]:
    with app.app_context(), db.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id"))]


@MARIADB
def test_killed_connections_are_felt_by_nobody(
    make_app: MakeApp, requisition: dict[str, Any], database_url: str
) -> None:
    app = with_starter_library(make_app(**OFFLINE))
    made = app.test_client().post(WORKFLOW, json=requisition, headers=ADMIN).get_json()

    def call(number: int) -> tuple[str, int]:
        client = app.test_client()
        if number == 0:
            return "written", client.post(ENHANCE, json=requisition, headers=ADMIN).status_code
        path = made["interview_id"] if number % 2 else f"req/{made['req_id']}"
        return "read", client.get(f"/api/interview/{path}", headers=ADMIN).status_code

    killed, answers = 0, Counter[tuple[str, int]]()
    with ThreadPoolExecutor(8) as pool, beside(database_url) as administrator:
        for _ in range(4):
            under_way = [pool.submit(call, number) for number in range(32)]
            killed += kill_all_but_this(administrator)  # some of them idle, some in the middle of something
            answers.update(future.result() for future in under_way)

    assert killed >= 8
    assert answers["read", 200] == 124, answers
    # A commit may be killed before it has answered: who is not sure that it took place must not do it again.
    assert answers["written", 200] + answers["written", 503] == 4


@MARIADB
def test_many_questions_for_the_same_topic_at_the_same_moment_are_all_kept(app: Flask) -> None:
    begin = threading.Barrier(24)

    def keep(number: int) -> int | None:
        with app.app_context():
            runtime = current_runtime()
            with QuestionCache(runtime.claude, runtime.settings).reservations_for(f"REQ-{number}") as reservations:
                begin.wait()
                return reservations.keep(a_topic(), "en", a_question(f"seed {number}"))

    with ThreadPoolExecutor(24) as pool:
        kept = set(pool.map(keep, range(24)))

    assert len(kept) == 24
    assert sorted(row["variant"] for row in rows_of(app, "question_cache")) == list(range(1, 25))


# ------------------------------------------------------------------------------------------------ settings of a server


@MARIADB
def test_a_server_that_becomes_read_only_is_found_out_and_left_at_once(
    make_app: MakeApp, requisition: dict[str, Any], database_url: str
) -> None:
    url = make_url(database_url)
    # The administrator may write all the same.
    account = url.set(username="guest").render_as_string(hide_password=False)
    with beside(database_url) as administrator:
        administrator.execute(text("CREATE OR REPLACE USER guest"))
        administrator.execute(text(f"GRANT ALL ON {url.database}.* TO guest"))
        app = with_starter_library(make_app(**OFFLINE, DATABASE_URL=account))
        client = app.test_client()
        assert client.post(ENHANCE, json=requisition, headers=ADMIN).status_code == 200
        before = connections_of("guest", administrator)
        administrator.execute(text("SET GLOBAL read_only = 1"))
        try:
            refused = client.post(ENHANCE, json={**requisition, "req_id": "LATER"}, headers=ADMIN)
            ready = client.get("/health/ready")
            read = client.get(f"/api/interview/jd/{requisition['req_id']}", headers=ADMIN)
        finally:
            administrator.execute(text("SET GLOBAL read_only = 0"))
        accepted = client.post(ENHANCE, json={**requisition, "req_id": "LATER"}, headers=ADMIN)
        after = connections_of("guest", administrator)
        administrator.execute(text("DROP USER guest"))

    assert (refused.status_code, refused.get_json()["code"]) == (503, "database_unavailable")
    assert ready.status_code == 503
    database = ready.get_json()["parts"]["database"]
    assert (database["status"], "read-only" in database["message"]) == ("problem", True)
    assert read.status_code == 200
    assert accepted.status_code == 200
    assert not before & after


def connections_of(user: str, administrator: Any) -> set[int]:
    of_user = text("SELECT id FROM information_schema.processlist WHERE user = :user")
    return set(administrator.scalars(of_user, {"user": user}))


@MARIADB
def test_nothing_is_cut_to_fit_also_by_a_server_that_would(make_app: MakeApp, database_url: str) -> None:
    with beside(database_url) as administrator:
        strict = administrator.scalar(text("SELECT @@GLOBAL.sql_mode"))
        administrator.execute(text("SET GLOBAL sql_mode = 'PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'"))
        try:
            app = make_app()
            too_long = text("INSERT INTO service_processes (id, started_at, heartbeat_at) VALUES (:id, NOW(), NOW())")
            for _ in range(2):  # on a new connection, and on one that is opened anew
                with app.app_context(), db.engine.connect() as connection:
                    with pytest.raises(DataError, match="Data too long"):
                        connection.execute(too_long, {"id": "x" * 33})
                    assert "PIPES" not in str(connection.scalar(text("SELECT @@sql_mode")))
                kill_all_but_this(administrator)
        finally:
            administrator.execute(text("SET GLOBAL sql_mode = :mode"), {"mode": strict})


# ------------------------------------------------------------------------------------------------ processes that die


@MARIADB
def test_who_tries_again_at_once_after_a_kill_pays_for_nothing_twice(
    requisition: dict[str, Any], fake: FakeClaude, database_url: str, tmp_path: Path
) -> None:
    bodies = [{**requisition, "req_id": name, "basic_title": f"Engineer {name}"} for name in ("KEYED", "PLAIN")]
    gate, key = Gate(), {"Idempotency-Key": "k"}
    for body in bodies:
        fake.when(asks(body, 4, 5), gate.reply())
    # Beats so rare that nobody's death shows by silence within this test.
    service = Service(tmp_path, database_url, fake.url, HEARTBEAT_SECONDS="30", WEB_CONCURRENCY="1")
    try:
        broken_off = [
            started(lambda body=body, headers=headers: service.call(WORKFLOW, body, headers))[1]  # type: ignore[misc]
            for body, headers in zip(bodies, (key, {}), strict=True)
        ]
        until(lambda: len(rows(database_url, "question_uses")) == 6)
        until(lambda: all(row["enhanced_at"] for row in rows(database_url, "job_descriptions")))

        for process in service.children():
            os.kill(process, signal.SIGKILL)
        until(lambda: all(broken_off))
        until(service._is_ready)  # as soon as there are others
        gate.open()
        fake.received.clear()
        stored = {row["req_id"]: row["id"] for row in rows(database_url, "job_descriptions")}
        answers = [
            service.call(WORKFLOW, bodies[0], key),
            service.call(GENERATE, {"req_id": "PLAIN", "job_description_id": stored["PLAIN"]}),
        ]

        assert [(status, answer.get("cached_questions")) for status, answer in answers] == [(200, 3)] * 2
        assert len(fake.received) == 4
    finally:
        service.kill()


# ------------------------------------------------------------------------------------------------ writes outstanding


def paid_for(number: int) -> dict[str, Any]:
    """The values of a question that could not be stored."""
    return {
        "request_hash": "h" * 64,
        "topic": "Kafka",
        "skill_level": "Advanced",
        "question_text": f"Question {number}: ünd ☃?",
        "criteria": [],
        "technology_key": "kafka",
        "facet_key": "",
        "language": "en",
        "question_type": "technical",
        "follow_ups": [],
        "rating_anchors": {},
        "prompt_version": "1",
        "model": "m",
    }


@SQLITE
def test_outstanding_writes_are_kept_for_their_owner_alone_and_made_once_in_order_by_whoever_comes_first(
    make_app: MakeApp, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    apps = [make_app(SPOOL_DIR=str(folder)) for _ in range(2)]
    elsewhere = Flask("elsewhere")
    keep_deferred_writes(elsewhere, folder, "sqlite:////another.db")
    with elsewhere.app_context():
        defer(question_paid_for, **paid_for(99))
    with apps[0].app_context():
        for number in range(8):
            defer(question_paid_for, **paid_for(number))
    files = sorted(folder.iterdir())
    assert len(files) == 9
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    # Made already by a process that was killed just after its commit.
    again = json.loads(sorted(file for file in files if "Question 3" in file.read_text())[0].read_text())
    with apps[0].app_context():
        question_paid_for(db.session(), again["values"])
        db.session.commit()

    def write(app: Flask) -> int:
        with app.app_context():
            return make_deferred_writes()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, apps * 2)) == 8

    stored = [row["question_text"] for row in rows_of(apps[0], "question_cache")]
    assert sorted(stored) == [paid_for(number)["question_text"] for number in range(8)]
    assert {row["usage_count"] for row in rows_of(apps[0], "question_cache")} == {0}
    (left,) = folder.iterdir()
    assert "Question 99" in left.read_text()


@SQLITE
def test_what_cannot_be_written_down_or_made_stops_nothing(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spool, "MAX_FILES", 2)
    others, full = tmp_path / "open to others", tmp_path / "full"
    others.mkdir()
    others.chmod(0o777)
    for folder, in_files in ((others, 0), (full, 2)):
        app = make_app(SPOOL_DIR=str(folder))
        with app.app_context():
            for number in range(3):
                defer(question_paid_for, **paid_for(number), **({"no_column": 1} if number == 1 else {}))
            assert len(list(folder.glob("*.json"))) == in_files
            assert "kept in memory" in caplog.text
            make_deferred_writes()
            assert "an outstanding write is impossible" in caplog.text
            assert len(list(folder.glob("*.json"))) == 0
            assert len(list(folder.glob("*.rejected"))) == bool(in_files)
            caplog.clear()
    assert len(rows_of(app, "question_cache")) == 2
