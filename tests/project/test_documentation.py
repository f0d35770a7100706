"""What the README and the pages under docs/ tell a reader to type is run, and what cannot be run is at least there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app import create_app
from config import PROJECT_FOLDER
from techscreen.server.address import why_not
from tests.conftest import go_without, migrate, take_down, with_starter_library
from tests.support.documented_commands import (
    PAGES,
    PROJECT,
    Block,
    ProjectCopy,
    blocks,
    count,
    project_copy,
    script,
    shell_blocks,
)
from tests.support.fake_claude import FakeClaude
from tests.support.private_servers import quick_folder
from tests.support.ready_python import ReadyPython
from tests.support.webhook_receiver import Receiver, serving, settings_for

NAMED = {page.relative_to(PROJECT_FOLDER).as_posix(): page for page in PAGES}
RUN = [
    name for name, page in NAMED.items() if any(block.not_run is None or block.instead for block in shell_blocks(page))
]
# Pages whose examples follow upon the README's first call: an interview with the number 1 is there.
AFTER_THE_FIRST_CALL = {"docs/exports.md", "docs/security.md", "docs/question-cache.md"}
FIRST_CALL = (
    "curl -s http://localhost:5000/api/interview/workflow/full -H 'X-User-ID: anna' -H 'X-User-Role: admin'"
    " -H 'Content-Type: application/json' -d @samples/requisitions/backend-payments-engineer.json > /dev/null"
)
# Pages whose commands get a Python of their own, as for a reader. The first has every kind of command; the other's must
# not find our modules loaded under their own names.
AS_FOR_A_READER = {"README.md", "docs/integration.md"}
# Pages about what only Claude does.
WITH_CLAUDE = {"docs/question-cache.md"}

# Pages that say: set WEBHOOK_URL and WEBHOOK_SECRET first.
WITH_A_RECEIVER = {"docs/webhooks.md"}


@pytest.fixture(autouse=True, scope="session")
def _what_a_reader_has() -> None:
    for program in ("curl", "make"):
        if shutil.which(program) is None:
            go_without(program, program)
    if sys.prefix == sys.base_prefix:
        go_without("A virtual environment", ".venv", by="python3 -m venv")


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first `make run` makes, so that not every page has to wait for it."""
    file = tmp_path_factory.mktemp("documentation") / "techscreen.db"
    migrate(f"sqlite:///{file}")
    take_down(with_starter_library(create_app({"DATABASE_URL": f"sqlite:///{file}"})))
    return file


@pytest.fixture(scope="session")
def quick_place() -> Iterator[Path]:
    """Where no disk is waited for."""
    place = Path(tempfile.mkdtemp(prefix="techscreen-docs-", dir=quick_folder()))
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def folder(quick_place: Path) -> Iterator[Path]:
    """Every page has its copy of the project in the same place, one after another."""
    place = quick_place / "page"
    place.mkdir()
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def ready(quick_place: Path) -> Iterator[ReadyPython]:
    python = ReadyPython(quick_place / "page" / PROJECT, quick_place)
    yield python
    python.stop()


@pytest.mark.parametrize("name", RUN)
def test_the_commands_of_a_page_work_in_their_order(
    name: str, folder: Path, filled_database: Path, ready: ReadyPython, fake: FakeClaude
) -> None:
    page = NAMED[name]
    text = "\n".join(block.text for block in shell_blocks(page) if block.not_run is None)
    first = FIRST_CALL if name in AFTER_THE_FIRST_CALL else ""
    starts_itself = re.search(r"(?m)^(?:[A-Z_]+=(?:'[^']*'|\S+) )*make run\b", text)
    needs_a_service = "localhost:5000" in text + first
    before = "; ".join([*(["make run"] if needs_a_service and not starts_itself else []), *([first] if first else [])])
    settings = {"CLAUDE_API_KEY": "a-key", "CLAUDE_BASE_URL": fake.url} if name in WITH_CLAUDE else {}

    with (
        serving(Receiver()) as receiver,
        project_copy(
            folder,
            None if name == "README.md" else filled_database,
            None if name in AS_FOR_A_READER else ready,
        ) as copy,
    ):
        if name in WITH_A_RECEIVER:
            settings = {key: str(value) for key, value in settings_for(receiver.url).items()}
        done = copy.run(script(page, before), **settings)
        assert done.returncode == 0, f"{done.stderr[-3000:]}\n{done.stdout[-1000:]}\n{copy.service_log()[-2000:]}"
        assert "Traceback" not in done.stderr + copy.service_log()
        if name == "README.md":
            assert_the_service_and_the_doctor_agree(copy, done.stdout)


def assert_the_service_and_the_doctor_agree(copy: ProjectCopy, output: str) -> None:
    """`make run` without a key says where it serves and that it is offline; `make doctor` beside it sees the same."""
    log = copy.service_log()
    assert f"Pages:         http://localhost:{copy.port}/\n" in log
    assert f"Documentation: http://localhost:{copy.port}/api/interview/docs\n" in log
    offline = "CLAUDE_API_KEY is not set, so this is offline mode."
    assert offline in log
    assert f"settings    warning  {offline}" in output


