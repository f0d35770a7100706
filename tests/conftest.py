"""Shared parts of the tests: real databases, and a fake Claude over HTTP."""

from __future__ import annotations

import functools
import gc
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx2
import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, delete, text
from sqlalchemy.pool import NullPool

import config
import models
from app import create_app
from techscreen.checks.answers import warm_up
from techscreen.library.starter import load_starter
from techscreen.web.container import current_runtime
from tests.support.compiled_once import compile_once
from tests.support.fake_claude import FakeClaude
from tests.support.private_brokers import private_rabbitmq, private_redis, rabbitmq_is_installed, redis_is_installed
from tests.support.private_servers import mariadb_is_installed, private_mariadb, quick_folder

ADMIN = {"X-User-ID": "anna.admin", "X-User-Role": "admin"}
READER = {"X-User-ID": "ian.interviewer", "X-User-Role": "interviewer"}

# For what no database can change: texts, headers, parsing, the form of an answer.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# For what takes long and is seen on the embedded database by another test: what a killed process leaves behind.
on_mariadb = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, or in the end one process would work on them while the others have nothing to do."""
    longest = ("test_every_answer_is_documented", "test_four_processes", "test_the_commands_of_a_page")
    items.sort(key=lambda item: not item.name.startswith(longest))


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among what was imported: a tenth of the time of all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _checks_are_compiled() -> None:
    """No test with a short deadline has to wait for it."""
    warm_up()


@pytest.fixture(scope="session", autouse=True)
def _what_apps_have_in_common_is_made_once() -> Iterator[None]:
    """Certificates are not read for each client of each test, which takes 25 ms; see `compiled_once` for the rest."""
    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch)
        patch.setattr(httpx2, "create_ssl_context", functools.cache(httpx2.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def fake_claude_server() -> Iterator[FakeClaude]:
    with FakeClaude() as fake:
        yield fake


@pytest.fixture
def fake(fake_claude_server: FakeClaude) -> Iterator[FakeClaude]:
    """A fake Claude with nothing left over from another test."""
    fake_claude_server.forget()
    yield fake_claude_server
    fake_claude_server.forget()


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """Address of an empty database on a real server: TEST_DATABASE_URL, or one started here."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
    elif mariadb_is_installed():
        with private_mariadb() as server:
            yield server.new_database("techscreen_test")
    else:
        go_without("MariaDB", "mariadb-server", "TEST_DATABASE_URL")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Address of a real Redis: TEST_REDIS_URL, or one started here."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
    elif redis_is_installed():
        with private_redis() as server:
            yield server.url
    else:
        go_without("Redis", "redis-server", "TEST_REDIS_URL")


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    """Address of a real RabbitMQ: TEST_RABBITMQ_URL, or one started here."""
    given = os.environ.get("TEST_RABBITMQ_URL")
    if given:
        yield given
    elif rabbitmq_is_installed():
        with private_rabbitmq() as server:
            yield server.url
    else:
        go_without("RabbitMQ", "rabbitmq-server", "TEST_RABBITMQ_URL", may_be_required=False)


def go_without(
    server: str,
    package: str,
    variable: str | None = None,
    *,
    may_be_required: bool = True,
    by: str = "apt-get install",
) -> NoReturn:
    """Skip what needs a server or program that is not there, or fail where that is forbidden."""
    if may_be_required and os.environ.get("REQUIRE_REAL_SERVERS"):
        pytest.fail(f"{server} is not installed, and REQUIRE_REAL_SERVERS forbids going without.")
    with warnings.catch_warnings():
        # Warnings are errors in these tests, but this one is only to be seen.
        warnings.simplefilter("always")
        warnings.warn(f"{server} is not installed: its tests are skipped.", pytest.PytestWarning, stacklevel=2)
    pytest.skip(f"{server} is not installed ({by} {package})" + (f" and {variable} is not set" if variable else ""))


def migrate(url: str, revision: str = "head") -> None:
    """Bring a database to a revision, as `alembic upgrade` does."""
    alembic = Config(Path(config.PROJECT_FOLDER) / "alembic.ini")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        alembic.attributes["connection"] = connection
        if revision == "base":
            command.downgrade(alembic, revision)
        else:
            command.upgrade(alembic, revision)


@pytest.fixture(scope="session")
def migrated_sqlite_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="techscreen-sqlite-", dir=quick_folder()) as folder:
        url = f"sqlite:///{folder}/test.db"
        migrate(url)
        yield url


@pytest.fixture(scope="session")
def migrated_mariadb_url(mariadb_url: str) -> str:
    migrate(mariadb_url, "base")
    migrate(mariadb_url)
    return mariadb_url


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database: each test runs on SQLite and on MariaDB."""
    return emptied(request.getfixturevalue(f"migrated_{request.param}_url"))


def emptied(url: str) -> str:
    """The address of a database, without the rows that an earlier test has left there."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for table in reversed(models.Base.metadata.sorted_tables):
            connection.execute(delete(table))
        if connection.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM sqlite_sequence"))  # ids begin at 1 again
    return url


MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(database_url: str, fake: FakeClaude) -> Iterator[MakeApp]:
    """Builds apps on the test's database, with the live client speaking to the fake Claude."""
    apps: list[Flask] = []

    def make(claude: Any = None, **overrides: Any) -> Flask:
        settings = {"DATABASE_URL": database_url, "CLAUDE_BASE_URL": fake.url, **overrides}
        app = create_app(settings, claude=claude)
        apps.append(app)
        return app

    yield make
    for app in apps:
        take_down(app)


def take_down(app: Flask) -> None:
    """Release all that an app holds."""
    with app.app_context():
        current_runtime().close()
        models.db.session.remove()
        models.db.engine.dispose()


def with_starter_library(app: Flask) -> Flask:
    """An app that has the starter library, so that interviews can be made without Claude."""
    with app.app_context():
        load_starter("a test")
    return app


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def requisition() -> dict[str, Any]:
    """A body for the workflow, with every field."""
    return {
        "req_id": "REQ-12345",
        "basic_title": "Senior Software Engineer",
        "basic_description": "We are looking for a senior engineer with experience in building scalable systems.",
        "basic_department": "Engineering",
        "basic_level": "Senior",
        "work_output": "Design and build microservices that handle 10,000 transactions per second",
        "work_role": "Lead backend architecture, mentor junior engineers",
        "work_knowledge": "Kafka, PostgreSQL, Spring Boot, distributed systems",
        "work_competencies": "System design, problem solving, communication",
        "interview_name": "Senior Engineer Interview - Q1 2025",
    }
