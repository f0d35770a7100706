"""The highest skill level of questions for a post, by what its level says, or else its title.

A requisition's fields come in; a level goes out, or None if neither says any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar, cast, get_args

from prompts import PlannedTopics, SkillLevel
from techscreen.text.tokens import read_table

PlannedTopicsT = TypeVar("PlannedTopicsT", bound=PlannedTopics)
LEVELS: tuple[SkillLevel, ...] = get_args(SkillLevel)
_IN_LEVEL = " in level"
_WORD = re.compile(r"([^\W\d_]+)([- ]?(?:level|ish)\b)?", re.IGNORECASE)
# Between the ends of a range, such as Mid-Senior or Mid to Senior.
_RANGE = re.compile(r"\s?[-/,|\u2013\u2014]{1,2}\s?(?:(?:to|bis|or|oder|a|o)\s)?|\s(?:to|bis|or|oder|a|o|and|und)\s")


def stated_level(requisition: Mapping[str, str | None]) -> SkillLevel | None:
    """The level that `basic_level` names or, if it names none, `basic_title`.

    In the level the first word counts, and of a range its higher end. In a title it is the highest of all: a graduate
    programme manager is no graduate, and a level that is taken too low costs more than one that is not found.
    """
    in_level = _named_in(requisition.get("basic_level") or "", in_level=True)
    if in_level:
        _, first, after = in_level[0]
        for start, level, end in in_level[1:]:
            if not _RANGE.fullmatch(requisition["basic_level"] or "", after, start):
                break
            first, after = max(first, level, key=LEVELS.index), end
        return first
    in_title = _named_in(requisition.get("basic_title") or "", in_level=False)
    return max((level for _, level, _ in in_title), key=LEVELS.index, default=None)


def lowest_in_title(requisition: Mapping[str, str | None]) -> SkillLevel | None:
    """The lowest level that `basic_title` names: that of a junior architect is junior. See `stated_level`."""
    in_title = _named_in(requisition.get("basic_title") or "", in_level=False)
    return min((level for _, level, _ in in_title), key=LEVELS.index, default=None)


def at_stated_level(planned: PlannedTopicsT, requisition: Mapping[str, str | None]) -> PlannedTopicsT:
    """The same topics, none above the stated level. It is idempotent."""
    highest = stated_level(requisition)
    topics = [
        topic.model_copy(update={"skill_level": highest}) if is_above(topic.skill_level, highest) else topic
        for topic in planned.interview_topics
    ]
    return planned.model_copy(update={"interview_topics": topics})


def is_above(level: SkillLevel, highest: SkillLevel | None) -> bool:
    """Whether a question of a level asks for more than a post has; never if the post states none."""
    return highest is not None and LEVELS.index(level) > LEVELS.index(highest)


def _named_in(text: str, *, in_level: bool) -> list[tuple[int, SkillLevel, int]]:
    """The levels that words of a text name, each with where its word begins and ends."""
    words = _levels_by_word(in_level), _levels_by_word(True)  # a word before "level" is a level in a title as well
    found = ((word, words[word[2] is not None].get(word[1].casefold())) for word in _WORD.finditer(text))
    return [(word.start(), level, word.end()) for word, level in found if level is not None]


@lru_cache(maxsize=2)
def _levels_by_word(in_level: bool) -> dict[str, SkillLevel]:
    return {
        word.casefold(): cast(SkillLevel, name.removesuffix(_IN_LEVEL))
        for name, words in read_table("level_words.txt")
        for word in words
        if in_level or not name.endswith(_IN_LEVEL)
    }
