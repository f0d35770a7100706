"""Feedback on questions: what counts once, for which question, and what it leads to."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import CachedQuestion, GenerationLog, QuestionFeedback
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite


@pytest.fixture
def app(make_app: MakeApp) -> Any:
    app = make_app(MAX_COMPLAINTS=2)
    with app.app_context():
        yield app


@pytest.fixture
def interview(app: Flask, client: FlaskClient, requisition: dict[str, Any]) -> dict[str, Any]:
    return made(client, requisition, "REQ-12345")


def made(client: FlaskClient, requisition: dict[str, Any], req_id: str) -> dict[str, Any]:
    body = {**requisition, "req_id": req_id}
    answer = client.post("/api/interview/workflow/full", json=body, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json["interview"]
    return found


def say(client: FlaskClient, interview: dict[str, Any], number: int, user: str = "ian", **body: Any) -> Any:
    address = f"/api/interview/{interview['id']}/questions/{number}/feedback"
    return client.post(address, json=body, headers={**READER, "X-User-ID": user})


def said_of(client: FlaskClient, interview: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.get(f"/api/interview/{interview['id']}/feedback", headers=READER)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["questions"]
    return found


def cached(client: FlaskClient, cached_question_id: int) -> dict[str, Any]:
    questions = client.get("/api/interview/cache?page_size=100", headers=ADMIN).json["questions"]
    found: dict[str, Any] = next(each for each in questions if each["id"] == cached_question_id)
    return found


def test_feedback_is_kept_and_summed_over_all_uses(
    client: FlaskClient, interview: dict[str, Any], requisition: dict[str, Any]
) -> None:
    other = made(client, requisition, "REQ-OTHER")
    asked = interview["questions"][1]
    again = next(q for q in other["questions"] if q["cached_question_id"] == asked["cached_question_id"])
    label = asked["criteria"][0]["criterion"]

    given = say(client, interview, 2, kind="too_easy", note="All of them knew it.")
    assert (given.status_code, given.json["note_findings"]) == (200, [])
    assert given.json["cached_question_id"] == asked["cached_question_id"]
    for use, number, user, body in (
        (interview, 2, "ian", {"kind": "too_easy", "note": "Everybody knew it."}),  # replaces the note
        (other, again["question_number"], "ian", {"kind": "too_easy"}),  # the same person and question
        (other, again["question_number"], "olga", {"kind": "too_easy"}),
        (interview, 2, "ian", {"kind": "always_met", "criterion": f"  {label.upper()} "}),
        (interview, 2, "ian", {"kind": "always_met", "criterion": asked["criteria"][1]["criterion"]}),
        (interview, 2, "paul", {"kind": "not_asked"}),
    ):
        assert say(client, use, number, user, **body).status_code == 200

    shown = cached(client, asked["cached_question_id"])
    assert shown["feedback"] == {"always_met": 2, "not_asked": 1, "too_easy": 2}
    assert shown["complaints"] == 2  # ian and olga; that paul has not asked it says nothing against it
    summed = said_of(client, interview)
    assert [each["question_number"] for each in summed] == [1, 2, 3, 4, 5]
    assert summed[1]["feedback"] == {"too_easy": 1, "always_met": 2, "not_asked": 1}
    assert {(each["criterion"], each["people"]) for each in summed[1]["criteria"]} == {
        (label, 1),
        (asked["criteria"][1]["criterion"], 1),
    }
    assert [(note["note"], note["user_id"]) for note in summed[1]["notes"]] == [("Everybody knew it.", "ian")]
    assert summed[0]["feedback"] == {}
    with transaction() as session:
        logged = session.scalars(select(GenerationLog).where(GenerationLog.operation_type == "feedback")).all()
    assert (logged[0].user_id, logged[0].result_id) == ("ian", interview["id"])
    assert (len(logged), logged[0].tokens_used, logged[0].req_id) == (7, 0, "REQ-12345")


def test_a_question_with_enough_complaints_is_in_a_state_of_its_own(
    client: FlaskClient, interview: dict[str, Any]
) -> None:
    cached_id = interview["questions"][0]["cached_question_id"]
    say(client, interview, 1, "ian", kind="leaked")
    say(client, interview, 1, "ian", kind="unclear")
    assert (cached(client, cached_id)["state"], cached(client, cached_id)["complaints"]) == ("available", 1)

    say(client, interview, 1, "olga", kind="too_hard")

    assert (cached(client, cached_id)["state"], cached(client, cached_id)["complaints"]) == ("complained", 2)
    answer = client.get("/api/interview/cache?state=complained", headers=ADMIN).json
    assert [each["id"] for each in answer["questions"]] == [cached_id]
    assert answer["counts"]["complained"] == 1


def test_an_edited_question_is_judged_by_itself(client: FlaskClient, interview: dict[str, Any]) -> None:
    address = f"/api/interview/{interview['id']}/questions/1"
    edited = {"spoken_text": "How would you find out which of the two is right?"}
    assert client.patch(address, json=edited, headers={**ADMIN, "If-Match": "*"}).status_code == 200

    answer = say(client, interview, 1, kind="unclear").json

    assert answer["cached_question_id"] is None
    assert said_of(client, interview)[0]["feedback"] == {"unclear": 1}
    shown = cached(client, interview["questions"][0]["cached_question_id"])
    assert (shown["feedback"], shown["complaints"]) == ({}, 0)


def test_people_who_complain_at_the_same_time_are_all_counted(
    app: Flask, client: FlaskClient, interview: dict[str, Any]
) -> None:
    answers: list[int] = []

    def complain(user: str) -> None:
        answers.append(say(app.test_client(), interview, 3, user, kind="unclear").status_code)

    threads = [threading.Thread(target=complain, args=(f"user-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 8
    assert cached(client, interview["questions"][2]["cached_question_id"])["complaints"] == 8


@on_sqlite
def test_what_does_not_fit_is_refused_by_name_and_writes_nothing(
    app: Flask, client: FlaskClient, interview: dict[str, Any]
) -> None:
    label = interview["questions"][0]["criteria"][0]["criterion"]
    for body, field in (
        ({}, "kind"),
        ({"kind": "boring"}, "kind"),
        ({"kind": "always_met"}, "criterion"),
        ({"kind": "never_met", "criterion": "  "}, "criterion"),
        ({"kind": "never_met", "criterion": "Something else"}, "criterion"),
        ({"kind": "unclear", "criterion": label}, "criterion"),
        ({"kind": "unclear", "note": "x" * 1_001}, "note"),
        ({"kind": "unclear", "note": 7}, "note"),
    ):
        answer = say(client, interview, 1, **body)
        assert (answer.status_code, [each["field"] for each in answer.json["details"]]) == (400, [field]), body
        assert field in answer.json["error"]
    assert say(client, interview, 6, kind="unclear").status_code == 404
    assert say(client, {"id": 999_999}, 1, kind="unclear").status_code == 404
    assert client.get("/api/interview/999999/feedback", headers=READER).status_code == 404
    with transaction() as session:
        assert session.scalars(select(QuestionFeedback)).all() == []
        assert session.scalars(select(CachedQuestion.complaints).distinct()).all() == [0]


@on_sqlite
def test_a_note_that_seems_to_be_about_a_person_is_kept_and_reported(
    client: FlaskClient, interview: dict[str, Any]
) -> None:
    note = "She is pregnant and wants to have more children."

    answer = say(client, interview, 1, kind="too_hard", note=note).json

    assert answer["note"] == note
    assert [finding["field"] for finding in answer["note_findings"]] == ["note"]


def test_a_repeat_with_the_same_key_is_answered_from_before(client: FlaskClient, interview: dict[str, Any]) -> None:
    address = f"/api/interview/{interview['id']}/questions/1/feedback"
    headers = {**READER, "Idempotency-Key": "button-1"}
    first = client.post(address, json={"kind": "unclear"}, headers=headers)
    again = client.post(address, json={"kind": "unclear"}, headers=headers)
    other = client.post(address, json={"kind": "too_easy"}, headers=headers)

    assert (first.status_code, again.data, again.headers["Idempotency-Replayed"]) == (200, first.data, "true")
    assert other.status_code == 422
    assert said_of(client, interview)[0]["feedback"] == {"unclear": 1}


def test_a_question_with_enough_complaints_is_no_longer_lent(
    client: FlaskClient, interview: dict[str, Any], requisition: dict[str, Any]
) -> None:
    disliked = interview["questions"][0]["cached_question_id"]
    for user in ("ian", "olga"):
        assert say(client, interview, 1, user, kind="unclear").status_code == 200

    other = made(client, requisition, "REQ-OTHER")

    lent = {question["cached_question_id"] for question in other["questions"] if question["source"] == "cache"}
    assert lent == {each["cached_question_id"] for each in interview["questions"]} - {disliked}


@on_sqlite
def test_a_question_of_the_library_shows_what_was_said_wherever_it_was_used(
    client: FlaskClient, interview: dict[str, Any]
) -> None:
    cached_id = interview["questions"][0]["cached_question_id"]
    with transaction() as session:
        session.execute(update(CachedQuestion).where(CachedQuestion.id == cached_id).values(library_status="active"))
    assert say(client, interview, 1, kind="leaked").status_code == 200

    (shown,) = client.get("/api/interview/library", headers=ADMIN).json["questions"]

    assert (shown["id"], shown["feedback"], shown["complaints"]) == (cached_id, {"leaked": 1}, 1)
