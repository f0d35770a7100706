"""Unit tests of the services, with a Claude that answers from memory and an in-memory database.

`QueuedClaude` has the interface of the live client and gives the replies that a test lists. It notes what it is asked,
and how many database connections are held meanwhile. What only a real database or the real SDK can show is tested in
`tests/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel
from sqlalchemy import event, func, select

from app import create_app
from config import load_settings
from interview_generation_service import InterviewGenerationService
from jd_enhancement_service import JDEnhancementService
from models import CachedQuestion, GenerationLog, Interview, JobDescription, ServiceProcess, db, utc_now
from prompts import (
    Criterion,
    EnhancedDescription,
    InterviewQuestion,
    InterviewTopic,
    PlannedTopics,
    PlanTopics,
    RatingAnchors,
    WriteQuestion,
)
from techscreen.claude.interface import ClaudeAnswer
from techscreen.errors import (
    ClaudeUnavailable,
    GenerationFailed,
    InvalidRequest,
    NotEnhanced,
    NotFound,
    Spending,
)
from techscreen.generation.audit_log import fail_interrupted
from techscreen.generation.interview_draft import default_name
from techscreen.schemas.generation import GenerateRequest, WorkflowRequest
from techscreen.schemas.wishes import TopicWish
from techscreen.storage.transactions import transaction
from workflow_service import WorkflowService

PRICE = Spending(input_tokens=70, output_tokens=20, cache_creation_tokens=7, cache_read_tokens=3, attempts=1)


class QueuedClaude:
    """Gives the replies that a test has put into `replies`, an answer or an error for each request, in that order."""

    model = "claude-queued"
    prompt_version = "test"

    def __init__(self) -> None:
        self.replies: Sequence[BaseModel | Exception] = []
        self.asked: list[Any] = []
        self.connections_held = 0
        self.most_connections_held = 0

    def submit(self, request: Any, check: Any, deadline: Any, *_: Any) -> Future[Any]:
        self.most_connections_held = max(self.most_connections_held, self.connections_held)
        self.asked.append(request)
        assert self.replies, f"The test has no reply for {request}"
        reply, *self.replies = self.replies
        result: Future[Any] = Future()
        if isinstance(reply, Exception):
            result.set_exception(reply)
        else:
            assert isinstance(reply, request.answer_type)
            assert check(reply) == []
            result.set_result(ClaudeAnswer(reply, PRICE))
        return result

    def close(self) -> None: ...


def a_topic(name: str, question_type: str, field: str, part: str) -> InterviewTopic:
    return InterviewTopic.model_validate(
        {
            "topic": name,
            "technologies": [],
            "facet": name.lower(),
            "skill_level": "Advanced",
            "question_type": question_type,
            "focus": f"How the person goes about {name.lower()}.",
            "work_items": [{"field": field, "part": part}],
        }
    )


TOPICS = [
    a_topic("Consumer lag", "debugging", "work_knowledge", "Kafka"),
    a_topic("Slow joins", "technical", "work_knowledge", "PostgreSQL"),
    a_topic("Load balancing", "system_design", "work_knowledge", "load balancing"),
    a_topic("Mentoring", "behavioral", "work_role", "mentors junior engineers"),
    a_topic("Fraud rules", "coding", "work_output", "fraud detection in real time"),
    a_topic("Outages", "situational", "work_role", "owns service reliability"),
]
PLAN = PlannedTopics(language="en", interview_topics=TOPICS)
DESCRIPTION = EnhancedDescription(
    language="en",
    interview_topics=TOPICS,
    enhanced_title="Senior Software Engineer, Payments",
    enhanced_description="""### What you will deliver
