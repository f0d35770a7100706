"""Evaluate prompts and models: `python -m evals run | compare A B | judge A B`. See `make eval` and its kin.

A run is kept in evals/runs/<name>/: results.json with all figures, and for each requisition a Markdown file to read
and a JSON file for the judge.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config import SettingsError, load_settings
from evals.figures import Run
from evals.judge import judge_runs
from evals.reading_copy import reading_copy
from evals.running import NO_LIMITS, REQUISITIONS, run_all
from evals.tables import comparison, run_tables
from prompts import PROMPT_VERSION
from techscreen.cli.terminal import say, say_lines
from tests.support.fake_claude import FakeClaude

RUNS = Path(__file__).parent / "runs"
RESULTS = "results.json"
# Exit code for a mistake on the command line.
UNUSABLE = 2
FAKE_NOTICE = """\
No CLAUDE_API_KEY is set: the fake Claude of tests/support/fake_claude.py answers, on this machine.
All content is the fake's random words. The figures show that the pipeline works, and tell nothing of the prompts or
the model. Tokens are counted by length, and the cost is what as many would have cost.
"""
PAID_NOTICE = """\
{count} requisitions go to {model} at {host}, each in six calls or more, which are paid for.
"""


def main(arguments: Sequence[str] | None = None, *, runs: Path = RUNS) -> int:
    """Run one of the commands. Returns the exit code of the process."""
    asked = _arguments(arguments)
    try:
        if asked.command == "run":
            return _run(asked, runs)
        if asked.command == "compare":
            return _compare(asked, runs)
        return judge_runs(*(_folder(runs, name) for name in (asked.a, asked.b)), at_a_time=asked.at_a_time)
    except (_Unusable, SettingsError) as problem:
        say_lines(str(problem), err=True)
        return UNUSABLE


class _Unusable(Exception):
    """A mistake on the command line, in one sentence."""


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run requisitions through the live pipeline")
    run.add_argument("requisitions", nargs="*", help="names of files in samples/requisitions; all by default")
    run.add_argument("--name", help="name of the run; the time by default")
    run.add_argument("--at-a-time", type=_positive, default=1, help="requisitions under way together")
    compare = commands.add_parser("compare", help="two runs beside each other")
    judge = commands.add_parser("judge", help="have Claude judge two runs, blind")
    judge.add_argument("--at-a-time", type=_positive, default=4, help="judgements under way together")
    for command in (compare, judge):
        command.add_argument("a", metavar="A")
        command.add_argument("b", metavar="B")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _run(asked: argparse.Namespace, runs: Path) -> int:
    began = datetime.now(UTC)
    name = asked.name or f"{began:%Y-%m-%d-%H%M%S}"
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise _Unusable("The name of a run consists of letters, digits, '.', '_' and '-'.")
    folder = runs / name
    if folder.exists():
        raise _Unusable(f"There is a run {name} already: choose another name, or remove {folder}.")
    samples = _samples(asked.requisitions)
    settings = load_settings(NO_LIMITS)
    fake = FakeClaude() if settings.claude_api_key is None else None
    endpoint = "the fake Claude" if fake else urlsplit(settings.claude_base_url).hostname or ""
    say_lines(
        FAKE_NOTICE if fake else PAID_NOTICE.format(count=len(samples), model=settings.claude_model, host=endpoint)
    )
    folder.mkdir(parents=True)
    with fake or nullcontext():
        # A run against the fake must not be able to reach the real Claude.
        given: dict[str, Any] = {} if fake is None else {"FLASK_ENV": "testing", "CLAUDE_BASE_URL": fake.url}
        outcomes, figures = run_all(
            samples, folder, given, at_a_time=asked.at_a_time, tell=lambda line: say(f"... {line}", err=True)
        )
    run = Run(
        name=name,
        began_at=f"{began:%Y-%m-%dT%H:%M:%S}",
        endpoint=endpoint,
        model=settings.claude_model,
        effort=settings.claude_effort,
        prompt_version=PROMPT_VERSION,
        figures=figures,
    )
    (folder / RESULTS).write_text(run.model_dump_json(indent=1), encoding="utf-8")
    for outcome in outcomes:
        (folder / f"{outcome.name}.md").write_text(reading_copy(outcome), encoding="utf-8")
    say_lines(run_tables(run))
    say(f"Kept in {folder}: {RESULTS} and, to read, {len(outcomes)} Markdown files.")
    return 0


def _samples(names: Sequence[str]) -> list[Path]:
    known = {path.stem: path for path in sorted(REQUISITIONS.glob("*.json"))}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise _Unusable(f"No such requisition: {', '.join(unknown)}. There are {', '.join(known)}.")
    return [known[name] for name in names or known]


def _folder(runs: Path, name: str) -> Path:
    if not name:
        raise _Unusable("Two runs are needed: A=<run> B=<run>.")
    folder = runs / name
    if not (folder / RESULTS).is_file():
        raise _Unusable(f"There is no finished run {name} in {runs}.")
    return folder


def _compare(asked: argparse.Namespace, runs: Path) -> int:
    folders = [_folder(runs, name) for name in (asked.a, asked.b)]
    a, b = (Run.model_validate_json((folder / RESULTS).read_text(encoding="utf-8")) for folder in folders)
    say_lines(comparison(a, b))
    say("Texts to read side by side:")
    for path in sorted(folders[0].glob("*.md")):
        if (folders[1] / path.name).exists():
            say(f"  git diff --no-index --word-diff {path} {folders[1] / path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
