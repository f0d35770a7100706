"""Finds the spellings of the technology table in a text.

Whether a spelling means the technology there ("Go" or "go") is judged in technology_mentions.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from techscreen.text.normalise import nfkc
from techscreen.text.segments import without_code
from techscreen.text.tokens import glue, read_table, singular, tokens_of
from techscreen.topics.tables import load_tables

MAX_NAME_WORDS = 6

_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|\b[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")
WORD = re.compile(
    r"(?<!\w)\.net\b|(?<![^\W_])(?:c\+\+|[cf]#)|[^\W\d_]+\.(?:js|net|io|ai|rs)\b|\d+(?:\.\d+)+|[^\W_]+", re.IGNORECASE
)
_WITHIN_A_NAME = re.compile(r"[ \t\u00a0]{1,2}|[-‑/._·&]|(?:[ \t]?\n[ \t]?)|")
_NUMBERED = re.compile(r"([^\W\d_]{4,})\d+(?:\.\d+)?")
_C_STANDARDS = frozenset("c89 c99 c11 c17 c23".split())

# Short names are written in capitals. These are also written in lower case, and are no other word.
_SHORT_AND_SMALL = frozenset("git npm npx pip php dbt gcc gdb k6 k8s d3 s3 ec2 sbt aws gcp k3s vue".split())


class Mention(NamedTuple):
    """A spelling of a technology in a text; `raw` is its form in the table, `tokens` its number of words."""

    name: str
    raw: str
    start: int
    end: int
    tokens: int


def is_spelled_as_a_name(mention: Mention, prose: str) -> bool:
    """Whether a mention is written like a name: every word of several with a capital, a short name in capitals."""
    written = prose[mention.start : mention.end]
    if mention.tokens > 1:  # "a Redis cluster" is not the product Redis Cluster
        return all(word.group()[0].isupper() or word.group()[0].isdigit() for word in WORD.finditer(written))
    if mention.raw.isalpha() and len(mention.raw) <= 3 and mention.raw not in _SHORT_AND_SMALL:
        return not written.islower()
    return True


def prose_and_languages(text: str) -> tuple[str, set[str]]:
    """The text without fenced code and addresses, and the languages of the code."""
    prose, blocks = without_code(nfkc(text))
    names = load_tables().names
    languages = {names[raw] for block in blocks if (raw := glue(tokens_of(block.language))) in names}
    return _ADDRESS.sub(" , ", prose), languages


@lru_cache(maxsize=4096)
def tokens_of_word(word: str) -> tuple[str, ...]:
    """`tokens_of`, of a single word."""
    return tuple(tokens_of(word))


@lru_cache(maxsize=4096)
def _glued(word: str) -> str:
    return glue(list(tokens_of_word(word)))


def mentions_in(prose: str, *, longest: bool) -> Iterator[Mention]:
    """All spellings of the table in the text; of those that overlap either only the longest or all."""
    beginnings = _beginnings()
    words = [(word.start(), word.end(), _glued(word.group())) for word in WORD.finditer(prose)]
    place = 0
    while place < len(words):
        found: list[Mention] = []
        raw = ""
        for length in range(1, min(MAX_NAME_WORDS, len(words) - place) + 1):
            start, end, word = words[place + length - 1]
            if length > 1 and not _goes_on(prose, words[place + length - 2][1], start):
                break
            raw += word
            known = _lookup(raw, length == 1)
            mention = None if known is None else Mention(*known, words[place][0], end, length)
            if mention is not None and (not longest or _may_be_one_name(mention, prose)):
                found.append(mention)
            if raw not in beginnings:
                break
        yield from found[-1:] if longest else found
        place += found[-1].tokens if longest and found else 1


def _goes_on(prose: str, end: int, start: int) -> bool:
    """Whether a name may go on from one word to the next; in "Python\\n2. Go" a new item begins."""
    is_numbered = prose[start].isdigit() and "\n" in prose[end:start]
    return not is_numbered and _WITHIN_A_NAME.fullmatch(prose, end, start) is not None


@lru_cache(maxsize=4096)
def _lookup(raw: str, is_one_word: bool) -> tuple[str, str] | None:
    """The canonical name of a spelling, and its form in the table."""
    names = load_tables().names
    for spelling in (raw, singular(raw)):
        if spelling in names:
            return names[spelling], spelling
    if is_one_word and raw in _C_STANDARDS:
        return "c", raw
    numbered = _NUMBERED.fullmatch(raw) if is_one_word and raw[-1:].isdigit() else None
    if numbered and numbered[1] in names:  # Java17
        return names[numbered[1]], numbered[1]
    return None


def _may_be_one_name(mention: Mention, prose: str) -> bool:
    """Whether these words are one name and not a coincidence: "in flux" is not InfluxDB."""
    if not prose.isascii() and not unicodedata.normalize("NFKD", prose[mention.start : mention.end]).isascii():
        return False  # "rüst" is not Rust
    return mention.tokens == 1 or mention.name in concepts() or is_spelled_as_a_name(mention, prose)


@lru_cache(maxsize=1)
def _beginnings() -> frozenset[str]:
    return frozenset(name[:length] for name in load_tables().names for length in range(1, len(name)))


@lru_cache(maxsize=1)
def concepts() -> frozenset[str]:
    """Entries of the table that are ideas, standards or formats, not technologies."""
    return frozenset(name for name, _ in read_table("technology_concepts.txt"))
