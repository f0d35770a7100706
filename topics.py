"""When are two interview topics the same topic?

Similarity over whole strings is unsafe here: "Java closures" and "JavaScript closures" look alike, "k8s networking"
and "Networking in Kubernetes" do not. So a topic is taken apart first. Technologies are found by longest match against
a table of names, and what is left is the facet: stemmed, without filler, synonyms made one. Numbers, negations and
directions are kept apart, for one of them changes the whole question.

Two topics are the same when all parts are equal. A false match puts a wrong question before a candidate and a miss
costs one call, so whatever is in doubt is left different: an unknown word is a facet word and must match, and the
stemmer never takes off an ending that may carry meaning ("stored", "operator", "stateless").
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "data"
MOST_KEY_CHARACTERS = 255
MOST_NAME_TOKENS = 6

# Of a technology under a cloud's name, every spelling of the cloud will do.
CLOUDS = (
    ("aws", "amazon", "amazon web services"),
    ("azure", "microsoft azure", "ms azure"),
    ("gcp", "google", "google cloud", "google cloud platform"),
)
NUMBER_WORDS = {word: str(n) for n, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}

# Of these the short form is something else: a mapping is no map, stacking in machine learning no stack.
UNSTEMMED = frozenset(
    "boxing contention embedding internals mapping packaging peering production projection setting stacking teammate "
    "timing".split()
)

_TOKEN = re.compile(r"(?<![^\W_])(?:c\+\+|[cf]#|n\+1\b)|\d+(?:\.\d+)+|[^\W_]+|→")
_PASCAL_CASE = re.compile(r"\b(?:[A-Z][a-z]{2,}){2,}\b")  # DataFrames, but not useState or NoSQL
_LETTERS_THEN_NUMBER = re.compile(r"([^\W\d_]+)(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Topic:
    """The parts of a topic that carry its meaning; two topics are the same when these are equal."""

    technologies: frozenset[str]
    facet: frozenset[str]
    numbers: frozenset[str]
    negations: frozenset[str]
    direction: tuple[str, str] | None
    text: str = field(compare=False)

    @property
    def has_content(self) -> bool:
        """Whether there is a word to go by; emoji or bare filler are compared as they stand."""
        return bool(self.technologies or self.facet)

    @property
    def particulars(self) -> tuple[object, ...]:
        """What must be equal before facets are worth comparing."""
        return self.technologies, self.numbers, self.negations, self.direction


class _Item(NamedTuple):
    """One piece of a topic, in its place: a technology, a number, a word or the phrase of a synonym."""

    kind: str
    value: str
    raw: str


class _Tables:
    """The three data files, made ready for lookup."""

    def __init__(self) -> None:
        self.canonical = frozenset(name for name, _ in _read("technology_aliases.txt"))
        self.names: dict[str, str] = {}
        for name, aliases in _read("technology_aliases.txt"):
            # An alias of its own line wins over the spellings that are only derived.
            for alias in aliases:
                self.names[_glue(_tokens(alias))] = name
        for name, aliases in _read("technology_aliases.txt"):
            for alias in aliases:
                for spelling in _spellings(alias):
                    self.names.setdefault(_glue(spelling), name)

        direct = {name: set(parents) for name, parents in _read("technology_parents.txt")}
        self.parents = {name: _ancestors(name, direct) - {name} for name in direct}

        self.classes: dict[str, frozenset[str]] = {}
        self.beside: dict[str, frozenset[str]] = {}
        self.phrases: dict[tuple[str, ...], str] = {}  # the stems of a synonym in their order
        for name, words in _read("facet_synonyms.txt"):
            if name.startswith("@beside "):
                self.beside[stem(name.split()[1])] = frozenset(words)
            elif name.startswith("@"):
                self.classes[name[1:]] = frozenset(word.rstrip(".") for word in words)
            else:
                canonical = "-".join(map(stem, _tokens(name)))
                for form in [name, *words]:
                    self.phrases.setdefault(tuple(map(stem, _tokens(form))), canonical)
        self.single = {form[0]: canonical for form, canonical in self.phrases.items() if len(form) == 1}
        # The longer forms as sets, each under all of its words: those words may stand in any order. Only a form with
        # little words in it ("end to end") is looked for as it stands.
        little = frozenset().union(*(self.classes[name] for name in ("filler", "from", "to", "negation")))
        self.sets: dict[str, list[tuple[frozenset[str], str]]] = {}
        for stems, canonical in self.phrases.items():
            words_of_form = frozenset(self.single.get(word, word) for word in stems)
            if len(words_of_form) > 1 and not words_of_form & little:
                for word in words_of_form:
                    self.sets.setdefault(word, []).append((words_of_form, canonical))
        self.phrases = {form: canonical for form, canonical in self.phrases.items() if little.intersection(form)}
        self.light = frozenset(map(self.facet_word, self.classes["light"]))
        self.soft = frozenset(map(self.facet_word, self.classes["soft"]))
        self.opposites = frozenset(map(self.facet_word, self.classes["opposites"]))
        self.beside = {self.facet_word(word): names for word, names in self.beside.items()}

    def facet_word(self, word: str) -> str:
        return self.single.get(stem(word), stem(word))


def parse(topic: str) -> Topic:
    """Take a topic apart. The answer depends on the text alone, and no text is an error."""
    return _parse(topic)


@lru_cache(maxsize=4096)
def _parse(topic: str) -> Topic:
    tables = _tables()
    items = _items(_tokens(topic), tables)
    content: list[_Item] = []
    negations: set[str] = set()
    negated = False
    for item in items:
        if item.kind == "negation":
            negated = True
        elif item.kind in ("filler", "from", "to"):
            continue
        elif negated:
            negations.add(item.value)
            negated = False
        else:
            content.append(item)
    if negated:  # nothing followed: still not the same as without
        negations.add("")

    technologies = {item.value for item in content if item.kind == "technology"}
    facet = {item.value for item in content if item.kind == "word"}
    _name_the_clouds_service(technologies, facet, content, tables)
    direction = _direction(items, tables)
    facet = _merge_synonyms(facet, tables)
    # In "React vs React Native" the parent is one of the two things compared.
    if direction is None and "vs" not in facet:
        technologies -= {parent for name in technologies for parent in tables.parents.get(name, ())}
    facet = _without_the_obvious(facet, technologies, tables)
    return Topic(
        technologies=frozenset(technologies),
        facet=frozenset(facet),
        numbers=frozenset(item.value for item in content if item.kind == "number"),
        negations=frozenset(negations),
        direction=direction,
        text=" ".join(_plain(topic).split()),
    )


def forget() -> None:
    """Empty the caches of topics and words, so that the next topic costs what a new one costs."""
    _parse.cache_clear()
    stem.cache_clear()


def similarity(a: str, b: str) -> float:
    """How alike two topics are, from 0 to 1; 1 means that a question for one fits the other."""
    return compare(parse(a), parse(b))


def compare(first: Topic, second: Topic) -> float:
    """`similarity`, of topics that have been taken apart already."""
    if not (first.has_content and second.has_content):
        return float(first.text == second.text != "")
    if first.particulars != second.particulars:
        return 0.0
    if first.facet == second.facet:
        return 1.0
    alike = len(first.facet & second.facet) / len(first.facet | second.facet)
    # Among many equal words one opposite still turns the question round.
    decisive = (first.facet ^ second.facet) & _tables().opposites
    return alike / 2 if decisive else alike


def with_technologies(topic: Topic, names: Iterable[str]) -> Topic:
    """The topic, narrowed by technologies that somebody has named for it.

    A name that the table does not know counts as a technology to the letter, and its words are no longer facet
    words. Naming more can only keep topics apart that would else be the same, never the other way round.
    """
    tables = _tables()
    named: set[str] = set()
    facet = set(topic.facet)
    for name in names:
        known = canonical_technology(name)
        if known is None and (plain := " ".join(_plain(name).split())):
            # Marked, so that it can never be taken for a technology of the table.
            named.add(f"?{plain}")
            facet -= {item.value for item in _items(_tokens(name), tables) if item.kind == "word"}
        elif known is not None:
            named.add(known)
    technologies = topic.technologies | named
    if topic.direction is None and "vs" not in topic.facet:
        technologies -= {parent for name in technologies for parent in tables.parents.get(name, ())}
    return replace(topic, technologies=technologies, facet=frozenset(facet))


def technology_key(topic: Topic) -> str:
    """The technologies as one string, for indexed lookup: the bucket within which facets are compared."""
    return _bounded("|".join(sorted(topic.technologies)))


def facet_key(parts: Topic) -> str:
    """All else that tells topics apart. Both keys are equal exactly when the similarity is 1."""
    if not parts.has_content:
        return "=" + hashlib.sha256(parts.text.encode("utf-8", "surrogatepass")).hexdigest() if parts.text else ""
    facet, numbers, negations = (",".join(sorted(part)) for part in (parts.facet, parts.numbers, parts.negations))
    if parts.negations and not negations:
        negations = "!"
    return _bounded("|".join((facet, numbers, negations, ">".join(parts.direction or ()))))


def of_keys(technologies: frozenset[str], key: str) -> Topic | None:
    """The topic whose facet key this is, without taking its text apart again; None if the key is a digest."""
    if not key or key.startswith("=") or "~" in key:
        return None
    facet, numbers, negations, direction = key.split("|")
    start, arrow, end = direction.partition(">")
    return Topic(
        technologies=technologies,
        facet=frozenset(facet.split(",")) - {""},
        numbers=frozenset(numbers.split(",")) - {""},
        negations=frozenset({""} if negations == "!" else negations.split(",") if negations else ()),
        direction=(start, end) if arrow else None,
        text="",
    )


def canonical_technology(name: str) -> str | None:
    """The canonical name of a technology, or None for one that the table does not have."""
    if name.strip().casefold() in _tables().canonical:
        return name.strip().casefold()
    items = [item for item in _items(_tokens(name), _tables()) if item.kind != "filler"]
    return items[0].value if len(items) == 1 and items[0].kind == "technology" else None


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A word without the endings that do not change what it is about.

    Only plurals and the endings of verbal nouns go (-ing, -ation, -tion). Others would merge what differs:
    "stored procedure" is no procedure store, an operator no operation.
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha() or word in UNSTEMMED:
        return word
    # British and American spelling; it need not be right for "promise", only the same for both.
    word = re.sub(r"is(?=(?:e[drs]?|ers|es|ing|ations?|able)$)", "iz", word)
    word = re.sub(r"ys(?=(?:e[drs]?|es|ing)$)", "yz", word)
    word = re.sub(r"(?<=\w{3})our(?=(?:s|al|ed|ing|able|ite)?$)", "or", word)
    if re.search(r"(?:s|x|z|ch|sh)es$", word):
        word = word[:-2]
    elif word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not re.search(r"(?:ss|us|is|ias)$", word):
        word = word[:-1]
    if word in UNSTEMMED:
        return word
    verbal = word.endswith("ing") and len(word) > 5 and re.search(r"[aeiouy]", word[:-3]) is not None
    if verbal:
        word = word[:-3]
    if word.endswith("ization") or (word.endswith("ation") and len(word) > 8):
        word = word[:-5]
    elif re.search(r"[st]ion$", word) and len(word) > 6:
        word = word[:-3]
    verbal = verbal or word.endswith("e")
    word = re.sub(r"ie$", "y", word).removesuffix("e")
    if verbal and word.endswith("at") and len(word) > 5:  # migrate, migrating, as migration
        word = word[:-2]
    return re.sub(r"([b-df-hj-np-tv-z])\1$", r"\1", word)


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    return _Tables()


def _read(file: str) -> list[tuple[str, list[str]]]:
    """The lines "name: a, b" of a data file."""
    entries = []
    for line in (DATA / file).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(": ")
            entries.append((name.strip(), [part.strip() for part in rest.split(",")]))
    return entries


def _ancestors(name: str, direct: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = direct.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _spellings(alias: str) -> list[list[str]]:
    """The alias, the singular of its last word, and both under each name of its cloud."""
    tokens = _tokens(alias)
    spellings = [tokens]
    if len(tokens) > 1:
        spellings.append([*tokens[:-1], _singular(tokens[-1])])
        for cloud in CLOUDS:
            for name in cloud:
                own = _tokens(name)
                if tokens[: len(own)] == own and len(tokens) > len(own):
                    rests = [spelling[len(own) :] for spelling in spellings]
                    return spellings + [_tokens(other) + rest for other in cloud for rest in rests]
    return spellings


def _singular(token: str) -> str:
    return token[:-1] if len(token) > 3 and token.endswith("s") and not token.endswith("ss") else token


def _glue(tokens: list[str]) -> str:
    """Names are looked up without gaps, so that "Spring Boot", "spring-boot" and "SpringBoot" are one."""
    return "".join(tokens)


def _plain(text: str) -> str:
    """NFKC, lower case, and no accents on Latin letters (people leave them out, and databases ignore them)."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", re.sub("[\u0300-\u036f]", "", text))


