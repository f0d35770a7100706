"""A real browser's EventSource follows a job, loses its connection, goes on, and stops when the job is over."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from techscreen.web import sse
from techscreen.web.auth import Caller
from tests.conftest import MakeApp
from tests.jobs.test_jobs import JOBS, WORKFLOW, Gate, accepted, asks, ended, later
from tests.support.browser import find_chromium
from tests.support.fake_claude import FakeClaude

PAGE = """<script>
const seen = [];
const source = new EventSource("%s");
for (const name of ["job", "topics", "enhanced", "question", "done", "error"])
  source.addEventListener(name, event => {
    if (event.data !== undefined) seen.push([name, event.lastEventId]);
    // Without data it is a lost connection: closed for good, or about to be tried again.
    else if (source.readyState === EventSource.CLOSED) fetch("/report", {method: "POST", body: JSON.stringify(seen)});
  });
</script>"""
Start = Callable[..., Any]


class Door:
    """Serves the page and the app from one address, and cuts streams off after a few events.

    Attributes:
        asked: for each request for events, its `Last-Event-ID` and the status of the answer.
        reported: what the page has seen, once its EventSource has stopped by itself.
    """

    def __init__(self, app: Flask, address: str) -> None:
        self._app = app
        self._address = address
        self.asked: list[tuple[str | None, str]] = []
        self.reported: list[list[str]] = []
        self.has_reported = threading.Event()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/report":
            self.reported = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            self.has_reported.set()
        if path != self._address:
            start("200 OK", [("Content-Type", "text/html")])
            return [(PAGE % self._address).encode()]

        def noted(status: str, *more: Any) -> Any:
            self.asked.append((environ.get("HTTP_LAST_EVENT_ID"), status))
            return start(status, *more)

        answer = self._app(environ, noted)
        return _cut_off(answer, 4) if len(self.asked) < 3 else answer


def _cut_off(answer: Iterable[bytes], pieces: int) -> Iterator[bytes]:
    """The first pieces alone, as when a proxy ends a connection."""
    for _, piece in zip(range(pieces), answer, strict=False):
        yield piece
    answer.close()  # type: ignore[attr-defined]


@contextmanager
def browser_at(url: str, folder: Path) -> Iterator[None]:
    program = find_chromium()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    process = subprocess.Popen([program, *options, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(20)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_browser_goes_on_where_it_was_cut_off_and_stops_after_the_end(
    make_app: MakeApp,
    requisition: dict[str, Any],
    fake: FakeClaude,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sse, "RETRY_MS", 50)
    app = make_app(ASYNC_PROCESSING=True)
    gate = Gate()
    fake.when(asks(requisition, 5), gate.reply())
    job_id = accepted(later(app.test_client(), WORKFLOW, requisition))
    # An EventSource cannot name its caller in headers of its own: whoever hosts the page knows who it is.
    app.config["INTERVIEW_AUTHENTICATOR"] = lambda _: Caller("anna.admin", "admin")
    door = Door(app, f"{JOBS}/{job_id}/events")
    server = make_server("127.0.0.1", 0, door, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        with browser_at(f"http://127.0.0.1:{server.server_port}/", tmp_path):
            gate.open()
            ended(app.test_client(), job_id)
            assert door.has_reported.wait(60), door.asked
    finally:
        server.shutdown()
        serving.join()
        server.server_close()

    names = [name for name, _ in door.reported]
    assert sorted(names) == ["done", "enhanced", "job", *["question"] * 5, "topics"], "each event once"
    assert names[-1] == "done"
    statuses = [status.split()[0] for _, status in door.asked]
    assert statuses == ["200"] * (len(statuses) - 1) + ["204"]
    assert len(statuses) >= 3
    ids = [event_id for _, event_id in door.reported]
    assert door.asked[0][0] is None
    assert {asked for asked, _ in door.asked[1:]} <= set(ids)
    assert door.asked[-1][0] == ids[-1]
