"""Callers who send or take slowly: they hold no thread, and each is met by a deadline."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request

from techscreen.server.connection import Arrived
from techscreen.server.request_arrival import MAX_BODY, MAX_CHUNKED, MAX_CHUNKS, MAX_HEAD, Arrival, Awaited
from techscreen.web import parsing
from tests.support.private_servers import free_port
from tests.support.private_service import ProcessGroup

HEAD_TIMEOUT, BODY_TIMEOUT = 1.0, 1.5
# The loop looks at deadlines once a second; the rest is for a busy machine.
SLACK = 3.0
PATIENT, AT_ONCE = 60.0, 10.0
THREADS = 4
MAX_CONNECTIONS = 24
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


# ------------------------------------------------------------------------------------------------ where a request ends

WHOLE = {
    "no body": GET,
    "a length": POST + b"Content-Length: 5\r\n\r\nhello",
    "a length of none": POST + b"content-length:0\r\n\r\n",
    "chunks": CHUNKED + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    "an end of chunks in a chunk": CHUNKED + b"7\r\n0\r\n\r\nab\r\n0\r\n\r\n",
    "chunks with extensions and trailers": CHUNKED + b"5;a=b\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    "chunks win over a length": POST + b"Content-Length: 1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "more than is read of a body": POST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1),
    "a size that is none": CHUNKED + b"xyz\r\n",
    "a size below zero": CHUNKED + b"-5\r\n",
}


def test_a_request_has_arrived_with_its_last_byte_and_not_before() -> None:
    wrong = {}
    for name, data in WHOLE.items():
        byte_by_byte, at_once = Arrival(), Arrival()
        awaited = []
        for byte in data:
            byte_by_byte.add(bytes([byte]))
            awaited.append(byte_by_byte.awaited)
        at_once.add(data + GET)
        if awaited.index(Awaited.NOTHING) != len(data) - 1 or at_once.awaited is not Awaited.NOTHING:
            wrong[name] = awaited.count(Awaited.NOTHING)
    assert wrong == {}


def test_what_has_no_end_is_not_collected_for_ever() -> None:
    endless = {
        "head": (POST, b"A: " + b"a" * 1000 + b"\r\n", MAX_HEAD),
        "line of a chunk": (CHUNKED, b"0" * 1000, 10_000),
        "chunks": (CHUNKED, b"1\r\na\r\n" * 1000, MAX_CHUNKED),
        "trailers": (CHUNKED + b"0\r\n", b"A: b\r\n" * 1000, MAX_CHUNKED),
    }
    for name, (begin, more, limit) in endless.items():
        arrival = Arrival()
        arrival.add(begin)
        while arrival.awaited is not Awaited.NOTHING:
            arrival.add(more)
            assert len(arrival.data) <= limit + len(begin) + len(more), name
    assert MAX_BODY == parsing.MAX_BODY


def test_a_body_is_read_whose_chunks_are_not_too_many() -> None:
    for name, begin, line in (("chunks", CHUNKED, b"1\r\na\r\n"), ("trailers", CHUNKED + b"0\r\n", b"A: b\r\n")):
        for number, is_too_many in ((MAX_CHUNKS - 1, False), (MAX_CHUNKS, True)):
            arrival = Arrival()
            arrival.add(begin + line * number + (b"0\r\n\r\n" if name == "chunks" else b"\r\n"))
            assert arrival.awaited is Awaited.NOTHING, name
            assert arrival.has_too_many_chunks is is_too_many, (name, number)


def read_in_chunks(number: int) -> float:
    """The seconds that it takes to read a body of chunks of one byte, with the next request behind it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = Arrived(ours)
        reader.collect(CHUNKED + b"1\r\n \r\n" * number + b"0\r\n\r\n" + GET)
        began = time.process_time()
        body = Request(Config(), reader, ("127.0.0.1", 1)).body.read()
        took = time.process_time() - began
        assert body == b" " * number
        assert reader.take_buffered() == GET
        assert reader.take_buffered() == b""
        assert not reader.fell_short
        return took


def test_the_time_to_read_a_body_grows_with_its_chunks_and_not_faster() -> None:
    few, many = (min(read_in_chunks(number) for _ in range(3)) for number in (10_000, 50_000))
    print(f"10,000 chunks: {few:.3f} s; 50,000: {many:.3f} s")
    assert many < 12 * few  # five times the chunks; were all that is left copied with each, 25 times the time


# ---------------------------------------------------------------------------------------------------- a real gunicorn


