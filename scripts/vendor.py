"""Copies the service into another project as a package of its own, updates such a copy, and builds the wheel.

    python -m scripts.vendor ../host/interviews             copy it, or update the copy
    python -m scripts.vendor --check ../host/interviews     what was changed in the copy, as a patch for this repository
    python -m scripts.vendor --wheel dist                   build the wheel, which has the package `techscreen_service`

Exit code 0: done, or no difference; 1: the copy has changes of its own; 2: no copy can be made.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts.vendoring.copying import (
    UnusableTarget,
    carry_out,
    changes_for_the_repository,
    differences,
    is_copy,
    plan_update,
    usable_target,
)
from scripts.vendoring.imports import UnsuitableImport
from scripts.vendoring.package import REPOSITORY, package_files, version


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code of the process."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.wheel:
            return _build_wheel(Path(asked.target))
        target = usable_target(asked.target)
        return _check(target) if asked.check else _copy(target, overwrite=asked.overwrite_local_changes)
    except (UnusableTarget, UnsuitableImport) as error:
        _say(str(error), err=True)
        return 2
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}.", err=True)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.vendor", description="The service as a package of its own."
    )
    parser.add_argument("target", help="the package's folder in another project; with --wheel, where the wheel goes")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="write nothing; print what was changed in a copy, as a patch"
    )
    what.add_argument("--overwrite-local-changes", action="store_true", help="update a copy even if that loses changes")
    what.add_argument("--wheel", action="store_true", help="build the wheel, which has the package techscreen_service")
    return parser


def _copy(target: Path, *, overwrite: bool) -> int:
    plan = plan_update(target, package_files(target.name))
    is_update = is_copy(target)
    if plan.changed:
        _print(differences(target, plan))
        if not overwrite:
            _say(
                f"Nothing was written: {_files(len(plan.changed))} of {target} would lose what was changed there."
                " Bring the changes into the original (--check prints them as a patch for it), or give"
                " --overwrite-local-changes.",
                err=True,
            )
            return 1
    carry_out(target, plan)
    if is_update and plan.is_empty:
        _say(f"{target} is version {version()} already.")
    elif is_update:
        removed = f", {_files(len(plan.stale))} removed" if plan.stale else ""
        _say(f"{target} is now version {version()}: {_files(len(plan.texts))} written{removed}.")
    else:
        _say(f"{target} has version {version()}: {_files(len(plan.texts))} written.")
        _say(f"In the host app: from {target.name} import db, init_app, interview_bp")
    return 0


def _check(target: Path) -> int:
    if not is_copy(target):
        raise UnusableTarget(f"{target} is not a copy of this service.")
    lines = list(changes_for_the_repository(target))
    if not lines:
        _say(f"Nothing was changed in {target}.", err=True)  # the output is a patch
        return 0
    _print(lines)
    return 1


def _build_wheel(folder: Path) -> int:
    """Have pip build it, which fetches the setuptools that pyproject.toml asks for: an environment may have none."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    with tempfile.TemporaryDirectory(prefix="techscreen-wheel-") as built:
        code = subprocess.run([*pip, "--wheel-dir", built, str(REPOSITORY)]).returncode  # noqa: S603
        if code != 0:
            _say("pip could not build the wheel: it says why above.", err=True)
            return 2
        folder.mkdir(parents=True, exist_ok=True)
        (file,) = Path(built).iterdir()
        shutil.copy(file, folder)
    _say(str(folder / file.name))
    return 0


def _print(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines as they are, since in a patch an escaped tab would not apply."""
    stream = sys.stderr if err else sys.stdout
    stream.writelines(f"{line}\n" for line in lines)
    stream.flush()


def _say(sentence: str, *, err: bool = False) -> None:
    _print([sentence], err=err)


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


if __name__ == "__main__":
    sys.exit(main())
