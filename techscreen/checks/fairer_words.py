"""What may stand in the place of words that were found: their place comes in, a replacement for them goes out.

Most findings need a person who thinks, and have none. A table has the words that can simply be exchanged; and what is a
whole line or sentence, and had better not be there at all, is taken out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from techscreen.checks.findings import FindingKind
from techscreen.checks.models import likeliest_language
from techscreen.text.reading import read
from techscreen.text.tokens import read_table

DEFAULT_LANGUAGE = "en"
# What to take out if it stands alone.
REMOVABLE = ("prohibited_subject", "instruction")
_BULLET = re.compile(r"[-*•–—·\d.)\s]*")
_AFTER_SENTENCE = re.compile(r"[.!?…:][\"”’)]*\s+\Z")
_SENTENCE_END = re.compile(r"[.!?…]+[\"”’)]*[ \t]*|[ \t]*(?=\n|\Z)")
_TWICE = re.compile(r"\b([\w-]+) \1\b", re.IGNORECASE)

Table = tuple[re.Pattern[str], dict[str, str]]


@dataclass(frozen=True)
class Replacement:
    """Characters of a text to replace.

    Attributes:
        start, end: their place in the text.
        words: what is to stand there; nothing if they are to be taken out.
    """

    start: int
    end: int
    words: str


def replacement_for(text: str, kind: FindingKind, start: int, end: int) -> Replacement | None:
    """What may stand in the place of what was found in a text; None if that needs thought.

    Args:
        text: all of it.
        kind: of the finding.
        start, end: the place of the finding.
    """
    if kind == "biased_wording":
        words = _fairer(text[start:end], text)
        return None if words == text[start:end] else Replacement(start, end, words)
    return _taken_out(text, start, end) if kind in REMOVABLE else None


def _fairer(found: str, text: str) -> str:
    tables = _tables()
    table = tables.get(likeliest_language(read(text)) or DEFAULT_LANGUAGE)
    if table is None:
        return found
    pattern, fairer = table
    exchanged = pattern.sub(lambda match: _in_case_of(match[0], fairer[match[0].casefold()]), found)
    # Two words for the same, one after the other, become one.
    return found if exchanged == found else _TWICE.sub(r"\1", exchanged)


def _in_case_of(found: str, words: str) -> str:
    if len(found) > 1 and found.isupper():
        return words.upper()
    return words[0].upper() + words[1:] if found[0].isupper() else words


@lru_cache(maxsize=1)
def _tables() -> dict[str, Table]:
    fairer: dict[str, dict[str, str]] = {}
    for name, replaced in read_table("fairer_words.txt"):
        language, _, words = name.partition(" ")
        fairer.setdefault(language, {}).update({each.casefold(): words for each in replaced})
    return {language: (_any_of(words), words) for language, words in fairer.items()}


def _any_of(words: dict[str, str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])", re.IGNORECASE)


def _taken_out(text: str, start: int, end: int) -> Replacement | None:
    """Take out what is a whole line, with its bullet, or whole sentences, with their full stop."""
    before = text[:start].rpartition("\n")[2]
    ended = _SENTENCE_END.match(text, end)
    begins_line = _BULLET.fullmatch(before) is not None
    if ended is None or not (begins_line or _AFTER_SENTENCE.search(before)):
        return None
    end = ended.end()
    if text[end : end + 1] in ("", "\n"):
        if begins_line:
            return Replacement(start - len(before), min(end + 1, len(text)), "")
        start = len(text[:start].rstrip())
    return Replacement(start, end, "")
