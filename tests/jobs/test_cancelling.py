"""Cancelling a job, why a job is tried again, and where to follow what a key has begun."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import GenerationJob, utc_now
from techscreen.jobs import recovery, store
from techscreen.jobs.cancelling import cancelled_columns
from techscreen.storage import outbox
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, MakeApp, on_sqlite
from tests.jobs.test_jobs import (
    BORIS,
    ENHANCE,
    JOBS,
    LATER,
    QUICK_HEART,
    WORKFLOW,
    accepted,
    counts,
    later,
    new_job,
    of_a_dead_process,
    seen,
    started,
)
from tests.support.fake_claude import FakeClaude, error_reply
from tests.support.workflows import Gate, until

STRANGER = {"X-User-ID": "ian", "X-User-Role": "interviewer"}
KEY = {"Idempotency-Key": "k"}


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    return make_app(ASYNC_PROCESSING=True).test_client()


def cancel(client: FlaskClient, job_id: str, headers: dict[str, str] = ADMIN) -> Any:
    return client.delete(f"{JOBS}/{job_id}", headers=headers)


def failed_once(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, **headers: str) -> str:
    """A job that waits to be tried again, in a thousand seconds and more."""
    fake.next(error_reply(503, "overloaded_error", retry_after="1000"))
    job_id = accepted(later(client, ENHANCE, requisition, **headers))
    until(lambda: seen(client, job_id)["retry_at"], "the end of the first attempt")
    return job_id


def stored_job(app: Flask, **values: Any) -> str:
    with app.app_context(), transaction() as session:
        known = {"id": uuid.uuid4().hex, "operation": "workflow", "user_id": "ian", "request": {}, "progress": {}}
        job = GenerationJob(**{**known, "background": True, "status": "queued", **values})
        session.add(job)
        return job.id


# --------------------------------------------------------------------------------------------- tried again


def test_a_job_that_is_tried_again_says_why_and_when_and_how_often(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    job_id = failed_once(client, requisition, fake)

    job = seen(client, job_id)
    assert (job["status"], job["attempt"], job["max_attempts"]) == ("queued", 1, 3)
    assert job["last_error"].keys() == {"code", "error"}
    assert job["last_error"]["code"] == "claude_unavailable"
    assert job["retry_at"] > (utc_now() + timedelta(seconds=900)).isoformat()
    assert job["error"] is None
    (listed,) = client.get(JOBS, headers=ADMIN).json["jobs"]
    assert {name: listed[name] for name in ("last_error", "retry_at", "attempt", "max_attempts")} == {
        name: job[name] for name in ("last_error", "retry_at", "attempt", "max_attempts")
    }


def test_who_follows_a_job_that_is_tried_again_is_told_and_the_page_says_it(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(ASYNC_PROCESSING=True, WORKBENCH=True).test_client()
    job_id = failed_once(client, requisition, fake)
    page = client.get(f"/interviews/jobs/{job_id}", headers=ADMIN).text
    assert "Claude was overloaded or could not be reached (attempt 1 of 3). It is tried again in about" in page

    cancel(client, job_id)

    page = client.get(f"/interviews/jobs/{job_id}", headers=ADMIN).text
    assert "It was cancelled." in page


def test_a_stream_tells_of_the_wait_and_of_the_cancelled_end(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    job_id = failed_once(client, requisition, fake)
    stream = client.get(f"{JOBS}/{job_id}/events", headers=ADMIN)
    parts = (part.decode() if isinstance(part, bytes) else part for part in stream.response)

    waiting = next(part for part in parts if "event: waiting" in part)
    cancel(client, job_id)
    rest = "".join(parts)

    told = json.loads(waiting.split("data: ")[1])
    assert (told["attempt"], told["max_attempts"]) == (1, 3)
    assert told["last_error"]["code"] == "claude_unavailable"
    assert rest.count("event: error") == 1
    assert '"code":"cancelled"' in rest


def test_a_job_of_a_dead_process_says_that_it_was_interrupted_and_nothing_when_it_is_done(
    app: Flask, requisition: dict[str, Any]
) -> None:
    job_id = of_a_dead_process(app, requisition)
    with app.app_context():
        body = '{"code": "interrupted", "error": "It stopped."}'
        assert recovery.take_up_orphaned(utc_now(), lambda: body) == 1
        waiting = store.find(job_id)
        assert waiting is not None
        why, retry_at = waiting.last_error, waiting.retry_at
        attempt = store.claim(job_id)
        assert attempt is not None
        store.finish(attempt, 200, "{}")
        done = store.find(job_id)

    assert why == {"code": "interrupted", "error": "It stopped.", "attempt": 1, "max_attempts": 3}
    assert retry_at is not None
    assert done is not None
    assert (done.last_error, done.retry_at) == (None, None)


# ----------------------------------------------------------------------------------------------- cancelled


def test_a_job_that_waits_ends_at_once_and_its_key_can_be_used_again(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    job_id = failed_once(client, requisition, fake, **KEY)

    answer = cancel(client, job_id)

    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    job = seen(client, job_id)
    assert (job["status"], job["error"]["code"], job["retry_at"]) == ("cancelled", "cancelled", None)
    assert job["finished_at"] is not None
    assert cancel(client, job_id).status_code == 200, "asking twice changes nothing"
    assert [each["job_id"] for each in client.get(f"{JOBS}?status=cancelled", headers=ADMIN).json["jobs"]] == [job_id]
    asked = len(fake.received)
    again = client.post(ENHANCE, json=requisition, headers={**ADMIN, **KEY})
    assert again.status_code == 200
    assert len(fake.received) == asked + 1
    assert seen(client, job_id)["status"] == "succeeded"
    assert seen(client, job_id)["cancel_requested"] is False


def test_a_cancelled_job_is_never_begun(client: FlaskClient) -> None:
    job_id = stored_job(client.application)
    assert cancel(client, job_id).status_code == 200
    with client.application.app_context():
        assert store.claim(job_id) is None


def test_a_job_at_work_asks_claude_for_nothing_more_and_keeps_what_was_paid_for(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply(), times=1)
    job_id = accepted(later(client, WORKFLOW, requisition, **KEY))
    until(lambda: fake.received, "the call for the description")

    answer = cancel(client, job_id)
    assert (answer.status_code, answer.json["status"]) == (202, "running")
    assert seen(client, job_id)["cancel_requested"] is True
    assert cancel(client, job_id).status_code == 202
    # Who wants it again meanwhile is not given a job that is about to end.
    refused = later(client, WORKFLOW, requisition, **KEY)
    assert (refused.status_code, refused.json["code"], refused.json["job_id"]) == (409, "operation_in_progress", job_id)
    assert "was cancelled" in refused.json["error"]
    gate.open()

    job = until(lambda: (j := seen(client, job_id))["status"] == "cancelled" and j, "the end")
    assert job["error"]["code"] == "cancelled"
    assert job["error"]["job_description_id"] == job["progress"]["job_description_id"]
    assert len(fake.received) == 1, "the description was asked for, and no question"
    stored = client.get(f"/api/interview/jd/{requisition['req_id']}", headers=ADMIN).json["job_description"]
    assert stored["enhanced_jd"] is not None
    assert counts(database_url)["interviews"] == 0


def test_a_job_at_work_that_fails_is_not_tried_again_once_it_is_cancelled(app: Flask) -> None:
    with app.app_context():
        for is_unwanted, status in ((False, "queued"), (True, "cancelled")):
            job_id = store.accept(new_job(), timedelta(minutes=1), lambda _: None).job_id
            attempt = store.claim(job_id)
            assert attempt is not None
            if is_unwanted:
                assert store.request_cancellation(job_id, cancelled_columns("R")) is not None
            store.try_again_later(attempt, 30, error={"code": "c"}, if_cancelled=cancelled_columns("R"))
            job = store.find(job_id)
            assert job is not None
            assert job.status == status


def test_a_cancelled_job_of_a_dead_process_is_not_taken_up(app: Flask, requisition: dict[str, Any]) -> None:
    job_id = of_a_dead_process(app, requisition, cancel_requested_at=utc_now())
    with app.app_context():
        recovery.take_up_orphaned(utc_now(), lambda: '{"code": "interrupted", "error": "It stopped."}')
        job = store.find(job_id)
    assert job is not None
    assert (job.status, job.request) == ("cancelled", {})


@on_sqlite
def test_only_its_owner_and_admins_cancel_a_job(client: FlaskClient) -> None:
    job_id = stored_job(client.application, user_id="anybody")
    assert cancel(client, job_id, STRANGER).status_code == 404
    assert seen(client, job_id)["status"] == "queued"
    assert cancel(client, stored_job(client.application), STRANGER).json["status"] == "cancelled"
    assert cancel(client, job_id, BORIS).json["status"] == "cancelled"
    assert cancel(client, "0" * 32).status_code == 404


@on_sqlite
@pytest.mark.parametrize("values", [{"status": "succeeded"}, {"status": "failed"}, {"operation": outbox.OPERATION}])
def test_what_has_ended_or_delivers_an_event_is_not_cancelled(client: FlaskClient, values: dict[str, Any]) -> None:
    job_id = stored_job(client.application, **values)
    answer = cancel(client, job_id)
    assert (answer.status_code, answer.json["code"]) == (409, "not_cancellable")


# ------------------------------------------------------------------------------------------- following a key


@on_sqlite
def test_a_key_that_is_at_work_says_which_job_to_follow(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply(), times=1)
    headers = {**ADMIN, **KEY}
    thread, results = started(lambda: client.application.test_client().post(ENHANCE, json=requisition, headers=headers))
    until(lambda: fake.received, "the first request")

    refused = client.post(ENHANCE, json=requisition, headers=headers)
    gate.open()
    thread.join(20)

    assert (refused.status_code, refused.json["code"]) == (409, "operation_in_progress")
    assert refused.headers["Location"] == f"{JOBS}/{refused.json['job_id']}"
    (first,) = results
    assert first.headers["Location"] == refused.headers["Location"]
    assert client.get(refused.headers["Location"], headers=ADMIN).json["status"] == "succeeded"


@on_sqlite
def test_an_answer_names_its_job_where_it_has_one(client: FlaskClient, requisition: dict[str, Any]) -> None:
    plain = client.post(ENHANCE, json=requisition, headers=ADMIN)
    assert "Location" not in plain.headers
    keyed, repeated = (client.post(ENHANCE, json=requisition, headers={**ADMIN, **KEY}) for _ in range(2))
    assert keyed.headers["Location"] == repeated.headers["Location"]
    assert client.get(keyed.headers["Location"], headers=ADMIN).json["result"] == keyed.json
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    cached = made["interview"]["questions"][0]["cached_question_id"]
    retired = client.post(
        f"/api/interview/cache/{cached}/retire", json={"reason": "Leaked."}, headers={**ADMIN, "Idempotency-Key": "r"}
    )
    assert client.get(retired.headers["Location"], headers=ADMIN).json["operation"] == "cache_retirement"
    waiting = later(client, ENHANCE, requisition, **LATER)
    assert waiting.headers["Location"] == f"{JOBS}/{waiting.json['job_id']}"


def test_a_quick_heart_tries_again_and_then_nothing_is_said_of_the_failure(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(**QUICK_HEART).test_client()
    fake.next(error_reply(529, "overloaded_error", retry_after="1", x_should_retry="false"))
    job_id = accepted(later(client, ENHANCE, requisition))
    job = until(lambda: (j := seen(client, job_id))["status"] == "succeeded" and j, "the second attempt")
    assert job["attempt"] > 1  # on a slow machine such a quick heart takes this process for dead, and tries once more
    assert (job["last_error"], job["retry_at"]) == (None, None)
