"""What callers get when Claude fails, over HTTP and through the real SDK."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

import claude_client
from models import CachedQuestion, GenerationLog, JobDescription, db
from techscreen.claude.responses import MAX_ANSWER
from techscreen.errors import Spending
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, MakeApp
from tests.jobs.test_jobs import enhancement_of
from tests.support.fake_answers import good_plan
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of, error_reply

# The database plays no part in most of these, so the embedded one will do.
embedded_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HTML = Reply(body=b"<html>Welcome to the hotel network</html>", content_type="text/html")
BLOCKED = "Output blocked by content filtering policy"
NO_CREDIT = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry pauses keep their pattern, a hundred times faster."""
    monkeypatch.setattr(claude_client, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(claude_client, "MAX_PAUSE", 0.08)


def enhance(client: FlaskClient, requisition: dict[str, Any]) -> Any:
    return client.post("/api/interview/jd/enhance", json=requisition, headers=ADMIN)


def workflow(client: FlaskClient, requisition: dict[str, Any]) -> Any:
    return client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN)


def audit_rows(app: Flask) -> list[GenerationLog]:
    with app.app_context(), transaction() as session:
        return list(session.scalars(select(GenerationLog).order_by(GenerationLog.id)))


def a_question(body: dict[str, Any]) -> bool:
    return asked_for(body) == "InterviewQuestion"


def without_criteria(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "criteria": answer["criteria"][:7]}


def without_topics(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "interview_topics": answer["interview_topics"][:3]}


