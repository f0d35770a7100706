"""The WORK fields of a requisition, taken apart into the things that they ask for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping

from prompts import WORK_FIELDS

LISTS = ("work_knowledge", "work_competencies")  # fields whose commas separate

# A line of hard-wrapped text is longer than this before it breaks.
SHORTEST_WRAPPED_LINE = 40

_LINE_END = re.compile(r"[\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029]+")
_BULLET = re.compile(
    r"[^\S\n\r]*(?:(?:[-\u2013\u2014•●▪◦‣∙·*+>✓✔#\ue000-\uf8ff]+"
    r"|o|\[[ xX]?\]|\(?\d{1,2}[.)]|\(?[a-z]\)|[①-⑳])(?:[^\S\n\r]+|(?=[\n\r])|$)"
    r"|[・①-⑳][^\S\n\r]*)+"
)
_ABBREVIATIONS = (
    "e.g. i.e. approx. acc. incl. etc. std. perf. max. min. mgmt. dev. exp. enh. resp. vs. no. nr. ca. bzw. inkl. "
    "ggf. evtl. usw. sog. vgl. insb. aprox. ej. wks. mo."
).split()
_NO_ABBREVIATION = "".join(rf"(?<!\b(?i:{re.escape(word)}))" for word in _ABBREVIATIONS)
# A single letter before the point is an abbreviation too: "z. B.", "o. Ä."
_SENTENCE_END = re.compile(
    rf"{_NO_ABBREVIATION}(?<!\b\w\.)(?<=[.!?])[\"”“)]?\s{{1,20}}(?=[^\Wa-zß-ÿ]|[\"“„(¿¡])|[;\uff1b]|[。\uff01\uff1f]"
    r"|,?(?: and| und)?\s(?=\(\d\)\s)|(?<!\s)\s{1,20}(?=[①-⑳])"
)
_COMMA = re.compile(r"(?<!\d),|,(?!\d)|[\uff0c、]")
_LIST_SIGN = re.compile(rf"{_COMMA.pattern}|\s\+\s|\s?・\s?|\s[•·|]\s")
# After such a word the piece before a comma goes on.
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
_EDGES = " \t\r\n\v\f\u00a0\u3000,;:、，；。.!?|\u2013\u2014•*>・①②③④⑤⑥⑦⑧⑨\u200b\ufeff"
_CONTINUES = re.compile(r"\s*[a-zß-ÿ(]")
_OPEN_ENDED = re.compile(
    r"(?:,|\b(?:the|a|an|and|or|of|to|with|for|in|from|und|oder|mit|von|für|der|die|das))\s*$", re.IGNORECASE
)
_NOTHING = re.compile(
    r"(?:none|n\.?/?a\.?|not applicable|tb[cda]|unknown|see above|nothing|etc|usw|u\.? ?a|keine?r?|keine angaben?"
    r"|nicht zutreffend|entfällt|ninguno|ninguna|no aplica|aucun|null|nil|todo|なし|特になし)",
    re.IGNORECASE,
)
# Of a field; more is no list that a team would look through.
MOST_PARTS = 100
_BRACKET = re.compile(r"[(\[{（「『【〈]")
_BRACKETS = dict(zip("([{（「『【〈", ")]}）」』】〉", strict=True))


@dataclasses.dataclass(frozen=True)
class WorkPart:
    """One thing that a WORK field asks for.

    Attributes:
        field: the name of the field, such as `work_knowledge`.
        part: its words, as they stand in the field.
        start, end: its place in the field.
        source: the whole field.
    """

    field: str
    part: str
    start: int
    end: int
    source: str = dataclasses.field(repr=False, compare=False)


def work_parts(work_inputs: Mapping[str, str | None]) -> list[WorkPart]:
    """The parts of work_output, work_role, work_knowledge and work_competencies, in their order, each once.

    Lines, bullets, semicolons and sentences set parts off; commas do so in the lists of knowledge and competencies,
    and elsewhere where they plainly separate whole items. Nothing is cut within brackets or numbers. At most MOST_PARTS
    of each field.
    """
    parts = []
    for name in WORK_FIELDS:
        text = work_inputs.get(name) or ""
        seen: set[str] = set()
        for start, end in _spans(text, name):
            key = " ".join(text[start:end].casefold().split())
            if key not in seen and not _says_nothing(key) and len(seen) < MOST_PARTS:
                seen.add(key)
                parts.append(WorkPart(name, text[start:end], start, end, text))
    return parts


def _says_nothing(key: str) -> bool:
    words = [place for place, character in enumerate(key) if character.isalnum()]
    return not words or _NOTHING.fullmatch(key, words[0], words[-1] + 1) is not None


def _spans(text: str, name: str) -> Iterator[tuple[int, int]]:
    for start, end in _lines(text):
        if text[start:end].rstrip().endswith((":", "：")):
            continue  # the heading of a list
        for sentence in _cut(text, start, end, _SENTENCE_END):
            for piece in _split_at_commas(text, *sentence, name):
                yield _trimmed(text, *piece, name)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Lines without their bullets. A sentence that was broken to fit a page is put together again."""
    start = 0
    for found in [*_LINE_END.finditer(text), None]:  # None stands for the end of the text
        stop = found.start() if found else len(text)
        if found and _runs_on(text, start, stop, found.end()):
            continue
        bullet = _BULLET.match(text, start, stop)
        yield (bullet.end() if bullet else start), stop
        start = found.end() if found else stop


