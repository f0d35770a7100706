"""The tables, and nothing else.

Plain SQLAlchemy models on the metadata of `db`, so that `db.create_all()` in a host app and Alembic see the same
tables. `expire_on_commit` is off: a commit gives the connection back, and reading an object afterwards must not take
one again (Claude may be at work by then).

Foreign keys name their column as an object, so that they follow when TABLE_PREFIX comes before the name of its table.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar, cast
from uuid import uuid4

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
    false,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeEngine

from techscreen.storage.engines import Database
from techscreen.storage.prefix import PrefixedTable

# Names for every constraint, so that a migration can drop it on any database.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
# The largest possible id. Drivers do not agree on what they do with a larger number.
MAX_ID = 2**31 - 1
UTF8 = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}
# For tables whose ids others keep: SQLite would give the id of an erased row to the next one.
IDS_USED_ONCE = {**UTF8, "sqlite_autoincrement": True}


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


def new_lineage() -> str:
    """A new identity for a question."""
    return uuid4().hex


class Base(DeclarativeBase):
    """Base of the tables."""

    metadata = MetaData(naming_convention=NAMING)
    __table_cls__ = PrefixedTable
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: MomentType,
        str: String(255),
        dict[str, Any]: JsonType,
        list[Any]: JsonType,
    }


db = Database(metadata=Base.metadata, session_options={"expire_on_commit": False})


class JobDescription(Base):
    """A requisition's job description, before and after enhancement."""

    __tablename__ = "job_descriptions"
    __table_args__ = (UniqueConstraint("req_id"), IDS_USED_ONCE)

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
    notes_for_team: Mapped[list[Any] | None]
    language: Mapped[str | None] = mapped_column(String(35))
    model: Mapped[str | None]
    prompt_version: Mapped[str | None] = mapped_column(String(32))
    quality: Mapped[dict[str, Any] | None]
    created_by_user_id: Mapped[str] = mapped_column(ExactString(255))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    enhanced_at: Mapped[datetime | None]
    # When the newest request was accepted whose enhancement has been stored.
    enhancement_asked_at: Mapped[datetime | None]
    # Counts the changes of what the enhancement made; 0 for what was stored before that was counted.
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    edited_by_user_id: Mapped[str | None] = mapped_column(ExactString(255))
    edited_at: Mapped[datetime | None]


