"""Questions are asked for while the description is still being written; otherwise all is as without it."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import claude_client
from models import CachedQuestion, Interview, JobDescription, QuestionUse, db
from techscreen.errors import Spending
from tests.conftest import ADMIN, MakeApp, with_starter_library
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of
from tests.support.workflows import (
    BAD_DESCRIPTIONS,
    BAD_TOPICS,
    FIRST,
    QUESTION,
    REPAIR,
    a_question,
    after_topics,
    all_of,
    an_enhancement,
    audit_rows,
    embedded_database,
    enhance,
    enhancement_of,
    nothing_but_the_cache_is_left,
    other_topics,
    questions_asked,
    slow_enough_to_be_heard,
    spent,
    topics_of,
    workflow,
)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry pauses keep their pattern, five hundred times faster."""
    monkeypatch.setattr(claude_client, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(claude_client, "MAX_PAUSE", 0.016)


class TestTheStart:
    @embedded_database
    def test_the_workflow_has_the_enhancement_streamed_and_the_questions_in_one_piece(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        assert workflow(client, requisition).status_code == 200

        assert [bool(body.get("stream")) for body in fake.received] == [True, *[False] * 5]
        assert [an_enhancement(body) for body in fake.received] == [True, *[False] * 5]

    @embedded_database
    def test_an_enhancement_alone_is_not_streamed(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        assert enhance(client, requisition).status_code == 200

        assert not any(body.get("stream") for body in fake.received)

    def test_questions_are_asked_for_while_the_description_is_being_written(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        under_way: list[int] = []

        def look(body: dict[str, Any]) -> None:
            if a_question(body):
                under_way.append(fake.under_way)
                fake.tokens_per_second = 0  # the stream that is under way keeps its pace

        fake.on_request = look
        fake.tokens_per_second = 2_000

        response = workflow(app.test_client(), requisition)

        assert response.status_code == 200
        # Besides the first question only the enhancement can be under way.
        assert under_way[0] == 2
        assert len(under_way) == 5

    @embedded_database
    def test_questions_are_asked_for_and_kept_even_if_the_description_never_comes(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        app = make_app(REQUEST_TIMEOUT=8)
        fake.when(an_enhancement, Reply(break_after=after_topics(requisition), break_with="hang", usage=FIRST))
        fake.when(a_question, Reply(usage=QUESTION))
        started = time.monotonic()

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (504, "generation_timeout")
        assert 7.9 < time.monotonic() - started < 24
        assert questions_asked(fake) == topics_of(requisition)
        assert sorted(kept.topic for kept in all_of(app, CachedQuestion)) == topics_of(requisition)
        nothing_but_the_cache_is_left(app, "generation_timeout", started_at_cost=102_501)

    def test_the_topics_of_the_questions_are_those_stored_and_those_answered(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.tokens_per_second = 4_000

        answer = workflow(app.test_client(), requisition).json

        (stored,) = all_of(app, JobDescription)
        assert stored.interview_topics == enhancement_of(requisition)["interview_topics"]
        assert stored.language == "en"
        asked = [topic["topic"] for topic in stored.interview_topics[:5]]
        assert [question["topic"] for question in answer["interview"]["questions"]] == asked
        assert questions_asked(fake) == sorted(asked)
        opening = [body for body in fake.received if "\nIt opens the interview" in body["messages"][0]["content"]]
        assert [data_of(body)["topic"] for body in opening] == asked[:1]
        assert answer["enhanced_jd"] == {
            "title": stored.enhanced_title,
            "description": stored.enhanced_description,
        }
        jd = app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN).json["job_description"]
        assert [topic["topic"] for topic in jd["interview_topics"][:5]] == asked

    @embedded_database
    def test_no_database_connection_is_held_while_both_are_written(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        with app.app_context():
            pool = db.engine.pool
        held: list[int] = []

        def look(body: dict[str, Any]) -> None:
            if a_question(body):
                fake.tokens_per_second, fake.first_token = 0, 0.2

        async def look_later() -> None:
            await asyncio.sleep(0.1)  # all questions are asked for by then, and nothing has come
            held.append(pool.checkedout())  # type: ignore[attr-defined]

        fake.on_request = look
        fake.tokens_per_second = 1_000
        fake.when(a_question, Reply(before=look_later))

        assert workflow(app.test_client(), requisition).status_code == 200
        assert held == [0] * 5


class TestValidation:
    """The same as without an early start."""

    @embedded_database
    @pytest.mark.parametrize("bad", BAD_TOPICS.values(), ids=BAD_TOPICS)
    def test_topics_with_problems_start_no_questions_and_are_repaired_first(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any], bad: Any
    ) -> None:
        fake.tokens_per_second = 20_000
        fake.when(an_enhancement, Reply(change=bad), times=1)

        response = workflow(client, requisition)

        assert response.status_code == 200
        assert [asked_for(body) for body in fake.received[:2]] == ["EnhancedDescription"] * 2
        roles = [message["role"] for message in fake.received[1]["messages"]]
        assert roles == ["user", "assistant", "user"]
        assert questions_asked(fake) == topics_of(requisition)
        assert len(fake.received) == 7

    @embedded_database
    def test_topics_that_stay_bad_never_start_a_question(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.tokens_per_second = 20_000
        fake.when(an_enhancement, Reply(change=BAD_TOPICS["five topics"], usage=FIRST))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (502, "generation_failed")
        assert "6 to 8 interview_topics" in response.json["error"]
        assert "job_description_id" not in response.json
        assert len(fake.received) == 3
        (row,) = audit_rows(app)
        assert (row.operation_type, row.status, row.attempts) == ("jd_enhancement", "failed", 3)
        assert row.tokens_used == 3 * 112_500

    @embedded_database
    @pytest.mark.parametrize("bad", BAD_DESCRIPTIONS.values(), ids=BAD_DESCRIPTIONS)
    def test_topics_that_were_told_stand_when_the_description_is_repaired(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], bad: Any
    ) -> None:
        fake.when(an_enhancement, Reply(change=bad, usage=FIRST), times=1)
        fake.when(an_enhancement, Reply(change=other_topics, usage=REPAIR), times=1)
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), requisition)

        assert response.status_code == 200
        assert len(fake.received) == 7
        assert questions_asked(fake) == topics_of(requisition)
        (stored,) = all_of(app, JobDescription)
        assert stored.interview_topics == enhancement_of(requisition)["interview_topics"]
        assert stored.language == "en"
        assert stored.enhanced_description == enhancement_of(requisition)["enhanced_description"].strip()
        enhancement, generation = audit_rows(app)
        assert spent(enhancement) == Spending(3_100_000, 210_000, 2_000, 500, 2)
        assert spent(generation) == Spending(200, 15, 0, 0, 5)
        assert enhancement.tokens_used == 3_312_500
        assert generation.tokens_used == 215
        assert response.json["total_tokens_used"] == 3_312_715

    @embedded_database
    @pytest.mark.parametrize("topics", ["five topics", "no topics", "a repeated topic", "a blank topic"])
    def test_bad_topics_in_a_repair_make_no_difference_once_good_ones_were_told(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], topics: str
    ) -> None:
        fake.when(an_enhancement, Reply(change=BAD_DESCRIPTIONS["a blank title"]), times=1)
        fake.when(an_enhancement, Reply(change=BAD_TOPICS[topics]), times=1)

        assert workflow(app.test_client(), requisition).status_code == 200
        assert len(fake.received) == 7
        assert all_of(app, JobDescription)[0].interview_topics == enhancement_of(requisition)["interview_topics"]

    @embedded_database
    def test_what_is_sent_back_for_repair_names_the_description_alone(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.when(an_enhancement, Reply(change=BAD_DESCRIPTIONS["a blank description"]), times=1)

        workflow(client, requisition)

        (repair,) = [body for body in fake.received if len(body["messages"]) == 3]
        assert repair["stream"] is True
        sentence = repair["messages"][2]["content"]
        assert "enhanced_description is blank." in sentence
        assert "opic" not in sentence


class TestBrokenOffAfterTheTopics:
    @embedded_database
    def test_an_answer_that_is_cut_is_asked_for_again_under_the_topics_told(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        text = json.dumps(enhancement_of(requisition), ensure_ascii=False)[: after_topics(requisition)]
        fake.when(an_enhancement, Reply(content=text, stop_reason="max_tokens", usage=FIRST), times=1)
        fake.when(an_enhancement, Reply(change=other_topics, usage=REPAIR))
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), requisition)

        assert response.status_code == 200
        assert [body["max_tokens"] for body in fake.received if an_enhancement(body)] == [16_000, 32_000]
        self.all_is_as_told(app, fake, requisition)
        assert response.json["total_tokens_used"] == 112_500 + 3_200_000 + 5 * 43

    @embedded_database
    @pytest.mark.parametrize("break_with", ["reset", "drop", "overloaded_error", "api_error", "rate_limit_error"])
    def test_a_stream_that_breaks_off_is_tried_again_and_asks_for_each_question_once(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], break_with: str
    ) -> None:
        broken = Reply(break_after=after_topics(requisition), break_with=break_with, usage=FIRST)
        fake.when(an_enhancement, broken, times=2)
        fake.when(an_enhancement, Reply(change=other_topics, usage=REPAIR))
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), requisition)

        assert response.status_code == 200
        self.all_is_as_told(app, fake, requisition)
        assert len(fake.received) == 3 + 5
        enhancement, generation = audit_rows(app)
        # The beginning of a stream tells all but the last count of what was written.
        assert spent(enhancement) == Spending(3_200_000, 200_002, 4_000, 1_000, 3)
        assert spent(generation) == Spending(200, 15, 0, 0, 5)
        assert len(enhancement.claude_request_ids) == 3
        assert response.json["total_tokens_used"] == 3_405_002 + 215

    @embedded_database
    def test_a_stream_that_breaks_off_before_the_topics_are_complete_tells_nothing(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        broken = Reply(break_after=1_500, break_with="reset", change=other_topics)
        fake.when(an_enhancement, broken, times=1)

        assert workflow(app.test_client(), requisition).status_code == 200
        assert [asked_for(body) for body in fake.received[:2]] == ["EnhancedDescription"] * 2
        self.all_is_as_told(app, fake, requisition)

    @staticmethod
    def all_is_as_told(app: Flask, fake: FakeClaude, requisition: dict[str, Any]) -> None:
        assert questions_asked(fake) == topics_of(requisition)
        (stored,) = all_of(app, JobDescription)
        assert (stored.interview_topics, stored.language) == (
            enhancement_of(requisition)["interview_topics"],
            "en",
        )
        assert [row.status for row in audit_rows(app)] == ["success"] * 2
        assert {use.interview_id for use in all_of(app, QuestionUse)} == {all_of(app, Interview)[0].id}


class TestTheCache:
    @pytest.mark.parametrize("off", [False, True], ids=["lent", "cache off"])
    def test_a_full_hit_asks_for_no_question_and_the_enhancement_is_awaited(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any], off: bool
    ) -> None:
        app = make_app(ENABLE_QUESTION_CACHE=not off)
        assert workflow(app.test_client(), requisition).status_code == 200
        fake.forget()
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(usage=FIRST))
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), {**requisition, "req_id": "REQ-OTHER"})

        assert response.status_code == 200
        assert response.json["cached_questions"] == (0 if off else 5)
        assert len(questions_asked(fake)) == (5 if off else 0)
        assert response.json["total_tokens_used"] == 112_500 + (5 * 43 if off else 0)
        stored = all_of(app, JobDescription)[-1]
        assert (stored.req_id, stored.enhanced_title) == ("REQ-OTHER", "Senior Software Engineer (enhanced)")
        assert response.json["interview"]["interview_name"] == "Senior Engineer Interview - Q1 2025"

    def test_lent_questions_are_given_back_if_the_enhancement_fails(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        assert workflow(app.test_client(), requisition).status_code == 200
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal", usage=FIRST))

        response = workflow(app.test_client(), {**requisition, "req_id": "REQ-OTHER"})

        assert (response.status_code, response.json["code"]) == (502, "generation_refused")
        assert [question.usage_count for question in all_of(app, CachedQuestion)] == [1] * 5
        assert {use.req_id for use in all_of(app, QuestionUse)} == {"REQ-12345"}
        assert len(all_of(app, Interview)) == 1
        generation = audit_rows(app)[-1]
        assert (generation.status, generation.tokens_used, generation.attempts) == ("failed", 0, 0)


@embedded_database
def test_an_interview_without_a_name_is_named_after_the_enhanced_title(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    slow_enough_to_be_heard(fake)
    del requisition["interview_name"]

    response = workflow(app.test_client(), requisition)

    assert response.json["interview_name"] == "Senior Software Engineer (enhanced) - Interview 1"


@embedded_database
def test_it_works_offline(make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]) -> None:
    app = with_starter_library(make_app(CLAUDE_MODE="offline"))

    response = workflow(app.test_client(), requisition)

    assert response.status_code == 200
    assert (response.json["library_questions"], response.json["sample"]) == (5, False)
    assert fake.received == []
    (stored,) = all_of(app, JobDescription)
    topics = {topic["topic"] for topic in stored.interview_topics}
    assert {question["topic"] for question in response.json["interview"]["questions"]} <= topics
    generations = [row for row in audit_rows(app) if row.operation_type in ("jd_enhancement", "interview_generation")]
    assert [(row.status, row.tokens_used) for row in generations] == [("success", 0)] * 2


def test_two_workflows_of_one_requisition_at_once_give_two_interviews(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    fake.tokens_per_second = 4_000
    fake.when(an_enhancement, Reply(usage=FIRST))
    fake.when(a_question, Reply(usage=QUESTION))

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: workflow(app.test_client(), requisition), range(2)))

    assert [answer.status_code for answer in answers] == [200] * 2
    assert {answer.json["interview"]["version"] for answer in answers} == {1, 2}
    texts = [question["question_text"] for answer in answers for question in answer.json["interview"]["questions"]]
    assert len(set(texts)) == 10
    assert len({answer.json["job_description_id"] for answer in answers}) == 1
    (stored,) = all_of(app, JobDescription)
    assert stored.interview_topics == enhancement_of(requisition)["interview_topics"]
    rows = audit_rows(app)
    assert [row.status for row in rows] == ["success"] * 4
    asked = len(questions_asked(fake))
    assert sum(row.tokens_used for row in rows) == 2 * 112_500 + asked * 43
    assert sum(answer.json["total_tokens_used"] for answer in answers) == 2 * 112_500 + asked * 43


@embedded_database
def test_the_deadline_holds_while_the_enhancement_streams(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    app = make_app(REQUEST_TIMEOUT=1)
    fake.when(an_enhancement, Reply(drip=0.01))
    started = time.monotonic()

    response = workflow(app.test_client(), requisition)

    assert (response.status_code, response.json["code"]) == (504, "generation_timeout")
    assert time.monotonic() - started < 4
    assert "job_description_id" not in response.json
    (row,) = audit_rows(app)
    assert (row.status, row.error_code) == ("failed", "generation_timeout")
