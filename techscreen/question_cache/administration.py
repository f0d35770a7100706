"""Administration of the question cache: list it, retire a leaked question, prune, and rekey.

The library's questions are in the same table. They are retired and rekeyed here too, but neither listed, counted nor
pruned.

Queries and ids come in; views and counts go out. The state of a question is one SQL expression, so that counting,
filtering and showing agree: retired, else outdated (other prompt version), else expired (too old), else used up, else
complained (by too many people), else withheld (kept for one requisition, or written by another model with
CACHE_SAME_MODEL_ONLY), else available.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from sqlalchemy import ColumnElement, and_, case, delete, func, select, update
from sqlalchemy.orm import Session

from config import Settings
from models import MAX_ID, CachedQuestion, Interview, InterviewQuestion, QuestionUse, SuggestedTechnology, utc_now
from prompts import PROMPT_VERSION
from techscreen.claude.interface import Claude
from techscreen.errors import NotFound
from techscreen.question_cache.feedback_sums import feedback_on
from techscreen.question_cache.keys import cache_key, request_hash, subject_of
from techscreen.schemas.operations import (
    AffectedInterview,
    CacheAnswer,
    CacheCounts,
    CachedQuestionView,
    CacheQuery,
    CacheState,
    CacheUsage,
    RetireAnswer,
    RetireOrder,
)
from techscreen.storage.transactions import run_in_transaction, transaction
from techscreen.topics import matching

logger = logging.getLogger(__name__)

TOP = 5
BATCH = 500
_IS_GENERATED = CachedQuestion.library_status.is_(None)
ORDERS = {
    "most_used": (CachedQuestion.usage_count.desc(), CachedQuestion.id),
    "least_used": (CachedQuestion.usage_count, CachedQuestion.id),
    "newest": (CachedQuestion.created_at.desc(), CachedQuestion.id.desc()),
    "oldest": (CachedQuestion.created_at, CachedQuestion.id),
}


@dataclass(frozen=True)
class RekeyProgress:
    """How far a rekey has come: rows looked at, rows changed, id of the last one."""

    checked: int
    changed: int
    last_id: int


class CacheAdministration:
    """Administers the question cache, as seen by one client of Claude."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

    def overview(self, query: CacheQuery) -> CacheAnswer:
        """The counts, the most and least used questions, and one page of those that match the query."""
        conditions = self._matching(query)
        with transaction() as session:
            page = session.execute(
                select(CachedQuestion, self._state().label("state"))
                .where(*conditions)
                .order_by(*ORDERS[query.order])
                .limit(query.page_size)
                .offset((query.page - 1) * query.page_size)
            ).all()
            said = feedback_on(session, [row.id for row, _ in page])
            return CacheAnswer(
                counts=self.counts(),
                most_used=self._top("most_used"),
                least_used=self._top("least_used"),
                questions=[_view(row, state, said.get(row.id, {})) for row, state in page],
                matching=session.scalar(select(func.count()).select_from(CachedQuestion).where(*conditions)) or 0,
                page=query.page,
                page_size=query.page_size,
            )

    def get(self, cached_question_id: int) -> CachedQuestionView:
        """A generated question; those of the library are not found here.

        Raises:
            NotFound: if there is no such question.
        """
        this = CachedQuestion.id == min(cached_question_id, MAX_ID + 1), _IS_GENERATED
        with transaction() as session:
            found = session.execute(select(CachedQuestion, self._state()).where(*this)).one_or_none()
            if found is None:
                raise NotFound("There is no cached question with this id.")
            return _view(*found, feedback_on(session, [cached_question_id]).get(cached_question_id, {}))

    def counts(self) -> CacheCounts:
        """How many questions there are in each state, and how many delivered ones came from the cache."""
        state = self._state()
        with transaction() as session:
            states = select(state, func.count()).where(_IS_GENERATED).group_by(state)
            by_state = {name: count for name, count in session.execute(states)}
            source = InterviewQuestion.source
            sources = select(source, func.count()).where(source != "library").group_by(source)
            by_source = {name: count for name, count in session.execute(sources)}
        delivered, from_cache = sum(by_source.values()), by_source.get("cache", 0)
        return CacheCounts(
            total=sum(by_state.values()),
            **{name: by_state.get(name, 0) for name in get_args(CacheState)},
            questions_delivered=delivered,
            questions_from_cache=from_cache,
            hit_rate=round(from_cache / delivered, 4) if delivered else None,
        )

    def retire(self, order: RetireOrder, user_id: str) -> RetireAnswer:
        """Never lend a question again. Retiring it a second time changes nothing: who did it first, and why, stays.

        Args:
            user_id: who retires it.

        Raises:
            NotFound: if there is no such question.
        """
        cached_question_id = order.cached_question_id
        if cached_question_id > MAX_ID:
            raise NotFound("There is no cached question with this id.")
        this = CachedQuestion.id == cached_question_id

        def retire(session: Session) -> tuple[RetireAnswer, bool]:
            retired: Any = session.execute(
                update(CachedQuestion)
                .where(this, CachedQuestion.retired_at.is_(None))
                .values(
                    retired_at=utc_now(),
                    retired_reason=order.reason.strip(),
                    retired_url=order.url,
                    retired_by_user_id=user_id,
                    revision=CachedQuestion.revision + 1,
                )
            )
            found = session.execute(select(CachedQuestion, self._state()).where(this)).one_or_none()
            if found is None:
                raise NotFound("There is no cached question with this id.")
            affected = session.execute(
                select(
                    Interview.id.label("interview_id"),
                    Interview.req_id,
                    Interview.interview_name,
                    Interview.version,
                    InterviewQuestion.question_number,
                )
                .join(Interview, InterviewQuestion.interview_id == Interview.id)
                .where(InterviewQuestion.cached_question_id == cached_question_id)
                .order_by(Interview.id)
            )
            answer = RetireAnswer(
                question=_view(*found, feedback_on(session, [cached_question_id]).get(cached_question_id, {})),
                affected_interviews=[AffectedInterview.model_validate(interview) for interview in affected],
            )
            return answer, bool(retired.rowcount)

        answer, is_new = run_in_transaction(retire)
        if is_new:
            logger.info(
                "cached question %d retired",
                cached_question_id,
                extra={"event": "question_retired", "cached_question_id": cached_question_id, "user_id": user_id},
            )
        return answer

    def refuse_unless_known(self, session: Session, cached_question_id: int) -> None:
        """Refuse an id that no question has, before anything else is done.

        Raises:
            NotFound: if there is no such question.
        """
        this = select(CachedQuestion.id).where(CachedQuestion.id == cached_question_id)
        if cached_question_id > MAX_ID or session.scalar(this) is None:
            raise NotFound("There is no cached question with this id.")

    def prune(self, *, dry_run: bool) -> int:
        """Delete questions that can never be lent again because of their age or prompt version.

        Retired ones stay, as a record of who retired them and why; so do those reserved for an interview being made.
        Finished interviews have their own copy of a question.

        Returns:
            How many were deleted, or would be.
        """
        in_the_making = select(QuestionUse.cached_question_id).where(QuestionUse.interview_id.is_(None))
        useless = and_(
            _IS_GENERATED,
            self._state().in_(("expired", "outdated")),
            CachedQuestion.id.not_in(in_the_making),
        )

        def delete_useless(session: Session) -> int:
            if dry_run:
                return session.scalar(select(func.count()).select_from(CachedQuestion).where(useless)) or 0
            result: Any = session.execute(
                delete(CachedQuestion).where(useless).execution_options(synchronize_session=False)
            )
            return int(result.rowcount)

        count = run_in_transaction(delete_useless)
        if not dry_run:
            logger.info("%d cached questions deleted", count, extra={"event": "cache_pruned", "deleted": count})
        return count

    def rekey(self, *, batch: int = BATCH) -> Iterator[RekeyProgress]:
        """Recompute the keys after a change of the alias table, one transaction for each batch.

        Rows with the right keys are left alone, so an interrupted rekey is simply started again.
        """
        progress = RekeyProgress(0, 0, 0)
        while True:
            checked, changed, last_id = self._rekey_batch(progress.last_id, batch)
            if not checked:
                return
            progress = RekeyProgress(progress.checked + checked, progress.changed + changed, last_id)
            yield progress

    def suggestions(self) -> list[SuggestedTechnology]:
        """The technologies that Claude named and the alias table does not know, most often seen first."""
        with transaction() as session:
            return list(
                session.scalars(
                    select(SuggestedTechnology).order_by(
                        SuggestedTechnology.times_seen.desc(), SuggestedTechnology.name
                    )
                )
            )

    def _rekey_batch(self, after: int, batch: int) -> tuple[int, int, int]:
        def rekey(session: Session) -> tuple[int, int, int]:
            some = select(CachedQuestion).where(CachedQuestion.id > after)
            rows = session.scalars(some.order_by(CachedQuestion.id).limit(batch)).all()
            changed = 0
            for row in rows:
                subject = subject_of(row.topic, row.technologies or ())
                requested = request_hash(row.prompt_version, row.language, row.skill_level, subject)
                if requested == row.request_hash:
                    continue
                newest = select(func.max(CachedQuestion.variant)).where(CachedQuestion.request_hash == requested)
                row.variant = (session.scalar(newest) or 0) + 1
                row.request_hash = requested
                row.cache_key = cache_key(requested, row.variant)
                row.technology_key = matching.technology_key(subject)
                row.facet_key = matching.facet_key(subject)
                session.flush()
                changed += 1
            return len(rows), changed, rows[-1].id if rows else after

        # Repeated if a question is stored under one of the new keys meanwhile.
        return run_in_transaction(rekey)

    def _state(self) -> ColumnElement[str]:
        oldest = utc_now() - timedelta(days=self._settings.cache_ttl_days)
        return case(
            (CachedQuestion.retired_at.is_not(None), "retired"),
            (CachedQuestion.prompt_version != PROMPT_VERSION, "outdated"),
            (CachedQuestion.created_at <= oldest, "expired"),
            (CachedQuestion.usage_count >= self._settings.cache_max_uses, "used_up"),
            (CachedQuestion.complaints >= self._settings.max_complaints, "complained"),
            (self._withheld(), "withheld"),
            else_="available",
        )

    def _withheld(self) -> ColumnElement[bool]:
        of_one = CachedQuestion.only_for_req_id.is_not(None)
        by_another = CachedQuestion.model != self._claude.model
        return of_one | by_another if self._settings.cache_same_model_only else of_one

    def _matching(self, query: CacheQuery) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [_IS_GENERATED]
        if query.topic:
            conditions.append(CachedQuestion.topic.contains(query.topic, autoescape=True))
        if query.technology:
            conditions.append(has_technology(query.technology))
        if query.skill_level:
            conditions.append(CachedQuestion.skill_level == query.skill_level)
        if query.language:
            conditions.append(CachedQuestion.language == query.language.casefold())
        if query.state:
            conditions.append(self._state() == query.state)
        return conditions

    def _top(self, order: str) -> list[CacheUsage]:
        top = select(CachedQuestion).where(_IS_GENERATED, CachedQuestion.retired_at.is_(None))
        with transaction() as session:
            return [CacheUsage.model_validate(row) for row in session.scalars(top.order_by(*ORDERS[order]).limit(TOP))]


def has_technology(name: str) -> ColumnElement[bool]:
    """Whether a question is about a technology, whichever of its names is given."""
    known = matching.canonical_technology(name) or f"?{name.casefold()}"
    # Between bars, or "java" would find JavaScript as well.
    return ("|" + CachedQuestion.technology_key + "|").contains(f"|{known}|", autoescape=True)


def _view(row: CachedQuestion, state: str, feedback: Mapping[str, int]) -> CachedQuestionView:
    beside = {"state": state, "feedback": feedback}
    values = {name: getattr(row, name) for name in CachedQuestionView.model_fields if name not in beside}
    return CachedQuestionView(**values, **beside)
