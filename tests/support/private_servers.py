"""Real servers for the tests: started privately on a free port of this machine, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pymysql

START_SECONDS = 60
ROOMY = 4 * 1024**3


def free_port() -> int:
    """A TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def quick_folder() -> str | None:
    """Where files need no disk, if this machine has such a place with room to spare; else None, the usual place."""
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOMY
    return str(memory) if has_room else None


def mariadb_is_installed() -> bool:
    return bool(find_program("mariadbd", "mysqld")) and bool(find_program("mariadb-install-db", "mysql_install_db"))


class PrivateServer:
    """One process on a free port, with all its files in a temporary folder: what the servers below have in common."""

    name: str

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"techscreen-{self.name.lower()}-", dir=quick_folder()))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. After kill() it comes back on the same port, with the same files."""
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} did not start:\n" + (self.folder / "log").read_text(errors="replace")[-2000:])

    def kill(self) -> None:
        """End it without notice, as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> None:
        """End it and remove its files."""
        if self.process is not None:
            end_process(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return dict(os.environ)

    def _answers(self) -> bool:
        raise NotImplementedError

    def _answer_to(self, message: bytes) -> bytes:
        """The first bytes that it answers to a message, none if it cannot be reached."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(message)
            return connection.recv(16)
        return b""


class PrivateMariaDB(PrivateServer):
    """A MariaDB server of our own."""

    name = "MariaDB"

    def __init__(self) -> None:
        super().__init__()
        self.account = ["--user=root"] if os.geteuid() == 0 else []
        install, data = find_program("mariadb-install-db", "mysql_install_db"), self.folder / "data"
        subprocess.run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *self.account],
            check=True,
            capture_output=True,
            timeout=120,
        )

    def new_database(self, name: str) -> str:
        """Create an empty database and give its address."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        # It has no certificate. PyMySQL would read those of the machine for each connection, which takes 20 ms.
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{name}?ssl_disabled=yes"

    def _command(self) -> list[str]:
        return [
            find_program("mariadbd", "mysqld"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'sock'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            # Not the server's usual defaults, on purpose: what the tables need they must ask for themselves.
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--innodb-flush-log-at-trx-commit=0",
            # As a server of its own has it: the rows of the benchmarks fit into memory.
            "--innodb-buffer-pool-size=1G",
            *self.account,
        ]

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except pymysql.MySQLError:
            return False
        return True

    def _connect(self) -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", ssl_disabled=True)


Server = TypeVar("Server", bound=PrivateServer)


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """A running server, stopped at the end whatever happens."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


def private_mariadb() -> contextlib.AbstractContextManager[PrivateMariaDB]:
    return running(PrivateMariaDB())


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process, politely at first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


def program_path() -> str:
    # Servers lie where only root looks for them.
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def find_program(*names: str) -> str:
    return next((found for name in names if (found := shutil.which(name, path=program_path()))), "")
