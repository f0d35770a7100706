"""`flask --app app cache ...`: what an operator does with the question cache from a shell."""

from __future__ import annotations

import click

from cache_administration import BATCH
from command_group import CommandGroup
from runtime import current_runtime

cache_commands = CommandGroup("cache", help="Look after the question cache.")


@cache_commands.command("stats")
def stats() -> None:
    """Count the questions by state, and how many delivered ones came from the cache."""
    for name, value in current_runtime().cache.counts().model_dump().items():
        click.echo(f"{name:>22}  {'-' if value is None else value}")


@cache_commands.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say how many would be deleted.")
def prune(dry_run: bool) -> None:
    """Delete questions that are too old or of another prompt version. Retired ones stay."""
    count = current_runtime().cache.prune(dry_run=dry_run)
    click.echo(f"{count} questions {'would be ' if dry_run else ''}deleted.")


@cache_commands.command("rekey")
@click.option("--batch-size", default=BATCH, show_default=True, type=click.IntRange(min=1))
def rekey(batch_size: int) -> None:
    """Work out all keys anew after a change of data/. May be interrupted and started again."""
    changed = 0
    for progress in current_runtime().cache.rekey(batch=batch_size):
        changed = progress.changed
        click.echo(f"{progress.checked} checked, {changed} changed, up to id {progress.last_id}")
    click.echo(f"Done: {changed} questions have new keys.")


@cache_commands.command("suggestions")
def suggestions() -> None:
    """List technologies that Claude named and data/technology_aliases.txt does not know."""
    found = current_runtime().cache.suggestions()
    for suggestion in found:
        click.echo(f"{suggestion.times_seen:>5}  {suggestion.name}  (such as in “{suggestion.topic}”)")
    if not found:
        click.echo("No unknown technologies were named.")
