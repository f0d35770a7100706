"""A misspelt setting is named, by its name alone; what belongs to others is not."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask

from config import DatabaseSettings, Settings, load_settings, setting_names
from techscreen.operations.unknown_settings import OF_LIBRARIES, unknown_settings, unknown_settings_here
from techscreen.web.host_settings import unknown_in_host
from tests.cli.test_doctor import Health
from tests.conftest import MakeApp, on_sqlite
from tests.support.tables import table

# What a process usually finds, on a laptop, in a container, in a cluster and beside other programs.
ORDINARY = """
PATH HOME USER LOGNAME SHELL PWD OLDPWD LANG LC_ALL TERM TZ TMPDIR HOSTNAME SHLVL EDITOR PAGER MAIL DISPLAY HOST PORT
SSH_AUTH_SOCK XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS COLUMNS LINES _ HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy
VIRTUAL_ENV PYTHONPATH PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PIP_INDEX_URL PYTEST_CURRENT_TEST MAKEFLAGS MAKELEVEL
FLASK_APP FLASK_DEBUG FLASK_RUN_PORT FLASK_RUN_HOST FLASK_SKIP_DOTENV WERKZEUG_RUN_MAIN WERKZEUG_SERVER_FD
GUNICORN_CMD_ARGS WEB_CONCURRENCY SERVER_SOFTWARE PROMETHEUS_MULTIPROC_DIR MALLOC_ARENA_MAX OTEL_SERVICE_NAME
ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_BASE_URL ANTHROPIC_MODEL ANTHROPIC_LOG ANTHROPIC_CUSTOM_HEADERS
CLAUDECODE CLAUDE_CODE_ENTRYPOINT CLAUDE_CODE_MAX_OUTPUT_TOKENS CLAUDE_CODE_USE_BEDROCK CLAUDE_CONFIG_DIR
CLAUDE_PROJECT_DIR CLAUDE_ENV_FILE CLAUDE_BASH_MAINTAIN_PROJECT_WORKING_DIR CLAUDE_AGENT_SDK_VERSION
KUBERNETES_PORT KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT_HTTPS KUBERNETES_PORT_443_TCP_ADDR
CLAUDE_PORT CLAUDE_SERVICE_HOST CLAUDE_PORT_443_TCP CACHE_PORT CACHE_SERVICE_HOST CACHE_SERVICE_PORT_REDIS
CACHE_PORT_6379_TCP_PROTO TECHSCREEN_PORT TECHSCREEN_SERVICE_HOST TECHSCREEN_SERVICE_PORT TECHSCREEN_PORT_5000_TCP
WORKBENCH_SERVICE_HOST REDIS_URL REDIS_HOST REDIS_PORT REDIS_PASSWORD RABBITMQ_URL
CACHE_TYPE CACHE_REDIS_URL CACHE_DEFAULT_TIMEOUT CACHE_DIR CACHE_KEY_PREFIX CACHE_THRESHOLD
SQLALCHEMY_DATABASE_URI SQLALCHEMY_TRACK_MODIFICATIONS SQLALCHEMY_ENGINE_OPTIONS TEST_DATABASE_URL TEST_REDIS_URL
TEST_RABBITMQ_URL CELERY_RESULT_BACKEND CELERY_TASK_ALWAYS_EAGER MYSQL_DATABASE MYSQL_PASSWORD MYSQL_ROOT_PASSWORD
RATELIMIT_ENABLED RATELIMIT_DEFAULT SECURITY_PASSWORD_SALT SECRET LOG_DIR LOGGING MAX_CONTENT_LENGTH JWT_SECRET_KEY
AWS_SECRET_ACCESS_KEY GITHUB_WEBHOOK_SECRET SENTRY_DSN DD_ENV ENV DEBUG STAGE NODE_ENV APP_ENV CI GITHUB_TOKEN
INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET SYSTEMD_EXEC_PID CREDENTIALS_DIRECTORY REQUIRE_REAL_SERVERS
""".split()


def test_ordinary_names_are_no_settings_and_are_not_named() -> None:
    assert unknown_settings(ORDINARY) == []
    assert unknown_settings(setting_names()) == []
    assert unknown_settings(OF_LIBRARIES) == []


@table(
    ("name", "meant"),
    [
        ("WEB_CONCURENCY", "WEB_CONCURRENCY"),
        ("CLAUDE_MODLE", "CLAUDE_MODEL"),
        ("CLAUDE_APIKEY", "CLAUDE_API_KEY"),
        ("CLAUDE_API_KEYS", "CLAUDE_API_KEY"),
        ("CLAUDE_KEY", "CLAUDE_API_KEY"),
        ("claude_api_kye", "CLAUDE_API_KEY"),
        ("CORS_ORIGIN", "CORS_ORIGINS"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("RATE_LIMITS", "RATE_LIMIT"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("WORKER_METRIC_PORT", "WORKER_METRICS_PORT"),
        ("GATEWAY_SECRETS", "GATEWAY_SECRET"),
        ("ENABLE_QUESTIONS_CACHE", "ENABLE_QUESTION_CACHE"),
        ("FLASK_EVN", "FLASK_ENV"),
        ("CLAUDE_COLOUR", None),
        ("CACHE_MAXIMUM", None),
        ("TECHSCREEN_DEBUG", None),
        ("WORKBENCH_TITLE", None),
    ],
)
def test_what_looks_like_a_setting_is_named_with_what_was_meant(name: str, meant: str | None) -> None:
    (sentence,) = unknown_settings(["PATH", name])
    said = f"{name.upper()} is not a setting, and has no effect"
    assert sentence == (f"{said}; did you mean {meant}?" if meant else f"{said}.")


def test_those_of_a_host_app_are_named_but_not_what_is_its_own() -> None:
    host = Flask(__name__)
    host.config.update({name: 1 for name in ORDINARY if not name.startswith("TECHSCREEN_")})
    host.config.update(dict.fromkeys(setting_names()) | {f"TECHSCREEN_{name}": 1 for name in setting_names()})
    host.config.update(CORS_ORIGIN="*", RATELIMIT_STORAGE_URL="memory://", LOG_LEVELS=3, CLAUDE_COLOUR="red")
    assert unknown_in_host(host) == []

    host.config.update(TECHSCREEN_RATE_LIMT="a", RATE_LIMTI="b", TECHSCREEN_COLOUR="c")
    said = "is not a setting, and has no effect"
    assert unknown_in_host(host) == [
        f"In app.config: TECHSCREEN_RATE_LIMT {said}; did you mean TECHSCREEN_RATE_LIMIT?",
        f"In app.config: RATE_LIMTI {said}; did you mean RATE_LIMIT?",
        f"In app.config: TECHSCREEN_COLOUR {said}.",
    ]


@on_sqlite
def test_the_log_and_the_doctor_name_it_without_its_value(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WEB_CONCURENCY", "a-value-to-be-kept")
    (tmp_path / ".env").write_text("CLAUDE_MODLE=another-value\nexport CACHE_TTL_DAY=7\nFLASK_APP=app.py\n")
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")  # type: ignore[typeddict-item]
    named = ["CLAUDE_MODLE", "CACHE_TTL_DAY", "WEB_CONCURENCY"]

    assert [sentence.split()[0] for sentence in unknown_settings_here()] == named
    with caplog.at_level(logging.WARNING):
        health = Health(make_app)
    warned = [line for line in health.of("settings") if "is not a setting" in line]
    assert [line.removeprefix("warning").split()[0] for line in warned] == named
    logged = [record.getMessage() for record in caplog.records if "is not a setting" in record.getMessage()]
    assert [line.split()[0] for line in logged] == named
    told = health.text + caplog.text
    assert "to-be-kept" not in told
    assert "another-value" not in told


# ----------------------------------------------------------------------------------- values that are none


@table("line", ["   # fill in", "# fill in", "#fill-in", "#", "   ", '"   "', '"  # fill in"', ""])
def test_a_key_that_is_only_a_comment_is_no_key(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"CLAUDE_API_KEY={line}\n")
    settings = load_settings({"FLASK_ENV": "development"}, env_file=tmp_path / ".env")
    assert settings.claude_api_key is None


@table("key", ["your-anthropic-api-key-here", "your-key", "YOUR_API_KEY", "sk-ant-...", "sk-ant-xxxx", "<your key>"])
def test_what_a_guide_writes_in_place_of_a_key_is_no_key(key: str) -> None:
    settings = load_settings({"FLASK_ENV": "development", "CLAUDE_API_KEY": key})
    assert settings.claude_api_key is None
    assert settings.claude_mode == "offline"


@table("key", ["sk-ant-api03-x", "yours", "a-key", "monkey-here", "your-monkeys"])
def test_a_key_that_resembles_such_a_text_is_a_key(key: str) -> None:
    settings = load_settings({"FLASK_ENV": "development", "CLAUDE_API_KEY": key})
    assert settings.claude_api_key is not None


@table("value", ["   # fill in", "# fill in", "#", "   ", "\t", ""])
def test_no_setting_has_such_a_value(value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither from `.env` nor from the environment, where systemd and Docker keep the comment."""
    monkeypatch.setenv("CLAUDE_API_KEY", "sk-from-the-environment")
    usual = load_settings({"FLASK_ENV": "development"}, env_file=None)
    names = [name for name in setting_names() if name not in ("FLASK_ENV", "CLAUDE_API_KEY", "SPOOL_DIR")]
    (tmp_path / ".env").write_text("".join(f"{name}='{value}'\n" for name in names))
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    usual = load_settings({"FLASK_ENV": "development"}, env_file=None)
    assert load_settings({"FLASK_ENV": "development"}, env_file=tmp_path / ".env") == usual
    for name in names:
        monkeypatch.setenv(name, value)
    assert load_settings({"FLASK_ENV": "development"}, env_file=None) == usual


def test_a_blank_in_the_environment_does_not_hide_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CLAUDE_API_KEY=sk-of-the-file\nDATABASE_URL=sqlite:///of-the-file.db\n")
    monkeypatch.setenv("CLAUDE_API_KEY", "  # fill in")
    monkeypatch.setenv("DATABASE_URL", " ")
    settings = load_settings({"FLASK_ENV": "development"}, env_file=tmp_path / ".env")

    assert settings.claude_api_key is not None
    assert settings.claude_api_key.get_secret_value() == "sk-of-the-file"
    assert settings.database_url.endswith("/of-the-file.db")


def test_a_sign_of_a_comment_in_a_value_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET", "#a-secret-that-begins-so")
    secret = load_settings({"FLASK_ENV": "development"}).gateway_secret
    assert secret is not None
    assert secret.get_secret_value() == "#a-secret-that-begins-so"


def test_migrations_read_them_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "   # fill in")
    assert DatabaseSettings(flask_env="testing").database_url == "sqlite:///:memory:"
