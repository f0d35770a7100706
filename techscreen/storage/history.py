"""The history of interviews and job descriptions: one entry for each step, with the state afterwards and a hash.

A row that has just been changed comes in; an entry goes out, in the same transaction. Each entry carries the hash of
the one before it, so that whoever changes or removes a stored entry has to change all that follow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import HistoryEntry, Interview, InterviewQuestion, JobDescription, utc_now

Subject = Literal["interview", "job_description"]
Step = Literal[
    "kept",  # as it was when its history began
    "enhanced",
    "topics_planned",
    "generated",
    "imported",
    "revised",
    "edited",
    "alternative_accepted",
    "undone",  # as it was before a change
    "redone",  # as it was before that was undone
    "finding_overridden",
    "override_withdrawn",
    "review_requested",
    "published",
    "archived",
    "restored",
    "deleted",
]
FIRST_HASH = "0" * 64
# In the state after a step that brings earlier texts back: the number of the change after which they were so.
RESTORED = "restored"

# What people see of a question, and what a difference is made of.
QUESTION_STATE = (
    "lineage",
    "question_number",
    "question_text",
    "exhibit",
    "minutes",
    "question_type",
    "skill_level",
    "topic",
    "criteria",
    "follow_ups",
    "rating_anchors",
    "work_items",
    "locked",
    "source",
    "cached_question_id",
    "model",
    "prompt_version",
)
INTERVIEW_STATE = (
    "interview_name",
    "status",
    "version",
    "language",
    "revised_from_id",
    "review_requested_by_user_id",
    "review_requested_of",
    "approved_by_user_id",
    "approval_note",
    "overrides",
    # What later decisions rest on.
    "job_description_id",
    "created_by_user_id",
    "created_at",
    "published_name",
    "edited_by_user_id",
    "review_requested_at",
    "published_at",
    "archived_at",
    "model",
    "prompt_version",
)
JOB_DESCRIPTION_STATE = (
    "basic_title",
    "basic_description",
    "basic_department",
    "basic_level",
    "work_output",
    "work_role",
    "work_knowledge",
    "work_competencies",
    "created_by_user_id",
    "edited_by_user_id",
    "enhanced_title",
    "enhanced_description",
    "interview_topics",
    "notes_for_team",
    "language",
    "model",
    "prompt_version",
)


def state_of(of: Interview | JobDescription) -> dict[str, Any]:
    """What the history keeps of it, in plain JSON."""
    return interview_state(of) if isinstance(of, Interview) else job_description_state(of)


def interview_state(interview: Interview) -> dict[str, Any]:
    """An interview as its history keeps it, in plain JSON."""
    questions = sorted(interview.questions, key=lambda question: question.question_number)
    return {
        **{name: _plain(getattr(interview, name)) for name in INTERVIEW_STATE},
        "questions": [question_state(question) for question in questions],
    }


def _plain(value: Any) -> Any:
    """A column's value in plain JSON."""
    return value.isoformat() if isinstance(value, datetime) else value


def question_state(question: InterviewQuestion) -> dict[str, Any]:
    """A question as the history keeps it, in plain JSON."""
    return {name: getattr(question, name) for name in QUESTION_STATE}


def job_description_state(stored: JobDescription) -> dict[str, Any]:
    """What the enhancement, or a person, has made of a job description, in plain JSON."""
    return {name: getattr(stored, name) for name in JOB_DESCRIPTION_STATE}


def record(
    session: Session,
    of: Interview | JobDescription,
    step: Step,
    user_id: str,
    note: str | None = None,
    state: Mapping[str, Any] | None = None,
    is_first: bool = False,
) -> HistoryEntry:
    """Add the entry for a step that has just been flushed, in its transaction.

    Args:
        of: what has changed; its `revision` has been raised already.
        user_id: who did it.
        note: what they said about it.
        state: what to keep; by default as it is now.
        is_first: whether nothing can have been recorded about it yet.
    """
    is_interview = isinstance(of, Interview)
    subject: Subject = "interview" if is_interview else "job_description"
    entry = HistoryEntry(
        subject=subject,
        subject_id=of.id,
        revision=of.revision,
        req_id=of.req_id,
        operation=step,
        user_id=user_id,
        note=note,
        state=dict(state_of(of) if state is None else state),
        created_at=utc_now(),
        previous_hash=FIRST_HASH if is_first else _newest_hash(session, subject, of.id),
    )
    entry.entry_hash = hash_of(entry)
    session.add(entry)
    return entry


def keep_older_state(session: Session, of: Interview | JobDescription, before: Mapping[str, Any]) -> None:
    """Begin the history of something from before there was one, with its state before its first change."""
    if of.revision == 0:
        record(session, of, "kept", of.created_by_user_id, state=before, is_first=True)


def hash_of(entry: HistoryEntry) -> str:
    """The SHA-256 of all that an entry says, the hash of the one before it included, in hexadecimal."""
    said = [
        entry.previous_hash,
        entry.subject,
        entry.subject_id,
        entry.revision,
        entry.req_id,
        entry.operation,
        entry.user_id,
        entry.note,
        entry.state,
        entry.created_at.isoformat(),
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _newest_hash(session: Session, subject: Subject, subject_id: int) -> str:
    ours = HistoryEntry.subject == subject, HistoryEntry.subject_id == subject_id
    newest = select(HistoryEntry.entry_hash).where(*ours).order_by(HistoryEntry.revision.desc()).limit(1)
    return session.scalar(newest) or FIRST_HASH
