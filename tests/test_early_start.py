"""Questions are asked for while the description is still being written, and nothing else is different for it."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

import claude_client
import generation_log
import interview_generation_service
import jd_enhancement_service
from content_checks import topic_problems
from early_topics import EarlyTopics
from errors import DatabaseUnavailable, GenerationRefused, Spending
from models import CachedQuestion, GenerationLog, Interview, JobDescription, QuestionUse, db, transaction
from prompts import EnhancedDescription, PlannedTopics
from tests.conftest import ADMIN, MakeApp
from tests.fake_claude import FakeClaude, Reply, asked_for, data_of, error_reply, good_plan

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


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry pauses keep their pattern, five hundred times faster."""
    monkeypatch.setattr(claude_client, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(claude_client, "LONGEST_PAUSE", 0.016)


# ------------------------------------------------------- shared with the tests of admission and of faults in streams


class Gate:
    """Lets answers of the fake Claude through when it is opened, and not before."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def reply(self, **more: Any) -> Reply:
        return Reply(before=self._wait, **more)

    async def _wait(self) -> None:
        while not self._opened.is_set():
            await asyncio.sleep(0.01)


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """What the condition gives, as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"it did not happen in {seconds} s")


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


# ------------------------------------------------------------------------------ what the enhancement tells early


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
    "a topic about the person": lambda answer: topics_changed(answer, focus="Ask: are you married?"),
    "a missing language": lambda answer: {name: value for name, value in answer.items() if name != "language"},
}

BAD_DESCRIPTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a blank description": lambda answer: {**answer, "enhanced_description": " \n"},
    "a description that is too long": lambda answer: {**answer, "enhanced_description": "x" * 40_001},
    "a blank title": lambda answer: {**answer, "enhanced_title": ""},
    "no description": lambda answer: {n: v for n, v in answer.items() if n != "enhanced_description"},
}


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
        app = make_app(REQUEST_TIMEOUT=1)
        fake.when(an_enhancement, Reply(break_after=after_topics(requisition), break_with="hang", usage=FIRST))
        fake.when(a_question, Reply(usage=QUESTION))
        started = time.monotonic()

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (504, "generation_timeout")
        assert 0.9 < time.monotonic() - started < 4
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


# ------------------------------------------------------------------------- an enhancement that fails after its topics


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


