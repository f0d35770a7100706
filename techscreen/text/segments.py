"""Running texts cut into parts: prose and code blocks, lines and list items, sentences.

Functions whose callers report places return spans (start, end); the others return the parts themselves.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

MAX_PIECES = 1_000  # pieces of one text; no team looks through a longer list
# A line of hard-wrapped text is longer than this before it breaks.
MIN_WRAPPED_LINE = 40

_FENCE = re.compile(r"[ \t]*(```+|~~~+)[ \t]*([\w+#.-]{0,20})")
# A run of line ends, and of the control characters that pasted texts have in their place.
LINE_END = re.compile(r"[\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029]+")
BULLET = re.compile(
    r"[^\S\n\r]*(?:(?:[-\u2013\u2014•●▪◦‣∙·*+>✓✔#\ue000-\uf8ff]+"
    r"|o|\[[ xX]?\]|\(?\d{1,2}[.)]|\(?[a-z]\)|[①-⑳])(?:[^\S\n\r]+|(?=[\n\r])|$)"
    r"|[・①-⑳][^\S\n\r]*)+"
)
_CONTINUES = re.compile(r"\s*[a-zß-ÿ(]")
_OPEN_ENDED = re.compile(
    r"(?:,|\b(?:the|a|an|and|or|of|to|with|for|in|from|und|oder|mit|von|für|der|die|das))\s*$", re.IGNORECASE
)
_BRACKET = re.compile(r"[(\[{（「『【〈]")
_BRACKETS = dict(zip("([{（「『【〈", ")]}）」』】〉", strict=True))

# The two ends of sentences differ on purpose. A question is written out, and a sentence of it that is overlooked is an
# ask that is overlooked, so every full stop counts. Notes such as WORK fields are full of abbreviations, so an end must
# be plain: none of these abbreviations, no single letter ("z. B."), and no small letter after it. But they also use
# semicolons and "(1) ... (2) ..." to set items off.
_SENTENCE_END = re.compile(r"(?<=[.!?])[)\]]?\s+|(?<=[？！。])|\n+")
ABBREVIATIONS = frozenset(
    "e.g. i.e. approx. acc. incl. etc. std. perf. max. min. mgmt. dev. exp. enh. resp. vs. no. nr. ca. bzw. inkl. "
    "ggf. evtl. usw. sog. vgl. insb. mind. mio. mrd. abt. dr. prof. dept. jr. sr. aprox. ej. ex. env. wks. mo.".split()
)
# "no." is one before a number; "learns to say no." ends a sentence.
_NO_ABBREVIATION = "".join(rf"(?<!\b(?i:{re.escape(word)}))" for word in sorted(ABBREVIATIONS - {"no."}))
_NO_NUMBER = r"(?:(?<!\b(?i:no\.))|(?=\s{1,20}\D))"
NOTE_END = re.compile(
    rf"(?<=[.!?]){_NO_ABBREVIATION}{_NO_NUMBER}(?<!\b\w\.)[\"”“)]?\s{{1,20}}(?=[^\Wa-zß-ÿ]|[\"“„(¿¡])|[;\uff1b]|[。\uff01\uff1f]"
    r"|,?(?: and| und)?\s(?=\(\d\)\s)|(?<!\s)\s{1,20}(?=[①-⑳])"
)


class CodeBlock(NamedTuple):
    """A block of fenced code: the language that its fence names, or "", and how many lines it has."""

    language: str
    lines: int


def without_code(text: str) -> tuple[str, list[CodeBlock]]:
    """The text with a line "…" in place of each block of fenced code, and the blocks. The last may be left open."""
    if "```" not in text and "~~~" not in text:
        return text, []
    prose: list[str] = []
    blocks: list[CodeBlock] = []
    mark = ""  # of the block that is open
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if mark and fence and fence[1].startswith(mark):
            mark = ""
        elif mark:
            blocks[-1] = blocks[-1]._replace(lines=blocks[-1].lines + 1)
        elif fence:
            mark = fence[1]
            blocks.append(CodeBlock(fence[2], 0))
            prose.append("…")
        else:
            prose.append(line)
    return "\n".join(prose), blocks


@lru_cache(maxsize=256)
def sentences_of(prose: str) -> tuple[str, ...]:
    """The sentences of a written-out text, without spaces around them. The end of a line ends a sentence."""
    return tuple(sentence.strip() for sentence in _SENTENCE_END.split(prose) if sentence.strip(" \t…"))


def lines_of(text: str) -> Iterator[tuple[int, int]]:
    """The lines of a text without their bullets. A sentence that was wrapped to fit a page counts as one line."""
    start = 0
    for found in [*LINE_END.finditer(text), None]:  # None stands for the end of the text
        stop = found.start() if found else len(text)
        if found and _runs_on(text, start, stop, found.end()):
            continue
        bullet = BULLET.match(text, start, stop)
        yield (bullet.end() if bullet else start), stop
        start = found.end() if found else stop


def _runs_on(text: str, start: int, stop: int, following: int) -> bool:
    """Whether the line from start to stop goes on in the next one, which begins at `following`."""
    if "\n" not in text[stop:following] or stop - start < 4 or BULLET.match(text, following):
        return False
    if following == len(text) or text.count("\n", stop, following) > 1:
        return False
    line = text[max(start, stop - 40) : stop]
    is_long = stop - start >= MIN_WRAPPED_LINE and not re.search(r"[.;:!?]\s*$", line)
    return bool(_OPEN_ENDED.search(line) or (is_long and _CONTINUES.match(text, following)))


def pieces_of(text: str, start: int, end: int, separator: re.Pattern[str]) -> list[tuple[int, int]]:
    """The pieces of a part of the text between separators, without those separators that stand in brackets."""
    closed = _bracketed(text, start, end)
    pieces, begin, bracket = [], start, 0
    for found in itertools.islice(separator.finditer(text, start, end), MAX_PIECES):
        while bracket < len(closed) and closed[bracket][1] <= found.start():
            bracket += 1
        if bracket < len(closed) and closed[bracket][0] < found.start():
            continue
        pieces.append((begin, found.start()))
        begin = found.end()
    return [*pieces, (begin, end)]


def _bracketed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The outermost pairs of brackets. A bracket that is never closed does not count."""
    if _BRACKET.search(text, start, end) is None:
        return []
    waiting: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for place in range(start, end):
        if text[place] in _BRACKETS:
            waiting.append((_BRACKETS[text[place]], place))
        elif waiting and text[place] == waiting[-1][0]:
            pairs.append((waiting.pop()[1], place))
    outermost: list[tuple[int, int]] = []
    for pair in sorted(pairs):
        if not outermost or pair[0] > outermost[-1][1]:
            outermost.append(pair)
    return outermost
