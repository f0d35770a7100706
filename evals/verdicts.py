"""The judge's verdicts on the pairs of two runs, and their sum: mean differences and the position bias."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, Field

from evals.tables import table

# The highest mean of a document that invents a fact or touches the candidate's person.
CAP = 2.0

Kind = Literal["Enhanced JD", "Interview"]
KINDS: tuple[Kind, ...] = ("Enhanced JD", "Interview")
Side = Literal["A", "B"]


class Score(BaseModel):
    """How one document does on one dimension."""

    evidence: str = Field(description="One sentence: the place in the document that decides the score.")
    score: Literal[1, 2, 3, 4, 5]


class DimensionScores(BaseModel):
    """Both documents on one dimension."""

    dimension: str = Field(description="Its name in the rubric, unchanged.")
    first: Score
    second: Score


class Verdict(BaseModel):
    """Two documents, judged by a rubric."""

    scores: list[DimensionScores] = Field(description="One for each dimension of the rubric, in its order.")
    first_breaks_trust: bool = Field(description="The first invents a fact, or asks about the candidate's person.")
    second_breaks_trust: bool = Field(description="The second invents a fact, or asks about the candidate's person.")
    better: Literal["first", "second", "neither"]


class Judgement(BaseModel):
    """The judge's verdict on a pair in one order, or the reason why there is none."""

    name: str
    kind: Kind
    first: Side
    verdict: Verdict | None = None
    error: str | None = None

    @property
    def better(self) -> Side | None:
        """The run whose document is better; None if neither is."""
        assert self.verdict is not None
        if self.verdict.better == "neither":
            return None
        return self.first if self.verdict.better == "first" else _other(self.first)

    def differences(self) -> dict[str, float]:
        """B's score minus A's on each dimension and of the means, which are capped where trust is broken."""
        assert self.verdict is not None
        sign = 1 if self.first == "B" else -1
        each = {
            scores.dimension: float(sign * (scores.first.score - scores.second.score)) for scores in self.verdict.scores
        }
        return {**each, "mean, capped": sign * self.lead_of_first()}

    def lead_of_first(self) -> float:
        """The first document's mean score minus the second's. Broken trust caps a mean at 2."""
        assert self.verdict is not None
        first = statistics.mean(scores.first.score for scores in self.verdict.scores)
        second = statistics.mean(scores.second.score for scores in self.verdict.scores)
        return (min(first, CAP) if self.verdict.first_breaks_trust else first) - (
            min(second, CAP) if self.verdict.second_breaks_trust else second
        )


def _other(side: Side) -> Side:
    return "B" if side == "A" else "A"


def report(judgements: Sequence[Judgement]) -> str:
    """Tables of the mean differences and of the position bias. Only pairs that were judged in both orders count."""
    parts = []
    for kind in KINDS:
        both = _judged_twice(judgement for judgement in judgements if judgement.kind == kind)
        parts.append(f"## {kind}: {len(both)} pairs, each judged twice\n")
        if both:
            parts += [_differences(both), _verdicts(both)]
    failed = [judgement for judgement in judgements if judgement.verdict is None]
    if failed:
        parts.append("Judgements that failed, their pairs left out:\n")
        parts += [f"- {each.name}, {each.kind}, {each.first} first: {each.error}\n" for each in failed]
    return "\n".join(parts)


def _judged_twice(judgements: Iterable[Judgement]) -> list[tuple[Judgement, Judgement]]:
    by_name: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        if judgement.verdict is not None:
            by_name.setdefault(judgement.name, []).append(judgement)
    return [(found[0], found[1]) for found in by_name.values() if len(found) == 2]


def _differences(both: Sequence[tuple[Judgement, Judgement]]) -> str:
    all_of_them = [judgement.differences() for pair in both for judgement in pair]
    rows = [
        (dimension, f"{statistics.mean(differences[dimension] for differences in all_of_them):+.2f}")
        for dimension in all_of_them[0]
    ]
    return table(("dimension", "B - A, mean"), rows)


def _verdicts(both: Sequence[tuple[Judgement, Judgement]]) -> str:
    verdicts = [(one.better, other.better) for one, other in both]
    flips = [(one, other) for one, other in both if one.better != other.better]
    to_first, to_second = (
        sum(
            all(judgement.verdict is not None and judgement.verdict.better == place for judgement in pair)
            for pair in flips
        )
        for place in ("first", "second")
    )
    leads = [judgement.lead_of_first() for pair in both for judgement in pair]
    rows = [
        ("A better in both orders", str(verdicts.count(("A", "A")))),
        ("B better in both orders", str(verdicts.count(("B", "B")))),
        ("neither, in both orders", str(verdicts.count((None, None)))),
        ("verdict flipped with the order", f"{len(flips)} of {len(both)} ({100 * len(flips) / len(both):.0f} %)"),
        ("... to whatever came first", str(to_first)),
        ("... to whatever came second", str(to_second)),
        ("lead of the first document, mean points", f"{statistics.mean(leads):+.2f}"),
    ]
    return table(("verdict", "pairs"), rows)
