"""Settings: what is read, what is refused, and that all of it is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import NOWHERE, PROJECT_FOLDER, Settings, SettingsError, load_database_url, load_settings

PRODUCTION = {
    "FLASK_ENV": "production",
    "DATABASE_URL": "mysql+pymysql://techscreen:pa%25ss@db/techscreen_db",
    "CLAUDE_API_KEY": "sk-real",
}


def test_development_needs_nothing() -> None:
    settings = load_settings({"FLASK_ENV": "development"})

    assert settings.database_url == f"sqlite:///{PROJECT_FOLDER / 'techscreen.db'}"
    assert settings.claude_mode == "live"
    assert settings.claude_model == "claude-opus-5-5"
    assert settings.claude_max_tokens == 16_000
    assert settings.request_timeout == 300
    assert settings.reader_roles == {"admin", "recruiter", "hiring_manager", "interviewer"}


def test_the_environment_and_the_env_file_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(
        "CLAUDE_MODEL=from-file\nREADER_ROLES=Admin, hr\nCLAUDE_MAX_TOKENS=4000\nLOG_FILE=\n"
    )
    monkeypatch.setenv("CLAUDE_MAX_TOKENS", "5000")

    settings = load_settings(env_file=tmp_path / ".env")

    assert settings.claude_model == "from-file"
    assert settings.claude_max_tokens == 5000
    assert settings.reader_roles == {"admin", "hr"}
    assert settings.log_file is None


def test_the_specifications_env_file_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLASK_ENV")
    (tmp_path / ".env").write_text(
        "FLASK_ENV=development\nFLASK_APP=app.py\n"
        "DATABASE_URL=mysql+pymysql://username:password@localhost:3306/techscreen_db\n"
        "CLAUDE_API_KEY=your-anthropic-api-key-here\nCLAUDE_MODEL=claude-opus-4-1\nCLAUDE_MAX_TOKENS=4000\n"
        "ENABLE_QUESTION_CACHE=True\nCACHE_SIMILARITY_THRESHOLD=0.85\nASYNC_PROCESSING=True\nREQUEST_TIMEOUT=300\n"
        "SQLALCHEMY_ECHO=False\n"
    )

    settings = load_settings(env_file=tmp_path / ".env")

    assert settings.database_url == "mysql+pymysql://username:password@localhost:3306/techscreen_db"
    assert settings.async_processing is True


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"FLASK_ENV": "production", "CLAUDE_MODE": "offline", "LOG_LEVEL": "loud", "REQUEST_TIMEOUT": 0})

    everything = str(caught.value)
    for name in ("LOG_LEVEL", "REQUEST_TIMEOUT", "DATABASE_URL"):
        assert name in everything
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {"FLASK_ENV": "production", "CLAUDE_MODE": "offline", "LOG_LEVEL": "loud", "DATABASE_URL": "sqlite://"}
        )
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"CLAUDE_API_KEY": None},
        {"DATABASE_URL": ""},
        {"CLAUDE_MODE": "offline"},
        {"SQLALCHEMY_ECHO": True},
    ],
)
def test_production_refuses_what_it_lacks(change: dict[str, object]) -> None:
    load_settings(PRODUCTION)
    with pytest.raises(SettingsError):
        load_settings({**PRODUCTION, **change})


def test_no_secret_is_shown() -> None:
    settings = load_settings({**PRODUCTION, "GATEWAY_SECRET": "knock", "CELERY_BROKER_URL": "redis://:hush@r/0"})
    shown = repr(settings) + str(settings)
    for secret in ("sk-real", "pa%25ss", "knock", "hush"):
        assert secret not in shown

    with pytest.raises(SettingsError) as caught:
        load_settings({**PRODUCTION, "DATABASE_URL": "mysql+pymysql//root:sesame@db"})
    assert "sesame" not in str(caught.value)


def test_a_key_loses_its_line_end_and_must_fit_a_header() -> None:
    key = load_settings({**PRODUCTION, "CLAUDE_API_KEY": " sk-real\n"}).claude_api_key
    assert key is not None
    assert key.get_secret_value() == "sk-real"
    for unusable in ("sk real", "sk-\nreal", "sk-é"):
        with pytest.raises(SettingsError, match="CLAUDE_API_KEY"):
            load_settings({**PRODUCTION, "CLAUDE_API_KEY": unusable})


def test_a_span_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(SettingsError, match="CACHE_TTL_DAYS"):
        load_settings({"CACHE_TTL_DAYS": 1_000_000})


def test_testing_makes_paid_calls_impossible() -> None:
    settings = load_settings(
        {"FLASK_ENV": "testing", "CLAUDE_API_KEY": "sk-real", "CLAUDE_BASE_URL": "https://api.anthropic.com"}
    )
    assert settings.claude_api_key is not None
    assert settings.claude_api_key.get_secret_value() != "sk-real"
    assert settings.claude_base_url == NOWHERE


def test_the_sdks_own_address_is_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:8001")
    assert load_settings().claude_base_url == "http://127.0.0.1:8001"
    monkeypatch.setenv("CLAUDE_BASE_URL", "http://127.0.0.1:8002")
    assert load_settings().claude_base_url == "http://127.0.0.1:8002"
    monkeypatch.delenv("CLAUDE_BASE_URL")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "")
    monkeypatch.setenv("FLASK_ENV", "development")
    assert load_settings().claude_base_url == "https://api.anthropic.com"


def test_migrations_need_only_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_ENV", "production")
    monkeypatch.setenv("DATABASE_URL", PRODUCTION["DATABASE_URL"])
    assert load_database_url() == PRODUCTION["DATABASE_URL"]
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(SettingsError, match="DATABASE_URL is required"):
        load_database_url()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE_LIMIT", "a few"),
        ("GENERATION_RATE_LIMIT", "10"),
        ("RATELIMIT_STORAGE_URI", "mysql://user:secret@host/db"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://ats.example/path"),
        ("TRUSTED_PROXIES", "-1"),
        ("DAILY_TOKEN_BUDGET", "0"),
        ("CLAUDE_PRICES", {"claude-opus-5-5": {"input": 4}}),
        ("CLAUDE_PRICES_AS_OF", "yesterday"),
        ("LOG_RETENTION_DAYS", "0"),
        ("WORKER_METRICS_PORT", "70000"),
    ],
)
def test_limits_that_mean_nothing_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        load_settings({name: value})
    assert "secret" not in str(refused.value)


def test_origins_are_read_from_a_list_with_commas() -> None:
    origins = load_settings({"CORS_ORIGINS": "https://ats.example/, http://localhost:3000"}).cors_origins
    assert origins == ("https://ats.example", "http://localhost:3000")


def test_the_example_file_names_exactly_the_settings() -> None:
    example = (PROJECT_FOLDER / ".env.example").read_text()
    named = set(re.findall(r"^#?\s?([A-Z_]+)=", example, re.MULTILINE))
    assert named - {"FLASK_APP"} == {name.upper() for name in Settings.model_fields}
