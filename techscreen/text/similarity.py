"""How alike two running texts are in their wording: by the stems that they share, or by runs of three letters.

Both see words and not meanings: a question that is worded anew throughout is not recognised. For the names of topics,
where a single letter may change the meaning, see topics/matching.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import snowballstemmer

from techscreen.text.language import Language, language_of
from techscreen.text.tokens import read_table, words_in

# Two questions are alike from this share of common stems. `PADDING` is added to the number of all their stems, so that
# short questions are never alike by share: there a single word makes another question.
ALIKE = 0.44
PADDING = 8
# Or if nearly all stems of one are in the other, such as those of its beginning; with few stems that says nothing.
CONTAINED = 0.9
MIN_CONTAINED = 15

MAX_CHARACTERS = 8_000  # the rest of a text is ignored
MAX_WORD = 40  # characters; longer ones are no words and are not stemmed

NEGATIONS = frozenset(["not", "nicht"])  # small words, but a question without one is another

_ALGORITHMS = {"en": "english", "de": "german", "es": "spanish"}
_WITHOUT_GAPS = re.compile(r"[\u2e80-\uffee]+")  # scripts without spaces between words


@lru_cache(maxsize=64)  # those of a whole question take 70 KB
def trigrams(text: str) -> frozenset[str]:
    """The runs of three letters in the words of a text."""
    letters = " ".join(words_in(text[:MAX_CHARACTERS]))
    return frozenset(letters[i : i + 3] for i in range(max(1, len(letters) - 2)))


def trigram_similarity(one: str, other: str) -> float:
    """The share of their trigrams that two texts have in common (Jaccard index), from 0 to 1."""
    first, second = trigrams(one), trigrams(other)
    return len(first & second) / len(first | second)


@dataclass(frozen=True)
class Content:
    """What a text says, without frequent small words: its stems, and the same in their order."""

    stems: frozenset[str]
    in_order: tuple[str, ...]

    def is_alike(self, other: Content) -> bool:
        """Whether two questions ask the same in nearly the same words."""
        if self.in_order == other.in_order:
            return True
        shared = len(self.stems & other.stems)
        fewer, more = sorted((len(self.stems), len(other.stems)))
        if shared >= ALIKE * (fewer + more - shared + PADDING):
            return True
        return shared >= MIN_CONTAINED and shared >= CONTAINED * fewer


@lru_cache(maxsize=64)
def content_of(text: str) -> Content:
    """The content of a text; in a script without spaces between words, pairs of characters count as stems."""
    text = text[:MAX_CHARACTERS]
    language = language_of([text]) or "en"
    words = words_in(text)
    in_order = tuple(_stem(language, word) for word in words if word not in _small_words()[language])
    pairs = ("".join(pair) for run in _WITHOUT_GAPS.findall(text) for pair in pairwise(run))
    # A text of small words alone is told from others by these.
    return Content(frozenset([*in_order, *pairs]), in_order or words)


def stems_in(text: str, language: Language) -> list[str]:
    """The stems of the words of a short text in a known language, without frequent small words."""
    small = _small_words()[language]
    return [_stem(language, word) for word in words_in(text.replace("-", " ")) if word not in small]


def alike_question(text: str, others: Iterable[str]) -> str | None:
    """The first of the other question texts that asks the same as this one, or None."""
    content = content_of(text)
    return next((other for other in others if content.is_alike(content_of(other))), None)


@lru_cache(maxsize=16_384)
def _stem(language: str, word: str) -> str:
    # A stemmer of its own for each word, for they keep state and threads must not share one.
    return word if len(word) > MAX_WORD else str(snowballstemmer.stemmer(_ALGORITHMS[language]).stemWord(word))


@lru_cache(maxsize=1)
def _small_words() -> dict[str, frozenset[str]]:
    table = dict(read_table("small_words.txt"))
    return {language: frozenset(table[language]) - NEGATIONS for language in _ALGORITHMS}
