"""The one way for commands to print: line by line, with control characters escaped.

Texts of callers and of Claude are stored as they came. Printed raw, their control characters could move the cursor,
overwrite earlier output, or change the terminal's title and clipboard.
"""

from __future__ import annotations

import re

import click

# Control characters (tabs and line ends too), surrogates, line separators, and marks that reverse the direction of
# text.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def say(line: str = "", *, err: bool = False) -> None:
    """Print one line, on standard error with `err`. Control characters are shown as escapes."""
    click.echo(_OBEYED.sub(lambda found: ascii(found[0])[1:-1], line), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Print a text of several lines in the same way."""
    for line in text.split("\n"):
        say(line, err=err)
