"""The worker's entry: the same app and the same jobs, run by `celery -A celery_app worker`."""

from __future__ import annotations

from typing import Any

from celery.signals import setup_logging, worker_process_init, worker_ready, worker_shutdown

from metrics_folder import forget_counts, share_counts

share_counts()  # before `metrics.py` is loaded by anything below

from app import create_app  # noqa: E402
from content_checks import warm_up  # noqa: E402
from job_queue import TASK, make_celery  # noqa: E402
from runtime import install_runtime  # noqa: E402
from worker_metrics import serve_metrics  # noqa: E402

flask_app = create_app()
runtime = install_runtime(flask_app)
if runtime.settings.celery_broker_url is None:
    raise SystemExit("A worker needs CELERY_BROKER_URL, such as redis://localhost:6379/0.")
warm_up()  # in the parent of a pool, whose processes inherit it
celery = make_celery(runtime.settings.celery_broker_url)


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery has no types
def _keep_our_logging(**_: Any) -> None:
    """Logging is set up by the app, from the same settings as everywhere; Celery would replace it by its own."""


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def _serve_metrics(**_: Any) -> None:
    """Once the pool has its processes, so that they do not inherit the thread."""
    if runtime.settings.worker_metrics_port is not None:
        serve_metrics(runtime.settings.worker_metrics_port, runtime.settings.metrics_token)


@worker_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
def _forget_metrics(**_: Any) -> None:
    forget_counts()


@worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
def _show_sign_of_life(**_: Any) -> None:
    """What an earlier process left behind is taken up also if there is no job. In a pool of processes: by each."""
    runtime.heartbeat.ensure(wait=False)


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
def _show_sign_of_life_alone(sender: Any, **_: Any) -> None:
    """In a pool of threads. The parent of a pool of processes keeps no connection that these could inherit."""
    if "prefork" not in type(sender.pool).__module__:
        runtime.heartbeat.ensure(wait=False)


@celery.task(name=TASK)  # type: ignore[untyped-decorator]  # Celery has no types
def run_job(job_id: str) -> None:
    """Run one job, unless somebody else has begun it or it is over."""
    with flask_app.app_context():
        runtime.heartbeat.ensure(wait=True)
        runtime.runner.run_queued(job_id)