@lru_cache(maxsize=1)
def _prefixes() -> frozenset[str]:
    return frozenset(word for name, words in _read("facet_synonyms.txt") if name == "@prefixes" for word in words)


def _tokens(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"\b([A-Z]{2,})s\b", r"\1", text)  # plurals of abbreviations: JWTs, CTEs
    text = _PASCAL_CASE.sub(lambda match: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match.group()), text)
    text = _plain(text).replace("&", " and ")
    text = re.sub(r"['’`]s\b|['’`]", "", text)
    text = re.sub(r"-+>|=>", " → ", text)
    text = re.sub(r"\b(?:re|de|un|co)-(?=\w)", lambda match: match.group()[:-1], text)
    text = re.sub(r"\bnon-?(?=\w{6})(?!sense)", "non ", text)
    text = re.sub(r"([^\W\d_])\.(js|net|io|ai|rs)\b", r"\1\2", text)  # node.js as nodejs
    text = re.sub(r"(?<!\w)\.net\b", "dotnet", text)
    text = re.sub(r"(?<=\d)\.x\b", "", text)
    text = re.sub(r"\bv(?:er(?:sion)?)?\.?\s*(?=\d)", " ", text)
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        if tokens and tokens[-1] in _prefixes() and token[0].isalpha():
            tokens[-1] += token
        else:
            tokens.append(NUMBER_WORDS.get(token, token.removesuffix(".0")))
    return tokens


