"""TABLE_PREFIX: every table, index and constraint has it, in the models as in the database, on SQLite and MariaDB.

A process has one prefix from its first statement on, so each of these runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from config import PROJECT_FOLDER, SettingsError, load_settings
from tests.support.tables import table

# The longest one, so that some names have to be cut.
PREFIX = "interviews_of_the_team_x"
LOOK = """
import json, sys
from alembic import command
from sqlalchemy import create_engine, inspect
from techscreen.storage.migration_environment import alembic_config
from techscreen.storage.table_names import name_tables
name_tables(sys.argv[2])
from models import Base

engine = create_engine(sys.argv[1])
with engine.connect() as connection:
    config = alembic_config(connection)
    command.upgrade(config, "head")
    command.check(config)
    connection.commit()

def names(inspector):
    return {
        table: {
            "columns": sorted(column["name"] for column in inspector.get_columns(table)),
            "indexes": sorted(index["name"] for index in inspector.get_indexes(table)
                              if "duplicates_constraint" not in index),
            "unique": sorted(unique["name"] for unique in inspector.get_unique_constraints(table)),
            "foreign": sorted((key["name"], key["referred_table"]) for key in inspector.get_foreign_keys(table)),
            "primary": inspector.get_pk_constraint(table)["name"],
        }
        for table in inspector.get_table_names() if table.startswith(sys.argv[2])
    }

migrated = names(inspect(engine))
with engine.connect() as connection:
    command.downgrade(alembic_config(connection), "base")
    connection.commit()
left = [table for table in inspect(engine).get_table_names() if table.startswith(sys.argv[2])]
Base.metadata.create_all(engine)
made = names(inspect(engine))
Base.metadata.drop_all(engine)
with engine.begin() as connection:
    for table in left:
        connection.exec_driver_sql(f"DROP TABLE {table}")
print(json.dumps({"migrated": migrated, "made": made, "left": left}))
"""


@pytest.fixture(params=["sqlite", "mariadb"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'own.db'}"
    url: str = request.getfixturevalue("mariadb_url")
    return url


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=PROJECT_FOLDER,
        env={**os.environ, "FLASK_ENV": "development", "PYTHONPATH": str(PROJECT_FOLDER), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_migrations_and_models_give_everything_the_same_prefixed_names(address: str) -> None:
    ended = run(sys.executable, "-c", LOOK, address, PREFIX)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])

    version_table = f"{PREFIX}techscreen_version"
    assert found["left"] == [version_table]
    tables = {name: parts for name, parts in found["migrated"].items() if name != version_table}
    assert tables == {name: parts for name, parts in found["made"].items() if name != version_table}
    assert f"{PREFIX}interviews" in tables
    names = [
        name
        for parts in tables.values()
        for name in (*parts["indexes"], *parts["unique"], parts["primary"], *(key for key, _ in parts["foreign"]))
        if name is not None  # MariaDB calls every primary key PRIMARY
    ]
    assert len(names) > 40
    assert {name for name in names if not name.startswith(PREFIX)} <= {"PRIMARY"}
    assert max(map(len, names)) == 64


def test_alembic_itself_takes_the_prefix_from_the_environment(tmp_path: Path) -> None:
    given = {"TABLE_PREFIX": "ts_", "DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"}
    ended = run(sys.executable, "-m", "alembic", "upgrade", "head", **given)
    assert ended.returncode == 0, ended.stderr

    tables = inspect(create_engine(given["DATABASE_URL"], poolclass=NullPool)).get_table_names()
    assert "ts_interviews" in tables
    assert {name for name in tables if not name.startswith("ts_")} == set()

    written = run(sys.executable, "-m", "alembic", "upgrade", "head", "--sql", **given)
    made = [line.split()[2] for line in written.stdout.splitlines() if line.startswith("CREATE TABLE")]
    assert {name for name in made if not name.startswith(("ts_", "_alembic_tmp_"))} == set()
    assert "ts_history_entries" in made


USE = """
from sqlalchemy import event
from app import create_app
from models import db
from techscreen.storage.table_names import prefixed_sql

app = create_app()
runner, client, statements = app.test_cli_runner(), app.test_client(), set()
with app.app_context():
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.add(args[2]))
print(client.get("/health/ready").json["parts"]["migrations"]["message"])
for arguments in (["techscreen", "db", "upgrade"], ["library", "load-starter"], ["doctor"], ["cache", "stats"],
                  ["cache", "prune"], ["logs", "prune"]):
    ended = runner.invoke(args=arguments)
    assert ended.exit_code == 0, ended.output
body = {"req_id": "R", "basic_title": "Python engineer", "basic_description":
        "We need an engineer who builds Python services over PostgreSQL and runs them on Kubernetes."}
who = {"X-User-ID": "anna", "X-User-Role": "admin"}
keyed = {**who, "Idempotency-Key": "k"}
assert client.post("/api/interview/workflow/full", json=body, headers=keyed).status_code == 200
for path in ("requisitions", "requisitions?search=python&state=draft", "req/R", "1", "jd/R", "logs", "usage", "cache",
             "jobs", "evidence/R", "library", "1/history", "1/export?format=markdown"):
    assert client.get(f"/api/interview/{path}", headers=who).status_code == 200, path
for path in ("/interviews/", "/interviews/library", "/metrics"):
    assert client.get(path, headers=who, follow_redirects=True).status_code == 200, path
print(len(statements), [each for each in statements if prefixed_sql(each) != each])
"""


def test_the_service_works_with_a_prefix_and_its_readiness_knows_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    ended = run(sys.executable, "-c", USE, TABLE_PREFIX="ts_", DATABASE_URL=url, CLAUDE_MODE="offline", FLASK_APP="app")

    assert ended.returncode == 0, ended.stderr
    readiness, statements = ended.stdout.splitlines()[-2:]
    assert readiness == "The tables are missing: run `alembic upgrade head`."
    count, _, without_prefix = statements.partition(" ")
    assert int(count) > 40
    assert without_prefix == "[]"
    with create_engine(url, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ts_interviews")) == 1


def test_a_process_has_one_prefix(make_app: Any) -> None:
    make_app()
    with pytest.raises(RuntimeError, match="TABLE_PREFIX is 'ts_' here, but '' in another app of this process"):
        make_app(TABLE_PREFIX="ts_")


@table("prefix", ["a-b", "ts_ ", "1st_", "x" * 25, "ix_", "pk_", "é_", "ts`"])
def test_what_can_be_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="TABLE_PREFIX"):
        load_settings({"TABLE_PREFIX": prefix})
