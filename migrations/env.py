"""What Alembic loads by its path, to run migrations: `techscreen/storage/migration_environment.py` says how."""

from __future__ import annotations

from alembic import context

run_migrations = context.config.attributes.get("environment")
if run_migrations is None:
    # Alembic's own command line, which knows our modules by alembic.ini.
    from techscreen.storage.migration_environment import run_migrations
run_migrations()
