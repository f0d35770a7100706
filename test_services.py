"""Unit tests of the services, with a Claude that answers from memory and an in-memory database.

`ScriptedClaude` has the interface of the live client. While it is asked it checks that no database
connection is held. What only a real database or the real SDK can show is tested in `tests/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app import create_app
from claude_interface import ClaudeAnswer, Deadline
from config import load_settings
from errors import (
    ClaudeUnavailable,
    GenerationFailed,
    InvalidRequest,
    NotEnhanced,
    NotFound,
    Spending,
)
from generation_log import fail_interrupted
from interview_generation_service import InterviewGenerationService, choose_topics, default_name
from jd_enhancement_service import JDEnhancementService
from models import (
    CachedQuestion,
    GenerationLog,
    Interview,
    JobDescription,
    ServiceProcess,
    db,
    transaction,
    utc_now,
)
from offline_claude import OfflineClaude
from prompts import PlanTopics, WriteQuestion
from schemas import GenerateRequest, WorkflowRequest
from workflow_service import WorkflowService

PRICE = Spending(input_tokens=70, output_tokens=20, cache_creation_tokens=7, cache_read_tokens=3, attempts=1)


class ScriptedClaude:
    """Answers with sample content, counts tokens as if it had cost some, and fails when told to."""

    model = "claude-scripted"
    prompt_version = "test"

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.fail: Callable[[Any], Exception | None] = lambda request: None
        self.change: Callable[[Any, Any], Any] = lambda request, answer: answer
        self.connections_held = 0
        self.most_connections_held = 0
        self._writer = OfflineClaude()

    def submit(self, request: Any, check: Any, deadline: Any, listener: Any = None) -> Future[Any]:
        self.most_connections_held = max(self.most_connections_held, self.connections_held)
        self.asked.append(request)
        result: Future[Any] = Future()
        error = self.fail(request)
        if error is not None:
            result.set_exception(error)
            return result
        answer = self._writer.submit(request, check, deadline).result().value
        result.set_result(ClaudeAnswer(self.change(request, answer), PRICE))
        return result

    def close(self) -> None: ...


@pytest.fixture
def claude() -> ScriptedClaude:
    return ScriptedClaude()


@pytest.fixture
def app(claude: ScriptedClaude) -> Iterator[Flask]:
    app = create_app({"FLASK_ENV": "testing"}, claude=claude)
    with app.app_context():
        db.create_all()

        def taken(*_: Any) -> None:
            claude.connections_held += 1

        def given_back(*_: Any) -> None:
            claude.connections_held -= 1

        event.listen(db.engine, "checkout", taken)
        event.listen(db.engine, "checkin", given_back)
        yield app
        db.session.remove()
        db.drop_all()
        db.engine.dispose()


@pytest.fixture
def enhancement(app: Flask, claude: ScriptedClaude) -> JDEnhancementService:
    return JDEnhancementService(claude, load_settings())


@pytest.fixture
def generation(app: Flask, claude: ScriptedClaude) -> InterviewGenerationService:
    return InterviewGenerationService(claude, load_settings())


@pytest.fixture
def workflow(enhancement: JDEnhancementService, generation: InterviewGenerationService) -> WorkflowService:
    return WorkflowService(enhancement, generation, load_settings())


def a_requisition(**changes: Any) -> WorkflowRequest:
    return WorkflowRequest(
        **{
            "req_id": "REQ-12345",
            "basic_title": "Senior Software Engineer",
            "basic_description": "We build payment systems that must not lose money.",
            "basic_level": "Senior",
            "work_output": "Microservices that handle 10,000 transactions per second; fraud detection in real time",
            "work_role": "Leads backend architecture, mentors junior engineers, owns service reliability",
            "work_knowledge": "Kafka, PostgreSQL, Spring Boot, load balancing, API design",
            "work_competencies": "System design, problem solving, communication",
            **changes,
        }
    )


def logs() -> list[GenerationLog]:
    with transaction() as session:
        return list(session.scalars(select(GenerationLog).order_by(GenerationLog.id)))


def count(table: type) -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


class TestJDEnhancementService:
    def test_enhance_jd_success(self, enhancement: JDEnhancementService) -> None:
        answer = enhancement.enhance_jd(a_requisition(), "anna")

        assert answer.success is True
        assert answer.req_id == "REQ-12345"
        assert answer.basic_jd.title == "Senior Software Engineer"
        assert answer.enhanced_jd is not None
        assert "10,000 transactions per second" in answer.enhanced_jd.description
        assert answer.interview_topics is not None
        assert 6 <= len(answer.interview_topics) <= 8
        assert answer.tokens_used == 100
        assert answer.enhanced_at is not None
        assert enhancement.get_job_description("REQ-12345").job_description_id == answer.job_description_id

    def test_a_successful_enhancement_has_a_complete_audit_row(self, enhancement: JDEnhancementService) -> None:
        answer = enhancement.enhance_jd(a_requisition(), "anna")

        (row,) = logs()
        assert (row.operation_type, row.status, row.req_id, row.user_id) == (
            "jd_enhancement",
            "success",
            "REQ-12345",
            "anna",
        )
        assert row.tokens_used == 100
        assert (row.input_tokens, row.output_tokens, row.cache_creation_tokens, row.cache_read_tokens) == (70, 20, 7, 3)
        assert row.attempts == 1
        assert row.model == "claude-scripted"
        assert row.prompt_version == "test"
        assert row.result_id == answer.job_description_id
        assert row.completed_at is not None
        assert row.duration_ms is not None
        assert row.error_message is None

    def test_a_failed_enhancement_keeps_its_audit_row_and_the_description(
        self, enhancement: JDEnhancementService, claude: ScriptedClaude
    ) -> None:
        claude.fail = lambda request: ClaudeUnavailable("Claude is overloaded.", spending=PRICE)

        with pytest.raises(ClaudeUnavailable):
            enhancement.enhance_jd(a_requisition(), "anna")

        (row,) = logs()
        assert (row.status, row.error_code, row.error_message) == (
            "failed",
            "claude_unavailable",
            "Claude is overloaded.",
        )
        assert row.tokens_used == 100
        view = enhancement.get_job_description("REQ-12345")
        assert view.basic_jd.description == "We build payment systems that must not lose money."
        assert view.enhanced_jd is None

    def test_a_failed_second_enhancement_leaves_the_first_as_it_was(
        self, enhancement: JDEnhancementService, claude: ScriptedClaude
    ) -> None:
        before = enhancement.enhance_jd(a_requisition(), "anna")
        claude.fail = lambda request: GenerationFailed("unusable")

        with pytest.raises(GenerationFailed):
            enhancement.enhance_jd(a_requisition(basic_title="Other", work_output=None), "anna")

        after = enhancement.get_job_description("REQ-12345")
        assert after.model_dump() == {
            k: v for k, v in before.model_dump().items() if k not in ("success", "tokens_used")
        }

    def test_enhancing_again_updates_the_row(self, enhancement: JDEnhancementService) -> None:
        first = enhancement.enhance_jd(a_requisition(), "anna")
        second = enhancement.enhance_jd(a_requisition(basic_title="Staff Engineer", work_role=None), "bert")

        assert second.job_description_id == first.job_description_id
        assert second.basic_jd.title == "Staff Engineer"
        assert second.work_inputs.work_role is None
        assert count(JobDescription) == 1

    def test_an_unexpected_error_is_recorded_without_its_text(
        self, enhancement: JDEnhancementService, claude: ScriptedClaude
    ) -> None:
        claude.fail = lambda request: ZeroDivisionError("the job description says secret things")

        with pytest.raises(ZeroDivisionError):
            enhancement.enhance_jd(a_requisition(), "anna")

        (row,) = logs()
        assert (row.status, row.error_code, row.error_message) == ("failed", "internal_error", "ZeroDivisionError")

    def test_an_unknown_requisition_is_not_found(self, enhancement: JDEnhancementService) -> None:
        with pytest.raises(NotFound):
            enhancement.get_job_description("nobody")


class TestInterviewGenerationService:
    @pytest.fixture
    def jd_id(self, enhancement: JDEnhancementService) -> int:
        return enhancement.enhance_jd(a_requisition(), "anna").job_description_id

    def test_generate_interview_success(self, generation: InterviewGenerationService, jd_id: int) -> None:
        answer = generation.generate_interview(_for(jd_id), "anna")

        assert [question.question_number for question in answer.interview.questions] == [1, 2, 3, 4, 5]
        for question in answer.interview.questions:
            assert 8 <= len(question.criteria) <= 10
            assert not any(criterion.is_checked for criterion in question.criteria)
            assert question.source == "generated"
            assert question.work_items
        assert answer.tokens_used == 500
        assert answer.cached_questions == 0
        assert answer.interview.version == 1
        assert answer.interview.status == "draft"
        assert generation.get_interview(answer.interview_id) == answer.interview

    def test_no_planning_call_is_made_when_the_description_has_topics(
        self, generation: InterviewGenerationService, claude: ScriptedClaude, jd_id: int
    ) -> None:
        claude.asked.clear()
        generation.generate_interview(_for(jd_id), "anna")

        assert [type(request) for request in claude.asked] == [WriteQuestion] * 5

    def test_a_description_without_topics_gets_one_planning_call_and_keeps_its_topics(
        self, generation: InterviewGenerationService, claude: ScriptedClaude, jd_id: int
    ) -> None:
        with transaction() as session:
            session.get_one(JobDescription, jd_id).interview_topics = None
        claude.asked.clear()

        first = generation.generate_interview(_for(jd_id), "anna")
        generation.generate_interview(_for(jd_id), "anna")

        assert [type(request) for request in claude.asked] == [PlanTopics] + [WriteQuestion] * 10
        assert first.tokens_used == 600

    def test_a_second_interview_is_the_next_version_and_repeats_no_question(
        self, generation: InterviewGenerationService, jd_id: int
    ) -> None:
        generation.generate_interview(_for(jd_id), "anna")
        generation.generate_interview(_for(jd_id), "anna")

        first, second = generation.list_interviews("REQ-12345")
        assert (first.version, second.version) == (1, 2)
        assert not {q.question_text for q in first.questions} & {q.question_text for q in second.questions}

    def test_no_connection_is_held_while_claude_works(
        self, generation: InterviewGenerationService, claude: ScriptedClaude, jd_id: int
    ) -> None:
        generation.generate_interview(_for(jd_id), "anna")

        assert len(claude.asked) == 6
        assert claude.most_connections_held == 0

    def test_a_failed_question_loses_none_of_the_others(
        self, generation: InterviewGenerationService, claude: ScriptedClaude, jd_id: int
    ) -> None:
        claude.asked.clear()
        claude.fail = lambda request: ClaudeUnavailable("busy", spending=PRICE) if len(claude.asked) == 2 else None

        with pytest.raises(ClaudeUnavailable):
            generation.generate_interview(_for(jd_id), "anna")

        assert count(CachedQuestion) == 4
        assert count(Interview) == 0
        row = logs()[-1]
        assert (row.operation_type, row.status, row.tokens_used) == ("interview_generation", "failed", 500)

    def test_every_failure_of_several_is_paid_for_once_in_the_audit_row(
        self, generation: InterviewGenerationService, claude: ScriptedClaude, jd_id: int
    ) -> None:
        claude.fail = lambda request: ClaudeUnavailable("busy", spending=PRICE)

        with pytest.raises(ClaudeUnavailable):
            generation.generate_interview(_for(jd_id), "anna")

        assert logs()[-1].tokens_used == 500

    def test_a_question_like_another_is_written_anew(
        self, generation: InterviewGenerationService, claude: ScriptedClaude, jd_id: int
    ) -> None:
        claude.asked.clear()
        copied: list[str] = []

        def copy_once(request: WriteQuestion, answer: Any) -> Any:
            copied.append(answer.question_text)
            return answer.model_copy(update={"question_text": copied[0]}) if len(copied) == 2 else answer

        claude.change = copy_once
        answer = generation.generate_interview(_for(jd_id), "anna")

        assert len({question.question_text for question in answer.interview.questions}) == 5
        assert len(claude.asked) == 6
        assert copied[0] in claude.asked[-1].taken
        assert answer.tokens_used == 600
        assert count(CachedQuestion) == 5

    def test_a_question_that_stays_like_another_is_an_error(
        self, generation: InterviewGenerationService, claude: ScriptedClaude, jd_id: int
    ) -> None:
        claude.change = lambda request, answer: answer.model_copy(
            update={"question_text": "Always the very same text."}
        )

        with pytest.raises(GenerationFailed, match="repeats another"):
            generation.generate_interview(_for(jd_id), "anna")

        assert count(Interview) == 0

    def test_the_cache_is_not_written_when_it_is_off(self, app: Flask, claude: ScriptedClaude, jd_id: int) -> None:
        generation = InterviewGenerationService(claude, load_settings({"ENABLE_QUESTION_CACHE": False}))
        generation.generate_interview(_for(jd_id), "anna")

        assert count(CachedQuestion) == 0

    def test_two_questions_for_one_topic_are_two_variants(
        self, generation: InterviewGenerationService, jd_id: int
    ) -> None:
        generation.generate_interview(_for(jd_id), "anna")
        generation.generate_interview(_for(jd_id), "anna")

        with transaction() as session:
            variants = session.execute(select(CachedQuestion.request_hash, CachedQuestion.variant)).all()
        assert len(set(variants)) == 10
        assert {variant for _, variant in variants} == {1, 2}

    def test_an_unknown_description_is_not_found_and_writes_nothing(
        self, generation: InterviewGenerationService
    ) -> None:
        with pytest.raises(NotFound):
            generation.generate_interview(_for(1), "anna")
        assert logs() == []

    def test_ids_that_disagree_are_refused_and_nothing_is_written(
        self, generation: InterviewGenerationService, jd_id: int
    ) -> None:
        with pytest.raises(InvalidRequest) as caught:
            generation.generate_interview(_for(jd_id, req_id="REQ-OTHER"), "anna")
        assert [problem.field for problem in caught.value.details] == ["req_id", "job_description_id"]
        assert len(logs()) == 1

    def test_a_description_without_enhancement_is_refused(
        self, enhancement: JDEnhancementService, generation: InterviewGenerationService, claude: ScriptedClaude
    ) -> None:
        claude.fail = lambda request: GenerationFailed("unusable")
        with pytest.raises(GenerationFailed):
            enhancement.enhance_jd(a_requisition(), "anna")
        jd_id = enhancement.get_job_description("REQ-12345").job_description_id

        with pytest.raises(NotEnhanced):
            generation.generate_interview(_for(jd_id), "anna")

    def test_the_default_name_fits_its_column(self) -> None:
        assert default_name("Engineer", 2) == "Engineer - Interview 2"
        assert len(default_name("x" * 400, 12)) == 255

    def test_topics_of_the_same_subject_are_chosen_only_if_needed(self) -> None:
        topics = (
            OfflineClaude()
            .submit(
                PlanTopics("Engineer", "Python, Kafka, Redis, SQL, Go, Rust"),
                lambda answer: [],
                Deadline.after(1),
            )
            .result()
            .value.interview_topics[:6]
        )
        doubled = [topic.model_copy(update={"facet": "same", "technologies": ["x"]}) for topic in topics[:2]]

        assert choose_topics([*doubled, *topics[2:]]) == [doubled[0], *topics[2:6]]
        assert choose_topics([*doubled, *topics[2:5]]) == [doubled[0], *topics[2:5], doubled[1]]


class TestWorkflowService:
    def test_both_steps_are_done_and_their_tokens_added(self, workflow: WorkflowService) -> None:
        answer = workflow.run(a_requisition(interview_name="Panel 2"), "anna")

        assert answer.interview_name == "Panel 2"
        assert answer.total_tokens_used == 600
        assert [row.operation_type for row in logs()] == ["jd_enhancement", "interview_generation"]

    def test_a_failed_interview_keeps_and_names_the_enhanced_description(
        self, workflow: WorkflowService, enhancement: JDEnhancementService, claude: ScriptedClaude
    ) -> None:
        claude.fail = lambda request: GenerationFailed("no") if isinstance(request, WriteQuestion) else None

        with pytest.raises(GenerationFailed) as caught:
            workflow.run(a_requisition(), "anna")

        kept = enhancement.get_job_description("REQ-12345")
        assert kept.enhanced_jd is not None
        assert caught.value.job_description_id == kept.job_description_id
        assert [row.status for row in logs()] == ["success", "failed"]


class TestAuditRecovery:
    def test_only_rows_of_dead_processes_are_set_to_failed(self, app: Flask) -> None:
        def row(process_id: str, status: str = "in_progress") -> GenerationLog:
            return GenerationLog(
                operation_type="jd_enhancement",
                req_id="R",
                user_id="anna",
                status=status,
                model="m",
                prompt_version="1",
                process_id=process_id,
            )

        silence = timedelta(seconds=30)
        with transaction() as session:
            session.add(ServiceProcess(id="alive"))
            session.add(ServiceProcess(id="dead", heartbeat_at=utc_now() - 2 * silence))
            session.add_all([row("dead"), row("alive"), row("never heard of", "success")])

        assert fail_interrupted(utc_now() - silence) == 1
        assert [r.status for r in logs()] == ["failed", "in_progress", "success"]
        assert logs()[0].error_code == "interrupted"
        assert fail_interrupted(utc_now() - silence) == 0


def test_spending_adds_up() -> None:
    both = PRICE + replace(PRICE, request_ids=("req_1",))
    assert (both.total_tokens, both.attempts, both.request_ids) == (200, 2, ("req_1",))


def _for(jd_id: int, req_id: str = "REQ-12345") -> GenerateRequest:
    return GenerateRequest(req_id=req_id, job_description_id=jd_id)
