"""When are two interview topics the same topic?

Similarity over whole strings is unsafe here: "Java closures" and "JavaScript closures" look alike, "k8s networking"
and "Networking in Kubernetes" do not. So a topic is parsed first. Technologies are found by longest match against a
table of names, and what is left is the facet: each word in one form (word_forms.py), without filler words, and with
synonyms replaced by one word. Numbers, negations and directions are separate parts, because any of them changes the
whole question, and so is the order of words: "test data" are no "data tests".

Two topics are the same when all parts are equal. A false match puts a wrong question to a candidate and a miss costs
one call, so doubtful topics count as different: an unknown word is a facet word and must match, and a thing, the one
who does it and the act differ unless a data file says that they are one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from techscreen.text.normalise import plain
from techscreen.text.tokens import LETTERS_THEN_NUMBER, glue, singular, tokens_of
from techscreen.topics.tables import CLOUDS, Tables, load_tables
from techscreen.topics.word_forms import ACT, form

# Raise it whenever the same topic may get other parts: the keys of old rows are then met no more until `rekey`.
KEY_VERSION = "2"
MAX_KEY_CHARACTERS = 255
MAX_NAME_TOKENS = 6


@dataclass(frozen=True)
class Topic:
    """The parts of a topic that carry its meaning; two topics are the same when these are equal."""

    technologies: frozenset[str]
    facet: frozenset[str]
    numbers: frozenset[str]
    negations: frozenset[str]
    direction: tuple[str, str] | None
    order: frozenset[str]
    text: str = field(compare=False)

    @property
    def has_content(self) -> bool:
        """Whether there is a word to compare; without any (emoji, filler words alone) the plain texts are compared."""
        return bool(self.technologies or self.facet)

    @property
    def particulars(self) -> tuple[object, ...]:
        """The parts that must be equal before facets are worth comparing."""
        return self.technologies, self.numbers, self.negations, self.direction


_Order = set[tuple[str, str]]  # pairs of a word and the head that it belongs to


class _Item(NamedTuple):
    """One piece of a topic, in order: a technology, a number, a word or a synonym of several words."""

    kind: str
    value: str
    raw: str


def parse(topic: str) -> Topic:
    """Parse a topic. The result depends on the text alone, and any text is accepted."""
    return _parse(topic)


@lru_cache(maxsize=4096)
def _parse(topic: str) -> Topic:
    tables = load_tables()
    items = _items(tokens_of(topic), tables)
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
    if negated:  # a negation at the end still makes a difference
        negations.add("")

    technologies = {item.value for item in content if item.kind == "technology"}
    facet = {item.value for item in content if item.kind == "word"}
    _name_the_clouds_service(technologies, facet, content, tables)
    direction = _direction(items, tables)
    order = _word_order(items, tables)
    facet, order = _merge_synonyms(facet, order, tables)
    technologies |= {tables.implied[word] for word in facet if word in tables.implied}
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
        # Only an order against the alphabet is noted: where the words stand apart, the topic can meet the other order.
        order=frozenset(f"{a}>{b}" for a, b in order if a > b and a in facet and b in facet),
        text=" ".join(plain(topic).split()),
    )


def similarity(a: str, b: str) -> float:
    """How alike two topics are, from 0 to 1; 1 means that a question for one fits the other."""
    return compare(parse(a), parse(b))


def compare(first: Topic, second: Topic) -> float:
    """The `similarity` of parsed topics."""
    if not (first.has_content and second.has_content):
        return float(first.text == second.text != "")
    if first.particulars != second.particulars:
        return 0.0
    if first.facet == second.facet:
        return 1.0 if first.order == second.order else 0.5
    alike = len(first.facet & second.facet) / len(first.facet | second.facet)
    # One opposite among many equal words still reverses the question.
    decisive = (first.facet ^ second.facet) & load_tables().opposites
    return alike / 2 if decisive else alike


def with_technologies(topic: Topic, names: Iterable[str]) -> Topic:
    """The topic with the technologies that were named separately for it.

    A name that the table does not have counts as a technology of exactly that spelling, and its words are no longer
    facet words. Naming technologies can only tell more topics apart, never fewer.
    """
    tables = load_tables()
    named: set[str] = set()
    facet = set(topic.facet)
    for name in names:
        known = canonical_technology(name)
        if known is None and (bare := " ".join(plain(name).split())):
            # The mark keeps it apart from the technologies of the table.
            named.add(f"?{bare}")
            facet -= {item.value for item in _items(tokens_of(name), tables) if item.kind == "word"}
        elif known is not None:
            named.add(known)
    technologies = topic.technologies | named
    if topic.direction is None and "vs" not in topic.facet:
        technologies -= {parent for name in technologies for parent in tables.parents.get(name, ())}
    order = frozenset(pair for pair in topic.order if facet.issuperset(pair.split(">")))
    return replace(topic, technologies=technologies, facet=frozenset(facet), order=order)


def technology_key(topic: Topic) -> str:
    """The technologies as one string, for indexed look-up: the bucket within which facets are compared."""
    return _bounded("|".join(sorted(topic.technologies)))


def facet_key(topic: Topic) -> str:
    """All other parts as one string. Both keys are equal exactly when the similarity is 1."""
    if not topic.has_content:
        return "=" + hashlib.sha256(topic.text.encode("utf-8", "surrogatepass")).hexdigest() if topic.text else ""
    parts = (topic.facet, topic.numbers, topic.negations, topic.order)
    facet, numbers, negations, order = (",".join(sorted(part)) for part in parts)
    if topic.negations and not negations:
        negations = "!"
    return _bounded("|".join((KEY_VERSION, facet, numbers, negations, ">".join(topic.direction or ()), order)))


def of_keys(technologies: frozenset[str], key: str) -> Topic | None:
    """The topic with these technologies and this facet key, without its text; None for a digest or an old key."""
    version, *parts = key.split("|")
    if version != KEY_VERSION or "~" in key:
        return None
    facet, numbers, negations, direction, order = parts
    start, arrow, end = direction.partition(">")
    return Topic(
        technologies=technologies,
        facet=_split(facet),
        numbers=_split(numbers),
        negations=frozenset({""}) if negations == "!" else _split(negations),
        direction=(start, end) if arrow else None,
        order=_split(order),
        text="",
    )


def _split(part: str) -> frozenset[str]:
    return frozenset(part.split(",")) if part else frozenset()


def canonical_technology(name: str) -> str | None:
    """The canonical name of a technology, also in other words ("the Kafka"), or None if the table does not have it."""
    if name.strip().casefold() in load_tables().canonical:
        return name.strip().casefold()
    items = [item for item in _items(tokens_of(name), load_tables()) if item.kind != "filler"]
    return items[0].value if len(items) == 1 and items[0].kind == "technology" else None


def _items(tokens: list[str], tables: Tables) -> list[_Item]:
    """The tokens as technologies, numbers and words, with the longest match at each place."""
    items: list[_Item] = []
    place = 0
    while place < len(tokens):
        for length in range(min(MAX_NAME_TOKENS, len(tokens) - place), 0, -1):
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


def _match(tokens: list[str], tables: Tables) -> list[_Item]:
    """The items that these tokens make together. A single token always makes one."""
    raw = glue(tokens)
    name = tables.names.get(raw)
    if name is None and len(tokens) > 1:
        name = tables.names.get(glue([*tokens[:-1], singular(tokens[-1])]))
    if name is not None:
        return [_Item("technology", name, raw)]
    if len(tokens) > 1:
        phrase = tables.phrases.get(tuple(map(form, tokens)))
        return [] if phrase is None else [_Item("word", phrase, raw)]
    if raw[0].isdigit() and raw.replace(".", "").isdigit():
        return [_Item("number", raw, raw)]
    numbered = LETTERS_THEN_NUMBER.fullmatch(raw)
    if numbered and numbered[1] in tables.names:  # java17
        return [_Item("technology", tables.names[numbered[1]], numbered[1]), _Item("number", numbered[2], numbered[2])]
    for kind in ("from", "to", "negation", "filler"):
        if raw in tables.classes[kind]:
            return [_Item(kind, raw, raw)]
    return [_Item("word", form(raw), raw)]


def _name_the_clouds_service(technologies: set[str], facet: set[str], content: list[_Item], tables: Tables) -> None:
    """ "VPC peering in AWS" names AWS VPC, though the words are apart."""
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


def _direction(items: list[_Item], tables: Tables) -> tuple[str, str] | None:
    """From where to where a topic goes, if it has a direction.

    It is expressed by "from" and "to", by "to" between two things, or by the order of two technologies in a topic about
    migrating (in any language, since that needs no prepositions) or with a word such as "over".
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
        return _end(source), _end(target or [item for item in before if item.kind == "technology"][-1:])
    technologies = [item.value for item in kept if item.kind == "technology"]
    oriented = moves or source or target or any(item.raw in tables.classes["oriented"] for item in items)
    return (technologies[0], technologies[1]) if oriented and len(technologies) > 1 else None


