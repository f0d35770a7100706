"""The service as a package in a host app that has its own `auth`, `config`, `errors` and `models`, its own database
with a table `interviews`, error pages, login and migrations (`tests/support/host_app`).

The names of its modules are those of ours, so it runs in a process of its own, where only its folder can be imported.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

import models
from config import PROJECT_FOLDER
from scripts import vendor

HOST = PROJECT_FOLDER / "tests" / "support" / "host_app"
SERVER_DATABASE = "techscreen_of_a_host"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host with the service in it, as the command has copied it."""
    host = tmp_path_factory.mktemp("host") / "ats"
    shutil.copytree(HOST, host, ignore=shutil.ignore_patterns("__pycache__"))
    assert vendor.main([str(host / "interviews")]) == 0
    return host


@pytest.fixture(params=["sqlite", "mariadb"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database that is the host's."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ats.db'}"
        return
    url = make_url(request.getfixturevalue("mariadb_url"))
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {SERVER_DATABASE}")
    yield url.set(database=SERVER_DATABASE).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {SERVER_DATABASE}")


def run(folder: Path, address: str, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FLASK_ENV")}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**environment, "HOST_DATABASE_URL": address},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def use(folder: Path, address: str, way: str) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(run(folder, address, "use_it.py", way).splitlines()[-1])
    return seen


def test_the_service_and_the_host_keep_out_of_each_others_way(folder: Path, address: str) -> None:
    seen = use(folder, address, "own")

    own = {"users", "interviews", "alembic_version"}
    ours = {f"ts_{name}" for name in models.Base.metadata.tables}
    assert set(seen["tables"]) == own | ours | {"ts_techscreen_version"}
    assert {name for name in seen["names"] if not name.startswith("ts_")} == set()
    assert seen["revision_of_the_host"] == "001"
    assert "(noted in ts_techscreen_version)" in seen["upgrade"]
    assert "The tables are those of this version." in seen["doctor"]
    assert seen["stranger"] == [401, "unauthenticated"]
    assert seen["interviewer"] == 403
    assert seen["admin"] == [200, 5]
    assert seen["pages"] == ["<h1>The host has no such page</h1>", "<h1>The host is sorry</h1>"]
    assert seen["ours"] == [404, "not_found"]
    assert seen["limited"] > 0
    assert seen["own_routes"] is True
    assert (seen["appointment"], seen["rows"]) == (1, [1, 1])
    assert set(seen["left"]) == own | {"ts_techscreen_version"}


def test_our_tables_can_be_in_the_hosts_own_history(folder: Path, address: str, tmp_path: Path) -> None:
    host = tmp_path / "ats"  # its own, for a migration is written into it
    shutil.copytree(folder, host)

    seen = use(host, address, "together")

    ours = {f"ts_{name}" for name in models.Base.metadata.tables}
    assert set(seen["tables"]) == {"users", "interviews", "alembic_version"} | ours
    assert {name for name in seen["names"] if not name.startswith("ts_")} == set()
    assert seen["revision_of_the_host"] == "002"
    assert "The tables are those of this version, made by the app itself." in seen["doctor"]
    assert seen["admin"] == [200, 5]


def test_the_commands_work_in_a_shell(folder: Path, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'ats.db'}"
    flask = ("-m", "flask", "--app", "app", "techscreen")

    assert run(folder, address, *flask, "db", "upgrade").endswith("(noted in ts_techscreen_version)\n")
    assert "(noted in ts_techscreen_version)" in run(folder, address, *flask, "db", "current")
    assert "Healthy" in run(folder, address, *flask, "doctor")
