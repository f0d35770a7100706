"""One request, one line: whichever server runs the service, and whatever becomes of the request."""

from __future__ import annotations

import contextlib
import io
import logging
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.support.fake_claude import FakeClaude
from tests.support.private_servers import free_port
from tests.support.private_service import ProcessGroup, Service

SERVERS = {
    "gunicorn with our settings": ["gunicorn", "--bind", "127.0.0.1:{port}", "app:create_app()"],
    # This package has none of gunicorn's settings.
    "gunicorn without": [
        "gunicorn",
        "--config",
        "python:tests.support",
        "--bind",
        "127.0.0.1:{port}",
        "app:create_app()",
    ],
    # The server of `make run` and `python app.py`.
    "Flask's own": ["flask", "--app", "app", "run", "--port", "{port}"],
}


class Server(ProcessGroup):
    """The service behind one of the servers."""

    def __init__(self, command: list[str], folder: Path, database_url: str, claude_url: str) -> None:
        self.port = free_port()
        filled = [each.format(port=self.port) for each in command]
        super().__init__(filled, folder / "server.log", database_url, claude_url, WEB_CONCURRENCY="1")
        self._wait_until_ready()

    def call(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> int:
        return Service.call(self, path, body, headers)[0]  # type: ignore[arg-type]  # it needs the port alone

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.call("/health", headers={"X-Request-ID": "waiting"}) == 200
        return False


@on_sqlite
@pytest.mark.parametrize("server", SERVERS)
def test_each_request_has_one_line(server: str, tmp_path: Path, database_url: str, fake: FakeClaude) -> None:
    running = Server(SERVERS[server], tmp_path, database_url, fake.url)
    try:
        asked = {
            "/api/interview/req/LINE-1": (None, 200),
            "/api/interview/jd/LINE-2": (None, 404),
            "/LINE-3": (None, 404),
            "/api/interview/jd/enhance?a=LINE-4": ({}, 400),
            "/health?a=LINE-5": (None, 200),
        }
        for number, (path, (body, status)) in enumerate(asked.items(), start=1):
            assert running.call(path, body, {"X-Request-ID": f"id.of.line-{number}"}) == status
    finally:
        running.stop()
    lines = running.log.read_text().splitlines()
    for number, (path, (_, status)) in enumerate(asked.items(), start=1):
        told = [line for line in lines if f"LINE-{number}" in line or f"id.of.line-{number}]" in line]
        assert len(told) == 1, (path, told)
        assert f" {status} in " in told[0]
    assert not [line for line in lines if "HTTP/1.1" in line]


@pytest.fixture
def told(make_app: MakeApp) -> tuple[FlaskClient, io.StringIO]:
    app = make_app(LOG_FORMAT="text", WORKBENCH=True)
    lines = io.StringIO()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.get_name() == "techscreen.observability.logging":
            handler.setStream(lines)
    return app.test_client(), lines


@on_sqlite
def test_so_has_every_other_kind_of_request(told: tuple[FlaskClient, io.StringIO], requisition: dict[str, Any]) -> None:
    client, lines = told
    made = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).get_json()
    etag = client.get(f"/api/interview/{made['interview_id']}", headers=READER).headers["ETag"]
    kinds = [
        ("GET", f"/api/interview/{made['interview_id']}", {**READER, "If-None-Match": etag}, 304),
        ("HEAD", "/health", {}, 200),
        ("OPTIONS", "/api/interview/check", {}, 200),
        ("GET", "/api/interview/1", {}, 401),
        ("POST", "/health", {}, 405),
        ("GET", "/interviews", {}, 308),
        ("GET", "/interviews/", {}, 303),
        ("GET", "/api/interview/openapi.json", {}, 200),
        ("POST", "/api/interview/check", {**READER, "Content-Type": "text/plain"}, 415),
    ]
    for method, path, headers, status in kinds:
        lines.seek(0)
        lines.truncate()
        answer = client.open(path, method=method, headers=headers)
        said = lines.getvalue().splitlines()
        assert [f"{method} " in line and f" {answer.status_code} in " in line for line in said] == [True], (path, said)
        assert answer.status_code == status, (method, path)


@on_sqlite
def test_a_workflow_says_nothing_twice(told: tuple[FlaskClient, io.StringIO], requisition: dict[str, Any]) -> None:
    client, lines = told
    client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN)
    said = [line.split("] ", 1)[1] for line in lines.getvalue().splitlines()]

    assert sum(" in " in line and "POST /api" in line for line in said) == 1
    # One line for each question that Claude has written; the other lines are all different.
    others = [line for line in said if not line.startswith("claude WriteQuestion: ")]
    assert len(said) - len(others) == 5
    assert len(set(others)) == len(others)


def test_only_the_line_for_a_request_is_left_to_ours(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    make_app()
    werkzeug = logging.getLogger("werkzeug")
    with caplog.at_level(logging.INFO, logger="werkzeug"):
        werkzeug.info('127.0.0.1 - - [01/Jan/2027 10:00:00] "%s" %s %s', "GET / HTTP/1.1", "200", "-")
        werkzeug.info(" * Running on http://127.0.0.1:5000")
        werkzeug.error("127.0.0.1 - - [01/Jan/2027 10:00:00] code %d, message %s", 400, "Bad request version")
    assert [record.levelname for record in caplog.records] == ["INFO", "ERROR"]


@on_sqlite
def test_a_line_for_people_says_why_something_failed_and_stays_one_line(make_app: MakeApp) -> None:
    make_app(LOG_FORMAT="text")
    (handler,) = [
        each for each in logging.getLogger().handlers if each.get_name() == "techscreen.observability.logging"
    ]
    record = logging.makeLogRecord({"msg": "The database does not answer.", "cause": "refused\nERROR and more"})
    record.request_id = "-"
    assert handler.format(record).endswith("] The database does not answer. cause='refused\\nERROR and more'")
