"""One basic job description in, the enhanced one with its interview topics out.

A new requisition is stored before Claude is asked, so that nothing typed in is lost. A known one keeps its texts until
the new enhancement is there, so that basic and enhanced text always belong together. Of several requests for one
requisition the newest wins, in whatever order they end. No database connection is held while Claude works.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config import Settings
from models import GenerationJob, JobDescription, utc_now
from prompts import EnhancedDescription, EnhanceDescription
from techscreen.checks.answers import enhancement_violations, topic_violations
from techscreen.checks.entity_names import names_to_avoid
from techscreen.checks.markdown_safety import harmless_title, made_harmless
from techscreen.checks.requisition_quotes import with_sound_quotes
from techscreen.checks.stated_level import at_stated_level
from techscreen.claude.interface import Claude, ClaudeAnswer, Deadline
from techscreen.errors import NotFound, Superseded
from techscreen.generation.audit_log import AuditRow, open_audit_row
from techscreen.generation.job_description_views import job_description_view
from techscreen.generation.progress import Progress
from techscreen.generation.running_enhancement import RunningEnhancement
from techscreen.generation.streamed_description import DescriptionReport
from techscreen.generation.streamed_topics import StreamedTopics
from techscreen.generation.superseded import LOCKED, SHARED, is_held, refuse_if_edited, refuse_if_superseded
from techscreen.generation.token_budget import set_aside
from techscreen.quality.concerns import one_line
from techscreen.quality.report import job_description_quality
from techscreen.schemas.generation import EnhanceAnswer, EnhanceRequest, JobDescriptionView
from techscreen.storage.deferred_writes import Values, deferrable, store_or_defer
from techscreen.storage.history import job_description_state, keep_older_state, record
from techscreen.storage.transactions import run_in_transaction, transaction


class JDEnhancementService:
    """Enhances job descriptions, and finds stored ones."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

    def enhance_jd(
        self,
        request: EnhanceRequest,
        user_id: str,
        deadline: Deadline | None = None,
        progress: Progress | None = None,
    ) -> EnhanceAnswer:
        """Enhance a job description and store it. A known `req_id` has its row updated.

        Args:
            request: the basic job description with its WORK inputs.
            user_id: who asks; kept with a new row and in the audit log.
            deadline: moment by which Claude must have answered; REQUEST_TIMEOUT from now by default.
            progress: is told of the topics and of the growing description, and knows what an earlier attempt has left.

        Raises:
            Superseded: if a newer request has enhanced it meanwhile. Nothing of this one is stored then.
            TokenBudgetExhausted: before anything is asked.
            ClaudeError: one of its kinds; the audit row then says `failed`.
        """
        progress = progress or Progress()
        enhanced_already = self.enhanced_earlier(request, progress)
        if enhanced_already is not None:
            return enhanced_already
        deadline = deadline or Deadline.after(self._settings.request_timeout)
        with self.begin(request, user_id, deadline, progress, listen=progress.listens) as enhancement:
            if progress.listens:
                progress.topics_named(enhancement.planned())
            return enhancement.finish()

    def begin(
        self,
        request: EnhanceRequest,
        user_id: str,
        deadline: Deadline,
        progress: Progress,
        *,
        listen: bool,
        with_interview: bool = False,
    ) -> RunningEnhancement:
        """Start an enhancement and return while Claude is at work.

        Args:
            listen: have the answer streamed, so that the topics are known before the rest.
            with_interview: whether an interview is made at the same time, for which the budgets reserve tokens as well.

        Raises:
            Superseded, TokenBudgetExhausted, Cancelled: before anything is written.
        """
        progress.refuse_if_cancelled()
        operations = ("jd_enhancement", "interview_generation") if with_interview else ("jd_enhancement",)
        texts = _prompt(request).fields()
        names = names_to_avoid(texts)
        check_topics = partial(topic_violations, names=names, requisition=texts)
        topics = StreamedTopics(progress.earlier.planned, check_topics)

        def open_(session: Session) -> tuple[int, AuditRow, Mapping[str, int]]:
            tokens = set_aside(session, self._settings, user_id, operations)
            job_description_id = self._store_if_new(session, request, user_id, progress.asked_at)
            audit = open_audit_row(
                "jd_enhancement",
                req_id=request.req_id,
                user_id=user_id,
                claude=self._claude,
                session=session,
                expected_tokens=sum(tokens.values()) or None,
            )
            return job_description_id, audit, tokens

        job_description_id, audit, tokens = run_in_transaction(open_)
        listener = topics if listen or progress.earlier.planned else None
        check = partial(enhancement_violations, names=names, requisition=texts)
        answer = audit.ask(self._claude, _prompt(request), check, deadline, listener)
        return RunningEnhancement(
            job_description_id=job_description_id,
            answer=answer,
            topics=topics,
            description=DescriptionReport(topics, progress),
            audit=audit,
            reserved_tokens=tokens,
            store=partial(self._store, request, job_description_id, audit, progress, user_id),
        )

    def enhanced_earlier(self, request: EnhanceRequest, progress: Progress) -> EnhanceAnswer | None:
        """The answer that an earlier attempt has stored, if it got that far.

        Raises:
            Superseded: if something newer is stored by now.
        """
        if progress.earlier.job_description_id is None:
            return None

        def read(session: Session) -> JobDescriptionView:
            stored = session.get_one(JobDescription, progress.earlier.job_description_id)
            refuse_if_superseded(stored, _prompt(request).fields())
            return job_description_view(stored)

        view = run_in_transaction(read)
        return EnhanceAnswer(**view.model_dump(), tokens_used=progress.earlier.enhancement_tokens)

    def get_job_description(self, req_id: str) -> JobDescriptionView:
        """The stored job description of a requisition.

        Raises:
            NotFound: if there is none.
        """
        with transaction() as session:
            stored = session.scalar(select(JobDescription).where(JobDescription.req_id == req_id))
            if stored is None:
                raise NotFound("There is no job description for this req_id.", req_id=req_id)
            return job_description_view(stored)

    def _store_if_new(self, session: Session, request: EnhanceRequest, user_id: str, asked_at: datetime) -> int:
        known = session.scalar(select(JobDescription).where(JobDescription.req_id == request.req_id))
        is_there = known is not None and is_held(session, known.req_id)  # else it is being erased
        if known is not None and is_there and session.get(JobDescription, known.id, **SHARED) is not None:
            refuse_if_superseded(known, _prompt(request).fields(), asked_at)  # a job that was begun late
            return known.id
        new = JobDescription(**request.model_dump(include=_COLUMNS), created_by_user_id=user_id)
        session.add(new)
        session.flush()
        return new.id

    def _store(
        self,
        request: EnhanceRequest,
        job_description_id: int,
        audit: AuditRow,
        progress: Progress,
        user_id: str,
        answer: ClaudeAnswer[EnhancedDescription],
    ) -> JobDescriptionView:
        texts = _prompt(request).fields()
        enhanced = at_stated_level(with_sound_quotes(answer.value, texts), texts)
        description, markup = made_harmless(enhanced.enhanced_description.strip())
        title = harmless_title(enhanced.enhanced_title.strip())
        enhanced = enhanced.model_copy(update={"enhanced_title": title, "enhanced_description": description})
        values = {
            **request.model_dump(include=_COLUMNS),
            "enhanced_title": title,
            "enhanced_description": description,
            "notes_for_team": [note for note in map(one_line, enhanced.notes_for_team) if note],
            "interview_topics": [topic.model_dump() for topic in enhanced.interview_topics],
            "language": enhanced.language,
            "model": self._claude.model,
            "prompt_version": self._claude.prompt_version,
            "enhanced_at": utc_now(),
            "quality": job_description_quality(texts, enhanced, markup).model_dump(),
        }

        def store(session: Session) -> JobDescriptionView:
            audit.succeed(session, job_description_id)  # first, for SQLite locks at the first write
            stored = session.get_one(JobDescription, job_description_id, **LOCKED)
            refuse_if_superseded(stored, texts, progress.asked_at)
            refuse_if_edited(stored, progress.asked_at)
            _replace(session, stored, values, user_id)
            stored.enhancement_asked_at = max(progress.asked_at, stored.enhancement_asked_at or progress.asked_at)
            progress.enhanced(session, stored.id, answer.spending.total_tokens)
            return job_description_view(stored)

        def to_store_later() -> Values:
            job = progress.resumption(answer.spending.total_tokens)
            return {"asked_at": progress.asked_at, "texts": texts, "values": values, "job": job, "user_id": user_id}

        return store_or_defer(store, enhancement_paid_for, to_store_later)


