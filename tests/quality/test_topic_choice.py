"""Which topics make an interview, in which order they are asked, and which would make a sixth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config import PROJECT_FOLDER
from prompts import InterviewTopic, PlannedTopics
from techscreen.quality.topic_choice import (
    HANDS_ON,
    WITH_OTHERS,
    choose_topics,
    left_over_topics,
    optional_topic,
    parts_to_cover,
)
from techscreen.quality.work_items import WorkPart
from tests.support.tables import table

SAMPLES = PROJECT_FOLDER / "samples"
EXEMPLARS = sorted((SAMPLES / "exemplars").glob("*.json"))
REQUISITION = {
    "work_output": "indexing; caching; queues; profiling; tracing; paging; sharding",
    "work_knowledge": "Redis, Kafka, Go, Rust, Perl",
}


def topic(name: str, *parts: str, **changes: Any) -> InterviewTopic:
    """A topic of its own that quotes these parts of the work."""
    usual = {"technologies": [], "facet": f"of {name}", "skill_level": "Advanced", "question_type": "technical"}
    fields = {part: "work_knowledge" if part[0].isupper() else "work_output" for part in parts}
    quoted = [{"field": field, "part": part} for part, field in fields.items()]
    topic = {"topic": name, **usual, "focus": "How somebody reasons.", "work_items": quoted, **changes}
    return InterviewTopic.model_validate(topic)


def names(topics: list[InterviewTopic]) -> str:
    return "".join(each.topic for each in topics)


def chosen(*topics: InterviewTopic, count: int = 5) -> str:
    return names(choose_topics(topics, REQUISITION, count))


def test_without_any_difference_the_best_are_chosen_in_their_order() -> None:
    assert chosen(*map(topic, "abcdefg")) == "abcde"
    assert chosen(*map(topic, "abc")) == "abc"


def test_topics_of_the_same_subject_are_chosen_only_if_needed() -> None:
    doubled = [topic(name, facet="Same", technologies=["x"]) for name in "ab"]
    doubled[1] = doubled[1].model_copy(update={"facet": "same", "technologies": ["X"]})

    assert chosen(*doubled, *map(topic, "cdefg")) == "acdef"
    assert chosen(*doubled, *map(topic, "cde")) == "abcde"


def test_what_covers_more_is_chosen_before_what_was_named_first() -> None:
    topics = [topic("a", "indexing"), topic("b", "indexing"), topic("c", "caching", "queues")]
    assert chosen(*topics, count=2) == "ac"
    assert chosen(*topics, topic("d", "profiling; tracing"), count=3) == "acd"


def test_a_topic_further_back_must_add_as_much_as_it_stands_back() -> None:
    topics = [topic("a", "indexing"), topic("b", "caching"), topic("c", "queues"), topic("d", "profiling")]
    assert chosen(*topics, topic("e", "tracing; paging"), count=4) == "abce"
    assert chosen(*topics, topic("e", "tracing; paging"), count=2) == "ab"  # it would have to add four


def test_lists_of_tools_do_not_outweigh_a_duty() -> None:
    topics = [topic("a", "indexing"), topic("b", "caching")]
    assert chosen(*topics, topic("c", "Redis", "Kafka", "Go"), count=2) == "ab"
    assert chosen(*topics, topic("c"), topic("d", "Redis", "Kafka", "Go", "Rust", "Perl"), count=3) == "abd"


@table("kind", sorted(WITH_OTHERS | HANDS_ON))
def test_one_that_shows_work_with_others_and_one_at_work_come_before_coverage(kind: str) -> None:
    topics = [topic("a", "indexing"), topic("b", "caching"), topic("c", "queues"), topic("d", question_type=kind)]
    assert set(chosen(*topics, count=2)) == set("ad")


def test_a_second_of_a_kind_is_worth_no_coverage() -> None:
    first, second = topic("a", question_type="coding"), topic("b", question_type="debugging")
    assert chosen(first, second, topic("c", "caching", "queues"), count=2) == "ca"


@table(
    ("easier", "harder"),
    [
        ({"question_type": "behavioral"}, {"question_type": "technical"}),
        ({"question_type": "technical"}, {"question_type": "situational"}),
        ({"question_type": "situational"}, {"question_type": "debugging"}),
        ({"question_type": "debugging"}, {"question_type": "coding"}),
        ({"question_type": "coding"}, {"question_type": "system_design"}),
        ({"skill_level": "Intermediate", "question_type": "system_design"}, {"question_type": "behavioral"}),
    ],
)
def test_the_easiest_opens_the_interview_and_the_others_keep_their_order(
    easier: dict[str, str], harder: dict[str, str]
) -> None:
    others = [topic(name, question_type="system_design", skill_level="Expert") for name in "abc"]
    assert chosen(*others, topic("d", **harder), topic("e", **easier)) == "eabcd"


def test_parts_are_those_of_the_work_fields_and_the_duties_that_a_topic_quotes() -> None:
    requisition = {
        "basic_description": "We are nice.\nYou run the payouts.\nYou review designs.",
        "work_role": "Owner of refunds; native speakers only",
        "work_competencies": None,
    }
    quotes = [{"field": "basic_description", "part": "run the payouts"}]
    found = parts_to_cover(requisition, [topic("Review designs", work_items=quotes)])
    assert [(part.field, part.part) for part in found] == [
        ("work_role", "Owner of refunds"),
        ("basic_description", "You run the payouts"),
    ]
    assert [part.part for part in parts_to_cover(requisition, [])] == ["Owner of refunds"]


def test_a_duty_of_the_description_counts_as_coverage() -> None:
    requisition = {"basic_description": "You run the payouts.\nYou review designs."}
    plain, duty = topic("a"), topic("b", work_items=[{"field": "basic_description", "part": "run the payouts"}])
    assert names(choose_topics([plain, duty], requisition, 1)) == "b"


def test_a_sixth_would_cover_the_most_of_what_is_missing() -> None:
    missing = [part for part in parts_to_cover(REQUISITION, []) if part.part in ("queues", "profiling")]
    left_over = [topic("a", "caching"), topic("b", "queues"), topic("c", "profiling, queues"), topic("d", "queues")]
    assert optional_topic(left_over, missing) == left_over[2]
    assert optional_topic([left_over[1], left_over[3]], missing) == left_over[1]
    assert optional_topic(left_over[:1], missing) is None
    assert optional_topic([], missing) is None
    assert optional_topic(left_over, []) is None


def test_of_the_topics_left_over_that_comes_first_which_covers_what_the_others_leave_out() -> None:
    topics = [topic("a", "indexing"), topic("b", "caching"), topic("c", "indexing"), topic("d", "queues", "paging")]
    assert names(left_over_topics(topics, topics[:1], REQUISITION)) == "dbc"
    assert names(left_over_topics(topics, [topics[3], topic("own", "caching")], REQUISITION)) == "acb"
    assert left_over_topics(topics, topics, REQUISITION) == []


@table("path", EXEMPLARS, ids=lambda path: path.stem)
def test_of_an_exemplar_topics_are_chosen_that_cover_as_much_as_its_questions_do(path: Path) -> None:
    exemplar = json.loads(path.read_text(encoding="utf-8"))
    requisition = json.loads((SAMPLES / "requisitions" / path.name).read_text(encoding="utf-8"))
    planned = PlannedTopics.model_validate(exemplar).interview_topics
    topics = choose_topics(planned, requisition, 5)
    types = {each.question_type for each in topics}
    assert types & WITH_OTHERS
    assert types & HANDS_ON
    asked = {question["topic"] for question in exemplar["questions"]}
    parts = parts_to_cover(requisition, planned)
    assert covered(topics, parts) >= covered([each for each in planned if each.topic in asked], parts)


def covered(topics: list[InterviewTopic], parts: list[WorkPart]) -> int:
    """How many of the parts the topics cover: those for which one of them would do as a sixth."""
    return sum(optional_topic(topics, [part]) is not None for part in parts)
