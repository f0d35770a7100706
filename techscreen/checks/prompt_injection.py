"""Does a text contain instructions to a language model instead of describing work?

Such instructions have no effect, because texts are sent as data between tags that they cannot close; but somebody
should know. The signs to look for are in data/instruction_signs.txt. They are matched against a plain form of the text,
in which capitals, spaces, full-width letters, entities and invisible characters hide nothing, and reported at their
place in the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from techscreen.checks.findings import Finding
from techscreen.data import DATA

MAX_FINDINGS = 20
MAX_OF_A_LETTER = 4

# category: (reason, suggestion)
SENTENCES = {
    "override": (
        "These words tell a language model what to do instead of describing the work.",
        "Delete them; they have no effect on the texts that are written.",
    ),
    "fake_tag": (
        "This is a mark-up tag that programs use to set off instructions to a language model.",
        "Delete the tag, or describe in words which format is meant.",
    ),
    "fake_message": (
        "This imitates a message of a conversation with a language model.",
        "Delete it, or word it as a plain sentence about the work.",
    ),
    "secret_request": (
        "These words ask for settings, keys or hidden instructions of a program.",
        "Delete them; a job description needs no such request.",
    ),
    "hidden_text": (
        "This holds characters or mark-up that a reader does not see.",
        "Delete it, or write openly what it says.",
    ),
}

_ZERO_WIDTH = "\u200b\u200c\u200d\u2060-\u2064\ufeff\u180e"
# These do not count: one zero-width joiner (emoji, Persian, Hindi), a soft hyphen, a byte order mark, marks of writing
# direction, the tags of a flag emoji, and what word processors leave around a pasted fragment.
_HIDDEN = re.compile(
    rf"[{_ZERO_WIDTH}]{{3,}}"
    rf"|(?:[A-Za-z][{_ZERO_WIDTH}]{{1,2}}){{3,}}[A-Za-z]?"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
    "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}"
    "|[\u202d\u202e][^\u202c\n]{0,200}\u202c?"
    r"|<!--(?!\s{0,5}/?(?:Start|End)Fragment)(?!\s{0,5}\[(?:if|endif))"
    r"(?:(?:(?!-->)[^<]){1,2000}-->|[^<>\n]{1,300})"
    r"|<[a-z]{1,10}\s[^<>\n]{0,80}style\s?=\s?[\"'][^\"'\n]{0,80}?"
    r"(?:display\s?:\s?none|visibility\s?:\s?hidden|font-size\s?:\s?0|opacity\s?:\s?0(?![.\d]))[^<>\n]{0,80}>",
    re.IGNORECASE,
)

_ESCAPED = re.compile(r"\\{1,4}u003([ce])|&(l|g)t;|&#(?:x3([ce])|6([02]));|%3([ce])", re.IGNORECASE)
MAX_WORD, MAX_TIGHT_WORD = 30, 10
_WIDE_GAP = re.compile(r"\s\s")
_GAP = r"[\s_*~`·,/\\|-]"
_SPELLED_OUT = re.compile(r"(?<![^\W_])[a-z](?:[ \n._*-]{1,3}[a-z](?![^\W_])){6,}")


class _Sign(NamedTuple):
    category: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    tight: re.Pattern[str]
    in_capitals: bool


class _Plain(NamedTuple):
    """A plain form of a text, and for each of its characters the span in the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    on_one_line: str


