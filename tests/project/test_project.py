"""Tests about the project itself: documents, pins, layers and shipped files agree with the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from typing import NamedTuple

import pytest
from flask import Flask
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app import create_app
from config import PROJECT_FOLDER
from techscreen.web.openapi import openapi_document

FOLDER = PROJECT_FOLDER


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def test_the_tables_name_exactly_the_endpoints() -> None:
    tables = [(FOLDER / name).read_text() for name in ("README.md", "docs/api.md", "docs/editing.md")]
    documented = {
        found for text in tables for found in re.findall(rf"^\| `({'|'.join(METHODS)}) (/[^`\s]*)`", text, re.MULTILINE)
    }

    def route(app: Flask) -> set[tuple[str, str]]:
        return {
            (method, re.sub(r"<\w+:", "<", rule.rule))
            for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) & set(METHODS)
        }

    assert documented == route(create_app())


def test_the_api_page_explains_every_code() -> None:
    codes = openapi_document(create_app())["components"]["schemas"]["ErrorAnswer"]["properties"]["code"]["enum"]
    explained = set(re.findall(r"`([a-z_]+)`", (FOLDER / "docs/api.md").read_text().split("## Errors")[1]))
    assert set(codes) <= explained


DOCUMENTS = [FOLDER / "README.md", *sorted((FOLDER / "docs").glob("*.md"))]


def test_a_new_user_reads_the_readme_in_five_minutes() -> None:
    assert len((FOLDER / "README.md").read_text().splitlines()) <= 250


def test_the_documents_name_only_files_and_headings_that_exist() -> None:
    missing = set()
    for document in DOCUMENTS:
        text = re.sub(r"<!-- .*? -->", "", document.read_text())  # what no reader sees
        for path in re.findall(
            r"[\w./-]+\.py\b|(?<![\w/.])(?:techscreen|tests|deploy|samples|benchmarks)/[\w./-]+", text
        ):
            if not (FOLDER / path).exists():
                missing.add(f"{document.name}: {path}")
        for path, heading in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", text):
            target = document.parent / path if path else document
            if not target.is_file() or (heading and heading not in anchors(target.read_text())):
                missing.add(f"{document.name}: {path}#{heading}")

    assert not missing


def anchors(text: str) -> set[str]:
    """What a link to a heading ends in, as Git hosts write it."""
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_architecture_page_shows_every_room() -> None:
    picture = (FOLDER / "docs/architecture.md").read_text().partition("## The rooms")[2].partition("\n## ")[0]
    rooms = {path.parent.name for path in (FOLDER / "techscreen").glob("*/__init__.py")}
    assert rooms <= set(re.findall(r"[a-z_]+", picture))


def test_every_file_that_code_and_data_name_exists() -> None:
    folders = [
        FOLDER / name for name in ("techscreen", "migrations", "scripts", "benchmarks", "evals", "deploy", "tests")
    ]
    files = [*FOLDER.glob("*.*"), *(file for folder in folders for file in folder.rglob("*.*"))]
    there = [file.relative_to(FOLDER).as_posix() for file in files if file.is_file() and file.suffix != ".pyc"]
    named = {
        (path, name)
        for path in there
        if not path.startswith("tests/") and path.endswith((".py", ".txt", ".md", ".conf", ".yml", ".service"))
        for name in re.findall(r"(?<![\w/.*<-])(?:[\w-]+/)*[\w-]+(?:\.conf)?\.py\b", (FOLDER / path).read_text())
    }
    missing = [pair for pair in sorted(named) if not any(f"/{file}".endswith(f"/{pair[1]}") for file in there)]
    assert len(named) > 50
    assert missing == []


def test_every_module_says_what_it_is_for() -> None:
    for path in (*FOLDER.glob("*.py"), *(FOLDER / "techscreen").rglob("*.py")):
        assert ast.get_docstring(ast.parse(path.read_text())), path.name


# What stands at the top, from the entries down, and the highest room that each may import. import-linter sees packages
# only, so these are held here.
TOP = {
    "conftest": None,
    "celery_app": "cli",
    "app": "cli",
    "interview_routes": "cli",  # it has the commands too, for a host app
    "workflow_service": "generation",
    "interview_generation_service": "generation",
    "jd_enhancement_service": "generation",
    "claude_client": "claude",
    "prompts": "checks",
    "models": "storage",  # what its tables and its `db` are made of; the rest of that room stands on them
    "config": "errors",
}
BESIDE = {"gunicorn.conf", "test_services"}


def test_the_top_shows_the_product_and_its_imports_go_downward() -> None:
    assert {path.name.removesuffix(".py") for path in FOLDER.glob("*.py")} == {*TOP, *BESIDE}
    contract = tomllib.loads((FOLDER / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    floors = [floor.split(" | ") for floor in contract["layers"]]
    for place, (module, highest) in enumerate(TOP.items()):
        tree = ast.parse((FOLDER / f"{module}.py").read_text())
        froms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        assert not (froms | plain) & {*[*TOP][: place + 1], *BESIDE}, module
        rooms = {name.split(".")[1] for name in froms | plain if name.startswith("techscreen.")}
        above = [floor for floor in floors if highest in floor]
        allowed = {room for floor in floors[floors.index(above[0]) :] for room in floor} if above else set()
        assert rooms <= allowed, module


def test_the_readme_tells_a_host_to_copy_all_but_the_entries() -> None:
    section = (FOLDER / "README.md").read_text().partition("## In an existing Flask app")[2].partition("```")[0]
    assert set(re.findall(r"`(\w+)\.py`", section)) == set(TOP) - {"conftest", "celery_app", "app"}


LOCKS = ("requirements.txt", "requirements-tracing.txt", "requirements-dev.txt")


PIN = re.compile(r"([a-z0-9-]+)(?:\[([a-z,]+)\])?==([\w.]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")
MACHINES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.2",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_python_implementation": "CPython",
    }
    for python in ("3.11", "3.12", "3.13", "3.14")
    for machine in ("x86_64", "aarch64")
]


class Pin(NamedTuple):
    """A line of a lock: how many files are known by their hash."""

    extras: frozenset[str]
    version: str
    files: int


def locked(name: str) -> dict[str, Pin]:
    """The packages of a lock, which must hold nothing else."""
    text = re.sub(r"(?m)^ *#.*\n?", "", (FOLDER / name).read_text())
    rest = PIN.sub("", text).strip()
    assert not rest, f"{name} has more than pins with hashes: {rest[:200]}"
    return {
        package: Pin(frozenset(filter(None, extras.split(","))), version, hashes.count("sha256:"))
        for package, extras, version, hashes in PIN.findall(text)
    }


def test_every_requirement_is_pinned_with_hashes_and_no_address_is_named() -> None:
    service, tracing, development = (locked(name) for name in LOCKS)

    # One lock says the same as the next about what both name, so what is tested is what is installed.
    assert service.items() <= tracing.items() <= development.items()
    # A lock that was made of one machine's files has one hash of each; these have wheels for many machines.
    for compiled in ("aiohttp", "cffi", "cryptography", "jiter", "pydantic-core", "sqlalchemy", "yarl"):
        assert service[compiled].files > 10, compiled


def test_the_locks_have_all_that_their_packages_need_on_every_machine() -> None:
    """With hashes, pip installs nothing that is not in the lock, and no extra that its pin does not name."""
    missing = set()
    # With requirements.txt alone, those of development are not here to be asked.
    here = {
        canonicalize_name(distribution.name): distribution.requires or [] for distribution in metadata.distributions()
    }
    for name in LOCKS:
        pins = locked(name)
        for package, pin in pins.items():
            for line in here.get(canonicalize_name(package), []):
                needed = Requirement(line)
                environments = [{**machine, "extra": extra} for machine in MACHINES for extra in ("", *pin.extras)]
                if needed.marker is None or any(map(needed.marker.evaluate, environments)):
                    there = pins.get(canonicalize_name(needed.name))
                    if there is None or not needed.extras <= there.extras:
                        missing.add(f"{name}: {line}, for {package}")

    assert not missing


def test_whatever_installs_a_lock_insists_on_its_hashes() -> None:
    for name in ("Makefile", "Dockerfile"):
        for line in re.findall(r".*pip install.*", (FOLDER / name).read_text()):
            assert "--require-hashes -r requirements" in line, line


def test_every_direct_requirement_has_its_reason() -> None:
    for name in ("requirements.in", "requirements-tracing.in", "requirements-dev.in"):
        for line in (FOLDER / name).read_text().splitlines():
            assert line.startswith(("#", "-r", "-c")) or re.search(r"# \S", line), line


def test_gunicorn_lets_a_generation_finish() -> None:
    values: dict[str, object] = {}
    interval = sys.getswitchinterval()
    exec((FOLDER / "gunicorn.conf.py").read_text(), values)
    assert sys.getswitchinterval() == interval  # only a worker changes its own

    assert values["worker_class"] == "techscreen.server.draining_worker.DrainingWorker"
    # Some are left for health checks and reading when all that may wait for Claude do.
    assert values["threads"] == 960 + 200 + 32
    assert values["graceful_timeout"] == 330
    assert values["control_socket_disable"] is True


def test_the_image_is_not_run_as_root_and_is_watched() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()

    assert "\nUSER techscreen\n" in dockerfile
    assert "\nHEALTHCHECK " in dockerfile
    assert '\nCMD ["gunicorn", "app:create_app()"]' in dockerfile
    assert " HOST=0.0.0.0 PORT=5000\n" in dockerfile  # where gunicorn.conf.py binds to


@pytest.mark.parametrize(
    ("settings", "is_loaded"), [({"CLAUDE_MODE": "offline"}, False), ({"CLAUDE_API_KEY": "k"}, True)]
)
def test_who_does_not_ask_claude_does_not_load_its_sdk(settings: dict[str, str], is_loaded: bool) -> None:
    script = (
        f"import sys, app; app.create_app({settings!r}); print('anthropic' in sys.modules, 'alembic' in sys.modules)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=True
    )

    assert ended.stdout.split() == [str(is_loaded), "False"]
