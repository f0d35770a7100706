"""What the service is as a package: the modules that it runs on, its data, its migrations, and its `__init__`.

This repository comes in; texts by their paths in the package go out. Nothing is written here.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from scripts.vendoring.imports import imported, to_package, to_repository

# Not from config.py: copying the service and building its wheel need Python alone, and nothing that it runs on.
REPOSITORY = Path(__file__).resolve().parent.parent.parent
# Whoever starts one of these, or takes in what the last one has, needs the modules that they import.
ENTRIES = ("app.py", "celery_app.py", "gunicorn.conf.py", "interview_routes.py")
# Files that are named otherwise in a package: a module's name has no dots.
RENAMED = {name: f"{name.removesuffix('.py').replace('.', '_')}.py" for name in ("gunicorn.conf.py",)}
FOLDERS = ("techscreen", "migrations")
# What Alembic loads by its path, where there is no package.
LOADED_BY_PATH = "migrations/"
# The service runs on the weights that were learnt from these.
LEFT_OUT = ("techscreen/checks/examples/",)
# Whatever else lies in the folders, it may be a secret or a dump.
KINDS = {".bin", ".css", ".html", ".js", ".json", ".jsonl", ".mako", ".md", ".png", ".py", ".svg", ".txt"}
INIT = "__init__.py"
# Says what was written, so that an update knows its own files and what was changed in them.
MANIFEST = "vendored.json"

_INIT_TEXT = Template('''\
"""TechScreen Interview Generation System $version as a package of its own. A copy: change the original instead.

To update it, run `python -m scripts.vendor` with this folder in the repository of the service; it shows what was
changed here before it overwrites anything. In a host app:

    from $name import db, init_app, interview_bp

Content $content.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
$imports

__version__ = "$version"
__all__ = [
$names
]

_MODULES = {
$modules
}


def __getattr__(name: str) -> Any:
    """Load a part when it is asked for: a worker's entry has to prepare its process before the service is loaded."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
''')
# What a host app takes from the package, and the modules that have it.
EXPORTS = {
    "Caller": ".techscreen.web.auth",
    "create_app": ".app",
    "db": ".models",
    "documentation_bp": ".techscreen.web.documentation_routes",
    "init_app": ".techscreen.web.host",
    "interview_bp": ".interview_routes",
    "leave_ours_out": ".techscreen.storage.table_names",
    "operations_bp": ".techscreen.web.operations_routes",
    "render_ours": ".techscreen.storage.table_names",
    "workbench_bp": ".techscreen.workbench",
}


def version() -> str:
    """The version of the project."""
    number: str = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return number


def package_files(name: str) -> dict[str, bytes]:
    """All files of the package, by their paths from its top.

    Args:
        name: by which its users import it. Only the example in its docstring depends on it.

    Raises:
        UnsuitableImport: if a module has an import that cannot be rewritten.
    """
    modules = _names_at_the_top()
    files = {_path(source): _in_package(source, modules) for source in sorted(_sources(modules))}
    content = digest(b"".join(digest(files[path]).encode() for path in sorted(files)))
    files[INIT] = _INIT_TEXT.substitute(
        name=name,
        version=version(),
        content=content,
        imports="\n".join(f"    from {module} import {part}" for part, module in _by_module()),
        names="\n".join(f'    "{part}",' for part in EXPORTS),
        modules="\n".join(f'    "{part}": "{module}",' for part, module in EXPORTS.items()),
    ).encode()
    files[MANIFEST] = manifest(files, content)
    return files


def manifest(files: Mapping[str, bytes], content: str) -> bytes:
    """What `MANIFEST` says about the files beside it."""
    digests = {path: digest(text) for path, text in sorted(files.items())}
    return (json.dumps({"version": version(), "content": content, "files": digests}, indent=1) + "\n").encode()


def digest(text: bytes) -> str:
    """A hash of a file's text. Git may have changed its line ends, which is no change of the text."""
    return hashlib.sha256(plain(text)).hexdigest()


def plain(text: bytes) -> bytes:
    """The text with the line ends of this repository; what has a NUL is no text, as Git sees it too."""
    return text if b"\0" in text else text.replace(b"\r\n", b"\n")


def repository_text(path: str, text: bytes) -> tuple[str, bytes]:
    """Where a file of the package is in this repository, and how its text stands there."""
    source = {renamed: name for name, renamed in RENAMED.items()}.get(path, path)
    text = plain(text)
    return source, to_repository(text, path) if _is_rewritten(path) else text


def _by_module() -> list[tuple[str, str]]:
    """Exports in the order in which imports are written."""
    return sorted(EXPORTS.items(), key=lambda item: item[1])


def _path(source: str) -> str:
    return RENAMED.get(source, source)


def _in_package(source: str, modules: set[str]) -> bytes:
    text = (REPOSITORY / source).read_bytes()
    return to_package(text, source, modules) if _is_rewritten(source) else text


def _is_rewritten(path: str) -> bool:
    return path.endswith(".py") and not path.startswith(LOADED_BY_PATH)


def _names_at_the_top() -> set[str]:
    """Our modules and packages, by the names under which they are imported in this repository."""
    modules = {path.stem for path in REPOSITORY.glob("*.py") if path.stem.isidentifier()}
    return modules | {path.parent.name for path in REPOSITORY.glob("*/__init__.py")}


def _sources(modules: set[str]) -> set[str]:
    """The files of this repository that the service needs at run time."""
    in_folders = {source for folder in FOLDERS for source in _files_in(folder)}
    found: set[str] = set()
    todo = {*ENTRIES, *in_folders}
    while todo:
        source = todo.pop()
        found.add(source)
        if source.endswith(".py"):
            named = imported((REPOSITORY / source).read_bytes(), modules)
            todo |= {f"{name}.py" for name in named if (REPOSITORY / f"{name}.py").is_file()} - found
    return found


def _files_in(folder: str) -> Iterator[str]:
    for file in (REPOSITORY / folder).rglob("*"):
        path = file.relative_to(REPOSITORY).as_posix()
        hidden = any(part.startswith((".", "__pycache__")) for part in path.split("/"))
        is_ours = file.suffix in KINDS or file.name.endswith("LICENSE")
        if file.is_file() and is_ours and not hidden and not path.startswith(LEFT_OUT):
            yield path
