"""Finds the names in a requisition: its employer, its products, its people. No question may contain them.

A name is recognised by the words beside it ("join X", "X GmbH", "X is looking for", "report to X"), never by its
capital alone, because technologies, standards and headings have capitals too. A name that is also an ordinary word
("Pilot") is only found again where it is used as a name. Missing a name does little harm, since the prompt also asks for
neutral words; taking an ordinary word for a name makes every honest question fail. So in doubt a word is not a name.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from techscreen.text.tokens import glue, read_table, stem, tokens_of
from techscreen.topics.tables import load_tables

MAX_CHARACTERS = 40_000
MAX_NAME_WORDS = 4
MAX_CANDIDATES = 100
MIN_WORD, MAX_WORD = 4, 40
MIN_IN_CAPITALS = 6  # a shorter word in capitals is an acronym

_UPPER = "A-ZÀ-ÖØ-Þ"
# Longer runs of letters are not names. Possessive, because nothing that follows begins with a letter.
_TOKEN = rf"[{_UPPER}][\w&'’-]{{0,{MAX_WORD}}}+"
_NAME = rf"{_TOKEN}(?:[ \t]+(?:&[ \t]+)?{_TOKEN}){{0,{MAX_NAME_WORDS - 1}}}"
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_MAIL = re.compile(r"\b([A-Za-z][\w.+-]{0,63})@([A-Za-z0-9-]{1,63})(?:\.[A-Za-z0-9-]{1,63}){1,3}\b")
# Addresses, handles, hashtags and packages are written in lower case whatever they name: "github.com/bluefin",
# "@bluefin", "com.bluefin.ledger".
_ADDRESS = re.compile(
    r"\bhttps?://\S+|\bwww\.\S+|(?<![\w.@-])(?:[A-Za-z0-9][A-Za-z0-9_-]{0,62}\.){1,8}[a-z][a-z0-9-]{1,30}\b(?:[:/]\S*)?"
    r"|(?<!\w)[@#][\w.-]+"
)
_CAMEL = re.compile(r"[A-Z][a-z]{2,20}(?:[A-Z][a-z]{2,20}){1,6}")
_SENTENCE_START = r"(?:^|(?<=[.!?]\s)|(?<=[-•*–]\s))"
_SCRIPT = r"((?:(?!株式会社)[\u3400-\u9fff\u30a0-\u30ff]){2,20})"
_JAPANESE = re.compile(rf"{_SCRIPT}株式会社|株式会社{_SCRIPT}")


@dataclass(frozen=True)
class _Found:
    """A possible name, with the evidence for it.

    Strong evidence allows names of ordinary words ("Go Fish Ltd"); otherwise one word must be distinctive.
    """

    name: str
    is_strong: bool = False
    is_person: bool = False


def names_in(texts: Sequence[str], ordinary: Iterable[str] = ()) -> frozenset[str]:
    """The names of employer, products and persons in the texts of a requisition: title, description, WORK fields.

    For a name of several words, its first word is returned as well if it is distinctive, and for a person also the last.
    Words of `ordinary`, the texts that a question must be free to use, are never returned; nor are technologies,
    acronyms, job titles, or words that the texts also write in lower case.
    """
    # A letter and its accent may come as two characters.
    texts = [unicodedata.normalize("NFC", text[:MAX_CHARACTERS]) for text in texts]
    text = "\n".join(texts)[: 2 * MAX_CHARACTERS]
    usual = _Usual(text, "\n".join(ordinary))
    names: set[str] = set()
    found = dict.fromkeys(itertools.islice(_candidates(text, texts), MAX_CANDIDATES))
    for candidate in found:
        names |= _spellings(candidate, text, usual)
    for name in itertools.islice(_small_names(text), MAX_CANDIDATES):
        if name.lower() not in usual.free:
            names |= {name, name.lower(), name.upper(), name.capitalize(), name[0].upper() + name[1:]}
    return frozenset(names)


def names_to_avoid(requisition: Mapping[str, str | None], ordinary: Iterable[str] = ()) -> frozenset[str]:
    """The names that no topic or question may contain.

    Args:
        requisition: its texts by field. Whatever `work_knowledge` names may be asked about.
        ordinary: other texts whose words may be used: the topics and their technologies.
    """
    texts = [text for field, text in requisition.items() if text and field != "work_knowledge"]
    return names_in(texts, [requisition.get("work_knowledge") or "", *ordinary])


# ------------------------------------------------------------------------------------ evidence


@lru_cache(maxsize=1)
def _words() -> dict[str, tuple[str, ...]]:
    return {name: tuple(entries) for name, entries in read_table("name_words.txt")}


@lru_cache(maxsize=16)
def _either(name: str, ignore_case: bool = True) -> str:
    words = "|".join(re.escape(word) for word in sorted(_words()[name], key=len, reverse=True))
    return f"(?i:{words})" if ignore_case else f"(?:{words})"


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], bool, bool], ...]:
    """Patterns whose group 1 is a name; whether they are strong evidence; whether the name is a person's."""
    legal, noun = _either("legal forms", False), _either("company nouns", False)
    end = r"(?![\w-])"
    company = [
        # "Wendel Technik GmbH", also with a comma: "Go Fish, Inc."
        (rf"(?<![\w-])({_NAME}),?[ \t]+{legal}(?!\w)", True),
        # "... for Stonequill Foods", or at the start of a line; in a list "Solar Energy" may be a field of knowledge.
        (
            rf"(?:(?<!\w)(?i:for|at|by|from|join|joining|about|empresa,|firma)[ \t]+|^[ \t]*)((?:{_NAME}[ \t]+)?{_TOKEN}[ \t]+{noun})"
            rf"{end}(?=[ \t]*[-–—|:.,;!?]|[ \t]+(?:and|as|in|is|to|we)\b|[ \t]*$)",
            False,
        ),
        (rf"{_SENTENCE_START}(?:The |Die |Das |La |El )?({_NAME})[ \t]+{_either('only companies')}\b", True),
        (
            rf"(?<!\w)(?i:join|joining|welcome to|work at|work for|working at|working for|life at|careers at|career at|here at"
            rf"|jobs at|the team at|engineers at|engineering at|people at|we at|us at)[ \t]+({_NAME}){end}",
            False,
        ),
        (rf"{_SENTENCE_START}({_TOKEN})[ \t]+(?:started|began)[ \t]+(?:as|out|in|with)\b", False),
        (rf"{_SENTENCE_START}At[ \t]+({_NAME}),?[ \t]+(?:we|our|you|everyone|every)\b", False),
        # A heading: "About Bracken", "--- ABOUT BRACKEN ---"
        (rf"^[ \t#*=_–-]*(?i:about|über|sobre|who is)[ \t]+({_NAME})[ \t:#*=_–-]*$", False),
        (rf"\b{_either('product intros')},?[ \t]+(?:is[ \t]+)?({_NAME}){end}", False),
        (
            rf"\b(?:product|platform|app|marketplace|system|tool|service|suite)[ \t]+(?:called|named|known as)[ \t]+[“\"']?({_NAME})",
            False,
        ),
        (
            rf"\b({_CAMEL.pattern})(?=,[ \t]+our\b|[ \t]+(?:is|are)[ \t]+our\b|(?:['’]s)?[ \t]+(?:brand|merchants|shoppers|subscribers)\b)",
            False,
        ),
    ]
    two = rf"{_TOKEN}[ \t]+(?:(?:van|von|de|der|da|del|al|bin)[ \t]+)?{_TOKEN}"
    person = [
        (rf"(?<!\w){_either('titles', False)}[ \t]+((?:{two})|{_TOKEN}){end}", True),
        (rf"\b{_either('reports')}:?[ \t]+({two}){end}", False),
        (
            rf"(?<![\w-])({two})(?:,[ \t]+|[ \t]+\()(?:our |the |your |unser |unsere )?(?:\w+ )?{_either('roles')}\b",
            False,
        ),
    ]
    flags = re.MULTILINE
    return tuple(
        (re.compile(pattern, flags), strong, is_person)
        for patterns, is_person in ((company, False), (person, True))
        for pattern, strong in patterns
    )


