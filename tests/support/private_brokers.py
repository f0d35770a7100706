"""Real brokers for the tests: started privately on free ports of this machine, stopped at the end."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time

from tests.support.private_servers import (
    START_SECONDS,
    PrivateServer,
    end_process,
    find_program,
    free_port,
    program_path,
    running,
)

# Debian's script in /usr/sbin changes to the account rabbitmq and its folders; this is the server's own one.
RABBITMQ_SCRIPTS = "/usr/lib/rabbitmq/bin"


def redis_is_installed() -> bool:
    return bool(find_program("redis-server"))


def rabbitmq_is_installed() -> bool:
    return bool(_find_rabbitmq()) and bool(find_program("epmd"))


class PrivateRedis(PrivateServer):
    """A Redis server of our own. It forgets everything at its end, unless it is `persistent`."""

    name = "Redis"

    def __init__(self, *, persistent: bool = False) -> None:
        super().__init__()
        self.persistent = persistent

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        return [
            *(find_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "yes" if self.persistent else "no"),
        ]

    def _answers(self) -> bool:
        # While it still reads its files it answers with an error.
        return self._answer_to(b"PING\r\n").startswith(b"+PONG")


class PrivateRabbitMQ(PrivateServer):
    """A RabbitMQ server of our own, without plugins, and the Erlang name service (epmd) that it needs."""

    name = "RabbitMQ"

    def __init__(self) -> None:
        super().__init__()
        self.names_port, self.distribution_port = free_port(), free_port()
        self.names: subprocess.Popen[bytes] | None = None
        # Empty instead of missing: without them it would read those in /etc.
        for name in ("environment", "rabbitmq.conf"):
            (self.folder / name).touch()
        (self.folder / "plugins").write_text("[].")

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        # RabbitMQ would start an epmd itself, as a daemon that outlives it. It uses one that is there.
        if self.names is None:
            with (self.folder / "names.log").open("wb") as log:
                self.names = subprocess.Popen(
                    [find_program("epmd"), "-port", str(self.names_port), "-address", "127.0.0.1"],
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            self._wait_for_names(self.names)
        super().start()

    def stop(self) -> None:
        try:
            super().stop()
        finally:
            if self.names is not None:
                end_process(self.names)

    def _command(self) -> list[str]:
        return [_find_rabbitmq()]

    def _environment(self) -> dict[str, str]:
        # Nothing is inherited but the path: there are many RABBITMQ_ and ERL_ variables that would change something.
        return {
            "PATH": program_path(),
            "HOME": str(self.folder),  # the Erlang cookie lies there
            "ERL_EPMD_PORT": str(self.names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP": str(self.folder / "erl_crash.dump"),
            # The script then replaces itself by the server, so that the pid is the server's.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": f"techscreen-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "environment"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_LOGS": "-",  # to standard output, and so to our log
        }

    def _answers(self) -> bool:
        # A method frame, whose type is 1, in answer to the greeting of AMQP 0-9-1.
        return self._answer_to(b"AMQP\x00\x00\x09\x01").startswith(b"\x01")

    def _wait_for_names(self, names: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and names.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.names_port), 5).close()
                return
            time.sleep(0.05)
        raise RuntimeError("epmd did not start:\n" + (self.folder / "names.log").read_text(errors="replace")[-2000:])


def private_redis(*, persistent: bool = False) -> contextlib.AbstractContextManager[PrivateRedis]:
    return running(PrivateRedis(persistent=persistent))


def private_rabbitmq() -> contextlib.AbstractContextManager[PrivateRabbitMQ]:
    return running(PrivateRabbitMQ())


def _find_rabbitmq() -> str:
    return shutil.which("rabbitmq-server", path=RABBITMQ_SCRIPTS) or find_program("rabbitmq-server")
