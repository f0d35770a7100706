"""Which technologies does a running text name, and which of them did nobody ask for?

`matching.parse` is for short topics, where "go" is a language. In prose most such spellings are ordinary words, so they
only count when they are written as a name (data/ambiguous_technology_names.txt). A job description is read generously
and the texts written from it strictly, so that doubtful cases are never reported as unsupported.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from techscreen.text.language import language_of
from techscreen.text.tokens import glue, read_table, tokens_of
from techscreen.topics.tables import load_tables
from techscreen.topics.technology_spellings import (
    WORD,
    Mention,
    concepts,
    is_spelled_as_a_name,
    mentions_in,
    prose_and_languages,
    tokens_of_word,
)

_ALPHANUMERIC = re.compile(r"[^\W_]")
_NEW_START = re.compile(r"[\n|•·;:!?…]|\.(?=\s)|[“„«\"](?=\w)")
_LIST_GAP = re.compile(
    r"\s*(?:[,/|+&、・]|[,]?\s(?:and|or|und|oder|sowie|bzw\.|y|o|et|ou|vs\.?)\s|\()\s*", re.IGNORECASE
)
_CUE_AFTER = re.compile(
    r"[ -](?:based|basiert\w*|frameworks?|librar(?:y|ies)|bibliothek\w*|languages?|sprache\w*|compilers?|programming"
    r"|programs?|programm\w*|code|firmware|scripts?|skripte?|packages?|functions?|developers?|entwickl\w*|sdk|runtime)\b",
    re.IGNORECASE,
)
_IN_THIS_LANGUAGE = re.compile(r"\b(?:in|embedded|modern|plain|pure|lines of|zeilen)[ \n]$", re.IGNORECASE)


@dataclass(frozen=True)
class UnsupportedTechnology:
    """A technology that the written texts name but the given ones do not.

    Attributes:
        technology: its canonical name, or the name as it is written if the table does not have it.
        places: where it is named, such as `enhanced_description` or `question 3`.
    """

    technology: str
    places: tuple[str, ...]


def technologies_in(text: str) -> frozenset[str]:
    """Canonical names of the tools, products, languages, frameworks and services that a running text names.

    Of fenced code only the language counts. Ideas, standards and universal formats (data/technology_concepts.txt)
    do not count as technologies.
    """
    return technology_names_in(text) - concepts()


def technology_names_in(text: str) -> frozenset[str]:
    """Like `technologies_in`, but including the ideas and standards that the table has."""
    return frozenset(_named(text))


def technologies_given(text: str) -> frozenset[str]:
    """Canonical names of all technologies that a job description can be said to name, read generously.

    Lower case counts in a list, a name counts as a whole and in its parts, and so does whatever a technology implies or
    includes: "spring boot" gives Spring and Java.
    """
    tables = load_tables()
    prose, languages = prose_and_languages(text)
    mentions = list(mentions_in(prose, longest=False))
    found = languages | {
        mention.name for place, mention in enumerate(mentions) if _may_be_meant(place, mentions, prose)
    }
    found |= _completed_names(prose, found)
    implied = found.union(*(tables.parents.get(name, ()) for name in found))
    return frozenset(implied.union(*(_included().get(name, ()) for name in implied)))


def technologies_listed(text: str) -> frozenset[str]:
    """Canonical names of the technologies in a list of keywords: only the longest names, and nothing they imply."""
    return frozenset(technologies_as_written(text))


def technologies_as_written(text: str) -> dict[str, str]:
    """Like `technologies_listed`, each with the words of the text that name it first."""
    prose, languages = prose_and_languages(text)
    mentions = list(mentions_in(prose, longest=False))
    meant = [mention for place, mention in enumerate(mentions) if _may_be_meant(place, mentions, prose)]
    found, end = dict[str, str](), 0
    for mention in sorted(meant, key=lambda mention: (mention.start, -mention.end)):
        if mention.end > end:  # otherwise it is part of a longer name
            found.setdefault(mention.name, " ".join(prose[mention.start : mention.end].split()))
            end = mention.end
    return {name: name for name in languages} | found


def unsupported_technologies(
    given: Iterable[str], written: Mapping[str, str], named: Mapping[str, Iterable[str]] | None = None
) -> list[UnsupportedTechnology]:
    """The technologies that the written texts name and none of the given texts names.

    Args:
        given: all fields of the requisition.
        written: what was written from it, by place.
        named: lists of technologies, by place, such as those of an interview topic, where "go" is certainly Go.

    Returns:
        One entry per technology, in the order of the places.
    """
    source = "\n\n".join(given)
    supported = technologies_given(source)
    places: dict[str, list[str]] = {}
    for place, text in written.items():
        for name in sorted(technologies_in(text) - supported):
            places.setdefault(name, []).append(place)
    bare = f" {' '.join(tokens_of(source))} "
    for place, names in (named or {}).items():
        for name in names:
            known = canonical_name(name)
            is_given = known in supported | concepts() if known else f" {' '.join(tokens_of(name))} " in bare
            if not is_given and name.strip():
                at = places.setdefault(known or " ".join(name.split()), [])
                if place not in at:
                    at.append(place)
    return [UnsupportedTechnology(name, tuple(at)) for name, at in places.items()]


def canonical_name(name: str) -> str | None:
    """The canonical name of a technology in a list of technologies, or None if the table does not have it."""
    tables = load_tables()
    bare = name.strip().casefold()
    return bare if bare in tables.canonical else tables.names.get(glue(tokens_of(name)))


def _named(text: str) -> set[str]:
    prose, found = prose_and_languages(text)
    mentions = list(mentions_in(prose, longest=True))
    page = _Page(prose)
    sure = [_is_a_name(mention, page) for mention in mentions]
    open_ones = (
        []
        if not any(sure)
        else [place for place, mention in enumerate(mentions) if not sure[place] and _may_be_a_name(mention, prose)]
    )
    # A list is read in both directions: in "Go, Ray and Kafka" each makes the one before it sure.
    for place in (*open_ones, *reversed(open_ones)):
        sure[place] = sure[place] or any(
            sure[other] and _are_in_a_list(mentions, place, other, prose)
            for other in (place - 1, place + 1)
            if 0 <= other < len(mentions)
        )
    return found | {mention.name for mention, is_sure in zip(mentions, sure, strict=True) if is_sure}


class _Page:
    """A text divided into sentences, lines and cells, to judge whether a capital in them means a name."""

    def __init__(self, prose: str) -> None:
        self.prose = prose
        self.starts = [0, *(mark.end() for mark in _NEW_START.finditer(prose))]
        self.headlines: dict[int, bool] = {}
        self.first_words: dict[int, int] = {}  # offsets, by the start of the sentence

    @cached_property
    def is_german(self) -> bool:
        """Whether every noun has a capital."""
        return language_of([self.prose]) == "de"

    def is_first(self, mention: Mention) -> bool:
        """Whether a mention is the first word of its sentence."""
        start = self.starts[bisect_right(self.starts, mention.start) - 1]
        if start not in self.first_words:
            found = _ALPHANUMERIC.search(self.prose, start)
            self.first_words[start] = found.start() if found else len(self.prose)
        return mention.start <= self.first_words[start]

    def is_headline(self, mention: Mention) -> bool:
        """Whether nearly all words around a mention have capitals, so that its own means nothing."""
        place = bisect_right(self.starts, mention.start)
        if place not in self.headlines:
            end = self.starts[place] if place < len(self.starts) else len(self.prose)
            words = re.findall(r"[^\W\d_]{4,}", self.prose[self.starts[place - 1] : end])
            capitals = sum(word[0].isupper() for word in words)
            self.headlines[place] = len(words) >= 3 and capitals - 1 > 0.6 * (len(words) - 1)
        return self.headlines[place]


def _is_a_name(mention: Mention, page: _Page) -> bool:
    """Whether a mention certainly is a technology, whatever is beside it."""
    how = _ambiguity().get(mention.raw)
    if how is None:
        return is_spelled_as_a_name(mention, page.prose)
    if not _may_be_a_name(mention, page.prose):
        return False
    if how == "upper":
        return not page.is_headline(mention)
    if page.is_first(mention):
        return False
    if _CUE_AFTER.match(page.prose, mention.end):
        return True
    if mention.raw in ("c", "r"):
        return bool(_IN_THIS_LANGUAGE.search(page.prose, max(0, mention.start - 12), mention.start))
    if how == "near" or (how == "german" and page.is_german):
        return False
    if len(mention.raw) > 3 and page.prose[mention.start : mention.end].isupper():
        return False  # "WITHOUT ANY EXPRESS OR IMPLIED WARRANTY"
    return not page.is_headline(mention)


def _may_be_a_name(mention: Mention, prose: str) -> bool:
    """Whether an ordinary word is written like a name: with a capital, and not tied to another word as in "Go-Live"."""
    how = _ambiguity().get(mention.raw)
    written = prose[mention.start : mention.end]
    if how in (None, "never") or not written[0].isupper() or (how == "upper" and not written.isupper()):
        return False
    if mention.tokens > 1 and not is_spelled_as_a_name(mention, prose):
        return False
    before, after = prose[max(0, mention.start - 2) : mention.start], prose[mention.end : mention.end + 2]
    if (len(before) == 2 and before[1] == "-" and before[0].isalnum()) or after.startswith("&"):
        return False
    is_tied = len(after) == 2 and after[0] == "-" and after[1].isalpha()
    return not is_tied or _CUE_AFTER.match(prose, mention.end) is not None


def _are_in_a_list(mentions: list[Mention], place: int, other: int, prose: str) -> bool:
    first, second = mentions[min(place, other)], mentions[max(place, other)]
    return _LIST_GAP.fullmatch(prose, first.end, max(first.end, second.start)) is not None


def _may_be_meant(place: int, mentions: list[Mention], prose: str) -> bool:
    """Whether a mention in a job description may be a technology: an ordinary word must be capitalised or an item."""
    mention = mentions[place]
    if mention.raw not in _ambiguity():
        return True
    after = prose[mention.end : mention.end + 2]
    if after.startswith("&") or (after[:1] == "-" and after[1:].isalpha() and not _CUE_AFTER.match(prose, mention.end)):
        return False  # R&D, go-live
    if prose[mention.start].isupper() or _CUE_AFTER.match(prose, mention.end):
        return True
    before = prose[max(0, mention.start - 2) : mention.start].strip(" \t")[-1:]
    after = after.strip(" \t")[:1]
    if any(mark in ",;/|+()•*、・\n" for mark in (before or "\n", after or "\n")):
        return True
    near = (other for other in (place - 1, place + 1) if 0 <= other < len(mentions))
    return any(_are_in_a_list(mentions, place, other, prose) for other in near)


def _completed_names(prose: str, found: set[str]) -> set[str]:
    """Names of several words whose parts are apart: a text that names SAP and ECC names SAP ECC."""
    names = load_tables().names
    words = {word.group() for word in WORD.finditer(prose)}
    tokens = {token for word in words for token in tokens_of_word(word)}
    capitals = {token for word in words if word[0].isupper() for token in tokens_of_word(word)}
    completed = set()
    for form, name in _long_names():
        if form <= tokens:
            parts = {token for token in form if names.get(token) in found}
            if parts and all(token.isalpha() and token in capitals for token in form - parts):
                completed.add(name)
    return completed


@lru_cache(maxsize=1)
def _ambiguity() -> dict[str, str]:
    return {name: how[0] for name, how in read_table("ambiguous_technology_names.txt")}


@lru_cache(maxsize=1)
def _included() -> dict[str, set[str]]:
    return {name: set(parts) for name, parts in read_table("technology_included.txt")}


@lru_cache(maxsize=1)
def _long_names() -> list[tuple[frozenset[str], str]]:
    """The names of several words, as sets: "Kafka, also its streams" may mean Kafka Streams."""
    forms = []
    for name, aliases in read_table("technology_aliases.txt"):
        for alias in aliases:
            form = frozenset(tokens_of(alias))
            if len(form) > 1:
                forms.append((form, name))
    return forms
