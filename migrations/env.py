"""Run migrations against DATABASE_URL, or on a connection that a test hands over. No Flask app is needed."""

from __future__ import annotations

from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from config import load_database_url
from models import Base


def migrate_on(connection: Connection) -> None:
    """Run on an open connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a table in place, so there Alembic copies it.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_object=_is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


def _is_ours(_object: object, _name: str | None, type_: str, reflected: bool, compare_to: object) -> bool:
    # A host app's tables may live in the same database; `alembic check` must not want to drop them.
    return not (type_ == "table" and reflected and compare_to is None)


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    context.configure(url=load_database_url(), target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif given is not None:
    migrate_on(given)
else:
    # Only the command line has no logging yet.
    if context.config.cmd_opts is not None and context.config.config_file_name:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    # Straight from the settings: through alembic.ini, a % in a password would break.
    with create_engine(load_database_url(), poolclass=NullPool, hide_parameters=True).connect() as connection:
        migrate_on(connection)
        connection.commit()
