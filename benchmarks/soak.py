"""Mixed load for minutes: memory, descriptors and threads of the workers must not grow once they are warm.

`python -m benchmarks.soak [minutes]` runs it alone, and prints what each worker held every ten seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import Row, bench_app, fake_claude
from benchmarks.processes import family, megabytes
from config import PROJECT_FOLDER
from tests.support.private_service import ADMIN, Service

MINUTES = 3.0
CLIENTS = 12
TIMEOUT = 60
INTERVAL = 1.0
# MB per worker and minute. Not zero, because caches of a fixed size still fill, ever more slowly.
MAX_GROWTH = 1.0
API = "/api/interview"
SAMPLES = [
    json.loads(file.read_text()) for file in sorted((PROJECT_FOLDER / "samples" / "requisitions").glob("*.json"))
]


def _word(dice: random.Random) -> str:
    return "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=7))


VOCABULARY = [_word(random.Random(number)) for number in range(2_000)]


@dataclass(frozen=True)
class _Look:
    """What a worker holds at a moment: private memory in MB, open descriptors, threads."""

    at: float
    memory: float
    descriptors: int
    threads: int


@dataclass
class _Soak:
    """What was seen in all."""

    statuses: Counter[int] = field(default_factory=Counter)
    looks: dict[int, list[_Look]] = field(default_factory=dict)
    known: list[tuple[str, int, int]] = field(default_factory=list)  # req_id, job description, interview

    def growth(self, figure: str, start: float) -> float:
        """How much the worker that grew most gained in a minute, by the best-fitting line from a moment on."""
        return max(
            60 * _slope([(look.at, float(getattr(look, figure))) for look in looks if look.at >= start])
            for looks in self.looks.values()
        )


def mixed_load(database_url: str, minutes: float = MINUTES, *, prints: bool = False) -> list[Row]:
    """Mixed load: nothing grows once the workers are warm."""
    with fake_claude() as url, tempfile.TemporaryDirectory() as folder:
        with bench_app(database_url, url):
            pass  # migrates the database
        service = Service(Path(folder), database_url, url, LOG_LEVEL="ERROR", ASYNC_PROCESSING="True")
        try:
            soak = asyncio.run(_soak(service, 60 * minutes, prints=prints))
        finally:
            service.stop()
    answered = sum(soak.statuses.values())
    failed = sum(count for status, count in soak.statuses.items() if status == 0 or status >= 500)
    warm = max(60.0, 30 * minutes)
    memory, descriptors, threads = (soak.growth(figure, warm) for figure in ("memory", "descriptors", "threads"))
    return [
        Row(
            f"{minutes:.0f} minutes of mixed load, growth of a worker in the second half",
            f"{answered} requests, {failed} failed; a minute: {memory:+.2f} MB, {descriptors:+.1f} descriptors, "
            f"{threads:+.1f} threads",
            f"none failed, <= {MAX_GROWTH:.0f} MB, <= 2 descriptors",
            failed == 0 and memory <= MAX_GROWTH and descriptors <= 2,
        )
    ]


async def _soak(service: Service, seconds: float, *, prints: bool) -> _Soak:
    soak = _Soak()
    started = time.monotonic()
    clients = [asyncio.create_task(_client(service.port, soak, random.Random(number))) for number in range(CLIENTS)]
    while (at := time.monotonic() - started) < seconds:
        for worker in family(service.process.pid)[1:]:
            look = _look(worker, at)
            looks = soak.looks.setdefault(worker, [])
            looks.append(look)
            if prints and len(looks) % 10 == 1:
                print(
                    f"{at:5.0f} s  worker {worker}: {look.memory:6.1f} MB, {look.descriptors} descriptors, "
                    f"{look.threads} threads, {sum(soak.statuses.values())} requests",
                    flush=True,
                )
        await asyncio.sleep(INTERVAL)
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    if prints:
        print(dict(sorted(soak.statuses.items())))
    return soak


def _look(worker: int, at: float) -> _Look:
    return _Look(
        at,
        megabytes(worker, "status", "RssAnon"),
        len(os.listdir(f"/proc/{worker}/fd")),
        len(os.listdir(f"/proc/{worker}/task")),
    )


async def _client(port: int, soak: _Soak, dice: random.Random) -> None:
    """A caller that asks for one thing after another."""
    while True:
        await dice.choices(_ACTS, _WEIGHTS)[0](port, soak, dice)


async def _workflow(port: int, soak: _Soak, dice: random.Random) -> None:
    """Every text is new and has a new word, as in real use: whatever is kept for each text shows as growth."""
    req_id = f"REQ-{uuid.UUID(int=dice.getrandbits(128))}"
    sample = dice.choice(SAMPLES)
    words = " ".join([*dice.choices(VOCABULARY, k=20), _word(dice)])
    body = {**sample, "req_id": req_id, "basic_description": f"{sample['basic_description']}\n\nTeam of {words}."}
    headers = dice.choice(
        ({}, {"Idempotency-Key": req_id}, {"Accept": "text/event-stream"}, {"Prefer": "respond-async"})
    )
    _, answer = await _ask(port, soak, "POST", f"{API}/workflow/full", body, headers)
    if "interview_id" in answer:
        soak.known = [*soak.known[-200:], (req_id, answer["job_description_id"], answer["interview_id"])]


async def _again(port: int, soak: _Soak, dice: random.Random) -> None:
    if soak.known:
        req_id, description, _ = dice.choice(soak.known)
        await _ask(port, soak, "POST", f"{API}/generate", {"req_id": req_id, "job_description_id": description})


async def _read(port: int, soak: _Soak, dice: random.Random) -> None:
    req_id, _, interview = dice.choice(soak.known or [("REQ-0", 0, 1)])
    await _ask(port, soak, "GET", API + dice.choice((f"/{interview}", f"/req/{req_id}", f"/jd/{req_id}")))


async def _administer(port: int, soak: _Soak, dice: random.Random) -> None:
    req_id = dice.choice(soak.known or [("REQ-0", 0, 1)])[0]
    paths = ("/cache", "/logs?page_size=5", "/usage", f"/evidence/{req_id}", "/jobs", "/openapi.json", "/docs")
    await _ask(port, soak, "GET", API + dice.choice(paths))


async def _hang_up(port: int, _seen: _Soak, dice: random.Random) -> None:
    """Streams of events whose reader goes away, and a request that is never finished."""
    sample = {**dice.choice(SAMPLES), "req_id": f"GONE-{dice.random()}"}
    content = json.dumps(sample).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in {**ADMIN, "Accept": "text/event-stream"}.items())
    request = f"POST {API}/workflow/full HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n{head}"
    request += f"Content-Length: {len(content)}\r\n\r\n"
    for sent in (request.encode() + content, request.encode()):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(300), 0.5)
        writer.close()


async def _watch(port: int, soak: _Soak, dice: random.Random) -> None:
    await _ask(port, soak, "GET", dice.choice(("/health", "/health", "/health/ready", "/metrics")))


async def _err(port: int, soak: _Soak, dice: random.Random) -> None:
    words = f"{dice.random()}"
    await _ask(port, soak, "POST", f"{API}/jd/enhance", {"req_id": words, "basic_title": 7}, {"X-User-ID": words})
    await _ask(port, soak, "GET", f"/{words}")


_ACTS = (_workflow, _again, _read, _administer, _watch, _err, _hang_up)
_WEIGHTS = (4, 2, 50, 6, 20, 9, 1)


async def _ask(
    port: int,
    soak: _Soak,
    method: str,
    path: str,
    body: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, object]]:
    """Status and body of an answer; status 0 and nothing if there is none."""
    content = b"" if body is None else json.dumps(body).encode()
    sent = {**ADMIN, "Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**sent, **(headers or {})}.items())
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"{method} {path} HTTP/1.1\r\nHost: soak\r\n{head}\r\n".encode() + content)
                answer = await reader.read()
            finally:
                writer.close()
        status = int(answer[9:12])
    except (OSError, TimeoutError, ValueError):
        status, answer = 0, b""
    soak.statuses[status] += 1
    try:
        told = json.loads(answer.partition(b"\r\n\r\n")[2])
    except ValueError:
        told = {}  # a stream of events, or a page
    return status, told if isinstance(told, dict) else {}


def _slope(points: list[tuple[float, float]]) -> float:
    """How steep the line is that fits points best; 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def main() -> None:
    """Soak a service on the database that `make bench` uses."""
    from benchmarks.__main__ import database

    with database() as (name, url):
        minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
        for row in mixed_load(url, minutes, prints=True):
            print(f"{name}: {row.what}: {row.measured} ({row.target}: {'yes' if row.reached else 'NO'})")


if __name__ == "__main__":
    main()
