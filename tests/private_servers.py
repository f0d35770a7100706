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

import pymysql

START_SECONDS = 60


def free_port() -> int:
    """A TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mariadb_is_installed() -> bool:
    return bool(_find("mariadbd", "mysqld")) and bool(_find("mariadb-install-db", "mysql_install_db"))


class PrivateMariaDB:
    """A MariaDB server in a temporary folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="techscreen-mariadb-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        install, data = _find("mariadb-install-db", "mysql_install_db"), self.folder / "data"
        account = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", *account],
            check=True,
            capture_output=True,
            timeout=120,
        )

    def start(self) -> None:
        server = _find("mariadbd", "mysqld")
        account = ["--user=root"] if os.geteuid() == 0 else []
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            [
                server,
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
                *account,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(pymysql.MySQLError):
                self._connect().close()
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError("MariaDB did not start:\n" + (self.folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """End it without notice, as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, name: str) -> str:
        """Create an empty database and give its address."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{name}"

    def _connect(self) -> pymysql.connections.Connection[pymysql.cursors.Cursor]:
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root")


@contextlib.contextmanager
def private_mariadb() -> Iterator[PrivateMariaDB]:
    """A running server, stopped at the end whatever happens."""
    server = PrivateMariaDB()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _find(*names: str) -> str:
    places = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    return next((found for name in names if (found := shutil.which(name, path=places))), "")
