"""Tests about the project itself: documents, pins, layers and shipped files agree with the code."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

from flask import Flask

from app import create_app
from config import load_settings

FOLDER = Path(__file__).resolve().parent.parent
NOT_OF_THE_SERVICE = {"conftest", "demo", "gunicorn.conf", "test_services"}


def test_the_readme_names_exactly_the_endpoints() -> None:
    documented = set(re.findall(r"`(GET|POST) (/[^`\s]*)`", (FOLDER / "README.md").read_text()))

    def route(app: Flask) -> set[tuple[str, str]]:
        return {
            (method, re.sub(r"<\w+:", "<", rule.rule))
            for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) & {"GET", "POST"}
        }

    assert documented == route(create_app())


def test_the_layers_name_every_module() -> None:
    layers = tomllib.loads((FOLDER / "pyproject.toml").read_text())["tool"]["importlinter"]
    modules = {path.name.removesuffix(".py") for path in FOLDER.glob("*.py")} - NOT_OF_THE_SERVICE

    assert set(layers["root_packages"]) == modules
    assert {name for layer in layers["contracts"][0]["layers"] for name in layer.split(" | ")} == modules


def test_every_module_says_what_it_is_for() -> None:
    for path in FOLDER.glob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path.name


def test_every_requirement_is_pinned_and_no_address_is_named() -> None:
    for name in ("requirements.txt", "requirements-tracing.txt", "requirements-dev.txt"):
        for line in (FOLDER / name).read_text().splitlines():
            assert not line or line.startswith("#") or re.match(r"[a-z0-9-]+==[\w.]+( |$)", line), line


def test_every_direct_requirement_has_its_reason() -> None:
    for name in ("requirements.in", "requirements-tracing.in", "requirements-dev.in"):
        for line in (FOLDER / name).read_text().splitlines():
            assert line.startswith(("#", "-r")) or re.search(r"# \S", line), line


def test_gunicorn_lets_a_generation_finish() -> None:
    values: dict[str, object] = {}
    interval = sys.getswitchinterval()
    exec((FOLDER / "gunicorn.conf.py").read_text(), values)
    assert sys.getswitchinterval() == interval  # only a worker changes its own

    assert values["worker_class"] == "draining_worker.DrainingWorker"
    # Some are left for health checks and reading when all that may wait for Claude do.
    assert values["threads"] == load_settings().max_slow_requests + 32 == 992
    assert values["graceful_timeout"] == 330
    assert values["control_socket_disable"] is True


def test_the_image_is_not_run_as_root_and_is_watched() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text()

    assert "\nUSER techscreen\n" in dockerfile
    assert "\nHEALTHCHECK " in dockerfile
    assert '\nCMD ["gunicorn", "--bind", "0.0.0.0:5000", "app:create_app()"]' in dockerfile
