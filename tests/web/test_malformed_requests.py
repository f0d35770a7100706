"""Hundreds of malformed requests over raw connections to the service as it is run: no 5xx, and nothing is stored."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.test_jobs import counts
from tests.support.fake_claude import FakeClaude
from tests.support.private_service import Service

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)

WHO = "X-User-ID: anna\r\nX-User-Role: admin\r\n"
JSON = "Content-Type: application/json\r\n"
POSTS = (
    "/api/interview/jd/enhance",
    "/api/interview/generate",
    "/api/interview/workflow/full",
    "/api/interview/workflow/create",
    "/api/interview/cache/1/retire",
)
GOOD = {"req_id": "R", "basic_title": "T", "basic_description": "D"}


def post(path: str, body: bytes | str, headers: str = WHO + JSON, length: int | str | None = None) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    announced = f"Content-Length: {len(content) if length is None else length}\r\n"
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}{announced}Connection: close\r\n\r\n".encode("latin-1") + content
    )


def get(target: str, headers: str = WHO) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n".encode(
        "latin-1", "surrogateescape"
    )


def malformed_bodies() -> Iterator[tuple[str, bytes]]:
    bodies: dict[str, bytes] = {
        "empty": b"",
        "white space": b" \n",
        "text": b"hello",
        "a list": b"[]",
        "a number": b"1",
        "null": b"null",
        "a string": b'"R"',
        "cut off": b'{"req_id": "R", "basic_ti',
        "two objects": b"{}{}",
        "single quotes": b"{'req_id': 'R'}",
        "a trailing comma": b'{"req_id": "R",}',
        "NaN": b'{"req_id": NaN}',
        "infinity": b'{"req_id": Infinity}',
        "a comment": b'{"req_id": "R" /* x */}',
        "invalid UTF-8": b'{"req_id": "\xff\xfe"}',
        "UTF-16": '{"req_id": "R"}'.encode("utf-16"),
        "half a surrogate pair": b'{"req_id": "\\ud800", "basic_title": "T", "basic_description": "D"}',
        "NUL bytes": b'{"req_id": "R\x00"}',
        "a NUL character": b'{"req_id": "R\\u0000", "basic_title": "T", "basic_description": "D"}',
        "deep nesting": b'{"req_id": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        "a huge number": b'{"req_id": 1' + b"0" * 5_000 + b"}",
        "objects for texts": b'{"req_id": {}, "basic_title": {}, "basic_description": {}, "reason": {}}',
        "lists for texts": b'{"req_id": [], "basic_title": [], "basic_description": [], "reason": []}',
        "numbers for texts": b'{"req_id": 1, "basic_title": 2, "basic_description": 3, "reason": 4}',
        "a boolean for a number": b'{"req_id": "R", "job_description_id": true, "reason": false}',
        "a text for a number": b'{"req_id": "R", "job_description_id": "1", "reason": 1}',
        "a fraction for a number": b'{"req_id": "R", "job_description_id": 1.5, "reason": 1}',
        "a negative id": b'{"req_id": "R", "job_description_id": -1, "reason": ""}',
        "an id beyond all": b'{"req_id": "R", "job_description_id": 99999999999999999999, "reason": ""}',
        "blank texts": b'{"req_id": " ", "basic_title": " ", "basic_description": " ", "reason": " "}',
        "an escape character": b'{"req_id": "\\u001b[2J", "basic_title": "T", "basic_description": "D"}',
        "long texts": json.dumps(
            {"req_id": "R" * 101, "basic_title": "T" * 256, "basic_description": "D" * 16_001, "reason": "R" * 1_001}
        ).encode(),
    }
    for path in POSTS:
        for name, body in bodies.items():
            yield f"{name} to {path}", post(path, body)


def malformed_heads() -> Iterator[tuple[str, bytes]]:
    enhance, good = POSTS[0], json.dumps(GOOD)
    for name, kind in {
        "no type": "",
        "text": "Content-Type: text/plain\r\n",
        "a form": "Content-Type: application/x-www-form-urlencoded\r\n",
        "XML": "Content-Type: application/xml\r\n",
        "an unknown type": "Content-Type: a/b/c;;;\r\n",
        "two types": "Content-Type: text/plain\r\nContent-Type: application/json\r\n",
    }.items():
        yield f"{name} for a body", post(enhance, good, WHO + kind)
    for name, key in {"blank": " ", "of 256 characters": "k" * 256}.items():
        yield f"a key {name}", post(enhance, good, WHO + JSON + f"Idempotency-Key: {key}\r\n")
    for name, who in {
        "no caller": "",
        "two users": "X-User-ID: a\r\nX-User-ID: b\r\nX-User-Role: interviewer\r\n",
        "two roles": "X-User-ID: a\r\nX-User-Role: interviewer\r\nX-User-Role: admin\r\n",
        "invalid UTF-8 in the user": "X-User-ID: \xff\xfe\r\nX-User-Role: interviewer\r\n",
        "a terminal's escape in the user": "X-User-ID: a\x1b[2J\r\nX-User-Role: admin\r\n",
        "an underscore in a header": "X_User_ID: a\r\nX_User_Role: admin\r\n",
        "a header without a colon": "X-User-ID a\r\nX-User-Role: admin\r\n",
        "a space before the colon": "X-User-ID : a\r\nX-User-Role: admin\r\n",
        "a folded header": "X-User-ID: a\r\n b\r\nX-User-Role: admin\r\n",
        "NUL in a header": "X-User-ID: a\x00b\r\nX-User-Role: admin\r\n",
    }.items():
        yield name, post(enhance, good, who + JSON)
    for name, length in {"negative": -1, "text": "many", "two": "5\r\nContent-Length: 6", "signed": "+5"}.items():
        yield f"a {name} content length", post(enhance, good, length=length)
    yield "a body announced as a terabyte", post(enhance, "", length=10**12)
    yield "a body of two megabytes", post(enhance, json.dumps({**GOOD, "basic_description": "x" * 2_000_000}))
    yield "a header of 100 kB", get("/api/interview/jobs", WHO + f"X-Large: {'x' * 100_000}\r\n")
    yield "two hundred headers", get("/api/interview/jobs", WHO + "".join(f"X-{n}: y\r\n" for n in range(200)))
    yield "an address of 100 kB", get(f"/api/interview/req/{'x' * 100_000}")
    yield "chunks that are none", post(enhance, "zz\r\n", WHO + JSON + "Transfer-Encoding: chunked\r\n")
    yield "an unknown encoding", post(enhance, good, WHO + JSON + "Transfer-Encoding: gzip, chunked\r\n")
    yield "an unknown version", get("/api/interview/jobs").replace(b"HTTP/1.1", b"HTTP/9.9")
    yield "no version", b"GET /health\r\n\r\n"
    yield "no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "G@T", "A" * 500):
        yield f"method {method[:20]}", get("/api/interview/jd/enhance").replace(b"GET", method.encode(), 1)


def malformed_targets() -> Iterator[tuple[str, bytes]]:
    for target in (
        *("/api/interview/0", "/api/interview/-1", "/api/interview/1.5", "/api/interview/99999999999999999999"),
        *("/api/interview/abc", "/api/interview/%00", "/api/interview/%ff%fe", "/api/interview/\u00e9"),
        *("/api/interview/jd/", "/api/interview/req/", "/api/interview/jobs/", "/api/interview/evidence/"),
        *("/api/interview/jobs/%00", "/api/interview/jobs/..%2f..%2fetc", "/api/interview/jobs/%ff/events"),
        *("/api/interview/docs/..%2f..%2fapp.py", "/api/interview/docs/%00", "/%", "/%zz", "*", "http://x/nothing"),
        *("/api/interview/../../etc/passwd", "/api/interview/jd/" + "R" * 101, "/api/interview/%0d%0aX:%20y"),
    ):
        yield f"target {target[:40]!a}", get(target)
    queries = {
        "jobs": (
            *("page=0", "page=-1", "page=x", "page=1.5", "page=99999999999999999999", "page_size=0", "page_size=-5"),
            *("page_size=101", "page_size=", "status=lost", "status=%00", "req_id=" + "R" * 101, "page=%ff"),
        ),
        "cache": (
            *("page=0", "page_size=-1", "page_size=1000", "state=unknown", "order=random", "topic=" + "t" * 256),
            *("skill_level=" + "s" * 33, "language=" + "l" * 36, "page=NaN", "technology=" + "t" * 256),
        ),
        "logs": (
            *("page_size=0", "page_size=-1", "page_size=1e3", "cursor=", "cursor=0", "cursor=1", "cursor=%00"),
            *("cursor=" + "9" * 400, "cursor=1-abcdef", "cursor=-1-0", "cursor=%F0%9F%98%80", "cursor=1%20OR%201=1"),
            *("from=yesterday", "from=2026-13-01", "from=2026-02-30", "from=2026-11-24T25:00:00", "to=%00", "to="),
            *("from=2026-11-24&to=2026-11-23", "from=0000-00-00", "from=99999-01-01", "status=open", "from=1e9"),
            *(
                "operation_type=other",
                "user_id=" + "u" * 256,
                "req_id=" + "R" * 101,
                "from=2026-11-24T00:00:00%2B25:00",
            ),
        ),
        "usage": (
            *("group_by=hour", "group_by=", "from=x", "to=x", "from=2026-11-24&to=2026-11-23", "from=%ff", "to=-1"),
            *("group_by=day;drop", "from=2026-1-1"),
        ),
    }
    for name, each in queries.items():
        for query in each:
            yield f"{name}?{query[:40]}", get(f"/api/interview/{name}?{query}")


MALFORMED = [*malformed_bodies(), *malformed_heads(), *malformed_targets()]


def answer_to(port: int, sent: bytes) -> tuple[int | None, bytes]:
    """Status and all of what came back; None if the connection was closed without a word."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        received = b""
        with contextlib.suppress(ConnectionError):  # it may refuse before it has read everything
            connection.sendall(sent)
        with contextlib.suppress(OSError):  # it may have closed the connection already
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65_536):
                received += part
    status = received.split(b" ", 2)[1] if received.startswith(b"HTTP/") else None
    return (int(status) if status else None), received


