"""How the library is, where its questions are, and what somebody should look at."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import CachedQuestion
from techscreen.errors import NotFound
from techscreen.operations.library_health import (
    findings_by_question,
    library_health,
    library_summary,
    starter_questions_missing,
)
from techscreen.operations.question_uses import uses_of
from techscreen.schemas.library import LibrarySummaryView
from techscreen.storage.transactions import transaction
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, READER, on_sqlite
from tests.library.test_questions import EDITOR, LIBRARY, a_question, created
from tests.support.workflows import all_of, workflow

TODAY = date(2027, 6, 30)


def changed(app: Flask, question_id: int, **columns: Any) -> None:
    with app.app_context(), transaction() as session:
        row = session.get_one(CachedQuestion, question_id)
        for name, value in columns.items():
            setattr(row, name, value)


def fill(client: FlaskClient, app: Flask) -> dict[str, int]:
    """A library with one question of each kind that somebody should look at; their ids."""
    ids = {
        "good": created(client, topic="Kafka consumer groups", review_on="2027-07-01", owner="Payments"),
        "due": created(client, topic="Java streams", technologies=["Java"], review_on="2027-06-30", owner="Payments"),
        "draft": created(client, topic="Index choice", status="draft", language="de-AT", skill_level="Expert"),
        "thin": created(client, topic="Retries", criteria=a_question()["criteria"][:3], question_type="coding"),
        "disliked": created(client, topic="Alerts"),
        "hated": created(client, topic="Backups"),
        "retired": created(client, topic="Old things", owner="Nobody any more"),
    }
    numbers = {name: answer["question"]["id"] for name, answer in ids.items()}
    changed(app, numbers["good"], usage_count=2)
    changed(app, numbers["disliked"], complaints=1, usage_count=1)
    changed(app, numbers["hated"], complaints=3)
    patch = {"status": "retired", "reason": "Leaked."}
    gone = client.patch(f"{LIBRARY}/{numbers['retired']}", json=patch, headers={**EDITOR, "If-Match": "*"})
    assert gone.status_code == 200, gone.text
    return numbers


def test_what_somebody_should_look_at_is_counted(app: Flask, client: FlaskClient) -> None:
    fill(client, app)

    with app.app_context():
        health = library_health(max_complaints=3, today=TODAY)
        summary = library_summary(TODAY)

    assert summary.model_dump() == health.model_dump(include=set(LibrarySummaryView.model_fields))
    assert (health.active, health.draft, health.retired) == (5, 1, 1)
    assert (health.review_due, health.complained, health.kept_out, health.not_ready) == (1, 2, 1, 1)
    assert health.never_used == 4
    assert [(each.name, each.questions, each.levels) for each in health.levels] == [
        ("en", 5, {"Advanced": 5}),
        ("de-at", 1, {"Expert": 1}),
    ]
    assert {each.name: each.questions for each in health.types} == {"technical": 5, "coding": 1}
    assert [(each.name, each.questions) for each in health.owners] == [("", 4), ("Payments", 2)]
    assert {each.name: each.questions for each in health.technologies} == {"": 4, "java": 1, "kafka": 1}


def test_an_empty_library_has_nothing_to_look_at(app: Flask) -> None:
    with app.app_context():
        health = library_health(max_complaints=3, today=TODAY)
    assert not any(value for value in health.model_dump().values())


def test_the_list_shows_those_that_need_attention(app: Flask, client: FlaskClient) -> None:
    ids = fill(client, app)
    for attention, names in {
        "complained": ["hated", "disliked"],
        "never_used": ["hated", "thin", "draft", "due"],
        "not_ready": ["thin"],
    }.items():
        answer = client.get(f"{LIBRARY}?attention={attention}", headers=READER)
        assert [question["id"] for question in answer.json["questions"]] == [ids[name] for name in names]


@on_sqlite
def test_findings_are_counted_for_each_question(app: Flask, client: FlaskClient) -> None:
    good = created(client)["question"]["id"]
    bad = created(client, topic="Team fit", question_text="Are you pregnant?")["question"]["id"]

    with app.app_context():
        found = findings_by_question([good, bad, 999])

    assert found.keys() == {good, bad}
    assert found[bad] > found[good] == 0


@on_sqlite
def test_questions_of_the_starter_library_that_are_missing_are_counted(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        all_missing = starter_questions_missing()
    created(client, reference="starter-de-backend-001")
    created(client, topic="Ours", reference="OURS-1")

    with app.app_context():
        assert starter_questions_missing() == all_missing - 1
    assert all_missing > 300


def test_where_a_cached_question_is(app: Flask, client: FlaskClient, requisition: dict[str, Any]) -> None:
    made = [workflow(client, {**requisition, "req_id": f"REQ-{number}"}).json["interview_id"] for number in (1, 2)]
    said = client.post(f"/api/interview/{made[0]}/questions/1/feedback", json={"kind": "unclear"}, headers=READER)
    questions = [row.id for row in all_of(app, CachedQuestion) if row.usage_count == 2]
    with app.app_context():
        uses = [uses_of(question_id) for question_id in questions]
        shown = current_runtime().cache.get(questions[0])

    assert said.status_code == 200
    assert [[each.req_id for each in one.interviews] for one in uses] == [["REQ-2", "REQ-1"]] * len(questions)
    assert {(one.interviews_total, one.interviews[0].status) for one in uses} == {(2, "draft")}
    assert [one.feedback for one in uses if one.feedback] == [{"unclear": 1}]
    assert (shown.id, shown.usage_count, shown.state) == (questions[0], 2, "available")

    client.delete(f"/api/interview/{made[1]}", headers={**ADMIN, "If-Match": "*"})
    with app.app_context():
        assert [each.req_id for each in uses_of(questions[0]).interviews] == ["REQ-1"]


@on_sqlite
def test_a_question_that_is_not_in_the_cache_is_not_found_there(app: Flask, client: FlaskClient) -> None:
    library = created(client)["question"]["id"]

    with app.app_context():
        for question_id in (library, 999, 2**40):
            with pytest.raises(NotFound):
                current_runtime().cache.get(question_id)
            assert uses_of(question_id).interviews == []
