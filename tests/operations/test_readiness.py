"""GET /health/ready: what makes the service ready or not, and that the question itself does no harm."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

from models import db
from techscreen.operations import readiness
from techscreen.storage import schema_version
from techscreen.web.container import current_runtime
from techscreen.web.operations_routes import operations_bp
from tests.conftest import MakeApp, go_without
from tests.support.private_brokers import PrivateRedis, redis_is_installed
from tests.support.private_servers import free_port

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ask(app: Flask) -> tuple[int, dict[str, Any]]:
    response = app.test_client().get("/health/ready")
    assert response.is_json
    return response.status_code, response.get_json()


def statuses(answer: dict[str, Any]) -> dict[str, str]:
    return {name: part["status"] for name, part in answer["parts"].items()}


@contextlib.contextmanager
def revision(url: str, *present: str) -> Iterator[None]:
    """Let the database claim to be at some revision, and let it be what it was afterwards."""
    engine = create_engine(url, poolclass=NullPool)

    def write(revisions: list[str]) -> None:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            for one in revisions:
                connection.execute(text("INSERT INTO alembic_version VALUES (:one)"), {"one": one})

    with engine.connect() as connection:
        real = list(connection.scalars(text("SELECT version_num FROM alembic_version")))
    write(list(present))
    try:
        yield
    finally:
        write(real)


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield listener.getsockname()[1]


def test_a_service_whose_parts_are_well_is_ready_and_says_so_to_anybody(client: FlaskClient) -> None:
    response = client.get("/health/ready")

    assert response.status_code == 200
    answer = response.get_json()
    assert answer["status"] == "ready"
    assert statuses(answer) == {"database": "ok", "migrations": "ok", "claude": "ok", "jobs": "not_checked"}
    assert all(part["message"].endswith(".") for part in answer["parts"].values())
    assert answer["timestamp"][10] == "T"


@SQLITE
def test_without_a_database_it_is_not_ready_and_names_neither_machine_nor_password(make_app: MakeApp) -> None:
    app = make_app(DATABASE_URL=f"mysql+pymysql://anna:a-password@127.0.0.1:{free_port()}/secret_name")

    status, answer = ask(app)

    assert status == 503
    assert answer["status"] == "not_ready"
    assert statuses(answer)["database"] == "problem"
    assert answer["parts"]["database"]["message"] == "The database does not answer."
    assert statuses(answer)["migrations"] == "not_checked"
    for secret in ("a-password", "anna", "secret_name", "127.0.0.1"):
        assert secret not in str(answer)


@SQLITE
def test_a_database_and_a_broker_that_hang_delay_the_answer_by_a_few_seconds_however_many_ask(
    make_app: MakeApp,
) -> None:
    with silent_server() as database, silent_server() as broker:
        app = make_app(
            DATABASE_URL=f"mysql+pymysql://anna:a@127.0.0.1:{database}/x",
            ASYNC_PROCESSING=True,
            CELERY_BROKER_URL=f"redis://127.0.0.1:{broker}/0",
        )
        answers: list[tuple[int, dict[str, Any]]] = []
        threads = [threading.Thread(target=lambda: answers.append(ask(app))) for _ in range(8)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - started

    assert took < 6
    assert [status for status, _ in answers] == [503] * 8
    assert statuses(answers[0][1]) == {
        "database": "problem",
        "migrations": "not_checked",
        "claude": "ok",
        "jobs": "problem",
    }


def test_it_takes_no_connection_of_the_requests(app: Flask) -> None:
    takers: list[str] = []
    with app.app_context(), contextlib.ExitStack() as all_of_them:
        for _ in range(5):
            all_of_them.enter_context(db.engine.connect())
        event.listen(db.engine, "checkout", lambda *_: takers.append(threading.current_thread().name))
        status, _ = ask(app)

    assert status == 200
    assert "MainThread" not in takers  # the heartbeat's thread may wait for one


def test_tables_of_an_older_version_or_none_at_all_make_it_not_ready(make_app: MakeApp, database_url: str) -> None:
    with revision(database_url, "002"):
        old = ask(make_app())
    with revision(database_url):
        none = ask(make_app())

    for status, answer in (old, none):
        assert status == 503
        assert statuses(answer)["database"] == "ok"
        assert statuses(answer)["migrations"] == "problem"
        assert "alembic upgrade head" in answer["parts"]["migrations"]["message"]


def test_a_database_that_was_never_migrated_is_a_matter_of_migrations(make_app: MakeApp, tmp_path: Path) -> None:
    status, answer = ask(make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}"))

    assert status == 503
    assert statuses(answer)["database"] == "ok"
    assert statuses(answer)["migrations"] == "problem"


@pytest.mark.parametrize(("charset", "status"), [("utf8mb4", "ok"), ("utf8mb3", "warning"), ("latin1", "warning")])
def test_an_address_whose_character_set_lacks_characters_is_named(
    migrated_mariadb_url: str, charset: str, status: str
) -> None:
    url = make_url(migrated_mariadb_url).update_query_dict({"charset": charset})
    engine = create_engine(url, poolclass=NullPool)

    database, migrations = readiness._check_database(engine, {}, in_host=False)

    assert (database.status, migrations.status) == (status, "ok")
    assert (f"Texts are sent as {charset}" in database.sentence) == (status == "warning")


def test_in_a_rolling_upgrade_the_nodes_of_the_old_version_stay_ready(make_app: MakeApp, database_url: str) -> None:
    with revision(database_url, "999_of_the_future"):
        status, answer = ask(make_app())

    assert status == 200
    assert statuses(answer)["migrations"] == "warning"


@SQLITE
def test_without_a_key_it_is_not_ready_but_in_the_offline_mode_it_is(make_app: MakeApp) -> None:
    status, answer = ask(make_app(FLASK_ENV="development", CLAUDE_MODE="live"))
    assert status == 503
    assert statuses(answer)["claude"] == "problem"

    assert ask(make_app(FLASK_ENV="development"))[0] == 200


@SQLITE
def test_a_process_that_takes_no_more_jobs_is_not_ready(make_app: MakeApp) -> None:
    app = make_app(ASYNC_PROCESSING=True)
    with app.app_context():
        runtime = current_runtime()
        assert statuses(ask(app)[1])["jobs"] == "ok"
        runtime.queue.close(wait=True)
        time.sleep(readiness.FRESH_FOR + 0.1)

        status, answer = ask(app)

    assert status == 503
    assert statuses(answer)["jobs"] == "problem"


@SQLITE
def test_jobs_over_a_broker_are_accepted_as_long_as_it_answers(make_app: MakeApp) -> None:
    if not redis_is_installed():
        go_without("Redis", "redis-server", "TEST_REDIS_URL")
    server = PrivateRedis()
    try:
        server.start()
        app = make_app(ASYNC_PROCESSING=True, CELERY_BROKER_URL=server.url)
        assert statuses(ask(app)[1])["jobs"] == "ok"
        server.kill()
        time.sleep(readiness.FRESH_FOR + 0.1)
        status, answer = ask(app)
        assert (status, statuses(answer)["jobs"]) == (503, "problem")
        server.start()
        time.sleep(readiness.FRESH_FOR + 0.1)
        assert ask(app)[0] == 200
    finally:
        server.stop()


@SQLITE
def test_a_rabbitmq_that_does_not_know_the_password_takes_no_jobs(
    make_app: MakeApp, rabbitmq_url: str, database_url: str
) -> None:
    wrong = rabbitmq_url.replace("guest:guest", "guest:another")

    assert statuses(ask(make_app(ASYNC_PROCESSING=True, CELERY_BROKER_URL=rabbitmq_url))[1])["jobs"] == "ok"
    assert statuses(ask(make_app(ASYNC_PROCESSING=True, CELERY_BROKER_URL=wrong))[1])["jobs"] == "problem"


def test_a_host_app_without_our_migrations_can_be_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_version, "MIGRATIONS", tmp_path / "none")
    host = Flask("host")
    host.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(host)
    host.register_blueprint(operations_bp)
    with host.app_context():
        db.create_all()
        status, answer = ask(host)
        db.session.remove()
        db.engine.dispose()

    assert status == 200
    assert statuses(answer)["migrations"] == "not_checked"
    assert statuses(answer)["database"] == "ok"


def test_the_database_is_opened_with_what_the_app_gives_its_driver(tmp_path: Path) -> None:
    """Such as certificates that a server demands."""
    openers: list[str] = []

    class Connection(sqlite3.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            openers.append(threading.current_thread().name)
            super().__init__(*args, **options)

    host = Flask("host")
    host.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'host.db'}"
    host.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"factory": Connection}}
    db.init_app(host)
    host.register_blueprint(operations_bp)
    with host.app_context():
        db.create_all()
        openers.clear()
        ask(host)
        current_runtime().close()
        db.engine.dispose()

    assert "MainThread" in openers
