"""A host app that brings its own `SQLAlchemy`: its engine and metadata are shared, its sessions are not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Integer, String, Table, create_engine, event, inspect, select, text
from sqlalchemy.pool import NullPool, QueuePool

import models
from interview_routes import interview_bp
from models import Interview
from techscreen.storage import deferred_writes
from techscreen.storage.table_names import leave_ours_out
from techscreen.storage.transactions import transaction
from techscreen.web.container import current_runtime
from techscreen.web.host import init_app
from tests.conftest import ADMIN, with_starter_library
from tests.support.fake_claude import FakeClaude, Reply


class Host:
    """A host app, with one table of its own."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.db = SQLAlchemy()
        self.app = Flask("host", instance_path=str(folder))
        self.app.config.update(
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'host.db'}",
            SQLALCHEMY_ENGINE_OPTIONS={"poolclass": QueuePool},
            FLASK_ENV="development",
            CLAUDE_MODE="offline",
        )
        self.app.config.update(config)
        self.candidates = self.db.Table(
            "candidates", self.db.metadata, Column("id", Integer, primary_key=True), Column("name", String(50))
        )

    def tables(self, address: str | None = None) -> set[str]:
        engine = create_engine(address or self.app.config["SQLALCHEMY_DATABASE_URI"], poolclass=NullPool)
        return set(inspect(engine).get_table_names())


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def make(**config: Any) -> Host:
        hosts.append(Host(tmp_path, **config))
        return hosts[-1]

    yield make
    for host in hosts:
        with host.app.app_context():
            if "techscreen" in host.app.extensions:
                current_runtime().close()
            if "sqlalchemy" in host.app.extensions:
                for engine in host.db.engines.values():
                    engine.dispose()


@pytest.mark.parametrize("hosts_first", [True, False])
def test_the_service_works_over_the_hosts_engine_whoever_is_initialised_first(
    make_host: Callable[..., Host], requisition: Any, hosts_first: bool
) -> None:
    host = make_host()
    steps = [lambda: host.db.init_app(host.app), lambda: init_app(host.app, db=host.db)]
    for step in steps if hosts_first else reversed(steps):
        step()
    host.app.register_blueprint(interview_bp)
    with host.app.app_context():
        host.db.create_all()
        assert models.db.engine is host.db.engine
    with_starter_library(host.app)

    answer = host.app.test_client().post("/api/interview/workflow/full", json=requisition, headers=ADMIN)

    assert (answer.status_code, len(answer.json["interview"]["questions"])) == (200, 5)
    assert {"candidates", *models.Base.metadata.tables} <= host.tables()
    assert leave_ours_out(host.candidates, "candidates", "table", False, None) is True
    ours = host.db.metadata.tables["interviews"]
    assert leave_ours_out(ours, "interviews", "table", False, None) is False
    assert [leave_ours_out(index, index.name, "index", False, None) for index in ours.indexes] == [False] * len(
        ours.indexes
    )


def test_a_commit_of_ours_does_not_commit_what_the_host_has_not_finished(make_host: Callable[..., Host]) -> None:
    host = make_host()
    host.db.init_app(host.app)
    init_app(host.app, db=host.db)
    with host.app.app_context():
        host.db.create_all()
        host.db.session.execute(text("SELECT 1"))  # the host's transaction has begun, and holds no lock yet
        with transaction() as session:
            session.add(_requisition("R-1"))
        host.db.session.execute(host.candidates.insert().values(name="unfinished"))
        with transaction() as session:
            assert session.scalars(select(models.JobDescription.req_id)).all() == ["R-1"]
        host.db.session.rollback()
        assert host.db.session.execute(select(host.candidates)).all() == []
        host.db.session.rollback()
        assert host.db.engine.pool.checkedout() == 0


def test_what_the_host_rolls_back_is_not_ours(make_host: Callable[..., Host]) -> None:
    host = make_host()
    host.db.init_app(host.app)
    init_app(host.app, db=host.db)
    with host.app.app_context():
        host.db.create_all()
        with transaction() as session:
            host.db.session.rollback()
            session.add(_requisition("R-2"))
        host.db.session.rollback()
        with transaction() as session:
            assert session.scalars(select(models.JobDescription.req_id)).all() == ["R-2"]


