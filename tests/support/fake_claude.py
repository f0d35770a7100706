"""A fake Claude over HTTP on loopback: latency, faults and bad answers at will, for the real SDK.

`with FakeClaude() as fake:` serves on a free port in a thread of its own. Without more it answers every
request well, from the words of the request alone; `fake.next(...)` and `fake.when(...)` say what comes
instead, and `fake.models` what is known about models. `fake.received` holds what was sent. A request with
`"stream": true` is answered with server-sent events.
`python -m tests.support.fake_claude [PORT] [SECONDS TOKENS_PER_SECOND]` serves in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_answers import WORDS, asked_for, data_of, good_answer, good_plan, good_question

__all__ = [
    "CHARACTERS_PER_TOKEN",
    "PIECE",
    "WORDS",
    "FakeClaude",
    "Reply",
    "asked_for",
    "data_of",
    "error_reply",
    "good_answer",
    "good_plan",
    "good_question",
]

CHARACTERS_PER_TOKEN = 4
MODELS = "GET /v1/models/"
END = b"0\r\n\r\n"
PIECE = 4 * CHARACTERS_PER_TOKEN  # characters of text in one event of a stream


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
    change: Callable[[dict[str, Any]], dict[str, Any] | str] | None = None  # make the good answer a bad one
    edit: Callable[[dict[str, Any]], dict[str, Any] | None] | None = (
        None  # change the message, or each event; None: gone
    )
    break_after: int | None = None  # break a stream after so many characters of text
    break_with: str = "overloaded_error"  # the type of an error event; "drop" or "reset" the connection; "hang"
    break_saying: str = "no"  # the message of that error
    holds: Sequence[tuple[int, Callable[[], Awaitable[None]]]] = ()  # awaited after about so many characters of text
    stays: bool = False  # keep a stream open behind its last event
    unnamed: bool = False  # events without their names, as some gateways send them


def error_reply(status: int, kind: str, message: str = "no", **headers: str) -> Reply:
    """An error as Claude words it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(_error(kind, message)).encode(), headers=named)


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
        self.models: dict[str, dict[str, Any]] = {}
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
        self.models.clear()
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
        if head[0].startswith(MODELS):
            await self._describe(head[0].removeprefix(MODELS).split(" ")[0], writer)
            return True
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

    async def _describe(self, name: str, writer: asyncio.StreamWriter) -> None:
        """Answer about a model: what `models` says, or a queued reply, else that there is none."""
        known = json.dumps(self.models.get(name)).encode() if name in self.models else None
        reply = self._queue.popleft() if self._queue else Reply(body=known)
        if reply.body is None:
            reply = error_reply(404, "not_found_error", f"model: {name}")
        payload = reply.body or b""
        head = _head(reply, "req_models", {"content-type": reply.content_type, "content-length": str(len(payload))})
        await _write(writer, head, payload, None)

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
        if reply.body is None:
            message, text = _message(reply, body)
            if body.get("stream") and reply.status == 200:
                return await self._stream(reply, message, text, request_id, reader, writer)
            payload = json.dumps(reply.edit(message) if reply.edit else message).encode()
            wait = self._promised(text)
            if wait and await _went_away(reader, wait):
                return False
        else:
            payload = reply.body
        head = _head(reply, request_id, {"content-type": reply.content_type, "content-length": str(len(payload))})
        await _write(writer, head, payload, reply.drip)
        return True

    def _promised(self, text: str) -> float:
        """The seconds until the end of an answer."""
        tokens = len(text) // CHARACTERS_PER_TOKEN
        wait = self.first_token + (tokens / self.tokens_per_second if self.tokens_per_second else 0.0)
        self.waits.append(wait)
        return wait

    async def _stream(
        self,
        reply: Reply,
        message: dict[str, Any],
        text: str,
        request_id: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer with server-sent events. What comes before the text comes at once."""
        shown = text[: reply.break_after]  # None: all of it
        wait = self._promised(shown)
        pieces = _text_events(shown)
        head = _head(reply, request_id, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        begin, end = _first_events(message), _last_events(reply, message, text)
        if reply.edit or reply.unnamed:
            begin, *pieces, end = (_edited(part, reply) for part in (begin, *pieces, end))
        written = 0
        for place, hold in reply.holds:
            await _write(writer, head + begin, b"".join(pieces[written : place // PIECE]), reply.drip)
            await hold()
            head, begin, written = b"", b"", place // PIECE
        pieces = pieces[written:]
        if wait:
            writer.write(head + begin)
            head = begin = b""
            pace = _Pace(writer, pieces, self.first_token, self.tokens_per_second)
            try:
                if await _went_away(reader, wait):
                    return False
            finally:
                pieces = pace.stop()
        await _write(writer, head, b"".join((begin, *pieces, end)), reply.drip)
        if reply.stays:
            await reader.read()
            return False
        if reply.break_after is None or reply.break_with not in ("drop", "reset", "hang"):
            return True
        if reply.break_with == "hang":
            await reader.read()
        elif reply.break_with == "reset":
            # Without lingering the kernel sends a reset, where closing would end the connection in order.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return False


class _Pace:
    """Writes the pieces of a stream when they are due: timers alone, no task to wake for each."""

    def __init__(self, writer: asyncio.StreamWriter, pieces: list[bytes], first: float, tokens_per_second: float):
        self._writer = writer
        self._pieces = pieces
        self._written = 0
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time() + first
        self._timer: asyncio.TimerHandle | None = None
        if tokens_per_second and pieces:
            self._every = PIECE / CHARACTERS_PER_TOKEN / tokens_per_second
            self._timer = self._loop.call_at(self._start, self._step)

    def _step(self) -> None:
        due = max(self._written + 1, int((self._loop.time() - self._start) / self._every) + 1)
        self._writer.write(b"".join(self._pieces[self._written : due]))
        self._written = due
        if due < len(self._pieces):
            self._timer = self._loop.call_at(self._start + due * self._every, self._step)

    def stop(self) -> list[bytes]:
        """Write no more; the pieces that are left."""
        if self._timer:
            self._timer.cancel()
        return self._pieces[self._written :]


async def _write(writer: asyncio.StreamWriter, head: bytes, payload: bytes, drip: float | None) -> None:
    if drip is None:
        writer.write(head + payload)
    else:
        writer.write(head)
        for byte in payload:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(drip)
    await writer.drain()


async def _went_away(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Wait, unless the client hangs up meanwhile."""
    try:
        await asyncio.wait_for(reader.read(1), seconds)
    except TimeoutError:
        return False
    return True


def _head(reply: Reply, request_id: str, headers: dict[str, str]) -> bytes:
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in {**headers, "request-id": request_id, **reply.headers}.items()
    )
    return f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode()


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_error"}


