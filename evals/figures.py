"""The figures of a run: what was measured of each requisition, from what the service answered and logged."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pydantic import BaseModel

from evals.listening import HeardAnswer
from techscreen.text.similarity import alike_question

OK = "ok"


class CheckFigures(BaseModel):
    """How many answers failed a check, at the first try and in the end."""

    first: int = 0
    end: int = 0


class Figures(BaseModel):
    """The figures of one requisition; None where a failed workflow has none.

    Attributes:
        requisition: name of its file.
        status: OK, or the code of the error.
        answers: what was asked of Claude: the enhancement, and each question. Of these
            passed_at_first had no fault at first try, and passed_in_the_end none when it was delivered.
        sent_back: answers that went back to Claude, or were asked for again as they were cut off.
        checks: by name, those that an answer failed.
        rewritten: questions that were written again, because they were like others.
        alike: pairs of questions that ask the same, in this interview or with other requisitions of the run.
        lint_*: the findings of the lint, by place.
        concerns: what Claude has found in the incoming texts besides.
        parts, covered, gaps: WORK parts, how many of them a question covers, and which none does.
        unsupported: technologies that the requisition does not name, and where they stand.
        lix_*: reading level.
        cost: US dollars; None if the model's price is not known.
    """

    requisition: str
    title: str
    status: str = OK
    error: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    answers: int = 0
    passed_at_first: int = 0
    passed_in_the_end: int = 0
    sent_back: int = 0
    checks: dict[str, CheckFigures] = {}
    rewritten: int = 0
    alike: list[str] = []
    lint_incoming: list[str] | None = None
    lint_enhanced: list[str] | None = None
    lint_interview: list[str] | None = None
    concerns: list[str] | None = None
    parts: int | None = None
    covered: int | None = None
    gaps: list[str] | None = None
    unsupported: list[str] | None = None
    lix_description: float | None = None
    lix_questions: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    cost: float | None = None
    seconds_enhancement: float | None = None
    seconds_workflow: float = 0.0


class Run(BaseModel):
    """A run: how it was made, and its figures."""

    name: str
    began_at: str
    endpoint: str
    model: str
    effort: str
    prompt_version: str
    figures: list[Figures]


def checks_figures(heard: Sequence[HeardAnswer]) -> dict[str, Any]:
    """The figures about form checks, from all that was asked of Claude."""
    topics = [answer.topic for answer in heard if answer.topic is not None]
    checks: dict[str, CheckFigures] = {}
    for answer in heard:
        for name in answer.failed_at_first:
            checks.setdefault(name, CheckFigures()).first += 1
        for name in answer.failed_in_the_end:
            checks.setdefault(name, CheckFigures()).end += 1
    return {
        "answers": len(heard),
        "passed_at_first": sum(not answer.failed_at_first for answer in heard),
        "passed_in_the_end": sum(not answer.failed_in_the_end for answer in heard),
        "sent_back": sum(answer.spending.repairs for answer in heard),
        "checks": dict(sorted(checks.items())),
        "rewritten": len(topics) - len(set(topics)),
    }


def quality_figures(quality: Mapping[str, Any] | None, *, has_interview: bool) -> dict[str, Any]:
    """The figures about lint, coverage and invention.

    Args:
        quality: as the service answers it.
        has_interview: whether it is about an interview too.
    """
    if quality is None:
        return {}
    found: dict[str, list[str]] = {"incoming": [], "enhanced": [], "interview": [], "claude": []}
    for finding in quality["findings"]:
        place = readable_place(finding["field"])
        where = "claude" if finding["found_by"] == "claude" else _where(finding["field"])
        found[where].append(f"{place}: “{finding['word']}” ({finding['category']})")
    figures: dict[str, Any] = {
        "lint_incoming": found["incoming"],
        "lint_enhanced": found["enhanced"],
        "concerns": found["claude"],
    }
    figures["unsupported"] = [
        f"{item['technology']} ({'; '.join(map(readable_place, item['places']))})" for item in quality["unsupported"]
    ]
    if has_interview:
        figures["lint_interview"] = found["interview"]
    coverage = quality["coverage"]
    if coverage is not None and coverage.get("status") != "not_measured":
        gaps = [f"{gap['field']}: “{gap['part']}”" for gap in coverage["gaps"]]
        parts = len(coverage["parts"])
        figures |= {"parts": parts, "covered": parts - len(gaps), "gaps": gaps}
    return figures


def alike_pairs(questions: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Which questions of a run ask the same.

    Args:
        questions: the question texts of each requisition.

    Returns:
        For each requisition its pairs, such as “question 2 and data-engineer, question 5”.
    """
    pairs: dict[str, list[str]] = {name: [] for name in questions}
    all_texts = [
        (name, number, text) for name, texts in questions.items() for number, text in enumerate(texts, start=1)
    ]
    for (name, number, text), (other_name, other_number, other) in combinations(all_texts, 2):
        if alike_question(text, [other]) is None:
            continue
        if name == other_name:
            pairs[name].append(f"question {number} and question {other_number}")
        else:
            pairs[name].append(f"question {number} and {other_name}, question {other_number}")
            pairs[other_name].append(f"question {other_number} and {name}, question {number}")
    return pairs


