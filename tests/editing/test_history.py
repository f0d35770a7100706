"""The history of interviews and requisitions, the difference between any two states, and both in the evidence."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from models import HistoryEntry, Interview
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, READER, on_sqlite

MORE = " Say why you would."


@pytest.fixture
def app(make_app: Any) -> Any:
    app = make_app()
    with app.app_context():
        yield app


@pytest.fixture
def interview_id(app: Flask, client: FlaskClient, requisition: dict[str, Any]) -> int:
    answer = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    found: int = answer.json["interview_id"]
    return found


def get(client: FlaskClient, address: object, status: int = 200, **query: object) -> dict[str, Any]:
    response = client.get(f"/api/interview/{address}", query_string=query or None, headers=ADMIN)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json
    return answer


def change(client: FlaskClient, method: str, address: object, body: Any = None, user: str = "hanna") -> dict[str, Any]:
    headers = {**ADMIN, "X-User-ID": user, "If-Match": "*"}
    response = client.open(f"/api/interview/{address}", method=method, json=body, headers=headers)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json
    return answer


def steps(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(entry["number"], entry["operation"], entry["user_id"]) for entry in answer["entries"]]


def before_and_after(entry: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [
        (each["before"], each["after"]) for question in entry["difference"]["questions"] for each in question["changes"]
    ]


def test_a_history_says_who_did_what_with_before_and_after(client: FlaskClient, interview_id: int) -> None:
    old = get(client, interview_id)["interview"]["questions"][1]["spoken_text"]
    change(client, "PATCH", f"{interview_id}/questions/2", {"spoken_text": old + MORE})
    change(client, "POST", f"{interview_id}/request-review", {"of": "Paula", "note": "Before Friday, please."}, "otto")
    change(client, "POST", f"{interview_id}/publish", {"note": "Fits the role."}, "paula")

    shown = get(client, f"{interview_id}/history")

    assert steps(shown) == [
        (1, "generated", "anna.admin"),
        (2, "edited", "hanna"),
        (3, "review_requested", "otto"),
        (4, "published", "paula"),
    ]
    generated, edited, asked, published = shown["entries"]
    assert generated["summary"] == ["Generated, with 5 questions"]
    assert generated["difference"] is None
    assert before_and_after(edited) == [(old, old + MORE)]
    assert edited["summary"] == ["Question 2: text changed"]
    assert (asked["summary"], asked["note"]) == (["Review requested of Paula"], "Before Friday, please.")
    assert published["summary"] == ["Approved and published"]
    assert published["note"] == "Fits the role."
    assert generated["previous_hash"] == "0" * 64
    hashes = [entry["entry_hash"] for entry in shown["entries"]]
    assert [entry["previous_hash"] for entry in shown["entries"][1:]] == hashes[:-1]


def test_pages_hold_every_step_once_from_either_end(client: FlaskClient, interview_id: int) -> None:
    for number in range(4):
        change(client, "PATCH", interview_id, {"interview_name": f"Panel {number}"})
    whole = get(client, f"{interview_id}/history")["entries"]
    for order, expected in (("oldest", whole), ("newest", whole[::-1])):
        found: list[Any] = []
        query: dict[str, Any] = {"order": order, "limit": 2}
        for _ in range(3):
            page = get(client, f"{interview_id}/history", **query)
            assert len(page["entries"]) <= 2
            found += page["entries"]
            query["cursor"] = page["next_cursor"]
        assert query["cursor"] is None
        assert found == expected
    other = get(client, f"{interview_id}/history", limit=1)["next_cursor"]
    refused = get(client, f"{interview_id}/history", 400, order="newest", cursor=other)
    assert [problem["field"] for problem in refused["details"]] == ["cursor"]


def test_a_deleted_draft_keeps_its_history_and_is_marked_in_the_evidence(
    client: FlaskClient, interview_id: int
) -> None:
    change(client, "DELETE", interview_id)

    get(client, interview_id, 404)
    shown = get(client, f"{interview_id}/history")
    assert shown["is_deleted"] is True
    assert steps(shown)[-1] == (2, "deleted", "hanna")
    assert shown["entries"][-1]["summary"] == ["Deleted"]
    (kept,) = get(client, "evidence/REQ-12345")["interviews"]
    assert (kept["id"], kept["deleted_at"] is not None) == (interview_id, True)
    assert get(client, f"{interview_id + 1}/history", 404)["code"] == "not_found"


def test_the_history_of_a_requisition_has_its_description_and_all_versions_in_order(
    client: FlaskClient, interview_id: int
) -> None:
    change(client, "PATCH", "jd/REQ-12345", {"enhanced_title": "Payments Engineer"})
    change(client, "POST", f"{interview_id}/archive", {})
    revision = change(client, "POST", f"{interview_id}/revise", {"note": "For the spring."})["interview"]

    first = get(client, "history/REQ-12345", limit=3)
    rest = get(client, "history/REQ-12345", cursor=first["next_cursor"])

    entries = [*first["entries"], *rest["entries"]]
    assert [(entry["subject"], entry["version"], entry["operation"]) for entry in entries] == [
        ("job_description", None, "enhanced"),
        ("interview", 1, "generated"),
        ("job_description", None, "edited"),
        ("interview", 1, "archived"),
        ("interview", 2, "revised"),
    ]
    assert "Title changed" in entries[2]["summary"][0]
    assert entries[4]["subject_id"] == revision["id"]
    assert entries[4]["summary"][0] == "Begun as a revision of version 1"
    assert entries[4]["difference"]["questions"] == []
    assert get(client, "history/REQ-12345", order="newest")["entries"] == entries[::-1]
    get(client, "history/REQ-OTHER", 404)


def test_any_two_states_can_be_compared(client: FlaskClient, interview_id: int) -> None:
    old = get(client, interview_id)["interview"]["questions"][1]["spoken_text"]
    change(client, "PATCH", f"{interview_id}/questions/2", {"spoken_text": old + MORE})
    change(client, "POST", f"{interview_id}/publish", {})
    revision = change(client, "POST", f"{interview_id}/revise", {})["interview"]["id"]
    change(client, "PATCH", f"{revision}/questions/3", {"minutes": 17})
    change(client, "PATCH", revision, {"interview_name": "Spring"})

    def compared(interview: int, **sides: str) -> tuple[Any, Any, list[str]]:
        answer = get(client, f"{interview}/diff", **sides)
        places = [side and (side["version"], side["number"]) for side in (answer["from"], answer["to"])]
        return places[0], places[1], answer["summary"]

    minutes = "Question 3: minutes changed"
    named = "Name changed from “Senior Engineer Interview - Q1 2025” to “Spring”"
    draft = "Status changed from “published” to “draft”"
    assert compared(revision) == ((2, 2), (2, 3), [named])
    assert compared(revision, **{"to": "2"}) == ((2, 1), (2, 2), [minutes])
    assert compared(revision, **{"to": "r1"}) == ((1, 3), (2, 1), [draft])
    assert compared(revision, **{"from": "r1"}) == ((2, 1), (2, 3), [named, minutes])
    assert compared(revision, **{"from": "published"}) == ((1, 3), (2, 3), [named, draft, minutes])
    assert compared(revision, **{"from": "v2", "to": "v1"})[:2] == ((2, 3), (1, 3))
    assert compared(interview_id, **{"from": "1", "to": "2"}) == ((1, 1), (1, 2), ["Question 2: text changed"])
    assert compared(interview_id, **{"to": "1"})[0] is None
    question = get(client, f"{interview_id}/diff", **{"from": "1", "to": "v1"})["difference"]["questions"][0]
    words = question["changes"][0]["words"]
    assert "".join(each["text"] for each in words if each["kind"] != "added") == old
    assert "".join(each["text"] for each in words if each["kind"] != "removed") == old + MORE


@on_sqlite
def test_what_cannot_be_compared_is_said(client: FlaskClient, interview_id: int) -> None:
    for side in ("", "x", "r", "v", "-1", "1.5", "²", "published ", "9" * 5_000):
        answer = get(client, f"{interview_id}/diff", 400, **{"from": side})
        assert [problem["field"] for problem in answer["details"]] == ["from"], side
    for side, said in (("7", "no change 7"), ("999999999", "no change"), ("v9", "no version 9"), ("published", "was")):
        for name in ("from", "to"):
            assert said in get(client, f"{interview_id}/diff", 404, **{name: side})["error"]
    get(client, f"{interview_id + 1}/diff", 404)


def test_what_is_older_than_histories_has_an_empty_one_until_it_is_changed(
    client: FlaskClient, interview_id: int
) -> None:
    with transaction() as session:
        session.execute(delete(HistoryEntry))
        session.execute(update(Interview).values(revision=0))

    assert get(client, f"{interview_id}/history")["entries"] == []
    unchanged = get(client, f"{interview_id}/diff")
    assert (unchanged["difference"]["is_empty"], unchanged["from"]) == (True, unchanged["to"])
    assert get(client, f"{interview_id}/diff", **{"from": "0", "to": "v1"})["difference"]["is_empty"] is True

    change(client, "PATCH", interview_id, {"interview_name": "Spring"})
    shown = get(client, f"{interview_id}/history")
    assert steps(shown) == [(0, "kept", "anna.admin"), (1, "edited", "hanna")]
    assert shown["entries"][0]["difference"] is None
    assert get(client, f"{interview_id}/diff")["from"]["number"] == 0


def test_the_evidence_holds_every_step_with_all_that_its_hash_is_made_of(
    client: FlaskClient, interview_id: int
) -> None:
    change(client, "PATCH", f"{interview_id}/questions/1", {"question_text": "How old are you, and are you married?"})
    found = get(client, interview_id)["interview"]["quality"]["findings"]
    finding = next(each["id"] for each in found if each["kind"] == "prohibited_subject")
    said = {"reason": "A sample for the training of interviewers."}
    change(client, "POST", f"{interview_id}/findings/{finding}/override", said, "otto")
    change(client, "DELETE", f"{interview_id}/findings/{finding}/override")
    change(client, "POST", f"{interview_id}/findings/{finding}/override", said, "otto")

    evidence = get(client, "evidence/REQ-12345")

    history = evidence["history"]
    assert [entry["operation"] for entry in history] == [
        "enhanced",
        "generated",
        "edited",
        "finding_overridden",
        "override_withdrawn",
        "finding_overridden",
    ]
    for entry in history:
        hashed = [
            entry["previous_hash"],
            entry["subject"],
            entry["subject_id"],
            entry["number"],
            "REQ-12345",
            entry["operation"],
            entry["user_id"],
            entry["note"],
            entry["state"],
            entry["recorded_at"],
        ]
        assert hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest() == entry["entry_hash"]
    override = history[3]["overridden"][finding]
    assert (override["reason"], override["user_id"]) == (said["reason"], "otto")
    assert history[4]["withdrawn"] == [finding]
    assert [name for entry in history for name in entry["overridden"]] == [finding, finding]
    assert list(evidence["interviews"][0]["overrides"]) == [finding]
    shown = get(client, f"{interview_id}/history")["entries"]
    assert [{name: entry[name] for name in shown[0]} for entry in history[1:]] == shown


@on_sqlite
def test_readers_may_see_it_and_strangers_may_not(client: FlaskClient, interview_id: int) -> None:
    for address in (f"{interview_id}/history", f"{interview_id}/diff", "history/REQ-12345"):
        assert client.get(f"/api/interview/{address}", headers=READER).status_code == 200
        assert client.get(f"/api/interview/{address}").status_code == 401
