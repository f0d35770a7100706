"""`flask --app app doctor`: what it says in good and in bad health, its exit codes, and that it keeps secrets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from config import PROJECT_FOLDER
from tests.conftest import MakeApp, with_starter_library
from tests.support.fake_claude import FakeClaude, Reply, error_reply
from tests.support.private_brokers import PrivateRedis
from tests.support.private_servers import free_port
from tests.support.tables import table

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEY, SECRET = "sk-a-key-to-be-kept", "a-gateway-secret-to-be-kept"
MODEL = "claude-opus-5-5"


def described(**changes: Any) -> dict[str, Any]:
    """A model as Claude's API describes it."""
    model: dict[str, Any] = {
        "type": "model",
        "id": MODEL,
        "display_name": "Claude",
        "created_at": "2026-09-01T00:00:00Z",
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": "opus",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": {"structured_outputs": {"supported": True}},
    }
    return {**model, **changes}


class Health:
    """What the doctor says in one app, by part: (status, sentence)."""

    def __init__(self, make_app: MakeApp, *options: str, **settings: Any) -> None:
        result = make_app(**settings).test_cli_runner().invoke(args=["doctor", *options])
        self.text: str = result.output
        self.code: int = result.exit_code
        self.lines = [line for line in result.stdout.split("\n\n")[0].splitlines() if line]
        self.summary = result.stdout.strip().splitlines()[-1]

    def of(self, part: str) -> list[str]:
        return [line[12:] for line in self.lines if line[:12].strip() == part]


@pytest.fixture
def production(database_url: str, fake: FakeClaude) -> dict[str, Any]:
    """Settings with nothing to complain about, but that SQLite is not for production."""
    fake.models[MODEL] = described()
    return {
        "FLASK_ENV": "production",
        "CLAUDE_API_KEY": KEY,
        "GATEWAY_SECRET": SECRET,
        "TRUSTED_PROXIES": 1,
    }


def test_a_healthy_service_is_called_healthy(
    make_app: MakeApp, production: dict[str, Any], redis_url: str, database_url: str
) -> None:
    health = Health(
        make_app,
        **production,
        GENERATION_RATE_LIMIT="100 per minute",
        RATELIMIT_STORAGE_URI=redis_url,
        ASYNC_PROCESSING=True,
        CELERY_BROKER_URL=redis_url,
    )

    assert health.code == 0, health.text
    is_sqlite = database_url.startswith("sqlite")
    assert health.summary == f"Healthy: {int(is_sqlite)} warning{'' if is_sqlite else 's'}, 0 problems."
    for part in ("database", "migrations", "claude", "jobs", "rate limits", "model"):
        assert [line.split()[0] for line in health.of(part)] == ["ok"], part
    assert "SQLite file" in health.text or not is_sqlite


