"""Settings: one typed, frozen object, read from the environment and `.env`, checked at start-up.

Every setting is described here and in `.env.example`; a test holds the two together. All problems
are reported at once, and no message ever contains a password or a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
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
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

PROJECT_FOLDER = Path(__file__).resolve().parent
# Whether the service is a package, of another project or installed, and not the modules at the top of its own.
IN_PACKAGE = bool(__package__)
# Where `.env` and a relative SQLite file are. The folder of a package holds code alone.
START_FOLDER = Path.cwd() if IN_PACKAGE else PROJECT_FOLDER
# The most characters of a setting that is stored beside what it produced, such as the model: the columns' length.
MAX_STORED = 255
CLAUDE_API = "https://api.anthropic.com"
# Port 9 is "discard": nothing answers there, so a test that forgets its fake fails instead of paying.
NOWHERE = "http://127.0.0.1:9"
# RATE_LIMIT in production, if none is set: more than a busy frontend needs, less than would exhaust the database.
PRODUCTION_RATE_LIMIT = "1200 per minute"
# Names, numbers and ports only: nothing that Flask-CORS could take for a regular expression.
ORIGIN = re.compile(r"https?://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)
# The fewest characters of what is signed with: WEBHOOK_SECRET and SECRET_KEY.
MIN_SECRET = 16
# What some programs take for an IPv4 address, each in its own way: the last part is a number, perhaps hexadecimal.
NUMBER_AT_END = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$", re.IGNORECASE)
# What is left of a line such as "CLAUDE_API_KEY=   # fill in": python-dotenv takes the comment away, but systemd and
# `docker run --env-file` do not.
NO_VALUE = re.compile(r"\s*(#(\s.*)?)?", re.DOTALL)
# What guides write where a key belongs, such as "your-anthropic-api-key-here" or "sk-ant-...".
PLACEHOLDER_KEY = re.compile(r"your[-_](?:[a-z_-]*[-_])?key(?:[-_]here)?|sk-ant-(?:\.+|…|x+)|<.*>", re.IGNORECASE)
# Leaves room for the name of every table. Names of indexes and constraints that become too long are cut.
TABLE_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}")
LibraryUse = Literal["prefer", "only", "never"]
BROKERS = ("redis", "rediss", "amqp", "amqps", "pyamqp")


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
        env_file=START_FOLDER / ".env",
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
    table_prefix: str = Field(
        "",
        description="What the name of every table, index and constraint begins with, such as techscreen_. At most 24"
        " letters, digits and underscores.",
    )

    @field_validator("table_prefix")
    @classmethod
    def _usable_prefix(cls, value: str) -> str:
        if value and not TABLE_PREFIX.fullmatch(value):
            raise ValueError("must be at most 24 letters, digits and underscores, and begin with a letter.")
        if value in ("ix_", "uq_", "fk_", "pk_"):
            raise ValueError("must not be what the name of an index or a constraint begins with.")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the base class's name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The usual sources; what they have no value for counts as not set."""
        for source in (env_settings, dotenv_settings):
            if isinstance(source, EnvSettingsSource):
                source.env_vars = {name: value for name, value in source.env_vars.items() if not _is_blank(value)}
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        """One check for all settings together, so that every problem is reported at once."""
        problems = self._problems()
        if problems:
            raise ValueError("\n".join(problems))
        self._settle()
        return self

    def _problems(self) -> list[str]:
        """What is wrong with settings that are valid one by one: sentences that begin with a setting's name."""
        if self.database_url:
            return database_url_problems(self.database_url)
        return ["DATABASE_URL is required in production."] if self.flask_env == "production" else []

    def _settle(self) -> None:
        """Fill in what depends on other settings."""
        in_memory = self.flask_env == "testing"
        url = self.database_url or ("sqlite:///:memory:" if in_memory else "sqlite:///techscreen.db")
        object.__setattr__(self, "database_url", absolute_database_url(url))


S = TypeVar("S", bound=DatabaseSettings)


