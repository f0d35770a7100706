"""Linear classifiers over words: what a text says or how it asks, learnt from labelled examples.

A text that has been read comes in; labels go out, with a score and the words that it rests on. The weights are in
`weights/`, made from `examples/` by `make train`; docs/checks.md tells how.

Each feature has a weight of one byte in a table that is indexed by a hash, so a classifier takes a few hundred
kilobytes and no library. The score of a piece of text is the sum over the features of its words, divided by the root of
their number, and of its shape. So a sentence or a clause in a long text can be judged by itself without adding anything
up again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from techscreen.checks.features import (
    END,
    START,
    VOICES,
    TextKind,
    bag_hashes,
    form_hashes,
    run_hashes,
    shape_hashes,
)
from techscreen.checks.features import word_hashes as hashes_of_word
from techscreen.text.reading import Reading

WEIGHTS = Path(__file__).parent / "weights"
# A whole text of several sentences is judged as one up to this length.
MAX_WHOLE = 60
# A clause must score this much more than a sentence: out of its sentence it says less.
CLAUSE_PENALTY = 1.5
SHAPE, JOINTS = 0.3, 1.0
MAX_FOCUS = 4


@dataclass(frozen=True)
class Piece:
    """The piece of a text that scores highest: a span of its words."""

    score: float
    first: int
    after: int


class Head:
    """The weights of one label.

    Args:
        table: a weight of one byte for each bucket; their number is a power of two.
        scale: what a weight of 1 counts.
        bias: the score of a text without features.
    """

    def __init__(self, table: bytes, scale: float, bias: float) -> None:
        self._table = memoryview(table).cast("b")
        self._mask = len(table) - 1
        self._scale = scale
        self._bias = bias
        self._word = lru_cache(maxsize=8192)(self._weight_of_word)

    def _sum(self, hashes: Iterable[int]) -> int:
        table, mask = self._table, self._mask
        return sum([table[each & mask] for each in hashes])

    def _weight_of_word(self, word: str, voice: str) -> int:
        return self._sum(hashes_of_word(word, voice))

    def score(self, words: Sequence[str], voice: str) -> float:
        """The score of a piece of text by itself."""
        bag = self._sum(bag_hashes(words, voice)) / math.sqrt(len(words))
        return self._bias + self._scale * (bag + SHAPE * self._sum(shape_hashes(words)))

    def score_of_form(self, reading: Reading, kind: TextKind) -> float:
        """The score of a whole text together with how it is built."""
        words, voice = reading.words, VOICES[kind]
        joints, last = form_hashes(reading)
        twos, threes = run_hashes([START, *words, END])
        bag = sum([self._word(word, voice) for word in words]) + self._sum(twos) + self._sum(threes)
        built = JOINTS * (self._sum(joints) + self._sum(shape_hashes(words)))
        ending = self._sum(last) / math.sqrt(len(last) / 2) if last else 0.0
        return self._bias + self._scale * (bag / math.sqrt(len(words)) + built + ending)

    def best_pieces(self, reading: Reading, kind: TextKind, pieces: Sequence[tuple[int, int, float]]) -> list[Piece]:
        """The score of each piece, given as first and last word and a penalty."""
        voice, words, table, mask = VOICES[kind], reading.words, self._table, self._mask
        twos, threes = run_hashes(words)
        single = [0, *accumulate([self._word(word, voice) for word in words])]
        double = [0, *accumulate([table[each & mask] for each in twos])]
        triple = [0, *accumulate([table[each & mask] for each in threes])]
        scored = []
        for first, after, penalty in pieces:
            piece = words[first:after]
            ends = _hashes_at_ends(piece)
            bag = single[after] - single[first] + double[after - 1] - double[first] + self._sum(ends)
            if after - first > 2:
                bag += triple[after - 2] - triple[first]
            score = bag / math.sqrt(after - first) + SHAPE * self._sum(shape_hashes(piece))
            scored.append(Piece(self._bias + self._scale * score - penalty, first, after))
        return scored

    def focus(self, reading: Reading, kind: TextKind, piece: Piece) -> tuple[int, int]:
        """The few words of a piece that weigh most, as (first, last + 1)."""
        voice = VOICES[kind]
        weights = [self._word(word, voice) for word in reading.words[piece.first : piece.after]]
        best, span = -math.inf, (0, 1)
        for start in range(len(weights)):
            total = 0
            for end in range(start + 1, min(start + MAX_FOCUS, len(weights)) + 1):
                total += weights[end - 1]
                # A word more must be worth it.
                if total / math.sqrt(end - start) > best:
                    best, span = total / math.sqrt(end - start), (start, end)
        return piece.first + span[0], piece.first + span[1]


def _hashes_at_ends(words: Sequence[str]) -> list[int]:
    """The hashes of the runs with START or END in them."""
    if len(words) < 3:
        twos, threes = run_hashes([START, *words, END])
        return [twos[0], twos[-1], *threes]
    head, tail = run_hashes([START, *words[:2]]), run_hashes([*words[-2:], END])
    return [head[0][0], tail[0][1], head[1][0], tail[1][0]]


def pieces_of(reading: Reading) -> list[tuple[int, int, float]]:
    """The sentences and clauses of a text, and the whole if it is short, each with its penalty."""
    pieces = [(first, after, 0.0) for first, after in reading.sentences]
    if len(reading.sentences) > 1 and len(reading.words) <= MAX_WHOLE:
        pieces.append((0, len(reading.words), 0.0))
    known = {(first, after) for first, after, _ in pieces}
    pieces += [(first, after, CLAUSE_PENALTY) for first, after in reading.clauses if (first, after) not in known]
    return pieces
