"""What is left when the enhancement, a question or the database fails while both are being written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

import claude_client
import interview_generation_service
from models import CachedQuestion, Interview, JobDescription, QuestionUse, db
from techscreen.errors import DatabaseUnavailable, GenerationRefused
from tests.conftest import ADMIN, MakeApp
from tests.support.fake_claude import FakeClaude, Reply, error_reply
from tests.support.workflows import (
    FIRST,
    QUESTION,
    Gate,
    a_question,
    all_of,
    an_enhancement,
    audit_rows,
    blank,
    cut,
    cut_in_the_notes,
    embedded_database,
    enhancement_of,
    nothing_but_the_cache_is_left,
    other_topics,
    questions_asked,
    slow_enough_to_be_heard,
    topics_of,
    until,
    workflow,
)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry pauses keep their pattern, five hundred times faster."""
    monkeypatch.setattr(claude_client, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(claude_client, "MAX_PAUSE", 0.016)


class TestAFailedEnhancement:
    # What the enhancement answers, the status and code that follow, how often it is asked, what that costs.
    LASTING = (
        pytest.param(Reply(stop_reason="refusal", usage=FIRST), 502, "generation_refused", 2, 225_000, id="refusal"),
        pytest.param(Reply(change=blank, usage=FIRST), 502, "generation_failed", 3, 337_500, id="bad description"),
        pytest.param(
            Reply(stop_reason="max_tokens", change=cut, usage=FIRST),
            502,
            "generation_failed",
            3,
            337_500,
            id="always cut",
        ),
        pytest.param(
            Reply(stop_reason="model_context_window_exceeded", change=cut, usage=FIRST),
            502,
            "generation_failed",
            1,
            112_500,
            id="too large",
        ),
        pytest.param(Reply(break_after=3_000, usage=FIRST), 503, "claude_unavailable", 6, 6 * 102_501, id="overloaded"),
        pytest.param(
            Reply(break_after=3_000, break_with="reset", usage=FIRST),
            503,
            "claude_unavailable",
            6,
            6 * 102_501,
            id="reset",
        ),
        pytest.param(
            Reply(break_after=3_000, break_with="invalid_request_error", usage=FIRST),
            502,
            "generation_failed",
            6,
            6 * 102_501,
            id="invalid_request_error",
        ),
    )

    @pytest.mark.parametrize(("fault", "status", "code", "requests", "cost"), LASTING)
    def test_no_interview_is_stored_and_the_questions_are_kept(
        self,
        app: Flask,
        fake: FakeClaude,
        requisition: dict[str, Any],
        fault: Reply,
        status: int,
        code: str,
        requests: int,
        cost: int,
    ) -> None:
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, fault)
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (status, code)
        assert response.json["req_id"] == "REQ-12345"
        assert "job_description_id" not in response.json
        assert len(fake.received) == requests + 5
        assert questions_asked(fake) == topics_of(requisition)
        nothing_but_the_cache_is_left(app, code, started_at_cost=cost)
        (stored,) = all_of(app, JobDescription)
        assert (stored.enhanced_title, stored.enhanced_description, stored.interview_topics, stored.language) == (
            None,
            None,
            None,
            None,
        )
        jd = app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN).json["job_description"]
        assert jd["enhanced_jd"] is None
        refused = app.test_client().post(
            "/api/interview/generate",
            json={"req_id": "REQ-12345", "job_description_id": stored.id},
            headers=ADMIN,
        )
        assert (refused.status_code, refused.json["code"]) == (409, "not_enhanced")

    @embedded_database
    def test_one_that_is_cut_off_in_its_notes_has_not_failed(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.when(an_enhancement, Reply(stop_reason="max_tokens", change=cut_in_the_notes))

        answer = workflow(client, requisition).json

        assert answer["notes_for_team"] == ["Settle the place of work."]
        assert answer["enhanced_jd"]["description"] == enhancement_of(requisition)["enhanced_description"]
        assert len(fake.received) == 6

    def test_a_known_requisition_stays_as_it_was(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        assert workflow(app.test_client(), requisition).status_code == 200
        before = app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN).json
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal", usage=FIRST, change=other_topics))
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), {**requisition, "basic_title": "Somebody else", "work_role": None})

        assert (response.status_code, response.json["code"]) == (502, "generation_refused")
        assert "job_description_id" not in response.json
        assert app.test_client().get("/api/interview/jd/REQ-12345", headers=ADMIN).json == before
        (interview,) = all_of(app, Interview)
        assert interview.version == 1
        kept = all_of(app, CachedQuestion)
        assert [question.usage_count for question in kept] == [1] * 5 + [0] * 5
        assert {use.interview_id for use in all_of(app, QuestionUse)} == {interview.id}

    def test_the_next_try_finds_the_questions_in_the_cache(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal"), times=2)
        assert workflow(app.test_client(), requisition).status_code == 502

        response = workflow(app.test_client(), requisition)

        assert response.status_code == 200
        assert response.json["cached_questions"] == 5
        assert [an_enhancement(body) for body in fake.received[7:]] == [True]

    @embedded_database
    def test_questions_that_fail_as_well_are_counted_once_and_the_enhancement_gives_the_reason(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(change=blank, usage=FIRST))
        too_large = Reply(stop_reason="model_context_window_exceeded", change=cut, usage=QUESTION)
        fake.when(a_question, too_large, times=3)
        fake.when(a_question, Reply(usage=QUESTION))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (502, "generation_failed")
        enhancement, generation = audit_rows(app)
        assert (enhancement.tokens_used, generation.tokens_used) == (3 * 112_500, 5 * 43)
        assert (enhancement.attempts, generation.attempts) == (3, 5)
        assert generation.error_code == "generation_failed"
        assert len(all_of(app, CachedQuestion)) == 2

    @embedded_database
    def test_a_question_that_is_still_being_written_then_is_waited_for_and_kept(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        gate = Gate()
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal", usage=FIRST))
        fake.when(a_question, gate.reply(usage=QUESTION), times=2)
        fake.when(a_question, Reply(usage=QUESTION))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(workflow, app.test_client(), requisition)
            until(lambda: len(rows := audit_rows(app)) == 2 and rows[0].status == "failed")
            assert not answer.done()
            gate.open()
            assert answer.result(20).status_code == 502

        nothing_but_the_cache_is_left(app, "generation_refused", started_at_cost=225_000)

    @embedded_database
    def test_questions_alike_are_not_written_anew_for_an_interview_that_will_not_be(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        same = "The same situation for everybody, whatever the topic was. What do you do first, and why that?"
        gate = Gate()
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(stop_reason="refusal"))
        fake.when(a_question, gate.reply(change=lambda answer: {**answer, "spoken_text": same, "exhibit": None}))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(workflow, app.test_client(), requisition)
            until(lambda: len(rows := audit_rows(app)) == 2 and rows[0].status == "failed")
            gate.open()
            assert answer.result(20).json["code"] == "generation_refused"

        assert len(fake.received) == 7
        assert len(all_of(app, CachedQuestion)) == 1

    @embedded_database
    def test_no_question_is_asked_for_if_the_enhancement_has_failed_before_its_topics_are_looked_at(
        self, make_app: MakeApp, requisition: dict[str, Any]
    ) -> None:
        claude = TellsAndFails(requisition)
        app = make_app(claude=claude)

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (502, "generation_refused")
        assert [type(request).__name__ for request in claude.asked] == ["EnhanceDescription"]
        assert [row.operation_type for row in audit_rows(app)] == ["jd_enhancement"]


class TellsAndFails:
    """A Claude whose enhancement has told its topics and failed before anybody can look."""

    model, prompt_version = "claude-scripted", "test"

    def __init__(self, requisition: dict[str, Any]) -> None:
        self.asked: list[Any] = []
        self._text = json.dumps(enhancement_of(requisition))

    def submit(self, request: Any, check: Any, deadline: Any, listener: Any = None, *_: Any) -> Future[Any]:
        self.asked.append(request)
        answer: Future[Any] = Future()
        if listener is not None:
            listener.heard(self._text)
            assert listener.planned.done()
        answer.set_exception(GenerationRefused("Claude declined to write this content."))
        return answer

    def close(self) -> None: ...


class TestAFailedQuestion:
    @pytest.mark.parametrize("late", [False, True], ids=["before the enhancement", "after it"])
    def test_the_enhancement_is_stored_and_named(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], late: bool
    ) -> None:
        gate = Gate()
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(usage=FIRST))
        if late:
            too_large = gate.reply(stop_reason="model_context_window_exceeded", change=cut, usage=QUESTION)
            fake.when(a_question, too_large, times=1)
        else:
            fake.tokens_per_second = 3_000
            fake.when(a_question, error_reply(400, "invalid_request_error"), times=1)
        fake.when(a_question, Reply(usage=QUESTION))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(workflow, app.test_client(), requisition)
            if late:
                until(lambda: [row.status for row in audit_rows(app)] == ["success", "in_progress"])
            gate.open()
            response = answer.result(30)

        code = "generation_failed" if late else "claude_misconfigured"
        assert response.json["code"] == code
        (stored,) = all_of(app, JobDescription)
        assert response.json["job_description_id"] == stored.id
        assert stored.enhanced_title == "Senior Software Engineer (enhanced)"
        assert all_of(app, Interview) == []
        assert [kept.usage_count for kept in all_of(app, CachedQuestion)] == [0] * 4
        enhancement, generation = audit_rows(app)
        assert (enhancement.status, enhancement.tokens_used, enhancement.result_id) == ("success", 112_500, stored.id)
        assert (generation.status, generation.error_code) == ("failed", code)
        assert generation.tokens_used == (5 if late else 4) * 43

    def test_a_database_that_fails_before_the_questions_leaves_the_enhancement_awaited_and_stored(
        self, monkeypatch: pytest.MonkeyPatch, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        def away(*args: Any, **kwargs: Any) -> Any:
            raise DatabaseUnavailable("The database does not answer.", retry_after=10)

        monkeypatch.setattr(interview_generation_service, "open_audit_row", away)
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(usage=FIRST))

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "database_unavailable")
        (stored,) = all_of(app, JobDescription)
        assert stored.enhanced_title is not None
        assert response.json["job_description_id"] == stored.id
        (row,) = audit_rows(app)
        assert (row.operation_type, row.status, row.tokens_used) == ("jd_enhancement", "success", 112_500)
        assert len(fake.received) == 1

    def test_a_bug_between_leaves_the_enhancement_awaited_and_stored(
        self, monkeypatch: pytest.MonkeyPatch, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        def broken(*args: Any, **kwargs: Any) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(interview_generation_service, "choose_topics", broken)
        slow_enough_to_be_heard(fake)

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (500, "internal_error")
        assert all_of(app, JobDescription)[0].enhanced_title is not None
        assert [row.status for row in audit_rows(app)] == ["success", "failed"]


class TestTheDatabaseMeanwhile:
    @pytest.fixture
    def refusing_to_store(self, app: Flask) -> Iterator[Callable[[int], None]]:
        """Has the next enhancements that are to be stored fail as if the database were away."""
        left = 0

        def refuse(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal left
            if left and statement.startswith("UPDATE job_descriptions SET enhanced_title"):
                left -= 1
                raise OperationalError(statement, {}, Exception("away"))

        def start(times: int) -> None:
            nonlocal left
            left = times

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", refuse)
        yield start
        event.remove(engine, "before_cursor_execute", refuse)

    def test_a_database_that_is_away_for_a_moment_costs_nothing(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], refusing_to_store: Any
    ) -> None:
        slow_enough_to_be_heard(fake)
        refusing_to_store(2)

        assert workflow(app.test_client(), requisition).status_code == 200
        assert len(fake.received) == 6
        assert [row.status for row in audit_rows(app)] == ["success"] * 2

    def test_an_enhancement_that_cannot_be_stored_leaves_no_interview(
        self,
        monkeypatch: pytest.MonkeyPatch,
        app: Flask,
        fake: FakeClaude,
        requisition: dict[str, Any],
        refusing_to_store: Any,
    ) -> None:
        monkeypatch.setattr("techscreen.storage.transactions.PATIENCE", 0.1)
        slow_enough_to_be_heard(fake)
        fake.when(an_enhancement, Reply(usage=FIRST))
        fake.when(a_question, Reply(usage=QUESTION))
        refusing_to_store(100)

        response = workflow(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "database_unavailable")
        assert response.headers["Retry-After"] == "10"
        assert "job_description_id" not in response.json
        nothing_but_the_cache_is_left(app, "database_unavailable", started_at_cost=112_500)
        assert all_of(app, JobDescription)[0].enhanced_title is None
