"""What the processes of a service cost: CPU time and memory, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children."""
    # The name, in parentheses, may hold blanks: the two times are the 12th and 13th field after it.
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int, file: str = "status", line: str = "VmRSS") -> float:
    """A line of a process's file in /proc; 0 where that cannot be read."""
    try:
        return int(Path(f"/proc/{pid}/{file}").read_text().split(f"\n{line}:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0
