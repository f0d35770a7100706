"""How alike two running texts are in their wording, by the runs of three letters that they share (letter trigrams).

For the names of topics, where a single letter may change the meaning, see topics/matching.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from techscreen.text.tokens import words_in

# Two questions that share this part of their trigrams ask the same in other words. Exemplary questions of one
# interview share at most a quarter.
ALIKE = 0.6
MAX_CHARACTERS = 8_000  # the rest of a text is ignored


@lru_cache(maxsize=64)  # those of a whole question take 70 KB
def trigrams(text: str) -> frozenset[str]:
    """The runs of three letters in the words of a text."""
    letters = " ".join(words_in(text[:MAX_CHARACTERS]))
    return frozenset(letters[i : i + 3] for i in range(max(1, len(letters) - 2)))


def trigram_similarity(one: str, other: str) -> float:
    """The share of their trigrams that two texts have in common (Jaccard index), from 0 to 1."""
    first, second = trigrams(one), trigrams(other)
    return len(first & second) / len(first | second)


def alike_question(text: str, others: Iterable[str]) -> str | None:
    """The first of the other question texts that asks the same as this one, or None."""
    return next((other for other in others if trigram_similarity(text, other) >= ALIKE), None)
