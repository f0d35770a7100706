"""The words of the skills and topics of library questions, and which of them a text shares.

A skill and a part of a requisition mean the same if they share telling words. How telling a word is depends on how few
questions have it (inverse document frequency; Sparck Jones 1972).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from techscreen.offline.catalogue import Entry
from techscreen.text.language import Language
from techscreen.text.similarity import stems_in
from techscreen.text.tokens import read_table

# A skill and a part mean the same if they share this much of the weight of one of them ...
SHARED = 0.7
# ... and as much as this share of the weight of a word that one question alone has.
TELLING = 0.7
# So many questions at least are taken to be there when it is counted how many have a word.
FEWEST_TO_COUNT = 100
# How much a part is about a question if it is a skill of that, holds several words of one, or holds a single word.
EXACT, PHRASE, WORD = 1.0, 0.95, 0.9
# ... or less, if they share all the words of a skill.
WHOLE_TELLING = 0.4
# The most words of a part that a single word can stand for.
FEW = 5


@dataclass(frozen=True)
class _Phrase:
    """The stems of a skill, which of them make it the name of a post, and which question is for it, by its place."""

    entry: int
    stems: frozenset[str]
    of_post: frozenset[str]

    def is_in_title(self, title: frozenset[str], post_words: frozenset[str]) -> bool:
        """Whether a title names this post. A frontend developer may be called a frontend wizard, but no designer."""
        is_called_so = self.of_post & title or not title & post_words
        return bool(self.of_post and is_called_so) and (self.stems - self.of_post or self.stems) <= title


class SkillWords:
    """The words of the skills and topics of questions, and how much each tells."""

    def __init__(self, entries: Sequence[Entry], language: Language) -> None:
        texts = [(place, text) for place, entry in enumerate(entries) for text in (*entry.skills, entry.topic)]
        self._post_words = _post_words()[language]
        stems = ((place, frozenset(stems_in(text, language))) for place, text in texts)
        phrases = (_Phrase(place, each, each & self._post_words) for place, each in stems)
        self._phrases = [phrase for phrase in phrases if phrase.stems]
        self._with: dict[str, list[int]] = {}
        of_entry: list[set[str]] = [set() for _ in entries]
        for number, phrase in enumerate(self._phrases):
            of_entry[phrase.entry] |= phrase.stems
            for stem in phrase.stems:
                self._with.setdefault(stem, []).append(number)
        general = {place for place, entry in enumerate(entries) if entry.fits_any_post}
        self._soft = {phrase.stems for phrase in self._phrases if phrase.entry in general}
        counts = Counter(stem for stems in of_entry for stem in stems)
        # In a small library a word that all questions have may tell as much as a rare one.
        known = max(len(entries), FEWEST_TO_COUNT) + 1
        self._heaviest = math.log(known)
        self._weights = {stem: math.log(known / count) for stem, count in counts.items()}
        self._of_phrase = [self._sum(phrase.stems) for phrase in self._phrases]
        self._of_entry = [(stems, max(self._sum(stems), self._heaviest)) for stems in of_entry]

    def closeness(self, entry: int, given: frozenset[str]) -> float:
        """How much of what tells about a question is in a text, from 0 to 1."""
        stems, weight = self._of_entry[entry]
        return self._sum(stems & given) / weight

    def named(self, title: frozenset[str]) -> Iterator[int]:
        """The questions for the post of a title."""
        return (phrase.entry for phrase in self._phrases if phrase.is_in_title(title, self._post_words))

    def alike(self, stems: frozenset[str]) -> Iterator[tuple[int, float, bool]]:
        """The questions that a part of a requisition is about; how much, from 0 to 1; whether any post has such a part.

        What is surest comes last.
        """
        shared: Counter[int] = Counter()
        for stem in stems:
            shared.update(self._with.get(stem, ()))
        of_part = self._sum(stems)
        found = []
        for number, count in shared.items():
            phrase = self._phrases[number]
            if not phrase.of_post and (worth := self._worth(number, count, stems, of_part)):
                found.append((phrase.entry, worth, phrase.stems in self._soft))
        return iter(sorted(found, key=lambda each: (not each[2], each[1])))

    def _worth(self, number: int, count: int, stems: frozenset[str], of_part: float) -> float:
        """How much a part is about a skill with which it shares some stems; 0 if not enough."""
        phrase, of_phrase = self._phrases[number], self._of_phrase[number]
        is_whole = count == len(phrase.stems)
        if is_whole and count == len(stems):
            return EXACT
        weight = of_phrase if is_whole else self._sum(phrase.stems & stems)
        if count == 1:
            is_telling = is_whole and weight >= WHOLE_TELLING * self._heaviest and len(stems) <= FEW
            return WORD if is_telling else 0.0
        if is_whole and weight >= WHOLE_TELLING * self._heaviest:
            return PHRASE
        share = max(weight / of_phrase, weight / of_part)
        return WORD * share if weight >= TELLING * self._heaviest and share >= SHARED else 0.0

    def _sum(self, stems: Iterable[str]) -> float:
        # fsum, because sets have another order in each process.
        return math.fsum(self._weights.get(stem, self._heaviest) for stem in stems)


@lru_cache(maxsize=6)  # a library changes seldom, and its words take longer than a requisition's
def words_of(entries: tuple[Entry, ...], language: Language) -> SkillWords:
    """The words of these questions, which are in one language."""
    return SkillWords(entries, language)


@lru_cache(maxsize=1)
def _post_words() -> Mapping[str, frozenset[str]]:
    """The stems of words that make a name of a post, by language."""
    known: Sequence[Language] = get_args(Language)
    words = dict(read_table("post_words.txt"))
    return {code: frozenset(stem for word in words[code] for stem in stems_in(word, code)) for code in known}
