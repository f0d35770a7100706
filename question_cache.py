"""The question cache: find a fitting question and lend it, keep a new one the moment it is paid for.

What makes two topics the same is `topics.py`'s business; here it is two keys in a table. MySQL is the only
state: there is no copy in a process, so workers and nodes agree. A question is lent only if it has the same
level, language and prompt version, is not yet used in the requisition, not used up, not too old and not
retired; among those the least used, claimed by compare-and-swap.

While an interview is being made its questions are reserved (`question_uses` without an interview). They
become part of the interview in the transaction that stores it, or are given back if it fails, so that the
next try finds them. `usage_count` counts requisitions that use or have reserved a question.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.orm import Session

import metrics
import topics
from cache_keys import cache_key, request_hash, subject_of
from claude_interface import Claude
from config import Settings
from content_checks import alike_question
from errors import DatabaseUnavailable
from models import PATIENCE, CachedQuestion, QuestionUse, settled, transaction, utc_now
from outstanding_writes import write_later
from prompts import InterviewQuestion, InterviewTopic
from service_processes import left_behind, this_process_id
from suggested_technologies import suggest_unknown

logger = logging.getLogger(__name__)

# Questions of one bucket that are compared with a topic at the most; the least used come first.
LARGEST_COMPARISON = 50
# As many are enough to name the nearest in the log where none can be near enough to be lent.
NEAR_MISS_SAMPLE = 15
MOST_CANDIDATES = 10
# After a lost race a row is read again as it is now, and not as the session remembers it.
FRESH = {"populate_existing": True}
MOST_ROUNDS = 3
MOST_TAKEN_TEXTS = 5


@dataclass(frozen=True)
class LentQuestion:
    """A question of the cache, and how close its topic is to the one asked for."""

    cached_question_id: int
    question: InterviewQuestion
    question_type: str
    cached_topic: str
    similarity: float


@dataclass(frozen=True)
class _Wanted:
    """What is looked for: a topic at its level, in its language, in the words of one prompt version."""

    topic: InterviewTopic
    subject: topics.Topic
    language: str
    prompt_version: str

    @property
    def technology_key(self) -> str:
        return topics.technology_key(self.subject)

    @property
    def request_hash(self) -> str:
        return request_hash(self.prompt_version, self.language, self.topic.skill_level, self.subject)


class QuestionCache:
    """Lends and keeps questions for one kind of Claude, under the limits of the settings."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

    @contextmanager
    def loans_for(self, req_id: str) -> Iterator[Loans]:
        """The questions reserved for one interview. They are given back if the block raises."""
        loans = Loans(self._claude, self._settings, req_id)
        try:
            yield loans
        except BaseException:
            loans.give_back()
            raise


