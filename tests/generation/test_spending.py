"""What was paid for is in the audit row as soon as Claude's answer is there, not only when all is over."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, update

from models import JobDescription, db
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, MakeApp
from tests.jobs.test_jobs import (
    ENHANCE,
    GENERATE,
    WORKFLOW,
    Gate,
    asks,
    is_enhancement,
    is_question,
    rows,
    started,
    until,
)
from tests.support.fake_claude import FakeClaude, Reply, asked_for

COST = {"input_tokens": 70, "output_tokens": 7}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def noted(database_url: str, operation: str) -> list[tuple[str, int, int, int]]:
    found = [row for row in rows(database_url, "generation_logs") if row["operation_type"] == operation]
    return [(row["status"], row["tokens_used"], row["input_tokens"], row["attempts"]) for row in found]


def is_plan(body: dict[str, Any]) -> bool:
    return asked_for(body) == "PlannedTopics"


@pytest.mark.parametrize("lends", [True, False])
def test_each_question_is_noted_with_its_cost_when_it_is_kept(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any], database_url: str, lends: bool
) -> None:
    app = make_app(ENABLE_QUESTION_CACHE=lends)
    gate = Gate()
    fake.when(asks(requisition, 3, 4, 5), gate.reply(usage=COST))
    fake.when(is_question, Reply(usage=COST))
    thread, answers = started(lambda: app.test_client().post(WORKFLOW, json=requisition, headers=ADMIN))

    until(lambda: noted(database_url, "interview_generation") == [("in_progress", 154, 140, 2)])
    gate.open()
    thread.join(30)

    assert answers[0].status_code == 200
    assert noted(database_url, "interview_generation") == [("success", 385, 350, 5)]


REPAIRED: dict[str, tuple[Callable[[dict[str, Any]], bool], str]] = {
    "jd_enhancement": (is_enhancement, ENHANCE),
    "enhancement of a workflow": (is_enhancement, WORKFLOW),
    "a question": (is_question, WORKFLOW),
    "a plan": (is_plan, GENERATE),
}


@on_sqlite
@pytest.mark.parametrize("what", REPAIRED)
def test_an_answer_that_is_sent_back_is_noted_while_its_repair_is_written(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], database_url: str, what: str
) -> None:
    matches, path = REPAIRED[what]
    body = requisition
    if path == GENERATE:
        made = app.test_client().post(ENHANCE, json=requisition, headers=ADMIN).get_json()
        body = {"req_id": made["req_id"], "job_description_id": made["job_description_id"]}
        with app.app_context(), transaction() as session:
            session.execute(update(JobDescription).values(interview_topics=None))
    operation = "jd_enhancement" if matches is is_enhancement else "interview_generation"
    gate = Gate()
    fake.when(matches, Reply(content="{}", usage=COST), times=1)
    fake.when(matches, gate.reply(usage=COST))
    thread, answers = started(lambda: app.test_client().post(path, json=body, headers=ADMIN))

    until(lambda: [row[:3] for row in noted(database_url, operation)] == [("in_progress", 77, 70)])
    gate.open()
    thread.join(30)

    assert answers[0].status_code == 200, answers[0].get_data(as_text=True)
    # Nothing is counted twice.
    told = answers[0].get_json()
    spent = sum(row["tokens_used"] for row in rows(database_url, "generation_logs"))
    if path == WORKFLOW:
        assert told["total_tokens_used"] == spent
    assert noted(database_url, operation)[0][1] >= 154


@on_sqlite
def test_noting_costs_one_statement_for_each_question(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    statements: dict[int, list[str]] = defaultdict(list)  # of each thread

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements[threading.get_ident()].append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)

    assert app.test_client().post(WORKFLOW, json=requisition, headers=ADMIN).status_code == 200

    before = [
        earlier
        for of_a_thread in statements.values()
        for earlier, statement in pairwise(["", *of_a_thread])
        if statement.startswith("UPDATE generation_logs")
    ]
    assert len(before) == 5 + 2  # each question, and the end of both rows
    # In the transaction that keeps the question: it costs no commit.
    assert sum(one.startswith("INSERT INTO question_uses") for one in before) == 5