class Tiny(ProcessGroup):
    """A gunicorn with one worker of ours, few threads, and an app that is there at once."""

    def __init__(self, folder: Path, head_timeout: float = HEAD_TIMEOUT, body_timeout: float = BODY_TIMEOUT) -> None:
        self.port = free_port()
        (folder / "empty.py").write_text("control_socket_disable = True\n")
        options = {
            "bind": f"127.0.0.1:{self.port}",
            "config": str(folder / "empty.py"),
            "worker-class": "techscreen.server.draining_worker.DrainingWorker",
            "threads": str(THREADS),
            "worker-connections": str(MAX_CONNECTIONS),
        }
        command = ["gunicorn", *(f"--{name}={value}" for name, value in options.items()), "tests.support.tiny_app:app"]
        limits = {"HEAD_TIMEOUT": str(head_timeout), "BODY_TIMEOUT": str(body_timeout)}
        super().__init__(command, folder / "tiny.log", "", "", **limits)
        self._wait_until_ready()

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.seconds_to_answer() > 0
        return False

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), 20)
        connection.sendall(sent)
        return connection

    def seconds_to_answer(self) -> float:
        began = time.monotonic()
        assert b" 200 OK" in self.answer(GET.replace(b"Host", b"Connection: close\r\nHost"))
        return time.monotonic() - began

    def answer(self, *sent: bytes, pause: float = 0.0) -> bytes:
        """All that comes back until the service hangs up."""
        with self.connect() as connection:
            received = b""
            with contextlib.suppress(ConnectionError):
                for part in sent:
                    connection.sendall(part)
                    time.sleep(pause)
            with contextlib.suppress(ConnectionError):
                while data := connection.recv(65_536):
                    received += data
            return received


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    service = Tiny(tmp_path_factory.mktemp("tiny"))
    yield service
    service.kill()


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """A service that would let a request wait for its other half for longer than the test does."""
    service = Tiny(tmp_path_factory.mktemp("patient"), PATIENT, PATIENT)
    yield service
    service.kill()


HALVES = {
    "nothing": b"",
    "half a head": GET[:-2],
    "half a body": POST + b"Content-Length: 5\r\n\r\nhell",
    "half a chunk": CHUNKED + b"5\r\nhell",
    "half of the next request": GET + GET[:-2],
}


def test_a_thousand_halves_of_requests_keep_nobody_waiting(tiny: Tiny) -> None:
    with contextlib.ExitStack() as connections:
        for number in range(1_010):
            connections.enter_context(tiny.connect([*HALVES.values()][number % len(HALVES)]))
        assert tiny.seconds_to_answer() < BODY_TIMEOUT + SLACK
    assert tiny.seconds_to_answer() < BODY_TIMEOUT + SLACK


def test_where_all_places_are_taken_by_halves_of_bodies_the_newest_is_not_the_one_to_go(patient: Tiny) -> None:
    with contextlib.ExitStack() as connections:
        for _ in range(MAX_CONNECTIONS + 5):
            connections.enter_context(patient.connect(HALVES["half a body"]))
        for _ in range(5):
            newest = connections.enter_context(patient.connect())
            time.sleep(0.05)  # so that it is taken before its request has come
            newest.sendall(GET)
            assert newest.recv(12) == b"HTTP/1.1 200"


