"""Settings: what is read, what is refused, and that all of it is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import (
    NOWHERE,
    PRODUCTION_RATE_LIMIT,
    PROJECT_FOLDER,
    Settings,
    SettingsError,
    load_database_settings,
    load_settings,
)
from scripts import render_settings
from tests.support.tables import table

PRODUCTION = {
    "FLASK_ENV": "production",
    "DATABASE_URL": "mysql+pymysql://techscreen:pa%25ss@db/techscreen_db",
    "CLAUDE_API_KEY": "sk-real",
}


def test_development_needs_nothing() -> None:
    settings = load_settings({"FLASK_ENV": "development"})

    assert settings.database_url == f"sqlite:///{PROJECT_FOLDER / 'techscreen.db'}"
    assert settings.claude_mode == "offline"
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.claude_model == "claude-opus-5-5"
    assert settings.claude_max_tokens == 16_000
    assert settings.request_timeout == 300
    assert settings.reader_roles == {"admin", "recruiter", "hiring_manager", "interviewer"}


def test_without_a_key_it_is_offline_in_development_alone_and_only_where_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def mode(**given: object) -> str | None:
        return load_settings(given, env_file=None).claude_mode

    monkeypatch.delenv("CLAUDE_API_KEY", raising=False)
    assert mode(FLASK_ENV="development") == "offline"
    assert mode(FLASK_ENV="development", CLAUDE_API_KEY="  ") == "offline"
    assert mode(FLASK_ENV="development", CLAUDE_API_KEY="a-key") == "live"
    assert mode(FLASK_ENV="development", CLAUDE_MODE="live") == "live"
    assert mode(FLASK_ENV="development", CLAUDE_MODE="offline", CLAUDE_API_KEY="a-key") == "offline"
    assert mode(FLASK_ENV="testing") == "live"
    assert mode(**{**PRODUCTION, "CLAUDE_API_KEY": None, "USE_LIBRARY": "only"}) == "live"
    chosen = [load_settings({"FLASK_ENV": "development", **given}) for given in ({}, {"CLAUDE_MODE": "offline"})]
    assert [settings.is_offline_without_key for settings in chosen] == [True, False]


def test_host_and_port_are_read_from_the_env_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HOST=0.0.0.0\nPORT=8080\n")
    settings = load_settings(env_file=tmp_path / ".env")
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)


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


def test_all_problems_are_reported_at_once_whichever_check_finds_them() -> None:
    production = {"FLASK_ENV": "production"}
    cases: list[tuple[dict[str, object], list[str]]] = [
        (production, ["DATABASE_URL is required", "CLAUDE_API_KEY is required"]),
        (
            {**production, "CLAUDE_MODE": "offline", "SQLALCHEMY_ECHO": True, "LOG_LEVEL": "loud"},
            ["LOG_LEVEL", "DATABASE_URL", "CLAUDE_MODE=offline", "CLAUDE_API_KEY", "SQLALCHEMY_ECHO"],
        ),
        (
            {**production, "DATABASE_URL": "mysql://db/x", "CORS_ORIGINS": "*", "CELERY_BROKER_URL": "kafka://b"},
            ["CORS_ORIGINS", "CELERY_BROKER_URL", "DATABASE_URL names a driver", "CLAUDE_API_KEY"],
        ),
        # What is unusable is not called missing as well.
        ({**PRODUCTION, "CLAUDE_API_KEY": "two words", "REQUEST_TIMEOUT": 0}, ["CLAUDE_API_KEY: ", "REQUEST_TIMEOUT"]),
        ({"FLASK_ENV": "prod", "DATABASE_URL": "no address"}, ["FLASK_ENV", "DATABASE_URL"]),
        ({**production, "CLAUDE_BASE_URL": "no address"}, ["CLAUDE_BASE_URL", "DATABASE_URL", "CLAUDE_API_KEY"]),
        ({"LOG_FILE": "/nowhere/at/all.log", "RATE_LIMIT": "some"}, ["RATE_LIMIT", "LOG_FILE"]),
    ]
    wrong = []
    for given, expected in cases:
        with pytest.raises(SettingsError) as caught:
            load_settings(given)
        said = caught.value.problems
        if len(said) != len(expected) or not all(any(s.startswith(name) for s in said) for name in expected):
            wrong.append((given, said))
    assert wrong == []


def test_only_whole_origins_are_let_in() -> None:
    refused = [
        "*",
        "https://*.ats.example",
        "https://ats.example/path",
        "ats.example",
        "ftp://ats.example",
        "https://",
        "https://anna@ats.example",
        "https://ats.example:port",
        "https://ats.example?x",
        "https://ats.example, https://*",
        *(f"https://a{character}b.example" for character in "*\\]?$^[()|+{} \n"),
    ]
    for origins in refused:
        with pytest.raises(SettingsError, match="CORS_ORIGINS"):
            load_settings({"CORS_ORIGINS": origins})


def test_in_production_requests_are_limited_unless_something_else_is_said() -> None:
    assert load_settings(PRODUCTION).rate_limit == PRODUCTION_RATE_LIMIT
    assert load_settings({**PRODUCTION, "RATE_LIMIT": "5 per minute"}).rate_limit == "5 per minute"
    assert load_settings({"FLASK_ENV": "development"}).rate_limit is None
    documents = [
        (PROJECT_FOLDER / name).read_text() for name in ("docs/settings.md", ".env.example", "docs/security.md")
    ]
    assert [PRODUCTION_RATE_LIMIT in text for text in documents] == [True] * 3


@pytest.mark.parametrize("name", ["CLAUDE_BASE_URL", "ANTHROPIC_BASE_URL"])
def test_in_production_the_key_only_travels_encrypted_or_not_at_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_accepted(address: str, environment: str) -> bool:
        monkeypatch.setenv(name, address)
        try:
            load_settings({**PRODUCTION, "FLASK_ENV": environment}, env_file=None)
        except SettingsError as error:
            return not any(problem.startswith("CLAUDE_BASE_URL must be https") for problem in error.problems)
        return True

    monkeypatch.delenv("CLAUDE_BASE_URL", raising=False)
    abroad = [
        "http://claude.example",
        "HTTP://10.0.0.5:8080",
        "http://localhost@claude.example",
        "http://localhost.example",
    ]
    at_home = ["http://localhost:8080", "http://127.0.0.1:9", "http://[::1]:9", "https://claude.example"]
    assert [address for address in abroad + at_home if is_accepted(address, "production")] == at_home
    assert [address for address in abroad + at_home if is_accepted(address, "development")] == abroad + at_home


@table(
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


def test_the_name_of_a_model_must_fit_where_it_is_stored() -> None:
    address = "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/" + "x" * 200
    assert load_settings({"CLAUDE_MODEL": address[:255]}).claude_model == address[:255]
    with pytest.raises(SettingsError, match=r"CLAUDE_MODEL: .*255 characters"):
        load_settings({"CLAUDE_MODEL": address[:256]})


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
    assert load_database_settings().database_url == PRODUCTION["DATABASE_URL"]
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(SettingsError, match="DATABASE_URL is required"):
        load_database_settings()
    monkeypatch.setenv("FLASK_ENV", "prod")
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql//root:sesame@db")
    with pytest.raises(SettingsError) as caught:
        load_database_settings()
    assert [problem.split()[0] for problem in caught.value.problems] == ["FLASK_ENV:", "DATABASE_URL"]
    assert "sesame" not in str(caught.value)


@table(
    ("name", "value"),
    [
        ("RATE_LIMIT", "a few"),
        ("GENERATION_RATE_LIMIT", "10"),
        ("RATELIMIT_STORAGE_URI", "mysql://user:secret@host/db"),
        ("CELERY_BROKER_URL", "sqs://its-secret@"),
        ("TRUSTED_PROXIES", "-1"),
        ("DAILY_TOKEN_BUDGET", "0"),
        ("CLAUDE_PRICES", {"claude-opus-5-5": {"input": 4}}),
        ("CLAUDE_PRICES_AS_OF", "yesterday"),
        ("LOG_RETENTION_DAYS", "0"),
        ("WORKER_METRICS_PORT", "70000"),
        ("PORT", "http"),
        ("PORT", 0),
        ("PORT", "70000"),
        ("PORT", "-1"),
    ],
)
def test_limits_that_mean_nothing_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        load_settings({name: value})
    assert "secret" not in str(refused.value)


def test_origins_are_read_from_a_list_with_commas() -> None:
    origins = load_settings({"CORS_ORIGINS": "https://ats.example/, http://localhost:3000"}).cors_origins
    assert origins == ("https://ats.example", "http://localhost:3000")


def test_the_page_of_settings_is_that_of_the_code() -> None:
    assert render_settings.PAGE.read_text(encoding="utf-8") == render_settings.rendered(), "Run `make settings`."
    assert {f"| `{name.upper()}` |" in render_settings.rendered() for name in Settings.model_fields} == {True}


def test_the_example_file_names_exactly_the_settings() -> None:
    example = (PROJECT_FOLDER / ".env.example").read_text()
    named = set(re.findall(r"^#?\s?([A-Z_]+)=", example, re.MULTILINE))
    assert named - {"FLASK_APP"} == {name.upper() for name in Settings.model_fields}
