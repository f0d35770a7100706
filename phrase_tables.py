"""Data files of phrases to look for in texts, and how they are found there quickly.

A data file holds one entry a line: `category: phrase; phrase => suggestion`. What a phrase may hold:

    (a|b c)   one of these            [a|b]   one of these or nothing
    <name>    one of a class          word*   any ending
    -         a hyphen or a space     ...     up to four words more within the sentence
    ....      up to twelve words more, beyond the sentence
    ....    up to twelve words more, and sentences may end
    ^         start of a text, line or sentence
    ^,        the same, or of a part of a list
    $         end of a text, line, sentence or part of a list

Upper and lower case and the kind of apostrophe or dash do not matter; a comma or a line break may stand between
two words. The other lines:

    @class name: a | b         words that <name> stands for
    @reason category: ...      why its phrases are found
    @suggestion category: ...  what to do where an entry says nothing of its own
    @except: phrase; phrase    a find that touches one of these is none
    @sentence kind: phrase     a find of this category (or of all, with *) in the same sentence is none
    @after: a | b              a find directly before one of these words is none
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from findings import Finding, FindingKind

DATA = Path(__file__).parent / "data"

# Numbers cannot be listed as words: an age of a grown-up, so many years ("3", "5+", "3-5", "3 to 5"), any number.
_NUMBERS = {
    "age": r"(?:1[5-9]|[2-7]\d)",
    "years": r"\d{1,2} ?\+?(?: ?(?:-|to|or|bis|a) ?\d{1,2} ?\+?)?",
    "range": r"\d{1,2} ?(?:-|to) ?\d{1,2} ?\+?",
    "number": r"\d{1,3}",
}

_GAP = r"(?:,?[ \t*]{1,4}|,?[ \t*]{0,4}\r?\n[ \t]{0,8})"
_OTHERS = {
    "...": rf"(?:{_GAP}[^\s.!?;:]{{1,30}}){{0,4}}?",
    "....": rf"(?:{_GAP}[^\s]{{1,30}}){{0,12}}?",
}
_START, _END = r"(?<![\w@#.])(?<!\w-)", r"(?!\w|[-.]\w|\(\))"
_PLACES = {
    "^": r"(?:(?<![\s\S])|(?<=[\n\t.:!?;¿•*])|(?<=[.:!?;•*-] ))",
    "^,": r"(?:(?<![\s\S])|(?<=[\n\t.!?;,•*])|(?<=[.!?;,•*-] ))",
    "$": r"(?=[ \t*]{0,4}(?:[.,;:!?)\n\r/|]|(?![\s\S])))",
}

_WORD = re.compile(r"[^\W_]+")
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=\w\w[.!?])\s|\n")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "\u202f": " ", "〜": "-"} | dict.fromkeys("‐‑‒–—", "-"))


@dataclass(frozen=True)
class Phrase:
    """A compiled phrase. `keys` are words of which each match has at least one."""

    category: str
    pattern: re.Pattern[str]
    keys: frozenset[str]
    kind: FindingKind = "biased_wording"
    reason: str = ""
    suggestion: str = ""


@dataclass
class PhraseTable:
    """The phrases of one or more data files, ready to be looked for."""

    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    exceptions: dict[str, list[Phrase]] = field(default_factory=dict)
    sentences: list[Phrase] = field(default_factory=list)
    after: list[re.Pattern[str]] = field(default_factory=list)

    def findings(self, text: str) -> list[Finding]:
        """All places where a phrase is found, in order and without overlap; the longest at a place."""
        folded = fold(text)
        words = set(_WORD.findall(folded))
        found = sorted(self._matches(folded, words), key=lambda one: (one[0], -one[1]))
        if not found:
            return []
        places = _Sentences(folded, self.sentences)
        excepted = sorted(
            match.span() for phrase in _of_words(self.exceptions, words) for match in phrase.pattern.finditer(folded)
        )
        findings: list[Finding] = []
        for start, end, phrase in found:
            if findings and start < findings[-1].end:
                continue
            if _touches(excepted, start, end) or any(pattern.match(folded, end) for pattern in self.after):
                continue
            if places.are_lawful(phrase.category, start):
                continue
            word = text[start:end]
            findings.append(Finding(phrase.kind, phrase.category, word, phrase.reason, phrase.suggestion, start, end))
        return findings

    def _matches(self, folded: str, words: set[str]) -> Iterator[tuple[int, int, Phrase]]:
        for phrase in _of_words(self.phrases, words):
            for match in phrase.pattern.finditer(folded):
                yield match.start(), match.end(), phrase


class _Sentences:
    """The sentences of a text, each looked at once at the most."""

    def __init__(self, folded: str, lawful: list[Phrase]) -> None:
        self._folded = folded
        self._lawful = lawful
        self._ends = [match.end() for match in _SENTENCE_END.finditer(folded)] if lawful else []
        self._categories: dict[int, set[str]] = {}

    def are_lawful(self, category: str, start: int) -> bool:
        """Whether the sentence at a place has a phrase that makes finds of the category none."""
        number = bisect_right(self._ends, start)
        if number not in self._categories:
            first, *_ = [*self._ends[number - 1 : number], 0]
            last, *_ = [*self._ends[number : number + 1], len(self._folded)]
            self._categories[number] = {
                one.category for one in self._lawful if one.pattern.search(self._folded, first, last)
            }
        return not self._categories[number].isdisjoint(("*", category))


def fold(text: str) -> str:
    """The text in lower case with plain apostrophes and dashes, blanks for fenced code; its length is kept."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
    lowered = lowered.translate(_ALIKE)
    return _FENCED.sub(lambda match: " " * len(match.group()), lowered) if "```" in lowered else lowered


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
                self.table.after.append(re.compile(_GAP + self._group(rest.strip())[0] + _END))
            elif command == "@except":
                for phrase in self._phrases("", rest):
                    _index(self.table.exceptions, phrase)
            elif command == "@sentence":
                self.table.sentences += self._phrases(name, rest)
            else:
                for phrase in self._phrases(head, rest):
                    _index(self.table.phrases, phrase)

    def _phrases(self, category: str, rest: str) -> list[Phrase]:
        written, _, suggestion = rest.partition("=>")
        suggestion = suggestion.strip() or self.suggestions.get(category, "")
        phrases = []
        for one in written.split(";"):
            pattern, keys = self._sequence(one.strip())
            compiled = re.compile(_START + pattern + _END)
            reason = self.reasons.get(category, "")
            phrases.append(Phrase(category, compiled, frozenset(keys), self.kind, reason, suggestion))
        return phrases

    def _sequence(self, phrase: str) -> tuple[str, set[str]]:
        """The pattern of a phrase, and its key words: those of the element with the longest words."""
        pattern, keys, pending = "", set[str](), ""
        for element in _split(phrase, " "):
            if element in _PLACES:
                pattern += _PLACES[element]
            elif element in _OTHERS:
                pattern += _OTHERS[element]
            else:
                one, words = self._group(element[1:-1]) if _is_group(element) else self._word(element)
                gap = _GAP if pattern and pattern not in _PLACES.values() and not pending else ""
                if element[0] != "[":
                    pattern += gap + one
                    keys = words if words and _shortest(words) >= _shortest(keys) else keys
                    pending = ""
                elif gap:
                    pattern += f"(?:{gap}{one})?"
                else:  # at the beginning: what follows needs no gap of its own
                    pattern += f"(?:{one}{_GAP})?"
                    pending = "first"
        return pattern, keys

    def _group(self, inside: str) -> tuple[str, set[str]]:
        parts = sorted(
            (part.strip() for part in _split(inside, "|")), key=len, reverse=True
        )  # "military service" first
        pairs = [self._sequence(part) for part in parts]
        keys = {word for _, words in pairs for word in words} if all(words for _, words in pairs) else set()
        return f"(?:{'|'.join(pattern for pattern, _ in pairs)})", keys

    def _word(self, word: str) -> tuple[str, set[str]]:
        if set("()[]|") & set(word):
            raise ValueError(f"A bracket must begin an element of a phrase: {word}")
        pattern, keys = "", set[str]()
        for piece in re.split(r"(<[^>]+>)", word):
            if piece.startswith("<"):
                name = piece[1:-1]
                one, words = (_NUMBERS[name], set()) if name in _NUMBERS else self._group(self.classes[name])
                pattern += one
                keys = keys or words
            elif piece:
                pattern += re.escape(piece).replace(r"\-", "[- ]").replace(r"\*", r"[\w-]{0,20}")
                whole = _WORD.findall(piece)[: -1 if piece.endswith("*") else None]
                keys = {max(whole, key=len)} if whole else keys
        return pattern, keys


def _split(text: str, sign: str) -> list[str]:
    """Split at a sign that stands outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == sign and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part.strip()]


def _is_group(element: str) -> bool:
    return (element[0], element[-1]) in (("(", ")"), ("[", "]"))


def _shortest(words: set[str]) -> int:
    return min((len(word) for word in words), default=0)


def _index(by_word: dict[str, list[Phrase]], phrase: Phrase) -> None:
    for word in phrase.keys or {""}:
        by_word.setdefault(word, []).append(phrase)


def _of_words(by_word: dict[str, list[Phrase]], words: set[str]) -> list[Phrase]:
    """The phrases of which the text has a key word, and those that have none; each once."""
    phrases = [phrase for word in (words & by_word.keys()) for phrase in by_word[word]] + by_word.get("", [])
    return list({id(phrase): phrase for phrase in phrases}.values())


def _touches(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in spans)
