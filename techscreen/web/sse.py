"""Server-sent events: the progress of a job, read from its row, so that any process can stream it.

`job` comes first, then `topics`, `enhanced` and each `question` as they happen, and last `done` or `error` with the
body of the plain call. A `waiting` says that an attempt has failed and when the next one begins. Until `enhanced`, a
`description` has all that is written of it by then. Comment lines in between keep proxies from closing the connection.

The id of an event holds a checksum of it and of each event before it. A browser that has lost its connection sends the
last id in `Last-Event-ID`, to any process, and gets only the events that it has not seen. A `description` leaves the id
as it was: there are many, and of them only the newest counts.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any

from flask import Response

from techscreen.jobs.store import DESCRIPTION, JobState
from techscreen.jobs.watch import JobWatch
from techscreen.schemas.generation import FieldWarning
from techscreen.schemas.jobs import DescriptionEvent, EnhancedEvent, JobEvent, JobQuestion, TopicsEvent, WaitingEvent

EVENT_STREAM = "text/event-stream"
# Seconds between two comment lines while nothing happens.
COMMENT_INTERVAL = 10.0
# Milliseconds after which a browser that has lost its connection tries again.
RETRY_MS = 3_000
# A checksum, and the most of them that an id may hold. Events beyond that are sent again.
MARK = re.compile(r"[0-9a-f]{8}")
MAX_MARKS = 200


def event_stream(
    watch: JobWatch, job_id: str, seen: Collection[str] = (), warnings: Iterable[FieldWarning] = ()
) -> Response:
    """A response that streams a job's progress from its beginning to its end.

    Args:
        watch: of this process.
        job_id: of the job.
        seen: marks of the events that are not sent again, see `marks_of`.
        warnings: about the request that the job was made of.
    """
    begin = JobEvent(job_id=job_id, warnings=tuple(warnings)).model_dump_json()
    response = Response(_events(watch, job_id, begin, list(seen)), mimetype=EVENT_STREAM)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"  # nginx must not hold events back
    return response


def marks_of(last_event_id: str | None) -> list[str]:
    """The checksums of the events that a `Last-Event-ID` says have been seen."""
    return MARK.findall(last_event_id or "")[-MAX_MARKS:]


def has_seen_the_end(status: str, answer_body: str | None, seen: Collection[str]) -> bool:
    """Whether this end of a job has been seen. The job may end again if its key is tried once more."""
    return answer_body is not None and _mark(*_end(status, answer_body)) in seen


def _events(watch: JobWatch, job_id: str, begin: str, seen: list[str]) -> Iterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    description = ""
    for name, data in chain([("job", begin)], _named_events(watch, job_id)):
        if not name:
            yield ": working\n\n"
            continue
        if name == DESCRIPTION:
            is_new, description = data != description, data
        elif is_new := (mark := _mark(name, data)) not in seen:
            seen.append(mark)
        if is_new:
            # A line break would end the data; our bodies are JSON on one line.
            yield f"id: {'.'.join(seen[-MAX_MARKS:])}\nevent: {name}\ndata: {data}\n\n"


def _named_events(watch: JobWatch, job_id: str) -> Iterator[tuple[str, str]]:
    """Name and data of each event after `job`, some repeatedly; an empty name after a while without change."""
    state: JobState | None = None
    with watch.following(job_id) as job:
        while not job.is_removed:
            if not job.wait_for_change(state, COMMENT_INTERVAL):
                yield "", ""
                continue
            state = job.state
            if state is None:
                continue
            yield from _steps(state)
            if state.answer_body is not None:
                yield _end(state.status, state.answer_body)
                return


def _steps(job: JobState) -> Iterator[tuple[str, str]]:
    progress: dict[str, Any] = job.progress
    planned = progress.get("planned")
    if planned:
        topics = {"language": planned["language"], "topics": planned["interview_topics"]}
        yield "topics", TopicsEvent.model_validate(topics).model_dump_json()
    if progress.get(DESCRIPTION):
        yield DESCRIPTION, DescriptionEvent.model_validate(progress[DESCRIPTION]).model_dump_json()
    if job.job_description_id is not None:
        enhanced = {"job_description_id": job.job_description_id, "tokens_used": progress.get("enhancement_tokens", 0)}
        yield "enhanced", EnhancedEvent.model_validate(enhanced).model_dump_json()
    for question in progress.get("questions", ()):
        yield "question", JobQuestion.model_validate(question).model_dump_json()
    if job.status == "queued" and job.last_error and job.retry_at is not None:
        said = job.last_error
        waiting = {"attempt": said["attempt"], "max_attempts": said["max_attempts"], "last_error": said}
        yield "waiting", WaitingEvent.model_validate({**waiting, "retry_at": job.retry_at}).model_dump_json()


def _end(status: str, answer_body: str) -> tuple[str, str]:
    return "done" if status == "succeeded" else "error", answer_body


def _mark(name: str, data: str) -> str:
    return f"{zlib.crc32((name + data).encode()):08x}"
