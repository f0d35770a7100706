"""How long it takes to read an interview, with several readers at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measuring import ADMIN, Row, bench_app, median, percentile, run_workflow
from tests.fake_claude import FakeClaude

READERS, READS_EACH = 8, 150


def get_interview(database_url: str) -> list[Row]:
    """GET of one interview at concurrency 8."""
    with FakeClaude() as fake, bench_app(database_url, fake) as app:
        path = f"/api/interview/{run_workflow(app, 0)['interview_id']}"

        def read() -> list[float]:
            client, times = app.test_client(), []
            for _ in range(READS_EACH):
                started = time.perf_counter()
                if client.get(path, headers=ADMIN).status_code != 200:
                    raise RuntimeError("a read failed")
                times.append(1000 * (time.perf_counter() - started))
            return times

        read()
        with ThreadPoolExecutor(READERS) as pool:
            futures = [pool.submit(read) for _ in range(READERS)]
            times = [each for future in futures for each in future.result()]
    return [
        Row(
            "GET of an interview, 8 readers in one process",
            f"p50 {median(times):.1f} ms, p99 {percentile(times, 0.99):.1f} ms",
            "p50 <= 8 ms",
            median(times) <= 8,
        )
    ]
