"""Do criteria tell weak answers from strong ones, and do two readers tick alike? Ticks come in, figures go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from evals.material import CriteriaBy, Quality, Ticked

QUALITIES: tuple[Quality, ...] = ("low", "mid", "high")

# The answers of three qualities to one question, as one reader has ticked them.
Answers = Mapping[Quality, Ticked]


@dataclass(frozen=True)
class Separation:
    """How well one set of criteria orders answers.

    Attributes:
        in_order: share of questions and readers for which more was ticked for the better answer, all three of them.
        right: share of the pairs of answers in which the better one has more ticks, by their qualities.
        tied: share of all pairs in which both have as many.
        shares: the mean share of criteria ticked, by the quality of the answer.
        kappa: how often two readers tick alike beyond chance (Cohen 1960).
        agreement: how often they tick alike.
        single: share of the criteria that order no pair of answers wrongly and at least one rightly.
    """

    in_order: float
    right: Mapping[tuple[Quality, Quality], float]
    tied: float
    shares: Mapping[Quality, float]
    kappa: float
    agreement: float
    single: float


def separation(ticks: Iterable[Ticked], criteria: CriteriaBy) -> Separation:
    """The figures of one set of criteria."""
    ours = [each for each in ticks if each.criteria == criteria]
    by_reader: dict[tuple[str, int], dict[Quality, Ticked]] = defaultdict(dict)
    for each in ours:
        by_reader[each.reference, each.reader][each.quality] = each
    answers = list(by_reader.values())
    pairs = list(combinations(QUALITIES, 2))
    agreement, kappa = agreement_of(ours)
    return Separation(
        in_order=_mean(_is_in_order(each) for each in answers),
        right={(low, high): _mean(one[low].share < one[high].share for one in answers) for low, high in pairs},
        tied=_mean(one[low].share == one[high].share for one in answers for low, high in pairs),
        shares={quality: _mean(each[quality].share for each in answers) for quality in QUALITIES},
        kappa=kappa,
        agreement=agreement,
        single=_mean(tells for each in answers for tells in _telling(each)),
    )


def agreement_of(ticks: Iterable[Ticked]) -> tuple[float, float]:
    """How often two readers tick alike, and Cohen's kappa."""
    by_answer: dict[tuple[str, Quality], list[Ticked]] = defaultdict(list)
    for each in ticks:
        by_answer[each.reference, each.quality].append(each)
    both = [
        (one, other)
        for first, second in (sorted(pair, key=lambda each: each.reader) for pair in by_answer.values())
        for one, other in zip(first.ticks, second.ticks, strict=True)
    ]
    alike = _mean(one == other for one, other in both)
    of_one, of_other = _mean(one for one, _ in both), _mean(other for _, other in both)
    by_chance = of_one * of_other + (1 - of_one) * (1 - of_other)
    return alike, (alike - by_chance) / (1 - by_chance)


def _is_in_order(answers: Answers) -> bool:
    return answers["low"].share < answers["mid"].share < answers["high"].share


def _telling(answers: Answers) -> list[bool]:
    """For each criterion, whether it orders some pair of answers rightly and none wrongly."""
    count = len(answers["low"].ticks)
    ticked = [[answers[quality].ticks[place] for quality in QUALITIES] for place in range(count)]
    return [one == sorted(one) and one[0] != one[-1] for one in ticked]


def _mean(values: Iterable[float]) -> float:
    numbers = [float(value) for value in values]
    return sum(numbers) / len(numbers)
