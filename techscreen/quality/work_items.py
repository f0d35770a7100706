"""The texts of a requisition, above all its WORK fields, divided into the things that they ask for.

Texts of a hiring team come in, in any form from keywords to prose; parts with their places go out.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from techscreen.checks.placeholders import placeholder_kind
from techscreen.text.page import plain_words_of
from techscreen.text.segments import ABBREVIATIONS, MAX_PIECES, NOTE_END, lines_of, pieces_of

LISTS = ("work_knowledge", "work_competencies")  # fields whose commas separate

_COMMA = re.compile(r"(?<!\d),|,(?!\d)|[\uff0c、]")
_LIST_SIGN = re.compile(rf"{_COMMA.pattern}|\s\+\s|\s?・\s?|\s[•·|]\s")
# After a comma, one of these words continues the piece before it.
_GOES_ON = re.compile(
    r"\s*(?:which|who|that|where|when|while|because|since|if|unless|but|including|such as|for example"
    r"|especially|particularly|preferably|ideally|with|without|not|no|then|so|even|plus if|dass|weil|wenn|damit|um"
    r"|aber|sondern|insbesondere|vor allem|idealerweise|auch|nicht|was|wie|warum|ob|mit|ohne|sobald|falls"
    r"|(?:die|der|das|den|dem|deren|dessen)(?=\s.*\s[a-zß-ÿ]+(?:en|t)\s*$)"
    r"|que|como|cuando|pero|con|sin|especialmente|por ejemplo|qui|dont|où|quand|lorsque|mais|avec|sans|notamment"
    r"|surtout|y compris|par exemple|vorzugsweise|preferiblemente"
    r"|(?:and|und|y|et) (?:why|how|when|warum|wie|wann|por qué|cómo|pourquoi|comment))\b"
    r"|\s*(?:roughly|about|approximately|around|etwa|ungefähr|rund|aproximadamente|environ|across|between|through"
    r"|throughout|during|within|under|from|via|in|en|für|for|para|pour|durch|zwischen|unter|entre|durante|pendant|sous"
    r"|depuis|desde|de)(?=\s)"
    r"|\s*(?:et )?d['’](?=\w)|\s*(?:e\.g\.|i\.e\.|incl\.|inkl\.|z\. ?B\.|d\. ?h\.|p\. ?ej\.|p\. ?ex\.)",
    re.IGNORECASE,
)
# What begins with one of these words is nothing without the clause after its comma.
_OPENS = re.compile(
    r"\s*(?:when|whenever|if|while|once|as soon as|before|after|wenn|sobald|falls|während|bevor|nachdem|cuando|si"
    r"|mientras|antes de que|quand|lorsque|lorsqu|dès que|avant que|depending on|je nach|según|selon)\b"
    r"|\s*(?:as(?! well )|within|in the first|in (?:year|month|week)|als|innerhalb|im ersten|in den ersten|como"
    r"|dentro de|en tant que|dans les|au cours)(?=\s)",
    re.IGNORECASE,
)
# The verbs after one of these share what comes last: "able to design, build and run services".
_ABILITY = re.compile(
    r"\s*(?:(?:is|are|be|must be|you are|you['’]re|ist|sind|sei|es|está|est|être)\s)?"
    r"(?:(?:can|able to|ability to|willing(?:ness)? to|(?:knows? )?how to|kann|fähig(?:keit)?|in der lage"
    r"|bereit(?:schaft)?|capaz de|capacidad (?:de|para)|sabe|dispuest[oa] a|capable de|capacité (?:à|de)|sait)\b"
    r"|(?:capable|capacité) d['’])",
    re.IGNORECASE,
)
# The same of verbs in "experience designing, building and running services"; each of them has this ending.
_PRACTICE = re.compile(
    r"\s*(?:[\w-]{1,30} ){0,3}(?:experienced?|practice|practised|skilled|proficien\w{1,3}|expertise|background|versed)"
    r"(?: (?:in|with|of|at))? \w{1,30}ing\b",
    re.IGNORECASE,
)
_DOING = re.compile(r"\s*(?:(?:and|or) )?\w{1,30}ing\b", re.IGNORECASE)
_ENUMERATION = re.compile(r"\b(?:and|or|und|oder|sowie|y|e|et|ou)\b|&", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\s*(?:\(\d\)|\d{1,2}[.)])\s+|\s*(?:and|or|und|oder|sowie|y|e|et|ou)\s+"
    r"|\s*(?:must(?: have)?s?|should(?: have)?|nice(?: to have)?|required?|requirements?|optional|desirable|essential"
    r"|preferred|useful|scope|stack|tools|languages|skills|knowledge|technologies|muss|soll|kann|pflicht|wünschenswert"
    r"|kenntnisse|imprescindible|deseable|必須|歓迎)[:：]\s*",
    re.IGNORECASE,
)
# The type of a list, such as List<String>.
_CLOSES = re.compile(r"\w<[^<>]{1,60}>\Z")
_DOTTED_LETTERS = re.compile(r"\b[^\W\d]\.\s?[^\W\d]\.$")  # "U.S.", "u. a."
_EDGES = " \t\r\n\v\f\u00a0\u3000,;:、，；。.!?|\u2013\u2014•*>・①②③④⑤⑥⑦⑧⑨\u200b\ufeff"
_NOTHING = re.compile(
    r"(?:none|n\.?/?a\.?|not applicable|tb[cda]|unknown|see above|nothing|etc|usw|u\.? ?a|keine?r?|keine angaben?"
    r"|nicht zutreffend|entfällt|ninguno|ninguna|no aplica|aucun|null|nil|todo|なし|特になし"
    r"|o\.? ?ä|u\.? ?ä|u\.? ?v\.? ?m|u\.? ?dgl|etc\.? ?pp|und mehr|und so weiter|(?:and )?(?:much )?more|and so on"
    r"|among others|y más|entre otr[oa]s|entre autres)",
    re.IGNORECASE,
)
# Parts of a field; no team looks through a longer list.
MAX_PARTS = 100
# Letters of a part that is looked at as a placeholder, such as "see attached PDF".
MAX_PLACEHOLDER = 80


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
        text = plain_words_of(given or "")
        seen: set[str] = set()
        for start, end in itertools.islice(_spans(text, name), MAX_PIECES):
            key = " ".join(text[start:end].casefold().split())
            if key not in seen and not _says_nothing(key) and len(seen) < MAX_PARTS:
                seen.add(key)
                parts.append(WorkPart(name, text[start:end], start, end, text))
    return parts


@lru_cache(maxsize=4096)
def _says_nothing(key: str) -> bool:
    words = [place for place, character in enumerate(key) if character.isalnum()]
    if not words or _NOTHING.fullmatch(key, words[0], words[-1] + 1):
        return True
    return len(words) <= MAX_PLACEHOLDER and placeholder_kind(key, of_title=True) is not None


def _spans(text: str, name: str) -> Iterator[tuple[int, int]]:
    for start, end in lines_of(text):
        if text[start:end].rstrip().endswith((":", "：")):
            continue  # the heading of a list
        for sentence in pieces_of(text, start, end, NOTE_END):
            for piece in _split_at_commas(text, *sentence, name):
                yield _trimmed(text, *piece, name)


def _split_at_commas(text: str, start: int, end: int, name: str) -> list[tuple[int, int]]:
    """The items of a list; a sentence that only ends in "a, b and c" is left whole, and no verb is left alone."""
    if name in LISTS:
        return _without_torn_ability(text, _joined(text, pieces_of(text, start, end, _LIST_SIGN)))
    pieces = _joined(text, pieces_of(text, start, end, _COMMA))
    lengths = [len(text[begin:stop].split()) for begin, stop in pieces]
    is_enumeration = _ENUMERATION.search(text, *pieces[-1]) is not None
    is_of_single_words = 4 * sum(length < 2 for length in lengths) > len(lengths)
    is_colon_list = re.search(r":\s", text[pieces[0][0] : pieces[0][1]]) is not None
    if is_enumeration or is_of_single_words or is_colon_list:
        return [(start, end)]
    return _without_lone_words(text, pieces)


def _joined(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces, with each subordinate clause joined to the piece that it belongs to."""
    joined = pieces[:1]
    for begin, stop in pieces[1:]:
        if _GOES_ON.match(text, begin, stop) or _OPENS.match(text, *joined[-1]):
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((begin, stop))
    return joined


