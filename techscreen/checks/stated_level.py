"""The highest skill level at which a post may be asked, by what its level says, or else its title.

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

    The first word that names one counts, and of a range its higher end.
    """
    return _named_in(requisition.get("basic_level") or "", in_level=True) or _named_in(
        requisition.get("basic_title") or "", in_level=False
    )


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


def _named_in(text: str, *, in_level: bool) -> SkillLevel | None:
    words = _levels_by_word(in_level), _levels_by_word(True)  # a word before "level" is a level in a title as well
    found = ((word, words[word[2] is not None].get(word[1].casefold())) for word in _WORD.finditer(text))
    named: SkillLevel | None = None
    after = 0
    for word, level in found:
        if level is None:
            continue
        if named is not None and not _goes_on(text[after : word.start()], named, level):
            break
        named, after = max(named or level, level, key=LEVELS.index), word.end()
    return named


def _goes_on(between: str, named: SkillLevel, level: SkillLevel) -> bool:
    """Whether a word goes on with the level before it: the end of a range, or Senior Director."""
    return _RANGE.fullmatch(between) is not None or (between.isspace() and (named, level) == ("Advanced", "Expert"))


@lru_cache(maxsize=2)
def _levels_by_word(in_level: bool) -> dict[str, SkillLevel]:
    return {
        word.casefold(): cast(SkillLevel, name.removesuffix(_IN_LEVEL))
        for name, words in read_table("level_words.txt")
        for word in words
        if in_level or not name.endswith(_IN_LEVEL)
    }
