"""The build backend: `pip install .` and `pip wheel .` make the package `techscreen_service` and nothing beside it.

This repository comes in, by pyproject.toml; a wheel or a source distribution goes out. Setuptools builds it in a
temporary folder that holds the package as `python -m scripts.vendor` would copy it, so no name of our modules ends up
among those that all packages of an environment share.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools import build_meta

from scripts.vendoring.package import REPOSITORY, package_files

PACKAGE = "techscreen_service"
# What is installed only where it is asked for: `pip install ".[pdf]"`.
EXTRAS = ("pdf", "tracing")
# In requirements.in because its documented first steps end in a run of the tests; the service does not need them.
FOR_TESTS = ("pytest",)


def build_wheel(
    wheel_directory: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel. Returns the name of its file."""
    into = str(Path(wheel_directory).resolve())
    with _project():
        return str(build_meta.build_wheel(into, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    """Build the source distribution, of the package alone. Returns the name of its file."""
    into = str(Path(sdist_directory).resolve())
    with _project():
        return str(build_meta.build_sdist(into, config_settings))


def requirements(name: str = "requirements.in") -> list[str]:
    """What a file of requirements asks for, without its comments."""
    lines = (line.partition("#")[0].strip() for line in (REPOSITORY / name).read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("-", *FOR_TESTS))]


@contextlib.contextmanager
def _project() -> Iterator[None]:
    """Work in a temporary folder with a project whose only package is the service."""
    with tempfile.TemporaryDirectory(prefix="techscreen-wheel-") as name, contextlib.chdir(name):
        for path, text in package_files(PACKAGE).items():
            file = Path(PACKAGE) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
        Path("pyproject.toml").write_text(_description(), encoding="utf-8")
        yield


def _description() -> str:
    """The temporary project's pyproject.toml: this repository's, with what the package needs and holds."""
    ours = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    project = {name: value for name, value in ours.items() if name != "dynamic"}
    project["dependencies"] = requirements()
    extras = {extra: requirements(f"requirements-{extra}.in") for extra in EXTRAS}
    tables = {
        "build-system": {"requires": ["setuptools"], "build-backend": "setuptools.build_meta"},
        "project": project,
        "project.optional-dependencies": extras,
        "tool.setuptools": {"packages": _packages(), "include-package-data": False},
        "tool.setuptools.package-data": {"*": ["**/*"]},
    }
    # TOML writes strings, booleans and lists of strings as JSON does.
    return "\n".join(
        f"[{table}]\n" + "".join(f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in values.items())
        for table, values in tables.items()
    )


def _packages() -> list[str]:
    """The package and all its folders that hold modules, by their names for an import."""
    return sorted(".".join(file.parent.parts) for file in Path(PACKAGE).rglob("__init__.py"))
