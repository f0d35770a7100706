"""The commands of the documents, taken out of the Markdown and run as a reader would, in a copy of the project.

A shell block (```bash, ```sh or ```console) is run unless a comment that no reader sees stands just before it:

    <!-- not run: needs Docker -->                          with the reason
    <!-- not run: pip needs the network; instead: ... -->   and what is run in its place
    <!-- answers: 429 -->                                   errors that this block, as its text says, brings

A page is run from top to bottom in one shell, so that what one block sets is there in the next. Its service is started
by `make run`, by the page itself or before its first command, and answers at localhost:5000 as the page says, wherever
it listens: a `curl` and a `make` of our own, found first on the PATH, see to that.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config import PROJECT_FOLDER
from tests.support.private_servers import free_port
from tests.support.ready_python import ReadyPython

PAGES = [PROJECT_FOLDER / "README.md", *sorted((PROJECT_FOLDER / "docs").glob("*.md"))]
SHELLS = ("bash", "sh", "console")
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>[^;]+?)(?:; instead: (?P<instead>.+?))? -->")
ANSWERS = re.compile(r"<!-- answers: (?P<statuses>[\d ]+) -->")
# What is in the folder of the project but in no copy of it.
LEFT_OUT = (".git", ".venv", ".env", ".ci", "tests", "screens", ".*_cache", "runs", "node_modules", "*.db", "*.db-*")
# The folder of the copy.
PROJECT = "techscreen"
# For one page.
PATIENCE_SECONDS = 600

CURL = r"""#!/bin/bash
# What a reader types, but localhost:5000 is the service of this page, and an error that was not announced ends it.
head=$(mktemp)
"$REAL_CURL" --connect-to "localhost:5000:127.0.0.1:$PAGE_PORT" "$@" --dump-header "$head"
code=$?
status=$(sed -n 's|^HTTP/[0-9.]* \([0-9]*\).*|\1|p' "$head" | tail -n 1)
rm -f "$head"
if [ $code -ne 0 ]; then exit $code; fi
if [ "${status:-000}" -ge 400 ] && [[ " $PAGE_ANSWERS " != *" $status "* ]]; then
  echo "HTTP $status: curl $*" >&2
  exit 22
fi
"""
MAKE = r"""#!/bin/bash
# `make run` serves until it is stopped, as in another terminal: here in the background, on the port of this page.
if [ "$*" != run ]; then exec "$REAL_MAKE" "$@"; fi
if [ -e "$PAGE_FOLDER/service.pid" ]; then echo "The page has a service already." >&2; exit 1; fi
PORT=$PAGE_PORT "$REAL_MAKE" run > "$PAGE_FOLDER/service.log" 2>&1 &
echo $! > "$PAGE_FOLDER/service.pid"
for _ in $(seq 600); do
  "$REAL_CURL" -sfo /dev/null "http://127.0.0.1:$PAGE_PORT/health" && exit 0
  kill -0 $! 2> /dev/null || break
  sleep 0.1
done
cat "$PAGE_FOLDER/service.log" >&2
exit 1
"""


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: the number of its first line in the page, without the fence.
        text: without the indentation of its fence.
        not_run: why it cannot be run in a test; None if it can.
        instead: what is run in its place.
        answers: statuses of errors that it brings.
    """

    page: str
    language: str
    line: int
    text: str
    not_run: str | None
    instead: str | None
    answers: tuple[str, ...]

    @property
    def is_shell(self) -> bool:
        return self.language in SHELLS

    def commands(self) -> list[str]:
        """Its commands, each with the lines on which it goes on, without comments."""
        found: list[str] = []
        pending: list[str] = []
        for line in self.text.splitlines():
            pending.append(line)
            joined = "\n".join(pending)
            if _is_complete(joined):
                if _words(joined):
                    found.append(joined)
                pending = []
        return found + (["\n".join(pending)] if pending else [])


def _words(command: str) -> list[str]:
    return shlex.split(command, comments=True)


def _is_complete(text: str) -> bool:
    try:
        words = _words(text)
    except ValueError:  # an open quotation or a backslash at the end
        return False
    opened = sum(word in ("for", "until", "while", "{", "if") for word in words)
    closed = sum(word.rstrip(";") in ("done", "}", "fi") for word in words)
    return opened <= closed and (not words or words[-1] not in ("|", "&&", "||"))


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in their order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    found: list[Block] = []
    number = 0
    while number < len(lines):
        fence = re.fullmatch(r"( *)(`{3,}|~{3,})(\w*)", lines[number])
        if fence is None:
            number += 1
            continue
        indentation, marks, language = fence.groups()
        end = next(at for at in range(number + 1, len(lines)) if lines[at].strip() == marks)
        before = lines[number - 1].strip() if number else ""
        not_run, answers = NOT_RUN.fullmatch(before), ANSWERS.fullmatch(before)
        found.append(
            Block(
                page=page.name,
                language=language,
                line=number + 2,
                text="\n".join(line.removeprefix(indentation) for line in lines[number + 1 : end]),
                not_run=not_run["reason"] if not_run else None,
                instead=not_run["instead"] if not_run else None,
                answers=tuple(answers["statuses"].split()) if answers else (),
            )
        )
        number = end + 1
    return found


