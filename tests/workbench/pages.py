"""Asking for pages without a browser, as somebody whom the gateway names."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.conftest import ADMIN
from tests.support.served_pages import PAGES, token_in
from tests.support.workflows import until

HTMX = {"HX-Request": "true"}


def page_of(client: FlaskClient, path: str, status: int = 200, **headers: str) -> str:
    """A page as an admin sees it, or as the headers say."""
    answer = client.get(PAGES + path, headers={**ADMIN, **headers})
    assert answer.status_code == status, answer.text
    return answer.text


def send(client: FlaskClient, path: str, fields: dict[str, Any], **headers: str) -> Any:
    """The answer to a form that was sent from a page."""
    token = token_in(client.get(f"{PAGES}/new", headers=ADMIN).text)
    return client.post(PAGES + path, data={"csrf_token": token, **fields}, headers={**ADMIN, **headers})


def job_begun(answer: Any) -> str:
    """The id of the job that a form has begun."""
    assert answer.status_code == 303, answer.text
    path = answer.headers["Location"].split("?")[0]
    assert path.startswith(f"{PAGES}/jobs/"), path
    return str(path.rpartition("/")[2])


def ended(client: FlaskClient, job_id: str) -> dict[str, Any]:
    """A job once it has ended, as the API shows it."""

    def job() -> Any:
        found = client.get(f"/api/interview/jobs/{job_id}", headers=ADMIN).json
        return found if found["status"] in ("succeeded", "failed") else None

    return dict(until(job, "the job ends"))
