"""Tables, and the short transaction in which they are read and written.

Plain SQLAlchemy models on the metadata of `db`, so that `db.create_all()` in a host app and Alembic
see the same tables. `expire_on_commit` is off: a commit gives the connection back, and touching an
object afterwards must not take it again (Claude may be at work by then).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.types import TypeEngine

from errors import DatabaseUnavailable

T = TypeVar("T")

# Names for every constraint, so that a migration can drop it on any database.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
# The largest number an id can be. Drivers do not agree on what they do with a larger one.
LARGEST_ID = 2**31 - 1
# Seconds after which a caller may try again when the database is away.
RETRY_AFTER = 10
# How long a result that has been paid for waits for a database that is away, in seconds.
PATIENCE = 20.0
# A lock not had in time, a deadlock, and a row that has changed since the transaction read it.
MYSQL_RACES = (1205, 1213, 1020)
MYSQL_NO_SUCH_TABLE = 1146
UTF8 = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}


class ExactString(TypeDecorator[str]):
    """Text that is equal only to itself: case, accents, emoji and trailing spaces count.

    MySQL's usual collations hold 'REQ-É' = 'req-e', and even utf8mb4_bin holds 'A' = 'A '.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """VARCHAR, with the binary collation without padding that MariaDB or MySQL calls its own."""
        length = cast(String, self.impl_instance).length
        if dialect.name not in ("mysql", "mariadb"):
            return dialect.type_descriptor(String(length))
        collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
        return dialect.type_descriptor(mysql.VARCHAR(length, charset="utf8mb4", collation=collation))


# MySQL rounds a DATETIME without a fraction up to the next second, and its TEXT ends at 65,535 bytes.
MomentType = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
JsonType = JSON(none_as_null=True)


def utc_now() -> datetime:
    """The time in UTC, without a zone: what every time column holds."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """Base of the tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: MomentType,
        str: String(255),
        dict[str, Any]: JsonType,
        list[Any]: JsonType,
    }


db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})


@contextmanager
def transaction() -> Iterator[Session]:
    """One short transaction: committed at the end, rolled back on an error, connection given back either way.

    Raises:
        DatabaseUnavailable: if the database does not answer, or no connection comes free.
    """
    try:
        yield db.session()
        db.session.commit()
    except BaseException as error:
        db.session.rollback()
        if _is_away(error):
            raise DatabaseUnavailable("The database does not answer.", retry_after=RETRY_AFTER) from error
        raise


def settled(work: Callable[[Session], T], *, tries: int = 20, patience: float = 0.0) -> T:
    """Do work in a transaction, and again from the start as long as another transaction came first.

    Args:
        work: what to do; it may be done several times.
        tries: how often to lose a race at the most.
        patience: seconds to wait for a database that is away. For what has been paid for: a server that is
            started anew is back in less.

    Raises:
        DatabaseUnavailable: if the database does not answer.
        IntegrityError: if it fails at every try, and so for another reason than a race.
    """
    given_up, pause = time.monotonic() + patience, 0.25
    while True:
        try:
            with transaction() as session:
                return work(session)
        except (IntegrityError, DatabaseUnavailable) as error:
            if lost_a_race(error):
                tries -= 1
                if not tries:
                    raise
                continue
            if time.monotonic() + pause > given_up:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 2.0)


def lost_a_race(error: BaseException) -> bool:
    """Whether a transaction failed only because another one came first, so that trying again may help."""
    if isinstance(error, IntegrityError):
        return True
    cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    number = getattr(getattr(cause, "orig", None), "args", (None,))[0]
    return number in MYSQL_RACES


