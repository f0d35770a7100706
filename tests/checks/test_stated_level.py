"""Up to which skill level a post may be asked, by its title and level."""

from __future__ import annotations

import json

from config import PROJECT_FOLDER
from prompts import PlannedTopics
from techscreen.checks.stated_level import LEVELS, at_stated_level, is_above, stated_level
from techscreen.text.tokens import read_table
from tests.support.tables import table


@table(
    ("title", "level", "expected"),
    [
        ("Junior Developer", None, "Foundational"),
        ("Developer", "Entry level", "Foundational"),
        ("Développeur débutant", None, "Foundational"),
        ("Entwickler", "Berufseinsteiger", "Foundational"),
        ("Developer (mid-level)", "", "Intermediate"),
        ("Sr. Developer", None, "Advanced"),
        ("SENIOR developer", None, "Advanced"),
        ("Desarrollador sénior", None, "Advanced"),
        ("Head of Platform", None, "Expert"),
        ("Líder técnico", None, "Expert"),
        # The level counts before the title: its first word, and of a range the higher end; in a title the highest.
        ("Junior Developer", "Senior", "Advanced"),
        ("Senior Developer", "Lead", "Expert"),
        ("Junior Project Manager", "Junior", "Foundational"),
        ("Graduate Programme Manager", None, "Expert"),
        ("Product Manager Jr.", None, "Expert"),
        ("Release Manager", "Mid", "Intermediate"),
        ("Developer", "Mid (3-5 years), reports to Lead", "Intermediate"),
        ("Developer", "Semi Senior", "Intermediate"),
        ("Developer", "nivel medio", "Intermediate"),
        ("Developer", "Mid-Senior", "Advanced"),
        ("Developer", "Mid to Senior", "Advanced"),
        ("Developer", "mid-ish to senior-ish", "Advanced"),
        ("Developer", "Mid-level, Senior", "Advanced"),
        ("Entwickler", "Junior- bis Senior-Level", "Advanced"),
        ("Senior Engineering Manager", None, "Expert"),
        ("Senior Director", None, "Expert"),
        ("Developer", "Principal / Lead", "Expert"),
        # In a title these are something else.
        ("Middle Office Developer", None, None),
        ("Sales Engineer, Middle East", None, None),
        ("Data Entry Systems Engineer", None, None),
        ("Entry-level tester", None, "Foundational"),
        ("Developer", None, None),
        ("Developer", "L5", None),
        ("Leadership Coach", None, None),
        ("", None, None),
    ],
)
def test_title_and_level_say_up_to_which_level(title: str, level: str | None, expected: str | None) -> None:
    assert stated_level({"basic_title": title, "basic_level": level, "basic_description": "A junior post."}) == expected


def test_every_word_of_the_table_is_found() -> None:
    for name, words in read_table("level_words.txt"):
        level = name.removesuffix(" in level")
        for word in words:
            assert stated_level({"basic_level": word.upper()}) == level, word
            assert stated_level({"basic_title": word}) == (level if level == name else None), word


def test_no_topic_stays_above_the_stated_level() -> None:
    exemplar = json.loads((PROJECT_FOLDER / "samples/exemplars/backend-payments-engineer.json").read_text("utf-8"))
    plan = PlannedTopics.model_validate({"reads_as": "job", **exemplar})
    for stated, kept in (("Junior", "Foundational"), ("Senior", "Advanced"), ("L5", "Advanced")):
        once = at_stated_level(plan, {"basic_level": stated})
        assert {topic.skill_level for topic in once.interview_topics} == {kept}
        assert at_stated_level(once, {"basic_level": stated}) == once


def test_only_a_higher_level_than_the_stated_one_is_above() -> None:
    assert [is_above(level, "Intermediate") for level in LEVELS] == [False, False, True, True]
    assert not any(is_above(level, None) for level in LEVELS)
    assert stated_level({}) is None
