"""Linear classifiers over hashed features: how much a text, or a sentence or clause of it, speaks for one label.

Features come in, scores go out. A classifier is a table with a weight of one byte for each bucket of the hash, so it
takes some hundred kilobytes and no library. The score of a piece of text is the sum of the weights of its words,
divided by the root of their number, and of its shape; so each clause of a long text is judged by itself without adding
anything up again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

from techscreen.checks.features import Features, Piece, TextKind, word_features

# What the shape of a piece counts, and the joints and the shape of a whole text by its kind.
SHAPE = 0.3
JOINTS: Mapping[TextKind, float] = {"question": 1.0, "criterion": 1.0, "follow_up": 0.5, "anchor": 0.1}
MAX_FOCUS = 4
MAX_KNOWN_WORDS = 8192


class _WordWeights(dict[str, int]):
    """The weight of each word in one voice, worked out when it first comes up."""

    def __init__(self, table: memoryview, voice: str) -> None:
        super().__init__()
        self._table = table
        self._mask = len(table) - 1
        self._voice = voice

    def __missing__(self, word: str) -> int:
        table, mask = self._table, self._mask
        weight = sum([table[each & mask] for each in word_features(word, self._voice)])
        if len(self) >= MAX_KNOWN_WORDS:
            self.clear()
        self[word] = weight
        return weight


class Head:
    """The weights of one label.

    Args:
        table: a weight of one signed byte for each bucket; their number is a power of two.
        scale: what a weight of 1 counts.
        bias: the score of a text without features.
    """

    def __init__(self, table: bytes | memoryview, scale: float, bias: float) -> None:
        self.table = table
        self.scale = scale
        self.bias = bias
        self._weights = memoryview(table).cast("b")
        self._mask = len(table) - 1
        self._words = {voice: _WordWeights(self._weights, voice) for voice in "qcj"}

    def _sum(self, features: Sequence[int]) -> int:
        weights, mask = self._weights, self._mask
        return sum([weights[each & mask] for each in features])

    def scores(self, features: Features) -> list[float]:
        """The score of each piece of a text, less its penalty."""
        weights, mask = self._weights, self._mask
        known = self._words[features.voice]
        words = [0, *accumulate([known[word] for word in features.reading.words])]
        twos = [0, *accumulate([weights[each & mask] for each in features.twos])]
        threes = [0, *accumulate([weights[each & mask] for each in features.threes])]
        scores = []
        for piece in features.pieces:
            first, after = piece.first, piece.after
            bag = words[after] - words[first] + twos[after - 1] - twos[first] + self._sum(piece.ends)
            if after - first > 2:
                bag += threes[after - 2] - threes[first]
            score = bag / math.sqrt(after - first) + SHAPE * self._sum(piece.shape)
            scores.append(self.bias + self.scale * score - piece.penalty)
        return scores

    def score_of_piece(self, features: Features, piece: Piece) -> float:
        """The score of one piece."""
        return self.bias + self.scale * (self._bag(features, piece) + SHAPE * self._sum(piece.shape))

    def score_of_form(self, features: Features, kind: TextKind) -> float:
        """The score of the whole text together with how it is built."""
        built = JOINTS[kind] * (self._sum(features.joints) + self._sum(features.whole.shape))
        ending = self._sum(features.ending) / math.sqrt(len(features.ending) / 2) if features.ending else 0.0
        return self.bias + self.scale * (self._bag(features, features.whole) + built + ending)

    def score_of_words(self, words: Sequence[str], voice: str) -> float:
        """The score of words alone, without their order."""
        known = self._words[voice]
        return self.bias + self.scale * sum([known[word] for word in words]) / math.sqrt(len(words))

    def focus(self, features: Features, first: int, after: int) -> tuple[int, int]:
        """The few words of a piece that weigh most, as (first, last + 1)."""
        known = self._words[features.voice]
        words = features.reading.words[first:after]
        weights = [known[word] for word in words]
        spans = [
            (sum(weights[start:end]) / math.sqrt(end - start), start, end)  # one word more must be worth it
            for start in range(len(weights))
            for end in range(start + 1, min(start + MAX_FOCUS, len(weights)) + 1)
            if words[start][0].isalnum() and words[end - 1][0].isalnum()
        ]
        _, start, end = max(spans, default=(0, 0, len(words)))
        return first + start, first + end

    def _bag(self, features: Features, piece: Piece) -> float:
        known = self._words[features.voice]
        first, after = piece.first, piece.after
        words = sum([known[word] for word in features.reading.words[first:after]])
        runs = self._sum(features.twos[first : after - 1]) + self._sum(features.threes[first : max(first, after - 2)])
        return (words + runs + self._sum(piece.ends)) / math.sqrt(after - first)
