"""Erasing: nothing of an interview or a requisition is left anywhere but who erased what, when and how much."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from interview_generation_service import topics_paid_for
from jd_enhancement_service import enhancement_paid_for
from models import Base, CachedQuestion, GenerationJob, GenerationLog, JobDescription, QuestionUse, utc_now
from techscreen.errors import Superseded
from techscreen.generation.superseded import is_held, refuse_if_erased
from techscreen.operations.evidence_check import Head, walk_histories
from techscreen.question_cache.reservations import question_paid_for
from techscreen.storage.transactions import run_in_transaction, transaction
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.jobs.test_jobs import of_a_dead_process, started
from tests.support.fake_claude import FakeClaude, error_reply
from tests.support.workflows import Gate, until

WORKFLOW = "/api/interview/workflow/full"
HANNA = {"X-User-ID": "hanna.hiring", "X-User-Role": "hiring_manager", "If-Match": "*"}
ERASE = {**ADMIN, "If-Match": "*"}
# In every text that somebody sends. The fake Claude repeats some of them, but in no question.
MARK = "Zanzibarium"
OTHER = "REQ-OTHER"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    # Events are written, and nobody takes them.
    return make_app(WEBHOOK_URL="http://127.0.0.1:9/", WEBHOOK_SECRET="long-enough-as-a-secret-of-a-test")


@pytest.fixture
def marked(requisition: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: f"{MARK} {text}" for name, text in requisition.items() if name not in ("req_id", "basic_level")},
        **{name: requisition[name] for name in ("req_id", "basic_level")},
    }


def everything(app: Flask) -> dict[str, str]:
    """All that the database holds, by table, as text."""
    with app.app_context(), transaction() as session:
        return {
            name: json.dumps([list(row) for row in session.execute(select(table))], default=str)
            for name, table in Base.metadata.tables.items()
            if name != "service_processes"
        }


def where(app: Flask, text: str) -> set[str]:
    return {name for name, rows in everything(app).items() if text in rows}


def worked_on(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> dict[str, Any]:
    """A published interview with a bit of everything, and a draft made from it."""
    failing = {**requisition, "basic_title": f"{MARK} that fails"}
    fake.when(lambda body: MARK in json.dumps(body), error_reply(401, "authentication_error"), times=1)
    assert client.post(WORKFLOW, json=failing, headers={**ADMIN, "Idempotency-Key": "failed"}).status_code == 500
    made = client.post(WORKFLOW, json=requisition, headers={**ADMIN, "Idempotency-Key": "made"}).json
    its, wish = f"/api/interview/{made['interview_id']}", {"kind": "other_scenario", "wish": f"{MARK}.", "count": 1}

    def call(method: str, path: str, body: Any = None) -> Any:
        keyed = {} if method == "GET" else {"Idempotency-Key": f"{method} {path}"}
        answer = client.open(path, method=method, json=body, headers={**HANNA, **keyed})
        assert answer.status_code == 200, answer.text
        return answer.json

    call("POST", f"{its}/questions/4/alternatives", wish)
    call("POST", f"{its}/questions/3/criteria/suggest", {"count": 2, "wish": f"{MARK}!"})
    call("PATCH", f"{its}/questions/4", {"follow_ups": [f"And in {MARK}?"], "minutes": 7})
    call("PATCH", f"/api/interview/jd/{requisition['req_id']}", {"enhanced_title": f"Engineer of {MARK}"})
    call("POST", f"{its}/questions/2/feedback", {"kind": "too_easy", "note": f"For {MARK} it is."})
    call("POST", f"{its}/request-review", {"of": "ada.lead", "note": f"{MARK}?"})
    call("POST", f"{its}/publish", {"note": f"Fit for {MARK}."})
    call("POST", f"{its}/revise", {"note": f"Once more for {MARK}."})
    return dict(made)


def keep_for_its_own(app: Flask, made: dict[str, Any]) -> int:
    """Have a question of an interview kept for its requisition alone, as one that holds a name is."""
    cached: int = made["interview"]["questions"][0]["cached_question_id"]
    own = {"only_for_req_id": made["req_id"], "question_text": f"What would you do at {MARK}?"}
    with app.app_context(), transaction() as session:
        session.execute(update(CachedQuestion).where(CachedQuestion.id == cached).values(**own))
    return cached


def audit_row(client: FlaskClient) -> dict[str, Any]:
    (row,) = client.get("/api/interview/logs?operation_type=erase", headers=ADMIN).json["logs"]
    return dict(row)


# ------------------------------------------------------------------------------------------------ a requisition


def test_of_an_erased_requisition_no_text_is_left_anywhere(
    app: Flask, client: FlaskClient, marked: dict[str, Any], fake: FakeClaude
) -> None:
    # Of another title, so that it has topics and questions of its own.
    another = {**marked, "req_id": OTHER, "basic_title": f"{MARK} tester", "interview_name": "Other"}
    other = client.post(WORKFLOW, json=another, headers=ADMIN).json
    made = worked_on(client, marked, fake)
    keep_for_its_own(app, made)
    req_id = marked["req_id"]
    with app.app_context(), transaction() as session:
        # What an older release may have written there.
        ours = update(GenerationLog).where(GenerationLog.req_id == req_id, GenerationLog.status == "failed")
        session.execute(ours.values(error_message=f"{MARK} was refused.", failed_checks=[MARK]))
    before = where(app, MARK)
    assert before >= {"job_descriptions", "interviews", "interview_questions", "history_entries", "generation_jobs"}
    assert before >= {"question_alternatives", "question_feedback", "question_cache", "generation_logs"}
    kept_before = client.get(f"/api/interview/{other['interview_id']}", headers=READER).json

    answer = client.delete(f"/api/interview/requisitions/{req_id}", headers=ERASE)

    assert answer.status_code == 200, answer.text
    told = answer.json
    assert (told["req_id"], told["interview_id"]) == (req_id, None)
    assert told["published_interview_ids"] == [made["interview_id"]]
    erased = told["erased"]
    assert (erased["job_descriptions"], erased["interviews"], erased["questions"]) == (1, 2, 10)
    assert (erased["alternatives"], erased["feedback"], erased["cached_questions"]) == (1, 1, 2)
    assert min(erased["history_entries"], erased["jobs"], erased["events"], erased["texts_of_audit_rows"]) >= 1
    assert told["kept"]["cached_questions"] >= 4
    # Nothing but ids and figures in the audit rows; and the other requisition is as it was.
    left = where(app, f'"{req_id}"')
    assert left <= {"generation_logs"}, left
    assert client.get(f"/api/interview/{other['interview_id']}", headers=READER).json == kept_before
    assert client.delete(f"/api/interview/requisitions/{OTHER}", headers=ERASE).status_code == 200
    assert where(app, MARK) == set()
    for path in (f"jd/{req_id}", f"{made['interview_id']}", f"{made['interview_id']}/history", f"history/{req_id}"):
        assert client.get(f"/api/interview/{path}", headers=READER).status_code == 404, path
    assert client.get(f"/api/interview/req/{req_id}", headers=READER).json["interviews"] == []
    assert client.delete(f"/api/interview/requisitions/{req_id}", headers=ERASE).status_code == 404


def test_who_erased_what_and_how_much_stays_in_the_audit_trail(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    told = client.delete(f"/api/interview/requisitions/{made['req_id']}", headers=ERASE).json
    row = audit_row(client)
    assert (row["user_id"], row["req_id"], row["status"]) == (ADMIN["X-User-ID"], made["req_id"], "success")
    assert row["result_id"] == made["job_description_id"]
    assert row["erased"] == told["erased"]
    # What it has cost stays.
    logs = client.get(f"/api/interview/logs?req_id={made['req_id']}", headers=ADMIN).json["logs"]
    assert [each["operation_type"] for each in logs] == ["erase", "interview_generation", "jd_enhancement"]
    assert all(each["tokens_used"] for each in logs[1:])
    # The id can be used anew, and begins with version 1.
    again = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    assert again["interview"]["version"] == 1


def test_the_ids_of_what_was_erased_are_never_given_again(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    keep_for_its_own(app, made)
    with app.app_context(), transaction() as session:
        last_question = session.scalar(select(func.max(CachedQuestion.id)))
        session.execute(update(CachedQuestion).values(only_for_req_id=made["req_id"]))
    address = f"/api/interview/requisitions/{made['req_id']}"
    assert client.delete(address, headers=ERASE).json["erased"]["cached_questions"] == 5

    again = client.post(WORKFLOW, json=requisition, headers=ADMIN).json

    assert again["interview_id"] > made["interview_id"]
    assert again["job_description_id"] > made["job_description_id"]
    assert all(question["cached_question_id"] > last_question for question in again["interview"]["questions"])
    # Who repeats an erasure because its answer got lost erases nothing else.
    assert client.delete(f"/api/interview/{made['interview_id']}/everything", headers=ERASE).status_code == 404


# ------------------------------------------------------------------------------------------------- an interview


@pytest.mark.parametrize("state", ["draft", "published", "archived", "deleted"])
def test_an_interview_is_erased_in_any_state(
    app: Flask, client: FlaskClient, requisition: dict[str, Any], state: str
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    its = f"/api/interview/{made['interview_id']}"
    if state != "draft":
        for path in {"published": ["/publish"], "archived": ["/publish", "/archive"], "deleted": []}[state]:
            assert client.post(its + path, json={}, headers=HANNA).status_code == 200
        if state == "deleted":
            assert client.delete(its, headers=HANNA).status_code == 200
            assert client.get(f"{its}/history", headers=READER).json["is_deleted"], "a deleted draft has its history"

    answer = client.delete(f"{its}/everything", headers=ERASE)

    assert answer.status_code == 200, answer.text
    assert answer.json["published_interview_ids"] == ([made["interview_id"]] if state == "published" else [])
    assert (answer.json["erased"]["interviews"], answer.json["erased"]["questions"]) == (1, 5)
    assert client.get(f"{its}/history", headers=READER).status_code == 404
    assert client.delete(f"{its}/everything", headers=ERASE).status_code == 404
    assert audit_row(client)["result_id"] == made["interview_id"]
    # The requisition stays, and its history fits together.
    assert client.get(f"/api/interview/jd/{made['req_id']}", headers=READER).status_code == 200
    with app.app_context():
        assert [walked.problems for walked in walk_histories()] == [[]]


def test_of_an_erased_interview_nothing_is_left_but_its_requisition_and_what_was_made_from_it(
    app: Flask, client: FlaskClient, marked: dict[str, Any], fake: FakeClaude
) -> None:
    made = worked_on(client, marked, fake)
    own = keep_for_its_own(app, made)
    revision = client.get("/api/interview?status=draft", headers=READER).json["interviews"][0]["id"]

    first = client.delete(f"/api/interview/{made['interview_id']}/everything", headers=ERASE).json
    assert first["erased"]["cached_questions"] == 1, "what was wished for; the revision has the other one too"
    with app.app_context(), transaction() as session:
        assert session.get(CachedQuestion, own) is not None
        jobs = session.scalars(select(GenerationJob)).all()
        answers = [job.answer_body or "" for job in jobs if job.operation != "job_description_change"]
        assert not any(f'"interview_id":{made["interview_id"]}' in answer for answer in answers)
        assert not any(f'"id":{made["interview_id"]},' in answer for answer in answers)
    second = client.delete(f"/api/interview/{revision}/everything", headers=ERASE).json

    assert second["erased"]["cached_questions"] == 1
    assert where(app, MARK) <= {"job_descriptions", "history_entries", "generation_jobs", "generation_logs"}
    with app.app_context(), transaction() as session:
        operations = {job.operation for job in session.scalars(select(GenerationJob)).all()}
    assert operations <= {"job_description_change", "workflow", "webhook"}


def test_a_question_is_used_as_often_as_there_are_requisitions_left_that_have_it(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    def uses() -> tuple[list[int], set[int | None]]:
        with app.app_context(), transaction() as session:
            counts = session.scalars(select(CachedQuestion.usage_count).order_by(CachedQuestion.id)).all()
            return list(counts), set(session.scalars(select(QuestionUse.interview_id)))

    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    its = f"/api/interview/{made['interview_id']}"
    assert client.post(f"{its}/publish", json={}, headers=HANNA).status_code == 200
    revision = client.post(f"{its}/revise", json={}, headers=HANNA).json["interview"]["id"]

    assert client.delete(f"{its}/everything", headers=ERASE).json["kept"]["cached_questions"] == 5
    assert uses() == ([1] * 5, {revision}), "the revision has the same questions"
    told = client.delete(f"/api/interview/requisitions/{made['req_id']}", headers=ERASE).json
    assert told["kept"]["cached_questions"] == 5
    assert uses() == ([0] * 5, set()), "otherwise test data would use up what may be lent CACHE_MAX_USES times"


# ----------------------------------------------------------------------------------------- what stands against it


def test_nothing_is_erased_while_something_is_made_of_it(
    app: Flask, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    addresses = [f"requisitions/{made['req_id']}", f"{made['interview_id']}/everything"]
    gate = Gate()
    fake.when(lambda _: True, gate.reply(), times=1)
    thread, results = started(lambda: app.test_client().post(WORKFLOW, json=requisition, headers=ADMIN))
    asked = len(fake.received)
    until(lambda: len(fake.received) > asked, "Claude at work")

    refused = [client.delete(f"/api/interview/{address}", headers=ERASE) for address in addresses]
    gate.open()
    thread.join(30)

    for answer in refused:
        assert (answer.status_code, answer.json["code"]) == (409, "generation_under_way")
        assert answer.headers["Retry-After"]
    assert results[0].status_code == 200
    assert client.delete(f"/api/interview/{addresses[0]}", headers=ERASE).json["erased"]["interviews"] == 2


def test_a_job_that_waits_is_named_and_once_it_is_cancelled_nothing_stands_against_it(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    address = f"/api/interview/requisitions/{made['req_id']}"
    waiting = {"status": "queued", "process_id": None, "due_at": None}
    job_id = of_a_dead_process(app, requisition, **waiting)
    order = {"interview_id": made["interview_id"], "number": 1}
    other = of_a_dead_process(
        app, requisition, operation="question_alternatives", **{**waiting, "req_id": None, "request": order}
    )

    refused = client.delete(address, headers=ERASE)

    assert refused.json["code"] == "generation_under_way"
    assert job_id in refused.json["error"]
    assert other in refused.json["error"]
    for each in (job_id, other):
        assert client.delete(f"/api/interview/jobs/{each}", headers=ADMIN).status_code == 200
    assert client.delete(address, headers=ERASE).status_code == 200


@pytest.mark.parametrize("what", ["interview", "alternative", "criteria"])
def test_nothing_is_asked_about_what_is_erased_while_it_begins(
    app: Flask, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, what: str, monkeypatch: Any
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    its = f"/api/interview/{made['interview_id']}/questions/1"
    ids = {name: made[name] for name in ("req_id", "job_description_id")}
    module, path, body = {
        "interview": ("interview_generation_service", "/api/interview/generate", ids),
        "alternative": ("techscreen.editing.alternatives", f"{its}/alternatives", {"kind": "easier"}),
        "criteria": ("techscreen.editing.suggestions", f"{its}/criteria/suggest", {}),
    }[what]
    address, erased = f"/api/interview/requisitions/{made['req_id']}", []

    def erased_meanwhile(*given: Any) -> None:
        # It is read already, and its audit row is not there yet.
        thread, answers = started(lambda: app.test_client().delete(address, headers=ERASE))
        thread.join(30)
        erased.append(answers[0].status_code)
        refuse_if_erased(*given)

    monkeypatch.setattr(f"{module}.refuse_if_erased", erased_meanwhile)
    asked = len(fake.received)

    answer = client.post(path, json=body, headers={**ADMIN, "If-Match": "*"})

    assert erased == [200]
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert len(fake.received) == asked, "Claude is not paid for what cannot be stored"


def test_an_enhancement_that_begins_while_its_requisition_is_erased_makes_it_anew(
    app: Flask, client: FlaskClient, requisition: dict[str, Any], monkeypatch: Any
) -> None:
    enhance = "/api/interview/jd/enhance"
    first = client.post(enhance, json=requisition, headers=ADMIN).json["job_description_id"]
    erased = []

    def erased_meanwhile(*given: Any) -> bool:
        address = f"/api/interview/requisitions/{requisition['req_id']}"
        thread, answers = started(lambda: app.test_client().delete(address, headers=ERASE))
        thread.join(30)
        erased.append(answers[0].status_code)
        return is_held(*given)

    monkeypatch.setattr("jd_enhancement_service.is_held", erased_meanwhile)
    answer = client.post(enhance, json=requisition, headers=ADMIN)
    assert (erased[0], answer.status_code) == (200, 200)
    assert answer.json["job_description_id"] > first


def test_who_changes_what_is_erased_at_that_moment_is_told_that_it_is_gone(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    its = f"/api/interview/{client.post(WORKFLOW, json=requisition, headers=ADMIN).json['interview_id']}"
    tries = []

    def gone(session: Any) -> None:
        tries.append(1)
        session.get_one(JobDescription, 99)

    with app.app_context(), pytest.raises(Superseded, match="erased meanwhile"):
        run_in_transaction(gone)
    assert len(tries) == 2, "it looks again, and a service that does so says itself what is not there"
    assert client.get(its, headers=READER).status_code == 200


def test_what_was_paid_for_and_is_stored_late_brings_nothing_back(app: Flask, client: FlaskClient) -> None:
    texts = {"req_id": "REQ-GONE", "basic_title": "T", "basic_description": "D"}
    enhanced = {**texts, "enhanced_title": "T", "enhanced_description": MARK, "enhanced_at": utc_now()}
    with app.app_context():
        late = {"values": enhanced, "texts": texts, "asked_at": utc_now(), "job": None, "user_id": "anna"}
        run_in_transaction(lambda session: enhancement_paid_for(session, late))
        topics = {"job_description_id": 7, "texts": texts, "interview_topics": [], "language": "en", "user_id": "anna"}
        run_in_transaction(lambda session: topics_paid_for(session, topics))
        question = {"request_hash": "h", "question_text": MARK, "only_for_req_id": "REQ-GONE"}
        run_in_transaction(lambda session: question_paid_for(session, question))
        with transaction() as session:
            assert session.scalars(select(JobDescription)).all() == []
    assert where(app, MARK) == set()


def test_it_must_be_as_it_was_seen(client: FlaskClient, requisition: dict[str, Any]) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    for path, read in (
        (f"requisitions/{made['req_id']}", f"jd/{made['req_id']}"),
        (f"{made['interview_id']}/everything", str(made["interview_id"])),
    ):
        address, etag = f"/api/interview/{path}", client.get(f"/api/interview/{read}", headers=READER).headers["ETag"]
        assert client.delete(address, headers=ADMIN).json["code"] == "precondition_required"
        stale = client.delete(address, headers={**ADMIN, "If-Match": '"interview-1-999"'})
        assert (stale.status_code, stale.json["code"]) == (412, "stale")
        assert stale.headers["ETag"] == etag
    its = f"/api/interview/{made['interview_id']}"
    for path in (f"{its}/everything", f"/api/interview/requisitions/{made['req_id']}"):
        read = its if "everything" in path else f"/api/interview/jd/{made['req_id']}"
        seen = client.get(read, headers=READER).headers["ETag"]
        assert client.delete(path, headers={**ADMIN, "If-Match": seen}).status_code == 200


@on_sqlite
def test_the_deletion_of_a_draft_by_its_editor_means_what_it_meant(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    its = f"/api/interview/{made['interview_id']}"
    assert client.delete(f"{its}/everything", headers=HANNA).status_code == 403
    assert client.post(f"{its}/publish", json={}, headers=HANNA).status_code == 200
    for state in ("published", "archived"):
        refused = client.delete(its, headers=ERASE).json
        assert (refused["code"], state in refused["error"]) == ("not_editable", True), "also for an admin"
        assert f"DELETE {its}/everything" in refused["error"], "what an admin can do instead"
        client.post(f"{its}/archive", headers=HANNA)


@on_sqlite
def test_whoever_kept_a_hash_is_told_that_it_was_erased(
    app: Flask, client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).json
    with app.app_context():
        heads = [walked.head for walked in walk_histories() if walked.head]
    client.delete(f"/api/interview/requisitions/{made['req_id']}", headers=ERASE)
    with app.app_context():
        problems = [problem for walked in walk_histories(kept=heads) for problem in walked.problems]
        unknown = Head("interview", 99, 1, "0" * 64, "REQ-NEVER")
        others = [problem for walked in walk_histories(kept=[unknown]) for problem in walked.problems]
    assert len(problems) == len(heads) == 2
    assert all(f"{ADMIN['X-User-ID']} has erased it" in problem for problem in problems)
    assert "erased" not in others[0]


@on_sqlite
def test_an_id_with_slashes_and_quotes_is_erased_like_any_other(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    odd = {**requisition, "req_id": 'a/b "c" \\d%'}
    assert client.post(WORKFLOW, json=odd, headers={**ADMIN, "Idempotency-Key": "k"}).status_code == 200
    answer = client.delete("/api/interview/requisitions/a/b%20%22c%22%20%5Cd%25", headers=ERASE)
    assert (answer.status_code, answer.json["erased"]["jobs"]) == (200, 1)
