"""A text as its reader sees it, cut once into words, sentences and clauses that know their places in the original.

Mark-up, entities (also escaped twice), soft hyphens, zero-width characters, ligatures, mathematical letters and unusual
spaces change what a text looks like to a program and nothing of what it says.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

# The rest of a text is ignored. Longer than any text that is accepted or delivered.
MAX_CHARACTERS = 40_000
MAX_ENTITY_DEPTH = 3
MIN_CLAUSE_WORDS = 4

_ENTITY = re.compile(r"&(?:amp;){0,2}(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
_BLOCK = (
    "address article blockquote br dd div dl dt footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section table td th tr"
)
_INLINE = "a abbr b big code del em font i ins kbd mark o s small span strong sub sup tbody tfoot thead tt u ul wbr"
_TAG = re.compile(rf"</?({'|'.join((*_BLOCK.split(), *_INLINE.split()))})(?:\s[^<>]{{0,500}})?/?>", re.IGNORECASE)
# Nothing is looked for across the beginning of another one, so that many of them take no time.
COMMENT = r"<!--((?:[^-<]|-(?!->)|<(?!!--)){0,2000}+)-->"
# Comments, and what no page shows either: declarations, and the tags of word processors, such as <o:p>.
_COMMENT = re.compile(
    rf"{COMMENT}|<(?:!doctype\b|!\[|\?xml\b|/?(?:o|w|v|st\d|u\d|xml):[a-z])[^<>]{{0,500}}>", re.IGNORECASE
)
_ENDS_A_LINE = frozenset((*_BLOCK.split(), "ul"))
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")

_WORD = re.compile(r"[^\W_]+|[?!,;:/()\"]")
# Addresses and code say nothing about anybody, whatever words they have.
_NO_PROSE = re.compile(
    r"```.{0,20000}?(?:```|\Z)|`[^`\n]{1,400}`|\b(?:https?://|www\.)[^\s<>\"]{1,500}|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,100}",
    re.DOTALL,
)
MAX_WORD = 30  # characters; what is longer, or mixes letters and digits from a dozen on, is a key or a digest
MIN_MIXED = 12
# A line that goes on with a small letter was only wrapped.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[)\]\"”]?\s+|(?<=。)|\n+(?![ \t]*[a-zß-ÿ])")
_CLAUSE_END = re.compile(
    r"[,;:()]\s*|\s[-–—]\s|\s(?=(?:and|or|but|because|und|oder|aber|weil|y|e|o|pero|porque|et|ou|mais|parce|ma|perché"
    r"|mas|en|maar|omdat)\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reading:
    """A text that has been read.

    Attributes:
        text: the original.
        words: its words and marks in lower case without accents, with digits as their number ("##" for 24).
        starts, ends: the place of each word in the original.
        sentences: (first, last + 1) of each sentence, as indexes of words.
        clauses: the same for each clause of at least MIN_CLAUSE_WORDS words.
    """

    text: str
    words: tuple[str, ...]
    starts: Sequence[int]
    ends: Sequence[int]
    sentences: tuple[tuple[int, int], ...]
    clauses: tuple[tuple[int, int], ...]

    def place_of(self, first: int, after: int) -> tuple[int, int]:
        """The span in the original of the words from `first` to before `after`."""
        return self.starts[first], self.ends[after - 1]


@lru_cache(maxsize=256)  # a text that was checked is reported on soon after
def read(text: str) -> Reading:
    """Read a text. Any text is accepted."""
    seen = _seen(text[:MAX_CHARACTERS])
    found = [(match.group(), *match.span()) for match in _WORD.finditer(_prose(seen.text)) if _is_word(match.group())]
    begins = [begin for _, begin, _ in found]

    def ranges(pieces: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        for start, end in pieces:
            first, after = bisect_left(begins, start), bisect_left(begins, end)
            if after > first:
                yield first, after

    sentence_spans = list(_pieces(seen.text, 0, len(seen.text), _SENTENCE_END))
    clause_spans = (piece for span in sentence_spans for piece in _pieces(seen.text, *span, _CLAUSE_END))
    return Reading(
        text=text,
        words=tuple(folded(word) for word, _, _ in found),
        starts=[seen.starts[begin] for _, begin, _ in found],
        ends=[seen.ends[end - 1] for _, _, end in found],
        sentences=tuple(ranges(iter(sentence_spans))),
        clauses=tuple(span for span in ranges(clause_spans) if _is_long_enough(found[span[0] : span[1]])),
    )


def _prose(text: str) -> str:
    """The text with blanks in place of addresses and code."""
    if "`" not in text and "@" not in text and "://" not in text and "www." not in text:
        return text
    return _NO_PROSE.sub(lambda found: " " * len(found.group()), text)


def _is_word(word: str) -> bool:
    return len(word) < MIN_MIXED or (len(word) <= MAX_WORD and (word.isalpha() or word.isdigit()))


def _is_long_enough(found: Sequence[tuple[str, int, int]]) -> bool:
    return sum(word[0].isalnum() for word, _, _ in found) >= MIN_CLAUSE_WORDS


@lru_cache(maxsize=8192)
def folded(word: str) -> str:
    """A word without case or accents; a number as one sign for each digit."""
    if word.isdigit():
        return "#" * min(len(word), 5)
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)) or word


def _pieces(text: str, start: int, end: int, separator: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    for found in separator.finditer(text, start, end):
        yield start, found.start()
        start = found.end()
    yield start, end


@dataclass(frozen=True)
class Seen:
    """What is seen of a text, and the span in the original of each of its characters."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def _seen(text: str) -> Seen:
    if "<" not in text and "&" not in text and all(map(_is_plain, set(text))):
        return Seen(text, range(len(text)), range(1, len(text) + 1))
    decoded = _without_tags(decode(text))
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for cluster, start, end in _clusters(decoded):
        plain = _plain(cluster)
        letters += plain
        starts += [start] * len(plain)
        ends += [end] * len(plain)
    return Seen("".join(letters), starts, ends)


