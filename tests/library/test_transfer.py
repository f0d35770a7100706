"""Imports and exports: all or nothing, exact there and back, and quick."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import CachedQuestion, GenerationJob
from techscreen.library.formats import MEDIA_TYPES
from techscreen.schemas.library import MAX_IMPORT
from techscreen.server import request_arrival
from tests.conftest import READER, on_sqlite
from tests.library.test_questions import EDITOR, LIBRARY, a_question, created
from tests.support.workflows import all_of

ODD_TEXTS = [
    "=cmd()|'/C calc'!A0",
    "'=already quoted",
    "-1 + @SUM(1)",
    "\t tab first",
    "'quoted' and \"more\", with; a lone\rreturn\r\nand\nlines",
    "<script>alert(1)</script> Ünï 🚀 \u2028 ＝1",
    " leading and trailing ",
]


def imported(
    client: FlaskClient, content: str | bytes, form: str = "json", key: str | None = None, **query: Any
) -> Any:
    (media_type,) = (name for name, known in MEDIA_TYPES.items() if known == form)
    headers = {**EDITOR, **({"Idempotency-Key": key} if key else {})}
    return client.post(f"{LIBRARY}/import", data=content, content_type=media_type, headers=headers, query_string=query)


def exported(client: FlaskClient, form: str) -> Any:
    return client.get(f"{LIBRARY}/export?format={form}", headers=READER)


def odd_questions() -> list[dict[str, Any]]:
    """One question for each odd text, which is wherever a text can be."""
    return [
        a_question(
            topic=text.strip("\n"),
            question_text=text,
            reference=f"=REF-{number}",
            owner=text,
            technologies=["golang", "+plus"][: number % 3],
            exhibit={"kind": "log", "text": text} if number % 2 else None,
            minutes=None if number % 2 else 45,
            criteria=[{"criterion": text, "description": text}, {"criterion": "Second", "description": ""}][
                : number % 3
            ],
            follow_ups=[text],
            rating_anchors={"low": text, "mid": "", "high": "@high"},
            review_on="2027-01-31" if number % 2 else None,
            status="draft" if number % 2 else "active",
            language="de-AT",
        )
        for number, text in enumerate(ODD_TEXTS)
    ]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_what_is_exported_comes_back_to_the_letter(app: Flask, client: FlaskClient, form: str) -> None:
    given = odd_questions()
    for question in given:
        created_ = client.post(LIBRARY, json=question, headers=EDITOR)
        assert created_.status_code == 200, created_.text
    file = exported(client, form)
    before = exported(client, "json").json

    renamed = file.text.replace("REF-", "NEW-")
    answer = imported(client, renamed, form)

    assert file.mimetype == {known: name for name, known in MEDIA_TYPES.items()}[form]
    assert (answer.status_code, answer.json["imported"]) == (200, len(given)), answer.text
    after = exported(client, "json").json
    assert after[: len(given)] == before
    assert [{**one, "reference": one["reference"].replace("NEW", "REF")} for one in after[len(given) :]] == before
    for question, kept in zip(given, before, strict=True):
        assert {name: kept[name] for name in question} == question
    twice = imported(client, file.text, form, on_conflict="update")
    assert (twice.json["imported"], twice.json["updated"]) == (0, len(given))
    assert exported(client, "json").json == after


@on_sqlite
def test_no_cell_of_an_export_is_a_formula(client: FlaskClient) -> None:
    assert imported(client, json.dumps(odd_questions())).status_code == 200

    cells = [cell for row in csv.reader(io.StringIO(exported(client, "csv").text, newline="")) for cell in row]

    assert [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝") or cell[:1] in tuple("\t\r\n")] == []
    assert "'=cmd()|'/C calc'!A0" in cells


@on_sqlite
def test_ten_thousand_rows_go_in_at_once_or_not_at_all(app: Flask, client: FlaskClient) -> None:
    rows = [a_question(topic=f"Kafka topic {number}", reference=f"R-{number}") for number in range(10_000)]
    wrong = [dict(row) for row in rows]
    wrong[16] = {**wrong[16], "skill_level": "Wizard"}
    wrong[4_999] = {**wrong[4_999], "criteria": [{"criterion": " "}]}
    wrong[9_998] = {**wrong[9_998], "reference": "R-3"}

    refused = imported(client, json.dumps(wrong))

    assert (refused.status_code, refused.json["code"]) == (422, "not_importable")
    assert (refused.json["imported"], refused.json["updated"], refused.json["problems_total"]) == (0, 0, 3)
    named = [(problem["row"], problem["field"]) for problem in refused.json["problems"]]
    assert named == [(17, "skill_level"), (5_000, "criteria.0.criterion"), (9_999, "reference")]
    assert all_of(app, CachedQuestion) == []

    content = json.dumps(rows)
    began = time.process_time()
    answer = imported(client, content)

    assert (answer.status_code, answer.json["imported"], answer.json["findings"]) == (200, 10_000, None)
    assert time.process_time() - began < 15
    assert len({row.cache_key for row in all_of(app, CachedQuestion)}) == 10_000

    parts = "".join(f"R-{number},Payments\n" for number in range(10_000))
    began = time.process_time()
    changed = imported(client, "reference,owner\n" + parts, "csv", on_conflict="update")

    assert (changed.status_code, changed.json["updated"]) == (200, 10_000)
    assert time.process_time() - began < 15


def test_a_key_imports_once_and_its_job_does_not_hold_the_file(app: Flask, client: FlaskClient) -> None:
    rows = [a_question(topic=f"Kafka topic {number % 7}") for number in range(1_100)]

    first, again = (imported(client, json.dumps(rows), key="k") for _ in range(2))
    other = imported(client, json.dumps(rows[:1]), key="k")
    too_many = imported(client, "{}\n" * 10_001, "jsonl")

    assert (first.json["imported"], again.json) == (1_100, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.json["code"] == "idempotency_mismatch"
    assert too_many.json["code"] == "invalid_request"
    assert len(all_of(app, CachedQuestion)) == 1_100
    (job,) = all_of(app, GenerationJob)
    assert "Kafka" not in json.dumps(job.request)


@on_sqlite
def test_a_known_reference_is_a_problem_unless_it_is_to_be_updated(app: Flask, client: FlaskClient) -> None:
    kept = created(client, reference="OURS-1")["question"]
    client.patch(f"{LIBRARY}/{kept['id']}", json={"status": "retired"}, headers={**EDITOR, "If-Match": "*"})
    content = json.dumps([a_question(reference="OURS-1", topic="Go channels"), a_question(reference="OURS-2")])

    refused = imported(client, content)
    tried = imported(client, content, on_conflict="update", dry_run="true")
    untouched = client.get(f"{LIBRARY}/{kept['id']}", headers=READER).json["question"]["topic"]
    done = imported(client, content, on_conflict="update")

    assert [(each["row"], each["field"]) for each in refused.json["problems"]] == [(1, "reference")]
    assert (tried.json["imported"], tried.json["updated"], untouched) == (1, 1, kept["topic"])
    assert (done.json["imported"], done.json["updated"]) == (1, 1)
    changed = client.get(f"{LIBRARY}/{kept['id']}", headers=READER).json["question"]
    assert (changed["topic"], changed["status"], changed["revision"]) == ("Go channels", "active", 3)
    assert len(all_of(app, CachedQuestion)) == 2


@on_sqlite
@pytest.mark.parametrize(
    ("form", "content", "code", "field"),
    [
        ("json", "{", "malformed_json", None),
        ("json", "{}", "invalid_request", None),
        ("json", "[7]", "not_importable", (1, "row")),
        ("jsonl", b"\xff", "invalid_request", None),
        ("jsonl", "{}\n\n{", "not_importable", (2, "row")),
        ("csv", "question_text,topic\nx,y\n", "invalid_request", "skill_level"),
        ("csv", "topic,topic,question_text,skill_level\n", "invalid_request", "topic"),
        ("csv", "question_text,topic,skill_level\na,b,Advanced,d\n", "not_importable", (1, "row")),
        ("csv", 'question_text,topic,skill_level\na,b,Expert\n"a"x,b,Expert\n', "not_importable", (2, "row")),
        ("csv", "question_text;topic;skill_level;minutes\na;b;Expert;soon\n", "not_importable", (1, "minutes")),
        (
            "csv",
            "question_text,topic,skill_level,criterion_2_description\na,b,Expert,x\n",
            "not_importable",
            (1, "criterion_1"),
        ),
    ],
)
def test_what_cannot_be_read_is_told(
    app: Flask, client: FlaskClient, form: str, content: str | bytes, code: str, field: Any
) -> None:
    refused = imported(client, content, form)

    assert refused.json["code"] == code, refused.text
    if isinstance(field, tuple):
        assert field in [(each["row"], each["field"]) for each in refused.json["problems"]]
    elif field is not None:
        assert field in [each["field"] for each in refused.json["details"]]
    assert all_of(app, CachedQuestion) == []


@on_sqlite
def test_findings_of_a_small_import_are_counted(client: FlaskClient) -> None:
    answer = imported(client, json.dumps([a_question(question_text="<b>Are you pregnant?</b>")]))

    assert answer.json["findings"]["markup"] == 2
    assert answer.json["findings"]["prohibited_subject"] >= 1


@on_sqlite
def test_an_import_may_be_larger_than_other_bodies(client: FlaskClient) -> None:
    large = json.dumps([a_question()]).ljust(2 * 1_048_576)

    assert imported(client, large).status_code == 200
    assert imported(client, b" " * (MAX_IMPORT + 1)).status_code == 413
    assert client.post(LIBRARY, data=large, content_type="application/json", headers=EDITOR).status_code == 413
    assert imported(client, "x", "json", dry_run="perhaps").json["details"][0]["field"] == "dry_run"
    other = client.post(f"{LIBRARY}/import", data="x", content_type="text/plain", headers=EDITOR)
    assert other.status_code == 415


def test_the_server_waits_for_a_large_import_and_for_no_other_large_body() -> None:
    size = 5 * 1_048_576
    for path, awaited in (
        ("/api/interview/library/import?dry_run=true", request_arrival.Awaited.BODY),
        ("/api/interview/library", request_arrival.Awaited.NOTHING),
        ("/api/interview/check?x=/library/import", request_arrival.Awaited.NOTHING),
    ):
        arrival = request_arrival.Arrival()
        arrival.add(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        assert arrival.awaited is awaited, path
    assert request_arrival.MAX_IMPORT == MAX_IMPORT


@on_sqlite
def test_the_shell_exports_and_imports(app: Flask, client: FlaskClient, tmp_path: Any) -> None:
    created(client, reference="OURS-1")
    shell, file = app.test_cli_runner(), tmp_path / "library.csv"

    assert shell.invoke(args=["library", "export", str(file)]).exit_code == 0
    refused = shell.invoke(args=["library", "import", str(file)])
    done = shell.invoke(args=["library", "import", str(file), "--update"])

    assert (refused.exit_code, "Row 1: reference “OURS-1”" in refused.output) == (1, True)
    assert "0 questions imported, 1 updated." in done.output
    assert shell.invoke(args=["library", "export", str(tmp_path / "library.xls")]).exit_code != 0
