"""The starter library: the questions that come with the service, in `starter-*.jsonl` beside this file.

They are read from the package, and loaded into the library like an import. Some 300 questions in English, German and
Spanish; docs/library.md says how they were written and scored. Licence: CC BY 4.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import select

from models import CachedQuestion
from techscreen.errors import NotImportable
from techscreen.library.transfer import import_questions
from techscreen.question_cache.keys import STARTER_MODEL
from techscreen.schemas.library import ImportedQuestion, LibraryImport
from techscreen.storage.transactions import transaction

OWNER = "TechScreen starter library"
_FIELDS = frozenset(ImportedQuestion.model_fields)


@dataclass(frozen=True)
class Loaded:
    """How many questions were loaded, and how many were there already."""

    added: int
    known: int


def starter_questions() -> Iterator[dict[str, Any]]:
    """All of them, in plain JSON: what an import takes, and beside it `subject` and `facet`."""
    found = [file for file in files(__package__).iterdir() if file.name.startswith("starter-")]
    for file in sorted(found, key=lambda each: each.name):
        if file.name.endswith(".jsonl"):
            yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def load_starter(user_id: str) -> Loaded:
    """Add the questions whose reference the library does not have.

    Those that it has stay as the team has made them: changed, or retired.
    """
    questions = {question["reference"]: question for question in starter_questions()}
    for last in (False, False, True):
        there = _known(questions)
        lines = [json.dumps(_as_given(question)) for name, question in questions.items() if name not in there]
        try:
            if lines:
                import_questions(LibraryImport(content="\n".join(lines).encode(), format="jsonl"), user_id)
        except NotImportable:  # another process may have loaded some of them meanwhile
            if last:
                raise
        else:
            break
    return Loaded(len(lines), len(there))


def _known(references: Iterable[str]) -> set[str]:
    known = select(CachedQuestion.reference).where(CachedQuestion.reference.in_(list(references)))
    with transaction() as session:
        return {reference for reference in session.scalars(known) if reference is not None}


def _as_given(question: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in question.items() if name in _FIELDS}
    return {**given, "owner": OWNER, "model": STARTER_MODEL}
