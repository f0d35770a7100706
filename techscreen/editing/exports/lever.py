"""The interview as the body of Lever's `POST /feedback_templates`, ready to be sent.

For each question the interviewer ticks criteria, chooses an anchor and writes notes. The one field of the type
`score-system`, which Lever requires, is the interviewer's own recommendation at the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from techscreen.editing.exports.source import (
    MAX_NAME,
    ExportSource,
    anchors_of,
    facts_of,
    heading_of,
    lines_of,
    one_line,
    shortened,
    told,
)
from techscreen.schemas.generation import QuestionView

INSTRUCTIONS = (
    "Ask every candidate the same questions in this order. Tick what the answer did or said, choose the answer that it "
    "sounded most like, and decide on the recommendation after the last question."
)
RECOMMENDATIONS = ("4 - Strong Hire", "3 - Hire", "2 - No Hire", "1 - Strong No Hire")


def lever_template(source: ExportSource) -> str:
    """The body, as JSON. `group` is null: which group of templates it belongs to is known to Lever alone."""
    fields = [field for question in source.interview.questions for field in _fields_of(question)]
    recommendation = _field("score-system", "Recommendation", "Over all questions.", RECOMMENDATIONS, required=True)
    body = {
        "text": source.name,
        "instructions": "\n\n".join([*source.warnings(), INSTRUCTIONS]),
        "group": None,
        "fields": [*fields, recommendation],
    }
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def _fields_of(question: QuestionView) -> list[dict[str, Any]]:
    heading = heading_of(question)
    criteria = [told(one_line(each.criterion), one_line(each.description)) for each in question.criteria]
    anchors = [told(name, one_line(text)) for name, text in anchors_of(question)]
    number = f"{question.question_number}."
    ticked = [_field("multiple-select", heading, _asked(question), criteria)] if criteria else []
    return [
        *(ticked or [_field("textarea", heading, _asked(question))]),
        _field("multiple-choice", f"{number} What the answer sounded like", "", anchors),
        _field("textarea", f"{number} Notes", ""),
    ]


def _asked(question: QuestionView) -> str:
    """The question with all that is said and shown."""
    parts = [f"({facts_of(question)})", lines_of(question.question_text)]
    if question.follow_ups:
        parts.append("Follow-ups:\n" + "\n".join(f"- {one_line(text)}" for text in question.follow_ups))
    return "\n\n".join(parts)


def _field(
    kind: str, text: str, description: str, options: Iterable[str] = (), *, required: bool = False
) -> dict[str, Any]:
    field: dict[str, Any] = {
        "type": kind,
        "text": shortened(text, MAX_NAME),
        "description": description,
        "required": required,
    }
    chosen = [{"text": option} for option in options]
    return {**field, "options": chosen} if chosen else field