def _candidates(text: str, texts: Sequence[str]) -> Iterator[_Found]:
    for pattern, strong, is_person in _patterns():
        for match in pattern.finditer(text):
            yield _Found(match[1], strong, is_person)
    yield from _openings(texts)
    for local, host in _MAIL.findall(text):
        yield from _of_mail(local, host)
    for before, after in _JAPANESE.findall(text):
        yield _Found(before or after, is_strong=True)


@lru_cache(maxsize=1)
def _opening() -> re.Pattern[str]:
    kind = rf"is[ \t]+(?:an?|the)[ \t]+(?:[\w-]+[ \t]+){{0,4}}{_either('company is')}"
    return re.compile(rf"\s*(?:The |Die |Das |La |El )?({_NAME})[ \t]+(?:{_either('company verbs')}|{kind})\b")


def _openings(texts: Sequence[str]) -> Iterator[_Found]:
    """The subject that a text or one of its first paragraphs begins with, and a first line in capitals."""
    for text in texts:
        for paragraph in text.strip().split("\n\n")[:3]:
            opening = _opening().match(paragraph)
            if opening:
                yield _Found(opening[1])
        first_line = re.split(r"[\n\t]|  ", text.strip(), maxsplit=1)[0]
        if _is_name_in_capitals(first_line.split(), text):
            yield _Found(first_line.strip())


