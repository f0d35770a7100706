"""Records the examples of the OpenAPI document: what the service itself answers.

`python -m tests.support.record_api_examples` writes `techscreen/data/api_examples.json`. The requisition
is one of `samples/`, and the fake Claude answers with the exemplary content for it. Run it when an answer or the
sentence of an error changes.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from config import PROJECT_FOLDER
from models import JobDescription
from prompts import InterviewQuestion
from techscreen.errors import (
    Cancelled,
    GenerationUnderWay,
    Interrupted,
    NotCancellable,
    Superseded,
    TooManyStreams,
    WebhookNotDelivered,
)
from techscreen.generation.audit_log import INTERRUPTED
from techscreen.jobs import store
from techscreen.jobs.cancelling import SENTENCE
from techscreen.jobs.store import NewJob
from techscreen.observability.error_answers import error_body, unexpected
from techscreen.storage.transactions import transaction
from techscreen.web.container import current_runtime
from techscreen.web.openapi import EXAMPLES_FILE
from tests.conftest import ADMIN, READER, migrate
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of, error_reply
from tests.support.record_editing_examples import editing_errors, editing_examples
from tests.support.record_library_examples import library_examples

NAME = "backend-payments-engineer"
REQUISITION = json.loads((PROJECT_FOLDER / "samples" / "requisitions" / f"{NAME}.json").read_text())
EXEMPLAR = json.loads((PROJECT_FOLDER / "samples" / "exemplars" / f"{NAME}.json").read_text())
ENHANCE = "/api/interview/jd/enhance"
GENERATE = "/api/interview/generate"
WORKFLOW = "/api/interview/workflow/full"
PUBLISHED = 2  # the interview that the examples of editing have published
NOBODY_ANSWERS = "127.0.0.1:9"


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder, FakeClaude() as fake:
        url = f"sqlite:///{Path(folder) / 'examples.db'}"
        migrate(url)
        for number, question in enumerate(EXEMPLAR["questions"]):
            fake.when(_asks_for(question["topic"]), Reply(content=_question(number)))
        fake.when(lambda body: asked_for(body) == "EnhancedDescription", Reply(content=_enhancement()))
        examples = {**_answers(url, fake), **_errors(url, fake)}
    EXAMPLES_FILE.write_text(json.dumps(examples, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{EXAMPLES_FILE}: {len(examples)} examples")


def _asks_for(topic: str) -> Any:
    def is_it(body: dict[str, Any]) -> bool:
        return asked_for(body) == "InterviewQuestion" and {"topic": topic, "aims": None} == {
            name: data_of(body).get(name) for name in ("topic", "aims")
        }

    return is_it


def _question(number: int) -> dict[str, Any]:
    question = EXEMPLAR["questions"][number]
    return {name: question[name] for name in InterviewQuestion.model_fields}


def _enhancement() -> dict[str, Any]:
    return {name: EXEMPLAR[name] for name in EXEMPLAR if name != "questions"}


@contextmanager
def _client(url: str, fake: FakeClaude, **settings: Any) -> Iterator[FlaskClient]:
    given = {"DATABASE_URL": url, "CLAUDE_BASE_URL": fake.url, "CLAUDE_API_KEY": "a-key", "LOG_LEVEL": "ERROR"}
    given["WORKBENCH"] = False  # or the first address would lead to the pages
    app = create_app({**given, **settings})
    try:
        yield app.test_client()
    finally:
        with app.app_context():
            current_runtime().close(wait=True)


def _answers(url: str, fake: FakeClaude) -> dict[str, Any]:
    """Bodies and answers by the name of their model."""
    later = {**ADMIN, "Prefer": "respond-async"}
    with _client(url, fake, ASYNC_PROCESSING=True) as client:
        enhance = {name: value for name, value in REQUISITION.items() if name != "interview_name"}
        workflow = {**enhance, "interview_name": "Panel 1"}
        enhanced = _ok(client.post(ENHANCE, json=enhance, headers=ADMIN))
        generate = {
            "req_id": enhance["req_id"],
            "job_description_id": enhanced["job_description_id"],
            "interview_name": "Panel 1",
            "cover": ["mentors two mid-level engineers"],
        }
        written = _ok(client.post(GENERATE, json=generate, headers=ADMIN))
        accepted = _ok(client.post(ENHANCE, json=enhance, headers=later), 202)
        stream = client.get(f"/api/interview/jobs/{accepted['job_id']}/events", headers=ADMIN).text
        cached = written["interview"]["questions"][0]["cached_question_id"]
        check = {
            "texts": [
                {"text": "🚀 We need a rockstar who owns our payouts.", "kind": "jd"},
                {"text": "A payout was sent twice. What do you look at first, and why?", "kind": "question"},
            ],
            "language": "en",
        }
        retire = {"reason": "Seen on a forum.", "url": "https://forum.example/123"}
        feedback = {"kind": "too_easy", "note": "Everybody named the key at once."}
        patch = {"minutes": 7, "follow_ups": ["What if the acquirer is down?"]}
        its_address, seen = f"/api/interview/{written['interview_id']}", {**ADMIN, "If-Match": "*"}
        questions = f"{its_address}/questions"
        given = _ok(client.post(f"{questions}/1/feedback", json=feedback, headers=READER))
        answers = {
            "EnhanceRequest": enhance,
            "EnhanceAnswer": enhanced,
            "GenerateRequest": generate,
            "GenerateAnswer": written,
            "WorkflowRequest": workflow,
            "JobDescriptionAnswer": _ok(client.get(f"/api/interview/jd/{enhance['req_id']}", headers=READER)),
            "InterviewAnswer": _ok(client.get(f"/api/interview/{written['interview_id']}", headers=READER)),
            "InterviewsAnswer": _ok(client.get(f"/api/interview/req/{enhance['req_id']}", headers=READER)),
            "AllInterviewsAnswer": _ok(client.get("/api/interview", headers=READER)),
            "RequisitionsAnswer": _ok(client.get("/api/interview/requisitions", headers=READER)),
            "JobAcceptedAnswer": accepted,
            "StreamEvent": _event(stream, "topics"),
            "JobAnswer": _ok(client.get(f"/api/interview/jobs/{accepted['job_id']}", headers=ADMIN)),
            "JobsAnswer": _ok(client.get("/api/interview/jobs", headers=ADMIN)),
            "CacheAnswer": _ok(client.get("/api/interview/cache?page_size=2", headers=ADMIN)),
            "RetireRequest": retire,
            "RetireAnswer": _ok(client.post(f"/api/interview/cache/{cached}/retire", json=retire, headers=ADMIN)),
            "LogsAnswer": _ok(client.get("/api/interview/logs?page_size=2", headers=ADMIN)),
            "UsageAnswer": _ok(client.get("/api/interview/usage", headers=ADMIN)),
            "EvidenceAnswer": _ok(client.get(f"/api/interview/evidence/{enhance['req_id']}", headers=ADMIN)),
            "CheckRequest": check,
            "CheckAnswer": _ok(client.post("/api/interview/check", json=check, headers=READER)),
            "ReadinessAnswer": _ok(client.get("/health/ready")),
            "StartAnswer": _ok(client.get("/")),
            "HealthAnswer": _ok(client.get("/health")),
        }
        _ok(client.patch(f"{questions}/2", json=patch, headers=seen))
        answers |= {
            "FeedbackRequest": feedback,
            "FeedbackAnswer": given,
            "InterviewFeedbackAnswer": _ok(client.get(f"{its_address}/feedback", headers=READER)),
            "HistoryAnswer": _ok(client.get(f"{its_address}/history?order=newest&limit=1", headers=READER)),
            "RequisitionHistoryAnswer": _ok(
                client.get(f"/api/interview/history/{enhance['req_id']}?order=newest&limit=1", headers=READER)
            ),
            "DifferenceAnswer": _ok(client.get(f"{its_address}/diff?from=1", headers=READER)),
        }
        new = {**workflow, "req_id": "REQ-20418-B"}
        export = f"/api/interview/{written['interview_id']}/export?format=json"
        to_import = {"interview": _ok(client.get(export, headers=READER)), "req_id": "REQ-20418-B"}
        made = _ok(client.post(WORKFLOW, json=new, headers=ADMIN))
        return {
            **answers,
            "CancelAnswer": _cancelled(client, enhance),
            "ErasureAnswer": _erased(client, {**workflow, "req_id": "REQ-20418-TEST"}),
            "WorkflowAnswer": made,
            "ImportRequest": to_import,
            "ImportAnswer": _ok(client.post("/api/interview/import", json=to_import, headers=ADMIN)),
            **library_examples(client, made["interview"]),
            **editing_examples(client, fake, made["interview"]),
        }


def _cancelled(client: FlaskClient, enhance: dict[str, Any]) -> Any:
    """The answer about a job that nobody has begun."""
    user = ADMIN["X-User-ID"]
    job = NewJob("jd_enhancement", user, enhance["req_id"], enhance, request_id=None, background=True)
    with client.application.app_context():
        waiting = store.accept(job, timedelta(minutes=1), lambda _: None)
    return _ok(client.delete(f"/api/interview/jobs/{waiting.job_id}", headers=ADMIN))


def _erased(client: FlaskClient, workflow: dict[str, Any]) -> Any:
    _ok(client.post(WORKFLOW, json=workflow, headers={**ADMIN, "Idempotency-Key": "a-test"}))
    return _ok(client.delete(f"/api/interview/requisitions/{workflow['req_id']}", headers={**ADMIN, "If-Match": "*"}))


def _event(stream: str, name: str) -> dict[str, str]:
    (event,) = (event for event in stream.split("\n\n") if f"\nevent: {name}\n" in event)
    return dict(line.split(": ", 1) for line in event.split("\n"))


def _ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json


def _errors(url: str, fake: FakeClaude) -> dict[str, Any]:
    """One answer for each code."""
    found: dict[str, Any] = {}

    def note(*responses: Any) -> None:
        for response in responses:
            found[response.json["code"]] = response.json

    with _client(url, fake) as client:
        wrong = {**REQUISITION, "work_role": 7}
        del wrong["basic_title"]
        note(
            client.post(ENHANCE, json=wrong, headers=ADMIN),
            client.post(ENHANCE, data="{", content_type="application/json", headers=ADMIN),
            client.post(ENHANCE, data="a", content_type="text/plain", headers=ADMIN),
            client.post(ENHANCE, data="x" * 1_048_577, content_type="application/json", headers=ADMIN),
            client.post(ENHANCE, json=REQUISITION),
            client.post(ENHANCE, json=REQUISITION, headers=READER),
            client.get("/api/interview/999999", headers=READER),
            client.delete(ENHANCE, headers=ADMIN),
        )
        key = {**ADMIN, "Idempotency-Key": "button-7f3a"}
        holding = threading.Event()
        fake.on_request = lambda _: holding.set()
        fake.first_token = 1.0
        first = threading.Thread(target=client.post, args=(ENHANCE,), kwargs={"json": REQUISITION, "headers": key})
        first.start()
        assert holding.wait(10)
        note(client.post(ENHANCE, json=REQUISITION, headers=key))
        first.join()
        fake.forget()
        note(client.post(ENHANCE, json={**REQUISITION, "basic_level": "Staff"}, headers=key))
        new = {**REQUISITION, "req_id": "REQ-20419"}
        for reply in (
            error_reply(401, "authentication_error"),
            Reply(content="I would rather talk about something else."),
            Reply(content="", stop_reason="refusal"),
            error_reply(402, "billing_error"),
        ):
            fake.when(lambda _: True, reply)
            note(client.post(ENHANCE, json=new, headers=ADMIN))
            fake.forget()
        note(
            client.post(
                GENERATE, json={"req_id": "REQ-20419", "job_description_id": _id_of(client.application)}, headers=ADMIN
            )
        )
        note(*editing_errors(client, PUBLISHED))
        with client.application.test_request_context():
            for body in (error_body(unexpected(RuntimeError())), error_body(Interrupted(INTERRUPTED))):
                found[json.loads(body)["code"]] = json.loads(body)
    with _client(url, fake, CLAUDE_API_KEY="") as client:
        note(client.post(ENHANCE, json=new, headers=ADMIN))
    with _client(url, fake, DAILY_TOKEN_BUDGET=1, RATE_LIMIT="1 per minute") as client:
        note(*(client.post(ENHANCE, json=new, headers=ADMIN) for _ in range(2)))
    with _client(url, fake, MAX_SLOW_REQUESTS=1) as client:
        with client.application.app_context():
            current_runtime().bulkhead.begin()
        note(client.post(ENHANCE, json=new, headers=ADMIN))
        with client.application.test_request_context():
            for error in (
                TooManyStreams("This user has 20 event streams open already.", retry_after=10),
                Superseded("The texts of this requisition were replaced meanwhile, by a newer request: those count."),
                WebhookNotDelivered("The receiver answered 503."),
                Cancelled(SENTENCE, req_id="REQ-20418"),
                NotCancellable("This job has ended already: it succeeded.", req_id="REQ-20418"),
                GenerationUnderWay(
                    "Something is being made of this requisition. Erase it when that has ended.",
                    req_id="REQ-20418",
                    retry_after=30,
                ),
            ):
                found[error.code] = json.loads(error_body(error))
    with _client(url, fake, REQUEST_TIMEOUT=2) as client:
        for reply in (Reply(hang=True), error_reply(529, "overloaded_error")):
            fake.when(lambda _: True, reply)
            note(client.post(ENHANCE, json=new, headers=ADMIN))
            fake.forget()
    with _client(f"mysql+pymysql://techscreen:x@{NOBODY_ANSWERS}/techscreen_db", fake) as client:
        note(client.get("/api/interview/1", headers=READER))
    with _client(url, fake, ASYNC_PROCESSING=True, CELERY_BROKER_URL=f"redis://{NOBODY_ANSWERS}/0") as client:
        note(client.post(ENHANCE, json=new, headers={**ADMIN, "Prefer": "respond-async"}))
    return found


def _id_of(app: Flask) -> int:
    """The job description whose enhancement has failed."""
    with app.app_context(), transaction() as session:
        return session.scalars(select(JobDescription.id).where(JobDescription.enhanced_at.is_(None))).one()


if __name__ == "__main__":
    main()
