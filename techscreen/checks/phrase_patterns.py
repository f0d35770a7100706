"""A small notation for phrases, and its translation into regular expressions.

    (a|b c)   one of these            [a|b]   one of these, or nothing
    <name>    one of a class          word*   any ending
    -         a hyphen or a space     ...     up to four more words of the sentence
    ^         start of a text, line or sentence
    ^,        the same, or start of a list item after a comma
    $         end of a text, line, sentence or list item
    ^^        start of a text or line, after a bullet     $$   end of a text or line, after a full stop
    { }       the words to report, where they are not the whole match
    ....      up to twelve more words, also beyond the sentence

Classes of numbers are built in: <age> (of a grown-up), <years> ("3", "5+", "3-5", "3 to 5"), <range> ("3-5") and
<number>. The expressions are for folded text (see `fold`): lower case, plain apostrophes and dashes. There may be a
comma or a line break between two words.

No text makes them slow: every repetition is bounded, and gaps and the words of `...` are atomic and begin with
different characters, so there is only one way to divide a text into them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from techscreen.text.normalise import lower_in_place

WORD = re.compile(r"[^\W_]+")
REPORTED = "reported"  # the group of an expression between { and }

_NUMBERS = {
    "age": r"(?:1[5-9]|[2-7]\d)",
    "years": r"\d{1,2} ?\+?(?: ?(?:-|to|or|bis|a) ?\d{1,2} ?\+?)?",
    "range": r"\d{1,2} ?(?:-|to) ?\d{1,2} ?\+?",
    "number": r"\d{1,3}",
}

_GAP = r"(?>,?[ \t*]{0,4}\r?\n[ \t]{0,8}|,?[ \t*]{1,4})"
_MAX_GAP, _MAX_NUMBER = 15, 20
_OTHERS = {
    "...": rf"(?:{_GAP}(?>[^\s*.!?;:][^\s.!?;:]{{0,29}})){{0,4}}?",
    "....": rf"(?:{_GAP}(?>[^\s*]\S{{0,29}})){{0,12}}?",
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
    """The text in lower case with plain apostrophes and dashes and without fenced code, each character at its place."""
    lowered = lower_in_place(text).translate(_ALIKE)
    return _FENCED.sub(lambda match: " " * len(match.group()), lowered) if "```" in lowered else lowered


class Notation:
    """Translates phrases. It knows the classes that a data file has defined."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes

    def expression(self, phrase: str) -> tuple[str, frozenset[str], int]:
        """A phrase's expression, its key words (each match contains one, if there are any), and the longest match."""
        pattern, keys, longest = self._sequence(phrase)
        return _START + pattern + _END, frozenset(keys), longest

    def next_words(self, alternatives: str) -> str:
        """The expression for one of the alternatives (a | b) right after a match."""
        return _GAP + self._group(alternatives)[0] + _END

    def _sequence(self, phrase: str) -> tuple[str, set[str], int]:
        """The pattern of a phrase, its key words (of the element with the longest), and the longest match."""
        pattern, keys, longest, pending, opening = "", set[str](), 0, "", ""
        for element in _split(phrase, " "):
            if element in _PLACES:
                pattern += _PLACES[element]
            elif element in _OTHERS:
                pattern += _OTHERS[element]
                longest += (4 if element == "..." else 12) * (_MAX_GAP + 30)
            elif element == "{":
                opening = f"(?P<{REPORTED}>"
            elif element == "}":
                pattern += ")"
            else:
                one, words, length = self._group(element[1:-1]) if _is_group(element) else self._word(element)
                longest += _MAX_GAP + length
                gap = _GAP if pattern and pattern not in _PLACES.values() and not pending else ""
                if element[0] != "[":
                    pattern += gap + opening + one
                    opening = ""
                    keys = words if words and _shortest(words) >= _shortest(keys) else keys
                    pending = ""
                elif gap:
                    pattern += f"(?:{gap}{one})?"
                else:  # at the beginning, the gap belongs to the optional word
                    pattern += f"(?:{one}{_GAP})?"
                    pending = "first"
        return pattern, keys, longest

    def _group(self, inside: str) -> tuple[str, set[str], int]:
        parts = sorted(
            (part.strip() for part in _split(inside, "|")), key=len, reverse=True
        )  # the longest first: "military service" before "military"
        found = [self._sequence(part) for part in parts]
        keys = {word for _, words, _ in found for word in words} if all(words for _, words, _ in found) else set()
        return f"(?:{'|'.join(pattern for pattern, _, _ in found)})", keys, max(length for _, _, length in found)

    def _word(self, word: str) -> tuple[str, set[str], int]:
        if set("()[]|") & set(word):
            raise ValueError(f"A bracket must begin an element of a phrase: {word}")
        pattern, keys, longest = "", set[str](), 0
        for piece in re.split(r"(<[^>]+>)", word):
            if piece.startswith("<"):
                name = piece[1:-1]
                if name in _NUMBERS:
                    one, words, length = _NUMBERS[name], set[str](), _MAX_NUMBER
                else:
                    one, words, length = self._group(self._classes[name])
                pattern += one
                longest += length
                keys = keys or words
            elif piece:
                pattern += re.escape(piece).replace(r"\-", "[- ]").replace(r"\*", r"[\w-]{0,20}")
                whole = WORD.findall(piece)[: -1 if piece.endswith("*") else None]
                keys = {max(whole, key=len)} if whole else keys
                longest += len(piece) + 20 * piece.count("*")
        return pattern, keys, longest


def _split(text: str, sign: str) -> list[str]:
    """Split at a character, but not within brackets."""
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
