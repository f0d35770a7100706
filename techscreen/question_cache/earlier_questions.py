"""The earlier questions of a requisition: whether a new one repeats any of them, and which of them to show to Claude.

There may be more than a thousand. Comparing long words first tells most of them apart at a hundredth of the cost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from techscreen.text.similarity import alike_question

# The shared part of the long words: near copies share far more, other questions far less. With few long words it says
# nothing.
MIN_SHARED = 0.4
MIN_LONG_WORDS = 8
# The most questions that are compared closely: those with the most words in common.
MAX_COMPARED = 50
NEWEST_SHOWN = 4

_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_WITHOUT_GAPS = re.compile(r"[\u2e80-\uffee]")


class EarlierQuestions:
    """Topics and texts, the newest first.

    Args:
        questions: topic and text of each.
    """

    def __init__(self, questions: Iterable[tuple[str, str]] = ()) -> None:
        self._questions = [(topic, text, _long_words(text)) for topic, text in questions]

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> EarlierQuestions:
        """Questions whose topics do not matter."""
        return cls(("", text) for text in texts)

    def alike_to(self, text: str) -> str | None:
        """An earlier question that asks the same as this text, or None."""
        words = _long_words(text)
        shared = [(_shared(words, others), -place) for place, (_, _, others) in enumerate(self._questions)]
        near = sorted((each for each in shared if each[0] >= MIN_SHARED), reverse=True)[:MAX_COMPARED]
        return alike_question(text, (self._questions[-place][1] for _, place in near))

    def to_show(self, topic: str, about: str, count: int) -> list[str]:
        """At most `count` questions for a topic: the newest, then those that share the most words with `about`."""
        for_topic = [(text, words) for name, text, words in self._questions if name == topic]
        wanted = _long_words(about)
        closest = sorted(for_topic[NEWEST_SHOWN:], key=lambda question: -len(question[1] & wanted))
        return [text for text, _ in (*for_topic[:NEWEST_SHOWN], *closest)][:count]


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    fewest = min(len(one), len(other))
    return 1.0 if fewest < MIN_LONG_WORDS else len(one & other) / fewest


def _long_words(text: str) -> frozenset[str]:
    """The words that identify a text; in a script without spaces between words, also all pairs of characters."""
    plain = text.casefold()
    words = _LONG_WORD.findall(plain)
    pairs = map("".join, pairwise(plain)) if _WITHOUT_GAPS.search(plain) else ()
    return frozenset([*words, *pairs])
