"""`flask --app app doctor`: checks the service part by part and says in words what is well and what is not.

Exit code 0: healthy, perhaps with warnings; 1: problems; 2: the settings cannot be used (`app.py` ends with that).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext
from limits.storage import storage_from_string
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from config import Settings
from models import CachedQuestion
from techscreen.cli.terminal import say
from techscreen.errors import ClaudeError
from techscreen.operations.readiness import Finding
from techscreen.storage.transactions import transaction
from techscreen.web.container import Runtime, current_runtime, settings_warnings, unknown_names

if TYPE_CHECKING:
    from techscreen.claude.model_info import ModelFacts

MIN_SECRET = 16
# Seconds for the storage of the rate limits to connect, and to answer.
STORAGE_PATIENCE = 3
LABELS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM", "not_checked": "-"}


@click.command("doctor")
@click.option("--paid", is_flag=True, help="Also make one call to Claude, of a few tokens: is there credit?")
@with_appcontext
def doctor_command(paid: bool) -> None:
    """Examine settings, database, migrations, broker, rate limits and model. Costs nothing without --paid."""
    counts = {"warning": 0, "problem": 0}
    for finding in _findings(paid):
        detail = f" ({finding.detail})" if finding.detail else ""
        say(f"{finding.part:<12}{LABELS[finding.status]:<9}{finding.sentence}{detail}")
        if finding.status in counts:
            counts[finding.status] += 1
    say()
    say(f"{'Not healthy' if counts['problem'] else 'Healthy'}: {_count(counts)}.")
    if counts["problem"]:
        raise SystemExit(1)


def _findings(paid: bool) -> Iterator[Finding]:
    runtime = current_runtime()
    settings = runtime.settings
    yield Finding("settings", "ok", f"They can be used: {settings.flask_env}, database {_without_password(settings)}.")
    unknown = unknown_names(current_app, in_host=runtime.in_host)
    for sentence in (*settings_warnings(settings, current_app), *_production_warnings(runtime), *unknown):
        yield Finding("settings", "warning", sentence)
    parts = runtime.readiness.look()
    yield from parts
    if not settings.asks_claude and not any(part.status == "problem" for part in parts):
        yield _library()
    yield _rate_limits(settings)
    if settings.asks_claude and settings.claude_api_key is not None:
        yield from _model(settings)
        if paid:
            yield _paid_call(settings)
    elif paid:
        yield Finding("paid call", "not_checked", "Not made: there is no key, or Claude is not asked.")


def _production_warnings(runtime: Runtime) -> Iterator[str]:
    """Warnings about settings that are fine for a trial, but not in production."""
    settings = runtime.settings
    if settings.flask_env != "production":
        return
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        yield "DATABASE_URL is a SQLite file: it serves one machine only, and one writer at a time."
    secret = settings.gateway_secret
    if secret is not None and len(secret.get_secret_value()) < MIN_SECRET:
        yield f"GATEWAY_SECRET has fewer than {MIN_SECRET} characters: it can be guessed."
    if settings.trusted_proxies == 0 and not runtime.in_host:  # a host sees to its proxies itself
        yield "TRUSTED_PROXIES is 0: behind a reverse proxy every caller has the address of the proxy."
    if settings.claude_model not in settings.claude_prices:
        yield f"CLAUDE_PRICES has no price of {settings.claude_model}: its cost cannot be estimated."
    bounds = settings.generation_rate_limit, settings.daily_token_budget, settings.daily_token_budget_per_user
    if settings.asks_claude and not any(bounds):
        yield "Neither GENERATION_RATE_LIMIT nor a DAILY_TOKEN_BUDGET is set: one caller may spend without end."
    if settings.ratelimit_storage_uri.startswith("memory:"):
        # The number of processes is gunicorn's setting, read here as in gunicorn.conf.py.
        processes = os.environ.get("WEB_CONCURRENCY", "2")  # noqa: TID251
        if processes != "1":
            yield (
                f"RATELIMIT_STORAGE_URI is memory://, and each of {processes} processes counts by itself:"
                f" a caller may do {processes} times as much."
            )


def _library() -> Finding:
    """Whether there is anything to make interviews of without Claude."""
    with transaction() as session:
        count = session.scalar(select(func.count()).where(CachedQuestion.library_status == "active"))
    if not count:
        command = f"flask {'techscreen ' if current_runtime().in_host else ''}library load-starter"
        sentence = f"It has no questions, so no interview can be made: `{command}` loads those of the service."
        return Finding("library", "warning", sentence)
    return Finding("library", "ok", f"It has {count} question{'' if count == 1 else 's'} to make interviews of.")


def _rate_limits(settings: Settings) -> Finding:
    part = "rate limits"
    if settings.ratelimit_storage_uri.startswith("memory:"):
        return Finding(part, "ok", "They are counted in each process.")
    patience = {"socket_connect_timeout": STORAGE_PATIENCE, "socket_timeout": STORAGE_PATIENCE}
    try:
        answers = storage_from_string(settings.ratelimit_storage_uri, **patience).check()
    except Exception as error:  # whatever the library raises on an address that it cannot use
        return Finding(part, "problem", "RATELIMIT_STORAGE_URI cannot be used.", type(error).__name__)
    if not answers:
        return Finding(part, "problem", "Their Redis does not answer: each process counts by itself until it does.")
    return Finding(part, "ok", "Their Redis answers.")


def _model(settings: Settings) -> Iterator[Finding]:
    from techscreen.claude.model_info import look_up_model  # here, because the SDK takes a second to load

    name = settings.claude_model
    try:
        facts = look_up_model(settings)
    except ClaudeError as error:
        yield Finding("model", "problem", error.message)
        return
    yield _lifecycle(name, facts)
    if facts.structured_outputs is False:
        yield Finding("model", "problem", f"{name} has no structured outputs, which every request asks for.")
    elif facts.structured_outputs is None:
        yield Finding("model", "warning", f"Claude does not say whether {name} has structured outputs.")
    if facts.max_tokens is not None and facts.max_tokens < settings.claude_max_tokens:
        sentence = f"CLAUDE_MAX_TOKENS is {settings.claude_max_tokens}, but {name} writes {facts.max_tokens} at most."
        yield Finding("model", "problem", sentence)


def _paid_call(settings: Settings) -> Finding:
    from techscreen.claude.model_info import ask_a_word

    try:
        spent = ask_a_word(settings)
    except ClaudeError as error:
        return Finding("paid call", "problem", error.message, error.code)
    at_least = "at least " if spent.is_lower_bound else ""
    return Finding("paid call", "ok", f"Claude answered, for {at_least}{spent.total_tokens} tokens.")


def _lifecycle(name: str, facts: ModelFacts) -> Finding:
    if facts.lifecycle == "retired":
        return Finding("model", "problem", f"{name} is retired and answers nothing. Set another CLAUDE_MODEL.")
    if facts.lifecycle == "deprecated":
        when = f"will be retired on {_day(facts.retires_at)}" if facts.retires_at else "will be retired"
        return Finding("model", "warning", f"{name} {when}. Set another CLAUDE_MODEL before.")
    if facts.lifecycle is None:
        return Finding("model", "warning", f"{name} exists, but Claude does not say for how long.")
    if facts.lifecycle != "active":
        return Finding("model", "warning", f"{name} is {facts.lifecycle!r}, whatever that means.")
    return Finding("model", "ok", f"{name} exists, and no retirement is planned.")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _without_password(settings: Settings) -> str:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return f"SQLite {url.database}"
    # Only these parts: a password may also be in the query.
    return f"{url.get_backend_name()} {url.database} at {url.host}:{url.port or 3306}"


def _count(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for word, number in counts.items())
