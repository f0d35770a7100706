"""Two people at the same job description: what one has really changed, and whether the other has changed the same."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from techscreen.operations.description_changes import own_change
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN
from tests.editing.conftest import OTHER_EDITOR
from tests.support.workflows import enhance

REQ = "REQ-12345"


@pytest.fixture
def seen(client: FlaskClient, requisition: dict[str, Any]) -> dict[str, Any]:
    """A job description as somebody has read it, before somebody else gave it another title."""
    enhance(client, requisition)
    seen = client.get(f"/api/interview/jd/{REQ}", headers=ADMIN).json["job_description"]
    headers = {**OTHER_EDITOR, "If-Match": "*"}
    client.patch(f"/api/interview/jd/{REQ}", json={"enhanced_title": "Theirs"}, headers=headers)
    return dict(seen)


def test_what_was_not_changed_is_no_change_of_ones_own(app: Flask, seen: dict[str, Any]) -> None:
    form = {
        "enhanced_title": seen["enhanced_jd"]["title"],
        "enhanced_description": "Mine",
        "language": seen["language"],
        "interview_topics": seen["interview_topics"],
    }
    with app.app_context():
        now = current_runtime().enhancement.get_job_description(REQ)

        change = own_change(now, seen["etag"], form)
        assert change.patch == {"enhanced_description": "Mine"}
        assert change.is_free
        assert [each.field for each in change.difference.changes] == ["enhanced_description"]

        both = own_change(now, seen["etag"], {**form, "enhanced_title": "Mine"})
        assert not both.is_free
        assert [each.after for each in both.difference.changes] == ["Mine", "Mine"]

        assert own_change(now, seen["etag"], {**form, "enhanced_title": "Theirs"}).is_free
        assert own_change(now, seen["etag"], {}).difference.is_empty
        for tag in ("", "*", '"job_description-1-99"', '"job_description-2-1"', '"interview-1-1"'):
            unknown = own_change(now, tag, {"enhanced_title": "Mine"})
            assert (unknown.is_free, unknown.patch) == (False, {"enhanced_title": "Mine"})
