"""What the starter library is worth: how much of requisitions its interviews cover, and how many questions it saves.

Requisitions and the library come in, figures go out. No database and no Claude takes part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from config import Settings, load_settings
from evals.material import MarkedSkill
from prompts import WORK_FIELDS, InterviewTopic, PlannedTopics, PlanTopics
from techscreen.checks.requisition_quotes import with_sound_quotes
from techscreen.checks.stated_level import at_stated_level
from techscreen.library.starter import starter_questions
from techscreen.offline.catalogue import Entry
from techscreen.offline.fitting import fitting_to
from techscreen.quality.coverage import AskedQuestion, coverage_of
from techscreen.quality.topic_choice import choose_topics
from techscreen.quality.work_items import work_parts
from techscreen.question_cache.keys import subject_of
from techscreen.text.language import language_of
from techscreen.topics import matching

QUESTIONS, TOPICS = 5, 8


@dataclass(frozen=True)
class Covered:
    """How many of some parts of a requisition an interview covers."""

    covered: int
    parts: int


def interview_topics(requisition: PlanTopics) -> list[InterviewTopic]:
    """The topics of the five library questions that make a requisition's interview without Claude."""
    fields = requisition.fields()
    language = language_of(text for text in fields.values() if text) or "en"
    topics = fitting_to(fields, language, starter_entries()[language]).topics(TOPICS)
    return choose_topics(topics, fields, QUESTIONS)


def work_items_covered(requisition: PlanTopics, asked: Sequence[InterviewTopic]) -> Covered:
    """How many WORK items the questions about these topics cover, as the quality report counts them."""
    fields = requisition.fields()
    covered = coverage_of(work_parts({name: fields[name] for name in WORK_FIELDS}), _as_questions(asked))
    return Covered(sum(not each.is_gap for each in covered), len(covered))


def skills_covered(requisition: PlanTopics, asked: Sequence[InterviewTopic], marked: Iterable[MarkedSkill]) -> Covered:
    """How many marked skills overlap a part that one of the questions covers."""
    fields = requisition.fields()
    covered = coverage_of(work_parts({name: fields[name] for name in fields if fields[name]}), _as_questions(asked))
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for each in covered:
        if not each.is_gap:
            spans[each.part.field].append((each.part.start, each.part.end))
    found = parts = 0
    for skill in marked:
        start = (fields[skill.field] or "").find(skill.span)
        parts += 1
        found += any(begin < start + len(skill.span) and start < end for begin, end in spans[skill.field])
    return Covered(found, parts)


def served(planned: PlannedTopics, requisition: PlanTopics) -> int:
    """How many of the five topics of a planned interview the library has a question for, by the rules of the cache."""
    fields = requisition.fields()
    planned = at_stated_level(with_sound_quotes(planned, fields), fields)
    language = planned.language.split("-", maxsplit=1)[0].lower()
    of_language = [entry for entry in starter_entries().get(language, ())]
    chosen = choose_topics(planned.interview_topics, fields, QUESTIONS)
    return sum(any(_fits(topic, entry) for entry in of_language) for topic in chosen)


def _fits(topic: InterviewTopic, entry: Entry) -> bool:
    wanted = subject_of(topic.topic, topic.technologies)
    has = subject_of(entry.topic, entry.technologies)
    is_near = matching.compare(wanted, has) >= _settings().cache_similarity_threshold
    return is_near and topic.skill_level == entry.skill_level


@cache
def starter_entries() -> Mapping[str, list[Entry]]:
    """The starter library as the catalogue would read it, by language."""
    entries: dict[str, list[Entry]] = {}
    for number, question in enumerate(starter_questions()):
        entries.setdefault(question["language"], []).append(Entry.of(number, question))
    return entries


@cache
def _settings() -> Settings:
    return load_settings({"FLASK_ENV": "testing"}, env_file=None)


def _as_questions(topics: Sequence[InterviewTopic]) -> list[AskedQuestion]:
    return [
        AskedQuestion(
            number=number,
            topic=topic.topic,
            technologies=tuple(topic.technologies),
            work_items=tuple((item.field, item.part) for item in topic.work_items),
            question_text="",
        )
        for number, topic in enumerate(topics)
    ]
