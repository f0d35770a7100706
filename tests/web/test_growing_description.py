"""The description as it is being written, for those who follow its job, and what of it is left when the job is over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models import db, utc_now
from techscreen.generation import streamed_description
from techscreen.jobs import recovery, store
from techscreen.jobs import watch as job_watch
from techscreen.storage.liveness import this_process_id
from techscreen.web import sse
from tests.conftest import ADMIN, MakeApp, on_sqlite
from tests.jobs.test_jobs import (
    ENHANCE,
    WORKFLOW,
    accepted,
    ended,
    later,
    of_a_dead_process,
    rows,
    seen,
    started,
)
from tests.support.fake_claude import FakeClaude, Reply
from tests.support.workflows import BAD_DESCRIPTIONS, Gate, an_enhancement, enhancement_of, until
from tests.web.test_events import Event, as_they_come, events_of, follow, listen, names, raw_events

# What an attempt has noted that was killed while it wrote.
LEFT = {"planned": None, "questions": [], "description": {"title": "T", "text": "Some"}}


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_watch, "LOOK_INTERVAL", 0.02)
    monkeypatch.setattr(streamed_description, "INTERVAL", 0.05)
    monkeypatch.setattr(streamed_description, "PAUSE_AFTER_SLOW_ONE", 0)


def plan_of(requisition: dict[str, Any]) -> dict[str, Any]:
    """The fake's good answer to a request for the enhancement."""
    return enhancement_of(requisition)


def place_in(plan: dict[str, Any], characters: int) -> int:
    """The place in an answer at which so many characters of its description are written."""
    text = json.dumps(plan, ensure_ascii=False)
    begin = text.index('"enhanced_description": "') + len('"enhanced_description": "')
    return begin + characters


def description_of_about(characters: int, events: Iterator[Event]) -> tuple[dict[str, str], list[Event]]:
    """The first description in a stream with nearly so many characters, and the events before it."""
    before: list[Event] = []
    for name, data in events:
        if name == "description" and characters - 40 < len(data["text"]) <= characters:
            return data, before
        before.append((name, data))
    raise AssertionError(f"no description of {characters} characters among {names(before)}")


def job_id_of(before: list[Event]) -> str:
    job_id: str = dict(before)["job"]["job_id"]
    return job_id


@pytest.mark.parametrize("path", [ENHANCE, WORKFLOW])
def test_it_grows_until_it_is_stored(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, path: str
) -> None:
    gates = [Gate() for _ in range(3)]
    places = [place_in(plan_of(requisition), characters) for characters in (200, 400, 600)]
    fake.when(an_enhancement, Reply(holds=[(place, gate.wait) for place, gate in zip(places, gates, strict=True)]))
    events = []
    for one in as_they_come(listen(client, path, requisition)):
        events.append(one)
        if one[0] == "description" and gates:
            gates.pop(0).open()

    told = [data for name, data in events if name == "description"]
    assert len(told) >= 3
    done = events[-1][1]
    assert {one["title"] for one in told} == {done["enhanced_jd"]["title"]}
    texts = [one["text"] for one in told]
    assert all(longer.startswith(text) for text, longer in pairwise(texts))
    assert len(set(texts)) == len(texts)
    assert done["enhanced_jd"]["description"].startswith(texts[-1])
    order = names(events)
    assert order.index("topics") < order.index("description")
    assert "description" not in order[order.index("enhanced") :]
    job = seen(client, job_id_of(events))
    assert job["progress"]["description"] is None
    assert job["progress"]["tokens_used"] == done["total_tokens_used" if path == WORKFLOW else "tokens_used"] > 0


