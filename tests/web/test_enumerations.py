"""Fields with a closed set of values are enumerations in the OpenAPI document, and old values are served as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from models import (
    CachedQuestion,
    GenerationJob,
    GenerationLog,
    HistoryEntry,
    Interview,
    InterviewQuestion,
    db,
)
from prompts import QuestionType, SkillLevel
from techscreen.schemas.generation import InterviewStatus, QuestionSource
from techscreen.schemas.jobs import JobOperation, JobStatus
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, on_sqlite
from tests.jobs.test_jobs import WORKFLOW
from tests.support.tables import table

# Names of fields and parameters whose values are a closed set, wherever they occur.
CLOSED = {
    *("status", "state", "source", "question_type", "skill_level", "kind", "found_by", "subject", "operation"),
    *("operation_type", "order", "group_by", "on_conflict", "attention", "use_library", "code", "format"),
}
# Where one of these names means something else.
OPEN = {("QuestionOrder", "order"), ("PortableQuestion", "source")}
ODD = "of_long_ago"

Json = dict[str, Any]


@pytest.fixture
def document(client: FlaskClient) -> Json:
    content: Json = client.get("/api/interview/openapi.json").get_json()
    return content


def texts_without_values(schema: Json) -> Iterator[Json]:
    """The parts of a schema that allow any text."""
    for part in (schema, *schema.get("anyOf", ()), schema.get("items", {})):
        if part.get("type") == "string" and not {"enum", "const"} & set(part):
            yield part


@on_sqlite
def test_every_field_with_a_closed_set_of_values_says_which(document: Json) -> None:
    schemas = document["components"]["schemas"]
    fields = [
        ((model, name), field)
        for model, schema in schemas.items()
        for name, field in schema.get("properties", {}).items()
        if name in CLOSED and (model, name) not in OPEN
    ]
    assert len(fields) > 60
    assert [place for place, field in fields if list(texts_without_values(field))] == []


@on_sqlite
def test_every_parameter_with_a_closed_set_of_values_says_which(document: Json) -> None:
    parameters = [
        ((path, parameter["name"]), parameter["schema"])
        for path, item in document["paths"].items()
        for operation in item.values()
        for parameter in operation["parameters"]
        if parameter.get("in") == "query" and parameter["name"] in CLOSED
    ]
    assert len(parameters) > 10
    assert [place for place, schema in parameters if list(texts_without_values(schema))] == []


@on_sqlite
@table(
    ("model", "field", "literal"),
    [
        ("InterviewView", "status", InterviewStatus),
        ("QuestionView", "source", QuestionSource),
        ("QuestionView", "question_type", QuestionType),
        ("QuestionView", "skill_level", SkillLevel),
        ("JobView", "status", JobStatus),
        ("JobView", "operation", JobOperation),
    ],
)
def test_they_are_the_values_that_are_written(document: Json, model: str, field: str, literal: Any) -> None:
    assert document["components"]["schemas"][model]["properties"][field]["enum"] == list(get_args(literal))


@on_sqlite
def test_the_operations_of_jobs_are_those_of_the_table(app: Flask) -> None:
    with app.app_context():
        assert set(get_args(JobOperation)) == set(current_runtime().operations)


@on_sqlite
def test_a_value_of_an_older_version_is_served_as_it_is(app: Flask, client: FlaskClient, requisition: Json) -> None:
    made = client.post(WORKFLOW, json=requisition, headers={**ADMIN, "Idempotency-Key": "k"}).get_json()
    interview_id, req_id = made["interview_id"], made["req_id"]
    with app.app_context():
        for change in (
            update(Interview).values(status=ODD),
            update(InterviewQuestion).values(
                question_type=ODD,
                skill_level=ODD,
                source=ODD,
                exhibit={"kind": ODD, "text": "x"},
                work_items=[{"field": ODD, "part": "x"}],
            ),
            update(HistoryEntry).values(operation=ODD),
            update(GenerationLog).values(operation_type=ODD, status=ODD),
            update(GenerationJob).values(operation=ODD, status=ODD),
            update(CachedQuestion).values(question_type=ODD, skill_level=ODD),
        ):
            assert db.session.execute(change).rowcount, change  # type: ignore[attr-defined]  # of a CursorResult
        db.session.commit()

    def read(path: str) -> Json:
        answer = client.get(f"/api/interview/{path}", headers=ADMIN)
        assert answer.status_code == 200, (path, answer.get_json())
        found: Json = answer.get_json()
        return found

    interview = read(str(interview_id))["interview"]
    assert interview["status"] == ODD
    assert {(each["question_type"], each["source"]) for each in interview["questions"]} == {(ODD, ODD)}
    (job,) = read("jobs")["jobs"]
    assert (job["operation"], job["status"]) == (ODD, ODD)
    assert {each["operation"] for each in read(f"{interview_id}/history")["entries"]} == {ODD}
    assert {each["status"] for each in read("logs")["logs"]} == {ODD}
    assert {each["skill_level"] for each in read("cache")["questions"]} == {ODD}
    for path in (
        *(f"req/{req_id}", f"jd/{req_id}", f"evidence/{req_id}", f"history/{req_id}", f"{interview_id}/feedback"),
        *("requisitions", "usage", "usage?group_by=operation", f"jobs/{job['job_id']}"),
    ):
        read(path)
