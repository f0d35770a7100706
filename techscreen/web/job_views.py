"""Answers about jobs: stored rows come in, views for those who may see them go out."""

from __future__ import annotations

import json
from typing import Any

from models import GenerationJob
from techscreen.errors import NotFound
from techscreen.jobs import store
from techscreen.jobs.cancelling import cancel
from techscreen.schemas.jobs import (
    CancelAnswer,
    JobAnswer,
    JobErrorView,
    JobProgressView,
    JobsAnswer,
    JobsQuery,
    JobView,
)
from techscreen.web.auth import ADMIN_ROLE, Caller
from techscreen.web.container import current_runtime


def job_for(caller: Caller, job_id: str) -> GenerationJob:
    """A job that this caller may see.

    Raises:
        NotFound: if there is none, or it is somebody else's and the caller is no admin.
    """
    job = store.find(job_id)
    if job is None or (job.user_id != caller.user_id and caller.role.lower() != ADMIN_ROLE):
        raise NotFound("There is no job with this id.")
    return job


def job_answer(job: GenerationJob) -> JobAnswer:
    """A job with its result or error, if it has ended."""
    body = json.loads(job.answer_body) if job.answer_body is not None else None
    succeeded = job.status == "succeeded"
    return JobAnswer(**_view(job).model_dump(), result=body if succeeded else None, error=None if succeeded else body)


def cancel_answer(job: GenerationJob) -> CancelAnswer:
    """Cancel a job; what happens now.

    Raises:
        NotCancellable, NotFound: if there is nothing to cancel.
    """
    now = cancel(job)
    if now.status == "cancelled":
        again = "; the same request with its Idempotency-Key goes on from there." if now.idempotency_key else "."
        message = f"It is cancelled. What was paid for is kept{again}"
    else:
        message = (
            "It is at work: what Claude was asked for goes on and is kept. It stops before it asks for the next part, "
            "and is not tried again. If nothing more is to be asked for, it ends as if nobody had cancelled it."
        )
    return CancelAnswer(job_id=now.id, status=now.status, message=message)


def jobs_answer(query: JobsQuery) -> JobsAnswer:
    """One page of the jobs that match the query."""
    jobs = store.find_all(
        req_id=query.req_id,
        status=query.status,
        limit=query.page_size,
        offset=(query.page - 1) * query.page_size,
    )
    return JobsAnswer(jobs=[_view(job) for job in jobs], page=query.page, page_size=query.page_size)


def _view(job: GenerationJob) -> JobView:
    planned = job.progress.get("planned")
    progress = JobProgressView(
        topics=[topic["topic"] for topic in planned["interview_topics"]] if planned else None,
        description=job.progress.get(store.DESCRIPTION),
        questions=job.progress.get("questions", []),
        job_description_id=job.job_description_id,
        interview_id=job.interview_id,
        tokens_used=_tokens_used(job.progress),
    )
    return JobView(
        job_id=job.id,
        operation=job.operation,
        req_id=job.req_id,
        user_id=job.user_id,
        status=job.status,
        background=job.background,
        attempts=job.attempts,
        attempt=store.attempts_that_count(job.attempts, job.refusals),
        max_attempts=_most_attempts(job),
        last_error=JobErrorView.model_validate(job.last_error) if job.last_error else None,
        retry_at=job.retry_at if job.status == "queued" else None,
        cancel_requested=job.cancel_requested_at is not None,
        progress=progress,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def _most_attempts(job: GenerationJob) -> int:
    """How often a job is tried. One that somebody waits for in a request is not tried again."""
    operation = current_runtime().operations.get(job.operation)
    return operation.attempts if job.background and operation else 1


def _tokens_used(progress: dict[str, Any]) -> int:
    """What the steps that a job has noted have cost."""
    of_questions = max((question["tokens_used"] for question in progress.get("questions", ())), default=0)
    return int(progress.get("enhancement_tokens", 0) + progress.get("interview_tokens", of_questions))
