"""Webhooks: written with what they tell of, signed, delivered at least once, and no burden to anything else."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from config import PROJECT_FOLDER
from models import GenerationJob, db, utc_now
from techscreen.errors import DatabaseUnavailable
from techscreen.jobs import recovery, store
from techscreen.jobs.store import NewJob
from techscreen.operations import webhook_delivery
from techscreen.operations.webhook_delivery import ATTEMPTS, pause_after
from techscreen.storage import deferred_writes, outbox
from techscreen.storage.deferred_writes import make_deferred_writes
from techscreen.storage.liveness import this_process_id
from techscreen.storage.transactions import run_in_transaction, transaction
from techscreen.web.container import Runtime, current_runtime
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.support.fake_claude import FakeClaude, error_reply
from tests.support.private_service import Service
from tests.support.webhook_receiver import SECRET, Receiver, serving, settings_for
from tests.support.workflows import until

WORKFLOW = "/api/interview/workflow/full"
JOBS = "/api/interview/jobs"
LATER = {**ADMIN, "Prefer": "respond-async"}
SILENCE = timedelta(minutes=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as one:
        yield one


@pytest.fixture
def told(make_app: MakeApp, receiver: Receiver) -> Flask:
    """An app whose events are delivered when the test says so."""
    app = make_app(ASYNC_PROCESSING=True, **settings_for(receiver.url))
    runtime(app).deliveries.close(wait=False)
    return app


def runtime(app: Flask) -> Runtime:
    with app.app_context():
        return current_runtime()


def event_rows(app: Flask) -> list[GenerationJob]:
    rows = select(GenerationJob).where(GenerationJob.operation == outbox.OPERATION)
    with app.app_context(), transaction() as session:
        found = list(
            session.scalars(rows.order_by(GenerationJob.created_at), execution_options={"populate_existing": True})
        )
        session.expunge_all()
    return found


def put(app: Flask) -> str:
    """An event, as an edit would put it; its id."""
    data = {"interview_id": 1}

    def write(session: Any) -> None:
        runtime(app).outbox.put(session, "interview.published", data, user_id="anna.admin", req_id="REQ-1")

    with app.app_context():
        run_in_transaction(write)
    return event_rows(app)[-1].id


def change(app: Flask, event_id: str, **values: Any) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(GenerationJob).where(GenerationJob.id == event_id).values(**values))


def run(app: Flask, event_id: str) -> GenerationJob:
    """What has become of an event after one more try."""
    with app.app_context():
        current_runtime().runner.run_queued(event_id)
    return next(row for row in event_rows(app) if row.id == event_id)


def verifier() -> Callable[[str, dict[str, str], bytes], bool]:
    """The very block that the documentation shows."""
    text = (PROJECT_FOLDER / "docs" / "webhooks.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    found: Callable[[str, dict[str, str], bytes], bool] = names["is_genuine"]
    return found


# --------------------------------------------------------------------------------------------------------- events


def test_a_new_interview_is_told_at_once_and_signed_as_documented(
    make_app: MakeApp, receiver: Receiver, requisition: dict[str, Any]
) -> None:
    app = make_app(**settings_for(receiver.url))
    headers = {**ADMIN, "Idempotency-Key": "k"}
    answer = app.test_client().post(WORKFLOW, json=requisition, headers=headers).get_json()
    until(lambda: receiver.calls, "the event")
    until(lambda: event_rows(app)[0].status == "succeeded", "its end")

    ((sent, body),) = receiver.calls
    (event,) = receiver.events
    assert (event.event, event.id) == ("interview.generated", sent["X-TechScreen-Delivery"])
    assert sent["X-TechScreen-Event"] == event.event
    assert sent["Content-Type"] == "application/json"
    job_id = event.data.pop("job_id")
    assert event.data == {
        "interview_id": answer["interview_id"],
        "req_id": requisition["req_id"],
        "version": 1,
        "interview_name": requisition["interview_name"],
        "user_id": ADMIN["X-User-ID"],
    }
    job = app.test_client().get(f"{JOBS}/{job_id}", headers=ADMIN).get_json()
    assert job["result"]["interview_id"] == answer["interview_id"]
    is_genuine = verifier()
    assert is_genuine(SECRET, sent, body)
    assert not is_genuine(SECRET, sent, body + b" ")
    assert not is_genuine("another-secret-of-somebody", sent, body)
    late = {**sent, "X-TechScreen-Timestamp": str(int(sent["X-TechScreen-Timestamp"]) - 1)}
    assert not is_genuine(SECRET, late, body)
    assert event_rows(app)[0].request == {}  # nothing of it is kept


@on_sqlite
def test_nothing_is_written_without_an_address_and_nothing_sent_of_what_is_rolled_back(
    make_app: MakeApp, receiver: Receiver, requisition: dict[str, Any]
) -> None:
    silent = make_app()
    silent.test_client().post(WORKFLOW, json=requisition, headers=ADMIN)
    put_nothing = runtime(silent).outbox
    with silent.app_context():
        run_in_transaction(lambda session: put_nothing.put(session, "interview.archived", {}, user_id="anna"))
    assert event_rows(silent) == []

    app = make_app(**settings_for(receiver.url))

    def broken(session: Any) -> None:
        runtime(app).outbox.put(session, "interview.archived", {"interview_id": 1}, user_id="anna")
        session.flush()
        raise ZeroDivisionError

    with app.app_context(), pytest.raises(ZeroDivisionError):
        run_in_transaction(broken)
    kept = put(app)
    until(lambda: receiver.calls, "the event that was committed")
    time.sleep(0.1)
    assert [event.id for event in receiver.events] == [kept]
    assert [row.id for row in event_rows(app)] == [kept]


def test_a_background_job_that_fails_for_good_is_told_and_a_waiting_callers_failure_is_not(
    told: Flask, receiver: Receiver, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client = told.test_client()
    fake.when(lambda _: True, error_reply(401, "authentication_error"))
    assert client.post(WORKFLOW, json=requisition, headers={**ADMIN, "Idempotency-Key": "k"}).status_code == 500
    assert event_rows(told) == []
    job_id = client.post(WORKFLOW, json=requisition, headers=LATER).get_json()["job_id"]
    (row,) = until(lambda: event_rows(told), "the event")
    run(told, row.id)

    (event,) = receiver.events
    job = client.get(f"{JOBS}/{job_id}", headers=ADMIN).get_json()
    assert (event.event, job["status"]) == ("job.failed", "failed")
    assert event.data == {
        "job_id": job_id,
        "operation": "workflow",
        "req_id": requisition["req_id"],
        "user_id": ADMIN["X-User-ID"],
        "code": "claude_misconfigured",
        "error": job["error"]["error"],
    }


@on_sqlite
def test_each_change_of_state_is_told_once_with_who_made_it(told: Flask, requisition: dict[str, Any]) -> None:
    client = told.test_client()
    boris = {**ADMIN, "X-User-ID": "boris", "If-Match": "*"}
    interview_id = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()["interview_id"]

    def do(what: str, of: int = interview_id) -> Any:
        answer = client.post(f"/api/interview/{of}/{what}", json={}, headers=boris)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["interview"]

    do("publish")
    second = do("revise")["id"]
    do("publish", second)  # in the place of the first
    do("archive", second)
    do("restore", second)
    expected = [
        ("interview.generated", interview_id, 1, "anna.admin"),
        ("interview.published", interview_id, 1, "boris"),
        ("interview.archived", interview_id, 1, "boris"),
        ("interview.published", second, 2, "boris"),
        ("interview.archived", second, 2, "boris"),
        ("interview.published", second, 2, "boris"),
    ]
    told_of = [(row.request["event"], row.request["data"]) for row in event_rows(told)]
    names = ("interview_id", "version", "user_id")
    assert [(event, *(data[name] for name in names)) for event, data in told_of] == expected
    # What is refused, or changes nothing, is not told.
    assert client.post(f"/api/interview/{second}/publish", json={}, headers=boris).status_code == 409
    assert len(event_rows(told)) == len(expected)


def test_a_job_given_up_with_its_process_is_told_but_no_event_about_an_event(told: Flask) -> None:
    event_id = put(told)
    dead = {"status": "running", "process_id": "dead", "started_at": utc_now(), "attempts": ATTEMPTS}
    change(told, event_id, **dead)
    with told.app_context(), transaction() as session:
        more = {"req_id": "REQ-2", "request": {}, "progress": {}, "refusals": 0, **dead}
        session.add(GenerationJob(id="lost", operation="workflow", user_id="b", background=True, **more))
        session.add(GenerationJob(id="waited", operation="workflow", user_id="b", background=False, **more))
    body = '{"code": "interrupted", "error": "It stopped."}'
    with told.app_context():
        events, attempts_of = current_runtime().outbox, {outbox.OPERATION: ATTEMPTS}
        assert recovery.take_up_orphaned(utc_now(), lambda: body, attempts_of=attempts_of, events=events) == 3

    first, second = event_rows(told)
    assert (first.status, first.request["event"]) == ("failed", "interview.published")  # kept, to be sent again
    assert second.request["data"]["job_id"] == "lost"
    assert second.request["event"] == "job.failed"


# ------------------------------------------------------------------------------------------------------- delivery


def test_an_event_is_tried_again_with_growing_pauses_and_the_same_id_and_holds_no_connection(
    told: Flask, receiver: Receiver
) -> None:
    in_use = []

    def look() -> None:
        with told.app_context():
            in_use.append(db.engine.pool.checkedout() if hasattr(db.engine.pool, "checkedout") else 0)

    receiver.on_call = look
    receiver.answers = [500, 404, 410]
    event_id = put(told)
    for number in (1, 2, 3):
        before = utc_now()
        row = run(told, event_id)
        assert (row.status, row.attempts) == ("queued", number)
        assert row.due_at is not None
        pause = (row.due_at - before).total_seconds()
        assert pause_after(number) <= pause <= 1.5 * pause_after(number) + 5
    assert run(told, event_id).status == "succeeded"

    assert {event.id for event in receiver.events} == {event_id}
    assert {sent["X-TechScreen-Delivery"] for sent, _ in receiver.calls} == {event_id}
    assert len({body for _, body in receiver.calls}) == 1
    assert all(verifier()(SECRET, sent, body) for sent, body in receiver.calls)
    assert in_use == [0] * 4


def test_tries_go_on_for_about_a_day() -> None:
    pauses = [pause_after(number) for number in range(1, ATTEMPTS)]
    assert pauses[:3] == [10, 20, 40]
    assert max(pauses) == 3_600
    assert 18 * 3_600 < sum(pauses) < sum(pauses) * 1.5 < 36 * 3_600


@pytest.mark.parametrize("trouble", ["answered 500", "not woken up"])
def test_the_service_itself_sees_to_it_within_seconds(
    make_app: MakeApp, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(webhook_delivery, "FIRST_PAUSE", 0.05)
    assert outbox.ANNOUNCED_AFTER <= 5
    monkeypatch.setattr(outbox, "ANNOUNCED_AFTER", 0.1)
    app = make_app(HEARTBEAT_SECONDS=0.05, **settings_for(receiver.url))
    if trouble == "answered 500":
        receiver.answers = [500, 500]
    else:
        monkeypatch.setattr(runtime(app).outbox, "_wake", lambda _: 1 / 0)
    app.test_client().get(JOBS, headers=ADMIN)  # the heart begins to beat
    event_id = put(app)
    until(lambda: event_rows(app)[0].status == "succeeded", "the delivery")
    assert {event.id for event in receiver.events} == {event_id}
    assert len(receiver.calls) == (3 if trouble == "answered 500" else 1)


def test_an_event_whose_process_was_killed_is_sent_again_under_its_id(told: Flask, receiver: Receiver) -> None:
    event_id = put(told)
    receiver.on_call = lambda: change(told, event_id, process_id="dead")  # it never learns of the answer
    assert run(told, event_id).status == "running"
    receiver.on_call = lambda: None
    with told.app_context():
        names = {outbox.OPERATION: ATTEMPTS}
        change(told, event_id, attempts=10)
        assert (
            recovery.take_up_orphaned(
                utc_now(), lambda: '{"code": "interrupted", "error": "It stopped."}', attempts_of=names
            )
            == 1
        )
        assert recovery.due_again(SILENCE) == []
        assert recovery.due_again(SILENCE, events=True) == [event_id]
        assert recovery.due_again(SILENCE, events=True) == []
    assert run(told, event_id).status == "succeeded"
    assert [event.id for event in receiver.events] == [event_id] * 2


def test_a_failure_stored_only_after_an_outage_is_told_then_and_once(
    told: Flask, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise DatabaseUnavailable("The database does not answer.")

    with told.app_context():
        runtime_ = current_runtime()
        runtime_.queue.close(wait=False)
        new = NewJob("workflow", "anna", "REQ-1", requisition, None, background=True)
        job_id = store.accept(new, SILENCE, lambda _: None).job_id
        attempt = store.claim(job_id)
        assert attempt is not None
        event = runtime_.outbox.failure_of(job_id, "workflow", "anna", "REQ-1", '{"code": "x", "error": "y"}')
        monkeypatch.setattr(deferred_writes, "run_in_transaction", away)
        store.finish(attempt, 500, "{}", event)
        monkeypatch.undo()
        assert event_rows(told) == []
        assert make_deferred_writes() == 1
        store.attempt_ended(  # as after a kill between its commit and the removal of its file
            db.session(),
            {
                "job_id": job_id,
                "number": 1,
                "process_id": this_process_id(),
                "ended": {"status": "failed"},
                "event": event,
            },
        )
        db.session.commit()
    (row,) = event_rows(told)
    assert (row.request["event"], row.request["data"]["job_id"]) == ("job.failed", job_id)


def test_an_event_of_a_service_that_is_killed_meanwhile_arrives_from_another(
    tmp_path: Path, database_url: str, receiver: Receiver, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    more = {name: str(value) for name, value in settings_for(receiver.url).items()}
    gate = threading.Event()
    receiver.on_call = lambda: gate.wait(30)
    with contextlib.ExitStack() as ending:
        first = Service(tmp_path, database_url, fake.url, WEB_CONCURRENCY="1", HEARTBEAT_SECONDS="0.1", **more)
        ending.callback(first.kill)
        assert first.call(WORKFLOW, requisition)[0] == 200
        until(lambda: receiver.calls, "the first try")
        first.kill()
        receiver.on_call = lambda: None
        gate.set()
        second = Service(tmp_path, database_url, fake.url, WEB_CONCURRENCY="1", HEARTBEAT_SECONDS="0.1", **more)
        ending.callback(second.kill)
        until(lambda: len(receiver.calls) > 1, "the second try")
        assert len({event.id for event in receiver.events}) == 1


@on_sqlite
def test_a_receiver_that_hangs_keeps_no_generation_waiting_and_is_asked_by_two_threads_alone(
    make_app: MakeApp, receiver: Receiver, requisition: dict[str, Any]
) -> None:
    app = make_app(ASYNC_PROCESSING=True, **settings_for(receiver.url))
    gate = threading.Event()
    receiver.on_call = lambda: gate.wait(20)
    for _ in range(20):
        put(app)
    client = app.test_client()
    job_id = client.post(WORKFLOW, json=requisition, headers=LATER).get_json()["job_id"]
    until(lambda: client.get(f"{JOBS}/{job_id}", headers=ADMIN).get_json()["status"] == "succeeded", "the job")
    assert len(receiver.calls) == webhook_delivery.THREADS
    # Announced again and again meanwhile, each waits once.
    for _ in range(3):
        for row in event_rows(app):
            runtime(app).deliveries.announce(row.id)
    assert len(runtime(app).deliveries._waiting) <= 21 + webhook_delivery.THREADS  # type: ignore[attr-defined]
    gate.set()
    until(lambda: {row.status for row in event_rows(app)} == {"succeeded"}, "all events")
    assert len(receiver.calls) == len({event.id for event in receiver.events}) == 21


def test_what_is_given_up_is_listed_and_sent_again_by_command(told: Flask, receiver: Receiver) -> None:
    shell = told.test_cli_runner()
    assert "No event was given up." in shell.invoke(args=["webhooks", "failed"]).output
    event_id, other = put(told), put(told)
    change(told, event_id, attempts=ATTEMPTS - 1)
    change(told, other, attempts=ATTEMPTS - 1)
    receiver.answers = [500, 503]
    assert {run(told, one).status for one in (event_id, other)} == {"failed"}
    listed = shell.invoke(args=["webhooks", "failed"]).output
    assert event_id in listed
    assert "interview.published" in listed
    assert "28 attempts  The receiver answered 500." in listed

    assert shell.invoke(args=["webhooks", "retry"]).exit_code == 2
    assert "1 event will be sent again." in shell.invoke(args=["webhooks", "retry", event_id]).output
    with told.app_context():
        assert recovery.due_again(SILENCE, events=True) == [event_id]
    assert run(told, event_id).status == "succeeded"
    assert "1 event will be sent again." in shell.invoke(args=["webhooks", "retry", "--all"]).output
    assert run(told, other).status == "succeeded"
    assert [event.id for event in receiver.events] == [event_id, other, event_id, other]
    assert receiver.events[0] == receiver.events[2]


@on_sqlite
def test_the_test_command_says_what_came_back(make_app: MakeApp, receiver: Receiver) -> None:
    shell = make_app(**settings_for(receiver.url)).test_cli_runner()
    assert "the receiver answered 204" in shell.invoke(args=["webhooks", "test"]).output
    assert receiver.events[0].event == "test"
    assert verifier()(SECRET, *receiver.calls[0])
    receiver.answers = [401]
    refused = shell.invoke(args=["webhooks", "test"])
    assert (refused.exit_code, refused.stderr.strip()) == (1, "Not delivered: The receiver answered 401.")
    unset = make_app().test_cli_runner().invoke(args=["webhooks", "test"])
    assert (unset.exit_code, "WEBHOOK_URL is not set." in unset.stderr) == (1, True)


@on_sqlite
def test_admins_see_how_far_an_event_is_and_nobody_sees_a_secret(told: Flask, receiver: Receiver) -> None:
    client = told.test_client()
    receiver.answers = [500]
    event_id = put(told)
    change(told, event_id, attempts=ATTEMPTS - 1)
    run(told, event_id)
    (listed,) = client.get(JOBS, headers=ADMIN).get_json()["jobs"]
    assert (listed["job_id"], listed["operation"], listed["status"]) == (event_id, "webhook", "failed")
    shown = client.get(f"{JOBS}/{event_id}", headers=ADMIN)
    assert shown.get_json()["error"]["code"] == "webhook_not_delivered"
    assert client.get(f"{JOBS}/{event_id}", headers=READER).status_code == 404
    for secret in (SECRET, "to-be-kept"):
        assert secret not in shown.text + repr(runtime(told).settings)
    metrics = client.get("/metrics").text
    assert 'techscreen_webhook_events{status="failed"} 1.0' in metrics
    assert 'techscreen_jobs{status="failed"} 0.0' in metrics
    assert 'techscreen_webhook_deliveries_total{event="interview.published",outcome="failed"}' in metrics


@on_sqlite
def test_events_that_nobody_delivers_any_more_are_removed_after_a_week(told: Flask) -> None:
    old, new = put(told), put(told)
    change(told, old, due_at=utc_now() - timedelta(days=7, minutes=1))
    change(told, new, created_at=utc_now() - timedelta(days=8))
    with told.app_context():
        assert recovery.remove_old() == 1
    assert [row.id for row in event_rows(told)] == [new]
