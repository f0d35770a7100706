"""Texts brought to one form, so that those that read the same compare as equal.

The functions differ in how much they throw away: `lower_in_place` only case, and it keeps every character at its place;
`caseless` also the ways in which Unicode encodes a letter; `plain` also the accents on Latin letters.
"""

from __future__ import annotations

import re
import unicodedata

MAX_MARKS = 30  # as in Unicode's Stream-Safe Text Format (UAX 15)


def nfkc(text: str) -> str:
    """The text in normal form NFKC, with at most MAX_MARKS combining marks on a letter and at most twice as long.

    The limits keep it fast: Unicode sorts the marks of a letter, so 16,000 on one letter would take half a second, and
    one Arabic ligature stands for 18 letters.
    """
    if text.isascii():
        return text
    marks = re.escape("".join(letter for letter in set(text) if unicodedata.combining(letter)))
    if marks:
        text = re.sub(rf"([{marks}]{{{MAX_MARKS}}})[{marks}]+", r"\1", text)
    return unicodedata.normalize("NFKC", text)[: 2 * len(text) + 18]


def lower_in_place(text: str) -> str:
    """The text in lower case with every character at its place: a letter whose lower case is longer stays as it is."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def caseless(text: str) -> str:
    """NFKC without case. Accents stay."""
    return nfkc(text).casefold()


def plain(text: str) -> str:
    """NFKC without case or accents on Latin letters (people leave accents out, and databases ignore them)."""
    text = unicodedata.normalize("NFKD", caseless(text))
    return unicodedata.normalize("NFKC", re.sub("[\u0300-\u036f]", "", text))
