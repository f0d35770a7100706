"""The steps of an interview without what they have changed."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from techscreen.errors import NotFound
from techscreen.operations.histories import interview_steps
from tests.conftest import ADMIN
from tests.editing.conftest import EDITOR, Draft
from tests.editing.conftest import draft as _draft

draft = _draft


def test_they_are_told_newest_first_with_who_and_why(app: Flask, client: FlaskClient, draft: Draft) -> None:
    draft.ok("PATCH", "", {"interview_name": "Panel"})
    draft.ok("POST", "/request-review", {"of": "ada", "note": "By Friday."})

    with app.app_context():
        steps = interview_steps(draft.id)
        assert [(each.operation, each.what, each.user_id, each.note) for each in steps] == [
            ("review_requested", "Review requested", EDITOR["X-User-ID"], "By Friday."),
            ("edited", "Edited", EDITOR["X-User-ID"], None),
            ("generated", "Generated", ADMIN["X-User-ID"], None),
        ]
        assert [each.number for each in steps] == [draft.now["revision"] - back for back in range(3)]
        assert len(interview_steps(draft.id, limit=1)) == 1
        with pytest.raises(NotFound):
            interview_steps(99)
