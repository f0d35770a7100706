"""Processes whose interpreter is held: others take up their work, and they end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from config import PROJECT_FOLDER
from tests.conftest import MakeApp
from tests.jobs.test_jobs import ENHANCE, accepted, later, rows, until
from tests.server.test_request_arrival import GET, Tiny
from tests.support.fake_claude import FakeClaude
from tests.support.private_service import Worker

QUIET = ("--without-mingle", "--without-gossip")
TRACEBACK = "most recent call first"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_the_job_of_a_celery_worker_that_hangs_is_done_by_others_and_the_hung_process_ends(
    make_app: MakeApp,
    tmp_path: Path,
    database_url: str,
    fake: FakeClaude,
    redis_url: str,
    requisition: dict[str, Any],
    pool: str,
) -> None:
    settings = {"CELERY_BROKER_URL": redis_url, "ASYNC_PROCESSING": "True", "HEARTBEAT_SECONDS": "0.4"}
    options = (*QUIET, "--pool", pool, "--concurrency", "2")
    hung = tmp_path / "hung"
    client = make_app(ASYNC_PROCESSING=True, HEARTBEAT_SECONDS=0.4, CELERY_BROKER_URL=redis_url).test_client()
    workers = [
        Worker(
            tmp_path,
            database_url,
            fake.url,
            options,
            entry="tests.support.hanging_celery",
            HUNG_ONCE=str(hung),
            HANG_SECONDS="1",
            **settings,
        )
    ]
    try:
        accepted(later(client, ENHANCE, requisition))
        until(hung.exists)
        if pool == "threads":  # that was its only process
            assert workers[0].process.wait(60) == -signal.SIGPROF
            workers.append(Worker(tmp_path, database_url, fake.url, options, **settings))
        until(lambda: [job["status"] for job in rows(database_url)] == ["succeeded"])
        until(lambda: TRACEBACK in workers[0].log.read_text())
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                worker.kill()
    assert [job["attempts"] for job in rows(database_url)] == [2]
    assert "in hang_once" in workers[0].log.read_text()


def test_a_web_worker_that_hangs_tells_where_and_makes_room_for_another(tmp_path: Path) -> None:
    service = Tiny(tmp_path)
    try:
        (worker,) = service.children()
        with service.connect(GET.replace(b"/", b"/hang", 1)) as connection:
            assert connection.recv(1) == b""
        until(lambda: service.children() not in ([worker], []))
        assert service.seconds_to_answer() > 0
    finally:
        service.kill()
    assert TRACEBACK in service.log.read_text()
    assert "in app" in service.log.read_text()


def test_a_process_that_was_stopped_or_idle_or_busy_in_python_is_not_ended() -> None:
    work = """
import time
from techscreen.server.hang_watch import watch_for_hangs
watch_for_hangs(0.5)
print(flush=True)
began = time.process_time()
while time.process_time() - began < 1.5:
    pass
"""
    with subprocess.Popen([sys.executable, "-c", work], cwd=PROJECT_FOLDER, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        process.send_signal(signal.SIGCONT)
    assert process.returncode == 0
