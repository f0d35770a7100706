"""The form under which a word of a topic is compared: one for its singular and plural, and one for an act.

A thing, the one who does it and the act are three words, though they share a stem: "hashes" are not "hashing", and a
"delegate" is not "delegation". Only acts are one in all their forms ("migrating", "migration"). The data file names
the verbs that belong to their act, and the words that are exceptions.
"""

from __future__ import annotations

import re
from functools import lru_cache

from techscreen.text.tokens import read_table

ACT = "+"  # ends the form of an act, and no other

_BRITISH = (
    (re.compile(r"is(?=(?:e[drs]?|ers?|es|ing|ations?|able)$)"), "iz"),
    (re.compile(r"ys(?=(?:e[drs]?|es|ing)$)"), "yz"),
    (re.compile(r"(?<=\w{3})our(?=(?:s|al|ed|ing|able|ite)?$)"), "or"),
)
_IES = re.compile(r"(?:ies|ie)$")
_SIBILANT_PLURAL = re.compile(r"(?<=ss|sh|ch|zz|.x|us|as)es$")
_E_BEFORE_S = re.compile(r"(?:^u|[aeo]u|[bcehlprt]a)ses$")  # causes, databases; not buses, aliases
_NO_PLURAL = re.compile(r"(?:ss|us|is)$")
_MADE_VERB = re.compile(r"(?:iz|yz)e$|[^aeiou]ify$")
_DOUBLED = re.compile(r"([b-df-hj-np-tv-z])\1$")


@lru_cache(maxsize=4096)
def form(word: str) -> str:
    """The form of a word in lower case. Words of one form mean the same in a topic."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word if word not in _lists()["acts"] else _act_of(word)
    word = american(word)
    same = _others()
    if word in same:
        word = same[word]
    elif word not in _lists()["whole"]:
        word = _singular(word)
        word = same.get(word, word)
    if word in _lists()["things"]:
        return word
    if word in _lists()["acts"] or word in _act_heads() or _MADE_VERB.search(word) or _is_act(word):
        return _act_of(word)
    return word


def american(word: str) -> str:
    """The word in American spelling. It may be wrong, as for "promise", as long as it is the same for all its forms."""
    for british, spelling in _BRITISH:
        word = british.sub(spelling, word)
    return word


def _singular(word: str) -> str:
    if word.endswith(("ies", "ie")):
        return _IES.sub("y", word)
    if _SIBILANT_PLURAL.search(word) and not _E_BEFORE_S.search(word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not _NO_PLURAL.search(word) else word


def _is_act(word: str) -> bool:
    if word.endswith("ing"):
        return len(word) > 5 and re.search(r"[aeiouy]", word[:-3]) is not None
    return len(word) > 6 and re.search(r"[st]ion$", word) is not None


def _act_of(word: str) -> str:
    """The root that an act and its verb share: migrate, migrating, migration."""
    if word.endswith("ification"):
        root = word[:-7]
    elif _is_act(word):
        root = word[:-3]
    else:
        root = word.removesuffix("e")
    if root.endswith("ify"):
        root = root[:-1]
    elif root.endswith("at") and len(root) > 5:
        root = root[:-2]
    return _DOUBLED.sub(r"\1", root) + ACT


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    return {
        name[1:]: frozenset(map(american, words))
        for name, words in read_table("word_forms.txt")
        if name in ("@acts", "@things", "@whole")
    }


@lru_cache(maxsize=1)
def _act_heads() -> frozenset[str]:
    return frozenset(american(name) for name, _ in read_table("word_forms.txt") if not name.startswith("@"))


@lru_cache(maxsize=1)
def _others() -> dict[str, str]:
    """Each irregular form, and the word that it is a form of."""
    return {
        american(other): american(name.removeprefix("@same "))
        for name, others in read_table("word_forms.txt")
        if name.startswith("@same ") or not name.startswith("@")
        for other in others
    }
