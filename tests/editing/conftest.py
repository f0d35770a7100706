"""A generated interview and the people who work on it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import ADMIN, READER
from tests.support.workflows import workflow

EDITOR = {"X-User-ID": "hanna.hiring", "X-User-Role": "hiring_manager"}
OTHER_EDITOR = {"X-User-ID": "hugo.hiring", "X-User-Role": "Hiring_Manager"}


class Draft:
    """An interview as one person sees it: remembers the tag of what was last read or answered."""

    def __init__(self, client: FlaskClient, interview: dict[str, Any], headers: dict[str, str] = EDITOR) -> None:
        self._client = client
        self.id: int = interview["id"]
        self.headers = headers
        self.etag: str = interview["etag"]
        self.now = interview

    def call(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        """Ask for a change of what was last seen; a success is seen."""
        given = {**self.headers, "If-Match": self.etag, **headers}
        answer = self._client.open(f"/api/interview/{self.id}{path}", method=method, json=body, headers=given)
        if answer.status_code == 200 and answer.json["interview"]["id"] == self.id:
            self.now, self.etag = answer.json["interview"], answer.json["etag"]
            assert answer.headers["ETag"] == self.etag == self.now["etag"]
        return answer

    def ok(self, method: str, path: str = "", body: Any = None, **headers: str) -> dict[str, Any]:
        """The interview after a change that succeeds."""
        answer = self.call(method, path, body, **headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json["interview"])

    def read(self) -> dict[str, Any]:
        """The interview as it is stored."""
        answer = self._client.get(f"/api/interview/{self.id}", headers=READER)
        assert answer.status_code == 200
        self.now, self.etag = answer.json["interview"], answer.headers["ETag"]
        return dict(self.now)


@pytest.fixture
def draft(client: FlaskClient, requisition: dict[str, Any]) -> Draft:
    made = workflow(client, requisition)
    assert made.status_code == 200, made.text
    return Draft(client, made.json["interview"])


@pytest.fixture
def admin_headers() -> dict[str, str]:
    return dict(ADMIN)
