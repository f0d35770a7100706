"""Looks up questions in library and cache that fit a topic and may be lent to a requisition. Nothing is reserved here.

A topic comes in; hits go out, the library's first. `techscreen/topics/` decides what makes two topics the same; here it
is two keys in a table. The database is the only state, without a copy in memory, so processes and nodes agree.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, false, func, or_, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from config import LibraryUse, Settings
from models import CachedQuestion, QuestionUse, utc_now
from prompts import InterviewTopic
from techscreen.checks.answers import MAX_CRITERIA, MIN_CRITERIA
from techscreen.claude.interface import Claude
from techscreen.question_cache.keys import LIBRARY_VERSION, request_hash, subject_of
from techscreen.storage.transactions import FRESH, run_in_transaction
from techscreen.text.exhibits import shown_text, text_to_compare
from techscreen.topics import matching

logger = logging.getLogger(__name__)

# The most questions of one bucket that are compared with a topic, least used first.
MAX_COMPARISON = 50
# The same where none can be similar enough: only the nearest is wanted, for the log.
NEAR_MISS_SAMPLE = 15
MAX_HITS = 10
MAX_TAKEN_TEXTS = 5
_IS_GENERATED = CachedQuestion.library_status.is_(None)


class _json_length(GenericFunction[int]):  # the name of the database's function
    """How many entries a JSON list has."""

    name = "json_length"
    type = Integer()
    inherit_cache = True


@compiles(_json_length, "sqlite")
def _in_sqlite(element: _json_length, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_array_length({compiler.process(element.clauses, **how)})"


def has_enough_criteria(criteria: Sized) -> bool:
    """Whether a library question may be in an interview: with fewer or more criteria it could not be published."""
    return MIN_CRITERIA <= len(criteria) <= MAX_CRITERIA


def with_enough_criteria() -> ColumnElement[bool]:
    """The same as a condition on rows."""
    return _json_length(CachedQuestion.criteria).between(MIN_CRITERIA, MAX_CRITERIA)


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
        """Questions for an equal topic, or else for similar ones, those of the wanted question type first.

        A library question for a similar topic comes before a generated one for an equal topic.
        """
        equal = self._equal(session, wanted)
        if not equal:
            return self._similar(session, wanted)
        has_its_own = not self._takes_library or equal[0].row.library_status is not None
        if has_its_own or not self._may_be_similar(wanted):
            return equal
        return [*self._similar(session, wanted, CachedQuestion.library_status.is_not(None)), *equal]

    def lendable(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions under which a question may be lent to this requisition.

        A library question neither expires nor is used up, whoever wrote it; see `has_enough_criteria`.
        """
        used_here = select(QuestionUse.cached_question_id).where(QuestionUse.req_id == self._req_id)
        ours = [CachedQuestion.model == self._claude.model] if self._settings.cache_same_model_only else []
        generated = and_(
            CachedQuestion.library_status.is_(None),
            *ours,
            CachedQuestion.usage_count < self._settings.cache_max_uses,
            CachedQuestion.created_at > utc_now() - timedelta(days=self._settings.cache_ttl_days),
        )
        library = and_(CachedQuestion.library_status == "active", with_enough_criteria())
        return (
            or_(generated if self._takes_generated else false(), library if self._takes_library else false()),
            self._not_of_others(),
            CachedQuestion.retired_at.is_(None),
            CachedQuestion.complaints < self._settings.max_complaints,
            CachedQuestion.id.not_in(used_here),
        )

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

    def _equal(self, session: Session, wanted: WantedQuestion) -> list[CachedHit]:
        other_type = CachedQuestion.question_type != wanted.topic.question_type
        equal = (
            select(CachedQuestion)
            .where(CachedQuestion.request_hash.in_([wanted.request_hash, wanted.library_hash]), *self.lendable())
            .order_by(_IS_GENERATED, other_type, CachedQuestion.usage_count, CachedQuestion.id)
            .limit(MAX_HITS)
        )
        return [CachedHit(row, 1.0) for row in session.scalars(equal, execution_options=FRESH)]

    def _similar(self, session: Session, wanted: WantedQuestion, *only: ColumnElement[bool]) -> list[CachedHit]:
        # Each by itself, so that the index gives the least used ones without reading the whole bucket.
        buckets = [self._bucket(wanted, version, *only).subquery() for version in self._versions(wanted)]
        rows = session.execute(union_all(*(select(bucket) for bucket in buckets))).all()
        close: list[tuple[bool, bool, float, int]] = []
        nearest = (0.0, "")
        for row in rows:
            # Within a bucket the technologies are equal; the facet key says the rest.
            subject = matching.of_keys(wanted.subject.technologies, row.facet_key) or replace(
                matching.parse(row.topic), technologies=wanted.subject.technologies
            )
            similarity = matching.compare(wanted.subject, subject)
            nearest = max(nearest, (similarity, row.topic))
            if similarity >= self._settings.cache_similarity_threshold:
                other_type = row.question_type != wanted.topic.question_type
                close.append((bool(row.is_generated), other_type, -similarity, row.id))
        if not close:
            if not only:
                _log_miss(wanted, nearest, len(rows))
            return []
        best = {row_id: -negative for *_, negative, row_id in sorted(close)[:MAX_HITS]}
        chosen = session.scalars(select(CachedQuestion).where(CachedQuestion.id.in_(best)), execution_options=FRESH)
        found = {row.id: row for row in chosen}
        return [CachedHit(found[row_id], similarity) for row_id, similarity in best.items() if row_id in found]

    def _versions(self, wanted: WantedQuestion) -> list[str]:
        """The prompt versions under which fitting questions stand."""
        library = [LIBRARY_VERSION] if self._takes_library else []
        return [*library, wanted.prompt_version] if self._takes_generated else library

    def _bucket(
        self, wanted: WantedQuestion, version: str, *only: ColumnElement[bool]
    ) -> Select[int, str, str, str, bool]:
        """The questions of one version that are compared with a topic, least used first."""
        return (
            select(
                CachedQuestion.id,
                CachedQuestion.topic,
                CachedQuestion.facet_key,
                CachedQuestion.question_type,
                _IS_GENERATED.label("is_generated"),
            )
            .where(
                CachedQuestion.technology_key == wanted.technology_key,
                CachedQuestion.skill_level == wanted.topic.skill_level,
                CachedQuestion.language == wanted.language,
                CachedQuestion.prompt_version == version,
                *self.lendable(),
                *only,
            )
            .order_by(CachedQuestion.usage_count)
            .limit(MAX_COMPARISON if self._may_be_similar(wanted) else NEAR_MISS_SAMPLE)
        )

    def _may_be_similar(self, wanted: WantedQuestion) -> bool:
        """Whether any unequal facet could reach the threshold; the most similar one has one word more."""
        words = len(wanted.subject.facet)
        return words / (words + 1) >= self._settings.cache_similarity_threshold


def _log_miss(wanted: WantedQuestion, nearest: tuple[float, str], compared: int) -> None:
    similarity, topic = nearest
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