class TestAFailedEnhancement:
    # What the enhancement answers, the status and code that follow, how often it is asked, what that costs.
    LASTING = (
        pytest.param(Reply(stop_reason="refusal", usage=FIRST), 502, "generation_refused", 1, 112_500, id="refusal"),
        pytest.param(Reply(change=blank, usage=FIRST), 502, "generation_failed", 3, 337_500, id="bad description"),
        pytest.param(
            Reply(stop_reason="max_tokens", usage=FIRST), 502, "generation_failed", 3, 337_500, id="always cut"
        ),
        pytest.param(
            Reply(stop_reason="model_context_window_exceeded", usage=FIRST),
            502,
            "generation_failed",
            1,
            112_500,
            id="too large",
        ),
        pytest.param(Reply(break_after=3_000, usage=FIRST), 503, "claude_unavailable", 6, 6 * 102_501, id="overloaded"),
        pytest.param(
            Reply(break_after=3_000, break_with="reset", usage=FIRST),
            503,
            "claude_unavailable",
            6,
            6 * 102_501,
            id="reset",
        ),
        pytest.param(
            Reply(break_after=3_000, break_with="invalid_request_error", usage=FIRST),
            500,
            "claude_misconfigured",
            1,
            102_501,
            id="not accepted",
        ),
    )

    @pytest.mark.parametrize(("fault", "status", "code", "requests", "cost"), LASTING)
    def test_no_interview_is_stored_and_the_questions_are_kept(
        self,
        app: Flask,
        fake: FakeClaude,
        requisition: dict[str, Any],
        fault: Reply,
        status: int,
        code: str,
        requests: int,
        cost: int,
    ) -> None:
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, fault)
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (status, code)
        assert response.json["req_id"] == "REQ-12345"
        assert "job_description_id" not in response.json
        assert len(fake.received) == requests + 5
        assert questions_asked(fake) == topics_of(requisition)
        nothing_but_the_cache_is_left(app, code, started_at_cost=cost)
        (stored,) = all_of(app, JobDescription)
        assert (stored.enhanced_title, stored.enhanced_description, stored.interview_topics, stored.language) == (
            None,
            None,
            None,
            None,
        )
        jd = app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN).json["job_description"]
        assert jd["enhanced_jd"] is None
        refused = app.test_client().post(
            "/api/interview/generate",
            json={"req_id": "REQ-12345", "job_description_id": stored.id},
            headers=ADMIN,
        )
        assert (refused.status_code, refused.json["code"]) == (409, "not_enhanced")

    def test_a_known_requisition_stays_as_it_was(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        assert workflow(app.test_client(), requisition).status_code == 200
        before = app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN).json
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal", usage=FIRST, change=other_topics))
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), {**requisition, "basic_title": "Somebody else", "work_role": None})

        assert (response.status_code, response.json["code"]) == (502, "generation_refused")
        assert "job_description_id" not in response.json
        assert app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN).json == before
        (interview,) = all_of(app, Interview)
        assert interview.version == 1
        kept = all_of(app, CachedQuestion)
        assert [question.usage_count for question in kept] == [1] * 5 + [0] * 5
        assert {use.interview_id for use in all_of(app, QuestionUse)} == {interview.id}

    def test_the_next_try_finds_the_questions_in_the_cache(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal"), times=1)
        assert workflow(app.test_client(), requisition).status_code == 502

        response = workflow(app.test_client(), requisition)

        assert response.status_code == 200
        assert response.json["cached_questions"] == 5
        assert [an_enhancement(body) for body in fake.received[6:]] == [True]

    @embedded_database
    def test_questions_that_fail_as_well_are_counted_once_and_the_enhancement_gives_the_reason(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(change=blank, usage=FIRST))
        fake.when(a_question, Reply(stop_reason="refusal", usage=QUESTION), times=3)
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (502, "generation_failed")
        enhancement, generation = audit_rows(app)
        assert (enhancement.tokens_used, generation.tokens_used) == (3 * 112_500, 5 * 43)
        assert (enhancement.attempts, generation.attempts) == (3, 5)
        assert generation.error_code == "generation_failed"
        assert len(all_of(app, CachedQuestion)) == 2

    @embedded_database
    def test_a_question_that_is_still_being_written_then_is_waited_for_and_kept(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        gate = Gate()
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal", usage=FIRST))
        fake.when(a_question, gate.reply(usage=QUESTION), times=2)
        fake.when(a_question, Reply(usage=QUESTION))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(workflow, app.test_client(), requisition)
            until(lambda: len(rows := audit_rows(app)) == 2 and rows[0].status == "failed")
            assert not answer.done()
            gate.open()
            assert answer.result(20).status_code == 502

        nothing_but_the_cache_is_left(app, "generation_refused", started_at_cost=112_500)

    @embedded_database
    def test_questions_alike_are_not_written_anew_for_an_interview_that_will_not_be(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        same = "The same situation for everybody, whatever the topic was. What do you do first, and why that?"
        gate = Gate()
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal"))
        fake.when(a_question, gate.reply(change=lambda answer: {**answer, "question_text": same}))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(workflow, app.test_client(), requisition)
            until(lambda: len(rows := audit_rows(app)) == 2 and rows[0].status == "failed")
            gate.open()
            assert answer.result(20).json["code"] == "generation_refused"

        assert len(fake.received) == 6
        assert len(all_of(app, CachedQuestion)) == 1

    @embedded_database
    def test_no_question_is_asked_for_if_the_enhancement_has_failed_before_its_topics_are_looked_at(
        self, make_app: MakeApp, requisition: dict[str, Any]
    ) -> None:
        claude = TellsAndFails(requisition)
        app = make_app(claude=claude)

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (502, "generation_refused")
        assert [type(request).__name__ for request in claude.asked] == ["EnhanceDescription"]
        assert [row.operation_type for row in audit_rows(app)] == ["jd_enhancement"]


def slow_enough_to_be_heard(fake: FakeClaude) -> None:
    """Some time between the topics and the end of an enhancement: what fails at once asks for no questions."""

    def look(body: dict[str, Any]) -> None:
        if a_question(body):
            fake.tokens_per_second = 0  # a stream that is under way keeps its pace

    fake.tokens_per_second = 4_000
    fake.on_request = look


class TellsAndFails:
    """A Claude whose enhancement has told its topics and failed before anybody can look."""

    model, prompt_version = "claude-scripted", "test"

    def __init__(self, requisition: dict[str, Any]) -> None:
        self.asked: list[Any] = []
        self._text = json.dumps(enhancement_of(requisition))

    def submit(self, request: Any, check: Any, deadline: Any, listener: Any = None) -> Future[Any]:
        self.asked.append(request)
        answer: Future[Any] = Future()
        if listener is not None:
            listener.heard(self._text)
            assert listener.told.done()
        answer.set_exception(GenerationRefused("Claude declined to write this content."))
        return answer

    def close(self) -> None: ...


# -------------------------------------------------------------------------------- questions that fail, and databases


class TestAFailedQuestion:
    @pytest.mark.parametrize("late", [False, True], ids=["before the enhancement", "after it"])
    def test_the_enhancement_is_stored_and_named(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], late: bool
    ) -> None:
        gate = Gate()
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(usage=FIRST))
        if late:
            fake.when(a_question, gate.reply(stop_reason="refusal", usage=QUESTION), times=1)
        else:
            fake.tokens_per_second = 3_000
            fake.when(a_question, error_reply(400, "invalid_request_error"), times=1)
        fake.when(a_question, Reply(usage=QUESTION))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(workflow, app.test_client(), requisition)
            if late:
                until(lambda: [row.status for row in audit_rows(app)] == ["success", "in_progress"])
            gate.open()
            response = answer.result(30)

        code = "generation_refused" if late else "claude_misconfigured"
        assert response.json["code"] == code
        (stored,) = all_of(app, JobDescription)
        assert response.json["job_description_id"] == stored.id
        assert stored.enhanced_title == "Senior Software Engineer (enhanced)"
        assert all_of(app, Interview) == []
        assert [kept.usage_count for kept in all_of(app, CachedQuestion)] == [0] * 4
        enhancement, generation = audit_rows(app)
        assert (enhancement.status, enhancement.tokens_used, enhancement.result_id) == ("success", 112_500, stored.id)
        assert (generation.status, generation.error_code) == ("failed", code)
        assert generation.tokens_used == (5 if late else 4) * 43

    def test_a_database_that_fails_before_the_questions_leaves_the_enhancement_awaited_and_stored(
        self, monkeypatch: pytest.MonkeyPatch, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        def away(*args: Any, **kwargs: Any) -> Any:
            raise DatabaseUnavailable("The database does not answer.", retry_after=10)

        monkeypatch.setattr(interview_generation_service, "audited", away)
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(usage=FIRST))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "database_unavailable")
        (stored,) = all_of(app, JobDescription)
        assert stored.enhanced_title is not None
        assert response.json["job_description_id"] == stored.id
        (row,) = audit_rows(app)
        assert (row.operation_type, row.status, row.tokens_used) == ("jd_enhancement", "success", 112_500)
        assert len(fake.received) == 1

    def test_a_bug_between_leaves_the_enhancement_awaited_and_stored(
        self, monkeypatch: pytest.MonkeyPatch, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        def broken(*args: Any, **kwargs: Any) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(interview_generation_service, "choose_topics", broken)
        slow_enough_to_be_heard(fake)

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (500, "internal_error")
        assert all_of(app, JobDescription)[0].enhanced_title is not None
        assert [row.status for row in audit_rows(app)] == ["success", "failed"]


class TestTheDatabaseMeanwhile:
    @pytest.fixture
    def refusing_to_store(self, app: Flask) -> Iterator[Callable[[int], None]]:
        """Has the next updates of job descriptions fail as if the database were away."""
        left = 0

        def refuse(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal left
            if left and statement.startswith("UPDATE job_descriptions"):
                left -= 1
                raise OperationalError(statement, {}, Exception("away"))

        def start(times: int) -> None:
            nonlocal left
            left = times

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", refuse)
        yield start
        event.remove(engine, "before_cursor_execute", refuse)

    def test_a_database_that_is_away_for_a_moment_costs_nothing(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], refusing_to_store: Any
    ) -> None:
        slow_enough_to_be_heard(fake)
        refusing_to_store(2)

        assert workflow(app.test_client(), requisition).status_code == 200
        assert len(fake.received) == 6
        assert [row.status for row in audit_rows(app)] == ["success"] * 2

    def test_an_enhancement_that_cannot_be_stored_leaves_no_interview(
        self,
        monkeypatch: pytest.MonkeyPatch,
        app: Flask,
        fake: FakeClaude,
        requisition: dict[str, Any],
        refusing_to_store: Any,
    ) -> None:
        monkeypatch.setattr(jd_enhancement_service, "PATIENCE", 0.1)
        monkeypatch.setattr(generation_log, "FINISH_PATIENCE", 0.1)
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(usage=FIRST))
        fake.when(a_question, Reply(usage=QUESTION))
        refusing_to_store(100)

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "database_unavailable")
        assert response.headers["Retry-After"] == "10"
        assert "job_description_id" not in response.json
        nothing_but_the_cache_is_left(app, "database_unavailable", started_at_cost=112_500)
        assert all_of(app, JobDescription)[0].enhanced_title is None


