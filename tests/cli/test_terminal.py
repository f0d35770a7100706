"""What commands print: stored texts cannot speak to the terminal of whoever looks at them."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pytest

from models import SuggestedTechnology
from scripts import demo
from techscreen.cli.terminal import say, say_lines
from techscreen.data import DATA
from techscreen.storage.transactions import transaction
from tests.conftest import MakeApp

# Clears the screen, sets the title, writes the clipboard, overwrites the line, and the one-byte forms of the same.
HOSTILE = "a\x1b[2J\x1b]0;title\x07\x1b]52;c;cm0=\x1b\\b\r\x08\x7f\x9b2J\x9d0;t\x9c\u2028\u202ec\u2066d\ud800\x00e"
HARMLESS = "Größe: “naïve”, 日本語, 👩‍💻, é, \u00a0 and 50 % – all of it"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def test_what_a_terminal_would_obey_is_shown_as_its_escape(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    say(HARMLESS)
    say("one\nline", err=True)
    say_lines("two\nlines\t" + HOSTILE)

    out, err = capsys.readouterr()
    assert not OBEYED.search(out)
    assert "a\\x1b[2J\\x1b]0;title\\x07" in out
    assert HARMLESS in out
    assert err == "one\\nline\n"
    assert "two\nlines\\t" in out
    obeyed = {"Cc", "Cs", "Zl", "Zp"}
    say("".join(chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in obeyed))
    assert not OBEYED.search(capsys.readouterr().out)


def test_the_demo_shows_apart_what_is_said_and_what_is_looked_at() -> None:
    answer = json.loads((DATA / "api_examples.json").read_text())["WorkflowAnswer"]
    answer["notes_for_team"] = ["Settle the pay."]
    answer["quality"]["left_out"] = [{"words": "5 TB", "field": "work_role"}]
    for question in answer["interview"]["questions"]:
        question.update(spoken_text="This is slow. What now?", exhibit=None, minutes=None)
    question.update(exhibit={"kind": "code", "text": "for a in b:\n    c(a)"}, minutes=6)

    text = demo.readable(answer)

    assert "\nBefore it is published:\n  - Settle the pay.\n" in text
    assert text.count("This is slow. What now?\n\nTick what you hear:") == 4
    assert "This is slow. What now?\n\nShow this code:\n\nfor a in b:\n    c(a)\n\nTick what you hear:" in text
    assert text.count(", 6 minutes)") == 1
    assert "“5 TB” of work_role is not in the description" in text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_command_prints_what_claude_or_a_caller_has_written_as_it_is(
    make_app: MakeApp, capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_app()
    hostile = HOSTILE.replace("\ud800", "")  # no database keeps a surrogate
    with app.app_context(), transaction() as session:
        session.add(SuggestedTechnology(name=hostile[:100], topic=hostile))
    runner = app.test_cli_runner()
    for command in (
        ["cache", "suggestions"],
        ["cache", "stats"],
        ["cache", "prune", "--dry-run"],
        ["cache", "rekey"],
        ["logs", "prune", "--dry-run"],
        ["doctor"],
    ):
        shown = runner.invoke(args=command).output
        assert shown
        assert not OBEYED.search(shown), command
    assert "\\x1b]52;c;" in runner.invoke(args=["cache", "suggestions"]).output

    def poisoned(value: Any) -> Any:
        """The same answer with every text of it hostile."""
        if isinstance(value, dict):
            return {name: poisoned(part) for name, part in value.items()}
        if isinstance(value, list):
            return [poisoned(part) for part in value]
        return HOSTILE if isinstance(value, str) else value

    recorded = json.loads((DATA / "api_examples.json").read_text())
    capsys.readouterr()
    say_lines(demo.readable(poisoned(recorded["WorkflowAnswer"])))
    assert not OBEYED.search(capsys.readouterr().out)
