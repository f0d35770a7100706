"""Whether a text stands only where one is still to be written: "TBD", "see attached PDF", "asdf asdf".

A text comes in; out goes what kind of placeholder it certainly is, if it is one. Every word seen of it must be in
`placeholder_words.txt`, or be no word: one that says anything of the work makes it a text. Words that are a duty beside
others ("test the website", "check documents") only count where nothing is named that they could be about.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from techscreen.text.normalise import plain
from techscreen.text.page import plain_words_of
from techscreen.text.tokens import read_table

PlaceholderKind = Literal["placeholder", "elsewhere"]

# Longer ones are not looked through to their end: nobody writes so many words that say nothing.
MAX_TOKENS: Final = 2_000
# What the words read so far have said, together: a sum of these.
_PLACEHOLDER, _LOOK, _WHERE, _ELSEWHERE, _TRIAL, _CHECK, _THING, _PERSON = (1 << place for place in range(8))
_SAYS: Final = {
    "placeholder": _PLACEHOLDER,
    "nonsense": _PLACEHOLDER,
    "trial": _TRIAL,
    "look": _LOOK,
    "check": _CHECK,
    "where": _WHERE,
    "thing": _THING,
    "person": _PERSON,
    "elsewhere": _ELSEWHERE,
    "beside": 0,
}
# Stand for an address or the name of a file, and for the number of a requisition.
_ADDRESS, _NUMBER = "\x01", "\x02"
_ADDRESSES = re.compile(
    r"https?://\S+|\bwww\.\S+|(?<!\S)[^\s<>]{1,200}\.(?:pdf|docx?|odt|rtf|pages|pptx?|xlsx?|txt)\b", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-z][a-z0-9]{0,9}/?>", re.IGNORECASE)
_REQUISITION = re.compile(r"\b[a-z]{1,6}[-_#]?\d{2,12}\b", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+|[\x01\x02]")
# The letter rows of keyboards, and how many neighbouring keys of each make no word of any language.
_ROWS: Final = (
    (5, "qwertyuiop"),
    (5, "qwertzuiop"),
    (5, "azertyuiop"),
    (3, "asdfghjkl"),
    (3, "qsdfghjklm"),
    (3, "zxcvbnm"),
    (3, "yxcvbnm"),
    (3, "wxcvbn"),
    (4, "йцукенгшщзхъ"),
    (4, "фывапролджэ"),
    (4, "ячсмитьбю"),
)
_ONE_LETTER = re.compile(r"x{2,}|([^\W\d])\1{3,}")


def placeholder_kind(text: str, *, of_title: bool = False) -> PlaceholderKind | None:
    """Which kind of placeholder a text certainly is; None if it says something, or has no word at all.

    "elsewhere" points to another text, such as an attachment, which nobody here can read.

    Args:
        text: as it was sent.
        of_title: whether it should name a post. "HR Manager (TBD)" does, and "Test" does no harm.
    """
    tokens = _tokens(text)
    if not tokens or len(tokens) > MAX_TOKENS:
        return None
    said: list[set[int]] = [{0}, *(set() for _ in tokens)]
    longest = _longest()
    for start, token in enumerate(tokens):
        if not said[start]:
            continue
        if token == _NUMBER or token.isdecimal():
            _go_on(said, start, start + 1, _WHERE if token == _NUMBER else 0)
        elif token == _ADDRESS:
            _go_on(said, start, start + 1, _ELSEWHERE)
        elif _is_typed_at_random(token):
            _go_on(said, start, start + 1, _PLACEHOLDER)
        for length in range(1, longest + 1):
            for meaning in _phrases().get(tuple(tokens[start : start + length]), ()):
                _go_on(said, start, min(start + length, len(tokens)), meaning)
    return _kind(said[-1], of_title=of_title)


def _go_on(said: list[set[int]], start: int, end: int, meaning: int) -> None:
    said[end] |= {before | meaning for before in said[start]}


def _kind(ways: set[int], *, of_title: bool) -> PlaceholderKind | None:
    """The kind, by all the ways in which a text can be read."""
    if of_title and any(way & _PERSON for way in ways):
        return None
    if any(map(_points_elsewhere, ways)):
        return "elsewhere"
    return "placeholder" if any(way & _PLACEHOLDER or (_is_trial(way) and not of_title) for way in ways) else None


def _points_elsewhere(way: int) -> bool:
    is_pointed_to = (way & _LOOK and way & (_WHERE | _THING)) or (way & _CHECK and way & _WHERE)
    return bool(way & _ELSEWHERE or is_pointed_to)


def _is_trial(way: int) -> bool:
    return bool(way & _TRIAL) and not way & (_WHERE | _THING | _PERSON | _CHECK)


def _tokens(text: str) -> list[str]:
    seen = plain_words_of(text).replace(_ADDRESS, " ").replace(_NUMBER, " ")
    marked = _ADDRESSES.sub(f" {_ADDRESS} ", _TAG.sub(" ", seen))
    return _TOKEN.findall(plain(_REQUISITION.sub(f" {_NUMBER} ", marked)))


def _is_typed_at_random(token: str) -> bool:
    return _ONE_LETTER.fullmatch(token) is not None or (len(token) > 3 and _keys().fullmatch(token) is not None)


@lru_cache(maxsize=1)
def _keys() -> re.Pattern[str]:
    """Matches words of nothing but runs of neighbouring keys."""
    runs = {
        row[start:end]
        for least, row in ((least, plain(row)) for least, row in _ROWS)
        for start in range(len(row))
        for end in range(start + least, len(row) + 1)
    } | {"qwer"}
    return re.compile(f"(?:{'|'.join(sorted(runs, key=lambda run: (-len(run), run)))})++")


@lru_cache(maxsize=1)
def _longest() -> int:
    return max(map(len, _phrases()))


@lru_cache(maxsize=1)
def _phrases() -> dict[tuple[str, ...], set[int]]:
    """What each phrase may say, by its words."""
    phrases: dict[tuple[str, ...], set[int]] = {}
    for kind, entries in read_table("placeholder_words.txt"):
        for entry in entries:
            phrases.setdefault(tuple(_TOKEN.findall(plain(entry))), set()).add(_SAYS[kind])
    return phrases
