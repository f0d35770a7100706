"""What our Markdown must not contain: raw HTML, images, and links that lead anywhere but to the web or a mailbox.

Any page that shows a description would run or load them. A real parser decides what is mark-up, so code is left alone.
It reads each text twice, without and with tables, because a table cuts code spans apart. A paragraph with so many signs
that parsing it might take long is not parsed: every sign in it counts as mark-up.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from techscreen.checks.findings import Finding, Severity, Violation

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

MAX_PARSED, MAX_SIGNS = 20_000, 120
# The sum over all paragraphs of signs times characters, up to which a text with more than MAX_SIGNS is parsed.
MAX_WORK = 200_000
MAX_ROUNDS = 4
MAX_FINDINGS, MAX_WORD = 20, 200

# category: (reason, suggestion)
SENTENCES = {
    "raw_html": ("This is raw HTML, which a page that shows the text may run.", "Write Markdown without HTML."),
    "link": ("This link leads to something else than a web page or a mailbox.", "Use an http, https or mailto link."),
    "image": ("This loads a picture from elsewhere when the text is read.", "Leave it out or describe it in words."),
}
# A target without a scheme stays on the web. An encoded character in front may make a scheme for a lax parser.
_SAFE = re.compile(r"(?:https?|mailto|tel):|[^:%\\&\s]*(?:[/?#]|$)|[^:\\&\s]*$", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,30}:", re.IGNORECASE)
# Mark-up for looks does no harm in texts that others send us; this may run or load something.
_ACTIVE = re.compile(
    r"</?(?:script|i?frame|frameset|object|embed|applet|img|image|svg|math|video|audio|source|link|meta|base|form|input"
    r"|button|textarea|style|template|portal|noscript)\b|<[a-z][^<>]{0,500}?[\s/\"']on[a-z]{3,30}\s{0,5}=|javascript:",
    re.IGNORECASE,
)
_ELEMENTS = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br "
    "button canvas caption center cite code col colgroup command content data datalist dd del details dfn dialog dir div dl "
    "dt element em embed fencedframe fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head "
    "header hgroup hr html i iframe image img input ins isindex kbd keygen label layer legend li link listing main map mark "
    "marquee math menu menuitem meta meter multicol nav nobr noembed noframes noscript object ol optgroup option output p "
    "param picture plaintext portal pre progress q rb rp rt rtc ruby s samp script search section select selectedcontent "
    "shadow slot small source spacer span strike strong style sub summary sup svg table tbody td template textarea tfoot th "
    "thead time title tr track tt u ul var video wbr xmp"
)
# Raw HTML that does something: an element that browsers know, anything with attributes, comments and declarations.
# The rest, such as "List<String>" or "<your name>", would only vanish. It is turned into text and not reported.
_HTML = re.compile(
    rf"<[!?]|</?(?:{'|'.join(_ELEMENTS.split())})(?![A-Za-z0-9-])|<[A-Za-z][^<>=]{{0,500}}=", re.IGNORECASE
)
_TAG = re.compile(rf"</?(?:{'|'.join(_ELEMENTS.split())})(?![A-Za-z0-9-])[^<>]{{0,500}}>", re.IGNORECASE)
_TAG_BEGINS = re.compile(r"<(?=[A-Za-z/!?])")
_RUNNING_SCHEME = re.compile(r"(?:java|vb|live)script:|data:|file:|blob:", re.IGNORECASE)
# GitHub's footnotes turn what CommonMark takes for code into mark-up, and the other way round.
_FOOTNOTE = re.compile(r"^[ \t>*+.)\d-]{0,200}(\[)\^[^\]\s]{1,1000}\]:", re.MULTILINE)
_MAY_HIDE = re.compile(rf"{_HTML.pattern}|{_RUNNING_SCHEME.pattern}|&[#\w]{{1,40}};", re.IGNORECASE)
# Brackets that close soon take no longer to parse than their length: "[ ]", "int[]", "[docs](https://...)".
_SOON_CLOSED = re.compile(r"\[[^\[\]<`\\\n]{0,200}\](?:\([^\s()<>\\]{0,500}\)|(?!\())")
# Characters that can begin raw HTML, a link or an image.
_SIGN = re.compile(r"<(?=[A-Za-z/!?])|\[(?!\s?\](?![(\[:]))")
_MAY_BE_ACTIVE = re.compile(rf"{_ACTIVE.pattern}|\b(?:vbscript|data|file|blob):|&", re.IGNORECASE)


@dataclass(frozen=True)
class _Found:
    """A piece of unwanted mark-up, and the edits that make it harmless: (start, end, new text)."""

    category: str
    start: int
    end: int
    edits: tuple[tuple[int, int, str], ...]
    is_active: bool = False
    is_quiet: bool = False  # harmless, so it is not reported


def markup_violations(name: str, markdown: str) -> list[Violation]:
    """The unwanted mark-up in a Markdown text of Claude's. It is tolerable, because it can be made harmless."""
    categories = {found.category for found in _all_found(_plain_line_ends(markdown)) if not found.is_quiet}
    return [
        Violation(
            "markup",
            f"{name} holds {what}. Write Markdown without it, and code in backticks; links may be http, https or mailto.",
            Severity.TOLERABLE,
        )
        for category, what in (("raw_html", "raw HTML"), ("link", "a link of another kind"), ("image", "an image"))
        if category in categories
    ]


