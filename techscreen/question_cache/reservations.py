"""Reservations: the questions that an interview being made takes from the library or the cache, or stores as new ones.

Topics come in; reserved questions go out. Of the questions that `lookup.py` finds, the least used is claimed by
compare-and-swap. A reservation is a row of `question_uses` without an interview. It becomes a use in the transaction
that stores the interview, or is given back if that fails, so that the next try finds the question. `usage_count` counts
the requisitions that use or have reserved a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, inspect, select, update
from sqlalchemy.orm import Session

from config import LibraryUse, Settings
from models import CachedQuestion, JobDescription, QuestionUse, utc_now
from prompts import InterviewQuestion, InterviewTopic
from techscreen.claude.interface import Claude
from techscreen.observability import metrics
from techscreen.question_cache.earlier_questions import EarlierQuestions
from techscreen.question_cache.keys import cache_key
from techscreen.question_cache.lookup import CachedHit, CacheLookup, WantedQuestion
from techscreen.question_cache.suggested_technologies import suggest_unknown
from techscreen.storage.deferred_writes import Values, deferrable, store_or_defer, write_or_defer
from techscreen.storage.liveness import WorkUnderWay, dead_neighbours, this_process_id
from techscreen.storage.transactions import run_in_transaction
from techscreen.text.exhibits import shown_text, text_to_compare
from techscreen.text.similarity import alike_question
from techscreen.topics import matching

# How often questions are looked up if other interviews keep taking them first.
MAX_ROUNDS = 3

# Remembered by requisition, because a reservation's row may exist before its id is known.
_under_way = WorkUnderWay(QuestionUse.process_id, QuestionUse.reserved_at, QuestionUse.req_id)


@dataclass(frozen=True)
class ReservedQuestion:
    """A question that the library or the cache lends to an interview, and how similar its topic is to that wanted."""

    cached_question_id: int
    question: InterviewQuestion
    question_type: str
    cached_topic: str
    similarity: float
    model: str
    prompt_version: str
    is_private: bool = False  # kept for this requisition alone
    is_of_library: bool = False  # a team's own, or one that comes with the service
    fits_any_post: bool = False


class QuestionCache:
    """Lends and stores questions for one client of Claude, under the limits of the settings."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

    @contextmanager
    def reservations_for(self, req_id: str, use_library: LibraryUse = "prefer") -> Iterator[Reservations]:
        """The reservations of one interview. They are given back if the block raises."""
        reservations = Reservations(self._claude, self._settings, req_id, use_library)
        try:
            yield reservations
        except BaseException:
            reservations.release()
            raise
        finally:
            _under_way.remove(req_id, reservations)


