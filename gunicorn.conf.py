"""How gunicorn serves the app: workers, threads, timeouts, and what a worker does when it starts and stops.

gunicorn reads this file from the working directory. Where the service is a package, it is the module `gunicorn_conf` in
there. Options on gunicorn's command line win.
"""

import gc
import os
import resource
import sys
import threading
import time
from typing import Any

from config import SettingsError, load_settings
from techscreen.cli.terminal import say_lines
from techscreen.observability.multiprocess import forget_counts, share_counts
from techscreen.server.address import bind_address, why_not
from techscreen.server.draining_worker import DrainingWorker
from techscreen.server.hang_watch import watch_for_hangs
from techscreen.server.memory_arenas import share_arenas

try:
    settings = load_settings()
except SettingsError as unusable:
    say_lines(str(unusable), err=True)
    raise SystemExit(2) from None
# For requests that do not wait for Claude: reading, health checks, accepting jobs.
QUICK_THREADS = 32

# HOST and PORT. By default only a proxy on this machine can connect: callers who reach the service directly can claim
# to be anybody.
bind = bind_address(settings)
# Seconds for an earlier server to give its port back.
PORT_PATIENCE = 5
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))

# A generation waits for Claude for up to a minute and holds a thread meanwhile, but hardly any CPU. In a threaded
# worker `timeout` watches the worker's heartbeat and not the request, so it does not kill a slow generation:
# REQUEST_TIMEOUT bounds that. This worker also stops without losing a request.
worker_class = f"{DrainingWorker.__module__}.{DrainingWorker.__qualname__}"
threads = settings.max_slow_requests + settings.max_event_streams + QUICK_THREADS
# More connections than threads, for callers who are still sending or idle. The oldest of these make room for others.
worker_connections = threads + 1_000
# Longer than HANG_SECONDS, so that a hanging worker can end itself first, with a traceback.
timeout = 30 + int(settings.hang_seconds)
# On SIGTERM, generations under way may finish.
graceful_timeout = settings.request_timeout + 30

# Heartbeat files belong in memory: on a container's disk a slow write can look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# The app writes a line per request itself, with its request id.
accesslog = None
control_socket_disable = True

# A workflow in flight has up to seven connections: its caller's and six to Claude.
_, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))


def on_starting(server: Any) -> None:
    """Say in one sentence if the port is taken, and let the workers of a node share the counts of /metrics.

    With --preload it is too late for the latter.
    """
    if not {"GUNICORN_PID", "LISTEN_PID"} & os.environ.keys():  # else it is given sockets that are open already
        _wait_for_ports([address for address in server.cfg.address if isinstance(address, tuple)])
    if "prometheus_client" not in sys.modules:
        share_counts("web")


def _wait_for_ports(addresses: list[tuple[str, int]]) -> None:
    deadline = time.monotonic() + PORT_PATIENCE
    for host, port in addresses:
        while refusal := why_not(host, port):
            if time.monotonic() > deadline:
                say_lines(refusal, err=True)
                raise SystemExit(1)
            time.sleep(0.1)


def post_worker_init(worker: Any) -> None:
    """Prepare a worker for hundreds of threads that mostly wait."""
    watch_for_hangs(settings.hang_seconds)
    share_arenas()
    # How long a thread keeps the interpreter while others wait. At the usual 5 ms, switching took a fifth of the CPU.
    sys.setswitchinterval(0.02)
    from techscreen.checks.answers import warm_up  # only now: the app has loaded it in this process

    # In a thread, so that the first quick requests do not wait for it.
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    # What is loaded by now lives as long as the worker, so the garbage collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    runtime = _runtime(worker)
    if runtime is not None:
        # So that orphaned work is recovered even if no request comes.
        runtime.heartbeat.ensure(wait=False)
        threading.Thread(target=_begin_no_jobs_after, args=(worker, runtime), daemon=True).start()


def _begin_no_jobs_after(worker: Any, runtime: Any) -> None:
    """Begin no more jobs once the worker is asked to stop.

    It waits for its requests first, and a job begun meanwhile might not finish in time.
    """
    while worker.alive:
        time.sleep(0.5)
    runtime.queue.close(wait=False)


def worker_exit(_server: Any, worker: Any) -> None:
    """Let the jobs under way finish."""
    runtime = _runtime(worker)
    if runtime is not None:
        runtime.close(wait=True)


def on_exit(_server: Any) -> None:
    """Remove the shared counts with the last process."""
    forget_counts()


def _runtime(worker: Any) -> Any:
    """The services of the app that a worker has loaded; None if it could not be loaded."""
    return getattr(getattr(worker.app, "callable", None), "extensions", {}).get("techscreen")
