"""The table of operations: everything that a request can have done once for each idempotency key, and who does it.

Services come in; operations go out, by the names under which their jobs are stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from interview_generation_service import InterviewGenerationService
from jd_enhancement_service import JDEnhancementService
from techscreen.editing.alternatives import Alternatives
from techscreen.editing.feedback import give_feedback, refuse_unless_asked
from techscreen.editing.imports import import_document, refuse_if_known
from techscreen.editing.interviews import InterviewEditing
from techscreen.editing.job_descriptions import change_job_description, seen_job_description
from techscreen.editing.suggestions import CriteriaSuggestions
from techscreen.editing.wanted_alternative import draft_question, wanted_alternative
from techscreen.jobs.runner import Operation
from techscreen.library.questions import (
    change_question,
    create_question,
    refuse_if_taken,
    refuse_unless_savable,
    save_question,
    seen_question,
)
from techscreen.library.transfer import import_questions
from techscreen.operations import webhook_delivery
from techscreen.operations.webhook_delivery import WebhookEvent, WebhookSender
from techscreen.question_cache.administration import CacheAdministration
from techscreen.schemas.alternatives import AlternativesOrder, CriteriaOrder
from techscreen.schemas.editing import InterviewChange, JobDescriptionChange
from techscreen.schemas.feedback import FeedbackOrder
from techscreen.schemas.generation import EnhanceRequest, GenerateRequest, WorkflowRequest
from techscreen.schemas.imports import ImportRequest
from techscreen.schemas.library import LibraryChange, LibraryImport, LibraryQuestion, SaveOrder
from techscreen.schemas.operations import RetireOrder
from techscreen.storage.outbox import OPERATION as WEBHOOK
from workflow_service import WorkflowService


@dataclass(frozen=True)
class Services:
    """Who carries the operations out."""

    enhancement: JDEnhancementService
    generation: InterviewGenerationService
    workflow: WorkflowService
    cache: CacheAdministration
    editing: InterviewEditing
    alternatives: Alternatives
    suggestions: CriteriaSuggestions
    webhooks: WebhookSender


def operations_of(services: Services) -> dict[str, Operation]:
    """The operations, each with the model of its request."""
    return {
        "jd_enhancement": Operation(EnhanceRequest, services.enhancement.enhance_jd),
        "interview_generation": Operation(
            GenerateRequest, services.generation.generate_interview, services.generation.refuse_unless_enhanced
        ),
        "workflow": Operation(WorkflowRequest, services.workflow.run),
        "cache_retirement": Operation(
            RetireOrder,
            lambda order, user_id, *_: services.cache.retire(order, user_id),
            lambda session, order: services.cache.refuse_unless_known(session, order.cached_question_id),
        ),
        "interview_change": Operation(
            InterviewChange,
            lambda change, user_id, *_: services.editing.change(change, user_id),
            services.editing.refuse_if_stale,
        ),
        "job_description_change": Operation(
            JobDescriptionChange,
            lambda change, user_id, *_: change_job_description(change, user_id),
            seen_job_description,
        ),
        "library_question": Operation(
            LibraryQuestion, lambda given, user_id, *_: create_question(given, user_id), refuse_if_taken
        ),
        "library_change": Operation(
            LibraryChange, lambda change, user_id, *_: change_question(change, user_id), seen_question
        ),
        "library_import": Operation(LibraryImport, lambda order, user_id, *_: import_questions(order, user_id)),
        "library_saving": Operation(
            SaveOrder, lambda order, user_id, *_: save_question(order, user_id), refuse_unless_savable
        ),
        "import": Operation(ImportRequest, lambda asked, user_id, *_: import_document(asked, user_id), refuse_if_known),
        "question_alternatives": Operation(AlternativesOrder, services.alternatives.offer, wanted_alternative),
        "criteria_suggestion": Operation(CriteriaOrder, services.suggestions.suggest, draft_question),
        "question_feedback": Operation(
            FeedbackOrder, lambda order, user_id, *_: give_feedback(order, user_id), refuse_unless_asked
        ),
        WEBHOOK: Operation(
            WebhookEvent,
            lambda event, *_: services.webhooks.deliver(event),
            attempts=webhook_delivery.ATTEMPTS,
            pause=webhook_delivery.pause_after,
        ),
    }
