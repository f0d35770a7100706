"""What a candidate looks at, how long a question takes, and what the hiring team is told.

Revision ID: 007
Revises: 006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "007"
down_revision = "006"
branch_labels = None
depends_on = None

COLUMNS = {
    "job_descriptions": (("notes_for_team", sa.JSON()),),
    "question_cache": (("exhibit", sa.JSON()), ("minutes", sa.Integer())),
    "interview_questions": (("exhibit", sa.JSON()), ("minutes", sa.Integer())),
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as changed:
            for name, _ in columns:
                changed.drop_column(name)