def _items(tokens: list[str], tables: _Tables) -> list[_Item]:
    """The tokens as names, numbers and words, the longest match first at each place."""
    items: list[_Item] = []
    place = 0
    while place < len(tokens):
        for length in range(min(MOST_NAME_TOKENS, len(tokens) - place), 0, -1):
            found = _match(tokens[place : place + length], tables)
            if found:
                items += found
                place += length
                break
    for place, item in enumerate(items[:-1]):
        if item.raw in tables.classes["vendor"] and items[place + 1].kind == "technology":
            items[place] = item._replace(kind="filler")  # "Microsoft Excel"
    if items and items[0].raw in tables.classes["leading"] and any(item.kind == "word" for item in items[1:]):
        items[0] = items[0]._replace(kind="filler")  # "Writing Ansible playbooks"
    return items


def _match(tokens: list[str], tables: _Tables) -> list[_Item]:
    """What these tokens are together; a single token is always something."""
    raw = _glue(tokens)
    name = tables.names.get(raw)
    if name is None and len(tokens) > 1:
        name = tables.names.get(_glue([*tokens[:-1], _singular(tokens[-1])]))
    if name is not None:
        return [_Item("technology", name, raw)]
    if len(tokens) > 1:
        phrase = tables.phrases.get(tuple(map(stem, tokens)))
        return [] if phrase is None else [_Item("word", phrase, raw)]
    if raw[0].isdigit() and raw.replace(".", "").isdigit():
        return [_Item("number", raw, raw)]
    numbered = _LETTERS_THEN_NUMBER.fullmatch(raw)
    if numbered and numbered[1] in tables.names:  # java17
        return [_Item("technology", tables.names[numbered[1]], numbered[1]), _Item("number", numbered[2], numbered[2])]
    for kind in ("from", "to", "negation", "filler"):
        if raw in tables.classes[kind]:
            return [_Item(kind, raw, raw)]
    return [_Item("word", stem(raw), raw)]


