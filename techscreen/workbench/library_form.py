"""The form of a library question: a question comes in as the texts of its fields, or texts come in as a question.

All fields are texts under the names that they have in the page: `criterion_3`, `follow_up_1`, `technologies` with one
a line. What is wrong with a part of a question is told beside the field that it was typed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from techscreen.editing.words import marked_words
from techscreen.errors import FieldProblem
from techscreen.schemas.differences import WordsView
from techscreen.schemas.editing import MAX_CRITERIA, MAX_FOLLOW_UPS
from techscreen.schemas.library import LibraryQuestionView
from techscreen.workbench.sent import text_sent

# By the names of their fields. They are in the order of the page.
LABELS = {
    "topic": "Topic",
    "skill_level": "Level",
    "question_type": "Type",
    "language": "Language",
    "minutes": "Minutes",
    "question_text": "Question",
    "exhibit_kind": "What the exhibit is",
    "exhibit_text": "Exhibit",
    **{
        name: label
        for number in range(1, MAX_CRITERIA + 1)
        for name, label in (
            (f"criterion_{number}", f"Criterion {number}"),
            (f"criterion_{number}_description", f"Description of criterion {number}"),
        )
    },
    **{f"follow_up_{number}": f"Follow-up {number}" for number in range(1, MAX_FOLLOW_UPS + 1)},
    "anchor_low": "A weak answer",
    "anchor_mid": "A middling answer",
    "anchor_high": "A strong answer",
    "technologies": "Technologies",
    "skills": "Skills",
    "fits_any_post": "Fits any post",
    "reference": "Reference",
    "owner": "Owner",
    "review_on": "Review on",
    "status": "State",
}
ANCHORS = ("low", "mid", "high")
# What the API says of a part, as people would say it.
_IN_OTHER_WORDS = {
    ("language", "This must be a BCP 47 tag such as en or de-AT."): "This must be a code such as en or de-AT.",
    ("criteria", "This must not be blank."): "Give the criterion a name, or empty its description too.",
}
CHOICES = ("skill_level", "question_type")
EMPTY = {
    **dict.fromkeys(LABELS, ""),
    "question_type": "technical",
    "language": "en",
    "exhibit_kind": "code",
    "status": "active",
}

Texts = dict[str, str]


def texts_of(question: LibraryQuestionView) -> Texts:
    """What the fields hold for a question of the library. A retired one has no state to choose."""
    texts = dict(EMPTY)
    plain = ("topic", "skill_level", "question_type", "language", "minutes", "reference", "owner", "review_on")
    texts |= {name: "" if (value := getattr(question, name)) is None else str(value) for name in plain}
    texts |= {"question_text": question.spoken_text, "status": "" if question.status == "retired" else question.status}
    texts |= {"technologies": "\n".join(question.technologies), "skills": "\n".join(question.skills)}
    texts["fits_any_post"] = "yes" if question.fits_any_post else ""
    if question.exhibit is not None:
        texts |= {"exhibit_kind": question.exhibit.kind, "exhibit_text": question.exhibit.text}
    for number, criterion in enumerate(question.criteria[:MAX_CRITERIA], start=1):
        texts |= {f"criterion_{number}": criterion.criterion, f"criterion_{number}_description": criterion.description}
    for number, follow_up in enumerate(question.follow_ups[:MAX_FOLLOW_UPS], start=1):
        texts[f"follow_up_{number}"] = follow_up
    texts |= {f"anchor_{level}": getattr(question.rating_anchors, level) for level in ANCHORS}
    return {name: text.replace("\r\n", "\n") for name, text in texts.items()}


def texts_sent() -> Texts:
    """What the fields of the form hold that was sent."""
    return {name: text_sent(name) for name in LABELS}


def question_of(texts: Texts) -> dict[str, Any]:
    """What the fields say of a question, as an order takes it. Rows that are left empty say nothing."""
    exhibit = {"kind": texts["exhibit_kind"] or "text", "text": texts["exhibit_text"]}
    minutes = texts["minutes"].strip()
    question: dict[str, Any] = {
        **{name: texts[name] for name in ("topic", "skill_level", "question_type", "question_text", "reference")},
        **{name: texts[name].strip() or None for name in ("owner", "review_on")},
        "language": texts["language"].strip(),
        "technologies": _lines(texts["technologies"]),
        "skills": _lines(texts["skills"]),
        "fits_any_post": bool(texts["fits_any_post"]),
        "exhibit": exhibit if exhibit["text"].strip() else None,
        "minutes": None if not minutes else int(minutes) if minutes.isdecimal() else minutes,
        "criteria": [
            {"criterion": texts[name], "description": texts[f"{name}_description"]} for name in _criteria_in(texts)
        ],
        "follow_ups": [texts[name] for name in _follow_ups_in(texts)],
        "rating_anchors": {level: texts[f"anchor_{level}"] for level in ANCHORS},
    }
    return {**question, "status": texts["status"]} if texts["status"] else question


def problems_by_field(problems: Iterable[FieldProblem], texts: Texts) -> dict[str, str]:
    """What is wrong, by the name of the field that it was typed in: one sentence each."""
    by_field: dict[str, str] = {}
    for problem in problems:
        name = _field_of(problem.field, texts)
        if not texts.get(name) and name in CHOICES:
            by_field[name] = "Choose one."
            continue
        beginning = f"{problem.field} "
        told = problem.message
        if told.startswith(beginning):
            told = f"This {told.removeprefix(beginning)}"
        by_field.setdefault(name, _IN_OTHER_WORDS.get((problem.field.partition(".")[0], told), told))
    return by_field


def differences(stored: Texts, typed: Texts) -> dict[str, list[WordsView]]:
    """The fields in which what was typed is not what is stored, by their labels, with the words marked."""
    return {
        label: marked_words(stored[name], typed[name]) for name, label in LABELS.items() if stored[name] != typed[name]
    }


def _field_of(path: str, texts: Texts) -> str:
    part, _, rest = path.partition(".")
    place, _, inner = rest.partition(".")
    if part == "criteria" and place.isdecimal():
        name = _criteria_in(texts)[int(place)]
        return f"{name}_description" if inner == "description" else name
    if part == "follow_ups" and place.isdecimal():
        return _follow_ups_in(texts)[int(place)]
    if part == "rating_anchors":
        return f"anchor_{place}"
    return f"exhibit_{place}" if part == "exhibit" else part


def _criteria_in(texts: Texts) -> list[str]:
    names = [f"criterion_{number}" for number in range(1, MAX_CRITERIA + 1)]
    return [name for name in names if (texts[name] + texts[f"{name}_description"]).strip()]


def _follow_ups_in(texts: Texts) -> list[str]:
    names = [f"follow_up_{number}" for number in range(1, MAX_FOLLOW_UPS + 1)]
    return [name for name in names if texts[name].strip()]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]