def _is_directed(item: _Item, tables: Tables) -> bool:
    """Whether "to" after this item means a direction, unlike in "introduction to" or "techniques to"."""
    return item.raw not in tables.classes["nodirection"] and tables.facet_word(item.raw) not in tables.light


def _end(items: list[_Item]) -> str:
    """One end of a direction: its technology or else its first word, and its version."""
    things = [item.value for item in items if item.kind == "technology"] or [item.value for item in items]
    return " ".join([*things[:1], *(item.value for item in items if item.kind == "number" and item.value != things[0])])


def _word_order(items: list[_Item], tables: Tables) -> _Order:
    """Each word of a phrase with the phrase's head, its last word: it is "data" in "test data", "test" in "data test".

    Words that are joined as by "of" are put the other way round, and so are a verb and its object: "detecting anomalies
    in logs" is "log anomaly detection".
    """
    order: _Order = set()
    for chain in _chains(items, tables):
        words = [tables.single.get(item.value, item.value) for item in chain]
        order.update((word, words[-1]) for word in words[:-1])
    return order


def _chains(items: list[_Item], tables: Tables) -> list[list[_Item]]:
    """The words that belong together, each modifier before what it modifies."""
    chains: list[list[_Item]] = []
    run: list[_Item] = []
    verb: list[_Item] = []
    joined = False
    for item in [*items, _Item("filler", "", "")]:
        if item.raw in tables.classes["articles"]:
            if not chains and (len(run) == 1 or (run and run[-1].raw.endswith("ing"))):
                run, verb = [], run  # "Design a cache", "Rate limiting an API"
        elif item.kind == "word" and tables.single.get(item.value) != "vs":
            run.append(item)
        elif item.kind != "technology":
            if run and _is_verb(run[0], tables):
                run = [*run[1:], run[0]]
            run += verb
            if run and joined:
                chains[-1] = run + chains[-1]
            elif run:
                chains.append(run)
            joined = item.raw in tables.classes["genitive"] and bool(run)
            run, verb = [], []
    return chains


