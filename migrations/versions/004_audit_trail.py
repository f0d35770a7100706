"""Cached questions in the audit row, and an index for its periods.

Revision ID: 004
Revises: 003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "004"
down_revision = "003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("generation_logs", sa.Column("cached_questions", sa.Integer(), server_default="0", nullable=False))
    # Holds all that a sum over a period needs, for all and by user, so that no row is read for it.
    op.create_index("ix_generation_logs_period", "generation_logs", ["started_at", "user_id", "tokens_used"])


def downgrade() -> None:
    op.drop_index("ix_generation_logs_period", "generation_logs")
    with op.batch_alter_table("generation_logs") as changed:
        changed.drop_column("cached_questions")
