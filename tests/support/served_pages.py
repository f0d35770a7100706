"""An app with its pages, served to a browser on a free port of this machine, and what is made in it by its API."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from config import PROJECT_FOLDER
from tests.conftest import ADMIN
from tests.support.fake_claude import FakeClaude
from tests.support.workflows import workflow

PAGES = "/interviews"
SAMPLE = "backend-payments-engineer"


class Live:
    """A served app.

    Attributes:
        app: the app.
        api: the address of the server, without a slash at its end: http://127.0.0.1:PORT
        url: the address of the pages, without a slash at its end: http://127.0.0.1:PORT/interviews
        client: a test client of the same app, for what a test does not do in the browser.
        fake: the fake Claude behind it.
    """

    def __init__(self, app: Flask, port: int, fake: FakeClaude) -> None:
        self.app = app
        self.api = f"http://127.0.0.1:{port}"
        self.url = self.api + PAGES
        self.client: FlaskClient = app.test_client()
        self.fake = fake

    def make_requisition(self, name: str = SAMPLE, **changes: Any) -> dict[str, Any]:
        """The interview of a sample requisition, made through the API.

        Args:
            name: a file of `samples/requisitions/`, without its ending.
            changes: fields of the requisition to change, such as `req_id`.
        """
        answer = workflow(self.client, sample(name, **changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.json["interview"])

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer of the API below /api/interview, asked by an admin; it must be a success."""
        given = {**ADMIN, **({} if method == "GET" else {"If-Match": "*"}), **headers}
        answer = self.client.open(f"/api/interview{path}", method=method, json=body, headers=given)
        assert answer.status_code < 300, f"{method} {path}: {answer.status}: {answer.text[:500]}"
        return answer.json

    @cached_property
    def interview(self) -> dict[str, Any]:
        """An interview, made when it is first asked for."""
        return self.make_requisition()

    @property
    def interview_id(self) -> int:
        """The id of that interview."""
        return int(self.interview["id"])

    @property
    def req_id(self) -> str:
        """The requisition of that interview."""
        return str(self.interview["req_id"])


def sample(name: str, **changes: Any) -> dict[str, Any]:
    """A sample requisition, as the API takes it."""
    text = (PROJECT_FOLDER / "samples" / "requisitions" / f"{name}.json").read_text(encoding="utf-8")
    return {**json.loads(text), **changes}


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: what goes wrong is seen in the browser."""


@contextmanager
def served(app: Flask, fake: FakeClaude) -> Iterator[Live]:
    """Serve an app while the block runs."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield Live(app, server.server_port, fake)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def token_in(page: str) -> str:
    """The token that the forms of a page carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form with a token"
    return found[1]


def sign_in(client: FlaskClient, user_id: str, role: str) -> str:
    """Sign a test client in as a person does, on the page for it; the value of the cookie that this gives."""
    form = client.get(f"{PAGES}/sign-in")
    assert form.status_code == 200, form.text
    sent = {"csrf_token": token_in(form.text), "user_id": user_id, "role": role, "next": ""}
    answer = client.post(f"{PAGES}/sign-in", data=sent)
    assert answer.status_code == 303, answer.text
    cookie = client.get_cookie(client.application.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    return cookie.value
