"""What was found about a job description and an interview, and the repairs of each generation.

Revision ID: 005
Revises: 004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "005"
down_revision = "004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_descriptions", sa.Column("quality", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("interviews", sa.Column("quality", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("generation_logs", sa.Column("repairs", sa.Integer(), server_default="0", nullable=False))
    op.add_column("generation_logs", sa.Column("failed_checks", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    for table, columns in (
        ("generation_logs", ("failed_checks", "repairs")),
        ("interviews", ("quality",)),
        ("job_descriptions", ("quality",)),
    ):
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
