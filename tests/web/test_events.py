"""Progress as it happens: server-sent events of a POST and of a job, and the work that goes on when nobody listens."""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select
from werkzeug.test import TestResponse

from models import GenerationJob, db, utc_now
from techscreen.generation import streamed_description
from techscreen.jobs import store
from techscreen.jobs import watch as job_watch
from techscreen.jobs.recovery import KEPT_FOR
from techscreen.jobs.watch import JobWatch
from techscreen.storage.transactions import transaction
from techscreen.web import sse
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.jobs.test_jobs import (
    CREATE,
    ENHANCE,
    GENERATE,
    JOBS,
    LATER,
    OVERLOADED,
    QUICK_HEART,
    WORKFLOW,
    Gate,
    accepted,
    asks,
    change_job,
    counts,
    ended,
    enhancement_of,
    is_enhancement,
    is_question,
    later,
    rows,
    seen,
    started,
    topics_of,
    until,
)
from tests.support.fake_claude import FakeClaude, Reply, data_of, error_reply, good_plan
from tests.support.private_service import Service
from tests.support.tables import table

EVENTS = {"Accept": "text/event-stream"}
Event = tuple[str, Any]


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_watch, "LOOK_INTERVAL", 0.02)
    # See `test_growing_description.py`; here, on a busy machine, one more event would be in the way.
    monkeypatch.setattr(streamed_description, "INTERVAL", 3_600)


def parsed(chunks: Iterator[str]) -> Iterator[Event]:
    """The events of a stream as they come; a comment is an event of its own."""
    text = ""
    for chunk in chunks:
        text += chunk
        *whole, text = text.split("\n\n")
        for block in whole:
            if block.startswith(":"):
                yield "comment", block
                continue
            if block.startswith("retry: "):
                continue
            # Every event is one line each with its id, name and data, and so needs no joining.
            event_id, name, data = block.split("\n")
            assert event_id.startswith("id: ")
            assert name.startswith("event: ")
            assert data.startswith("data: ")
            yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))
    assert text == "", "the last event is not finished"


def listen(client: FlaskClient, path: str, body: dict[str, Any] | None = None, **headers: str) -> TestResponse:
    """A request for a stream; its answer is read as it comes."""
    wanted = {**ADMIN, **EVENTS, **headers}
    answer = client.get(path, headers=ADMIN) if body is None else client.post(path, json=body, headers=wanted)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "text/event-stream"
    return answer


def events_of(answer: TestResponse) -> list[Event]:
    return list(as_they_come(answer))


def as_they_come(answer: TestResponse) -> Iterator[Event]:
    return parsed(chunk.decode() for chunk in answer.iter_encoded())


def names(events: list[Event]) -> list[str]:
    return [name for name, _ in events]