def readable_place(path: str) -> str:
    """A path in an answer for people: `questions[0].criteria[2]` is the third of the first."""
    counted = re.sub(r"(\w+)\[(\d+)\]", lambda found: f"{found[1]} {int(found[2]) + 1}", path)
    return counted.replace("questions ", "question ").replace(".", ", ")


def _where(field: str) -> str:
    if field.startswith("enhanced_"):
        return "enhanced"
    return "incoming" if field.startswith(("basic_", "work_")) else "interview"


@dataclass(frozen=True)
class Number:
    """A figure that can be added up and compared.

    Attributes:
        over_all: what it is over all requisitions: their sum or their mean.
        digits: after the point.
    """

    label: str
    of: Callable[[Figures], float | None]
    over_all: Callable[[Iterable[float]], float] = sum
    digits: int = 0

    def total(self, figures: Iterable[Figures]) -> float | None:
        """The total over all requisitions that have it."""
        known = [number for number in map(self.of, figures) if number is not None]
        return self.over_all(known) if known else None

    def show(self, number: float | None, *, signed: bool = False) -> str:
        """The figure as a table shows it."""
        return "-" if number is None else f"{number:{'+' if signed else ''},.{self.digits}f}"


def _count(items: Sequence[str] | None) -> int | None:
    return None if items is None else len(items)


NUMBERS = (
    Number("workflows that succeeded", lambda f: int(f.status == OK)),
    Number("answers asked for", lambda f: f.answers),
    Number("answers that passed at first try", lambda f: f.passed_at_first),
    Number("answers that passed after repair", lambda f: f.passed_in_the_end),
    Number("answers sent back", lambda f: f.sent_back),
    Number("questions rewritten as alike", lambda f: f.rewritten),
    Number("duplicates", lambda f: len(f.alike)),
    Number("lint hits, incoming JD", lambda f: _count(f.lint_incoming)),
    Number("lint hits, enhanced JD", lambda f: _count(f.lint_enhanced)),
    Number("lint hits, interview", lambda f: _count(f.lint_interview)),
    Number("concerns found by Claude", lambda f: _count(f.concerns)),
    Number("WORK parts covered", lambda f: f.covered),
    Number("WORK parts not covered", lambda f: _count(f.gaps)),
    Number("unsupported technologies", lambda f: _count(f.unsupported)),
    Number("LIX, enhanced JD", lambda f: f.lix_description, statistics.mean, 1),
    Number("LIX, questions", lambda f: f.lix_questions, statistics.mean, 1),
    Number("input tokens", lambda f: f.input_tokens),
    Number("output tokens", lambda f: f.output_tokens),
    Number("cache write tokens", lambda f: f.cache_write_tokens),
    Number("cache read tokens", lambda f: f.cache_read_tokens),
    Number("cost, US dollars", lambda f: f.cost, sum, 4),
    Number("seconds, enhancement", lambda f: f.seconds_enhancement, statistics.mean, 1),
    Number("seconds, whole workflow", lambda f: f.seconds_workflow, statistics.mean, 1),
)
