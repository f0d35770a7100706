"""The whole workflow in one call: a basic job description in, its enhancement and an interview out.

The questions are written while the description still is. This service only starts and joins the other two, and decides
what stays when one of them fails.
"""

from __future__ import annotations

from config import Settings
from interview_generation_service import InterviewGenerationService
from jd_enhancement_service import JDEnhancementService
from models import utc_now
from techscreen.claude.interface import Deadline
from techscreen.errors import Superseded, TechScreenError
from techscreen.generation.progress import Progress
from techscreen.quality.report import combined
from techscreen.schemas.generation import (
    EnhanceAnswer,
    GenerateAnswer,
    GenerateRequest,
    WorkflowAnswer,
    WorkflowRequest,
)


class WorkflowService:
    """Enhances a job description and makes an interview from it, under one deadline."""

    def __init__(
        self, enhancement: JDEnhancementService, generation: InterviewGenerationService, settings: Settings
    ) -> None:
        self._enhancement = enhancement
        self._generation = generation
        self._settings = settings

    def run(
        self,
        request: WorkflowRequest,
        user_id: str,
        deadline: Deadline | None = None,
        progress: Progress | None = None,
    ) -> WorkflowAnswer:
        """Enhance and generate. The questions are asked for as soon as the enhancement has named its topics.

        Args:
            request: the basic job description and, optionally, the interview's name.
            user_id: who asks.
            deadline: moment by which Claude must have answered; REQUEST_TIMEOUT from now by default.
            progress: is told of each step, and knows what an earlier attempt has left.

        Raises:
            TechScreenError: if only the interview failed, `job_description_id` names the enhanced job
                description, which is kept. A failed enhancement leaves no interview, nor does one that a newer
                request has superseded.
        """
        started = utc_now()
        progress = progress or Progress()
        deadline = deadline or Deadline.after(self._settings.request_timeout)
        enhanced = self._enhancement.enhanced_earlier(request, progress)
        if enhanced is not None:
            generated = self._generate(enhanced, request, user_id, deadline, progress)
        else:
            enhanced, generated = self._both_at_once(request, user_id, deadline, progress)
        assert enhanced.enhanced_jd is not None
        return WorkflowAnswer(
            job_description_id=enhanced.job_description_id,
            interview_id=generated.interview_id,
            req_id=generated.req_id,
            interview_name=generated.interview_name,
            enhanced_jd=enhanced.enhanced_jd,
            notes_for_team=enhanced.notes_for_team,
            interview=generated.interview,
            quality=combined(enhanced.quality, generated.interview.quality),
            total_tokens_used=enhanced.tokens_used + generated.tokens_used,
            cached_questions=generated.cached_questions,
            library_questions=generated.library_questions,
            created_at=started,
            model=generated.model,
            prompt_version=generated.prompt_version,
        )

    def _both_at_once(
        self, request: WorkflowRequest, user_id: str, deadline: Deadline, progress: Progress
    ) -> tuple[EnhanceAnswer, GenerateAnswer]:
        with self._enhancement.begin(
            request, user_id, deadline, progress, listen=True, with_interview=True
        ) as enhancement:
            to_generate = _to_generate(request, enhancement.job_description_id)
            try:
                generated = self._generation.generate_from_enhancement(
                    enhancement, to_generate, request, user_id, deadline, progress
                )
            except TechScreenError as error:
                enhancement.finish()  # if it has failed, its error is the one to raise
                if not isinstance(error, Superseded):  # else the enhanced description was not kept
                    error.job_description_id = enhancement.job_description_id
                raise
            return enhancement.finish(), generated

    def _generate(
        self,
        enhanced: EnhanceAnswer,
        request: WorkflowRequest,
        user_id: str,
        deadline: Deadline,
        progress: Progress,
    ) -> GenerateAnswer:
        try:
            to_generate = _to_generate(request, enhanced.job_description_id)
            return self._generation.generate_interview(to_generate, user_id, deadline, progress, texts=request)
        except TechScreenError as error:
            error.job_description_id = enhanced.job_description_id
            raise


def _to_generate(request: WorkflowRequest, job_description_id: int) -> GenerateRequest:
    return GenerateRequest(
        req_id=request.req_id,
        job_description_id=job_description_id,
        interview_name=request.interview_name,
        use_library=request.use_library,
        cover=request.cover,
        topics=request.topics,
    )
