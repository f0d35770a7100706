"""When each requisition was changed last can be read from an index.

Revision ID: 010
Revises: 009
"""

from __future__ import annotations

from alembic import op

revision = "010"
down_revision = "009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_history_entries_req_id_created_at", "history_entries", ["req_id", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_history_entries_req_id_created_at", "history_entries")
