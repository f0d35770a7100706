"""The starter library: the questions that come with the service, in `starter-*.jsonl` beside this file.

They are read from the package, and loaded into the library like an import. Some 250 questions in English, German and
Spanish; docs/library.md says how they were written and scored. Licence: CC BY 4.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import select

from models import CachedQuestion
from techscreen.library.transfer import import_questions
from techscreen.schemas.library import ImportedQuestion, LibraryImport
from techscreen.storage.transactions import transaction

OWNER = "TechScreen starter library"
# Who wrote them, as an answer shows it.
MODEL = "starter-library"
_FIELDS = frozenset(ImportedQuestion.model_fields)


@dataclass(frozen=True)
class Loaded:
    """How many questions were loaded, and how many were there already."""

    added: int
    known: int


def starter_questions() -> Iterator[dict[str, Any]]:
    """All of them, in plain JSON: what an import takes, and beside it `subject` and `facet`."""
    found = [file for file in files("techscreen.library").iterdir() if file.name.startswith("starter-")]
    for file in sorted(found, key=lambda each: each.name):
        if file.name.endswith(".jsonl"):
            yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def load_starter(user_id: str) -> Loaded:
    """Add the questions whose reference the library does not have.

    Those that it has stay as the team has made them: changed, or retired.
    """
    questions = {question["reference"]: question for question in starter_questions()}
    known = select(CachedQuestion.reference).where(CachedQuestion.reference.in_(questions))
    with transaction() as session:
        there = set(session.scalars(known))
    lines = [json.dumps(_as_given(question)) for name, question in questions.items() if name not in there]
    if lines:
        import_questions(LibraryImport(content="\n".join(lines).encode(), format="jsonl"), user_id)
    return Loaded(len(lines), len(there))


def _as_given(question: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in question.items() if name in _FIELDS}
    return {**given, "owner": OWNER, "model": MODEL}