class Loans:
    """The questions that one interview in the making has reserved for its requisition."""

    def __init__(self, claude: Claude, settings: Settings, req_id: str) -> None:
        self._claude = claude
        self._settings = settings
        self.req_id = req_id
        self._reserved: list[int] = []
        _open[id(self)] = self

    def lend(self, topic: InterviewTopic, language: str, avoid: Sequence[str]) -> LentQuestion | None:
        """A question for this topic, reserved for the requisition; None if there is none to lend. See `lend_all`."""
        return self.lend_all([topic], language, avoid).get(0)

    def lend_all(
        self, wanted_topics: Sequence[InterviewTopic], language: str, avoid: Sequence[str]
    ) -> dict[int, LentQuestion]:
        """Questions for these topics, as far as there are any, reserved for the requisition.

        All in one short transaction: five would be a good part of our own time in a workflow.

        Args:
            wanted_topics: what the questions must probe.
            language: BCP 47 tag, compared without regard to case and nothing else.
            avoid: texts that no question must be alike to, nor any to another.

        Returns:
            The questions by the places of their topics.
        """
        if not self._settings.enable_question_cache:
            return {}
        wanted = dict(enumerate(self._wanted(topic, language) for topic in wanted_topics))
        lent: dict[int, LentQuestion] = {}
        for _ in range(MOST_ROUNDS):
            new, outrun = self._claim_all(wanted, [*avoid, *_texts(lent)])
            lent |= new
            self._reserved += [each.cached_question_id for each in new.values()]
            wanted = {number: wanted[number] for number in outrun}
            if not wanted:
                break
        # What is still wanted was taken by others while we looked, three times over.
        metrics.cache_looked_up(hits=len(lent), misses=len(wanted_topics) - len(lent))
        return lent

    def _claim_all(
        self, wanted: Mapping[int, _Wanted], avoid: Sequence[str]
    ) -> tuple[dict[int, LentQuestion], list[int]]:
        """What could be claimed, and the places for which others were faster: a new transaction must look again."""

        def claim_all(session: Session) -> tuple[dict[int, LentQuestion], list[int]]:
            lent: dict[int, LentQuestion] = {}
            outrun: list[int] = []
            for number, each in wanted.items():
                found = self._equal(session, each) or self._similar(session, each)
                taken = [*avoid, *_texts(lent)]
                fitting = [one for one in found if alike_question(one[0].question_text, taken) is None]
                claimed = next((one for one in fitting if self._claim(session, one[0])), None)
                if claimed is not None:
                    lent[number] = _lent(*claimed)
                elif fitting:
                    outrun.append(number)
            return lent, outrun

        # Another interview of the same requisition may take one of them: then all is looked for again.
        return settled(claim_all)

    def taken_texts(self, wanted_topics: Sequence[InterviewTopic], language: str) -> list[list[str]]:
        """For each topic the newest questions that exist, lendable or not: a new one must differ from them."""
        if not self._settings.enable_question_cache:
            return [[] for _ in wanted_topics]
        hashes = [self._wanted(topic, language).request_hash for topic in wanted_topics]
        newest_first = func.row_number().over(
            partition_by=CachedQuestion.request_hash, order_by=CachedQuestion.variant.desc()
        )
        existing = (
            select(CachedQuestion.request_hash, CachedQuestion.question_text, newest_first.label("place"))
            .where(CachedQuestion.request_hash.in_(hashes))
            .subquery()
        )
        texts: dict[str, list[str]] = defaultdict(list)
        with transaction() as session:
            newest = select(existing).where(existing.c.place <= MOST_TAKEN_TEXTS).order_by(existing.c.place)
            for row in session.execute(newest):
                texts[row.request_hash].append(row.question_text)
        return [texts[requested] for requested in hashes]

    def keep(self, topic: InterviewTopic, language: str, question: InterviewQuestion) -> int | None:
        """Store a new question as a variant for its topic, reserved for the requisition that paid for it.

        Returns:
            Its id, or None if the cache is off.
        """
        if not self._settings.enable_question_cache:
            return None
        wanted = self._wanted(topic, language)

        def store(session: Session) -> int:
            same = select(func.max(CachedQuestion.variant)).where(CachedQuestion.request_hash == wanted.request_hash)
            kept = self._row(wanted, question, variant=(session.scalar(same) or 0) + 1)
            session.add(kept)
            session.flush()
            session.add(self._reservation(kept.id))
            return kept.id

        # Somebody else may take the same variant number at the same moment.
        kept_id = settled(store, patience=PATIENCE)
        self._reserved.append(kept_id)
        suggest_unknown(topic)
        return kept_id

    def retired(self, session: Session) -> set[int]:
        """Which of the reserved questions have been retired since they were reserved."""
        ours = CachedQuestion.id.in_(self._reserved), CachedQuestion.retired_at.is_not(None)
        return set(session.scalars(select(CachedQuestion.id).where(*ours)))

    def become_part_of(self, interview_id: int, session: Session) -> None:
        """Turn the reservations into uses, in the transaction that stores the interview."""
        ours = QuestionUse.cached_question_id.in_(self._reserved), QuestionUse.req_id == self.req_id
        session.execute(update(QuestionUse).where(*ours).values(interview_id=interview_id))
        # A reservation that has run out meanwhile is made again: the interview does contain the question.
        there = set(session.scalars(select(QuestionUse.cached_question_id).where(*ours)))
        for lost in sorted(set(self._reserved) - there):
            this = update(CachedQuestion).where(CachedQuestion.id == lost)
            session.execute(this.values(usage_count=CachedQuestion.usage_count + 1, last_used_at=utc_now()))
            session.add(QuestionUse(cached_question_id=lost, req_id=self.req_id, interview_id=interview_id))

    def give_back(self, *cached_question_ids: int) -> None:
        """End some reservations, or all: if the database is away, as soon as it is back."""
        given = list(cached_question_ids or self._reserved)
        self._reserved = [kept for kept in self._reserved if kept not in given]
        if not given:
            return
        ours = QuestionUse.cached_question_id.in_(given), QuestionUse.req_id == self.req_id
        try:
            with transaction() as session:
                _end_reservations(session, *ours)
        except DatabaseUnavailable as error:
            logger.warning("%d reserved questions are given back later: %s", len(given), error.code)
            write_later(lambda connection: _end_reservations(connection, *ours))

    def _wanted(self, topic: InterviewTopic, language: str) -> _Wanted:
        return _Wanted(
            topic, subject_of(topic.topic, topic.technologies), language.casefold(), self._claude.prompt_version
        )

    def _lendable(self) -> tuple[ColumnElement[bool], ...]:
        used_here = select(QuestionUse.cached_question_id).where(QuestionUse.req_id == self.req_id)
        return (
            CachedQuestion.retired_at.is_(None),
            CachedQuestion.usage_count < self._settings.cache_max_uses,
            CachedQuestion.created_at > utc_now() - timedelta(days=self._settings.cache_ttl_days),
            CachedQuestion.id.not_in(used_here),
        )

    def _equal(self, session: Session, wanted: _Wanted) -> list[tuple[CachedQuestion, float]]:
        other_type = CachedQuestion.question_type != wanted.topic.question_type
        lookup = (
            select(CachedQuestion)
            .where(CachedQuestion.request_hash == wanted.request_hash, *self._lendable())
            .order_by(other_type, CachedQuestion.usage_count, CachedQuestion.id)
            .limit(MOST_CANDIDATES)
        )
        return [(row, 1.0) for row in session.scalars(lookup, execution_options=FRESH)]

    def _similar(self, session: Session, wanted: _Wanted) -> list[tuple[CachedQuestion, float]]:
        bucket = (
            select(
                CachedQuestion.id,
                CachedQuestion.topic,
                CachedQuestion.facet_key,
                CachedQuestion.question_type,
            )
            .where(
                CachedQuestion.technology_key == wanted.technology_key,
                CachedQuestion.skill_level == wanted.topic.skill_level,
                CachedQuestion.language == wanted.language,
                CachedQuestion.prompt_version == wanted.prompt_version,
                *self._lendable(),
            )
            .order_by(CachedQuestion.usage_count)
            .limit(LARGEST_COMPARISON if self._may_be_similar(wanted) else NEAR_MISS_SAMPLE)
        )
        rows = session.execute(bucket).all()
        close: list[tuple[bool, float, int]] = []
        nearest = (0.0, "")
        for row in rows:
            # In one bucket the technologies are equal, and the facet key says the rest.
            subject = topics.of_keys(wanted.subject.technologies, row.facet_key) or replace(
                topics.parse(row.topic), technologies=wanted.subject.technologies
            )
            similarity = topics.compare(wanted.subject, subject)
            nearest = max(nearest, (similarity, row.topic))
            if similarity >= self._settings.cache_similarity_threshold:
                close.append((row.question_type != wanted.topic.question_type, -similarity, row.id))
        if not close:
            _log_miss(wanted, nearest, len(rows))
            return []
        best = {row_id: -negative for _, negative, row_id in sorted(close)[:MOST_CANDIDATES]}
        chosen = session.scalars(select(CachedQuestion).where(CachedQuestion.id.in_(best)), execution_options=FRESH)
        found = {row.id: row for row in chosen}
        return [(found[row_id], similarity) for row_id, similarity in best.items() if row_id in found]

    def _may_be_similar(self, wanted: _Wanted) -> bool:
        """Whether a facet that differs in one word could reach the threshold: the nearest has one word more."""
        words = len(wanted.subject.facet)
        return words / (words + 1) >= self._settings.cache_similarity_threshold

    def _claim(self, session: Session, row: CachedQuestion) -> bool:
        """Reserve a question unless somebody else has used it since it was read.

        That the requisition has it already shows only when the transaction ends, by the unique pair.
        """
        unchanged = (
            CachedQuestion.id == row.id,
            CachedQuestion.usage_count == row.usage_count,
            CachedQuestion.retired_at.is_(None),
        )
        swap = update(CachedQuestion).where(*unchanged).execution_options(synchronize_session=False)
        result: Any = session.execute(swap.values(usage_count=CachedQuestion.usage_count + 1, last_used_at=utc_now()))
        if result.rowcount != 1:
            return False
        session.add(self._reservation(row.id))
        return True

    def _reservation(self, cached_question_id: int) -> QuestionUse:
        return QuestionUse(cached_question_id=cached_question_id, req_id=self.req_id, process_id=this_process_id())

    def _row(self, wanted: _Wanted, question: InterviewQuestion, variant: int) -> CachedQuestion:
        return CachedQuestion(
            cache_key=cache_key(wanted.request_hash, variant),
            request_hash=wanted.request_hash,
            variant=variant,
            topic=wanted.topic.topic,
            technologies=wanted.topic.technologies,
            skill_level=wanted.topic.skill_level,
            question_type=wanted.topic.question_type,
            technology_key=wanted.technology_key,
            facet_key=topics.facet_key(wanted.subject),
            language=wanted.language,
            question_text=question.question_text,
            criteria=[criterion.model_dump() for criterion in question.criteria],
            follow_ups=question.follow_ups,
            rating_anchors=question.rating_anchors.model_dump(),
            prompt_version=wanted.prompt_version,
            model=self._claude.model,
            usage_count=1,
            last_used_at=utc_now(),
        )


