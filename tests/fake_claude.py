"""A fake Claude over HTTP on loopback: latency, faults and bad answers at will, for the real SDK.

`with FakeClaude() as fake:` serves on a free port in a thread of its own. Without more it answers every
request well, from the words of the request alone; `fake.next(...)` and `fake.when(...)` say what comes
instead. `fake.received` holds what was sent. `python -m tests.fake_claude [PORT] [SECONDS TOKENS_PER_SECOND]` serves
in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

CHARACTERS_PER_TOKEN = 4
WORDS = """
account alarm archive batch border bridge budget cache canary catalogue channel checkout cluster column commit
compiler contract counter courier credit cursor customs dashboard deadline delivery device diagram digest
docket driver engine envelope estimate factory feature feed festival filter firmware forecast freight gateway
glacier graph greenhouse harbour harvest heater index invoice island journal kernel kitchen ladder lantern
ledger library locker logbook magnet mailbox manifest market meadow meter mirror module monitor museum needle
network notebook orchard order packet pallet parcel payload pipeline planet platform polygon printer probe
quarry queue railway recipe record refund registry relay replica reservoir retry river rocket sample schema
sensor session shipment signal silo sketch socket spindle stadium storage summit switch tablet tariff
telescope theatre thread ticket timetable token tower tracker tractor transit tunnel turbine valley vault
vendor village voucher wagon warehouse watchdog whistle window workshop
""".split()


@dataclass
class Reply:
    """One answer of the fake."""

    content: Any = None  # the JSON answer; None: a good one; a str: that text
    status: int = 200
    stop_reason: str = "end_turn"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # sent instead of any message
    content_type: str = "application/json"
    before: Callable[[], Awaitable[None]] | None = None
    reset: bool = False  # drop the connection instead of answering
    hang: bool = False  # never answer
    drip: float | None = None  # seconds between two bytes of the body
    usage: dict[str, int] | None = None
    change: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # make the good answer a bad one


def error_reply(status: int, kind: str, message: str = "no", **headers: str) -> Reply:
    """An error as Claude words it."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_error"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(body).encode(), headers=named)


class FakeClaude:
    """The server. Attributes set while it runs apply to the next request."""

    def __init__(self, *, first_token: float = 0.0, tokens_per_second: float = 0.0) -> None:
        self.first_token = first_token
        self.tokens_per_second = tokens_per_second
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.waits: list[float] = []
        self.under_way = 0
        self.most_under_way = 0
        self.on_request: Callable[[dict[str, Any]], None] | None = None
        self._queue: deque[Reply] = deque()
        self._rules: list[tuple[Callable[[dict[str, Any]], bool], Reply, int]] = []
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def next(self, *replies: Reply) -> None:
        """Give these replies to the next requests, one each."""
        self._queue.extend(replies)

    def when(self, matches: Callable[[dict[str, Any]], bool], reply: Reply, times: int = 10**9) -> None:
        """Give this reply to requests that match."""
        self._rules.append((matches, reply, times))

    def forget(self) -> None:
        """Back to good answers, and forget what was received."""
        self._queue.clear()
        self._rules.clear()
        self.received.clear()
        self.headers.clear()
        self.waits.clear()
        self.on_request = None
        self.first_token = self.tokens_per_second = 0.0

    def __enter__(self) -> FakeClaude:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connection, "127.0.0.1", self.port, backlog=2048)
        )
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        server.close()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
        self.received.append(body)
        self.headers.append(headers)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.on_request:
                self.on_request(body)
            request_id = f"req_{len(self.received):04d}"
            return await self._reply(self._choose(body), body, request_id, reader, writer)
        finally:
            self.under_way -= 1

    def _choose(self, body: dict[str, Any]) -> Reply:
        for index, (matches, reply, times) in enumerate(self._rules):
            if times > 0 and matches(body):
                self._rules[index] = (matches, reply, times - 1)
                return reply
        return self._queue.popleft() if self._queue else Reply()

    async def _reply(
        self,
        reply: Reply,
        body: dict[str, Any],
        request_id: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        if reply.before:
            await reply.before()
        if reply.hang:
            await reader.read()  # until the client goes away
            return False
        if reply.reset:
            writer.transport.abort()
            return False
        payload = reply.body
        if payload is None:
            payload, tokens = _message(reply, body)
            wait = self.first_token + (tokens / self.tokens_per_second if self.tokens_per_second else 0.0)
            self.waits.append(wait)
            if wait and await _went_away(reader, wait):
                return False
        headers = {
            "content-type": reply.content_type,
            "content-length": str(len(payload)),
            "request-id": request_id,
            **reply.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode())
        if reply.drip is None:
            writer.write(payload)
        else:
            for byte in payload:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.drip)
        await writer.drain()
        return True


