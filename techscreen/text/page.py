"""What is seen of a description that was copied from a page: a text comes in, the same without the rest goes out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from techscreen.text.reading import Seen, decode, without_markup

# Elements that no page shows, and those that are hidden by an attribute or a style.
_UNSEEN = re.compile(
    r"<(script|style|template|noscript|title)\b[^<>]{0,300}>.*?</\1\s{0,9}>"
    r"|<(\w{1,10})\b[^<>]{0,300}?(?:\shidden(?=[\s>=])|display\s?:\s?none|visibility\s?:\s?hidden)[^<>]{0,300}>.*?</\2\s{0,9}>",
    re.IGNORECASE | re.DOTALL,
)

# What a page shows as something else than words: pictures, frames, what is typed into.
_NO_WORDS = re.compile(
    r"</?(?:img|image|picture|source|svg|i?frame|frameset|object|embed|applet|param|video|audio|track|canvas|map|area|base"
    r"|link|meta|input|button|select|textarea|script|style|template|noscript|title|col|colgroup|label|cite|q|dfn|var|samp|time"
    r"|data|bdi|bdo|acronym|strike|nobr)\b[^<>]{0,500}>",
    re.IGNORECASE,
)
# Further elements whose words stand on lines of their own.
_PARTS_OF_PAGE = re.compile(
    r"</?(?:html|head|body|main|nav|aside|form|figure|figcaption|center|details|summary|caption|fieldset|legend|option)\b"
    r"[^<>]{0,500}>",
    re.IGNORECASE,
)

# What only a page has: an element that is closed, one that holds a block, or a line break that touches a word.
_PAGE = re.compile(
    r"</[a-z]|<(?:p|div|ul|ol|li|table|tr|td|h[1-6]|section|article)(?:\s[^<>]{0,500})?>|\S<br\s?/?>|<br\s?/?>\S"
    r"|<br\s?/?>\s{0,99}(?:\n|<br|\Z)",
    re.IGNORECASE,
)
# Tracking systems also give away a page with every tag escaped: it begins and ends with one.
_ESCAPED_PAGE = re.compile(
    r"\s*+&(?:amp;){0,2}lt;(?:p|div|ul|ol|h[1-6]|span|strong|b|section|table)\b.*&(?:amp;){0,2}lt;/?[a-z][a-z0-9]{0,9}\s?/?"
    r"&(?:amp;){0,2}gt;\s*+\Z",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(r"(`[^`\n]{1,400}`)")
# Many editors put a paragraph into every item.
_OPENED_ITEM = re.compile(r"<li\b[^<>]{0,200}>(?:\s{0,99}<(?:p|div)\b[^<>]{0,200}>){0,3}", re.IGNORECASE)
_ITEM = re.compile(r"(?:<|&(?:amp;){0,2}lt;)li\b", re.IGNORECASE)
# Blanks are looked at once, not again from each of them on.
_LINE_ENDS = re.compile(r"(?<![^\S\n])[^\S\n]*+\n\s*")
_MANY_LINE_ENDS = re.compile(r"\n(?:[^\S\n]*\n){2,}")


def without_unseen(text: str) -> str:
    """The text with blanks for what a page hides, so that every place stays where it is."""
    if "<" not in text:
        return text
    return _UNSEEN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def words_of(text: str, item: str = "\n") -> str:
    """The words that a person reads of a text, be it a page or plain.

    Of a page, mark-up is left out, and all that is hidden or no words; also if every tag of it is escaped. In code, and
    in plain prose that only speaks of a tag ("You know <canvas>"), tags are words.

    Args:
        text: as it was sent.
        item: what an item of a list begins with.
    """
    text = _unescaped(text)
    if not _PAGE.search(text):
        return decode(text).text
    pieces = _CODE.split(_UNSEEN.sub("", text))
    return "".join(decode(piece).text if place % 2 else _prose_of(piece, item) for place, piece in enumerate(pieces))


def plain_words_of(text: str) -> str:
    """The words that are seen of a text, without any tag, also where plain prose speaks of one."""
    return without_markup(words_of(text)).text if "<" in text or "&" in text else text


def _prose_of(piece: str, item: str) -> str:
    return without_markup(_PARTS_OF_PAGE.sub("\n", _NO_WORDS.sub("", _OPENED_ITEM.sub(item, piece)))).text


def _unescaped(text: str) -> str:
    return decode(text).text if "<" not in text and _ESCAPED_PAGE.match(text) else text


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
