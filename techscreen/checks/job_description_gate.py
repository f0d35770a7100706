"""Whether a requisition may describe work to interview for.

Only what is certainly no job description (program code, a CV, a poem, mere notices, "TBD") is refused here, before
anything is stored or paid for. Claude judges the doubtful rest while it plans the topics. If a WORK input says
anything, that is enough, whatever the description is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from techscreen.checks.placeholders import placeholder_kind
from techscreen.errors import GenerationRefused
from techscreen.text.page import plain_words_of
from techscreen.text.segments import lines_of, sentences_of
from techscreen.text.tokens import read_table

TELL: Final = "say what the person will do or deliver, or what the work requires"
REASONS: Final = {
    "placeholder": f"is only a placeholder: {TELL}",
    "elsewhere": f"points to another text, which cannot be read from here: put that text into this field, or {TELL}",
    "unseen": f"has mark-up and no words that are shown: {TELL}",
    "code": f"reads as program code and not as a job description: {TELL}",
    "cv": "reads as a CV: describe the post to be filled, and not a person who could fill it",
    "boilerplate": f"is about the employer or the terms alone: {TELL}",
    "other": f"says nothing about any work: {TELL}",
}
TITLE_REASONS: Final = {
    "placeholder": "is only a placeholder: name the post",
    "elsewhere": "points to another text, which cannot be read from here: name the post",
    "unseen": "has mark-up and no words that are shown: name the post",
}
WISH_REASONS: Final = {
    "placeholder": "stands only where a text is still to be written: name what to ask about",
    "elsewhere": "points to another text, which cannot be read from here: name what to ask about",
    "unseen": "has mark-up and no words that are shown: name what to ask about",
}
MIN_CODE_LINES, CODE_SHARE, MAX_CODE_LINE = 4, 1 / 3, 200
MIN_STATIONS, MIN_ABOUT_ONESELF = 2, 2
MIN_NOTICES = 2
FILLER_SHARE = 0.5
MIN_LITERARY, MIN_NARRATION = 4, 2
MIN_VERSES, VERSE_WORDS, MIN_COMMAS, MIN_JOINED = 6, 12, 3, 2

_WORD = re.compile(r"[^\W\d_]+")
_COMMENT = re.compile(r"(?://|#(?!include)|/\*|\*|--).*")
# What only code has in a line. No semicolons, no single "=" and no "(s)": lists of duties have them, too.
_CODE = re.compile(
    r"\{$|^[}\])]++[;,]?$|\w\(\)|\w\.\w+\(|\bdef \w+\(|\w\([\"']|\w\[[-\d:]|__\w| = [\w.]*[(\[{\"']"
    r"|[=!]=|[-+*/]= |=> ?\{|&&|\w::\w+[(:]"
    r"|\bself\.\w|\breturn \w+;|^#include|^(?:fi|done|end|then|else)$|; (?:do|then)$"
    r"|(?:SELECT .*\bFROM|INSERT INTO|DELETE FROM|(?:CREATE|ALTER|DROP) TABLE|UPDATE \w+ SET|GROUP BY|ORDER BY) [a-z\d]"
)
_LOGGED = re.compile(
    r"^\W?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|^[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d |\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d"
)
# Seven words in a row, the markup of a page, or the keys under which a post is exported.
_MAYBE_A_POST = re.compile(
    r"\b(?:[^\W\d_]{1,30}+ ){6}[^\W\d_]|</?(?:li|p|ul|br|td|h\d)\b"
    r"|\"\w{0,20}(?:job|title|position|role|dut(?:y|ies)|tasks|responsibilit|requirement|qualification|skill"
    r"|stelle|beruf|aufgabe|puesto|tarea|oficio|poste)\w{0,20}\"",
    re.IGNORECASE,
)
_TWO_WORDS = re.compile(r"[^\W\d_]{2} [^\W\d_]{2}")


def what_is_missing(description: str, work_inputs: Iterable[str | None]) -> str | None:
    """Why no interview can be made from these texts, as a clause whose subject is the description.

    Args:
        description: the basic job description.
        work_inputs: the four WORK fields.

    Returns:
        One of REASONS, or None if the texts describe work or may do so.
    """
    if any(_WORD.search(plain_words_of(text)) and not placeholder_kind(text) for text in work_inputs if text):
        return None
    placeholder = placeholder_kind(description)
    if placeholder:
        return REASONS[placeholder]
    if _WORD.search(description) and not _WORD.search(plain_words_of(description)):
        return REASONS["unseen"]
    signs = (
        ("code", _is_code),
        ("cv", _is_of_a_person),
        ("boilerplate", _is_mere_notices),
        ("other", _is_filler_or_literature),
    )
    return next((REASONS[kind] for kind, applies in signs if applies(description)), None)


def what_is_wrong_with_title(title: str) -> str | None:
    """Why a title certainly names no post, as a clause whose subject is the title; None if it may do so."""
    return _named_by(title, TITLE_REASONS)


def what_is_wrong_with_wish(text: str) -> str | None:
    """Why an entry of `cover` or `topics` certainly names nothing to ask about; None if it may do so."""
    return _named_by(text, WISH_REASONS)


def _named_by(text: str, reasons: Mapping[str, str]) -> str | None:
    if not plain_words_of(text).strip():
        return reasons["unseen"]
    placeholder = placeholder_kind(text, of_title=True)
    return reasons[placeholder] if placeholder else None


def refuse_unless_job(reads_as: str) -> None:
    """Refuse a requisition that Claude has read as something other than a job.

    Raises:
        GenerationRefused: it says what is missing.
    """
    if reads_as != "job":
        raise GenerationRefused(f"basic_description {REASONS.get(reads_as, REASONS['other'])}.")


def _is_code(text: str) -> bool:
    """Whether a text is a log, or code or JSON in which nothing may tell of a post."""
    lines = [line.strip()[:MAX_CODE_LINE] for line in text.splitlines()]
    lines = [line for line in lines if line and not _COMMENT.match(line)]
    if len(lines) >= MIN_CODE_LINES and all(map(_LOGGED.search, lines)):
        return True
    if any(map(_MAYBE_A_POST.search, lines)):
        return False
    if _is_json(text):
        return text.isascii() and not _TWO_WORDS.search(text)
    marked = sum(_CODE.search(line) is not None for line in lines)
    return len(lines) >= MIN_CODE_LINES and marked >= CODE_SHARE * len(lines)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_of_a_person(text: str) -> bool:
    """Whether a text is somebody's letter of application, or a CV with the dates of at least two stations."""
    if _found(text, "employer speaks"):
        return False
    if _found(text, "letter"):
        return len(_all(text, "oneself")) >= MIN_ABOUT_ONESELF
    if len(_stations().findall(text)) < MIN_STATIONS:
        return False
    if _found(text, "career"):
        return True
    below = ""  # which heading the lines stand below
    dated = []
    for line in text.splitlines():
        start = line.strip(" \t:#*_=-–").casefold()
        if start.startswith(tuple(_table()["personal data"])):
            return True
        below = start if start in _table()["headings"] | _table()["headings with dates"] else below
        dated += [line] if below in _table()["headings with dates"] and _stations().search(line) else []
    return len(dated) >= MIN_STATIONS and any(_expression("present").search(line) for line in dated)