async def _went_away(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Wait, unless the client hangs up meanwhile."""
    try:
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
    return True


def asked_for(body: dict[str, Any]) -> str:
    """The name of the answer type that a request asks for."""
    return str(body["output_config"]["format"]["schema"]["title"])


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    """The JSON between the tags of a request's first message."""
    text = body["messages"][0]["content"]
    data: dict[str, Any] = json.loads(text[text.index("\n") : text.rindex("\n")])
    return data


def good_answer(body: dict[str, Any]) -> dict[str, Any]:
    """An answer that passes every check, made from the request alone."""
    return good_question(data_of(body)) if asked_for(body) == "InterviewQuestion" else good_plan(body)


def good_plan(body: dict[str, Any]) -> dict[str, Any]:
    """Topics, and for an enhancement the title and description."""
    requisition = data_of(body)
    field_name = next(
        (name for name in ("work_knowledge", "work_output", "work_role") if requisition.get(name)), "basic_description"
    )
    part = requisition[field_name][:60]
    random_ = random.Random(requisition["basic_title"] + part)
    types = ["system_design", "coding", "debugging", "technical", "behavioral", "situational", "technical"]
    topics = []
    for number, kind in enumerate(types):
        subject = " ".join(random_.sample(WORDS, 3))
        topics.append(
            {
                "topic": subject.capitalize(),
                "technologies": ["python"] if kind == "coding" else [],
                "facet": f"{random_.choice(WORDS)} handling {number}",
                "skill_level": "Advanced",
                "question_type": kind,
                "focus": f"How the person reasons about the {subject}.",
                "work_items": [{"field": field_name, "part": part}],
            }
        )
    plan: dict[str, Any] = {"language": "en", "interview_topics": topics}
    if asked_for(body) == "EnhancedDescription":
        plan["enhanced_title"] = requisition["basic_title"].strip()[:200] + " (enhanced)"
        lines = [" ".join(random_.sample(WORDS, 12)) for _ in range(36)]
        plan["enhanced_description"] = "### What you will deliver\n" + "\n".join(f"- {line}" for line in lines)
    return plan


def good_question(brief: dict[str, Any]) -> dict[str, Any]:
    """A question of its own for every topic and for every list of taken ones, as long as an exemplary one."""
    random_ = random.Random(brief["topic"] + "|".join(brief["taken"]))
    scene = " ".join(random_.sample(WORDS, 60))
    labels = random_.sample(WORDS, 9)
    return {
        "question_text": f"{brief['topic']}: {scene}. What do you do?",
        "criteria": [
            {
                "criterion": f"{label.capitalize()} considered",
                "description": f"Names the {label} and its {' '.join(random_.sample(WORDS, 10))}.",
            }
            for label in labels
        ],
        "follow_ups": ["What would you look at next?", "Which part was the hardest?"],
        "rating_anchors": {
            "low": f"Talks about the {labels[0]} in general.",
            "mid": f"Works through the {labels[1]} and misses the rest.",
            "high": f"Connects the {labels[2]} with what follows from it.",
        },
    }


def _message(reply: Reply, body: dict[str, Any]) -> tuple[bytes, int]:
    if isinstance(reply.content, str):
        text = reply.content
    else:
        content = reply.content if reply.content is not None else good_answer(body)
        if reply.change:
            content = reply.change(content)
        text = json.dumps(content, ensure_ascii=False)
    tokens = len(text) // CHARACTERS_PER_TOKEN
    usage = reply.usage or {
        "input_tokens": len(json.dumps(body)) // CHARACTERS_PER_TOKEN,
        "output_tokens": tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    message = {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        # Current models think first, so the text is not the first block.
        "content": [
            {"type": "thinking", "thinking": "", "signature": "sig"},
            *([{"type": "text", "text": text}] if text else []),
        ],
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }
    return json.dumps(message).encode(), tokens


if __name__ == "__main__":
    port, first_token, tokens_per_second = [*sys.argv[1:], *("0", "1.0", "60.0")[len(sys.argv) - 1 :]]
    server = FakeClaude(first_token=float(first_token), tokens_per_second=float(tokens_per_second))
    server.port = int(port)
    with server:
        print(server.url, flush=True)
        threading.Event().wait()
