"""The interview in the parts of a Workable interview kit: sections, traits and questions.

Workable's API makes no kits, it only takes filled score cards, so this is for pasting: `sections` have the names that
its score cards use, without ids and scores. What has no place there is left out and named in `left_out`.
"""

from __future__ import annotations

import json
from typing import Any

from techscreen.editing.exports.source import ExportSource, heading_of, lines_of, one_line, told
from techscreen.schemas.generation import QuestionView

NOTE = (
    "Partial: Workable's API makes no interview kits. Paste each section by hand: job editor, Workflow, a stage, "
    "Add interview kit."
)
LEFT_OUT = ("rating_anchors", "minutes", "skill_level", "question_type")


def workable_kit(source: ExportSource) -> str:
    """One section for each question: what is asked, then one trait to rate for each criterion."""
    content = {
        "partial": True,
        "note": " ".join([*source.warnings(), NOTE]),
        "left_out": LEFT_OUT,
        "name": source.name,
        "sections": [_section(question) for question in source.interview.questions],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _section(question: QuestionView) -> dict[str, Any]:
    asked = [lines_of(question.question_text), *map(one_line, question.follow_ups)]
    return {
        "name": heading_of(question),
        "traits": [
            {"name": one_line(question.topic), "questions": [{"body": body} for body in asked]},
            *(
                {"name": told(one_line(each.criterion), one_line(each.description)), "questions": []}
                for each in question.criteria
            ),
        ],
    }
