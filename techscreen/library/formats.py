"""The forms of an import and an export: a JSON list, JSON lines, or CSV. Bytes come in as rows; rows go out as text.

A row that cannot be read is a problem of that row; a file that cannot be read is an error.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from techscreen.errors import FieldProblem, InvalidRequest, MalformedJson
from techscreen.library.csv_cells import (
    REQUIRED,
    cells_of,
    column_name,
    column_of,
    heading,
    question_of,
    unknown_columns,
)
from techscreen.schemas.editing import AnchorsInput, CriterionInput, ExhibitInput
from techscreen.schemas.library import ImportedQuestion, TransferFormat

MEDIA_TYPES: dict[str, TransferFormat] = {
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "text/csv": "csv",
}
# Spreadsheets take CSV for UTF-8 only with it.
BOM = "\ufeff"
DELIMITERS = (",", ";", "\t")
# Characters of a heading that an error repeats.
MAX_TOLD = 500
_KEYS = frozenset(ImportedQuestion.model_fields)
_KEYS_WITHIN = {
    "exhibit": frozenset(ExhibitInput.model_fields),
    "criteria": frozenset(CriterionInput.model_fields),
    "rating_anchors": frozenset(AnchorsInput.model_fields),
}


@dataclass(frozen=True)
class Row:
    """A row of an import, from 1: what it gives of a question, in plain JSON, or why it cannot be read.

    `ignored` names what it has besides.
    """

    number: int
    question: dict[str, Any] | None
    problem: FieldProblem | None = None
    ignored: frozenset[str] = field(default_factory=frozenset)


def rows_of(content: bytes, form: TransferFormat, may_update: bool = False) -> Iterator[Row]:
    """The rows of a file.

    Args:
        may_update: whether a row needs no more than the reference of a question that the library has.

    Raises:
        MalformedJson, InvalidRequest: if it cannot be read as a whole.
    """
    if form == "json":
        return _of_json(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest("The file must be text in UTF-8.") from None
    return _of_lines(text) if form == "jsonl" else _of_csv(text, may_update)


def field_name(path: str, form: TransferFormat) -> str:
    """How a field of a question is called in a file."""
    return column_of(path) if form == "csv" else path


def text_of(questions: Iterable[dict[str, Any]], form: TransferFormat, widths: Sequence[int]) -> Iterator[str]:
    """A file, in parts.

    Args:
        widths: the most technologies, skills, criteria and follow-ups that a question has.
    """
    if form == "json":
        yield "["
        for place, question in enumerate(questions):
            yield f"{',' if place else ''}\n{_as_json(question)}"
        yield "\n]\n"
    elif form == "jsonl":
        yield from (_as_json(question) + "\n" for question in questions)
    else:
        yield from _as_csv(questions, heading(*widths))


def _as_json(question: dict[str, Any]) -> str:
    return json.dumps(question, ensure_ascii=False)


def _as_csv(questions: Iterable[dict[str, Any]], columns: list[str]) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, restval="")
    buffer.write(BOM)
    writer.writeheader()
    for question in questions:
        writer.writerow(cells_of(question))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _of_json(content: bytes) -> Iterator[Row]:
    try:
        read = from_json(content.removeprefix(BOM.encode()), allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJson(f"The body is not valid JSON: {error}.") from None
    if not isinstance(read, list):
        raise InvalidRequest("The body must be a JSON list of questions.")
    return (_row(number, each) for number, each in enumerate(read, start=1))


def _of_lines(text: str) -> Iterator[Row]:
    # Not splitlines(), which also splits at characters that a JSON text may hold.
    lines = [line for line in text.split("\n") if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            yield _row(number, from_json(line, allow_inf_nan=False))
        except ValueError as error:
            yield Row(number, None, FieldProblem("row", f"is not valid JSON: {error}"))


def _row(number: int, each: Any) -> Row:
    if isinstance(each, dict):
        return Row(number, each, ignored=frozenset(_unknown_keys(each)))
    return Row(number, None, FieldProblem("row", "must be a JSON object"))


def _unknown_keys(question: dict[str, Any]) -> Iterator[str]:
    yield from question.keys() - _KEYS
    for name, known in _KEYS_WITHIN.items():
        value = question.get(name)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and not part.keys() <= known:
                yield from (f"{name}.{key}" for key in part.keys() - known)


def _of_csv(text: str, may_update: bool) -> Iterator[Row]:
    first_line = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first_line.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        written = next(lines, [])
    except csv.Error as error:
        raise InvalidRequest(f"The heading of the CSV cannot be read: {error}.") from None
    columns = [column_name(name) for name in written]
    unknown = unknown_columns(columns)
    missing = [name for name in REQUIRED if name not in columns]
    if missing and not (may_update and "reference" in columns):
        found = f"It has {', '.join(filter(str.strip, written))[:MAX_TOLD] or 'none'}."
        problems = [FieldProblem(name, f"The CSV needs a column {name} in its first row. {found}") for name in missing]
        raise InvalidRequest.of_fields(problems)
    twice = sorted({name for name in columns if name and columns.count(name) > 1} - unknown)
    if twice:
        raise InvalidRequest.of_fields([FieldProblem(name, f"The CSV has the column {name} twice.") for name in twice])
    ignored = {name.strip() for name, column in zip(written, columns, strict=True) if column in unknown}
    return _csv_rows(lines, columns, frozenset(ignored))


def _csv_rows(lines: Iterator[list[str]], columns: list[str], ignored: frozenset[str]) -> Iterator[Row]:
    nameless = [place for place, name in enumerate(columns) if not name]
    number = 0
    while True:
        number += 1
        try:
            cells = next(lines)
            while not any(cells):
                cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:  # where the next row begins is not known
            yield Row(number, None, FieldProblem("row", f"cannot be read, nor what comes after it: {error}"))
            return
        if len(cells) > len(columns):
            yield Row(number, None, FieldProblem("row", f"has {len(cells)} cells; the first row names {len(columns)}"))
        else:
            filled = {f"column {place + 1}" for place in nameless if any(cells[place : place + 1])}
            yield Row(number, question_of(columns, cells), ignored=ignored | filled)
