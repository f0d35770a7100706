"""`flask --app app library ...`: exports the questions of the library to a file, imports them, loads the starter set.

The end of a file's name says in which form it is: .json, .jsonl or .csv.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

import click

from techscreen.cli.commands import CommandGroup
from techscreen.cli.terminal import say
from techscreen.errors import InvalidRequest, MalformedJson, NotImportable
from techscreen.library.starter import load_starter
from techscreen.library.transfer import export_questions, import_questions
from techscreen.schemas.library import LibraryImport, TransferFormat

library_commands = CommandGroup("library", help="Export or import the team's own questions.")


@library_commands.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export_library(file: Path) -> None:
    """Write all questions but the retired ones to FILE."""
    parts = export_questions(_form_of(file))
    with file.open("w", encoding="utf-8", newline="") as written:
        for part in parts:
            written.write(part)
    say(f"Exported to {file}.")


@library_commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--update", is_flag=True, help="Change what FILE gives of questions that the library has already.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--user", default="shell", show_default=True, help="Who imports it, for the audit trail.")
def import_library(file: Path, update: bool, dry_run: bool, user: str) -> None:
    """Read questions from FILE: all of them, or none if a row has a problem."""
    order = LibraryImport(
        content=file.read_bytes(),
        format=_form_of(file),
        on_conflict="update" if update else "refuse",
        dry_run=dry_run,
    )
    try:
        answer = import_questions(order, user)
    except (InvalidRequest, MalformedJson, NotImportable) as error:
        for problem in error.report.get("problems", ()):
            say(problem.message, err=True)
        say(error.message, err=True)
        raise SystemExit(1) from None
    for problem in answer.problems:
        say(problem.message, err=True)
    if answer.ignored:
        say(f"Ignored, for a question has no such thing: {', '.join(answer.ignored)}.", err=True)
    would_be = "would be " if dry_run else ""
    say(f"{answer.imported} questions {would_be}imported, {answer.updated} {would_be}updated.")
    if answer.problems:
        raise SystemExit(1)


@library_commands.command("load-starter")
@click.option("--user", default="shell", show_default=True, help="Who loads it, for the audit trail.")
def load_starter_library(user: str) -> None:
    """Add the questions that come with the service. Those that are there already stay as they are."""
    loaded = load_starter(user)
    say(f"{loaded.added} questions loaded; {loaded.known} were there already.")


def _form_of(file: Path) -> TransferFormat:
    form = file.suffix.removeprefix(".").lower()
    if form not in get_args(TransferFormat):
        raise click.ClickException("The name of the file must end with .json, .jsonl or .csv.")
    return cast(TransferFormat, form)
