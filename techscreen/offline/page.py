"""What is seen of a description that was copied from a page: a text comes in, the same without the rest goes out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from techscreen.text.reading import Seen, without_markup

# Elements that no page shows, and those that are hidden by an attribute or a style.
_UNSEEN = re.compile(
    r"<(script|style|template|noscript|title)\b[^<>]{0,300}>.*?</\1\s{0,9}>"
    r"|<(\w{1,10})\b[^<>]{0,300}?(?:\shidden(?=[\s>=])|display\s?:\s?none|visibility\s?:\s?hidden)[^<>]{0,300}>.*?</\2\s{0,9}>",
    re.IGNORECASE | re.DOTALL,
)

_ITEM = re.compile(r"(?:<|&(?:amp;){0,2}lt;)li\b", re.IGNORECASE)
_LINE_ENDS = re.compile(r"(?<![^\S\n])[^\S\n]*\n\s*")
_MANY_LINE_ENDS = re.compile(r"\n(?:[^\S\n]*\n){2,}")


def without_unseen(text: str) -> str:
    """The text with blanks for what a page hides, so that every place stays where it is."""
    if "<" not in text:
        return text
    return _UNSEEN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def readable(text: str) -> Seen:
    """The text as a person reads it on a page: without mark-up, each block on a line, list items with a bullet.

    A text without mark-up stays as it was typed, but for many blank lines in a row.
    """
    seen = without_markup(without_unseen(text))
    is_page = len(seen.text) < len(text) and "<" in text
    pieces = list(_lines_of_page(text, seen) if is_page else _typed_lines(seen))
    return Seen(
        "".join(piece for piece, _, _ in pieces),
        [start for _, start, _ in pieces],
        [end for _, _, end in pieces],
    )


def _typed_lines(seen: Seen) -> Iterator[tuple[str, int, int]]:
    done = 0
    for gap in _MANY_LINE_ENDS.finditer(seen.text):
        yield from _spans(seen, done, gap.start())
        yield "\n", seen.starts[gap.start()], seen.ends[gap.start()]
        yield "\n", seen.starts[gap.start() + 1], seen.ends[gap.end() - 1]
        done = gap.end()
    yield from _spans(seen, done, len(seen.text))


def _lines_of_page(text: str, seen: Seen) -> Iterator[tuple[str, int, int]]:
    done = 0
    for gap in _LINE_ENDS.finditer(seen.text):
        yield from _spans(seen, done, gap.start())
        done = gap.end()
        if done == len(seen.text):
            continue
        spans = [place for place in range(gap.start(), done) if seen.text[place] == "\n"]
        start, end = seen.starts[spans[0]], seen.ends[spans[-1]]
        is_item = any(_ITEM.match(text, seen.starts[place]) for place in spans)
        space = "\n" if is_item or len(spans) == 1 else "\n\n"
        for piece in ("" if gap.start() == 0 else space) + ("• " if is_item else ""):
            yield piece, start, end
    yield from _spans(seen, done, len(seen.text))


def _spans(seen: Seen, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    return zip(seen.text[start:end], seen.starts[start:end], seen.ends[start:end], strict=True)
