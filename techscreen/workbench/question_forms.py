"""The form of a question: what a browser has sent comes in; the question's texts go out, and problems by place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from techscreen.editing.merging import FIELDS, LISTS
from techscreen.errors import FieldProblem, InvalidRequest
from techscreen.schemas.editing import NewQuestion, QuestionPatch
from techscreen.schemas.problems import validated

Form = MultiDict[str, str]
# What the parts of a row are called in a form.
PARTS: Mapping[str, tuple[str, ...]] = {"criteria": ("criterion", "description"), "follow_ups": ("follow_up",)}
# How deep a question is: its fields, their rows, the parts of a row.
MAX_LEVELS = 3
# What the places of problems are called in a sentence.
NAMES: Mapping[str, str] = {
    "question_text": "The question",
    "spoken_text": "The question",
    "topic": "The topic",
    "minutes": "The number of minutes",
    "question_type": "The type",
    "skill_level": "The level",
    "exhibit": "The exhibit",
    "criteria": "The list of criteria",
    "follow_ups": "The list of follow-ups",
    "low": "The weak answer",
    "mid": "The middling answer",
    "high": "The strong answer",
}


def content_from(form: Form) -> dict[str, Any]:
    """A question as somebody has made it. Rows without a word are left out.

    What a person has typed is kept to the letter but for the line ends, which browsers send as those of another system.
    """
    exhibit = _text(form, "exhibit_text")
    criteria = [
        {"criterion": criterion, "description": description}
        for criterion, description in zip(_texts(form, "criterion"), _texts(form, "description"), strict=False)
    ]
    return {
        "topic": _text(form, "topic"),
        "question_type": form.get("question_type", ""),
        "skill_level": form.get("skill_level", ""),
        "minutes": _number(form.get("minutes", "")),
        "spoken_text": _text(form, "spoken_text"),
        "exhibit": {"kind": form.get("exhibit_kind", "text"), "text": exhibit} if exhibit.strip() else None,
        "criteria": [row for row in criteria if (row["criterion"] + row["description"]).strip()],
        "follow_ups": [row for row in _texts(form, "follow_up") if row.strip()],
        **{level: _text(form, level) for level in ("low", "mid", "high")},
    }


def fields_in(form: Form) -> tuple[str, ...]:
    """The fields of a question that a form has. What it leaves out stays as it is, so that nothing is wiped by mistake.

    A list without rows sends no name at all; that it is there, and empty, is what `lists` says.
    """
    return tuple(name for name in FIELDS if _is_in(form, name))


def _is_in(form: Form, name: str) -> bool:
    if name == "exhibit":
        return "exhibit_text" in form and "exhibit_kind" in form
    if name not in LISTS:
        return name in form
    first, *others = (len(form.getlist(part)) for part in PARTS[name])
    is_whole = all(count == first for count in others)
    return is_whole and (first > 0 or name in form.get("lists", "").split())


def content_given(form: Form) -> dict[str, Any]:
    """The question as the browser was given it, which it sends along.

    Raises:
        InvalidRequest: if that is missing or unreadable.
    """
    try:
        was = json.loads(form.get("was", ""))
    except (ValueError, RecursionError):
        was = None
    if not isinstance(was, dict) or not _is_shallow(was):
        raise InvalidRequest("The page sent no state of the question: load it again.")
    return was


def _is_shallow(value: Any, levels: int = MAX_LEVELS) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    items = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in items)


def new_question_from(form: Form, work_items: list[dict[str, str]]) -> NewQuestion:
    """A question of one's own.

    Raises:
        InvalidRequest: with every problem.
    """
    content = content_from(form)
    anchors = {level: content.pop(level) for level in ("low", "mid", "high")}
    given = {name: value for name, value in content.items() if value not in ("", None)}
    text = given.pop("spoken_text", "")
    return validated(NewQuestion, {**given, "question_text": text, "rating_anchors": anchors, "work_items": work_items})


def sound_part(patch: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """The fields of a patch that can be saved, and what is wrong with the others."""
    if not patch:
        return {}, []
    try:
        validated(QuestionPatch, dict(patch))
    except InvalidRequest as error:
        bad = {problem.field.partition(".")[0] for problem in error.details}
        sound = {name: value for name, value in patch.items() if name not in bad}
        return (sound if len(sound) < len(patch) else {}), error.details
    return dict(patch), []


def problems_by_place(problems: list[FieldProblem]) -> dict[str, str]:
    """Sentences for people by the place where they belong, such as `spoken_text` or `criteria-2`."""
    return {_place_of(problem.field): _sentence(problem) for problem in reversed(problems)}


def _place_of(field: str) -> str:
    parts = [part for part in field.split(".") if part != "rating_anchors"]
    if parts and parts[0] in ("criteria", "follow_ups") and len(parts) > 1:
        return f"{parts[0]}-{parts[1]}"
    return "spoken_text" if not parts or parts[0] == "question_text" else parts[0]


def _sentence(problem: FieldProblem) -> str:
    """The sentence with the name that the field has on the page."""
    field = problem.field
    parts = [part for part in field.split(".") if part != "rating_anchors"]
    if len(parts) > 1 and parts[0] == "criteria":
        row = f"criterion {int(parts[1]) + 1}"
        name = f"The description of {row}" if parts[-1] == "description" else row.capitalize()
    elif len(parts) > 1 and parts[0] == "follow_ups":
        name = f"Follow-up {int(parts[1]) + 1}"
    else:
        name = NAMES.get(parts[0] if parts else "", "It")
    said = problem.message.removeprefix(field).strip()
    return f"{name} {said}"


def _texts(form: Form, name: str) -> list[str]:
    return [_lines(text) for text in form.getlist(name)]


def _text(form: Form, name: str) -> str:
    return _lines(form.get(name, ""))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _number(text: str) -> int | str | None:
    """A number as such; what is none stays as it is, to be refused."""
    text = text.strip()
    if not text:
        return None
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else text
