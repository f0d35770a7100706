"""An answer as Markdown, to be compared with that of another run: only what people read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evals.figures import readable_place
from evals.running import Outcome


def reading_copy(outcome: Outcome) -> str:
    """The result of a requisition: findings, enhanced job description, interview and coverage; or its error."""
    lines = [f"# {outcome.body['basic_title'].strip()}", "", f"samples/requisitions/{outcome.name}.json", ""]
    if outcome.error is not None:
        lines += ["## Failed", "", f"{outcome.error.get('code')}: {outcome.error.get('error')}", ""]
    quality, enhanced = outcome.quality, outcome.enhanced
    if quality is not None:
        lines += _findings(quality["findings"])
    if enhanced is not None:
        lines += [f"## Enhanced job description: {enhanced['title']}", "", enhanced["description"], ""]
        lines += ["## Notes for the team", "", *_items(outcome.notes_for_team)]
    if outcome.answer is not None:
        lines += ["## Interview", ""]
        for question in outcome.answer["interview"]["questions"]:
            lines += _question(question)
    if quality is not None:
        lines += _coverage(quality["coverage"])
        lines += ["## Left out of the description", ""]
        lines += _items(f"{item['field']}: “{item['words']}”" for item in quality["left_out"])
        lines += ["## Technologies that the requisition does not name", ""]
        lines += _items(
            f"{item['technology']}: {'; '.join(map(readable_place, item['places']))}" for item in quality["unsupported"]
        )
    return "\n".join(lines).rstrip() + "\n"


def _findings(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        "## Findings",
        "",
        *_items(
            f"**{readable_place(finding['field'])}** “{finding['word']}” ({finding['category']}): {finding['reason']} "
            f"{finding['suggestion']}"
            for finding in findings
        ),
    ]


def _question(question: Mapping[str, Any]) -> list[str]:
    kind = f"{question['question_type'].replace('_', ' ')}, {question['skill_level']}"
    if question["minutes"]:
        kind += f", {question['minutes']} minutes"
    return [
        f"### {question['question_number']}. {question['topic']} ({kind})",
        "",
        question["spoken_text"],
        "",
        *_exhibit(question),
        "#### Criteria",
        "",
        *(f"- [ ] **{criterion['criterion']}**: {criterion['description']}" for criterion in question["criteria"]),
        "",
        "#### Follow-ups",
        "",
        *_items(question["follow_ups"]),
        "#### What answers sound like",
        "",
        *_items(f"**{name}**: {question['rating_anchors'][name]}" for name in ("low", "mid", "high")),
        "#### Rests on",
        "",
        *_items(f"{item['field']}: “{item['part']}”" for item in question["work_items"]),
    ]


def _exhibit(question: Mapping[str, Any]) -> list[str]:
    if question["exhibit"] is None:
        return []
    # As the whole text has it: in a block of its own.
    shown = question["question_text"].removeprefix(question["spoken_text"]).strip("\n")
    return [f"#### To look at ({question['exhibit']['kind']})", "", shown, ""]


def _coverage(coverage: Mapping[str, Any] | None) -> list[str]:
    if coverage is None:
        return []
    covered = [
        f"{part['field']} “{part['part']}”: "
        + "; ".join(
            f"question {place['question_number']}" + (f" ({', '.join(place['criteria'])})" if place["criteria"] else "")
            for place in part["questions"]
        )
        for part in coverage["parts"]
        if part["questions"]
    ]
    gaps = [f"{gap['field']} “{gap['part']}”" for gap in coverage["gaps"]]
    if coverage.get("status") == "not_measured":
        return ["## Coverage", "", f"Not measured. {coverage['reason']}", ""]
    return ["## Coverage", "", *_items(covered), "### Gaps", "", *_items(gaps)]


def _items(items: Iterable[str]) -> list[str]:
    return [*(f"- {item}" for item in items), ""] if (items := list(items)) else ["None.", ""]
