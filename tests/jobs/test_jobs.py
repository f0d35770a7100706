"""Work in the background: accepted at once, done once, taken up by others when its process dies."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from werkzeug.test import TestResponse

from models import Base, GenerationJob, ServiceProcess, db, utc_now
from prompts import PlannedTopics
from techscreen.errors import DatabaseUnavailable, JobLost
from techscreen.jobs import recovery, store
from techscreen.jobs.progress import JobProgress
from techscreen.jobs.store import MAX_ATTEMPTS, NewJob
from techscreen.storage import deferred_writes
from techscreen.storage.heartbeat import MISSED_BEATS, Heartbeat
from techscreen.storage.liveness import this_process_id
from techscreen.storage.transactions import transaction
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of, error_reply, good_plan
from tests.support.private_servers import free_port
from tests.support.tables import table
from tests.support.workflows import Gate, until

ENHANCE = "/api/interview/jd/enhance"
GENERATE = "/api/interview/generate"
WORKFLOW = "/api/interview/workflow/full"
CREATE = "/api/interview/workflow/create"
JOBS = "/api/interview/jobs"
LATER = {"Prefer": "respond-async"}
BORIS = {"X-User-ID": "boris.admin", "X-User-Role": "admin"}
SILENCE = timedelta(minutes=1)
# A heart that beats so often takes up what is left behind, and announces what is due, in a third of a second.
QUICK_HEART = {"ASYNC_PROCESSING": True, "HEARTBEAT_SECONDS": 0.05}
# Claude's word that trying again at once is of no use, so that the job is what tries again.
OVERLOADED = {"retry_after": "1", "x_should_retry": "false"}
# Tables whose rows come and go with the processes and their jobs.
MACHINERY = {"generation_jobs", "service_processes"}


# ------------------------------------------------------------------------ shared with the tests of keys and events


def is_question(body: dict[str, Any]) -> bool:
    return asked_for(body) == "InterviewQuestion"


def is_enhancement(body: dict[str, Any]) -> bool:
    return asked_for(body) == "EnhancedDescription"


def asks(requisition: dict[str, Any], *numbers: int) -> Callable[[dict[str, Any]], bool]:
    """Whether a request is for one of these questions of a requisition's interview, counted from 1."""
    plan = good_plan(enhancement_of(requisition))
    topics = {plan["interview_topics"][number - 1]["topic"] for number in numbers}
    return lambda body: is_question(body) and data_of(body)["topic"] in topics


def enhancement_of(requisition: dict[str, Any]) -> dict[str, Any]:
    """A request for an enhancement as far as the fake looks at it."""
    text = f"<data>\n{json.dumps(requisition)}\n</data>"
    return {
        "messages": [{"content": text}],
        "output_config": {"format": {"schema": {"title": "EnhancedDescription"}}},
    }


def rows(database_url: str, table: str = "generation_jobs") -> list[dict[str, Any]]:
    """A table, read past the service, oldest row first."""
    order = "created_at, id" if table == "generation_jobs" else "id"
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}")).mappings()
        return [dict(row) for row in found]


def counts(database_url: str, *without: str) -> dict[str, int]:
    """How many rows each table has, but for those that come and go with processes."""
    tables = [name for name in Base.metadata.tables if name not in {*(without or MACHINERY), "service_processes"}]
    columns = ", ".join(f"(SELECT COUNT(*) FROM {name}) AS {name}" for name in tables)
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        return dict(connection.execute(text(f"SELECT {columns}")).mappings().one())


def change_job(app: Flask, job_id: str, **values: Any) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(GenerationJob).where(GenerationJob.id == job_id).values(**values))


def topics_of(interview: dict[str, Any]) -> list[str]:
    return [question["topic"] for question in interview["questions"]]