def _name_the_clouds_service(technologies: set[str], facet: set[str], content: list[_Item], tables: _Tables) -> None:
    """ "VPC peering in AWS" names AWS VPC, though not in one piece."""
    known = technologies.union(*(tables.parents.get(name, ()) for name in technologies))
    for cloud in CLOUDS:
        if cloud[0] in known:
            for item in content:
                service = tables.names.get(cloud[0] + item.raw)
                if service is not None and item.value in facet:
                    facet.discard(item.value)
                    technologies.add(service)
                elif service is not None and item.kind == "technology" and item.value != service:
                    technologies.discard(item.value)
                    technologies.add(service)


def _direction(items: list[_Item], tables: _Tables) -> tuple[str, str] | None:
    """From where to where, if the topic has a direction.

    Said by "from" and "to", by "to" between two things, or by the order of two technologies in a topic about
    migrating (which needs no small words, so it holds in every language) or with a word such as "over".
    """
    kept = [item for item in items if item.kind not in ("filler", "negation")]
    moves = any(item.raw in tables.classes["migration"] for item in kept)
    pieces: dict[str, list[_Item]] = {"before": [], "from": [], "to": []}
    part = "before"
    for item in kept:
        if item.kind in ("from", "to"):
            part = item.kind
        elif item.raw not in tables.classes["migration"]:
            pieces[part].append(item)
    before, source, target = pieces["before"], pieces["from"], pieces["to"]
    if target and (source or (before and _is_directed(before[-1], tables))):
        return _end(source or before[::-1]), _end(target)
    if moves and (source or target):
        return _end(source), _end(target)
    technologies = [item.value for item in kept if item.kind == "technology"]
    oriented = moves or source or target or any(item.raw in tables.classes["oriented"] for item in items)
    return (technologies[0], technologies[1]) if oriented and len(technologies) > 1 else None


