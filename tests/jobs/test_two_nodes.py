"""Two nodes behind the shipped nginx, with one database and one Redis, as a hiring company runs them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.conftest import go_without
from tests.support.fake_claude import FakeClaude
from tests.support.private_nginx import SECRET, SITE, Identity, PrivateNginx, nginx_is_installed
from tests.support.private_servers import free_port, running
from tests.support.private_service import ADMIN, Service

ANNA = {"Authorization": "Bearer of-anna"}
IAN = {"Authorization": "Bearer of-ian"}
WRITERS, READERS = 6, 4


class Nodes:
    """Two gunicorns that share all but their ports, each of which can be started anew."""

    def __init__(self, folder: Path, database_url: str, claude_url: str, redis_url: str) -> None:
        self.ports = (free_port(), free_port())
        self._start = lambda port: Service(
            folder,
            database_url,
            claude_url,
            port=port,
            GATEWAY_SECRET=SECRET,
            TRUSTED_PROXIES="1",
            WEB_CONCURRENCY="1",
            ASYNC_PROCESSING="True",
            CELERY_BROKER_URL=redis_url,
            RATE_LIMIT="100000 per minute",
            RATELIMIT_STORAGE_URI=redis_url,
        )
        with ThreadPoolExecutor() as both:
            self.services = list(both.map(self._start, self.ports))

    def restart(self, number: int) -> None:
        """As docs/operations.md says: stop it, start it, wait until it is ready."""
        assert self.services[number].stop() == 0
        self.services[number] = self._start(self.ports[number])
        while self.services[number].call("/health/ready")[0] != 200:
            time.sleep(0.2)

    def kill(self) -> None:
        for service in self.services:
            if service.process.poll() is None:
                service.kill()


@pytest.fixture(scope="module")
def nodes(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_mariadb_url: str,
    fake_claude_server: FakeClaude,
    redis_url: str,
) -> Iterator[Nodes]:
    two = Nodes(tmp_path_factory.mktemp("nodes"), migrated_mariadb_url, fake_claude_server.url, redis_url)
    yield two
    two.kill()


@pytest.fixture(scope="module")
def nginx(nodes: Nodes) -> Iterator[PrivateNginx]:
    if not nginx_is_installed():
        go_without("nginx", "nginx-light")
    with Identity() as identity, running(PrivateNginx(nodes.ports, identity.port)) as server:
        yield server


class Client:
    """A caller outside, on a connection that is kept as long as nginx keeps it."""

    def __init__(self, nginx: PrivateNginx) -> None:
        self._nginx = nginx
        self._client = http.client.HTTPConnection(SITE)

    def ask(self, path: str, body: Any = None, **headers: str) -> http.client.HTTPResponse:
        if self._client.sock is None:
            self._client.sock = self._nginx.connect()
        method = "GET" if body is None else "POST"
        sent = None if body is None else json.dumps(body)
        self._client.request(method, path, sent, {"Content-Type": "application/json", **headers})
        return self._client.getresponse()

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Load:
    """Callers who ask without a pause, until they are told to stop, and what came of it."""

    def __init__(self, nginx: PrivateNginx, requisition: dict[str, Any]) -> None:
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []
        self._nginx = nginx
        self._requisition = requisition
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        self._threads += [threading.Thread(target=self._read, args=(number,)) for number in range(READERS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        for turn in range(10_000):
            if self._stopped.is_set():
                return
            req_id = f"ROLLING-{number}-{turn}"
            self._one("POST", "/api/interview/workflow/full", {**self._requisition, "req_id": req_id})

    def _read(self, number: int) -> None:
        while not self._stopped.wait(0.05):
            self._one("GET", f"/api/interview/req/ROLLING-{number}-0", None)

    def _one(self, method: str, path: str, body: Any) -> None:
        try:
            with Client(self._nginx) as client:
                response = client.ask(path, body, **ANNA)
                answer = response.read()
        except Exception as error:  # a request that got no answer at all is what is looked for
            self.outcomes[f"{method} {type(error).__name__}"] += 1
            self.failures.append(f"{method} {error!r}")
            return
        self.outcomes[f"{method} {response.status}"] += 1
        if response.status != 200:
            self.failures.append(f"{method} {response.status} {answer[:300]!r}")


def count(database_url: str, query: str) -> int:
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        return int(connection.scalar(text(query)) or 0)


def test_a_rolling_restart_under_load_loses_no_request_and_does_none_twice(
    nodes: Nodes, nginx: PrivateNginx, fake: FakeClaude, requisition: dict[str, Any], migrated_mariadb_url: str
) -> None:
    fake.first_token = 0.2
    with Load(nginx, requisition) as load:
        time.sleep(1)
        before = load.outcomes.total()
        started = time.monotonic()
        nodes.restart(0)
        between = load.outcomes.total()
        nodes.restart(1)
        after = load.outcomes.total()
        took = time.monotonic() - started
        time.sleep(0.5)

    print(f"\nrolling restart in {took:.1f} s: {dict(load.outcomes)}; during it {between - before} + {after - between}")
    assert load.failures == []
    assert between - before > 20
    assert after - between > 20
    made = load.outcomes["POST 200"]
    assert count(migrated_mariadb_url, "SELECT COUNT(*) FROM job_descriptions WHERE req_id LIKE 'ROLLING-%'") == made
    assert count(migrated_mariadb_url, "SELECT COUNT(*) FROM interviews WHERE req_id LIKE 'ROLLING-%'") == made
    failed = "SELECT COUNT(*) FROM generation_logs WHERE req_id LIKE 'ROLLING-%' AND status <> 'success'"
    assert count(migrated_mariadb_url, failed) == 0
    served = [line["nodes"] for line in nginx.access_log()]
    for port in nodes.ports:
        assert any(f"127.0.0.1:{port}" in nodes for nodes in served)
    # There was something to pass by: requests that came to a node which was away, and went on to the other.
    assert any("," in nodes for nodes in served)


def test_a_role_is_what_the_gateway_says_and_not_what_a_caller_claims(
    nodes: Nodes, nginx: PrivateNginx, requisition: dict[str, Any]
) -> None:
    forged = {"X-User-ID": "anna.admin", "X-User-Role": "admin", "X-Gateway-Secret": "guessed"}

    def outside(body: Any, **headers: str) -> int:
        with Client(nginx) as client:
            return client.ask("/api/interview/jd/enhance", body, **headers).status

    requisition["req_id"] = "REQ-ROLES"
    assert outside(requisition, **forged) == 401
    assert outside(requisition, **forged, **IAN) == 403
    assert outside(requisition, **forged, Authorization="Bearer of-otto") == 401
    assert outside(requisition, **ANNA) == 200
    node = nodes.services[0]
    assert node.call("/api/interview/jd/REQ-ROLES", headers=ADMIN)[0] == 401
    assert node.call("/api/interview/jd/REQ-ROLES", headers={**ADMIN, "X-Gateway-Secret": SECRET})[0] == 200


def test_events_arrive_through_nginx_as_they_happen(
    nodes: Nodes, nginx: PrivateNginx, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    fake.first_token = 1.0
    requisition["req_id"] = "REQ-EVENTS"
    arrived: dict[str, float] = {}
    with Client(nginx) as client:
        response = client.ask("/api/interview/workflow/full", requisition, Accept="text/event-stream", **ANNA)
        for line in response:
            if line.startswith(b"event: "):
                arrived.setdefault(line.split()[1].decode(), time.monotonic())

    assert response.status == 200
    assert next(iter(arrived)) == "job"
    assert list(arrived)[-1] == "done"
    assert arrived["done"] - arrived["job"] > 1.0