@pytest.fixture
def service(tmp_path: Path, database_url: str, fake: FakeClaude) -> Iterator[Service]:
    started = Service(tmp_path, database_url, fake.url, WEB_CONCURRENCY="1", ASYNC_PROCESSING="True")
    yield started
    started.stop()


def test_malformed_requests_get_no_5xx_and_leave_nothing_behind(
    service: Service, database_url: str, fake: FakeClaude
) -> None:
    assert len(MALFORMED) >= 200
    before = counts(database_url, "service_processes")
    wrong: dict[str, Any] = {}
    seconds: dict[str, float] = {}

    for name, sent in MALFORMED:
        began = time.monotonic()
        status, received = answer_to(service.port, sent)
        seconds[name] = time.monotonic() - began
        is_refused = status is None or 400 <= status < 500
        if not is_refused:
            wrong[name] = (status, received[:300])
        if b"Traceback" in received or b"SELECT" in received or b"/site-packages/" in received:
            wrong[f"{name}: what it says"] = received[:300]

    slowest = max(seconds, key=lambda name: seconds[name])
    print(f"{len(MALFORMED)} malformed requests; the slowest answer: {seconds[slowest] * 1000:.0f} ms ({slowest})")
    assert wrong == {}
    assert fake.received == []
    assert counts(database_url, "service_processes") == before
    assert service.call("/health")[0] == 200
    assert "Traceback" not in service.log.read_text()


