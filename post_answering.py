"""How a POST is answered: at once, once for each idempotency key, as a stream of events, or later.

A plain call goes straight to its service. Whatever must survive its connection or its process becomes a job first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request, url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.http import parse_list_header

import generation_jobs
import token_budget
from auth import current_caller
from claude_interface import Deadline
from errors import FieldProblem, InvalidRequest, JobsUnavailable
from event_stream import event_stream
from generation_jobs import Accepted, Attempt, NewJob
from job_schemas import JobAcceptedAnswer
from models import transaction
from progress import Progress
from request_log import current_request_id
from runtime import Runtime, current_runtime

LONGEST_KEY = 255
KEY_HEADER = "Idempotency-Key"


def answer_generation(operation: str, asked: BaseModel) -> Response:
    """Answer a POST that may take a minute: as its headers ask for.

    Args:
        operation: name of the operation in the runtime.
        asked: its request, checked.

    Raises:
        TechScreenError: before anything has begun, or from a plain call.
    """
    runtime = current_runtime()
    background = runtime.settings.async_processing and _prefers_later()

    def admit(session: Session) -> None:
        token_budget.refuse_if_spent(session, runtime.settings, current_caller().user_id)

    if background:
        return _answer(runtime, operation, asked, admit, background=True, streamed=False)
    streamed = _wants_events()
    return waited_for(lambda: _answer(runtime, operation, asked, admit, background=False, streamed=streamed))


def waited_for(answer: Callable[[], Response]) -> Response:
    """An answer for whose sake a caller holds a thread until its end.

    Raises:
        Overloaded: if as many do already as may.
    """
    end = current_runtime().slow_requests.begin()
    try:
        response = answer()
    except BaseException:
        end()
        raise
    if response.is_streamed:
        response.call_on_close(end)
    else:
        end()
    return response


def answer_at_once(operation: str, asked: BaseModel) -> Response:
    """Answer a POST that is quick: only its idempotency key can make a difference.

    Raises:
        TechScreenError: before anything has begun, or from a plain call.
    """
    return _answer(current_runtime(), operation, asked, lambda _: None, background=False, streamed=False)


def _answer(
    runtime: Runtime,
    operation: str,
    asked: BaseModel,
    admit: Callable[[Session], None],
    *,
    background: bool,
    streamed: bool,
) -> Response:
    key = _idempotency_key()
    user_id = current_caller().user_id
    if key is None and not background and not streamed:
        with transaction() as session:
            admit(session)
        deadline = Deadline.after(runtime.settings.request_timeout)
        return _json(runtime.operations[operation].run(asked, user_id, deadline, Progress()).model_dump_json())
    accepted = generation_jobs.accept(
        NewJob(
            operation=operation,
            user_id=user_id,
            req_id=getattr(asked, "req_id", None),
            request=asked.model_dump(),
            request_id=current_request_id(),
            background=background,
            idempotency_key=key,
            fingerprint=_fingerprint(operation, asked) if key is not None else None,
        ),
        runtime.heartbeat.silence,
        admit,
    )
    if background:
        if accepted.is_new:
            _announce(runtime, accepted)
        response = _accepted(accepted.job_id)
    elif streamed:
        attempt = accepted.attempt
        if attempt is not None:
            _in_a_thread(runtime, lambda: _run(runtime, attempt, listens=True))
        response = event_stream(accepted.job_id)
    elif accepted.answer is not None:
        response = _json(accepted.answer[1], accepted.answer[0])
    else:
        assert accepted.attempt is not None
        response = _run(runtime, accepted.attempt, listens=False)
    if not accepted.is_new:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _run(runtime: Runtime, attempt: Attempt, *, listens: bool) -> Response:
    outcome = runtime.runner.run(attempt, listens=listens)
    response = _json(outcome.body, outcome.status)
    if outcome.retry_after is not None:
        response.headers["Retry-After"] = str(outcome.retry_after)
    return response


def _announce(runtime: Runtime, accepted: Accepted) -> None:
    try:
        runtime.queue.announce(accepted.job_id)
    except JobsUnavailable:
        generation_jobs.withdraw(accepted)
        raise


def _accepted(job_id: str) -> Response:
    # What it was when it was accepted, so that a repeat gets the first answer again.
    response = _json(JobAcceptedAnswer(job_id=job_id, status="queued").model_dump_json(), 202)
    response.headers["Location"] = url_for(".get_job", job_id=job_id)
    response.headers["Preference-Applied"] = "respond-async"
    return response


def _in_a_thread(runtime: Runtime, work: Callable[[], Any]) -> None:
    """Do work that goes on when the caller goes away."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what Flask documents for threads

    def run() -> None:
        with app.app_context():
            work()

    runtime.streams.start(run)


def _prefers_later() -> bool:
    preferences = parse_list_header(",".join(request.headers.getlist("Prefer")))
    return any(preference.split(";")[0].strip().lower() == "respond-async" for preference in preferences)


def _wants_events() -> bool:
    best = request.accept_mimetypes.best_match(("application/json", "text/event-stream"))
    return best == "text/event-stream"


def _idempotency_key() -> str | None:
    """The key of the current request, if it has one.

    Raises:
        InvalidRequest: if it is blank or too long.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return None
    if not key.strip():
        raise InvalidRequest.of_fields([FieldProblem(KEY_HEADER, f"{KEY_HEADER} must not be blank.")])
    if len(key) > LONGEST_KEY:
        sentence = f"{KEY_HEADER} has {len(key)} characters; at most {LONGEST_KEY} are allowed."
        raise InvalidRequest.of_fields([FieldProblem(KEY_HEADER, sentence)])
    return key


def _fingerprint(operation: str, asked: BaseModel) -> str:
    """What a key stands for: the operation and what was asked of it, however it was written down."""
    return hashlib.sha256(json.dumps([operation, asked.model_dump()], sort_keys=True).encode()).hexdigest()


def _json(body: str, status: int = 200) -> Response:
    return Response(body, status=status, mimetype="application/json")
