"""The library questions that may be chosen for a requisition: rows of a table come in, light entries go out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    return [
        Entry(
            id=found.id,
            topic=found.topic,
            technologies=tuple(found.technologies or ()),
            skills=tuple(found.skills or ()),
            fits_any_post=found.fits_any_post,
            skill_level=found.skill_level,
            question_type=found.question_type,
            labels=tuple(criterion["criterion"] for criterion in found.criteria),
            minutes=found.minutes,
            is_own=found.model != STARTER_MODEL,
        )
        for found in session.execute(chosen.order_by(row.usage_count, row.id))
    ]
