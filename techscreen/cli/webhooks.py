"""`flask --app app webhooks ...`: try the webhook, and send again what its receiver did not take.

Arguments come in; lines and an exit code go out. The work itself is done in operations.
"""

from __future__ import annotations

import click

from techscreen.cli.commands import CommandGroup
from techscreen.cli.terminal import say
from techscreen.errors import WebhookNotDelivered
from techscreen.operations.webhook_backlog import failed_events, send_again
from techscreen.web.container import current_runtime

webhook_commands = CommandGroup("webhooks", help="Try the webhook, and send again what was not delivered.")


@webhook_commands.command("test")
def send_test() -> None:
    """Send a signed event of the name "test" at once, and say what came back."""
    try:
        answer = current_runtime().webhooks.send_test()
    except WebhookNotDelivered as error:
        say(f"Not delivered: {error.message}", err=True)
        raise SystemExit(1) from None
    say(f"Delivered: the receiver answered {answer.status} after {answer.duration_ms} ms.")


@webhook_commands.command("failed")
def list_failed() -> None:
    """List the events that were given up, oldest first. They are kept for seven days."""
    found = failed_events()
    for event in found:
        when = event.created_at.isoformat(timespec="seconds")
        say(f"{event.id}  {when}  {event.event}  {event.attempts} attempts  {event.reason}")
    if not found:
        say("No event was given up.")


@webhook_commands.command("retry")
@click.argument("event_ids", nargs=-1)
@click.option("--all", "all_of_them", is_flag=True, help="Every event that was given up.")
def retry(event_ids: tuple[str, ...], all_of_them: bool) -> None:
    """Send events that were given up again, by the running service and within seconds."""
    if bool(event_ids) == all_of_them:
        raise click.UsageError("Name the events to send again, or give --all.")
    count = send_again(None if all_of_them else event_ids)
    say(f"{count} event{'' if count == 1 else 's'} will be sent again.")
