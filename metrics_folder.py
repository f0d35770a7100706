"""The folder in which the processes of a node put their counts together. To be made before `metrics.py` is loaded."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

# prometheus_client looks for it when it is loaded.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "techscreen-metrics-"


def share_counts() -> None:
    """Let this process and those that it starts count together: in the folder that PROMETHEUS_MULTIPROC_DIR names,
    which is emptied of the counts of an earlier start, or else in a new one, for `forget_counts` to remove.

    Doing it again, as gunicorn does to read its settings anew, changes nothing.
    """
    given = Path(os.environ.get(FOLDER_VARIABLE, ""))
    if given.name.startswith(_own_prefix()):
        return
    # That of another process was inherited from it, and goes when it ends.
    if given.name and not given.name.startswith(PREFIX):
        given.mkdir(parents=True, exist_ok=True)
        for counts in given.glob("*.db"):
            counts.unlink()
    else:
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix=_own_prefix())


def forget_counts() -> None:
    """Remove the folder that this process made. For its end."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    if folder.name.startswith(_own_prefix()):
        shutil.rmtree(folder, ignore_errors=True)


def shares_counts() -> bool:
    """Whether this process counts together with others."""
    return bool(os.environ.get(FOLDER_VARIABLE))


def _own_prefix() -> str:
    return f"{PREFIX}{os.getpid()}-"
