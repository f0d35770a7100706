"""The service as its users start it: a gunicorn of our own on a free port of this machine."""

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
from pathlib import Path
from typing import Any

from config import PROJECT_FOLDER
from tests.private_servers import free_port

ADMIN = {"X-User-ID": "anna.admin", "X-User-Role": "admin"}


class Service:
    """A gunicorn of ours on a free port."""

    def __init__(self, folder: Path, database_url: str, claude_url: str, **settings: str) -> None:
        self.port = free_port()
        self.log = folder / f"service-{self.port}.log"
        environment = {
            **os.environ,
            "FLASK_ENV": "testing",
            "DATABASE_URL": database_url,
            "CLAUDE_BASE_URL": claude_url,
            "WEB_CONCURRENCY": "2",
            **settings,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "app:create_app()"],
                cwd=PROJECT_FOLDER,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_for_health()

    def call(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={**ADMIN, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def kill(self) -> None:
        """kill -9 of the master and of its workers at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(30)

    def _wait_for_health(self) -> None:
        for _ in range(300):
            with contextlib.suppress(OSError):
                if self.call("/health")[0] == 200:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(self.log.read_text())
