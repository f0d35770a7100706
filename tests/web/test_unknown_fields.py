"""A field that nobody knows is skipped, and the answer says so, whichever way it is given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel

from techscreen.jobs import watch as job_watch
from techscreen.schemas.editing import NewQuestion
from techscreen.schemas.generation import Answer, EnhanceRequest
from techscreen.schemas.text_checks import CheckRequest
from techscreen.schemas.unknown_fields import MAX_NAME, MAX_WARNINGS, closest, unknown_in_body, unknown_in_query
from techscreen.web.endpoint import declaration_of
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.jobs.test_jobs import CREATE, ENHANCE, GENERATE, LATER, QUICK_HEART, WORKFLOW, ended
from tests.support.fake_claude import FakeClaude, error_reply
from tests.support.tables import table
from tests.web.test_events import events_of, listen

MISSPELT = [{"field": "work_ouput", "message": "work_ouput is not known; did you mean work_output?"}]
EDITOR = {"X-User-ID": "hanna", "X-User-Role": "hiring_manager"}


@pytest.fixture
def misspelt(requisition: dict[str, Any]) -> dict[str, Any]:
    requisition["work_ouput"] = requisition.pop("work_output")
    del requisition["interview_name"]  # an enhancement has none
    return requisition


# ----------------------------------------------------------------------------------- what is found


@table(
    ("name", "meant"),
    [
        ("work_ouput", "work_output"),
        ("workOutput", "work_output"),
        ("Work-Knowledge", "work_knowledge"),
        ("work_competences", "work_competencies"),
        ("description", "basic_description"),
        ("title", "basic_title"),
        ("req_ID", "req_id"),
        ("salary", None),
        ("work", None),
        ("", None),
        ("💥", None),
        ("id", None),
    ],
)
def test_only_what_is_close_is_suggested(name: str, meant: str | None) -> None:
    assert closest(name, EnhanceRequest.model_fields) == meant


def test_those_of_nested_objects_are_named_by_their_path() -> None:
    nested = {
        "question_text": "Why?",
        "criteria": [{"criterion": "a"}, {"criterion": "b", "desciption": "c"}],
        "rating_anchors": {"low": "", "middle": "m"},
        "exhibit": {"kind": "code", "text": "x", "lang": "py"},
    }
    assert [warning.message for warning in unknown_in_body(NewQuestion, nested)] == [
        "criteria.1.desciption is not known; did you mean description?",
        "rating_anchors.middle is not known.",
        "exhibit.lang is not known.",
    ]


def test_what_is_said_of_them_is_bounded_and_on_one_line() -> None:
    sent = {f"x{number}\n\x1b[31m{'y' * 1_000}": 1 for number in range(5_000)}
    warnings = unknown_in_body(EnhanceRequest, sent)

    assert len(warnings) == MAX_WARNINGS
    assert warnings[-1].message == f"{5_000 - MAX_WARNINGS + 1} more fields are not known."
    for warning in warnings:
        assert warning.message.isprintable()
        assert len(warning.message) < 2 * MAX_NAME
        assert warning.field.isprintable()


def test_nothing_is_found_in_what_fits_or_is_of_a_wrong_type() -> None:
    assert unknown_in_body(CheckRequest, {"texts": "text"}) == []
    assert unknown_in_body(CheckRequest, {"texts": [1, None, ["a"]], "language": {"a": 1}}) == []
    assert unknown_in_query(None, []) == []


# ----------------------------------------------------------------------------------- what is answered


@on_sqlite
@table("path", [ENHANCE, WORKFLOW, CREATE])
def test_a_misspelt_field_is_named_and_the_rest_is_done(
    client: FlaskClient, misspelt: dict[str, Any], path: str
) -> None:
    answer = client.post(path, json=misspelt, headers=ADMIN)

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["warnings"] == MISSPELT


@on_sqlite
def test_without_one_there_are_no_warnings(client: FlaskClient, requisition: dict[str, Any]) -> None:
    answer = client.post(WORKFLOW, json=requisition, headers=ADMIN)
    assert answer.json is not None
    assert "warnings" not in answer.json


@on_sqlite
def test_a_repeat_with_the_same_key_warns_alike(client: FlaskClient, misspelt: dict[str, Any]) -> None:
    keyed = {**ADMIN, "Idempotency-Key": "k"}
    first, second = (client.post(WORKFLOW, json=misspelt, headers=keyed) for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.json is not None
    assert first.json["warnings"] == MISSPELT
    assert second.json == first.json


@on_sqlite
def test_a_repeat_that_is_misspelt_warns_of_it_too(client: FlaskClient, requisition: dict[str, Any]) -> None:
    keyed = {**ADMIN, "Idempotency-Key": "k"}
    first = client.post(WORKFLOW, json=requisition, headers=keyed).get_json()
    second = client.post(WORKFLOW, json={**requisition, "work_ouput": "A ledger", "": 1}, headers=keyed)

    assert second.headers["Idempotency-Replayed"] == "true"
    nameless = {"field": "", "message": "A field without a name is not known."}
    told = second.get_json()
    assert sorted(told.pop("warnings"), key=str) == [nameless, *MISSPELT]
    assert told == first


@on_sqlite
def test_of_a_second_try_with_the_same_key_only_its_own_are_told(
    client: FlaskClient, misspelt: dict[str, Any], fake: FakeClaude
) -> None:
    keyed = {**ADMIN, "Idempotency-Key": "k"}
    fake.next(*[error_reply(401, "authentication_error")] * 3)
    failed = client.post(ENHANCE, json=misspelt, headers=keyed)
    without = {name: value for name, value in misspelt.items() if name != "work_ouput"}
    fake.forget()
    done = client.post(ENHANCE, json=without, headers=keyed)

    assert failed.status_code >= 500
    assert failed.json is not None
    assert failed.json["warnings"] == MISSPELT
    assert done.status_code == 200, done.json
    assert done.json is not None
    assert "warnings" not in done.json


@on_sqlite
def test_a_stream_tells_them_with_its_job_and_in_the_end(
    client: FlaskClient, misspelt: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_watch, "LOOK_INTERVAL", 0.02)
    events = events_of(listen(client, WORKFLOW, misspelt))
    job = events[0][1]

    assert (events[0][0], job["warnings"]) == ("job", MISSPELT)
    assert (events[-1][0], events[-1][1]["warnings"]) == ("done", MISSPELT)
    again = events_of(listen(client, f"/api/interview/jobs/{job['job_id']}/events"))
    assert again[0] == events[0]
    assert again[-1] == events[-1]


@on_sqlite
def test_work_in_the_background_tells_them_when_accepted_and_in_the_end(
    make_app: MakeApp, misspelt: dict[str, Any]
) -> None:
    client = make_app(**QUICK_HEART).test_client()
    accepted = client.post(WORKFLOW, json=misspelt, headers={**ADMIN, **LATER})

    assert accepted.status_code == 202
    assert accepted.json is not None
    assert accepted.json["warnings"] == MISSPELT
    assert ended(client, accepted.json["job_id"])["result"]["warnings"] == MISSPELT


@on_sqlite
def test_a_required_field_that_is_misspelt_is_refused_with_what_was_meant(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    requisition["basic_descripton"] = requisition.pop("basic_description")
    answer = client.post(ENHANCE, json=requisition, headers=ADMIN)

    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["details"] == [
        {"field": "basic_description", "message": "basic_description is required."},
    ]
    assert answer.json["warnings"][0]["message"] == "basic_descripton is not known; did you mean basic_description?"


@on_sqlite
def test_a_change_tells_what_it_has_skipped(client: FlaskClient, requisition: dict[str, Any]) -> None:
    interview = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()["interview"]
    headers = {**EDITOR, "If-Match": interview["etag"]}
    path = f"/api/interview/{interview['id']}/questions/1"
    patch = {"topic": "Queues", "critera": []}
    for key in ({}, {"Idempotency-Key": "a"}):
        answer = client.patch(path, json=patch, headers={**headers, **key})
        assert answer.status_code == 200, answer.json
        assert answer.get_json()["warnings"] == [
            {"field": "critera", "message": "critera is not known; did you mean criteria?"}
        ]
        headers["If-Match"] = answer.headers["ETag"]


@on_sqlite
@table(
    ("path", "known"),
    [
        ("/api/interview/requisitions?serch=a", "search"),
        ("/api/interview/req/R-1?limt=5", "limit"),
        ("/api/interview/req/R-1?limit=5&curser=a", "cursor"),
        ("/api/interview/jobs?stat=failed", "status"),
        ("/api/interview/logs?form=2026-01-01", "from"),
        ("/api/interview/usage?groupBy=user", "group_by"),
        ("/api/interview/cache?page-size=2", "page_size"),
        ("/api/interview/library?attentoin=complained", "attention"),
    ],
)
def test_a_parameter_that_is_misspelt_is_named(client: FlaskClient, path: str, known: str) -> None:
    answer = client.get(path, headers=ADMIN)

    assert answer.status_code == 200, answer.json
    (warning,) = answer.get_json()["warnings"]
    assert warning["message"] == f"{warning['field']} is not known; did you mean {known}?"


@on_sqlite
def test_a_long_list_that_is_sent_in_parts_begins_with_them(client: FlaskClient, requisition: dict[str, Any]) -> None:
    described = client.post(ENHANCE, json=requisition, headers=ADMIN).get_json()
    body = {"req_id": described["req_id"], "job_description_id": described["job_description_id"]}
    client.post(GENERATE, json=body, headers=ADMIN)
    answer = client.get(f"/api/interview/req/{described['req_id']}?page=1", headers=READER).get_json()

    assert answer["warnings"] == [{"field": "page", "message": "page is not known."}]
    assert len(answer["interviews"]) == answer["total"] == 1


@on_sqlite
def test_who_takes_no_parameters_says_so(client: FlaskClient, requisition: dict[str, Any]) -> None:
    answer = client.post(f"{WORKFLOW}?use_library=only", json=requisition, headers=ADMIN).get_json()
    assert answer["warnings"] == [{"field": "use_library", "message": "use_library is not known."}]


@on_sqlite
def test_what_was_exported_is_imported_without_a_warning(client: FlaskClient, requisition: dict[str, Any]) -> None:
    interview_id = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()["interview_id"]
    exported = client.get(f"/api/interview/{interview_id}/export?format=json", headers=READER).get_data()
    answer = client.post("/api/interview/import", json={"interview": json.loads(exported)}, headers=EDITOR)

    assert answer.status_code == 200
    assert "warnings" not in answer.get_json()


# ----------------------------------------------------------------------------------- the kind


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation names, but not those of a dictionary."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not dict:
        for part in get_args(annotation):
            yield from models_in(part)


@on_sqlite
def test_every_body_is_looked_through_and_every_answer_can_warn(app: Flask) -> None:
    declared = [one for view in app.view_functions.values() if (one := declaration_of(view)) is not None]
    bodies = {one.body for one in declared if one.body is not None}
    answers = {one.answer for one in declared if one.body is not None or one.query is not None}

    assert len(bodies) > 15
    assert [each for each in answers if isinstance(each, type) and not issubclass(each, Answer)] == []
    for body in bodies:
        assert body.model_config.get("extra", "ignore") == "ignore", body
        for name, field in body.model_fields.items():
            nested = list(models_in(field.annotation))
            assert len(nested) <= 1, f"{body.__name__}.{name}: which of them an object is would have to be known"
            if nested:
                (found,) = unknown_in_body(body, {name: {"nobody_knows": 1}})
                assert found.field == f"{name}.nobody_knows"


@on_sqlite
def test_the_document_describes_them(client: FlaskClient) -> None:
    schemas = client.get("/api/interview/openapi.json").get_json()["components"]["schemas"]
    for name in ("WorkflowAnswer", "JobAcceptedAnswer", "JobEvent", "InterviewsAnswer", "ErrorAnswer"):
        assert "warnings" in schemas[name]["properties"], name
        assert "warnings" not in schemas[name].get("required", ()), name
    assert schemas["FieldWarning"]["required"] == ["field", "message"]
