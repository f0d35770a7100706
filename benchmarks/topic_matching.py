"""How well topics are matched, compared with two common ways to compare short texts.

`python -m benchmarks.topic_matching` prints the table.
"""

from __future__ import annotations

import difflib
import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from techscreen.topics import matching
from techscreen.topics.word_forms import form

HERE = Path(__file__).parent
THRESHOLD = 0.85
ROUNDS = 5


class Figures(NamedTuple):
    """How a similarity does on labelled pairs."""

    precision: float
    recall: float
    false_hit_rate: float


def pairs(name: str) -> list[dict[str, Any]]:
    """The labelled pairs called dev or own."""
    lines = (HERE / f"topic_pairs_{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def figures(labelled: list[dict[str, Any]], similarity: Callable[[str, str], float]) -> Figures:
    """Precision, recall and the share of different pairs that would be taken for equal."""
    hits = [pair["same"] for pair in labelled if similarity(pair["a"], pair["b"]) >= THRESHOLD]
    same = sum(pair["same"] for pair in labelled)
    false = len(hits) - sum(hits)
    return Figures(sum(hits) / max(len(hits), 1), sum(hits) / same, false / (len(labelled) - same))


def edit_ratio(a: str, b: str) -> float:
    """The edit-distance ratio of difflib, without case."""
    return difflib.SequenceMatcher(None, a.casefold(), b.casefold()).ratio()


def token_set_ratio(a: str, b: str) -> float:
    """The best edit ratio among the shared words and the shared words with each rest, as fuzzy matchers do it."""
    first, second = (set(re.findall(r"\w+", text.casefold())) for text in (a, b))
    shared = " ".join(sorted(first & second))
    one, other = (f"{shared} {' '.join(sorted(words - (first & second)))}".strip() for words in (first, second))
    return max(edit_ratio(*texts) for texts in ((shared, one), (shared, other), (one, other)))


def parse_time() -> float:
    """Microseconds for parsing a topic not seen before: the median of some rounds."""
    texts = sorted({pair[side] for name in ("dev", "own") for pair in pairs(name) for side in ("a", "b")})
    matching.parse("")  # reads the tables
    rounds = []
    for _ in range(ROUNDS):
        matching._parse.cache_clear()
        form.cache_clear()
        start = time.perf_counter()
        for text in texts:
            matching.parse(text)
        rounds.append((time.perf_counter() - start) / len(texts) * 1e6)
    return statistics.median(rounds)


def topic_matching() -> str:
    """The table, as Markdown."""
    ways = {
        "by parts (topics/matching.py)": matching.similarity,
        "edit distance (difflib)": edit_ratio,
        "token set ratio": token_set_ratio,
    }
    lines = [
        f"Threshold {THRESHOLD}. False hits: share of the different pairs that would be taken for the same.",
        "",
        "| similarity | pairs | precision | recall | false hits |",
        "|---|---|---:|---:|---:|",
    ]
    for name in ("dev", "own"):
        labelled = pairs(name)
        for way, similarity in ways.items():
            found = figures(labelled, similarity)
            numbers = " | ".join(f"{number:.3f}" for number in found)
            lines.append(f"| {way} | {name} ({len(labelled)}) | {numbers} |")
    lines += ["", f"Taking a topic apart, not seen before: {parse_time():.0f} µs."]
    return "\n".join(lines)


if __name__ == "__main__":
    print(topic_matching())