@SQLITE
def test_production_with_the_settings_of_a_trial_is_warned_of_each(
    make_app: MakeApp, production: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    trial = {**production, "GATEWAY_SECRET": None, "TRUSTED_PROXIES": 0, "CLAUDE_MODEL": "claude-of-tomorrow"}
    said = "\n".join(Health(make_app, **trial).of("settings"))

    for word in ("GATEWAY_SECRET", "SQLite", "TRUSTED_PROXIES", "CLAUDE_PRICES", "each of 4 processes", "without end"):
        assert word in said, word
    monkeypatch.setenv("WEB_CONCURRENCY", "1")
    assert "memory://" not in Health(make_app, **production).text
    for bound in ({"GENERATION_RATE_LIMIT": "5 per minute"}, {"DAILY_TOKEN_BUDGET_PER_USER": 1}):
        assert "without end" not in Health(make_app, **production, **bound).text
    assert "can be guessed" in Health(make_app, **{**production, "GATEWAY_SECRET": "short"}).text


@SQLITE
def test_everything_that_is_away_is_named_in_words_without_its_password(
    make_app: MakeApp, production: dict[str, Any], fake: FakeClaude
) -> None:
    nobody = free_port()
    health = Health(
        make_app,
        **{
            **production,
            "DATABASE_URL": f"mysql+pymysql://anna:its-password@127.0.0.1:{nobody}/techscreen_db?ssl_key_password=hush",
            "ASYNC_PROCESSING": True,
            "CELERY_BROKER_URL": f"redis://:its-password@127.0.0.1:{nobody}/0",
            "GENERATION_RATE_LIMIT": "5 per minute",
            "RATELIMIT_STORAGE_URI": f"redis://:its-password@127.0.0.1:{nobody}/1",
            "CLAUDE_BASE_URL": f"http://127.0.0.1:{nobody}",
        },
    )

    assert health.code == 1
    assert health.summary == "Not healthy: 0 warnings, 4 problems."
    assert health.of("settings")[0].endswith(f"database mysql techscreen_db at 127.0.0.1:{nobody}.")
    assert health.of("database")[0].startswith("PROBLEM  The database does not answer. (")
    assert "Connection refused" in health.of("database")[0]
    assert health.of("migrations") == ["-        Not checked: the database does not answer."]
    assert health.of("jobs")[0].startswith("PROBLEM")
    assert health.of("rate limits")[0].startswith("PROBLEM")
    assert health.of("model") == ["PROBLEM  Claude cannot be reached."]
    for secret in (KEY, SECRET, "its-password", "hush"):
        assert secret not in health.text


@SQLITE
def test_a_model_that_is_gone_or_going_is_named(
    make_app: MakeApp, production: dict[str, Any], fake: FakeClaude
) -> None:
    def model(**changes: Any) -> tuple[int, list[str]]:
        fake.models[MODEL] = described(**changes)
        health = Health(make_app, **production)
        return health.code, health.of("model")

    assert model() == (0, [f"ok       {MODEL} exists, and no retirement is planned."])
    code, said = model(lifecycle="deprecated", retires_at="2027-02-01T00:00:00Z")
    assert (code, said) == (0, [f"warning  {MODEL} will be retired on 2027-02-01. Set another CLAUDE_MODEL before."])
    code, said = model(lifecycle="retired", retires_at="2026-08-05T00:00:00Z")
    assert (code, said) == (1, [f"PROBLEM  {MODEL} is retired and answers nothing. Set another CLAUDE_MODEL."])
    code, said = model(capabilities={"structured_outputs": {"supported": False}})
    assert code == 1
    assert said[1].startswith("PROBLEM")
    assert "structured outputs" in said[1]
    code, said = model(max_tokens=8_000)
    assert code == 1
    assert "CLAUDE_MAX_TOKENS" in said[1]
    assert model(lifecycle="asleep") == (0, [f"warning  {MODEL} is 'asleep', whatever that means."])
    for odd in (None, [], {}, "odd"):  # whatever stands there instead
        for name in ("lifecycle", "retires_at", "capabilities", "max_tokens"):
            code, said = model(**{"lifecycle": "deprecated", name: odd})
            assert code == 0, (name, odd, said)
    fake.models[MODEL] = {"id": MODEL, "type": "model"}  # as a gateway of somebody else's may answer
    health = Health(make_app, **production)
    assert health.code == 0
    assert [line.split()[0] for line in health.of("model")] == ["warning", "warning"]


@SQLITE
def test_what_claude_refuses_becomes_a_sentence(
    make_app: MakeApp, production: dict[str, Any], fake: FakeClaude
) -> None:
    def said() -> list[str]:
        health = Health(make_app, **production)
        assert health.code == 1
        assert KEY not in health.text
        return health.of("model")

    fake.models.clear()
    assert said() == [f"PROBLEM  Claude has no model {MODEL}."]
    fake.next(error_reply(401, "authentication_error", f"invalid key {KEY}"))
    assert said() == ["PROBLEM  Claude does not know this API key."]
    fake.next(error_reply(529, "overloaded_error"))
    assert said() == ["PROBLEM  Claude answered with HTTP 529."]
    fake.next(Reply(body=b"<html>A login page</html>", content_type="text/html"))
    assert said() == ["PROBLEM  What answered is not Claude."]
    fake.next(Reply(body=b"{not json"))
    assert said() == ["PROBLEM  What answered is not Claude."]
    assert fake.received == []  # nothing was generated, so nothing was paid for


@SQLITE
def test_a_paid_call_tells_whether_key_permission_and_credit_are_enough(
    make_app: MakeApp, production: dict[str, Any], fake: FakeClaude
) -> None:
    def said(reply: Reply | None = None) -> list[Any]:
        fake.received.clear()
        if reply is not None:
            fake.when(lambda _: True, reply, times=1)
        health = Health(make_app, "--paid", **production)
        assert KEY not in health.text
        assert [body["max_tokens"] for body in fake.received] == [16]
        (line,) = health.of("paid call")
        return [health.code, line]

    answer = Reply(content="ready", usage={"input_tokens": 11, "output_tokens": 3})
    assert said(answer) == [0, "ok       Claude answered, for 14 tokens."]
    # Thinking has used up its few tokens.
    thinks = Reply(content="", stop_reason="max_tokens", usage={"input_tokens": 11, "output_tokens": 16})
    assert said(thinks) == [0, "ok       Claude answered, for 27 tokens."]
    assert said(Reply(content="ready", usage={"output_tokens": 3}))[1].endswith("for at least 3 tokens.")
    sentence = "Claude's account for this service has no credit left or has reached its spending limit."
    for status in (400, 402, 403):
        code, line = said(error_reply(status, "invalid_request_error", "Your credit balance is too low"))
        assert (code, line) == (1, f"PROBLEM  {sentence} (claude_billing)")
    code, line = said(error_reply(400, "invalid_request_error", "workspaces: no such thing"))
    assert (code, line.count("It said: workspaces: no such thing")) == (1, 1)
    assert said(error_reply(401, "authentication_error", f"no {KEY}"))[0] == 1
    assert said(error_reply(400, "invalid_request_error", f"no {KEY}"))[0] == 1
    assert said(error_reply(529, "overloaded_error"))[1].startswith("PROBLEM  Claude answered with HTTP 529.")
    assert "not Claude" in said(Reply(body=b"<html>", content_type="text/html"))[1]
    assert "cannot be reached" in said(Reply(reset=True))[1]


@SQLITE
def test_a_model_cannot_be_looked_up_without_credit(
    make_app: MakeApp, production: dict[str, Any], fake: FakeClaude
) -> None:
    fake.next(error_reply(400, "invalid_request_error", "Your credit balance is too low"))
    assert "no credit left" in Health(make_app, **production).of("model")[0]


@SQLITE
def test_without_a_key_claude_is_not_asked(make_app: MakeApp, fake: FakeClaude) -> None:
    health = Health(make_app, "--paid", FLASK_ENV="development", CLAUDE_MODE="live")

    assert health.code == 1
    assert health.of("paid call")[0].startswith("-        Not made")
    assert health.of("claude")[0].startswith("PROBLEM")
    assert health.of("model") == []


@SQLITE
def test_without_claude_a_library_without_questions_is_named(make_app: MakeApp) -> None:
    health = Health(make_app, FLASK_ENV="development", CLAUDE_MODE="offline")
    assert health.of("library") == [
        "warning  It has no questions, so no interview can be made: "
        "`flask library load-starter` loads those of the service."
    ]
    assert health.code == 0

    app = with_starter_library(make_app(FLASK_ENV="development", CLAUDE_MODE="offline"))
    said = app.test_cli_runner().invoke(args=["doctor"]).output
    assert re.search(r"(?m)^library     ok       It has \d{3} questions to make interviews of\.$", said)


@SQLITE
def test_rate_limits_over_a_redis_that_comes_back_are_well_again(make_app: MakeApp, redis_url: str) -> None:
    del redis_url  # skips where there is no Redis
    server = PrivateRedis()
    try:
        server.start()
        url = server.url
        server.kill()
        assert Health(make_app, RATELIMIT_STORAGE_URI=url).of("rate limits")[0].startswith("PROBLEM")
        server.start()
        assert Health(make_app, RATELIMIT_STORAGE_URI=url).of("rate limits") == ["ok       Their Redis answers."]
    finally:
        server.stop()


@table("command", [["cache", "stats"], ["--help"]])
def test_a_command_with_unusable_settings_says_what_is_wrong_with_them_and_ends_with_2(command: list[str]) -> None:
    environment = {
        **os.environ,
        "FLASK_ENV": "production",
        "DATABASE_URL": "mysql+pymysql://anna:its-password@db.example/x",
        "CLAUDE_MODE": "offline",
        "CACHE_TTL_DAYS": "half a year",
    }
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *command],
        cwd=PROJECT_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    for name in ("CACHE_TTL_DAYS", "CLAUDE_MODE=offline", "CLAUDE_API_KEY is required"):
        assert name in done.stderr, name
    assert done.stderr.count("CLAUDE_API_KEY") == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert "No such command" not in done.stderr
    assert "its-password" not in done.stderr + done.stdout