@deferrable
def enhancement_paid_for(session: Session, values: Values) -> None:
    """Store an enhancement that could not be stored in time, and note it in its job, unless there is a newer one."""
    enhanced, job, asked_at = values["values"], values["job"], values["asked_at"]
    this = JobDescription.req_id == enhanced["req_id"]
    # First, for SQLite locks at the first write.
    session.execute(update(JobDescription).where(this).values(id=JobDescription.id))
    locked = select(JobDescription).where(this).with_for_update().execution_options(populate_existing=True)
    stored = session.scalars(locked).one_or_none()
    if stored is None:
        return  # it was erased meanwhile
    try:
        refuse_if_superseded(stored, values["texts"], asked_at)
        refuse_if_edited(stored, asked_at)
    except Superseded:
        return
    if not _comes_after(stored, asked_at, enhanced["enhanced_at"]):
        return
    _replace(session, stored, enhanced, values.get("user_id", stored.created_by_user_id))
    stored.enhancement_asked_at = max(asked_at, stored.enhancement_asked_at or asked_at)
    if job is not None:
        its_job = GenerationJob.id == job["job_id"], GenerationJob.attempts == job["attempts"]
        not_noted = GenerationJob.job_description_id.is_(None), GenerationJob.status != "succeeded"
        noted = update(GenerationJob).where(*its_job, *not_noted)
        session.execute(noted.values(job_description_id=stored.id, progress=job["progress"]))


def _replace(session: Session, stored: JobDescription, values: Mapping[str, Any], user_id: str) -> None:
    """Store a new enhancement, and enter it in the history."""
    is_first = stored.enhanced_at is None and stored.revision == 0
    if not is_first:
        keep_older_state(session, stored, job_description_state(stored))
    for name, value in values.items():
        setattr(stored, name, value)
    stored.revision += 1
    stored.edited_by_user_id = stored.edited_at = None
    record(session, stored, "enhanced", user_id, is_first=is_first)


def _comes_after(stored: JobDescription, asked_at: datetime, enhanced_at: datetime) -> bool:
    """Whether an enhancement replaces what is stored: the newest request counts, whichever ended last."""
    newest = stored.enhancement_asked_at
    if newest is None:
        return True
    if newest == asked_at or newest > utc_now():  # the same one, or from a clock that was wrong
        return stored.enhanced_at is None or stored.enhanced_at < enhanced_at
    return newest < asked_at


# The fields of a request that are columns too. (A workflow's request also has an interview name.)
_COLUMNS = set(EnhanceRequest.model_fields)


def _prompt(request: EnhanceRequest) -> EnhanceDescription:
    return EnhanceDescription(**request.model_dump(include=_COLUMNS - {"req_id"}))
