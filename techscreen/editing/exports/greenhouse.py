"""The interview for Greenhouse: HTML to paste into an interview kit, and its scorecard questions as JSON.

The questions have the fields of Greenhouse's own `scorecard_questions`. Its API only reads them, and keeps the options
of a single-select question apart, so they are apart here too. Both are HTML, so all texts are escaped.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from techscreen.editing.exports.source import (
    ExportSource,
    anchors_of,
    facts_of,
    heading_of,
    lines_of,
    one_line,
    paragraphs_of,
    told,
)
from techscreen.schemas.generation import QuestionView


def greenhouse_kit(source: ExportSource) -> str:
    """`kit_html`, `scorecard_questions`, and `scorecard_question_options` that name their question's `sort_order`."""
    questions: list[dict[str, Any]] = []
    options: list[dict[str, Any]] = []
    for question in source.interview.questions:
        heading = f"<b>{escape(heading_of(question))}</b>"
        _append(questions, f"{heading} {escape(one_line(question.spoken_text))}", "instruction")
        for each in question.criteria:
            text = told(f"<b>{escape(one_line(each.criterion))}</b>", escape(one_line(each.description)))
            _append(questions, text, "yes_no")
        rating = _append(questions, f"{question.question_number}. What the answer sounded like", "single_select")
        options += [
            {"question_sort_order": rating, "name": told(name, one_line(text)), "priority": place}
            for place, (name, text) in enumerate(anchors_of(question))
        ]
        _append(questions, f"{question.question_number}. Notes", "text")
    content = {
        "name": source.name,
        "kit_html": _kit(source),
        "scorecard_questions": questions,
        "scorecard_question_options": options,
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _append(questions: list[dict[str, Any]], text: str, answer_type: str) -> int:
    """Add a question and return its place. None is required: what an interviewer did not hear is left open."""
    place = len(questions)
    questions.append(
        {"question": text, "sort_order": place, "active": True, "answer_type": answer_type, "required": False}
    )
    return place


def _kit(source: ExportSource) -> str:
    """The kit, of no other elements than those that Greenhouse's editor keeps: p, ul, li, b and i."""
    warnings = "".join(f"<p><b>{escape(warning)}</b></p>" for warning in source.warnings())
    return warnings + "".join(_kit_question(question) for question in source.interview.questions)


def _kit_question(question: QuestionView) -> str:
    parts = [f"<p><b>{escape(heading_of(question))}</b> <i>({escape(facts_of(question))})</i></p>"]
    parts += [f"<p>{escape(one_line(part))}</p>" for part in paragraphs_of(question.spoken_text)]
    if question.exhibit is not None:
        parts.append(f"<p><i>Show this ({question.exhibit.kind}):</i></p>")
        parts += [f"<p>{_code_line(line)}</p>" for line in lines_of(question.exhibit.text).split("\n")]
    if question.follow_ups:
        parts.append("<p><b>Follow-ups</b></p>" + _list([escape(one_line(text)) for text in question.follow_ups]))
    criteria = [
        told(f"<b>{escape(one_line(c.criterion))}</b>", escape(one_line(c.description))) for c in question.criteria
    ]
    if criteria:
        parts.append("<p><b>Criteria</b></p>" + _list(criteria))
    anchors = [told(f"<b>{name}</b>", escape(one_line(text))) for name, text in anchors_of(question) if text.strip()]
    if anchors:
        parts.append("<p><b>What answers sound like</b></p>" + _list(anchors))
    return "".join(parts)


def _list(items: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _code_line(line: str) -> str:
    """A line of an exhibit whose columns stay: there is no element for code, so its spaces must not break."""
    return escape(line.expandtabs(4)).replace(" ", "\u00a0") or "\u00a0"
