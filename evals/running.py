"""Runs requisitions through the live pipeline: the real routes, services, client and SDK, on a database of its own.

The requests go through the app's routes in this process. The question cache is off, so that requisitions share nothing.
Each answer is kept the moment it comes, because it is paid for.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from benchmarks.measuring import fresh_app
from claude_client import ClaudeClient
from config import PROJECT_FOLDER, load_settings
from evals.figures import Figures, alike_pairs, checks_figures, quality_figures
from evals.listening import HeardAnswer, ListeningClaude, listening
from evals.readability import lix
from techscreen.cli.terminal import say

REQUISITIONS = PROJECT_FOLDER / "samples" / "requisitions"
# Settings that limit a service but must not hold up a run.
NO_LIMITS = {
    "FLASK_ENV": "development",
    "CLAUDE_MODE": "live",
    "ENABLE_QUESTION_CACHE": False,
    "ASYNC_PROCESSING": False,
    "CELERY_BROKER_URL": None,
    "GATEWAY_SECRET": None,
    "RATE_LIMIT": None,
    "GENERATION_RATE_LIMIT": None,
    "DAILY_TOKEN_BUDGET": None,
    "DAILY_TOKEN_BUDGET_PER_USER": None,
    "WORKER_METRICS_PORT": None,
    "LOG_FILE": None,
    "LOG_LEVEL": "ERROR",
}


@dataclass
class Outcome:
    """The result of one requisition.

    Attributes:
        name: of its file.
        body: what was sent.
        answer: of the workflow, if it succeeded.
        kept: the job description that a failed interview has left.
        error: the error as JSON, if it failed.
    """

    name: str
    body: dict[str, Any]
    answer: dict[str, Any] | None
    kept: dict[str, Any] | None
    error: dict[str, Any] | None
    heard: list[HeardAnswer]
    logs: list[dict[str, Any]]
    seconds: float

    @property
    def enhanced(self) -> dict[str, Any] | None:
        """The enhanced title and description, also of a failed interview."""
        made: dict[str, Any] | None = (self.answer or self.kept or {}).get("enhanced_jd")
        return made

    @property
    def quality(self) -> dict[str, Any] | None:
        """The quality report, even on what a failed interview has left."""
        report: dict[str, Any] | None = (self.answer or self.kept or {}).get("quality")
        return report

    @property
    def notes_for_team(self) -> list[str]:
        """What the hiring team is told, also of a failed interview."""
        return (self.answer or self.kept or {}).get("notes_for_team") or []

    @property
    def question_texts(self) -> list[str]:
        """The texts of its questions; none if it failed."""
        return [question["question_text"] for question in self.answer["interview"]["questions"]] if self.answer else []


def run_all(
    samples: Sequence[Path],
    folder: Path,
    settings: Mapping[str, Any],
    *,
    at_a_time: int = 1,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[list[Outcome], list[Figures]]:
    """Run requisitions, in the order given.

    Args:
        samples: files of requisitions.
        folder: where to keep each answer as it comes, for the judge.
        settings: that win over the environment.
        at_a_time: how many are under way together. More than one is faster overall, but slows each of them.
        tell: called for each that is done.
    """
    with tempfile.TemporaryDirectory(prefix="techscreen-eval-") as database:
        given = {**NO_LIMITS, **settings, "DATABASE_URL": f"sqlite:///{database}/eval.db"}
        with fresh_app(given, ListeningClaude(ClaudeClient(load_settings(given)))) as app:

            def run(sample: Path) -> Outcome:
                outcome = _run_one(app, sample)
                _keep(outcome, folder)
                tell(f"{outcome.name}: {_status(outcome)} in {outcome.seconds:.1f} s")
                return outcome

            with ThreadPoolExecutor(at_a_time) as pool:
                outcomes = list(pool.map(run, samples))
            usage = _get(app, "/api/interview/usage?group_by=user")
    costs = {group["group"]: group["estimated_cost"] for group in (usage or {}).get("groups", [])}
    alike = alike_pairs({outcome.name: outcome.question_texts for outcome in outcomes})
    return outcomes, [_figures(outcome, alike[outcome.name], costs.get(outcome.name)) for outcome in outcomes]


def _run_one(app: Flask, sample: Path) -> Outcome:
    body = json.loads(sample.read_text(encoding="utf-8"))
    name = sample.stem
    started = time.perf_counter()
    with listening() as heard:
        answer, error = _post(app, name, body)
    seconds = time.perf_counter() - started
    logs = _get(app, f"/api/interview/logs?user_id={name}")
    kept = None
    if error is not None and error.get("job_description_id"):
        described = _get(app, f"/api/interview/jd/{body['req_id']}")
        kept = described["job_description"] if described else None
    return Outcome(name, body, answer, kept, error, heard, logs["logs"] if logs else [], seconds)


def _post(app: Flask, name: str, body: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The workflow's answer, or its error. Each requisition has a user of its own, to look up its cost."""
    try:
        response = app.test_client().post("/api/interview/workflow/full", json=body, headers=_headers(name))
        answer: dict[str, Any] = response.get_json()
    except Exception as error:  # whatever it is, the other requisitions go on
        say(f"{name}: {error!r}", err=True)
        return None, {"code": "internal_error", "error": f"{type(error).__name__} in this process."}
    return (answer, None) if response.status_code == 200 else (None, answer)


def _get(app: Flask, address: str) -> dict[str, Any] | None:
    response = app.test_client().get(address, headers=_headers("evals"))
    answer: dict[str, Any] | None = response.get_json(silent=True) if response.status_code == 200 else None
    return answer


def _headers(user: str) -> dict[str, str]:
    return {"X-User-ID": user, "X-User-Role": "admin"}


def _status(outcome: Outcome) -> str:
    return "ok" if outcome.error is None else str(outcome.error.get("code"))


def _keep(outcome: Outcome, folder: Path) -> None:
    kept = {"requisition": outcome.body, "answer": outcome.answer, "error": outcome.error}
    (folder / f"{outcome.name}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")


def _figures(outcome: Outcome, alike: list[str], cost: float | None) -> Figures:
    enhancement = [row["duration_ms"] for row in outcome.logs if row["operation_type"] == "jd_enhancement"]
    return Figures(
        requisition=outcome.name,
        title=outcome.body["basic_title"],
        status=_status(outcome),
        error=(outcome.error or {}).get("error"),
        model=next((row["model"] for row in outcome.logs), None),
        prompt_version=next((row["prompt_version"] for row in outcome.logs), None),
        alike=alike,
        cost=cost,
        seconds_enhancement=enhancement[0] / 1000 if enhancement else None,
        seconds_workflow=outcome.seconds,
        input_tokens=sum(row["input_tokens"] for row in outcome.logs),
        output_tokens=sum(row["output_tokens"] for row in outcome.logs),
        cache_write_tokens=sum(row["cache_creation_tokens"] for row in outcome.logs),
        cache_read_tokens=sum(row["cache_read_tokens"] for row in outcome.logs),
        **checks_figures(outcome.heard),
        **quality_figures(outcome.quality, has_interview=outcome.answer is not None),
        lix_description=lix(outcome.enhanced["description"]) if outcome.enhanced else None,
        lix_questions=lix("\n\n".join(outcome.question_texts)),
    )
