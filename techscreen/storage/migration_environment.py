"""What Alembic runs migrations in: the database, our tables, and where the migrations are.

A command of Alembic comes in, by `alembic_config` or from its own command line; changed tables go out. Alembic loads
`migrations/env.py` by its path, where no import can tell under what name the service was loaded; so it is all here.
"""

from __future__ import annotations

from logging.config import fileConfig

from alembic import context
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from config import PROJECT_FOLDER, load_database_url
from models import Base

# The attribute of a configuration under which `migrations/env.py` finds `run_migrations`.
ENVIRONMENT = "environment"


def alembic_config() -> Config:
    """The configuration for Alembic's commands. The command line has the same from `alembic.ini`."""
    config = Config(attributes={ENVIRONMENT: run_migrations})
    config.set_main_option("script_location", str(PROJECT_FOLDER / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def run_migrations() -> None:
    """Run migrations against DATABASE_URL, or on a connection that a test hands over. No Flask app is needed."""
    given = context.config.attributes.get("connection")
    if context.is_offline_mode():
        context.configure(url=load_database_url(), target_metadata=Base.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
    elif given is not None:
        _migrate_on(given)
    else:
        # Only the command line has no logging yet.
        if context.config.cmd_opts is not None and context.config.config_file_name:
            fileConfig(context.config.config_file_name, disable_existing_loggers=False)
        # Straight from the settings: through alembic.ini, a % in a password would break.
        with create_engine(load_database_url(), poolclass=NullPool, hide_parameters=True).connect() as connection:
            _migrate_on(connection)
            connection.commit()


def _migrate_on(connection: Connection) -> None:
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
