"""The statements with which `lookup.py` looks up questions, each built once: building takes longer than executing them.

Which questions may be lent at all comes in; statements go out whose values are given when they are executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from models import CachedQuestion, QuestionUse
from techscreen.checks.answers import MAX_CRITERIA, MIN_CRITERIA

MAX_HITS = 10
_IS_GENERATED = CachedQuestion.library_status.is_(None)
# What is read of a row to decide whether it is wanted.
_COMPARED = (
    CachedQuestion.id,
    CachedQuestion.question_type,
    CachedQuestion.usage_count,
    _IS_GENERATED.label("is_generated"),
)


class _json_length(GenericFunction[int]):  # the name of the database's function
    """How many entries a JSON list has."""

    name = "json_length"
    type = Integer()
    inherit_cache = True


@compiles(_json_length, "sqlite")
def _in_sqlite(element: _json_length, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_array_length({compiler.process(element.clauses, **how)})"


def with_enough_criteria() -> ColumnElement[bool]:
    """The condition on rows of library questions: see `has_enough_criteria` in lookup.py."""
    return _json_length(CachedQuestion.criteria).between(MIN_CRITERIA, MAX_CRITERIA)


class Terms(NamedTuple):
    """Which questions may be lent at all: what a statement is built for."""

    takes_generated: bool
    takes_library: bool
    same_model_only: bool


def lendable(terms: Terms, limits: Mapping[str, Any]) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a question may be lent.

    Args:
        limits: values by name: req_id, model, max_uses, oldest, max_complaints.
    """
    used_here = select(QuestionUse.cached_question_id).where(QuestionUse.req_id == limits["req_id"])
    ours = [CachedQuestion.model == limits["model"]] if terms.same_model_only else []
    generated = and_(
        _IS_GENERATED,
        *ours,
        CachedQuestion.usage_count < limits["max_uses"],
        CachedQuestion.created_at > limits["oldest"],
    )
    library = and_(CachedQuestion.library_status == "active", with_enough_criteria())
    return (
        or_(generated if terms.takes_generated else false(), library if terms.takes_library else false()),
        CachedQuestion.only_for_req_id.is_(None) | (CachedQuestion.only_for_req_id == limits["req_id"]),
        CachedQuestion.retired_at.is_(None),
        CachedQuestion.complaints < limits["max_complaints"],
        CachedQuestion.id.not_in(used_here),
    )


class _Given(dict[str, Any]):
    """Limits that are given when a statement is executed."""

    def __missing__(self, name: str) -> Any:
        return bindparam(name)


@lru_cache
def lendable_ones(terms: Terms) -> Select[CachedQuestion]:
    """Some questions by their ids."""
    these = CachedQuestion.id.in_(bindparam("ids", expanding=True))
    return select(CachedQuestion).where(these, *lendable(terms, _Given()))


@lru_cache(maxsize=64)
def equal_ones(terms: Terms, topics: int) -> CompoundSelect[Any]:
    """The questions for some equal topics."""

    def of(place: int) -> Select[*tuple[Any, ...]]:
        other_type = CachedQuestion.question_type != bindparam(f"type_{place}")
        hashes: list[ColumnElement[Any]] = [bindparam(f"generated_{place}"), bindparam(f"library_{place}")]
        return (
            select(literal_column(str(place), Integer).label("place"), *_COMPARED)
            .where(CachedQuestion.request_hash.in_(hashes), *lendable(terms, _Given()))
            .order_by(_IS_GENERATED, other_type, CachedQuestion.usage_count, CachedQuestion.id)
            .limit(MAX_HITS)
        )

    return union_all(*(select(of(place).subquery()) for place in range(topics)))


@lru_cache(maxsize=256)
def buckets(terms: Terms, only_library: tuple[bool, ...]) -> CompoundSelect[Any]:
    """The questions that are compared with some topics, least used first.

    Each bucket by itself, so that the index gives the least used ones without reading the whole bucket.
    """

    def of(number: int, only: bool) -> Select[*tuple[Any, ...]]:
        return (
            select(
                literal_column(str(number), Integer).label("number"),
                CachedQuestion.topic,
                CachedQuestion.facet_key,
                *_COMPARED,
            )
            .where(
                CachedQuestion.technology_key == bindparam(f"technologies_{number}"),
                CachedQuestion.skill_level == bindparam(f"level_{number}"),
                CachedQuestion.language == bindparam(f"language_{number}"),
                CachedQuestion.prompt_version == bindparam(f"version_{number}"),
                *lendable(terms, _Given()),
                *([CachedQuestion.library_status.is_not(None)] if only else []),
            )
            .order_by(CachedQuestion.usage_count)
            .limit(bindparam(f"most_{number}", type_=Integer))
        )

    return union_all(*(select(of(number, only).subquery()) for number, only in enumerate(only_library)))
