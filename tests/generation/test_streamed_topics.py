"""The listener that finds the topics in an enhancement while it is written."""

from __future__ import annotations

import json
import random
from typing import Any

from prompts import EnhancedDescription, PlannedTopics
from techscreen.checks.findings import Violation
from techscreen.generation.streamed_topics import StreamedTopics
from tests.support.tables import table
from tests.support.workflows import BAD_DESCRIPTIONS, BAD_TOPICS, enhancement_of, other_topics

ODD_TOPICS = [
    'The "enhanced_title" of a page',
    '"enhanced_title": "no", "enhanced_description"',
    "enhanced_title",
    'Closing }]} , "enhanced_title',
    "{[\"\\'}]{ braces \\ and \\\\ backslashes \\",
    "Überlauf\u2028 🏦 кэш 高负载 \u0007 \u00a0",
    '","language":"de","interview_topics":[],"enhanced_title":"',
    "x" * 255,
]


def an_answer(names: list[str], seed: int) -> dict[str, Any]:
    random_ = random.Random(seed)
    topics = [
        {
            "topic": name,
            "technologies": random_.sample(["python", "c++", '"enhanced_title"', "enhanced_title"], 2),
            "facet": random_.choice(ODD_TOPICS[:6]),
            "skill_level": "Expert",
            "question_type": "coding",
            "focus": random_.choice(ODD_TOPICS),
            "work_items": [{"field": "work_role", "part": random_.choice(ODD_TOPICS)}],
        }
        for name in names
    ]
    return {
        "language": random_.choice(["en", "de", "zh-Hant", "pt-BR"]),
        "interview_topics": topics,
        "enhanced_title": random_.choice(ODD_TOPICS),
        "enhanced_description": '### Title\n- "enhanced_title": {"interview_topics": []}',
    }


def written(answer: dict[str, Any], seed: int) -> str:
    """The answer as JSON, in one of the ways in which it may be laid out."""
    random_ = random.Random(seed)
    return json.dumps(
        answer,
        ensure_ascii=random_.random() < 0.5,
        indent=random_.choice([None, None, 0, 2]),
        separators=random_.choice([(",", ":"), (", ", ": "), (" ,\n ", " : ")]),
    )


def finds_nothing(_: PlannedTopics) -> list[Violation]:
    """The odd topics are there to be read; what the checks say to them is another matter."""
    return []


def hear(early: StreamedTopics, text: str, seed: int) -> list[PlannedTopics]:
    """Hear a text piece by piece; the topics as they stood after each piece from which on they were told."""
    random_ = random.Random(seed)
    told, at = [], 0
    while at < len(text):
        at += random_.choice([1, 2, 7, 16, 64, 400])
        early.heard(text[:at])
        if early.planned.done():
            told.append(early.planned.result())
    return told


class TestStreamedTopics:
    def test_the_topics_of_a_good_answer_are_told_once_and_never_wrong_wherever_it_is_split(self) -> None:
        for seed in range(300):
            names = random.Random(seed).sample(ODD_TOPICS, random.Random(seed).randint(6, 8))
            answer = an_answer(names, seed)
            good = EnhancedDescription.model_validate(answer)
            early, heard_of = StreamedTopics(check=finds_nothing), []
            early.planned.add_done_callback(heard_of.append)

            told = hear(early, written(answer, seed), seed)

            assert len(heard_of) == 1, f"seed {seed}"
            assert all(each is told[0] for each in told)
            assert (told[0].language, told[0].interview_topics) == (good.language, good.interview_topics)
            assert early.settle(good) == good

    def test_they_are_told_when_they_are_complete_and_not_before(self) -> None:
        for seed in range(20):
            answer = {**an_answer(ODD_TOPICS[:6], seed), "enhanced_title": "Engineer"}
            text = written(answer, seed)
            key = text.rindex('"enhanced_title"', 0, text.rindex('"Engineer"'))  # until then there may come more
            early = StreamedTopics(check=finds_nothing)

            for at in range(key + len('"enhanced_title"')):
                early.heard(text[:at])
                assert not early.planned.done(), f"seed {seed}"
            early.heard(text[: text.rindex('"Engineer"')])
            assert early.planned.done(), f"seed {seed}"

    @table("bad", BAD_TOPICS.values(), ids=BAD_TOPICS)
    def test_topics_with_problems_are_never_told(self, requisition: dict[str, Any], bad: Any) -> None:
        for seed in range(20):
            early = StreamedTopics()

            assert hear(early, written(bad(enhancement_of(requisition)), seed), seed) == []

    def test_attempts_after_the_one_that_told_change_nothing(self, requisition: dict[str, Any]) -> None:
        good = enhancement_of(requisition)
        other = other_topics(good)
        for seed in range(20):
            early = StreamedTopics()
            assert hear(early, written(BAD_TOPICS["five topics"](good), seed), seed) == []
            assert hear(early, written(good, seed)[:1_000], seed) == []

            first = hear(early, written(BAD_DESCRIPTIONS["a blank title"](good), seed), seed)
            again = hear(early, written(other, seed), seed)

            assert all(each is first[0] for each in [*first, *again])
            settled = early.settle(EnhancedDescription.model_validate({**other, "enhanced_title": "Repaired"}))
            assert settled == EnhancedDescription.model_validate({**good, "enhanced_title": "Repaired"})

    @table(
        "text",
        [
            "",
            '"enhanced_title"',
            '{"enhanced_title": ',
            '{"enhanced_title": "x", "language": "en", "interview_topics": []}',
            '["language", "enhanced_title": ',
            'null, "enhanced_title": ',
            "I would rather talk about the weather.",
            '{"language": "en", "interview_topics": {}, "enhanced_title": ',
            '{"language": "en", "interview_topics": null, "enhanced_title": ',
            "[" * 100_000 + '"enhanced_title": ',
            '{"language": "\ud83d", "interview_topics": [], "enhanced_title": ',
        ],
    )
    def test_what_is_no_such_answer_tells_nothing_and_breaks_nothing(self, text: str) -> None:
        assert hear(StreamedTopics(), text[-500:], 1) == []
        early = StreamedTopics()
        early.heard(text)
        assert not early.planned.done()

    def test_topics_known_from_an_earlier_attempt_stand(self, requisition: dict[str, Any]) -> None:
        good = enhancement_of(requisition)
        known = PlannedTopics.model_validate(good)
        early = StreamedTopics(known)

        hear(early, written(other_topics(good), 1), 1)

        assert early.planned.result() is known
        assert early.settle(EnhancedDescription.model_validate(other_topics(good))) == (
            EnhancedDescription.model_validate(good)
        )

    def test_an_answer_whose_topics_were_never_told_stays_as_it_is(self, requisition: dict[str, Any]) -> None:
        good = EnhancedDescription.model_validate(enhancement_of(requisition))
        assert StreamedTopics().settle(good) is good
