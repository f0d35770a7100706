"""Texts cut into words: the words of a running text, the tokens of a topic, the stem of a word.

Also reads the data files that list words.
"""

from __future__ import annotations

import re
from functools import lru_cache

from techscreen.data import DATA
from techscreen.text.normalise import nfkc, plain

NUMBER_WORDS = {word: str(n) for n, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}

# Their stems would mean something else: a mapping is not a map, stacking in machine learning not a stack.
UNSTEMMED = frozenset(
    "boxing contention embedding internals mapping packaging peering production projection setting stacking teammate "
    "timing".split()
)

_TOKEN = re.compile(r"(?<![^\W_])(?:c\+\+|[cf]#|n\+1\b)|\d+(?:\.\d+)+|[^\W_]+|→")

_PASCAL_CASE = re.compile(r"\b(?:[A-Z][a-z]{2,}){2,}\b")  # DataFrames, but not useState or NoSQL

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")

LETTERS_THEN_NUMBER = re.compile(r"(?<![^\W\d_])([^\W\d_]+)(\d+(?:\.\d+)?)")


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without the endings that do not change what it is about.

    Only plurals and the endings of verbal nouns (-ing, -ation, -tion) are removed. Removing others would merge words
    that differ: a "stored procedure" is not a procedure store, an operator not an operation.
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha() or word in UNSTEMMED:
        return word
    # British to American spelling. It may be wrong, as for "promise", as long as it is the same for both.
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
    if verbal and word.endswith("at") and len(word) > 5:  # migrate and migrating like migration
        word = word[:-2]
    return re.sub(r"([b-df-hj-np-tv-z])\1$", r"\1", word)


def read_table(file: str) -> list[tuple[str, list[str]]]:
    """The lines "name: a, b" of a data file, as (name, [a, b])."""
    entries = []
    for line in (DATA / file).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(": ")
            entries.append((name.strip(), [part.strip() for part in rest.split(",")]))
    return entries


def singular(token: str) -> str:
    """A token without the s of a plural."""
    return token[:-1] if len(token) > 3 and token.endswith("s") and not token.endswith("ss") else token


def glue(tokens: list[str]) -> str:
    """The form in which names are looked up: without gaps, so "Spring Boot", "spring-boot" and "SpringBoot" are one."""
    return "".join(tokens)


@lru_cache(maxsize=1)
def _prefixes() -> frozenset[str]:
    return frozenset(word for name, words in read_table("facet_synonyms.txt") if name == "@prefixes" for word in words)


def tokens_of(text: str) -> list[str]:
    """The tokens of a topic: words, numbers and names such as c++, in lower case and one spelling."""
    text = nfkc(text)
    text = re.sub(r"\b([A-Z]{2,})s\b", r"\1", text)  # plurals of abbreviations: JWTs, CTEs
    text = _PASCAL_CASE.sub(lambda match: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match.group()), text)
    text = plain(text).replace("&", " and ")
    text = re.sub(r"['’`]s\b|['’`]", "", text)
    text = re.sub(r"(?<!-)-+>|=>", " → ", text)
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


@lru_cache(maxsize=256)
def words_in(text: str) -> tuple[str, ...]:
    """The words of a running text in lower case; "don't" and "read-only" are one word each."""
    return tuple(_WORD.findall(text.casefold()))
