"""Jobs say why they are tried again and can be cancelled, erasures are counted, and all interviews can be listed.

Revision ID: 011
Revises: 010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "011"
down_revision = "010"
branch_labels = None
depends_on = None

LISTED_BY = ("created_by_user_id", "status", "created_at")


def upgrade() -> None:
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    op.add_column("generation_jobs", sa.Column("last_error", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("generation_jobs", sa.Column("retry_at", moment, nullable=True))
    op.add_column("generation_jobs", sa.Column("cancel_requested_at", moment, nullable=True))
    op.add_column("generation_logs", sa.Column("erased", sa.JSON(none_as_null=True), nullable=True))
    for column in LISTED_BY:
        op.create_index(f"ix_interviews_{column}", "interviews", [column])


def downgrade() -> None:
    for column in LISTED_BY:
        op.drop_index(f"ix_interviews_{column}", "interviews")
    for table, columns in (
        ("generation_logs", ("erased",)),
        ("generation_jobs", ("cancel_requested_at", "retry_at", "last_error")),
    ):
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
