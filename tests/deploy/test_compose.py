"""Tests of compose.yaml, read as text: it agrees with the settings, the image and gunicorn."""

from __future__ import annotations

import re

from config import PROJECT_FOLDER, load_settings

COMPOSE = (PROJECT_FOLDER / "compose.yaml").read_text()


def given_settings() -> dict[str, str]:
    """What web and worker are given, with "example" for every required variable."""
    block = COMPOSE.partition("x-service:")[2].partition("\nservices:")[0].partition("  environment:\n")[2]
    settings = {}
    for name, value in re.findall(r"^    ([A-Z_]+): (?:&\w+ )?(.+)$", block, re.MULTILINE):
        value = re.sub(r"\$\{\w+:\?[^}]*\}", "example", value)
        settings[name] = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value).strip('"')
    return settings


def test_the_service_can_be_run_with_these_settings() -> None:
    settings = load_settings(given_settings(), env_file=None)

    assert settings.flask_env == "production"
    assert settings.database_url == "mysql+pymysql://techscreen:example@mysql:3306/techscreen_db"
    assert settings.celery_broker_url == "redis://:example@redis:6379/0"
    assert settings.ratelimit_storage_uri == "redis://:example@redis:6379/1"
    assert settings.async_processing
    assert settings.gateway_secret is not None


def test_every_setting_is_known() -> None:
    known = {name.upper() for name in type(load_settings()).model_fields} | {"WEB_CONCURRENCY"}

    assert given_settings().keys() <= known


def test_no_secret_has_a_default() -> None:
    secrets = {"CLAUDE_API_KEY", "GATEWAY_SECRET", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD", "REDIS_PASSWORD"}

    assert secrets == set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    assert set(re.findall(r"\$\{(\w+)", COMPOSE)) - secrets == {"WEB_CONCURRENCY", "HOST", "PORT"}


def test_a_stop_waits_for_what_is_under_way() -> None:
    gunicorn: dict[str, int] = {}
    exec((PROJECT_FOLDER / "gunicorn.conf.py").read_text(), gunicorn)
    block = COMPOSE.partition("x-service:")[2].partition("\nservices:")[0]
    (seconds,) = re.findall(r"stop_grace_period: (\d+)s", block)

    assert int(seconds) > gunicorn["graceful_timeout"]


def test_web_runs_and_is_watched_as_the_image_is() -> None:
    dockerfile = (PROJECT_FOLDER / "Dockerfile").read_text()
    (check,) = re.findall(r"HEALTHCHECK .*\\\n    CMD \[(.*)\]", dockerfile)
    (command,) = re.findall(r"^CMD (\[.*\])", dockerfile, re.MULTILINE)

    assert f'test: ["CMD", {check}]' in COMPOSE
    assert f"    command: {command}\n" in COMPOSE
    # Inside it listens where the image says; outside where HOST and PORT do.
    assert '- "${HOST:-127.0.0.1}:${PORT:-5000}:5000"\n' in COMPOSE