def _without_lone_words(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces, with each single word joined to the piece after it: in "builds, runs in production" they are one."""
    joined: list[tuple[int, int]] = []
    is_lone = False
    for begin, stop in pieces:
        joined[-1:] = [(joined[-1][0], stop)] if is_lone else [*joined[-1:], (begin, stop)]
        is_lone = len(text[joined[-1][0] : stop].split()) < 2
    if is_lone and len(joined) > 1:
        joined[-2:] = [(joined[-2][0], joined[-1][1])]
    return joined


def _without_torn_ability(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces, with those joined that are one ability: "able to design, build and run services"."""
    if not pieces:
        return pieces
    if _PRACTICE.match(text, *pieces[0]):
        last = sum(1 for _ in itertools.takewhile(lambda piece: _DOING.match(text, *piece), pieces[1:]))
    elif _ABILITY.match(text, *pieces[0]):
        lone = sum(1 for _ in itertools.takewhile(lambda piece: len(text[slice(*piece)].split()) < 2, pieces[1:]))
        ends = (place for place, piece in enumerate(pieces) if place and _ENUMERATION.search(text, *piece))
        last = next(ends, lone)
    else:
        return pieces
    return [(pieces[0][0], pieces[last][1]), *pieces[last + 1 :]]


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
    tail = text[max(start, end - 12) : end]
    word = tail.split()[-1:] or [""]
    return word[0].casefold() in ABBREVIATIONS - {"no."} or _DOTTED_LETTERS.search(tail) is not None
