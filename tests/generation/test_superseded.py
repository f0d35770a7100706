"""Several requests for one requisition at once: where their texts differ, those of the newest count."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from models import JobDescription, utc_now
from techscreen.jobs import store
from techscreen.storage.transactions import transaction
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, MakeApp
from tests.jobs.test_jobs import (
    ENHANCE,
    GENERATE,
    SILENCE,
    WORKFLOW,
    Gate,
    is_question,
    new_job,
    rows,
    started,
    until,
)
from tests.support.fake_claude import FakeClaude, asked_for, data_of, error_reply

COST = {"input_tokens": 70, "output_tokens": 7}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def post(app: Flask, path: str, body: dict[str, Any]) -> TestResponse:
    return app.test_client().post(path, json=body, headers=ADMIN)


def of(requisition: dict[str, Any], kind: str) -> Any:
    """Whether Claude is asked for the enhancement or a question of a requisition, by its title."""

    def matches(body: dict[str, Any]) -> bool:
        return asked_for(body) == kind and data_of(body).get("basic_title") == requisition["basic_title"]

    return matches


def refused(answer: TestResponse) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (409, "superseded"), answer.get_data(as_text=True)
    assert answer.get_json()["req_id"] == "REQ-12345"
    assert "job_description_id" not in answer.get_json()


@pytest.mark.parametrize("path", [ENHANCE, WORKFLOW])
def test_an_older_request_that_ends_after_a_newer_one_stores_nothing(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], database_url: str, path: str
) -> None:
    newer = {**requisition, "basic_title": "Newer", "work_role": "Newer role"}
    gate = Gate()
    fake.when(of(requisition, "EnhancedDescription"), gate.reply(usage=COST))
    thread, answers = started(lambda: post(app, path, requisition))
    until(lambda: fake.received)

    won = post(app, ENHANCE, newer)
    gate.open()
    thread.join(30)

    assert won.status_code == 200
    refused(answers[0])
    (stored,) = rows(database_url, "job_descriptions")
    assert (stored["basic_title"], stored["work_role"]) == ("Newer", "Newer role")
    assert stored["enhanced_title"] == won.get_json()["enhanced_jd"]["title"]
    assert rows(database_url, "interviews") == []
    log = rows(database_url, "generation_logs")
    assert [row["status"] for row in log[:2]] == ["failed", "success"]
    assert (log[0]["error_code"], log[0]["tokens_used"], log[0]["result_id"]) == ("superseded", 77, None)
    # What the questions cost was not for nothing: they can be lent.
    uses = [question["usage_count"] for question in rows(database_url, "question_cache")]
    assert uses == ([0] * 5 if path == WORKFLOW else [])


@on_sqlite
def test_an_older_request_that_ends_first_is_replaced_by_the_newer(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], database_url: str
) -> None:
    newer = {**requisition, "basic_title": "Newer"}
    gate = Gate()
    fake.when(of(newer, "EnhancedDescription"), gate.reply())
    older_gate = Gate()
    fake.when(of(requisition, "EnhancedDescription"), older_gate.reply())
    older, first = started(lambda: post(app, ENHANCE, requisition))
    until(lambda: len(fake.received) == 1)
    thread, last = started(lambda: post(app, ENHANCE, newer))
    until(lambda: len(fake.received) == 2)
    older_gate.open()
    older.join(30)
    gate.open()
    thread.join(30)

    assert [first[0].status_code, last[0].status_code] == [200, 200]
    assert rows(database_url, "job_descriptions")[0]["basic_title"] == "Newer"


@pytest.mark.parametrize(("title", "status"), [("Newer", 409), ("Senior Software Engineer", 200)])
def test_an_interview_is_not_stored_under_texts_that_it_was_not_made_from(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], database_url: str, title: str, status: int
) -> None:
    made = post(app, ENHANCE, requisition).get_json()
    gate = Gate()
    fake.when(is_question, gate.reply())
    body = {"req_id": made["req_id"], "job_description_id": made["job_description_id"]}
    thread, answers = started(lambda: post(app, GENERATE, body))
    until(lambda: sum(map(is_question, fake.received)) == 5)

    assert post(app, ENHANCE, {**requisition, "basic_title": title}).status_code == 200
    gate.open()
    thread.join(30)

    assert answers[0].status_code == status, answers[0].get_data(as_text=True)
    if status == 409:
        refused(answers[0])
    assert len(rows(database_url, "interviews")) == (status == 200)
    assert len(rows(database_url, "question_cache")) == 5


@on_sqlite
def test_a_workflow_whose_description_is_replaced_before_its_interview_is_stored_keeps_nothing_of_it(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], database_url: str
) -> None:
    gate = Gate()
    fake.when(is_question, gate.reply())
    thread, answers = started(lambda: post(app, WORKFLOW, requisition))
    until(lambda: [row for row in rows(database_url, "job_descriptions") if row["enhanced_at"]])

    assert post(app, ENHANCE, {**requisition, "basic_title": "Newer"}).status_code == 200
    gate.open()
    thread.join(30)

    refused(answers[0])
    assert rows(database_url, "interviews") == []


@on_sqlite
def test_topics_that_were_planned_for_older_texts_are_not_stored(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], database_url: str
) -> None:
    made = post(app, ENHANCE, requisition).get_json()
    with app.app_context(), transaction() as session:
        session.execute(update(JobDescription).values(interview_topics=None))
    gate = Gate()
    fake.when(lambda body: asked_for(body) == "PlannedTopics", gate.reply(usage=COST))
    body = {"req_id": made["req_id"], "job_description_id": made["job_description_id"]}
    thread, answers = started(lambda: post(app, GENERATE, body))
    until(lambda: asked_for(fake.received[-1]) == "PlannedTopics")

    newer = post(app, ENHANCE, {**requisition, "basic_title": "Newer"})
    gate.open()
    thread.join(30)

    refused(answers[0])
    assert post_topics(app) == newer.get_json()["interview_topics"]
    assert not [body for body in fake.received if is_question(body)]
    assert rows(database_url, "generation_logs")[1]["tokens_used"] == 77


def post_topics(app: Flask) -> Any:
    answer = app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN)
    return answer.get_json()["job_description"]["interview_topics"]


@pytest.mark.parametrize("came_far", [False, True])
def test_a_job_that_was_accepted_earlier_and_is_begun_late_does_not_overwrite_what_was_asked_for_meanwhile(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any], database_url: str, came_far: bool
) -> None:
    app = make_app(ASYNC_PROCESSING=True)
    with app.app_context():
        request = {**requisition, "req_id": "REQ-12345"}
        accepted = store.accept(
            new_job(operation="workflow", req_id="REQ-12345", request=request), SILENCE, lambda _: None
        )
    time.sleep(0.001)
    newer = post(app, ENHANCE, {**requisition, "basic_title": "Newer"})
    assert newer.status_code == 200
    if came_far:  # as after an attempt that has stored its description, and was killed
        with app.app_context(), transaction() as session:
            job = session.get_one(store.GenerationJob, accepted.job_id)
            job.job_description_id = newer.get_json()["job_description_id"]
    fake.forget()

    with app.app_context():
        current_runtime().runner.run_queued(accepted.job_id)

    (job,) = rows(database_url)
    assert (job["status"], job["answer_status"]) == ("failed", 409)
    assert fake.received == [], "it was known before anything was paid for"
    assert rows(database_url, "job_descriptions")[0]["basic_title"] == "Newer"


@on_sqlite
def test_a_key_that_is_tried_again_asks_anew(app: Flask, fake: FakeClaude, requisition: dict[str, Any]) -> None:
    keyed = {**ADMIN, "Idempotency-Key": "again"}
    client = app.test_client()
    fake.next(error_reply(401, "authentication_error"))
    assert client.post(ENHANCE, json=requisition, headers=keyed).status_code == 500
    assert post(app, ENHANCE, {**requisition, "basic_title": "Other"}).status_code == 200

    newest = client.post(ENHANCE, json=requisition, headers=keyed)

    assert newest.status_code == 200, newest.get_json()
    stored = client.get(f"/api/interview/jd/{requisition['req_id']}", headers=ADMIN).get_json()["job_description"]
    assert stored["basic_jd"]["title"] == requisition["basic_title"]


@on_sqlite
def test_a_moment_that_is_yet_to_come_stands_in_nobodys_way(app: Flask, requisition: dict[str, Any]) -> None:
    assert post(app, ENHANCE, requisition).status_code == 200
    with app.app_context(), transaction() as session:  # by a machine whose clock was wrong
        session.execute(update(JobDescription).values(enhancement_asked_at=utc_now() + timedelta(hours=1)))

    assert post(app, ENHANCE, {**requisition, "basic_title": "Newer"}).status_code == 200


@on_sqlite
def test_requests_with_the_same_texts_get_on_with_each_other_in_any_order(
    app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any], database_url: str
) -> None:
    gate = Gate()
    fake.when(lambda body: asked_for(body) == "EnhancedDescription", gate.reply(), times=1)
    thread, answers = started(lambda: post(app, WORKFLOW, requisition))
    until(lambda: fake.received)
    assert post(app, WORKFLOW, {**requisition, "interview_name": "Other"}).status_code == 200
    gate.open()
    thread.join(30)

    assert answers[0].status_code == 200
    assert [row["version"] for row in rows(database_url, "interviews")] == [1, 2]
