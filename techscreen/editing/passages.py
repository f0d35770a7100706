"""What a text has taken over from others, in whatever order, word for word.

Texts come in; the words that both sides have in common go out, as places. A difference of two texts, as `words.py`
makes it, shows everything that stands elsewhere as removed and added; this one does not.
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from techscreen.editing.sequences import common_pairs
from techscreen.editing.words import words_at

# Fewer words in a row than these, or fewer characters, are no passage: they are the same by chance.
MIN_WORDS, MIN_CHARACTERS = 3, 10
# Of languages without spaces each sign counts as a word.
MIN_SIGNS = 6
# What stands more often than this in the earlier texts is looked for only as a part of something longer.
MAX_OCCURRENCES = 12
# Between two passages in the same order, words are paired one by one if at least this part of the fewer is the same.
MIN_SHARED = 0.5
MAX_GAP = 80  # words

_LINE_END = re.compile("\n")
# Soft hyphens and the like, which pasted texts have inside their words.
_UNSEEN = dict.fromkeys(map(ord, "\xad\u200b\u200c\u200d\u2060\ufeff"))

Words = Sequence[str]


@dataclass(frozen=True)
class Cut:
    """A text cut into words.

    Attributes:
        words: them in one case.
        places: where each stands in the text, from and to.
        lines: the words, from and to, of each line that has any.
    """

    words: list[str]
    places: list[tuple[int, int]]
    lines: list[tuple[int, int]]

    @classmethod
    def of(cls, text: str) -> Cut:
        """A text, cut."""
        read = text.translate(_UNSEEN)
        origins: Sequence[int] = range(len(text))
        if len(read) < len(text):
            origins = [place for place, sign in enumerate(text) if ord(sign) not in _UNSEEN]
        spans = list(words_at(read))
        words = [read[start:end].casefold() for start, end in spans]
        places = [(origins[start], origins[end - 1] + 1) for start, end in spans]
        ends = [0, *(bisect_left(places, (found.end(),)) for found in _LINE_END.finditer(text)), len(places)]
        return cls(words, places, [(start, end) for start, end in pairwise(ends) if end > start])


@dataclass(frozen=True, order=True)
class Passage:
    """Words in a row that both have: where they begin in each, counted in words, and how many they are."""

    after: int
    before: int
    length: int


def common_passages(before: Cut, after: Cut) -> list[Passage]:
    """What `after` has taken over from `before`, in the order of `after`. No word belongs to two passages.

    Time grows with the length of both, whatever repeats in them.
    """
    old, new = before.words, after.words
    found = _Taken(len(old), len(new))
    for passage in _longest_first(old, _candidates(old, new), found):
        found.take(passage)
    for passage in _same_lines(before, after, found):
        found.take(passage)
    for passage in list(_between(old, new, sorted(found.passages), found)):
        found.take(passage)
    return sorted(found.passages)


class _Taken:
    """Which words belong to a passage already."""

    def __init__(self, before: int, after: int) -> None:
        self.before, self.after = bytearray(before), bytearray(after)
        self.passages: list[Passage] = []

    def take(self, passage: Passage) -> None:
        self.before[passage.before : passage.before + passage.length] = b"\1" * passage.length
        self.after[passage.after : passage.after + passage.length] = b"\1" * passage.length
        self.passages.append(passage)

    def free_parts(self, passage: Passage) -> Iterator[Passage]:
        """The parts of a passage of which no word is taken."""
        is_taken = [
            one or other
            for one, other in zip(
                self.before[passage.before : passage.before + passage.length],
                self.after[passage.after : passage.after + passage.length],
                strict=True,
            )
        ]
        first = 0
        for step in range(passage.length + 1):
            if step == passage.length or is_taken[step]:
                if step > first:
                    yield Passage(passage.after + first, passage.before + first, step - first)
                first = step + 1


def _candidates(old: Words, new: Words) -> Iterator[Passage]:
    """Every run of words that both have and that cannot be made longer, if it is no chance."""
    places: dict[Hashable, list[int]] = {}
    for place, seed in enumerate(_seeds(old)):
        places.setdefault(seed, []).append(place)
    for other, seed in enumerate(_seeds(new)):
        found = places.get(seed, ())
        if len(found) > MAX_OCCURRENCES:
            continue
        for one in found:
            is_longer = one > 0 and other > 0 and old[one - 1] == new[other - 1]
            if is_longer and len(places[tuple(old[one - 1 : one + 2])]) <= MAX_OCCURRENCES:
                continue  # a part of one that was told already
            length = MIN_WORDS
            while one + length < len(old) and other + length < len(new) and old[one + length] == new[other + length]:
                length += 1
            yield Passage(other, one, length)


def _seeds(words: Words) -> Iterator[tuple[str, ...]]:
    return zip(words, words[1:], words[2:], strict=False)


def _longest_first(old: Words, candidates: Iterator[Passage], found: _Taken) -> Iterator[Passage]:
    """Of passages that overlap, the longest one whole and what is left of the others."""
    waiting = [(-each.length, abs(each.before - each.after), each) for each in candidates]
    heapq.heapify(waiting)
    while waiting:
        _, _, passage = heapq.heappop(waiting)
        parts = list(found.free_parts(passage))
        if parts == [passage]:
            if _is_no_chance(old, passage):
                yield passage
        else:
            for part in parts:
                if part.length >= MIN_WORDS:
                    heapq.heappush(waiting, (-part.length, abs(part.before - part.after), part))


def _is_no_chance(old: Words, passage: Passage) -> bool:
    return passage.length >= MIN_SIGNS or (
        sum(map(len, old[passage.before : passage.before + passage.length])) >= MIN_CHARACTERS
    )


def _same_lines(before: Cut, after: Cut, found: _Taken) -> Iterator[Passage]:
    """Headings and list items that are the same, however short."""
    waiting: dict[tuple[str, ...], list[int]] = {}
    for start, words in _free_lines(before, found.before):
        waiting.setdefault(words, []).append(start)
    for start, words in _free_lines(after, found.after):
        if waiting.get(words):
            yield Passage(start, waiting[words].pop(0), len(words))


def _free_lines(cut: Cut, taken: bytearray) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The lines without a word that is taken: where each begins, and its words."""
    for start, end in cut.lines:
        if not any(taken[start:end]):
            yield start, tuple(cut.words[start:end])


def _between(old: Words, new: Words, passages: Sequence[Passage], found: _Taken) -> Iterator[Passage]:
    """Single words between two passages that follow each other on both sides, where most are the same."""
    ends = [Passage(0, 0, 0), *passages, Passage(len(new), len(old), 0)]
    for last, following in pairwise(ends):
        one, other = last.before + last.length, last.after + last.length
        gap_old, gap_new = following.before - one, following.after - other
        if not (0 < gap_old <= MAX_GAP and 0 < gap_new <= MAX_GAP) or any(found.before[one : following.before]):
            continue
        pairs = common_pairs(old[one : following.before], new[other : following.after])
        if len(pairs) >= MIN_SHARED * min(gap_old, gap_new):
            for a, b in pairs:
                yield Passage(other + b, one + a, 1)