# ------------------------------------------------------------------------------------------- cache, offline, races


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
    app = make_app(CLAUDE_MODE="offline")

    response = workflow(app.test_client(), requisition)

    assert response.status_code == 200
    assert response.json["sample"] is True
    assert fake.received == []
    (stored,) = all_of(app, JobDescription)
    topics = {topic["topic"] for topic in stored.interview_topics}
    assert {question["topic"] for question in response.json["interview"]["questions"]} <= topics
    assert [(row.status, row.tokens_used) for row in audit_rows(app)] == [("success", 0)] * 2


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


# ----------------------------------------------------------------------------------- the listener on its own


ODD_TOPICS = [
    'The "enhanced_title" of a page',
    '"enhanced_title": "no", "enhanced_description"',
    "enhanced_title",
    'Closing }]} , "enhanced_title',
    "{[\"\\'}]{ braces \\ and \\\\ backslashes \\",
    "Überlauf\u2028 🏦 кэш 高负载 \u0007 \u00a0",
    '","language":"de","interview_topics":[],"enhanced_title":"',
    "x" * 255,
]


def an_answer(names: list[str], seed: int) -> dict[str, Any]:
    random_ = random.Random(seed)
    topics = [
        {
            "topic": name,
            "technologies": random_.sample(["python", "c++", '"enhanced_title"', "enhanced_title"], 2),
            "facet": random_.choice(ODD_TOPICS[:6]),
            "skill_level": "Expert",
            "question_type": "coding",
            "focus": random_.choice(ODD_TOPICS),
            "work_items": [{"field": "work_role", "part": random_.choice(ODD_TOPICS)}],
        }
        for name in names
    ]
    return {
        "language": random_.choice(["en", "de", "zh-Hant", "pt-BR"]),
        "interview_topics": topics,
        "enhanced_title": random_.choice(ODD_TOPICS),
        "enhanced_description": '### Title\n- "enhanced_title": {"interview_topics": []}',
    }