@lru_cache(maxsize=1)
def _stations() -> re.Pattern[str]:
    """Matches the years of a station: "2019 - 2022", "March 2019 – 06/2022", "2019 bis heute"."""
    until = r"(?:-|–|—|~|～|to|until|bis|hasta|a|à|do)[ (]{0,2}(?:[01]?\d[./ ]{1,2}|[^\W\d_]{3,10}\.? )?"
    return re.compile(rf"\b(?:19|20)\d\d[ .)年月]{{0,3}}{until}(?:(?:19|20)\d\d\b|{_either('present')})")


def _is_mere_notices(text: str) -> bool:
    """Whether every sentence is about the terms or the law, there are different ones, and no word is about work."""
    lines = [" ".join(text[start:end].split()) for start, end in lines_of(text)]
    sentences = [sentence for line in lines for sentence in sentences_of(line) if _WORD.search(sentence)]
    return (
        not _found(text, "work")
        and len(_found(text, "notices")) >= MIN_NOTICES
        and all(_found(sentence, "notices") for sentence in sentences)
    )


def _is_filler_or_literature(text: str) -> bool:
    """Whether a text has no word, or mostly Latin ones that fill a page, or is a story without a word about work."""
    if _WORD.search(text) is None:
        return True
    filler = _all(text, "filler")
    if "lorem" in text.casefold() and len(filler) >= FILLER_SHARE * len(_WORD.findall(text)):
        return True
    told = _found(text, "narration")
    is_literary = len(told | _found(text, "poetry")) >= MIN_LITERARY
    if not is_literary or _found(text, "work") or _found(text, "employer speaks"):
        return False
    return len(told) >= MIN_NARRATION or _is_verse(text)


def _is_verse(text: str) -> bool:
    """Whether short lines run on into each other, which those of a list do not."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return (
        len(lines) >= MIN_VERSES
        and all(len(line) <= VERSE_WORDS for line in lines)
        and sum(line[-1].endswith(",") for line in lines) >= MIN_COMMAS
        and (
            bool(_found(text, "oneself")) or sum(line[0].casefold() in _table()["and"] for line in lines) >= MIN_JOINED
        )
    )


def _found(text: str, kind: str) -> set[str]:
    """The different words and phrases of a kind in a text."""
    return {entry.casefold() for entry in _all(text, kind)}


def _all(text: str, kind: str) -> list[str]:
    return _expression(kind).findall(text)


@lru_cache(maxsize=16)
def _expression(kind: str) -> re.Pattern[str]:
    return re.compile(rf"\b{_either(kind)}")


def _either(kind: str) -> str:
    """An expression for the entries of a kind as whole words."""
    entries = sorted(_table()[kind], key=lambda entry: (-len(entry), entry))
    words = [re.escape(entry).replace(r"\ ", r"\s{1,9}").replace(r"\*", r"\w*") for entry in entries]
    # A capital, as of "I", is only matched by a capital.
    return f"(?:{'|'.join(word if not word.islower() else f'(?i:{word})' for word in words)})(?!\\w)"


@lru_cache(maxsize=1)
def _table() -> dict[str, frozenset[str]]:
    kinds: dict[str, frozenset[str]] = {}
    for kind, entries in read_table("work_words.txt"):
        kinds[kind] = kinds.get(kind, frozenset()).union(entries)
    return kinds
