"""The highest skill level at which a post may be asked, by what its level says, or else its title.

A requisition's fields come in; a level goes out, or None if neither says any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast, get_args

from prompts import SkillLevel
from techscreen.text.tokens import read_table

LEVELS: tuple[SkillLevel, ...] = get_args(SkillLevel)
_IN_LEVEL = " in level"
_WORD = re.compile(r"([^\W\d_]+)([- ]?level\b)?", re.IGNORECASE)
_RANGE = re.compile(r"\s?[-/\u2013]\s?")  # between the ends of a range, such as Mid-Senior


def stated_level(requisition: Mapping[str, str | None]) -> SkillLevel | None:
    """The level that `basic_level` names or, if it names none, `basic_title`.

    The first word that names one counts, and of a range its higher end.
    """
    return _named_in(requisition.get("basic_level") or "", in_level=True) or _named_in(
        requisition.get("basic_title") or "", in_level=False
    )


def is_above(level: SkillLevel, highest: SkillLevel | None) -> bool:
    """Whether a question of a level asks for more than a post has; never if the post states none."""
    return highest is not None and LEVELS.index(level) > LEVELS.index(highest)


def _named_in(text: str, *, in_level: bool) -> SkillLevel | None:
    named: SkillLevel | None = None
    after = 0
    for word in _WORD.finditer(text):
        level = _levels_by_word(in_level or word[2] is not None).get(word[1].casefold())
        if named is not None and not (level and _RANGE.fullmatch(text, after, word.start())):
            break
        if level is not None:
            named, after = max(named or level, level, key=LEVELS.index), word.end()
    return named


@lru_cache(maxsize=2)
def _levels_by_word(in_level: bool) -> dict[str, SkillLevel]:
    return {
        word.casefold(): cast(SkillLevel, name.removesuffix(_IN_LEVEL))
        for name, words in read_table("level_words.txt")
        for word in words
        if in_level or not name.endswith(_IN_LEVEL)
    }
