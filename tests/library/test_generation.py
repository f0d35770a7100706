"""Interviews take a team's own question before a cached one and a cached one before Claude."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from models import CachedQuestion, Interview, db, utc_now
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, MakeApp, on_sqlite
from tests.library.test_questions import EDITOR, LIBRARY, created
from tests.support.fake_claude import FakeClaude, asked_for
from tests.support.workflows import all_of, audit_rows, enhance, workflow


def topics_of(client: FlaskClient, requisition: dict[str, Any]) -> list[dict[str, Any]]:
    """The topics that any requisition with the same texts gets."""
    topics: list[dict[str, Any]] = enhance(client, {**requisition, "req_id": "REQ-PLAN"}).json["interview_topics"]
    return topics


def keep_for(client: FlaskClient, planned: dict[str, Any], **changes: Any) -> int:
    """A library question for a topic."""
    same = {name: planned[name] for name in ("topic", "technologies", "skill_level", "question_type")}
    kept: int = created(client, **{**same, **changes})["question"]["id"]
    return kept


def sources(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [question["source"] for question in answer.json["interview"]["questions"]]


def questions_asked(fake: FakeClaude) -> int:
    return sum(asked_for(body) == "InterviewQuestion" for body in fake.received)


def test_library_before_cache_before_claude(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> None:
    topics = topics_of(client, requisition)
    own = "Is your wife pregnant? <b>What</b> do you do next?"
    criteria = [{"criterion": f"Names\tthing {number}", "description": ""} for number in range(8)]
    kept = keep_for(client, topics[0], question_text=own, minutes=33, criteria=criteria)

    first = workflow(client, requisition)
    second = workflow(client, {**requisition, "req_id": "REQ-2"})
    never = workflow(client, {**requisition, "req_id": "REQ-3", "use_library": "never"})

    assert sources(first) == ["library", *["generated"] * 4]
    assert sources(second) == ["library", *["cache"] * 4]
    assert sources(never) == ["generated", *["cache"] * 4]
    assert (second.json["library_questions"], second.json["cached_questions"]) == (1, 4)
    question = first.json["interview"]["questions"][0]
    assert (question["question_text"], question["minutes"]) == (own, 33)
    assert [each["criterion"] for each in question["criteria"]] == [each["criterion"] for each in criteria]
    assert (question["cached_question_id"], question["similarity"]) == (kept, 1.0)
    assert (question["model"], question["prompt_version"]) == (None, None)
    found = {finding["kind"] for finding in first.json["quality"]["findings"] if "questions[0]" in finding["field"]}
    assert found >= {"prohibited_subject", "markup"}
    shown = client.get(f"{LIBRARY}/{kept}", headers=EDITOR).json["question"]
    assert shown["usage_count"] == 2
    cache = client.get("/api/interview/cache", headers=ADMIN).json
    assert kept not in [each["id"] for each in cache["questions"]]
    assert (cache["counts"]["total"], cache["counts"]["questions_delivered"]) == (5, 13)


@pytest.mark.parametrize(
    ("columns", "is_lent"),
    [
        ({"created_at": utc_now() - timedelta(days=9_999), "usage_count": 999, "model": "another"}, True),
        ({"library_status": "draft"}, False),
        ({"retired_at": utc_now()}, False),
        ({"complaints": 3}, False),
        ({"criteria": [{"criterion": "One", "description": ""}] * 10}, True),
        ({"criteria": [{"criterion": "One", "description": ""}] * 7}, False),
        ({"criteria": [{"criterion": "One", "description": ""}] * 11}, False),
    ],
)
@on_sqlite
def test_which_library_questions_are_lent(
    make_app: MakeApp, requisition: dict[str, Any], columns: dict[str, Any], is_lent: bool
) -> None:
    app = make_app(ENABLE_QUESTION_CACHE=False, CACHE_SAME_MODEL_ONLY=True)
    client = app.test_client()
    kept = keep_for(client, topics_of(client, requisition)[0])
    with app.app_context(), transaction() as session:
        session.execute(update(CachedQuestion).where(CachedQuestion.id == kept).values(**columns))

    shown = client.get(f"{LIBRARY}/{kept}", headers=EDITOR).json["question"]
    answer = workflow(client, requisition)

    assert shown["is_ready"] == (is_lent or "complaints" in columns)
    assert sources(answer) == ["library" if is_lent else "generated", *["generated"] * 4]


@on_sqlite
def test_a_generated_question_that_people_complain_about_is_not_lent(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    workflow(client, requisition)
    with app.app_context(), transaction() as session:
        session.execute(update(CachedQuestion).where(CachedQuestion.id == 1).values(complaints=3))

    again = workflow(client, {**requisition, "req_id": "REQ-2"})

    assert sorted(sources(again)) == ["cache"] * 4 + ["generated"]
    assert client.get("/api/interview/cache", headers=ADMIN).json["counts"]["complained"] == 1


@on_sqlite
def test_a_similar_library_question_comes_before_an_equal_cached_one(
    client: FlaskClient, requisition: dict[str, Any], make_app: MakeApp
) -> None:
    topics = topics_of(client, requisition)
    workflow(client, requisition)
    keep_for(client, topics[0], topic=topics[0]["topic"] + " backlog")
    lenient = make_app(CACHE_SIMILARITY_THRESHOLD=0.7).test_client()

    assert sources(workflow(lenient, {**requisition, "req_id": "REQ-2"}))[0] == "library"
    assert sources(workflow(client, {**requisition, "req_id": "REQ-3"}))[0] == "cache"


def test_the_library_alone_names_what_it_lacks_and_asks_claude_for_no_question(
    app: Flask, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    topics = topics_of(client, requisition)
    for topic in topics[:4]:
        keep_for(client, topic)
    only = {**requisition, "use_library": "only"}

    lacking = workflow(client, only)

    assert (lacking.status_code, lacking.json["code"]) == (409, "library_lacks")
    details = {each["field"]: each["message"] for each in lacking.json["details"]}
    assert list(details) == ["interview_topics[4]", "interview_topics[5]", "interview_topics[6]"]
    for part in (topics[4]["topic"], topics[4]["skill_level"], "en"):
        assert part in details["interview_topics[4]"]
    stored = client.get(f"/api/interview/jd/{requisition['req_id']}", headers=ADMIN).json["job_description"]
    assert (stored["job_description_id"], stored["enhanced_jd"] is not None) == (
        lacking.json["job_description_id"],
        True,
    )
    failed = [row for row in audit_rows(app) if row.operation_type == "interview_generation"]
    assert [(row.status, row.error_code) for row in failed] == [("failed", "library_lacks")]
    assert {row.usage_count for row in all_of(app, CachedQuestion)} == {0}

    keep_for(client, topics[6])  # one that would have been left out
    served = workflow(client, only)

    assert sources(served) == ["library"] * 5
    assert served.json["library_questions"] == 5
    in_it = {question["topic"] for question in served.json["interview"]["questions"]}
    assert in_it == {topics[place]["topic"] for place in (0, 1, 2, 3, 6)}
    assert questions_asked(fake) == 0
    assert served.json["interview"]["model"] is None
    planned = client.get("/api/interview/jd/REQ-PLAN", headers=ADMIN).json["job_description"]["job_description_id"]
    by_itself = {"req_id": "REQ-PLAN", "job_description_id": planned, "use_library": "only"}
    assert sources(client.post("/api/interview/generate", json=by_itself, headers=ADMIN)) == ["library"] * 5


@on_sqlite
def test_a_question_retired_while_the_interview_is_made_is_replaced_from_the_library(
    app: Flask, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    from techscreen.generation.question_writing import QuestionWriting

    topics = topics_of(client, requisition)
    kept = [keep_for(client, topic) for topic in topics[:6]]
    write = QuestionWriting.run

    def retire_then_write(self: QuestionWriting) -> None:
        with transaction() as session:
            session.execute(update(CachedQuestion).where(CachedQuestion.id == kept[0]).values(retired_at=utc_now()))
        write(self)

    monkeypatch.setattr(QuestionWriting, "run", retire_then_write)

    served = workflow(client, {**requisition, "use_library": "only"})

    assert sources(served) == ["library"] * 5
    in_it = {question["cached_question_id"] for question in served.json["interview"]["questions"]}
    assert in_it == set(kept[1:])
    assert questions_asked(fake) == 0
    assert len(all_of(app, Interview)) == 1


@on_sqlite
def test_the_library_costs_a_workflow_no_statement(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    with app.app_context():
        engine = db.engine
    counted: list[str] = []

    def listen(*given: Any) -> None:
        counted.append(given[2])

    event.listen(engine, "before_cursor_execute", listen)
    counts = []
    for number, use in enumerate(["never", "never", "prefer"]):
        counted.clear()
        workflow(client, {**requisition, "req_id": f"REQ-{number}", "use_library": use})
        counts.append(len(counted))
    event.remove(engine, "before_cursor_execute", listen)

    assert counts[1] == counts[2]
