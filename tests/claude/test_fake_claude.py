"""The fake Claude streams as the real one does, seen through the real SDK."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message

from prompts import EnhanceDescription, InterviewTopic, PlanTopics, Request, WriteQuestion
from tests.support.fake_claude import CHARACTERS_PER_TOKEN, PIECE, FakeClaude, Reply, error_reply

REQUISITION = {"basic_title": "Backend Engineer", "basic_description": "Builds the <ledger> of a naïve bank 🏦."}
TOPIC = InterviewTopic(
    topic="Draining a queue",
    technologies=["kafka"],
    facet="back pressure",
    skill_level="Advanced",
    question_type="system_design",
    focus="How the person finds the slow part.",
    work_items=[],
)
QUESTION = WriteQuestion(topic=TOPIC, language="en", taken=("One that exists already.",))
REQUESTS = [EnhanceDescription(**REQUISITION), PlanTopics(**REQUISITION), QUESTION]
# Words of several languages, a letter beyond the first plane at every place of a piece, and half of one.
ODD_TEXT = "".join(f'{"x" * count}🏦é\n"\\</requisition>\u2028' for count in range(40)) + "\ud83d"


def asking(request: Request[Any] = QUESTION) -> dict[str, Any]:
    """The arguments of a call, as the live client makes them."""
    schema = anthropic.transform_schema(request.answer_type)
    return {
        "model": "claude-sonnet-5-5",
        "max_tokens": 16_000,
        "system": request.system,
        "messages": [{"role": "user", "content": request.text()}],
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}},
    }


@asynccontextmanager
async def sdk_of(fake: FakeClaude, **options: Any) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(api_key="key", base_url=fake.url, max_retries=0, **options) as sdk:
        yield sdk


class Received:
    """What came of a stream, event by event, also if it broke."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.times: list[float] = []

    @property
    def kinds(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def pieces(self) -> list[str]:
        deltas = [event.delta for event in self.events if event.type == "content_block_delta"]
        return [delta.text for delta in deltas if delta.type == "text_delta"]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    async def read(self, sdk: anthropic.AsyncAnthropic, request: Request[Any] = QUESTION) -> None:
        async with await sdk.messages.create(stream=True, **asking(request)) as stream:
            async for event in stream:
                self.events.append(event)
                self.times.append(time.monotonic())


async def by_events(sdk: anthropic.AsyncAnthropic, request: Request[Any] = QUESTION) -> Message:
    """Read a stream as raw events, and put the message together here."""
    received = Received()
    await received.read(sdk, request)
    start, end = received.events[0], received.events[-2]
    message: Message = start.message.model_copy(deep=True)
    for event in received.events:
        if event.type == "content_block_start":
            message.content.append(event.content_block)
        elif event.type == "content_block_delta" and event.delta.type == "signature_delta":
            message.content[event.index].signature = event.delta.signature
    if received.pieces:
        message.content[-1].text = received.text  # type: ignore[union-attr]
    message.stop_reason = end.delta.stop_reason
    message.usage = message.usage.model_copy(update=end.usage.to_dict())
    return message


async def by_helper(sdk: anthropic.AsyncAnthropic, request: Request[Any] = QUESTION) -> Message:
    """Read a stream with the SDK's own accumulation."""
    async with sdk.messages.stream(**asking(request)) as stream:
        return await stream.get_final_message()


both_ways = pytest.mark.parametrize("read", [by_events, by_helper])
Read = Callable[..., Awaitable[Message]]


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


class TestTheSameAnswer:
    """A stream says what the plain answer says."""

    @both_ways
    @pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
    def test_a_stream_says_what_the_plain_answer_says(
        self, fake: FakeClaude, read: Read, request_: Request[Any]
    ) -> None:
        async def run() -> None:
            async with sdk_of(fake) as sdk:
                plain = await sdk.messages.create(**asking(request_))
                streamed = await read(sdk, request_)
            assert text_of(streamed) == text_of(plain)
            assert request_.answer_type.model_validate_json(text_of(streamed))
            assert [block.type for block in streamed.content] == ["thinking", "text"]
            assert streamed.content[0].to_dict() == plain.content[0].to_dict()
            assert (streamed.model, streamed.stop_reason) == (plain.model, "end_turn")
            # The bodies differ by the word that asks for a stream.
            assert streamed.usage.input_tokens - plain.usage.input_tokens in range(10)
            assert streamed.usage.output_tokens == plain.usage.output_tokens
            assert [body.pop("stream", None) for body in fake.received] == [None, True]
            assert fake.received[0] == fake.received[1]

        asyncio.run(run())

    @both_ways
    @pytest.mark.parametrize(
        "reply",
        [
            Reply(content=ODD_TEXT),
            Reply(content="x" * PIECE),
            Reply(content=""),
            Reply(content={"language": "en"}, stop_reason="refusal"),
            Reply(content='{"half', stop_reason="max_tokens"),
            Reply(change=lambda answer: {**answer, "criteria": []}),
            Reply(
                usage={
                    "input_tokens": 7,
                    "output_tokens": 11,
                    "cache_creation_input_tokens": 13,
                    "cache_read_input_tokens": 17,
                }
            ),
        ],
        ids=["odd text", "one piece", "no text", "refusal", "max_tokens", "change", "usage"],
    )
    def test_what_a_reply_changes_is_changed_in_a_stream_too(self, fake: FakeClaude, read: Read, reply: Reply) -> None:
        async def run() -> None:
            fake.next(reply, reply)
            async with sdk_of(fake) as sdk:
                plain = await sdk.messages.create(**asking())
                streamed = await read(sdk)
            assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in plain.content]
            assert streamed.stop_reason == plain.stop_reason
            assert streamed.usage.output_tokens == plain.usage.output_tokens
            if reply.usage:
                assert streamed.usage.to_dict() == plain.usage.to_dict()

        asyncio.run(run())

    def test_the_events_come_in_the_order_of_the_real_service(self, fake: FakeClaude) -> None:
        received = Received()

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                await received.read(sdk)

        asyncio.run(run())

        pieces = len(received.pieces)
        assert pieces > 20
        assert received.kinds == [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            *["content_block_delta"] * pieces,
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        assert {len(piece) for piece in received.pieces[:-1]} == {PIECE}
        start, end = received.events[0].message, received.events[-2]
        assert (start.content, start.stop_reason, start.usage.output_tokens) == ([], None, 1)
        assert start.usage.input_tokens == end.usage.input_tokens > 100
        assert end.usage.output_tokens == len(received.text) // CHARACTERS_PER_TOKEN

    def test_a_connection_serves_one_stream_after_another(self, fake: FakeClaude) -> None:
        ports: set[Any] = set()

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                for _ in range(3):
                    async with sdk.messages.stream(**asking()) as stream:
                        await stream.until_done()
                        ports.add(stream.response.extensions["network_stream"].get_extra_info("client_addr"))
                await sdk.messages.create(**asking())
            assert len(ports) == 1
            assert len(fake.received) == 4

        asyncio.run(run())

    def test_the_headers_of_a_reply_come_with_the_stream(self, fake: FakeClaude) -> None:
        fake.next(Reply(headers={"anthropic-ratelimit-requests-remaining": "3"}))

        async def run() -> None:
            async with sdk_of(fake) as sdk, sdk.messages.stream(**asking()) as stream:
                await stream.until_done()
                assert stream.request_id == "req_0001"
                assert stream.response.headers["anthropic-ratelimit-requests-remaining"] == "3"
                assert stream.response.headers["content-type"].startswith("text/event-stream")

        asyncio.run(run())


class TestPace:
    def test_a_stream_takes_the_promised_time_piece_by_piece(self, fake: FakeClaude) -> None:
        fake.first_token, fake.tokens_per_second = 0.2, 200.0
        fake.next(Reply(content="word" * 100))
        received = Received()

        async def run() -> float:
            async with sdk_of(fake) as sdk:
                started = time.monotonic()
                await received.read(sdk)
                return started

        started = asyncio.run(run())

        assert fake.waits == [pytest.approx(0.2 + 100 / 200)]
        assert received.times[-1] - started >= 0.2 + 100 / 200
        events = zip(received.times, received.kinds, strict=True)
        deltas = [at for at, kind in events if kind == "content_block_delta"]
        for number, at in enumerate(deltas[1:]):  # the first is the thinking's
            assert at - started >= 0.2 + number * PIECE / CHARACTERS_PER_TOKEN / 200

    @both_ways
    def test_without_a_pace_all_comes_after_the_first_token(self, fake: FakeClaude, read: Read) -> None:
        fake.first_token = 0.2

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                started = time.monotonic()
                await read(sdk)
                assert time.monotonic() - started >= 0.2

        asyncio.run(run())

        assert fake.waits == [0.2]

    def test_a_stream_begins_before_its_first_token(self, fake: FakeClaude) -> None:
        fake.first_token = 600.0

        async def run() -> None:
            async with sdk_of(fake) as sdk, sdk.messages.stream(**asking()) as stream:
                async for event in stream:
                    if event.type == "message_start":
                        assert event.message.usage.input_tokens > 100
                        break

        asyncio.run(run())

    def test_many_streams_at_once_all_arrive_whole(self, fake: FakeClaude) -> None:
        fake.first_token, fake.tokens_per_second = 0.05, 2000.0
        fake.most_under_way = 0

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                plain = await sdk.messages.create(**asking())
                streamed = await asyncio.gather(*(by_events(sdk) for _ in range(40)))
            assert {text_of(message) for message in streamed} == {text_of(plain)}

        asyncio.run(run())

        assert fake.under_way == 0
        assert 2 <= fake.most_under_way <= 40


class TestFaults:
    @pytest.mark.parametrize("pace", [0.0, 2000.0])
    @pytest.mark.parametrize("after", [0, 5, 100, 10**6])
    def test_an_error_event_breaks_the_stream(self, fake: FakeClaude, after: int, pace: float) -> None:
        fake.tokens_per_second = pace
        fake.next(Reply(), Reply(break_after=after))
        received = Received()

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                plain = await sdk.messages.create(**asking())
                with pytest.raises(anthropic.APIStatusError) as raised:
                    await received.read(sdk)
                assert received.text == text_of(plain)[:after]
                assert (raised.value.status_code, raised.value.type) == (200, "overloaded_error")
                assert raised.value.request_id == "req_0002"
                assert text_of(await by_events(sdk)) == text_of(plain)  # the next one is good again

        asyncio.run(run())

    @both_ways
    def test_the_error_may_be_of_another_type(self, fake: FakeClaude, read: Read) -> None:
        fake.next(Reply(break_after=40, break_with="api_error"))

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                with pytest.raises(anthropic.APIStatusError) as raised:
                    await read(sdk)
                assert raised.value.type == "api_error"

        asyncio.run(run())

    @pytest.mark.parametrize("pace", [0.0, 2000.0])
    @pytest.mark.parametrize(
        ("break_with", "error"), [("drop", httpx2.RemoteProtocolError), ("reset", httpx2.ReadError)]
    )
    def test_a_lost_connection_breaks_the_stream(
        self, fake: FakeClaude, break_with: str, error: type[Exception], pace: float
    ) -> None:
        fake.tokens_per_second = pace
        fake.next(Reply(break_after=100, break_with=break_with))
        received = Received()

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                with pytest.raises(error):
                    await received.read(sdk)
            assert received.kinds[0] == "message_start"
            assert len(received.text) == 100

        asyncio.run(run())

    @both_ways
    @pytest.mark.parametrize("pace", [0.0, 2000.0])
    def test_a_stream_that_hangs_is_under_way_until_the_client_leaves(
        self, fake: FakeClaude, read: Read, pace: float
    ) -> None:
        fake.tokens_per_second = pace
        fake.next(Reply(break_after=100, break_with="hang"))

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await read(sdk)
                await until(lambda: fake.under_way == 0)

        asyncio.run(run())

    @pytest.mark.parametrize(("first_token", "pace"), [(600.0, 0.0), (0.0, 0.1), (0.0, 100.0)])
    def test_a_client_that_leaves_ends_the_stream(self, fake: FakeClaude, first_token: float, pace: float) -> None:
        fake.first_token, fake.tokens_per_second = first_token, pace
        fake.next(Reply(content="x" * 10_000))

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                async with await sdk.messages.create(stream=True, **asking()) as stream:
                    await anext(aiter(stream))
                    assert fake.under_way == 1
                await until(lambda: fake.under_way == 0)

        asyncio.run(run())

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (error_reply(529, "overloaded_error"), anthropic.OverloadedError),
            (error_reply(429, "rate_limit_error", retry_after="3"), anthropic.RateLimitError),
            (error_reply(401, "authentication_error"), anthropic.AuthenticationError),
            (Reply(reset=True), anthropic.APIConnectionError),
        ],
        ids=["529", "429", "401", "reset"],
    )
    @both_ways
    def test_a_request_that_fails_fails_before_any_event(
        self, fake: FakeClaude, read: Read, reply: Reply, error: type[Exception]
    ) -> None:
        fake.next(reply)

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                with pytest.raises(error) as raised:
                    await read(sdk)
            if isinstance(raised.value, anthropic.APIStatusError):
                assert raised.value.status_code == reply.status
                assert raised.value.response.headers["content-type"] == "application/json"
                assert raised.value.response.headers.get("retry-after") == reply.headers.get("retry-after")

        asyncio.run(run())

    def test_a_page_in_place_of_a_stream_is_sent_as_it_is(self, fake: FakeClaude) -> None:
        fake.next(Reply(body=b"<html>Welcome to the hotel network</html>", content_type="text/html"))
        received = Received()

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                await received.read(sdk)

        asyncio.run(run())

        assert received.events == []

    @pytest.mark.parametrize("reply", [Reply(hang=True), Reply(drip=0.05)], ids=["hang", "drip"])
    @both_ways
    def test_a_stream_may_hang_or_drip(self, fake: FakeClaude, read: Read, reply: Reply) -> None:
        fake.next(reply)

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await read(sdk)
                await until(lambda: fake.under_way == 0)

        asyncio.run(run())

    def test_what_is_to_happen_before_happens_before(self, fake: FakeClaude) -> None:
        under_way: list[int] = []

        async def look() -> None:
            under_way.append(fake.under_way)

        fake.next(Reply(before=look))

        async def run() -> None:
            async with sdk_of(fake) as sdk:
                await by_events(sdk)

        asyncio.run(run())

        assert under_way == [1]
        assert fake.under_way == 0
