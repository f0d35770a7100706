"""A spool: a folder of waiting texts, each in a small file of its own, shared by all processes of a host.

Texts come in; files go out in the same order, each to one process at a time. A folder or file that another account
could have put there is never trusted.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

MAX_FILES = 10_000
# Seconds after which a rejected or half-written file is removed.
LEFTOVERS_KEPT = 30 * 24 * 3600


class Spool:
    """The files of one owner in a folder that others may share.

    Args:
        prefix: how the names of this owner's files begin. All others are left alone.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        self.folder = folder
        self.prefix = prefix
        self._logged: set[str] = set()

    def warn_if_unusable(self) -> None:
        """Log at start-up what would otherwise only show in an outage."""
        try:
            if self.folder.exists() or self.folder.is_symlink():
                self._check_folder()
            nearest = next(path for path in (self.folder, *self.folder.parents) if path.exists())
            if not os.access(nearest, os.W_OK | os.X_OK):
                raise PermissionError(None, f"Nothing can be written in {nearest}.")
        except OSError as error:
            self.log_once(str(self.folder), error)

    def add(self, text: str) -> None:
        """Write a text to a new file, which others see only once it is complete.

        Raises:
            OSError: if the folder is full, is not to be trusted or cannot be written to.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if len(self._files()) >= MAX_FILES:
            raise OSError(None, f"{self.folder} holds {MAX_FILES} of them already.")
        # Names sort in the order of writing.
        name = f"{self.prefix}-{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        unfinished = self.folder / f"{name}.unfinished"
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self.folder / f"{name}.json")

    def files(self) -> list[Path]:
        """The files, oldest first; none if there is no folder, or if others could have put files into it."""
        try:
            return self._files()
        except FileNotFoundError:
            return []
        except OSError as error:
            self.log_once(str(self.folder), error)
            return []

    def log_once(self, name: str, error: BaseException | None) -> None:
        """Log what is wrong with a file or the folder, once and not at every heartbeat."""
        if name not in self._logged:
            self._logged.add(name)
            reason = getattr(error, "strerror", None) or getattr(error, "orig", None) or error
            logger.warning("outstanding writes: %s: %s", name, reason, extra={"event": "spool_unusable"})

    def _check_folder(self) -> None:
        """Refuse a folder where others could read what waits, or add a file and so have any write made."""
        found = self.folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise PermissionError(None, f"{self.folder} must belong to this account, and only it may write there.")

    def _files(self) -> list[Path]:
        self._check_folder()
        ours = [self.folder / name for name in sorted(os.listdir(self.folder)) if name.startswith(self.prefix)]
        for file in ours:
            if file.suffix in (".unfinished", ".rejected"):
                _remove_if_old(file)
        return [file for file in ours if file.suffix == ".json"]


@contextlib.contextmanager
def locked(file: Path) -> Iterator[bytes | None]:
    """The text of a file, locked for this process; None if another process has locked or handled it.

    Raises:
        OSError: if it cannot be read, or belongs to another account.
    """
    with contextlib.ExitStack() as stack:
        text = None
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            opened = stack.enter_context(open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb"))
            if os.fstat(opened.fileno()).st_uid != os.getuid():
                raise PermissionError(None, "It does not belong to this account.")
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            text = opened.read() if file.exists() else None
        yield text


def reject(file: Path) -> None:
    """Set aside a file that cannot be used, for an operator to look at."""
    file.rename(file.with_suffix(".rejected"))


def _remove_if_old(file: Path) -> None:
    with contextlib.suppress(OSError):
        if time.time() - file.lstat().st_ctime > LEFTOVERS_KEPT:
            file.unlink()
