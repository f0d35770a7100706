"""What callers get when Claude fails while it streams an enhancement, over HTTP and through the real SDK."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import claude_client
from models import Interview, JobDescription
from techscreen.errors import Spending
from tests.conftest import MakeApp
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of, error_reply
from tests.support.workflows import (
    FIRST,
    all_of,
    an_enhancement,
    audit_rows,
    enhancement_of,
    questions_asked,
    spent,
    topics_of,
    until,
    workflow,
)

# The database plays no part in these, so the embedded one will do.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

REQUISITION = {
    "req_id": "REQ-12345",
    "basic_title": "Senior Software Engineer",
    "basic_description": "We are looking for a senior engineer with experience in building scalable systems.",
    "work_knowledge": "Kafka, PostgreSQL, Spring Boot, distributed systems",
}
TEXT = json.dumps(enhancement_of(REQUISITION))
# Somewhere in the topics: nothing can be told from so much.
HALF_OF_THE_TOPICS = 1_000
MALFORMED = "{'no': JSON"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry pauses keep their pattern, five hundred times faster."""
    monkeypatch.setattr(claude_client, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(claude_client, "MAX_PAUSE", 0.016)


# ------------------------------------------------------------------------------------- streams made by hand


Event = dict[str, Any]


def start(usage: Any = FIRST, **changes: Any) -> Event:
    message = {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    return {"type": "message_start", "message": {**message, **changes}}


def block(index: int = 0, kind: str = "text", **content: Any) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **content}}


def delta(text: Any, index: int = 0) -> Event:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}


def block_end(index: int = 0) -> Event:
    return {"type": "content_block_stop", "index": index}


def end(usage: Any = FIRST, stop_reason: str | None = "end_turn") -> Event:
    return {"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": None}, "usage": usage}


