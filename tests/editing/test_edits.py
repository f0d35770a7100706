"""Edits of a draft: texts are kept word for word, findings are told and block nothing, nobody is overwritten."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import GenerationLog, HistoryEntry, Interview
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.editing.conftest import EDITOR, OTHER_EDITOR, Draft
from tests.support.workflows import all_of, workflow

ODD_TEXT = "  <b>Why</b> would you\n\n```\n=cmd()|' /C calc'!A0\n```\nchoose 𝔘 over “V”?  "
CRITERIA = [{"criterion": f"Point {n}", "description": f"Names point {n}."} for n in range(8)]


def numbers(interview: dict[str, Any]) -> list[int]:
    return [question["question_number"] for question in interview["questions"]]


def lineages(interview: dict[str, Any]) -> list[str]:
    return [question["lineage"] for question in interview["questions"]]


def test_texts_are_kept_word_for_word_and_the_rest_of_the_question_stays(draft: Draft) -> None:
    before = draft.now["questions"]
    anchors = {"low": "Guesses.", "mid": "", "high": "=1+1"}
    patch = {
        "question_text": ODD_TEXT,
        "criteria": CRITERIA,
        "follow_ups": ["And <i>then</i>?"],
        "rating_anchors": anchors,
    }

    after = draft.ok("PATCH", "/questions/2", patch)["questions"]

    edited = after[1]
    assert edited["question_text"] == ODD_TEXT
    assert [{k: c[k] for k in ("criterion", "description")} for c in edited["criteria"]] == CRITERIA
    assert edited["follow_ups"] == ["And <i>then</i>?"]
    assert edited["rating_anchors"] == anchors
    assert (edited["source"], edited["lineage"], edited["topic"]) == (
        "edited",
        before[1]["lineage"],
        before[1]["topic"],
    )
    assert [q for q in after if q["question_number"] != 2] == [q for q in before if q["question_number"] != 2]
    assert draft.read()["questions"] == after


@on_sqlite
def test_what_is_said_and_what_is_shown_can_be_changed_one_by_one(draft: Draft) -> None:
    exhibit = {"kind": "code", "text": "for x in y:\n    go(x)"}
    shown = draft.ok("PATCH", "/questions/1", {"spoken_text": "What is slow here?", "exhibit": exhibit})["questions"][0]
    assert shown["question_text"] == "What is slow here?\n\n```\nfor x in y:\n    go(x)\n```"
    assert (shown["spoken_text"], shown["exhibit"]) == ("What is slow here?", exhibit)

    said = draft.ok("PATCH", "/questions/1", {"spoken_text": "What is wrong here?"})["questions"][0]
    assert (said["spoken_text"], said["exhibit"]) == ("What is wrong here?", exhibit)

    whole = draft.ok("PATCH", "/questions/1", {"question_text": "Quite another text?"})["questions"][0]
    assert (whole["question_text"], whole["exhibit"]) == ("Quite another text?", None)

    both = draft.call("PATCH", "/questions/1", {"question_text": "A?", "spoken_text": "B?"})
    assert (both.status_code, both.json["code"]) == (400, "invalid_request")


@on_sqlite
def test_findings_come_with_the_change_and_go_with_the_next_one(draft: Draft) -> None:
    asked = draft.ok("PATCH", "/questions/3", {"spoken_text": "Are you married, and do you want children?"})
    found = [f for f in asked["quality"]["findings"] if f["kind"] == "prohibited_subject"]
    assert [f["field"] for f in found] == ["questions[2].question_text"]
    assert all(len(f["id"]) == 16 and f["override"] is None for f in found)

    moved = draft.ok("PUT", "/order", {"order": [3, 1, 2, 4, 5]})
    again = [f for f in moved["quality"]["findings"] if f["kind"] == "prohibited_subject"]
    assert [(f["field"], f["id"]) for f in again] == [("questions[0].question_text", found[0]["id"])]

    draft.ok("PATCH", "/questions/1", {"spoken_text": "How do you find out which release was the slow one?"})
    assert not [f for f in draft.now["quality"]["findings"] if f["kind"] == "prohibited_subject"]


def test_a_draft_is_put_into_order_and_has_four_to_six_questions(draft: Draft) -> None:
    first = lineages(draft.now)
    assert lineages(draft.ok("PUT", "/order", {"order": [5, 4, 3, 2, 1]})) == first[::-1]

    added = draft.ok("POST", "/questions", {"question_text": "How would you begin?", "question_number": 2})
    assert numbers(added) == [1, 2, 3, 4, 5, 6]
    assert [lineage for lineage in lineages(added) if lineage in first] == first[::-1]
    assert added["questions"][1]["question_text"] == "How would you begin?"
    assert added["questions"][1]["skill_level"] == added["questions"][0]["skill_level"]
    assert (draft.call("POST", "/questions", {"question_text": "And a seventh?"}).json["code"]) == "not_editable"

    draft.ok("DELETE", "/questions/2")
    draft.ok("DELETE", "/questions/1")
    assert numbers(draft.now) == [1, 2, 3, 4]
    assert lineages(draft.now) == first[::-1][1:]
    assert draft.call("DELETE", "/questions/1").json["code"] == "not_editable"


@on_sqlite
@pytest.mark.parametrize("order", [[1, 2, 3, 4], [1, 2, 3, 4, 4], [1, 2, 3, 4, 6], [0, 1, 2, 3, 4]])
def test_an_order_must_name_each_question_once(draft: Draft, order: list[int]) -> None:
    refused = draft.call("PUT", "/order", {"order": order})
    assert (refused.status_code, refused.json["details"][0]["field"]) == (400, "order")
    assert "1, 2, 3, 4, 5" in refused.json["error"]


@on_sqlite
@pytest.mark.parametrize("number", [0, 6, 7, 9_999_999_999])
def test_unknown_numbers_are_not_found(draft: Draft, number: int) -> None:
    for method, body in (("PATCH", {"locked": True}), ("DELETE", None)):
        answer = draft.call(method, f"/questions/{number}", body)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


@on_sqlite
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {}),
        ("PATCH", "", {"interview_name": "  "}),
        ("PATCH", "/questions/1", {}),
        ("PATCH", "/questions/1", {"question_text": " "}),
        ("PATCH", "/questions/1", {"question_text": "a\0b"}),
        ("PATCH", "/questions/1", {"skill_level": "Guru"}),
        ("PATCH", "/questions/1", {"criteria": [{"description": "No label."}]}),
        ("PATCH", "/questions/1", {"criteria": [{"criterion": "x" * 256}]}),
        ("PATCH", "/questions/1", {"minutes": "7"}),
        ("POST", "/questions", {"criteria": []}),
        ("PUT", "/order", {"order": []}),
    ],
)
def test_bad_input_is_refused_with_the_name_of_the_field(draft: Draft, method: str, path: str, body: Any) -> None:
    refused = draft.call(method, path, body)
    assert (refused.status_code, refused.json["code"]) == (400, "invalid_request"), refused.text
    assert refused.json["details"]
    assert draft.read()["revision"] == 1


def test_a_change_needs_what_it_changes(draft: Draft, client: FlaskClient) -> None:
    address = f"/api/interview/{draft.id}"
    without = client.patch(address, json={"interview_name": "X"}, headers=EDITOR)
    assert (without.status_code, without.json["code"]) == (428, "precondition_required")

    draft.ok("PATCH", "", {"interview_name": "Second"})
    for tag in ('"interview-1-1"', 'W/"anything"', '"x", "y"'):
        stale = client.patch(address, json={"interview_name": "X"}, headers={**EDITOR, "If-Match": tag})
        assert stale.status_code in (412, 428)
        assert stale.status_code == 428 or stale.json["current"] == draft.read()
        assert stale.status_code == 428 or stale.headers["ETag"] == draft.etag
    anything = client.patch(address, json={"interview_name": "Third"}, headers={**EDITOR, "If-Match": "*"})
    assert anything.json["interview"]["interview_name"] == "Third"


def test_of_two_who_change_the_same_at_once_one_is_told(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    app = make_app()
    made = workflow(app.test_client(), requisition).json["interview"]
    start, answers = threading.Barrier(8), []

    def edit(number: int) -> None:
        mine = Draft(app.test_client(), made, {**EDITOR, "X-User-ID": f"editor-{number}"})
        start.wait()
        answers.append(mine.call("PATCH", f"/questions/{number % 5 + 1}", {"spoken_text": f"What about {number}?"}))

    people = [threading.Thread(target=edit, args=(number,)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(answer.status_code for answer in answers) == [200] + 7 * [412]
    stored = app.test_client().get(f"/api/interview/{made['id']}", headers=READER).json["interview"]
    assert stored["revision"] == 2
    assert all(answer.json["current"] == stored for answer in answers if answer.status_code == 412)
    changed = [q for q, old in zip(stored["questions"], made["questions"], strict=True) if q != old]
    assert len(changed) == 1
    assert [entry.revision for entry in all_of(app, HistoryEntry) if entry.subject == "interview"] == [1, 2]


def test_many_who_overwrite_whatever_there_is_wait_for_one_another(
    make_app: MakeApp, requisition: dict[str, Any]
) -> None:
    app = make_app()
    made = workflow(app.test_client(), requisition).json["interview"]
    start, statuses = threading.Barrier(20), []

    def edit(number: int) -> None:
        mine = Draft(app.test_client(), made)
        start.wait()
        answer = mine.call("PATCH", "/questions/1", {"spoken_text": f"What about {number}?"}, **{"If-Match": "*"})
        statuses.append(answer.status_code)

    people = [threading.Thread(target=edit, args=(number,)) for number in range(20)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert statuses == 20 * [200]
    stored = app.test_client().get(f"/api/interview/{made['id']}", headers=READER).json["interview"]
    assert stored["revision"] == 21


@on_sqlite
def test_who_reads_may_not_edit_and_who_is_unknown_may_nothing(draft: Draft, client: FlaskClient, app: Flask) -> None:
    draft.headers = READER
    assert draft.call("PATCH", "", {"interview_name": "X"}).status_code == 403
    draft.headers = {}
    assert draft.call("PATCH", "", {"interview_name": "X"}).status_code == 401
    for headers in (ADMIN, OTHER_EDITOR):
        draft.headers = headers
        draft.ok("PATCH", "", {"interview_name": headers["X-User-ID"]})


@on_sqlite
def test_a_repeat_with_the_same_key_gets_the_first_answer_again(draft: Draft, app: Flask) -> None:
    first = draft.etag
    done = draft.call("POST", "/questions", {"question_text": "Once?"}, **{"Idempotency-Key": "k"})
    draft.etag, changed = first, draft.etag
    again = draft.call("POST", "/questions", {"question_text": "Once?"}, **{"Idempotency-Key": "k"})

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.json == done.json
    assert again.headers["ETag"] == changed
    assert len(draft.read()["questions"]) == 6


def test_each_change_has_its_audit_row_and_one_that_changes_nothing_has_none(draft: Draft, app: Flask) -> None:
    draft.ok("PATCH", "", {"interview_name": "Another"})
    draft.ok("PATCH", "", {"interview_name": "Another"})
    draft.ok("PATCH", "/questions/1", {"locked": True})

    rows = [row for row in all_of(app, GenerationLog) if row.operation_type == "edit"]
    assert [(row.status, row.tokens_used, row.user_id, row.result_id) for row in rows] == 2 * [
        ("success", 0, EDITOR["X-User-ID"], draft.id)
    ]
    entries = [entry for entry in all_of(app, HistoryEntry) if entry.subject == "interview"]
    assert [(entry.operation, entry.revision) for entry in entries] == [("generated", 1), ("edited", 2), ("edited", 3)]
    assert draft.now["questions"][0]["source"] == "generated"  # a lock is no edit of the text


def test_a_job_description_is_edited_and_its_texts_are_checked(draft: Draft, client: FlaskClient) -> None:
    address = f"/api/interview/jd/{draft.now['req_id']}"
    read = client.get(address, headers=READER)
    assert read.headers["ETag"] == read.json["job_description"]["etag"]
    patch = {
        "enhanced_title": "Chief Ninja",
        "enhanced_description": "We need a rockstar.\n\n<script>x</script>",
    }

    stale = client.patch(address, json=patch, headers={**EDITOR, "If-Match": '"job_description-9-9"'})
    assert (stale.status_code, stale.json["current"]) == (412, read.json["job_description"])
    changed = client.patch(address, json=patch, headers={**EDITOR, "If-Match": read.headers["ETag"]})

    described = changed.json["job_description"]
    assert described["enhanced_jd"] == {"title": patch["enhanced_title"], "description": patch["enhanced_description"]}
    assert "rockstar" in {f["word"] for f in described["quality"]["findings"]}
    assert described["edited_by_user_id"] == EDITOR["X-User-ID"]
    assert client.get(address, headers=READER).json["job_description"] == described


@on_sqlite
def test_an_enhancement_can_be_written_by_hand(client: FlaskClient, app: Flask, fake: Any) -> None:
    from models import JobDescription
    from techscreen.storage.transactions import transaction

    with app.app_context(), transaction() as session:
        session.add(
            JobDescription(req_id="HAND", basic_title="T", basic_description="We repair trams.", created_by_user_id="a")
        )
    patch = {"enhanced_description": "You repair trams and the rails that they run on."}
    written = client.patch("/api/interview/jd/HAND", json=patch, headers={**EDITOR, "If-Match": "*"})
    described = written.json["job_description"]
    assert described["enhanced_jd"] == {"title": "T", "description": patch["enhanced_description"]}
    assert (described["language"], described["model"]) == ("en", None)

    generate = {"req_id": "HAND", "job_description_id": described["job_description_id"]}
    made = client.post("/api/interview/generate", json=generate, headers=ADMIN)
    assert made.status_code == 200, made.text


def test_an_enhancement_that_was_asked_for_before_an_edit_does_not_overwrite_it(
    client: FlaskClient, app: Flask, requisition: dict[str, Any], fake: Any
) -> None:
    from tests.support.workflows import Gate, an_enhancement, enhance, enhancement_of

    described = enhance(client, requisition).json
    gate, answers = Gate(), []
    fake.when(an_enhancement, gate.reply(content=enhancement_of(requisition)))
    running = threading.Thread(target=lambda: answers.append(enhance(app.test_client(), requisition)))
    arrived = threading.Event()
    fake.on_request = lambda _: arrived.set()
    running.start()
    assert arrived.wait(30)
    address = f"/api/interview/jd/{requisition['req_id']}"
    client.patch(address, json={"enhanced_title": "Mine"}, headers={**EDITOR, "If-Match": described["etag"]})
    gate.open()
    running.join()

    assert (answers[0].status_code, answers[0].json["code"]) == (409, "superseded")
    assert client.get(address, headers=READER).json["job_description"]["enhanced_jd"]["title"] == "Mine"


def test_an_interview_from_before_there_was_a_history_gets_one_with_its_first_change(draft: Draft, app: Flask) -> None:
    from sqlalchemy import delete, update

    from techscreen.storage.transactions import transaction

    with app.app_context(), transaction() as session:
        session.execute(delete(HistoryEntry))
        session.execute(update(Interview).values(revision=0))
    name = draft.read()["interview_name"]
    draft.ok("PATCH", "", {"interview_name": "Newer"})

    entries = all_of(app, HistoryEntry)
    assert [(entry.operation, entry.revision, entry.state["interview_name"]) for entry in entries] == [
        ("kept", 0, name),
        ("edited", 1, "Newer"),
    ]
    assert entries[1].previous_hash == entries[0].entry_hash


@on_sqlite
def test_what_people_do_is_in_the_audit_trail_and_not_in_the_usage(draft: Draft, client: FlaskClient) -> None:
    before = client.get("/api/interview/usage", headers=ADMIN).json
    draft.ok("PATCH", "", {"interview_name": "Another"})

    assert client.get("/api/interview/usage", headers=ADMIN).json == before
    (row,) = client.get("/api/interview/logs?operation_type=edit", headers=ADMIN).json["logs"]
    assert (row["user_id"], row["tokens_used"], row["model"]) == (EDITOR["X-User-ID"], 0, "none")


@on_sqlite
def test_an_anchor_that_is_not_given_stays(draft: Draft) -> None:
    before = draft.now["questions"][0]["rating_anchors"]
    after = draft.ok("PATCH", "/questions/1", {"rating_anchors": {"low": "Guesses."}})["questions"][0]
    assert after["rating_anchors"] == {**before, "low": "Guesses."}


@on_sqlite
def test_a_text_of_which_nothing_can_be_seen_is_blank(draft: Draft) -> None:
    for text in ("\u200b\u200b", "\u2060 \ufeff", "\u3164", "\u2800\u00ad", "\u0301", "\ufe0f"):
        assert draft.call("PATCH", "/questions/1", {"question_text": text}).status_code == 400


@on_sqlite
def test_a_weak_tag_fits_nothing(draft: Draft, client: FlaskClient) -> None:
    headers = {**EDITOR, "If-Match": f"W/{draft.etag}"}
    answer = client.patch(f"/api/interview/{draft.id}", json={"interview_name": "X"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (412, "stale")