def test_who_comes_while_it_is_written_sees_the_newest_and_who_comes_back_loses_nothing(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    app = make_app()
    client = app.test_client()
    plan, gate = plan_of(requisition), Gate()
    fake.when(an_enhancement, gate.reply_held(place_in(plan, 500)), times=1)
    stream = as_they_come(listen(client, WORKFLOW, requisition))
    told, before = description_of_about(500, stream)
    job_id = job_id_of(before)
    until(lambda: len(seen(client, job_id)["progress"]["questions"]) == 5, "all questions")

    assert told["title"] == plan["enhanced_title"]
    assert plan["enhanced_description"].startswith(told["text"])
    with app.app_context():
        pool = db.engine.pool
    until(lambda: pool.checkedout() == 0, "no connection held")  # type: ignore[attr-defined]
    job = seen(client, job_id)
    assert job["progress"]["description"] == told
    assert job["progress"]["job_description_id"] is None
    assert 0 < job["progress"]["tokens_used"] == max(one["tokens_used"] for one in job["progress"]["questions"])
    follower = follow(app, job_id)
    came_late = as_they_come(follower)
    late = [next(came_late) for _ in range(8)]
    assert names(late) == ["job", "topics", "description", *["question"] * 5]
    assert late[2][1] == told

    gate.open()
    rest = [one for one in came_late if one[0] != "description"]
    assert names(rest) == ["enhanced", "done"]
    assert [one for one in stream if one[0] not in ("description", "question")] == rest
    assert "description" not in json.loads(rows(database_url)[0]["progress"])
    assert seen(client, job_id)["progress"]["description"] is None
    assert names(events_of(follow(app, job_id))) == ["job", "topics", "enhanced", *["question"] * 5, "done"]


@on_sqlite
def test_however_many_descriptions_there_are_who_comes_back_gets_what_is_new_alone(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = [("topics", "[]"), *(("question", str(number)) for number in range(5)), ("done", "{}")]
    told = [marked[0], *(("description", f'"{number}"') for number in range(3 * sse.MAX_MARKS)), *marked[1:]]
    newest = ("description", f'"{3 * sse.MAX_MARKS - 1}"')
    monkeypatch.setattr(sse, "_named_events", lambda *_: [one for one in told for _ in range(2)])

    def sent(seen_before: str | None) -> list[dict[str, str]]:
        with app.test_request_context():
            return raw_events(sse.event_stream(None, "j", sse.marks_of(seen_before)))  # type: ignore[arg-type]

    whole = sent(None)
    assert [(one["event"], one["data"]) for one in whole] == [("job", '{"job_id":"j"}'), *told]
    monkeypatch.setattr(sse, "_named_events", lambda *_: [marked[0], newest, *marked[1:]])
    for last, new in ((1, [newest, *marked[1:]]), (100, [newest, *marked[1:]]), (-2, [newest, marked[-1]])):
        assert [(one["event"], one["data"]) for one in sent(whole[last]["id"])] == new


def test_a_repaired_answer_begins_again(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, database_url: str
) -> None:
    plan, first, second = plan_of(requisition), Gate(), Gate()
    faulty = BAD_DESCRIPTIONS["a blank title"]
    fake.when(an_enhancement, first.reply_held(place_in(faulty(plan), 900), change=faulty), times=1)
    fake.when(an_enhancement, second.reply_held(place_in(plan, 300)), times=1)
    events = as_they_come(listen(client, ENHANCE, requisition))
    longer, before = description_of_about(900, events)
    first.open()

    shorter, _ = description_of_about(300, events)

    assert (longer["title"], shorter["title"]) == ("", plan["enhanced_title"])
    assert longer["text"].startswith(shorter["text"])
    assert seen(client, job_id_of(before))["progress"]["description"] == shorter
    second.open()
    assert names(list(events))[-2:] == ["enhanced", "done"]


@on_sqlite
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}], ids=["plain", "with a key"])
def test_where_nobody_follows_nothing_is_written(
    app: Flask, requisition: dict[str, Any], fake: FakeClaude, database_url: str, key: dict[str, str]
) -> None:
    gate = Gate()
    fake.when(an_enhancement, gate.reply_held(place_in(plan_of(requisition), 500)))
    thread, results = started(lambda: app.test_client().post(WORKFLOW, json=requisition, headers={**ADMIN, **key}))
    until(lambda: len(rows(database_url, "question_cache")) == 5, "all questions")
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    time.sleep(0.3)

    assert [one for one in statements if "generation_jobs" in one] == []
    gate.open()
    thread.join(20)
    assert results[0].status_code == 200
    assert len(rows(database_url)) == len(key)


@pytest.mark.parametrize("again", [False, True], ids=["over", "tried again"])
def test_nothing_of_it_is_left_when_the_attempt_has_failed(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, database_url: str, again: bool
) -> None:
    client = make_app(ASYNC_PROCESSING=True).test_client()
    plan, gate = plan_of(requisition), Gate()
    place = place_in(plan, 500)
    error = "overloaded_error" if again else "authentication_error"
    broken = gate.reply_held(place, break_after=place + 50, break_with=error)
    fake.when(an_enhancement, broken, times=1)
    fake.when(an_enhancement, Reply(status=529, headers={"retry-after": "100", "x-should-retry": "false"}))
    job_id = accepted(later(client, ENHANCE, requisition))
    until(lambda: len((seen(client, job_id)["progress"]["description"] or {"text": ""})["text"]) > 400)

    gate.open()

    status = "queued" if again else "failed"
    until(lambda: seen(client, job_id)["status"] == status, status)
    (row,) = rows(database_url)
    assert "description" not in json.loads(row["progress"])
    assert json.loads(row["progress"])["planned"]
    assert seen(client, job_id)["progress"]["description"] is None


@pytest.mark.parametrize("background", [True, False], ids=["to be tried again", "given up"])
def test_nothing_of_it_is_left_when_its_process_was_killed(
    app: Flask, requisition: dict[str, Any], background: bool
) -> None:
    job_id = of_a_dead_process(app, requisition, background=background, progress=LEFT)
    with app.app_context():
        assert (
            recovery.take_up_orphaned(
                utc_now() - timedelta(minutes=1), lambda: '{"code": "interrupted", "error": "It stopped."}'
            )
            == 1
        )

        job = store.find(job_id)
        assert job is not None
        assert job.status == ("queued" if background else "failed")
        assert job.progress == {"planned": None, "questions": []}


def test_nothing_of_it_is_left_when_its_key_is_tried_again_after_a_kill(
    app: Flask, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "dead_neighbours", lambda _, processes: processes)
    key = {"idempotency_key": "k", "fingerprint": "f"}
    job_id = of_a_dead_process(app, requisition, background=False, progress=LEFT, **key)
    new = store.NewJob("workflow", ADMIN["X-User-ID"], requisition["req_id"], requisition, "r", False, **key)
    with app.app_context():
        accepted_again = store.accept(new, timedelta(minutes=1), lambda _: None)

        assert accepted_again.attempt is not None
        assert accepted_again.attempt.progress == {"planned": None, "questions": []}
        job = store.find(job_id)
        assert job is not None
        assert (job.attempts, job.process_id) == (2, this_process_id())
        assert job.progress == {"planned": None, "questions": []}


@on_sqlite
def test_a_quick_answer_costs_no_write_more(
    app: Flask, client: FlaskClient, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed_description, "INTERVAL", 1.0)
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    began = time.monotonic()
    job_id = job_id_of(events_of(listen(client, ENHANCE, requisition)))

    writes = [one for one in statements if one.startswith("UPDATE generation_jobs")]
    # Its topics, its enhancement and its end.
    assert len(writes) <= 3 + (time.monotonic() - began)
    assert ended(client, job_id)["status"] == "succeeded"