def test_no_connection_of_the_hosts_pool_is_held_while_claude_works(
    make_host: Callable[..., Host], fake: FakeClaude, requisition: Any
) -> None:
    host = make_host(CLAUDE_MODE="live", CLAUDE_API_KEY="a-key", CLAUDE_BASE_URL=fake.url)
    host.db.init_app(host.app)
    init_app(host.app, db=host.db)
    host.app.register_blueprint(interview_bp)
    with host.app.app_context():
        host.db.create_all()
        pool = host.db.engine.pool
    held: list[int] = []

    async def look() -> None:
        for _ in range(500):  # another thread may just be storing the description
            if pool.checkedout() == 0:
                break
            await asyncio.sleep(0.01)
        held.append(pool.checkedout())

    fake.when(lambda body: "InterviewQuestion" in str(body["output_config"]), Reply(before=look))
    answer = host.app.test_client().post("/api/interview/workflow/full", json=requisition, headers=ADMIN)

    assert answer.status_code == 200
    assert len(held) == 5
    assert set(held) == {0}


@pytest.mark.parametrize("hosts_first", [True, False])
def test_one_of_the_hosts_binds_can_hold_our_tables(
    make_host: Callable[..., Host], tmp_path: Path, requisition: Any, hosts_first: bool
) -> None:
    address = f"sqlite:///{tmp_path / 'hiring.db'}"
    host = make_host(SQLALCHEMY_BINDS={"hiring": {"url": address, "connect_args": {"timeout": 7}}})
    steps = [lambda: host.db.init_app(host.app), lambda: init_app(host.app, db=host.db, bind_key="hiring")]
    for step in steps if hosts_first else reversed(steps):
        step()
    host.app.register_blueprint(interview_bp)
    with host.app.app_context():
        host.db.create_all()
    with_starter_library(host.app)

    answer = host.app.test_client().post("/api/interview/workflow/full", json=requisition, headers=ADMIN)

    assert answer.status_code == 200
    assert host.tables() == {"candidates"}
    assert host.tables(address) == set(models.Base.metadata.tables)
    with host.app.app_context():
        assert current_runtime().settings.database_url == address
        assert host.db.session.execute(select(host.candidates)).all() == []


def test_apps_with_and_without_a_database_of_their_own_live_in_one_process(
    make_host: Callable[..., Host], tmp_path: Path
) -> None:
    first, second, plain = make_host(), make_host(), Flask("plain")
    second.app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'second.db'}"
    for host in (first, second):
        init_app(host.app, db=host.db)
        host.db.init_app(host.app)
    plain.config.update(FLASK_ENV="development", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'plain.db'}")
    init_app(plain)
    for number, app in enumerate((first.app, second.app, plain)):
        with app.app_context():
            models.db.create_all()
            with transaction() as session:
                session.add(_requisition(f"R-{number}"))
    found = []
    for app in (first.app, second.app, plain):
        with app.app_context(), transaction() as session:
            found.append(session.scalar(select(models.JobDescription.req_id)))
    with plain.app_context():
        current_runtime().close()
        models.db.engine.dispose()

    assert found == ["R-0", "R-1", "R-2"]


def test_without_a_database_the_service_opens_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'own.db'}")
    app = Flask("host")
    app.config["FLASK_ENV"] = "development"
    init_app(app)
    app.register_blueprint(interview_bp)
    with app.app_context():
        models.db.create_all()
        with models.db.engine.connect() as connection:
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1  # a connection as in our own app
        current_runtime().close()
        models.db.engine.dispose()
    assert (tmp_path / "own.db").is_file()


def test_an_app_with_another_sqlalchemy_is_told_to_hand_it_over(make_host: Callable[..., Host]) -> None:
    host = make_host()
    host.db.init_app(host.app)
    sentence = r"This app has a SQLAlchemy of its own: hand it over with init_app\(app, db=\.\.\.\)\."
    with pytest.raises(RuntimeError, match=sentence):
        init_app(host.app)
    with pytest.raises(RuntimeError, match=sentence):
        models.db.init_app(host.app)
    with host.app.app_context(), pytest.raises(RuntimeError, match=sentence):
        models.db.session.execute(select(Interview))
    another = SQLAlchemy()
    with pytest.raises(RuntimeError, match="another SQLAlchemy than the one"):
        init_app(host.app, db=another)


def test_what_cannot_work_is_said_at_once(make_host: Callable[..., Host]) -> None:
    late = make_host()
    late.db.init_app(late.app)
    late.app.register_blueprint(interview_bp)
    with pytest.raises(RuntimeError, match="before a blueprint of the service is registered"):
        init_app(late.app, db=late.db)

    unbound = make_host()
    with pytest.raises(RuntimeError, match="bind_key: SQLALCHEMY_BINDS of this app has no 'hiring'"):
        init_app(unbound.app, db=unbound.db, bind_key="hiring")

    unknown = make_host(SQLALCHEMY_DATABASE_URI=None)
    with pytest.raises(RuntimeError, match="It is not known which database"):
        init_app(unknown.app, db=unknown.db)

    taken = make_host()
    Table("interviews", taken.db.metadata, Column("id", Integer, primary_key=True))
    with pytest.raises(RuntimeError, match=r"a table interviews of its own: set TABLE_PREFIX"):
        init_app(taken.app, db=taken.db)
    assert set(taken.db.metadata.tables) == {"candidates", "interviews"}


