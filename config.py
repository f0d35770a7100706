"""Settings: one typed, frozen object, read from the environment and `.env`, checked at start-up.

Every setting is described here and in `.env.example`; a test holds the two together. All problems
are reported at once, and no message ever contains a password or a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PROJECT_FOLDER = Path(__file__).resolve().parent
CLAUDE_API = "https://api.anthropic.com"
# Port 9 is "discard": nothing answers there, so a test that forgets its fake fails instead of paying.
NOWHERE = "http://127.0.0.1:9"


class TokenPrices(BaseModel):
    """What a million tokens of a model cost, in US dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cache_write: float = Field(ge=0)
    cache_read: float = Field(ge=0)


# As published by Anthropic. A cache write costs 1.25 times the input, a cache read a tenth.
PRICES_AS_OF = date(2026, 11, 22)
PRICES = {
    model: TokenPrices(input=dollars_in, output=dollars_out, cache_write=1.25 * dollars_in, cache_read=0.1 * dollars_in)
    for model, dollars_in, dollars_out in (
        ("claude-fable-5-2", 8, 40),
        ("claude-fable-5-1", 10, 50),
        ("claude-opus-5-5", 4, 20),
        ("claude-opus-5", 5, 25),
        ("claude-sonnet-5-5", 2, 10),
        ("claude-sonnet-5", 2, 10),
        ("claude-haiku-5-5", 0.1, 0.5),
        ("claude-haiku-4-5", 1, 5),
    )
}


class SettingsError(Exception):
    """The settings cannot be used; `problems` has one sentence for each reason."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings have problems:\n" + "\n".join(f"  - {problem}" for problem in problems))


class DatabaseSettings(BaseSettings):
    """Which environment and which database: all that a migration needs to know."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_FOLDER / ".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        # A rejected value is never printed: it may be a database address with its password.
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    flask_env: Literal["development", "testing", "production"] = Field(
        "development", description="Which of the three environments this is."
    )
    database_url: str = Field(
        "",
        description="SQLAlchemy address of the database. Development: a SQLite file; production: required.",
        repr=False,
    )

    @model_validator(mode="after")
    def _settle_database(self) -> Self:
        url = self.database_url
        if not url:
            if self.flask_env == "production":
                raise ValueError("DATABASE_URL is required in production.")
            url = "sqlite:///:memory:" if self.flask_env == "testing" else "sqlite:///techscreen.db"
        object.__setattr__(self, "database_url", absolute_database_url(url))
        return self