# The interviews that are being made in this process. What it has reserved for other requisitions nobody knows of.
_open: WeakValueDictionary[int, Loans] = WeakValueDictionary()


def release_abandoned(dead_before: datetime) -> int:
    """Give back what interviews of processes that are no longer alive had reserved.

    Args:
        dead_before: a process whose last heartbeat is older is dead.

    Returns:
        How many reservations were ended.
    """
    with transaction() as session:
        known = [loans.req_id for reference in _open.valuerefs() if (loans := reference()) is not None]
        forgotten = (QuestionUse.reserved_at < dead_before) & QuestionUse.req_id.not_in(known)
        return _end_reservations(session, left_behind(QuestionUse.process_id, dead_before, forgotten))


def _end_reservations(session: Session | Connection, *which: ColumnElement[bool]) -> int:
    ended = session.execute(
        select(QuestionUse.id, QuestionUse.cached_question_id).where(QuestionUse.interview_id.is_(None), *which)
    ).all()
    for use_id, cached_question_id in ended:
        deletion: Any = session.execute(
            delete(QuestionUse).where(QuestionUse.id == use_id, QuestionUse.interview_id.is_(None))
        )
        if deletion.rowcount:  # not ended by another process meanwhile
            session.execute(
                update(CachedQuestion)
                .where(CachedQuestion.id == cached_question_id, CachedQuestion.usage_count > 0)
                .values(usage_count=CachedQuestion.usage_count - 1)
            )
    return len(ended)


def _log_miss(wanted: _Wanted, nearest: tuple[float, str], compared: int) -> None:
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


def _texts(lent: Mapping[int, LentQuestion]) -> list[str]:
    return [each.question.question_text for each in lent.values()]


def _lent(row: CachedQuestion, similarity: float) -> LentQuestion:
    return LentQuestion(
        cached_question_id=row.id,
        question=InterviewQuestion.model_validate(
            {
                "question_text": row.question_text,
                "criteria": row.criteria,
                "follow_ups": row.follow_ups,
                "rating_anchors": row.rating_anchors,
            }
        ),
        question_type=row.question_type,
        cached_topic=row.topic,
        similarity=similarity,
    )
