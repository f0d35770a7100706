"""Timelines, the difference between any two states, and the evidence, as pages."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import ADMIN, MakeApp
from tests.editing.conftest import EDITOR, Draft
from tests.editing.conftest import draft as _draft
from tests.workbench.pages import page_of

draft = _draft
READER = {"X-User-ID": "ian", "X-User-Role": "interviewer"}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def test_every_step_is_told_newest_first_and_page_by_page(client: FlaskClient, draft: Draft) -> None:
    for number in range(12):
        draft.ok("PATCH", "", {"interview_name": f"Panel {number}"})
    draft.ok("POST", "/publish", {"note": "Fit <b>for</b> it."})

    page = page_of(client, f"/{draft.id}/history", **READER)
    assert page.index("Approved and published") < page.index("“Panel 11”")
    assert "<blockquote>Fit &lt;b&gt;for&lt;/b&gt; it.</blockquote>" in page
    assert "<del>10</del><ins>11</ins>" in page
    assert "Every step carries the hash of the step before it" in page
    assert "evidence" not in page  # that is for admins
    more = re.search(r'href="/interviews(/\d+/history\?cursor=[^"]+)"', page)
    assert more
    older = page_of(client, html.unescape(more[1]), **READER)
    assert "Generated, with 5 questions" in older
    assert "“Panel 11”" not in older
    assert len(re.findall(r'<li class="\w+">', page + older)) == 14


def test_a_requisition_has_a_timeline_of_all_that_belongs_to_it(client: FlaskClient, draft: Draft) -> None:
    req_id = draft.now["req_id"]
    draft.ok("POST", "/archive", {})
    revision = client.post(f"/api/interview/{draft.id}/revise", json={}, headers={**EDITOR, "If-Match": "*"})
    assert revision.status_code == 200

    page = page_of(client, f"/timeline/{req_id}")

    assert "Interview, version 2" in page
    assert "Job description" in page
    assert '<option value="v1" selected>' in page
    assert '<option value="v2" selected>' in page
    assert f'href="/interviews/evidence/{req_id}"' in page
    page_of(client, "/timeline/nobody", 404)


def test_any_two_states_are_compared(client: FlaskClient, draft: Draft) -> None:
    draft.ok("PATCH", "", {"interview_name": "Panel one"})
    draft.ok("PATCH", "", {"interview_name": "Panel two"})
    old = draft.now["revision"] - 1

    page = page_of(client, f"/{draft.id}/difference?from={old}&to={old + 1}", **READER)
    assert "<del>one</del><ins>two</ins>" in page
    assert f'<option value="{old}" selected>Change {old}: Edited, hanna.hiring</option>' in page
    assert "<del>one</del><ins>two</ins>" in page_of(client, f"/{draft.id}/difference", **READER)
    assert "There is no difference." in page_of(client, f"/{draft.id}/difference?from={old}&to={old}", **READER)

    for query in ("from=99", "from=x", "from=published", "to=v7"):
        wrong = page_of(client, f"/{draft.id}/difference?{query}", 404, **READER)
        assert 'class="problem" role="alert"' in wrong
    page_of(client, "/99/difference", 404)
    page_of(client, "/99/history", 404)


def test_the_evidence_is_a_file_for_admins(client: FlaskClient, draft: Draft) -> None:
    req_id = draft.now["req_id"]

    file = client.get(f"/interviews/evidence/{req_id}", headers=ADMIN)

    assert file.headers["Content-Disposition"] == f'attachment; filename="evidence-{req_id}.json"'
    own, of_api = file.json, client.get(f"/api/interview/evidence/{req_id}", headers=ADMIN).json
    assert own["history"] == of_api["history"] != []
    assert client.get(f"/interviews/evidence/{req_id}", headers=EDITOR).status_code == 403
