"""Commands of the project that need no Python to start: one process has all modules loaded, and forks for each command.

A folder with a copy of the project comes in. In `.venv/bin` of the copy, `flask`, `alembic` and `python app.py` become
programs that hand their arguments, folder, environment and open files to that process. What runs in the fork is the
same as if Python had been started for it, but that its modules, which must be those of the copy, were loaded before.

The process itself is this file, run as a program: `serve` below.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

START_SECONDS = 60
SOCKET = "ready-python"
# A message is its length, then itself.
LENGTH_BYTES = 8
# Runs in the same Python, so `marshal` and `_socket` do, and it starts in hundredths of a second.
HAND_OVER = """#!{python} -IS
import _socket, marshal, os, sys
asking = _socket.socket(_socket.AF_UNIX)
asking.connect({address!r})
message = marshal.dumps(([os.path.basename(sys.argv[0]), *sys.argv[1:]], os.getcwd(), dict(os.environ)))
files = b"".join(each.to_bytes(4, sys.byteorder) for each in (0, 1, 2))
asking.sendmsg([len(message).to_bytes({length_bytes}, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
asking.sendall(message)
ended = asking.recv(1)
os._exit(ended[0] if ended else 1)
"""
PYTHON = """#!/bin/bash
if [ "$*" = app.py ]; then exec "$(dirname "$0")/app.py"; fi
exec {python} "$@"
"""


class ReadyPython:
    """The process, started when it is first needed.

    Args:
        project: where the copy of the project is whenever a command runs. It may be removed and made anew in between.
        folder: for what is needed beside it.
    """

    def __init__(self, project: Path, folder: Path) -> None:
        self._project = project
        self._address = folder / SOCKET
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def put_into(self, programs: Path) -> None:
        """Put the programs that hand over into a folder of programs, and have the process ready."""
        if self._process is None:
            self._start()
        hand_over = HAND_OVER.format(python=sys.executable, address=str(self._address), length_bytes=LENGTH_BYTES)
        for name, text in (
            ("flask", hand_over),
            ("alembic", hand_over),
            ("app.py", hand_over),
            ("python", PYTHON.format(python=sys.executable)),
        ):
            (programs / name).unlink(missing_ok=True)
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _start(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(self._address)],
                cwd=self._project,
                env={
                    name: os.environ[name]
                    for name in ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
                    if name in os.environ
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._address.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"It did not start: {self._log.read_text()}")
            time.sleep(0.02)


def serve(address: str) -> None:
    """Load all modules of the project in the working directory, and run each command that comes in a fork."""
    sys.path[0] = os.getcwd()  # in place of the folder of this file
    for name in ("app", "alembic.config", "flask.cli"):
        importlib.import_module(name)
    ours = importlib.import_module("techscreen")
    for module in pkgutil.walk_packages(ours.__path__, "techscreen."):
        importlib.import_module(module.name)
    importlib.import_module("techscreen.topics.tables").load_tables()  # kept by whoever has read them
    gc.collect()
    gc.freeze()  # else each fork would copy what its garbage collector looks at
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address + ".new")
    listening.listen()
    os.rename(address + ".new", address)
    while True:
        asking, _ = listening.accept()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            listening.close()
            command = _run_for(asking)
            if command is not None:
                return _run(command)
            os._exit(0)
        asking.close()


def _run_for(asking: socket.socket) -> list[str] | None:
    """Fork once more: the command, in the child; in the parent None, once it has told how the child ended."""
    head, files, _, _ = socket.recv_fds(asking, LENGTH_BYTES, 3)
    message = b""
    while len(message) < int.from_bytes(head, "big"):
        message += asking.recv(1 << 20)
    command, folder, environment = marshal.loads(message)  # from our own program
    child = os.fork()
    if child == 0:
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        asking.close()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        return list(command)
    for file in files:
        os.close(file)
    watched = [os.pidfd_open(child), asking.fileno()]
    while watched[0] not in (ready := select.select(watched, [], [])[0]):
        watched.remove(ready[0])  # whoever asked was ended, so the command is
        os.kill(child, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(OSError):
        asking.sendall(bytes([code if code >= 0 else 128 - code]))
    return None


def _run(command: list[str]) -> None:
    program, *_ = sys.argv = command
    if program == "app.py":
        runpy.run_path("app.py", run_name="__main__")
    elif program == "flask":
        importlib.import_module("flask.cli").main()
    else:
        importlib.import_module("alembic.config").main(prog="alembic")


if __name__ == "__main__":
    serve(sys.argv[1])
