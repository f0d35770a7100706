"""The HTTP contract as a caller sees it: every field of the specification's answers, and who may ask for them."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool
from werkzeug.test import TestResponse

from config import PROJECT_FOLDER
from models import Base, GenerationJob
from techscreen.storage.transactions import transaction
from techscreen.web.auth import Caller
from tests.conftest import ADMIN, READER, MakeApp, on_sqlite
from tests.editing.routes import EDITING_ROUTES
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of, error_reply, good_plan, good_question
from tests.support.workflows import an_enhancement

ENHANCE = "/api/interview/jd/enhance"
GENERATE = "/api/interview/generate"
WORKFLOWS = ["/api/interview/workflow/full", "/api/interview/workflow/create"]
SAMPLES = sorted(Path(PROJECT_FOLDER, "samples", "requisitions").glob("*.json"))
WORK_FIELDS = ["work_output", "work_role", "work_knowledge", "work_competencies"]
ENHANCEMENT_USAGE = {
    "input_tokens": 1_000,
    "output_tokens": 200,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 4,
}
QUESTION_USAGE = {
    "input_tokens": 500,
    "output_tokens": 60,
    "cache_creation_input_tokens": 7,
    "cache_read_input_tokens": 9_000,
}

# The example answers of the specification, with a type in the place of every value.
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
BASIC_JD = {"title": str, "department": str, "level": str, "description": str}
ENHANCED_JD = {"title": str, "description": str}
QUESTION = {
    "id": int,
    "question_number": int,
    "question_text": str,
    "spoken_text": str,
    "minutes": int,
    "question_type": str,
    "criteria": [{"criterion": str, "description": str, "is_checked": bool}],
}
INTERVIEW = {
    "id": int,
    "req_id": str,
    "interview_name": str,
    "created_at": TIME,
    "status": str,
    "version": int,
    "questions": [QUESTION],
}
ENHANCE_ANSWER = {
    "success": bool,
    "job_description_id": int,
    "req_id": str,
    "basic_jd": BASIC_JD,
    "enhanced_jd": ENHANCED_JD,
    "notes_for_team": list,
    "work_inputs": dict.fromkeys(WORK_FIELDS, str),
    "tokens_used": int,
    "created_at": TIME,
    "enhanced_at": TIME,
}
JD_ANSWER = {
    "success": bool,
    "job_description": {
        "job_description_id": int,
        "req_id": str,
        "basic_jd": BASIC_JD,
        "enhanced_jd": ENHANCED_JD,
        "notes_for_team": list,
        "created_at": TIME,
        "enhanced_at": TIME,
    },
}
GENERATE_ANSWER = {
    "success": bool,
    "interview_id": int,
    "req_id": str,
    "interview_name": str,
    "interview": INTERVIEW,
    "tokens_used": int,
    "cached_questions": int,
    "created_at": TIME,
}
WORKFLOW_ANSWER = {
    "success": bool,
    "job_description_id": int,
    "interview_id": int,
    "req_id": str,
    "interview_name": str,
    "notes_for_team": list,
    "interview": INTERVIEW,
    "total_tokens_used": int,
    "created_at": TIME,
}


def assert_shape(value: Any, shape: Any, place: str = "answer") -> None:
    """Every field of the shape is there with its type. More fields may stand beside them."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), f"{place} is no object"
        assert shape.keys() <= value.keys(), f"{place} lacks {sorted(shape.keys() - value.keys())}"
        for name, inner in shape.items():
            assert_shape(value[name], inner, f"{place}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{place} is no list"
        assert value, f"{place} is empty"
        for index, item in enumerate(value):
            assert_shape(item, shape[0], f"{place}[{index}]")
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str), f"{place} is no text"
        assert shape.fullmatch(value), f"{place} is {value!r}"
    else:
        # Not isinstance: true would pass for the number 1.
        assert type(value) is shape, f"{place} is {value!r}, not {shape.__name__}"


