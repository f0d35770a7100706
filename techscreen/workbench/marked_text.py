"""Texts with marked places: what was removed or added, and findings with a number that leads to a note.

A text and places in it come in, harmless mark-up goes out. Whatever the text says, it is shown and never run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from markupsafe import Markup, escape

from techscreen.workbench.markdown import markdown_to_html

ChangeKind = Literal["removed", "added", "work"]
OPENING: dict[str, str] = {"removed": "<del>", "added": "<ins>", "work": '<ins class="work">'}
CLOSING: dict[str, str] = {"removed": "</del>", "added": "</ins>", "work": "</ins>"}

# Signs that stand for the beginnings and ends of places while Markdown becomes HTML: two for each place.
FIRST_SIGN, LAST_SIGN = 0xF0000, 0xFFFFD
_SIGN = f"[{chr(FIRST_SIGN)}-{chr(LAST_SIGN)}]"
_IS_SIGN = re.compile(_SIGN)
_HEADING = re.compile(r"<(/?)h([1-6])>")
_PIECE = re.compile(rf"(<[^<>]*>|{_SIGN})")
# The same signs in the address of a link.
_ENCODED_SIGN = re.compile(r"(?:%F3%B[0-9A-F]%[89AB][0-9A-F]%[89AB][0-9A-F])", re.IGNORECASE)
# What Markdown would read in another way with a sign inside: numbers of lists, addresses, fences, entities.
_WHOLE = re.compile(
    r"^[ \t]*\d{1,9}[.)][ \t]|\]\([^)\n]*\)|<[a-zA-Z][^<>\s]*>|^[ \t]*(?:```|~~~).*$|^[ \t]*\[[^\]\n]*\]:.*$"
    r"|&#?\w{1,31};",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Change:
    """Words that were removed or added, or that are from the WORK inputs."""

    start: int
    end: int
    kind: ChangeKind


@dataclass(frozen=True)
class Found:
    """Words in which something was found.

    Attributes:
        start, end: where they are.
        note: the number of the note that says what.
        name: the id of their place on the page.
        notes: what the ids of such notes begin with.
    """

    start: int
    end: int
    note: int
    name: str
    notes: str = "note"


@lru_cache(maxsize=64)
def marked_plain(text: str, changes: Sequence[Change] = (), found: Sequence[Found] = ()) -> Markup:
    """A text as it is, with its places marked. Both kinds may overlap."""
    writer = _Writer()
    done = 0
    for place, begins, mark in sorted(_borders(changes, found), key=lambda border: (border[0], border[1])):
        writer.text(str(escape(text[done:place])))
        done = place
        writer.turn(mark, begins)
    writer.text(str(escape(text[done:])))
    return writer.finish()


@lru_cache(maxsize=64)
def marked_markdown(
    source: str, changes: Sequence[Change] = (), found: Sequence[Found] = (), *, below: int = 3
) -> Markup:
    """A Markdown text as HTML, with its places marked. Places are those of the source.

    Args:
        below: the level of the heading that it stands under on its page; its own headings begin below that.
    """
    marks: list[Change | Found] = [*changes, *found]
    if _IS_SIGN.search(source) or 2 * len(marks) > LAST_SIGN - FIRST_SIGN:
        return Markup(_with_headings_below(markdown_to_html(source), below))  # noqa: S704  # sanitised there
    html = _ENCODED_SIGN.sub("", _with_headings_below(markdown_to_html(_with_signs(source, marks)), below))
    present = set(_IS_SIGN.findall(html))
    writer = _Writer()
    for piece in _PIECE.split(html):
        if not piece:
            continue
        if _IS_SIGN.match(piece):
            number, is_end = divmod(ord(piece) - FIRST_SIGN, 2)
            # A place whose end was lost would never end.
            if {chr(FIRST_SIGN + 2 * number), chr(FIRST_SIGN + 2 * number + 1)} <= present:
                writer.turn(marks[number], not is_end)
        elif piece[0] == "<":
            writer.tag(_IS_SIGN.sub("", piece))
        else:
            writer.text(piece)
    return writer.finish()


def _with_headings_below(html: str, level: int) -> str:
    """Headings one level below the one that they belong to, the highest below a level; none is skipped."""
    above: list[int] = []

    def lowered(heading: re.Match[str]) -> str:
        own = int(heading[2])
        if not heading[1]:
            while above and above[-1] >= own:
                above.pop()
            above.append(own)
        return f"<{heading[1]}h{min(level + len(above), 6)}>"

    return _HEADING.sub(lowered, html)


def _borders(changes: Sequence[Change], found: Sequence[Found]) -> Iterator[tuple[int, bool, Change | Found]]:
    marks: list[Change | Found] = [*changes, *found]
    for mark in marks:
        if mark.end > mark.start:
            yield mark.start, True, mark
            yield mark.end, False, mark


def _with_signs(source: str, marks: Sequence[Change | Found]) -> str:
    whole = [found.span() for found in _WHOLE.finditer(source)]
    signs: list[tuple[int, int, str]] = []
    for number, mark in enumerate(marks):
        start, end = max(mark.start, 0), min(mark.end, len(source))
        for first, after in whole:
            if first < start < after or (first == start and source[first] != "&"):
                start = _next_word(source, after, end)
        for first, after in reversed(whole):
            if first < end < after:
                end = _end_of_last_word(source, start, first)
        if start < end:
            # Of those in one place, ends come first.
            signs.append((start, 1, chr(FIRST_SIGN + 2 * number)))
            signs.append((end, 0, chr(FIRST_SIGN + 2 * number + 1)))
    parts, done = [], 0
    for place, _, sign in sorted(signs):
        parts += [source[done:place], sign]
        done = place
    return "".join([*parts, source[done:]])


def _next_word(text: str, place: int, most: int) -> int:
    while place < most and not text[place].isalnum():
        place += 1
    return place


def _end_of_last_word(text: str, least: int, place: int) -> int:
    while place > least and not text[place - 1].isalnum():
        place -= 1
    return place


class _Writer:
    """Writes mark-up in which the elements of marks stand within those of the text, and within each other, rightly."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._change: Change | None = None
        self._found: list[Found] = []
        self._open: list[str] = []  # the ends of the marks that are open
        self._named: set[str] = set()
        self._is_link = False

    def turn(self, mark: Change | Found, begins: bool) -> None:
        """A mark begins or ends here."""
        if isinstance(mark, Change):
            self._close()
            self._change = mark if begins else None
            return
        self._close(only_found=True)
        if begins:
            self._found.append(mark)
        elif mark in self._found:
            self._found.remove(mark)

    def tag(self, tag: str) -> None:
        """An element of the text begins or ends here."""
        self._close()
        self._is_link = tag.startswith("<a") or (self._is_link and not tag.startswith("</a"))
        self._parts.append(tag)

    def text(self, text: str) -> None:
        """Text that is escaped already."""
        if not text:
            return
        if text.strip():
            self._begin()
        self._parts.append(text)

    def finish(self) -> Markup:
        """All that was written."""
        self._close()
        return Markup("".join(self._parts))  # noqa: S704  # texts were escaped, elements sanitised

    def _begin(self) -> None:
        if self._change and not self._open:
            self._parts.append(OPENING[self._change.kind])
            self._open.append(CLOSING[self._change.kind])
        if self._found and not any(end.endswith("</mark>") for end in self._open):
            found = self._found[-1]
            if found.name in self._named or self._is_link:
                self._parts.append('<mark class="found">')
                self._open.append("</mark>")
            else:
                self._named.add(found.name)
                self._parts.append(f'<mark class="found"><a id="{found.name}" href="#{found.notes}-{found.note}">')
                number = f'<sup><span class="visually-hidden" lang="en"> note </span>{found.note}</sup>'
                self._open.append(f"{number}</a></mark>")

    def _close(self, *, only_found: bool = False) -> None:
        while self._open and not (only_found and not self._open[-1].endswith("</mark>")):
            self._parts.append(self._open.pop())
