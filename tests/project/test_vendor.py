"""The service as a package of its own: copied into another project, updated there, and as a wheel."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from config import PROJECT_FOLDER
from scripts import vendor
from scripts.vendoring.copying import carry_out, plan_update
from scripts.vendoring.imports import UnsuitableImport, to_package, to_repository
from scripts.vendoring.package import EXPORTS, INIT, MANIFEST, RENAMED, package_files, repository_text
from scripts.vendoring.wheel import PACKAGE, requirements

OURS = {path.stem for path in PROJECT_FOLDER.glob("*.py")} | {"techscreen", "migrations", "scripts", "tests", "evals"}
HOST_MODULES = ("auth", "config", "errors", "models")


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    return package_files("interviews")


@pytest.fixture
def copy(tmp_path: Path, files: Mapping[str, bytes]) -> Path:
    """A copy of the service, as it is now."""
    target = tmp_path / "interviews"
    carry_out(target, plan_update(target, files))
    return target


# Rewriting


@pytest.mark.parametrize(
    ("path", "ours", "packaged"),
    [
        ("app.py", "from config import Settings\n", "from .config import Settings\n"),
        ("app.py", "import config\n", "from . import config\n"),
        ("techscreen/errors.py", "from models import db\n", "from ..models import db\n"),
        ("techscreen/web/sse.py", "from models import db  # why\n", "from ...models import db  # why\n"),
        ("techscreen/web/sse.py", "import models as m\n", "from ... import models as m\n"),
        ("techscreen/web/__init__.py", "import techscreen\n", "from ... import techscreen\n"),
        (
            "techscreen/web/sse.py",
            "from techscreen.web import (  # both\n    auth,\n    endpoint as e,\n)\n",
            "from ...techscreen.web import (  # both\n    auth,\n    endpoint as e,\n)\n",
        ),
        ("app.py", "from \\\n    models import db\n", "from \\\n    .models import db\n"),
        ("app.py", "if TYPE_CHECKING:\n    from models import db\n", "if TYPE_CHECKING:\n    from .models import db\n"),
        ("app.py", "def f():\n\tfrom models import db\n", "def f():\n\tfrom .models import db\n"),
        (
            "app.py",
            "'ü'; from models import db; import config\n",
            "'ü'; from .models import db; from . import config\n",
        ),
        (
            "app.py",
            "if x:\r\n    import config\r\nelse: pass\r\n",
            "if x:\r\n    from . import config\r\nelse: pass\r\n",
        ),
    ],
)
def test_an_import_of_ours_leads_to_the_top_of_the_package(path: str, ours: str, packaged: str) -> None:
    assert to_package(ours.encode(), path, OURS).decode() == packaged
    assert to_repository(packaged.encode(), path).decode() == ours


@pytest.mark.parametrize(
    "text",
    [
        "import os, flask\nfrom flask import config\nimport models_of_others\nfrom configparser import ConfigParser\n",
        'text = """\nfrom models import db\nimport config\n"""  # from models import db\n',
        "models = config = None\nmodels.db\nraise ValueError from config\n",
    ],
)
def test_nothing_else_is_touched(text: str) -> None:
    assert to_package(text.encode(), "techscreen/errors.py", OURS).decode() == text
    assert to_repository(text.encode(), "techscreen/errors.py").decode() == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import os, config\n", "app.py, line 1: write a statement for each import."),
        ("\nimport techscreen.web.auth\n", "app.py, line 2: write `from techscreen.web import auth`."),
        ("import techscreen.errors as e\n", "app.py, line 1: write `from techscreen import errors`."),
        ("from .models import db\n", "app.py, line 1: write the import with the full name of the module."),
    ],
)
def test_an_import_that_has_no_way_back_is_refused(text: str, words: str) -> None:
    with pytest.raises(UnsuitableImport, match=re.escape(words)):
        to_package(text.encode(), "app.py", OURS)


# What is in the package


def test_every_file_can_be_turned_back_into_ours(files: Mapping[str, bytes]) -> None:
    turned_back = [repository_text(path, text) for path, text in files.items() if path not in (INIT, MANIFEST)]

    assert [source for source, text in turned_back if (PROJECT_FOLDER / source).read_bytes() != text] == []
    assert files["app.py"] != (PROJECT_FOLDER / "app.py").read_bytes()


def test_all_that_the_service_runs_on_is_in_the_package_and_nothing_else(files: Mapping[str, bytes]) -> None:
    in_folders = {
        path.relative_to(PROJECT_FOLDER).as_posix()
        for folder in ("techscreen", "migrations")
        for path in (PROJECT_FOLDER / folder).rglob("*")
        if path.is_file() and {"__pycache__", "examples"}.isdisjoint(path.parts)
    }
    modules = {path.name for path in PROJECT_FOLDER.glob("*.py")} - {"conftest.py", "test_services.py"}

    assert set(files) == in_folders | (modules - set(RENAMED)) | set(RENAMED.values()) | {INIT, MANIFEST}


def test_no_module_of_the_package_imports_ours_by_a_name_at_the_top(files: Mapping[str, bytes]) -> None:
    assert [
        f"{path}: {name}"
        for path, text in files.items()
        if path.endswith(".py") and path != "migrations/env.py"
        for name in absolute_imports(ast.parse(text))
        if name.partition(".")[0] in OURS
    ] == []


def absolute_imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


# Where a text is the name of a module for whoever takes it.
TAKES_A_MODULE = {
    "files",
    "import_module",
    "__import__",
    "find_spec",
    "getLogger",
    "Blueprint",
    "Flask",
    "PackageLoader",
}


def test_no_text_in_the_service_names_a_module_of_ours(files: Mapping[str, bytes]) -> None:
    """Under another name it would not be found, and no rewriting of imports can see it."""
    assert [
        f"{path}:{node.lineno}: {node.value!r}"
        for path, text in files.items()
        if path.endswith(".py") and path != INIT
        for node in texts_for_modules(ast.parse(text))
    ] == []
    tree = ast.parse('files("techscreen.data"); x = "techscreen.errors:NotFound"; Flask("app"); y = "app"; z = "a b"')
    assert [node.value for node in texts_for_modules(tree)] == ["techscreen.errors:NotFound", "techscreen.data", "app"]


def texts_for_modules(tree: ast.AST) -> list[ast.Constant]:
    def constants(nodes: Iterator[ast.AST] | list[ast.expr]) -> Iterator[ast.Constant]:
        return (node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))

    found = {id(node): node for node in constants(ast.walk(tree)) if "." in node.value and leads_to_ours(node.value)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
            if name in TAKES_A_MODULE:
                found |= {id(node): node for node in constants(call.args) if leads_to_ours(node.value)}
    return list(found.values())


def leads_to_ours(text: str) -> bool:
    """Whether a text is the name of one of our modules, or of something in one."""
    if not re.fullmatch(r"\w+(\.\w+)*(:\w+(\(\))?)?", text):
        return False
    parts = text.partition(":")[0].split(".")
    places = [PROJECT_FOLDER.joinpath(*parts[: count + 1]) for count in range(len(parts))]
    files = [place.with_suffix(".py").is_file() for place in places]
    is_package = all((place / "__init__.py").is_file() for place in places)
    return any(files) or is_package


# Copying and updating


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = vendor.main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def test_a_copy_says_what_it_is_and_is_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "interviews"
    number = tomllib.loads((PROJECT_FOLDER / "pyproject.toml").read_text())["project"]["version"]

    code, out, _ = run(target, capsys=capsys)
    assert code == 0
    assert f"{target} has version {number}" in out
    assert "from interviews import db, init_app, interview_bp" in out
    header = ast.get_docstring(ast.parse((target / INIT).read_text())) or ""
    assert number in header
    assert json.loads((target / MANIFEST).read_text())["content"] in header
    assert "python -m scripts.vendor" in header

    assert run(target, capsys=capsys) == (0, f"{target} is version {number} already.\n", "")
    assert run("--check", target, capsys=capsys) == (0, "", f"Nothing was changed in {target}.\n")


def test_an_update_shows_local_changes_before_it_overwrites_them(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed, removed, own = copy / "models.py", copy / "prompts.py", copy / "techscreen" / "own.py"
    changed.write_text(changed.read_text() + "OURS = 1\n")
    removed.unlink()
    own.write_text("mine = True\n")

    code, out, err = run(copy, capsys=capsys)
    assert code == 1
    assert "--- interviews/models.py\n+++ interviews/models.py as it would be\n" in out
    assert "\n-OURS = 1\n" in out
    assert "--- /dev/null\n+++ interviews/prompts.py as it would be\n" in out
    assert "Nothing was written: 2 files" in err
    assert changed.read_text().endswith("OURS = 1\n")
    assert not removed.exists()

    code, out, _ = run("--overwrite-local-changes", copy, capsys=capsys)
    assert code == 0
    assert "-OURS = 1\n" in out
    assert "2 files written" in out
    assert not changed.read_text().endswith("OURS = 1\n")
    assert removed.exists()
    assert own.read_text() == "mine = True\n"


def test_changes_in_a_copy_come_back_as_a_patch_for_the_original(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = copy / "techscreen" / "errors.py"
    errors.write_text(errors.read_text() + "\n\nfrom ..models import db")
    gunicorn = copy / "gunicorn_conf.py"
    gunicorn.write_text(gunicorn.read_text().replace("QUICK_THREADS = 32", "QUICK_THREADS =\t16"))

    code, patch, _ = run("--check", copy, capsys=capsys)

    assert code == 1
    original = tmp_path / "original"
    for source in ("techscreen/errors.py", "gunicorn.conf.py"):
        (original / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT_FOLDER / source, original / source)
    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=original, check=True)
    assert (original / "techscreen/errors.py").read_text().endswith("\n\nfrom models import db")
    assert "QUICK_THREADS =\t16" in (original / "gunicorn.conf.py").read_text()


def test_line_ends_that_git_has_changed_are_no_change(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in copy.rglob("*"):
        if file.is_file() and file.suffix in (".py", ".txt", ".json", ".html"):
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    assert vendor.main(["--check", str(copy)]) == 0
    changed = copy / "config.py"
    changed.write_bytes(changed.read_bytes() + b"# ours\r\n")
    capsys.readouterr()
    assert vendor.main(["--check", str(copy)]) == 1
    patch = capsys.readouterr().out.splitlines()
    assert [line for line in patch if line.startswith(("+", "-"))] == ["--- a/config.py", "+++ b/config.py", "+# ours"]
    changed.write_bytes(changed.read_bytes().removesuffix(b"# ours\r\n"))
    assert vendor.main([str(copy)]) == 0
    assert b"\r" not in changed.read_bytes()


def test_a_folder_that_cannot_be_written_to_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "/host/interviews")

    monkeypatch.setattr(vendor, "carry_out", refuse)

    assert run(tmp_path / "interviews", capsys=capsys) == (2, "", "/host/interviews: Permission denied.\n")


def test_an_update_takes_away_what_the_service_no_longer_has(copy: Path, files: Mapping[str, bytes]) -> None:
    own = copy / "techscreen" / "data" / "own.txt"
    own.write_text("mine")
    newer = {path: text for path, text in files.items() if not path.startswith(("techscreen/data/", "migrations/"))}
    newer["techscreen/errors.py"] += b"# newer\n"
    newer[MANIFEST] = b"{}"

    plan = plan_update(copy, newer)
    assert set(plan.texts) == {"techscreen/errors.py", MANIFEST}
    assert plan.changed == ()
    carry_out(copy, plan)

    assert (copy / "techscreen/errors.py").read_bytes().endswith(b"# newer\n")
    assert [path.name for path in (copy / "techscreen/data").iterdir()] == ["own.txt"]
    assert not (copy / "migrations").exists()


def test_a_file_of_the_host_in_the_way_of_a_new_one_is_shown(copy: Path, files: Mapping[str, bytes]) -> None:
    (copy / "new.py").write_text("mine")

    assert plan_update(copy, {**files, "new.py": b"ours"}).changed == ("new.py",)


def test_an_interrupted_update_can_be_repeated(copy: Path, files: Mapping[str, bytes]) -> None:
    newer = {**files, "models.py": b"newer", "new.py": b"new", MANIFEST: b"{}"}
    (copy / "models.py").write_bytes(b"newer")
    (copy / "new.py").write_bytes(b"new")

    assert plan_update(copy, newer).changed == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2nd", "the folder's name must be a Python name"),
        ("class", "the folder's name must be a Python name"),
        ("my-interviews", "the folder's name must be a Python name"),
        ("nowhere/interviews", "is not a folder: make it first"),
        ("taken", "exists and is not a copy of this service"),
        ("file", "exists and is not a copy of this service"),
        (PROJECT_FOLDER / "copied", "is in this repository, or holds it"),
        (PROJECT_FOLDER.parent, "is in this repository, or holds it"),
    ],
)
def test_a_folder_that_cannot_be_a_copy_is_refused(
    name: str | Path, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "theirs.py").touch()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))

    code, out, err = run(tmp_path / name, capsys=capsys)

    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


# In a host app, and as an installed package


def serve(folder: Path, package: str, way: str, requisition: Any) -> Any:
    """What a program in a folder says about its use of the package, in a process that does not see this repository."""
    shutil.copy(PROJECT_FOLDER / "tests" / "support" / "host_of_a_copy.py", folder / "run.py")
    for name in HOST_MODULES:
        (folder / f"{name}.py").write_text('OWNER = "host"\n')
    (folder / ".env").write_text("FLASK_ENV=development\nCLAUDE_MODE=offline\n")
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    done = subprocess.run(
        [sys.executable, "run.py", package, way],
        input=json.dumps(requisition),
        text=True,
        cwd=folder,
        env={**kept, "SPOOL_DIR": str(folder / "spool")},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_all_is_served(told: Any) -> None:
    assert told["owners"] == ["host"] * len(HOST_MODULES)
    assert (OURS - {*HOST_MODULES}) & set(told["modules"]) == set()
    assert told["loaded_by_the_package_alone"] == []
    assert told["made"] == [200, 5]
    assert told["migrations"] == "ok"
    assert set(told["pages"].values()) | set(told["exports"].values()) == {200}
    assert told["documentation"] == 200
    assert "/api/interview/workflow/full" in told["paths"]
    assert told["has_labels"]
    assert told["has_samples"]


def test_a_copy_serves_the_whole_workflow_in_a_host_with_modules_and_tables_of_the_same_names(
    tmp_path: Path, files: Mapping[str, bytes], requisition: Any
) -> None:
    target = tmp_path / "vendor" / "interviews"
    target.parent.mkdir()
    carry_out(target, plan_update(target, files))
    before = contents(target)

    assert_all_is_served(serve(tmp_path, "vendor.interviews", "host", requisition))
    assert contents(target) == before


def contents(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "scripts.vendor", "--wheel", str(folder)]
    environment = {**os.environ, "PIP_NO_BUILD_ISOLATION": "0"}  # to pip that means: build with what is installed
    done = subprocess.run(command, cwd=PROJECT_FOLDER, check=True, env=environment, capture_output=True, text=True)
    (file,) = folder.iterdir()
    assert done.stdout == f"{file}\n"
    return file


def test_the_wheel_has_one_package_and_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith("/METADATA")]
        text = archive.read(metadata).decode()

    assert {name.partition("/")[0] for name in names} == {PACKAGE, metadata.partition("/")[0]}
    assert {name.partition("/")[2] for name in names if name.startswith(PACKAGE)} == set(package_files(PACKAGE))
    needed = re.findall(r"(?m)^Requires-Dist: ([\w-]+)[^;\n]*$", text)
    assert needed == [re.split(r"[^\w-]", line)[0] for line in requirements()]
    assert {"flask", "anthropic", "celery"} <= set(needed)
    assert not {"pytest", "pytest-cov"} & set(needed)
    assert re.findall(r"(?m)^Provides-Extra: (.+)$", text) == ["pdf", "tracing"]
    assert "Requires-Python: >=3.11" in text


def test_the_installed_package_serves_the_whole_workflow(wheel: Path, tmp_path: Path, requisition: Any) -> None:
    with zipfile.ZipFile(wheel) as archive:  # all that an installation does with a wheel without commands
        archive.extractall(tmp_path)
    before = contents(tmp_path / PACKAGE)

    assert_all_is_served(serve(tmp_path, PACKAGE, "alone", requisition))
    assert contents(tmp_path / PACKAGE) == before
    assert (tmp_path / "techscreen.db").is_file()  # where it was started, and not among installed packages


def test_the_repository_is_left_as_it_was_by_a_build(wheel: Path) -> None:
    assert not any((PROJECT_FOLDER / name).exists() for name in ("build", f"{wheel.name.split('-')[0]}.egg-info"))


def test_what_a_host_takes_is_where_the_package_says(files: Mapping[str, bytes]) -> None:
    for name, module in EXPORTS.items():
        place = module[1:].replace(".", "/")
        text = files.get(f"{place}.py", files.get(f"{place}/{INIT}", b"")).decode()
        assert re.search(rf"(?m)^(from .* import .*\b{name}\b|(?:def|class) {name}\b|{name}\b.* = )", text), name
