"""Who uses a cached question, what an admin says of it, and technologies that the alias table does not know.

Revision ID: 002
Revises: 001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "002"
down_revision = "001"
branch_labels = None
depends_on = None


UTF8 = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
OLD_BUCKET = ["technology_key", "skill_level", "language"]


def exact(length: int) -> sa.String:
    """Text that is equal only to itself, by the collation that this database has for it."""
    dialect = op.get_context().dialect
    if dialect.name not in ("mysql", "mariadb"):
        return sa.String(length)
    collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    return mysql.VARCHAR(length, charset="utf8mb4", collation=collation)


def upgrade() -> None:
    op.add_column("question_cache", sa.Column("retired_url", sa.Text(), nullable=True))
    op.add_column("question_cache", sa.Column("technologies", sa.JSON(none_as_null=True), nullable=True))
    op.drop_index("ix_question_cache_bucket", "question_cache")
    op.create_index("ix_question_cache_bucket", "question_cache", [*OLD_BUCKET, "prompt_version", "usage_count"])
    op.create_table(
        "question_uses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cached_question_id", sa.Integer(), nullable=False),
        sa.Column("req_id", exact(100), nullable=False),
        sa.Column("interview_id", sa.Integer(), nullable=True),
        sa.Column("reserved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["cached_question_id"],
            ["question_cache.id"],
            name="fk_question_uses_cached_question_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["interview_id"], ["interviews.id"], name="fk_question_uses_interview_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_question_uses"),
        sa.UniqueConstraint("req_id", "cached_question_id", name="uq_question_uses_req_id_cached_question_id"),
        **UTF8,
    )
    op.create_index("ix_question_uses_cached_question_id", "question_uses", ["cached_question_id"])
    op.create_index("ix_question_uses_interview_id", "question_uses", ["interview_id"])
    op.create_index("ix_question_uses_reserved_at", "question_uses", ["reserved_at"])
    op.create_table(
        "suggested_technologies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", exact(100), nullable=False),
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("times_seen", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suggested_technologies"),
        sa.UniqueConstraint("name", name="uq_suggested_technologies_name"),
        **UTF8,
    )


def downgrade() -> None:
    op.drop_table("suggested_technologies")
    op.drop_table("question_uses")
    op.drop_index("ix_question_cache_bucket", "question_cache")
    op.create_index("ix_question_cache_bucket", "question_cache", OLD_BUCKET)
    with op.batch_alter_table("question_cache") as question_cache:
        question_cache.drop_column("technologies")
        question_cache.drop_column("retired_url")