- Microservices that handle 10,000 transactions per second
- Fraud detection in real time
### What you will do
- Lead the backend architecture, mentor junior engineers and own service reliability
### What you bring
- Kafka, PostgreSQL, Spring Boot, load balancing and API design
- System design, problem solving and communication""",
)


def a_question(scene: str) -> InterviewQuestion:
    """A question that only has its scene to itself, which is enough to be unlike the others."""
    parts = "cause owner limit metric order retry alarm test rollback".split()
    return InterviewQuestion(
        spoken_text=f"{scene} What do you do?",
        criteria=[Criterion(criterion=f"{part.title()} named", description=f"Names the {part}.") for part in parts],
        follow_ups=["What would you look at next?", "Which part is the hardest?"],
        rating_anchors=RatingAnchors(
            low="Talks about the case in general.",
            mid="Finds the cause and stops there.",
            high="Connects the cause with what follows from it.",
        ),
    )


QUESTIONS = [
    a_question(scene)
    for scene in (
        "Messages pile up in one partition every night while eleven others stay nearly empty.",
        "A report that joined two tables in a second takes four minutes since Monday.",
        "Half of your servers idle, and the other half answer with timeouts under load.",
        "A junior colleague has rewritten the same module three times and is discouraged.",
        "A rule blocks honest buyers abroad, and nobody knows who added it to the list.",
        "The certificate of a gateway expires on Sunday, and its owner has left the company.",
        "Two clerks edit one invoice together, and the later save erases what was typed first.",
        "A nightly backup has been reported as complete for weeks but restores to an empty disk.",
        "Your mobile client sends every picture twice whenever the train enters a tunnel.",
        "An upgrade of the search index halves its size and also loses all accented names.",
    )
]


@pytest.fixture
def claude() -> QueuedClaude:
    return QueuedClaude()


@pytest.fixture
def app(claude: QueuedClaude) -> Iterator[Flask]:
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
        assert claude.replies == []
        db.session.remove()
        db.drop_all()
        db.engine.dispose()


@pytest.fixture
def enhancement(app: Flask, claude: QueuedClaude) -> JDEnhancementService:
    return JDEnhancementService(claude, load_settings())


@pytest.fixture
def generation(app: Flask, claude: QueuedClaude) -> InterviewGenerationService:
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
    def test_enhance_jd_success(self, enhancement: JDEnhancementService, claude: QueuedClaude) -> None:
        claude.replies = [DESCRIPTION]

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

    def test_a_successful_enhancement_has_a_complete_audit_row(
        self, enhancement: JDEnhancementService, claude: QueuedClaude
    ) -> None:
        claude.replies = [DESCRIPTION]
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
        assert row.model == "claude-queued"
        assert row.prompt_version == "test"
        assert row.result_id == answer.job_description_id
        assert row.completed_at is not None
        assert row.duration_ms is not None
        assert row.error_message is None

    def test_a_failed_enhancement_keeps_its_audit_row_and_the_description(
        self, enhancement: JDEnhancementService, claude: QueuedClaude
    ) -> None:
        claude.replies = [ClaudeUnavailable("Claude is overloaded.", spending=PRICE)]

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
        self, enhancement: JDEnhancementService, claude: QueuedClaude
    ) -> None:
        claude.replies = [DESCRIPTION, GenerationFailed("unusable")]
        before = enhancement.enhance_jd(a_requisition(), "anna")

        with pytest.raises(GenerationFailed):
            enhancement.enhance_jd(a_requisition(basic_title="Other", work_output=None), "anna")

        after = enhancement.get_job_description("REQ-12345")
        assert after.model_dump() == {
            k: v for k, v in before.model_dump().items() if k not in ("success", "tokens_used")
        }

    def test_enhancing_again_updates_the_row(self, enhancement: JDEnhancementService, claude: QueuedClaude) -> None:
        claude.replies = [DESCRIPTION, DESCRIPTION]
        first = enhancement.enhance_jd(a_requisition(), "anna")
        second = enhancement.enhance_jd(a_requisition(basic_title="Staff Engineer", work_competencies=None), "bert")

        assert second.job_description_id == first.job_description_id
        assert second.basic_jd.title == "Staff Engineer"
        assert second.work_inputs.work_competencies is None
        assert count(JobDescription) == 1

    def test_an_unexpected_error_is_recorded_without_its_text(
        self, enhancement: JDEnhancementService, claude: QueuedClaude
    ) -> None:
        claude.replies = [ZeroDivisionError("the job description says secret things")]

        with pytest.raises(ZeroDivisionError):
            enhancement.enhance_jd(a_requisition(), "anna")

        (row,) = logs()
        assert (row.status, row.error_code, row.error_message) == ("failed", "internal_error", "ZeroDivisionError")

    def test_an_unknown_requisition_is_not_found(self, enhancement: JDEnhancementService) -> None:
        with pytest.raises(NotFound):
            enhancement.get_job_description("nobody")


class TestInterviewGenerationService:
    @pytest.fixture
    def jd_id(self, enhancement: JDEnhancementService, claude: QueuedClaude) -> int:
        claude.replies = [DESCRIPTION]
        return enhancement.enhance_jd(a_requisition(), "anna").job_description_id

    def test_generate_interview_success(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = QUESTIONS[:5]
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
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = QUESTIONS[:5]
        claude.asked.clear()
        generation.generate_interview(_for(jd_id), "anna")

        assert [type(request) for request in claude.asked] == [WriteQuestion] * 5

    def test_a_description_without_topics_gets_one_planning_call_and_keeps_its_topics(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = [PLAN, *QUESTIONS]
        with transaction() as session:
            session.get_one(JobDescription, jd_id).interview_topics = None
        claude.asked.clear()

        first = generation.generate_interview(_for(jd_id), "anna")
        generation.generate_interview(_for(jd_id), "anna")

        assert [type(request) for request in claude.asked] == [PlanTopics] + [WriteQuestion] * 10
        assert first.tokens_used == 600

    def test_a_second_interview_is_the_next_version_and_repeats_no_question(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = [*QUESTIONS]
        generation.generate_interview(_for(jd_id), "anna")
        generation.generate_interview(_for(jd_id), "anna")

        first, second = generation.list_interviews("REQ-12345")
        assert (first.version, second.version) == (1, 2)
        assert not {q.question_text for q in first.questions} & {q.question_text for q in second.questions}

    def test_no_connection_is_held_while_claude_works(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = QUESTIONS[:5]
        generation.generate_interview(_for(jd_id), "anna")

        assert len(claude.asked) == 6
        assert claude.most_connections_held == 0

    def test_a_failed_question_loses_none_of_the_others(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = [QUESTIONS[0], ClaudeUnavailable("busy", spending=PRICE), *QUESTIONS[2:5]]

        with pytest.raises(ClaudeUnavailable):
            generation.generate_interview(_for(jd_id), "anna")

        assert count(CachedQuestion) == 4
        assert count(Interview) == 0
        row = logs()[-1]
        assert (row.operation_type, row.status, row.tokens_used) == ("interview_generation", "failed", 500)

    def test_every_failure_of_several_is_paid_for_once_in_the_audit_row(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = [ClaudeUnavailable("busy", spending=PRICE) for _ in range(5)]

        with pytest.raises(ClaudeUnavailable):
            generation.generate_interview(_for(jd_id), "anna")

        assert logs()[-1].tokens_used == 500

    def test_a_question_like_another_is_written_anew(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.asked.clear()
        first = QUESTIONS[0].question_text
        copy = QUESTIONS[1].model_copy(update={"spoken_text": first})
        claude.replies = [QUESTIONS[0], copy, *QUESTIONS[2:5], QUESTIONS[1]]

        answer = generation.generate_interview(_for(jd_id), "anna")

        assert len({question.question_text for question in answer.interview.questions}) == 5
        assert len(claude.asked) == 6
        assert first in claude.asked[-1].taken
        assert answer.tokens_used == 600
        assert count(CachedQuestion) == 5

    def test_a_question_that_stays_like_another_is_an_error(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = [QUESTIONS[0]] * 13

        with pytest.raises(GenerationFailed, match="repeats another"):
            generation.generate_interview(_for(jd_id), "anna")

        assert count(Interview) == 0

    def test_the_cache_is_not_written_when_it_is_off(self, app: Flask, claude: QueuedClaude, jd_id: int) -> None:
        claude.replies = QUESTIONS[:5]
        generation = InterviewGenerationService(claude, load_settings({"ENABLE_QUESTION_CACHE": False}))
        generation.generate_interview(_for(jd_id), "anna")

        assert count(CachedQuestion) == 0

    def test_two_questions_for_one_topic_are_two_variants(
        self, generation: InterviewGenerationService, claude: QueuedClaude, jd_id: int
    ) -> None:
        claude.replies = [*QUESTIONS]
        first = generation.generate_interview(_for(jd_id), "anna")
        same = [TopicWish(topic=question.topic) for question in first.interview.questions]
        generation.generate_interview(_for(jd_id).model_copy(update={"topics": same}), "anna")

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
        self, enhancement: JDEnhancementService, generation: InterviewGenerationService, claude: QueuedClaude
    ) -> None:
        claude.replies = [GenerationFailed("unusable")]
        with pytest.raises(GenerationFailed):
            enhancement.enhance_jd(a_requisition(), "anna")
        jd_id = enhancement.get_job_description("REQ-12345").job_description_id

        with pytest.raises(NotEnhanced):
            generation.generate_interview(_for(jd_id), "anna")

    def test_the_default_name_fits_its_column(self) -> None:
        assert default_name("Engineer", 2) == "Engineer - Interview 2"
        assert len(default_name("x" * 400, 12)) == 255


class TestWorkflowService:
    def test_both_steps_are_done_and_their_tokens_added(self, workflow: WorkflowService, claude: QueuedClaude) -> None:
        claude.replies = [DESCRIPTION, *QUESTIONS[:5]]
        answer = workflow.run(a_requisition(interview_name="Panel 2"), "anna")

        assert answer.interview_name == "Panel 2"
        assert answer.total_tokens_used == 600
        assert [row.operation_type for row in logs()] == ["jd_enhancement", "interview_generation"]

    def test_a_failed_interview_keeps_and_names_the_enhanced_description(
        self, workflow: WorkflowService, enhancement: JDEnhancementService, claude: QueuedClaude
    ) -> None:
        claude.replies = [DESCRIPTION, *(GenerationFailed("no") for _ in range(5))]

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