BAD_CHUNKS = {
    "no number": b"zz\r\n{}\r\n0\r\n\r\n",
    "a number with its base": b"0x2\r\n{}\r\n0\r\n\r\n",
    "a negative number": b"-2\r\n{}\r\n0\r\n\r\n",
    "a space after the number": b"2 \r\n{}\r\n0\r\n\r\n",
    "a number too small": b"2\r\n{}xx\r\n0\r\n\r\n",
    "a bad extension": b"2;a=\x01\r\n{}\r\n0\r\n\r\n",
    "a bad trailer": b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n",
}


def test_bad_chunks_are_refused_once_and_in_words(service: Service) -> None:
    health = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    wrong: dict[str, bytes] = {}
    for who, status, code in ((WHO, 400, b"invalid_request"), ("", 401, b"unauthenticated")):
        head = f"POST {POSTS[0]} HTTP/1.1\r\nHost: x\r\n{who}{JSON}Transfer-Encoding: chunked\r\n\r\n".encode()
        for name, body in BAD_CHUNKS.items():
            answered, received = answer_to(service.port, head + body + health)
            # What follows bad chunks is not taken for another request.
            if answered != status or b'"%s"' % code not in received or received.count(b"HTTP/1.1 ") != 1:
                wrong[f"{name}, {status}"] = received
    assert wrong == {}
    log = service.log.read_text()
    assert "Traceback" not in log
    assert "internal_error" not in log


def test_who_sends_slowly_keeps_nobody_waiting(service: Service, fake: FakeClaude) -> None:
    """A hundred bodies that never come to their end, and a hundred heads."""
    for _ in range(4):  # the first time in each process takes longer
        assert service.call(POSTS[0], GOOD)[0] == 200
    fake.received.clear()
    with contextlib.ExitStack() as connections:
        for number in range(200):
            connection = connections.enter_context(socket.create_connection(("127.0.0.1", service.port), 10))
            whole = post(POSTS[0], json.dumps(GOOD))
            connection.sendall(whole[:-5] if number % 2 else whole[:30])
        began = time.monotonic()
        assert service.call("/health")[0] == 200
        assert service.call("/api/interview/req/R")[0] == 200
        assert service.call(POSTS[0], GOOD)[0] == 200
        assert time.monotonic() - began < 5
    assert len(fake.received) == 1
    assert service.call("/health")[0] == 200