def made_harmless(markdown: str) -> tuple[str, list[Finding]]:
    """Turn raw HTML into text, and bad links and images into their words.

    Returns:
        The new text, or the same text if nothing is wrong with it, and a finding for each change at its new place.
    """
    text = whole = _plain_line_ends(markdown)
    changed: list[tuple[str, int, int]] = []
    for _ in range(MAX_ROUNDS):
        found = _all_found(text)
        if not found:
            break
        changed += [(each.category, each.start, each.end) for each in found if not each.is_quiet]
        text, changed = _edited(text, sorted({edit for each in found for edit in each.edits}), changed)
    else:
        text, changed = _edited(text, [(place, place + 1, new) for place, new in _all_signs(text)], changed)
    return (text, _findings(text, changed)) if text != whole else (markdown, [])


def harmless_title(title: str) -> str:
    """A title, which is plain text, so that it stays text even where somebody shows it as Markdown or HTML.

    Tags that browsers know are left out; their words stay. A title of nothing else keeps them, as words.
    """
    if "<" not in title:
        return title
    words = " ".join(harmless_sentence(_TAG.sub(" ", title)).split())
    return words if any(map(str.isalnum, words)) else harmless_sentence(title)


def harmless_sentence(sentence: str) -> str:
    """Plain text in which nothing can be taken for a tag: "List<String>" becomes "List< String>"."""
    return _TAG_BEGINS.sub("< ", sentence)


def markup_findings(text: str) -> list[Finding]:
    """The unwanted mark-up in a text that is delivered as it is."""
    found = _all_found(_line_ends_in_place(text))
    return _findings(text, [(each.category, each.start, each.end) for each in found if not each.is_quiet])


def holds_markup(texts: Iterable[str]) -> bool:
    """Whether one of the texts contains unwanted mark-up."""
    return any(not found.is_quiet for text in texts for found in _all_found(_line_ends_in_place(text)))


def active_markup(text: str) -> list[Finding]:
    """Mark-up in a text of others that may run or load something: the first of each kind. It is only reported."""
    if not _MAY_BE_ACTIVE.search(text):
        return []
    found = _all_found(_line_ends_in_place(text))
    first = {each.category: (each.category, each.start, each.end) for each in reversed(found) if each.is_active}
    return _findings(text, list(first.values()))


def _findings(text: str, places: Sequence[tuple[str, int, int]]) -> list[Finding]:
    findings: list[Finding] = []
    for category, start, end in sorted(set(places), key=lambda place: (place[1], -place[2], place[0])):
        if end > start and (not findings or start >= findings[-1].end):
            end = min(end, start + MAX_WORD)
            findings.append(Finding("markup", category, text[start:end], *SENTENCES[category], start, end))
    return findings[:MAX_FINDINGS]


def _plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line_ends_in_place(text: str) -> str:
    """Plain line ends, with every other character at its place."""
    return text.replace("\r\n", " \n").replace("\r", "\n")


def _edited(
    text: str, edits: Sequence[tuple[int, int, str]], places: Sequence[tuple[str, int, int]]
) -> tuple[str, list[tuple[str, int, int]]]:
    """Apply the edits, which are in order; of two that overlap the first counts. Also moves the places along."""
    pieces: list[str] = []
    ends, growth = [0], [0]  # after each of these ends, the text has grown by so much
    done = 0
    for start, end, new in edits:
        if start < done:
            continue
        pieces += [text[done:start], new]
        ends.append(end)
        growth.append(growth[-1] + len(new) - (end - start))
        done = end

    def now(place: int) -> int:
        return place + growth[bisect_right(ends, place) - 1]

    moved = [(category, now(start), now(end)) for category, start, end in places]
    return "".join([*pieces, text[done:]]), moved


def _all_found(text: str) -> list[_Found]:
    if "<" not in text and "[" not in text:
        return []
    if len(text) > MAX_PARSED or text.count("]:") > MAX_SIGNS:
        return list(_unparsed(text, 0, len(text)))
    # Without a bar there is no table, and the second reading would find the same.
    parsers = _parsers() if "|" in text else _parsers()[:1]
    found = dict.fromkeys(found for parser in parsers for found in _found_by(parser, text))
    return [*found, *_hidden(text)]


def _unparsed(text: str, start: int, end: int) -> Iterator[_Found]:
    """Every place in a part that is not parsed where mark-up could begin."""
    for match in _SIGN.finditer(text, start, end):
        place = match.start()
        is_html = match.group() == "<"
        edit = (place, place + 1, "&lt;" if is_html else "&#91;")
        is_quiet = is_html and _HTML.match(text, place) is None
        active = _ACTIVE.match(text, place)
        last = active.end() if active else place + 1
        yield _Found("raw_html" if is_html else "link", place, last, (edit,), active is not None, is_quiet)