def written(answer: dict[str, Any], seed: int) -> str:
    """The answer as JSON, in one of the ways in which it may be laid out."""
    random_ = random.Random(seed)
    return json.dumps(
        answer,
        ensure_ascii=random_.random() < 0.5,
        indent=random_.choice([None, None, 0, 2]),
        separators=random_.choice([(",", ":"), (", ", ": "), (" ,\n ", " : ")]),
    )


def hear(early: EarlyTopics, text: str, seed: int) -> list[PlannedTopics]:
    """Hear a text piece by piece; the topics as they stood after each piece from which on they were told."""
    random_ = random.Random(seed)
    told, at = [], 0
    while at < len(text):
        at += random_.choice([1, 2, 7, 16, 64, 400])
        early.heard(text[:at])
        if early.told.done():
            told.append(early.told.result())
    return told


class TestEarlyTopics:
    def test_the_topics_of_a_good_answer_are_told_once_and_never_wrong_wherever_it_is_split(self) -> None:
        for seed in range(300):
            names = random.Random(seed).sample(ODD_TOPICS, random.Random(seed).randint(6, 8))
            answer = an_answer(names, seed)
            good = EnhancedDescription.model_validate(answer)
            assert not topic_problems(good)
            early, heard_of = EarlyTopics(), []
            early.told.add_done_callback(heard_of.append)

            told = hear(early, written(answer, seed), seed)

            assert len(heard_of) == 1, f"seed {seed}"
            assert all(each is told[0] for each in told)
            assert (told[0].language, told[0].interview_topics) == (good.language, good.interview_topics)
            assert early.settle(good) == good

    def test_they_are_told_when_they_are_complete_and_not_before(self) -> None:
        for seed in range(20):
            answer = {**an_answer(ODD_TOPICS[:6], seed), "enhanced_title": "Engineer"}
            text = written(answer, seed)
            key = text.rindex('"enhanced_title"', 0, text.rindex('"Engineer"'))  # until then there may come more
            early = EarlyTopics()

            for at in range(key + len('"enhanced_title"')):
                early.heard(text[:at])
                assert not early.told.done(), f"seed {seed}"
            early.heard(text[: text.rindex('"Engineer"')])
            assert early.told.done(), f"seed {seed}"

    @pytest.mark.parametrize("bad", BAD_TOPICS.values(), ids=BAD_TOPICS)
    def test_topics_with_problems_are_never_told(self, requisition: dict[str, Any], bad: Any) -> None:
        for seed in range(20):
            early = EarlyTopics()

            assert hear(early, written(bad(enhancement_of(requisition)), seed), seed) == []

    def test_attempts_after_the_one_that_told_change_nothing(self, requisition: dict[str, Any]) -> None:
        good = enhancement_of(requisition)
        other = other_topics(good)
        for seed in range(20):
            early = EarlyTopics()
            assert hear(early, written(BAD_TOPICS["five topics"](good), seed), seed) == []
            assert hear(early, written(good, seed)[:1_000], seed) == []

            first = hear(early, written(BAD_DESCRIPTIONS["a blank title"](good), seed), seed)
            again = hear(early, written(other, seed), seed)

            assert all(each is first[0] for each in [*first, *again])
            settled = early.settle(EnhancedDescription.model_validate({**other, "enhanced_title": "Repaired"}))
            assert settled == EnhancedDescription.model_validate({**good, "enhanced_title": "Repaired"})

    @pytest.mark.parametrize(
        "text",
        [
            "",
            '"enhanced_title"',
            '{"enhanced_title": ',
            '{"enhanced_title": "x", "language": "en", "interview_topics": []}',
            '["language", "enhanced_title": ',
            'null, "enhanced_title": ',
            "I would rather talk about the weather.",
            '{"language": "en", "interview_topics": {}, "enhanced_title": ',
            '{"language": "en", "interview_topics": null, "enhanced_title": ',
            "[" * 100_000 + '"enhanced_title": ',
            '{"language": "\ud83d", "interview_topics": [], "enhanced_title": ',
        ],
    )
    def test_what_is_no_such_answer_tells_nothing_and_breaks_nothing(self, text: str) -> None:
        assert hear(EarlyTopics(), text[-500:], 1) == []
        early = EarlyTopics()
        early.heard(text)
        assert not early.told.done()

    def test_topics_known_from_an_earlier_attempt_stand(self, requisition: dict[str, Any]) -> None:
        good = enhancement_of(requisition)
        known = PlannedTopics.model_validate(good)
        early = EarlyTopics(known)

        hear(early, written(other_topics(good), 1), 1)

        assert early.told.result() is known
        assert early.settle(EnhancedDescription.model_validate(other_topics(good))) == (
            EnhancedDescription.model_validate(good)
        )

    def test_an_answer_whose_topics_were_never_told_stays_as_it_is(self, requisition: dict[str, Any]) -> None:
        good = EnhancedDescription.model_validate(enhancement_of(requisition))
        assert EarlyTopics().settle(good) is good


def spent(row: GenerationLog) -> Spending:
    return Spending(row.input_tokens, row.output_tokens, row.cache_creation_tokens, row.cache_read_tokens, row.attempts)
