"""How the library is: how many questions of what it has, and which of them somebody should look at.

Settings and the day come in, counts go out. What the checks find in questions is worked out on demand, because it takes
a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import CachedQuestion
from techscreen.library.findings import library_findings
from techscreen.library.questions import ATTENTION
from techscreen.library.starter import starter_questions
from techscreen.schemas.library import LanguageLevelsView, LibraryGroupView, LibraryHealthView, LibrarySummaryView
from techscreen.storage.transactions import transaction

_IN_LIBRARY = CachedQuestion.library_status.is_not(None)
_IS_RETIRED = CachedQuestion.retired_at.is_not(None)

# A row of a statement with these columns and conditions.
Group = Any
Columns = tuple[InstrumentedAttribute[Any], ...]
Conditions = Mapping[str, ColumnElement[bool]]


def library_summary(today: date) -> LibrarySummaryView:
    """What the library has, in one statement.

    Args:
        today: the day up to which reviews are due.
    """
    with transaction() as session:
        groups = _groups(session, (CachedQuestion.language, CachedQuestion.owner), _looked_at(today))
    return LibrarySummaryView(**_summary(groups, _looked_at(today)))


def library_health(max_complaints: int, today: date) -> LibraryHealthView:
    """How the library is, in two statements.

    Args:
        max_complaints: MAX_COMPLAINTS, from which on generation takes a question no more.
        today: the day up to which reviews are due.
    """
    conditions = {
        **_looked_at(today),
        "kept_out": CachedQuestion.complaints >= max_complaints,
        "not_ready": ATTENTION["not_ready"],
    }
    columns = CachedQuestion.language, CachedQuestion.owner, CachedQuestion.skill_level, CachedQuestion.question_type
    key = CachedQuestion.technology_key
    with transaction() as session:
        groups = _groups(session, columns, conditions)
        keys = session.execute(select(key, func.count()).where(_IN_LIBRARY, ~_IS_RETIRED).group_by(key)).all()
    technologies: Counter[str] = Counter()
    for name, count in keys:
        technologies.update(dict.fromkeys((each.removeprefix("?") for each in name.split("|")), count))
    in_use = [group for group in groups if not group.is_retired]
    return LibraryHealthView(
        **_summary(groups, conditions),
        levels=_levels(in_use),
        types=_counted(in_use, "question_type"),
        technologies=_in_order(technologies),
    )


def findings_by_question(library_question_ids: Collection[int]) -> dict[int, int]:
    """How many findings each of these questions of the library has. Checking one takes milliseconds: ask for few."""
    wanted = select(CachedQuestion).where(CachedQuestion.id.in_(library_question_ids), _IN_LIBRARY)
    with transaction() as session:
        rows = session.scalars(wanted).all()
    return {row.id: len(library_findings(row)) for row in rows}


def starter_questions_missing() -> int:
    """How many questions of the starter library the library does not have, not even changed or retired."""
    references = _starter_references()
    there = select(func.count()).select_from(CachedQuestion).where(CachedQuestion.reference.in_(references))
    with transaction() as session:
        return len(references) - (session.scalar(there) or 0)


@cache
def _starter_references() -> tuple[str, ...]:
    return tuple({question["reference"] for question in starter_questions()})


def _looked_at(today: date) -> dict[str, ColumnElement[bool]]:
    """What is counted everywhere."""
    return {
        "active": CachedQuestion.library_status == "active",
        "draft": CachedQuestion.library_status == "draft",
        "review_due": CachedQuestion.review_on <= today,
        "complained": ATTENTION["complained"],
        "never_used": ATTENTION["never_used"],
    }


def _groups(session: Session, columns: Columns, conditions: Conditions) -> Sequence[Group]:
    """How many questions there are in all, and for how many each condition holds, by groups."""
    sums = [func.sum(case((condition, 1), else_=0)).label(name) for name, condition in conditions.items()]
    by = _IS_RETIRED.label("is_retired"), *columns
    return session.execute(select(*by, func.count().label("questions"), *sums).where(_IN_LIBRARY).group_by(*by)).all()


def _summary(groups: Sequence[Group], conditions: Conditions) -> dict[str, Any]:
    in_use = [group for group in groups if not group.is_retired]
    return {
        **{name: sum(int(getattr(group, name)) for group in in_use) for name in conditions},
        "retired": sum(int(group.questions) for group in groups if group.is_retired),
        "languages": _counted(in_use, "language"),
        "owners": _counted(in_use, "owner"),
    }


def _levels(groups: Iterable[Group]) -> list[LanguageLevelsView]:
    levels: dict[str, Counter[str]] = {}
    for group in groups:
        levels.setdefault(group.language, Counter())[group.skill_level] += int(group.questions)
    in_order = _in_order({language: of_it.total() for language, of_it in levels.items()})
    return [
        LanguageLevelsView(name=each.name, questions=each.questions, levels=dict(levels[each.name]))
        for each in in_order
    ]


def _counted(groups: Iterable[Group], column: str) -> list[LibraryGroupView]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts[getattr(group, column) or ""] += int(group.questions)
    return _in_order(counts)


def _in_order(counts: Mapping[str, int]) -> list[LibraryGroupView]:
    in_order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [LibraryGroupView(name=name, questions=count) for name, count in in_order]
