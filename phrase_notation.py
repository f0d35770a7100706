"""A small notation for phrases to look for, and its translation into regular expressions.

    (a|b c)   one of these            [a|b]   one of these or nothing
    <name>    one of a class          word*   any ending
    -         a hyphen or a space     ...     up to four words more within the sentence
    ^         start of a text, line or sentence
    ^,        the same, or of a part of a list
    $         end of a text, line, sentence or part of a list
    ^^        start of a text or line     $$   end of a text or line; both may have their marks (“- ”, “.”)
    { }       the words that are reported, where that is not the whole match
    ....      up to twelve words more, beyond the sentence

Classes of numbers are built in: <age> (of a grown-up), <years> ("3", "5+", "3-5", "3 to 5"), <range> ("3-5") and
<number>. The expressions are for folded text (see `fold`): lower case, plain apostrophes and dashes. A comma or a line
break may stand between two words. Every repetition is bounded, so no text makes them slow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WORD = re.compile(r"[^\W_]+")
REPORTED = "reported"  # the group of an expression between { and }

_NUMBERS = {
    "age": r"(?:1[5-9]|[2-7]\d)",
    "years": r"\d{1,2} ?\+?(?: ?(?:-|to|or|bis|a) ?\d{1,2} ?\+?)?",
    "range": r"\d{1,2} ?(?:-|to) ?\d{1,2} ?\+?",
    "number": r"\d{1,3}",
}

_GAP = r"(?:,?[ \t*]{1,4}|,?[ \t*]{0,4}\r?\n[ \t]{0,8})"
_OTHERS = {
    "...": rf"(?:{_GAP}[^\s.!?;:]{{1,30}}){{0,4}}?",
    "....": rf"(?:{_GAP}[^\s]{{1,30}}){{0,12}}?",
}
_START, _END = r"(?<![\w@#.])(?<!\w-)", r"(?!\w|[-.]\w|\(\))"
_PLACES = {
    "^": r"(?:(?<![\s\S])|(?<=[\n\t.:!?;¿•*])|(?<=[.:!?;•*-] ))",
    "^,": r"(?:(?<![\s\S])|(?<=[\n\t.!?;,•*])|(?<=[.!?;,•*-] ))",
    "$": r"(?=[ \t*]{0,4}(?:[.,;:!?)\n\r/|]|(?![\s\S])))",
    "^^": r"(?:(?<![\s\S])|(?<=\n)|(?<=\n[-*•] )|(?<![\s\S]{3})(?<=[-*•] )|(?<=\*\*))",
    "$$": r"(?=[ \t*.!?]{0,4}(?:[\n\r]|(?![\s\S])))",
}
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_ALIKE = str.maketrans({"’": "'", "‘": "'", "\u00a0": " ", "\u202f": " ", "〜": "-"} | dict.fromkeys("‐‑‒–—", "-"))


def fold(text: str) -> str:
    """The text in lower case with plain apostrophes and dashes, blanks for fenced code; its length is kept."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
    lowered = lowered.translate(_ALIKE)
    return _FENCED.sub(lambda match: " " * len(match.group()), lowered) if "```" in lowered else lowered


class Notation:
    """Translates phrases; knows the classes that a data file has defined."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes

    def expression(self, phrase: str) -> tuple[str, frozenset[str]]:
        """The expression of a phrase, and key words: each match holds at least one of them, if there are any."""
        pattern, keys = self._sequence(phrase)
        return _START + pattern + _END, frozenset(keys)

    def next_words(self, alternatives: str) -> str:
        """The expression for one of the alternatives (a | b) as the next words after a place."""
        return _GAP + self._group(alternatives)[0] + _END

    def _sequence(self, phrase: str) -> tuple[str, set[str]]:
        """The pattern of a phrase, and its key words: those of the element with the longest words."""
        pattern, keys, pending, opening = "", set[str](), "", ""
        for element in _split(phrase, " "):
            if element in _PLACES:
                pattern += _PLACES[element]
            elif element in _OTHERS:
                pattern += _OTHERS[element]
            elif element == "{":
                opening = f"(?P<{REPORTED}>"
            elif element == "}":
                pattern += ")"
            else:
                one, words = self._group(element[1:-1]) if _is_group(element) else self._word(element)
                gap = _GAP if pattern and pattern not in _PLACES.values() and not pending else ""
                if element[0] != "[":
                    pattern += gap + opening + one
                    opening = ""
                    keys = words if words and _shortest(words) >= _shortest(keys) else keys
                    pending = ""
                elif gap:
                    pattern += f"(?:{gap}{one})?"
                else:  # at the beginning: what follows needs no gap of its own
                    pattern += f"(?:{one}{_GAP})?"
                    pending = "first"
        return pattern, keys

    def _group(self, inside: str) -> tuple[str, set[str]]:
        parts = sorted(
            (part.strip() for part in _split(inside, "|")), key=len, reverse=True
        )  # "military service" first
        pairs = [self._sequence(part) for part in parts]
        keys = {word for _, words in pairs for word in words} if all(words for _, words in pairs) else set()
        return f"(?:{'|'.join(pattern for pattern, _ in pairs)})", keys

    def _word(self, word: str) -> tuple[str, set[str]]:
        if set("()[]|") & set(word):
            raise ValueError(f"A bracket must begin an element of a phrase: {word}")
        pattern, keys = "", set[str]()
        for piece in re.split(r"(<[^>]+>)", word):
            if piece.startswith("<"):
                name = piece[1:-1]
                one, words = (_NUMBERS[name], set()) if name in _NUMBERS else self._group(self._classes[name])
                pattern += one
                keys = keys or words
            elif piece:
                pattern += re.escape(piece).replace(r"\-", "[- ]").replace(r"\*", r"[\w-]{0,20}")
                whole = WORD.findall(piece)[: -1 if piece.endswith("*") else None]
                keys = {max(whole, key=len)} if whole else keys
        return pattern, keys


def _split(text: str, sign: str) -> list[str]:
    """Split at a sign that stands outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == sign and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part.strip()]


def _is_group(element: str) -> bool:
    return (element[0], element[-1]) in (("(", ")"), ("[", "]"))


def _shortest(words: set[str]) -> int:
    return min((len(word) for word in words), default=0)
