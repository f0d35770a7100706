"""Texts of a question made ready for the form checks: language, prose without code, sentences, content words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from topic_tables import load_tables
from topic_words import plain, read_table, stem

Language = Literal["en", "de", "es"]

# Much longer than any text that is delivered. What follows is not looked at.
MOST_CHARACTERS = 8_000

_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
# Quoted words are not the question's own: another person's question in a scene, a topic's name.
_QUOTED = re.compile(
    r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|\"[^\"\n]*\"|「[^「」]*」|『[^『』]*』|`[^`\n]*`"
    r"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,300}+'(?!\w)|‘(?:[^‘’\n]|(?<=\w)’(?=\w)){1,300}+’(?!\w)"
)
_SENTENCE_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)(?<!\bz\.B)(?<!\bbzw)(?<=[.!?])[)\]]?\s+|(?<=[？！。])|\n+"
)
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_LATIN = re.compile(r"[^\W\d_]")
_LETTERS = re.compile(r"[a-zA-ZäöüßÄÖÜáéíóúñÁÉÍÓÚÑ]")


@lru_cache(maxsize=1)
def _vocabulary() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for name, entries in read_table("question_words.txt"):
        if name != "same":
            words[name] = tuple(entries)
    return words


@lru_cache(maxsize=1)
def _same() -> dict[str, str]:
    """Each word of one meaning, by its stem, with the stem that stands for all of them."""
    groups = [entries for name, entries in read_table("question_words.txt") if name == "same"]
    return {_stem(word): _stem(group[0]) for group in groups for word in group}


def words_of(name: str) -> tuple[str, ...]:
    """A class of `data/question_words.txt`; empty if a language does not have it."""
    return _vocabulary().get(name, ())


@lru_cache(maxsize=256)
def either(name: str) -> str:
    """A class of words as alternatives of a regular expression, the longest first; without any, it never matches."""
    words = sorted(words_of(name), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word) for word in words) + ")" if words else "(?!)"


def without_code(text: str) -> tuple[str, int]:
    """The text outside of fenced code, with a line "…" in place of each block, and the lines of its longest block."""
    if "```" not in text and "~~~" not in text:
        return text, 0
    prose: list[str] = []
    longest = lines = 0
    inside = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            inside = not inside
            longest, lines = max(longest, lines), 0
            prose.append("…")
        elif inside:
            lines += 1
        else:
            prose.append(line)
    return "\n".join(prose), max(longest, lines)


@lru_cache(maxsize=256)
def prose_of(text: str) -> str:
    """The question's own words: no code, and "…" in place of what is quoted."""
    prose = without_code(text[:MOST_CHARACTERS])[0]
    return _QUOTED.sub("…", prose)


@lru_cache(maxsize=256)
def sentences_of(prose: str) -> tuple[str, ...]:
    """The sentences and lines of a prose, without blanks at their edges."""
    return tuple(sentence.strip() for sentence in _SENTENCE_END.split(prose) if sentence.strip(" \t…"))


@lru_cache(maxsize=256)
def words_in(text: str) -> tuple[str, ...]:
    """The words of a text in lower case."""
    return tuple(_WORD.findall(text.casefold()))


def language_of(texts: Iterable[str]) -> Language | None:
    """English, German or Spanish, told by frequent small words; None for others and where it is not clear."""
    text = " ".join(texts)[:MOST_CHARACTERS]
    letters = len(_LATIN.findall(text))
    if len(_LETTERS.findall(text)) < 0.8 * letters:
        return None
    found = Counter(words_in(text))
    counts = {code: sum(found[word] for word in small) for code, small in _small_words().items()}
    best = max(counts, key=lambda code: counts[code])
    clear = counts[best] >= 2 and all(counts[best] > count for code, count in counts.items() if code != best)
    if not clear:
        return None
    return "en" if best == "en" else "de" if best == "de" else "es" if best == "es" else None


@lru_cache(maxsize=1)
def _small_words() -> dict[str, frozenset[str]]:
    return {code: frozenset(words_of(f"{code} small")) for code in "en de es fr it pt nl sv pl".split()}


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    return stem(plain(word))


@lru_cache(maxsize=16384)
def _meaning(word: str, language: Language | None) -> str:
    """What stands for a word and all that means the same. The stemmer and the table of synonyms are for English."""
    own = _stem(word)
    same = _same().get(own)
    if same or language != "en":
        return same or plain(word)
    return load_tables().single.get(own, own)


@lru_cache(maxsize=4)
def _filler(language: Language | None) -> frozenset[str]:
    return frozenset(words_of(f"{language} filler"))


@lru_cache(maxsize=256)
def content_of(text: str, language: Language | None) -> frozenset[str]:
    """What a text is about: its words without filler, stemmed, those of one meaning made one."""
    return frozenset(_meaning(word, language) for word in words_in(text) if word not in _filler(language))


@lru_cache(maxsize=8)
def _reporting(language: Language | None) -> re.Pattern[str]:
    return re.compile(rf"\W*{either(f'{language} reporting')}\b", re.IGNORECASE)


@lru_cache(maxsize=256)
def reported(text: str, language: Language | None) -> str:
    """A criterion without the verb that only says that it is heard: "Names an index" is about "an index"."""
    found = _reporting(language).match(text)
    return text[found.end() :] if found else text


@lru_cache(maxsize=64)  # those of a whole question take 70 KB
def trigrams(text: str) -> frozenset[str]:
    """The runs of three letters in a text, by which near copies are told."""
    letters = " ".join(words_in(text[:MOST_CHARACTERS]))
    return frozenset(letters[i : i + 3] for i in range(max(1, len(letters) - 2)))


def alike(one: str, other: str) -> float:
    """The part of their runs of three letters that two texts share, from 0 to 1."""
    first, second = trigrams(one), trigrams(other)
    return len(first & second) / len(first | second)