def _is_away(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    # A missing table is an OperationalError on SQLite and a ProgrammingError on MySQL. Either way: migrate first.
    if isinstance(error, DBAPIError) and getattr(error.orig, "args", (None,))[:1] == (MYSQL_NO_SUCH_TABLE,):
        return True
    return isinstance(error, (OperationalError, InterfaceError, PoolTimeout))


class JobDescription(Base):
    """A requisition's job description, before and after enhancement."""

    __tablename__ = "job_descriptions"
    __table_args__ = (UniqueConstraint("req_id"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    req_id: Mapped[str] = mapped_column(ExactString(100))
    basic_title: Mapped[str]
    basic_description: Mapped[str] = mapped_column(LongText)
    basic_department: Mapped[str | None]
    basic_level: Mapped[str | None]
    work_output: Mapped[str | None] = mapped_column(LongText)
    work_role: Mapped[str | None] = mapped_column(LongText)
    work_knowledge: Mapped[str | None] = mapped_column(LongText)
    work_competencies: Mapped[str | None] = mapped_column(LongText)
    enhanced_title: Mapped[str | None]
    enhanced_description: Mapped[str | None] = mapped_column(LongText)
    interview_topics: Mapped[list[Any] | None]
    language: Mapped[str | None] = mapped_column(String(35))
    model: Mapped[str | None] = mapped_column(String(100))
    prompt_version: Mapped[str | None] = mapped_column(String(32))
    quality: Mapped[dict[str, Any] | None]
    created_by_user_id: Mapped[str] = mapped_column(ExactString(255))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    enhanced_at: Mapped[datetime | None]


class Interview(Base):
    """One version of the interview for a requisition."""

    __tablename__ = "interviews"
    __table_args__ = (UniqueConstraint("req_id", "version"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_description_id: Mapped[int] = mapped_column(ForeignKey("job_descriptions.id"), index=True)
    req_id: Mapped[str] = mapped_column(ExactString(100))  # indexed by its unique constraint
    interview_name: Mapped[str]
    created_by_user_id: Mapped[str] = mapped_column(ExactString(255))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    status: Mapped[str] = mapped_column(String(20), default="draft")
    version: Mapped[int]
    language: Mapped[str | None] = mapped_column(String(35))
    model: Mapped[str] = mapped_column(String(100))
    prompt_version: Mapped[str] = mapped_column(String(32))
    quality: Mapped[dict[str, Any] | None]

    questions: Mapped[list[InterviewQuestion]] = relationship(
        order_by="InterviewQuestion.question_number", lazy="selectin", cascade="all, delete-orphan"
    )


class CachedQuestion(Base):
    """A question that was paid for once and may be lent to other requisitions."""

    __tablename__ = "question_cache"
    __table_args__ = (
        UniqueConstraint("cache_key"),
        Index("ix_question_cache_request_hash", "request_hash"),
        Index("ix_question_cache_bucket", "technology_key", "skill_level", "language", "prompt_version", "usage_count"),
        UTF8,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cache_key: Mapped[str] = mapped_column(String(64))
    request_hash: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str]
    skill_level: Mapped[str] = mapped_column(String(32))
    question_text: Mapped[str] = mapped_column(LongText)
    criteria: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None]
    usage_count: Mapped[int] = mapped_column(default=0)
    technology_key: Mapped[str] = mapped_column(String(255))
    facet_key: Mapped[str]
    language: Mapped[str] = mapped_column(String(35))
    question_type: Mapped[str] = mapped_column(String(32))
    follow_ups: Mapped[list[Any]]
    rating_anchors: Mapped[dict[str, Any]]
    variant: Mapped[int]
    prompt_version: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(100))
    retired_at: Mapped[datetime | None]
    retired_reason: Mapped[str | None] = mapped_column(Text)
    retired_url: Mapped[str | None] = mapped_column(Text)
    technologies: Mapped[list[Any] | None]


class QuestionUse(Base):
    """A cached question in a requisition: reserved while `interview_id` is null, then part of that interview.

    The unique pair is what keeps a question from being lent twice to a requisition, by whichever processes.
    """

    __tablename__ = "question_uses"
    __table_args__ = (UniqueConstraint("req_id", "cached_question_id"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    cached_question_id: Mapped[int] = mapped_column(ForeignKey("question_cache.id", ondelete="CASCADE"), index=True)
    req_id: Mapped[str] = mapped_column(ExactString(100))
    interview_id: Mapped[int | None] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"), index=True)
    reserved_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    process_id: Mapped[str | None] = mapped_column(String(32))


class SuggestedTechnology(Base):
    """A technology that Claude named and the alias table does not know, for an admin to look at."""

    __tablename__ = "suggested_technologies"
    __table_args__ = (UniqueConstraint("name"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(ExactString(100))
    topic: Mapped[str]
    times_seen: Mapped[int] = mapped_column(default=1)
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)


class InterviewQuestion(Base):
    """One question of an interview, with what an interviewer needs to score the answer."""

    __tablename__ = "interview_questions"
    __table_args__ = (UniqueConstraint("interview_id", "question_number"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[int] = mapped_column(ForeignKey("interviews.id", ondelete="CASCADE"))
    question_number: Mapped[int]
    question_text: Mapped[str] = mapped_column(LongText)
    question_type: Mapped[str] = mapped_column(String(32))
    criteria: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    topic: Mapped[str]
    skill_level: Mapped[str] = mapped_column(String(32))
    follow_ups: Mapped[list[Any]]
    rating_anchors: Mapped[dict[str, Any]]
    work_items: Mapped[list[Any]]
    source: Mapped[str] = mapped_column(String(16))
    cached_question_id: Mapped[int | None] = mapped_column(
        ForeignKey("question_cache.id", ondelete="SET NULL"), index=True
    )
    cached_topic: Mapped[str | None]
    similarity: Mapped[float | None]


class GenerationLog(Base):
    """The audit row of one generation, written before Claude is asked and finished afterwards."""

    __tablename__ = "generation_logs"
    __table_args__ = (
        Index("ix_generation_logs_status_started_at", "status", "started_at"),
        # The last column lets the tokens of a period be summed, for all or by user, without reading a row.
        Index("ix_generation_logs_period", "started_at", "user_id", "tokens_used"),
        UTF8,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_type: Mapped[str] = mapped_column(String(32))
    req_id: Mapped[str] = mapped_column(ExactString(100), index=True)
    user_id: Mapped[str] = mapped_column(ExactString(255), index=True)
    status: Mapped[str] = mapped_column(String(16))
    error_message: Mapped[str | None] = mapped_column(Text)
    tokens_used: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    completed_at: Mapped[datetime | None]
    model: Mapped[str] = mapped_column(String(100))
    prompt_version: Mapped[str] = mapped_column(String(32))
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    cache_creation_tokens: Mapped[int] = mapped_column(default=0)
    cache_read_tokens: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    repairs: Mapped[int] = mapped_column(default=0, server_default="0")
    failed_checks: Mapped[list[Any] | None]
    cached_questions: Mapped[int] = mapped_column(default=0, server_default="0")
    duration_ms: Mapped[int | None]
    claude_request_ids: Mapped[list[Any] | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    result_id: Mapped[int | None]
    process_id: Mapped[str | None] = mapped_column(String(32))


class GenerationJob(Base):
    """One accepted POST that must survive its connection or its process: keyed, streamed or in the background.

    It also holds what is known of the work so far, so that a further attempt pays only for what is missing.
    """

    __tablename__ = "generation_jobs"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_generation_jobs_status_due_at", "status", "due_at"),
        UTF8,
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    operation: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(ExactString(255))
    req_id: Mapped[str | None] = mapped_column(ExactString(100), index=True)
    request: Mapped[dict[str, Any]]
    request_id: Mapped[str | None] = mapped_column(String(128))
    background: Mapped[bool]
    status: Mapped[str] = mapped_column(String(16))
    progress: Mapped[dict[str, Any]]
    answer_status: Mapped[int | None]
    answer_body: Mapped[str | None] = mapped_column(LongText)
    idempotency_key: Mapped[str | None] = mapped_column(ExactString(255))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)  # of these, those in which Claude could not even be asked
    process_id: Mapped[str | None] = mapped_column(String(32))
    due_at: Mapped[datetime | None]
    job_description_id: Mapped[int | None]
    interview_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ServiceProcess(Base):
    """A process of the service and when it last said that it is alive."""

    __tablename__ = "service_processes"
    __table_args__ = (UTF8,)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    heartbeat_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
