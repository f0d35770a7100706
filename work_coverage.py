"""Which question covers which part of the WORK fields, and which parts nobody asks about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from technology_mentions import canonical_name, technologies_listed, technology_names_in
from topic_tables import load_tables
from topic_words import read_table, tokens_of
from work_parts import WorkPart

# A quote that is not word for word has this share of its content words, or of the part's, in common with the part.
ALIKE = 0.6


@dataclass(frozen=True)
class AskedQuestion:
    """What is needed of an interview question to see what it covers.

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
    """A question that covers a part: its number, and the labels of its criteria that speak of the part."""

    number: int
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class PartCoverage:
    """A part of the WORK fields and the questions that cover it; none of them is a gap."""

    part: WorkPart
    questions: tuple[CoveringQuestion, ...]

    @property
    def is_gap(self) -> bool:
        """Whether no question covers the part."""
        return not self.questions


def coverage_of(parts: Iterable[WorkPart], questions: Sequence[AskedQuestion]) -> list[PartCoverage]:
    """For each part the questions that cover it.

    A question covers a part that its topic quotes from the same field, or a part that names a technology which the
    question names too. Of a quoted list of technologies it covers those that it names. A criterion speaks of the part
    if it has a technology or a content word in common with it; words alone make no question cover a part, for
    "design" or "data" stand in every one.
    """
    parts = list(parts)
    own = [technologies_listed(part.part) for part in parts]
    covering: list[list[CoveringQuestion]] = [[] for _ in parts]
    for question in questions:
        named = _technologies(question)
        covered = _quoted(parts, own, question, named)
        covered |= {place for place, names in enumerate(own) if names & named}
        covered |= {place for place, part in enumerate(parts) if _names_unknown(part, question)}
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


def _names_unknown(part: WorkPart, question: AskedQuestion) -> bool:
    """Whether the part names one of the topic's technologies that the table does not have."""
    unknown = [" ".join(tokens_of(name)) for name in question.technologies if canonical_name(name) is None]
    words = f" {' '.join(tokens_of(part.part))} " if unknown else ""
    return any(name and f" {name} " in words for name in unknown)


def _quoted(
    parts: Sequence[WorkPart], own: Sequence[frozenset[str]], question: AskedQuestion, named: frozenset[str]
) -> set[int]:
    """The places of the parts that the question's topic quotes."""
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
    """Which of a field's parts a quote is from, by its place or, if it is not word for word, by its words."""
    if not parts or not quote.strip():
        return []
    # The very words of a part may stand in another part before it.
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
    """Where the quote stands in the field, whatever its spaces and capitals."""
    words = quote.strip(" \t\r\n.,;:\"'“”„").split()
    if not words:
        return None
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
    found = re.search(pattern, source) or re.search(pattern, source, re.IGNORECASE)
    return found.span() if found else None


def _spelled(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,;:\"'“”„")


def _are_alike(quoted: frozenset[str], words: frozenset[str]) -> bool:
    fewest = min(len(quoted), len(words))
    return fewest > 0 and len(quoted & words) >= max(ALIKE * fewest, min(2, len(quoted), len(words)))


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    """The words of a text that say what it is about, stemmed, with one word for all its synonyms."""
    tables = load_tables()
    words = (token for token in tokens_of(text) if len(token) > 1 and not token[0].isdigit())
    return frozenset(tables.facet_word(word) for word in words if word not in _filler()) - tables.soft - tables.light


@lru_cache(maxsize=1)
def _filler() -> frozenset[str]:
    classes = load_tables().classes
    return frozenset(word for word, _ in read_table("commonplace_words.txt")).union(
        *(classes[name] for name in ("filler", "from", "to", "negation"))
    )
