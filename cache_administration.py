"""What an admin does with the question cache: look at it, retire a leaked question, prune, and rekey.

The state of a question is worked out in one place, as an expression of the database, so that counting,
filtering and showing agree: retired, else outdated (other prompt version), else expired (too old), else
used up, else available.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, func, select, update
from sqlalchemy.orm import Session

import topics
from cache_keys import cache_key, request_hash, subject_of
from claude_interface import Claude
from config import Settings
from errors import NotFound
from models import (
    LARGEST_ID,
    CachedQuestion,
    Interview,
    InterviewQuestion,
    QuestionUse,
    SuggestedTechnology,
    settled,
    transaction,
    utc_now,
)
from operations_schemas import (
    AffectedInterview,
    CacheAnswer,
    CacheCounts,
    CachedQuestionView,
    CacheQuery,
    CacheUsage,
    RetireAnswer,
    RetireRequest,
)
from schemas import SAMPLE_MODEL

TOP = 5
BATCH = 500
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
    """Looks after the question cache of one kind of Claude."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

    def overview(self, query: CacheQuery) -> CacheAnswer:
        """Counts, the most and least used questions, and one page of those that match the query."""
        matching = self._matching(query)
        with transaction() as session:
            page = session.execute(
                select(CachedQuestion, self._state().label("state"))
                .where(*matching)
                .order_by(*ORDERS[query.order])
                .limit(query.page_size)
                .offset((query.page - 1) * query.page_size)
            ).all()
            return CacheAnswer(
                counts=self.counts(),
                most_used=self._top("most_used"),
                least_used=self._top("least_used"),
                questions=[_view(row, state) for row, state in page],
                matching=session.scalar(select(func.count()).select_from(CachedQuestion).where(*matching)) or 0,
                page=query.page,
                page_size=query.page_size,
            )

    def counts(self) -> CacheCounts:
        """How many questions there are in each state, and how many delivered ones came from the cache."""
        state = self._state()
        with transaction() as session:
            by_state = {name: count for name, count in session.execute(select(state, func.count()).group_by(state))}
            source = InterviewQuestion.source
            by_source = {name: count for name, count in session.execute(select(source, func.count()).group_by(source))}
        delivered, lent = sum(by_source.values()), by_source.get("cache", 0)
        return CacheCounts(
            total=sum(by_state.values()),
            **{name: by_state.get(name, 0) for name in ("available", "used_up", "expired", "outdated", "retired")},
            questions_delivered=delivered,
            questions_from_cache=lent,
            hit_rate=round(lent / delivered, 4) if delivered else None,
        )

    def retire(self, cached_question_id: int, request: RetireRequest) -> RetireAnswer:
        """Never lend a question again. Retiring it twice is no error and keeps the first reason.

        Raises:
            NotFound: if there is no such question.
        """
        if cached_question_id > LARGEST_ID:
            raise NotFound("There is no cached question with this id.")
        this = CachedQuestion.id == cached_question_id
        with transaction() as session:
            session.execute(
                update(CachedQuestion)
                .where(this, CachedQuestion.retired_at.is_(None))
                .values(retired_at=utc_now(), retired_reason=request.reason.strip(), retired_url=request.url)
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
            return RetireAnswer(
                question=_view(*found),
                affected_interviews=[AffectedInterview.model_validate(interview) for interview in affected],
            )

    def prune(self, *, dry_run: bool) -> int:
        """Delete questions that can never be lent again for their age or their prompt version.

        Retired ones stay, as the record of why they were retired; so do those of an interview in the making.
        Finished interviews have their own copy of a question.

        Returns:
            How many were deleted, or would be.
        """
        in_the_making = select(QuestionUse.cached_question_id).where(QuestionUse.interview_id.is_(None))
        # Sample content and Claude's live beside one another: neither is the other's older version.
        sample = self._claude.model == SAMPLE_MODEL
        useless = and_(
            self._state().in_(("expired", "outdated")),
            (CachedQuestion.model == SAMPLE_MODEL) if sample else (CachedQuestion.model != SAMPLE_MODEL),
            CachedQuestion.id.not_in(in_the_making),
        )
        with transaction() as session:
            if dry_run:
                return session.scalar(select(func.count()).select_from(CachedQuestion).where(useless)) or 0
            result: Any = session.execute(
                delete(CachedQuestion).where(useless).execution_options(synchronize_session=False)
            )
            return int(result.rowcount)

    def rekey(self, *, batch: int = BATCH) -> Iterator[RekeyProgress]:
        """Work the keys out anew after a change of the alias table, a batch a transaction.

        Rows whose keys are right are left alone, so a rekey that was interrupted is simply started again.
        """
        progress = RekeyProgress(0, 0, 0)
        while True:
            checked, changed, last_id = self._rekey_batch(progress.last_id, batch)
            if not checked:
                return
            progress = RekeyProgress(progress.checked + checked, progress.changed + changed, last_id)
            yield progress

    def suggestions(self) -> list[SuggestedTechnology]:
        """Technologies that Claude named and the alias table does not know, most often seen first."""
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
                row.technology_key = topics.technology_key(subject)
                row.facet_key = topics.facet_key(subject)
                session.flush()
                changed += 1
            return len(rows), changed, rows[-1].id if rows else after

        # A question may be kept under one of the new keys meanwhile.
        return settled(rekey)

    def _state(self) -> ColumnElement[str]:
        oldest = utc_now() - timedelta(days=self._settings.cache_ttl_days)
        return case(
            (CachedQuestion.retired_at.is_not(None), "retired"),
            (CachedQuestion.prompt_version != self._claude.prompt_version, "outdated"),
            (CachedQuestion.created_at <= oldest, "expired"),
            (CachedQuestion.usage_count >= self._settings.cache_max_uses, "used_up"),
            else_="available",
        )

    def _matching(self, query: CacheQuery) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if query.topic:
            conditions.append(CachedQuestion.topic.contains(query.topic, autoescape=True))
        if query.technology:
            known = topics.canonical_technology(query.technology) or f"?{query.technology.casefold()}"
            # Between bars, or "java" would find JavaScript as well.
            conditions.append(("|" + CachedQuestion.technology_key + "|").contains(f"|{known}|", autoescape=True))
        if query.skill_level:
            conditions.append(CachedQuestion.skill_level == query.skill_level)
        if query.language:
            conditions.append(CachedQuestion.language == query.language.casefold())
        if query.state:
            conditions.append(self._state() == query.state)
        return conditions

    def _top(self, order: str) -> list[CacheUsage]:
        top = select(CachedQuestion).where(CachedQuestion.retired_at.is_(None))
        with transaction() as session:
            return [CacheUsage.model_validate(row) for row in session.scalars(top.order_by(*ORDERS[order]).limit(TOP))]


def _view(row: CachedQuestion, state: str) -> CachedQuestionView:
    values = {name: getattr(row, name) for name in CachedQuestionView.model_fields if name != "state"}
    return CachedQuestionView(**values, state=state)
