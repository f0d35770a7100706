"""What may be seen of jobs, and by whom."""

from __future__ import annotations

import json

import generation_jobs
from auth import WRITER_ROLE, Caller
from errors import NotFound
from job_schemas import JobAnswer, JobProgressView, JobsAnswer, JobsQuery, JobView
from models import GenerationJob


def job_for(caller: Caller, job_id: str) -> GenerationJob:
    """A job that this caller may see.

    Raises:
        NotFound: if there is none, or it is somebody else's and the caller is no admin.
    """
    job = generation_jobs.find(job_id)
    if job is None or (job.user_id != caller.user_id and caller.role.lower() != WRITER_ROLE):
        raise NotFound("There is no job with this id.")
    return job


def job_answer(job: GenerationJob) -> JobAnswer:
    """A job with its answer, if it has one."""
    body = json.loads(job.answer_body) if job.answer_body is not None else None
    succeeded = job.status == "succeeded"
    return JobAnswer(**_view(job).model_dump(), result=body if succeeded else None, error=None if succeeded else body)


def jobs_answer(query: JobsQuery) -> JobsAnswer:
    """One page of the jobs that are asked for."""
    jobs = generation_jobs.find_all(
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
        questions=job.progress.get("questions", []),
        job_description_id=job.job_description_id,
        interview_id=job.interview_id,
    )
    return JobView(
        job_id=job.id,
        operation=job.operation,
        req_id=job.req_id,
        user_id=job.user_id,
        status=job.status,
        background=job.background,
        attempts=job.attempts,
        progress=progress,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