class Settings(DatabaseSettings):
    """All settings of the service. Build it with `load_settings`."""

    # Claude
    claude_api_key: SecretStr | None = Field(None, description="Key of the Claude API. Required in production.")
    claude_mode: Literal["live", "offline"] = Field(
        "live", description="live asks Claude; offline makes marked sample content without a key (not in production)."
    )
    claude_model: str = Field("claude-opus-5-5", description="Model that writes descriptions and questions.")
    claude_max_tokens: int = Field(
        16_000, ge=1_000, le=128_000, description="Room for one answer in tokens; thinking counts towards it."
    )
    claude_effort: Literal["low", "medium", "high", "xhigh", "max"] = Field(
        "medium", description="How hard Claude thinks before it answers."
    )
    claude_base_url: str = Field(
        CLAUDE_API,
        validation_alias=AliasChoices("CLAUDE_BASE_URL", "ANTHROPIC_BASE_URL"),
        description="Address of the Claude API, without /v1. Falls back to ANTHROPIC_BASE_URL.",
    )
    request_timeout: int = Field(
        300, ge=1, le=3_600, description="Seconds that one request may take in all, retries and repairs included."
    )

    claude_max_concurrency: int = Field(
        2_000, ge=1, le=100_000, description="Calls to Claude that one process may have under way at the same time."
    )
    max_slow_requests: int = Field(
        960, ge=1, le=10_000, description="Generations and event streams that callers of one process may wait for."
    )

    # Callers
    reader_roles: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"admin", "recruiter", "hiring_manager", "interviewer"}),
        description="Roles that may read, separated by commas. Writing always needs admin.",
    )
    gateway_secret: SecretStr | None = Field(
        None, description="If set, every call must carry it in X-Gateway-Secret. Set it in production."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Reverse proxies in front that set X-Forwarded-For; 0: the header is not believed."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins of browser frontends that may call, separated by commas. None by default."
    )

    # Question cache
    enable_question_cache: bool = Field(True, description="Lend questions from question_cache and keep new ones there.")
    cache_similarity_threshold: float = Field(
        0.85, ge=0, le=1, description="How alike two topics must be to share a question, 0 to 1."
    )
    cache_max_uses: int = Field(20, ge=1, description="How many requisitions may use one cached question.")
    cache_ttl_days: int = Field(
        180, ge=1, le=36_500, description="Days after which a cached question is no longer lent."
    )

    # Work in the background
    async_processing: bool = Field(False, description="Allow generation in the background.")
    heartbeat_seconds: float = Field(
        5.0, ge=0.05, le=60, description="Seconds between the heartbeats of a process; dead after six missed ones."
    )
    celery_broker_url: str | None = Field(None, description="Broker of the background workers.", repr=False)

    # Limits
    rate_limit: str | None = Field(None, description='Requests of one caller, such as "120 per minute".')
    generation_rate_limit: str | None = Field(
        None, description='Of these the generating ones, such as "10 per minute; 200 per day".'
    )
    ratelimit_storage_uri: str = Field(
        "memory://", description="Where requests are counted: in each process, or in a Redis for all.", repr=False
    )
    daily_token_budget: int | None = Field(None, ge=1, description="Claude tokens that may be spent per UTC day.")
    daily_token_budget_per_user: int | None = Field(None, ge=1, description="The same for each user.")

    # Audit trail
    log_retention_days: int = Field(
        730,
        ge=1,
        le=36_500,
        description="Days that audit rows are kept; `flask --app app logs prune` removes older ones.",
    )
    claude_prices: dict[str, TokenPrices] = Field(
        PRICES, description="US dollars per million tokens by model, for the estimated cost. A JSON object."
    )
    claude_prices_as_of: date = Field(PRICES_AS_OF, description="Day on which these prices were looked up.")

    # Metrics
    metrics_token: SecretStr | None = Field(
        None, description="What a Prometheus must send as Bearer token. Without it /metrics answers on loopback alone."
    )
    worker_metrics_port: int | None = Field(
        None, ge=1, le=65_535, description="Port on which a Celery worker serves its own metrics."
    )

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe level logged.")
    log_format: Literal["text", "json"] = Field("text", description="Log lines for people or for machines.")
    log_file: Path | None = Field(None, description="Also log to this file, rotated at 10 MB, five kept.")
    sqlalchemy_echo: bool = Field(False, description="Log every SQL statement, without its values. Not in production.")

    @field_validator("claude_api_key", mode="before")
    @classmethod
    def _usable_key(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        key = value.strip()  # a file's last line end comes along easily
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise ValueError("must be printable ASCII without spaces.")
        return key or None

    @field_validator("reader_roles", mode="before")
    @classmethod
    def _split_roles(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(role.strip().lower() for role in value.split(",") if role.strip())
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or not parts.hostname
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ValueError("must be origins such as https://ats.example, without a path and without *.")
        return value

    @field_validator("rate_limit", "generation_rate_limit")
    @classmethod
    def _readable_limit(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parse_many(value)
            except ValueError:
                raise ValueError('must be limits such as "120 per minute" or "10/minute; 200/day".') from None
        return value

    @field_validator("ratelimit_storage_uri")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("memory", "redis", "rediss"):
            raise ValueError("must be memory:// or the address of a Redis, such as redis://localhost:6379/1.")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("claude_base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http or https address.")
        if parts.path.rstrip("/").endswith("/v1"):
            raise ValueError("must not end in /v1: the SDK adds it.")
        return value

    @model_validator(mode="after")
    def _fit_for_environment(self) -> Self:
        if self.flask_env == "production":
            problems = []
            if self.claude_mode == "offline":
                problems.append("CLAUDE_MODE=offline makes sample content and is refused in production.")
            if self.claude_api_key is None:
                problems.append("CLAUDE_API_KEY is required in production.")
            if self.sqlalchemy_echo:
                problems.append("SQLALCHEMY_ECHO logs every statement and is refused in production.")
            if problems:
                raise ValueError("\n".join(problems))
        if self.flask_env == "testing":
            self._make_paid_calls_impossible()
        return self

    def _make_paid_calls_impossible(self) -> None:
        object.__setattr__(self, "claude_api_key", SecretStr("a-key-that-buys-nothing"))
        if not is_loopback(self.claude_base_url):
            object.__setattr__(self, "claude_base_url", NOWHERE)


def load_settings(
    overrides: Mapping[str, Any] | None = None, *, env_file: Path | None = PROJECT_FOLDER / ".env"
) -> Settings:
    """Read the settings of the service.

    Args:
        overrides: values that win over the environment, by their documented names
            (`CLAUDE_API_KEY`); other names are ignored, so a whole `app.config` may be passed.
        env_file: file with further values, or None for the environment alone.

    Raises:
        SettingsError: with every problem at once.
    """
    known = set(Settings.model_fields)
    given: dict[str, Any] = {
        name.lower(): value for name, value in (overrides or {}).items() if name.isupper() and name.lower() in known
    }
    try:
        return Settings(_env_file=env_file, **given)
    except ValidationError as error:
        problems = _sentences(error)
        unusable = [str(item["loc"][0]).lower() for item in error.errors() if item["loc"]]
    if unusable:
        # The checks across fields only run once every field is usable, so run them with those set aside.
        defaults = {name: Settings.model_fields[name].default for name in unusable if name in Settings.model_fields}
        try:
            Settings(_env_file=env_file, **{**given, **defaults})
        except ValidationError as error:
            problems += _sentences(error)
    raise SettingsError(problems)


def load_database_url() -> str:
    """Address of the database, for migrations, which need no other setting.

    Raises:
        SettingsError: if there is none, or it is unusable.
    """
    try:
        return DatabaseSettings().database_url
    except ValidationError as error:
        raise SettingsError(_sentences(error)) from None


def absolute_database_url(url: str) -> str:
    """The same address, with a relative SQLite file placed in the project folder.

    Flask-SQLAlchemy and Alembic would each resolve a relative file from another folder, and so
    open two databases.

    Raises:
        ValueError: if the address cannot be read. The message does not contain it.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("DATABASE_URL is not an address that SQLAlchemy can read.") from None
    file = parsed.database
    if parsed.get_backend_name() != "sqlite" or not file or file == ":memory:" or file.startswith("file:"):
        return url
    return parsed.set(database=str((PROJECT_FOLDER / file).resolve())).render_as_string(hide_password=False)


def is_in_memory(database_url: str) -> bool:
    """True for a SQLite database that only this process can see."""
    url = make_url(database_url)
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def is_loopback(address: str) -> bool:
    """True if a web address points at this machine, by name or by number."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _sentences(error: ValidationError) -> list[str]:
    sentences: list[str] = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(item["loc"][0]).upper() if item["loc"] else ""
        for line in item["msg"].removeprefix("Value error, ").split("\n"):
            sentences.append(f"{name}: {line}" if name else line)
    return sentences
