"""Which five of the planned topics make the interview, in which order they are asked, and which would make a sixth.

Topics and the requisition come in. The five that together cover the most WORK items and stated duties go out, the
easiest first; and of those left over, the one that would cover the most of what is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import get_args

from prompts import WORK_FIELDS, InterviewTopic, QuestionType
from techscreen.checks.requisition_quotes import about_the_person
from techscreen.checks.stated_level import LEVELS
from techscreen.quality.coverage import AskedQuestion, coverage_of
from techscreen.quality.work_items import WorkPart, work_parts

# From what everybody can tell to what has to be made up on the spot.
EASIEST_FIRST: tuple[QuestionType, ...] = (
    "behavioral",
    "technical",
    "situational",
    "debugging",
    "coding",
    "system_design",
)
# How much it matters that a part is covered: lists of tools and traits have many parts, and each says little.
WHOLE = 3
WEIGHTS = {"work_knowledge": 1, "work_competencies": 1}
WITH_OTHERS, HANDS_ON = {"behavioral", "situational"}, {"coding", "debugging"}
assert set(EASIEST_FIRST) == set(get_args(QuestionType))


def parts_to_cover(requisition: Mapping[str, str | None], topics: Sequence[InterviewTopic]) -> list[WorkPart]:
    """The parts of the WORK fields, and the duties of `basic_description`: the parts of it that a topic quotes.

    Parts that may not be asked about are left out: they are findings, not gaps.
    """
    described = work_parts({"basic_description": requisition.get("basic_description")})
    quoting = [_as_question(number, topic, quotes_only=True) for number, topic in enumerate(topics)]
    duties = [each.part for each in coverage_of(described, quoting) if not each.is_gap]
    asked = work_parts({name: requisition.get(name) for name in WORK_FIELDS})
    return [part for part in [*asked, *duties] if not about_the_person(part.part)]


def choose_topics(
    topics: Sequence[InterviewTopic],
    requisition: Mapping[str, str | None],
    count: int,
    *,
    must: Collection[InterviewTopic] = (),
    first: Sequence[WorkPart] = (),
    asked: Collection[str] = (),
    insists: bool = False,
) -> list[InterviewTopic]:
    """The topics of an interview, in the order in which they are asked.

    No two have the same technologies and facet if it can be helped; one shows how the person works with others and one
    puts something concrete on the table, if there are such topics. Then coverage decides: a topic that stands one place
    further back must add one deliverable or duty, or as much in knowledge and competencies. Before that decides what
    covers the most of `first`, then how many topics have not been asked before.

    Args:
        topics: best first.
        requisition: its texts by field.
        count: how many questions the interview has.
        must: those of the topics that are chosen in any case, as far as there is room.
        first: parts of the requisition that count before all others.
        asked: the names of topics that earlier interviews had, in small letters.
        insists: whether `first` counts more than work with others and something concrete.
    """
    wanted = [topic for topic in topics if topic in must][:count]
    topics = [*wanted, *(topic for topic in topics if topic not in must)]
    parts = parts_to_cover(requisition, topics)
    covered, covered_first = covered_by(parts, topics), covered_by(first, topics)
    is_new = [topic.topic.casefold() not in asked for topic in topics] if asked else [False] * len(topics)

    def worth(chosen: tuple[int, ...]) -> tuple[int, ...]:
        types = {topics[place].question_type for place in chosen}
        subjects = {_subject(topics[place]) for place in chosen}
        kinds = bool(types & WITH_OTHERS) + bool(types & HANDS_ON)
        together = set().union(*(covered[place] for place in chosen))
        of_first = _weight(first, set().union(*(covered_first[place] for place in chosen)))
        new = sum(is_new[place] for place in chosen)
        by_coverage = _weight(parts, together) - WHOLE * sum(chosen), len(together)
        return len(subjects), of_first * insists, kinds, of_first, new, *by_coverage

    fixed = tuple(range(len(wanted)))
    others = combinations(range(len(wanted), len(topics)), min(count, len(topics)) - len(wanted))
    chosen = max(((*fixed, *other) for other in others), key=worth)
    easiest = min(chosen, key=lambda place: (*_difficulty(topics[place]), place))
    return [topics[place] for place in (easiest, *(place for place in chosen if place != easiest))]


def optional_topic(left_over: Sequence[InterviewTopic], missing: Iterable[WorkPart]) -> InterviewTopic | None:
    """The topic that would cover the most of the parts that no question covers; None if none covers any."""
    parts = list(missing)
    covered = covered_by(parts, left_over)
    best = max(range(len(left_over)), key=lambda place: (_weight(parts, covered[place]), -place), default=None)
    return left_over[best] if best is not None and covered[best] else None


def left_over_topics(
    topics: Sequence[InterviewTopic], asked: Sequence[InterviewTopic], requisition: Mapping[str, str | None]
) -> list[InterviewTopic]:
    """The topics that are not asked about, that first which covers the most of what those asked about leave out.

    Args:
        topics: of the requisition, best first.
        asked: of the interview's other questions.
        requisition: its texts by field.
    """
    parts = parts_to_cover(requisition, topics)
    covered = set().union(*covered_by(parts, asked))
    missing = [part for number, part in enumerate(parts) if number not in covered]
    names = {topic.topic for topic in asked}
    rest = [topic for topic in topics if topic.topic not in names]
    ranked = []
    while rest:
        ranked.append(optional_topic(rest, missing) or rest[0])
        rest.remove(ranked[-1])
    return ranked


def _weight(parts: Sequence[WorkPart], numbers: Iterable[int]) -> int:
    return sum(WEIGHTS.get(parts[number].field, WHOLE) for number in numbers)


def covered_by(parts: Sequence[WorkPart], topics: Sequence[InterviewTopic]) -> list[set[int]]:
    """For each topic, the indexes of the parts that it covers."""
    covered: list[set[int]] = [set() for _ in topics]
    coverage = coverage_of(parts, [_as_question(place, topic) for place, topic in enumerate(topics)])
    for number, each in enumerate(coverage):
        for question in each.questions:
            covered[question.number].add(number)
    return covered


def _as_question(number: int, topic: InterviewTopic, *, quotes_only: bool = False) -> AskedQuestion:
    return AskedQuestion(
        number=number,
        topic="" if quotes_only else topic.topic,
        technologies=() if quotes_only else tuple(topic.technologies),
        work_items=tuple((item.field, item.part) for item in topic.work_items),
        question_text="" if quotes_only else topic.focus,
    )


def _subject(topic: InterviewTopic) -> tuple[frozenset[str], str]:
    return frozenset(name.casefold() for name in topic.technologies), topic.facet.casefold()


def _difficulty(topic: InterviewTopic) -> tuple[int, int]:
    return LEVELS.index(topic.skill_level), EASIEST_FIRST.index(topic.question_type)