class Interview(Base):
    """One version of the interview for a requisition."""

    __tablename__ = "interviews"
    __table_args__ = (
        UniqueConstraint("req_id", "version"),
        Index("uq_interviews_req_id_published_name", "req_id", "published_name", unique=True),
        # For the list of all interviews, whose order is that of the ids.
        Index("ix_interviews_created_by_user_id", "created_by_user_id"),
        Index("ix_interviews_status", "status"),
        Index("ix_interviews_created_at", "created_at"),
        IDS_USED_ONCE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_description_id: Mapped[int] = mapped_column(ForeignKey(JobDescription.id), index=True)
    req_id: Mapped[str] = mapped_column(ExactString(100))  # indexed by its unique constraint
    interview_name: Mapped[str]
    created_by_user_id: Mapped[str] = mapped_column(ExactString(255))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    status: Mapped[str] = mapped_column(String(20), default="draft")
    version: Mapped[int]
    language: Mapped[str | None] = mapped_column(String(35))
    # Who wrote what was generated for this interview; null where every question was lent.
    model: Mapped[str | None]
    prompt_version: Mapped[str | None] = mapped_column(String(32))
    quality: Mapped[dict[str, Any] | None]
    # Counts the changes; 0 for what was stored before there was a history.
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    # The name while it is published: unique, so that a requisition has one published interview of a name at most.
    published_name: Mapped[str | None] = mapped_column(ExactString(255))
    revised_from_id: Mapped[int | None]
    edited_by_user_id: Mapped[str | None] = mapped_column(ExactString(255))
    edited_at: Mapped[datetime | None]
    review_requested_by_user_id: Mapped[str | None] = mapped_column(ExactString(255))
    review_requested_of: Mapped[str | None]
    review_requested_at: Mapped[datetime | None]
    approved_by_user_id: Mapped[str | None] = mapped_column(ExactString(255))
    approval_note: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    # A deleted draft is no longer found, but its history is.
    deleted_at: Mapped[datetime | None]
    # Findings that somebody has overridden, by their ids: reason, by whom, when.
    overrides: Mapped[dict[str, Any] | None]

    questions: Mapped[list[InterviewQuestion]] = relationship(
        order_by="InterviewQuestion.question_number", lazy="selectin", cascade="all, delete-orphan"
    )


class CachedQuestion(Base):
    """A question that was generated once and may be used for other requisitions."""

    __tablename__ = "question_cache"
    __table_args__ = (
        UniqueConstraint("cache_key"),
        Index("uq_question_cache_reference", "reference", unique=True),
        Index("ix_question_cache_request_hash", "request_hash"),
        Index("ix_question_cache_bucket", "technology_key", "skill_level", "language", "prompt_version", "usage_count"),
        IDS_USED_ONCE,
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
    exhibit: Mapped[dict[str, Any] | None]
    minutes: Mapped[int | None]
    variant: Mapped[int]
    prompt_version: Mapped[str] = mapped_column(String(32))
    model: Mapped[str]
    retired_at: Mapped[datetime | None]
    retired_reason: Mapped[str | None] = mapped_column(Text)
    retired_url: Mapped[str | None] = mapped_column(Text)
    retired_by_user_id: Mapped[str | None] = mapped_column(ExactString(255))
    # A question that holds confidential words is kept for the requisition that paid for it, and never lent.
    only_for_req_id: Mapped[str | None] = mapped_column(ExactString(100))
    technologies: Mapped[list[Any] | None]
    # A team's own question: `draft` or `active`. Null for a question that was generated. Library questions do not
    # expire, and no prompt version outdates them.
    library_status: Mapped[str | None] = mapped_column(String(16))
    reference: Mapped[str | None] = mapped_column(ExactString(100))
    # Words of requisitions that the question is for; they tell which library questions fit one without Claude.
    skills: Mapped[list[Any] | None]
    fits_any_post: Mapped[bool] = mapped_column(default=False, server_default=false())
    owner: Mapped[str | None]
    review_on: Mapped[date | None]
    created_by_user_id: Mapped[str | None] = mapped_column(ExactString(255))
    edited_by_user_id: Mapped[str | None] = mapped_column(ExactString(255))
    edited_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    # People who have complained about it in feedback.
    complaints: Mapped[int] = mapped_column(default=0, server_default="0")


class QuestionUse(Base):
    """A cached question in a requisition: reserved while `interview_id` is null, then part of that interview.

    The unique pair keeps any two processes from lending a question twice to one requisition.
    """

    __tablename__ = "question_uses"
    __table_args__ = (UniqueConstraint("req_id", "cached_question_id"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    cached_question_id: Mapped[int] = mapped_column(ForeignKey(CachedQuestion.id, ondelete="CASCADE"), index=True)
    req_id: Mapped[str] = mapped_column(ExactString(100))
    interview_id: Mapped[int | None] = mapped_column(ForeignKey(Interview.id, ondelete="CASCADE"), index=True)
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
    interview_id: Mapped[int] = mapped_column(ForeignKey(Interview.id, ondelete="CASCADE"))
    question_number: Mapped[int]
    question_text: Mapped[str] = mapped_column(LongText)
    question_type: Mapped[str] = mapped_column(String(32))
    criteria: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    topic: Mapped[str]
    skill_level: Mapped[str] = mapped_column(String(32))
    follow_ups: Mapped[list[Any]]
    rating_anchors: Mapped[dict[str, Any]]
    exhibit: Mapped[dict[str, Any] | None]
    minutes: Mapped[int | None]
    work_items: Mapped[list[Any]]
    source: Mapped[str] = mapped_column(String(16))
    cached_question_id: Mapped[int | None] = mapped_column(
        ForeignKey(CachedQuestion.id, ondelete="SET NULL"), index=True
    )
    cached_topic: Mapped[str | None]
    similarity: Mapped[float | None]
    model: Mapped[str | None]
    prompt_version: Mapped[str | None] = mapped_column(String(32))
    # Stays the same when the question is edited, moved or carried over to the next version.
    lineage: Mapped[str] = mapped_column(String(32), default=new_lineage, server_default="")
    locked: Mapped[bool] = mapped_column(default=False, server_default=false())


class QuestionAlternative(Base):
    """A question that was offered in place of one of a draft. It changes nothing until somebody accepts it."""

    __tablename__ = "question_alternatives"
    __table_args__ = (UniqueConstraint("interview_id", "lineage", "number"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[int] = mapped_column(ForeignKey(Interview.id, ondelete="CASCADE"))
    lineage: Mapped[str] = mapped_column(String(32))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    wish: Mapped[str | None] = mapped_column(Text)
    # The columns of the row of `interview_questions` that it would become.
    content: Mapped[dict[str, Any]]
    created_by_user_id: Mapped[str] = mapped_column(ExactString(255))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    accepted_at: Mapped[datetime | None]


class QuestionFeedback(Base):
    """What somebody said about a question after they had asked it. Nothing about a candidate."""

    __tablename__ = "question_feedback"
    __table_args__ = (UniqueConstraint("interview_id", "lineage", "user_id", "kind", "criterion"), UTF8)

    id: Mapped[int] = mapped_column(primary_key=True)
    interview_id: Mapped[int] = mapped_column(ForeignKey(Interview.id, ondelete="CASCADE"))
    lineage: Mapped[str] = mapped_column(String(32))
    cached_question_id: Mapped[int | None] = mapped_column(
        ForeignKey(CachedQuestion.id, ondelete="SET NULL"), index=True
    )
    kind: Mapped[str] = mapped_column(String(32))
    criterion: Mapped[str] = mapped_column(ExactString(255), default="")
    note: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[str] = mapped_column(ExactString(255))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class HistoryEntry(Base):
    """One step in the life of an interview or a job description, with its state afterwards.

    Each entry carries the hash of the one before it, so that a change of a stored entry shows.
    """

    __tablename__ = "history_entries"
    __table_args__ = (
        UniqueConstraint("subject", "subject_id", "revision"),
        Index("ix_history_entries_req_id", "req_id"),
        Index("ix_history_entries_req_id_created_at", "req_id", "created_at"),
        UTF8,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(16))  # interview or job_description
    subject_id: Mapped[int]
    revision: Mapped[int]
    req_id: Mapped[str] = mapped_column(ExactString(100))
    operation: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(ExactString(255))
    note: Mapped[str | None] = mapped_column(Text)
    state: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    previous_hash: Mapped[str] = mapped_column(String(64))
    entry_hash: Mapped[str] = mapped_column(String(64))


class GenerationLog(Base):
    """The audit row of one generation, written before Claude is asked and finished afterwards."""

    __tablename__ = "generation_logs"
    __table_args__ = (
        Index("ix_generation_logs_status_started_at", "status", "started_at"),
        # With the last column, the index alone is enough to sum the tokens of a period, for all users or for one.
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
    # Tokens that it is likely to use in all, reserved in the token budgets while it is in progress; null without a
    # budget.
    expected_tokens: Mapped[int | None]
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    completed_at: Mapped[datetime | None]
    model: Mapped[str]
    prompt_version: Mapped[str] = mapped_column(String(32))
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    cache_creation_tokens: Mapped[int] = mapped_column(default=0)
    cache_read_tokens: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    repairs: Mapped[int] = mapped_column(default=0, server_default="0")
    failed_checks: Mapped[list[Any] | None]
    cached_questions: Mapped[int] = mapped_column(default=0, server_default="0")
    # Some of what was spent is unknown: Claude's answers did not say.
    tokens_are_lower_bound: Mapped[bool] = mapped_column(default=False, server_default=false())
    duration_ms: Mapped[int | None]
    claude_request_ids: Mapped[list[Any] | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    result_id: Mapped[int | None]
    # Of an erasure: how many rows of what are gone.
    erased: Mapped[dict[str, Any] | None]
    process_id: Mapped[str | None] = mapped_column(String(32))


class GenerationJob(Base):
    """One accepted POST that must survive its connection or its process: keyed, streamed or in the background.

    It also notes what has been done so far, so that another attempt pays only for what is missing.
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
    refusals: Mapped[int] = mapped_column(default=0)  # attempts in which Claude could not be asked at all
    process_id: Mapped[str | None] = mapped_column(String(32))
    due_at: Mapped[datetime | None]
    # Why the last attempt failed, while the job waits for the next one or this is under way: code, error, attempt,
    # max_attempts.
    last_error: Mapped[dict[str, Any] | None]
    retry_at: Mapped[datetime | None]  # when the next attempt may begin, while the job waits for it
    cancel_requested_at: Mapped[datetime | None]  # of an attempt that had asked Claude already
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
    # Where it runs, so that a neighbour on the same host can see at once that it is gone.
    host: Mapped[str | None] = mapped_column(String(64))
    pid: Mapped[int | None]
    pid_started: Mapped[str | None] = mapped_column(String(64))
