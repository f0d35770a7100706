"""The interview as JSON of our own, from which `POST /api/interview/import` makes it again, here or elsewhere.

The format is stable: a version only ever gets more fields, and readers skip those that they do not know. It is read by
`techscreen/schemas/imports.py`, and described in `docs/exports.md`.
"""

from __future__ import annotations

import json
from typing import Any

from techscreen.editing.exports.source import ExportSource
from techscreen.schemas.generation import QuestionView
from techscreen.schemas.imports import FORMAT, FORMAT_VERSION


def portable_json(source: ExportSource) -> str:
    """The interview with its requisition's own texts. `origin` says where it comes from, and is not imported."""
    interview, requisition = source.interview, source.requisition
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "notice": interview.notice,
        "origin": {
            "interview_id": interview.id,
            "version": interview.version,
            "status": interview.status,
            "created_at": interview.created_at.isoformat(timespec="seconds"),
            "approved_by_user_id": interview.approved_by_user_id,
        },
        "requisition": {
            "req_id": requisition.req_id,
            "basic_title": requisition.basic_jd.title,
            "basic_description": requisition.basic_jd.description,
            "basic_department": requisition.basic_jd.department,
            "basic_level": requisition.basic_jd.level,
            **requisition.work_inputs.model_dump(),
        },
        "interview_name": interview.interview_name,
        "language": interview.language,
        "model": interview.model,
        "prompt_version": interview.prompt_version,
        "questions": [_question(question) for question in interview.questions],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _question(question: QuestionView) -> dict[str, Any]:
    return {
        "topic": question.topic,
        "skill_level": question.skill_level,
        "question_type": question.question_type,
        "minutes": question.minutes,
        "spoken_text": question.spoken_text,
        "exhibit": question.exhibit.model_dump() if question.exhibit else None,
        "criteria": [each.model_dump(include={"criterion", "description"}) for each in question.criteria],
        "follow_ups": question.follow_ups,
        "rating_anchors": question.rating_anchors.model_dump(),
        "work_items": [item.model_dump() for item in question.work_items],
        "source": question.source,
        "model": question.model,
        "prompt_version": question.prompt_version,
    }
