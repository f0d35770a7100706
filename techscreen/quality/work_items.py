"""The texts of a requisition, above all its WORK fields, divided into the things that they ask for.

Texts of a hiring team come in, in any form from keywords to prose; parts with their places go out.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping

from techscreen.text.reading import without_markup
from techscreen.text.segments import ABBREVIATIONS, MAX_PIECES, NOTE_END, lines_of, pieces_of

LISTS = ("work_knowledge", "work_competencies")  # fields whose commas separate

_COMMA = re.compile(r"(?<!\d),|,(?!\d)|[\uff0c、]")
_LIST_SIGN = re.compile(rf"{_COMMA.pattern}|\s\+\s|\s?・\s?|\s[•·|]\s")
# After a comma, one of these words continues the piece before it.
_GOES_ON = re.compile(
    r"\s*(?:which|who|that|where|when|while|because|since|if|unless|but|including|such as|for example"
    r"|especially|particularly|preferably|ideally|not|no|then|so|even|plus if|dass|weil|wenn|damit|um|aber|sondern"
    r"|insbesondere|vor allem|idealerweise|auch|nicht"
    r"|(?:die|der|das|den|dem|deren|dessen)(?=\s.*\s[a-zß-ÿ]+(?:en|t)\s*$)"
    r"|que|como|pero|especialmente)\b|\s*(?:e\.g\.|i\.e\.|z\. ?B\.|d\. ?h\.)",
    re.IGNORECASE,
)
_ENUMERATION = re.compile(r"\b(?:and|or|und|oder|sowie|y|e|et|ou)\b|&", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\s*\(\d\)\s+|\s*(?:and|or|und|oder|sowie|y|e|et|ou)\s+"
    r"|\s*(?:must(?: have)?s?|should(?: have)?|nice(?: to have)?|required?|requirements?|optional|desirable|essential"
    r"|preferred|useful|scope|stack|tools|languages|skills|knowledge|technologies|muss|soll|kann|pflicht|wünschenswert"
    r"|kenntnisse|imprescindible|deseable|必須|歓迎)[:：]\s*",
    re.IGNORECASE,
)
# The type of a list, such as List<String>.
_CLOSES = re.compile(r"\w<[^<>]{1,60}>\Z")
_EDGES = " \t\r\n\v\f\u00a0\u3000,;:、，；。.!?|\u2013\u2014•*>・①②③④⑤⑥⑦⑧⑨\u200b\ufeff"
_NOTHING = re.compile(
    r"(?:none|n\.?/?a\.?|not applicable|tb[cda]|unknown|see above|nothing|etc|usw|u\.? ?a|keine?r?|keine angaben?"
    r"|nicht zutreffend|entfällt|ninguno|ninguna|no aplica|aucun|null|nil|todo|なし|特になし)",
    re.IGNORECASE,
)
# Parts of a field; no team looks through a longer list.
MAX_PARTS = 100


@dataclasses.dataclass(frozen=True)
class WorkPart:
    """One thing that a WORK field asks for.

    Attributes:
        field: the name of the field, such as `work_knowledge`.
        part: its words, as they are seen in the field.
        start, end: its span in `source`.
        source: the whole field, without mark-up.
    """

    field: str
    part: str
    start: int
    end: int
    source: str = dataclasses.field(repr=False, compare=False)


def work_parts(texts: Mapping[str, str | None]) -> list[WorkPart]:
    """The parts of texts such as the WORK fields, by field, in their order, each once.

    Lines, bullets, semicolons and sentences separate parts, and so do commas in the lists of knowledge and competencies
    and wherever else they plainly separate whole items. Nothing is divided within brackets or numbers. Each field has
    at most MAX_PARTS.
    """
    parts = []
    for name, given in texts.items():
        text = without_markup(given or "").text
        seen: set[str] = set()
        for start, end in itertools.islice(_spans(text, name), MAX_PIECES):
            key = " ".join(text[start:end].casefold().split())
            if key not in seen and not _says_nothing(key) and len(seen) < MAX_PARTS:
                seen.add(key)
                parts.append(WorkPart(name, text[start:end], start, end, text))
    return parts


def _says_nothing(key: str) -> bool:
    words = [place for place, character in enumerate(key) if character.isalnum()]
    return not words or _NOTHING.fullmatch(key, words[0], words[-1] + 1) is not None


def _spans(text: str, name: str) -> Iterator[tuple[int, int]]:
    for start, end in lines_of(text):
        if text[start:end].rstrip().endswith((":", "：")):
            continue  # the heading of a list
        for sentence in pieces_of(text, start, end, NOTE_END):
            for piece in _split_at_commas(text, *sentence, name):
                yield _trimmed(text, *piece, name)


def _split_at_commas(text: str, start: int, end: int, name: str) -> list[tuple[int, int]]:
    """The items of a list; a sentence that only ends in "a, b and c" is left whole."""
    if name in LISTS:
        return _joined(text, pieces_of(text, start, end, _LIST_SIGN))
    pieces = _joined(text, pieces_of(text, start, end, _COMMA))
    lengths = [len(text[begin:stop].split()) for begin, stop in pieces]
    is_enumeration = _ENUMERATION.search(text, *pieces[-1]) is not None
    is_of_single_words = 4 * sum(length < 2 for length in lengths) > len(lengths)
    is_colon_list = re.search(r":\s", text[pieces[0][0] : pieces[0][1]]) is not None
    return [(start, end)] if is_enumeration or is_of_single_words or is_colon_list else pieces


def _joined(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces, with each subordinate clause joined to the piece that it belongs to."""
    joined = pieces[:1]
    for begin, stop in pieces[1:]:
        if _GOES_ON.match(text, begin, stop):
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((begin, stop))
    return joined


def _trimmed(text: str, start: int, end: int, name: str) -> tuple[int, int]:
    """The span without spaces, punctuation and, in a list, without "and" or a label such as "Must:" before it."""
    while start < end and text[start] in _EDGES and not _is_dotted_name(text, start):
        start += 1
    lead_in = _LEAD_IN.match(text, start, end)
    if lead_in and (name in LISTS or not lead_in.group().rstrip().endswith(":")):
        start = lead_in.end()
    while start < end and text[end - 1] in _EDGES and not _is_of_last_word(text, start, end):
        end -= 1
    return start, end


def _is_of_last_word(text: str, start: int, end: int) -> bool:
    return _is_abbreviation(text, start, end) or _CLOSES.search(text, start, end) is not None


def _is_dotted_name(text: str, place: int) -> bool:
    return text[place] == "." and text[place + 1 : place + 2].isalpha()  # .NET


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    if text[end - 1] != ".":
        return False
    word = text[max(start, end - 12) : end].split()[-1:] or [""]
    return word[0].casefold() in ABBREVIATIONS or re.fullmatch(r"(?:[^\W\d]\.)+", word[0]) is not None
