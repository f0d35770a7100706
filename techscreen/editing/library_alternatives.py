"""Alternatives to a question where no Claude is asked: library questions that fit the requisition and are as wanted.

What is wanted and the library come in; the same with the topics of such questions goes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from prompts import AlternativeKind, InterviewTopic
from techscreen.checks.stated_level import LEVELS
from techscreen.editing.wanted_alternative import WantedAlternative
from techscreen.errors import ClaudeNotConfigured
from techscreen.offline.catalogue import Entry, read_catalogue
from techscreen.offline.fitting import fitting_to
from techscreen.question_cache.lookup import CacheLookup

# Topics that are looked through.
MAX_TOPICS = 40

IsAsWanted = Callable[[Entry], bool]


def from_library_alone(
    session: Session, wanted: WantedAlternative, kind: AlternativeKind, lookup: CacheLookup
) -> WantedAlternative:
    """The same, with the topics of library questions.

    Raises:
        ClaudeNotConfigured: if the library has none of this kind.
    """
    present = wanted.present
    level = LEVELS.index(present.skill_level)
    is_as_wanted: dict[AlternativeKind, IsAsWanted] = {
        "easier": lambda entry: LEVELS.index(entry.skill_level) < level,
        "harder": lambda entry: LEVELS.index(entry.skill_level) > level,
        "shorter": lambda entry: entry.minutes is not None and entry.minutes < (present.minutes or 0),
        "other_scenario": lambda entry: entry.question_type == present.question_type,
        "other_topic": lambda entry: entry.topic != present.topic,
    }
    known = {present.topic, *wanted.other_topics}
    catalogue = read_catalogue(session, lookup, wanted.planned.language)
    entries = [entry for entry in catalogue if is_as_wanted[kind](entry) and entry.topic not in known]
    fields = wanted.source.requisition.fields()
    topics = fitting_to(fields, wanted.planned.language, entries).topics(MAX_TOPICS, is_known_to_fit=True)
    if not topics:
        words = kind.replace("_", " ")
        raise ClaudeNotConfigured(
            f"The library has no question of the kind “{words}”, and no Claude is there to write it."
        )
    return replace(wanted, topics=_most_alike(topics, present.work_items)[: len(wanted.topics)], lendable=True)


def _most_alike(topics: list[InterviewTopic], work_items: frozenset[str]) -> tuple[InterviewTopic, ...]:
    """Those about the same words of the requisition first."""
    return tuple(sorted(topics, key=lambda topic: -len(work_items & {item.part for item in topic.work_items})))
