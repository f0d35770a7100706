"""Criteria that look for the same, or for what the question says already, judged by the stems that they share.

The thresholds are those at which the labelled pairs in `examples/pairs_*.jsonl` give hardly a false alarm. Paraphrases
with other words are not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from techscreen.text.similarity import content_of, trigram_similarity

SAME_CRITERION = 0.9  # share of common stems
RESTATED, MIN_RESTATED = 0.8, 3  # share of a criterion's stems that are in the question
ANCHORS_ALIKE = 0.75  # share of common letter trigrams


def like_criteria(descriptions: Sequence[str]) -> Iterator[int]:
    """The indexes of criteria that look for the same as an earlier one. Exact repetitions are left to others."""
    contents = [content_of(text).stems for text in descriptions]
    for place, stems in enumerate(contents):
        for earlier, other in enumerate(contents[:place]):
            same_words = descriptions[place].casefold() == descriptions[earlier].casefold()
            if stems and not same_words and len(stems & other) >= SAME_CRITERION * len(stems | other):
                yield place
                break


def restated_criteria(question: str, descriptions: Sequence[str]) -> Iterator[int]:
    """The indexes of criteria that say little but what the question says."""
    said = content_of(question).stems
    for place, description in enumerate(descriptions):
        # What a criterion begins with is what the answer does ("Names ..."), not what it is about.
        in_order = content_of(description).in_order
        about = frozenset(in_order[1:])
        if len(about) >= MIN_RESTATED and len(about & said) >= RESTATED * len(about):
            yield place


def like_anchors(anchors: Sequence[str]) -> Iterator[int]:
    """The indexes of anchors that say nearly the same as an earlier one."""
    for (_, one), (place, other) in combinations(enumerate(anchors), 2):
        if one.casefold() != other.casefold() and trigram_similarity(one, other) >= ANCHORS_ALIKE:
            yield place
