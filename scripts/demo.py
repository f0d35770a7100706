"""The demonstration: sends a real requisition through the whole workflow over HTTP and prints the interview.

Starts the service on a free port of this machine with a database of its own in a temporary folder, sends
a requisition from `samples/` (or the JSON file given as argument) to it, prints what comes back, and
stops the service. With CLAUDE_API_KEY set, in the environment or in `.env`, Claude writes the interview;
without, it is made of questions that come with the service.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from config import SettingsError, load_settings
from techscreen.cli.terminal import say, say_lines
from techscreen.server.address import base_url

FOLDER = Path(__file__).resolve().parent.parent
SAMPLE = FOLDER / "samples" / "requisitions" / "backend-payments-engineer.json"
HEADERS = {"X-User-ID": "demo", "X-User-Role": "admin", "Content-Type": "application/json"}
START_SECONDS = 30
WIDTH = 100


def main() -> int:
    """Run the demonstration. Returns the exit code of the process."""
    sample = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    requisition = json.loads(sample.read_text(encoding="utf-8"))
    try:
        settings = load_settings({"FLASK_ENV": "development"})
    except SettingsError as error:
        say_lines(str(error), err=True)
        return 2
    live = settings.asks_claude and settings.claude_api_key is not None
    with tempfile.TemporaryDirectory(prefix="techscreen-demo-") as folder:
        environment = {
            **os.environ,
            "FLASK_ENV": "development",
            "CLAUDE_MODE": "live" if live else "offline",
            "DATABASE_URL": f"sqlite:///{folder}/demo.db",
            "WEB_CONCURRENCY": "1",
        }
        log = Path(folder) / "service.log"
        say("1/4 Preparing an embedded SQLite database")
        _run_migrations(environment)
        if not live:
            _load_starter_library(environment)
        port = _free_port()
        say(f"2/4 Starting the service on http://127.0.0.1:{port}" + ("" if live else " (offline mode)"))
        with log.open("wb") as output:
            service = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "app:create_app()"],
                cwd=FOLDER,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            return _send(port, service, requisition, sample, base_url(settings))
        except RuntimeError as error:
            say_lines(f"{error}\n{log.read_text(errors='replace')[-2000:]}", err=True)
            return 1
        finally:
            service.terminate()
            service.wait(30)


def _send(port: int, service: subprocess.Popen[bytes], requisition: dict[str, Any], sample: Path, pages: str) -> int:
    _wait_for_health(port, service)
    say(f"3/4 Sending {sample.name} ({requisition['basic_title']}) to POST /api/interview/workflow/full")
    started = time.monotonic()
    answer = _follow(port, "/api/interview/workflow/full", requisition, started)
    if not answer.get("success"):
        say(f"The service answered: {answer.get('error')} ({answer.get('code')})")
        return 1
    say(f"4/4 Answered in {time.monotonic() - started:.1f} s for {answer['total_tokens_used']} tokens")
    say_lines(readable(answer))
    say(f"To make one on a page: `make run`, then open {pages}/ and try the sample requisition.")
    return 0


def readable(answer: dict[str, Any]) -> str:
    """The workflow's answer as plain text for people."""
    lines = ["", "=" * WIDTH, answer["interview_name"], _writer(answer)]
    enhanced = answer["enhanced_jd"]
    lines += ["=" * WIDTH, "", f"# {enhanced['title']}", "", *_wrapped(enhanced["description"])]
    if answer["notes_for_team"]:
        lines += ["", "Before it is published:"]
        for note in answer["notes_for_team"]:
            lines += _wrapped(f"  - {note}", indent="    ")
    for question in answer["interview"]["questions"]:
        kind = f"{question['question_type'].replace('_', ' ')}, {question['skill_level']}"
        if question["minutes"]:
            kind += f", {question['minutes']} minutes"
        lines += ["", "-" * WIDTH, f"QUESTION {question['question_number']}: {question['topic']} ({kind})"]
        covered = "; ".join(f"“{item['part']}”" for item in question["work_items"])
        about = f"Covers {covered}" if covered else "A general question"
        lines += [*_wrapped(about), "", *_wrapped(question["spoken_text"])]
        if question["exhibit"]:
            lines += ["", f"Show this {question['exhibit']['kind']}:", "", question["exhibit"]["text"]]
        lines += ["", "Tick what you hear:"]
        for criterion in question["criteria"]:
            lines += _wrapped(f"[ ] {criterion['criterion']}: {criterion['description']}", indent="    ")
        lines += ["", "If the candidate stops early:"]
        lines += [f"  - {follow_up}" for follow_up in question["follow_ups"]]
        lines += ["", "What answers sound like:"]
        for name in ("low", "mid", "high"):
            lines += _wrapped(f"{name:>5}  {question['rating_anchors'][name]}", indent=" " * 7)
    return "\n".join(lines + _report(answer["quality"]))


