"""The host numbers its revisions as the service does."""

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None


def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, unique=True),
        sa.Column("job", sa.String(50), nullable=False),
    )
    op.create_table(
        "interviews",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("candidate", sa.String(100), nullable=False),
        sa.Column("interviewer_id", sa.Integer(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
    )
    op.create_index("idx_interviews_candidate", "interviews", ["candidate"])


def downgrade():
    op.drop_table("interviews")
    op.drop_table("users")
