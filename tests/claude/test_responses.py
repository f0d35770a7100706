"""What is made of Claude's answers when something beside their text is odd, and of errors by their words.

Through the real SDK and the live client, but without the service around it: an answer is asked for in milliseconds.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

import claude_client
from claude_client import ClaudeClient
from config import load_settings
from techscreen.claude.interface import ClaudeAnswer, Deadline
from techscreen.errors import ClaudeError, Spending, TechScreenError
from tests.support.fake_claude import FakeClaude, Reply, error_reply

KEY = "a-key-that-buys-nothing"  # as the tests' settings have it
WORDS = " ".join(f"word{number}" for number in range(30))
USAGE = {
    "input_tokens": 1000,
    "output_tokens": 200,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "service_tier": "standard",
}
Edit = Callable[[dict[str, Any]], dict[str, Any] | None]


class Told(BaseModel):
    words: str


@dataclass(frozen=True)
class Tell:
    """A request of which only the words of its answer matter."""

    system: str = "Tell."
    answer_type: type[Told] = Told

    def text(self) -> str:
        return "<brief>\nwhat only the requisition says\n</brief>"


class Listens:
    def heard(self, text: str) -> None: ...

    def settle(self, value: Told) -> Told:
        return value


BOTH_WAYS = {"in one piece": None, "streamed": Listens()}


@pytest.fixture
def claude(fake: FakeClaude, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClaudeClient]:
    monkeypatch.setattr(claude_client, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(claude_client, "MAX_PAUSE", 0.01)
    client = ClaudeClient(load_settings({"CLAUDE_API_KEY": KEY, "CLAUDE_BASE_URL": fake.url, "FLASK_ENV": "testing"}))
    yield client
    client.close()


def good(**more: Any) -> Reply:
    return Reply(content={"words": WORDS}, usage=USAGE, **more)


def ask(claude: ClaudeClient, listener: Any = None, seconds: float = 20) -> ClaudeAnswer[Told]:
    asked: Future[ClaudeAnswer[Told]] = claude.submit(Tell(), lambda _: [], Deadline.after(seconds), listener)
    return asked.result()


def failure_of(claude: ClaudeClient, listener: Any = None) -> ClaudeError:
    with pytest.raises(ClaudeError) as failed:
        ask(claude, listener)
    return failed.value


def places_in(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every field of something in JSON, however deep."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*place, name)
        yield from places_in(inner, (*place, name))


def changed(value: Any, place: tuple[Any, ...], how: str) -> Any:
    """A copy with the field at a place removed, null, or of another type."""
    value = copy.deepcopy(value)
    holder = value
    for name in place[:-1]:
        holder = holder[name]
    if how == "removed":
        del holder[place[-1]]
    else:
        holder[place[-1]] = None if how == "null" else 7 if isinstance(holder[place[-1]], str) else "odd"
    return value


def recorded(fake: FakeClaude, claude: ClaudeClient, listener: Any) -> list[dict[str, Any]]:
    """The message of a good answer, or the events of its stream."""
    seen: list[dict[str, Any]] = []
    fake.next(good(edit=lambda part: seen.append(copy.deepcopy(part)) or part))  # type: ignore[func-returns-value]
    ask(claude, listener)
    return seen


def is_text(part: dict[str, Any], place: tuple[Any, ...]) -> bool:
    """Whether a place is the text of the answer, or holds it."""
    if part["type"] == "message":
        return place in [("content",), ("content", 1), ("content", 1, "text")]
    return (part.get("delta") or {}).get("type") == "text_delta" and place in [("delta",), ("delta", "text")]


def nth(number: int, edit: Edit) -> Edit:
    """Edits the event of that number alone."""
    count = iter(range(1_000))
    return lambda part: edit(part) if next(count) == number else part


@pytest.mark.parametrize("listener", BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_a_whole_answer_is_taken_whatever_field_beside_its_text_is_missing_null_or_mistyped(
    fake: FakeClaude, claude: ClaudeClient, listener: Any
) -> None:
    parts = recorded(fake, claude, listener)
    cases: dict[str, tuple[int, Edit]] = {}
    for number, part in enumerate(parts):
        for place in places_in(part):
            for how in ("removed", "null", "mistyped"):
                if not is_text(part, place):
                    name = f"{part['type']} {number}: {'.'.join(map(str, place))} {how}"
                    cases[name] = number, lambda part, place=place, how=how: changed(part, place, how)  # type: ignore[misc]
        if part["type"] != "message" and (part.get("delta") or {}).get("type") != "text_delta":
            cases[f"{part['type']} {number}: not sent"] = number, lambda _: None
    wrong: dict[str, Any] = {}
    for name, (number, edit) in cases.items():
        fake.forget()
        fake.when(lambda _: True, good(edit=nth(number, edit)))
        try:
            answer = ask(claude, listener)
        except TechScreenError as error:
            wrong[name] = error
            continue
        spent = answer.spending
        # A count that is not the whole says so, and one that is does not; of a cache nobody knows.
        is_honest = spent.is_lower_bound == (spent.total_tokens < 1200) or "cache" in name
        if answer.value.words != WORDS or len(fake.received) != 1 or spent.attempts != 1 or not is_honest:
            wrong[name] = spent

    assert len(cases) > 50
    assert wrong == {}


UNUSUAL: dict[str, tuple[Reply, bool]] = {
    # The reply to a request for a stream and to one for an answer in one piece, and whether its tokens are known.
    "a stream without names": (good(unnamed=True), True),
    "an unknown reason to stop": (good(stop_reason="weather"), True),
    "cut off after its end": (good(stop_reason="max_tokens"), True),
    "a window that was just enough": (good(stop_reason="model_context_window_exceeded"), True),
    "counts that no model has": (good(edit=lambda part: json.loads(json.dumps(part).replace("200", "-5"))), False),
    "counts too large for a column": (
        good(edit=lambda part: json.loads(json.dumps(part).replace("1000", "99999999999"))),
        False,
    ),
}


@pytest.mark.parametrize("listener", BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_a_whole_answer_in_an_unusual_form_is_taken(fake: FakeClaude, claude: ClaudeClient, listener: Any) -> None:
    wrong = {}
    for name, (reply, is_known) in UNUSUAL.items():
        fake.forget()
        fake.when(lambda _: True, reply)
        answer = ask(claude, listener)
        found = answer.value.words == WORDS, len(fake.received), not answer.spending.is_lower_bound
        if found != (True, 1, is_known):
            wrong[name] = found

    assert wrong == {}


def test_an_answer_is_taken_in_the_form_that_was_not_asked_for(fake: FakeClaude, claude: ClaudeClient) -> None:
    parts: dict[str, list[dict[str, Any]]] = {
        name: recorded(fake, claude, listener) for name, listener in BOTH_WAYS.items()
    }
    events = "".join(f"event: {part['type']}\ndata: {json.dumps(part)}\n\n" for part in parts["streamed"])
    fake.forget()
    fake.next(
        Reply(body=events.encode(), content_type="text/event-stream"),
        Reply(body=json.dumps(parts["in one piece"][0]).encode(), content_type="application/json; charset=utf-8"),
    )

    assert [ask(claude, listener).value.words for listener in BOTH_WAYS.values()] == [WORDS, WORDS]
    assert len(fake.received) == 2


def test_a_stream_that_breaks_off_after_its_text_is_taken(
    fake: FakeClaude, claude: ClaudeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claude_client, "MAX_WAIT_FOR_END", 0.05)
    events = recorded(fake, claude, Listens())
    end = ("message_delta", "message_stop")
    body = "".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events if event["type"] not in end
    )
    error = 'event: error\ndata: {"type": "error", "error": {"type": "api_error", "message": "no"}}\n\n'
    endings = {
        "in order": Reply(body=body.encode(), content_type="text/event-stream"),
        "with an error": Reply(body=(body + error).encode(), content_type="text/event-stream"),
        "with a reset": good(break_after=10_000, break_with="reset"),
        "never": good(
            edit=lambda part: None if part["type"] in ("message_delta", "message_stop") else part, stays=True
        ),
    }
    wrong = {}
    for name, reply in endings.items():
        fake.forget()
        fake.when(lambda _: True, reply)
        answer = ask(claude, Listens())
        if (answer.value.words, len(fake.received), answer.spending.is_lower_bound) != (WORDS, 1, True):
            wrong[name] = answer.spending

    assert wrong == {}


def test_a_whole_text_whose_end_does_not_come_is_taken_before_the_deadline(
    fake: FakeClaude, claude: ClaudeClient
) -> None:
    fake.next(good(edit=lambda part: None if part["type"] in ("message_delta", "message_stop") else part, stays=True))

    assert ask(claude, Listens(), seconds=2).value.words == WORDS


def test_what_broke_off_or_told_no_cost_makes_the_tokens_a_lower_bound(fake: FakeClaude, claude: ClaudeClient) -> None:
    """Each fault first, then a good answer: whether the sum of both is all that was spent."""
    cases = {
        "a bad request": (error_reply(529, "overloaded_error"), False),
        "a rate limit": (error_reply(429, "rate_limit_error"), False),
        "a gateway that gave up": (error_reply(504, "timeout_error"), True),
        "a reset": (Reply(reset=True), True),
        "a page": (Reply(body=b"<html>", content_type="text/html"), True),
        "a stream that broke off": (good(break_after=100), True),
        "an unusable answer": (Reply(content="no", usage=USAGE), False),
    }
    found = {}
    for name, (fault, _) in cases.items():
        fake.forget()
        fake.next(fault, good())
        found[name] = ask(claude, Listens()).spending.is_lower_bound

    assert found == {name: is_lower_bound for name, (_, is_lower_bound) in cases.items()}
    assert (Spending(is_lower_bound=True) + Spending()).is_lower_bound


# The error, and what becomes of it: code, status, and how often Claude is asked.
BILLING = ("claude_billing", 503, 1)
REFUSED = ("generation_refused", 502, 2)
BAD_REQUEST = "invalid_request_error"
ERRORS: list[tuple[int, str, str, tuple[str, int, int]]] = [
    (400, BAD_REQUEST, "Your credit balance is too low to access the Anthropic API. Please go to Plans.", BILLING),
    (400, BAD_REQUEST, "You have reached your specified API usage limits. You will regain access soon.", BILLING),
    (402, "billing_error", "no", BILLING),
    (402, "weather_error", "no", BILLING),
    (403, "permission_error", "Your billing details are out of date.", BILLING),
    (429, "rate_limit_error", "Usage credits are required for long context requests.", BILLING),
    (400, BAD_REQUEST, "Output blocked by content filtering policy", REFUSED),
    (403, "permission_error", "Output blocked by content filtering policy", REFUSED),
    (400, BAD_REQUEST, "prompt is too long: 1200000 tokens > 1000000 maximum", ("generation_failed", 502, 1)),
    (400, BAD_REQUEST, "This organization has been disabled.", ("claude_misconfigured", 500, 1)),
    (400, BAD_REQUEST, "output_config: unknown field", ("claude_misconfigured", 500, 1)),
    (403, "permission_error", "no", ("claude_misconfigured", 500, 1)),
    (429, "rate_limit_error", "This request would exceed your account's rate limit.", ("claude_unavailable", 503, 6)),
]


@pytest.mark.parametrize("listener", BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_an_error_is_told_by_its_type_and_its_message(fake: FakeClaude, claude: ClaudeClient, listener: Any) -> None:
    wrong = {}
    for status, kind, message, expected in ERRORS:
        fake.forget()
        fake.when(lambda _: True, error_reply(status, kind, message))
        failure = failure_of(claude, listener)
        claude.close()  # forgets how many tries have failed in a row
        found = failure.code, failure.status, len(fake.received)
        if found != expected or failure.spending.total_tokens or failure.spending.is_lower_bound:
            wrong[message] = found
        if failure.code == "claude_billing":
            assert failure.retry_after is None
        assert message == "no" or message not in failure.message

    assert wrong == {}


def test_a_spending_limit_is_told_by_its_code_and_a_gateways_error_by_what_words_it_has(
    fake: FakeClaude, claude: ClaudeClient
) -> None:
    spent = {"type": "rate_limit_error", "message": "no", "details": {"error_code": "enforced_spend_limit_reached"}}
    bodies: list[tuple[int, Any, str]] = [
        (429, {"type": "error", "error": spent}, "claude_billing"),
        (400, {"error": "Insufficient credits"}, "claude_billing"),
        (400, {"message": "Your credit balance is too low"}, "claude_billing"),
        (400, {"error": {"type": 7, "message": ["billing"], "details": "no"}}, "claude_misconfigured"),
        (400, ["billing"], "claude_misconfigured"),
        (400, None, "claude_misconfigured"),
    ]
    found = []
    for status, body, _ in bodies:
        fake.when(lambda _: True, Reply(status=status, body=json.dumps(body).encode()), times=1)
        found.append(failure_of(claude).code)

    assert found == [code for _, _, code in bodies]


def test_what_only_claudes_own_words_explain_is_logged_and_never_what_was_sent_or_the_key(
    fake: FakeClaude, claude: ClaudeClient, caplog: pytest.LogCaptureFixture
) -> None:
    for message in (
        f"output_config.format: {'x' * 300}",
        f"messages.0: “{Tell().text()}” cannot be read",
        f"{KEY} may not do this",
        "two\nlines",
    ):
        fake.when(lambda _: True, error_reply(400, BAD_REQUEST, message), times=1)
        assert "output_config" not in failure_of(claude).message

    records = [record for record in caplog.records if getattr(record, "event", "") == "claude_error"]
    hidden = "(quotes what was sent)"
    assert [record.__dict__["claude_message"] for record in records] == [
        f"output_config.format: {'x' * 178}",
        hidden,
        hidden,
        "two\nlines",
    ]
    assert all(record.__dict__["claude_request_id"].startswith("req_") for record in records)
    assert "only the requisition" not in caplog.text
    assert KEY not in caplog.text
    assert "two\\nlines" in caplog.text


@pytest.mark.parametrize("listener", BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_an_error_after_a_200_is_a_fault_of_claudes_unless_it_has_another_meaning(
    fake: FakeClaude, claude: ClaudeClient, listener: Any
) -> None:
    def reply(kind: str, message: str) -> Reply:
        if listener is None:
            return Reply(body=error_reply(400, kind, message).body)
        return good(break_after=50, break_with=kind, break_saying=message)

    cases = {
        (BAD_REQUEST, "no"): ("generation_failed", 6),
        ("request_too_large", "no"): ("generation_failed", 6),
        ("weather_error", "no"): ("generation_failed", 6),
        ("api_error", "no"): ("claude_unavailable", 6),
        ("overloaded_error", "no"): ("claude_unavailable", 6),
        ("authentication_error", "no"): ("claude_misconfigured", 1),
        ("billing_error", "no"): ("claude_billing", 1),
        (BAD_REQUEST, "Your credit balance is too low"): ("claude_billing", 1),
        (BAD_REQUEST, "Output blocked by content filtering policy"): ("generation_refused", 2),
    }
    found = {}
    for case in cases:
        fake.forget()
        fake.when(lambda _: True, reply(*case))
        failure = failure_of(claude, listener)
        claude.close()
        found[case] = failure.code, len(fake.received)
        # What came of each try is counted, and is not all.
        assert failure.spending.total_tokens == (0 if listener is None else len(fake.received) * 1001)
        assert failure.spending.is_lower_bound
    assert found == cases


def test_what_is_refused_is_asked_for_once_more_in_plainer_words(fake: FakeClaude, claude: ClaudeClient) -> None:
    blocked = error_reply(400, BAD_REQUEST, "Output blocked by content filtering policy")
    for refusal in (blocked, Reply(stop_reason="refusal", content="", usage=USAGE)):
        fake.forget()
        fake.next(refusal, Reply(content="no"), good())

        assert ask(claude).value.words == WORDS

        first, second, repair = (body["messages"] for body in fake.received)
        assert len(second) == 1
        assert second[0]["content"].startswith(first[0]["content"])
        assert "plainly and neutrally" in second[0]["content"]
        assert repair[0] == second[0]  # what was right about the asking stays
        fake.next(refusal, refusal)
        assert failure_of(claude).code == "generation_refused"


def test_a_listener_that_fails_costs_no_answer(fake: FakeClaude, claude: ClaudeClient) -> None:
    class Fails(Listens):
        def heard(self, text: str) -> None:
            raise KeyError("a fault of ours")

    fake.next(good())
    assert ask(claude, Fails()).value.words == WORDS
    assert len(fake.received) == 1
