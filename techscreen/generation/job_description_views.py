"""A stored job description as it is answered. A row comes in, its view goes out."""

from __future__ import annotations

from typing import Any

from models import JobDescription
from techscreen.schemas.generation import JobDescriptionView


def job_description_view(stored: JobDescription) -> JobDescriptionView:
    """A stored row as it is answered."""
    enhanced: dict[str, Any] | None = None
    if stored.enhanced_title is not None and stored.enhanced_description is not None:
        enhanced = {"title": stored.enhanced_title, "description": stored.enhanced_description}
    return JobDescriptionView(
        job_description_id=stored.id,
        req_id=stored.req_id,
        basic_jd={
            "title": stored.basic_title,
            "department": stored.basic_department,
            "level": stored.basic_level,
            "description": stored.basic_description,
        },
        enhanced_jd=enhanced,
        work_inputs=stored,
        notes_for_team=stored.notes_for_team,
        interview_topics=stored.interview_topics,
        language=stored.language,
        created_at=stored.created_at,
        enhanced_at=stored.enhanced_at,
        model=stored.model,
        prompt_version=stored.prompt_version,
        revision=stored.revision,
        edited_by_user_id=stored.edited_by_user_id,
        edited_at=stored.edited_at,
        quality=stored.quality,
    )
