"""Another interview of a requisition asks something else, also where its topics are worded anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from techscreen.generation.question_set import MAX_SHOWN_CHARACTERS
from tests.conftest import ADMIN
from tests.support.fake_claude import FakeClaude, Reply, data_of
from tests.support.workflows import Gate, a_question, an_enhancement, enhance, until, workflow

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SHOP = (
    "A client reports that the Buy button in their online shop works on a laptop but does nothing when tapped on a "
    "phone. You have never seen the code of this shop. Talk me through your way from this report to a working button."
)
REWORDED_SHOP = (
    "In a client's online shop the Buy button does nothing when it is tapped on a phone, though on a laptop it works. "
    "You have never seen the code of the shop. How would you get from the report to a working button?"
)


def with_topics_named(start: str) -> Reply:
    """The good enhancement, its topics in other words."""
    name = lambda topic: {**topic, "topic": f"{start} {topic['topic'].lower()}"}  # noqa: E731
    return Reply(change=lambda answer: {**answer, "interview_topics": list(map(name, answer["interview_topics"]))})


def asking(text: str) -> Reply:
    return Reply(change=lambda answer: {**answer, "spoken_text": text, "exhibit": None})


def is_debugging(body: dict[str, Any]) -> bool:
    return a_question(body) and "\ndebugging: " in body["messages"][0]["content"]


def showing(text: str, code: str) -> Reply:
    shown = {"kind": "code", "text": code}
    return Reply(change=lambda answer: {**answer, "spoken_text": text, "exhibit": shown})


def texts(answer: dict[str, Any]) -> list[str]:
    return [question["spoken_text"] for question in answer["interview"]["questions"]]


def repetitions(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in answer["quality"]["findings"] if finding["kind"] == "repeated_question"]


@pytest.fixture
def next_version(
    client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Makes the requisition's next interview: its answer, and the requests for questions that Claude received."""

    def make(topics: str, *debugging: Reply, always: bool = False) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        fake.forget()
        fake.when(an_enhancement, with_topics_named(topics))
        for reply in debugging:
            fake.when(is_debugging, reply, times=10**9 if always else 1)
        response = workflow(client, requisition)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json(), [body for body in fake.received if a_question(body)]

    return make


@on_sqlite
def test_three_interviews_with_reworded_topics_are_told_of_all_earlier_questions_and_repeat_none_unreported(
    next_version: Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]], client: FlaskClient
) -> None:
    first, asked = next_version("Handling", asking(SHOP))
    assert SHOP in texts(first)
    assert not any("taken" in data_of(body) for body in asked)

    second, asked = next_version("Working with", asking(REWORDED_SHOP))
    earlier = texts(first)
    assert_told_of(earlier, asked)
    [repair] = [body["messages"] for body in asked if len(body["messages"]) == 3]
    assert REWORDED_SHOP in repair[1]["content"]
    assert SHOP[:MAX_SHOWN_CHARACTERS] in repair[2]["content"]
    assert len(asked) == 6
    assert not {SHOP, REWORDED_SHOP} & set(texts(second))
    assert repetitions(second) == []

    third, asked = next_version("Judging", asking(REWORDED_SHOP), always=True)
    assert_told_of([*texts(second), *earlier], asked)
    assert len(asked) == 6  # sent back once, and no more
    assert third["interview"]["version"] == 3
    place = texts(third).index(REWORDED_SHOP)
    [finding] = repetitions(third)
    assert finding["field"] == f"questions[{place}].question_text"
    assert finding["word"] == REWORDED_SHOP
    assert SHOP in finding["reason"]
    stored = client.get(f"/api/interview/{third['interview_id']}", headers=ADMIN).get_json()
    assert repetitions(stored["interview"]) == [finding]
    [row] = client.get("/api/interview/logs?operation_type=interview_generation&page_size=1", headers=ADMIN).get_json()[
        "logs"
    ]
    assert (row["repairs"], row["failed_checks"]) == (1, ["repeated_question"])


@on_sqlite
def test_what_is_said_makes_a_repetition_and_not_what_is_shown(
    next_version: Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]], client: FlaskClient
) -> None:
    log = "\n".join(f"2026-03-01 12:{minute:02} gateway timeout of the payment service" for minute in range(8))
    next_version("Handling", showing(SHOP, log))

    same_words, asked = next_version("Working with", showing(SHOP, "for row in rows:\n    total = total + row.price"))
    assert len(asked) == 6
    assert SHOP not in texts(same_words)

    same_log, asked = next_version("Judging", showing("A nightly job stops at noon. Where do you look?", log))
    assert len(asked) == 5
    assert repetitions(same_log) == []


@on_sqlite
def test_a_question_that_stays_like_one_of_an_interview_stored_meanwhile_is_delivered_too(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    described = enhance(app.test_client(), requisition).get_json()
    body = {"req_id": described["req_id"], "job_description_id": described["job_description_id"]}
    generate = lambda: app.test_client().post("/api/interview/generate", json=body, headers=ADMIN)  # noqa: E731
    gate = Gate()
    fake.received.clear()
    fake.when(is_debugging, gate.reply(change=asking(SHOP).change), times=1)
    fake.when(is_debugging, asking(SHOP), times=1)
    fake.when(is_debugging, asking(REWORDED_SHOP))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(generate)
        until(lambda: any(map(is_debugging, fake.received)))
        quick = generate()
        gate.open()
        late = slow.result(60)

    assert (quick.status_code, late.status_code) == (200, 200)
    assert late.get_json()["interview"]["version"] == 2
    assert REWORDED_SHOP in texts(late.get_json())
    [finding] = repetitions(late.get_json())
    assert finding["word"] == REWORDED_SHOP
    assert len([body for body in fake.received if is_debugging(body)]) == 4  # two, one written anew and sent back once


def assert_told_of(earlier: list[str], asked: list[dict[str, Any]]) -> None:
    """Every request carries the beginnings of these questions, the newest first, as they were sent."""
    beginnings = [text[:MAX_SHOWN_CHARACTERS] for text in earlier]
    for body in asked:
        assert data_of(body)["taken"] == beginnings
        for beginning in beginnings:
            assert json.dumps(beginning, ensure_ascii=False) in body["messages"][0]["content"]