def decode(text: str) -> Seen:
    """The text with its entities decoded, also those escaped twice."""
    if "&" not in text:
        return Seen(text, range(len(text)), range(1, len(text) + 1))
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for entity in _ENTITY.finditer(text):
        letters += text[done : entity.start()]
        starts += range(done, entity.start())
        ends += range(done + 1, entity.start() + 1)
        meant = entity.group()
        for _ in range(MAX_ENTITY_DEPTH):
            meant = html.unescape(meant)
        letters += meant
        starts += [entity.start()] * len(meant)
        ends += [entity.end()] * len(meant)
        done = entity.end()
    letters += text[done:]
    return Seen("".join(letters), [*starts, *range(done, len(text))], [*ends, *range(done + 1, len(text) + 1)])


def without_markup(text: str) -> Seen:
    """The text with its entities decoded, without tags and comments."""
    return _without_tags(decode(text))


def _without_tags(seen: Seen) -> Seen:
    """Without tags and comments. The tag of a block ends a line."""
    if "<" not in seen.text:
        return seen
    kept: list[tuple[str, int, int]] = []
    done = 0
    for tag in sorted((*_TAG.finditer(seen.text), *_COMMENT.finditer(seen.text)), key=lambda found: found.start()):
        if tag.start() < done:
            continue
        kept += _spans(seen, done, tag.start())
        if tag.re is _TAG and tag[1].lower() in _ENDS_A_LINE:
            kept.append(("\n", seen.starts[tag.start()], seen.ends[tag.end() - 1]))
        done = tag.end()
    kept += _spans(seen, done, len(seen.text))
    return Seen("".join(letter for letter, _, _ in kept), [s for _, s, _ in kept], [e for _, _, e in kept])


def _spans(seen: Seen, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    return zip(seen.text[start:end], seen.starts[start:end], seen.ends[start:end], strict=True)


def _clusters(seen: Seen) -> Iterator[tuple[str, int, int]]:
    """The characters, each with the accents that follow it."""
    place, text = 0, seen.text
    while place < len(text):
        after = place + 1
        while after < len(text) and unicodedata.combining(text[after]):
            after += 1
        yield text[place : min(after, place + 5)], seen.starts[place], seen.ends[after - 1]
        place = after


@lru_cache(maxsize=4096)
def _is_plain(character: str) -> bool:
    return not unicodedata.combining(character) and (character == "\t" or _plain(character) == character)


@lru_cache(maxsize=4096)
def _plain(cluster: str) -> str:
    """What is seen of a character: nothing, or one or a few ordinary ones."""
    if cluster[0] in "\r*":  # the one comes with a line end, the other makes words bold
        return ""
    if cluster[0] in _LINE_ENDS:
        return "\n"
    if cluster[0].isspace():
        return " "
    if unicodedata.category(cluster[0]) in ("Cf", "Cc", "Mn", "Me"):
        return ""
    if cluster[0] in "！？":  # no space follows them, and their ordinary forms end a sentence only before one
        return f"{unicodedata.normalize('NFKC', cluster[0])} "
    return unicodedata.normalize("NFKC", cluster)[:4]
