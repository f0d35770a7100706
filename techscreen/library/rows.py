"""A library question as a row of the question cache, as an answer shows it, and as an export holds it.

A checked question comes in, and columns go out; or a row comes in, and a view or plain JSON goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from models import CachedQuestion
from techscreen.question_cache.keys import LIBRARY_VERSION, PEOPLE, request_hash, subject_of
from techscreen.question_cache.lookup import has_enough_criteria
from techscreen.schemas.library import LibraryQuestion, LibraryQuestionView
from techscreen.text.exhibits import shown_text, spoken_part, with_exhibit
from techscreen.topics import matching

# What a question is made of, as somebody gives it.
COLUMNS = (
    "reference",
    "question_text",
    "exhibit",
    "topic",
    "technologies",
    "skills",
    "fits_any_post",
    "skill_level",
    "question_type",
    "language",
    "minutes",
    "criteria",
    "follow_ups",
    "rating_anchors",
    "owner",
    "review_on",
    "library_status",
    "model",
)
_TOLD = (
    "id",
    "retired_at",
    "retired_reason",
    "retired_by_user_id",
    "created_by_user_id",
    "created_at",
    "edited_by_user_id",
    "edited_at",
    "revision",
    "usage_count",
    "last_used_at",
    "complaints",
)


def columns_of(given: LibraryQuestion) -> dict[str, Any]:
    """The columns that a question fills, all but the number of its variant and the key made of it."""
    exhibit = None if given.exhibit is None else given.exhibit.model_dump()
    subject = subject_of(given.topic, given.technologies)
    language = given.language.casefold()
    return {
        "topic": given.topic,
        "technologies": list(given.technologies),
        "skills": list(given.skills),
        "fits_any_post": given.fits_any_post,
        "skill_level": given.skill_level,
        "question_type": given.question_type,
        "language": language,
        "question_text": _whole_text(given.question_text, shown_text(exhibit)),
        "exhibit": exhibit,
        "minutes": given.minutes,
        "criteria": [criterion.model_dump() for criterion in given.criteria],
        "follow_ups": list(given.follow_ups),
        "rating_anchors": given.rating_anchors.model_dump(),
        "reference": given.reference,
        "owner": given.owner,
        "review_on": None if given.review_on is None else date.fromisoformat(given.review_on),
        "library_status": given.status,
        "technology_key": matching.technology_key(subject),
        "facet_key": matching.facet_key(subject),
        "request_hash": request_hash(LIBRARY_VERSION, language, given.skill_level, subject),
    }


def as_given(row: CachedQuestion | Mapping[str, Any]) -> dict[str, Any]:
    """A row as somebody would give it, in plain JSON: what an export holds."""
    stored = row if isinstance(row, Mapping) else vars(row)
    return {
        "reference": stored["reference"],
        "question_text": spoken_part(stored["question_text"], shown_text(stored["exhibit"])),
        "exhibit": stored["exhibit"],
        "topic": stored["topic"],
        "technologies": stored["technologies"] or [],
        "skills": stored["skills"] or [],
        "fits_any_post": bool(stored["fits_any_post"]),
        "skill_level": stored["skill_level"],
        "question_type": stored["question_type"],
        "language": _usual_tag(stored["language"]),
        "minutes": stored["minutes"],
        "criteria": [_criterion(criterion) for criterion in stored["criteria"]],
        "follow_ups": stored["follow_ups"],
        "rating_anchors": stored["rating_anchors"],
        "owner": stored["owner"],
        "review_on": None if stored["review_on"] is None else stored["review_on"].isoformat(),
        "status": stored["library_status"],
        "model": None if stored["model"] == PEOPLE else stored["model"],
    }


def as_changed(row: CachedQuestion | Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A row as somebody would give it, with what is given of it changed. Parts of a part that are not given stay."""
    before = as_given(row)
    changed = {**before, **given}
    for name in ("rating_anchors", "exhibit"):
        if isinstance(given.get(name), Mapping):
            changed[name] = {**(before[name] or {}), **given[name]}
    return changed


def view_of(row: CachedQuestion, feedback: Mapping[str, int] | None = None) -> LibraryQuestionView:
    """A row as an answer shows it, with what people have said about it if that is given."""
    shown = as_given(row)
    told = {name: getattr(row, name) for name in _TOLD}
    status = "retired" if row.retired_at is not None else row.library_status
    return LibraryQuestionView.model_validate(
        {
            **shown,
            **told,
            "question_text": row.question_text,
            "status": status,
            "is_ready": status == "active" and has_enough_criteria(row.criteria),
            "prompt_version": None,
            "feedback": feedback,
        }
    )


def _whole_text(text: str, shown: str | None) -> str:
    """What is said and what is shown as one text. It may be given so already."""
    return with_exhibit(text, shown) if spoken_part(text, shown) == text else text


def _criterion(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {"criterion": stored["criterion"], "description": stored["description"]}


def _usual_tag(tag: str) -> str:
    """A language tag as it is usually written (RFC 5646, section 2.1.1): look-ups keep it in small letters."""
    language, *others = tag.split("-")
    usual = {2: str.upper, 4: str.title}
    return "-".join([language, *(usual.get(len(part), str)(part) for part in others)])
