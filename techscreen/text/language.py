"""In which of the languages that the checks know a text is written, recognised by frequent small words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, get_args

from techscreen.text.tokens import read_table, words_in

Language = Literal["en", "de", "es"]

MAX_CHARACTERS = 8_000  # the rest of a text is ignored

_LETTER = re.compile(r"[^\W\d_]")
_KNOWN_LETTER = re.compile(r"[a-zA-ZäöüßÄÖÜáéíóúñÁÉÍÓÚÑ]")


def language_of(texts: Iterable[str]) -> Language | None:
    """English, German or Spanish; None for other languages and where it is not clear."""
    text = " ".join(texts)[:MAX_CHARACTERS]
    if is_in_another_script(text):
        return None
    counts = Counter(code for word in words_in(text) for code in _small_words().get(word, ()))
    if not counts:
        return None
    best = max(counts, key=lambda code: counts[code])
    is_clear = counts[best] >= 2 and all(counts[best] > count for code, count in counts.items() if code != best)
    return next((code for code in get_args(Language) if code == best), None) if is_clear else None


def is_in_another_script(text: str) -> bool:
    """Whether a text has mostly letters that English, German and Spanish do not have."""
    return len(_KNOWN_LETTER.findall(text)) < 0.8 * len(_LETTER.findall(text))


@lru_cache(maxsize=1)
def _small_words() -> dict[str, list[str]]:
    """The languages of frequent small words. Other languages are among them so that none is taken for one of ours."""
    languages: dict[str, list[str]] = {}
    for code, words in read_table("small_words.txt"):
        for word in words:
            languages.setdefault(word, []).append(code)
    return languages
