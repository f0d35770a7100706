"""Tests of the servers that other tests rely on: they answer, come back, and leave nothing behind."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import kombu
import pytest
import redis

from tests.conftest import go_without
from tests.support.private_brokers import (
    PrivateRabbitMQ,
    PrivateRedis,
    private_rabbitmq,
    private_redis,
    rabbitmq_is_installed,
    redis_is_installed,
)
from tests.support.private_servers import PrivateServer
from tests.support.tables import table

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


@pytest.fixture
def _redis_installed() -> None:
    if not redis_is_installed():
        go_without("Redis", "redis-server", "TEST_REDIS_URL")


@pytest.fixture
def _rabbitmq_installed() -> None:
    if not rabbitmq_is_installed():
        go_without("RabbitMQ", "rabbitmq-server", "TEST_RABBITMQ_URL", may_be_required=False)


def running_processes() -> dict[int, int]:
    """The parent of every process that has not ended. One that nobody has waited for has ended all the same."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = file.read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(file.parent.name)] = int(parent)
    return parents


def processes_of(server: PrivateServer) -> set[int]:
    """The server's processes and all that descend from them."""
    family = {process.pid for process in (server.process, getattr(server, "names", None)) if process}
    parents = running_processes()
    while children := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= children
    return family


def still_running(pids: set[int]) -> set[int]:
    """Those that have not ended after a moment: helpers end by themselves once they see that their server has."""
    for _ in range(50):
        if not (left := pids & running_processes().keys()):
            break
        time.sleep(0.1)
    return left


def deliver(url: str, text: str) -> str:
    """Send a message through a broker and receive it again."""
    with kombu.Connection(url, connect_timeout=10) as connection, connection.SimpleQueue("letters") as queue:
        queue.put(text)
        message = queue.get(timeout=10)
        message.ack()
        return str(message.payload)


@pytest.mark.usefixtures("_redis_installed")
class TestRedis:
    def test_answers(self) -> None:
        with private_redis() as server, redis.Redis.from_url(server.url) as client:
            assert client.ping()
            assert deliver(server.url, "Grüße") == "Grüße"

    @table("persistent", [False, True])
    def test_comes_back_after_a_kill_at_the_same_address(self, persistent: bool) -> None:
        with private_redis(persistent=persistent) as server, redis.Redis.from_url(server.url) as client:
            url = server.url
            client.set("kept", "yes")
            server.kill()
            with pytest.raises(redis.ConnectionError):
                client.ping()

            server.start()

            assert server.url == url
            assert client.get("kept") == (b"yes" if persistent else None)

    @needs_proc
    @table("killed", [False, True])
    def test_leaves_nothing_behind(self, killed: bool) -> None:
        server = PrivateRedis()
        server.start()
        pids = processes_of(server)
        assert pids <= running_processes().keys()
        if killed:
            server.kill()

        server.stop()

        assert not still_running(pids)
        assert not server.folder.exists()


@pytest.mark.usefixtures("_rabbitmq_installed")
class TestRabbitMQ:
    @needs_proc
    def test_answers_and_leaves_nothing_behind(self) -> None:
        with private_rabbitmq() as server:
            assert deliver(server.url, "Grüße") == "Grüße"
            pids = processes_of(server)
            assert len(pids) > 2, "the server, its name service and its helpers"

        assert not still_running(pids)
        assert not server.folder.exists()

    @needs_proc
    def test_a_failed_start_leaves_nothing_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PrivateRabbitMQ, "_command", lambda _: ["/bin/sh", "-c", "echo no thanks; exit 1"])
        server = PrivateRabbitMQ()

        with pytest.raises(RuntimeError, match="no thanks"):
            server.start()

        pids = processes_of(server)
        server.stop()
        assert not still_running(pids)


@pytest.mark.parametrize(("required", "may_be_required"), [("", True), ("", False), ("1", False)])
def test_a_missing_server_is_a_reason_to_skip_and_to_warn(
    required: str, may_be_required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_REAL_SERVERS", required)

    with pytest.warns(pytest.PytestWarning, match="Redis is not installed"), pytest.raises(pytest.skip.Exception):
        go_without("Redis", "redis-server", "TEST_REDIS_URL", may_be_required=may_be_required)


def test_a_missing_server_is_a_failure_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_REAL_SERVERS", "1")

    with pytest.raises(pytest.fail.Exception, match="forbids"):
        go_without("Redis", "redis-server", "TEST_REDIS_URL")
