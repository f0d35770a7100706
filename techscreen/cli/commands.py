"""`flask --app app cache ...` and `flask --app app logs ...`: what an operator does from a shell.

Arguments come in; lines go out. The work itself is done by the question cache's administration and the audit trail.
"""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from techscreen.cli.terminal import say
from techscreen.errors import TechScreenError
from techscreen.operations import audit_trail
from techscreen.question_cache import administration
from techscreen.web.container import current_runtime


class CommandGroup(AppGroup):
    """A group of commands that fails with one sentence, not a traceback, if the database does not answer."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except TechScreenError as error:
            raise click.ClickException(error.message) from error


cache_commands = CommandGroup("cache", help="Look after the question cache.")
log_commands = CommandGroup("logs", help="Look after the audit trail.")


@cache_commands.command("stats")
def stats() -> None:
    """Count the questions by state, and how many delivered ones came from the cache."""
    for name, value in current_runtime().cache.counts().model_dump().items():
        say(f"{name:>22}  {'-' if value is None else value}")


@cache_commands.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say how many would be deleted.")
def prune_cache(dry_run: bool) -> None:
    """Delete questions that are too old or of another prompt version. Retired ones stay."""
    count = current_runtime().cache.prune(dry_run=dry_run)
    say(f"{count} questions {'would be ' if dry_run else ''}deleted.")


@cache_commands.command("rekey")
@click.option("--batch-size", default=administration.BATCH, show_default=True, type=click.IntRange(min=1))
def rekey(batch_size: int) -> None:
    """Work out all keys anew after a change of techscreen/data/. May be interrupted and started again."""
    changed = 0
    for progress in current_runtime().cache.rekey(batch=batch_size):
        changed = progress.changed
        say(f"{progress.checked} checked, {changed} changed, up to id {progress.last_id}")
    say(f"Done: {changed} questions have new keys.")


@cache_commands.command("suggestions")
def suggestions() -> None:
    """List technologies that Claude named and technology_aliases.txt does not know."""
    found = current_runtime().cache.suggestions()
    for suggestion in found:
        say(f"{suggestion.times_seen:>5}  {suggestion.name}  (such as in “{suggestion.topic}”)")
    if not found:
        say("No unknown technologies were named.")


@log_commands.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say how many would be removed.")
@click.option("--batch-size", default=audit_trail.BATCH, show_default=True, type=click.IntRange(min=1, max=10_000))
def prune_logs(dry_run: bool, batch_size: int) -> None:
    """Remove audit rows that are older than LOG_RETENTION_DAYS. Those in progress stay."""
    days = current_runtime().settings.log_retention_days
    pruned = audit_trail.prune(days, dry_run=dry_run, batch=batch_size)
    what = "would be removed" if dry_run else "removed"
    if pruned.oldest and pruned.newest:
        oldest, newest = (moment.isoformat(timespec="seconds") for moment in (pruned.oldest, pruned.newest))
        say(f"{pruned.rows} audit rows {what}, from {oldest} to {newest}.")
    else:
        say(f"0 audit rows {what}.")
    say(f"All before {pruned.before.isoformat(timespec='seconds')} are older than {days} days.")
