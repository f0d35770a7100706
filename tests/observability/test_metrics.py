"""What Prometheus gets, who may ask for it, and that the processes of a node count together."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from config import PROJECT_FOLDER
from techscreen.observability.metrics import exposition, gauge
from techscreen.observability.multiprocess import FOLDER_VARIABLE, forget_counts, share_counts
from tests.conftest import ADMIN, READER, MakeApp
from tests.jobs.test_jobs import ENHANCE, LATER, WORKFLOW, until
from tests.support.fake_claude import FakeClaude, Reply, error_reply
from tests.support.private_servers import free_port
from tests.support.private_service import Service, Worker

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_mariadb = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def figures(text: str) -> Figures:
    """Every figure by its name and labels. It is an error if one of them comes twice."""
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
    return found


def figure(told: Figures, name: str, **labels: str) -> float:
    return told.get((name, frozenset(labels.items())), 0.0)


def ask(client: FlaskClient) -> Figures:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return figures(answer.text)


def test_what_a_workflow_does_can_be_seen(client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude) -> None:
    before = ask(client)

    answer = client.post(WORKFLOW, json=requisition, headers=ADMIN)
    assert answer.status_code == 200
    client.post("/api/interview/workflow/full", json={**requisition, "req_id": "OTHER"}, headers=ADMIN)
    client.get("/api/interview/req/R", headers=READER)
    client.get("/api/interview/req/other%0Apath", headers=READER)

    told = ask(client)

    def grown(name: str, **labels: str) -> float:
        return figure(told, name, **labels) - figure(before, name, **labels)

    route = "/api/interview/workflow/full"
    assert grown("techscreen_http_requests_total", method="POST", route=route, status="200") == 2
    reading = "/api/interview/req/<req_id:req_id>"
    assert grown("techscreen_http_requests_total", method="GET", route=reading, status="200") == 2
    assert grown("techscreen_http_request_seconds_count", route=route) == 2
    assert grown("techscreen_generation_seconds_count", operation="jd_enhancement", outcome="success") == 2
    assert grown("techscreen_generation_seconds_count", operation="interview_generation", outcome="success") == 2
    # Two enhancements and five questions; the other five are lent.
    model = answer.get_json()["model"]
    assert grown("techscreen_claude_calls_total", outcome="success", model=model) == 7
    assert grown("techscreen_claude_attempts_total", model=model) == 7
    assert grown("techscreen_cache_lookups_total", result="miss") == 5
    assert grown("techscreen_cache_lookups_total", result="hit") == 5
    spent = sum(grown("techscreen_tokens_total", kind=kind, model=model) for kind in ("input", "output"))
    assert spent > answer.get_json()["total_tokens_used"] > 0
    assert figure(told, "techscreen_database_up") == 1
    assert figure(told, "techscreen_jobs", status="failed") == 0
    assert {labels for name, labels in told if name == "techscreen_jobs"} == {
        frozenset({("status", status)}) for status in ("queued", "running", "succeeded", "failed", "cancelled")
    }


@on_sqlite
def test_failures_of_claude_are_told_by_their_codes(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    before = ask(client)
    fake.next(error_reply(401, "authentication_error"))
    client.post(ENHANCE, json=requisition, headers=ADMIN)
    fake.next(*[Reply(stop_reason="refusal")] * 2)
    client.post(ENHANCE, json=requisition, headers=ADMIN)
    fake.next(error_reply(402, "billing_error"))
    client.post(ENHANCE, json=requisition, headers=ADMIN)

    told = ask(client)

    for outcome in ("claude_misconfigured", "generation_refused", "claude_billing"):
        call = {"outcome": outcome, "model": "claude-opus-5-5"}
        count = "techscreen_claude_calls_total"
        assert figure(told, count, **call) - figure(before, count, **call) == 1
        generation = {"operation": "jd_enhancement", "outcome": outcome}
        count = "techscreen_generation_seconds_count"
        assert figure(told, count, **generation) - figure(before, count, **generation) == 1


@on_sqlite
def test_no_label_can_be_chosen_by_a_caller(client: FlaskClient) -> None:
    for path in ("/chosen-path", "/api/interview/req/chosen-req", "/api/interview/jobs/chosen-job"):
        client.open(path, method="CHOSEN", headers={"X-User-ID": "chosen-user", "X-User-Role": "chosen-role"})
        client.get(path, headers={"X-User-ID": "chosen-user", "X-User-Role": "admin"})

    assert not re.search("chosen", client.get("/metrics").text, re.IGNORECASE)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
def test_without_its_database_the_service_still_tells_what_it_has_counted(make_app: MakeApp, fake: FakeClaude) -> None:
    client = make_app(DATABASE_URL=f"mysql+pymysql://root@127.0.0.1:{free_port()}/gone").test_client()
    client.get("/api/interview/req/R", headers=READER)

    told = ask(client)

    assert figure(told, "techscreen_database_up") == 0
    route = "/api/interview/req/<req_id:req_id>"
    assert figure(told, "techscreen_http_requests_total", method="GET", route=route, status="503") >= 1


# ------------------------------------------------------------------------------------------------------ who may ask


@on_sqlite
@pytest.mark.parametrize(
    ("token", "bound", "headers", "status"),
    [
        (None, "127.0.0.1", {}, 200),
        (None, "::1", {}, 200),
        (None, "localhost", {}, 200),
        (None, "0.0.0.0", {}, 403),
        (None, "10.0.0.5", {}, 403),
        (None, "127.0.0.1.evil.example", {}, 403),
        # On a unix socket gunicorn names no caller, and names itself as the Host header says.
        (None, "localhost", {"REMOTE_ADDR": ""}, 403),
        (None, "127.0.0.1", {"REMOTE_ADDR": ""}, 403),
        (None, "127.0.0.1", {"REMOTE_ADDR": "10.0.0.7"}, 403),
        ("t0ken", "localhost", {"REMOTE_ADDR": "", "Authorization": "Bearer t0ken"}, 200),
        (None, "127.0.0.1", {"X-Forwarded-For": "203.0.113.1"}, 403),
        (None, "127.0.0.1", {"Forwarded": "for=203.0.113.1"}, 403),
        (None, "127.0.0.1", {"X-Real-IP": "203.0.113.1"}, 403),
        ("t0ken", "127.0.0.1", {}, 401),
        ("t0ken", "0.0.0.0", {"Authorization": "Bearer wrong"}, 401),
        ("t0ken", "0.0.0.0", {"Authorization": "t0ken"}, 401),
        ("t0ken", "0.0.0.0", {"Authorization": "Bearer t0ken"}, 200),
        ("t0ken", "0.0.0.0", ADMIN, 401),
    ],
)
def test_metrics_are_told_on_loopback_or_for_a_token(
    make_app: MakeApp, token: str | None, bound: str, headers: dict[str, str], status: int
) -> None:
    client = make_app(METRICS_TOKEN=token).test_client()

    sent = {name: value for name, value in headers.items() if name != "REMOTE_ADDR"}
    connection = {"SERVER_NAME": bound, "REMOTE_ADDR": headers.get("REMOTE_ADDR", "127.0.0.1")}
    answer = client.get("/metrics", headers=sent, environ_overrides=connection)

    assert answer.status_code == status
    if status != 200:
        assert "techscreen_" not in answer.text


# ------------------------------------------------------------------------------------------------ several processes


def scrape(port: int, token: str | None = None) -> Figures:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return figures(answer.read().decode())


@on_mariadb
def test_the_workers_of_a_node_count_together_also_after_one_has_ended(
    tmp_path: Path, fake: FakeClaude, database_url: str, requisition: dict[str, Any]
) -> None:
    service = Service(tmp_path, database_url, fake.url, WEB_CONCURRENCY="2", TMPDIR=str(tmp_path))
    try:
        (folder,) = tmp_path.glob("techscreen-metrics-*")
        asked = 0

        def ask_many() -> bool:
            """Several at once, until both workers have had some."""
            nonlocal asked
            bodies = [{**requisition, "req_id": f"R{asked + number}"} for number in range(8)]
            with ThreadPoolExecutor(8) as pool:
                assert {status for status, _ in pool.map(lambda body: service.call(ENHANCE, body), bodies)} == {200}
            asked += 8
            return len(list(folder.glob("counter_*.db"))) >= 2

        until(ask_many)
        posted = {"method": "POST", "route": ENHANCE, "status": "200"}

        def told() -> tuple[float, float]:
            counted = scrape(service.port)
            in_use = figure(counted, "techscreen_database_pool_connections", state="in_use")
            return figure(counted, "techscreen_http_requests_total", **posted), in_use

        assert told()[0] == asked
        # A scrape holds one connection while it looks at the jobs, and no other.
        until(lambda: told()[1] <= 1)
        first, *_ = service.children()
        service_end = Path(f"/proc/{first}")
        os.kill(first, signal.SIGKILL)
        until(lambda: not service_end.exists())
        until(lambda: len(service.children()) == 2)
        assert told()[0] == asked
        assert folder.exists()
    finally:
        assert service.stop() == 0
    assert not folder.exists()


@on_mariadb
@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_celery_worker_serves_what_its_processes_have_counted(
    make_app: MakeApp,
    tmp_path: Path,
    fake: FakeClaude,
    database_url: str,
    redis_url: str,
    requisition: dict[str, Any],
    pool: str,
) -> None:
    port = free_port()
    settings = {"CELERY_BROKER_URL": redis_url, "ASYNC_PROCESSING": "True", "TMPDIR": str(tmp_path)}
    options = ("--without-mingle", "--without-gossip", "--pool", pool, "--concurrency", "2")
    worker = Worker(
        tmp_path, database_url, fake.url, options, **settings, WORKER_METRICS_PORT=str(port), METRICS_TOKEN="t0ken"
    )
    try:
        client = make_app(ASYNC_PROCESSING=True, CELERY_BROKER_URL=redis_url).test_client()
        for number in range(3):
            body = {**requisition, "req_id": f"R{number}"}
            assert client.post(ENHANCE, json=body, headers={**ADMIN, **LATER}).status_code == 202
        done = {"operation": "jd_enhancement", "outcome": "success"}
        until(lambda: figure(scrape(port, "t0ken"), "techscreen_generation_seconds_count", **done) == 3)
        with pytest.raises(urllib.error.HTTPError) as refused:
            scrape(port)
        refused.value.close()
        assert refused.value.code == 401
    finally:
        assert worker.stop() == 0
    assert list(tmp_path.glob("techscreen-metrics-*")) == []


def start_in(folder: Path, kind: str) -> subprocess.Popen[str]:
    """A process that counts in a folder of its own within this one, until its input ends."""
    work = f"import os, sys; from techscreen.observability import multiprocess; multiprocess.share_counts({kind!r}); "
    work += "print(os.environ['PROMETHEUS_MULTIPROC_DIR'], flush=True); sys.stdin.read()"
    return subprocess.Popen(
        [sys.executable, "-c", work],
        cwd=PROJECT_FOLDER,
        env={**os.environ, FOLDER_VARIABLE: str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_in_a_shared_folder_only_what_the_dead_of_the_same_kind_have_left_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    (tmp_path / "counts").mkdir()
    foreign = folder / "counter_1.db"  # of a host app, perhaps
    foreign.touch()
    with contextlib.ExitStack() as processes:

        def started(kind: str) -> tuple[subprocess.Popen[str], Path]:
            process = processes.enter_context(start_in(folder, kind))
            processes.callback(process.kill)
            assert process.stdout
            return process, Path(process.stdout.readline().strip())

        living_web, dead_web, dead_worker = started("web"), started("web"), started("worker")
        for process, _ in (dead_web, dead_worker):
            process.kill()
            process.wait()
        _, new_web = started("web")

        assert set(folder.iterdir()) == {foreign, living_web[1], dead_worker[1], new_web}


def test_a_worker_that_restarts_takes_nothing_of_the_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    share_counts("web")
    web = Path(os.environ[FOLDER_VARIABLE])
    (web / "counter_1.db").touch()
    share_counts("web")  # as gunicorn does to read its settings anew
    assert Path(os.environ[FOLDER_VARIABLE]) == web

    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    share_counts("worker")
    assert (web / "counter_1.db").exists()
    forget_counts()
    monkeypatch.setenv(FOLDER_VARIABLE, str(web))
    forget_counts()
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_process_was_holding_is_told_no_more_but_what_it_counted_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    share_counts("web")
    folder = Path(os.environ[FOLDER_VARIABLE])
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    names = [f"gauge_livesum_{dead.pid}.db", f"counter_{dead.pid}.db", f"gauge_livesum_{os.getpid()}.db"]
    for name in names:
        MmapedDict(str(folder / name)).close()

    exposition([])

    assert {file.name for file in folder.glob("*.db")} == set(names[1:])
    forget_counts()


def test_a_process_that_is_just_making_its_file_disturbs_no_scrape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    unfinished = tmp_path / "counter_4711.db"
    unfinished.touch()
    pauses: list[float] = []

    def finish(seconds: float) -> None:
        pauses.append(seconds)
        MmapedDict(str(unfinished)).close()

    monkeypatch.setattr("techscreen.observability.metrics.time.sleep", finish)

    assert b"looked_up 1.0" in exposition([gauge("looked_up", "A figure.", [({}, 1)])])
    assert len(pauses) == 1


def test_an_inherited_folder_is_neither_used_nor_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "techscreen-metrics-web-abc"
    other.mkdir()
    (other / "counter_1.db").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(other))

    share_counts("worker")
    forget_counts()

    assert list(tmp_path.iterdir()) == [other]
    assert list(other.iterdir()) == [other / "counter_1.db"]


@on_sqlite
def test_metrics_of_an_app_in_another_are_its_own(app: Flask) -> None:
    app.test_client().get("/health")

    assert b"techscreen_" not in generate_latest(REGISTRY)
