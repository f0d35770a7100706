"""Keeps the memory of a process with many threads from fragmenting.

glibc gives threads arenas of their own, up to eight for each core, so that they need not wait for each other. Python's
threads allocate one after another anyway, and what is free in one arena is of no use to threads of another: after a few
minutes of mixed load such holes were a third of a worker's heap, and growing.
"""

from __future__ import annotations

import ctypes

# Its number in glibc's malloc.h.
M_ARENA_MAX = -8
MAX_ARENAS = 1


def share_arenas() -> None:
    """Let all threads of this process, and of those it forks, use one arena. Call it before there are many threads.

    Without glibc it does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, MAX_ARENAS)
