"""The starter library: every question keeps the rules that Claude's questions must keep, and was scored by a reader."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from config import PROJECT_FOLDER
from models import CachedQuestion, utc_now
from prompts import MAX_MINUTES, MIN_MINUTES
from techscreen.library import starter
from techscreen.library.findings import library_findings
from techscreen.library.rows import columns_of
from techscreen.library.starter import load_starter, starter_questions
from techscreen.question_cache.keys import STARTER_MODEL
from techscreen.question_cache.lookup import has_enough_criteria
from techscreen.schemas.library import ImportedQuestion, LibraryQuestion
from techscreen.storage.transactions import transaction
from techscreen.text.similarity import content_of
from tests.conftest import on_sqlite

QUESTIONS = list(starter_questions())
BESIDE = {"subject", "facet"}  # what a file has of a question and an import does not take
SUBJECTS = {
    "accessibility",
    "analytics",
    "architecture",
    "backend",
    "cloud",
    "data",
    "databases",
    "embedded",
    "erp",
    "frontend",
    "game",
    "general",
    "integration",
    "it-support",
    "management",
    "ml",
    "mobile",
    "networks",
    "qa",
    "security",
    "sre",
    "support",
    "writing",
}
SCORES = PROJECT_FOLDER / "evals" / "material" / "library_scores.jsonl"


def test_there_are_questions_of_every_subject_level_type_and_language() -> None:
    assert len(QUESTIONS) >= 240
    languages = Counter(question["language"] for question in QUESTIONS)
    assert (languages["de"] >= 40, languages["es"] >= 20) == (True, True)
    english = [question for question in QUESTIONS if question["language"] == "en"]
    levels, types = defaultdict(set), defaultdict(set)
    for question in english:
        levels[question["subject"]].add(question["skill_level"])
        types[question["subject"]].add(question["question_type"])
    assert levels.keys() == SUBJECTS
    assert {subject for subject, found in levels.items() if len(found) < 2} == set()
    assert {subject for subject, found in types.items() if len(found) < 2} == set()


def test_no_reference_is_there_twice_and_no_two_questions_are_alike() -> None:
    assert len({question["reference"] for question in QUESTIONS}) == len(QUESTIONS)
    contents = [(question["reference"], content_of(question["question_text"])) for question in QUESTIONS]
    alike = [(one, other) for (one, first), (other, second) in combinations(contents, 2) if first.is_alike(second)]
    assert alike == []


@pytest.mark.parametrize("subject", sorted(SUBJECTS))
def test_the_checks_find_nothing(subject: str) -> None:
    for question in QUESTIONS:
        if question["subject"] == subject:
            assert question.keys() <= ImportedQuestion.model_fields.keys() | BESIDE
            given = {name: value for name, value in question.items() if name not in BESIDE}
            row = CachedQuestion(**columns_of(LibraryQuestion.model_validate(given)))
            found = [(question["reference"], each.field, each.category, each.word) for each in library_findings(row)]
            assert found == []


def test_every_question_is_complete() -> None:
    for question in QUESTIONS:
        parts = has_enough_criteria(question["criteria"]), len(question["follow_ups"]) in (2, 3)
        assert parts == (True, True), question["reference"]
        assert MIN_MINUTES <= question["minutes"] <= MAX_MINUTES
        assert all(question["rating_anchors"][level].strip() for level in ("low", "mid", "high"))
        assert question["facet"].strip()
        assert 4 <= len(question["skills"]) <= 60
        assert (question["exhibit"] is not None) or question["question_type"] != "coding"
        assert question["fits_any_post"] == (question["subject"] == "general")


def test_every_question_was_scored_four_or_more_by_a_reader() -> None:
    scored = {score["reference"]: score for score in map(json.loads, SCORES.read_text(encoding="utf-8").splitlines())}
    assert scored.keys() == {question["reference"] for question in QUESTIONS}
    for reference, score in scored.items():
        values = list(score["scores"].values())
        assert all(1 <= value <= 5 for value in values)
        assert sum(values) / len(values) >= 4.0, reference


@on_sqlite
def test_loading_adds_what_is_not_there_and_leaves_the_rest(app: Flask) -> None:
    def rows() -> list[Any]:
        with transaction() as session:
            return list(session.scalars(select(CachedQuestion).order_by(CachedQuestion.id)))

    with app.app_context():
        first = load_starter("anna")
        loaded = rows()
        changed, retired, gone = (row.id for row in loaded[:3])
        with transaction() as session:
            this = update(CachedQuestion)
            session.execute(this.where(CachedQuestion.id == changed).values(topic="Ours now"))
            session.execute(this.where(CachedQuestion.id == retired).values(retired_at=utc_now()))
            session.delete(session.get_one(CachedQuestion, gone))
        second = load_starter("anna")
        after = {row.reference: row for row in rows()}

    count = len(QUESTIONS)
    assert (first.added, first.known, second.added, second.known) == (count, 0, 1, count - 1)
    assert {row.reference for row in loaded} == after.keys()
    assert {(row.model, row.library_status, row.created_by_user_id) for row in loaded} == {
        (STARTER_MODEL, "active", "anna")
    }
    assert after[loaded[0].reference].topic == "Ours now"
    assert after[loaded[1].reference].retired_at is not None


@on_sqlite
def test_what_another_process_loads_meanwhile_is_no_problem(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    known, seen = starter._known, []

    def known_too_early(references: Any) -> set[str]:
        seen.append(known(references))
        if len(seen) == 1:
            load_starter("another")
        return seen[-1] if len(seen) != 2 else known(references)

    with app.app_context():
        monkeypatch.setattr(starter, "_known", known_too_early)
        loaded = load_starter("anna")

    assert (loaded.added, loaded.known) == (0, len(QUESTIONS))


@on_sqlite
def test_the_shell_says_what_was_loaded(app: Flask) -> None:
    shell = app.test_cli_runner()
    said = [shell.invoke(args=["library", "load-starter"]).output.strip().split("\n")[-1] for _ in range(2)]
    count = len(QUESTIONS)
    assert said == [
        f"{count} questions loaded; 0 were there already.",
        f"0 questions loaded; {count} were there already.",
    ]
