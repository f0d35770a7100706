"""`flask --app app logs ...`: what an operator does with the audit trail from a shell."""

from __future__ import annotations

import click

import audit_trail
from command_group import CommandGroup
from runtime import current_runtime

log_commands = CommandGroup("logs", help="Look after the audit trail.")


@log_commands.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say how many would be removed.")
@click.option("--batch-size", default=audit_trail.BATCH, show_default=True, type=click.IntRange(min=1, max=10_000))
def prune(dry_run: bool, batch_size: int) -> None:
    """Remove audit rows that are older than LOG_RETENTION_DAYS. Those in progress stay."""
    days = current_runtime().settings.log_retention_days
    pruned = audit_trail.prune(days, dry_run=dry_run, batch=batch_size)
    what = "would be removed" if dry_run else "removed"
    if pruned.oldest and pruned.newest:
        oldest, newest = (moment.isoformat(timespec="seconds") for moment in (pruned.oldest, pruned.newest))
        click.echo(f"{pruned.rows} audit rows {what}, from {oldest} to {newest}.")
    else:
        click.echo(f"0 audit rows {what}.")
    click.echo(f"All before {pruned.before.isoformat(timespec='seconds')} are older than {days} days.")
