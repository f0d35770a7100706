"""Which processes of the service are alive, so that what a dead one left behind can be taken up.

Each process has a row with a heartbeat, and names itself in whatever it begins: audit rows, reserved questions, jobs.
Such a row is orphaned if its process has no recent heartbeat (killed, crashed, lost with its machine), or if it names
this process and this process knows nothing of it (its commit lost the answer).

A process can also see whether its neighbours on the same host still run, and then need not wait for their silence.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import ServiceProcess

_ids: dict[int, str] = {}


def this_process_id() -> str:
    """The id that this process puts into whatever it begins. A forked process has its own."""
    return _ids.setdefault(os.getpid(), uuid.uuid4().hex)


def row_of_this_process(now: datetime) -> ServiceProcess:
    """The row of this process, with a heartbeat now."""
    pid = os.getpid()
    return ServiceProcess(id=this_process_id(), heartbeat_at=now, host=_host(), pid=pid, pid_started=_started(pid))


class WorkUnderWay:
    """The rows of one table that this process is working on, and a condition for those that nobody is working on.

    Args:
        process_id: the column that names the process that began the work.
        begun_at: the column that says when it did.
        key: the column by which this process remembers its rows.
    """

    def __init__(
        self,
        process_id: InstrumentedAttribute[str | None],
        begun_at: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
        key: InstrumentedAttribute[int] | InstrumentedAttribute[str],
    ) -> None:
        self._process_id = process_id
        self._begun_at = begun_at
        self._key = key
        # Several workers may share a key.
        self._workers: WeakValueDictionary[tuple[int | str, int], object] = WeakValueDictionary()

    def add(self, key: int | str, worker: object) -> None:
        """Remember that this process is working on a row, until `remove`.

        Where nothing removes a worker whose commit fails, it is added only after the commit: the worker may live on in
        the error's traceback.
        """
        self._workers[key, id(worker)] = worker

    def remove(self, key: int | str, worker: object) -> None:
        """Forget a worker that has ended. One that never began is forgotten when its object goes."""
        self._workers.pop((key, id(worker)), None)

    def is_orphaned(self, dead_before: datetime) -> ColumnElement[bool]:
        """The condition that nobody works on a row: its process is dead, or is this one and knows nothing of it.

        Args:
            dead_before: a process whose last heartbeat is older is dead.
        """
        living = select(ServiceProcess.id).where(ServiceProcess.heartbeat_at >= dead_before)
        known = [reference.key[0] for reference in self._workers.valuerefs()]
        forgotten = and_(self._process_id == this_process_id(), self._begun_at < dead_before, self._key.not_in(known))
        return or_(self._process_id.is_(None), self._process_id.not_in(living), forgotten)


def dead_neighbours(session: Session, among: Collection[str | None] | None = None) -> set[str]:
    """The ids of processes of this host that have certainly ended, even if their last heartbeat is recent.

    Args:
        among: look only at these; by default at all.
    """
    if among is not None and not set(among) - {None, this_process_id()}:
        return set()
    columns = ServiceProcess.id, ServiceProcess.pid, ServiceProcess.pid_started
    neighbours = select(*columns).where(ServiceProcess.host == _host(), ServiceProcess.id != this_process_id())
    ended = {row.id for row in session.execute(neighbours) if _is_gone(row.pid, row.pid_started)}
    return ended if among is None else ended.intersection(among)


def count_out_dead_neighbours(session: Session, dead_before: datetime) -> None:
    """Make ended processes of this host count as dead for everybody, as if they had long been silent.

    Their rows stay, so that a request that looks for dead neighbours meanwhile finds them too.
    """
    dead = dead_neighbours(session)
    if dead:
        ended = ServiceProcess.id.in_(dead), ServiceProcess.heartbeat_at >= dead_before
        session.execute(update(ServiceProcess).where(*ended).values(heartbeat_at=dead_before - timedelta(seconds=1)))


@cache
def _host() -> str | None:
    """What identifies this host until its next boot, and this container on it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return None
    return hashlib.sha256(f"{boot} {namespace} {socket.gethostname()}".encode()).hexdigest()


def _is_gone(pid: int | None, started: str | None) -> bool:
    """Whether a process of this host has certainly ended. Its pid may belong to another by now."""
    if pid is None or started is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    now = _started(pid)
    return now is not None and now != started


def _started(pid: int) -> str | None:
    """When a process was started, in clock ticks since boot; "ended" if it is a zombie."""
    try:
        # The name, in parentheses, may hold anything.
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "ended" if state in "ZX" else fields[18]
