"""The whole way in one call: a basic job description in, its enhancement and an interview out."""

from __future__ import annotations

from claude_interface import Deadline
from config import Settings
from errors import TechScreenError
from interview_generation_service import InterviewGenerationService
from jd_enhancement_service import JDEnhancementService
from models import utc_now
from schemas import GenerateRequest, WorkflowAnswer, WorkflowRequest


class WorkflowService:
    """Enhances a job description and makes an interview from it, under one deadline."""

    def __init__(
        self, enhancement: JDEnhancementService, generation: InterviewGenerationService, settings: Settings
    ) -> None:
        self._enhancement = enhancement
        self._generation = generation
        self._settings = settings

    def run(self, request: WorkflowRequest, user_id: str) -> WorkflowAnswer:
        """Enhance, then generate.

        Raises:
            TechScreenError: if the interview failed, `job_description_id` names the enhanced job
                description, which is kept.
        """
        started = utc_now()
        deadline = Deadline.after(self._settings.request_timeout)
        enhanced = self._enhancement.enhance_jd(request, user_id, deadline)
        try:
            generated = self._generation.generate_interview(
                GenerateRequest(
                    req_id=request.req_id,
                    job_description_id=enhanced.job_description_id,
                    interview_name=request.interview_name,
                ),
                user_id,
                deadline,
            )
        except TechScreenError as error:
            error.job_description_id = enhanced.job_description_id
            raise
        assert enhanced.enhanced_jd is not None
        return WorkflowAnswer(
            job_description_id=enhanced.job_description_id,
            interview_id=generated.interview_id,
            req_id=generated.req_id,
            interview_name=generated.interview_name,
            enhanced_jd=enhanced.enhanced_jd,
            interview=generated.interview,
            total_tokens_used=enhanced.tokens_used + generated.tokens_used,
            cached_questions=generated.cached_questions,
            created_at=started,
            model=generated.model,
            prompt_version=generated.prompt_version,
        )
