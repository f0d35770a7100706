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
from flask.blueprints import BlueprintSetupState

from claude_client import ClaudeClient
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
from techscreen.operations.webhook_delivery import WebhookSender
from techscreen.question_cache.administration import CacheAdministration
from techscreen.question_cache.reservations import release_orphaned
from techscreen.storage.deferred_writes import keep_deferred_writes, make_deferred_writes
from techscreen.storage.heartbeat import Heartbeat
from techscreen.storage.outbox import Outbox
from techscreen.topics.tables import load_tables
from techscreen.web.operation_table import Services, operations_of
from techscreen.web.parsing import register_converters
from workflow_service import WorkflowService

logger = logging.getLogger(__name__)

EXTENSION = "techscreen"
# Streamed generations that one process runs at the same time: more than it has threads for their requests.
MAX_STREAMS = 1_000
SETTINGS_FOR_HOSTS = (
    "REQUEST_TIMEOUT",
    "ENABLE_QUESTION_CACHE",
    "USE_LIBRARY",
    "READER_ROLES",
    "EDITOR_ROLES",
    "REQUIRE_SECOND_APPROVER",
    "MAX_COMPLAINTS",
    "GATEWAY_SECRET",
    "ASYNC_PROCESSING",
    "CELERY_BROKER_URL",
    "HEARTBEAT_SECONDS",
    "DAILY_TOKEN_BUDGET",
    "DAILY_TOKEN_BUDGET_PER_USER",
    "LOG_RETENTION_DAYS",
    "METRICS_TOKEN",
    "MAX_SLOW_REQUESTS",
    "MAX_EVENT_STREAMS",
    "MAX_EVENT_STREAMS_PER_USER",
    "SPOOL_DIR",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET",
    "WEBHOOK_ALLOW_PRIVATE",
    "WORKBENCH_LOGIN",
)


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
        settings: settings to use instead.
        claude: who answers prompts, instead of the one that CLAUDE_MODE names.

    Raises:
        SettingsError: with every problem at once.
    """
    if EXTENSION not in app.extensions:
        if settings is None:
            settings = load_settings(_settings_of_a_host(app))
        for warning in settings_warnings(settings):
            logger.warning(warning, extra={"event": "settings"})
        if claude is None:
            claude = ClaudeClient(settings) if settings.asks_claude else OfflineClaude(settings)
        app.extensions[EXTENSION] = _build(app, settings, claude)
    runtime = app.extensions[EXTENSION]
    assert isinstance(runtime, Runtime)
    return runtime


def _build(app: Flask, settings: Settings, claude: Claude) -> Runtime:
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
        readiness=Readiness(settings, queue, connect_args=_connect_args(app)),
        outbox=outbox,
        webhooks=webhooks,
    )


def set_up(state: BlueprintSetupState) -> None:
    """Give an app that registers one of our blueprints everything that its endpoints need."""
    assert isinstance(state.app, Flask)
    register_converters(state.app)
    install_runtime(state.app)


def current_runtime() -> Runtime:
    """The services of the app that serves this request."""
    return install_runtime(current_app)


def _settings_of_a_host(app: Flask) -> dict[str, Any]:
    """The settings for us in a host app's config. Its logging and rate limits are its own."""
    ours = {
        name: value
        for name, value in app.config.items()
        if name.startswith(("CLAUDE_", "CACHE_")) or name in ("FLASK_ENV", *SETTINGS_FOR_HOSTS)
    }
    url = app.config.get("SQLALCHEMY_DATABASE_URI") or ""
    # Only so that the settings can be checked: the host has opened its database already.
    return {**ours, "DATABASE_URL": url if isinstance(url, str) else url.render_as_string(hide_password=False)}


def _connect_args(app: Flask) -> Mapping[str, Any]:
    """What the app gives its database driver, such as certificates."""
    options: Mapping[str, Any] = app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {}
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
