"""Changes of enhanced job descriptions, and enhancements that a person has written: see `interviews.py`."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models import JobDescription, utc_now
from techscreen.checks.markdown_safety import harmless_title, made_harmless
from techscreen.editing.findings import job_description_report
from techscreen.errors import NotFound, Stale
from techscreen.generation.audit_log import log_change
from techscreen.generation.job_description_views import job_description_view
from techscreen.observability import metrics
from techscreen.schemas.editing import JobDescriptionChange, JobDescriptionPatch
from techscreen.schemas.generation import JobDescriptionAnswer
from techscreen.storage.history import job_description_state, keep_older_state, record
from techscreen.storage.transactions import FRESH, run_in_transaction
from techscreen.text.language import language_of
from techscreen.text.page import words_of


def change_job_description(change: JobDescriptionChange, user_id: str) -> JobDescriptionAnswer:
    """Change what is given of an enhanced job description; enhance it, if it was not.

    Raises:
        NotFound, Stale: before anything is written.
    """
    answer = run_in_transaction(partial(_change, change, user_id))
    metrics.changed("edit")
    return answer


def seen_job_description(session: Session, change: JobDescriptionChange, *, lock: bool = False) -> JobDescription:
    """The job description that a change is about, as it is now.

    Raises:
        NotFound: if there is none.
        Stale: if it is not what the caller has seen.
    """
    this = select(JobDescription).where(JobDescription.req_id == change.req_id)
    if lock:  # so that many who change it at once wait for one another
        this = this.with_for_update()
    stored = session.scalar(this, execution_options=FRESH)
    if stored is None:
        raise NotFound("There is no job description for this req_id.", req_id=change.req_id)
    view = job_description_view(stored)
    if "*" not in change.if_match and view.etag not in change.if_match:
        error = Stale("This job description was changed meanwhile: see `current`.", req_id=change.req_id)
        error.current = view
        raise error
    return stored


def _change(change: JobDescriptionChange, user_id: str, session: Session) -> JobDescriptionAnswer:
    with session.no_autoflush:
        stored = seen_job_description(session, change, lock=True)
        seen, before, was_enhanced = stored.revision, job_description_state(stored), stored.enhanced_at is not None
        _apply(stored, change.parts())
        if job_description_state(stored) == before:
            return JobDescriptionAnswer(job_description=job_description_view(stored))
        stored.quality = job_description_report(stored).model_dump(mode="json")
        # First, for SQLite locks at the first write.
        claim = update(JobDescription).where(JobDescription.id == stored.id, JobDescription.revision == seen)
        claimed: Any = session.execute(
            claim.values(revision=seen + 1), execution_options={"synchronize_session": False}
        )
        if claimed.rowcount != 1:
            raise StaleDataError("The job description was changed meanwhile.")
        if was_enhanced:
            keep_older_state(session, stored, before)
        stored.revision, stored.edited_by_user_id, stored.edited_at = seen + 1, user_id, utc_now()
    session.flush()
    record(session, stored, "edited", user_id)
    log_change(session, "edit", stored.req_id, user_id, stored.id)
    return JobDescriptionAnswer(job_description=job_description_view(stored))


def _apply(stored: JobDescription, patch: JobDescriptionPatch) -> None:
    if patch.enhanced_title is not None:
        stored.enhanced_title = patch.enhanced_title
    if patch.enhanced_description is not None:
        stored.enhanced_description = patch.enhanced_description
    if patch.interview_topics is not None:
        stored.interview_topics = [topic.model_dump() for topic in patch.interview_topics]
    if patch.language is not None:
        stored.language = patch.language
    if stored.enhanced_at is None:
        _enhance_by_hand(stored)


def _enhance_by_hand(stored: JobDescription) -> None:
    """Fill in what a person has not written, so that an interview can be made from it."""
    title = " ".join(words_of(stored.basic_title).split()) or stored.basic_title
    description = words_of(stored.basic_description, item="\n- ").strip() or stored.basic_description
    stored.enhanced_title = stored.enhanced_title or harmless_title(title)
    stored.enhanced_description = stored.enhanced_description or made_harmless(description)[0]
    stored.language = stored.language or language_of([stored.enhanced_description]) or "en"
    stored.notes_for_team = stored.notes_for_team or []
    stored.enhanced_at = utc_now()
