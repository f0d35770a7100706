"""The container of one Flask app: its services, built once from its settings and kept in `app.extensions`.

An app and its settings come in; a `Runtime` goes out, which the endpoints and the job queue work with.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app

from config import Settings, is_in_memory, load_settings
from interview_generation_service import InterviewGenerationService
from jd_enhancement_service import JDEnhancementService
from techscreen.claude.interface import Claude
from techscreen.editing.alternatives import Alternatives
from techscreen.editing.interviews import InterviewEditing
from techscreen.editing.suggestions import CriteriaSuggestions
from techscreen.errors import Interrupted, JobsUnavailable
from techscreen.generation.audit_log import INTERRUPTED, fail_interrupted
from techscreen.jobs import recovery
from techscreen.jobs.bulkhead import Bulkhead
from techscreen.jobs.concurrency import ProcessThreads
from techscreen.jobs.queue import BrokerQueue, JobQueue, ThreadQueue
from techscreen.jobs.runner import JobRunner, Operation
from techscreen.jobs.stream_places import StreamPlaces
from techscreen.jobs.watch import JobWatch
from techscreen.observability.error_answers import error_body
from techscreen.offline.client import OfflineClaude
from techscreen.operations import webhook_delivery
from techscreen.operations.readiness import Readiness
from techscreen.operations.unknown_settings import unknown_settings_here
from techscreen.operations.webhook_delivery import WebhookSender
from techscreen.question_cache.administration import CacheAdministration
from techscreen.question_cache.reservations import release_orphaned
from techscreen.storage.deferred_writes import keep_deferred_writes, make_deferred_writes
from techscreen.storage.engines import LENT, Lent
from techscreen.storage.heartbeat import Heartbeat
from techscreen.storage.outbox import Outbox
from techscreen.storage.table_names import name_tables
from techscreen.topics.tables import load_tables
from techscreen.web.host_settings import settings_of_host, unknown_in_host
from techscreen.web.operation_table import Services, operations_of
from workflow_service import WorkflowService

logger = logging.getLogger(__name__)

EXTENSION = "techscreen"
# Streamed generations that one process runs at the same time: more than it has threads for their requests.
MAX_STREAMS = 1_000


@dataclass(frozen=True)
class Runtime:
    """The services of one app, and what runs them."""

    app_context: Callable[[], AbstractContextManager[Any]]
    settings: Settings
    claude: Claude
    enhancement: JDEnhancementService
    generation: InterviewGenerationService
    alternatives: Alternatives
    operations: Mapping[str, Operation]
    runner: JobRunner
    queue: JobQueue
    deliveries: JobQueue
    streams: ProcessThreads
    bulkhead: Bulkhead
    stream_places: StreamPlaces
    job_watch: JobWatch
    heartbeat: Heartbeat
    cache: CacheAdministration
    readiness: Readiness
    outbox: Outbox
    webhooks: WebhookSender
    in_host: bool

    def close(self, *, wait: bool = False) -> None:
        """Release everything, at the end of a worker, a test or a script.

        Args:
            wait: until jobs and streamed generations under way have ended. Otherwise they fail.
        """
        with contextlib.ExitStack() as ending:  # both run whatever fails before them, the heartbeat first
            ending.callback(self.claude.close)
            ending.callback(self.heartbeat.stop)
            self.queue.close(wait=wait)
            self.streams.close(wait=wait)
            self.deliveries.close(wait=wait)  # last, because what ends before may be an event
            if wait:
                # A context of its own, since a worker that ends has none.
                with self.app_context():
                    make_deferred_writes()


def install_runtime(app: Flask, settings: Settings | None = None, claude: Claude | None = None) -> Runtime:
    """Build the services of an app, unless it has them already.

    Args:
        app: its config may hold settings by their documented names, which win over the environment.
        settings: settings to use instead, as our own app does. Without them, the app counts as a host's.
        claude: who answers prompts, instead of the one that CLAUDE_MODE names.

    Raises:
        SettingsError: with every problem at once.
        RuntimeError: if another app of this process has another TABLE_PREFIX.
    """
    if EXTENSION not in app.extensions:
        in_host = settings is None
        settings = settings or load_settings(settings_of_host(app))
        name_tables(settings.table_prefix)
        for warning in (*settings_warnings(settings), *unknown_names(app, in_host=in_host)):
            logger.warning(warning, extra={"event": "settings"})
        if claude is None:
            claude = _claude(settings)
        app.extensions[EXTENSION] = _build(app, settings, claude, in_host=in_host)
    runtime = app.extensions[EXTENSION]
    assert isinstance(runtime, Runtime)
    return runtime


def unknown_names(app: Flask, *, in_host: bool) -> list[str]:
    """What is to be said of names that were probably meant to be settings, those in a host's config too."""
    return [*unknown_settings_here(), *(unknown_in_host(app) if in_host else ())]


