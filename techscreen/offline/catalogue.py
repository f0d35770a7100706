"""The library questions that may be chosen for a requisition: rows of a table come in, light entries go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import CachedQuestion
from prompts import InterviewTopic, QuestionType, SkillLevel, WorkItem
from techscreen.question_cache.keys import STARTER_MODEL
from techscreen.question_cache.lookup import CacheLookup

# Labels of criteria that say what a question is to find out.
LABELS = 3


@dataclass(frozen=True)
class Entry:
    """What tells whether a library question fits a requisition."""

    id: int
    topic: str
    technologies: tuple[str, ...]
    skills: tuple[str, ...]
    fits_any_post: bool
    skill_level: SkillLevel
    question_type: QuestionType
    labels: tuple[str, ...]
    minutes: int | None = None
    is_own: bool = False  # of a team, and not of the starter library

    @classmethod
    def of(cls, number: int, question: Mapping[str, Any]) -> Entry:
        """The entry of a stored question, or of one of the starter library in plain JSON."""
        return cls(
            id=number,
            topic=question["topic"],
            technologies=tuple(question["technologies"] or ()),
            skills=tuple(question["skills"] or ()),
            fits_any_post=question["fits_any_post"],
            skill_level=question["skill_level"],
            question_type=question["question_type"],
            labels=tuple(each["criterion"] for each in question["criteria"]),
            minutes=question["minutes"],
            is_own=question.get("model", STARTER_MODEL) != STARTER_MODEL,
        )

    def as_topic(self, work_items: Sequence[WorkItem]) -> InterviewTopic:
        """The topic that this question answers."""
        return InterviewTopic(
            topic=self.topic,
            technologies=list(self.technologies),
            facet=self.topic,
            skill_level=self.skill_level,
            question_type=self.question_type,
            focus="; ".join(self.labels[-LABELS:]),
            work_items=list(work_items),
        )


def read_catalogue(session: Session, lookup: CacheLookup, language: str) -> list[Entry]:
    """The library questions in a language that may be lent to a requisition, the least used first.

    Args:
        lookup: of the requisition, from the library alone.
        language: BCP 47 tag, compared without regard to case.
    """
    row = CachedQuestion
    columns = (row.id, row.topic, row.technologies, row.skills, row.fits_any_post)
    more = (row.skill_level, row.question_type, row.criteria, row.minutes, row.model)
    chosen = select(*columns, *more).where(row.language == language.casefold(), *lookup.lendable())
    rows = session.execute(chosen.order_by(row.usage_count, row.id)).mappings()
    return [Entry.of(found["id"], dict(found)) for found in rows]