STOP = {"type": "message_stop"}
SIGNATURE = {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig"}}
THINKING = [block(kind="thinking", thinking="", signature=""), SIGNATURE, block_end()]


def written(text: str = TEXT, index: int = 0) -> list[Event]:
    """A text block in pieces of a hundred characters."""
    pieces = [delta(text[at : at + 100], index) for at in range(0, len(text), 100)]
    return [block(index, text=""), *pieces, block_end(index)]


def stream(*events: Event | str, line_end: str = "\n", **more: Any) -> Reply:
    """A reply of these events; a string stands for itself."""
    lines = [event if isinstance(event, str) else raw(event["type"], _json(event)) for event in events]
    body = "".join(lines).replace("\n", line_end).encode()
    return Reply(body=body, content_type="text/event-stream", **more)


def raw(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"


def _json(event: Event) -> str:
    text = json.dumps(event, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(event)


def error_event(kind: str, message: str = "no") -> Event:
    return {"type": "error", "error": {"type": kind, "message": message}}


BEGUN = [start(), *written(TEXT[:HALF_OF_THE_TOPICS])[:-1]]

# Answers that are whole, though they look as no other does: nothing is asked for twice.
WHOLE = {
    "as Claude streams": stream(start(), *written(), end(), STOP),
    "after thinking": stream(start(), *THINKING, *written(index=1), end(), STOP),
    "unknown event types": stream(
        start(),
        raw("ping", '{"type": "ping"}'),
        raw("news_of_the_future", '{"type": "news_of_the_future", "delta": {"type": "text_delta", "text": "no"}}'),
        *written(),
        raw("message_annotation", "not even JSON"),
        end(),
        STOP,
    ),
    "unknown blocks and deltas": stream(
        start(),
        block(kind="oracle", wisdom=[]),
        {"type": "content_block_delta", "index": 0, "delta": {"type": "wisdom_delta", "text": "no"}},
        block_end(),
        *written(index=1),
        end(),
        STOP,
    ),
    "comments and no names": stream(": keep-alive\n\n", start(), ":\n\n", "data: {}\n\n", *written(), end(), STOP),
    "lines that end as on Windows": stream(start(), *written(), end(), STOP, line_end="\r\n"),
    "null cache counts": stream(
        start({**FIRST, "cache_creation_input_tokens": None, "cache_read_input_tokens": None}),
        *written(),
        end({"output_tokens": 10_000, "cache_creation_input_tokens": 2_000, "cache_read_input_tokens": 500}),
        STOP,
    ),
    "counts of the input at the beginning alone": stream(
        start({**FIRST, "output_tokens": 1}), *written(), end({"output_tokens": 10_000}), STOP
    ),
    "counts that grow": stream(
        start({**FIRST, "input_tokens": 7, "output_tokens": 1}),
        *written(),
        end({**FIRST, "output_tokens": 9}, stop_reason=None),
        end(FIRST),
        STOP,
    ),
    "counts that nobody knows": stream(
        start({**FIRST, "service_tier": "standard", "output_tokens_details": {"thinking_tokens": 9}, "x_tokens": 99}),
        *written(),
        end(),
        STOP,
    ),
    "text in two blocks": stream(start(), *written(TEXT[:900]), *written(TEXT[900:], 1), end(), STOP),
    "something after the end": stream(start(), *written(), end(), STOP, error_event("overloaded_error"), "rubbish"),
    "byte by byte": stream(
        start(), *written(TEXT.replace("What you will deliver", "Что вы 🏦 пишете")), end(), STOP, drip=0
    ),
}


class TestWholeAnswers:
    @pytest.mark.parametrize("reply", WHOLE.values(), ids=WHOLE)
    def test_a_whole_answer_is_taken_however_it_is_streamed(self, app: Flask, fake: FakeClaude, reply: Reply) -> None:
        fake.when(an_enhancement, reply)

        response = workflow(app.test_client(), REQUISITION)

        assert response.status_code == 200, response.text
        assert len(fake.received) == 6
        assert questions_asked(fake) == topics_of(REQUISITION)
        enhancement, _ = audit_rows(app)
        assert spent(enhancement) == Spending(100_000, 10_000, 2_000, 500, 1)
        assert enhancement.claude_request_ids == ["req_0001"]
        assert all_of(app, JobDescription)[0].enhanced_title == "Senior Software Engineer (enhanced)"

    def test_null_and_missing_cache_counts_count_as_nothing(self, app: Flask, fake: FakeClaude) -> None:
        nulls = {
            "input_tokens": 70,
            "output_tokens": 20,
            "cache_creation_input_tokens": None,
            "cache_read_input_tokens": None,
        }
        fake.when(an_enhancement, stream(start(nulls), *written(), end(nulls), STOP), times=1)
        fake.when(an_enhancement, Reply(usage={"input_tokens": 70, "output_tokens": 20}), times=1)

        for _ in range(2):
            assert workflow(app.test_client(), REQUISITION).status_code == 200

        enhancements = [row for row in audit_rows(app) if row.operation_type == "jd_enhancement"]
        assert [spent(row) for row in enhancements] == [Spending(70, 20, 0, 0, 1)] * 2

    @pytest.mark.parametrize(
        ("first", "last", "known"),
        [
            (FIRST, None, 112_500),
            (None, FIRST, 112_500),
            (None, None, 0),
            ([1, 2], "many", 0),
            ({"input_tokens": 70, "output_tokens": 1}, {"output_tokens": "20"}, 71),
            ({"input_tokens": "70"}, {"output_tokens": 20}, 20),
        ],
        ids=["none at the end", "none at the beginning", "none", "no objects", "no number at the end", "no input"],
    )
    def test_an_answer_without_its_cost_is_delivered_and_its_audit_row_says_that_it_may_have_cost_more(
        self, app: Flask, fake: FakeClaude, first: Any, last: Any, known: int
    ) -> None:
        fake.when(an_enhancement, stream(start(first), *written(), end(last), STOP))

        assert workflow(app.test_client(), REQUISITION).status_code == 200
        assert len(fake.received) == 6
        enhancement, generation = audit_rows(app)
        assert enhancement.tokens_used == known
        assert enhancement.tokens_are_lower_bound == (last is not FIRST)
        assert not generation.tokens_are_lower_bound


# What one failed attempt is counted at if it broke off after the beginning of the stream.
BEGINNING = Spending(100_000, 10_000, 2_000, 500)
NOTHING = Spending()

# The fault; what is known of its cost; and what follows if it lasts: status, code, how often it is asked.
UNAVAILABLE = (503, "claude_unavailable", 6)
UNUSABLE = (502, "generation_failed", 6)
BAD_ANSWER = (502, "generation_failed", 3)
FAULTS: dict[str, tuple[Reply, Spending, tuple[int, str, int]]] = {
    # Before the stream begins.
    "429": (error_reply(429, "rate_limit_error"), NOTHING, UNAVAILABLE),
    "500": (error_reply(500, "api_error"), NOTHING, UNAVAILABLE),
    "529": (error_reply(529, "overloaded_error"), NOTHING, UNAVAILABLE),
    "408": (error_reply(408, "timeout_error"), NOTHING, UNAVAILABLE),
    "reset": (Reply(reset=True), NOTHING, UNAVAILABLE),
    # A 200 that is something else.
    "HTML": (Reply(body=b"<html>Welcome\n\nto the hotel</html>", content_type="text/html"), NOTHING, UNUSABLE),
    "nothing": (Reply(body=b"", content_type="text/event-stream"), NOTHING, UNUSABLE),
    "JSON": (Reply(body=b'{"half": '), NOTHING, UNUSABLE),
    "binary": (Reply(body=bytes(range(256)) * 20, content_type="application/octet-stream"), NOTHING, UNUSABLE),
    "the events of somebody else": (stream(raw("update", '{"a": 1}'), raw("done", "")), NOTHING, UNUSABLE),
    # Events that are not Claude's.
    "malformed start": (stream(raw("message_start", MALFORMED)), NOTHING, UNUSABLE),
    "malformed text": (stream(*BEGUN, raw("content_block_delta", MALFORMED)), BEGINNING, UNUSABLE),
    "malformed end": (stream(*BEGUN, raw("message_delta", MALFORMED), STOP), BEGINNING, UNUSABLE),
    "malformed error": (stream(*BEGUN, raw("error", MALFORMED)), BEGINNING, UNUSABLE),
    "an error without a type": (stream(*BEGUN, raw("error", '{"error": {}}')), BEGINNING, UNUSABLE),
    "null": (stream(*BEGUN, raw("content_block_delta", "null")), BEGINNING, UNUSABLE),
    "a list": (stream(*BEGUN, raw("content_block_delta", "[]")), BEGINNING, UNUSABLE),
    "a number for text": (stream(*BEGUN, delta(7)), BEGINNING, UNUSABLE),
    "null for text": (stream(*BEGUN, delta(None)), BEGINNING, UNUSABLE),
    "no delta": (stream(*BEGUN, raw("content_block_delta", '{"index": 0}')), BEGINNING, UNUSABLE),
    "not in UTF-8": (
        Reply(body=b"event: message_start\ndata: {\xff\xfe}\n\n", content_type="text/event-stream"),
        NOTHING,
        UNUSABLE,
    ),
    # Streams that break off.
    "ends in the topics": (stream(*BEGUN), BEGINNING, UNAVAILABLE),
    "drop": (
        Reply(break_after=HALF_OF_THE_TOPICS, break_with="drop", usage=FIRST),
        Spending(100_000, 1, 2_000, 500),
        UNAVAILABLE,
    ),
    "reset in the topics": (
        Reply(break_after=HALF_OF_THE_TOPICS, break_with="reset", usage=FIRST),
        Spending(100_000, 1, 2_000, 500),
        UNAVAILABLE,
    ),
    "reset before any text": (
        Reply(break_after=0, break_with="reset", usage=FIRST),
        Spending(100_000, 1, 2_000, 500),
        UNAVAILABLE,
    ),
    # Errors after the stream has begun.
    "overloaded_error": (stream(*BEGUN, error_event("overloaded_error")), BEGINNING, UNAVAILABLE),
    "overloaded_error at once": (stream(error_event("overloaded_error")), NOTHING, UNAVAILABLE),
    "api_error": (stream(*BEGUN, error_event("api_error")), BEGINNING, UNAVAILABLE),
    "rate_limit_error": (stream(*BEGUN, error_event("rate_limit_error")), BEGINNING, UNAVAILABLE),
    "timeout_error": (stream(*BEGUN, error_event("timeout_error")), BEGINNING, UNAVAILABLE),
    "an error of the future": (stream(*BEGUN, error_event("weather_error")), BEGINNING, UNUSABLE),
    "invalid_request_error": (stream(*BEGUN, error_event("invalid_request_error")), BEGINNING, UNUSABLE),
    # Answers that are whole and unusable.
    "empty text": (stream(start(), *written(""), end(), STOP), BEGINNING, BAD_ANSWER),
    "thinking alone": (stream(start(), *THINKING, end(), STOP), BEGINNING, BAD_ANSWER),
    "no block at all": (stream(start(), end(), STOP), BEGINNING, BAD_ANSWER),
    "half of a pair": (stream(start(), delta("\ud83d"), end(), STOP), BEGINNING, BAD_ANSWER),
    "other words": (
        stream(start(), *written("I would rather talk about the weather."), end(), STOP),
        BEGINNING,
        BAD_ANSWER,
    ),
    "cut in the topics": (stream(*BEGUN, block_end(), end(stop_reason="max_tokens"), STOP), BEGINNING, BAD_ANSWER),
}


class TestFaults:
    @pytest.mark.parametrize(("fault", "cost", "lasting"), FAULTS.values(), ids=FAULTS)
    def test_one_fault_is_survived_and_what_it_cost_is_counted(
        self, app: Flask, fake: FakeClaude, fault: Reply, cost: Spending, lasting: Any
    ) -> None:
        fake.when(an_enhancement, fault, times=1)
        fake.when(an_enhancement, Reply(usage={"input_tokens": 7, "output_tokens": 3}))

        response = workflow(app.test_client(), REQUISITION)

        assert response.status_code == 200, response.text
        assert [asked_for(body) for body in fake.received[:2]] == ["EnhancedDescription"] * 2
        assert all(body["stream"] for body in fake.received[:2])
        assert len(fake.received) == 7
        enhancement, generation = audit_rows(app)
        assert spent(enhancement) == cost + Spending(7, 3, attempts=2)
        assert (enhancement.status, generation.status) == ("success", "success")
        assert response.json["total_tokens_used"] == enhancement.tokens_used + generation.tokens_used
        assert questions_asked(fake) == topics_of(REQUISITION)

    @pytest.mark.parametrize(("fault", "cost", "lasting"), FAULTS.values(), ids=FAULTS)
    def test_if_it_lasts_the_caller_is_told_and_nothing_is_begun(
        self, app: Flask, fake: FakeClaude, fault: Reply, cost: Spending, lasting: tuple[int, str, int]
    ) -> None:
        status, code, requests = lasting
        fake.when(an_enhancement, fault)
        started = time.monotonic()

        response = workflow(app.test_client(), REQUISITION)

        assert (response.status_code, response.json["code"]) == (status, code)
        assert response.headers.get("Retry-After") == ("30" if status == 503 else None)
        assert response.json["error"].endswith(".")
        assert "job_description_id" not in response.json
        assert len(fake.received) == requests
        assert time.monotonic() - started < 10
        (row,) = audit_rows(app)
        assert (row.operation_type, row.status, row.error_code) == ("jd_enhancement", "failed", code)
        assert row.error_message == response.json["error"]
        assert spent(row) == Spending(
            cost.input_tokens * requests,
            cost.output_tokens * requests,
            cost.cache_creation_tokens * requests,
            cost.cache_read_tokens * requests,
            requests,
        )
        assert all_of(app, Interview) == []

    @pytest.mark.parametrize(
        ("fault", "status", "code", "cost"),
        [
            (error_reply(400, "invalid_request_error"), 500, "claude_misconfigured", 0),
            (error_reply(401, "authentication_error"), 500, "claude_misconfigured", 0),
            (error_reply(404, "not_found_error"), 500, "claude_misconfigured", 0),
            (error_reply(529, "overloaded_error", x_should_retry="false"), 503, "claude_unavailable", 0),
            (error_reply(429, "rate_limit_error", retry_after="3600"), 503, "claude_unavailable", 0),
            (stream(*BEGUN, error_event("authentication_error")), 500, "claude_misconfigured", 112_500),
            (stream(*BEGUN, error_event("permission_error")), 500, "claude_misconfigured", 112_500),
            (stream(*BEGUN, error_event("not_found_error")), 500, "claude_misconfigured", 112_500),
            (
                stream(start(), end(stop_reason="model_context_window_exceeded"), STOP),
                502,
                "generation_failed",
                112_500,
            ),
        ],
        ids=[
            "400",
            "401",
            "404",
            "529 never again",
            "429 much later",
            "authentication_error",
            "permission_error",
            "not_found_error",
            "too large",
        ],
    )
    def test_what_no_retry_can_help_is_asked_for_once(
        self, app: Flask, fake: FakeClaude, fault: Reply, status: int, code: str, cost: int
    ) -> None:
        fake.when(an_enhancement, fault)

        response = workflow(app.test_client(), REQUISITION)

        assert (response.status_code, response.json["code"]) == (status, code)
        assert len(fake.received) == 1
        (row,) = audit_rows(app)
        assert (row.status, row.error_code, row.attempts, row.tokens_used) == ("failed", code, 1, cost)
        if status == 503:
            assert response.headers["Retry-After"] == ("3600" if "retry-after" in fault.headers else "30")

    @pytest.mark.parametrize(
        ("fault", "cost"),
        [
            (stream(start(), *written(""), end(stop_reason="refusal"), STOP), 112_500),
            (stream(*BEGUN, end(stop_reason="refusal"), STOP), 112_500),
            (error_reply(400, "invalid_request_error", "Output blocked by content filtering policy"), 0),
            (stream(*BEGUN, error_event("invalid_request_error", "Output blocked by content filter")), 112_500),
        ],
        ids=["at once", "in the topics", "blocked", "blocked in the topics"],
    )
    def test_what_claude_refuses_is_asked_for_once_more(
        self, app: Flask, fake: FakeClaude, fault: Reply, cost: int
    ) -> None:
        fake.when(an_enhancement, fault)

        response = workflow(app.test_client(), REQUISITION)

        assert (response.status_code, response.json["code"]) == (502, "generation_refused")
        assert len(fake.received) == 2
        (row,) = audit_rows(app)
        assert (row.error_code, row.attempts, row.tokens_used) == ("generation_refused", 2, 2 * cost)

    def test_several_kinds_of_faults_in_a_row_are_survived_and_all_counted(self, app: Flask, fake: FakeClaude) -> None:
        for name in ("overloaded_error", "malformed text", "reset in the topics", "529", "ends in the topics"):
            fake.when(an_enhancement, FAULTS[name][0], times=1)
        fake.when(an_enhancement, Reply(usage={"input_tokens": 7, "output_tokens": 3}))

        assert workflow(app.test_client(), REQUISITION).status_code == 200
        enhancement, _ = audit_rows(app)
        assert spent(enhancement) == Spending(400_007, 30_004, 8_000, 2_000, 6)
        assert [request_id[:4] for request_id in enhancement.claude_request_ids] == ["req_"] * 6

    def test_an_answer_that_is_unusable_goes_back_and_an_empty_one_does_not(self, app: Flask, fake: FakeClaude) -> None:
        for name in ("thinking alone", "other words"):
            fake.when(an_enhancement, FAULTS[name][0], times=1)

        assert workflow(app.test_client(), REQUISITION).status_code == 200
        roles = [[message["role"] for message in body["messages"]] for body in fake.received[:3]]
        assert roles == [["user"], ["user"], ["user", "assistant", "user"]]


class TestStreamsThatEndTooEarly:
    """In order, as through a proxy that gives up. Models think before they write, so for a while there is no text."""

    EARLY = (
        pytest.param(stream(start()), id="after the beginning"),
        pytest.param(stream(start(), *THINKING[:1]), id="while it thinks"),
        pytest.param(stream(start(), *THINKING, block(1, text="")), id="before the first word"),
    )

    @pytest.mark.parametrize("fault", EARLY)
    def test_it_is_survived(self, app: Flask, fake: FakeClaude, fault: Reply) -> None:
        fake.when(an_enhancement, fault, times=1)

        assert workflow(app.test_client(), REQUISITION).status_code == 200
        assert len(fake.received) == 7

    @pytest.mark.parametrize("fault", EARLY)
    def test_it_is_told_and_counted_as_any_stream_that_breaks_off(
        self, app: Flask, fake: FakeClaude, fault: Reply
    ) -> None:
        fake.when(an_enhancement, fault)

        response = workflow(app.test_client(), REQUISITION)

        assert len(fake.received) == 6
        (row,) = audit_rows(app)
        assert (row.tokens_used, response.json["code"]) == (6 * 112_500, "claude_unavailable")


class TestDeadline:
    # The fault, and what is known of its cost by then.
    ENDLESS = (
        (Reply(hang=True), 0),
        (Reply(break_after=HALF_OF_THE_TOPICS, break_with="hang", usage=FIRST), 102_501),
        (stream(start(), *[raw("ping", "{}")] * 1_000, drip=0.004), 112_500),
        (stream(*BEGUN, drip=0.004), 112_500),
        (stream(": keep-alive\n\n" * 1_000, drip=0.004), 0),
    )

    def test_no_stream_outlives_it_and_what_is_known_of_its_cost_is_counted(
        self, make_app: MakeApp, fake: FakeClaude
    ) -> None:
        app = make_app(REQUEST_TIMEOUT=3)
        before = fake.under_way
        for number, (fault, _) in enumerate(self.ENDLESS):
            fake.when(lambda body, title=f"Engineer {number}": data_of(body)["basic_title"] == title, fault)

        def run(number: int) -> Any:
            return workflow(
                app.test_client(), {**REQUISITION, "req_id": f"REQ-{number}", "basic_title": f"Engineer {number}"}
            )

        started = time.monotonic()
        with ThreadPoolExecutor(len(self.ENDLESS)) as pool:
            responses = list(pool.map(run, range(len(self.ENDLESS))))

        assert 2.9 < time.monotonic() - started < 8
        assert {(response.status_code, response.json["code"]) for response in responses} == {
            (504, "generation_timeout")
        }
        rows = sorted(audit_rows(app), key=lambda row: row.req_id)
        assert [(row.error_code, row.attempts, row.tokens_used) for row in rows] == [
            ("generation_timeout", 1, cost) for _, cost in self.ENDLESS
        ]
        # The connections are closed, so that Claude writes no more.
        until(lambda: fake.under_way == before)

    def test_a_stream_that_broke_off_mixes_with_no_later_answer(self, client: FlaskClient, fake: FakeClaude) -> None:
        """Its connection must not be used again: the rest of the answer may still be on its way."""
        for number in range(8):
            fake.when(an_enhancement, FAULTS["malformed text"][0], times=1)
            response = workflow(client, {**REQUISITION, "req_id": f"REQ-{number}", "basic_title": f"Engineer {number}"})
            assert response.status_code == 200
            assert response.json["enhanced_jd"]["title"] == f"Engineer {number} (enhanced)"


def test_neither_key_nor_texts_reach_the_log_or_an_error(
    app: Flask, fake: FakeClaude, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    marked = {**REQUISITION, "basic_description": "XYZZY-description", "work_output": "XYZZY-output"}
    secret = json.dumps({"type": "error", "error": {"type": "api_error", "message": "XYZZY a-key-that-buys-nothing"}})
    fake.when(an_enhancement, stream(start(), raw("error", secret)), times=1)
    fake.when(an_enhancement, stream(start(), *written('{"XYZZY":'), raw("message_delta", "XYZZY")), times=1)
    fake.when(an_enhancement, stream(start(), *written("XYZZY"), end(), STOP), times=1)
    fake.when(an_enhancement, stream(start(), raw("error", secret.replace("api", "authentication"))), times=1)

    answer = workflow(app.test_client(), marked)

    assert answer.status_code == 500
    everything = caplog.text + answer.text + str([record.__dict__ for record in caplog.records])
    assert "a-key-that-buys-nothing" not in everything
    assert "XYZZY" not in everything
