"""How long a full workflow takes, compared with the time that Claude alone needs."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask

from benchmarks.measuring import (
    ADMIN,
    REQUISITION,
    Row,
    bench_app,
    fake_claude,
    median,
    percentile,
    run_workflow,
    seconds,
)
from tests.support.fake_claude import CHARACTERS_PER_TOKEN, FakeClaude, data_of, good_question

FIRST_TOKEN, TOKENS_PER_SECOND = 1.0, 60.0
SLOW_RUNS, FAST_RUNS = 2, 60


def against_claude(database_url: str) -> list[Row]:
    """Wall time of a workflow relative to its enhancement alone, two calls in turn, and one call for all questions."""
    over_enhancement, over_unavoidable, one_after_other, one_call_for_all, questions_alone = [], [], [], [], []
    with (
        FakeClaude(first_token=FIRST_TOKEN, tokens_per_second=TOKENS_PER_SECOND) as fake,
        bench_app(database_url, fake.url) as app,
    ):
        for number in range(SLOW_RUNS):
            fake.waits.clear()
            fake.received.clear()
            wall = seconds(lambda number=number: run_workflow(app, number))
            enhancement, *each_question = fake.waits
            # One call for all five: the same words behind one first token, one after the other.
            one_call = FIRST_TOKEN + sum(_question_tokens(body) for body in fake.received[1:]) / TOKENS_PER_SECOND
            stepwise = Stepwise(app, number)
            enhancing, generating = seconds(stepwise.enhance), seconds(stepwise.generate)
            over_enhancement.append(wall / enhancing)
            over_unavoidable.append(wall / (enhancement + max(each_question)))
            one_after_other.append((enhancing + generating) / wall)
            one_call_for_all.append((enhancement + one_call) / wall)
            questions_alone.append(one_call / generating)
    return [
        Row(
            "full workflow / its enhancement alone",
            f"{max(over_enhancement):.3f} (wall {wall:.1f} s)",
            "<= 1.15",
            max(over_enhancement) <= 1.15,
        ),
        Row(
            "full workflow / (enhancement + slowest question)",
            f"{max(over_unavoidable):.3f}",
            "<= 1.05",
            max(over_unavoidable) <= 1.05,
        ),
        Row(
            "full workflow against enhancing and generating one after the other",
            f"{min(one_after_other):.2f}x faster",
            "faster",
            min(one_after_other) > 1,
        ),
        Row(
            "full workflow against one call for all five questions",
            f"{min(one_call_for_all):.2f}x faster",
            ">= 2x",
            min(one_call_for_all) >= 2,
        ),
        Row(
            "its five questions against one call for all five",
            f"{min(questions_alone):.2f}x faster",
            ">= 2x",
            min(questions_alone) >= 2,
        ),
    ]


class Stepwise:
    """The same requisition under another id, enhanced and then given an interview by two calls."""

    def __init__(self, app: Flask, number: int) -> None:
        self._client = app.test_client()
        self._body = {**REQUISITION, "req_id": f"STEP-{number}", "basic_title": f"Stepwise engineer {number}"}
        self._id = 0

    def enhance(self) -> None:
        """The first call."""
        self._id = self._post("/api/interview/jd/enhance", self._body)["job_description_id"]

    def generate(self) -> None:
        """The second call."""
        self._post("/api/interview/generate", {"req_id": self._body["req_id"], "job_description_id": self._id})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self._client.post(path, json=body, headers=ADMIN)
        if response.status_code != 200:
            raise RuntimeError(response.text)
        return response.json or {}


def own_time(database_url: str) -> list[Row]:
    """Our own part of a workflow: everything but Claude."""
    with fake_claude() as url, bench_app(database_url, url) as app:
        run_workflow(app, 0)
        times = [1000 * seconds(lambda number=number: run_workflow(app, number)) for number in range(1, FAST_RUNS + 1)]
    return [
        Row(
            "own time per full workflow, zero-latency Claude",
            f"p50 {median(times):.0f} ms, p99 {percentile(times, 0.99):.0f} ms (fake Claude on the same two cores)",
            "p50 <= 60 ms",
            median(times) <= 60,
        )
    ]


def _question_tokens(body: dict) -> int:
    return len(json.dumps(good_question(data_of(body)), ensure_ascii=False)) // CHARACTERS_PER_TOKEN