@contextmanager
def answering_501(port: int) -> Iterator[None]:
    """A server that knows no method."""
    with ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_command_that_fails_and_an_error_that_is_not_announced_fail_their_page(folder: Path) -> None:
    page = folder / "page.md"
    copied = folder / "copied"
    copied.mkdir()

    def ends_with(command: str, before: str = "") -> str:
        page.write_text(f"# A page\n\n{before}\n```bash\necho begun\n{command}\necho ended\n```\n")
        done = copy.run(script(page))
        assert done.stdout.startswith("begun\n")
        return "well" if done.returncode == 0 and done.stdout.endswith("ended\n") else done.stderr

    missing = "curl -s http://localhost:5000/missing > answer"
    with project_copy(copied) as copy, answering_501(copy.port):
        assert ends_with("true") == "well"
        assert "page.md, line 6" in ends_with("false | cat")
        assert "page.md, line 6" in ends_with("there_is_no_such_program")
        assert "HTTP 501: curl -s http://localhost:5000/missing" in ends_with(missing)
        assert "HTTP 501" in ends_with(f"A=$({missing} | cat)", "<!-- answers: 404 -->")
        assert ends_with(missing, "<!-- answers: 404 501 -->") == "well"
        assert "HTTP 501" in ends_with("http() { curl -s http://localhost:5000/; }\nhttp > /dev/null")


def test_a_command_without_a_start_of_python_ends_like_one_with_it(
    folder: Path, filled_database: Path, ready: ReadyPython
) -> None:
    ends = {
        ".venv/bin/flask --app app nothing": "2",
        "PORT=none .venv/bin/python app.py": "2",
        ".venv/bin/alembic downgrade nowhere": "255",
        ".venv/bin/alembic current": "0",
        "echo We want a rockstar. | .venv/bin/flask --app app check -": "1",
        ".venv/bin/python -c 'raise SystemExit(7)'": "7",
        "make run": "0",
    }
    with project_copy(folder, filled_database, ready) as copy:
        done = copy.run("".join(f"{command}; echo = $?\n" for command in ends))
        assert re.findall(r"(?m)^= (\d+)$", done.stdout) == list(ends.values()), done.stderr
        assert "No such command 'nothing'" in done.stderr

        copy.stop()
        deadline = time.monotonic() + 30
        while why_not("127.0.0.1", copy.port) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert why_not("127.0.0.1", copy.port) is None


def every_shell_block() -> list[Block]:
    return [block for page in PAGES for block in shell_blocks(page)]


def test_every_command_is_a_shells_whether_it_is_run_or_not(tmp_path: Path) -> None:
    wrong = []
    for block in every_shell_block():
        file = tmp_path / "block.sh"
        file.write_text(block.text)
        checked = subprocess.run(["bash", "-n", str(file)], capture_output=True, text=True)
        if checked.returncode or checked.stderr:
            wrong.append(f"{block.page}, line {block.line}: {checked.stderr}")
    assert wrong == []


def test_what_is_not_run_says_why_just_before_it() -> None:
    run, not_run = count(PAGES)
    print(f"{run} commands of the documents are run, {not_run} are not.")
    assert run > not_run
    comments = [found for page in PAGES for found in re.findall(r"(?m)^ *<!-- (?:not run|answers)\b", page.read_text())]
    assert len(comments) == len([block for block in every_shell_block() if block.not_run or block.answers])


def test_an_error_that_a_command_brings_is_announced_to_its_reader() -> None:
    hidden = [
        f"{block.page}, line {block.line}: {status}"
        for block in every_shell_block()
        for status in block.answers
        if not re.search(rf"\b{status}\b", block.text)
    ]
    assert hidden == []


def test_what_commands_name_is_there() -> None:
    """Files, targets of make, and commands of flask: also in the text, and in blocks that are not run."""
    targets = set(re.findall(r"(?m)^([a-z-]+):", (PROJECT_FOLDER / "Makefile").read_text()))
    commands = create_app().cli
    missing = []
    for page in PAGES:
        text = page.read_text()
        code = "\n".join([*(block.text for block in shell_blocks(page)), *re.findall(r"`([^`\n]+)`", text)])
        code = re.sub(r"(?m)(?:^|\s)# .*$", "", code)
        missing += [f"{page.name}: make {name}" for name in named_targets(code) if name not in targets]
        for words in re.findall(r"flask --app app ((?:[a-z][a-z-]* ?)+)", code):
            command = commands
            for word in words.split():
                inner = getattr(command, "commands", None)
                if inner is None:
                    break  # what follows are arguments
                if word not in inner:
                    missing.append(f"{page.name}: flask {words}")
                    break
                command = inner[word]
        for file in re.findall(r"(?<![\w/.-])(?:(?:samples|deploy|scripts)/[\w./-]+|requirements[\w-]*\.txt)", code):
            if not (PROJECT_FOLDER / file.rstrip(".")).exists():
                missing.append(f"{page.name}: {file}")
    assert missing == []


def named_targets(code: str) -> list[str]:
    return re.findall(r"(?m)(?:^|[;&`] ?|[A-Z_]=\S+ )make ([a-z-]+)", code)


@pytest.mark.parametrize("page", PAGES, ids=NAMED)
def test_python_that_a_reader_may_copy_is_python(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, f"{block.page}:{block.line}", "exec")
