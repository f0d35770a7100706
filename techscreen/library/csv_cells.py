"""Library questions as rows of a CSV file: one row for each question, with numbered columns for what it has several of.

A question in plain JSON comes in and cells go out, or the other way round. A cell that a spreadsheet would take for a
formula gets an apostrophe in front, which is taken away again when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from techscreen.schemas.editing import MAX_CRITERIA, MAX_FOLLOW_UPS, MAX_TOPICS

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
    "question_text",
)
REQUIRED = ("question_text", "topic", "skill_level")
ANCHORS = ("low", "mid", "high")
# What makes a formula at the beginning of a cell, and the apostrophes that a text may have before it anyway.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
_PATHS = (
    (re.compile(r"technologies\.(\d+)"), "technology_{}"),
    (re.compile(r"criteria\.(\d+)\.criterion"), "criterion_{}"),
    (re.compile(r"criteria\.(\d+)\.description"), "criterion_{}_description"),
    (re.compile(r"follow_ups\.(\d+)"), "follow_up_{}"),
)
_NAMES = {
    "exhibit.kind": "exhibit_kind",
    "exhibit.text": "exhibit_text",
    **{f"rating_anchors.{level}": f"anchor_{level}" for level in ANCHORS},
}


def heading(technologies: int, criteria: int, follow_ups: int) -> list[str]:
    """The names of the columns for questions that have at most so many of these."""
    return [
        *PLAIN,
        "exhibit_kind",
        "exhibit_text",
        *(f"technology_{number}" for number in range(1, technologies + 1)),
        *(f"criterion_{number}{part}" for number in range(1, criteria + 1) for part in ("", "_description")),
        *(f"follow_up_{number}" for number in range(1, follow_ups + 1)),
        *(f"anchor_{level}" for level in ANCHORS),
    ]


def cells_of(question: Mapping[str, Any]) -> dict[str, str]:
    """The cells of a question by their columns; what is empty is left out."""
    exhibit = question["exhibit"] or {"kind": "", "text": ""}
    cells = {name: "" if question[name] is None else str(question[name]) for name in PLAIN}
    cells |= {"exhibit_kind": exhibit["kind"], "exhibit_text": exhibit["text"]}
    cells |= {f"technology_{number}": name for number, name in _numbered(question["technologies"])}
    for number, criterion in _numbered(question["criteria"]):
        cells[f"criterion_{number}"] = criterion["criterion"]
        cells[f"criterion_{number}_description"] = criterion["description"]
    cells |= {f"follow_up_{number}": text for number, text in _numbered(question["follow_ups"])}
    cells |= {f"anchor_{level}": question["rating_anchors"][level] for level in ANCHORS}
    return {name: _harmless(cell) for name, cell in cells.items() if cell}


def question_of(columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """The question that a row of cells stands for. Nothing is checked."""
    given = {name: _as_written(cell) for name, cell in zip(columns, cells, strict=False) if cell}
    question: dict[str, Any] = {name: given[name] for name in PLAIN if name in given}
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", given.get("minutes", "")):
        question["minutes"] = int(given["minutes"])
    if given.get("exhibit_text"):
        question["exhibit"] = {"kind": given.get("exhibit_kind") or "text", "text": given["exhibit_text"]}
    question["technologies"] = _filled([given.get(f"technology_{number}", "") for number in _up_to(MAX_TOPICS)])
    named = [
        (given.get(f"criterion_{number}", ""), given.get(f"criterion_{number}_description", ""))
        for number in _up_to(MAX_CRITERIA)
    ]
    question["criteria"] = [{"criterion": name, "description": text} for name, text in _filled(named, ("", ""))]
    question["follow_ups"] = _filled([given.get(f"follow_up_{number}", "") for number in _up_to(MAX_FOLLOW_UPS)])
    question["rating_anchors"] = {level: given.get(f"anchor_{level}", "") for level in ANCHORS}
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


def _up_to(most: int) -> range:
    return range(1, most + 1)


def _filled(values: list[Any], empty: Any = "") -> list[Any]:
    """The values up to the last that is not empty, so that each keeps its number."""
    filled = [number for number, value in _numbered(values) if value != empty]
    return values[: filled[-1]] if filled else []


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_written(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
