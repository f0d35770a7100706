"""Jobs that survive their connection and their process, and which processes are alive.

Revision ID: 003
Revises: 002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "003"
down_revision = "002"
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
    op.add_column("generation_logs", sa.Column("process_id", sa.String(32), nullable=True))
    op.add_column("question_uses", sa.Column("process_id", sa.String(32), nullable=True))
    op.create_table(
        "service_processes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("heartbeat_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_processes"),
        **UTF8,
    )
    op.create_index("ix_service_processes_heartbeat_at", "service_processes", ["heartbeat_at"])
    op.create_table(
        "generation_jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("operation", sa.String(32), nullable=False),
        sa.Column("user_id", exact(255), nullable=False),
        sa.Column("req_id", exact(100), nullable=True),
        sa.Column("request", JSON, nullable=False),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.Column("background", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("progress", JSON, nullable=False),
        sa.Column("answer_status", sa.Integer(), nullable=True),
        sa.Column("answer_body", LONG_TEXT, nullable=True),
        sa.Column("idempotency_key", exact(255), nullable=True),
        sa.Column("fingerprint", sa.String(64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("process_id", sa.String(32), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("job_description_id", sa.Integer(), nullable=True),
        sa.Column("interview_id", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_generation_jobs"),
        sa.UniqueConstraint("user_id", "idempotency_key", name="uq_generation_jobs_user_id_idempotency_key"),
        **UTF8,
    )
    op.create_index("ix_generation_jobs_status_due_at", "generation_jobs", ["status", "due_at"])
    op.create_index("ix_generation_jobs_created_at", "generation_jobs", ["created_at"])
    op.create_index("ix_generation_jobs_req_id", "generation_jobs", ["req_id"])


def downgrade() -> None:
    op.drop_table("generation_jobs")
    op.drop_table("service_processes")
    for table in ("question_uses", "generation_logs"):
        with op.batch_alter_table(table) as changed:
            changed.drop_column("process_id")
