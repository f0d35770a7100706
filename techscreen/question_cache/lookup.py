"""Looks up questions in library and cache that fit a topic and may be lent to a requisition. Nothing is reserved here.

A topic comes in; hits go out, the library's first. `techscreen/topics/` decides what makes two topics the same; here it
is two keys in a table. The database is the only state, without a copy in memory, so processes and nodes agree.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from config import LibraryUse, Settings
from models import CachedQuestion, utc_now
from prompts import InterviewTopic
from techscreen.checks.answers import MAX_CRITERIA, MIN_CRITERIA
from techscreen.claude.interface import Claude
from techscreen.question_cache import lookup_statements as statements
from techscreen.question_cache.keys import LIBRARY_VERSION, request_hash, subject_of
from techscreen.storage.transactions import FRESH, run_in_transaction
from techscreen.text.exhibits import shown_text, text_to_compare
from techscreen.topics import matching

logger = logging.getLogger(__name__)

# The most questions of one bucket that are compared with a topic, least used first.
MAX_COMPARISON = 50
# The same where none can be similar enough: only the nearest is wanted, for the log.
NEAR_MISS_SAMPLE = 15
MAX_TAKEN_TEXTS = 5


def has_enough_criteria(criteria: Sized) -> bool:
    """Whether a library question may be in an interview: with fewer or more criteria it could not be published."""
    return MIN_CRITERIA <= len(criteria) <= MAX_CRITERIA


@dataclass(frozen=True)
class WantedQuestion:
    """What is looked for: a topic at its level, in one language, written with one prompt version."""

    topic: InterviewTopic
    subject: matching.Topic
    language: str
    prompt_version: str

    @property
    def technology_key(self) -> str:
        """The key of the bucket to search in: the technologies."""
        return matching.technology_key(self.subject)

    @property
    def request_hash(self) -> str:
        """The key of generated questions for an equal topic."""
        return request_hash(self.prompt_version, self.language, self.topic.skill_level, self.subject)

    @property
    def library_hash(self) -> str:
        """The key of library questions for an equal topic."""
        return request_hash(LIBRARY_VERSION, self.language, self.topic.skill_level, self.subject)


@dataclass(frozen=True)
class CachedHit:
    """A question that may be lent, and the similarity of its topic to the wanted one, from 0 to 1."""

    row: CachedQuestion
    similarity: float


class _Found(NamedTuple):
    """A row that may be lent, not read yet."""

    order: tuple[Any, ...]
    id: int
    is_generated: bool
    similarity: float


class CacheLookup:
    """Looks up questions for one requisition, as one client of Claude writes them, under the limits of the settings.

    Args:
        use_library: whether library questions are looked up as well, or alone.
    """

    def __init__(self, claude: Claude, settings: Settings, req_id: str, use_library: LibraryUse = "prefer") -> None:
        self._claude = claude
        self._settings = settings
        self._req_id = req_id
        self._takes_generated = settings.enable_question_cache and use_library != "only"
        self._takes_library = use_library != "never"

    @property
    def is_on(self) -> bool:
        """Whether there is anything to look up."""
        return self._takes_generated or self._takes_library

    def wanted(self, topic: InterviewTopic, language: str) -> WantedQuestion:
        """What to look for. The language is a BCP 47 tag, compared without regard to case and nothing else."""
        subject = subject_of(topic.topic, topic.technologies)
        return WantedQuestion(topic, subject, language.casefold(), self._claude.prompt_version)

    def hits(self, session: Session, wanted: WantedQuestion) -> list[CachedHit]:
        """Questions for one topic. See `all_hits`."""
        return self.all_hits(session, [wanted])[0]

    def all_hits(self, session: Session, wanted: Sequence[WantedQuestion]) -> list[list[CachedHit]]:
        """Questions for equal topics, or else for similar ones, those of the wanted question type first.

        A library question for a similar topic comes before a generated one for an equal topic. Three statements at
        most, however many topics there are.

        Returns:
            A list for each topic. The same question may be in several.
        """
        if not wanted:
            return []
        equal = self._equal(session, wanted)
        only_library = {place: bool(equal[place]) for place in range(len(wanted))}
        searched = {
            place: only
            for place, only in only_library.items()
            if not only
            or (self._takes_library and equal[place][0].is_generated and self._may_be_similar(wanted[place]))
        }
        similar = self._similar(session, wanted, searched) if searched else {}
        found = [[*similar.get(place, ()), *equal[place]] for place in range(len(wanted))]
        ids = [one.id for each in found for one in each]
        # Others may have taken some meanwhile, as often as they may be taken.
        values = {**self._limits(), "ids": ids}
        chosen = session.scalars(statements.lendable_ones(self._terms), values, execution_options=FRESH) if ids else ()
        rows = {row.id: row for row in chosen}
        return [[CachedHit(rows[one.id], one.similarity) for one in each if one.id in rows] for each in found]

    def lendable(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions under which a question may be lent to this requisition.

        A library question neither expires nor is used up, whoever wrote it; see `has_enough_criteria`.
        """
        return statements.lendable(self._terms, self._limits())

    @property
    def _terms(self) -> statements.Terms:
        return statements.Terms(self._takes_generated, self._takes_library, self._settings.cache_same_model_only)

    def _limits(self) -> dict[str, Any]:
        return {
            "req_id": self._req_id,
            "model": self._claude.model,
            "max_uses": self._settings.cache_max_uses,
            "oldest": utc_now() - timedelta(days=self._settings.cache_ttl_days),
            "max_complaints": self._settings.max_complaints,
        }

    def taken_texts(self, wanted_topics: Sequence[InterviewTopic], language: str) -> list[list[str]]:
        """For each topic what the newest existing questions say, lendable or not: a new one must differ from them."""
        hashes = [self.wanted(topic, language).request_hash for topic in wanted_topics]
        newest_first = func.row_number().over(
            partition_by=CachedQuestion.request_hash, order_by=CachedQuestion.variant.desc()
        )
        existing = (
            select(
                CachedQuestion.request_hash,
                CachedQuestion.question_text,
                CachedQuestion.exhibit,
                newest_first.label("place"),
            )
            # A question kept for another requisition alone is not shown to Claude, not even to differ from it.
            .where(CachedQuestion.request_hash.in_(hashes), self._not_of_others())
            .subquery()
        )
        texts: dict[str, list[str]] = defaultdict(list)
        newest = select(existing).where(existing.c.place <= MAX_TAKEN_TEXTS).order_by(existing.c.place)
        for row in run_in_transaction(lambda session: session.execute(newest).all()):
            texts[row.request_hash].append(text_to_compare(row.question_text, shown_text(row.exhibit)))
        return [texts[requested] for requested in hashes]

    def _not_of_others(self) -> ColumnElement[bool]:
        return CachedQuestion.only_for_req_id.is_(None) | (CachedQuestion.only_for_req_id == self._req_id)

    def _equal(self, session: Session, wanted: Sequence[WantedQuestion]) -> list[list[_Found]]:
        values = self._limits()
        for place, each in enumerate(wanted):
            values |= {
                f"generated_{place}": each.request_hash,
                f"library_{place}": each.library_hash,
                f"type_{place}": each.topic.question_type,
            }
        found: list[list[_Found]] = [[] for _ in wanted]
        for row in session.execute(statements.equal_ones(self._terms, len(wanted)), values):
            other_type = row.question_type != wanted[row.place].topic.question_type
            order = bool(row.is_generated), other_type, row.usage_count, row.id
            found[row.place].append(_Found(order, row.id, bool(row.is_generated), 1.0))
        return [sorted(each, key=lambda one: one.order) for each in found]

    def _similar(
        self, session: Session, wanted: Sequence[WantedQuestion], searched: Mapping[int, bool]
    ) -> dict[int, list[_Found]]:
        """The similar ones.

        Args:
            searched: the places of the topics, and for which of them library questions alone are searched.
        """
        buckets = [
            (place, only, version) for place, only in searched.items() for version in self._versions(wanted[place])
        ]
        values = self._limits()
        for number, (place, _, version) in enumerate(buckets):
            each = wanted[place]
            values |= {
                f"technologies_{number}": each.technology_key,
                f"level_{number}": each.topic.skill_level,
                f"language_{number}": each.language,
                f"version_{number}": version,
                f"most_{number}": MAX_COMPARISON if self._may_be_similar(each) else NEAR_MISS_SAMPLE,
            }
        statement = statements.buckets(self._terms, tuple(only for _, only, _ in buckets))
        rows: dict[int, list[Row[Any]]] = defaultdict(list)
        for row in session.execute(statement, values):
            rows[buckets[row.number][0]].append(row)
        found = {place: self._close(wanted[place], rows[place]) for place in searched}
        for place, only in searched.items():
            if not found[place] and not only:
                _log_miss(wanted[place], rows[place])
        return found

    def _close(self, wanted: WantedQuestion, rows: Sequence[Row[Any]]) -> list[_Found]:
        """Those of a bucket's rows that are similar enough, the best first."""
        close = []
        for row in rows:
            similarity = _similarity(wanted, row)
            if similarity >= self._settings.cache_similarity_threshold:
                other_type = row.question_type != wanted.topic.question_type
                order = bool(row.is_generated), other_type, -similarity, row.id
                close.append(_Found(order, row.id, bool(row.is_generated), similarity))
        return sorted(close, key=lambda one: one.order)[: statements.MAX_HITS]

    def _versions(self, wanted: WantedQuestion) -> list[str]:
        """The prompt versions under which fitting questions stand."""
        library = [LIBRARY_VERSION] if self._takes_library else []
        return [*library, wanted.prompt_version] if self._takes_generated else library

    def _may_be_similar(self, wanted: WantedQuestion) -> bool:
        """Whether any unequal facet could reach the threshold; the most similar one has one word more."""
        words = len(wanted.subject.facet)
        return words / (words + 1) >= self._settings.cache_similarity_threshold


def _similarity(wanted: WantedQuestion, row: Row[Any]) -> float:
    # Within a bucket the technologies are equal; the facet key says the rest.
    subject = matching.of_keys(wanted.subject.technologies, row.facet_key) or replace(
        matching.parse(row.topic), technologies=wanted.subject.technologies
    )
    return matching.compare(wanted.subject, subject)


def _log_miss(wanted: WantedQuestion, rows: Sequence[Row[Any]]) -> None:
    similarity, topic = max(((_similarity(wanted, row), row.topic) for row in rows), default=(0.0, ""))
    compared = len(rows)
    if compared:
        reason = f"nearest of {compared} has similarity {similarity:.2f}"
    else:
        reason = "nothing lendable with these technologies at this level"
    logger.info(
        "cache miss for %r: %s",
        wanted.topic.topic,
        reason,
        extra={
            "event": "cache_miss",
            "topic": wanted.topic.topic,
            "technology_key": wanted.technology_key,
            "nearest_topic": topic or None,
            "similarity": similarity,
            "compared": compared,
        },
    )
