"""What is open before an interview can be published, told without making a new report on it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import Interview, db
from techscreen.errors import NotFound
from techscreen.operations.publishing import what_is_open
from tests.editing.conftest import Draft
from tests.editing.conftest import draft as _draft

draft = _draft
PERSONAL = "Are you married, and do you want children?"


def test_it_is_what_publishing_would_say(app: Flask, client: FlaskClient, draft: Draft) -> None:
    with app.app_context():
        assert what_is_open(draft.id, "ada", second_approver=True) == []
    draft.ok("PATCH", "/questions/2", {"criteria": draft.now["questions"][1]["criteria"][:7]})
    draft.ok("PATCH", "/questions/4", {"follow_ups": [PERSONAL]})
    refused = draft.call("POST", "/publish", {})

    with app.app_context():
        told = what_is_open(draft.id, "ada", second_approver=False)
        assert [{"field": each.field, "message": each.message} for each in told] == refused.json["details"]
        assert [each.field for each in what_is_open(draft.id, "HANNA.hiring", second_approver=True)][-1] == "approver"

        row = db.session.get(Interview, draft.id)
        row.quality = None  # as before reports were kept
        db.session.commit()
        assert what_is_open(draft.id, "ada", second_approver=False) == told
        with pytest.raises(NotFound):
            what_is_open(99, "ada", second_approver=False)
