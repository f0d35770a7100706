"""The service without Claude, over HTTP: what it makes, what it says honestly, and what it refuses."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import PROJECT_FOLDER
from techscreen.question_cache.keys import STARTER_MODEL
from tests.conftest import ADMIN, MakeApp, with_starter_library
from tests.support.fake_claude import FakeClaude
from tests.support.workflows import audit_rows, embedded_database, workflow

pytestmark = embedded_database
SAMPLES = sorted((PROJECT_FOLDER / "samples" / "requisitions").glob("*.json"))


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return with_starter_library(make_app(CLAUDE_MODE="offline"))


def sample(name: str, **changes: Any) -> dict[str, Any]:
    text = (PROJECT_FOLDER / "samples" / "requisitions" / f"{name}.json").read_text(encoding="utf-8")
    return {**json.loads(text), **changes}


def requisition(description: str, **more: Any) -> dict[str, Any]:
    return {"req_id": "R-1", "basic_title": "Wanted", "basic_description": description, **more}


def kinds(answer: dict[str, Any]) -> list[str]:
    return [finding["kind"] for finding in answer["quality"]["findings"]]


def test_every_sample_gets_five_library_questions_at_its_level(client: FlaskClient, fake: FakeClaude) -> None:
    levels = ["Foundational", "Intermediate", "Advanced", "Expert"]
    for path in SAMPLES:
        answer = workflow(client, json.loads(path.read_text(encoding="utf-8"))).json
        assert answer["success"], (path.stem, answer)
        questions = answer["interview"]["questions"]
        assert {(each["source"], each["model"]) for each in questions} == {("library", STARTER_MODEL)}
        assert len({each["topic"] for each in questions}) == 5
        places = [levels.index(each["skill_level"]) for each in questions]
        assert max(places) - min(places) <= 2
        assert (answer["library_questions"], answer["total_tokens_used"], answer["sample"]) == (5, 0, False)
        without_quote = [each["question_number"] - 1 for each in questions if not each["work_items"]]
        found = {each["field"] for each in answer["quality"]["findings"] if each["kind"] == "general"}
        assert found <= {f"questions[{place}].question_text" for place in without_quote}
        instructions = [each for each in answer["quality"]["findings"] if each["kind"] == "instruction"]
        assert len(instructions) <= 1, "hardly a false alarm"
        coverage = answer["quality"]["coverage"]
        assert len(coverage["gaps"]) == sum(not part["questions"] for part in coverage["parts"])
    assert fake.received == []


@pytest.mark.parametrize(
    ("name", "language", "heading"),
    [("embedded-firmware-engineer", "de", "Was Sie liefern"), ("data-engineer", "en", "What you will deliver")],
)
def test_the_language_of_the_requisition_is_kept(client: FlaskClient, name: str, language: str, heading: str) -> None:
    answer = workflow(client, sample(name)).json
    assert answer["interview"]["language"] == language
    assert heading in answer["enhanced_jd"]["description"]
    assert answer["notes_for_team"][0].endswith(("added.", "ergänzt."))


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (
            "Nous cherchons une développeuse qui construit des services pour nos clients dans le nord.",
            "another language",
        ),
        ("我们正在寻找一名后端工程师。", "another language"),
        ("We need somebody good, soon.", "reads as English and Intermediate"),
        ("You teach a class of 25; communication skills, teamwork.", "reads as English"),
        ("Wir suchen jemanden, der uns hilft.", "reads as German"),
    ],
)
def test_what_no_question_fits_is_refused_with_a_sentence(client: FlaskClient, description: str, said: str) -> None:
    answer = workflow(client, requisition(description))
    assert (answer.status_code, answer.json["code"]) == (409, "library_lacks")
    assert said in answer.json["error"]
    assert answer.json["details"][0]["field"] == "basic_description"


@pytest.mark.parametrize("description", ["TBD", "to be defined", "Keine Angabe", "See attached document"])
def test_a_placeholder_makes_no_interview(client: FlaskClient, description: str) -> None:
    for inputs in ({}, {"work_role": "TBD", "work_knowledge": "n/a"}):
        answer = workflow(client, requisition(description, basic_title="Backend Engineer", **inputs))
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("title", "description", "language"),
    [
        ("Entwickler (m/w/d) Backend", "Entwicklung von REST-APIs, Datenbankdesign und Tests.", "de"),
        ("Backend Developer", "No Java, no PHP. We only use Python.", "en"),
        ("Embedded-Entwickler", "Firmware in C mit RTOS, Stromaufnahme unter 50 µA und 10 Ω am Eingang.", "de"),
        ("Desarrollador backend", "Buscamos a quien desarrolle los servicios de reservas con Java y SQL.", "es"),
    ],
)
def test_a_few_words_tell_the_language(client: FlaskClient, title: str, description: str, language: str) -> None:
    answer = workflow(client, requisition(description, basic_title=title)).json
    assert answer["success"], answer
    assert answer["interview"]["language"] == language


def test_what_is_not_wanted_is_not_asked(client: FlaskClient) -> None:
    body = requisition("No Java. No PHP. Python and Django services for hospitals.", basic_title="Backend Developer")
    answer = workflow(client, body).json
    said = " ".join(f"{each['topic']} {each['question_text']}" for each in answer["interview"]["questions"])
    assert "Python" in said
    assert not re.search(r"\b(?:PHP|Java)\b", said)


def test_notes_say_what_no_question_is_about_and_what_was_hidden(client: FlaskClient) -> None:
    page = "<p style='display:none'>Replaces somebody.</p><p>You own the COBOL and SQL reports.</p>"
    answer = workflow(client, requisition(page, basic_title="Junior Data Analyst", basic_level="Senior")).json
    assert answer["success"], answer
    _, hidden, level, unasked = answer["notes_for_team"]
    assert "hides" in hidden
    assert "lower level" in level
    assert "COBOL" in unasked
    assert "Replaces" not in answer["enhanced_jd"]["description"]


def test_alternatives_of_each_kind_come_from_the_library(client: FlaskClient) -> None:
    made = workflow(client, sample("data-engineer")).json
    url = f"/api/interview/{made['interview_id']}/questions/1/alternatives"
    present = made["interview"]["questions"][0]
    levels = ["Foundational", "Intermediate", "Advanced", "Expert"]
    for kind in ("easier", "other_topic", "other_scenario", "shorter"):
        answer = client.post(url, json={"kind": kind}, headers=ADMIN)
        if answer.status_code == 503:
            assert kind.replace("_", " ") in answer.json["error"]
            continue
        for offered in answer.json["alternatives"]:
            assert offered["source"] == "library"
            if kind == "easier":
                assert levels.index(offered["skill_level"]) < levels.index(present["skill_level"])
            if kind == "shorter":
                assert offered["minutes"] < present["minutes"]


def test_an_empty_library_says_how_to_fill_it(make_app: MakeApp) -> None:
    client = make_app(CLAUDE_MODE="offline").test_client()
    answer = workflow(client, sample("data-engineer"))
    assert (answer.status_code, answer.json["code"]) == (409, "library_lacks")
    assert "library load-starter" in answer.json["error"]


def test_html_is_read_as_text(client: FlaskClient) -> None:
    page = (
        "<p>We look for a <b>data engineer</b> &amp; colleague.</p>"
        "<ul><li>You build <b>data pipelines</b> with Airflow</li><li>You own the SQL models</li></ul>"
    )
    answer = workflow(client, requisition(page, basic_title="Data Engineer")).json
    assert answer["success"], answer
    described = answer["enhanced_jd"]["description"]
    assert "- You build data pipelines with Airflow" in described
    assert "data engineer & colleague" in described
    quotes = [item["part"] for each in answer["interview"]["questions"] for item in each["work_items"]]
    assert quotes
    assert not re.search(r"</?\w+>", " ".join([described, *quotes]))


def test_later_versions_repeat_nothing_and_end_in_a_sentence(client: FlaskClient) -> None:
    body = sample("data-engineer")
    first = workflow(client, body).json
    order = {"req_id": body["req_id"], "job_description_id": first["job_description_id"]}
    used = {each["cached_question_id"] for each in first["interview"]["questions"]}
    answer = client.post("/api/interview/generate", json=order, headers=ADMIN)
    while answer.status_code == 200:
        ids = {each["cached_question_id"] for each in answer.json["interview"]["questions"]}
        assert (len(ids), ids & used) == (5, set())
        used |= ids
        answer = client.post("/api/interview/generate", json=order, headers=ADMIN)
    assert len(used) >= 20
    assert (answer.status_code, answer.json["code"]) == (409, "library_lacks")


@pytest.mark.parametrize("use", ["prefer", "only", None])
def test_whatever_is_preferred_there_is_only_the_library(client: FlaskClient, use: str | None) -> None:
    body = sample("data-engineer") if use is None else sample("data-engineer", use_library=use)
    assert workflow(client, body).json["library_questions"] == 5


def test_what_needs_a_writer_is_refused(app: Flask, client: FlaskClient) -> None:
    never = workflow(client, sample("data-engineer", use_library="never"))
    assert (never.status_code, never.json["code"]) == (503, "claude_not_configured")
    assert "never" in never.json["error"]
    failed = [row.error_code for row in audit_rows(app) if row.status == "failed"]
    assert set(failed) <= {"claude_not_configured"}


def test_use_library_only_needs_no_key_and_is_the_default_of_every_request(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLAUDE_API_KEY", raising=False)
    app = with_starter_library(make_app(FLASK_ENV="development", USE_LIBRARY="only", CLAUDE_API_KEY=""))
    answer = workflow(app.test_client(), requisition).json
    assert (answer["library_questions"], fake.received) == (5, [])
    assert app.test_client().get("/health/ready").json["parts"]["claude"]["status"] == "ok"


def test_with_a_key_use_library_only_fills_up_what_claude_has_planned(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    app = with_starter_library(make_app(USE_LIBRARY="only"))
    answer = workflow(app.test_client(), requisition).json
    assert answer["success"], answer
    assert answer["library_questions"] == 5
    assert len(fake.received) == 1  # the enhancement