class Reservations:
    """The questions that one interview being made has reserved for its requisition."""

    def __init__(self, claude: Claude, settings: Settings, req_id: str, use_library: LibraryUse = "prefer") -> None:
        self._claude = claude
        self._is_on = settings.enable_question_cache
        self.lookup = CacheLookup(claude, settings, req_id, use_library)
        self.req_id = req_id
        self._ids: list[int] = []
        _under_way.add(req_id, self)

    def reserve(self, topic: InterviewTopic, language: str, avoid: Sequence[str]) -> ReservedQuestion | None:
        """Reserve a question for this topic; None if there is none to lend. See `reserve_all`."""
        return self.reserve_all([topic], language, EarlierQuestions(avoid)).get(0)

    def reserve_all(
        self, topics: Sequence[InterviewTopic], language: str, avoid: EarlierQuestions
    ) -> dict[int, ReservedQuestion]:
        """Reserve questions for these topics, as far as there are any.

        All in one short transaction, because five would be a good part of our own time in a workflow.

        Args:
            topics: the topics that the questions must probe.
            language: BCP 47 tag, compared without regard to case and nothing else.
            avoid: questions that no reserved one may resemble. Nor do any two reserved ones resemble each other.

        Returns:
            The questions by the places of their topics.
        """
        if not self.lookup.is_on:
            return {}
        wanted = {place: self.lookup.wanted(topic, language) for place, topic in enumerate(topics)}
        reserved: dict[int, ReservedQuestion] = {}
        for _ in range(MAX_ROUNDS):
            claimed, outrun = self._claim_all(wanted, avoid, _texts(reserved.values()))
            reserved |= claimed
            self._ids += [question.cached_question_id for question in claimed.values()]
            wanted = {place: wanted[place] for place in outrun}
            if not wanted:
                break
        # Questions for the topics still wanted were taken by others in every round.
        of_library = sum(question.is_of_library for question in reserved.values())
        metrics.cache_looked_up(
            hits=len(reserved) - of_library, misses=len(topics) - len(reserved), of_library=of_library
        )
        return reserved

    def taken_texts(self, topics: Sequence[InterviewTopic], language: str) -> list[list[str]]:
        """For each topic the newest existing questions, lendable or not: a new one must differ from them."""
        return self.lookup.taken_texts(topics, language) if self._is_on else [[] for _ in topics]

    def keep(
        self,
        topic: InterviewTopic,
        language: str,
        question: InterviewQuestion,
        *,
        only_here: bool = False,
        also: Callable[[Session], object] = lambda _: None,
    ) -> int | None:
        """Store a new question as a variant for its topic, reserved for the requisition that paid for it.

        Args:
            only_here: never lend it to another requisition.
            also: called to write something else in the same transaction.

        Returns:
            Its id, or None if the cache is off.

        Raises:
            DatabaseUnavailable: if it cannot be stored now. It is stored later, for the next interview.
        """
        if not self._is_on:
            return None
        wanted = self.lookup.wanted(topic, language)
        tries = 0

        def store(session: Session) -> int:
            nonlocal tries
            tries += 1
            stored_id = self._stored_already(session, wanted, question) if tries > 1 else None
            if stored_id is not None:
                return stored_id
            # If another process takes the same number at the same moment, this is repeated.
            row = self._new_row(wanted, question, newest_variant(session, wanted.request_hash) + 1, only_here)
            session.add(row)
            session.flush()
            session.add(self._reservation(row.id))
            also(session)
            return row.id

        kept_id = store_or_defer(
            store, question_paid_for, lambda: _as_values(self._new_row(wanted, question, 0, only_here))
        )
        self._ids.append(kept_id)
        if not only_here:
            suggest_unknown(topic)
        return kept_id

    def retired(self, session: Session) -> set[int]:
        """Which of the reserved questions have been retired, or made drafts of, since they were reserved."""
        is_withdrawn = CachedQuestion.retired_at.is_not(None) | (CachedQuestion.library_status == "draft")
        return set(session.scalars(select(CachedQuestion.id).where(CachedQuestion.id.in_(self._ids), is_withdrawn)))

    def become_part_of(self, interview_id: int, session: Session) -> None:
        """Turn the reservations into uses, in the transaction that stores the interview."""
        ours = QuestionUse.cached_question_id.in_(self._ids), QuestionUse.req_id == self.req_id
        session.execute(update(QuestionUse).where(*ours).values(interview_id=interview_id))
        # A reservation that was ended meanwhile is made again, since the interview does contain the question. The lock
        # is there to read the rows as they are now, not as this transaction first saw them.
        there = set(session.scalars(select(QuestionUse.cached_question_id).where(*ours).with_for_update()))
        for lost in sorted(set(self._ids) - there):
            this = update(CachedQuestion).where(CachedQuestion.id == lost)
            session.execute(this.values(usage_count=CachedQuestion.usage_count + 1, last_used_at=utc_now()))
            session.add(QuestionUse(cached_question_id=lost, req_id=self.req_id, interview_id=interview_id))

    def release(self, *cached_question_ids: int) -> None:
        """Give back some reservations, or all; if the database is away, as soon as it is back."""
        released = list(cached_question_ids or self._ids)
        self._ids = [reserved for reserved in self._ids if reserved not in released]
        if released:
            ours = {"req_id": self.req_id, "process_id": this_process_id()}
            write_or_defer(reservations_ended, cached_question_ids=released, **ours)

    def _claim_all(
        self, wanted: Mapping[int, WantedQuestion], avoid: EarlierQuestions, reserved_texts: Sequence[str]
    ) -> tuple[dict[int, ReservedQuestion], list[int]]:
        """The claimed questions, and the places where others were faster: a new transaction must look again."""

        def claim_all(session: Session) -> tuple[dict[int, ReservedQuestion], list[int]]:
            if self._release_of_dead_processes(session):
                return {}, list(wanted)  # recovery may do the same at this moment, which this transaction would not see
            claimed: dict[int, ReservedQuestion] = {}
            outrun: list[int] = []
            for place, hits in zip(wanted, self.lookup.all_hits(session, [*wanted.values()]), strict=True):
                taken = [*reserved_texts, *_texts(claimed.values())]
                ours = {question.cached_question_id for question in claimed.values()}
                fitting = [hit for hit in hits if hit.row.id not in ours and _fits(hit, taken, avoid)]
                chosen = next((hit for hit in fitting if self._claim(session, hit.row)), None)
                if chosen is not None:
                    claimed[place] = _reserved_question(chosen)
                elif fitting:
                    outrun.append(place)
            return claimed, outrun

        # If another interview of the same requisition takes one of them, everything is looked up again.
        return run_in_transaction(claim_all)

    def _claim(self, session: Session, row: CachedQuestion) -> bool:
        """Reserve a question, unless another process has used it since it was read.

        If the requisition has it already, the unique pair shows that only when the transaction ends.
        """
        unchanged = (
            CachedQuestion.id == row.id,
            CachedQuestion.usage_count == row.usage_count,
            CachedQuestion.revision == row.revision,
            CachedQuestion.retired_at.is_(None),
        )
        swap = update(CachedQuestion).where(*unchanged).execution_options(synchronize_session=False)
        result: Any = session.execute(swap.values(usage_count=CachedQuestion.usage_count + 1, last_used_at=utc_now()))
        if result.rowcount != 1:
            return False
        session.add(self._reservation(row.id))
        return True

    def _release_of_dead_processes(self, session: Session) -> bool:
        """Give back what an earlier attempt, whose process was killed, had reserved for this requisition.

        Under repeatable read, this transaction still sees rows that another one deletes after the first select here.
        """
        reserved = QuestionUse.req_id == self.req_id, QuestionUse.interview_id.is_(None)
        dead = dead_neighbours(session, session.scalars(select(QuestionUse.process_id).where(*reserved)).all())
        if dead:
            _end_reservations(session, *reserved, QuestionUse.process_id.in_(dead))
        return bool(dead)

    def _stored_already(self, session: Session, wanted: WantedQuestion, question: InterviewQuestion) -> int | None:
        """The id of the question, if a commit whose answer got lost has stored it already."""
        same = (
            CachedQuestion.request_hash == wanted.request_hash,
            CachedQuestion.question_text == question.question_text,
        )
        ours = QuestionUse.req_id == self.req_id, QuestionUse.process_id == this_process_id()
        return session.scalar(select(CachedQuestion.id).join(QuestionUse).where(*same, *ours))

    def _reservation(self, cached_question_id: int) -> QuestionUse:
        return QuestionUse(cached_question_id=cached_question_id, req_id=self.req_id, process_id=this_process_id())

    def _new_row(
        self, wanted: WantedQuestion, question: InterviewQuestion, variant: int, only_here: bool
    ) -> CachedQuestion:
        return CachedQuestion(
            only_for_req_id=self.req_id if only_here else None,
            cache_key=cache_key(wanted.request_hash, variant),
            request_hash=wanted.request_hash,
            variant=variant,
            topic=wanted.topic.topic,
            technologies=wanted.topic.technologies,
            skill_level=wanted.topic.skill_level,
            question_type=wanted.topic.question_type,
            technology_key=wanted.technology_key,
            facet_key=matching.facet_key(wanted.subject),
            language=wanted.language,
            question_text=question.question_text,
            exhibit=question.exhibit.model_dump() if question.exhibit else None,
            minutes=question.minutes,
            criteria=[criterion.model_dump() for criterion in question.criteria],
            follow_ups=question.follow_ups,
            rating_anchors=question.rating_anchors.model_dump(),
            prompt_version=wanted.prompt_version,
            model=self._claude.model,
            usage_count=1,
            last_used_at=utc_now(),
        )


