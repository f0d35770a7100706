"""Settings in a host app's config: all of them win over the environment, and what is the host's own is left alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import models
from config import Settings, SettingsError, load_settings
from interview_routes import interview_bp
from techscreen.web.container import current_runtime, settings_warnings
from techscreen.web.host import init_app
from techscreen.web.host_settings import OWNED_BY_OTHERS, settings_of_host
from tests.conftest import ADMIN, READER, with_starter_library
from tests.support.tables import table

TEXT = "of_a_host"
# Values that are not the default's, where a text, the next number or the other truth value would not do.
VALUES: dict[str, Any] = {
    "FLASK_ENV": "testing",
    "DATABASE_URL": "sqlite:///of-a-host.db",
    "HOST": "127.0.0.2",
    "CLAUDE_MODE": "live",  # without a key it is offline
    "CLAUDE_EFFORT": "high",
    "CLAUDE_BASE_URL": "https://claude.example",
    "CLAUDE_PRICES": {TEXT: {"input": 1, "output": 1, "cache_write": 1, "cache_read": 1}},
    "CLAUDE_PRICES_AS_OF": "2026-01-01",
    "USE_LIBRARY": "only",
    "WORKBENCH": False,
    "SECRET_KEY": "sixteen characters and more",
    "CACHE_SIMILARITY_THRESHOLD": 0.5,
    "CELERY_BROKER_URL": "redis://localhost:6379/7",
    "WEBHOOK_URL": "https://ats.example/events",
    "WEBHOOK_SECRET": "sixteen characters and more",
    "CORS_ORIGINS": "https://ats.example",
    "RATE_LIMIT": "7 per minute",
    "GENERATION_RATE_LIMIT": "3 per hour",
    "RATELIMIT_STORAGE_URI": "redis://localhost:6379/1",
    "DAILY_TOKEN_BUDGET": 4_321,
    "DAILY_TOKEN_BUDGET_PER_USER": 4_321,
    "WORKER_METRICS_PORT": 4_321,
    "LOG_LEVEL": "ERROR",
    "LOG_FORMAT": "json",
    "LOG_FILE": "of-a-host.log",
    "SPOOL_DIR": "of-a-host",
}


def of_host(**config: Any) -> Settings:
    app = Flask("host")
    app.config.update({"TECHSCREEN_WEBHOOK_SECRET": "another with sixteen characters", **config})
    return load_settings(settings_of_host(app))


def value_for(name: str) -> Any:
    if name in VALUES:
        return VALUES[name]
    default = Settings.model_fields[name.lower()].default
    if isinstance(default, bool):
        return not default
    return default + 1 if isinstance(default, (int, float)) else TEXT


@pytest.fixture(autouse=True)
def _in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")


@table("name", [name.upper() for name in Settings.model_fields])
def test_every_setting_of_app_config_reaches_the_service(name: str) -> None:
    usual, value = getattr(of_host(), name.lower()), value_for(name)

    assert getattr(of_host(**{f"TECHSCREEN_{name}": value}), name.lower()) != usual
    if name != "WEBHOOK_SECRET":  # it is given under its longer name already, which wins
        assert (getattr(of_host(**{name: value}), name.lower()) != usual) is (name not in OWNED_BY_OTHERS)


def test_app_config_wins_over_the_environment_and_the_longer_name_over_the_bare_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUEST_TIMEOUT", "11")
    assert of_host().request_timeout == 11
    assert of_host(REQUEST_TIMEOUT=12).request_timeout == 12
    assert of_host(REQUEST_TIMEOUT=12, TECHSCREEN_REQUEST_TIMEOUT=13).request_timeout == 13
    assert of_host(REQUEST_TIMEOUT=None).request_timeout == 11
    monkeypatch.setenv("DAILY_TOKEN_BUDGET", "100")
    assert of_host(DAILY_TOKEN_BUDGET=None).daily_token_budget is None


@table(
    "given",
    [{"RATE_LIMIT": 5}, {"READER_ROLES": 5}, {"GATEWAY_SECRET": ["x"]}, {"CLAUDE_MODEL": object()}],
)
def test_a_value_of_another_kind_is_the_hosts_own_and_the_log_says_so(given: dict[str, Any]) -> None:
    (name,) = given
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, handler = logging.getLogger("techscreen.web.host_settings"), Kept()
    logger.addHandler(handler)
    try:
        assert getattr(of_host(**given), name.lower()) == getattr(of_host(), name.lower())
    finally:
        logger.removeHandler(handler)
    assert len(lines) == 1
    assert f"TECHSCREEN_{name} is always ours" in lines[0]
    with pytest.raises(SettingsError, match=name):
        of_host(**{f"TECHSCREEN_{name}": given[name]})


def test_what_the_host_sees_to_itself_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LOG_LEVEL": "TRACE", "LOG_FORMAT": "%(message)s", "LOG_FILE": "/nowhere/x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SQLALCHEMY_ECHO", "sometimes")
    settings = of_host(SECRET_KEY=b"bytes", LOG_LEVEL=10, CORS_ORIGINS="*", RATELIMIT_STORAGE_URI="memcached://x")
    assert (settings.log_level, settings.cors_origins, settings.secret_key) == ("INFO", (), None)


MakeHost = Callable[..., FlaskClient]


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[MakeHost]:
    apps: list[Flask] = []

    def make(**config: Any) -> FlaskClient:
        app = Flask("host")
        app.config.update(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'host.db'}", CLAUDE_MODE="offline", **config)
        init_app(app)
        app.register_blueprint(interview_bp)
        app.get("/own")(lambda: "own")
        with app.app_context():
            models.db.create_all()
        apps.append(app)
        return app.test_client()

    yield make
    for app in apps:
        with app.app_context():
            current_runtime().close()
            models.db.engine.dispose()


@pytest.mark.parametrize("name", ["RATE_LIMIT", "TECHSCREEN_RATE_LIMIT"])
def test_a_rate_limit_counts_requests_to_our_routes_and_none_of_the_hosts(make_host: MakeHost, name: str) -> None:
    client = make_host(**{name: "2 per minute"})

    assert [client.get("/own").status_code for _ in range(5)] == [200] * 5
    answers = [client.get("/api/interview/req/x", headers=ADMIN) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json["code"] == "rate_limited"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert client.get("/api/interview/req/x", headers=READER).status_code == 200  # another caller
    assert client.get("/own").status_code == 200
    assert client.get("/nowhere").status_code == 404


def test_the_limits_of_a_hosts_own_limiter_are_not_taken_from_its_config(make_host: MakeHost) -> None:
    client = make_host(
        RATELIMIT_DEFAULT="1 per minute", RATELIMIT_APPLICATION="1 per minute", RATE_LIMIT="3 per minute"
    )

    assert [client.get("/own").status_code for _ in range(3)] == [200] * 3
    asked = [client.get("/api/interview/req/x", headers=ADMIN).status_code for _ in range(4)]
    assert asked == [200, 200, 200, 429]


def test_a_host_that_switches_its_limits_off_switches_off_ours(make_host: MakeHost, requisition: Any) -> None:
    client = make_host(RATELIMIT_ENABLED=False, RATE_LIMIT="1 per minute", GENERATION_RATE_LIMIT="1 per day")
    with_starter_library(client.application)

    for _ in range(2):
        answer = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN)
        assert answer.status_code == 200


def test_generations_are_limited_in_a_host_too(make_host: MakeHost, requisition: Any) -> None:
    client = make_host(GENERATION_RATE_LIMIT="1 per day")
    with_starter_library(client.application)

    def generate() -> int:
        return client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).status_code

    assert [generate(), generate()] == [200, 429]
    assert client.get("/api/interview/req/x", headers=ADMIN).status_code == 200


def test_frontends_of_cors_origins_may_call_our_routes_alone(make_host: MakeHost) -> None:
    client = make_host(TECHSCREEN_CORS_ORIGINS="https://ats.example")
    origin = {"Origin": "https://ats.example"}

    answer = client.get("/api/interview/req/x", headers={**ADMIN, **origin})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://ats.example"
    assert "Access-Control-Allow-Origin" not in client.get("/own", headers=origin).headers


@pytest.mark.parametrize("roles", [["Auditor"], (" auditor ",), {"AUDITOR"}, "Auditor, x"])
def test_roles_of_app_config_may_be_a_list_and_written_in_any_case(make_host: MakeHost, roles: Any) -> None:
    client = make_host(READER_ROLES=roles)
    auditor = {"X-User-ID": "ada", "X-User-Role": "auditor"}
    assert client.get("/api/interview/req/x", headers=auditor).status_code == 200


def test_roles_and_the_gateways_secret_of_app_config_are_heeded(make_host: MakeHost) -> None:
    client = make_host(READER_ROLES="auditor", TECHSCREEN_GATEWAY_SECRET="knock-knock")
    auditor = {"X-User-ID": "ada", "X-User-Role": "auditor", "X-Gateway-Secret": "knock-knock"}

    assert client.get("/api/interview/req/x", headers=auditor).status_code == 200
    assert client.get("/api/interview/req/x", headers={**auditor, **READER}).status_code == 403
    assert client.get("/api/interview/req/x", headers={**auditor, "X-Gateway-Secret": "x"}).status_code == 401


@pytest.mark.parametrize("roles", ["Auditor, ", ["Auditor"], ("Auditor", " "), {"auditor"}, frozenset({" AUDITOR "})])
def test_lists_of_app_config_are_read_as_those_of_the_environment(roles: object) -> None:
    settings = of_host(READER_ROLES=roles, TECHSCREEN_CORS_ORIGINS=["https://ats.example/"])

    assert settings.reader_roles == {"auditor"}
    assert settings.cors_origins == ("https://ats.example",)


def test_who_knows_its_callers_itself_needs_no_gateways_secret() -> None:
    app = Flask("host")
    production = of_host(FLASK_ENV="production", CLAUDE_API_KEY="a-key", SQLALCHEMY_DATABASE_URI="sqlite:///x.db")

    assert any(sentence.startswith("GATEWAY_SECRET") for sentence in settings_warnings(production, app))
    app.config["INTERVIEW_AUTHENTICATOR"] = lambda request: None
    assert not any(sentence.startswith("GATEWAY_SECRET") for sentence in settings_warnings(production, app))


def test_a_problem_inside_a_setting_says_where_it_is() -> None:
    with pytest.raises(SettingsError, match=r"CLAUDE_PRICES\.our-model\.output: Field required"):
        of_host(CLAUDE_PRICES={"our-model": {"input": 1, "cache_write": 1, "cache_read": 1}})


def test_the_commands_are_there_in_one_group(make_host: MakeHost) -> None:
    runner = make_host().application.test_cli_runner()

    listed = runner.invoke(args=["techscreen", "--help"]).output
    commands = {line.split()[0] for line in listed.partition("Commands:")[2].splitlines() if line.strip()}
    assert {"cache", "check", "db", "doctor", "evidence", "library", "logs"} <= commands
    assert "cache" not in runner.invoke(args=["--help"]).output
    assert runner.invoke(args=["techscreen", "cache", "stats"]).exit_code == 0
    doctor = runner.invoke(args=["techscreen", "doctor"])
    assert "The tables are those of this version, made by the app itself." in doctor.output
    assert doctor.exit_code == 0