def _is_verb(first: _Item, tables: Tables) -> bool:
    """Whether the first word of a phrase has an object: "sorting events", but a "streaming platform" streams none."""
    return first.raw.endswith("ing") and first.value.endswith(ACT) and first.raw not in tables.classes["modifying"]


def _merge_synonyms(facet: set[str], order: _Order, tables: Tables) -> tuple[set[str], _Order]:
    """The facet and its order with one word for each synonym of one word or several."""
    facet = {tables.single.get(word, word) for word in facet}
    while True:
        forms = {
            (words, canonical)
            for word in facet
            for words, canonical, reverse in tables.sets.get(word, ())
            if words <= facet and reverse.isdisjoint(order)
        }
        if not forms:
            return facet, order
        words, canonical = max(forms, key=lambda form: (len(form[0]), form[1], sorted(form[0])))
        facet = (facet - words) | {canonical}
        order = {(canonical if a in words else a, canonical if b in words else b) for a, b in order}


def _without_the_obvious(facet: set[str], technologies: set[str], tables: Tables) -> set[str]:
    """The facet without words that add nothing, unless that would leave none: "Kafka design" is more than Kafka."""
    spare = {word for word in facet if tables.beside.get(word, frozenset()) & technologies}
    facet = (facet - spare) or facet
    facet = (facet - tables.light) or facet
    return ((facet - tables.soft) or facet) if technologies else facet


def _bounded(key: str) -> str:
    """A key that fits its column. A digest keeps keys apart whose letters a database may take for equal."""
    if len(key) <= MAX_KEY_CHARACTERS and key.isascii():
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return key[: MAX_KEY_CHARACTERS - len(digest) - 1] + "~" + digest
