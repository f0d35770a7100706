"""How gunicorn serves the app. Read by itself from the working directory; the command line wins."""

import gc
import os
import resource
import sys
import threading
import time
from typing import Any

from config import load_settings
from metrics_folder import forget_counts, share_counts, shares_counts

settings = load_settings()
# For what does not wait for Claude: reading, health checks, accepting jobs.
THREADS_FOR_THE_REST = 32

bind = "0.0.0.0:5000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))

# A generation waits for Claude for up to a minute and holds a thread meanwhile, but hardly any CPU. With a
# thread worker `timeout` watches the worker's heartbeat and not the request, so a slow generation is not
# killed: REQUEST_TIMEOUT bounds it. This one also stops without losing a request.
worker_class = "draining_worker.DrainingWorker"
threads = settings.max_slow_requests + THREADS_FOR_THE_REST
timeout = 60
# On SIGTERM, generations under way may come to their end.
graceful_timeout = settings.request_timeout + 30

# Heartbeat files belong in memory: on a container's disk a slow write can look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# The app writes a line per request itself, with its request id.
accesslog = None
control_socket_disable = True

# A workflow in flight has up to seven connections: its caller's and six to Claude.
_, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))


def on_starting(_server: Any) -> None:
    """Let the workers of a node count together what /metrics tells. With --preload it is too late for that."""
    if "metrics" not in sys.modules:
        share_counts()


def post_worker_init(worker: Any) -> None:
    """Prepare a worker for hundreds of threads that mostly wait."""
    # Threads that want to go on ask for the interpreter so often. At 5 ms a fifth of the CPU went into asking.
    sys.setswitchinterval(0.02)
    from content_checks import warm_up  # only now: the app has loaded it in this process

    # Beside the first requests: those that ask for little must not wait for it.
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    # What was loaded at the start lives as long as the worker: the garbage collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    runtime = _runtime(worker)
    if runtime is not None:
        # What an earlier process left behind is taken up also if nobody asks for anything.
        runtime.heartbeat.ensure(wait=False)
        threading.Thread(target=_begin_no_jobs_after, args=(worker, runtime), daemon=True).start()


def _begin_no_jobs_after(worker: Any, runtime: Any) -> None:
    """Leave the queue to others from the moment a worker is asked to stop: it first waits for its requests, and what
    it began meanwhile might not come to its end."""
    while worker.alive:
        time.sleep(0.5)
    runtime.queue.close(wait=False)


def worker_exit(_server: Any, worker: Any) -> None:
    """Let the jobs under way come to their end."""
    runtime = _runtime(worker)
    if runtime is not None:
        runtime.close(wait=True)


def child_exit(_server: Any, worker: Any) -> None:
    """Let the counts of a worker that has ended stay, but not what it was holding."""
    from prometheus_client.multiprocess import mark_process_dead  # only now: it reads what share_counts has set

    if shares_counts():
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """Take the counts away with the last of the processes."""
    forget_counts()


def _runtime(worker: Any) -> Any:
    """The services of the app that a worker has loaded; None if it could not be loaded."""
    return getattr(getattr(worker.app, "callable", None), "extensions", {}).get("techscreen")
