"""What the page of a job tells: a stored job comes in; its steps, its title and where it leads go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from flask import url_for

from models import GenerationJob, utc_now
from techscreen.errors import NotFound
from techscreen.generation.interview_task import QUESTIONS
from techscreen.schemas.generation import JobDescriptionView
from techscreen.schemas.jobs import DescriptionEvent, JobAnswer, JobQuestion, PlannedTopicView
from techscreen.web.container import current_runtime
from techscreen.web.job_views import job_answer
from techscreen.workbench.job_errors import trouble_of

WORKFLOW, ENHANCEMENT, GENERATION = "workflow", "jd_enhancement", "interview_generation"
ALTERNATIVES, CRITERIA = "question_alternatives", "criteria_suggestion"
WITH_DESCRIPTION, WITH_QUESTIONS = (WORKFLOW, ENHANCEMENT), (WORKFLOW, GENERATION)
# What is being made, and what to say when it is.
MADE = {
    WORKFLOW: ("Description and interview", "The interview is ready."),
    ENHANCEMENT: ("Enhanced description", "The description is enhanced."),
    GENERATION: ("Interview", "The interview is ready."),
    ALTERNATIVES: ("Alternatives to a question", "The alternatives are ready."),
    CRITERIA: ("Suggested criteria", "The suggestions are ready."),
}
OTHER = ("A change", "It is done.")
# Who a question is from, in plain words.
SOURCES = {
    "generated": "written by Claude",
    "library": "from the library",
    "cache": "lent from earlier questions",
    "edited": "edited by a person",
}


@dataclass(frozen=True)
class Story:
    """How far a job is.

    Attributes:
        job: it as the API shows it.
        made: what is being made.
        state: waiting, working, done or failed.
        summary: one sentence, read aloud when it changes.
        title: of the window.
        seconds: since it was asked for, or that it took.
        stored: the description, once it is stored.
        description: what is written of it so far, while it is not stored.
        topics: what the questions may be about.
        language: of the topics, and so of what is written.
        questions: those that are ready, by their numbers, in the order in which they were.
        expected: how many questions there will be.
        result: where to find what was made.
        interview_id, number: what is asked of a question is about it.
    """

    job: JobAnswer
    made: str
    state: str
    summary: str
    title: str
    seconds: int
    stored: JobDescriptionView | None = None
    description: DescriptionEvent | None = None
    topics: list[PlannedTopicView] = field(default_factory=list)
    language: str | None = None
    questions: dict[int, JobQuestion] = field(default_factory=dict)
    expected: int = 0
    result: str | None = None
    interview_id: int | None = None
    number: int | None = None

    @property
    def has_description(self) -> bool:
        """Whether a description is a part of it."""
        return self.job.operation in WITH_DESCRIPTION

    @property
    def tokens(self) -> dict[int, int]:
        """What each question that is ready has cost: what the interview had cost by then, and not before."""
        by_then = [question.tokens_used for question in self.questions.values()]
        return dict(zip(self.questions, (now - before for before, now in pairwise([0, *by_then])), strict=True))

    @property
    def missing(self) -> int:
        """How many questions are not ready yet."""
        return self.expected - len(self.questions)

    @property
    def asked_topics(self) -> set[str]:
        """The topics of the questions that are ready."""
        return {question.topic for question in self.questions.values()}


def story_of(row: GenerationJob) -> Story:
    """How far a job is."""
    job = job_answer(row)
    made, when_done = MADE.get(job.operation, OTHER)
    state = {"queued": "waiting", "running": "working", "succeeded": "done"}.get(job.status, "failed")
    planned = row.progress.get("planned")
    interview_id, number = _question_of(row, job)
    expected = QUESTIONS if job.operation in WITH_QUESTIONS else 0
    questions = {each.question_number: each for each in job.progress.questions} if expected else {}
    summary = _summary(job, state, when_done, len(questions), expected)
    about = job.req_id or (f"question {number}" if number else made)
    return Story(
        job=job,
        made=made,
        state=state,
        summary=summary,
        title=f"{summary.rstrip('.')} – {about}",
        seconds=round(((row.finished_at or utc_now()) - row.created_at).total_seconds()),
        stored=_stored(job),
        description=job.progress.description,
        topics=_topics(planned) if job.operation in MADE else [],
        language=planned["language"] if planned else None,
        questions=questions,
        expected=expected,
        result=result_address(job),
        interview_id=interview_id,
        number=number,
    )


def result_address(job: JobAnswer) -> str | None:
    """Where to find what a job has made; None if it has made nothing."""
    if job.result is None:
        return None
    result: Mapping[str, Any] = job.result
    if job.operation == ENHANCEMENT:
        return url_for("workbench.requisition", req_id=job.req_id)
    if job.operation == ALTERNATIVES:
        place = {"interview_id": result["interview_id"], "number": result["question"]["question_number"]}
        return url_for("workbench.alternatives", **place, job=job.job_id)
    if job.operation == CRITERIA:
        place = {"interview_id": result["interview_id"], "number": result["question_number"]}
        return url_for("workbench.suggestions", **place, job=job.job_id)
    interview_id = result.get("interview_id") or (result.get("interview") or {}).get("id")
    if interview_id is not None:
        return url_for("workbench.interview", interview_id=interview_id)
    return url_for("workbench.requisition", req_id=job.req_id) if job.req_id else url_for("workbench.requisitions")


def _topics(planned: Mapping[str, Any] | None) -> list[PlannedTopicView]:
    return [PlannedTopicView.model_validate(each) for each in planned["interview_topics"]] if planned else []


def _summary(job: JobAnswer, state: str, when_done: str, ready: int, expected: int) -> str:
    if job.cancel_requested and state == "working":
        return "It was cancelled: what Claude was asked for is still being written, then it stops."
    if state == "waiting":
        return _why_it_waits(job)
    if state == "done":
        return when_done
    if state == "failed":
        return "It was cancelled." if job.status == "cancelled" else "This did not work."
    is_described = job.operation == GENERATION or job.progress.job_description_id is not None
    if expected and ready == expected and not is_described:
        return "All questions are ready; the description is still being written."
    if expected and (ready or is_described):
        return f"{ready} of {expected} questions are ready."
    if job.operation in WITH_DESCRIPTION:
        if job.progress.description:
            return "The description is being written."
        return "The topics are chosen." if job.progress.topics else "The texts are being read."
    return "It is being made."


def _why_it_waits(job: JobAnswer) -> str:
    """Why nothing happens at the moment: it waits for its turn, or to be tried again."""
    if job.last_error is None or job.retry_at is None:
        return "It waits for its turn."
    happened = trouble_of(job.last_error.code).happened
    attempts = f"attempt {job.attempt} of {job.max_attempts}"
    seconds = round((job.retry_at - utc_now()).total_seconds())
    if seconds <= 0:
        when = "in a moment"
    elif seconds < 90:
        when = f"in about {seconds} {'second' if seconds == 1 else 'seconds'}"
    else:
        when = f"in about {round(seconds / 60)} minutes"
    return f"{happened} ({attempts}). It is tried again {when}, and nothing needs to be done."


def _stored(job: JobAnswer) -> JobDescriptionView | None:
    """The description that a job has stored, unless it is a newer one by now."""
    if job.operation not in WITH_DESCRIPTION or job.progress.job_description_id is None or job.req_id is None:
        return None
    try:
        return current_runtime().enhancement.get_job_description(job.req_id)
    except NotFound:
        return None


def _question_of(row: GenerationJob, job: JobAnswer) -> tuple[int | None, int | None]:
    """The interview and the question that something is asked for. A failed job does not know them any more."""
    if job.operation not in (ALTERNATIVES, CRITERIA):
        return None, None
    asked: Mapping[str, Any] = job.result or row.request or {}
    if job.result is not None and job.operation == ALTERNATIVES:
        return asked["interview_id"], asked["question"]["question_number"]
    return asked.get("interview_id"), asked.get("number", asked.get("question_number"))
