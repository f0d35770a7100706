"""The service as its users start it: gunicorns and Celery workers of our own, on free ports of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from config import PROJECT_FOLDER
from tests.support.private_servers import free_port

ADMIN = {"X-User-ID": "anna.admin", "X-User-Role": "admin"}


class ProcessGroup:
    """Processes that are started together, with a log of their own, and that can be killed together.

    Args:
        under: a program that starts them.
    """

    def __init__(
        self,
        command: list[str],
        log: Path,
        database_url: str,
        claude_url: str,
        *,
        under: str | None = None,
        **settings: str,
    ) -> None:
        self.log = log
        environment = {
            **os.environ,
            "FLASK_ENV": "testing",
            "DATABASE_URL": database_url,
            "CLAUDE_BASE_URL": claude_url,
            **settings,
        }
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [*([under] if under else []), sys.executable, "-m", *command],
                cwd=PROJECT_FOLDER,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def children(self) -> list[int]:
        """The processes that the first one has started and that have not ended."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill(self) -> None:
        """kill -9 of all its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def ask_to_stop(self) -> None:
        """SIGTERM, as whoever runs the service sends it: to the first process alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)

    def stop(self) -> int:
        self.ask_to_stop()
        return self.process.wait(30)

    def _wait_until_ready(self) -> None:
        for _ in range(300):
            if self._is_ready():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.kill()
        raise RuntimeError(self.log.read_text())

    def _is_ready(self) -> bool:
        raise NotImplementedError


class Service(ProcessGroup):
    """A gunicorn of ours.

    Args:
        port: where it listens; None: on a free port.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        claude_url: str,
        *,
        port: int | None = None,
        under: str | None = None,
        **settings: str,
    ) -> None:
        self.port = port or free_port()
        command = ["gunicorn", "--bind", f"127.0.0.1:{self.port}", "app:create_app()"]
        log = folder / f"service-{self.port}.log"
        super().__init__(command, log, database_url, claude_url, under=under, **{"WEB_CONCURRENCY": "2", **settings})
        self._wait_until_ready()

    def call(
        self, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={**ADMIN, "Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.call("/health")[0] == 200
        return False


class Worker(ProcessGroup):
    """A Celery worker of ours.

    Args:
        options: of the command, such as `--pool threads`.
        entry: the module that it loads.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        claude_url: str,
        options: tuple[str, ...] = (),
        *,
        entry: str = "celery_app",
        **settings: str,
    ) -> None:
        command = ["celery", "-A", entry, "worker", *options]
        log = folder / f"worker-{uuid.uuid4().hex[:8]}.log"
        super().__init__(command, log, database_url, claude_url, **settings)
        self._wait_until_ready()

    def _is_ready(self) -> bool:
        # The worker's own word for it; it comes after the connection to the broker.
        return " ready." in self.log.read_text()
