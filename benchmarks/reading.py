"""How long it takes to read an interview, with several readers at once, over HTTP from gunicorn's two workers."""

from __future__ import annotations

import http.client
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measuring import Row, bench_app, median, percentile, run_workflow
from tests.support.fake_claude import FakeClaude
from tests.support.private_service import ADMIN, Service

READERS, READS_EACH = 8, 200


def get_interview(database_url: str) -> list[Row]:
    """GET of one interview at concurrency 8."""
    with FakeClaude() as fake, tempfile.TemporaryDirectory() as folder:
        with bench_app(database_url, fake.url) as app:
            path = f"/api/interview/{run_workflow(app, 0)['interview_id']}"
        service = Service(Path(folder), database_url, fake.url, LOG_LEVEL="ERROR")
        try:
            _read(service.port, path)
            with ThreadPoolExecutor(READERS) as pool:
                futures = [pool.submit(_read, service.port, path) for _ in range(READERS)]
                times = [each for future in futures for each in future.result()]
        finally:
            service.stop()
    return [
        Row(
            f"GET of an interview, {READERS} readers over HTTP, 2 workers",
            f"p50 {median(times):.1f} ms, p99 {percentile(times, 0.99):.1f} ms",
            "p50 <= 8 ms",
            median(times) <= 8,
        )
    ]


def _read(port: int, path: str) -> list[float]:
    connection, times = http.client.HTTPConnection("127.0.0.1", port), []
    for _ in range(READS_EACH):
        started = time.perf_counter()
        connection.request("GET", path, headers=ADMIN)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"a read was answered with {response.status}")
        times.append(1000 * (time.perf_counter() - started))
    connection.close()
    return times
