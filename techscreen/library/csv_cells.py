"""Library questions as rows of a CSV file: one row for each question, with numbered columns for what it has several of.

A question in plain JSON comes in and cells go out, or the other way round: then only what has a column counts as given.
A cell that a spreadsheet would take for a formula gets an apostrophe in front, which is taken away again when it is
read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from techscreen.schemas.editing import MAX_CRITERIA, MAX_FOLLOW_UPS, MAX_TOPICS
from techscreen.schemas.library import MAX_SKILLS

PLAIN = (
    "reference",
    "topic",
    "skill_level",
    "question_type",
    "language",
    "status",
    "owner",
    "review_on",
    "minutes",
    "model",
    "fits_any_post",
    "question_text",
)
REQUIRED = ("question_text", "topic", "skill_level")
# What an empty cell clears. The others are never empty, so it says nothing about them.
_OPTIONAL = ("reference", "owner", "review_on", "minutes", "model")
ANCHORS = ("low", "mid", "high")
_TECHNOLOGIES = [f"technology_{number}" for number in range(1, MAX_TOPICS + 1)]
_SKILLS = [f"skill_{number}" for number in range(1, MAX_SKILLS + 1)]
_CRITERIA = [(f"criterion_{number}", f"criterion_{number}_description") for number in range(1, MAX_CRITERIA + 1)]
_FOLLOW_UPS = [f"follow_up_{number}" for number in range(1, MAX_FOLLOW_UPS + 1)]
_ANCHORS = [f"anchor_{level}" for level in ANCHORS]
# How a spreadsheet, or a person, writes them.
_WORDS_FOR = {
    **dict.fromkeys("true yes y x 1 wahr ja sí si verdadero".split(), True),
    **dict.fromkeys("false no n 0 falsch nein falso".split(), False),
}
# What makes a formula at the beginning of a cell, and the apostrophes that a text may have before it anyway.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
_PATHS = (
    (re.compile(r"technologies\.(\d+)"), "technology_{}"),
    (re.compile(r"skills\.(\d+)"), "skill_{}"),
    (re.compile(r"criteria\.(\d+)\.criterion"), "criterion_{}"),
    (re.compile(r"criteria\.(\d+)\.description"), "criterion_{}_description"),
    (re.compile(r"follow_ups\.(\d+)"), "follow_up_{}"),
)
_NAMES = {
    "exhibit.kind": "exhibit_kind",
    "exhibit.text": "exhibit_text",
    **{f"rating_anchors.{level}": f"anchor_{level}" for level in ANCHORS},
}


def column_name(written: str) -> str:
    """The name of a column, as somebody has written it in a heading: `Question text` is `question_text`."""
    return re.sub(r"[\s\-]+", "_", written.strip()).casefold()


def unknown_columns(columns: Collection[str]) -> set[str]:
    """Those of which `question_of` makes nothing."""
    known = set(heading(MAX_TOPICS, MAX_SKILLS, MAX_CRITERIA, MAX_FOLLOW_UPS))
    if "exhibit_text" not in columns:
        known.remove("exhibit_kind")
    return {name for name in columns if name and name not in known}


def heading(technologies: int, skills: int, criteria: int, follow_ups: int) -> list[str]:
    """The names of the columns for questions that have at most so many of these."""
    return [
        *PLAIN,
        "exhibit_kind",
        "exhibit_text",
        *_TECHNOLOGIES[:technologies],
        *_SKILLS[:skills],
        *chain(*_CRITERIA[:criteria]),
        *_FOLLOW_UPS[:follow_ups],
        *_ANCHORS,
    ]


def cells_of(question: Mapping[str, Any]) -> dict[str, str]:
    """The cells of a question by their columns; what is empty is left out."""
    exhibit = question["exhibit"] or {"kind": "", "text": ""}
    cells = {name: "" if question[name] is None else str(question[name]) for name in PLAIN}
    cells["fits_any_post"] = str(question["fits_any_post"]).lower()
    cells |= {"exhibit_kind": exhibit["kind"], "exhibit_text": exhibit["text"]}
    cells |= {f"technology_{number}": name for number, name in _numbered(question["technologies"])}
    cells |= {f"skill_{number}": words for number, words in _numbered(question["skills"])}
    for number, criterion in _numbered(question["criteria"]):
        cells[f"criterion_{number}"] = criterion["criterion"]
        cells[f"criterion_{number}_description"] = criterion["description"]
    cells |= {f"follow_up_{number}": text for number, text in _numbered(question["follow_ups"])}
    cells |= {f"anchor_{level}": question["rating_anchors"][level] for level in ANCHORS}
    return {name: _harmless(cell) for name, cell in cells.items() if cell}


def question_of(columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """What a row of cells gives of a question: nothing that has no column. Nothing is checked."""
    written = {name: _as_written(cell) for name, cell in zip(columns, cells, strict=False)}
    question: dict[str, Any] = {
        name: written[name] or None for name in PLAIN if written.get(name) or (name in _OPTIONAL and name in written)
    }
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", written.get("minutes", "")):
        question["minutes"] = int(written["minutes"])
    any_post = written.get("fits_any_post", "").strip().casefold()
    if any_post in _WORDS_FOR:
        question["fits_any_post"] = _WORDS_FOR[any_post]
    if "exhibit_text" in written:
        kind = {"kind": written["exhibit_kind"]} if written.get("exhibit_kind") else {}
        question["exhibit"] = {**kind, "text": written["exhibit_text"]} if written["exhibit_text"] else None
    if not written.keys().isdisjoint(_TECHNOLOGIES):
        question["technologies"] = _filled([written.get(name, "") for name in _TECHNOLOGIES])
    if not written.keys().isdisjoint(_SKILLS):
        question["skills"] = [written[name] for name in _SKILLS if written.get(name)]
    if not written.keys().isdisjoint(chain(*_CRITERIA)):
        named = [(written.get(name, ""), written.get(description, "")) for name, description in _CRITERIA]
        question["criteria"] = [{"criterion": name, "description": text} for name, text in _filled(named, ("", ""))]
    if not written.keys().isdisjoint(_FOLLOW_UPS):
        question["follow_ups"] = _filled([written.get(name, "") for name in _FOLLOW_UPS])
    if not written.keys().isdisjoint(_ANCHORS):
        levels = [level for level in ANCHORS if f"anchor_{level}" in written]
        question["rating_anchors"] = {level: written[f"anchor_{level}"] for level in levels}
    return question


def column_of(path: str) -> str:
    """The column of a field of a question."""
    for pattern, column in _PATHS:
        found = pattern.fullmatch(path)
        if found:
            return column.format(int(found[1]) + 1)
    return _NAMES.get(path, path)


def _numbered(values: Iterable[Any]) -> Iterable[tuple[int, Any]]:
    return enumerate(values, start=1)


def _filled(values: list[Any], empty: Any = "") -> list[Any]:
    """The values up to the last that is not empty, so that each keeps its number."""
    filled = [number for number, value in _numbered(values) if value != empty]
    return values[: filled[-1]] if filled else []


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_written(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
