"""How long a full workflow takes, against the time that Claude alone needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measuring import Row, bench_app, median, percentile, run_workflow, seconds
from config import PROJECT_FOLDER
from tests.fake_claude import CHARACTERS_PER_TOKEN, FakeClaude, good_question

FIRST_TOKEN, TOKENS_PER_SECOND = 1.0, 60.0
SLOW_RUNS, FAST_RUNS = 2, 60


def against_claude(database_url: str) -> list[Row]:
    """Wall time over what cannot be avoided, and over one call for all five questions."""
    overheads, workflow_speed_ups, question_speed_ups, walls = [], [], [], []
    with (
        FakeClaude(first_token=FIRST_TOKEN, tokens_per_second=TOKENS_PER_SECOND) as fake,
        bench_app(database_url, fake.url) as app,
    ):
        for number in range(SLOW_RUNS):
            fake.waits.clear()
            fake.received.clear()
            wall = seconds(lambda number=number: run_workflow(app, number))
            enhancement, *each_question = fake.waits
            overheads.append(wall / (enhancement + max(each_question)))
            # One call for all five: the same words behind one first token, one after the other.
            tokens = sum(_question_tokens(body) for body in fake.received[1:])
            one_call = FIRST_TOKEN + tokens / TOKENS_PER_SECOND
            workflow_speed_ups.append((enhancement + one_call) / wall)
            question_speed_ups.append(one_call / (wall - enhancement))
            walls.append(wall)
    overhead, workflow, questions_alone = max(overheads), min(workflow_speed_ups), min(question_speed_ups)
    return [
        Row(
            "full workflow / (enhancement + slowest question)",
            f"{overhead:.3f} (wall {median(walls):.1f} s)",
            "<= 1.05",
            overhead <= 1.05,
        ),
        Row(
            "full workflow against one call for all five questions",
            f"{workflow:.2f}x faster",
            ">= 2x",
            workflow >= 2,
        ),
        Row(
            "its five questions against one call for all five",
            f"{questions_alone:.2f}x faster",
            ">= 2x",
            questions_alone >= 2,
        ),
    ]


def own_time(database_url: str) -> list[Row]:
    """Our own part of a workflow: everything but Claude."""
    with _claude_of_its_own() as url, bench_app(database_url, url) as app:
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


@contextmanager
def _claude_of_its_own() -> Iterator[str]:
    """A fake Claude without latency in another process, so that its work is not taken for ours."""
    command = [sys.executable, "-m", "tests.fake_claude", "0", "0", "0"]
    with subprocess.Popen(command, cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _question_tokens(body: dict) -> int:
    text = body["messages"][0]["content"]
    brief = json.loads(text[text.index("\n") : text.rindex("\n")])
    return len(json.dumps(good_question(brief), ensure_ascii=False)) // CHARACTERS_PER_TOKEN
