"""What all command groups of `flask --app app` have in common."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from errors import TechScreenError


class CommandGroup(AppGroup):
    """Says what is wrong in a sentence where the database does not answer."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except TechScreenError as error:
            raise click.ClickException(f"{error.message} Has `alembic upgrade head` been run?") from error