def asked_for_generation(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> dict[str, Any]:
    enhanced = client.post(ENHANCE, json=requisition, headers=ADMIN).get_json()
    fake.forget()
    return {"req_id": requisition["req_id"], "job_description_id": enhanced["job_description_id"]}


# ---------------------------------------------------------------------------------------- what is told, and when


@on_sqlite
@pytest.mark.parametrize("path", [WORKFLOW, CREATE])
def test_a_streamed_workflow_tells_each_step_and_last_the_answer(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str, path: str
) -> None:
    plain = client.post(path, json={**requisition, "req_id": "PLAIN"}, headers=ADMIN).get_json()
    fake.forget()
    requisition = {**requisition, "basic_title": "Other"}

    events = events_of(listen(client, path, requisition))

    assert names(events)[:2] == ["job", "topics"]
    assert sorted(names(events)[2:-1]) == ["enhanced", *["question"] * 5]
    assert names(events)[-1] == "done"
    told = dict(events)
    (job,) = rows(database_url)
    assert told["job"] == {"job_id": job["id"]}
    plan = good_plan(enhancement_of(requisition))
    assert told["topics"]["language"] == plan["language"]
    assert told["topics"]["topics"] == [
        {name: topic[name] for name in ("topic", "skill_level", "question_type")} for topic in plan["interview_topics"]
    ]
    done = told["done"]
    enhancement_cost = told["enhanced"].pop("tokens_used")
    assert told["enhanced"] == {"job_description_id": done["job_description_id"]}
    questions = sorted(
        (data for name, data in events if name == "question"), key=lambda data: int(data["question_number"])
    )
    assert [set(question) for question in questions] == [{"question_number", "topic", "source", "tokens_used"}] * 5
    assert [question["question_number"] for question in questions] == [1, 2, 3, 4, 5]
    assert [question["topic"] for question in questions] == topics_of(done["interview"])
    assert [question["source"] for question in questions] == ["generated"] * 5
    assert all(0 < question["tokens_used"] <= done["total_tokens_used"] for question in questions)
    assert enhancement_cost + max(question["tokens_used"] for question in questions) == done["total_tokens_used"]
    assert seen(client, job["id"])["progress"]["tokens_used"] == done["total_tokens_used"]
    # The answer is that of the plain call, and that of the job, to the letter.
    assert done.keys() == plain.keys()
    assert (
        done["interview"]
        == client.get(f"/api/interview/{done['interview_id']}", headers=READER).get_json()["interview"]
    )
    assert done == json.loads(job["answer_body"]) == seen(client, job["id"])["result"]
    assert len(fake.received) == 6


@on_sqlite
def test_a_streamed_enhancement_tells_its_topics_and_then_what_was_stored(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    events = events_of(listen(client, ENHANCE, requisition))

    assert names(events) == ["job", "topics", "enhanced", "done"]
    told = dict(events)
    done = told["done"]
    assert [topic["topic"] for topic in told["topics"]["topics"]] == topics_of({"questions": done["interview_topics"]})
    assert told["enhanced"] == {name: done[name] for name in ("job_description_id", "tokens_used")}
    assert done["success"] is True


@on_sqlite
@pytest.mark.parametrize("path", [ENHANCE, WORKFLOW])
def test_topics_are_told_while_the_description_is_being_written(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, path: str
) -> None:
    # Topics that come at once, and a description that never comes.
    plan = json.dumps(good_plan(enhancement_of(requisition)))
    cut_off = Reply(break_after=plan.index('"enhanced_description"'), break_with="hang")
    fake.when(is_enhancement, cut_off)
    client = make_app(REQUEST_TIMEOUT=8).test_client()

    events = events_of(listen(client, path, requisition))

    questions = ["question"] * 5 if path == WORKFLOW else []
    assert names(events) == ["job", "topics", *questions, "error"]
    assert events[-1][1]["code"] == "generation_timeout"


@on_sqlite
def test_a_streamed_generation_tells_each_question_as_it_comes(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    body = asked_for_generation(client, requisition, fake)
    gates = {number: Gate() for number in (4, 2, 5, 1, 3)}
    for number, gate in gates.items():
        fake.when(asks(requisition, number), gate.reply())

    events = as_they_come(listen(client, GENERATE, body))

    assert [next(events)[0] for _ in range(2)] == ["job", "topics"]
    order = []
    for number, gate in gates.items():
        gate.open()
        name, question = next(events)
        assert name == "question"
        order.append((number, question))
    assert [question["question_number"] for _, question in order] == list(gates)
    tokens = [question["tokens_used"] for _, question in order]
    assert tokens == sorted(tokens)
    name, done = next(events)
    assert name == "done"
    assert done["tokens_used"] == tokens[-1]
    assert list(events) == []


@on_sqlite
def test_questions_of_the_cache_are_told_as_such(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client.post(WORKFLOW, json=requisition, headers=ADMIN)
    body = asked_for_generation(client, {**requisition, "req_id": "R2"}, fake)

    events = events_of(listen(client, GENERATE, body))

    questions = [data for name, data in events if name == "question"]
    assert [question["question_number"] for question in questions] == [1, 2, 3, 4, 5]
    assert {(question["source"], question["tokens_used"]) for question in questions} == {("cache", 0)}
    assert events[-1][1]["cached_questions"] == 5
    assert fake.received == []


@on_sqlite
def test_text_of_any_kind_stays_one_event(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> None:
    odd = "Zeilen:\r\n\r\ndata: x\n\nevent: done\n\u2028\u2029\x85 😀 ä"

    events = events_of(listen(client, ENHANCE, {**requisition, "basic_description": odd, "req_id": "Ü/ñ 😀"}))

    assert names(events) == ["job", "topics", "enhanced", "done"]
    assert events[-1][1]["basic_jd"]["description"] == odd
    assert events[-1][1]["req_id"] == "Ü/ñ 😀"


@on_sqlite
def test_the_headers_of_a_stream_let_no_proxy_hold_it_back(client: FlaskClient, requisition: dict[str, Any]) -> None:
    posted = listen(client, ENHANCE, requisition)
    job_id = dict(events_of(posted))["job"]["job_id"]
    followed = listen(client, f"{JOBS}/{job_id}/events")
    for answer in (posted, followed):
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert "Content-Length" not in answer.headers
        assert answer.headers["X-Request-ID"]
    events_of(followed)


@on_sqlite
def test_comments_come_while_nothing_happens(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "COMMENT_INTERVAL", 0.05)
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    events = as_they_come(listen(client, ENHANCE, requisition))

    assert next(events)[0] == "job"
    assert [next(events)[0] for _ in range(3)] == ["comment"] * 3
    gate.open()
    rest = [name for name in names(list(events)) if name != "comment"]
    assert rest == ["topics", "enhanced", "done"]


# ----------------------------------------------------------------------------------------------------------- errors


@on_sqlite
@pytest.mark.parametrize(("status", "code"), [(500, "claude_misconfigured"), (503, "claude_unavailable")])
def test_a_failure_is_told_with_the_body_of_the_plain_call(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str, status: int, code: str
) -> None:
    path, body = WORKFLOW, requisition
    if status == 503:
        fake.when(is_enhancement, error_reply(529, "overloaded_error", **OVERLOADED))
    else:
        fake.when(is_question, error_reply(401, "authentication_error"))
    same = {"X-Request-ID": "the-same"}
    plain = client.post(path, json=body, headers={**ADMIN, **same})
    assert plain.status_code == status

    events = events_of(listen(client, path, body, **same))

    assert names(events)[-1] == "error"
    assert "done" not in names(events)
    assert events[-1][1] == plain.get_json()
    assert events[-1][1]["code"] == code
    (job,) = rows(database_url)
    assert (job["status"], job["answer_status"]) == ("failed", status)
    # Nobody tries a streamed request again by himself: its caller has been told.
    assert job["attempts"] == 1


@on_sqlite
@table(
    ("body", "content_type", "headers", "status", "code"),
    [
        ('{"req_id": "R"}', "application/json", ADMIN, 400, "invalid_request"),
        ("{", "application/json", ADMIN, 400, "malformed_json"),
        ("x", "text/plain", ADMIN, 415, "unsupported_media_type"),
        ("{}", "application/json", READER, 403, "forbidden"),
        ("{}", "application/json", {}, 401, "unauthenticated"),
        (None, "application/json", {**ADMIN, "Idempotency-Key": " "}, 400, "invalid_request"),
    ],
)
def test_a_bad_request_is_answered_in_json_with_its_status(
    client: FlaskClient,
    requisition: dict[str, Any],
    database_url: str,
    body: str | None,
    content_type: str,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    body = body or json.dumps({**requisition, "job_description_id": 1})
    for path in (ENHANCE, GENERATE, WORKFLOW, CREATE):
        answer = client.post(path, data=body, content_type=content_type, headers={**headers, **EVENTS})

        assert answer.status_code == status
        assert answer.content_type == "application/json"
        assert answer.get_json()["code"] == code
    assert rows(database_url) == []


ACCEPTED = {
    None: False,
    "": False,
    "*/*": False,
    "application/json": False,
    "application/*": False,
    "text/html": False,
    "nonsense": False,
    "application/json, text/event-stream": False,
    "application/json, text/event-stream;q=0.9": False,
    "text/event-stream;q=0": False,
    "text/event-stream": True,
    "TEXT/Event-Stream": True,
    "text/*": True,
    "text/event-stream, */*": True,
    "text/event-stream, application/json;q=0.9": True,
}


@on_sqlite
def test_only_who_asks_for_events_gets_them(client: FlaskClient, requisition: dict[str, Any]) -> None:
    for accept, streamed in ACCEPTED.items():
        headers = ADMIN if accept is None else {**ADMIN, "Accept": accept}
        answer = client.post(ENHANCE, json=requisition, headers=headers, buffered=True)
        assert answer.status_code == 200
        assert answer.mimetype == ("text/event-stream" if streamed else "application/json"), accept


@on_sqlite
def test_what_is_quick_is_answered_in_json_whatever_is_asked_for(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()
    question = made["interview"]["questions"][0]["cached_question_id"]
    path = f"/api/interview/cache/{question}/retire"

    answer = client.post(path, json={"reason": "r"}, headers={**ADMIN, **EVENTS, **LATER})

    assert answer.status_code == 200
    assert answer.get_json()["question"]["state"] == "retired"


# -------------------------------------------------------------------------------------------------- following a job


def test_a_job_in_the_background_can_be_followed_by_many(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    app = make_app(ASYNC_PROCESSING=True)
    client = app.test_client()
    gate = Gate()
    fake.when(asks(requisition, 5), gate.reply())
    job_id = accepted(later(client, WORKFLOW, requisition, **EVENTS))  # later wins
    path = f"{JOBS}/{job_id}/events"
    early, late = (as_they_come(listen(app.test_client(), path)) for _ in range(2))

    first = [next(early) for _ in range(7)]
    assert sorted(names(first)) == ["enhanced", "job", *["question"] * 4, "topics"]
    assert names(first)[:2] == ["job", "topics"]
    # Who comes later is told all of it from its beginning.
    again = [next(late) for _ in range(7)]
    assert sorted(map(json.dumps, again)) == sorted(map(json.dumps, first))
    gate.open()
    rest = list(early)
    assert [name for name in names(rest) if name != "comment"] == ["question", "done"]
    assert list(late) == rest
    assert rest[-1][1] == seen(client, job_id)["result"]


def test_a_finished_job_tells_all_its_events_at_once(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    streamed = events_of(listen(client, WORKFLOW, requisition))
    fake.received.clear()
    # Whoever had to look twice would wait for an hour.
    monkeypatch.setattr(job_watch, "LOOK_INTERVAL", 3_600)

    followed = events_of(listen(client, f"{JOBS}/{dict(streamed)['job']['job_id']}/events"))

    assert names(followed) == ["job", "topics", "enhanced", *["question"] * 5, "done"]
    assert sorted(map(json.dumps, followed)) == sorted(map(json.dumps, streamed))
    assert fake.received == []


def test_a_job_that_failed_is_told_as_such_to_who_follows_it(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    fake.when(asks(requisition, 3), error_reply(401, "authentication_error"))
    streamed = events_of(listen(client, WORKFLOW, requisition))

    followed = events_of(listen(client, f"{JOBS}/{dict(streamed)['job']['job_id']}/events"))

    assert names(followed) == ["job", "topics", "enhanced", *["question"] * 4, "error"]
    assert followed[-1] == streamed[-1]


def test_a_job_that_is_tried_again_is_followed_to_its_end(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = make_app(**QUICK_HEART).test_client()
    fake.when(asks(requisition, 1), error_reply(529, "overloaded_error", **OVERLOADED), times=1)
    job_id = accepted(later(client, WORKFLOW, requisition))

    events = events_of(listen(client, f"{JOBS}/{job_id}/events"))

    assert names(events)[-1] == "done"
    assert names(events).count("topics") == names(events).count("enhanced") == names(events).count("done") == 1
    assert "error" not in names(events)
    # The second attempt tells its questions anew: what the first one had written now comes from the cache.
    told = {(data["question_number"], data["source"]) for name, data in events if name == "question"}
    assert told >= {(1, "generated"), (2, "cache"), (3, "cache"), (4, "cache"), (5, "cache")}
    assert seen(client, job_id)["attempts"] == 2


def test_a_job_that_is_removed_ends_the_streams_of_those_who_follow_it(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), transaction() as session:
        job = GenerationJob(
            id=uuid.uuid4().hex,
            operation="workflow",
            user_id=ADMIN["X-User-ID"],
            request={},
            background=True,
            status="queued",
            progress={},
            created_at=utc_now() - KEPT_FOR - timedelta(days=1),
        )
        session.add(job)
    events = as_they_come(listen(client, f"{JOBS}/{job.id}/events"))
    assert next(events)[0] == "job"

    with app.app_context(), transaction() as session:
        session.execute(delete(GenerationJob))

    assert list(events) == []


def test_a_job_whose_notes_cannot_be_read_any_more_ends_all_the_same(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    # As after a change of what is noted, while jobs of the older version are waiting.
    client = make_app(ASYNC_PROCESSING=True).test_client()
    fake.next(error_reply(401, "authentication_error"))
    job_id = accepted(later(client, ENHANCE, requisition, **{"Idempotency-Key": "k"}))
    ended(client, job_id)
    change_job(client.application, job_id, progress={"planned": {"interview_topics": [{"topic": "T"}], "language": 5}})

    later(client, ENHANCE, requisition, **{"Idempotency-Key": "k"})

    assert until(lambda: rows(database_url)[0]["answer_status"]) == 500
    assert rows(database_url)[0]["status"] == "failed"


# ---------------------------------------------------------------------------------------- many who follow, and again


def queued_job(app: Flask, **values: Any) -> str:
    """A job that nobody works on."""
    known = {"operation": "workflow", "user_id": "u", "background": True, "status": "queued", "created_at": utc_now()}
    job = GenerationJob(id=uuid.uuid4().hex, request={}, **{"progress": {}, **known, **values})
    with app.app_context(), transaction() as session:
        session.add(job)
    return job.id


def follow(app: Flask, job_id: str, user: str = "anna.admin", **headers: str) -> TestResponse:
    caller = {**ADMIN, "X-User-ID": user, **headers}
    return app.test_client().get(f"{JOBS}/{job_id}/events", headers=caller)


def raw_events(answer: TestResponse) -> list[dict[str, str]]:
    """The fields of each event of a stream that has ended."""
    blocks = [block for block in answer.get_data(as_text=True).split("\n\n") if "data: " in block]
    answer.close()
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


@on_sqlite
def test_all_jobs_that_are_followed_are_looked_at_in_one_statement_and_none_when_nobody_follows(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [queued_job(app) for _ in range(3)]
    look = store.states
    looks: list[set[str]] = []

    def noted(job_ids: Any) -> Any:
        looks.append(set(job_ids))
        return look(job_ids)

    monkeypatch.setattr(store, "states", noted)
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    answers = [follow(app, job_id, f"user {n}") for n in range(9) for job_id in jobs]
    streams = [as_they_come(answer) for answer in answers]
    for stream in streams:
        assert next(stream)[0] == "job"
    waiting = [started(lambda stream=stream: next(stream))[0] for stream in streams]
    until(lambda: looks and looks[-1] == set(jobs))
    looks.clear()
    statements.clear()

    until(lambda: len(looks) > 5)
    assert len([one for one in statements if "WHERE generation_jobs.id IN" in one]) <= len(looks) + 1
    assert {frozenset(look) for look in looks} == {frozenset(jobs)}
    for job_id in jobs:
        change_job(app, job_id, status="failed", answer_status=500, answer_body="{}")
    for thread in waiting:
        thread.join(20)
    for answer in answers:
        answer.close()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "job-watch"])


@on_sqlite
def test_a_thread_that_could_not_be_started_costs_one_stream_and_not_all(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = JobWatch(app.app_context)
    job_id = queued_job(app)

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError), watch.following(job_id):
            pass
    with watch.following(job_id) as job:
        until(lambda: job.is_known)
        assert job.followers == 1


@on_sqlite
def test_streams_have_a_limit_for_a_user_for_a_job_and_for_the_process_and_none_of_them_is_generations_business(
    make_app: MakeApp, requisition: dict[str, Any]
) -> None:
    app = make_app(MAX_EVENT_STREAMS=12, MAX_EVENT_STREAMS_PER_USER=3)
    jobs = [queued_job(app) for _ in range(4)]
    taken = [follow(app, jobs[0], f"user {n}") for n in range(10)]
    taken += [follow(app, jobs[1], "greedy") for _ in range(2)]

    refused = {
        "of the job": (follow(app, jobs[0], "another"), 429, "too_many_streams"),
        "of the process": (follow(app, jobs[2], "another"), 503, "overloaded"),
    }
    taken.pop(0).close()
    taken.append(follow(app, jobs[2], "greedy"))
    refused["of the user"] = (follow(app, jobs[3], "greedy"), 429, "too_many_streams")

    assert {answer.status_code for answer in taken} == {200}
    for whose, (answer, status, code) in refused.items():
        assert (answer.status_code, answer.get_json()["code"]) == (status, code), whose
        assert answer.headers["Retry-After"] == "10"
    assert app.test_client().post(ENHANCE, json=requisition, headers=ADMIN).status_code == 200
    for answer in taken:
        answer.close()
    assert [follow(app, jobs[0], "greedy").status_code for _ in range(3)] == [200] * 3


def test_a_stream_is_gone_on_with_where_it_was_lost_and_is_over_once_its_end_was_seen(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    events_of(listen(client, WORKFLOW, requisition))
    with app.app_context(), transaction() as session:
        job_id = session.scalars(select(GenerationJob.id)).one()
    whole = raw_events(follow(app, job_id))
    assert len(whole) == 9
    assert len({one["id"] for one in whole}) == 9

    for place, last in enumerate(whole[:-1]):
        rest = raw_events(follow(app, job_id, **{"Last-Event-ID": last["id"]}))
        assert rest == whole[place + 1 :], last["event"]
    over = follow(app, job_id, **{"Last-Event-ID": whole[-1]["id"]})
    assert (over.status_code, over.get_data()) == (204, b"")
    # Whatever else is sent tells nothing of what was seen, and is not sent back.
    for nonsense in ("7", "x" * 5_000, ".".join(["0badf00d"] * 800)):
        assert [one["data"] for one in raw_events(follow(app, job_id, **{"Last-Event-ID": nonsense}))] == [
            one["data"] for one in whole
        ]
    # The same job may end once more.
    change_job(app, job_id, status="failed", answer_status=500, answer_body='{"other": 1}')
    again = follow(app, job_id, **{"Last-Event-ID": whole[-1]["id"]})
    assert [one["event"] for one in raw_events(again)] == ["error"]
    assert follow(app, job_id, "anna.admin", **{"X-User-Role": "interviewer"}).status_code == 200
    assert follow(app, job_id, "bert", **{"X-User-Role": "interviewer", "Last-Event-ID": "1"}).status_code == 404


# --------------------------------------------------------------------------------------------------- keys of streams


def test_a_key_that_was_streamed_is_streamed_again_or_answered_plainly(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    key = {"Idempotency-Key": "k"}
    first = listen(client, WORKFLOW, requisition, **key)
    told = events_of(first)

    again = listen(client, WORKFLOW, requisition, **key)
    plain = client.post(WORKFLOW, json=requisition, headers={**ADMIN, **key})

    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == plain.headers["Idempotency-Replayed"] == "true"
    assert sorted(map(json.dumps, events_of(again))) == sorted(map(json.dumps, told))
    assert plain.get_json() == told[-1][1]
    assert len(fake.received) == 6
    assert len(rows(database_url)) == 1
    other = client.post(WORKFLOW, json={**requisition, "basic_level": "x"}, headers={**ADMIN, **EVENTS, **key})
    assert other.status_code == 422
    assert other.content_type == "application/json"


def test_a_key_that_was_answered_plainly_can_be_streamed(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    key = {"Idempotency-Key": "k"}
    plain = client.post(WORKFLOW, json=requisition, headers={**ADMIN, **key})

    again = listen(client, WORKFLOW, requisition, **key)

    assert again.headers["Idempotency-Replayed"] == "true"
    events = events_of(again)
    assert names(events) == ["job", "topics", "enhanced", *["question"] * 5, "done"]
    assert events[-1][1] == plain.get_json()


def test_while_a_stream_is_at_work_its_key_is_told_to_wait(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    key = {"Idempotency-Key": "k"}
    events = as_they_come(listen(client, WORKFLOW, requisition, **key))
    job_id = next(events)[1]["job_id"]

    for more in ({}, EVENTS):
        waiting = client.post(WORKFLOW, json=requisition, headers={**ADMIN, **key, **more})
        assert waiting.status_code == 409
        assert waiting.content_type == "application/json"
        assert int(waiting.headers["Retry-After"]) > 0
    # Whoever has lost the connection listens to the job itself.
    again = as_they_come(listen(client, f"{JOBS}/{job_id}/events"))
    gate.open()
    assert list(events)[-1] == list(again)[-1]


def test_a_stream_that_failed_may_be_tried_again_and_tells_only_the_new_attempt(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    fake.when(asks(requisition, 3), error_reply(401, "authentication_error"), times=1)
    key = {"Idempotency-Key": "k"}
    first = events_of(listen(client, WORKFLOW, requisition, **key))
    assert names(first)[-1] == "error"
    fake.received.clear()

    again = listen(client, WORKFLOW, requisition, **key)

    assert "Idempotency-Replayed" not in again.headers
    events = events_of(again)
    assert names(events)[-1] == "done"
    assert events[0] == first[0]
    assert [data_of(body)["topic"] for body in fake.received] == [topics_of(events[-1][1]["interview"])[2]]


# --------------------------------------------------------------------------------------------- when nobody listens


def test_a_client_that_goes_away_neither_stops_nor_loses_the_work(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    gate = Gate()
    fake.when(is_question, gate.reply())
    answer = listen(client, WORKFLOW, requisition)
    events = as_they_come(answer)
    job_id = next(events)[1]["job_id"]
    until(lambda: fake.received, "Claude at work")

    closing, _ = started(answer.close)
    closing.join(20)
    gate.open()

    job = ended(client, job_id)
    assert job["status"] == "succeeded"
    assert counts(database_url)["interviews"] == 1
    assert events_of(listen(client, f"{JOBS}/{job_id}/events"))[-1] == ("done", job["result"])
    assert len(fake.received) == 6


@pytest.fixture
def service(tmp_path: Path, database_url: str, fake: FakeClaude) -> Iterator[Service]:
    started_service = Service(tmp_path, database_url, fake.url, WEB_CONCURRENCY="2")
    yield started_service
    if started_service.process.poll() is None:
        started_service.kill()


def test_over_a_real_connection_events_come_one_by_one_and_a_lost_one_loses_nothing_even_while_the_service_stops(
    service: Service, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    # The first connection is closed by its client in the middle, the second one goes on to its end.
    gates: dict[str, Gate] = {}
    connections: dict[str, http.client.HTTPConnection] = {}
    streams: dict[str, Iterator[Event]] = {}
    for name in ("lost", "kept"):
        gates[name] = Gate()
        body = {**requisition, "req_id": name, "basic_title": f"Engineer {name}"}
        fake.when(asks(body, 4, 5), gates[name].reply())
        connection = connections[name] = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        headers = {**ADMIN, **EVENTS, "Content-Type": "application/json"}
        connection.request("POST", WORKFLOW, json.dumps(body), headers)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        assert answer.getheader("Transfer-Encoding") == "chunked"
        told = parsed(iter(lambda answer=answer: answer.read1().decode(), ""))
        streams[name] = (event for event in told if event[0] != "comment")
        first = [next(streams[name]) for _ in range(6)]
        assert sorted(names(first)) == ["enhanced", "job", *["question"] * 3, "topics"]

    connections["lost"].close()
    gates["kept"].open()
    rest = list(streams["kept"])
    connections["kept"].close()
    assert names(rest) == ["question", "question", "done"]
    service.ask_to_stop()
    gates["lost"].open()

    assert service.process.wait(30) == 0, service.log.read_text()
    assert {(job["req_id"], job["status"]) for job in rows(database_url)} == {
        ("lost", "succeeded"),
        ("kept", "succeeded"),
    }
    assert counts(database_url)["interviews"] == 2
    assert len(fake.received) == 12
    # Nothing went wrong with it, either.
    assert "Traceback" not in service.log.read_text()
