"""Which question covers which part of the WORK fields, and which parts no question covers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from techscreen.quality.work_items import WorkPart
from techscreen.text.normalise import lower_in_place
from techscreen.text.tokens import read_table, tokens_of
from techscreen.topics.tables import load_tables
from techscreen.topics.technology_mentions import canonical_name, technologies_listed, technology_names_in

_WORD = re.compile(r"\w")
_GAP_OR_NOT = re.compile(r"\s+|\S+")
# How many occurrences of a quote are tried, to find one that is whole words.
MAX_TRIES = 200
# The share of the content words, of the quote or of the part, that an inexact quote must have in common with a part.
ALIKE = 0.6


@dataclass(frozen=True)
class AskedQuestion:
    """What has to be known of an interview question to tell what it covers.

    Attributes:
        number: its number in the interview.
        topic: the name of its topic.
        technologies: those of the topic.
        work_items: (field, quote) of the parts of the requisition that the topic rests on.
        question_text: the question.
        criteria: (label, description) of each.
    """

    number: int
    topic: str
    technologies: tuple[str, ...]
    work_items: tuple[tuple[str, str], ...]
    question_text: str
    criteria: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CoveringQuestion:
    """A question that covers a part: its number, and the labels of its criteria about that part."""

    number: int
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class PartCoverage:
    """A part of the WORK fields and the questions that cover it. Without any, it is a gap."""

    part: WorkPart
    questions: tuple[CoveringQuestion, ...]

    @property
    def is_gap(self) -> bool:
        """Whether no question covers the part."""
        return not self.questions


def coverage_of(parts: Iterable[WorkPart], questions: Sequence[AskedQuestion]) -> list[PartCoverage]:
    """For each part, the questions that cover it.

    A question covers a part that its topic quotes from the same field, and a part that names one of its technologies.
    Of a quoted list of technologies it covers those that it names. A criterion is about the part if the two share a
    technology or a content word. Content words alone do not make a question cover a part: "design" or "data" are in
    every one.
    """
    parts = list(parts)
    own = [technologies_listed(part.part) for part in parts]
    covering: list[list[CoveringQuestion]] = [[] for _ in parts]
    for question in questions:
        named = _technologies(question)
        covered = _quoted(parts, own, question, named)
        covered |= {place for place, names in enumerate(own) if names & named}
        covered |= _naming_unknown(parts, question)
        criteria = [(label, f"{label}\n{description}") for label, description in question.criteria] if covered else []
        about = [(label, _content(text), technology_names_in(text)) for label, text in criteria]
        for place in covered:
            words = _content(parts[place].part)
            labels = tuple(label for label, content, names in about if words & content or own[place] & names)
            covering[place].append(CoveringQuestion(question.number, labels))
    return [PartCoverage(part, tuple(found)) for part, found in zip(parts, covering, strict=True)]


def gaps(coverage: Iterable[PartCoverage]) -> list[WorkPart]:
    """The parts that no question covers."""
    return [entry.part for entry in coverage if entry.is_gap]


def _technologies(question: AskedQuestion) -> frozenset[str]:
    known = {canonical_name(name) for name in question.technologies}
    return technology_names_in(f"{question.topic}\n{question.question_text}") | {name for name in known if name}


def _naming_unknown(parts: Sequence[WorkPart], question: AskedQuestion) -> set[int]:
    """The indexes of the parts that name a technology of the topic that the table does not have."""
    spelled = (" ".join(tokens_of(name)) for name in question.technologies if canonical_name(name) is None)
    unknown = [f" {name} " for name in spelled if name]
    if not unknown:
        return set()
    texts = (f" {' '.join(tokens_of(part.part))} " for part in parts)
    return {place for place, text in enumerate(texts) if any(name in text for name in unknown)}


def _quoted(
    parts: Sequence[WorkPart], own: Sequence[frozenset[str]], question: AskedQuestion, named: frozenset[str]
) -> set[int]:
    """The indexes of the parts that the question's topic quotes."""
    quoted: set[int] = set()
    for field, quote in question.work_items:
        of_field = [place for place, part in enumerate(parts) if part.field == field]
        found = _places_of(quote, [parts[place] for place in of_field])
        matched = {of_field[place] for place in found}
        if len(matched) > 1 and any(own[place] & named for place in matched):
            matched = {place for place in matched if not own[place] or own[place] & named}
        quoted |= matched
    return quoted


def _places_of(quote: str, parts: Sequence[WorkPart]) -> list[int]:
    """The indexes of the parts of a field that a quote is from: by its place or, if it is inexact, by its words."""
    if not parts or not quote.strip():
        return []
    # The words of a part may also be contained in an earlier part.
    same = [place for place, part in enumerate(parts) if _spelled(part.part) == _spelled(quote)]
    if same:
        return same
    found = _span_of(quote, parts[0].source)
    if found is None:
        words = _content(quote)
        return [place for place, part in enumerate(parts) if _are_alike(words, _content(part.part))]
    common = (part.source[max(found[0], part.start) : min(found[1], part.end)] for part in parts)
    return [place for place, text in enumerate(common) if any(map(str.isalnum, text))]


def _span_of(quote: str, source: str) -> tuple[int, int] | None:
    """The span of the quote in the field, ignoring spaces and capitals."""
    wanted = " ".join(quote.strip(" \t\r\n.,;:\"'“”„").split())
    if not wanted:
        return None
    flat, small, places = _on_one_line(source)
    found = _whole_words(wanted, flat)
    if found is None:
        found = _whole_words(lower_in_place(wanted), small)
    return None if found is None else (places[found], places[found + len(wanted) - 1] + 1)


def _whole_words(wanted: str, text: str) -> int | None:
    """The first offset at which the words are in the text as whole words."""
    place = text.find(wanted)
    for _ in range(MAX_TRIES):
        if place < 0:
            return None
        end = place + len(wanted)
        if not _WORD.match(text[place - 1 : place]) and not _WORD.match(text[end : end + 1]):
            return place
        place = text.find(wanted, place + 1)
    return None


@lru_cache(maxsize=8)
def _on_one_line(text: str) -> tuple[str, str, Sequence[int]]:
    """The text with one space in every gap, the same in lower case, and the offset in the text of each character."""
    pieces: list[str] = []
    places: list[int] = []
    for word in _GAP_OR_NOT.finditer(text):
        is_gap = word[0].isspace()
        pieces.append(" " if is_gap else word[0])
        places += [word.start()] if is_gap else range(*word.span())
    flat = "".join(pieces)
    return flat, lower_in_place(flat), places


def _spelled(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,;:\"'“”„")


def _are_alike(quoted: frozenset[str], words: frozenset[str]) -> bool:
    fewest = min(len(quoted), len(words))
    return fewest > 0 and len(quoted & words) >= max(ALIKE * fewest, min(2, len(quoted), len(words)))


@lru_cache(maxsize=1024)
def _content(text: str) -> frozenset[str]:
    """The content words of a text: stemmed, and with one word for all its synonyms."""
    tables = load_tables()
    empty = tables.soft | tables.light
    words = (token for token in tokens_of(text) if len(token) > 1 and not token[0].isdigit())
    return frozenset(
        tables.loose_word(word) for word in words if word not in _stopwords() and tables.facet_word(word) not in empty
    )


@lru_cache(maxsize=1)
def _stopwords() -> frozenset[str]:
    classes = load_tables().classes
    return frozenset(word for word, _ in read_table("stopwords.txt")).union(
        *(classes[name] for name in ("filler", "from", "to", "negation"))
    )