def _writer(answer: dict[str, Any]) -> str:
    """Whose the questions are."""
    if answer["library_questions"] == len(answer["interview"]["questions"]):
        return f"Requisition {answer['req_id']}, questions of the library, chosen without Claude"
    return f"Requisition {answer['req_id']}, written by {answer['model']}"


def _report(quality: dict[str, Any]) -> list[str]:
    """The quality report: wording, technologies that nobody named, and gaps."""
    lines = ["", "-" * WIDTH, "WHAT THE SERVICE NOTICED"]
    for finding in quality["findings"]:
        if finding["kind"] == "general":
            continue  # its question says so
        what = f"{finding['category'].replace('_', ' ')} in {finding['field']}"
        lines += _wrapped(f"  - “{finding['word']}” ({what}): {finding['suggestion']}", indent="    ")
    for missing in quality["left_out"]:
        lines += _wrapped(f"  - “{missing['words']}” of {missing['field']} is not in the description", indent="    ")
    for found in quality["unsupported"]:
        lines += _wrapped(f"  - {found['technology']} is not in the requisition, but in {', '.join(found['places'])}")
    parts, gaps = quality["coverage"]["parts"], quality["coverage"]["gaps"]
    if quality["coverage"]["status"] == "not_measured":
        lines += _wrapped(f"  - coverage was not measured: {quality['coverage']['reason']}", indent="    ")
    else:
        lines.append(f"  - {len(parts) - len(gaps)} of {len(parts)} WORK items are covered by a question. Not covered:")
        for gap in gaps:
            lines += _wrapped(f"      {gap['field']}: {gap['part']}", indent=" " * 8)
    return lines if len(lines) > 3 else [*lines, "  nothing"]


def _wrapped(text: str, indent: str = "") -> list[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, WIDTH, subsequent_indent=indent) or [""]
    return lines


def _call(port: int, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=HEADERS)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _follow(port: int, path: str, body: dict[str, Any], started: float) -> dict[str, Any]:
    """Send a request that streams its progress, show each step as it happens, and return the last event's data."""
    headers = {**HEADERS, "Accept": "text/event-stream"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers)
    name = ""
    try:
        with urllib.request.urlopen(request) as events:
            for line in events:
                kind, _, value = line.decode().rstrip("\n").partition(": ")
                if kind == "event":
                    name = value
                elif kind == "data":
                    data: dict[str, Any] = json.loads(value)
                    if name in ("done", "error"):
                        return data
                    _show(name, data, time.monotonic() - started)
    except urllib.error.HTTPError as error:
        refused: dict[str, Any] = json.load(error)
        return refused
    raise RuntimeError("The service broke off. Its log ends:")


def _show(name: str, data: dict[str, Any], seconds: float) -> None:
    if name == "topics":
        names = "; ".join(topic["topic"] for topic in data["topics"])
        for line in _wrapped(f"    {seconds:5.1f} s  topics: {names}", indent=" " * 13):
            say(line)
    elif name == "enhanced":
        say(f"    {seconds:5.1f} s  the description is there")
    elif name == "question":
        cost = f"{data['source']}, {data['tokens_used']} tokens so far"
        say(f"    {seconds:5.1f} s  question {data['question_number']}: {data['topic']} ({cost})")


def _wait_for_health(port: int, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            if _call(port, "/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The service did not start. Its log ends:")


def _run_migrations(environment: dict[str, str]) -> None:
    _run(["alembic", "upgrade", "head"], "The migrations failed", environment)


def _load_starter_library(environment: dict[str, str]) -> None:
    _run(["flask", "--app", "app", "library", "load-starter"], "The library could not be loaded", environment)


def _run(command: list[str], failure: str, environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=FOLDER, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{failure}:\n{done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
