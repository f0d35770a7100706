"""Texts that are no job description are refused with what is missing, and odd job descriptions are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from config import PROJECT_FOLDER
from models import GenerationLog, Interview, JobDescription, db
from techscreen.checks.job_description_gate import REASONS, refuse_unless_job, what_is_missing
from techscreen.errors import GenerationRefused
from tests.conftest import MakeApp
from tests.support.fake_claude import FakeClaude, Reply, asked_for
from tests.support.tables import table

SAMPLES = sorted((PROJECT_FOLDER / "samples" / "requisitions").glob("*.json"))
ADMIN = {"X-User-ID": "anna", "X-User-Role": "admin"}
ENHANCE, WORKFLOW = "/api/interview/jd/enhance", "/api/interview/workflow/full"

embedded_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # none of this is the database's

POEM = """
The moon came softly over the hill,
and all the silver fields lay still;
a fox went by with a lantern's glow,
and never a word did the river know.
I wandered on with the wind in my hair,
with stars for company everywhere,
and the night was long, and the night was deep,
and the whole of the valley lay asleep.
"""
GERMAN_POEM = """
Der Mond ist über den Hügel gegangen,
die Sterne haben am Himmel gehangen,
das Feld liegt still und der Wald steht stumm,
und ein Nebel geht leise im Tal herum.
Die Nacht ist lang und das Herz ist schwer,
und die Wolken ziehen vom Süden her.
"""
CV = """
CURRICULUM VITAE
Date of birth: 4 May 1990
somebody@mail.example, +44 20 7946 0000

PROFESSIONAL SUMMARY
Backend developer with ten years of Java and PostgreSQL.

EMPLOYMENT HISTORY
2019 - present   Senior Developer, payments
2015 - 2019      Developer, logistics

EDUCATION
2011 - 2015      BSc Computer Science

HOBBIES
Chess, cycling. References available on request.
"""
PLAIN_CV = """
SUMMARY
Data analyst with your next dashboard in mind.
EXPERIENCE
Data Analyst, a bank (Jan 2020 – Present)
Junior Analyst, a shop (Sep 2017 – Dec 2019)
SKILLS
SQL, Python
EDUCATION
BSc Statistics
"""
LETTER = """
Dear hiring manager, I am writing to apply for the post of developer. I have worked with Java for ten years and I would
be glad to tell more about my projects. Yours sincerely
"""
FIRST_PERSON_CV = """
I am a software engineer. My work experience: 2018 - 2022 developer at a bank, 2022 - present team lead.
Education: MSc. LinkedIn.com/in/somebody. I enjoy building things with Python and Kubernetes.
"""
BOILERPLATE = (
    """
We are an equal opportunity employer and value diversity. All qualified applicants receive consideration without
regard to race, religion, gender or veteran status. Our benefits include a pension, dental insurance and thirty days of
holiday. The company was founded in 1998 and is headquartered in a lovely place. Our values are at the heart of our
culture. By applying you give consent to our privacy policy. Salary and bonus are reviewed every year.
"""
    * 26
)
PYTHON = """
import os
from collections import deque

def walk(root):
    queue = deque([root])
    while queue:
        node = queue.popleft()
        yield node
        queue.extend(node.children)
    return
class Tree:
    def __init__(self, root):
        self.root = root
"""
C_CODE = """
#include <stdio.h>
int main(void) {
    int i;
    for (i = 0; i < 10; i++) {
        printf("%d", i);
    }
    return 0;
}
"""
JSON_TEXT = '{\n  "name": "tree",\n  "size": 3,\n  "children": [\n    "a",\n    "b"\n  ]\n}'
JAVASCRIPT = """
const walk = (root) => {
  const queue = [root];
  while (queue.length) {
    const node = queue.shift();
    visit(node);
  }
};
"""
YOUR_TERMS = (
    """
