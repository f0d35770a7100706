"""Many workflows in flight on one node: gunicorn with its shipped settings, each workflow waiting on Claude."""

from __future__ import annotations

import asyncio
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from benchmarks.measuring import REQUISITION, Row, bench_app, fake_claude, percentile
from benchmarks.processes import cpu_seconds, family, megabytes
from tests.support.private_service import ADMIN, Service

FIRST_TOKEN = 5.0  # an enhancement and then the questions: ten seconds of waiting in all
COUNTS = (200, 500)
MAX_CONNECTIONS = 10
WARM_UP = 8
HEALTH_INTERVAL = 0.05
HEALTH_TARGET = 100.0
TIMEOUT = 180


@dataclass
class _Seen:
    """The observations while workflows were in flight."""

    wall: float = 0.0
    cpu: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    connections: int = 0
    worker_megabytes: float = 0.0
    health_ms: list[float] = field(default_factory=list)


def two_hundred_and_more(database_url: str) -> list[Row]:
    """200 and 500 full workflows at once, compared with one alone."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    with fake_claude(FIRST_TOKEN) as url, tempfile.TemporaryDirectory() as folder:
        with bench_app(database_url, url):
            pass  # migrates the database
        service = Service(Path(folder), database_url, url, LOG_LEVEL="ERROR")
        try:
            asyncio.run(_in_flight(service, database_url, WARM_UP, "warm"))
            idle = _largest_worker(service)
            alone = asyncio.run(_in_flight(service, database_url, 1, "alone"))
            many = {count: asyncio.run(_in_flight(service, database_url, count, f"n{count}")) for count in COUNTS}
        finally:
            service.stop()
    rows = [_in_flight_row(count, seen, alone) for count, seen in many.items()]
    worst = {count: (percentile(seen.health_ms, 0.99), max(seen.health_ms)) for count, seen in many.items()}
    in_flight = many[COUNTS[0]].worker_megabytes
    return [
        *rows,
        *(
            Row(
                f"GET /health with {count} workflows in flight",
                f"p99 {p99:.0f} ms, longest {longest:.0f} ms",
                f"<= {HEALTH_TARGET:.0f} ms",
                longest <= HEALTH_TARGET,
            )
            for count, (p99, longest) in worst.items()
        ),
        Row(
            "memory of one worker, idle / 100 in flight",
            f"{idle:.0f} / {in_flight:.0f} MB",
            "<= 120 / <= 200 MB",
            idle <= 120 and in_flight <= 200,
        ),
    ]


def _in_flight_row(count: int, seen: _Seen, alone: _Seen) -> Row:
    ratio = seen.wall / alone.wall
    return Row(
        f"{count} workflows in flight, each waiting {2 * FIRST_TOKEN:.0f} s on Claude, 2 workers",
        f"{seen.statuses[200]} succeeded, {seen.connections} database connections, wall {seen.wall:.1f} s = "
        f"{ratio:.2f}x one ({alone.wall:.1f} s), {seen.cpu:.1f} s of CPU",
        f"all, <= {MAX_CONNECTIONS}, <= 1.25x" if count == COUNTS[0] else f"all, <= {MAX_CONNECTIONS}",
        seen.statuses[200] == count and seen.connections <= MAX_CONNECTIONS and (ratio <= 1.25 or count != COUNTS[0]),
    )


async def _in_flight(service: Service, database_url: str, count: int, name: str) -> _Seen:
    """Send this many workflows at once, and observe the service until the last one is answered."""
    seen = _Seen()
    looks = [
        asyncio.create_task(_every(HEALTH_INTERVAL, lambda: _look_at_health(service, seen))),
        asyncio.create_task(_every(0.25, lambda: _look_at_connections(database_url, seen))),
        asyncio.create_task(_every(1.0, lambda: _look_at_memory(service, seen))),
    ]
    before = cpu_seconds(service.process.pid)
    started = time.perf_counter()
    bodies = (
        {**REQUISITION, "req_id": f"{name}-{number}", "basic_title": f"{name} {number}"} for number in range(count)
    )
    seen.statuses.update(
        await asyncio.gather(*(_request(service.port, "POST", "/api/interview/workflow/full", body) for body in bodies))
    )
    seen.wall = time.perf_counter() - started
    seen.cpu = cpu_seconds(service.process.pid) - before
    for look in looks:
        look.cancel()
    return seen


async def _request(port: int, method: str, path: str, body: dict[str, str] | None = None) -> int:
    """The status of the answer; 0 if there is none."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {**ADMIN, "Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"{method} {path} HTTP/1.1\r\nHost: benchmark\r\n{head}\r\n".encode() + content)
                answer = await reader.read()
            finally:
                writer.close()
        return int(answer[9:12])
    except (OSError, TimeoutError, ValueError):
        return 0


async def _every(seconds: float, look: Callable[[], Awaitable[None]]) -> None:
    while True:
        await look()
        await asyncio.sleep(seconds)


async def _look_at_health(service: Service, seen: _Seen) -> None:
    started = time.perf_counter()
    await _request(service.port, "GET", "/health")
    seen.health_ms.append(1000 * (time.perf_counter() - started))


async def _look_at_connections(database_url: str, seen: _Seen) -> None:
    seen.connections = max(seen.connections, await asyncio.to_thread(_connections, database_url))


async def _look_at_memory(service: Service, seen: _Seen) -> None:
    seen.worker_megabytes = max(seen.worker_megabytes, _largest_worker(service))


def _connections(database_url: str) -> int:
    engine = create_engine(database_url, poolclass=NullPool)
    if engine.dialect.name != "mysql":
        return 0
    with engine.connect() as connection:
        # Without this connection itself.
        mine = text("SELECT COUNT(*) - 1 FROM information_schema.processlist WHERE db = DATABASE()")
        return connection.scalar(mine) or 0


def _largest_worker(service: Service) -> float:
    _master, *workers = family(service.process.pid)
    return max(megabytes(pid) for pid in workers)
