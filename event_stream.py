"""The progress of a job as server-sent events, read from the job's row: so any process can tell it.

`job` comes first, then `topics`, `enhanced` and each `question` as they happen, and last `done` or `error` with the
very body that the plain call gives. Comment lines in between keep proxies awake.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, current_app

import generation_jobs
from errors import DatabaseUnavailable
from job_schemas import EnhancedEvent, JobEvent, JobQuestion, TopicsEvent
from models import GenerationJob

# Seconds between two looks at the row, and between two comment lines while nothing happens.
LOOK_INTERVAL = 0.5
COMMENT_INTERVAL = 10.0


def event_stream(job_id: str) -> Response:
    """An answer that tells a job's progress from its beginning to its end."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the answer outlives the request
    response = Response(_events(app, job_id), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"  # nginx must not hold events back
    return response


def _events(app: Flask, job_id: str) -> Iterator[str]:
    yield _event("job", JobEvent(job_id=job_id).model_dump_json())
    told: set[str] = set()
    said_something = time.monotonic()
    while True:
        with app.app_context():
            job, is_removed = _look(job_id)
        if is_removed:
            return
        for name, data in _steps(job) if job else ():
            step = name + data
            if step not in told:
                told.add(step)
                said_something = time.monotonic()
                yield _event(name, data)
        if job is not None and job.answer_body is not None:
            succeeded = job.status == "succeeded"
            yield _event("done" if succeeded else "error", job.answer_body)
            return
        if time.monotonic() - said_something >= COMMENT_INTERVAL:
            said_something = time.monotonic()
            yield ": working\n\n"
        time.sleep(LOOK_INTERVAL)


def _look(job_id: str) -> tuple[GenerationJob | None, bool]:
    """The job as it is now, and whether it has been removed. No job at all: the database is away, and will be back."""
    try:
        job = generation_jobs.find(job_id)
    except DatabaseUnavailable:
        return None, False
    return job, job is None


def _steps(job: GenerationJob) -> Iterator[tuple[str, str]]:
    progress: dict[str, Any] = job.progress
    planned = progress.get("planned")
    if planned:
        topics = {"language": planned["language"], "topics": planned["interview_topics"]}
        yield "topics", TopicsEvent.model_validate(topics).model_dump_json()
    if job.job_description_id is not None:
        yield "enhanced", EnhancedEvent(job_description_id=job.job_description_id).model_dump_json()
    for question in progress.get("questions", ()):
        yield "question", JobQuestion.model_validate(question).model_dump_json()


def _event(name: str, data: str) -> str:
    # A line end would end the data; our bodies are JSON on one line.
    return f"event: {name}\ndata: {data}\n\n"
