"""Who wrote each question, which enhancement is stored, whose processes are dead, what may be lent to whom.

Revision ID: 006
Revises: 005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "006"
down_revision = "005"
branch_labels = None
depends_on = None

MODEL_COLUMNS = {"job_descriptions": True, "interviews": True, "question_cache": False, "generation_logs": False}


def exact(length: int) -> sa.String:
    """Text that is equal only to itself, by the collation that this database has for it."""
    dialect = op.get_context().dialect
    if dialect.name not in ("mysql", "mariadb"):
        return sa.String(length)
    collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    return mysql.VARCHAR(length, charset="utf8mb4", collation=collation)


def interviews_until_now() -> sa.Table:
    """The table as SQLite must copy it where no database can be asked, as by `alembic upgrade head --sql`."""
    return sa.Table(
        "interviews",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_description_id", sa.Integer(), nullable=False),
        sa.Column("req_id", sa.String(100), nullable=False),
        sa.Column("interview_name", sa.String(255), nullable=False),
        sa.Column("created_by_user_id", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=True),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("prompt_version", sa.String(32), nullable=False),
        sa.Column("quality", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_interviews"),
        sa.ForeignKeyConstraint(
            ["job_description_id"], ["job_descriptions.id"], name="fk_interviews_job_description_id"
        ),
        sa.UniqueConstraint("req_id", "version", name="uq_interviews_req_id_version"),
        sa.Index("ix_interviews_job_description_id", "job_description_id"),
    )


def widen_model_columns() -> None:
    """A model may be named by an address of 200 characters and more; an interview of lent questions has none."""
    is_blind = op.get_context().as_sql and op.get_context().dialect.name == "sqlite"
    for table, nullable in MODEL_COLUMNS.items():
        if is_blind and table != "interviews":
            continue  # SQLite holds no text to its length
        with op.batch_alter_table(table, copy_from=interviews_until_now() if is_blind else None) as changed:
            changed.alter_column(
                "model",
                existing_type=sa.String(100),
                type_=sa.String(255),
                existing_nullable=nullable and table != "interviews",
                nullable=nullable,
            )
            if table == "interviews":
                changed.alter_column(
                    "prompt_version", existing_type=sa.String(32), existing_nullable=False, nullable=True
                )


def upgrade() -> None:
    widen_model_columns()
    op.add_column("interview_questions", sa.Column("model", sa.String(255), nullable=True))
    op.add_column("interview_questions", sa.Column("prompt_version", sa.String(32), nullable=True))
    for column in ("model", "prompt_version"):
        op.execute(
            f"UPDATE interview_questions SET {column} = COALESCE("  # noqa: S608 -- names of our own
            f"(SELECT q.{column} FROM question_cache q WHERE q.id = interview_questions.cached_question_id), "
            f"(SELECT i.{column} FROM interviews i WHERE i.id = interview_questions.interview_id))"
        )
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    op.add_column("job_descriptions", sa.Column("enhancement_asked_at", moment, nullable=True))
    op.add_column("question_cache", sa.Column("only_for_req_id", exact(100), nullable=True))
    op.add_column("question_cache", sa.Column("retired_by_user_id", exact(255), nullable=True))
    op.add_column(
        "generation_logs",
        sa.Column("tokens_are_lower_bound", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("generation_logs", sa.Column("expected_tokens", sa.Integer(), nullable=True))
    op.add_column("service_processes", sa.Column("host", sa.String(64), nullable=True))
    op.add_column("service_processes", sa.Column("pid", sa.Integer(), nullable=True))
    op.add_column("service_processes", sa.Column("pid_started", sa.String(64), nullable=True))


def downgrade() -> None:
    for table, columns in (
        ("service_processes", ("pid_started", "pid", "host")),
        ("generation_logs", ("expected_tokens", "tokens_are_lower_bound")),
        ("question_cache", ("retired_by_user_id", "only_for_req_id")),
        ("job_descriptions", ("enhancement_asked_at",)),
        ("interview_questions", ("prompt_version", "model")),
    ):
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
    op.execute("UPDATE interviews SET model = COALESCE(model, ''), prompt_version = COALESCE(prompt_version, '')")
    for table, nullable in MODEL_COLUMNS.items():
        op.execute(f"UPDATE {table} SET model = SUBSTR(model, 1, 100)")  # noqa: S608 -- names of our own
        with op.batch_alter_table(table) as changed:
            will_be_nullable = nullable and table != "interviews"
            changed.alter_column(
                "model",
                existing_type=sa.String(255),
                type_=sa.String(100),
                existing_nullable=nullable,
                nullable=will_be_nullable,
            )
            if table == "interviews":
                changed.alter_column(
                    "prompt_version", existing_type=sa.String(32), existing_nullable=True, nullable=False
                )