def test_every_half_meets_its_deadline_however_busily_it_drips(tiny: Tiny) -> None:
    outcomes: dict[str, tuple[float, bytes]] = {}

    def drip(name: str, begin: bytes, drop: bytes) -> None:
        began = time.monotonic()
        received = b""
        with tiny.connect(begin) as connection:
            connection.settimeout(0.1)
            while time.monotonic() - began < 20:
                try:
                    data = connection.recv(65_536)
                    received += data
                    if not data:
                        break
                    connection.sendall(drop)
                except TimeoutError:
                    with contextlib.suppress(ConnectionError):
                        connection.sendall(drop)
                except ConnectionError:
                    break
        outcomes[name] = time.monotonic() - began, received

    drops = {"half a chunk": b"1\r\na\r\n", "nothing": b""}
    begins = {**HALVES, "half a chunk": CHUNKED}
    threads = [
        threading.Thread(target=drip, args=(name, begin, drops.get(name, b"A" if "head" in name else b"")))
        for name, begin in begins.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    longest = {"half a body": BODY_TIMEOUT, "half a chunk": HEAD_TIMEOUT + BODY_TIMEOUT}
    late = {name: took for name, (took, _) in outcomes.items() if took > longest.get(name, HEAD_TIMEOUT) + SLACK}
    assert late == {}
    ends = {name: re.findall(rb"HTTP/1.1 (\d+)", received) for name, (_, received) in outcomes.items()}
    assert ends == {
        **{name: [b"408"] for name in HALVES},
        "nothing": [],
        "half of the next request": [b"200", b"408"],
    }
    assert b'"code": "request_timeout"' in outcomes["half a head"][1]
    assert "did not send their request in time" in tiny.log.read_text()


def test_what_arrives_in_pieces_or_in_one_with_the_next_is_answered(tiny: Tiny) -> None:
    last = GET.replace(b"Host", b"Connection: close\r\nHost")
    expecting = POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"

    for name, data in [*WHOLE.items()][:6]:
        received = tiny.answer(data + last)
        assert received.count(b"HTTP/1.1 200") == 2, name
        received = tiny.answer(data[:20], data[20:-3], data[-3:], last, pause=0.02)
        assert received.count(b"HTTP/1.1 200") == 2, name
    with tiny.connect(expecting) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(b"hello" + last)
        received = b""
        while data := connection.recv(65_536):
            received += data
    assert received.count(b"HTTP/1.1 200") == 2
    assert b"hello" in received
    body = os.urandom(MAX_BODY)
    assert tiny.answer(POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % MAX_BODY + body).endswith(body)


def test_what_comes_late_of_a_body_is_never_taken_for_a_request(tiny: Tiny) -> None:
    received = tiny.answer(POST + b"Content-Length: %d\r\n\r\nhello" % (MAX_BODY + 1), GET, pause=0.5)
    assert received.count(b"HTTP/1.1") == 1


def test_a_body_in_too_many_chunks_is_refused_and_its_connection_closed(tiny: Tiny) -> None:
    most = MAX_CHUNKS - 1
    last = GET.replace(b"Host", b"Connection: close\r\nHost")

    received = tiny.answer(CHUNKED + b"1\r\na\r\n" * most + b"0\r\n\r\n" + last)
    assert received.count(b"HTTP/1.1 200") == 2
    assert b"a" * most in received
    for _ in range(MAX_CONNECTIONS + 1):  # each gives its place back
        received = tiny.answer(CHUNKED + b"1\r\na\r\n" * (most + 1) + b"0\r\n\r\n" + last)
        assert received.startswith(b"HTTP/1.1 400 ")
        assert received.count(b"HTTP/1.1") == 1
        assert b'"code": "invalid_request"' in received
    assert tiny.seconds_to_answer() < AT_ONCE


def test_who_does_not_take_the_answer_or_does_not_hang_up_keeps_nobody_waiting(tiny: Tiny, patient: Tiny) -> None:
    with contextlib.ExitStack() as connections:
        for _ in range(5 * THREADS):
            connection = connections.enter_context(patient.connect(GET.replace(b"Host", b"Connection: close\r\nHost")))
            assert connection.recv(12) == b"HTTP/1.1 200"
        assert patient.seconds_to_answer() < AT_ONCE
    with contextlib.ExitStack() as connections:
        for _ in range(THREADS):
            connections.enter_context(tiny.connect(GET.replace(b"/", b"/large", 1)))
        assert tiny.seconds_to_answer() < BODY_TIMEOUT + SLACK
    assert "did not take its answer in time" in tiny.log.read_text()


# ----------------------------------------------------------------------------------------------------------- stopping


def test_a_worker_stops_quietly_at_every_moment_of_its_life(tiny: Tiny) -> None:
    """gunicorn starts another one each time."""
    tiny.log.write_text("")

    def stop(*, times: int = 1) -> int:
        (worker,) = tiny.children()
        for _ in range(times):
            os.kill(worker, signal.SIGTERM)
        return worker

    def another(than: int) -> None:
        for _ in range(1_000):
            if tiny.children() not in ([than], []):
                return
            time.sleep(0.01)
        raise AssertionError(tiny.log.read_text())

    def quick() -> None:
        assert tiny.seconds_to_answer() > 0

    another(stop())  # before the first request
    for delay in (0.0, 0.05, 0.2, 0.4):  # while it is loaded
        time.sleep(delay)
        another(stop())
    quick()
    another(stop(times=2))
    quick()
    with tiny.connect(GET[:-2]), tiny.connect(), tiny.connect(POST + b"Content-Length: 9\r\n\r\n"):
        another(stop())  # with halves of requests
    quick()
    with tiny.connect(GET.replace(b"/", b"/slow", 1)) as slow:
        time.sleep(0.2)
        stopped = stop(times=2)
        assert slow.recv(12) == b"HTTP/1.1 200"
        another(stopped)
    quick()
    with contextlib.ExitStack() as connections:  # while it accepts no more, because it has all that it may have
        for _ in range(MAX_CONNECTIONS):
            connections.enter_context(tiny.connect(GET.replace(b"/", b"/slow", 1)))
        another(stop())
    quick()
    asking = True
    statuses: list[Any] = []

    def hammer() -> None:
        while asking:
            with contextlib.suppress(OSError, AssertionError):
                tiny.seconds_to_answer()
                statuses.append(200)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):  # while it accepts
        time.sleep(0.1)
        another(stop())
    asking = False
    for thread in threads:
        thread.join()

    assert statuses
    log = tiny.log.read_text()
    assert "Traceback" not in log
    assert "Error" not in log
