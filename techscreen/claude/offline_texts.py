"""How the offline mode reads a requisition: cuts its texts into parts, and makes them fit into a sentence.

Texts come in as they were typed. Parts go out word for word; subjects and bounded texts are cleaned and shortened.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator

from prompts import WorkField
from techscreen.checks.requisition_quotes import about_the_person
from techscreen.checks.texts import instruction_findings
from techscreen.claude import offline_templates
from techscreen.text.segments import BULLET, LINE_END, NOTE_END, pieces_of

LISTS = ("work_knowledge", "work_competencies")  # fields whose commas always separate
MAX_QUOTE, MAX_SUBJECT = 300, 90
MAX_PARTS = 200  # of a field, cut in one way
NO_SUBJECT = "the work of this post"

# What sets off the parts of a text. Not a comma within a number, not the point of an abbreviation.
_COMMA = re.compile(r"(?<!\d),|,(?!\d)|[\uff0c、]|\s・\s")
_LIST_SIGN = re.compile(rf"{_COMMA.pattern}|\s\+\s")
_ENUMERATION = re.compile(r"\b(?:and|or|und|oder|sowie|y|et)\b|&", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\W*\(\d\)\s+|[\s,;:]*(?:and|und|or|oder|sowie)\s+|\s*you(?:['\u2019]ll| will)\s"
    r"|\s*(?:must|should|nice|scope|stack|tools|required|for information|muss|soll):\s",
    re.IGNORECASE,
)
_EDGES = " \t\r\n\v\f,;:!?|\u2013\u2014-•*>"
_CONTINUES = re.compile(r"\s*[a-zß-ÿ(]")
_OPEN_ENDED = re.compile(r"(?:-|,|\b(?:the|a|an|and|of|to|with|for|in|from))\s*$")
_PERSON = re.compile(offline_templates.PERSON, re.IGNORECASE)


def split(text: str, field: WorkField | None) -> Iterator[str]:
    """The distinct parts of a WORK field or of the description (None), each word for word, at most MAX_PARTS."""
    return itertools.islice(_distinct_parts(text, field), MAX_PARTS)


def _distinct_parts(text: str, field: WorkField | None) -> Iterator[str]:
    seen: set[str] = set()
    for line, bullet in _lines(text, is_prose=field is None):
        if field is None and _is_heading(line, bullet):
            continue
        for sentence in _pieces(line, NOTE_END):
            for piece in _split_at_commas(sentence, field):
                part = _trimmed(piece)
                if part and part.casefold() not in seen:
                    seen.add(part.casefold())
                    yield part


def _lines(text: str, *, is_prose: bool) -> Iterator[tuple[str, str]]:
    """Lines and their bullets. A line that a PDF export has broken in mid-sentence is put together again."""
    start = 0
    for end in [*LINE_END.finditer(text), None]:  # None stands for the end of the text
        stop = end.start() if end else len(text)
        if end and _goes_on(text[max(start, stop - 40) : stop], text[end.end() : end.end() + 20], is_prose):
            continue
        bullet = BULLET.match(text, start, stop)
        yield text[bullet.end() if bullet else start : stop], bullet[0].strip() if bullet else ""
        start = end.end() if end else stop


def _goes_on(line_end: str, following: str, is_prose: bool) -> bool:
    """Whether a sentence runs on; in a WORK field a new line is a new item unless the old one is left open."""
    if BULLET.match(following):
        return False
    return bool(_OPEN_ENDED.search(line_end) or (is_prose and len(line_end) >= 40 and _CONTINUES.match(following)))


def _is_heading(line: str, bullet: str) -> bool:
    """A short line without a full stop, unless it is an item of a list; headings may be numbered."""
    words = line.split()
    short = len(words) <= 5 and not re.search(r"[.!?。]\s*$", line)
    return (short and (not bullet or bullet[0].isdigit())) or (len(words) > 1 and line.isupper())


def _split_at_commas(sentence: str, field: WorkField | None) -> list[str]:
    """Lists are split at their commas; a sentence that only ends in "a, b and c" is left whole."""
    pieces = _pieces(sentence, _LIST_SIGN if field in LISTS else _COMMA)
    if field is None:
        short = sum(len(piece.split()) <= 3 for piece in pieces)
        return pieces if len(pieces) >= 4 and short >= len(pieces) / 2 else [sentence]
    return [sentence] if field not in LISTS and _ENUMERATION.search(pieces[-1]) else pieces


def _pieces(text: str, separator: re.Pattern[str]) -> list[str]:
    return [text[start:end] for start, end in pieces_of(text, 0, len(text), separator)]


def _trimmed(piece: str) -> str:
    lead_in = _LEAD_IN.match(piece)
    piece = piece[lead_in.end() if lead_in else 0 :].strip(_EDGES).rstrip(". \t")
    enclosed = len(piece) > 2 and piece[0] in '"“„' and piece[-1] in '"”“'
    return piece[1:-1] if enclosed else piece


def quote(text: str) -> str:
    """The beginning of a very long part; still the field's own words."""
    return text if len(text) <= MAX_QUOTE else text[:MAX_QUOTE].rsplit(" ", 1)[0].strip()


def clean(text: str) -> str:
    """One line without control and format characters. A word that was broken at a line end is whole again."""
    text = re.sub(r"(?<=\w)-[^\S\r\n]*+[\r\n]\s*+(?=[a-zß-ÿ])", "", text)
    kept = (char for char in text if unicodedata.category(char) not in ("Cf", "Co", "Cs") or char == "\u200d")
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in kept).split())


def subject_of(text: str) -> str:
    """A part as it can stand between quotation marks in a sentence."""
    subject = re.sub(r"[“”„\"`]", "'", clean(text))
    before_parenthesis = subject.split(" (")[0]
    if len(subject) > MAX_SUBJECT and len(before_parenthesis) >= 12:
        subject = before_parenthesis
    subject = bounded(subject, characters=MAX_SUBJECT)
    return NO_SUBJECT if not subject or is_unquotable(subject) else subject


def bounded(text: str, *, characters: int, words: int = 1_000) -> str:
    """The text, or its beginning with an ellipsis that does not follow on a preposition or the like."""
    shorter = " ".join(text.split(" ")[:words])
    if len(shorter) > characters:
        shorter = shorter[: characters - 1]
        shorter = shorter.rsplit(" ", 1)[0]
    if shorter == text:
        return text
    if shorter.count("(") > shorter.count(")"):
        shorter = shorter[: shorter.rindex("(")].rstrip() or shorter
    small_word = r"(?:an?|the|of|to|for|from|in|on|at|with|by|and|or|that|which|und|der|die|das|für|mit|\d)"
    # Possessive (++), or a long row of signs would be tried in every partition.
    dangling = rf"(?:[\s,;:(=<>≤≥\u2013-]++{small_word}?)+$"
    return (re.sub(dangling, "", shorter, flags=re.IGNORECASE) or shorter) + "…"


def is_unquotable(text: str) -> bool:
    """Whether a text is about a person, or speaks to a language model."""
    personal = _PERSON.search(text) or about_the_person(text)
    return bool(personal or instruction_findings(text))
