"""`flask --app app evidence ...`: whether the evidence is still what was written.

Exit code 0: all entries are sound; 1: something is wrong, or it could not be looked at; 2: a file cannot be used.
"""

from __future__ import annotations

from typing import TextIO

import click

from techscreen.cli.commands import CommandGroup
from techscreen.cli.terminal import say
from techscreen.operations.evidence_check import Head, walk_histories

UNUSABLE = 2

evidence_commands = CommandGroup("evidence", help="Verify the evidence.")


@evidence_commands.command("verify")
@click.option("--req-id", help="Only the histories of this requisition.")
@click.option("--heads", is_flag=True, help="Print the newest hash of each history, to be kept elsewhere.")
@click.option("--against", type=click.File(encoding="utf-8"), help="Hashes that --heads has printed earlier.")
def verify(req_id: str | None, heads: bool, against: TextIO | None) -> None:
    """Work out every hash of the history anew, and compare the newest entries with what is stored now.

    With --heads the hashes go to standard output, and what is said about them to standard error.
    """
    kept = [] if against is None else _kept(against)
    histories = entries = problems = 0
    for walked in walk_histories(req_id, kept):
        histories += walked.head is not None
        entries += walked.entries
        problems += len(walked.problems)
        for problem in walked.problems:
            say(problem, err=heads)
        if heads and walked.head is not None:
            say(_line(walked.head))
    where = f"{_counted(entries, 'entry', 'entries')} of {_counted(histories, 'history', 'histories')}"
    if problems:
        say(f"{_counted(problems, 'problem', 'problems')} in {where}.", err=heads)
        raise SystemExit(1)
    compared = "" if against is None else f" {_counted(len(kept), 'kept hash', 'kept hashes')} compared."
    say(f"Sound: {where}.{compared}", err=heads)


def _line(head: Head) -> str:
    return f"{head.entry_hash} {head.subject} {head.subject_id} {head.revision} {head.req_id}"


def _kept(file: TextIO) -> list[Head]:
    heads = []
    for number, line in enumerate(file.read().split("\n"), start=1):
        if not line:
            continue
        try:
            entry_hash, subject, subject_id, revision, req_id = line.split(" ", 4)
            heads.append(Head(subject, int(subject_id), int(revision), entry_hash, req_id))
        except ValueError:
            say(f"Line {number} of the file is not one that --heads has printed.", err=True)
            raise SystemExit(UNUSABLE) from None
    return heads


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
