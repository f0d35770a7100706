"""Ends a process whose interpreter is held by an endless loop in C, such as a regular expression that never ends.

No Python code can run in such a process: its heartbeat falls silent, so others take up its work, but it does not notice
SIGTERM, and a Celery worker would stay like that for ever. So a thread keeps resetting a kernel timer. Once it no
longer can, the timer goes off: `faulthandler`, which needs no interpreter, writes a traceback of all threads to stderr,
and the process ends.

The timer counts the CPU time of this process. A loop uses that up; a stopped process, a sleeping machine or one that is
far too busy does not.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading

# How often the timer is reset in the time that it runs.
RESETS = 10


def watch_for_hangs(seconds: float) -> None:
    """End this process, by SIGPROF, if its interpreter is held for this many seconds of CPU time.

    Call it in the main thread of each process: no timer survives a fork.
    """
    # After the traceback the signal's default action ends the process. A handler in Python would not run.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    faulthandler.register(signal.SIGPROF, file=sys.__stderr__ or 2, all_threads=True, chain=True)
    threading.Thread(target=_keep_resetting_timer, args=(os.getpid(), seconds), name="hang-watch", daemon=True).start()


def _keep_resetting_timer(owner: int, seconds: float) -> None:
    pause = threading.Event()
    while os.getpid() == owner:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        pause.wait(seconds / RESETS)
