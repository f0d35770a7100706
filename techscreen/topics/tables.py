"""The data files about technologies and facet words, made ready for look-up."""

from __future__ import annotations

import itertools
from functools import lru_cache

from techscreen.text.tokens import glue, read_table, singular, stem, tokens_of
from techscreen.topics.word_forms import ACT, form

# A service that is named after its cloud may have any of these names of the cloud.
CLOUDS = (
    ("aws", "amazon", "amazon web services"),
    ("azure", "microsoft azure", "ms azure"),
    ("gcp", "google", "google cloud", "google cloud platform"),
)


class Tables:
    """The names, parents and synonyms of the data files, as look-up tables."""

    def __init__(self) -> None:
        self.canonical = frozenset(name for name, _ in read_table("technology_aliases.txt"))
        self.names: dict[str, str] = {}
        for name, aliases in read_table("technology_aliases.txt"):
            # An alias in the file wins over derived spellings.
            for alias in aliases:
                self.names[glue(tokens_of(alias))] = name
        for name, aliases in read_table("technology_aliases.txt"):
            for alias in aliases:
                for spelling in _spellings(alias):
                    self.names.setdefault(glue(spelling), name)

        direct = {name: set(parents) for name, parents in read_table("technology_parents.txt")}
        self.parents = {name: _ancestors(name, direct) - {name} for name in direct}

        self.classes: dict[str, frozenset[str]] = {}
        self.beside: dict[str, frozenset[str]] = {}
        implied: list[tuple[str, list[str]]] = []
        self.phrases: dict[tuple[str, ...], str] = {}  # by the forms of a synonym's words, in order
        for name, words in read_table("facet_synonyms.txt"):
            if name.startswith("@beside "):
                self.beside[form(name.split()[1])] = frozenset(words)
            elif name.startswith("@implies "):
                implied.append((name.split()[1], words))
            elif name.startswith("@"):
                self.classes[name[1:]] = frozenset(word.rstrip(".") for word in words)
            else:
                canonical = "-".join(map(form, tokens_of(name)))
                for synonym in [name, *words]:
                    self.phrases.setdefault(tuple(map(form, tokens_of(synonym))), canonical)
        self.single = {forms[0]: canonical for forms, canonical in self.phrases.items() if len(forms) == 1}
        self.implied = {self._facet_of(term): name for name, terms in implied for term in terms}
        # Forms of several words may be spread over a topic, so they are stored as sets, under each of their words. Only
        # forms that contain stopwords ("end to end") must match in order.
        stopwords = frozenset().union(*(self.classes[name] for name in ("filler", "from", "to", "negation")))
        self.sets: dict[str, list[tuple[frozenset[str], str, frozenset[tuple[str, str]]]]] = {}
        for forms, canonical in self.phrases.items():
            words = [self.single.get(word, word) for word in forms]
            words_of_form = frozenset(words)
            # "Leaking memory" is a memory leak, so a verb may come before or after its object.
            reverse = frozenset() if words[0].endswith(ACT) else frozenset((b, a) for a, b in itertools.pairwise(words))
            if len(words_of_form) > 1 and not words_of_form & stopwords:
                for word in words_of_form:
                    self.sets.setdefault(word, []).append((words_of_form, canonical, reverse))
        self.phrases = {forms: canonical for forms, canonical in self.phrases.items() if stopwords.intersection(forms)}
        self.light = frozenset(map(self.facet_word, self.classes["light"]))
        self.soft = frozenset(map(self.facet_word, self.classes["soft"]))
        self.opposites = frozenset(map(self.facet_word, self.classes["opposites"]))
        self.beside = {self.facet_word(word): names for word, names in self.beside.items()}

    def _facet_of(self, term: str) -> str:
        """The facet word that a term of one word or several becomes."""
        forms = tuple(map(form, tokens_of(term)))
        return self.facet_word(forms[0]) if len(forms) == 1 else self.phrases.get(forms, "-".join(forms))

    def facet_word(self, word: str) -> str:
        """The form of a facet word, or the word that stands for all its synonyms."""
        return self.single.get(form(word), form(word))

    def loose_word(self, word: str) -> str:
        """The word for all synonyms, or else the stem: for checks in which a thing may stand for its act."""
        return self.single.get(form(word)) or stem(word)


@lru_cache(maxsize=1)
def load_tables() -> Tables:
    """The tables, read once."""
    return Tables()


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
    tokens = tokens_of(alias)
    spellings = [tokens]
    if len(tokens) > 1:
        spellings.append([*tokens[:-1], singular(tokens[-1])])
        for cloud in CLOUDS:
            for name in cloud:
                own = tokens_of(name)
                if tokens[: len(own)] == own and len(tokens) > len(own):
                    rests = [spelling[len(own) :] for spelling in spellings]
                    return spellings + [tokens_of(other) + rest for other in cloud for rest in rests]
    return spellings
