"""The services of one Flask app, built once from its settings and kept in `app.extensions`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app
from flask.blueprints import BlueprintSetupState

import generation_jobs
from cache_administration import CacheAdministration
from claude_client import ClaudeClient
from claude_interface import Claude
from config import Settings, is_in_memory, load_settings
from error_pages import error_body
from errors import Interrupted, JobsUnavailable
from generation_log import INTERRUPTED, fail_interrupted
from interview_generation_service import InterviewGenerationService
from jd_enhancement_service import JDEnhancementService
from job_queue import BrokerQueue, JobQueue, ThreadQueue
from job_runner import JobRunner, Operation
from offline_claude import OfflineClaude
from operations_schemas import RetireOrder
from outstanding_writes import write_outstanding
from path_converters import register_converters
from process_threads import ProcessThreads
from question_cache import release_abandoned
from readiness import Readiness
from schemas import EnhanceRequest, GenerateRequest, WorkflowRequest
from service_processes import Heartbeat
from slow_requests import SlowRequests
from topic_tables import load_tables
from workflow_service import WorkflowService

logger = logging.getLogger(__name__)

EXTENSION = "techscreen"
# Streamed answers that one process works on at the same time: more than it has threads for their requests.
MOST_STREAMS = 1_000
SETTINGS_FOR_HOSTS = (
    "REQUEST_TIMEOUT",
    "ENABLE_QUESTION_CACHE",
    "READER_ROLES",
    "GATEWAY_SECRET",
    "ASYNC_PROCESSING",
    "CELERY_BROKER_URL",
    "HEARTBEAT_SECONDS",
    "DAILY_TOKEN_BUDGET",
    "DAILY_TOKEN_BUDGET_PER_USER",
    "LOG_RETENTION_DAYS",
    "METRICS_TOKEN",
    "MAX_SLOW_REQUESTS",
)


@dataclass(frozen=True)
class Runtime:
    """What the routes need."""

    settings: Settings
    claude: Claude
    enhancement: JDEnhancementService
    generation: InterviewGenerationService
    operations: Mapping[str, Operation]
    runner: JobRunner
    queue: JobQueue
    streams: ProcessThreads
    slow_requests: SlowRequests
    heartbeat: Heartbeat
    cache: CacheAdministration
    readiness: Readiness

    def close(self, *, wait: bool = False) -> None:
        """Give back what is held: for the end of a worker, a test or a script.

        Args:
            wait: until jobs and streamed answers under way have come to their end. Else they fail.
        """
        self.queue.close(wait=wait)
        self.streams.close(wait=wait)
        if wait:
            write_outstanding()
        self.heartbeat.stop()
        self.claude.close()


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
            offline = settings.claude_mode == "offline"
            claude = OfflineClaude() if offline else ClaudeClient(settings)
        app.extensions[EXTENSION] = _build(app, settings, claude)
    runtime = app.extensions[EXTENSION]
    assert isinstance(runtime, Runtime)
    return runtime


def _build(app: Flask, settings: Settings, claude: Claude) -> Runtime:
    load_tables()  # else the first requests, all at once, would each read them
    enhancement = JDEnhancementService(claude, settings)
    generation = InterviewGenerationService(claude, settings)
    workflow = WorkflowService(enhancement, generation, settings)
    cache = CacheAdministration(claude, settings)
    operations = {
        "jd_enhancement": Operation(EnhanceRequest, enhancement.enhance_jd),
        "interview_generation": Operation(GenerateRequest, generation.generate_interview),
        "workflow": Operation(WorkflowRequest, workflow.run),
        "cache_retirement": Operation(RetireOrder, lambda order, *_: cache.retire(order.cached_question_id, order)),
    }
    runner = JobRunner(operations, settings.request_timeout)

    def run(job_id: str) -> None:
        with app.app_context():
            runner.run_queued(job_id)

    queue: JobQueue = BrokerQueue(settings.celery_broker_url) if settings.celery_broker_url else ThreadQueue(run)

    def recover(dead_before: datetime) -> None:
        """Take up what processes that are no longer alive have left behind, and announce what is due."""
        write_outstanding()
        # Reservations first: a job that is taken up again must find its questions in the cache.
        release_abandoned(dead_before)
        fail_interrupted(dead_before)
        generation_jobs.take_up_left_behind(dead_before, lambda: error_body(Interrupted(INTERRUPTED)))
        try:
            for job_id in generation_jobs.due_again(heartbeat.silence):
                queue.announce(job_id)
        except JobsUnavailable as error:
            logger.warning("jobs wait for the broker: %s", error.code, extra={"event": "broker_away"})
        generation_jobs.remove_old()

    alone = is_in_memory(settings.database_url)
    heartbeat = Heartbeat(app.app_context, settings.heartbeat_seconds, recover, alone=alone)
    return Runtime(
        settings=settings,
        claude=claude,
        enhancement=enhancement,
        generation=generation,
        operations=operations,
        runner=runner,
        queue=queue,
        streams=ProcessThreads(MOST_STREAMS, "streamed"),
        slow_requests=SlowRequests(settings.max_slow_requests),
        heartbeat=heartbeat,
        cache=cache,
        readiness=Readiness(settings, queue, connect_args=_connect_args(app)),
    )


def set_up(state: BlueprintSetupState) -> None:
    """Give the app that registers one of our blueprints all that its routes need."""
    assert isinstance(state.app, Flask)
    register_converters(state.app)
    install_runtime(state.app)


def current_runtime() -> Runtime:
    """The services of the app that serves this request."""
    return install_runtime(current_app)


def _settings_of_a_host(app: Flask) -> dict[str, Any]:
    """What a host app's config says for us. Its logging and limits are its own business."""
    ours = {
        name: value
        for name, value in app.config.items()
        if name.startswith(("CLAUDE_", "CACHE_")) or name in ("FLASK_ENV", *SETTINGS_FOR_HOSTS)
    }
    url = app.config.get("SQLALCHEMY_DATABASE_URI") or ""
    # Given for the check alone: the host has its database already.
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
    if settings.claude_mode == "offline":
        warnings.append("CLAUDE_MODE=offline: all content is sample content.")
    elif settings.claude_api_key is None:
        warnings.append("CLAUDE_API_KEY is not set: nothing can be generated (CLAUDE_MODE=offline makes samples).")
    if settings.flask_env == "production" and settings.gateway_secret is None:
        warnings.append("GATEWAY_SECRET is not set: anybody who reaches the service can claim to be an admin.")
    return warnings
