"""The services of one Flask app, built once from its settings and kept in `app.extensions`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from flask.blueprints import BlueprintSetupState
from sqlalchemy.exc import SQLAlchemyError

from cache_administration import CacheAdministration
from claude_client import ClaudeClient
from claude_interface import Claude
from config import Settings, load_settings
from errors import DatabaseUnavailable
from generation_log import fail_interrupted
from interview_generation_service import InterviewGenerationService
from jd_enhancement_service import JDEnhancementService
from offline_claude import OfflineClaude
from path_converters import register_converters
from question_cache import release_abandoned
from workflow_service import WorkflowService

logger = logging.getLogger(__name__)

EXTENSION = "techscreen"
RECOVERY_INTERVAL = 60.0
SETTINGS_FOR_HOSTS = ("REQUEST_TIMEOUT", "ENABLE_QUESTION_CACHE", "READER_ROLES", "GATEWAY_SECRET")


@dataclass(frozen=True)
class Runtime:
    """What the routes need."""

    settings: Settings
    claude: Claude
    enhancement: JDEnhancementService
    generation: InterviewGenerationService
    workflow: WorkflowService
    cache: CacheAdministration
    recover_if_due: Callable[[], None]


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
        for warning in _warnings(settings):
            logger.warning(warning, extra={"event": "settings"})
        if claude is None:
            offline = settings.claude_mode == "offline"
            claude = OfflineClaude() if offline else ClaudeClient(settings)
        enhancement = JDEnhancementService(claude, settings)
        generation = InterviewGenerationService(claude, settings)
        app.extensions[EXTENSION] = Runtime(
            settings=settings,
            claude=claude,
            enhancement=enhancement,
            generation=generation,
            workflow=WorkflowService(enhancement, generation, settings),
            cache=CacheAdministration(claude, settings),
            recover_if_due=_Recovery(settings.request_timeout),
        )
    runtime = app.extensions[EXTENSION]
    assert isinstance(runtime, Runtime)
    return runtime


def set_up(state: BlueprintSetupState) -> None:
    """Give the app that registers one of our blueprints all that its routes need."""
    assert isinstance(state.app, Flask)
    register_converters(state.app)
    install_runtime(state.app)


def current_runtime() -> Runtime:
    """The services of the app that serves this request."""
    return install_runtime(current_app)


def _settings_of_a_host(app: Flask) -> dict[str, Any]:
    """What a host app's config says for us. Its logging, limits and background work are its own business."""
    ours = {
        name: value
        for name, value in app.config.items()
        if name.startswith(("CLAUDE_", "CACHE_")) or name in ("FLASK_ENV", *SETTINGS_FOR_HOSTS)
    }
    url = app.config.get("SQLALCHEMY_DATABASE_URI") or ""
    # Given for the check alone: the host has its database already.
    return {**ours, "DATABASE_URL": url if isinstance(url, str) else url.render_as_string(hide_password=False)}


class _Recovery:
    """Closes audit rows and gives back questions of killed processes, once a minute at the most."""

    def __init__(self, request_timeout: float) -> None:
        self._request_timeout = request_timeout
        self._due = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + RECOVERY_INTERVAL
        try:
            fail_interrupted(self._request_timeout)
            release_abandoned(self._request_timeout)
        except (DatabaseUnavailable, SQLAlchemyError) as error:
            # Not this request's business: it will meet the database itself.
            logger.warning("interrupted generations not looked for: %s", type(error).__name__)


def _warnings(settings: Settings) -> list[str]:
    warnings = [f"{name} is set but has no effect in this version." for name in settings.without_effect_yet()]
    if settings.claude_mode == "offline":
        warnings.append("CLAUDE_MODE=offline: all content is sample content.")
    elif settings.claude_api_key is None:
        warnings.append("CLAUDE_API_KEY is not set: nothing can be generated (CLAUDE_MODE=offline makes samples).")
    if settings.flask_env == "production" and settings.gateway_secret is None:
        warnings.append("GATEWAY_SECRET is not set: anybody who reaches the service can claim to be an admin.")
    return warnings