def _claude(settings: Settings) -> Claude:
    """Who answers prompts, by the settings."""
    if not settings.asks_claude:
        return OfflineClaude(settings)
    from claude_client import ClaudeClient  # here, because the SDK is half of what a process loads

    return ClaudeClient(settings)


def _build(app: Flask, settings: Settings, claude: Claude, *, in_host: bool) -> Runtime:
    load_tables()  # or the first requests, all at once, would each read them
    enhancement = JDEnhancementService(claude, settings)
    outbox = Outbox(is_open=settings.webhook_url is not None, wake=lambda event_id: deliveries.announce(event_id))
    webhooks = WebhookSender(settings)
    generation = InterviewGenerationService(claude, settings, outbox)
    workflow = WorkflowService(enhancement, generation, settings)
    cache = CacheAdministration(claude, settings)
    alternatives = Alternatives(claude, settings)
    editing = InterviewEditing(settings, outbox)
    suggestions = CriteriaSuggestions(claude, settings)
    operations = operations_of(
        Services(enhancement, generation, workflow, cache, editing, alternatives, suggestions, webhooks)
    )
    runner = JobRunner(operations, settings.request_timeout, outbox)

    def run(job_id: str) -> None:
        with app.app_context():
            runner.run_queued(job_id)

    queue: JobQueue = BrokerQueue(settings.celery_broker_url) if settings.celery_broker_url else ThreadQueue(run)
    # In threads of each process even where there is a broker: an event waits for neither broker nor generations.
    deliveries = ThreadQueue(run, webhook_delivery.THREADS, "webhook")

    def recover(dead_before: datetime) -> None:
        """Take up what dead processes have left behind, and announce the jobs that are due."""
        # Reservations first, so that a job that is taken up finds its questions in the cache.
        release_orphaned(dead_before)
        fail_interrupted(dead_before)
        recovery.take_up_orphaned(
            dead_before,
            lambda: error_body(Interrupted(INTERRUPTED)),
            attempts_of={name: operation.attempts for name, operation in operations.items()},
            events=outbox,
        )
        if settings.webhook_url is not None:
            for event_id in recovery.due_again(heartbeat.silence, events=True):
                deliveries.announce(event_id)
        try:
            for job_id in recovery.due_again(heartbeat.silence):
                queue.announce(job_id)
        except JobsUnavailable as error:
            logger.warning("jobs wait for the broker: %s", error.code, extra={"event": "broker_away"})
        recovery.remove_old()

    alone = is_in_memory(settings.database_url)
    keep_deferred_writes(app, settings.spool_dir, settings.database_url)
    heartbeat = Heartbeat(
        app.app_context, settings.heartbeat_seconds, recover, catch_up=make_deferred_writes, alone=alone
    )
    return Runtime(
        app_context=app.app_context,
        settings=settings,
        claude=claude,
        enhancement=enhancement,
        generation=generation,
        alternatives=alternatives,
        operations=operations,
        runner=runner,
        queue=queue,
        deliveries=deliveries,
        streams=ProcessThreads(MAX_STREAMS, "streamed"),
        bulkhead=Bulkhead(settings.max_slow_requests),
        stream_places=StreamPlaces(settings.max_event_streams, settings.max_event_streams_per_user),
        job_watch=JobWatch(app.app_context),
        heartbeat=heartbeat,
        cache=cache,
        readiness=Readiness(settings, queue, connect_args=_connect_args(app), in_host=in_host),
        outbox=outbox,
        webhooks=webhooks,
        in_host=in_host,
    )


def current_runtime() -> Runtime:
    """The services of the app that serves this request."""
    return install_runtime(current_app)


def _connect_args(app: Flask) -> Mapping[str, Any]:
    """What the app gives its database driver, such as certificates."""
    lent: Lent | None = app.extensions.get(LENT)
    options = lent.options(app) if lent is not None else app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {}
    given: Mapping[str, Any] = options.get("connect_args") or {}
    return given


def settings_warnings(settings: Settings) -> list[str]:
    """What an operator should know about settings that can be used, one sentence each."""
    warnings: list[str] = []
    if settings.celery_broker_url and not settings.async_processing:
        warnings.append("CELERY_BROKER_URL has no effect on requests without ASYNC_PROCESSING.")
    if not settings.asks_claude:
        reason = "CLAUDE_API_KEY is not set, so this is offline mode. " if settings.is_offline_without_key else ""
        warnings.append(f"{reason}Claude is not asked: interviews are made of library questions alone.")
    elif settings.claude_api_key is None:
        warnings.append("CLAUDE_API_KEY is not set: Claude cannot be asked (USE_LIBRARY=only needs no key).")
    if settings.flask_env == "production" and settings.gateway_secret is None:
        warnings.append("GATEWAY_SECRET is not set: anybody who reaches the service can claim to be an admin.")
    if settings.flask_env == "production" and settings.workbench_login:
        warnings.append("WORKBENCH_LOGIN is on: anybody who reaches the pages can choose to be an admin.")
    return warnings
