"""Imports: an exported interview comes back as it was, a JSON Resume job becomes a requisition, bad input is named."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from models import GenerationLog, HistoryEntry, Interview, JobDescription
from techscreen.editing.exports import FORMATS
from techscreen.editing.imports import job_schema_to_request
from techscreen.errors import InvalidRequest
from techscreen.schemas.exports import FormatName
from techscreen.schemas.imports import JobSchema, PortableInterview, PortableQuestion
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.support.workflows import embedded_database

IMPORT = "/api/interview/import"
WORKFLOW = "/api/interview/workflow/full"
EDITOR = {"X-User-ID": "mia.manager", "X-User-Role": "hiring_manager"}
JOB = {
    "title": "Web Developer",
    "company": "Quarrowfen",
    "type": "Full-time",
    "date": "2026-11",
    "description": "Build the shop of a bookseller.",
    "location": {"city": "Leeds", "countryCode": "GB"},
    "remote": "Hybrid",
    "salary": "50000",
    "experience": "Mid-level",
    "responsibilities": ["Keep the checkout running.", "Review code."],
    "qualifications": ["3 years of web development"],
    "skills": [{"name": "Web", "level": "Master", "keywords": ["HTML", "CSS"]}, {"name": "Git"}, {"keywords": ["SQL"]}],
    "meta": {"version": "v1.0.0"},
}


def document(**changes: Any) -> dict[str, Any]:
    """A small portable interview."""
    return {
        "format": "techscreen-interview",
        "format_version": 1,
        "requisition": {"req_id": "REQ-9", "basic_title": "Engineer", "basic_description": "Builds services in Go."},
        "interview_name": "Panel",
        "language": "en",
        "questions": [question()],
        **changes,
    }


def question(**changes: Any) -> dict[str, Any]:
    return {
        "topic": "Timeouts in Go",
        "skill_level": "Advanced",
        "question_type": "technical",
        "spoken_text": "How would you bound a call to a slow service?",
        "criteria": [{"criterion": "Sets a deadline", "description": "Passes a context with a deadline."}],
        **changes,
    }


def exported(client: FlaskClient, interview_id: int, name: str = "json") -> dict[str, Any]:
    answer = client.get(f"/api/interview/{interview_id}/export?format={name}", headers=READER)
    assert answer.status_code == 200
    content: dict[str, Any] = answer.get_json()
    return content


def imported(client: FlaskClient, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = client.post(IMPORT, json=body, headers={**EDITOR, **headers})
    assert answer.status_code == 200, answer.get_json()
    content: dict[str, Any] = answer.get_json()
    return content


# -------------------------------------------------------------------------------------- interviews


def test_an_interview_comes_back_as_it_was(client: FlaskClient, requisition: dict[str, Any]) -> None:
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()
    first = exported(client, made["interview_id"])
    answer = imported(client, {"interview": first})
    second = exported(client, answer["interview_id"])

    assert {**second, "origin": None} == {**first, "origin": None}
    assert second["origin"]["version"] == 2
    assert answer["requisition_made"] is False
    assert answer["interview"]["status"] == "draft"
    before, after = made["interview"]["questions"], answer["interview"]["questions"]
    for name in ("question_number", "question_text", "spoken_text", "exhibit", "criteria", "work_items", "source"):
        assert [one[name] for one in after] == [one[name] for one in before]


def test_an_unknown_requisition_is_stored_with_its_interview(client: FlaskClient) -> None:
    answer = imported(client, {"interview": document()})

    assert (answer["req_id"], answer["requisition_made"], answer["interview"]["version"]) == ("REQ-9", True, 1)
    assert answer["job_description"]["basic_jd"]["description"] == "Builds services in Go."
    assert answer["job_description"]["enhanced_jd"] is None
    assert answer["interview"]["created_at"]
    again = client.get(f"/api/interview/{answer['interview_id']}", headers=READER).get_json()
    assert again["interview"] == answer["interview"]
    with client.application.app_context(), transaction() as session:
        entry = session.scalars(select(HistoryEntry)).one()
        row = session.scalars(select(GenerationLog)).one()
        assert (entry.operation, entry.user_id, entry.subject_id) == ("imported", "mia.manager", answer["interview_id"])
        assert (row.operation_type, row.tokens_used) == ("import", 0)


def test_a_known_requisition_keeps_its_texts(client: FlaskClient) -> None:
    imported(client, {"interview": document()})
    other = {"req_id": "REQ-9", "basic_title": "Other", "basic_description": "Something else."}
    answer = imported(client, {"interview": document(requisition=other)})

    assert answer["job_description"]["basic_jd"]["title"] == "Engineer"
    assert answer["interview"]["version"] == 2


@on_sqlite
def test_another_req_id_puts_it_with_another_requisition(client: FlaskClient) -> None:
    answer = imported(client, {"interview": document(), "req_id": "REQ-10"})

    assert (answer["req_id"], answer["interview"]["req_id"]) == ("REQ-10", "REQ-10")
    assert client.get("/api/interview/jd/REQ-9", headers=READER).status_code == 404


@on_sqlite
def test_an_imported_draft_can_be_edited_with_the_tag_of_the_answer(client: FlaskClient) -> None:
    answer = client.post(IMPORT, json={"interview": document()}, headers=EDITOR)
    this = f"/api/interview/{answer.get_json()['interview_id']}"
    headers = {**EDITOR, "If-Match": answer.headers["ETag"]}

    changed = client.patch(this, json={"interview_name": "Panel 2"}, headers=headers)

    assert (changed.status_code, changed.get_json()["interview"]["interview_name"]) == (200, "Panel 2")


def test_a_repeat_with_the_same_key_imports_once(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "import-1"}
    first, second = (imported(client, {"interview": document()}, **key) for _ in range(2))

    assert first == second
    with client.application.app_context(), transaction() as session:
        assert session.scalar(select(func.count()).select_from(Interview)) == 1


def test_imports_at_once_become_versions_of_one_requisition(app: Flask) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: imported(app.test_client(), {"interview": document()}), range(6)))

    assert sorted(answer["interview"]["version"] for answer in answers) == [1, 2, 3, 4, 5, 6]
    assert len({answer["job_description_id"] for answer in answers}) == 1
    assert [answer["requisition_made"] for answer in answers].count(True) == 1


@on_sqlite
def test_what_the_checks_find_is_reported_and_refuses_nothing(client: FlaskClient) -> None:
    personal = question(spoken_text="Are you married, and do you plan to have children?")
    answer = imported(client, {"interview": document(questions=[personal])})

    findings = answer["interview"]["quality"]["findings"]
    assert "prohibited_subject" in {finding["kind"] for finding in findings}
    assert answer["interview"]["questions"][0]["spoken_text"] == personal["spoken_text"]


@on_sqlite
def test_a_source_of_elsewhere_is_taken_for_the_work_of_people(client: FlaskClient) -> None:
    sources = ["generated", "cache", "library", "edited", "elsewhere", None]
    answer = imported(client, {"interview": document(questions=[question(source=name) for name in sources])})

    stored = [one["source"] for one in answer["interview"]["questions"]]
    assert stored == ["generated", "cache", "library", "edited", "edited", "edited"]


@on_sqlite
def test_sample_content_stays_marked(client: FlaskClient) -> None:
    sample = question(model="offline-sample")
    answer = imported(client, {"interview": document(questions=[sample])})

    assert answer["interview"]["sample"] is True
    assert exported(client, answer["interview_id"])["notice"] == answer["interview"]["notice"]


def test_the_portable_form_has_the_fields_that_are_read(client: FlaskClient) -> None:
    answer = imported(client, {"interview": document()})
    written = exported(client, answer["interview_id"])

    assert set(written) == set(PortableInterview.model_fields)
    assert set(written["questions"][0]) == set(PortableQuestion.model_fields)


# ------------------------------------------------------------------------------------ requisitions


def test_a_job_becomes_a_requisition() -> None:
    made = job_schema_to_request(JobSchema.model_validate(JOB), "REQ-77")

    assert made.model_dump() == {
        "req_id": "REQ-77",
        "basic_title": "Web Developer",
        "basic_department": None,
        "basic_level": "Mid-level",
        "basic_description": "Build the shop of a bookseller.\n\n"
        "Company: Quarrowfen\nEmployment: Full-time\nLocation: Leeds, GB\nRemote work: Hybrid\nSalary: 50000\n"
        "Published: 2026-11\n\nQualifications:\n- 3 years of web development",
        "work_output": None,
        "work_role": "- Keep the checkout running.\n- Review code.",
        "work_knowledge": "- Web (Master): HTML, CSS\n- Git\n- SQL",
        "work_competencies": None,
    }


def test_a_job_that_is_too_long_is_refused_by_name() -> None:
    long = {
        "title": "T",
        "description": "d" * 15_990,
        "qualifications": ["q" * 90],
        "responsibilities": ["r" * 2_000] * 9,
    }
    with pytest.raises(InvalidRequest) as refused:
        job_schema_to_request(JobSchema.model_validate(long), "REQ-1")
    assert [problem.field for problem in refused.value.details] == [
        "requisition.description",
        "requisition.responsibilities",
    ]
    assert "16100 characters; at most 16000" in refused.value.message


def test_a_requisition_is_stored_once_and_never_overwritten(client: FlaskClient) -> None:
    body = {"req_id": "REQ-77", "requisition": JOB}
    answer = imported(client, body)
    again = client.post(IMPORT, json=body, headers=EDITOR)

    assert (answer["requisition_made"], answer["interview"], answer["interview_id"]) == (True, None, None)
    assert answer["job_description"]["enhanced_jd"] is None
    assert (again.status_code, again.get_json()["code"]) == (409, "not_editable")
    assert "overwrites none" in again.get_json()["error"]
    with client.application.app_context(), transaction() as session:
        assert session.scalar(select(func.count()).select_from(JobDescription)) == 1


def test_an_imported_requisition_can_be_enhanced(client: FlaskClient, requisition: dict[str, Any]) -> None:
    imported(client, {"req_id": requisition["req_id"], "requisition": JOB})

    answer = client.post(WORKFLOW, json=requisition, headers=ADMIN)

    assert (answer.status_code, answer.get_json()["interview"]["version"]) == (200, 1)


# --------------------------------------------------------------------------------------- bad input


@on_sqlite
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["body"]),
        ({"req_id": "REQ-1"}, ["body"]),
        ({"requisition": JOB}, ["req_id"]),
        ({"requisition": JOB, "req_id": "R", "interview": document()}, ["requisition"]),
        (
            {"interview": {}},
            [
                f"interview.{name}"
                for name in ("format", "format_version", "requisition", "interview_name", "questions")
            ],
        ),
        ({"interview": document(format_version=2)}, ["interview.format_version"]),
        ({"interview": document(format="other")}, ["interview.format"]),
        ({"interview": document(questions=[])}, ["interview.questions"]),
        ({"interview": document(questions=[question()] * 7)}, ["interview.questions"]),
        (
            {
                "interview": document(
                    questions=[question(skill_level="Guru", minutes="6", spoken_text=" ", criteria=[{}])]
                )
            },
            [
                f"interview.questions.0.{name}"
                for name in ("skill_level", "minutes", "spoken_text", "criteria.0.criterion")
            ],
        ),
        (
            {"requisition": {"title": 7, "description": "d", "skills": "Go", "remote": ["x"]}, "req_id": "R"},
            ["requisition.title", "requisition.remote", "requisition.skills"],
        ),
        ({"requisition": {"title": "T"}, "req_id": "R"}, ["requisition.description"]),
    ],
)
def test_bad_input_is_named_field_by_field(client: FlaskClient, body: dict[str, Any], fields: list[str]) -> None:
    answer = client.post(IMPORT, json=body, headers=EDITOR)

    assert answer.status_code == 400
    assert sorted(detail["field"] for detail in answer.get_json()["details"]) == sorted(fields)
    with client.application.app_context(), transaction() as session:
        assert session.scalar(select(func.count()).select_from(JobDescription)) == 0


@on_sqlite
def test_readers_export_and_do_not_import(client: FlaskClient) -> None:
    assert client.post(IMPORT, json={"interview": document()}, headers=READER).status_code == 403
    interview_id = imported(client, {"interview": document()})["interview_id"]
    assert client.get(f"/api/interview/{interview_id}/export").status_code == 401


# -------------------------------------------------------------------------------- the export route


@on_sqlite
def test_each_format_is_a_file_of_its_kind(client: FlaskClient) -> None:
    interview_id = imported(client, {"interview": document(), "req_id": '../a"; /ü'})["interview_id"]
    assert set(FORMATS) == set(get_args(FormatName))
    for name, chosen in FORMATS.items():
        this = f"/api/interview/{interview_id}/export?format={name}"
        answer = client.get(this, headers=READER)
        assert (answer.status_code, answer.mimetype) == (200, chosen.media_type)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="interview-a-v1.{chosen.ending}"'
        if name != "json" and chosen.media_type == "application/json":
            assert json.loads(answer.text)
        unchanged = client.get(this, headers={**READER, "If-None-Match": answer.headers["ETag"]})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
    default = client.get(f"/api/interview/{interview_id}/export", headers=READER)
    assert default.mimetype == "text/markdown"


@on_sqlite
def test_an_unknown_format_is_refused_with_the_names_of_all(client: FlaskClient) -> None:
    interview_id = imported(client, {"interview": document()})["interview_id"]
    answer = client.get(f"/api/interview/{interview_id}/export?format=pdf", headers=READER)

    assert answer.status_code == 400
    assert answer.get_json()["details"][0]["field"] == "format"
    assert all(name in answer.get_json()["error"] for name in FORMATS)
    assert client.get("/api/interview/999/export", headers=READER).status_code == 404


@on_sqlite
def test_the_api_document_tells_every_media_type_of_an_export(client: FlaskClient) -> None:
    paths = client.get("/api/interview/openapi.json").get_json()["paths"]
    operation = paths["/api/interview/{interview_id}/export"]["get"]

    assert set(operation["responses"]["200"]["content"]) == {chosen.media_type for chosen in FORMATS.values()}
    (asked,) = [one for one in operation["parameters"] if one.get("name") == "format"]
    assert asked["schema"] == {"type": "string", "enum": list(FORMATS), "default": "markdown"}


@embedded_database
def test_a_new_title_of_the_requisition_changes_the_tag_of_a_sheet(
    make_app: MakeApp, requisition: dict[str, Any]
) -> None:
    client = make_app().test_client()
    made = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()
    this = f"/api/interview/{made['interview_id']}/export"
    before = client.get(this, headers=READER)
    jd = client.get(f"/api/interview/jd/{requisition['req_id']}", headers=READER)
    headers = {**EDITOR, "If-Match": jd.headers["ETag"]}
    client.patch(
        f"/api/interview/jd/{requisition['req_id']}", json={"enhanced_title": "Ledger Engineer"}, headers=headers
    )

    after = client.get(this, headers={**READER, "If-None-Match": before.headers["ETag"]})

    assert after.status_code == 200
    assert after.text.startswith("# Ledger Engineer\n")
