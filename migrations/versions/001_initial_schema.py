"""The first five tables: job descriptions, interviews, their questions, the question cache, the audit log.

Revision ID: 001
Revises: nothing

Self-contained on purpose: it must go on making these tables when the models have moved on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "001"
down_revision = None
branch_labels = None
depends_on = None


UTF8 = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
JSON = sa.JSON(none_as_null=True)


def exact(length: int) -> sa.String:
    """Text that is equal only to itself, by the collation that this database has for it."""
    dialect = op.get_context().dialect
    if dialect.name not in ("mysql", "mariadb"):
        return sa.String(length)
    collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    return mysql.VARCHAR(length, charset="utf8mb4", collation=collation)


def upgrade() -> None:
    op.create_table(
        "generation_logs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operation_type", sa.String(length=32), nullable=False),
        sa.Column("req_id", exact(100), nullable=False),
        sa.Column("user_id", exact(255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("tokens_used", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("prompt_version", sa.String(length=32), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cache_creation_tokens", sa.Integer(), nullable=False),
        sa.Column("cache_read_tokens", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("claude_request_ids", JSON, nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("result_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_generation_logs"),
        **UTF8,
    )
    op.create_index("ix_generation_logs_req_id", "generation_logs", ["req_id"])
    op.create_index("ix_generation_logs_status_started_at", "generation_logs", ["status", "started_at"])
    op.create_index("ix_generation_logs_user_id", "generation_logs", ["user_id"])

    op.create_table(
        "job_descriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("req_id", exact(100), nullable=False),
        sa.Column("basic_title", sa.String(length=255), nullable=False),
        sa.Column("basic_description", LONG_TEXT, nullable=False),
        sa.Column("basic_department", sa.String(length=255), nullable=True),
        sa.Column("basic_level", sa.String(length=255), nullable=True),
        sa.Column("work_output", LONG_TEXT, nullable=True),
        sa.Column("work_role", LONG_TEXT, nullable=True),
        sa.Column("work_knowledge", LONG_TEXT, nullable=True),
        sa.Column("work_competencies", LONG_TEXT, nullable=True),
        sa.Column("enhanced_title", sa.String(length=255), nullable=True),
        sa.Column("enhanced_description", LONG_TEXT, nullable=True),
        sa.Column("interview_topics", JSON, nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("prompt_version", sa.String(length=32), nullable=True),
        sa.Column("created_by_user_id", exact(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("enhanced_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job_descriptions"),
        sa.UniqueConstraint("req_id", name="uq_job_descriptions_req_id"),
        **UTF8,
    )
    op.create_table(
        "question_cache",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cache_key", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("skill_level", sa.String(length=32), nullable=False),
        sa.Column("question_text", LONG_TEXT, nullable=False),
        sa.Column("criteria", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("technology_key", sa.String(length=255), nullable=False),
        sa.Column("facet_key", sa.String(length=255), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("question_type", sa.String(length=32), nullable=False),
        sa.Column("follow_ups", JSON, nullable=False),
        sa.Column("rating_anchors", JSON, nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("prompt_version", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("retired_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_question_cache"),
        sa.UniqueConstraint("cache_key", name="uq_question_cache_cache_key"),
        **UTF8,
    )
    op.create_index("ix_question_cache_bucket", "question_cache", ["technology_key", "skill_level", "language"])
    op.create_index("ix_question_cache_request_hash", "question_cache", ["request_hash"])

    op.create_table(
        "interviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_description_id", sa.Integer(), nullable=False),
        sa.Column("req_id", exact(100), nullable=False),
        sa.Column("interview_name", sa.String(length=255), nullable=False),
        sa.Column("created_by_user_id", exact(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("prompt_version", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_description_id"], ["job_descriptions.id"], name="fk_interviews_job_description_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_interviews"),
        sa.UniqueConstraint("req_id", "version", name="uq_interviews_req_id_version"),
        **UTF8,
    )
    op.create_index("ix_interviews_job_description_id", "interviews", ["job_description_id"])

    op.create_table(
        "interview_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interview_id", sa.Integer(), nullable=False),
        sa.Column("question_number", sa.Integer(), nullable=False),
        sa.Column("question_text", LONG_TEXT, nullable=False),
        sa.Column("question_type", sa.String(length=32), nullable=False),
        sa.Column("criteria", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("skill_level", sa.String(length=32), nullable=False),
        sa.Column("follow_ups", JSON, nullable=False),
        sa.Column("rating_anchors", JSON, nullable=False),
        sa.Column("work_items", JSON, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("cached_question_id", sa.Integer(), nullable=True),
        sa.Column("cached_topic", sa.String(length=255), nullable=True),
        sa.Column("similarity", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cached_question_id"],
            ["question_cache.id"],
            name="fk_interview_questions_cached_question_id",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["interview_id"], ["interviews.id"], name="fk_interview_questions_interview_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_interview_questions"),
        sa.UniqueConstraint(
            "interview_id", "question_number", name="uq_interview_questions_interview_id_question_number"
        ),
        **UTF8,
    )
    op.create_index("ix_interview_questions_cached_question_id", "interview_questions", ["cached_question_id"])


def downgrade() -> None:
    op.drop_table("interview_questions")
    op.drop_table("interviews")
    op.drop_table("question_cache")
    op.drop_table("job_descriptions")
    op.drop_table("generation_logs")
