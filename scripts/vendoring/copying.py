"""Writes the package into a folder of another project, and sees what has been changed there since.

The package's files come in; a copy and the differences go out. Nothing is overwritten or removed that the copy's own
manifest does not name, unless the caller says so.
"""

from __future__ import annotations

import difflib
import json
import keyword
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.vendoring.package import INIT, MANIFEST, REPOSITORY, digest, repository_text


class UnusableTarget(Exception):
    """A folder that no copy can be written to; the message says why."""


@dataclass(frozen=True)
class Plan:
    """What an update would do, by paths in the package.

    Attributes:
        texts: files to write.
        stale: files of the copy that the package no longer has.
        changed: files that are neither as they were copied nor as they would be written, and so would lose something.
    """

    texts: Mapping[str, bytes] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the copy is what it would become."""
        return not self.texts and not self.stale


def usable_target(given: str) -> Path:
    """The folder for a copy.

    Raises:
        UnusableTarget: if it cannot be one.
    """
    target = Path(given).expanduser().resolve()
    name = target.name
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UnusableTarget(f"{name!r} cannot be imported: the folder's name must be a Python name.")
    if target.is_relative_to(REPOSITORY) or REPOSITORY.is_relative_to(target):
        raise UnusableTarget(f"{target} is in this repository, or holds it: name a folder of another project.")
    if not target.parent.is_dir():
        raise UnusableTarget(f"{target.parent} is not a folder: make it first.")
    if target.exists() and not is_copy(target) and not _is_empty_folder(target):
        raise UnusableTarget(f"{target} exists and is not a copy of this service: name another folder.")
    return target


def is_copy(target: Path) -> bool:
    """Whether a folder is a copy of the service."""
    return bool(_copied(target))


def plan_update(target: Path, files: Mapping[str, bytes]) -> Plan:
    """What has to be done so that a folder holds these files, and what would be lost by it."""
    copied = _copied(target)
    texts = {path: text for path, text in files.items() if _text(target, path) != text}
    stale = tuple(path for path in copied if path not in files and _text(target, path) is not None)
    lost = [path for path in (*texts, *stale) if path != MANIFEST and _is_changed(target, path, copied)]
    return Plan(texts, stale, tuple(sorted(lost)))


def carry_out(target: Path, plan: Plan) -> None:
    """Write and remove what is planned. A new copy appears as a whole; in an update the manifest comes last."""
    if not is_copy(target):
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
            built = Path(folder) / target.name
            _write(built, plan.texts)
            built.rename(target)
        return
    _write(target, plan.texts)
    for path in plan.stale:
        (target / path).unlink()
        _remove_empty(target, (target / path).parent)


def differences(target: Path, plan: Plan) -> Iterator[str]:
    """Lines of a unified diff for each changed file: from how it is to how an update would leave it."""
    for path in plan.changed:
        new = plan.texts.get(path)
        yield from _diff(_text(target, path), new, f"{target.name}/{path}", f"{target.name}/{path} as it would be")


def changes_for_the_repository(target: Path) -> Iterator[str]:
    """Lines of a unified diff that would bring into this repository what was changed in the copy.

    Its imports are turned back. Files that are made for a package alone, and the host's own, are left out.
    """
    copied = _copied(target)
    for path in sorted(copied.keys() - {INIT, MANIFEST}):
        if not _is_changed(target, path, copied):
            continue
        text = _text(target, path)
        try:
            source, there = repository_text(path, text or b"")
        except SyntaxError as error:
            yield f"{target.name}/{path}, line {error.lineno}: cannot be read as Python."
            continue
        file = REPOSITORY / source
        here = file.read_bytes() if file.is_file() else None
        yield from _diff(here, None if text is None else there, f"a/{source}", f"b/{source}")


def _copied(target: Path) -> dict[str, str]:
    """The files that were written to a folder, with their digests; none if it is no copy."""
    try:
        files = dict(json.loads((target / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    # A manifest that somebody has changed must not lead out of the folder.
    return {path: value for path, value in files.items() if (target / path).resolve().is_relative_to(target)}


def _is_changed(target: Path, path: str, copied: Mapping[str, str]) -> bool:
    """Whether a file has been changed or removed since it was copied, or was never ours."""
    text = _text(target, path)
    if text is None:
        return path in copied
    return copied.get(path) != digest(text)


def _text(target: Path, path: str) -> bytes | None:
    file = target / path
    return file.read_bytes() if file.is_file() else None


def _is_empty_folder(target: Path) -> bool:
    return target.is_dir() and not any(target.iterdir())


def _write(target: Path, texts: Mapping[str, bytes]) -> None:
    for path in sorted(texts, key=lambda each: each == MANIFEST):
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(texts[path])


def _remove_empty(target: Path, folder: Path) -> None:
    """Remove a folder that nothing is left in, and those around it, up to the copy's own."""
    while folder != target and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _diff(old: bytes | None, new: bytes | None, old_name: str, new_name: str) -> Iterator[str]:
    if old == new:
        return
    try:
        before, after = _lines(old or b""), _lines(new or b"")
    except UnicodeDecodeError:
        yield f"Binary files {old_name} and {new_name} differ"
        return
    nowhere = "/dev/null"
    names = nowhere if old is None else old_name, nowhere if new is None else new_name
    yield from difflib.unified_diff(before, after, names[0], names[1], lineterm="")


def _lines(text: bytes) -> list[str]:
    """The lines of a text; the last says so if no line break ends it, as `patch` wants it."""
    *lines, rest = text.decode().split("\n")
    return [*lines, f"{rest}\n\\ No newline at end of file"] if rest else lines
