"""Which library questions are chosen for a requisition."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from config import PROJECT_FOLDER
from prompts import InterviewTopic
from techscreen.library.starter import starter_questions
from techscreen.offline.catalogue import Entry
from techscreen.offline.fitting import Fitting
from techscreen.text.language import Language


def entry(number: int, topic: str, *skills: str, **more: Any) -> Entry:
    usual: dict[str, Any] = {
        "technologies": (),
        "fits_any_post": False,
        "skill_level": "Intermediate",
        "question_type": "technical",
        "labels": ("First", "Second", "Third", "Fourth"),
    }
    return Entry(id=number, topic=topic, skills=skills, **{**usual, **more})


PIPELINES = entry(1, "Daily loads", "data pipelines", "late arriving data")
KAFKA = entry(2, "Stream processing", "event streaming", "ordering guarantees", technologies=("kafka",))
RESTORE = entry(3, "Restoring rows", "backup and restore", "database administrator")
DASHBOARD = entry(4, "Useful dashboards", "dashboards", "metric definition")
CALM = entry(5, "A hard incident", "calm under pressure", question_type="behavioral", fits_any_post=True)
DESIGN = entry(6, "A small service", "system design", question_type="system_design", fits_any_post=True)
ENTRIES = [PIPELINES, KAFKA, RESTORE, DASHBOARD, CALM, DESIGN]


def topics(
    entries: list[Entry] = ENTRIES, count: int = 8, language: Language = "en", **texts: str
) -> list[InterviewTopic]:
    requisition = {"basic_title": "Data Engineer", "basic_description": "We need somebody.", **texts}
    return Fitting(requisition, language, entries).topics(count)


def names(found: list[InterviewTopic]) -> list[str]:
    return [topic.topic for topic in found]


def quotes(found: list[InterviewTopic], topic: str) -> list[tuple[str, str]]:
    return [(item.field, item.part) for each in found if each.topic == topic for item in each.work_items]


def test_a_question_is_chosen_for_what_it_is_about_and_quotes_it() -> None:
    found = topics(work_role="Builds data pipelines, runs Kafka", work_knowledge="SQL, late-arriving data")

    assert names(found)[:2] == ["Daily loads", "Stream processing"]
    assert ("work_knowledge", "late-arriving data") in quotes(found, "Daily loads")
    assert quotes(found, "Stream processing") == [("work_role", "runs Kafka")]
    assert names(found)[2:] == ["A hard incident", "A small service"]
    assert (found[0].facet, found[0].focus) == ("Daily loads", "Second; Third; Fourth")


def test_a_technology_that_nobody_named_is_not_presumed() -> None:
    assert "Stream processing" not in names(topics(work_role="event streaming, data pipelines"))


@pytest.mark.parametrize(
    ("level", "title", "expected"),
    [
        ("Junior", "Data Engineer", ["easy"]),
        ("Mid", "Data Engineer", ["middle", "easy"]),
        ("Senior", "Data Engineer", ["hard", "middle"]),
        ("Senior", "Junior Data Engineer", ["easy"]),
        ("", "Junior Data Architect", ["easy"]),
        ("", "Data Engineer", ["middle", "easy", "hard"]),
    ],
)
def test_no_question_is_above_the_stated_level(level: str, title: str, expected: list[str]) -> None:
    entries = [
        entry(number, name, "data pipelines", skill_level=of)
        for number, (name, of) in enumerate(
            {"easy": "Foundational", "middle": "Intermediate", "hard": "Advanced"}.items()
        )
    ]
    found = names(topics(entries, basic_title=title, basic_level=level, work_role="data pipelines"))
    assert (found[0], set(found)) == (expected[0], set(expected))


def test_questions_for_the_post_of_the_title_come_first() -> None:
    wanted = {"work_role": "dashboards; metric definition", "basic_description": "We have useful dashboards."}
    found = topics(basic_title="Database Administrator", **wanted)
    assert names(found)[:2] == ["Restoring rows", "Useful dashboards"]
    assert "Daily loads" not in names(found)


def test_one_question_of_five_shows_work_with_others() -> None:
    entries = [*(entry(10 + number, f"Topic {number}", f"duty{number}") for number in range(8)), CALM]
    found = topics(entries, work_knowledge=", ".join(f"duty{number}" for number in range(8)))
    assert len(found) == 8
    assert "A hard incident" in names(found)[:5]


@pytest.mark.parametrize("text", ["TBD", "...", "We need somebody good, soon."])
def test_where_nothing_fits_there_is_no_topic(text: str) -> None:
    assert topics(basic_title="Wanted", basic_description=text) == []
    assert topics(basic_title=text, basic_description=text, work_competencies="calm under pressure") == []


def test_html_is_read_as_text_and_quoted_word_for_word() -> None:
    found = topics(
        basic_title="X", basic_description="<ul><li>Backup &amp; restore</li><li>data <b>pipelines</b></li></ul>"
    )
    assert quotes(found, "Restoring rows") == [("basic_description", "Backup &amp; restore")]
    assert "Daily loads" in names(found)


def test_demands_about_the_person_are_not_quoted() -> None:
    found = topics(work_competencies="no family commitments; data pipelines")
    assert quotes(found, "Daily loads") == [("work_competencies", "data pipelines")]


def test_the_order_of_the_catalogue_decides_between_equals() -> None:
    twins = [entry(number, f"Topic {number}", "data pipelines") for number in (1, 2)]
    wanted = {"work_role": "data pipelines"}
    assert names(topics(twins, count=1, **wanted)) == ["Topic 1"]
    assert names(topics(twins[::-1], count=1, **wanted)) == ["Topic 2"]


def starter(language: str) -> list[Entry]:
    return [
        Entry.of(number, question)
        for number, question in enumerate(starter_questions())
        if question["language"] == language
    ]


@pytest.mark.parametrize(
    ("language", "title", "knowledge", "subject"),
    [
        ("en", "Backend Developer", "Java, Spring Boot, PostgreSQL", "backend"),
        ("en", "Frontend Engineer", "React, TypeScript", "frontend"),
        ("en", "Android Developer", "Kotlin, Android", "mobile"),
        ("en", "Data Engineer", "SQL, Airflow, Python", "data"),
        ("en", "Site Reliability Engineer", "Kubernetes, Linux", "sre"),
        ("en", "Network Engineer", "DNS, firewalls", "networks"),
        ("en", "Security Engineer", "threat modelling", "security"),
        ("en", "Embedded Software Engineer", "C, RTOS", "embedded"),
        ("en", "QA Engineer", "test automation", "qa"),
        ("en", "SAP ABAP Developer", "ABAP, IDoc", "erp"),
        ("en", "Technical Writer", "API documentation", "writing"),
        ("en", "Engineering Manager", "people management", "management"),
        ("de", "Embedded-Softwareentwickler (m/w/d)", "C, RTOS", "embedded"),
        ("de", "Java-Entwickler", "Java, REST", "backend"),
        ("es", "Desarrollador Backend", "Java, SQL", "backend"),
    ],
)
def test_the_starter_library_has_questions_for_common_posts(
    language: Language, title: str, knowledge: str, subject: str
) -> None:
    subjects = {question["topic"]: question["subject"] for question in starter_questions()}
    found = topics(starter(language), language=language, basic_title=title, work_knowledge=knowledge)
    of_subject = [topic for topic in found[:5] if subjects[topic.topic] == subject]
    assert len(of_subject) >= 2, names(found)


@pytest.mark.parametrize(
    ("title", "is_for_it"),
    [
        ("Frontend Developer", True),
        ("Senior Frontend Developer (React)", True),
        ("Frontend Wizard", True),
        ("Frontend Designer", False),
        ("Backend Developer", False),
    ],
)
def test_a_post_is_known_by_its_name_whatever_is_around_it(title: str, is_for_it: bool) -> None:
    entries = [entry(1, "Layout", "frontend developer"), entry(2, "Loads", "data pipelines")]
    found = names(topics(entries, basic_title=title, work_role="data pipelines"))
    assert ("Layout" in found) == is_for_it


def test_the_name_of_a_post_is_nothing_that_a_part_is_about() -> None:
    found = topics([entry(1, "Layout", "data engineer", "css")], work_role="mentors two data engineers; css")
    assert quotes(found, "Layout") == [("work_role", "css")]


def test_teamwork_alone_makes_no_question_fit() -> None:
    entries = [entry(1, "Code review", "code review", "teamwork"), entry(2, "A case", "teamwork", fits_any_post=True)]
    assert topics(entries, basic_title="Cook", work_competencies="teamwork") == []
    assert names(topics(entries, basic_title="Cook", work_competencies="teamwork; code review")) == [
        "Code review",
        "A case",
    ]


def test_a_teams_own_question_comes_first_also_one_for_any_post() -> None:
    same = entry(1, "Shipped", "data pipelines"), entry(2, "Own", "data pipelines", is_own=True)
    assert names(topics(list(same), work_role="data pipelines"))[0] == "Own"
    pottery = [entry(1, "Kilns", "pottery", "kiln", fits_any_post=True, is_own=True)]
    assert names(topics(pottery, basic_title="Potter", work_role="pottery; kiln")) == ["Kilns"]


def test_a_word_that_all_questions_of_a_small_library_have_still_tells_something() -> None:
    entries = [entry(number, f"Topic {number}", "fire the kiln") for number in range(6)]
    assert len(topics(entries, work_role="You fire the big kiln")) == 6


def test_every_process_chooses_the_same() -> None:
    script = (
        "from evals.material import requisitions; from evals.without_claude import interview_topics; "
        "print([t.topic for each in list(requisitions().values())[:4] for t in interview_topics(each)])"
    )
    command = [sys.executable, "-c", script]
    chosen = {
        subprocess.run(
            command, cwd=PROJECT_FOLDER, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(chosen) == 1
