"""The entry of a Celery worker (`celery -A celery_app worker`): it builds the same app as the web and runs its jobs.

The id of a job comes in as a message; the job's row says the rest and takes the outcome.
"""

from __future__ import annotations

from typing import Any

from celery.signals import setup_logging, worker_process_init, worker_ready, worker_shutdown

from techscreen.observability.multiprocess import forget_counts, share_counts
from techscreen.server.hang_watch import watch_for_hangs
from techscreen.server.memory_arenas import share_arenas

share_arenas()
share_counts("worker")  # before anything below imports `metrics.py`

from app import create_app  # noqa: E402
from techscreen.checks.answers import warm_up  # noqa: E402
from techscreen.jobs.queue import TASK, make_celery  # noqa: E402
from techscreen.observability.worker_endpoint import serve_metrics  # noqa: E402
from techscreen.web.container import install_runtime  # noqa: E402

flask_app = create_app()
runtime = install_runtime(flask_app)
if runtime.settings.celery_broker_url is None:
    raise SystemExit("A worker needs CELERY_BROKER_URL, such as redis://localhost:6379/0.")
warm_up()  # in the parent of a pool, whose processes inherit it
celery = make_celery(runtime.settings.celery_broker_url)


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery has no types
def _keep_our_logging(**_: Any) -> None:
    """Keep the app's logging, which Celery would otherwise replace with its own."""


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def _serve_metrics(**_: Any) -> None:
    """Serve the metrics once the pool has its processes, so that they do not inherit the thread."""
    if runtime.settings.worker_metrics_port is not None:
        serve_metrics(runtime.settings.worker_metrics_port, runtime.settings.metrics_token)


@worker_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
def _forget_metrics(**_: Any) -> None:
    forget_counts()


@worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
def _start_heartbeat(**_: Any) -> None:
    """Start the heartbeat in each process of a pool, so that orphaned work is recovered even if no job comes."""
    watch_for_hangs(runtime.settings.hang_seconds)
    runtime.heartbeat.ensure(wait=False)


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def _start_heartbeat_of_threads(sender: Any, **_: Any) -> None:
    """Start the heartbeat in a pool of threads. The parent of a pool of processes must have no connection."""
    if "prefork" not in type(sender.pool).__module__:
        watch_for_hangs(runtime.settings.hang_seconds)
        runtime.heartbeat.ensure(wait=False)


@celery.task(name=TASK)  # type: ignore[untyped-decorator]  # Celery has no types
def run_job(job_id: str) -> None:
    """Run one job, unless another worker has begun it or it has ended."""
    with flask_app.app_context():
        runtime.heartbeat.ensure(wait=True)
        runtime.runner.run_queued(job_id)
