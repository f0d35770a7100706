"""A workflow works from its own texts, whatever is stored of its requisition; and a long history costs it little."""

from __future__ import annotations

import random
import time
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from models import CachedQuestion, Interview, InterviewQuestion
from techscreen.generation.question_set import MAX_EARLIER, MAX_SHOWN_CHARACTERS
from techscreen.question_cache.earlier_questions import EarlierQuestions
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, MakeApp
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of
from tests.support.workflows import embedded_database

WORKFLOW = "/api/interview/workflow/full"


def named(good: dict[str, Any]) -> dict[str, Any]:
    good["follow_ups"][0] = "What would Zibblewick look at next?"
    return good


def is_question(body: dict[str, Any]) -> bool:
    return asked_for(body) == "InterviewQuestion"


@embedded_database
def test_the_texts_of_the_request_count_for_names_cache_coverage_and_name(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    app = make_app()
    client = app.test_client()
    old = {**requisition, "basic_description": f"Join Quarrowfen. {requisition['basic_description']}"}
    client.post("/api/interview/jd/enhance", json=old, headers=ADMIN)
    new = {
        **requisition,
        "basic_title": "Staff Engineer",
        "basic_description": f"Join Zibblewick. {requisition['basic_description']}",
        "work_output": "Ledger that never loses an entry",
        "work_knowledge": "Cobol, Fortran",
        "interview_name": None,
    }
    fake.received.clear()
    fake.when(lambda body: is_question(body) and len(body["messages"]) == 1, Reply(change=named), times=1)
    answer = client.post(WORKFLOW, json=new, headers=ADMIN).get_json()

    repairs = [body for body in fake.received if is_question(body) and len(body["messages"]) == 3]
    assert len(repairs) == 1  # the new employer's name was found
    assert "names the employer" in repairs[0]["messages"][2]["content"]
    briefs = [data_of(body) for body in fake.received if is_question(body)]
    assert {part for brief in briefs for part in brief["job_parts"]} == {"Cobol, Fortran"}
    with app.app_context(), transaction() as session:
        kept = session.scalars(select(CachedQuestion)).all()
        assert not [row for row in kept if "Zibblewick" in f"{row.question_text} {row.follow_ups}"]
        stored = session.scalars(select(Interview)).one().quality
    assert stored is not None
    fields = {(part["field"], part["part"]) for part in stored["coverage"]["parts"]}
    assert ("work_output", "Ledger that never loses an entry") in fields
    assert ("work_knowledge", "Kafka") not in fields
    assert answer["interview_name"].startswith("Staff Engineer")


# ----------------------------------------------------------------------------- a requisition with many interviews


def a_text(topic: str, version: int) -> str:
    random_ = random.Random(f"{topic} {version}")
    syllables = random_.choices(["ba", "ko", "ri", "tu", "men", "sal", "dor", "fen", "gil", "wex"], k=240)
    scene = " ".join("".join(syllables[start : start + 3]) for start in range(0, 240, 3))
    return f"{topic}: {scene}. What do you do?"


def long_history(app: Any, answer: dict[str, Any], versions: int) -> None:
    with app.app_context(), transaction() as session:
        for version in range(2, versions + 1):
            questions = [
                InterviewQuestion(
                    question_number=number,
                    question_text=a_text(question["topic"], version),
                    **{
                        name: question[name]
                        for name in ("question_type", "criteria", "topic", "skill_level", "follow_ups")
                    },
                    rating_anchors=question["rating_anchors"],
                    work_items=[],
                    source="generated",
                )
                for number, question in enumerate(answer["interview"]["questions"], start=1)
            ]
            session.add(
                Interview(
                    job_description_id=answer["job_description_id"],
                    req_id=answer["req_id"],
                    interview_name="x",
                    created_by_user_id="anna",
                    version=version,
                    questions=questions,
                )
            )


@embedded_database
def test_at_version_250_few_earlier_questions_are_sent_and_none_is_repeated(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    app = make_app()
    client: FlaskClient = app.test_client()
    first = client.post(WORKFLOW, json=requisition, headers=ADMIN).get_json()
    long_history(app, first, 249)
    oldest = first["interview"]["questions"][0]["question_text"]
    topic = first["interview"]["questions"][0]["topic"]
    repeats = lambda body: is_question(body) and data_of(body)["topic"] == topic  # noqa: E731
    fake.received.clear()
    fake.when(repeats, Reply(change=lambda good: {**good, "spoken_text": oldest, "exhibit": None}), times=1)
    same = [question["topic"] for question in first["interview"]["questions"]]
    again = {"req_id": first["req_id"], "job_description_id": first["job_description_id"], "topics": same}
    answer = client.post("/api/interview/generate", json=again, headers=ADMIN).get_json()

    assert answer["interview"]["version"] == 250
    assert oldest not in [question["question_text"] for question in answer["interview"]["questions"]]
    assert len(fake.received) == 6  # the repeated one was asked for again
    [repair] = [body["messages"] for body in fake.received if len(body["messages"]) > 1]
    assert oldest[:MAX_SHOWN_CHARACTERS] in repair[-1]["content"]
    topics = [question["topic"] for question in first["interview"]["questions"]]
    newest = [a_text(name, version) for version in range(249, 249 - MAX_EARLIER // 5, -1) for name in topics]
    shown = [text[:MAX_SHOWN_CHARACTERS] for text in newest]
    for brief in map(data_of, fake.received):
        assert brief["taken"][:MAX_EARLIER] == shown
        assert len(brief["taken"]) == MAX_EARLIER + 1  # and the question of the same topic that is in the cache


def test_a_question_is_told_from_a_thousand_others_cheaply_and_near_copies_are_found() -> None:
    texts = [a_text(f"Topic {n % 5}", n) for n in range(1_250)]
    earlier = EarlierQuestions(texts)
    began = time.thread_time()
    assert [earlier.alike_to(a_text("New", number)) for number in range(10)] == [None] * 10
    cost = time.thread_time() - began
    one = texts[700]
    words = one.split()
    copies = [
        one,
        one.upper(),
        " ".join(words[3:]),
        " ".join(word + "s" if number % 3 == 0 else word for number, word in enumerate(words)),
        " ".join(words[40:] + words[:40]),
    ]
    assert [earlier.alike_to(copy) for copy in copies] == [one] * len(copies)
    japanese = [
        f"倉庫{number}で在庫が合わない。{'棚卸' * (number % 7)}まず何を調べ、どう直しますか" for number in range(99)
    ]
    assert EarlierQuestions(japanese).alike_to(f"{japanese[60]}。") == japanese[60]
    assert cost < 1  # alone and idle a twentieth