def _is_name_in_capitals(words: list[str], text: str) -> bool:
    """Whether a first line is a name: it ends like a company's, or is in the text in mixed case, too."""
    if not 1 <= len(words) <= MAX_NAME_WORDS or max(map(len, words)) > MAX_WORD or not " ".join(words).isupper():
        return False
    nouns = {noun.upper() for noun in _words()["company nouns"]}
    return (len(words) > 1 and words[-1] in nouns) or " ".join(word.capitalize() for word in words) in text


def _of_mail(local: str, host: str) -> Iterator[_Found]:
    parts = [part for part in re.split(r"[._]", local) if part]
    is_full_name = len(parts) == 2 and all(part.isalpha() and len(part) > 2 for part in parts)
    if is_full_name and not {part.lower() for part in parts} & set(_words()["mail boxes"]):
        yield _Found(" ".join(part.capitalize() for part in parts), is_person=True)
    if host.lower() not in _words()["mail hosts"] and host.isalpha():
        yield _Found(host.capitalize())


@lru_cache(maxsize=1)
def _small() -> tuple[tuple[re.Pattern[str], int], ...]:
    """Patterns whose group 1 is a name that begins with a small letter, and how often the text must have it."""
    name = rf"([a-z][\w-]{{{MIN_WORD - 1},{MAX_WORD}}}+)"
    employers = "join|joining|work at|working at|work for|working for|life at|careers at|jobs at|welcome to|the team at"
    patterns = (
        (rf"\b[Aa]t[ \t]+{name},?[ \t]+(?:we|our|you|everyone)\b", 1),
        (rf"{_SENTENCE_START}{name}[ \t]+{_either('only companies')}\b", 1),
        (rf"(?<![\w-]){name}[ \t]+{_either('legal forms', False)}(?!\w)", 1),
        (rf"\b(?i:{employers})[ \t]+{name}(?=[ \t]*[.!,;:\n]|[ \t]+(?:and|as|in|to)\b|[ \t]*$)", 2),
        (rf"\b(?:the|our|das|el)[ \t]+{name}(?:[ \t]+team\b|-Team\b)", 2),
        (rf"\b[Bb]ei[ \t]+{name},?[ \t]+(?:\w+[ \t]+)?(?:wir|du|Sie)\b", 2),
        (rf"\b[Ee]n[ \t]+{name},?[ \t]+(?:\w+mos|te|tú|tendrás|trabajarás)\b", 2),
    )
    return tuple((re.compile(pattern, re.MULTILINE), times) for pattern, times in patterns)


def _small_names(text: str) -> Iterator[str]:
    """The names in a text that their bearers write with a small letter: "trivago", "eBay"."""
    written = Counter(word.lower() for word in re.findall(r"\w+", text))
    for pattern, times in _small():
        for name in dict.fromkeys(pattern.findall(text)):
            low = name.lower()
            is_word = is_dictionary_word(name) or low in _ordinary() or stem(low) in _facet_stems()
            if not is_word and not low.endswith("ing") and not _is_technology(name) and written[low] >= times:
                yield name


# ------------------------------------------------------------------------ words that are not names


def without_addresses(text: str) -> str:
    """A text without mailboxes, addresses, handles and hashtags, which do not show that a word is ordinary."""
    return _ADDRESS.sub(" ", _MAIL.sub(" ", text))


class _Usual:
    """The words that are not names in this requisition: those it has in lower case, and those that must stay usable."""

    def __init__(self, text: str, ordinary: str) -> None:
        bare = without_addresses(text)
        self.lower = {word for word in _WORD.findall(bare) if word.islower()}
        self.free = {word.casefold() for word in _WORD.findall(ordinary)}

    def is_distinctive(self, word: str) -> bool:
        """Whether a word alone can stand for a name, because it is unlike any ordinary word."""
        word = re.sub(r"['’]s?$", "", word)
        low = word.casefold()
        if len(word) < MIN_WORD or (word.isupper() and len(word) < MIN_IN_CAPITALS) or not word[0].isupper():
            return False
        if low in self.lower or low in self.free or low in _ordinary() or stem(low) in _facet_stems():
            return False
        return not low.endswith(_words()["endings"]) and not _is_technology(word)


