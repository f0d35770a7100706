"""Two people at the same job description: what one of them has typed, and what the other has saved meanwhile.

What was typed comes in with the tag of what it was typed on. What it really changes goes out, and whether both have
changed the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from models import MAX_ID, HistoryEntry
from techscreen.editing.difference import job_description_difference
from techscreen.schemas.differences import DifferenceView
from techscreen.schemas.editing import TopicInput
from techscreen.schemas.generation import JobDescriptionView
from techscreen.storage.transactions import transaction

State = Mapping[str, Any]


@dataclass(frozen=True)
class OwnChange:
    """What somebody has changed in a job description that others have changed meanwhile.

    Attributes:
        patch: what they have really changed, or could not be told apart from that.
        is_free: whether nobody else has changed the same.
        difference: what it changes in what is stored now.
    """

    patch: dict[str, Any]
    is_free: bool
    difference: DifferenceView


def own_change(current: JobDescriptionView, etag: str, patch: Mapping[str, Any]) -> OwnChange:
    """What a change changes that was made on an older state.

    Args:
        current: what is stored now.
        etag: the tag of the state that it was made on.
        patch: every field of the form, changed or not.
    """
    now = _state_of(current)
    seen = _seen_state(current.job_description_id, etag)
    if seen is None:
        return OwnChange(dict(patch), False, job_description_difference(now, {**now, **patch}))
    own = {name: value for name, value in patch.items() if value != seen[name]}
    return OwnChange(
        patch=own,
        is_free=all(now[name] in (seen[name], value) for name, value in own.items()),
        difference=job_description_difference(now, {**now, **own}),
    )


def _state_of(view: JobDescriptionView) -> State:
    enhanced = view.enhanced_jd
    return _state(
        {
            "enhanced_title": enhanced.title if enhanced else None,
            "enhanced_description": enhanced.description if enhanced else None,
            "language": view.language,
            "interview_topics": [topic.model_dump() for topic in view.interview_topics or ()],
            "notes_for_team": view.notes_for_team,
        }
    )


def _seen_state(job_description_id: int, etag: str) -> State | None:
    """The state that a tag names; None if nothing is known of it."""
    found = re.fullmatch(rf'"job_description-{job_description_id}-(\d{{1,10}})"', etag)
    if not found or int(found[1]) > MAX_ID:
        return None
    ours = HistoryEntry.subject == "job_description", HistoryEntry.subject_id == job_description_id
    with transaction() as session:
        state = session.scalar(select(HistoryEntry.state).where(*ours, HistoryEntry.revision == int(found[1])))
    return None if state is None else _state(state)


def _state(stored: State) -> State:
    """What can be edited, in the form in which changes are compared."""
    topics = stored.get("interview_topics") or []
    names = TopicInput.model_fields
    return {
        "enhanced_title": stored.get("enhanced_title"),
        "enhanced_description": stored.get("enhanced_description"),
        "language": stored.get("language"),
        "interview_topics": [{name: topic.get(name) for name in names} for topic in topics],
        "notes_for_team": stored.get("notes_for_team") or [],
    }