def started(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Work under way in a thread, and where its result will be."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except OSError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


# ------------------------------------------------------------------------------------------------------- helpers


@pytest.fixture
def busy(make_app: MakeApp) -> FlaskClient:
    """A client of an app that works in the background."""
    return make_app(ASYNC_PROCESSING=True).test_client()


def later(client: FlaskClient, path: str, body: dict[str, Any], **headers: str) -> TestResponse:
    return client.post(path, json=body, headers={**ADMIN, **LATER, **headers})


def accepted(answer: TestResponse) -> str:
    assert answer.status_code == 202, answer.get_data(as_text=True)
    job_id: str = answer.get_json()["job_id"]
    return job_id


def seen(client: FlaskClient, job_id: str, headers: dict[str, str] = ADMIN) -> dict[str, Any]:
    answer = client.get(f"{JOBS}/{job_id}", headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def ended(client: FlaskClient, job_id: str) -> dict[str, Any]:
    """A job when it is over."""

    def over() -> dict[str, Any] | None:
        job = seen(client, job_id)
        return job if job["status"] in ("succeeded", "failed") else None

    job: dict[str, Any] = until(over, f"the end of job {job_id}")
    return job


def new_job(**values: Any) -> NewJob:
    known: dict[str, Any] = {
        "operation": "jd_enhancement",
        "user_id": "u",
        "req_id": "R",
        "request": {"req_id": "R", "basic_title": "T", "basic_description": "D"},
        "request_id": "r",
        "background": True,
    }
    return NewJob(**{**known, **values})


def of_a_dead_process(app: Flask, requisition: dict[str, Any], **values: Any) -> str:
    """A workflow in the background that a killed process has left behind."""
    with app.app_context(), transaction() as session:
        job = GenerationJob(
            **{
                "id": uuid.uuid4().hex,
                "operation": "workflow",
                "user_id": ADMIN["X-User-ID"],
                "req_id": requisition["req_id"],
                "request": requisition,
                "request_id": "r-1",
                "background": True,
                "status": "running",
                "progress": {},
                "attempts": 1,
                "process_id": "0" * 32,
                "started_at": utc_now(),
                **values,
            }
        )
        session.add(job)
        return job.id


# --------------------------------------------------------------------------------------------- accepted for later


@on_sqlite
def test_who_asks_for_it_later_is_answered_at_once_where_the_service_does_not_work_in_the_background(
    client: FlaskClient, requisition: dict[str, Any], database_url: str
) -> None:
    answer = later(client, WORKFLOW, requisition)

    assert answer.status_code == 200
    assert answer.get_json()["interview"]["version"] == 1
    assert "Preference-Applied" not in answer.headers
    assert "Location" not in answer.headers
    assert rows(database_url) == []


@on_sqlite
def test_who_does_not_ask_for_it_later_is_answered_at_once(
    busy: FlaskClient, requisition: dict[str, Any], database_url: str
) -> None:
    for prefer in (None, "", "wait=10", "return=minimal", "respond-asynchronously", '"respond-async"x'):
        headers = ADMIN if prefer is None else {**ADMIN, "Prefer": prefer}
        assert busy.post(ENHANCE, json=requisition, headers=headers).status_code == 200, prefer
    assert rows(database_url) == []


@on_sqlite
@table("prefer", ["respond-async", "Respond-Async", "wait=5, respond-async; x=1", "respond-async,a"])
def test_the_wish_for_a_later_answer_is_understood_however_it_is_written(
    busy: FlaskClient, requisition: dict[str, Any], prefer: str
) -> None:
    ended(busy, accepted(later(busy, ENHANCE, requisition, Prefer=prefer)))


@pytest.mark.parametrize("path", [ENHANCE, GENERATE, WORKFLOW, CREATE])
def test_a_job_gives_in_the_end_what_the_plain_call_gives(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, path: str
) -> None:
    body = dict(requisition)
    if path == ENHANCE:
        del body["interview_name"]
    if path == GENERATE:
        enhanced = busy.post(ENHANCE, json=requisition, headers=ADMIN).get_json()
        body = {"req_id": requisition["req_id"], "job_description_id": enhanced["job_description_id"]}
    plain = busy.post(path, json=body, headers=ADMIN).get_json()

    answer = later(busy, path, body)

    job_id = accepted(answer)
    assert answer.get_json() == {"success": True, "job_id": job_id, "status": "queued"}
    assert answer.headers["Location"] == f"{JOBS}/{job_id}"
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.content_type == "application/json"
    job = ended(busy, job_id)
    assert job["success"] is True
    assert job["status"] == "succeeded"
    assert job["error"] is None
    assert job["attempts"] == 1
    assert job["background"] is True
    assert job["user_id"] == ADMIN["X-User-ID"]
    assert job["req_id"] == requisition["req_id"]
    moments = [job["created_at"], job["started_at"], job["finished_at"]]
    assert moments == sorted(moments)
    assert all(len(moment) == len("2025-01-09T12:00:00") for moment in moments)
    result = job["result"]
    assert result.keys() == plain.keys()
    if path == ENHANCE:
        # The fake's words depend on the texts alone; a job has them streamed, which is one more word to read.
        same = plain.keys() - {"enhanced_at", "tokens_used", "revision", "etag"}
        assert {name: result[name] for name in same} == {name: plain[name] for name in same}
        assert job["progress"]["job_description_id"] == result["job_description_id"]
        assert job["progress"]["interview_id"] is None
        return
    stored = busy.get(f"/api/interview/{result['interview_id']}", headers=READER).get_json()
    assert result["interview"] == stored["interview"]
    assert result["interview"]["version"] == 2
    assert job["progress"]["interview_id"] == result["interview_id"]
    # All topics of the plan; the second version may have others, which the plan has left out.
    assert len(job["progress"]["topics"]) >= 5
    told = sorted(job["progress"]["questions"], key=lambda question: question["question_number"])
    assert [question["question_number"] for question in told] == [1, 2, 3, 4, 5]
    assert [question["topic"] for question in told] == topics_of(result["interview"])
    assert {question["source"] for question in told} == {"generated"}


def test_the_progress_of_a_job_can_be_seen_while_it_is_worked_on(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    gate = Gate()
    fake.when(asks(requisition, 2, 4), gate.reply())
    job_id = accepted(later(busy, WORKFLOW, requisition))

    until(lambda: len(seen(busy, job_id)["progress"]["questions"]) == 3, "three questions")
    job = until(lambda: (j := seen(busy, job_id))["progress"]["job_description_id"] and j, "the enhancement")

    assert job["status"] == "running"
    assert job["result"] is None
    assert job["error"] is None
    assert job["finished_at"] is None
    assert {question["question_number"] for question in job["progress"]["questions"]} == {1, 3, 5}
    assert job["progress"]["interview_id"] is None
    tokens = [question["tokens_used"] for question in job["progress"]["questions"]]
    assert tokens == sorted(tokens)
    assert tokens[0] > 0
    gate.open()
    assert ended(busy, job_id)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (ENHANCE, 500, "claude_misconfigured"),
        (WORKFLOW, 502, "generation_refused"),
        (ENHANCE, 503, "claude_billing"),
    ],
)
def test_the_error_of_a_job_is_the_body_that_the_plain_call_gives(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, path: str, status: int, code: str
) -> None:
    if status == 500:
        fake.when(lambda _: True, error_reply(401, "authentication_error"))
    if status == 502:
        fake.when(is_question, Reply(stop_reason="refusal", content=""))
    if status == 503:
        fake.when(lambda _: True, error_reply(400, "invalid_request_error", "Your credit balance is too low"))
    plain = busy.post(path, json=requisition, headers={**ADMIN, "X-Request-ID": "the-same"})

    job_id = accepted(later(busy, path, requisition, **{"X-Request-ID": "the-same"}))

    job = ended(busy, job_id)
    assert plain.status_code == status
    assert job["status"] == "failed"
    assert job["result"] is None
    assert job["error"] == plain.get_json()
    assert job["error"]["code"] == code
    assert job["attempts"] == 1  # no failure that passes by itself


@on_sqlite
@table(
    ("path", "body", "content_type", "status"),
    [
        (WORKFLOW, {"req_id": "R"}, "application/json", 400),
        (WORKFLOW, "{", "application/json", 400),
        (WORKFLOW, "[]", "application/json", 400),
        (GENERATE, {"req_id": "R", "job_description_id": "1"}, "application/json", 400),
        (ENHANCE, "x", "text/plain", 415),
        (ENHANCE, {"req_id": "R", "basic_title": "T", "basic_description": "D" * 16_001}, "application/json", 400),
    ],
)
def test_a_bad_request_is_refused_at_once_and_makes_no_job(
    busy: FlaskClient, database_url: str, path: str, body: Any, content_type: str, status: int
) -> None:
    data = body if isinstance(body, str) else json.dumps(body)
    answer = busy.post(path, data=data, content_type=content_type, headers={**ADMIN, **LATER})

    assert answer.status_code == status
    assert answer.get_json()["success"] is False
    assert counts(database_url, "service_processes") == dict.fromkeys(counts(database_url, "service_processes"), 0)


@on_sqlite
def test_who_may_not_write_makes_no_job(busy: FlaskClient, requisition: dict[str, Any], database_url: str) -> None:
    assert busy.post(WORKFLOW, json=requisition, headers={**READER, **LATER}).status_code == 403
    assert busy.post(WORKFLOW, json=requisition, headers=LATER).status_code == 401
    assert rows(database_url) == []


# -------------------------------------------------------------------------------------------------- seeing jobs


def test_a_job_is_seen_by_its_owner_and_by_admins_alone(
    busy: FlaskClient, requisition: dict[str, Any], make_app: MakeApp
) -> None:
    job_id = accepted(later(busy, ENHANCE, requisition))
    ended(busy, job_id)
    owner_without_rights = {"X-User-ID": ADMIN["X-User-ID"], "X-User-Role": "interviewer"}
    for path in (f"{JOBS}/{job_id}", f"{JOBS}/{job_id}/events"):
        assert busy.get(path, headers=ADMIN).status_code == 200
        assert busy.get(path, headers=BORIS).status_code == 200
        assert busy.get(path, headers=owner_without_rights).status_code == 200
        nobody = busy.get(path, headers={**READER, "X-Request-ID": "r"})
        unknown = busy.get(path.replace(job_id, "0" * 32), headers={**READER, "X-Request-ID": "r"})
        assert nobody.status_code == unknown.status_code == 404
        # A job of somebody else is told apart from none by nothing.
        assert nobody.data == unknown.data
        assert nobody.get_json()["code"] == "not_found"


@table("job_id", ["x", "0" * 32, "0" * 500, "%00", "%F0%9F%98%80", "..", "a%20", "'%22;--"])
def test_an_unknown_job_is_not_found(busy: FlaskClient, job_id: str) -> None:
    for path in (f"{JOBS}/{job_id}", f"{JOBS}/{job_id}/events"):
        answer = busy.get(path, headers=ADMIN)
        assert answer.status_code == 404
        assert answer.content_type == "application/json"


def test_admins_see_all_jobs_newest_first_and_by_requisition_and_status(app: Flask, client: FlaskClient) -> None:
    made = []
    for number in range(6):
        requisition = {"req_id": "REQ-A" if number % 2 else "req-a"}
        status = "succeeded" if number < 3 else "queued"
        at = utc_now() - timedelta(hours=10 - number)
        # Of users that have nothing to do with who asks.
        values = {"status": status, "created_at": at, "user_id": f"u{number}", "background": False}
        made.append(of_a_dead_process(app, requisition, **values))

    def listed(query: str) -> list[int]:
        answer = client.get(f"{JOBS}?{query}", headers=BORIS)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [made.index(job["job_id"]) for job in answer.get_json()["jobs"]]

    assert listed("") == [5, 4, 3, 2, 1, 0]
    assert listed("req_id=REQ-A") == [5, 3, 1]
    assert listed("req_id=req-a") == [4, 2, 0]
    assert listed("req_id=nobody") == []
    assert listed("status=queued") == [5, 4, 3]
    assert listed("status=succeeded&req_id=req-a") == [2, 0]
    assert listed("status=failed") == []
    assert listed("page_size=4") == [5, 4, 3, 2]
    assert listed("page_size=4&page=2") == [1, 0]
    assert listed("page_size=4&page=3") == []
    assert listed("page=1000000&page_size=100") == []
    page = client.get(f"{JOBS}?page_size=4&page=2", headers=ADMIN).get_json()
    assert page["success"] is True
    assert (page["page"], page["page_size"]) == (2, 4)
    assert "result" not in page["jobs"][0]


@on_sqlite
@table(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("status=", "status"),
        ("status=QUEUED", "status"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("page_size=0", "page_size"),
        ("page_size=101", "page_size"),
        ("req_id=" + "x" * 101, "req_id"),
    ],
)
def test_a_list_of_jobs_that_is_asked_for_badly_is_refused(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"{JOBS}?{query}", headers=ADMIN)

    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.get_json()["details"]] == [field]