def _message(reply: Reply, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    content = reply.content if reply.content is not None else good_answer(body)
    if reply.change:
        content = reply.change(content)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    usage = reply.usage or {
        "input_tokens": len(json.dumps(body)) // CHARACTERS_PER_TOKEN,
        "output_tokens": len(text) // CHARACTERS_PER_TOKEN,
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
            *([{"type": "text", "text": text, "citations": None}] if text else []),
        ],
        "container": None,
        "stop_details": None,
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }
    return message, text


def _event(data: dict[str, Any]) -> bytes:
    """One server-sent event, in a chunk of its own."""
    return _chunk(f"event: {data['type']}\ndata: {json.dumps(data)}\n\n")


def _chunk(event: str) -> bytes:
    return f"{len(event):x}\r\n{event}\r\n".encode("ascii")


def _edited(stream: bytes, reply: Reply) -> bytes:
    """The same events, each as the reply changes it."""
    changed = b""
    for name, data in re.findall(r"event: (.*)\ndata: (.*)\n\n", stream.decode()):
        event = reply.edit(json.loads(data)) if reply.edit else json.loads(data)
        if event is not None:
            first_line = "" if reply.unnamed else f"event: {name}\n"
            changed += _chunk(f"{first_line}data: {json.dumps(event)}\n\n")
    return changed + (END if stream.endswith(END) and not reply.stays else b"")


def _first_events(message: dict[str, Any]) -> bytes:
    """What comes before any text: the message without its end, and the thinking."""
    usage = {**message["usage"], "output_tokens": 1}
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    signature = {"type": "signature_delta", "signature": message["content"][0]["signature"]}
    start = {**message, "content": [], "stop_reason": None, "usage": usage}
    return b"".join(
        (
            _event({"type": "message_start", "message": start}),
            _event({"type": "content_block_start", "index": 0, "content_block": thinking}),
            _event({"type": "ping"}),
            _event({"type": "content_block_delta", "index": 0, "delta": signature}),
            _event({"type": "content_block_stop", "index": 0}),
        )
    )


def _text_events(text: str) -> list[bytes]:
    """The text block without its end, in pieces. Every event but its words is the same, so only those are encoded."""
    before, after = json.dumps(
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "|"}}
    ).split('"|"')
    before = f"event: content_block_delta\ndata: {before}"
    pieces = [_chunk(f"{before}{json.dumps(text[at : at + PIECE])}{after}\n\n") for at in range(0, len(text), PIECE)]
    if pieces:
        block = {"type": "text", "text": "", "citations": None}
        pieces[0] = _event({"type": "content_block_start", "index": 1, "content_block": block}) + pieces[0]
    return pieces


def _last_events(reply: Reply, message: dict[str, Any], text: str) -> bytes:
    """What comes after the text, up to the end of the answer: a good end, or the break that is asked for."""
    if reply.break_after is not None:
        if reply.break_with in ("drop", "reset", "hang"):
            return b""
        return _event(_error(reply.break_with, reply.break_saying)) + END
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return b"".join(
        (
            _event({"type": "content_block_stop", "index": 1}) if text else b"",
            _event({"type": "message_delta", "delta": delta, "usage": message["usage"]}),
            _event({"type": "message_stop"}),
            END,
        )
    )


if __name__ == "__main__":
    port, first_token, tokens_per_second = [*sys.argv[1:], *("0", "1.0", "60.0")[len(sys.argv) - 1 :]]
    server = FakeClaude(first_token=float(first_token), tokens_per_second=float(tokens_per_second))
    server.port = int(port)
    with server:
        print(server.url, flush=True)
        threading.Event().wait()