def test_writes_that_wait_for_a_bind_are_not_mistaken_for_those_of_another_database(
    make_host: Callable[..., Host], tmp_path: Path
) -> None:
    bound = make_host(SQLALCHEMY_BINDS={"hiring": f"sqlite:///{tmp_path / 'hiring.db'}"})
    init_app(bound.app, db=bound.db, bind_key="hiring")
    usual = make_host()
    init_app(usual.app, db=usual.db)
    usual.db.init_app(usual.app)
    bound.db.init_app(bound.app)

    spools = {host.app.extensions[deferred_writes.EXTENSION].spool.prefix for host in (bound, usual)}
    assert len(spools) == 2


@pytest.mark.parametrize(
    ("notes", "makes_ours", "expected"),
    [
        (None, False, "techscreen_version"),
        ("001", False, "techscreen_version"),  # the host's own revision of that name
        ("5f3a", True, "techscreen_version"),
        ("010", True, "alembic_version"),  # noted by Alembic itself, before the host took the service in
    ],
)
def test_the_hosts_own_note_of_its_revision_is_never_touched(
    make_host: Callable[..., Host], notes: str | None, makes_ours: bool, expected: str
) -> None:
    host = make_host()
    host.db.init_app(host.app)
    init_app(host.app, db=host.db)
    host.app.register_blueprint(interview_bp)
    with host.app.app_context(), host.db.engine.begin() as connection:
        if makes_ours:
            models.Base.metadata.create_all(connection)
        if notes is not None:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:notes)"), {"notes": notes})
    runner = host.app.test_cli_runner()
    command = ["techscreen", "db", "stamp" if makes_ours else "upgrade"]

    ended = runner.invoke(args=command)

    assert ended.exit_code == 0, ended.output
    assert f"(noted in {expected})" in ended.output
    with host.app.app_context(), host.db.engine.connect() as connection:
        if notes is not None and expected != "alembic_version":
            assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [notes]
    assert "(noted in" in runner.invoke(args=["techscreen", "db", "current"]).output
    refused = runner.invoke(args=["techscreen", "db", "upgrade", "no-such-revision"])
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: Can't locate revision")


def test_changing_a_table_deletes_no_rows_of_others_where_the_host_enforces_foreign_keys(
    make_host: Callable[..., Host],
) -> None:
    host = make_host()
    host.db.init_app(host.app)
    init_app(host.app, db=host.db)
    host.app.register_blueprint(interview_bp)
    with host.app.app_context():
        event.listen(host.db.engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
        runner = host.app.test_cli_runner()
        assert runner.invoke(args=["techscreen", "db", "upgrade", "005"]).exit_code == 0
        with host.db.engine.begin() as connection:
            for statement in ROWS_OF_005:
                connection.execute(text(statement))
        assert runner.invoke(args=["techscreen", "db", "upgrade"]).exit_code == 0  # 006 copies the table of interviews
        with host.db.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM interview_questions")) == 1
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1


ROWS_OF_005 = (
    "INSERT INTO job_descriptions (id, req_id, basic_title, basic_description, created_by_user_id, created_at)"
    " VALUES (1, 'R', 'T', 'D', 'anna', '2026-01-01 00:00:00')",
    "INSERT INTO interviews (id, job_description_id, req_id, interview_name, created_by_user_id, created_at, status,"
    " version, model, prompt_version) VALUES (1, 1, 'R', 'N', 'anna', '2026-01-01 00:00:00', 'draft', 1, 'm', 'p')",
    "INSERT INTO interview_questions (id, interview_id, question_number, question_text, question_type, criteria,"
    " created_at, topic, skill_level, follow_ups, rating_anchors, work_items, source) VALUES (1, 1, 1, 'Q', 'x', '[]',"
    " '2026-01-01 00:00:00', 'T', 'senior', '[]', '{}', '[]', 'generated')",
)


def _requisition(req_id: str) -> models.JobDescription:
    return models.JobDescription(
        req_id=req_id, basic_title="Engineer", basic_description="Builds.", created_by_user_id="anna"
    )