def shell_blocks(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.is_shell]


def script(page: Path, before: str = "") -> str:
    """What is run of a page: a command stands on the line that it has in the page, so that errors name it.

    Args:
        before: a command that makes what the page takes for granted.
    """
    lines = [""] * len(page.read_text(encoding="utf-8").splitlines())
    lines[0] = "; ".join(
        [
            "set -eEo pipefail",
            f"trap 'echo \"{page.name}, line $LINENO\" >&2' ERR",
            *([before] if before else []),
        ]
    )
    for block in shell_blocks(page):
        lines[block.line - 2] = f'export PAGE_ANSWERS="{" ".join(block.answers)}"'
        if block.not_run is None:
            lines[block.line - 1 : block.line - 1 + len(block.text.splitlines())] = block.text.splitlines()
        elif block.instead:
            lines[block.line - 1] = block.instead
    return "\n".join(lines) + "\n"


class ProjectCopy:
    """A copy of the project in a folder, with the virtual environment of the tests as its `.venv`.

    Args:
        folder: an empty one, for the copy and what is beside it.
        ready: what runs `flask`, `alembic` and `python app.py`; None: a Python of their own, as for a reader.
    """

    def __init__(self, folder: Path, ready: ReadyPython | None = None) -> None:
        self.folder = folder
        self.project = folder / PROJECT
        self.port = free_port()
        shutil.copytree(PROJECT_FOLDER, self.project, ignore=shutil.ignore_patterns(*LEFT_OUT))
        environment = self.project / ".venv"
        for there, here in ((Path(sys.prefix), environment), (Path(sys.prefix) / "bin", environment / "bin")):
            here.mkdir()
            for part in there.iterdir():
                if part.name != "bin":
                    (here / part.name).symlink_to(part)
        activate = environment / "bin" / "activate"
        text = re.sub(
            r"(?m)^( *)VIRTUAL_ENV=.*$", rf"\1VIRTUAL_ENV='{environment}'", activate.read_text(encoding="utf-8")
        )
        activate.unlink()  # the link: what it leads to stays
        activate.write_text(text, encoding="utf-8")
        if ready is not None:
            ready.put_into(environment / "bin")
        for stamp in (".ready", ".dev-ready"):
            (environment / stamp).unlink(missing_ok=True)
            (environment / stamp).touch()
        programs = folder / "programs"
        programs.mkdir()
        for name, text in (("curl", CURL), ("make", MAKE)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def environment(self, **settings: str) -> dict[str, str]:
        """What a reader's shell has, who has set none of our settings, and what our curl and make need."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER") if name in os.environ}
        path = [each for each in os.environ["PATH"].split(":") if not Path(each).is_relative_to(PROJECT_FOLDER)]
        path = [each for each in path if not Path(each).resolve().is_relative_to(Path(sys.prefix).resolve())]
        return {
            **kept,
            "PATH": ":".join([str(self.folder / "programs"), *path]),
            "REAL_CURL": shutil.which("curl") or "curl",
            "REAL_MAKE": shutil.which("make") or "make",
            "PAGE_FOLDER": str(self.folder),
            "PAGE_PORT": str(self.port),
            "PAGE_ANSWERS": "",
            "SPOOL_DIR": str(self.folder / "spool"),
            **settings,
        }

    def run(self, commands: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run commands in a shell in the copy; a service that they started runs on until `stop`."""
        file = self.folder / "commands.sh"
        file.write_text(commands, encoding="utf-8")
        output, errors = self.folder / "output", self.folder / "errors"  # no pipes: the service would keep them open
        with output.open("wb") as out, errors.open("wb") as err:
            done = subprocess.run(
                ["bash", str(file)],
                cwd=self.project,
                env=self.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=PATIENCE_SECONDS,
            )
        texts = (path.read_text(encoding="utf-8", errors="replace") for path in (output, errors))
        return subprocess.CompletedProcess(done.args, done.returncode, *texts)

    def service_log(self) -> str:
        log = self.folder / "service.log"
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def stop(self) -> None:
        """End the service of the page, if it has one: make, and the Python that it waits for."""
        with suppress(FileNotFoundError, ProcessLookupError):
            pid = int((self.folder / "service.pid").read_text())
            children = Path(f"/proc/{pid}/task/{pid}/children")
            processes = [*(int(child) for child in children.read_text().split()), pid]
            for each in processes:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGTERM)


@contextmanager
def project_copy(folder: Path, database: Path | None = None, ready: ReadyPython | None = None) -> Iterator[ProjectCopy]:
    """A copy of the project, removed at the end.

    Args:
        database: what the embedded database is a copy of; None: it is new.
        ready: see `ProjectCopy`.
    """
    copy = ProjectCopy(folder, ready)
    if database is not None:
        shutil.copy(database, copy.project / "techscreen.db")
    try:
        yield copy
    finally:
        copy.stop()
        shutil.rmtree(folder, ignore_errors=True)


def count(pages: Iterable[Path]) -> tuple[int, int]:
    """How many commands are run, and how many are not."""
    there = [block for page in pages for block in shell_blocks(page)]
    run = sum(len(block.commands()) for block in there if block.not_run is None)
    return run, sum(len(block.commands()) for block in there) - run