@lru_cache(maxsize=1)
def _ordinary() -> frozenset[str]:
    nouns = {noun.casefold() for noun in _words()["company nouns"]}
    return frozenset(_words()["ordinary"]) | nouns


@lru_cache(maxsize=1)
def _facet_stems() -> frozenset[str]:
    """The stems of all facet words: they are ordinary words of the trade."""
    synonyms = ((name, *forms) for name, forms in read_table("facet_synonyms.txt") if not name.startswith("@"))
    words = {word for forms in synonyms for form in forms for word in tokens_of(form)}
    return frozenset(map(stem, words.union(*load_tables().classes.values())))


@lru_cache(maxsize=1)
def _technology_words() -> frozenset[str]:
    """Each word of each technology's name: "Spring" of Spring Boot alone does not name an employer."""
    return frozenset(
        word for _, names in read_table("technology_aliases.txt") for name in names for word in tokens_of(name)
    )


def _is_technology(name: str) -> bool:
    tokens = tokens_of(name)
    return glue(tokens) in load_tables().names or (len(tokens) == 1 and tokens[0] in _technology_words())


def _spellings(found: _Found, text: str, usual: _Usual) -> set[str]:
    """The spellings to look for in a question because of this name; empty if it is not a name."""
    words = _trimmed(found.name.split())
    name = " ".join(words)
    if not words or _is_technology(name) or not _is_name(words, found, usual):
        return set()
    if {word.casefold() for word in words} <= usual.free:
        return set()
    spelled = {name} if len(words) > 1 or usual.is_distinctive(name) or _is_foreign(name) else set()
    if usual.is_distinctive(words[0]) and not (found.is_person and len(words) == 1 and not found.is_strong):
        spelled.add(words[0])
    if found.is_person and usual.is_distinctive(words[-1]):
        spelled.add(words[-1])
    for one in list(spelled):
        if one.isupper() and not _is_foreign(one):
            spelled.add(" ".join(word.capitalize() for word in one.split()))
    return spelled | _with_its_legal_form(name, text)


def _with_its_legal_form(name: str, text: str) -> set[str]:
    """The name together with "GmbH" or the like, as it is first written so in the text."""
    place = text.find(name)
    while place >= 0:
        end = place + len(name)
        legal = _legal_form().match(text, end)
        if legal:
            return {text[place : legal.end()]}
        place = text.find(name, end)
    return set()


@lru_cache(maxsize=1)
def _legal_form() -> re.Pattern[str]:
    return re.compile(rf",?[ \t]+{_either('legal forms', False)}(?!\w)")


def _is_foreign(name: str) -> bool:
    return ord(name[0]) >= 0x2E80


def _trimmed(words: list[str]) -> list[str]:
    """The words without articles and the like at the start ("Die", "At") and without a possessive ending."""
    while words and words[0].casefold() in _words()["before names"] and len(words) > 1:
        words = words[1:]
    return [*words[:-1], re.sub(r"['’]s?$", "", words[-1]).rstrip(".-'’&")] if words else []


def _is_name(words: list[str], found: _Found, usual: _Usual) -> bool:
    if _is_foreign(words[0]):
        return True
    distinctive = [usual.is_distinctive(word) for word in words]
    if found.is_person:
        # In "Report to Head of Platform" no word is a name; in "Will Young" none is distinctive.
        titles = any(word.casefold() in _ordinary() for word in words)
        return any(distinctive) and not titles
    if not found.is_strong:
        # The distinctive word comes first, as in "Stonequill Foods": "Internal Zebra Systems" may be anything.
        return distinctive[0] or (
            len(words) == 2
            and distinctive[1]
            and not _is_technology(words[0])
            and words[0].casefold() not in _ordinary()
        )
    return any(distinctive) or (len(words) > 1 and not all(_is_plain(word, usual) for word in words))


def _is_plain(word: str, usual: _Usual) -> bool:
    low = word.casefold()
    return low in usual.lower or low in usual.free or low in _ordinary()


