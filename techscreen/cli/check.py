"""`flask --app app check FILE`: what the rules find in texts that somebody has written, before they go anywhere.

Exit code 0: nothing; 1: something; 2: the file cannot be read or used.
"""

from __future__ import annotations

import json
import re
from typing import BinaryIO, get_args

import click
from flask.cli import with_appcontext

from techscreen.checks.features import TextKind
from techscreen.cli.terminal import say
from techscreen.errors import InvalidRequest, TechScreenError
from techscreen.operations.text_checks import check_texts
from techscreen.schemas.generation import FindingView
from techscreen.schemas.problems import validated
from techscreen.schemas.text_checks import CheckAnswer, CheckRequest
from techscreen.web.parsing import MAX_BODY, UTF8_BOM, parse_json
from techscreen.web.responses import warnings_of_request

UNUSABLE = 2
_LINE_END = re.compile(r"\r\n|\r|\n")


@click.command("check")
@click.argument("file", type=click.File("rb"))
@click.option("--kind", type=click.Choice(get_args(TextKind)), help="What the file is: one text of this kind.")
@click.option("--json", "as_json", is_flag=True, help="Print what POST /api/interview/check would answer.")
@with_appcontext
def check_command(file: BinaryIO, kind: TextKind | None, as_json: bool) -> None:
    """Check a text, or the texts of a JSON body of POST /api/interview/check. FILE may be - for standard input.

    Without --kind, a file that begins with { is such a body, and any other file is one job description.
    """
    try:
        asked = _asked(file.read(MAX_BODY + 1), kind)
    except (OSError, TechScreenError) as error:
        say(error.message if isinstance(error, TechScreenError) else f"The file cannot be read: {error}.", err=True)
        raise SystemExit(UNUSABLE) from None
    for warning in warnings_of_request():
        say(warning.message, err=True)
    answer = check_texts(asked)
    if as_json:
        say(json.dumps(answer.model_dump(mode="json")))  # in ASCII, so that no character of it is shown as an escape
    else:
        _print(asked, answer)
    raise SystemExit(1 if answer.findings_total else 0)


def _asked(content: bytes, kind: TextKind | None) -> CheckRequest:
    if len(content) > MAX_BODY:
        raise InvalidRequest(f"The file is larger than {MAX_BODY} bytes.")
    if kind is None and content.removeprefix(UTF8_BOM).lstrip().startswith(b"{"):
        return parse_json(CheckRequest, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest("The file is not text in UTF-8.") from None
    try:
        return validated(CheckRequest, {"texts": [{"text": text, "kind": kind or "jd"}]})
    except InvalidRequest as error:
        raise InvalidRequest(error.message.replace("texts.0.text", "The file")) from None


def _print(asked: CheckRequest, answer: CheckAnswer) -> None:
    """One line for each finding; where there are several texts, it begins with the text's number in the body."""
    for given, checked in zip(asked.texts, answer.texts, strict=True):
        which = f"texts.{checked.index}:" if len(asked.texts) > 1 else ""
        for finding in checked.findings:
            say(f"{which}{_place(given.text, finding)} {_told(finding)}")
    total = answer.findings_total
    say(f"{total or 'No'} finding{'' if total == 1 else 's'}.")


def _place(text: str, finding: FindingView) -> str:
    line_ends = [found.end() for found in _LINE_END.finditer(text, 0, finding.start)]
    return f"{len(line_ends) + 1}:{finding.start - (line_ends or [0])[-1] + 1}"


def _told(finding: FindingView) -> str:
    return f"{finding.category}: “{finding.word}” – {finding.reason} {finding.suggestion}"