class Settings(DatabaseSettings):
    """All settings of the service. Build it with `load_settings`."""

    # Claude
    claude_api_key: SecretStr | None = Field(
        None, description="Key of the Claude API. Required in production, but not with USE_LIBRARY=only."
    )
    claude_mode: Literal["live", "offline"] | None = Field(
        None,
        description="live asks Claude; offline needs no key: library questions alone (not in production)."
        " Default: live, but offline in development without a key.",
    )
    use_library: LibraryUse = Field(
        "prefer",
        description="Library questions first (prefer), alone (only; Claude is needed for nothing then) or never.",
    )
    claude_model: str = Field(
        "claude-opus-5-5",
        max_length=MAX_STORED,
        description="Model that writes descriptions and questions; a name or an address of at most 255 characters.",
    )
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
        960, ge=1, le=10_000, description="Generations that callers of one process may wait for."
    )
    max_event_streams: int = Field(
        200, ge=1, le=10_000, description="Event streams of jobs that may be open in one process."
    )
    max_event_streams_per_user: int = Field(20, ge=1, le=10_000, description="The same for each user.")

    # Where the service listens
    host: str = Field(
        "127.0.0.1", description="Address of this machine where the service listens; 0.0.0.0 for all of them."
    )
    port: int = Field(5000, description="Port where it listens, 1 to 65535.")

    # Callers
    head_timeout: float = Field(
        10.0, ge=0.1, le=300, description="Seconds in which a caller must have sent the head of a request."
    )
    body_timeout: float = Field(
        30.0, ge=0.1, le=3_600, description="Seconds for its body, and for each piece of the answer to be taken."
    )
    reader_roles: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"admin", "recruiter", "hiring_manager", "interviewer"}),
        description="Roles that may read, separated by commas.",
    )
    editor_roles: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"admin", "hiring_manager"}),
        description="Roles that may edit, approve and archive interviews, separated by commas.",
    )
    generator_roles: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"admin"}),
        description="Roles that may enhance and generate, separated by commas; admin always may."
        " The audit trail, costs, retiring and erasing need admin.",
    )
    require_second_approver: bool = Field(
        False, description="Let nobody publish an interview that they were the last to edit."
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

    # Pages
    workbench: bool | None = Field(
        None, description="Whether the pages under /interviews are served. Default: in development alone."
    )
    workbench_login: bool = Field(
        False,
        description="Let everybody choose a name and a role on a page, as in development. Only for closed networks.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="What the pages sign their cookies with: at least 16 characters. Required in production with"
        " WORKBENCH, the same for all processes.",
    )

    # Question cache
    enable_question_cache: bool = Field(True, description="Lend questions from question_cache and keep new ones there.")
    cache_similarity_threshold: float = Field(
        0.85, ge=0, le=1, description="How alike two topics must be to share a question, 0 to 1."
    )
    cache_same_model_only: bool = Field(
        False, description="Lend only questions that the model of CLAUDE_MODEL has written."
    )
    cache_max_uses: int = Field(20, ge=1, description="How many requisitions may use one cached question.")
    cache_ttl_days: int = Field(
        180, ge=1, le=36_500, description="Days after which a cached question is no longer lent."
    )
    max_complaints: int = Field(
        3, ge=1, le=10_000, description="People who may complain about a question before it is no longer lent."
    )

    # Work in the background
    async_processing: bool = Field(False, description="Allow generation in the background.")
    heartbeat_seconds: float = Field(
        5.0, ge=0.05, le=60, description="Seconds between the heartbeats of a process; dead after six missed ones."
    )
    hang_seconds: float = Field(
        30.0, ge=0.5, le=3_600, description="CPU seconds after which a process whose interpreter is held is ended."
    )
    celery_broker_url: str | None = Field(None, description="Broker of the background workers.", repr=False)
    spool_dir: Path | None = Field(
        None, description="Folder for what was paid for while the database is away. Default: one in the system's /tmp."
    )

    # Webhooks
    webhook_url: str | None = Field(
        None,
        description="Address that is told of new interviews and failed jobs. https; http only where"
        " WEBHOOK_ALLOW_PRIVATE is on or FLASK_ENV is not production.",
        repr=False,
    )
    webhook_secret: SecretStr | None = Field(
        None, description="What every event is signed with: at least 16 characters. Required with WEBHOOK_URL."
    )
    webhook_allow_private: bool = Field(
        False, description="Whether WEBHOOK_URL may lead to loopback, private or otherwise not public addresses."
    )

    # Limits
    rate_limit: str | None = Field(
        None, description=f'Requests of one caller, such as "120 per minute". In production: {PRODUCTION_RATE_LIMIT}.'
    )
    generation_rate_limit: str | None = Field(
        None, description='Generations of one caller, such as "10 per minute; 200 per day".'
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
        key = value.strip()  # a key read from a file often ends in a line break
        if key.startswith("#") or PLACEHOLDER_KEY.fullmatch(key):
            return None  # a comment, as no key begins so, or what is still to be replaced
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise ValueError("must be printable ASCII without spaces.")
        return key or None

    @field_validator("port", mode="before")
    @classmethod
    def _usable_port(cls, value: object) -> object:
        given = str(value).strip()
        if not (given.isascii() and given.isdecimal() and len(given) <= 5 and 1 <= int(given) <= 65_535):
            raise ValueError("must be a number from 1 to 65535, such as 5001.")
        return int(given)

    @field_validator("reader_roles", "editor_roles", "generator_roles", mode="before")
    @classmethod
    def _split_roles(cls, value: object) -> object:
        return frozenset(role.lower() for role in words) if (words := _words(value)) is not None else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(origin.rstrip("/") for origin in words) if (words := _words(value)) is not None else value

    @field_validator("cors_origins")
    @classmethod
    def _origins_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(ORIGIN.fullmatch(origin) for origin in value):
            raise ValueError("must be origins such as https://ats.example, each in full: without a path and without *.")
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

    @field_validator("celery_broker_url")
    @classmethod
    def _known_broker(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in BROKERS:
            raise ValueError("must be the address of a Redis (redis://...) or a RabbitMQ (amqp://...).")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _receiver(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            parts = urlsplit(value)
            names_a_receiver = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port or an IPv6 address that is none
            names_a_receiver = False
        if not names_a_receiver or not (value.isascii() and value.isprintable()) or set(value) & set(" \\"):
            raise ValueError("must be an http or https address, in ASCII and without spaces.")
        if "@" in parts.netloc or "#" in value:
            raise ValueError("must hold no user, password or fragment: WEBHOOK_SECRET signs what is sent.")
        host = parts.hostname or ""
        if ":" not in host and NUMBER_AT_END.search(host) and not is_usual_ipv4(host):
            raise ValueError("must have a host that is a name, or an address in its usual form, such as 192.0.2.1.")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        secret = value.get_secret_value().strip() if value is not None else ""  # files often end in a line break
        if value is not None and len(secret) < MIN_SECRET:
            raise ValueError(f"must have at least {MIN_SECRET} characters.")
        return SecretStr(secret) if secret else None

    @field_validator("log_file")
    @classmethod
    def _in_a_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.absolute().parent.is_dir():
            raise ValueError("must be in a folder that exists.")
        return value

    def _problems(self) -> list[str]:
        problems = super()._problems()
        if self.flask_env == "production":
            if self.claude_mode == "offline":
                problems.append("CLAUDE_MODE=offline is refused in production: USE_LIBRARY=only needs no key either.")
            if self.claude_api_key is None and self.use_library != "only":
                problems.append("CLAUDE_API_KEY is required in production, unless USE_LIBRARY is only.")
            if urlsplit(self.claude_base_url).scheme == "http" and not is_loopback(self.claude_base_url):
                problems.append("CLAUDE_BASE_URL must be https in production, or the key could be read on the way.")
            if self.sqlalchemy_echo:
                problems.append("SQLALCHEMY_ECHO logs every statement and is refused in production.")
            if self.workbench:
                problems += self._secret_key_problems()
        return problems + self._webhook_problems()

    @property
    def asks_claude(self) -> bool:
        """Whether Claude is there to write; otherwise interviews are made of the library alone."""
        is_without_key = self.claude_api_key is None and self.use_library == "only"
        return self.claude_mode == "live" and not is_without_key

    @property
    def is_offline_without_key(self) -> bool:
        """Whether nobody has chosen offline mode, but there is no key."""
        return self.claude_mode == "offline" and "claude_mode" not in self.model_fields_set

    def _secret_key_problems(self) -> list[str]:
        """Only where our own pages are served: the environment of a host app may hold a key of its own."""
        if self.secret_key is None:
            return ["SECRET_KEY is required in production with WORKBENCH: it signs the cookies of the pages."]
        if len(self.secret_key.get_secret_value().strip()) < MIN_SECRET:
            return [f"SECRET_KEY must have at least {MIN_SECRET} characters."]
        return []

    def _webhook_problems(self) -> list[str]:
        if self.webhook_url is None:
            return []
        problems = []
        if self.webhook_secret is None:
            problems.append("WEBHOOK_SECRET is required with WEBHOOK_URL: receivers could not tell who calls.")
        is_plain = urlsplit(self.webhook_url).scheme == "http"
        if is_plain and self.flask_env == "production" and not self.webhook_allow_private:
            problems.append("WEBHOOK_URL must be https in production, unless WEBHOOK_ALLOW_PRIVATE is on.")
        return problems

    def _settle(self) -> None:
        super()._settle()
        if self.workbench is None:
            object.__setattr__(self, "workbench", self.flask_env == "development")
        if self.flask_env == "production" and self.rate_limit is None:
            object.__setattr__(self, "rate_limit", PRODUCTION_RATE_LIMIT)
        if self.flask_env == "testing":
            self._make_paid_calls_impossible()
        if self.claude_mode is None:
            can_ask = self.claude_api_key is not None or self.flask_env != "development"
            object.__setattr__(self, "claude_mode", "live" if can_ask else "offline")

    def _make_paid_calls_impossible(self) -> None:
        object.__setattr__(self, "claude_api_key", SecretStr("a-key-that-buys-nothing"))
        if not is_loopback(self.claude_base_url):
            object.__setattr__(self, "claude_base_url", NOWHERE)


def load_settings(
    overrides: Mapping[str, Any] | None = None, *, env_file: Path | None = START_FOLDER / ".env"
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
    return _loaded(Settings, {"_env_file": env_file, **given})


def load_database_settings() -> DatabaseSettings:
    """Which database and which tables in it, for migrations, which need no other setting.

    Raises:
        SettingsError: if there is no database, or a setting is unusable.
    """
    return _loaded(DatabaseSettings, {})


def _loaded(kind: type[S], given: Mapping[str, Any]) -> S:
    try:
        return kind(**given)
    except ValidationError as error:
        problems = _sentences(error)
        unusable = {str(item["loc"][0]).upper() for item in error.errors() if item["loc"]}
    if unusable:
        # Settings are checked together only once each is valid by itself, so the invalid ones are set aside for this.
        defaults = {
            name: field.default for name, field in kind.model_fields.items() if unusable & set(_names(name, field))
        }
        try:
            kind(**{**given, **defaults})
        except ValidationError as error:
            # Problems that only the defaults of those set aside would have are left out.
            problems += [problem for problem in _sentences(error) if problem.split()[0] not in unusable]
    raise SettingsError(problems)


def setting_names() -> list[str]:
    """All names under which settings are read."""
    return [choice for name, field in Settings.model_fields.items() for choice in _names(name, field)]


def _words(value: object) -> list[str] | None:
    """The words of a list that an environment separates by commas and an `app.config` has as a list; else None."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, (list, tuple, set, frozenset)) or not all(isinstance(word, str) for word in given):
        return None
    return [word.strip() for word in given if word.strip()]


def _is_blank(value: str | None) -> bool:
    return value is None or NO_VALUE.fullmatch(value) is not None


def _names(name: str, field: FieldInfo) -> list[str]:
    """The names under which a setting is read."""
    alias = field.validation_alias
    return [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [name.upper()]


def database_url_problems(url: str) -> list[str]:
    """Why a database address cannot be used, without quoting it; empty if it can."""
    try:
        make_url(url).get_dialect().import_dbapi()
    except (ArgumentError, ValueError):
        return ["DATABASE_URL is not an address that SQLAlchemy can read."]
    except (NoSuchModuleError, ImportError):
        return ["DATABASE_URL names a driver that is not installed: begin it with mysql+pymysql:// or sqlite:///."]
    return []


def absolute_database_url(url: str) -> str:
    """The same address, with a relative SQLite file placed in the folder of the project.

    Flask-SQLAlchemy and Alembic resolve a relative file from different folders, and so would open two databases.
    """
    parsed = make_url(url)
    file = parsed.database
    if parsed.get_backend_name() != "sqlite" or not file or file == ":memory:" or file.startswith("file:"):
        return url
    return parsed.set(database=str((START_FOLDER / file).resolve())).render_as_string(hide_password=False)


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


def is_usual_ipv4(host: str) -> bool:
    """True for four decimal numbers without leading zeros, which every program reads alike."""
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False


def _sentences(error: ValidationError) -> list[str]:
    sentences: list[str] = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        name, *inside = (str(part) for part in item["loc"]) if item["loc"] else ("",)
        name = ".".join((name.upper(), *inside))
        for line in item["msg"].removeprefix("Value error, ").split("\n"):
            sentences.append(f"{name}: {line}" if name else line)
    return sentences
