"""Further criteria for a question of a draft, as Claude suggests them.

An order comes in, suggestions go out, each with what the rules find in it. Nothing changes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from config import Settings
from models import Interview
from prompts import Criterion, InterviewQuestion, SuggestCriteria, SuggestedCriteria
from techscreen.checks.entity_names import names_to_avoid
from techscreen.checks.findings import Violation
from techscreen.checks.suggested_criteria import checked_texts, new_criteria, suggestion_violations
from techscreen.claude.interface import Claude, Deadline
from techscreen.editing.findings import text_of
from techscreen.editing.wanted_alternative import draft_question, own_topic, planned_topics
from techscreen.editing.wishes import wish_findings
from techscreen.errors import GenerationFailed
from techscreen.generation.audit_log import AuditRow, open_audit_row
from techscreen.generation.interview_task import read_source
from techscreen.generation.progress import Progress
from techscreen.generation.superseded import refuse_if_erased
from techscreen.generation.token_budget import set_aside
from techscreen.quality.finding_views import finding_views
from techscreen.schemas.alternatives import CriteriaAnswer, CriteriaOrder, SuggestedCriterionView
from techscreen.storage.transactions import run_in_transaction

OPERATION: Final = "criteria_suggestion"


@dataclass(frozen=True)
class _Wanted:
    """What to ask for, and the names that no criterion may contain."""

    req_id: str
    request: SuggestCriteria
    names: Collection[str]

    def violations(self, answer: SuggestedCriteria) -> list[Violation]:
        asked = self.request
        return suggestion_violations(answer.criteria, asked.count, asked.question, self.names, asked.language)


class CriteriaSuggestions:
    """Suggests criteria."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

    def suggest(self, order: CriteriaOrder, user_id: str, deadline: Deadline, progress: Progress) -> CriteriaAnswer:
        """Ask Claude for criteria that the question does not have.

        Raises:
            NotFound, NotEditable, TokenBudgetExhausted: before anything is asked.
            ClaudeError: one of its kinds.
        """
        progress.refuse_if_cancelled()
        wanted = run_in_transaction(partial(_wanted, order=order))
        request = wanted.request
        with run_in_transaction(partial(self._open_audit_row, wanted.req_id, order.interview_id, user_id)) as audit:
            call = audit.ask(self._claude, request, wanted.violations, deadline)
            audit.wait_for(call)
            suggested = new_criteria(audit.take(call).value.criteria, request.question)[: request.count]
            if not suggested:
                raise GenerationFailed("All suggestions repeat criteria that the question has, also after repair.")
            audit.result_id = order.interview_id
        return CriteriaAnswer(
            interview_id=order.interview_id,
            question_number=order.number,
            criteria=_views(suggested, request.question, wanted.names, request.language),
            wish_findings=wish_findings(order.wish, request.language),
            tokens_used=audit.spending.total_tokens,
            model=self._claude.model,
            prompt_version=self._claude.prompt_version,
        )

    def _open_audit_row(self, req_id: str, interview_id: int, user_id: str, session: Session) -> AuditRow:
        refuse_if_erased(session, req_id, Interview, interview_id)
        tokens = set_aside(session, self._settings, user_id, (OPERATION,)).get(OPERATION)
        return open_audit_row(
            OPERATION, req_id=req_id, user_id=user_id, claude=self._claude, session=session, expected_tokens=tokens
        )


def _wanted(session: Session, order: CriteriaOrder) -> _Wanted:
    interview, question, stored = draft_question(session, order)
    source = read_source(session, stored, None, None)
    planned = planned_topics(interview, source)
    topic = own_topic(question, planned)
    in_topic = [topic.topic, topic.facet, *topic.technologies]
    request = SuggestCriteria(text_of(question), topic, planned.language, order.count, order.wish)
    return _Wanted(interview.req_id, request, names_to_avoid(source.requisition.fields(), in_topic))


def _views(
    suggested: list[Criterion], question: InterviewQuestion, names: Collection[str], language: str
) -> list[SuggestedCriterionView]:
    texts = checked_texts(suggested, question, names, language)
    return [
        SuggestedCriterionView(
            **criterion.model_dump(),
            findings=[
                view
                for text in texts
                if text.place.path.startswith(f"criteria[{number}].")
                for view in finding_views(
                    text.place.path.rpartition(".")[2], text.place.text, [each.finding for each in text.findings]
                )
            ],
        )
        for number, criterion in enumerate(suggested)
    ]