@on_sqlite
def test_only_admins_may_list_jobs(client: FlaskClient) -> None:
    assert client.get(JOBS, headers=READER).status_code == 403
    assert client.get(JOBS).status_code == 401


# ------------------------------------------------------------------------------------------------ keys of jobs


def test_the_same_key_names_the_same_job(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    first = later(busy, WORKFLOW, requisition, **{"Idempotency-Key": "k"})
    until(lambda: fake.received and fake.under_way, "Claude at work")

    again = later(busy, WORKFLOW, requisition, **{"Idempotency-Key": "k"})
    at_once = busy.post(WORKFLOW, json=requisition, headers={**ADMIN, "Idempotency-Key": "k"})
    other = later(busy, WORKFLOW, {**requisition, "basic_title": "Other"}, **{"Idempotency-Key": "k"})

    assert "Idempotency-Replayed" not in first.headers
    assert accepted(again) == accepted(first)
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Preference-Applied"] == "respond-async"
    assert at_once.status_code == 409
    assert at_once.get_json()["code"] == "operation_in_progress"
    assert int(at_once.headers["Retry-After"]) > 0
    assert other.status_code == 422
    gate.open()
    job = ended(busy, accepted(first))
    plain = busy.post(WORKFLOW, json=requisition, headers={**ADMIN, "Idempotency-Key": "k"})
    late = later(busy, WORKFLOW, requisition, **{"Idempotency-Key": "k"})
    assert plain.status_code == 200
    assert plain.get_json() == job["result"]
    assert plain.headers["Idempotency-Replayed"] == "true"
    assert late.data == first.data
    assert late.status_code == 202
    assert len(rows(database_url)) == 1
    assert len(fake.received) == 6


def test_the_key_of_a_job_that_failed_may_try_again_and_pays_only_for_what_is_missing(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    fake.when(asks(requisition, 3), error_reply(401, "authentication_error"), times=1)
    first = accepted(later(busy, WORKFLOW, requisition, **{"Idempotency-Key": "k"}))
    assert ended(busy, first)["error"]["code"] == "claude_misconfigured"
    fake.received.clear()

    again = later(busy, WORKFLOW, requisition, **{"Idempotency-Key": "k"})

    assert accepted(again) == first
    assert "Idempotency-Replayed" not in again.headers
    job = ended(busy, first)
    assert job["status"] == "succeeded"
    assert [data_of(body)["topic"] for body in fake.received] == [topics_of(job["result"]["interview"])[2]]


def test_a_job_that_was_accepted_runs_even_if_its_text_would_be_refused_by_now(
    make_app: MakeApp, requisition: dict[str, Any]
) -> None:
    # As after a deploy that tightens the rules: what waits in the queue was accepted by the old ones.
    app = make_app(**QUICK_HEART)
    client = app.test_client()
    bare = {name: value for name, value in requisition.items() if not name.startswith("work_")}
    code = {**bare, "basic_description": "for entry in ledger.entries():\n    print(entry.amount)\n" * 8}
    refused = later(client, ENHANCE, code)
    job_id = of_a_dead_process(app, code, operation="jd_enhancement")

    job = ended(client, job_id)

    assert (refused.status_code, refused.get_json()["details"][0]["field"]) == (400, "basic_description")
    assert job["status"] == "succeeded"
    assert job["result"]["basic_jd"]["description"] == code["basic_description"]


# ------------------------------------------------------------------------------------- failures that pass by themselves


def test_a_job_that_claude_was_too_busy_for_is_tried_again_until_it_succeeds(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(**QUICK_HEART).test_client()
    fake.when(asks(requisition, 1), error_reply(529, "overloaded_error", **OVERLOADED), times=2)

    job = ended(client, accepted(later(client, WORKFLOW, requisition)))

    assert job["status"] == "succeeded"
    assert job["attempts"] == 3
    # Nothing was paid for twice: one enhancement, four questions, and one that was asked for three times.
    assert len(fake.received) == 1 + 4 + 3
    questions = job["result"]["interview"]["questions"]
    assert [question["source"] for question in questions] == ["generated", *["cache"] * 4]
    assert [question["question_number"] for question in job["progress"]["questions"]] == [2, 3, 4, 5, 1]


def test_a_job_waits_for_as_long_as_claude_asks_for(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    fake.next(error_reply(503, "overloaded_error", retry_after="1000"))
    before = utc_now()
    job_id = accepted(later(busy, ENHANCE, requisition))

    job = until(lambda: (j := seen(busy, job_id))["attempts"] == 1 and j["status"] == "queued" and j, "the first try")

    assert job["error"] is None
    (row,) = rows(database_url)
    due_at = row["due_at"] if isinstance(row["due_at"], datetime) else datetime.fromisoformat(row["due_at"])
    assert due_at >= before + timedelta(seconds=1000)
    assert row["process_id"] is None


@pytest.mark.parametrize("status", [503, 504])
def test_a_failure_that_does_not_pass_is_told_after_three_attempts(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str, status: int
) -> None:
    client = make_app(**QUICK_HEART, REQUEST_TIMEOUT=1).test_client()
    if status == 503:
        fake.when(lambda _: True, error_reply(503, "overloaded_error", **OVERLOADED))
    else:
        fake.when(lambda _: True, Reply(hang=True))
    job_id = accepted(later(client, ENHANCE, requisition, **{"Idempotency-Key": "k"}))

    def over() -> bool:
        # Nobody waits here for as long as a job does after a timeout.
        change_job(client.application, job_id, due_at=utc_now())
        return bool(seen(client, job_id)["status"] == "failed")

    until(over, "the end of the third attempt")

    job = seen(client, job_id)
    assert job["attempts"] == MAX_ATTEMPTS == 3
    assert job["error"]["code"] == ("claude_unavailable" if status == 503 else "generation_timeout")
    assert job["error"]["req_id"] == requisition["req_id"]
    assert len(fake.received) == 3
    assert [row["status"] for row in rows(database_url, "generation_logs")] == ["failed"] * 3
    # The key is free, with three attempts as before.
    fake.forget()
    assert accepted(later(client, ENHANCE, requisition, **{"Idempotency-Key": "k"})) == job_id
    job = ended(client, job_id)
    assert job["status"] == "succeeded"
    assert job["attempts"] == 1


# ----------------------------------------------------------------------------------------------------- many jobs


def test_more_jobs_than_threads_are_all_done_sixteen_at_a_time(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    job_ids = [accepted(later(busy, ENHANCE, {**requisition, "req_id": f"R{n}"})) for n in range(20)]

    until(lambda: fake.under_way == 16, "sixteen calls to Claude")
    waiting = [job for job in busy.get(f"{JOBS}?status=queued", headers=ADMIN).get_json()["jobs"]]
    # Nothing else is held up by them.
    assert busy.get("/api/interview/req/R", headers=READER).status_code == 200

    assert len(waiting) == 4
    assert len(fake.received) == 16
    gate.open()
    assert {ended(busy, job_id)["status"] for job_id in job_ids} == {"succeeded"}
    assert len(fake.received) == 20


def test_jobs_that_have_not_been_begun_when_the_process_ends_stay_in_the_queue(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    app = make_app(ASYNC_PROCESSING=True)
    client = app.test_client()
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    job_ids = [accepted(later(client, ENHANCE, {**requisition, "req_id": f"R{n}"})) for n in range(18)]
    until(lambda: fake.under_way == 16, "sixteen calls to Claude")

    with app.app_context():
        queue = current_runtime().queue
        closing, _ = started(lambda: queue.close(wait=True))
        until(lambda: queue.is_closed, "the closing")  # type: ignore[attr-defined]
        gate.open()
        closing.join(20)

    states = [ended(client, job_id)["status"] for job_id in job_ids[:16]]
    assert states == ["succeeded"] * 16
    assert [seen(client, job_id)["status"] for job_id in job_ids[16:]] == ["queued"] * 2
    assert len(fake.received) == 16


# ------------------------------------------------------------------------------------------------- dead processes


def test_a_job_of_a_dead_process_is_taken_up_and_finished_once(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    client = make_app(**QUICK_HEART).test_client()
    job_id = of_a_dead_process(client.application, requisition)

    job = ended(client, job_id)  # this request starts the process's heart

    assert job["status"] == "succeeded"
    assert job["attempts"] == 2
    assert len(fake.received) == 6
    assert counts(database_url)["interviews"] == 1


def test_a_job_that_has_broken_off_three_times_is_given_up(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(**QUICK_HEART).test_client()
    job_id = of_a_dead_process(
        client.application, requisition, attempts=MAX_ATTEMPTS, idempotency_key="k", fingerprint="another"
    )

    job = ended(client, job_id)

    assert job["status"] == "failed"
    assert job["error"]["code"] == "interrupted"
    assert job["finished_at"] is not None
    assert fake.received == []


def test_a_job_that_nobody_was_told_of_is_begun_when_it_is_due(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(**QUICK_HEART).test_client()
    values = {"status": "queued", "attempts": 0, "process_id": None}
    job_id = of_a_dead_process(client.application, requisition, **values, due_at=utc_now() - timedelta(seconds=1))

    assert ended(client, job_id)["attempts"] == 1


# ------------------------------------------------------------------------------------------------ the broker is away


@pytest.mark.parametrize("address", ["redis://127.0.0.1:{port}/0", "amqp://guest:guest@127.0.0.1:{port}//"])
def test_without_the_broker_nothing_is_accepted(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str, address: str
) -> None:
    url = address.format(port=free_port())
    client = make_app(ASYNC_PROCESSING=True, CELERY_BROKER_URL=url).test_client()

    answer = later(client, WORKFLOW, requisition, **{"Idempotency-Key": "k"})

    assert answer.status_code == 503
    assert answer.get_json()["code"] == "jobs_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert rows(database_url) == []
    # Whoever waits is served all the same, under the same key.
    plain = client.post(WORKFLOW, json=requisition, headers={**ADMIN, "Idempotency-Key": "k"})
    assert plain.status_code == 200
    assert "Idempotency-Replayed" not in plain.headers


def test_a_broker_that_does_not_let_us_in_is_as_good_as_away(
    make_app: MakeApp, requisition: dict[str, Any], rabbitmq_url: str, database_url: str
) -> None:
    url = rabbitmq_url.replace("guest:guest@", "guest:wrong@")
    client = make_app(ASYNC_PROCESSING=True, CELERY_BROKER_URL=url).test_client()

    answer = later(client, WORKFLOW, requisition)

    assert (answer.status_code, answer.get_json()["code"]) == (503, "jobs_unavailable")
    assert rows(database_url) == []


def test_without_the_broker_a_job_that_tries_again_loses_nothing_of_what_was_paid_for(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    fake.when(asks(requisition, 3), error_reply(401, "authentication_error"), times=1)
    client = make_app(ASYNC_PROCESSING=True, CELERY_BROKER_URL=f"redis://127.0.0.1:{free_port()}/0").test_client()
    keyed = {**ADMIN, "Idempotency-Key": "k"}
    assert client.post(WORKFLOW, json=requisition, headers=keyed).status_code == 500
    (before,) = rows(database_url)

    assert later(client, WORKFLOW, requisition, **{"Idempotency-Key": "k"}).status_code == 503

    (after,) = rows(database_url)
    kept = ("id", "status", "answer_status", "answer_body", "progress", "job_description_id", "background")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    fake.received.clear()
    assert client.post(WORKFLOW, json=requisition, headers=keyed).status_code == 200
    assert len(fake.received) == 1


# --------------------------------------------------------------------------------------- claims, in the small


def test_a_queued_job_is_claimed_once(app: Flask) -> None:
    with app.app_context():
        job_id = store.accept(new_job(), SILENCE, lambda _: None).job_id
    barrier = threading.Barrier(5)

    def claim(_: int) -> Any:
        barrier.wait(10)
        with app.app_context():
            return store.claim(job_id)

    with ThreadPoolExecutor(5) as pool:
        attempts = [attempt for attempt in pool.map(claim, range(5)) if attempt]

    assert len(attempts) == 1
    assert attempts[0].number == 1
    with app.app_context():
        assert store.claim(job_id) is None
        assert store.claim("unknown") is None


def test_a_job_that_is_due_is_announced_by_one_and_again_only_much_later(app: Flask) -> None:
    with app.app_context():
        job_id = store.accept(new_job(), SILENCE, lambda _: None).job_id
        assert recovery.due_again(SILENCE) == []  # whoever accepted it has announced it
    change_job(app, job_id, due_at=utc_now() - timedelta(seconds=1))
    barrier = threading.Barrier(4)

    def ask(_: int) -> list[str]:
        barrier.wait(10)
        with app.app_context():
            return recovery.due_again(SILENCE)

    with ThreadPoolExecutor(4) as pool:
        announced = [job for jobs in pool.map(ask, range(4)) for job in jobs]

    assert announced == [job_id]
    with app.app_context():
        assert recovery.due_again(SILENCE) == []
        job = store.find(job_id)
        assert job is not None
        assert job.due_at is not None
        assert job.due_at > utc_now() + SILENCE


def test_an_attempt_that_was_overtaken_can_write_nothing_any_more(app: Flask) -> None:
    with app.app_context():
        job_id = store.accept(new_job(), SILENCE, lambda _: None).job_id
        overtaken = store.claim(job_id)
        assert overtaken is not None
        # This process has no heartbeat here, so it looks dead.
        assert (
            recovery.take_up_orphaned(utc_now() - SILENCE, lambda: '{"code": "interrupted", "error": "It stopped."}')
            == 1
        )
        newer = store.claim(job_id)
        assert newer is not None

        progress = JobProgress(overtaken, listens=False)
        planned = PlannedTopics.model_validate({"language": "en", "interview_topics": []})
        with pytest.raises(JobLost):
            progress.topics_named(planned)
        with pytest.raises(JobLost), transaction() as session:
            progress.interview_stored(session, 1, 10)
        progress.description_grows("T", "theirs")
        store.finish(overtaken, 200, "theirs")
        store.try_again_later(overtaken, 0)

        job = store.find(job_id)
        assert job is not None
        assert (job.status, job.attempts, job.answer_body, job.interview_id) == ("running", 2, None, None)
        assert job.progress == {}
        store.finish(newer, 200, "ours")
        job = store.find(job_id)
        assert job is not None
        assert (job.status, job.answer_body) == ("succeeded", "ours")


def test_an_attempt_that_is_overtaken_while_claude_works_stores_no_interview(
    busy: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    gate = Gate()
    fake.when(asks(requisition, 5), gate.reply())
    keyed = {**ADMIN, "Idempotency-Key": "k"}
    thread, results = started(lambda: busy.application.test_client().post(WORKFLOW, json=requisition, headers=keyed))
    until(lambda: counts(database_url)["question_cache"] == 4 and rows(database_url)[0]["job_description_id"])
    (job,) = rows(database_url)

    change_job(busy.application, job["id"], attempts=2, process_id="1" * 32)
    gate.open()
    thread.join(20)

    assert results[0].status_code == 500
    assert counts(database_url)["interviews"] == 0
    (job,) = rows(database_url)
    assert (job["status"], job["process_id"], job["answer_body"]) == ("running", "1" * 32, None)


def test_jobs_are_removed_a_week_after_their_end(app: Flask) -> None:
    def one(**values: Any) -> str:
        return of_a_dead_process(app, {"req_id": "R"}, **values)

    long_ago = utc_now() - recovery.KEPT_FOR - timedelta(minutes=1)
    old = one(status="succeeded", created_at=long_ago, finished_at=long_ago)
    kept = [
        one(status="failed", created_at=long_ago, finished_at=long_ago + timedelta(minutes=2)),
        one(status="running", created_at=long_ago),
        one(status="queued", created_at=long_ago),
    ]
    # What was refused is only kept for a day.
    yesterday = utc_now() - recovery.REFUSALS_KEPT_FOR - timedelta(minutes=1)
    refused = one(status="failed", answer_status=409, created_at=yesterday, finished_at=yesterday)
    kept += [
        one(status="failed", answer_status=409, created_at=yesterday, finished_at=utc_now()),
        one(status="failed", answer_status=502, created_at=yesterday, finished_at=yesterday),
        one(status="succeeded", answer_status=200, created_at=yesterday, finished_at=yesterday),
    ]
    with app.app_context():
        assert recovery.remove_old() == 2
        assert store.find(old) is store.find(refused) is None
        assert all(store.find(job_id) for job_id in kept)


# ------------------------------------------------------------------------------------ while the database is away


class Outage:
    """A database that does not answer, for statements of this process."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        with app.app_context():
            self._engine = db.engine
        self._on = False
        # Nobody waits here for a database that is away.
        monkeypatch.setattr("techscreen.storage.transactions.PATIENCE", 0.0)
        event.listen(self._engine, "before_cursor_execute", self._refuse)

    def begin(self) -> None:
        self._on = True

    def end(self) -> None:
        self._on = False

    def _refuse(self, *_: Any) -> None:
        if self._on:
            raise OperationalError("SELECT 1", {}, Exception("away"))


def test_the_end_of_a_job_is_written_as_soon_as_the_database_is_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(app, monkeypatch)
    with app.app_context():
        job_ids = [store.accept(new_job(), SILENCE, lambda _: None).job_id for _ in range(3)]
        ending, pausing, lost = [store.claim(job_id) for job_id in job_ids]
        assert ending
        assert pausing
        assert lost
        outage.begin()
        store.finish(ending, 404, '{"code": "not_found"}')
        store.try_again_later(pausing, 30)
        store.finish(lost, 200, "{}")
        with pytest.raises(DatabaseUnavailable):
            store.find(ending.job_id)
        assert deferred_writes.make_deferred_writes() == 0

        outage.end()
        change_job(app, lost.job_id, attempts=2)  # somebody else has taken it up meanwhile
        assert deferred_writes.make_deferred_writes() == 3
        assert deferred_writes.make_deferred_writes() == 0

        first, second, third = [store.find(job_id) for job_id in job_ids]
        assert first
        assert second
        assert third
        assert (first.status, first.answer_status, first.finished_at is None) == ("failed", 404, False)
        assert (second.status, second.process_id) == ("queued", None)
        assert (third.status, third.answer_body) == ("running", None)


def test_progress_that_cannot_be_noted_stops_no_work_and_is_told_by_the_next_step(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(app, monkeypatch)
    with app.app_context():
        attempt = store.claim(store.accept(new_job(), SILENCE, lambda _: None).job_id)
        assert attempt is not None
        progress = JobProgress(attempt, listens=False)
        outage.begin()
        progress.question_ready(1, "one", "cache", 0)
        progress.description_grows("T", "Some")
        outage.end()
        progress.question_ready(2, "two", "generated", 5)

        job = store.find(attempt.job_id)
        assert job is not None
        assert [question["topic"] for question in job.progress["questions"]] == ["one", "two"]
        assert job.progress["description"] == {"title": "T", "text": "Some"}


class Heart:
    """A heartbeat whose beats are made by the test, on a clock of its own."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.judged: list[float] = []
        self.now = 1_000.0
        start = utc_now()
        monkeypatch.setattr("techscreen.storage.heartbeat.utc_now", lambda: start + timedelta(seconds=self.now))
        # An hour between two beats of its own: none comes by itself.
        self.heartbeat = Heartbeat(app.app_context, 3_600, lambda _: self.judged.append(self.now))
        self.silence = self.heartbeat.silence.total_seconds()

    def beat(self, seconds: float) -> None:
        self.now += seconds
        self.heartbeat._beat()
        self.heartbeat._recover_if_sound()


def test_no_process_judges_others_before_its_own_heart_has_been_beating_long_enough(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart = Heart(app, monkeypatch)
    assert heart.silence == MISSED_BEATS * 3_600

    for _ in range(MISSED_BEATS + 1):
        heart.beat(3_600)
    assert heart.judged == []
    heart.beat(3_600)
    assert heart.judged == [heart.now]


def test_after_an_outage_of_the_database_nobody_is_judged_before_all_could_speak_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(app, monkeypatch)
    heart = Heart(app, monkeypatch)
    for _ in range(MISSED_BEATS + 2):
        heart.beat(3_600)
    assert len(heart.judged) == 1

    outage.begin()
    for _ in range(MISSED_BEATS + 2):
        heart.beat(3_600)
    outage.end()
    for _ in range(MISSED_BEATS + 1):
        heart.beat(3_600)
    assert len(heart.judged) == 1
    heart.beat(3_600)
    assert len(heart.judged) == 2


def test_after_a_sleep_of_the_whole_machine_nobody_is_judged_before_all_could_speak_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart = Heart(app, monkeypatch)
    for _ in range(MISSED_BEATS + 2):
        heart.beat(3_600)
    assert len(heart.judged) == 1

    heart.now += 100 * 3_600
    heart.heartbeat._recover_if_sound()
    for _ in range(MISSED_BEATS + 1):
        heart.beat(3_600)
    assert len(heart.judged) == 1
    heart.beat(3_600)
    assert len(heart.judged) == 2


def test_a_recovery_that_has_to_wait_does_not_silence_its_process(app: Flask) -> None:
    waiting, go_on = threading.Event(), threading.Event()

    def recover(_: timedelta) -> None:
        waiting.set()
        go_on.wait(10)

    heartbeat = Heartbeat(app.app_context, 0.05, recover)
    with app.app_context():
        heartbeat.ensure(wait=True)
        assert waiting.wait(10)
        begun = utc_now()

        def last_beat() -> datetime:
            with transaction() as session:
                return session.get_one(ServiceProcess, this_process_id(), populate_existing=True).heartbeat_at

        until(lambda: last_beat() - begun > 2 * heartbeat.silence)
        go_on.set()
        heartbeat.stop()


def test_a_heart_that_stops_says_so_and_what_it_leaves_can_be_taken_up_at_once(app: Flask) -> None:
    recovered: list[timedelta] = []
    heartbeat = Heartbeat(app.app_context, 60, recovered.append)
    with app.app_context():
        heartbeat.ensure(wait=True)
        with transaction() as session:
            assert session.get(ServiceProcess, this_process_id()) is not None
        attempt = store.claim(store.accept(new_job(), SILENCE, lambda _: None).job_id)
        assert attempt is not None
        assert (
            recovery.take_up_orphaned(utc_now() - SILENCE, lambda: '{"code": "interrupted", "error": "It stopped."}')
            == 0
        )

        heartbeat.stop()

        with transaction() as session:
            assert session.scalars(select(ServiceProcess.id)).all() == []
        assert (
            recovery.take_up_orphaned(utc_now() - SILENCE, lambda: '{"code": "interrupted", "error": "It stopped."}')
            == 1
        )
    assert recovered == []