def ok(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.content_type == "application/json"
    body: dict[str, Any] = json.loads(answer.get_data())
    return body


def post(client: FlaskClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return ok(client.post(path, json=body, headers=ADMIN))


def get(client: FlaskClient, path: str) -> dict[str, Any]:
    return ok(client.get(path, headers=READER))


def address(route: str, req_id: str) -> str:
    return f"/api/interview/{route}/{quote(req_id, safe='')}"


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


class Tables:
    """The tables, read past the service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, name: str) -> list[dict[str, Any]]:
        rows = self._connection.execute(text(f"SELECT * FROM {name} ORDER BY id"))
        return [dict(row) for row in rows.mappings()]

    def counts(self) -> list[int]:
        counts = ", ".join(f"(SELECT COUNT(*) FROM {name}) AS {name}" for name in Base.metadata.tables)
        return list(self._connection.execute(text(f"SELECT {counts}")).one())

    def change(self, statement: str) -> None:
        self._connection.execute(text(statement))


@pytest.fixture
def tables(database_url: str) -> Iterator[Tables]:
    # Autocommit, or else a repeatable read would show the first state for ever.
    engine = create_engine(database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield Tables(connection)


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def questions_asked(fake: FakeClaude) -> dict[str, dict[str, Any]]:
    """What the fake wrote for each topic: its answers depend on nothing but the request."""
    briefs = [data_of(body) for body in fake.received if asked_for(body) == "InterviewQuestion"]
    return {brief["topic"]: good_question(brief) for brief in briefs}


def assert_complete_interview(interview: dict[str, Any], fake: FakeClaude) -> None:
    """Five questions with all that the fake wrote for them, in the order of its plan."""
    plans = [good_plan(body) for body in fake.received if asked_for(body) == "EnhancedDescription"]
    written = questions_asked(fake)
    assert interview["status"] == "draft"
    assert [question["question_number"] for question in interview["questions"]] == [1, 2, 3, 4, 5]
    assert len({question["id"] for question in interview["questions"]}) == 5
    assert len({question["question_text"] for question in interview["questions"]}) == 5
    topics = plans[0]["interview_topics"][:5]
    assert [question["topic"] for question in interview["questions"]] == [topic["topic"] for topic in topics]
    assert [question["exhibit"] is None for question in interview["questions"]].count(False) == 1
    for topic, question in zip(topics, interview["questions"], strict=True):
        expected = written[question["topic"]]
        assert question["spoken_text"] == expected["spoken_text"]
        assert question["exhibit"] == expected["exhibit"]
        assert question["minutes"] == expected["minutes"]
        shown = expected["exhibit"] and f"\n\n```\n{expected['exhibit']['text']}\n```"
        assert question["question_text"] == expected["spoken_text"] + (shown or "")
        assert question["question_type"] == topic["question_type"]
        assert question["skill_level"] == topic["skill_level"]
        assert question["work_items"] == topic["work_items"]
        assert 8 <= len(question["criteria"]) <= 10
        assert question["criteria"] == [{**criterion, "is_checked": False} for criterion in expected["criteria"]]
        assert question["follow_ups"] == expected["follow_ups"]
        assert 2 <= len(question["follow_ups"]) <= 3
        assert question["rating_anchors"] == expected["rating_anchors"]
        assert set(question["rating_anchors"]) == {"low", "mid", "high"}
        assert question["source"] == "generated"
        assert question["similarity"] is None
        assert question["cached_topic"] is None


# ------------------------------------------------------------------------------- the eight endpoints


def test_enhancing_answers_with_every_field_of_the_specification(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    before = now()
    answer = post(client, ENHANCE, without(requisition, "interview_name"))
    after = now()
    assert_shape(answer, ENHANCE_ANSWER)
    plan = good_plan(fake.received[0])
    assert answer["success"] is True
    assert answer["req_id"] == "REQ-12345"
    assert answer["basic_jd"] == {
        "title": requisition["basic_title"],
        "department": requisition["basic_department"],
        "level": requisition["basic_level"],
        "description": requisition["basic_description"],
    }
    assert answer["enhanced_jd"] == {"title": plan["enhanced_title"], "description": plan["enhanced_description"]}
    assert answer["work_inputs"] == {name: requisition[name] for name in WORK_FIELDS}
    assert answer["interview_topics"] == plan["interview_topics"]
    assert answer["language"] == "en"
    assert before <= moment(answer["created_at"]) <= moment(answer["enhanced_at"]) <= after
    assert len(fake.received) == 1


def test_a_stored_job_description_reads_as_it_was_answered(client: FlaskClient, requisition: dict[str, Any]) -> None:
    posted = post(client, ENHANCE, requisition)
    read = get(client, address("jd", "REQ-12345"))
    described = without(posted, "success", "warnings", "tokens_used")
    assert read == {"success": True, "job_description": described, "etag": described["etag"]}


@on_sqlite
def test_a_requisition_that_nobody_knows_has_no_description_and_no_interviews(client: FlaskClient) -> None:
    document = client.get("/api/interview/openapi.json").get_json()["paths"]
    for query in ("", "?limit=5", "?status=draft"):
        listed = get(client, f"/api/interview/req/NOBODY-KNOWS/IT{query}")
        assert listed == {"success": True, "interviews": [], "total": 0, "next_cursor": None}
    described = client.get("/api/interview/jd/NOBODY-KNOWS/IT", headers=READER)
    assert (described.status_code, described.get_json()["code"]) == (404, "not_found")
    assert "404" not in document["/api/interview/req/{req_id}"]["get"]["responses"]
    assert "404" in document["/api/interview/jd/{req_id}"]["get"]["responses"]


@on_sqlite
def test_the_two_names_of_the_workflow_are_said_to_be_the_same(client: FlaskClient) -> None:
    document = client.get("/api/interview/openapi.json").get_json()["paths"]
    full, create = (document[f"/api/interview/workflow/{name}"]["post"] for name in ("full", "create"))
    assert "the same call under two names" in full["description"]
    assert {**full, "operationId": ""} == {**create, "operationId": ""}


def test_notes_for_the_team_are_shown_wherever_the_description_is(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    notes = ["Settle the place of work.", "The pay is missing."]
    fake.when(an_enhancement, Reply(change=lambda answer: {**answer, "notes_for_team": [*notes, " "]}))
    assert post(client, ENHANCE, requisition)["notes_for_team"] == notes
    answer = post(client, WORKFLOWS[0], requisition)
    assert answer["notes_for_team"] == notes
    assert not [note for note in notes if note in answer["enhanced_jd"]["description"]]
    assert get(client, address("jd", "REQ-12345"))["job_description"]["notes_for_team"] == notes


@on_sqlite
def test_mark_up_in_notes_is_made_harmless(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> None:
    note = "See <img src=x onerror=alert(1)> first."
    fake.when(lambda _: True, Reply(change=lambda answer: {**answer, "notes_for_team": [note]}))
    [shown] = post(client, ENHANCE, requisition)["notes_for_team"]
    assert "<img" not in shown
    assert shown.startswith("See ")


@pytest.mark.parametrize("path", WORKFLOWS)
def test_a_workflow_answers_with_every_field_of_the_specification(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, path: str
) -> None:
    before = now()
    answer = post(client, path, requisition)
    after = now()
    assert_shape(answer, WORKFLOW_ANSWER)
    assert answer["success"] is True
    assert answer["req_id"] == answer["interview"]["req_id"] == "REQ-12345"
    assert answer["interview_id"] == answer["interview"]["id"]
    assert answer["interview_name"] == answer["interview"]["interview_name"] == requisition["interview_name"]
    assert answer["interview"]["job_description_id"] == answer["job_description_id"]
    assert answer["interview"]["version"] == 1
    assert answer["cached_questions"] == 0
    assert before <= moment(answer["created_at"]) <= moment(answer["interview"]["created_at"]) <= after
    assert_complete_interview(answer["interview"], fake)
    assert len(fake.received) == 6  # one enhancement, five questions
    stored = get(client, address("jd", "REQ-12345"))["job_description"]
    assert stored["job_description_id"] == answer["job_description_id"]
    assert stored["enhanced_jd"] == answer["enhanced_jd"]


def test_generating_answers_with_every_field_of_the_specification(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    enhanced = post(client, ENHANCE, requisition)
    before = now()
    body = {
        "req_id": "REQ-12345",
        "job_description_id": enhanced["job_description_id"],
        "interview_name": "Senior Engineer Interview - Q1 2025",
    }
    answer = post(client, GENERATE, body)
    after = now()
    assert_shape(answer, GENERATE_ANSWER)
    assert answer["success"] is True
    assert answer["req_id"] == answer["interview"]["req_id"] == "REQ-12345"
    assert answer["interview_id"] == answer["interview"]["id"]
    assert answer["job_description_id"] == enhanced["job_description_id"]
    assert answer["interview_name"] == answer["interview"]["interview_name"] == body["interview_name"]
    assert answer["interview"]["version"] == 1
    assert answer["cached_questions"] == 0
    assert before <= moment(answer["created_at"]) <= after
    assert answer["created_at"] == answer["interview"]["created_at"]
    assert_complete_interview(answer["interview"], fake)
    assert len(fake.received) == 6  # the topics come from the enhancement, so no planning call


def test_an_interview_reads_as_it_was_answered(client: FlaskClient, requisition: dict[str, Any]) -> None:
    posted = post(client, WORKFLOWS[0], requisition)
    one = get(client, f"/api/interview/{posted['interview_id']}")
    assert_shape(one, {"success": bool, "interview": INTERVIEW})
    assert one == {"success": True, "interview": posted["interview"], "etag": posted["interview"]["etag"]}
    assert get(client, address("req", "REQ-12345")) == {
        "success": True,
        "interviews": [posted["interview"]],
        "total": 1,
        "next_cursor": None,
    }


def test_a_requisition_without_interviews_has_an_empty_list(client: FlaskClient, requisition: dict[str, Any]) -> None:
    assert get(client, address("req", "REQ-NOBODY-KNOWS")) == {
        "success": True,
        "interviews": [],
        "total": 0,
        "next_cursor": None,
    }
    post(client, ENHANCE, requisition)
    assert get(client, address("req", "REQ-12345")) == {
        "success": True,
        "interviews": [],
        "total": 0,
        "next_cursor": None,
    }


@on_sqlite
def test_health_says_healthy_and_the_time_to_anybody(client: FlaskClient) -> None:
    before = now()
    answer = ok(client.get("/health"))
    assert_shape(answer, {"status": str, "timestamp": TIME})
    assert answer["status"] == "healthy"
    assert before <= moment(answer["timestamp"]) <= now()


@on_sqlite
def test_health_does_not_ask_the_database(make_app: MakeApp, tmp_path: Path) -> None:
    # There is none here: a load balancer must not take a node out because the database has a bad minute.
    client = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'missing' / 'folder' / 'none.db'}").test_client()
    assert ok(client.get("/health"))["status"] == "healthy"


# ------------------------------------------------------------------------------------------- tokens


@on_sqlite
def test_tokens_are_the_sum_of_what_claude_reported(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    fake.when(lambda body: asked_for(body) == "EnhancedDescription", Reply(usage=ENHANCEMENT_USAGE))
    fake.when(lambda body: asked_for(body) == "InterviewQuestion", Reply(usage=QUESTION_USAGE))
    once, five = sum(ENHANCEMENT_USAGE.values()), 5 * sum(QUESTION_USAGE.values())
    enhanced = post(client, ENHANCE, requisition)
    assert enhanced["tokens_used"] == once
    body = {"req_id": "REQ-12345", "job_description_id": enhanced["job_description_id"]}
    assert post(client, GENERATE, body)["tokens_used"] == five
    for path in WORKFLOWS:
        assert post(client, path, requisition)["total_tokens_used"] == once + five


@on_sqlite
def test_tokens_of_answers_that_had_to_be_repaired_count_as_well(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, tables: Tables
) -> None:
    def is_question(body: dict[str, Any]) -> bool:
        return asked_for(body) == "InterviewQuestion"

    fake.when(is_question, Reply(usage=QUESTION_USAGE, change=lambda answer: {**answer, "criteria": []}), times=2)
    fake.when(is_question, Reply(usage=QUESTION_USAGE))
    fake.when(lambda body: not is_question(body), Reply(content="no JSON", usage=ENHANCEMENT_USAGE), times=1)
    fake.when(lambda body: not is_question(body), Reply(usage=ENHANCEMENT_USAGE))
    answer = post(client, WORKFLOWS[0], requisition)
    spent = [2 * sum(ENHANCEMENT_USAGE.values()), 7 * sum(QUESTION_USAGE.values())]
    assert len(fake.received) == 2 + 7
    assert answer["total_tokens_used"] == sum(spent)
    assert [row["tokens_used"] for row in tables.rows("generation_logs")] == spent


# ------------------------------------------------------------------------------------ versions, names


def test_versions_count_up_oldest_first_and_repeat_no_question(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    first = post(client, WORKFLOWS[0], requisition)
    body = {"req_id": "REQ-12345", "job_description_id": first["job_description_id"]}
    second = post(client, GENERATE, body)
    third = post(client, WORKFLOWS[1], requisition)
    other = post(client, WORKFLOWS[0], {**requisition, "req_id": "REQ-OTHER"})
    interviews = [first["interview"], second["interview"], third["interview"]]
    assert [interview["version"] for interview in interviews] == [1, 2, 3]
    assert get(client, address("req", "REQ-12345"))["interviews"] == interviews
    assert len({question["question_text"] for interview in interviews for question in interview["questions"]}) == 15
    assert third["job_description_id"] == first["job_description_id"]
    assert other["interview"]["version"] == 1  # versions are counted for each requisition
    assert get(client, address("req", "REQ-OTHER"))["interviews"] == [other["interview"]]


def test_an_interview_without_a_name_is_given_one(client: FlaskClient, requisition: dict[str, Any]) -> None:
    nameless = without(requisition, "interview_name")
    first = post(client, WORKFLOWS[0], nameless)
    second = post(client, WORKFLOWS[1], {**nameless, "interview_name": None})
    body = {"req_id": "REQ-12345", "job_description_id": first["job_description_id"]}
    third = post(client, GENERATE, body)
    fourth = post(client, GENERATE, {**body, "interview_name": "  "})
    names = [answer["interview_name"] for answer in (first, second, third, fourth)]
    assert len(set(names)) == 4  # or else an ATS could not tell them apart
    for name in names:
        assert requisition["basic_title"] in name
    assert [
        interview["interview_name"] for interview in get(client, address("req", "REQ-12345"))["interviews"]
    ] == names


def test_the_made_up_name_of_a_job_with_the_longest_title_fits(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    fake.next(Reply(change=lambda answer: {**answer, "enhanced_title": "𝔈" * 255}))
    posted = post(client, WORKFLOWS[0], without(requisition, "interview_name"))
    assert posted["enhanced_jd"]["title"] == "𝔈" * 255
    assert posted["interview_name"].startswith("𝔈" * 200)
    assert len(posted["interview_name"]) <= 255
    assert get(client, f"/api/interview/{posted['interview_id']}")["interview"] == posted["interview"]


# ------------------------------------------------------------------------------- enhancing again, times


def test_enhancing_a_known_requisition_again_updates_its_row_and_keeps_its_creation(
    client: FlaskClient, requisition: dict[str, Any], tables: Tables
) -> None:
    first = post(client, ENHANCE, requisition)
    # As if it had been made long ago; the fraction shows that a time is cut to the second, not rounded.
    tables.change("UPDATE job_descriptions SET created_at = '2025-01-09 12:00:00.999999', enhanced_at = created_at")
    changed = {
        "req_id": "REQ-12345",
        "basic_title": "Staff Engineer",
        "basic_description": "Something else altogether.",
        "work_output": "Another output",
    }
    before = now()
    second = ok(client.post(ENHANCE, json=changed, headers={**ADMIN, "X-User-ID": "berta.admin"}))
    assert second["job_description_id"] == first["job_description_id"]
    assert second["created_at"] == "2025-01-09T12:00:00"
    assert moment(second["enhanced_at"]) >= before
    # What is no longer sent is gone: the row is the last request, not a mixture of two.
    assert second["basic_jd"] == {
        "title": "Staff Engineer",
        "department": None,
        "level": None,
        "description": "Something else altogether.",
    }
    assert second["work_inputs"] == {**dict.fromkeys(WORK_FIELDS), "work_output": "Another output"}
    assert second["enhanced_jd"]["title"].startswith("Staff Engineer")
    read = get(client, address("jd", "REQ-12345"))["job_description"]
    assert read == without(second, "success", "tokens_used")
    (row,) = tables.rows("job_descriptions")
    assert row["created_by_user_id"] == ADMIN["X-User-ID"]


# ------------------------------------------------------------------------------------ texts and bodies


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_requisition_is_stored_and_read_back_unchanged(
    client: FlaskClient, fake: FakeClaude, sample: Path
) -> None:
    raw = sample.read_bytes()
    # A blank optional field says the same as a missing one.
    sent = {name: value if value and value.strip() else None for name, value in json.loads(raw).items()}
    posted = ok(client.post(WORKFLOWS[0], data=raw, content_type="application/json", headers=ADMIN))
    stored = get(client, address("jd", sent["req_id"]))["job_description"]
    assert stored["req_id"] == sent["req_id"]
    assert stored["basic_jd"] == {
        name: sent.get(f"basic_{name}") for name in ("title", "department", "level", "description")
    }
    assert stored["work_inputs"] == {name: sent.get(name) for name in WORK_FIELDS}
    assert posted["interview_name"] == sent["interview_name"]
    assert get(client, address("req", sent["req_id"]))["interviews"] == [posted["interview"]]
    assert_complete_interview(posted["interview"], fake)
    told = data_of(fake.received[0])
    texts = ("basic_title", "basic_description", "basic_department", "basic_level", *WORK_FIELDS)
    assert told == {name: sent[name] for name in texts if sent.get(name)}


def test_all_samples_are_there() -> None:
    assert len(SAMPLES) == 12


@pytest.mark.parametrize("work", [{}, dict.fromkeys(WORK_FIELDS), dict.fromkeys(WORK_FIELDS, " \n ")])
def test_a_requisition_without_work_fields_works(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, work: dict[str, Any]
) -> None:
    body = {**without(requisition, *WORK_FIELDS), **work}
    assert post(client, ENHANCE, body)["work_inputs"] == dict.fromkeys(WORK_FIELDS)
    assert not data_of(fake.received[0]).keys() & set(WORK_FIELDS)
    fake.received.clear()
    assert_complete_interview(post(client, WORKFLOWS[1], body)["interview"], fake)


def test_only_the_required_fields_are_enough(client: FlaskClient, fake: FakeClaude) -> None:
    body = {"req_id": "R", "basic_title": "T", "basic_description": "D"}
    answer = post(client, ENHANCE, body)
    assert answer["basic_jd"] == {"title": "T", "department": None, "level": None, "description": "D"}
    fake.received.clear()
    assert_complete_interview(post(client, WORKFLOWS[0], body)["interview"], fake)


@on_sqlite
def test_unknown_fields_are_ignored(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> None:
    extra = {"sender": "ATS 7.2", "tags": ["a", {"b": [1.5, None]}], "id": 77, "status": "published", "": True}
    answer = post(client, WORKFLOWS[0], {**requisition, **extra})
    assert_complete_interview(answer["interview"], fake)
    assert "ATS 7.2" not in json.dumps(fake.received)
    body = {"req_id": "REQ-12345", "job_description_id": answer["job_description_id"], **extra}
    again = post(client, GENERATE, body)
    assert again["interview"]["status"] == "draft"
    assert again["interview"]["version"] == 2


def test_the_longest_texts_of_four_byte_characters_come_back_whole(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    body = {
        "req_id": "🆔" * 100,
        "basic_title": "👩" * 255,
        "basic_department": "🏭" * 255,
        "basic_level": "🪜" * 255,
        "basic_description": "é" + "😀" * 15_999,
        **{name: emoji * 16_000 for name, emoji in zip(WORK_FIELDS, "🚀🧭🧠🤝", strict=True)},
        "interview_name": "🎤" * 255,
    }
    # \uXXXX\uXXXX is the longest way to write them, 12 bytes each, and it must fit as well as UTF-8 does.
    for escaped in (True, False):
        data = json.dumps(body, ensure_ascii=escaped).encode()
        posted = ok(client.post(WORKFLOWS[0], data=data, content_type="application/json", headers=ADMIN))
        assert posted["interview_name"] == body["interview_name"]
        stored = get(client, address("jd", body["req_id"]))["job_description"]
        assert stored["req_id"] == body["req_id"]
        assert stored["basic_jd"] == {
            name: body[f"basic_{name}"] for name in ("title", "department", "level", "description")
        }
        assert stored["work_inputs"] == {name: body[name] for name in WORK_FIELDS}
    interviews = get(client, address("req", body["req_id"]))["interviews"]
    assert [interview["interview_name"] for interview in interviews] == [body["interview_name"]] * 2
    told = data_of(fake.received[0])
    assert told["work_knowledge"] == body["work_knowledge"]


# --------------------------------------------------------------------------------------------- req_id

AWKWARD_REQ_IDS = [
    "ENG/2025/7",
    "a//b",
    "/leading",
    "//leading",
    "trailing/",
    "trailing//",
    "/",
    "//",
    "with space",
    " leading space",
    "trailing space ",
    "%2F",
    "100%",
    "a%2Fb",
    "what?",
    "a?b=c&d=e",
    "a#b",
    "a+b",
    "a;b",
    "a:b@c",
    "back\\slash",
    '"quoted"',
    "it's",
    "`; DROP TABLE interviews; --",
    "%s %(x)s {} {0}",
    "_",
    "<b>&amp;</b>",
    "😀",
    "👩‍💻🇩🇪",
    "日本語",
    "São Paulo",
    "مرحبا",
    "a\u00a0b",
    "é" * 100,
    # Words that stand in the addresses themselves.
    "enhance",
    "req/REQ-1",
    "jd/enhance",
    "..",
    "../jd/x",
    "0",
    "null",
]
# Everything here is equal to something else here for some collation or normalisation.
NEARLY_EQUAL_REQ_IDS = [
    "REQ-É",
    "REQ-E",
    "REQ-é",
    "REQ-e",
    "req-e",
    "REQ-e\u0301",
    "REQ-e ",
    "REQ-e  ",
    " REQ-e",
    "REQ-e\u00a0",
    "REQ-e\u200b",
    "ＲＥＱ-e",
    "REQ-ß",
    "REQ-ss",
    "REQ-ẞ",
    "REQ-😀",
    "REQ-😁",
    "REQ-",
    "REQ-1",
    "REQ-１",
    "REQ-01",
]


def test_a_req_id_of_anything_printable_is_found_again(client: FlaskClient, requisition: dict[str, Any]) -> None:
    for req_id in AWKWARD_REQ_IDS:
        posted = post(client, WORKFLOWS[0], {**requisition, "req_id": req_id})
        assert posted["req_id"] == req_id
        read = get(client, address("jd", req_id))["job_description"]
        assert (read["req_id"], read["job_description_id"]) == (req_id, posted["job_description_id"])
        assert get(client, address("req", req_id))["interviews"] == [posted["interview"]], req_id


def test_req_ids_that_are_nearly_equal_are_different_requisitions(
    client: FlaskClient, requisition: dict[str, Any], tables: Tables
) -> None:
    ids = {}
    for number, req_id in enumerate(NEARLY_EQUAL_REQ_IDS):
        body = {
            **requisition,
            "req_id": req_id,
            "basic_title": f"Engineer {number}",
            "interview_name": f"Talk {number}",
        }
        ids[req_id] = post(client, WORKFLOWS[0], body)["job_description_id"]
    assert len(set(ids.values())) == len(NEARLY_EQUAL_REQ_IDS)
    for number, req_id in enumerate(NEARLY_EQUAL_REQ_IDS):
        read = get(client, address("jd", req_id))["job_description"]
        assert (read["req_id"], read["job_description_id"]) == (req_id, ids[req_id])
        assert read["basic_jd"]["title"] == f"Engineer {number}"
        (interview,) = get(client, address("req", req_id))["interviews"]
        assert (interview["req_id"], interview["interview_name"]) == (req_id, f"Talk {number}")
        assert interview["version"] == 1
    assert [row["req_id"] for row in tables.rows("job_descriptions")] == NEARLY_EQUAL_REQ_IDS
    # One that only resembles them is none of them.
    for stranger in ("REQ-É ", "Req-e", "REQ-E\u0301", "REQ-😂"):
        assert client.get(address("jd", stranger), headers=READER).status_code == 404
        assert get(client, address("req", stranger))["interviews"] == []


# ----------------------------------------------------------------------------------------- X-Request-ID

USABLE_REQUEST_IDS = ["1", "abc-123", "7d0c8e0e-9a5c-4d1e-8f2a-0b1c2d3e4f50", "Root=1-67891233-abcdef", "a" * 128]
NEW_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
UNUSABLE_REQUEST_IDS = ["", " ", "two words", "a" * 129, "né", 'quo"te', "<b>", "a,b", "tab\there", "a\x7f"]


def every_kind_of_answer(client: FlaskClient, body: dict[str, Any], fake: FakeClaude, request_id: str | None) -> Any:
    """One answer of each kind: (expected status, answer)."""
    extra = {} if request_id is None else {"X-Request-ID": request_id}
    admin, reader = {**ADMIN, **extra}, {**READER, **extra}
    too_large = {**body, "basic_description": "x" * 1_100_000}
    yield 200, client.post(WORKFLOWS[0], json=body, headers=admin)
    yield 200, client.get(address("jd", body["req_id"]), headers=reader)
    yield 200, client.head(address("req", body["req_id"]), headers=reader)
    yield 200, client.options(GENERATE, headers=extra)
    yield 200, client.get("/health", headers=extra)
    yield 400, client.post(ENHANCE, json={}, headers=admin)
    yield 400, client.post(ENHANCE, data="{", content_type="application/json", headers=admin)
    yield 401, client.get("/api/interview/1", headers=extra)
    yield 403, client.post(GENERATE, json={}, headers=reader)
    yield 404, client.get("/nowhere", headers=extra)
    yield 404, client.get("/api/interview/nowhere/at/all", headers=extra)
    yield 404, client.get("/api/interview/999999999", headers=reader)
    yield 405, client.delete("/health", headers=extra)
    yield 405, client.put(GENERATE, headers=extra)
    yield 413, client.post(ENHANCE, json=too_large, headers=admin)
    yield 415, client.post(ENHANCE, data="x", content_type="text/plain", headers=admin)
    fake.next(error_reply(401, "authentication_error"))
    yield 500, client.post(ENHANCE, json=body, headers=admin)


@on_sqlite
@pytest.mark.parametrize("request_id", ["Root=1-67891233-abcdef", None])
def test_every_answer_carries_a_request_id(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, request_id: str | None
) -> None:
    given = []
    for status, answer in every_kind_of_answer(client, requisition, fake, request_id):
        assert answer.status_code == status
        (carried,) = answer.headers.getlist("X-Request-ID")
        given.append(carried)
        if status >= 400:
            assert answer.get_json()["request_id"] == carried
    if request_id:
        assert set(given) == {request_id}
    else:
        assert len(set(given)) == len(given)
        assert all(NEW_REQUEST_ID.fullmatch(new) for new in given)


@on_sqlite
def test_only_a_usable_request_id_of_the_caller_is_taken_over(client: FlaskClient) -> None:
    # It goes into headers and log lines, so one that could break either is replaced.
    for given in USABLE_REQUEST_IDS:
        assert client.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given
    for given in UNUSABLE_REQUEST_IDS:
        new = client.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        assert NEW_REQUEST_ID.fullmatch(new), given
        assert new != given


# --------------------------------------------------------------------------------------------- callers

# Every route under /api/interview that needs a caller: its rule, its method, and whether readers may.
ROUTES = [
    ("/api/interview/jd/enhance", "POST", False),
    ("/api/interview/jd/<req_id>", "GET", True),
    ("/api/interview/generate", "POST", False),
    ("/api/interview/<interview_id>", "GET", True),
    ("/api/interview/req/<req_id>", "GET", True),
    ("/api/interview", "GET", True),
    ("/api/interview/requisitions", "GET", True),
    ("/api/interview/workflow/full", "POST", False),
    ("/api/interview/workflow/create", "POST", False),
    ("/api/interview/check", "POST", True),
    ("/api/interview/jobs", "GET", False),
    ("/api/interview/jobs/<job_id>", "GET", True),
    ("/api/interview/jobs/<job_id>/events", "GET", True),
    ("/api/interview/cache", "GET", False),
    ("/api/interview/cache/<cached_question_id>/retire", "POST", False),
    ("/api/interview/logs", "GET", False),
    ("/api/interview/usage", "GET", False),
    ("/api/interview/evidence/<req_id>", "GET", False),
]
# Asked in tests/operations/test_erasing.py and tests/jobs/test_cancelling.py: what they are about is gone afterwards.
ENDING = {
    ("/api/interview/jobs/<>", "DELETE"),
    ("/api/interview/requisitions/<>", "DELETE"),
    ("/api/interview/<>/everything", "DELETE"),
}
# What anybody may read: a browser names no caller.
PUBLIC = {
    ("/api/interview/openapi.json", "GET"),
    ("/api/interview/docs", "GET"),
    ("/api/interview/docs/<>", "GET"),
}
# Name of the caller, headers, answer to reading, answer to writing.
CALLERS = [
    ("nobody", {}, 401, 401),
    ("only an id", {"X-User-ID": "u"}, 401, 401),
    ("only a role", {"X-User-Role": "admin"}, 401, 401),
    ("empty id", {"X-User-ID": "", "X-User-Role": "admin"}, 401, 401),
    ("blank id", {"X-User-ID": "  ", "X-User-Role": "admin"}, 401, 401),
    ("empty role", {"X-User-ID": "u", "X-User-Role": ""}, 401, 401),
    ("blank role", {"X-User-ID": "u", "X-User-Role": " \t"}, 401, 401),
    ("id of 256 characters", {"X-User-ID": "u" * 256, "X-User-Role": "admin"}, 401, 401),
    ("id of 255 characters", {"X-User-ID": "u" * 255, "X-User-Role": "admin"}, 200, 200),
    ("id with a control character", {"X-User-ID": "u\x7f", "X-User-Role": "admin"}, 401, 401),
    ("admin", {"X-User-ID": "u", "X-User-Role": "admin"}, 200, 200),
    ("ADMIN in capitals", {"X-User-ID": "u", "X-User-Role": "ADMIN"}, 200, 200),
    ("recruiter", {"X-User-ID": "u", "X-User-Role": "recruiter"}, 200, 403),
    ("hiring_manager", {"X-User-ID": "u", "X-User-Role": "hiring_manager"}, 200, 403),
    ("interviewer", {"X-User-ID": "u", "X-User-Role": "interviewer"}, 200, 403),
    ("Interviewer in mixed case", {"X-User-ID": "u", "X-User-Role": "Interviewer"}, 200, 403),
    ("candidate", {"X-User-ID": "u", "X-User-Role": "candidate"}, 403, 403),
    ("several roles in one", {"X-User-ID": "u", "X-User-Role": "interviewer, admin"}, 403, 403),
    ("a role that only begins like admin", {"X-User-ID": "u", "X-User-Role": "administrator"}, 403, 403),
]
CODES = {401: "unauthenticated", 403: "forbidden"}


def call(client: FlaskClient, rule: str, headers: dict[str, str], stored: dict[str, Any], body: Any) -> TestResponse:
    """A request to a route that succeeds for whom it is allowed."""
    if rule.endswith("/generate"):
        body = {"req_id": stored["req_id"], "job_description_id": stored["job_description_id"]}
    if rule.endswith("/check"):
        body = {"texts": [{"text": "You will own the payout service.", "kind": "jd"}]}
    if rule.endswith("/retire"):
        body = {"reason": "It stands on a public page."}
    path = rule.replace("<req_id>", stored["req_id"]).replace("<interview_id>", str(stored["interview_id"]))
    path = path.replace("<cached_question_id>", str(stored["interview"]["questions"][0]["cached_question_id"]))
    path = path.replace("<job_id>", stored.get("job_id", ""))
    method = next(method for known, method, _ in ROUTES if known == rule)
    return client.open(path, method=method, headers=headers, json=body if method == "POST" else None)


def job_of(app: Flask, user_id: str, req_id: str) -> str:
    """A finished job of a user, as a keyed request leaves it."""
    with app.app_context(), transaction() as session:
        job = GenerationJob(
            id=uuid.uuid4().hex,
            operation="workflow",
            user_id=user_id,
            req_id=req_id,
            request={},
            background=False,
            status="succeeded",
            progress={},
            answer_status=200,
            answer_body="{}",
        )
        session.add(job)
        return job.id


@on_sqlite
def test_the_table_of_routes_is_complete(app: Flask) -> None:
    # A route that is missing here would be open to everybody without a test noticing.
    def bare(rule: str) -> str:
        return re.sub("<[^>]*>", "<>", rule)  # names and converters inside the brackets are not our business

    editing = {(bare(rule), method) for rule, method, _ in EDITING_ROUTES}  # asked in tests/editing/test_callers.py
    served = {
        (bare(rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/interview")
    }
    assert served == PUBLIC | editing | ENDING | {(bare(rule), method) for rule, method, _ in ROUTES}


@on_sqlite
def test_each_route_lets_in_whom_it_should(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, tables: Tables
) -> None:
    stored = post(client, WORKFLOWS[0], requisition)
    for name, headers, reading, writing in CALLERS:
        stored["job_id"] = job_of(client.application, headers.get("X-User-ID", "")[:255], requisition["req_id"])
        for rule, _, only_reads in ROUTES:
            place = f"{name} at {rule}"
            expected = reading if only_reads else writing
            before = tables.counts()
            fake.received.clear()
            answer = call(client, rule, headers, stored, requisition)
            assert answer.status_code == expected, f"{place}: {answer.get_data(as_text=True)}"
            if expected == 200 and rule.endswith("/events"):
                assert answer.mimetype == "text/event-stream", place
                assert "event: done" in answer.get_data(as_text=True), place
            elif expected == 200:
                assert answer.get_json()["success"] is True
            else:
                assert answer.get_json()["code"] == CODES[expected], place
                assert answer.get_json()["details"] == [], place
                # A refused caller learns nothing about what is stored.
                assert "REQ-12345" not in answer.get_data(as_text=True), place
            if only_reads or expected != 200:
                assert tables.counts() == before, place
                assert fake.received == [], place


def test_the_caller_is_kept_with_what_was_made(
    client: FlaskClient, requisition: dict[str, Any], tables: Tables
) -> None:
    post(client, WORKFLOWS[0], requisition)
    for name, column in (
        ("job_descriptions", "created_by_user_id"),
        ("interviews", "created_by_user_id"),
        ("generation_logs", "user_id"),
    ):
        assert {row[column] for row in tables.rows(name)} == {ADMIN["X-User-ID"]}


SECRET = "a-long-and-random-secret"


@on_sqlite
def test_with_a_gateway_secret_every_call_must_carry_it(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, tables: Tables
) -> None:
    client = make_app(GATEWAY_SECRET=SECRET).test_client()
    right = {**ADMIN, "X-Gateway-Secret": SECRET}
    stored = ok(client.post(WORKFLOWS[0], json=requisition, headers=right))
    stored["job_id"] = job_of(client.application, ADMIN["X-User-ID"], requisition["req_id"])
    for rule, _, _ in ROUTES:
        assert call(client, rule, right, stored, requisition).status_code == 200, rule
    before = tables.counts()
    fake.received.clear()
    for secret in (None, "", "wrong", SECRET[:-1], SECRET + "x", SECRET.upper(), "gehëim"):
        headers = ADMIN if secret is None else {**ADMIN, "X-Gateway-Secret": secret}
        for rule, _, _ in ROUTES:
            answer = call(client, rule, headers, stored, requisition)
            assert answer.status_code == 401, f"{secret} at {rule}"
            assert answer.get_json()["code"] == "unauthenticated"
            assert SECRET not in answer.get_data(as_text=True)
    assert tables.counts() == before
    assert fake.received == []
    assert ok(client.get("/health"))["status"] == "healthy"  # the load balancer has no secret


@on_sqlite
def test_the_right_gateway_secret_does_not_replace_the_caller(make_app: MakeApp) -> None:
    client = make_app(GATEWAY_SECRET=SECRET).test_client()
    for headers, expected in (
        ({}, 401),
        ({"X-User-Role": "admin"}, 401),
        ({"X-User-ID": "u", "X-User-Role": "candidate"}, 403),
        (READER, 200),
    ):
        answer = client.get(address("req", "R"), headers={**headers, "X-Gateway-Secret": SECRET})
        assert answer.status_code == expected, headers


@on_sqlite
def test_reader_roles_say_who_may_read_and_writing_stays_with_the_admin(
    make_app: MakeApp, requisition: dict[str, Any]
) -> None:
    client = make_app(READER_ROLES="auditor, Recruiter").test_client()
    stored = post(client, WORKFLOWS[0], requisition)
    stored["job_id"] = job_of(client.application, "u", requisition["req_id"])
    for role, reading, writing in (
        ("auditor", 200, 403),
        ("AUDITOR", 200, 403),
        ("recruiter", 200, 403),
        ("interviewer", 403, 403),
        ("hiring_manager", 403, 403),
        ("admin", 403, 200),
    ):
        for rule, _, only_reads in ROUTES:
            answer = call(client, rule, {"X-User-ID": "u", "X-User-Role": role}, stored, requisition)
            assert answer.status_code == (reading if only_reads else writing), f"{role} at {rule}"


@on_sqlite
def test_a_host_app_can_replace_the_authentication(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, tables: Tables
) -> None:
    sessions = {
        "chief": Caller("host-7", "Admin"),
        "reader": Caller("host-8", " interviewer "),
        "guest": Caller("host-9", "candidate"),
    }

    def authenticate(request: Request) -> Caller | None:
        return sessions.get(request.headers.get("Authorization", ""))

    app = make_app(GATEWAY_SECRET=SECRET)
    app.config["INTERVIEW_AUTHENTICATOR"] = authenticate
    client = app.test_client()
    # Neither the headers of the gateway nor its secret count any more.
    forged = {**ADMIN, "X-Gateway-Secret": SECRET}
    assert client.post(WORKFLOWS[0], json=requisition, headers=forged).status_code == 401
    assert fake.received == []
    stored = ok(client.post(WORKFLOWS[0], json=requisition, headers={"Authorization": "chief"}))
    for session, reading, writing in (
        ("chief", 200, 200),
        ("reader", 200, 403),
        ("guest", 403, 403),
        ("stranger", 401, 401),
        ("", 401, 401),
    ):
        stored["job_id"] = job_of(app, sessions[session].user_id if session in sessions else "", "REQ-12345")
        for rule, _, only_reads in ROUTES:
            answer = call(client, rule, {**forged, "Authorization": session}, stored, requisition)
            assert answer.status_code == (reading if only_reads else writing), f"{session} at {rule}"
    assert {row["user_id"] for row in tables.rows("generation_logs")} == {"host-7"}


# ------------------------------------------------------------------------------------------------ times


def test_a_workflow_was_created_when_it_began_and_its_interview_when_it_was_done(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    # Longer than the second that times are cut to.
    fake.when(lambda body: asked_for(body) == "EnhancedDescription", Reply(before=lambda: asyncio.sleep(1.1)))
    answer = post(client, WORKFLOWS[0], requisition)
    jd = get(client, address("jd", "REQ-12345"))["job_description"]
    assert moment(answer["created_at"]) < moment(answer["interview"]["created_at"])
    assert moment(jd["created_at"]) < moment(jd["enhanced_at"])


def test_times_are_utc_whatever_the_machine_says(
    client: FlaskClient, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        answer = post(client, WORKFLOWS[0], requisition)
        jd = get(client, address("jd", "REQ-12345"))["job_description"]
        health = ok(client.get("/health"))
        utc = now()
    finally:
        monkeypatch.undo()
        time.tzset()
    shown = [answer["created_at"], answer["interview"]["created_at"], jd["created_at"], jd["enhanced_at"]]
    for value in [*shown, health["timestamp"]]:
        assert abs(moment(value) - utc) < timedelta(minutes=1)


def test_a_user_id_beyond_ascii_is_kept_as_it_was_sent(
    client: FlaskClient, requisition: dict[str, Any], tables: Tables
) -> None:
    sent = {**ADMIN, "X-User-ID": "Łukasz".encode().decode("latin-1")}  # as a WSGI server hands it over
    assert client.post(WORKFLOWS[0], json=requisition, headers=sent).status_code == 200
    assert {row["user_id"] for row in tables.rows("generation_logs")} == {"Łukasz"}


@on_sqlite
def test_an_error_of_claude_names_the_requisition(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    fake.next(error_reply(401, "authentication_error"))
    assert client.post(WORKFLOWS[0], json=requisition, headers=ADMIN).get_json()["req_id"] == requisition["req_id"]
