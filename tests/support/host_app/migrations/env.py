"""The host's own Alembic environment. It leaves the tables of the service to `flask techscreen db upgrade`, or not."""

from alembic import context
from interviews import leave_ours_out, render_ours

given = context.config.attributes
hooks = {"render_item": render_ours} if given["ours_too"] else {"include_object": leave_ours_out}
context.configure(
    connection=given["connection"],
    target_metadata=given["metadata"],
    render_as_batch=True,
    compare_type=True,
    **hooks,
)
with context.begin_transaction():
    context.run_migrations()
