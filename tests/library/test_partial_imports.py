"""Imports of a part of a question, files as spreadsheets write them, and what tells who wrote a question."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from unittest.mock import ANY

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from models import CachedQuestion
from techscreen.library import transfer
from techscreen.schemas.generation import SAMPLE_MODEL
from techscreen.storage.transactions import transaction
from tests.conftest import READER, on_sqlite
from tests.library.test_questions import EDITOR, LIBRARY, a_question, created
from tests.library.test_transfer import exported, imported
from tests.support.workflows import all_of

EXHIBIT = {"kind": "log", "text": "a log"}
ANCHORS = {"low": "Guesses.", "mid": "Looks once.", "high": "Looks twice."}


def shown(client: FlaskClient, kept: dict[str, Any]) -> dict[str, Any]:
    question: dict[str, Any] = client.get(f"{LIBRARY}/{kept['id']}", headers=READER).json["question"]
    return question


def differing(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What an import has changed, besides who did it and when."""
    always = ("edited_at", "edited_by_user_id", "revision", "etag")
    return {name: value for name, value in after.items() if name not in always and value != before[name]}


@pytest.mark.parametrize(
    ("form", "content", "changed"),
    [
        ("json", '[{"reference": "R-1", "minutes": 7}]', {"minutes": 7}),
        ("jsonl", '{"reference": "R-1", "owner": null, "follow_ups": []}', {"owner": None, "follow_ups": []}),
        ("csv", "reference,minutes\nR-1,7\n", {"minutes": 7}),
        ("csv", "reference,owner,minutes,topic,status\nR-1,,,,\n", {"owner": None, "minutes": None}),
        ("csv", "reference,exhibit_kind\nR-1,code\n", {}),
        ("csv", "reference,technology_2,technology_1\nR-1,,redis\n", {"technologies": ["redis"]}),
        ("csv", "reference,follow_up_1\nR-1,Why?\n", {"follow_ups": ["Why?"]}),
        ("csv", "reference,anchor_low\nR-1,Bad\n", {"rating_anchors": {**ANCHORS, "low": "Bad"}}),
        ("json", '[{"reference": "R-1", "rating_anchors": {"low": "B"}}]', {"rating_anchors": {**ANCHORS, "low": "B"}}),
        ("csv", "reference,exhibit_text\nR-1,x = 2\n", {"exhibit": {**EXHIBIT, "text": "x = 2"}, "question_text": ANY}),
        ("csv", "reference,minutes,owner\nR-1,6\n", {"minutes": 6}),
        (
            "csv",
            "reference,criterion_1\nR-1,One\n",
            {"criteria": [{"criterion": "One", "description": ""}], "is_ready": False},
        ),
    ],
)
@on_sqlite
def test_what_is_not_given_stays(client: FlaskClient, form: str, content: str, changed: dict[str, Any]) -> None:
    kept = created(
        client,
        reference="R-1",
        owner="A",
        minutes=5,
        technologies=["kafka"],
        exhibit=EXHIBIT,
        language="de-AT",
        rating_anchors=ANCHORS,
    )["question"]

    answer = imported(client, content, form, on_conflict="update")

    assert (answer.status_code, answer.json["updated"]) == (200, 1), answer.text
    assert differing(kept, shown(client, kept)) == changed


def test_a_part_is_not_enough_for_a_new_question_and_must_be_right_for_a_known_one(client: FlaskClient) -> None:
    kept = created(client, reference="R-1")["question"]
    rows = [{"reference": "R-2", "owner": "A"}, {"reference": "R-1", "minutes": 99}, {"reference": "R-1"}, {}]

    refused = imported(client, json.dumps(rows), on_conflict="update")
    known_alone = imported(client, "reference,owner\nR-1,B\n", "csv")

    named = {(each["row"], each["field"]) for each in refused.json["problems"]}
    assert named >= {(1, "question_text"), (1, "topic"), (1, "skill_level"), (2, "minutes"), (4, "topic")}
    assert (known_alone.status_code, known_alone.json["code"]) == (400, "invalid_request")
    assert shown(client, kept) == kept