def _is_directed(item: _Item, tables: _Tables) -> bool:
    """Whether "to" after this speaks of a direction, unlike "introduction to" or "techniques to"."""
    return item.raw not in tables.classes["nodirection"] and tables.facet_word(item.raw) not in tables.light


def _end(items: list[_Item]) -> str:
    """The thing at one end of a direction: the technology in it, or else its first word; and its version."""
    things = [item.value for item in items if item.kind == "technology"] or [item.value for item in items]
    return " ".join([*things[:1], *(item.value for item in items if item.kind == "number" and item.value != things[0])])


def _merge_synonyms(facet: set[str], tables: _Tables) -> set[str]:
    facet = {tables.single.get(word, word) for word in facet}
    found = True
    while found:
        forms = {form for word in facet for form in tables.sets.get(word, ()) if form[0] <= facet}
        found = bool(forms)
        if found:
            words, canonical = max(forms, key=lambda form: (len(form[0]), form[1]))
            facet = (facet - words) | {canonical}
    return facet


def _without_the_obvious(facet: set[str], technologies: set[str], tables: _Tables) -> set[str]:
    """Leave out what adds nothing, but never everything: "Kafka design" is more than Kafka."""
    spare = {word for word in facet if tables.beside.get(word, frozenset()) & technologies}
    facet = (facet - spare) or facet
    facet = (facet - tables.light) or facet
    return ((facet - tables.soft) or facet) if technologies else facet


def _bounded(key: str) -> str:
    """At most what a column holds; and a database that thinks some letters equal still sees a difference."""
    if len(key) <= MOST_KEY_CHARACTERS and key.isascii():
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return key[: MOST_KEY_CHARACTERS - len(digest) - 1] + "~" + digest