def _hidden(text: str) -> Iterator[_Found]:
    """The footnotes of a text, if mark-up may hide in them; turned into text they hide nothing."""
    footnotes = [match.start(1) for match in _FOOTNOTE.finditer(text)] if "[^" in text else []
    if footnotes and _MAY_HIDE.search(text):
        for place in footnotes:
            yield _Found("raw_html", place, place + 1, ((place, place + 1, "&#91;"),))


def _all_signs(text: str) -> Iterator[tuple[int, str]]:
    """Every place where mark-up could begin, with the entity for the character there."""
    for match in re.finditer(r"[<\[]", text):
        yield match.start(), "&lt;" if match.group() == "<" else "&#91;"


def _found_by(parser: MarkdownIt, text: str) -> Iterator[_Found]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    tokens: list[Any] = []
    env: dict[str, Any] = {}
    signs = work = 0
    parser.block.parse(text, parser, env, tokens)
    for token in tokens:
        if token.type == "html_block":
            start, end = starts[token.map[0]], min(starts[token.map[1]] - 1, len(text))
            end = start + len(text[start:end].rstrip())
            start = end - len(text[start:end].lstrip())
            opened = tuple((place, place + 1, "&lt;") for place in range(start, end) if text[place] == "<")
            is_active, is_html = (pattern.search(text, start, end) is not None for pattern in (_ACTIVE, _HTML))
            yield _Found("raw_html", start, end, opened, is_active, not is_html)
        elif token.type == "inline" and token.map and ("<" in token.content or "[" in token.content):
            of_token = token.content.count("<") + token.content.count("[") - len(_SOON_CLOSED.findall(token.content))
            signs += of_token
            work += of_token * len(token.content)
            if signs > MAX_SIGNS and of_token and work > MAX_WORK:
                yield from _unparsed(text, starts[token.map[0]], starts[token.map[1]] - 1)
                continue
            seen: list[_Found] = []
            parser.inline.parse(token.content, parser, {**env, "seen": seen, "of": token.content}, [])
            places = _places(token, text, starts)
            for found in seen:
                edits = tuple((places[start], places[end - 1] + 1, new) for start, end, new in found.edits)
                yield replace(found, start=places[found.start], end=places[found.end - 1] + 1, edits=edits)


def _places(token: Any, text: str, starts: Sequence[int]) -> list[int]:
    """For each character of a token's content its place in the text. The content has its lines without indentation."""
    places: list[int] = []
    for number, line in enumerate(token.content.split("\n"), start=token.map[0]):
        number = min(number, len(starts) - 2)
        end = max(starts[number], starts[number + 1] - 1)
        start = max(text.rfind(line, starts[number], end), starts[number])
        places += [min(start + offset, end) for offset in range(len(line) + 1)]
    return places


@lru_cache(maxsize=1)
def _parsers() -> tuple[MarkdownIt, MarkdownIt]:
    from markdown_it import MarkdownIt  # slow to load, and half the texts have no sign of mark-up

    class Reader(MarkdownIt):
        """Accepts every link, whatever it leads to."""

        def validateLink(self, _url: str) -> bool:
            return True

    plain, with_tables = Reader("commonmark"), Reader("commonmark").enable("table")
    for reader in (plain, with_tables):
        rules = dict(zip(reader.inline.ruler.get_active_rules(), reader.inline.ruler.getRules(""), strict=True))
        for name in ("html_inline", "autolink", "link", "image"):
            reader.inline.ruler.at(name, _watched(rules[name]))
    return plain, with_tables


def _watched(rule: Any) -> Any:
    """A rule of the parser that also notes what it finds."""

    def watch(state: Any, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        # The description of an image is parsed by itself; it is judged once the image is gone.
        if not silent and state.src == state.env.get("of"):
            wanted = ("html_inline", "link_open", "image")
            token = next(token for token in state.tokens[before:] if token.type in wanted)
            state.env["seen"] += _judged(state, token, start)
        return True

    return watch


def _judged(state: Any, token: Any, start: int) -> Iterator[_Found]:
    """What is wrong, if anything, with the piece of mark-up that begins at `start` and has just been parsed."""
    end = state.pos
    if token.type == "html_inline":
        is_active = _ACTIVE.search(token.content) is not None
        is_quiet = _HTML.search(token.content) is None
        yield _Found("raw_html", start, end, ((start, start + 1, "&lt;"),), is_active, is_quiet)
        return
    is_image = token.type == "image"
    target = str(token.attrGet("src" if is_image else "href"))
    if not is_image and _SAFE.match(target):
        return
    is_active = not is_image and _SCHEME.match(target) is not None
    if token.markup == "autolink":
        # "<std::string>" is a type, and as a link it leads nowhere.
        is_quiet = _RUNNING_SCHEME.match(target) is None
        yield _Found("link", start, end, ((start, start + 1, "&lt;"),), is_active and not is_quiet, is_quiet)
    else:
        words = start + (2 if is_image else 1)
        words_end = state.md.helpers.parseLinkLabel(state, words - 1, not is_image)
        edits = ((start, words, ""), (words_end, end, ""))
        yield _Found("image" if is_image else "link", start, end, edits, is_active)
