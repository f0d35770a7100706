"""Texts of a question made ready for the checks of its form: its own prose, its content words, and word lists.

The word lists are in data/question_words.txt, by language.
"""

from __future__ import annotations

import re
from functools import lru_cache

from techscreen.text.language import Language
from techscreen.text.normalise import plain
from techscreen.text.segments import without_code
from techscreen.text.tokens import read_table, stem, words_in
from techscreen.topics.tables import load_tables

# Much longer than any text that is delivered. The rest of a text is ignored.
MAX_CHARACTERS = 8_000

# Quoted words are not the question's own but, for example, somebody's words in the scene.
_QUOTED = re.compile(
    r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|\"[^\"\n]*\"|「[^「」]*」|『[^『』]*』|`[^`\n]*`"
    r"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,300}+'(?!\w)|‘(?:[^‘’\n]|(?<=\w)’(?=\w)){1,300}+’(?!\w)"
)
_GAP = re.compile(r"[^\S\n]{2,}")


@lru_cache(maxsize=1)
def _vocabulary() -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in read_table("question_words.txt") if name != "same"}


@lru_cache(maxsize=1)
def _same() -> dict[str, str]:
    """Synonyms: the stem of each word, with the stem that stands for its group."""
    groups = [entries for name, entries in read_table("question_words.txt") if name == "same"]
    return {_stem(word): _stem(group[0]) for group in groups for word in group}


def words_of(name: str) -> tuple[str, ...]:
    """A class of `data/question_words.txt`; empty if a language does not have it."""
    return _vocabulary().get(name, ())


@lru_cache(maxsize=256)
def either(name: str) -> str:
    """A class of words as alternatives of a regular expression, longest first. An empty class never matches."""
    words = sorted(words_of(name), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word) for word in words) + ")" if words else "(?!)"


@lru_cache(maxsize=256)
def prose_of(text: str) -> str:
    """The question's own words: "…" in place of code and quotations, and one space in every gap."""
    prose = without_code(text[:MAX_CHARACTERS])[0]
    # Single spaces keep the expressions linear, which may look for the end of a gap from each of its characters.
    return _GAP.sub(" ", _QUOTED.sub("…", prose))


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return stem(plain(word))


@lru_cache(maxsize=4096)
def _meaning(word: str, language: Language | None) -> str:
    """One stem for a word and its synonyms. The stemmer and the table of facet synonyms are for English."""
    own = _stem(word)
    same = _same().get(own)
    if same or language != "en":
        return same or plain(word)
    return load_tables().loose_word(plain(word))


@lru_cache(maxsize=4)
def _stopwords(language: Language | None) -> frozenset[str]:
    return frozenset(words_of(f"{language} filler"))


@lru_cache(maxsize=256)
def content_of(text: str, language: Language | None) -> frozenset[str]:
    """The content words of a text: stemmed, without stopwords, and with one stem for all synonyms."""
    return frozenset(_meaning(word, language) for word in words_in(text) if word not in _stopwords(language))


@lru_cache(maxsize=8)
def _reporting(language: Language | None) -> re.Pattern[str]:
    return re.compile(rf"\W*+{either(f'{language} reporting')}\b", re.IGNORECASE)


@lru_cache(maxsize=256)
def reported(text: str, language: Language | None) -> str:
    """A criterion without its reporting verb: "Names an index" is about "an index"."""
    found = _reporting(language).match(text)
    return text[found.end() :] if found else text