def _runs_on(text: str, start: int, stop: int, following: int) -> bool:
    if "\n" not in text[stop:following] or stop - start < 4 or _BULLET.match(text, following):
        return False
    if following == len(text) or text.count("\n", stop, following) > 1:
        return False
    line = text[max(start, stop - 40) : stop]
    is_long = stop - start >= SHORTEST_WRAPPED_LINE and not re.search(r"[.;:!?]\s*$", line)
    return bool(_OPEN_ENDED.search(line) or (is_long and _CONTINUES.match(text, following)))


def _split_at_commas(text: str, start: int, end: int, name: str) -> list[tuple[int, int]]:
    """A list in its items; a sentence that only ends in "a, b and c" is left whole."""
    if name in LISTS:
        return _joined(text, _cut(text, start, end, _LIST_SIGN))
    pieces = _joined(text, _cut(text, start, end, _COMMA))
    lengths = [len(text[begin:stop].split()) for begin, stop in pieces]
    is_enumeration = _ENUMERATION.search(text, *pieces[-1]) is not None
    is_of_single_words = 4 * sum(length < 2 for length in lengths) > len(lengths)
    is_colon_list = re.search(r":\s", text[pieces[0][0] : pieces[0][1]]) is not None
    return [(start, end)] if is_enumeration or is_of_single_words or is_colon_list else pieces


def _joined(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pieces, with a subordinate clause put back to what it belongs to."""
    joined = pieces[:1]
    for begin, stop in pieces[1:]:
        if _GOES_ON.match(text, begin, stop):
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((begin, stop))
    return joined


def _cut(text: str, start: int, end: int, separator: re.Pattern[str]) -> list[tuple[int, int]]:
    """The pieces between separators that stand outside brackets."""
    closed = _bracketed(text, start, end)
    pieces, begin, bracket = [], start, 0
    for found in separator.finditer(text, start, end):
        while bracket < len(closed) and closed[bracket][1] <= found.start():
            bracket += 1
        if bracket < len(closed) and closed[bracket][0] < found.start():
            continue
        pieces.append((begin, found.start()))
        begin = found.end()
    return [*pieces, (begin, end)]


def _bracketed(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The outermost pairs of brackets; one that is never closed is none."""
    if _BRACKET.search(text, start, end) is None:
        return []
    waiting: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for place in range(start, end):
        if text[place] in _BRACKETS:
            waiting.append((_BRACKETS[text[place]], place))
        elif waiting and text[place] == waiting[-1][0]:
            pairs.append((waiting.pop()[1], place))
    outermost: list[tuple[int, int]] = []
    for pair in sorted(pairs):
        if not outermost or pair[0] > outermost[-1][1]:
            outermost.append(pair)
    return outermost


def _trimmed(text: str, start: int, end: int, name: str) -> tuple[int, int]:
    """The place without spaces, stops and, in a list, without "and" or a label such as "Must:" before it."""
    while start < end and text[start] in _EDGES and not _is_dotted_name(text, start):
        start += 1
    lead_in = _LEAD_IN.match(text, start, end)
    if lead_in and (name in LISTS or not lead_in.group().rstrip().endswith(":")):
        start = lead_in.end()
    while start < end and text[end - 1] in _EDGES and not _is_abbreviation(text, start, end):
        end -= 1
    return start, end


def _is_dotted_name(text: str, place: int) -> bool:
    return text[place] == "." and text[place + 1 : place + 2].isalpha()  # .NET


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    if text[end - 1] != ".":
        return False
    word = text[max(start, end - 12) : end].split()[-1:] or [""]
    return word[0].casefold() in _ABBREVIATIONS or re.fullmatch(r"(?:[^\W\d]\.)+", word[0]) is not None
