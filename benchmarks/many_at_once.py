"""Many workflows in flight on one node: gunicorn with its shipped settings, each workflow waiting on Claude."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from benchmarks.measuring import REQUISITION, Row, bench_app
from config import PROJECT_FOLDER
from tests.private_service import ADMIN, Service

FIRST_TOKEN = 5.0  # an enhancement and then the questions: ten seconds of waiting in all
IN_FLIGHT = 200
MOST_CONNECTIONS = 10


def two_hundred(database_url: str) -> list[Row]:
    """200 full workflows at once against one alone."""
    command = [sys.executable, "-m", "tests.fake_claude", "0", str(FIRST_TOKEN), "0"]
    with (
        subprocess.Popen(command, cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True) as fake,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert fake.stdout is not None
        url = fake.stdout.readline().strip()
        with bench_app(database_url, url):
            pass  # migrates the database
        service = Service(Path(folder), database_url, url, LOG_LEVEL="ERROR")
        try:
            alone, _, _ = _at_once(service, database_url, 1, "alone")
            wall, statuses, connections = _at_once(service, database_url, IN_FLIGHT, "many")
            memory = _memory_mb(service.process.pid)
        finally:
            service.stop()
            fake.terminate()
    ratio = wall / alone
    return [
        Row(
            f"{IN_FLIGHT} workflows in flight, each waiting {2 * FIRST_TOKEN:.0f} s on Claude, 2 workers",
            f"{statuses[200]} succeeded, {connections} database connections, wall {wall:.1f} s = {ratio:.2f}x one "
            f"({alone:.1f} s), {memory:.0f} MB in all processes",
            f"all, <= {MOST_CONNECTIONS}, <= 1.25x",
            statuses[200] == IN_FLIGHT and connections <= MOST_CONNECTIONS and ratio <= 1.25,
        )
    ]


def _at_once(service: Service, database_url: str, count: int, name: str) -> tuple[float, Counter[int], int]:
    statuses: Counter[int] = Counter()

    def run(number: int) -> None:
        body = {**REQUISITION, "req_id": f"{name}-{number}", "basic_title": f"{name} {number}"}
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
        connection.request(
            "POST", "/api/interview/workflow/full", json.dumps(body), {**ADMIN, "Content-Type": "application/json"}
        )
        response = connection.getresponse()
        response.read()
        statuses[response.status] += 1
        connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    most = 0
    engine = create_engine(database_url, poolclass=NullPool)
    while any(thread.is_alive() for thread in threads):
        if engine.dialect.name == "mysql":
            with engine.connect() as connection:
                # This one does not count.
                mine = text("SELECT COUNT(*) - 1 FROM information_schema.processlist WHERE db = DATABASE()")
                most = max(most, connection.scalar(mine) or 0)
        time.sleep(0.25)
    return time.perf_counter() - started, statuses, most


def _memory_mb(pid: int) -> float:
    """Resident memory of a process and its children, shared pages counted once a process."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    fields = (Path(f"/proc/{each}/status").read_text() for each in pids)
    return sum(int(field.split("VmRSS:")[1].split()[0]) for field in fields) / 1024
