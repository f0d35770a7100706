"""One basic job description in, the enhanced one with its interview topics out.

A new requisition is stored before Claude is asked, so that nothing typed in is lost; a known one keeps
what it has until the new enhancement is there, so that basic and enhanced text always belong together.
No database connection is held while Claude works.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from claude_interface import Claude, ClaudeAnswer, Deadline
from config import Settings
from content_checks import enhancement_problems, topic_problems
from early_topics import EarlyTopics
from errors import NotFound, TechScreenError
from generation_log import AuditRow, audited
from models import PATIENCE, JobDescription, settled, transaction, utc_now
from progress import Progress
from prompts import EnhancedDescription, EnhanceDescription, PlannedTopics
from proper_names import names_to_avoid
from quality_report import job_description_quality
from requisition_substance import refuse_unless_job
from schemas import EnhanceAnswer, EnhanceRequest, JobDescriptionView


class EnhancementUnderWay:
    """An enhancement that Claude is writing. As the context of a block it is finished at its end, whatever happens:
    what has been paid for is stored, and its audit row closed.

    Attributes:
        job_description_id: the row that it will be stored in.
        answer: Claude's answer.
    """

    def __init__(
        self,
        job_description_id: int,
        answer: Future[ClaudeAnswer[EnhancedDescription]],
        early: EarlyTopics,
        audit: AuditRow,
        store: Callable[[ClaudeAnswer[EnhancedDescription]], JobDescriptionView],
    ) -> None:
        self.job_description_id = job_description_id
        self.answer = answer
        self.is_finished = False
        self._early = early
        self._audit = audit
        self._store = store
        self._finished: EnhanceAnswer | None = None

    def __enter__(self) -> EnhancementUnderWay:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if not self.is_finished:
            try:
                self.finish()
            except TechScreenError:
                if error is None:
                    raise

    def planned(self) -> PlannedTopics:
        """The topics, as soon as they are known: while the description is being written, if Claude is listened to.

        Raises:
            TechScreenError: what `finish` raises, if there are none, or if it is known already that it will.
        """
        either: list[Future[Any]] = [self._early.told, self.answer]
        wait(either, return_when=FIRST_COMPLETED)
        has_failed = self.answer.done() and self.answer.exception() is not None
        if self._early.told.done() and not has_failed:
            return self._early.told.result()
        self.finish()
        return self.answer.result().value

    def finish(self) -> EnhanceAnswer:
        """Wait for the answer and store it.

        Raises:
            ClaudeError: one of its kinds; the audit row then says `failed`.
        """
        if self._finished is None:
            self.is_finished = True
            with self._audit as audit:
                answer = self.answer.result()
                audit.spending += answer.spending
                refuse_unless_job(answer.value.reads_as)
                view = self._store(answer)
            self._finished = EnhanceAnswer(**view.model_dump(), tokens_used=answer.spending.total_tokens)
        return self._finished


class JDEnhancementService:
    """Enhances job descriptions and finds them again."""

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
            progress: hears of the topics, and knows what an earlier attempt has left.

        Raises:
            ClaudeError: one of its kinds; the audit row then says `failed`.
        """
        progress = progress or Progress()
        enhanced_already = self.enhanced_earlier(progress)
        if enhanced_already is not None:
            return enhanced_already
        deadline = deadline or Deadline.after(self._settings.request_timeout)
        with self.begin(request, user_id, deadline, progress, listen=progress.listens) as enhancement:
            if progress.listens:
                progress.topics_named(enhancement.planned())
            return enhancement.finish()

    def begin(
        self, request: EnhanceRequest, user_id: str, deadline: Deadline, progress: Progress, *, listen: bool
    ) -> EnhancementUnderWay:
        """Start an enhancement and return while Claude is at work.

        Args:
            listen: have the answer streamed, so that the topics are known before the rest.
        """
        names = names_to_avoid(_prompt(request).fields())
        early = EarlyTopics(progress.earlier.planned, partial(topic_problems, names=names))

        def open_(session: Session) -> tuple[int, AuditRow]:
            job_description_id = self._store_if_new(session, request, user_id)
            return job_description_id, audited(
                "jd_enhancement", req_id=request.req_id, user_id=user_id, claude=self._claude, session=session
            )

        job_description_id, audit = settled(open_)

        def store(answer: ClaudeAnswer[EnhancedDescription]) -> JobDescriptionView:
            return self._store(request, answer, audit, progress)

        listener = early if listen or progress.earlier.planned else None
        answer = self._claude.submit(_prompt(request), partial(enhancement_problems, names=names), deadline, listener)
        return EnhancementUnderWay(job_description_id, answer, early, audit, store)

    def enhanced_earlier(self, progress: Progress) -> EnhanceAnswer | None:
        """The answer that an earlier attempt has stored, if it came that far."""
        if progress.earlier.job_description_id is None:
            return None
        with transaction() as session:
            stored = session.get_one(JobDescription, progress.earlier.job_description_id)
            view = job_description_view(stored)
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

    def _store_if_new(self, session: Session, request: EnhanceRequest, user_id: str) -> int:
        known = session.scalar(select(JobDescription.id).where(JobDescription.req_id == request.req_id))
        if known is not None:
            return known
        new = JobDescription(**request.model_dump(include=_COLUMNS), created_by_user_id=user_id)
        session.add(new)
        session.flush()
        return new.id

    def _store(
        self,
        request: EnhanceRequest,
        answer: ClaudeAnswer[EnhancedDescription],
        audit: AuditRow,
        progress: Progress,
    ) -> JobDescriptionView:
        enhanced = answer.value
        quality = job_description_quality(_prompt(request).fields(), enhanced).model_dump()

        def store(session: Session) -> JobDescriptionView:
            stored = session.scalars(select(JobDescription).where(JobDescription.req_id == request.req_id)).one()
            for name, value in request.model_dump(include=_COLUMNS).items():
                setattr(stored, name, value)
            stored.enhanced_title = enhanced.enhanced_title.strip()
            stored.enhanced_description = enhanced.enhanced_description.strip()
            stored.interview_topics = [topic.model_dump() for topic in enhanced.interview_topics]
            stored.language = enhanced.language
            stored.model = self._claude.model
            stored.prompt_version = self._claude.prompt_version
            stored.enhanced_at = utc_now()
            stored.quality = quality
            audit.succeed(session, stored.id)
            progress.enhanced(session, stored.id, answer.spending.total_tokens)
            return job_description_view(stored)

        return settled(store, patience=PATIENCE)


# What a request and a row have in common. A workflow's request has an interview name as well.
_COLUMNS = set(EnhanceRequest.model_fields)


def _prompt(request: EnhanceRequest) -> EnhanceDescription:
    return EnhanceDescription(**request.model_dump(include=_COLUMNS - {"req_id"}))


def job_description_view(stored: JobDescription) -> JobDescriptionView:
    """The answer's form of a stored row."""
    enhanced: dict[str, Any] | None = None
    if stored.enhanced_title is not None and stored.enhanced_description is not None:
        enhanced = {"title": stored.enhanced_title, "description": stored.enhanced_description}
    return JobDescriptionView(
        job_description_id=stored.id,
        req_id=stored.req_id,
        basic_jd={
            "title": stored.basic_title,
            "department": stored.basic_department,
            "level": stored.basic_level,
            "description": stored.basic_description,
        },
        enhanced_jd=enhanced,
        work_inputs=stored,
        interview_topics=stored.interview_topics,
        language=stored.language,
        created_at=stored.created_at,
        enhanced_at=stored.enhanced_at,
        model=stored.model,
        prompt_version=stored.prompt_version,
        quality=stored.quality,
    )
