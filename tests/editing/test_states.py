"""Draft, published, archived: who approves, what must be settled first, and that a published one never changes."""

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

PERSONAL = "Are you married, and do you want children?"


def steps(app: Flask, interview_id: int) -> list[str]:
    of_it = [
        entry for entry in all_of(app, HistoryEntry) if (entry.subject, entry.subject_id) == ("interview", interview_id)
    ]
    return [entry.operation for entry in sorted(of_it, key=lambda entry: entry.revision)]


def personal_findings(interview: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in interview["quality"]["findings"] if finding["kind"] == "prohibited_subject"]


def test_a_draft_is_reviewed_approved_revised_and_approved_again(draft: Draft, client: FlaskClient, app: Flask) -> None:
    asked = draft.ok("POST", "/request-review", {"of": "ada.lead", "note": "Please by Friday."})
    assert (asked["review_requested_by_user_id"], asked["review_requested_of"]) == (EDITOR["X-User-ID"], "ada.lead")
    assert asked["status"] == "draft"

    draft.headers = OTHER_EDITOR
    published = draft.ok("POST", "/publish", {"note": "Fit for the panel."})
    assert (published["status"], published["approved_by_user_id"]) == ("published", OTHER_EDITOR["X-User-ID"])
    assert published["approval_note"] == "Fit for the panel."
    assert published["published_at"]

    answer = draft.call("POST", "/revise", {"note": "A leak."})
    revision = Draft(client, answer.json["interview"], OTHER_EDITOR)
    assert (revision.now["status"], revision.now["version"], revision.now["revised_from_id"]) == ("draft", 2, draft.id)
    same = ("lineage", "question_text", "criteria", "follow_ups", "topic", "question_number")
    assert [{k: q[k] for k in same} for q in revision.now["questions"]] == [
        {k: q[k] for k in same} for q in published["questions"]
    ]
    assert draft.call("POST", "/revise", {}).json["code"] == "not_editable"  # there is a draft of it already

    revision.ok("PATCH", "/questions/1", {"minutes": 4})
    revision.ok("POST", "/publish", {})
    assert draft.read()["status"] == "archived"
    assert steps(app, draft.id) == ["generated", "review_requested", "published", "archived"]
    assert steps(app, revision.id) == ["revised", "edited", "published"]
    operations = [row.operation_type for row in all_of(app, GenerationLog)]
    assert operations == [
        "jd_enhancement",
        "interview_generation",
        "request_review",
        "publish",
        "revise",
        "edit",
        "publish",
    ]


def test_a_published_interview_never_changes(draft: Draft, app: Flask) -> None:
    published = draft.ok("POST", "/publish", {})
    for method, path, body in (
        ("PATCH", "", {"interview_name": "X"}),
        ("PATCH", "/questions/1", {"locked": True}),
        ("PUT", "/order", {"order": [2, 1, 3, 4, 5]}),
        ("POST", "/questions", {"question_text": "More?"}),
        ("DELETE", "/questions/1", None),
        ("DELETE", "", None),
        ("POST", "/publish", {}),
        ("POST", "/request-review", {}),
    ):
        refused = draft.call(method, path, body)
        assert (refused.status_code, refused.json["code"]) == (409, "not_editable"), path
        instead = "archive" if (method, path) == ("DELETE", "") else "revise"
        assert instead in refused.json["error"]
    assert draft.read() == published


def test_what_is_missing_is_listed_before_publishing(draft: Draft) -> None:
    draft.ok("PATCH", "/questions/2", {"criteria": [{"criterion": "One"}, {"criterion": "one"}]})
    draft.ok("PATCH", "/questions/4", {"spoken_text": PERSONAL})
    draft.ok("DELETE", "/questions/5")

    refused = draft.call("POST", "/publish", {})

    assert (refused.status_code, refused.json["code"]) == (422, "not_publishable")
    fields = [detail["field"] for detail in refused.json["details"]]
    assert fields == ["questions", "questions[1].criteria", "questions[1].criteria", "questions[3].question_text"]
    assert draft.read()["status"] == "draft"


def test_a_finding_is_overridden_with_a_reason_that_stays_until_the_text_changes(draft: Draft, app: Flask) -> None:
    (finding,) = personal_findings(draft.ok("PATCH", "/questions/4", {"spoken_text": PERSONAL}))
    path = f"/findings/{finding['id']}/override"
    assert draft.call("POST", "/findings/0000000000000000/override", {"reason": "No."}).status_code == 404
    assert draft.call("POST", path, {"reason": " "}).status_code == 400

    (overridden,) = personal_findings(draft.ok("POST", path, {"reason": "It is quoted as a bad example."}))
    assert (overridden["override"]["reason"], overridden["override"]["user_id"]) == (
        "It is quoted as a bad example.",
        EDITOR["X-User-ID"],
    )
    assert personal_findings(draft.ok("DELETE", path))[0]["override"] is None
    assert draft.call("DELETE", path).status_code == 404
    assert draft.call("POST", "/publish", {}).status_code == 422

    draft.ok("POST", path, {"reason": "It is quoted as a bad example."})
    draft.ok("PUT", "/order", {"order": [4, 1, 2, 3, 5]})
    draft.ok("PATCH", "/questions/1", {"spoken_text": f"{PERSONAL} And why?"})
    assert any(finding["override"] is None for finding in personal_findings(draft.now))
    draft.ok("PATCH", "/questions/1", {"spoken_text": PERSONAL})
    assert personal_findings(draft.now)[0]["override"] is None  # it went with the text
    draft.ok("POST", path, {"reason": "It is quoted as a bad example."})
    draft.ok("POST", "/publish", {})
    notes = [entry.note for entry in all_of(app, HistoryEntry) if entry.operation == "finding_overridden"]
    assert notes == 3 * ["It is quoted as a bad example."]


