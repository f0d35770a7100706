"""The folder in which the processes of one server share their counts. It must exist before `metrics.py` is imported.

Each start of a server (web or worker) makes a folder of its own, in the one named by PROMETHEUS_MULTIPROC_DIR or else
in the one for temporary files. All its processes hold a lock on it, which tells whether the folder is still in use, in
whichever machine or container they run. Folders that dead servers of the same kind have left are removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

# prometheus_client looks for it when it is loaded.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "techscreen-metrics-"
LOCK = "lock"
UNFINISHED = "new-"

# Folders of this start: the process that made each, and the open file that holds its lock, also in forked processes.
_held: dict[Path, tuple[int, int]] = {}


def share_counts(kind: str) -> None:
    """Let this process and its children share their counts, in a new folder that `forget_counts` removes.

    A second call, as when gunicorn reloads its settings, changes nothing.

    Args:
        kind: of this server. Folders of another kind are left alone, even those of dead processes.
    """
    given = Path(os.environ.get(FOLDER_VARIABLE, ""))
    if given in _held:
        return
    # A folder of another start, inherited through the environment.
    if given.name.startswith(PREFIX):
        given = given.parent
    around = given if given.name else Path(tempfile.gettempdir())
    around.mkdir(parents=True, exist_ok=True)
    for folder in around.glob(f"{PREFIX}{kind}-*"):
        _remove_if_dead(folder)
    os.environ[FOLDER_VARIABLE] = str(_new_folder(around, kind))


def forget_counts() -> None:
    """Remove the folder that this process made, at its end."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    maker, lock = _held.get(folder, (None, -1))
    if maker == os.getpid():
        del _held[folder]
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def shares_counts() -> bool:
    """Whether this process shares its counts with others."""
    return bool(os.environ.get(FOLDER_VARIABLE))


def forget_gauges_of_the_dead() -> None:
    """Remove the gauges of processes of this start that have ended. What they have counted stays."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    for file in folder.glob("gauge_live*_*.db") if folder in _held else ():
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not _is_alive(int(pid)):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _new_folder(around: Path, kind: str) -> Path:
    """A new folder, which appears under its name only when it is locked."""
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=around))
    lock = os.open(unfinished / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = unfinished.rename(around / f"{PREFIX}{kind}-{unfinished.name.removeprefix(UNFINISHED)}")
    _held[folder] = os.getpid(), lock
    return folder


def _remove_if_dead(folder: Path) -> None:
    """Remove a folder that is no longer in use. If that is unknown, it stays."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(lock)
