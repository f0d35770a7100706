"""Finds the phrases of a data file in texts, quickly even if there are thousands.

A data file has one entry a line: `category: phrase; phrase => suggestion`, in the notation of phrase_patterns.py.
The other lines:

    @class name: a | b         words that <name> stands for
    @reason category: ...      what is wrong with its phrases
    @suggestion category: ...  what to do, for entries that have no suggestion of their own
    @except: phrase; phrase    a match that touches one of these does not count
    @sentence category: ...    matches of this category (of all, with *) in a sentence with such a phrase do not count
    @after: a | b              a match directly before one of these words does not count
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from techscreen.checks.findings import Finding, FindingKind
from techscreen.checks.phrase_patterns import REPORTED, WORD, Notation, fold
from techscreen.data import DATA

# How many characters after a match an expression may look at.
_BEHIND = 10

# Unlike in text/segments.py, an abbreviation ends no sentence ("o. Ä.", "e.g."): it often stands within an exception.
_SENTENCE_END = re.compile(r"(?<=\w\w[.!?])\s|\n")

_Places = Mapping[str, list[int]]


@dataclass(frozen=True)
class Phrase:
    """A phrase as a regular expression. Each match contains at least one of its key words, if it has any.

    No match is longer than `longest`, so the expression only runs on the text around the key words.
    """

    category: str
    expression: str
    keys: frozenset[str]
    longest: int
    kind: FindingKind
    reason: str
    suggestion: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first needed: most phrases never are."""
        return re.compile(self.expression)

    def matches(self, folded: str, places: _Places) -> Iterator[re.Match[str]]:
        """The matches in a folded text, whose words start at these places."""
        if not self.keys:
            yield from self.pattern.finditer(folded)
        found = sorted(place for key in self.keys for place in places.get(key, ()))
        for first, last in _stretches(found, self.longest + _BEHIND):
            yield from self.pattern.finditer(folded, first, last)

    def reported(self, match: re.Match[str]) -> tuple[int, int]:
        """The span of the words to report, without other words that the phrase allows around them."""
        return match.span(REPORTED if REPORTED in self.pattern.groupindex else 0)


@dataclass
class PhraseTable:
    """The phrases of one or more data files, indexed by their key words."""

    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    exceptions: dict[str, list[Phrase]] = field(default_factory=dict)
    sentences: dict[str, list[Phrase]] = field(default_factory=dict)
    after: list[re.Pattern[str]] = field(default_factory=list)

    def findings(self, text: str) -> list[Finding]:
        """A finding for each match, in the order of the text, without overlap; of several at a place the longest."""
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
    """The places of a text where a match does not count."""

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
        """Whether a match of this category is excused by an exception, by the words after it or by its sentence."""
        number = bisect_right(self._excepted, (end,))
        if number and self._excepted[number - 1][1] > start:
            return True
        if any(pattern.match(self._folded, end) for pattern in self._after):
            return True
        return not self._sentences.get(bisect_right(self._ends, start), set()).isdisjoint(("*", category))


def read_phrase_table(**files: FindingKind) -> PhraseTable:
    """Read data files: for each name, without its ending, the kind of finding that its entries make."""
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
    """The phrases with one of these key words, and those without key words; each once."""
    phrases = [phrase for word in by_word.keys() & words for phrase in by_word[word]] + by_word.get("", [])
    return list({id(phrase): phrase for phrase in phrases}.values())


def _stretches(places: list[int], reach: int) -> Iterator[tuple[int, int]]:
    """The text around these places, as spans; those that touch are joined."""
    yield from _merged([(max(0, place - reach), place + reach) for place in places])


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