def distinctive_words(words: Iterable[str], text: str) -> frozenset[str]:
    """Those of the words that this text uses only as names. Less strict than `names_in`: short endings do not count."""
    usual = _Usual(text, "")
    telling = tuple(ending for ending in _words()["endings"] if len(ending) > 2)
    return frozenset(
        word
        for word in words
        if len(word) >= MIN_WORD
        and not {low := word.casefold(), stem(low)} & (usual.lower | _ordinary() | _facet_stems())
        and not low.endswith(telling)
        and not _is_technology(word)
    )


# ---------------------------------------------------------------------------- names in a question


_CLAUSE_END = re.compile(r"[.:;!?|•·()\[\]\"“”„«»\n…]|\s[-–—*]\s")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
REACH = 300  # of a clause, in characters to each side


def holds_name(text: str, names: Collection[str]) -> bool:
    """Whether a text contains one of the names. See `name_span`."""
    return name_span(text, names) is not None


def name_span(text: str, names: Collection[str]) -> tuple[int, int] | None:
    """Where a text contains one of the names, as whole words and with the same capitals.

    A name that is a word of the dictionary only counts where it is used as a name.
    """
    wanted = frozenset(" ".join(name.split()) for name in names) - {""}
    words = frozenset(filter(is_dictionary_word, wanted))
    if wanted - words and (plain := _pattern_of(wanted - words).search(text)):
        return plain.span()
    if not words:
        return None
    # In German, where every noun has a capital, it tells nothing.
    is_german = not {word for word in _WORD.findall(text) if word.islower()}.isdisjoint(_words()["german"])
    used = (found for found in _pattern_of(words).finditer(text) if _is_used_as_a_name(found, text, is_german))
    return next((found.span() for found in used), None)


def _is_used_as_a_name(found: re.Match[str], text: str, is_german: bool) -> bool:
    """Whether a word of the dictionary is a proper noun in its place, as far as its capital and its neighbours tell."""
    word, after = found.group(), text[found.end() : found.end() + REACH]
    before = _CLAUSE_END.split(text[max(0, found.start() - REACH) : found.start()])[-1].split()
    following = _CLAUSE_END.split(after)[0].split()
    previous = before[-1].casefold() if before else ""
    if _legal_form().match(after):
        return True
    if previous in _words()["determiners"] or previous.endswith("-") or after.startswith("-"):
        return False
    if word.endswith(("'s", "’s")):
        return True
    beside = [*before[1:][-1:], *following[:1]]
    if not before or is_german or word.casefold() in _dictionary()["de"] or any(one[0].isupper() for one in beside):
        return False
    others = [one for one in (*before[1:], *following) if _LONG_WORD.match(one)]
    if others and not any(one[0].islower() for one in others):
        return False  # a label in title case
    return previous in _words()["before a name"] or (len(before) > 1 and bool(others))


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, frozenset[str]]:
    words: dict[str, set[str]] = {}
    for language, entries in read_table("dictionary_words.txt"):
        words.setdefault(language, set()).update(entries)
    return {language: frozenset(entries) for language, entries in words.items()}


@lru_cache(maxsize=4096)
def is_dictionary_word(name: str) -> bool:
    """Whether a name is an ordinary word of English, or a noun of German or Spanish that is known."""
    low = name.casefold()
    if len(low) > MAX_WORD:
        return False
    if any(low in words for words in _dictionary().values()):
        return True
    stems = [low.removesuffix(ending) for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "r", "ness")]
    if low.endswith("ing"):
        stems.append(f"{low[:-3]}e")
    return any(MIN_WORD <= len(one) < len(low) and is_dictionary_word(one) for one in stems)


@lru_cache(maxsize=64)
def _pattern_of(names: frozenset[str]) -> re.Pattern[str]:
    """Matches whole words, also with the s of a possessive; a name in a script without spaces matches anywhere."""
    # Names with the same lookarounds are grouped, so that the first letter rules most of them out.
    alternatives: dict[tuple[str, str], list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        start = r"(?<!\w)" if _uses_spaces(name[0]) else ""
        end = r"(?:s|['’]s?)?(?!\w)" if _uses_spaces(name[-1]) else ""
        words = r"\s+".join(re.escape(word) for word in name.split())
        alternatives.setdefault((start, end), []).append(words)
    return re.compile("|".join(f"{start}(?:{'|'.join(some)}){end}" for (start, end), some in alternatives.items()))


def _uses_spaces(character: str) -> bool:
    return character.isalnum() and ord(character) < 0x2E80
