"""All commands: at the top in our own app, in the group `techscreen` in a host's."""

from __future__ import annotations

import click

from techscreen.cli.check import check_command
from techscreen.cli.commands import cache_commands, log_commands
from techscreen.cli.doctor import doctor_command
from techscreen.cli.evidence import evidence_commands
from techscreen.cli.library import library_commands
from techscreen.cli.webhooks import webhook_commands

ALL_COMMANDS: tuple[click.Command, ...] = (
    cache_commands,
    check_command,
    doctor_command,
    evidence_commands,
    library_commands,
    log_commands,
    webhook_commands,
)
