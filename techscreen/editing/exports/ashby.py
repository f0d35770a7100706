"""The interview in the shape of an Ashby feedback form, as `feedbackFormDefinition.info` answers with it.

Ashby's API only reads forms, so this is for building one by hand or for tools of one's own: it has no ids. `path` is
the name under which `applicationFeedback.submit` takes a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from techscreen.editing.exports.source import ExportSource, anchors_of, facts_of, heading_of, lines_of, one_line, told
from techscreen.schemas.generation import QuestionView

NOTE = "Partial: Ashby's API reads feedback forms but makes none. Build this one by hand in Ashby's admin pages."
RECOMMENDATIONS = (("4", "Strong Yes"), ("3", "Yes"), ("2", "No"), ("1", "Strong No"))


def ashby_form(source: ExportSource) -> str:
    """One section for each question, with a tick for each criterion; last the overall recommendation."""
    recommendation = _field(
        "ValueSelect", "overall_recommendation", "Overall recommendation", RECOMMENDATIONS, required=True
    )
    content = {
        "partial": True,
        "note": " ".join([*source.warnings(), NOTE]),
        "title": source.name,
        "formDefinition": {
            "sections": [
                *(_section(question) for question in source.interview.questions),
                {"title": "Recommendation", "fields": [recommendation]},
            ]
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _section(question: QuestionView) -> dict[str, Any]:
    path = f"question_{question.question_number}"
    follow_ups = "".join(f"\n- {one_line(text)}" for text in question.follow_ups)
    asked = f"({facts_of(question)})\n\n{lines_of(question.question_text)}"
    criteria = [
        _field("Boolean", f"{path}_criterion_{number}", one_line(each.criterion), description=each.description)
        for number, each in enumerate(question.criteria, 1)
    ]
    anchors = [(name.lower(), told(name, one_line(text))) for name, text in anchors_of(question)]
    return {
        "title": heading_of(question),
        "descriptionPlain": f"{asked}\n\nFollow-ups:{follow_ups}" if follow_ups else asked,
        "fields": [
            *criteria,
            _field("ValueSelect", f"{path}_rating", "What the answer sounded like", anchors),
            _field("RichText", f"{path}_notes", "Notes"),
        ],
    }


def _field(
    kind: str,
    path: str,
    title: str,
    options: Iterable[tuple[str, str]] = (),
    *,
    description: str = "",
    required: bool = False,
) -> dict[str, Any]:
    field: dict[str, Any] = {"type": kind, "path": path, "title": title, "isNullable": not required}
    values = [{"label": label, "value": value} for value, label in options]
    if values:
        field["selectableValues"] = values
    return {"isRequired": required, "descriptionPlain": one_line(description), "field": field}