@embedded_database
class TestPassingFaults:
    """One bad moment, and the caller notices nothing but the wait."""

    @pytest.mark.parametrize(
        "fault",
        [
            error_reply(429, "rate_limit_error", retry_after="0.2"),
            error_reply(429, "rate_limit_error"),
            error_reply(500, "api_error"),
            error_reply(503, "api_error"),
            error_reply(529, "overloaded_error"),
            error_reply(408, "timeout_error"),
            Reply(reset=True),
            HTML,
            Reply(body=b'{"half": '),
            Reply(body=b"{}"),
            Reply(body=b'{"content": [null], "usage": {"input_tokens": 1, "output_tokens": 1}}'),
            Reply(
                body=b'{"content": [{"type": "text", "text": null}], "usage": {"input_tokens": 1, "output_tokens": 1}}'
            ),
            error_reply(429, "rate_limit_error", retry_after="inf"),
            Reply(content="half of a pair: \ud83d"),
            Reply(content=""),
            Reply(content="I would rather talk about the weather."),
            Reply(stop_reason="max_tokens", content='{"language": "en", "interview'),
            Reply(change=without_topics),
        ],
        ids=lambda reply: f"{reply.status}-{reply.stop_reason}-{(reply.body or b'')[:12]!r}",
    )
    def test_one_fault_is_survived(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any], fault: Reply
    ) -> None:
        fake.next(fault)

        response = enhance(client, requisition)

        assert response.status_code == 200, response.text
        assert len(fake.received) == 2

    def test_an_answer_that_is_too_long_is_sent_back_unread(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        # Valid but for its length: were it read, it would be taken.
        answer = json.dumps(good_plan(enhancement_of(requisition)))
        fake.next(Reply(content=answer + " " * MAX_ANSWER))

        assert enhance(client, requisition).status_code == 200

        asked_again = fake.received[1]["messages"]
        assert f"more than {MAX_ANSWER} characters" in asked_again[-1]["content"]
        assert answer in asked_again[-2]["content"]

    def test_a_short_retry_after_is_honoured(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.next(error_reply(429, "rate_limit_error", retry_after="0.4"))
        started = time.monotonic()

        assert enhance(client, requisition).status_code == 200
        assert time.monotonic() - started >= 0.4


@embedded_database
class TestLastingFaults:
    @pytest.mark.parametrize(
        ("fault", "status", "code", "retry_after", "requests"),
        [
            (error_reply(429, "rate_limit_error", retry_after="3600"), 503, "claude_unavailable", "3600", 1),
            (error_reply(429, "rate_limit_error"), 503, "claude_unavailable", "30", 6),
            (error_reply(500, "api_error"), 503, "claude_unavailable", "30", 6),
            (error_reply(500, "api_error", x_should_retry="false"), 503, "claude_unavailable", "30", 1),
            (error_reply(529, "overloaded_error"), 503, "claude_unavailable", "30", 6),
            (Reply(reset=True), 503, "claude_unavailable", "30", 6),
            (HTML, 502, "generation_failed", None, 6),
            (Reply(body=b"{}"), 502, "generation_failed", None, 6),
            (Reply(stop_reason="refusal", content=""), 502, "generation_refused", None, 2),
            (error_reply(400, "invalid_request_error", BLOCKED), 502, "generation_refused", None, 2),
            (Reply(stop_reason="max_tokens", content='{"cut'), 502, "generation_failed", None, 3),
            (Reply(stop_reason="model_context_window_exceeded", content=""), 502, "generation_failed", None, 1),
            (Reply(content=""), 502, "generation_failed", None, 3),
            (Reply(change=without_topics), 502, "generation_failed", None, 3),
            (error_reply(400, "invalid_request_error"), 500, "claude_misconfigured", None, 1),
            (error_reply(401, "authentication_error"), 500, "claude_misconfigured", None, 1),
            (error_reply(400, "invalid_request_error", NO_CREDIT), 503, "claude_billing", None, 1),
            (error_reply(402, "billing_error"), 503, "claude_billing", None, 1),
            (error_reply(403, "permission_error"), 500, "claude_misconfigured", None, 1),
            (error_reply(404, "not_found_error", "model: gone"), 500, "claude_misconfigured", None, 1),
        ],
        ids=lambda value: f"{value.status}-{value.stop_reason}" if isinstance(value, Reply) else None,
    )
    def test_the_caller_is_told_and_the_audit_row_says_failed(
        self,
        app: Flask,
        fake: FakeClaude,
        requisition: dict[str, Any],
        fault: Reply,
        status: int,
        code: str,
        retry_after: str | None,
        requests: int,
    ) -> None:
        fake.when(lambda body: True, fault)
        started = time.monotonic()

        response = enhance(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (status, code)
        assert response.headers.get("Retry-After") == retry_after
        assert response.json["error"].endswith(".")
        assert len(fake.received) == requests
        assert time.monotonic() - started < 5
        (row,) = audit_rows(app)
        assert (row.status, row.error_code, row.attempts) == ("failed", code, requests)
        assert row.error_message == response.json["error"]

    @pytest.mark.parametrize(
        "fault",
        [Reply(hang=True), Reply(drip=0.05), error_reply(429, "rate_limit_error", retry_after="0.3")],
        ids=["hang", "drip", "endless short retry-after"],
    )
    def test_nothing_outlives_the_deadline(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any], fault: Reply
    ) -> None:
        app = make_app(REQUEST_TIMEOUT=1)
        fake.when(lambda body: True, fault)
        started = time.monotonic()

        response = enhance(app.test_client(), requisition)

        # A rate limit that is told to wait past the deadline is Claude's; silence is a time-out.
        assert response.status_code == (503 if fault.status == 429 else 504)
        assert response.json["code"] == ("claude_unavailable" if fault.status == 429 else "generation_timeout")
        assert time.monotonic() - started < 8

    def test_one_deadline_covers_both_steps_of_the_workflow(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        app = make_app(REQUEST_TIMEOUT=6)
        fake.first_token = 4.0  # with a deadline of its own, the second step would succeed

        response = workflow(app.test_client(), requisition)

        assert response.status_code == 504
        assert [row.status for row in audit_rows(app)] == ["success", "failed"]
        with app.app_context(), transaction() as session:
            kept = session.scalars(select(JobDescription)).one()
        assert kept.enhanced_title is not None
        assert response.json["job_description_id"] == kept.id

    def test_claude_that_is_not_there_is_unavailable(self, make_app: MakeApp, requisition: dict[str, Any]) -> None:
        app = make_app(CLAUDE_BASE_URL="http://127.0.0.1:9")

        response = enhance(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "claude_unavailable")

    def test_without_a_key_the_answer_says_so(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        app = make_app(FLASK_ENV="development", CLAUDE_MODE="live")

        response = enhance(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "claude_not_configured")
        assert fake.received == []


@embedded_database
class TestRepair:
    def test_a_bad_answer_goes_back_with_what_was_wrong(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.when(a_question, Reply(change=without_criteria), times=1)

        response = workflow(client, requisition)

        assert response.status_code == 200
        (repair,) = [body for body in fake.received if len(body["messages"]) == 3]
        roles = [message["role"] for message in repair["messages"]]
        assert roles == ["user", "assistant", "user"]
        assert "There must be 8 to 10 criteria, not 7." in repair["messages"][2]["content"]
        assert '"criteria"' in repair["messages"][1]["content"]

    def test_a_cut_answer_is_asked_again_with_twice_the_room(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.next(Reply(stop_reason="max_tokens", content='{"cut'))

        assert enhance(client, requisition).status_code == 200
        assert [body["max_tokens"] for body in fake.received] == [16_000, 32_000]
        assert len(fake.received[1]["messages"]) == 1

    def test_two_questions_alike_are_made_different(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        same = "The same situation for everybody, whatever the topic was. What do you do first, and why that?"
        fake.when(a_question, Reply(change=lambda answer: {**answer, "spoken_text": same, "exhibit": None}), times=2)

        response = workflow(client, requisition)

        assert response.status_code == 200
        texts = [question["question_text"] for question in response.json["interview"]["questions"]]
        assert texts.count(same) == 1
        assert [data_of(body)["taken"] for body in fake.received[6:]] == [[same]]

    @pytest.mark.parametrize("text", ["Are you married or single?", "Are you pregnant?", "Sind Sie schwanger?"])
    def test_a_question_about_the_person_is_never_delivered_nor_kept(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], text: str
    ) -> None:
        fake.when(a_question, Reply(change=lambda answer: {**answer, "follow_ups": [text, "And then?"]}))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (502, "generation_failed")
        with app.app_context(), transaction() as session:
            assert session.scalar(select(func.count()).select_from(CachedQuestion)) == 0

    def test_every_attempt_is_counted_also_when_it_failed(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        usage = {
            "input_tokens": 1000,
            "output_tokens": 200,
            "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 4,
        }
        fake.next(Reply(change=without_topics, usage=usage), error_reply(529, "overloaded_error"), Reply(usage=usage))

        response = enhance(app.test_client(), requisition)

        assert response.json["tokens_used"] == 2 * 1234
        (row,) = audit_rows(app)
        spent = Spending(
            row.input_tokens, row.output_tokens, row.cache_creation_tokens, row.cache_read_tokens, row.attempts
        )
        assert spent == Spending(2000, 400, 60, 8, 3)
        assert row.claude_request_ids == ["req_0001", "req_0002", "req_0003"]

    def test_tokens_of_a_refusal_and_of_hopeless_repairs_are_counted(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        usage = {"input_tokens": 100, "output_tokens": 11}
        fake.next(*[Reply(stop_reason="refusal", content="", usage=usage)] * 2, *[Reply(content="no", usage=usage)] * 3)

        enhance(app.test_client(), requisition)
        enhance(app.test_client(), requisition)

        assert [row.tokens_used for row in audit_rows(app)] == [222, 333]


class TestTheDatabaseMeanwhile:
    @pytest.mark.parametrize(
        "refusal",
        [Reply(stop_reason="refusal", content=""), error_reply(400, "invalid_request_error", BLOCKED)],
        ids=["refused", "blocked"],
    )
    def test_four_of_five_questions_are_kept_when_one_is_refused(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], refusal: Reply
    ) -> None:
        one: list[str] = []

        def is_the_one(body: dict[str, Any]) -> bool:
            if a_question(body) and not one:
                one.append(data_of(body)["topic"])
            return a_question(body) and data_of(body)["topic"] == one[0]

        fake.when(is_the_one, refusal)

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (502, "generation_refused")
        assert response.json["job_description_id"] > 0
        with app.app_context(), transaction() as session:
            kept = session.scalars(select(CachedQuestion)).all()
        assert len(kept) == 4
        assert all(8 <= len(question.criteria) <= 10 for question in kept)
        enhancement, generation = audit_rows(app)
        assert (enhancement.status, generation.status) == ("success", "failed")
        assert generation.attempts == 6
        assert generation.tokens_used > 0
        fake.forget()
        # As the next try finds it: the four cost nothing.
        assert workflow(app.test_client(), requisition).status_code == 200
        assert sum(a_question(body) for body in fake.received) == 1

    def test_no_database_connection_is_held_while_claude_works(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        with app.app_context():
            pool = db.engine.pool
        held: list[int] = []
        # Late enough that the request thread waits for Claude, and for all five questions at once.
        fake.first_token = 0.2

        async def look() -> None:
            await asyncio.sleep(0.1)
            held.append(pool.checkedout())

        fake.when(lambda body: True, Reply(before=look))

        assert workflow(app.test_client(), requisition).status_code == 200
        assert held == [0] * 6


@embedded_database
class TestWhatIsSent:
    def test_the_request_fits_the_api_of_today(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        enhance(client, requisition)

        body, headers = fake.received[0], fake.headers[0]
        assert headers["authorization"] == "Bearer a-key-that-buys-nothing"
        assert body["model"] == "claude-opus-5-5"
        assert body["output_config"]["effort"] == "medium"
        assert body["output_config"]["format"]["type"] == "json_schema"
        assert not {"temperature", "top_p", "top_k", "tools", "tool_choice"} & set(body)
        assert body["messages"][-1]["role"] == "user"

    def test_every_object_of_the_schema_is_closed_and_has_no_count(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        workflow(client, requisition)

        def walk(node: Any) -> None:
            if isinstance(node, dict):
                assert not {"minItems", "maxItems", "minLength", "maxLength", "pattern"} & set(node)
                if node.get("type") == "object":
                    assert node["additionalProperties"] is False
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        for body in fake.received:
            walk(body["output_config"]["format"]["schema"])

    def test_neither_requisition_id_nor_user_nor_interview_name_is_sent(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        workflow(client, {**requisition, "req_id": "REQ-SECRET-77", "interview_name": "Panel of secrets"})

        sent = str(fake.received)
        assert not any(word in sent for word in ("REQ-SECRET-77", "Panel of secrets", "anna.admin"))

    def test_the_five_questions_are_asked_for_at_once(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.first_token = 0.2
        fake.most_under_way = 0

        workflow(client, requisition)

        assert fake.most_under_way == 5


@embedded_database
def test_neither_key_nor_texts_reach_the_log_or_an_error(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    marked = {**requisition, "basic_description": "XYZZY-description", "work_output": "XYZZY-output"}
    fake.next(error_reply(401, "authentication_error", "bad key a-key-that-buys-nothing"))
    answers = [enhance(app.test_client(), marked).text]
    fake.next(Reply(reset=True), Reply(content="XYZZY-answer"), Reply(content="{}"), Reply(content="XYZZY-answer"))
    answers.append(enhance(app.test_client(), marked).text)

    everything = caplog.text + "".join(answers) + str([record.__dict__ for record in caplog.records])
    assert "a-key-that-buys-nothing" not in everything
    assert "XYZZY" not in everything