def release_orphaned(dead_before: datetime) -> int:
    """Give back what dead processes had reserved.

    Args:
        dead_before: a process whose last heartbeat is older is dead.

    Returns:
        How many reservations were ended.
    """
    orphaned = _under_way.is_orphaned(dead_before)
    return run_in_transaction(lambda session: _end_reservations(session, orphaned))


@deferrable
def question_paid_for(session: Session, values: Values) -> None:
    """Store a question that could not be stored in time, for the next interview, unless it has none any more."""
    own = values.get("only_for_req_id")
    if own is not None and session.scalar(select(JobDescription.id).where(JobDescription.req_id == own)) is None:
        return  # its requisition was erased meanwhile
    same = (
        CachedQuestion.request_hash == values["request_hash"],
        CachedQuestion.question_text == values["question_text"],
        CachedQuestion.only_for_req_id == values.get("only_for_req_id"),  # another requisition's own is of no use
    )
    if session.scalar(select(CachedQuestion.id).where(*same)) is None:
        variant = newest_variant(session, values["request_hash"]) + 1
        key = cache_key(values["request_hash"], variant)
        session.add(CachedQuestion(**values, variant=variant, cache_key=key, usage_count=0))


@deferrable
def reservations_ended(session: Session, values: Values) -> None:
    """Give back what a failed interview had reserved."""
    _end_reservations(
        session,
        QuestionUse.cached_question_id.in_(values["cached_question_ids"]),
        QuestionUse.req_id == values["req_id"],
        QuestionUse.process_id == values["process_id"],
    )


