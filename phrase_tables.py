"""Data files of phrases to look for in texts, and how they are found there quickly.

A data file holds one entry a line: `category: phrase; phrase => suggestion`, in the notation of phrase_notation.py.
The other lines:

    @class name: a | b         words that <name> stands for
    @reason category: ...      why its phrases are found
    @suggestion category: ...  what to do where an entry says nothing of its own
    @except: phrase; phrase    a find that touches one of these is none
    @sentence category: ...    finds of this category (or of all, with *) in a sentence with such a phrase are none
    @after: a | b              a find directly before one of these words is none
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from findings import Finding, FindingKind
from phrase_notation import REPORTED, WORD, Notation, fold

DATA = Path(__file__).parent / "data"

# A match is nowhere longer than this, so it is only looked for so far around its key words.
_REACH = 600

_SENTENCE_END = re.compile(r"(?<=\w\w[.!?])\s|\n")

_Places = Mapping[str, list[int]]


@dataclass(frozen=True)
class Phrase:
    """A phrase as a regular expression. `keys` are words of which each match has at least one."""

    category: str
    expression: str
    keys: frozenset[str]
    kind: FindingKind
    reason: str
    suggestion: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first needed, for most phrases never are."""
        return re.compile(self.expression)

    def matches(self, folded: str, places: _Places) -> Iterator[re.Match[str]]:
        """Where the phrase stands in a folded text whose words are at these places."""
        if not self.keys:
            yield from self.pattern.finditer(folded)
        for first, last in _stretches(sorted(place for key in self.keys for place in places.get(key, ()))):
            yield from self.pattern.finditer(folded, first, last)

    def reported(self, match: re.Match[str]) -> tuple[int, int]:
        """The place of the words to report: without what somebody else has written between them."""
        return match.span(REPORTED if REPORTED in self.pattern.groupindex else 0)


@dataclass
class PhraseTable:
    """The phrases of one or more data files by their key words, ready to be looked for."""

    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    exceptions: dict[str, list[Phrase]] = field(default_factory=dict)
    sentences: dict[str, list[Phrase]] = field(default_factory=dict)
    after: list[re.Pattern[str]] = field(default_factory=list)

    def findings(self, text: str) -> list[Finding]:
        """All places where a phrase is found, in order and without overlap; the longest at a place."""
        folded = fold(text)
        places: dict[str, list[int]] = {}
        for match in WORD.finditer(folded):
            places.setdefault(match[0], []).append(match.start())
        found = [
            (*phrase.reported(match), phrase, match.span())
            for phrase in _of_words(self.phrases, places)
            for match in phrase.matches(folded, places)
        ]
        if not found:
            return []
        lawful = _LawfulPlaces(self, folded, places)
        findings: list[Finding] = []
        for start, end, phrase, whole in sorted(found, key=lambda one: (one[0], -one[1], one[2].category)):
            if (not findings or start >= findings[-1].end) and not lawful.include(phrase.category, *whole):
                word = text[start:end]
                reason, suggestion = phrase.reason, phrase.suggestion
                findings.append(Finding(phrase.kind, phrase.category, word, reason, suggestion, start, end))
        return findings


class _LawfulPlaces:
    """The places of a text where a find is none."""

    def __init__(self, table: PhraseTable, folded: str, places: _Places) -> None:
        self._folded = folded
        self._after = table.after
        spans = [
            match.span() for phrase in _of_words(table.exceptions, places) for match in phrase.matches(folded, places)
        ]
        self._excepted = _merged(sorted(spans))
        self._ends = [match.end() for match in _SENTENCE_END.finditer(folded)]
        self._sentences: dict[int, set[str]] = {}
        for phrase in _of_words(table.sentences, places):
            for match in phrase.matches(folded, places):
                for number in {bisect_right(self._ends, match.start()), bisect_right(self._ends, match.end() - 1)}:
                    self._sentences.setdefault(number, set()).add(phrase.category)

    def include(self, category: str, start: int, end: int) -> bool:
        """Whether an exception, the words after it or its sentence make a find of this category none."""
        number = bisect_right(self._excepted, (end,))
        if number and self._excepted[number - 1][1] > start:
            return True
        if any(pattern.match(self._folded, end) for pattern in self._after):
            return True
        return not self._sentences.get(bisect_right(self._ends, start), set()).isdisjoint(("*", category))


def read_phrase_table(**files: FindingKind) -> PhraseTable:
    """Read data files (name without ending) with the kind of finding that their entries make."""
    table = PhraseTable()
    for file, kind in files.items():
        lines = (DATA / f"{file}.txt").read_text(encoding="utf-8").splitlines()
        _File(table, kind).read(line for line in lines if line.strip() and not line.startswith("#"))
    return table


@dataclass
class _File:
    table: PhraseTable
    kind: FindingKind
    classes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    suggestions: dict[str, str] = field(default_factory=dict)

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            head, _, rest = line.partition(": ")
            command, _, name = head.partition(" ")
            if command == "@class":
                self.classes[name] = rest.strip()
            elif command == "@reason":
                self.reasons[name] = rest.strip()
            elif command == "@suggestion":
                self.suggestions[name] = rest.strip()
            elif command == "@after":
                self.table.after.append(re.compile(Notation(self.classes).next_words(rest.strip())))
            elif command == "@except":
                for phrase in self._phrases("", rest):
                    _index(self.table.exceptions, phrase)
            elif command == "@sentence":
                for phrase in self._phrases(name, rest):
                    _index(self.table.sentences, phrase)
            else:
                for phrase in self._phrases(head, rest):
                    _index(self.table.phrases, phrase)

    def _phrases(self, category: str, rest: str) -> list[Phrase]:
        written, _, suggestion = rest.partition("=>")
        suggestion = suggestion.strip() or self.suggestions.get(category, "")
        reason = self.reasons.get(category, "")
        notation = Notation(self.classes)
        return [
            Phrase(category, *notation.expression(phrase.strip()), self.kind, reason, suggestion)
            for phrase in written.split(";")
        ]


def _index(by_word: dict[str, list[Phrase]], phrase: Phrase) -> None:
    for word in phrase.keys or {""}:
        by_word.setdefault(word, []).append(phrase)


def _of_words(by_word: dict[str, list[Phrase]], words: Iterable[str]) -> list[Phrase]:
    """The phrases of which the text has a key word, and those that have none; each once."""
    phrases = [phrase for word in by_word.keys() & words for phrase in by_word[word]] + by_word.get("", [])
    return list({id(phrase): phrase for phrase in phrases}.values())


def _stretches(places: list[int]) -> Iterator[tuple[int, int]]:
    """The surroundings of these places; where they touch, in one."""
    yield from _merged([(max(0, place - _REACH), place + _REACH) for place in places])


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