@on_sqlite
def test_somebody_else_must_approve_where_that_is_required(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    client = make_app(REQUIRE_SECOND_APPROVER=True).test_client()
    draft = Draft(client, workflow(client, requisition).json["interview"], ADMIN)
    refused = draft.call("POST", "/publish", {})
    assert [detail["field"] for detail in refused.json["details"]] == ["approver"]
    draft.headers = EDITOR
    draft.ok("PATCH", "", {"interview_name": "Mine now"})
    assert draft.call("POST", "/publish", {}).status_code == 422
    draft.headers = ADMIN
    assert draft.ok("POST", "/publish", {})["approved_by_user_id"] == ADMIN["X-User-ID"]


def test_archived_and_restored_into_the_state_it_had(draft: Draft, client: FlaskClient) -> None:
    draft.ok("POST", "/archive", {"note": "Later."})
    assert draft.now["status"] == "archived"
    for path in ("/archive", "/publish"):
        assert draft.call("POST", path, {}).json["code"] == "not_editable"
    assert draft.ok("POST", "/restore", {})["status"] == "draft"
    assert draft.call("POST", "/restore", {}).json["code"] == "not_editable"
    draft.ok("POST", "/publish", {})
    draft.ok("POST", "/archive", {})
    assert draft.ok("POST", "/restore", {})["status"] == "published"

    revision = Draft(client, draft.call("POST", "/revise", {}).json["interview"])
    revision.ok("POST", "/publish", {})
    draft.read()
    refused = draft.call("POST", "/restore", {})
    assert (refused.status_code, str(revision.id) in refused.json["error"]) == (409, True)


def test_interviews_are_listed_by_their_state_and_a_deleted_draft_is_gone_but_not_its_history(
    draft: Draft, client: FlaskClient, app: Flask, requisition: dict[str, Any]
) -> None:
    second = Draft(client, workflow(client, requisition).json["interview"])
    draft.ok("POST", "/publish", {})

    def listed(**query: str) -> list[int]:
        address = f"/api/interview/req/{requisition['req_id']}"
        return [one["id"] for one in client.get(address, query_string=query, headers=READER).json["interviews"]]

    assert listed() == [draft.id, second.id]
    assert (listed(status="draft"), listed(status="published"), listed(status="archived")) == (
        [second.id],
        [draft.id],
        [],
    )
    assert listed(status="draft", limit="1") == [second.id]
    assert client.get("/api/interview/req/x?status=gone", headers=READER).status_code == 400

    second.call("DELETE")
    assert listed() == [draft.id]
    assert client.get(f"/api/interview/{second.id}", headers=READER).status_code == 404
    assert second.call("PATCH", "", {"interview_name": "X"}).status_code == 404
    assert steps(app, second.id) == ["generated", "deleted"]
    third = workflow(client, requisition).json["interview"]
    assert third["version"] == 3


def test_of_two_published_at_once_under_one_name_one_stays_published(
    make_app: MakeApp, requisition: dict[str, Any]
) -> None:
    app = make_app()
    made = [workflow(app.test_client(), requisition).json["interview"] for _ in range(4)]
    start, answers = threading.Barrier(4), []

    def publish(interview: dict[str, Any]) -> None:
        mine = Draft(app.test_client(), interview)
        start.wait()
        answers.append(mine.call("POST", "/publish", {}))

    people = [threading.Thread(target=publish, args=(interview,)) for interview in made]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert [answer.status_code for answer in answers] == 4 * [200], [answer.text for answer in answers]
    assert sorted(interview.status for interview in all_of(app, Interview)) == 3 * ["archived"] + ["published"]


@on_sqlite
@pytest.mark.parametrize("path", ["/publish", "/archive", "/restore", "/revise", "/request-review"])
def test_readers_do_none_of_it(draft: Draft, path: str) -> None:
    draft.headers = READER
    assert draft.call("POST", path, {}).status_code == 403


@on_sqlite
def test_what_is_missing_can_be_asked_without_publishing(draft: Draft) -> None:
    assert draft.ok("POST", "/publish", {"dry_run": True})["status"] == "draft"
    assert draft.now["revision"] == 1
    draft.ok("DELETE", "/questions/5")
    refused = draft.call("POST", "/publish", {"dry_run": True})
    assert (refused.status_code, [each["field"] for each in refused.json["details"]]) == (422, ["questions"])


@on_sqlite
def test_a_body_may_be_left_out_where_nothing_in_it_is_required(draft: Draft, client: FlaskClient) -> None:
    def post(path: str) -> Any:
        headers = {**EDITOR, "If-Match": draft.etag}
        return client.post(f"/api/interview/{draft.id}{path}", headers=headers)

    assert post("/publish").status_code == 200
    draft.read()
    assert post("/archive").json["interview"]["status"] == "archived"
    assert post("/questions").status_code == 415  # a question cannot be left out


@on_sqlite
def test_the_answer_of_a_generation_has_the_tag_that_a_change_needs(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = workflow(client, requisition)
    assert made.headers["ETag"] == made.json["etag"] == made.json["interview"]["etag"]
    headers = {**EDITOR, "If-Match": made.headers["ETag"]}
    assert client.post(f"/api/interview/{made.json['interview_id']}/archive", headers=headers).status_code == 200
