"""One basic job description in, the enhanced one with its interview topics out.

A new requisition is stored before Claude is asked, so that nothing typed in is lost; a known one keeps
what it has until the new enhancement is there, so that basic and enhanced text always belong together.
No database connection is held while Claude works.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from claude_interface import Claude, Deadline
from config import Settings
from content_checks import enhancement_problems
from errors import NotFound
from generation_log import audited
from models import JobDescription, settled, transaction, utc_now
from prompts import EnhancedDescription, EnhanceDescription
from schemas import EnhanceAnswer, EnhanceRequest, JobDescriptionView


class JDEnhancementService:
    """Enhances job descriptions and finds them again."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

    def enhance_jd(self, request: EnhanceRequest, user_id: str, deadline: Deadline | None = None) -> EnhanceAnswer:
        """Enhance a job description and store it. A known `req_id` has its row updated.

        Args:
            request: the basic job description with its WORK inputs.
            user_id: who asks; kept with a new row and in the audit log.
            deadline: moment by which Claude must have answered; REQUEST_TIMEOUT from now by default.

        Raises:
            ClaudeError: one of its kinds; the audit row then says `failed`.
        """
        deadline = deadline or Deadline.after(self._settings.request_timeout)
        self._store_if_new(request, user_id)
        with audited("jd_enhancement", req_id=request.req_id, user_id=user_id, claude=self._claude) as audit:
            answer = self._claude.submit(_prompt(request), enhancement_problems, deadline).result()
            audit.spending += answer.spending
            view = self._store(request, answer.value)
            audit.result_id = view.job_description_id
        return EnhanceAnswer(**view.model_dump(), tokens_used=answer.spending.total_tokens)

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

    def _store_if_new(self, request: EnhanceRequest, user_id: str) -> None:
        def store(session: Session) -> None:
            if session.scalar(select(JobDescription.id).where(JobDescription.req_id == request.req_id)) is None:
                session.add(JobDescription(**request.model_dump(include=_COLUMNS), created_by_user_id=user_id))

        settled(store)

    def _store(self, request: EnhanceRequest, enhanced: EnhancedDescription) -> JobDescriptionView:
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
            return job_description_view(stored)

        return settled(store)


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
    )