def instruction_findings(text: str) -> list[Finding]:
    """The places where a text seems to instruct a language model, in the order of the text, at most MAX_FINDINGS.

    Categories: override, fake_tag, fake_message, secret_request, hidden_text. Sentences about such things ("design
    system prompts for our chatbot") are not found.
    """
    found = [("hidden_text", *match.span()) for match in _HIDDEN.finditer(text) if _is_hidden(match)]
    if _may_hold_a_sign(text):
        plain = _plain(text)
        spelled_out = _joined(plain)
        for sign in _possible_signs(plain.on_one_line):
            found += _places(sign, plain, text, sign.pattern)
        for sign in _signs() if spelled_out.text else ():
            found += _places(sign, spelled_out, text, sign.tight)
    findings: list[Finding] = []
    for category, start, end in sorted(set(found), key=lambda place: (place[1], -place[2], place[0])):
        if findings and start < findings[-1].end:
            continue  # one place, one finding
        reason, suggestion = SENTENCES[category]
        findings.append(Finding("instruction", category, text[start:end], reason, suggestion, start, end))
    return findings[:MAX_FINDINGS]


def _may_hold_a_sign(text: str) -> bool:
    """Whether a closer look is needed. Most texts contain no word of any sign, and this test is ten times as fast."""
    rough = " ".join(text.translate({ord(letter): _plain_letter(letter) for letter in set(text)}).split())
    return (
        _words().search(rough) is not None
        or _ESCAPED.search(text) is not None
        or _SPELLED_OUT.search(rough) is not None
    )


@lru_cache(maxsize=1)
def _words() -> re.Pattern[str]:
    """Every match of a sign contains one of these, with spaces for line ends."""
    return re.compile(_any_of({" ".join(word.split()) for sign in _signs() for word in sign.words}))


def _possible_signs(text: str) -> list[_Sign]:
    """The signs of which one of the words may be in the text."""
    wherever, by_beginning = _index()
    signs = _signs()
    return [
        signs[place] for place in sorted({place for begun in wherever.findall(text) for place in by_beginning[begun]})
    ]


@lru_cache(maxsize=1)
def _index() -> tuple[re.Pattern[str], dict[str, list[int]]]:
    """An expression for all beginnings of words, also overlapping ones, and the signs (as indexes) by beginning."""
    by_beginning: dict[str, list[int]] = {}
    for place, sign in enumerate(_signs()):
        for word in sign.words:
            begun = _words().match(" ".join(word.split()))
            assert begun is not None
            by_beginning.setdefault(begun.group(), []).append(place)
    return re.compile(f"(?=({_words().pattern}))"), by_beginning


def _any_of(words: set[str]) -> str:
    """An expression for any of the words, as a trie: ten times as fast as plain alternatives."""
    if "" in words:
        return ""
    firsts = sorted({word[0] for word in words})
    return (
        "(?:"
        + "|".join(re.escape(first) + _any_of({word[1:] for word in words if word[0] == first}) for first in firsts)
        + ")"
    )


def _is_hidden(match: re.Match[str]) -> bool:
    word = match.group()
    return not word.startswith("<!--") or re.search(r"[^\W\d_]{2}", word) is not None


def _places(sign: _Sign, plain: _Plain, text: str, pattern: re.Pattern[str]) -> list[tuple[str, int, int]]:
    tight = pattern is sign.tight
    if not any((word.replace(" ", "") if tight else word) in plain.on_one_line for word in sign.words):
        return []
    places = []
    for match in pattern.finditer(plain.text):
        begin, stop = match.span()
        # What precedes an order shows that it is one, but is not part of it.
        lead_in = ' \n.,;:!?>*"“(-' if sign.category in ("override", "secret_request") else " \n"
        while begin < stop and plain.text[begin] in lead_in:
            begin += 1
        while begin < stop and plain.text[stop - 1] in " \n":
            stop -= 1
        if begin == stop:
            continue
        start, end = plain.starts[begin], plain.ends[stop - 1]
        if not sign.in_capitals or text[start:end].isupper():
            places.append((sign.category, start, end))
    return places


