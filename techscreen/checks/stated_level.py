"""The highest skill level at which a post may be asked, by what its title and level say.

A requisition's fields come in; a level goes out, or None if neither says any.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import cast, get_args

from prompts import SkillLevel
from techscreen.text.tokens import read_table, tokens_of

LEVELS: tuple[SkillLevel, ...] = get_args(SkillLevel)


def stated_level(requisition: Mapping[str, str | None]) -> SkillLevel | None:
    """The level that `basic_level` and `basic_title` name; where they name several, the highest."""
    words = tokens_of(f"{requisition.get('basic_level') or ''} {requisition.get('basic_title') or ''}")
    named = {level for word in words if (level := _levels_by_word().get(word)) is not None}
    return max(named, key=LEVELS.index, default=None)


def is_above(level: SkillLevel, highest: SkillLevel | None) -> bool:
    """Whether a question of a level asks for more than a post has; never if the post states none."""
    return highest is not None and LEVELS.index(level) > LEVELS.index(highest)


@lru_cache(maxsize=1)
def _levels_by_word() -> dict[str, SkillLevel]:
    table = read_table("level_words.txt")
    return {token: cast(SkillLevel, level) for level, words in table for word in words for token in tokens_of(word)}
