"""Enhancements and workflows as tests ask for them: requests, gates, faulty answers, and what is left in the tables."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import CachedQuestion, GenerationLog, Interview, QuestionUse
from techscreen.errors import Spending
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of, good_plan

# The database plays no part in some of these, so the embedded one will do.
embedded_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# What each of the fake's answers is said to cost, so that what is counted twice or not at all shows.
FIRST = {
    "input_tokens": 100_000,
    "output_tokens": 10_000,
    "cache_creation_input_tokens": 2_000,
    "cache_read_input_tokens": 500,
}
REPAIR = {"input_tokens": 3_000_000, "output_tokens": 200_000}
QUESTION = {"input_tokens": 40, "output_tokens": 3}


class Gate:
    """Lets answers of the fake Claude through when it is opened, and not before."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def reply(self, **more: Any) -> Reply:
        return Reply(before=self.wait, **more)

    def reply_held(self, after: int, **more: Any) -> Reply:
        """A reply that stops after so many characters of its text, and goes on when the gate is opened."""
        return Reply(holds=[(after, self.wait)], **more)

    async def wait(self) -> None:
        while not self._opened.is_set():
            await asyncio.sleep(0.01)


def until(condition: Callable[[], Any], what: str = "", seconds: float = 60) -> Any:
    """What the condition gives, as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not happen in {seconds} s: {what}")


def enhance(client: FlaskClient, requisition: dict[str, Any]) -> Any:
    return client.post("/api/interview/jd/enhance", json=requisition, headers=ADMIN)


def workflow(client: FlaskClient, requisition: dict[str, Any]) -> Any:
    return client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN)


def audit_rows(app: Flask) -> list[GenerationLog]:
    with app.app_context(), transaction() as session:
        return list(session.scalars(select(GenerationLog).order_by(GenerationLog.id)))


def all_of(app: Flask, table: Any) -> list[Any]:
    with app.app_context(), transaction() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def an_enhancement(body: dict[str, Any]) -> bool:
    return asked_for(body) == "EnhancedDescription"


def a_question(body: dict[str, Any]) -> bool:
    return asked_for(body) == "InterviewQuestion"


def questions_asked(fake: FakeClaude) -> list[str]:
    """Topics of the questions that were asked for, each as often as it was."""
    return sorted(data_of(body)["topic"] for body in fake.received if a_question(body))


def enhancement_of(requisition: dict[str, Any]) -> dict[str, Any]:
    """The good answer to a requisition's enhancement."""
    text = f"<data>\n{json.dumps(requisition)}\n</data>"
    schema = {"title": "EnhancedDescription"}
    return good_plan({"messages": [{"content": text}], "output_config": {"format": {"schema": schema}}})


def topics_of(requisition: dict[str, Any]) -> list[str]:
    """The five topics that the good answer gives an interview, sorted."""
    return sorted(topic["topic"] for topic in enhancement_of(requisition)["interview_topics"][:5])


def after_topics(requisition: dict[str, Any]) -> int:
    """A place in the good answer where the topics are complete, and the description has only begun."""
    text = json.dumps(enhancement_of(requisition), ensure_ascii=False)
    return text.index('"enhanced_description"') + 100


def other_topics(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer with other topics in another language, as a repair may bring them."""
    topics = [{**topic, "topic": f"Other {topic['topic']}"} for topic in answer["interview_topics"]]
    return {**answer, "language": "de", "interview_topics": topics}


def topics_changed(answer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    first, *rest = answer["interview_topics"]
    return {**answer, "interview_topics": [{**first, **changes}, *rest]}


BAD_TOPICS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "five topics": lambda answer: {**answer, "interview_topics": answer["interview_topics"][:5]},
    "no topics": lambda answer: {**answer, "interview_topics": []},
    "nine topics": lambda answer: {
        **answer,
        "interview_topics": [
            *answer["interview_topics"],
            *({**answer["interview_topics"][0], "topic": f"More {n}"} for n in range(2)),
        ],
    },
    "a repeated topic": lambda answer: topics_changed(answer, topic=answer["interview_topics"][1]["topic"]),
    "a bad language tag": lambda answer: {**answer, "language": "English, mostly"},
    "a blank language tag": lambda answer: {**answer, "language": ""},
    "a blank topic": lambda answer: topics_changed(answer, topic=" "),
    "a blank focus": lambda answer: topics_changed(answer, focus=""),
    "a topic that is too long": lambda answer: topics_changed(answer, topic="x" * 256),
    "a topic without work items": lambda answer: topics_changed(answer, work_items=[]),
    "an unknown skill level": lambda answer: topics_changed(answer, skill_level="Wizard"),
    "a topic about the person": lambda answer: topics_changed(answer, focus="Are you pregnant?"),
    "a missing language": lambda answer: {name: value for name, value in answer.items() if name != "language"},
}

BAD_DESCRIPTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a blank description": lambda answer: {**answer, "enhanced_description": " \n"},
    "a description that is too long": lambda answer: {**answer, "enhanced_description": "x" * 40_001},
    "a blank title": lambda answer: {**answer, "enhanced_title": ""},
    "no description": lambda answer: {n: v for n, v in answer.items() if n != "enhanced_description"},
}


def nothing_but_the_cache_is_left(app: Flask, code: str, started_at_cost: int, questions: int = 5) -> None:
    """No interview; the questions are kept and free; both audit rows say why, and count what each has cost."""
    enhancement, generation = audit_rows(app)[-2:]
    assert (enhancement.operation_type, enhancement.status, enhancement.error_code) == (
        "jd_enhancement",
        "failed",
        code,
    )
    assert (generation.operation_type, generation.status, generation.error_code) == (
        "interview_generation",
        "failed",
        code,
    )
    assert enhancement.tokens_used == started_at_cost
    assert generation.tokens_used == questions * 43
    assert generation.error_message == enhancement.error_message
    assert enhancement.completed_at is not None
    assert generation.completed_at is not None
    assert all_of(app, Interview) == []
    assert [kept.usage_count for kept in all_of(app, CachedQuestion)] == [0] * questions
    assert all_of(app, QuestionUse) == []


def blank(answer: dict[str, Any]) -> dict[str, Any]:
    return BAD_DESCRIPTIONS["a blank description"](answer)


def cut(answer: dict[str, Any]) -> str:
    """An answer that ends before all is there that it needs: an enhancement within its description."""
    return json.dumps(answer, ensure_ascii=False).partition('", "notes_for_team"')[0][:-10]


def cut_in_the_notes(answer: dict[str, Any]) -> str:
    """An enhancement that ends within what may be lost."""
    text = json.dumps({**answer, "notes_for_team": ["Settle the place of work.", "Say"]}, ensure_ascii=False)
    return text[: text.index('Say"') + 2]


def slow_enough_to_be_heard(fake: FakeClaude) -> None:
    """Some time between the topics and the end of an enhancement: what fails at once asks for no questions."""

    def look(body: dict[str, Any]) -> None:
        if a_question(body):
            fake.tokens_per_second = 0  # a stream that is under way keeps its pace

    fake.tokens_per_second = 4_000
    fake.on_request = look


def spent(row: GenerationLog) -> Spending:
    return Spending(row.input_tokens, row.output_tokens, row.cache_creation_tokens, row.cache_read_tokens, row.attempts)