def _plain(text: str) -> _Plain:
    """The text in lower case without accents, entities and invisible characters; each gap is one space or line end."""
    table = {ord(letter): _plain_letter(letter) for letter in set(text)}
    if all(len(letter) == 1 for letter in table.values()) and not _ESCAPED.search(text) and not _WIDE_GAP.search(text):
        as_it_stands = text.translate(table)
        one_line = as_it_stands.replace("\n", " ")
        return _Plain(as_it_stands, range(len(text)), range(1, len(text) + 1), one_line)
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    escaped = {match.start(): match for match in _ESCAPED.finditer(text)}
    place = 0
    while place < len(text):
        escape = escaped.get(place)
        end = escape.end() if escape else place + 1
        if escape:
            letter = "<" if next(filter(None, escape.groups())).lower() in ("c", "l", "0") else ">"
        else:
            letter = _plain_letter(text[place])
        if letter in ("\n", " ") and letters and letters[-1] in ("\n", " "):
            letters[-1] = min(letter, letters[-1])  # a line end outweighs a space
            ends[-1] = end
        else:
            letters += letter
            starts += [place] * len(letter)
            ends += [end] * len(letter)
        place = end
    joined = "".join(letters)
    return _Plain(joined, starts, ends, joined.replace("\n", " "))


@lru_cache(maxsize=4096)
def _plain_letter(letter: str) -> str:
    """The plain form of a letter, at most MAX_OF_A_LETTER letters: one Arabic ligature stands for 18.

    Unlike the functions in text/normalise.py, it drops accents in every script and invisible characters, since they
    hide words, and goes letter by letter, since findings need their places.
    """
    if letter in "\n\r\v\f\x85\u2028\u2029":
        return "\n"
    if letter.isspace():
        return " "
    letter = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", letter).casefold())
    return "".join(part for part in letter if unicodedata.category(part) not in ("Cf", "Cc", "Mn", "Me"))[
        :MAX_OF_A_LETTER
    ]


def _joined(plain: _Plain) -> _Plain:
    """The passages that are spelled out ("i g n o r e"), without the gaps; one line each."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _SPELLED_OUT.finditer(plain.text):
        places = [place for place in range(*match.span()) if plain.text[place].isalnum()]
        letters += [plain.text[place] for place in places] + ["\n"]
        starts += [plain.starts[place] for place in places] + [plain.ends[places[-1]]]
        ends += [plain.ends[place] for place in places] + [plain.ends[places[-1]]]
    joined = "".join(letters)
    return _Plain(joined, starts, ends, joined.replace("\n", " "))


@lru_cache(maxsize=1)
def _signs() -> list[_Sign]:
    sets: dict[str, str] = {}
    signs = []
    for line in (DATA / "instruction_signs.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            name, _, words = line[1:].partition(" = ")
            sets[name] = words
        elif line.strip() and not line.startswith("#"):
            category, words, expression = line.split(" | ", 2)
            for name, members in sets.items():
                expression = expression.replace("{" + name + "}", members)
            category, _, capitals = category.strip().partition("/")
            needed = tuple(word.strip() for word in words.split(", "))
            signs.append(_Sign(category, needed, _compiled(expression, 1), _compiled(expression, 0), bool(capitals)))
    return signs


def _compiled(expression: str, fewest: int) -> re.Pattern[str]:
    """The expression with each space outside brackets replaced by a gap, of no length in text that was spelled out."""
    gap = f"{_GAP}{{{fewest},4}}"
    # A gap may contain "_", so a word must not. Where no gap marks its end, only short words are tried.
    longest = MAX_WORD if fewest else MAX_TIGHT_WORD
    expression = expression.replace(r"\w+", rf"[^\W_]{{1,{longest}}}").replace(r"\w*", rf"[^\W_]{{0,{longest}}}")
    spaced = re.sub(
        r"\[(?:\\.|[^\]\\])*\]|\(\?<[!=][^)]*\)| \?| ", lambda match: _gap_for(match.group(), gap), expression
    )
    return re.compile(spaced if fewest else spaced.replace(r"\b", ""), 0)


def _gap_for(piece: str, gap: str) -> str:
    if piece == " ":
        return gap
    return r"\s?" if piece == " ?" else piece