By applying you give your consent to our privacy policy. You have equal opportunities whatever your religion or gender.
Your benefits include a pension and dental insurance. You will love our values. Your salary is reviewed every year, and
you have thirty days of holiday. Our mission is to be the employer that you tell your friends about.
"""
    * 35
)
SQL = "SELECT a, b FROM t;\nINSERT INTO t VALUES (1, 2);\nUPDATE t SET a = 1;\nDELETE FROM t WHERE a = 2;\nSELECT 1;"

# Made for this test: texts of many trades and languages, and what they are refused as, if certainly no job description.
CASES = [json.loads(line) for line in Path(__file__).with_name("gate_cases.jsonl").read_text("utf-8").splitlines()]

NOTHING_OF_A_JOB = [
    pytest.param(PYTHON, "code", id="Python"),
    pytest.param(C_CODE, "code", id="C"),
    pytest.param(SQL, "code", id="SQL"),
    pytest.param(JSON_TEXT, "code", id="JSON"),
    pytest.param(JAVASCRIPT, "code", id="JavaScript"),
    pytest.param(YOUR_TERMS, "boilerplate", id="15 kB of terms that speak to the reader"),
    pytest.param(CV, "cv", id="CV"),
    pytest.param(FIRST_PERSON_CV, "cv", id="CV in the first person"),
    pytest.param(PLAIN_CV, "cv", id="CV without a title"),
    pytest.param(LETTER, "cv", id="letter of application"),
    pytest.param("Lorem ipsum dolor sit amet, consectetur. " * 20 + POEM, "other", id="lorem ipsum"),
    pytest.param(POEM, "other", id="poem"),
    pytest.param(GERMAN_POEM, "other", id="German poem"),
    pytest.param(BOILERPLATE, "boilerplate", id="15 kB of terms"),
]
ODD_BUT_A_JOB = [
    "MySQL DBA for 24x7 shop, 60 instances, 5.7 -> 8.0 upgrade this year.",
    "D",
    "Builds.",
    "A gardener for our roses. You water them in the morning and cut them in the autumn, all by hand, every day of "
    "the season, and you know which of them need a wall behind them and which need none at all.",
    "Wir suchen eine Fachkraft für die Wartung unserer Pumpen. Sie prüfen die Dichtungen und schreiben die Protokolle, "
    "und Sie sind im Betrieb der Kontakt für die Schicht.",
    "Buscamos una persona para el mantenimiento de los servidores y de la base de datos, con experiencia en Linux y "
    "con ganas de aprender lo que no sabe.",
    "私たちはデータ基盤を作るエンジニアを探しています。大量のイベントを処理し、品質を保つ仕事です。",
    "Nous cherchons une personne pour maintenir la chaîne de livraison et aider les équipes à publier chaque semaine.",
    "You will maintain:\n\n```java\nint x = 1;\n```\n\nand forty services like it. You review, test and release them.",
    "The engineer will:\n- design payment services in Java;\n- operate the services on Kubernetes;\n"
    "- review code of others;\n- answer incidents at night;\n- mentor two juniors;",
    "Diseñar servicios;\nOperar los servicios en Kubernetes;\nRevisar el código de otros;\nAtender las incidencias;\n"
    "Formar a dos personas del equipo;\nDocumentar lo hecho;",
    "Data Engineer (Python):\nPipelines (Airflow):\nWarehouse (Snowflake):\nStreams (Kafka):",
    "Import goods from Asia.\nreturn shipments to vendors\nprivate label sourcing\npublic tenders\nstatic displays",
    "Takes vital signs, gives medication, hands over to the day shift and calls the doctor where one is needed. Keeps "
    "the ward quiet, and the patients and those who visit them in good spirits through the night.",
    "Mows, prunes, plants and waters. Knows the roses by name and the weeds by sight, and which of them may stay until "
    "the autumn and which of them must go before the summer is over. Pension and thirty days of holiday.",
    "I'm the CTO of a 12 person startup. I need a backend engineer. Your work experience 2019 - present is not "
    "required, and education is not a filter. Contact jobs@startup.example.",
    "<div>\n<ul>\n<li>Design services in Java</li>\n<li>Run them on Kubernetes</li>\n</ul>\n</div>\n<p>Apply soon.</p>",
    "Data protection officer. Owns the privacy policy, the consent of users and the personal data of our applicants, "
    "answers legal questions of all countries and trains those who handle personal records in every policy we have.",
    "SQL,Python,Airflow,dbt\nKafka,Spark,Flink,Beam\nAWS,GCP,Azure,OVH\nTerraform,Ansible,Helm,Vault",
    "I am the head of the team. I would like somebody who runs our clusters with me. 2019 - 2024 I did it alone. "
    "My phone is +44 20 7946 0000.",
]


@table(("text", "kind"), NOTHING_OF_A_JOB)
def test_what_is_no_job_description_is_known(text: str, kind: str) -> None:
    assert what_is_missing(text, [None] * 4) == REASONS[kind]


@table("text", ODD_BUT_A_JOB)
def test_an_odd_job_description_is_left_to_claude(text: str) -> None:
    assert what_is_missing(text, [None] * 4) is None


@table("case", CASES, ids=lambda case: case["why"])
def test_only_what_is_certainly_no_job_description_is_refused(case: dict[str, str | None]) -> None:
    text, refused = case["text"], case["refused"]
    assert text is not None
    assert what_is_missing(text, []) == (REASONS[refused] if refused else None)


@table(("text", "kind"), NOTHING_OF_A_JOB)
def test_work_inputs_are_enough(text: str, kind: str) -> None:
    assert what_is_missing(text, [None, "Owns the ledger", None, None]) is None
    assert what_is_missing(text, ["🎉", "", None, None]) == REASONS[kind]


@table("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_describes_work_also_without_its_work_inputs(sample: Path) -> None:
    assert what_is_missing(json.loads(sample.read_text(encoding="utf-8"))["basic_description"], []) is None


@table("kind", ["cv", "boilerplate", "other"])
def test_what_claude_reads_as_something_else_is_refused(kind: str) -> None:
    refuse_unless_job("job")
    with pytest.raises(GenerationRefused) as refused:
        refuse_unless_job(kind)
    assert refused.value.message == f"basic_description {REASONS[kind]}."


def counts(app: Flask) -> tuple[int | None, ...]:
    with app.app_context():
        found = tuple(
            db.session.scalar(select(func.count(table.id))) for table in (JobDescription, Interview, GenerationLog)
        )
        db.session.rollback()
        return found


@embedded_database
@table("path", [ENHANCE, WORKFLOW])
@table(("text", "kind"), NOTHING_OF_A_JOB)
def test_it_is_refused_before_anything_is_stored_or_paid_for(
    app: Flask, client: FlaskClient, fake: FakeClaude, path: str, text: str, kind: str
) -> None:
    body = {"req_id": "R", "basic_title": "T", "basic_description": text}
    response = client.post(path, json=body, headers=ADMIN)

    sentence = f"basic_description {REASONS[kind]}."
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["code"] == "invalid_request"
    assert response.json["error"] == sentence
    assert response.json["details"] == [{"field": "basic_description", "message": sentence}]
    assert counts(app) == (0, 0, 0)
    assert fake.received == []


@embedded_database
@table("text", ["🎉🚀🔥", "12 345 -- 67 !!!", "👩‍👩‍👧‍👦" * 400, "🇩🇪 → 🇪🇸", "…"])
@table("path", [ENHANCE, WORKFLOW])
def test_a_description_without_a_word_is_refused_whatever_the_work_inputs_say(
    app: Flask, client: FlaskClient, fake: FakeClaude, path: str, text: str
) -> None:
    body = {"req_id": "R", "basic_title": "T", "basic_description": text, "work_role": "Owns the ledger"}
    response = client.post(path, json=body, headers=ADMIN)

    sentence = "basic_description must tell in words what the work is."
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["details"] == [{"field": "basic_description", "message": sentence}]
    assert counts(app) == (0, 0, 0)
    assert fake.received == []


@embedded_database
@table("text", ["仕事", "работа", "عمل", "काम", "งาน", "דרוש", "εργασία", "ａｂ", "가나", "ж", "é"])
def test_a_word_is_a_word_in_every_script(client: FlaskClient, text: str) -> None:
    body = {"req_id": "R", "basic_title": "T", "basic_description": text}
    assert client.post(ENHANCE, json=body, headers=ADMIN).status_code == 200


def something_else(kind: str) -> Reply:
    def change(good: dict[str, Any]) -> dict[str, Any]:
        empty = {"enhanced_title": "", "enhanced_description": ""} if "enhanced_title" in good else {}
        return {"reads_as": kind, "language": "", "interview_topics": [], **empty}

    return Reply(change=change)


@embedded_database
@pytest.mark.parametrize("path", [ENHANCE, WORKFLOW])
@pytest.mark.parametrize("kind", ["cv", "boilerplate", "other"])
def test_what_claude_reads_as_none_makes_no_interview(
    app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any], path: str, kind: str
) -> None:
    fake.next(something_else(kind))
    response = client.post(path, json=requisition, headers=ADMIN)

    assert response.json is not None
    assert (response.status_code, response.json["code"]) == (502, "generation_refused")
    assert response.json["error"] == f"basic_description {REASONS[kind]}."
    assert len(fake.received) == 1, "neither repaired nor followed by questions"
    with app.app_context():
        row = db.session.scalars(select(GenerationLog)).one()
        assert (row.status, row.error_code) == ("failed", "generation_refused")
        assert row.tokens_used > 0
        db.session.rollback()
    assert client.get("/api/interview/req/REQ-12345", headers=ADMIN).json == {
        "success": True,
        "interviews": [],
        "total": 0,
        "next_cursor": None,
    }


@embedded_database
def test_topics_that_are_planned_later_are_refused_alike(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    app = make_app()
    client = app.test_client()
    stored = client.post(ENHANCE, json=requisition, headers=ADMIN).json
    assert stored is not None
    with app.app_context():
        db.session.query(JobDescription).update({"interview_topics": None})
        db.session.commit()
    fake.when(lambda body: asked_for(body) == "PlannedTopics", something_else("cv"))

    body = {"req_id": requisition["req_id"], "job_description_id": stored["job_description_id"]}
    response = client.post("/api/interview/generate", json=body, headers=ADMIN)

    assert response.json is not None
    assert (response.status_code, response.json["code"]) == (502, "generation_refused")
    assert client.get("/api/interview/req/REQ-12345", headers=ADMIN).json == {
        "success": True,
        "interviews": [],
        "total": 0,
        "next_cursor": None,
    }
