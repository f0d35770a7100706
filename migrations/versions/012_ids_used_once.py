"""In SQLite too, the id of a row that was erased is never given to another one.

Without AUTOINCREMENT, SQLite gives the highest id again once its row is gone: a link, or an erasure that is repeated,
would then reach somebody else's interview. MySQL and MariaDB never do that.

A script for SQLite (`--sql`) leaves this out, because the tables have to be read to be copied.

Revision ID: 012
Revises: 011
"""

from __future__ import annotations

from alembic import op

revision = "012"
down_revision = "011"
branch_labels = None
depends_on = None

# Others keep the ids of their rows: links, audit rows, feedback.
TABLES = ("job_descriptions", "question_cache", "interviews")


def _copy_tables(*, autoincrement: bool) -> None:
    context = op.get_context()
    if context.dialect.name != "sqlite" or context.as_sql:
        return
    for table in TABLES:
        with op.batch_alter_table(
            table, recreate="always", table_kwargs={"sqlite_autoincrement": True} if autoincrement else {}
        ):
            pass


def upgrade() -> None:
    _copy_tables(autoincrement=True)


def downgrade() -> None:
    _copy_tables(autoincrement=False)