def _as_values(row: CachedQuestion) -> Values:
    """The values that `question_paid_for` stores; it works out the rest itself."""
    values = {column.key: getattr(row, column.key) for column in inspect(CachedQuestion).column_attrs}
    worked_out = ("variant", "cache_key", "usage_count", "last_used_at")
    return {name: value for name, value in values.items() if value is not None and name not in worked_out}


def newest_variant(session: Session, requested: str) -> int:
    """The number of the newest variant for the same topic; 0 if there is none."""
    return session.scalar(select(func.max(CachedQuestion.variant)).where(CachedQuestion.request_hash == requested)) or 0


def _end_reservations(session: Session, *which: ColumnElement[bool]) -> int:
    ended = session.execute(
        select(QuestionUse.id, QuestionUse.cached_question_id).where(QuestionUse.interview_id.is_(None), *which)
    ).all()
    for use_id, cached_question_id in ended:
        deletion: Any = session.execute(
            delete(QuestionUse).where(QuestionUse.id == use_id, QuestionUse.interview_id.is_(None))
        )
        if deletion.rowcount:  # no other process has ended it meanwhile
            session.execute(
                update(CachedQuestion)
                .where(CachedQuestion.id == cached_question_id, CachedQuestion.usage_count > 0)
                .values(usage_count=CachedQuestion.usage_count - 1)
            )
    return len(ended)


def _fits(hit: CachedHit, taken: Sequence[str], avoid: EarlierQuestions) -> bool:
    """Whether a question differs from the taken ones of this interview and from the requisition's earlier ones."""
    text = text_to_compare(hit.row.question_text, shown_text(hit.row.exhibit))
    return alike_question(text, taken) is None and avoid.alike_to(text) is None


def _texts(reserved: Iterable[ReservedQuestion]) -> list[str]:
    return [each.question.compared_text for each in reserved]


def _reserved_question(hit: CachedHit) -> ReservedQuestion:
    row = hit.row
    stored = ("question_text", "exhibit", "minutes", "criteria", "follow_ups", "rating_anchors")
    parts = {name: getattr(row, name) for name in stored}
    return ReservedQuestion(
        cached_question_id=row.id,
        question=InterviewQuestion.from_stored(**parts),
        question_type=row.question_type,
        cached_topic=row.topic,
        similarity=hit.similarity,
        model=row.model,
        prompt_version=row.prompt_version,
        is_private=row.only_for_req_id is not None,
        is_of_library=row.library_status is not None,
        fits_any_post=row.fits_any_post,
    )
