"""Dispatch of requests that run an operation: directly, as an idempotent job, as an event stream, or in the background.

A parsed request comes in, a response goes out. A plain call goes straight to its service; whatever must survive its
connection or its process becomes a job first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.http import parse_list_header

from models import GenerationJob
from techscreen.claude.interface import Deadline
from techscreen.errors import FieldProblem, IdempotencyMismatch, InvalidRequest, JobsUnavailable, OperationInProgress
from techscreen.generation import token_budget
from techscreen.generation.progress import Progress
from techscreen.jobs import store
from techscreen.jobs.runner import Operation, warnings_of
from techscreen.jobs.store import Accepted, Attempt, NewJob
from techscreen.observability.request_id import current_request_id
from techscreen.schemas.jobs import JobAcceptedAnswer
from techscreen.storage.transactions import run_in_transaction
from techscreen.web.auth import current_caller
from techscreen.web.container import Runtime, current_runtime
from techscreen.web.responses import json_response, located, tagged, warnings_of_request, with_own_warnings
from techscreen.web.sse import EVENT_STREAM, event_stream, has_seen_the_end, marks_of

MAX_KEY = 255
KEY_HEADER = "Idempotency-Key"
COUNTER = "techscreen_generation_counter"


@dataclass(frozen=True)
class AdmissionChecks:
    """The checks that a request must pass before it begins, unless its key has an answer already.

    Attributes:
        admit: raises if the present state or the token budget does not allow it.
        count: counts it towards the rate limit, or raises if that is reached.
    """

    admit: Callable[[Session], object]
    count: Callable[[], None] = lambda: None


def dispatch_generation(asked: BaseModel) -> Response:
    """Run a request that may take a minute, and answer it the way its headers ask for.

    Args:
        asked: the request of one of the runtime's operations.

    Raises:
        TechScreenError: before anything has begun, or from a plain call.
    """
    runtime = current_runtime()
    name, operation = _operation_for(runtime, asked)
    background = runtime.settings.async_processing and _prefers_later()
    admission = _admission_of_generation(runtime, operation, asked, can_wait=background)
    if background:
        return _dispatch(runtime, name, asked, admission, background=True)
    streamed = _wants_events()
    return _within_bulkhead(runtime, lambda: _dispatch(runtime, name, asked, admission, streamed=streamed))


def dispatch_at_once(asked: BaseModel) -> Response:
    """Run a quick request; of the headers that change the way, it knows only the idempotency key.

    Raises:
        TechScreenError: before anything has begun, or from a plain call.
    """
    runtime = current_runtime()
    name, operation = _operation_for(runtime, asked)
    return _dispatch(runtime, name, asked, AdmissionChecks(lambda session: operation.check(session, asked)))


def answer_at_once(asked: BaseModel) -> BaseModel:
    """Run a quick request in this thread; its answer as a model, for a page.

    Raises:
        TechScreenError: as the call of the API would answer.
    """
    runtime = current_runtime()
    name, operation = _operation_for(runtime, asked)
    return _answer(runtime, name, asked, AdmissionChecks(lambda session: operation.check(session, asked)))


def begin_generation(asked: BaseModel, key: str) -> str:
    """Begin a generation in a thread that outlives this request; the id of its job, for a page that follows it.

    Args:
        asked: the request of one of the runtime's operations.
        key: its idempotency key. A job that has it already is not begun again, unless it has failed. Of a key that
            was used for another request another one is made, always the same for the same request.

    Raises:
        TechScreenError: before anything has begun.
    """
    runtime = current_runtime()
    name, operation = _operation_for(runtime, asked)
    admission = _admission_of_generation(runtime, operation, asked, can_wait=False)
    try:
        try:
            accepted = _accept(runtime, name, asked, admission, key)
        except IdempotencyMismatch:
            # A key that follows from both, so that a double click begins this only once as well.
            own_key = hashlib.sha256(f"{key} {_fingerprint(name, asked)}".encode()).hexdigest()
            accepted = _accept(runtime, name, asked, admission, own_key)
    except OperationInProgress as error:
        return error.job_id
    attempt = accepted.attempt
    if attempt is not None:
        _in_a_thread(runtime, lambda: runtime.runner.run(attempt, listens=True, asked=asked))
    return accepted.job_id


def follow(job: GenerationJob) -> Response:
    """A stream of a job's events, without those that `Last-Event-ID` says have been seen; 204 if no more will come.

    Raises:
        TooManyStreams: if this user or this job has reached its limit of streams.
        Overloaded: if this process has.
    """
    seen = marks_of(request.headers.get("Last-Event-ID"))
    if has_seen_the_end(job.status, job.answer_body, seen):
        return Response(status=204)  # after any other answer a browser's EventSource would reconnect for ever
    runtime = current_runtime()
    end = runtime.stream_places.begin(current_caller().user_id, job.id)
    response = event_stream(runtime.job_watch, job.id, seen, warnings_of(job.progress))
    response.call_on_close(end)
    return response


def count_generations_by(app: Flask, count: Callable[[], None]) -> None:
    """Have every generation counted when it is about to begin. `count` raises if the limit is reached."""
    app.extensions[COUNTER] = count


def _count_generation() -> None:
    """Count the generation of this request, only once even if it is admitted again after a lost race."""
    count = current_app.extensions.get(COUNTER)
    if count is not None and not g.get("generation_counted"):
        count()
        g.generation_counted = True


def _operation_for(runtime: Runtime, asked: BaseModel) -> tuple[str, Operation]:
    """The operation whose request this is, with its name."""
    return next(item for item in runtime.operations.items() if item[1].request_type is type(asked))


def _within_bulkhead(runtime: Runtime, dispatch: Callable[[], Response]) -> Response:
    """The response, whose caller holds a thread, and so a place of the bulkhead, until its end.

    Raises:
        Overloaded: if all places (MAX_SLOW_REQUESTS) are taken.
    """
    end = runtime.bulkhead.begin()
    try:
        response = dispatch()
    except BaseException:
        end()
        raise
    if response.is_streamed:
        response.call_on_close(end)
    else:
        end()
    return response


def _dispatch(
    runtime: Runtime,
    operation: str,
    asked: BaseModel,
    admission: AdmissionChecks,
    *,
    background: bool = False,
    streamed: bool = False,
) -> Response:
    key = _idempotency_key()
    if key is None and not background and not streamed:
        return json_response(_answer(runtime, operation, asked, admission))
    accepted = _accept(runtime, operation, asked, admission, key, background=background)
    if background:
        if accepted.is_new:
            _announce(runtime, accepted)
        response = _accepted(accepted.job_id)
    elif streamed:
        attempt = accepted.attempt
        if attempt is not None:
            _in_a_thread(runtime, lambda: _run(runtime, attempt, asked, listens=True))
        response = event_stream(runtime.job_watch, accepted.job_id, warnings=warnings_of_request())
    elif accepted.answer is not None:
        response = tagged(json_response(with_own_warnings(accepted.answer[1]), accepted.answer[0]))
    else:
        assert accepted.attempt is not None
        response = _run(runtime, accepted.attempt, asked, listens=False)
    if not background:
        located(response, accepted.job_id)
    if not accepted.is_new:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _admission_of_generation(
    runtime: Runtime, operation: Operation, asked: BaseModel, *, can_wait: bool
) -> AdmissionChecks:
    def admit(session: Session) -> None:
        operation.check(session, asked)
        # Checked again when it begins. A background job may wait for tokens that are reserved for others.
        token_budget.refuse_if_spent(session, runtime.settings, current_caller().user_id, can_wait=can_wait)

    return AdmissionChecks(admit, _count_generation)


def _answer(runtime: Runtime, operation: str, asked: BaseModel, admission: AdmissionChecks) -> BaseModel:
    run_in_transaction(admission.admit)
    admission.count()
    deadline = Deadline.after(runtime.settings.request_timeout)
    return runtime.operations[operation].run(asked, current_caller().user_id, deadline, Progress())


def _accept(
    runtime: Runtime,
    operation: str,
    asked: BaseModel,
    admission: AdmissionChecks,
    key: str | None,
    *,
    background: bool = False,
) -> Accepted:
    new = NewJob(
        operation=operation,
        user_id=current_caller().user_id,
        req_id=getattr(asked, "req_id", None),
        request=asked.model_dump(),
        request_id=current_request_id(),
        background=background,
        idempotency_key=key,
        fingerprint=_fingerprint(operation, asked) if key is not None else None,
        warnings=tuple(warning.model_dump() for warning in warnings_of_request()),
    )
    return store.accept(new, runtime.heartbeat.silence, admission.admit, admission.count)


def _run(runtime: Runtime, attempt: Attempt, asked: BaseModel, *, listens: bool) -> Response:
    outcome = runtime.runner.run(attempt, listens=listens, asked=asked)
    return tagged(json_response(outcome.body, outcome.status, retry_after=outcome.retry_after))


def _announce(runtime: Runtime, accepted: Accepted) -> None:
    try:
        runtime.queue.announce(accepted.job_id)
    except JobsUnavailable:
        store.withdraw(accepted)
        raise


def _accepted(job_id: str) -> Response:
    # Always the status at acceptance, so that a repeat gets the first answer again.
    response = located(json_response(JobAcceptedAnswer(job_id=job_id, status="queued"), 202), job_id)
    response.headers["Preference-Applied"] = "respond-async"
    return response


def _in_a_thread(runtime: Runtime, work: Callable[[], Any]) -> None:
    """Do work in a thread, where it goes on even if the caller goes away."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what Flask documents for threads

    def run() -> None:
        with app.app_context():
            work()

    runtime.streams.start(run)


def _prefers_later() -> bool:
    preferences = parse_list_header(",".join(request.headers.getlist("Prefer")))
    return any(preference.split(";")[0].strip().lower() == "respond-async" for preference in preferences)


def _wants_events() -> bool:
    best = request.accept_mimetypes.best_match(("application/json", EVENT_STREAM))
    return best == EVENT_STREAM


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
    if len(key) > MAX_KEY:
        sentence = f"{KEY_HEADER} has {len(key)} characters; at most {MAX_KEY} are allowed."
        raise InvalidRequest.of_fields([FieldProblem(KEY_HEADER, sentence)])
    return key


def _fingerprint(operation: str, asked: BaseModel) -> str:
    """A digest of the request that a key stands for, whatever the layout of its JSON."""
    return hashlib.sha256(json.dumps([operation, asked.model_dump()], sort_keys=True).encode()).hexdigest()