def test_a_change_made_meanwhile_is_kept(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = created(client, reference="R-1", owner="A")["question"]
    check, changes = transfer.checked_rows, iter([True])

    def check_then_change(*given: Any) -> Any:
        checked = check(*given)
        if next(changes, False):
            with transaction() as session:
                this = update(CachedQuestion).where(CachedQuestion.id == kept["id"])
                session.execute(this.values(owner="B", revision=CachedQuestion.revision + 1))
        return checked

    monkeypatch.setattr(transfer, "checked_rows", check_then_change)

    assert imported(client, '[{"reference": "R-1", "minutes": 7}]', on_conflict="update").status_code == 200

    (row,) = all_of(app, CachedQuestion)
    assert (row.owner, row.minutes, row.revision) == ("B", 7, kept["revision"] + 2)


@on_sqlite
def test_what_a_question_does_not_have_is_named(client: FlaskClient) -> None:
    extra = {**a_question(), "tags": ["x"], "criteria": [{"criterion": "One", "weight": 2}], "exhibit": EXHIBIT}
    many = {**a_question(), **{f"x{number:02}": 1 for number in range(60)}}
    sheet = "Question text,Topic,SKILL-LEVEL,Criteria,follow_ups,,exhibit_kind,\nWhy?,Kafka,Expert,a,b,c,log,\n"

    tried = imported(client, json.dumps([extra, a_question()]), dry_run="true")
    done = imported(client, json.dumps([extra]))
    columns = imported(client, sheet, "csv")

    assert tried.json["ignored"] == done.json["ignored"] == ["criteria.weight", "tags"]
    assert imported(client, json.dumps([many])).json["ignored"] == [f"x{number:02}" for number in range(50)]
    assert columns.json["ignored"] == ["Criteria", "column 6", "exhibit_kind", "follow_ups"]
    assert imported(client, json.dumps([a_question()])).json["ignored"] == []
    assert imported(client, exported(client, "csv").text, "csv").json["ignored"] == []


@on_sqlite
def test_a_sheet_may_be_separated_by_tabs_and_its_columns_are_told_if_one_is_missing(client: FlaskClient) -> None:
    heading, cells = "Question Text\tTopic\tSkill Level\tCriterion 1", "Why, and how?\tKafka; more\tExpert\tOne"

    done = imported(client, f"{heading}\n{cells}\n", "csv")
    refused = imported(client, "Question,Topic,Level\n", "csv")

    assert done.json["imported"] == 1, done.text
    (question,) = exported(client, "json").json
    assert (question["question_text"], question["topic"]) == ("Why, and how?", "Kafka; more")
    assert question["criteria"] == [{"criterion": "One", "description": ""}]
    assert [each["field"] for each in refused.json["details"]] == ["question_text", "skill_level"]
    assert "It has Question, Topic, Level." in refused.json["details"][0]["message"]


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
@on_sqlite
def test_sample_content_keeps_its_mark(app: Flask, client: FlaskClient, form: str) -> None:
    created(client, reference="OLD-1")
    created(client, reference="OLD-2")
    with app.app_context(), transaction() as session:
        session.execute(update(CachedQuestion).where(CachedQuestion.id == 1).values(model=SAMPLE_MODEL))
    file = exported(client, form).text

    assert imported(client, file.replace("OLD", "NEW"), form).json["imported"] == 2
    assert imported(client, '[{"reference": "OLD-1", "minutes": 9}]', on_conflict="update").json["updated"] == 1

    listed = client.get(LIBRARY, headers=EDITOR).json["questions"]
    marks = {each["reference"]: (each["model"], each["sample"], each["notice"] is not None) for each in listed}
    sample, own = (SAMPLE_MODEL, True, True), (None, False, False)
    assert marks == {"OLD-1": sample, "OLD-2": own, "NEW-1": sample, "NEW-2": own}
    if form == "csv":
        assert [row["model"] for row in csv.DictReader(io.StringIO(file[1:]))] == [SAMPLE_MODEL, ""]
