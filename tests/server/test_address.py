"""How the servers start: where they listen by HOST and PORT, and the one sentence that says why they cannot."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app import serve
from config import PROJECT_FOLDER, load_settings
from techscreen.server.address import base_url, bind_address, why_not
from tests.conftest import take_down
from tests.support.private_servers import free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port at which another program listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FLASK_ENV": "development", "DATABASE_URL": "sqlite:////nowhere/at/all.db", **settings}
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, timeout=120
    )


def test_an_address_is_written_as_servers_and_browsers_take_it() -> None:
    def written(host: str) -> tuple[str, str]:
        settings = load_settings({"HOST": host, "PORT": 8080})
        return bind_address(settings), base_url(settings)

    assert written("127.0.0.1") == ("127.0.0.1:8080", "http://localhost:8080")
    assert written("0.0.0.0") == ("0.0.0.0:8080", "http://localhost:8080")
    assert written("::1") == ("[::1]:8080", "http://localhost:8080")
    assert written("10.0.0.11") == ("10.0.0.11:8080", "http://10.0.0.11:8080")


def test_an_address_that_cannot_be_listened_at_is_refused_with_its_setting(taken_port: int) -> None:
    assert why_not("127.0.0.1", free_port()) is None
    taken = why_not("127.0.0.1", taken_port)
    assert taken is not None
    assert re.fullmatch(rf"Port {taken_port} is in use by another program; choose another with PORT=\d+\.", taken)
    for host in ("no name", "http://127.0.0.1", "192.0.2.1"):
        refused = why_not(host, taken_port)
        assert refused is not None, host
        assert refused.startswith(f"HOST={host} is "), refused


def test_a_taken_port_is_one_sentence_before_anything_is_done(taken_port: int) -> None:
    done = run("app.py", PORT=str(taken_port))

    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(rf"Port {taken_port} is in use by another program; .*\.\n", done.stderr)


def test_a_port_that_is_none_is_one_sentence_of_either_server() -> None:
    for command in (["app.py"], ["-m", "gunicorn", "app:create_app()"]):
        done = run(*command, PORT="http")
        assert done.returncode == 2, command
        assert "PORT: must be a number from 1 to 65535" in done.stderr
        assert "Traceback" not in done.stdout + done.stderr


def test_gunicorn_binds_to_the_settings_and_says_so_if_it_cannot(
    taken_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(taken_port))
    configuration: dict[str, Any] = {}
    exec((PROJECT_FOLDER / "gunicorn.conf.py").read_text(), configuration)
    assert configuration["bind"] == f"127.0.0.1:{taken_port}"

    configuration["PORT_PATIENCE"] = 0
    server = SimpleNamespace(cfg=SimpleNamespace(address=[("127.0.0.1", taken_port)]))
    with pytest.raises(SystemExit) as ended:
        configuration["on_starting"](server)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"Port {taken_port} is in use by another program; ")


def test_a_database_that_is_not_there_yet_keeps_nobody_from_serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the embedded file is migrated at the start, here a database of the environment "testing" is not."""
    port = str(free_port())
    for name, value in {"DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}", "CLAUDE_MODE": "offline"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FLASK_ENV", "testing")
    monkeypatch.setenv("PORT", port)
    served: list[dict[str, Any]] = []

    def run(app: Flask, **given: Any) -> None:
        served.append(given)
        take_down(app)

    monkeypatch.setattr(Flask, "run", run)
    serve()

    assert served == [{"host": "127.0.0.1", "port": int(port), "threaded": True}]
    said = capsys.readouterr().out
    assert "The starter library is not loaded" in said
    assert "Not ready: The tables are missing: run `alembic upgrade head`.\n" in said
    assert f"Documentation: http://localhost:{port}/api/interview/docs\n" in said


def test_an_embedded_database_that_cannot_be_opened_is_named_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'no folder' / 'here.db'}")
    monkeypatch.setenv("FLASK_ENV", "development")
    monkeypatch.setenv("PORT", str(free_port()))

    with pytest.raises(SystemExit) as ended:
        serve()

    assert ended.value.code == 1
    assert capsys.readouterr().err == "The database at DATABASE_URL does not answer. (unable to open database file)\n"


def test_alembic_says_in_one_sentence_that_the_database_is_away() -> None:
    done = run(
        "-m", "alembic", "upgrade", "head", DATABASE_URL=f"mysql+pymysql://root:to-be-kept@127.0.0.1:{free_port()}/t"
    )

    assert done.returncode != 0
    assert "The database at DATABASE_URL does not answer." in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert "to-be-kept" not in done.stderr + done.stdout
