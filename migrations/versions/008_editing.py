"""What people do with an interview: edits, states, alternatives, feedback, a library of their own, and its history.

Revision ID: 008
Revises: 007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "008"
down_revision = "007"
branch_labels = None
depends_on = None

UTF8 = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
JSON = sa.JSON(none_as_null=True)


def exact(length: int) -> sa.String:
    """Text that is equal only to itself, by the collation that this database has for it."""
    dialect = op.get_context().dialect
    if dialect.name not in ("mysql", "mariadb"):
        return sa.String(length)
    collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    return mysql.VARCHAR(length, charset="utf8mb4", collation=collation)


def counted(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def new_columns() -> dict[str, tuple[sa.Column[object], ...]]:
    return {
        "job_descriptions": (
            counted("revision"),
            sa.Column("edited_by_user_id", exact(255), nullable=True),
            sa.Column("edited_at", MOMENT, nullable=True),
        ),
        "interviews": (
            counted("revision"),
            sa.Column("published_name", exact(255), nullable=True),
            sa.Column("revised_from_id", sa.Integer(), nullable=True),
            sa.Column("edited_by_user_id", exact(255), nullable=True),
            sa.Column("edited_at", MOMENT, nullable=True),
            sa.Column("review_requested_by_user_id", exact(255), nullable=True),
            sa.Column("review_requested_of", sa.String(255), nullable=True),
            sa.Column("review_requested_at", MOMENT, nullable=True),
            sa.Column("approved_by_user_id", exact(255), nullable=True),
            sa.Column("approval_note", sa.Text(), nullable=True),
            sa.Column("published_at", MOMENT, nullable=True),
            sa.Column("archived_at", MOMENT, nullable=True),
            sa.Column("deleted_at", MOMENT, nullable=True),
            sa.Column("overrides", JSON, nullable=True),
        ),
        "interview_questions": (
            sa.Column("lineage", sa.String(32), server_default="", nullable=False),
            sa.Column("locked", sa.Boolean(), server_default=sa.false(), nullable=False),
        ),
        "question_cache": (
            sa.Column("library_status", sa.String(16), nullable=True),
            sa.Column("reference", exact(100), nullable=True),
            sa.Column("owner", sa.String(255), nullable=True),
            sa.Column("review_on", sa.Date(), nullable=True),
            sa.Column("created_by_user_id", exact(255), nullable=True),
            sa.Column("edited_by_user_id", exact(255), nullable=True),
            sa.Column("edited_at", MOMENT, nullable=True),
            counted("revision"),
            counted("complaints"),
        ),
    }


def upgrade() -> None:
    for table, columns in new_columns().items():
        for column in columns:
            op.add_column(table, column)
    # Numbers name the older questions; a new lineage has letters too.
    text = "CHAR" if op.get_context().dialect.name in ("mysql", "mariadb") else "VARCHAR"
    op.execute(f"UPDATE interview_questions SET lineage = CAST(id AS {text})")  # noqa: S608 -- a word of our own
    # Only the newest published interview of a name stays published. (MySQL reads no table that it updates, but a copy.)
    newest = "SELECT MAX(id) AS id FROM interviews WHERE status = 'published' GROUP BY req_id, interview_name"
    op.execute(
        "UPDATE interviews SET published_name = interview_name, published_at = created_at "  # noqa: S608 -- our own words
        f"WHERE id IN (SELECT id FROM ({newest}) AS newest)"
    )
    op.execute(
        "UPDATE interviews SET status = 'archived', archived_at = created_at "
        "WHERE status = 'published' AND published_name IS NULL"
    )
    op.create_index("uq_interviews_req_id_published_name", "interviews", ["req_id", "published_name"], unique=True)
    op.create_index("uq_question_cache_reference", "question_cache", ["reference"], unique=True)
    op.create_table(
        "question_alternatives",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interview_id", sa.Integer(), nullable=False),
        sa.Column("lineage", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("content", JSON, nullable=False),
        sa.Column("created_by_user_id", exact(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_question_alternatives"),
        sa.ForeignKeyConstraint(
            ["interview_id"], ["interviews.id"], name="fk_question_alternatives_interview_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "interview_id", "lineage", "number", name="uq_question_alternatives_interview_id_lineage_number"
        ),
        **UTF8,
    )
    op.create_table(
        "question_feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interview_id", sa.Integer(), nullable=False),
        sa.Column("lineage", sa.String(32), nullable=False),
        sa.Column("cached_question_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("criterion", exact(255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("user_id", exact(255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_question_feedback"),
        sa.ForeignKeyConstraint(
            ["interview_id"], ["interviews.id"], name="fk_question_feedback_interview_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["cached_question_id"],
            ["question_cache.id"],
            name="fk_question_feedback_cached_question_id",
            ondelete="SET NULL",
        ),
        sa.UniqueConstraint(
            "interview_id",
            "lineage",
            "user_id",
            "kind",
            "criterion",
            name="uq_question_feedback_interview_id_lineage_user_id_kind_criterion",
        ),
        **UTF8,
    )
    op.create_index("ix_question_feedback_cached_question_id", "question_feedback", ["cached_question_id"])
    op.create_table(
        "history_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("req_id", exact(100), nullable=False),
        sa.Column("operation", sa.String(32), nullable=False),
        sa.Column("user_id", exact(255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history_entries"),
        sa.UniqueConstraint("subject", "subject_id", "revision", name="uq_history_entries_subject_subject_id_revision"),
        **UTF8,
    )
    op.create_index("ix_history_entries_req_id", "history_entries", ["req_id"])


def downgrade() -> None:
    # Older versions know no deleted drafts and would show them again.
    deleted = "SELECT id FROM interviews WHERE deleted_at IS NOT NULL"
    op.execute(f"DELETE FROM interview_questions WHERE interview_id IN ({deleted})")  # noqa: S608 -- words of our own
    op.execute(f"DELETE FROM question_uses WHERE interview_id IN ({deleted})")  # noqa: S608
    op.execute("DELETE FROM interviews WHERE deleted_at IS NOT NULL")
    for table in ("history_entries", "question_feedback", "question_alternatives"):
        op.drop_table(table)
    op.drop_index("uq_question_cache_reference", "question_cache")
    op.drop_index("uq_interviews_req_id_published_name", "interviews")
    for table, columns in new_columns().items():
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column.name)
