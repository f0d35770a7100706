"""A team's own questions, one by one: kept word for word, found, changed by one person at a time, retired."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from models import CachedQuestion, GenerationLog
from tests.conftest import ADMIN, READER, on_sqlite
from tests.support.fake_answers import good_question
from tests.support.workflows import all_of, workflow

LIBRARY = "/api/interview/library"
EDITOR = {"X-User-ID": "hanna.manager", "X-User-Role": "hiring_manager"}


def a_question(topic: str = "Kafka consumer groups", **changes: Any) -> dict[str, Any]:
    made = good_question({"topic": topic, "taken": []})
    return {
        "question_text": made["spoken_text"],
        "topic": topic,
        "skill_level": "Advanced",
        **{name: made[name] for name in ("criteria", "follow_ups", "rating_anchors", "minutes")},
        **changes,
    }


def created(client: FlaskClient, **changes: Any) -> Any:
    response = client.post(LIBRARY, json=a_question(**changes), headers=EDITOR)
    assert response.status_code == 200, response.text
    return response.json


def test_a_question_is_kept_word_for_word_and_its_findings_are_reported(app: Flask, client: FlaskClient) -> None:
    text = "  <b>Are you pregnant?</b>\t“Ünïcode” 🚀\n"

    answer = created(
        client,
        question_text=text,
        exhibit={"kind": "code", "text": "  a\n  b "},
        minutes=45,
        language="de-AT",
        reference="OURS-1",
        owner="Payments team",
        review_on="2027-01-31",
    )

    question = answer["question"]
    assert (question["spoken_text"], question["exhibit"]["text"]) == (text, "  a\n  b ")
    assert (question["minutes"], question["language"], question["review_on"]) == (45, "de-AT", "2027-01-31")
    assert (question["status"], question["model"], question["sample"]) == ("active", None, False)
    assert {finding["kind"] for finding in answer["findings"]} >= {"markup", "prohibited_subject"}
    again = client.get(f"{LIBRARY}/{question['id']}", headers=READER)
    assert (again.json["question"], again.headers["ETag"]) == (question, question["etag"])
    (row,) = all_of(app, GenerationLog)
    assert (row.operation_type, row.user_id, row.result_id) == ("library", "hanna.manager", question["id"])


@on_sqlite
def test_who_may_read_may_not_write(client: FlaskClient) -> None:
    kept = created(client)["question"]

    statuses = [
        client.post(LIBRARY, json=a_question(), headers=READER).status_code,
        client.post(f"{LIBRARY}/import", json=[], headers=READER).status_code,
        client.patch(f"{LIBRARY}/{kept['id']}", json={"owner": "x"}, headers=READER).status_code,
        client.get(LIBRARY, headers=READER).status_code,
    ]

    assert statuses == [403, 403, 403, 200]


def test_nobody_overwrites_anybody(client: FlaskClient) -> None:
    kept = created(client, reference="OURS-1", owner="A")["question"]
    address, seen = f"{LIBRARY}/{kept['id']}", {**EDITOR, "If-Match": kept["etag"]}

    first = client.patch(address, json={"owner": "B", "topic": "RabbitMQ quorum queues"}, headers=seen)
    second = client.patch(address, json={"owner": "C"}, headers=seen)
    without = client.patch(address, json={"owner": "C"}, headers=EDITOR)
    same = client.patch(address, json={"owner": "B"}, headers={**EDITOR, "If-Match": first.headers["ETag"]})

    assert first.json["question"]["owner"] == "B"
    assert first.json["question"]["criteria"] == kept["criteria"]
    assert (second.status_code, second.json["code"], second.json["current"]["owner"]) == (412, "stale", "B")
    assert without.status_code == 428
    assert same.headers["ETag"] == first.headers["ETag"]


def test_a_reference_belongs_to_one_question(client: FlaskClient) -> None:
    created(client, reference="OURS-1")
    other = created(client, topic="Go channels")["question"]
    headers = {**EDITOR, "If-Match": other["etag"]}

    again = client.post(LIBRARY, json=a_question(reference="OURS-1"), headers=EDITOR)
    taken = client.patch(f"{LIBRARY}/{other['id']}", json={"reference": "OURS-1"}, headers=headers)

    for refused in (again, taken):
        assert (refused.status_code, refused.json["code"]) == (409, "reference_taken")
        assert refused.json["details"][0]["field"] == "reference"


def test_a_key_repeats_nothing(app: Flask, client: FlaskClient) -> None:
    headers = {**EDITOR, "Idempotency-Key": "k", "If-Match": "*"}

    first, again = (client.post(LIBRARY, json=a_question(review_on="2027-01-31"), headers=headers) for _ in range(2))

    assert (again.json, again.headers["ETag"]) == (first.json, first.headers["ETag"])
    assert len(all_of(app, CachedQuestion)) == 1


def test_the_list_is_filtered_and_paged(client: FlaskClient) -> None:
    ids = [
        created(client, topic=f"Kafka topic {word}", owner="A")["question"]["id"] for word in ("one", "two", "three")
    ]
    created(client, topic="Go channels", technologies=["golang"], language="de", status="draft", review_on="2026-01-02")

    def listed(**query: Any) -> Any:
        return client.get(LIBRARY, query_string=query, headers=READER).json

    pages = [listed(owner="A", page_size=2)]
    pages.append(listed(owner="A", page_size=2, cursor=pages[0]["next_cursor"]))
    assert [question["id"] for page in pages for question in page["questions"]] == ids[::-1]
    assert pages[1]["next_cursor"] is None
    for query in (
        {"topic": "chan"},
        {"technology": "Go"},
        {"language": "DE"},
        {"status": "draft"},
        {"review_due": "2026-01-02"},
    ):
        assert [question["topic"] for question in listed(**query)["questions"]] == ["Go channels"], query
    assert listed(review_due="2026-01-01")["questions"] == listed(status="retired")["questions"] == []
    wrong = client.get(LIBRARY, query_string={"owner": "B", "cursor": pages[0]["next_cursor"]}, headers=READER)
    assert wrong.json["details"][0]["field"] == "cursor"


def test_a_retired_question_comes_back(client: FlaskClient) -> None:
    kept = created(client)["question"]
    address = f"{LIBRARY}/{kept['id']}"
    any_state = {**EDITOR, "If-Match": "*"}

    retired = client.patch(address, json={"status": "retired", "reason": "Leaked."}, headers=any_state).json["question"]
    back = client.patch(address, json={"status": "active"}, headers=any_state).json["question"]

    assert (retired["status"], retired["retired_reason"]) == ("retired", "Leaked.")
    assert (back["status"], back["retired_at"], back["retired_reason"]) == ("active", None, None)
    by_admin = client.post(f"/api/interview/cache/{kept['id']}/retire", json={"reason": "No."}, headers=ADMIN)
    assert by_admin.json["question"]["state"] == "retired"
    stale = client.patch(address, json={"status": "active"}, headers={**EDITOR, "If-Match": back["etag"]})
    assert stale.status_code == 412


def test_a_question_of_an_interview_is_saved_once_as_it_is(client: FlaskClient, requisition: dict[str, Any]) -> None:
    made = workflow(client, requisition).json
    asked = made["interview"]["questions"][1]
    address = f"/api/interview/{made['interview_id']}/questions/2/save-to-library"

    saved = client.post(address, json={"owner": "Payments"}, headers=EDITOR)
    again = client.post(address, json={}, headers=EDITOR)
    by_another_name = client.post(address, json={"reference": "OURS-7"}, headers=EDITOR)
    missing = client.post(address.replace("/2/", "/9/"), json={}, headers=EDITOR)

    question = saved.json["question"]
    for name in (
        "question_text",
        "exhibit",
        "minutes",
        "follow_ups",
        "rating_anchors",
        "topic",
        "skill_level",
        "model",
    ):
        assert question[name] == asked[name], name
    assert [each["criterion"] for each in question["criteria"]] == [each["criterion"] for each in asked["criteria"]]
    assert (question["technologies"], question["owner"]) == (["python"], "Payments")
    assert (again.status_code, again.json["code"]) == (409, "reference_taken")
    assert by_another_name.json["question"]["reference"] == "OURS-7"
    assert missing.status_code == 404
