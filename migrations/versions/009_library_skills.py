"""What a library question is for: words of requisitions, and whether it fits any post.

Revision ID: 009
Revises: 008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "009"
down_revision = "008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("question_cache", sa.Column("skills", sa.JSON(none_as_null=True), nullable=True))
    any_post = sa.Column("fits_any_post", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("question_cache", any_post)


def downgrade() -> None:
    with op.batch_alter_table("question_cache") as table:
        table.drop_column("fits_any_post")
        table.drop_column("skills")
