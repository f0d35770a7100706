"""The rows of an import: what a file gives comes in; columns to store and problems of rows go out.

A row for a question that the library has is merged with what that has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from techscreen.errors import InvalidRequest
from techscreen.library.formats import field_name, rows_of
from techscreen.library.rows import as_changed, columns_of
from techscreen.question_cache.keys import PEOPLE
from techscreen.schemas.fields import MAX_REQ_ID
from techscreen.schemas.generation import RowProblemView
from techscreen.schemas.library import MAX_ROWS, ImportedQuestion, LibraryImport, TransferFormat
from techscreen.schemas.problems import problems_of

# Known questions by their references.
Known = dict[str, Mapping[str, Any]]


@dataclass
class GivenRows:
    """What a file gives, by the numbers of its rows; which rows cannot be read; and what is in it besides."""

    given: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: list[RowProblemView] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)
    rows: int = 0

    @property
    def references(self) -> list[str]:
        """The references that it gives."""
        given = (each.get("reference") for each in self.given.values())
        return sorted({name for name in given if isinstance(name, str) and len(name) <= MAX_REQ_ID})


@dataclass
class CheckedRows:
    """The rows of an import: the columns of each by its number, and what is wrong with which row."""

    known: Known
    columns: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: list[RowProblemView] = field(default_factory=list)


def read_rows(order: LibraryImport) -> GivenRows:
    """Read a file. Only its form is checked.

    Raises:
        MalformedJson, InvalidRequest: if it cannot be read, or has too many rows.
    """
    file = GivenRows()
    for row in rows_of(order.content, order.format, may_update=order.on_conflict == "update"):
        file.rows = row.number
        if row.number > MAX_ROWS:
            raise InvalidRequest(f"The file has more than {MAX_ROWS:,} rows: import it in parts.")
        file.ignored |= row.ignored
        if row.question is not None:
            file.given[row.number] = row.question
        elif row.problem is not None:
            file.problems.append(_problem(row.number, row.problem.field, f"The row {row.problem.message}."))
    return file


def checked_rows(file: GivenRows, known: Known, order: LibraryImport) -> CheckedRows:
    """Check every row by itself, and that no two have the same reference.

    Args:
        known: the questions of the library that have one of the references of the file.
    """
    checked = CheckedRows(known, problems=list(file.problems))
    first_with: dict[str, int] = {}
    for number, given in file.given.items():
        before = _named(known, given) if order.on_conflict == "update" else None
        try:
            question = ImportedQuestion.model_validate(given if before is None else as_changed(before, given))
        except ValidationError as error:
            checked.problems += _told(number, error, order.format)
            continue
        reference = question.reference
        if reference is not None:
            first = first_with.setdefault(reference, number)
            if first != number:
                sentence = f"reference “{reference}” is that of row {first} already."
                checked.problems.append(_problem(number, "reference", sentence))
            if reference in known and order.on_conflict == "refuse":
                sentence = f"reference “{reference}” is in the library already: import with on_conflict=update."
                checked.problems.append(_problem(number, "reference", sentence))
        checked.columns[number] = {**columns_of(question), "model": question.model or PEOPLE}
    return checked


def _named(known: Known, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    reference = given.get("reference")
    return known.get(reference) if isinstance(reference, str) else None


def _told(number: int, error: ValidationError, form: TransferFormat) -> Iterator[RowProblemView]:
    for problem in problems_of(error):
        name = field_name(problem.field, form)
        yield _problem(number, name, name + problem.message.removeprefix(problem.field))


def _problem(row: int, field_of_it: str, message: str) -> RowProblemView:
    return RowProblemView(row=row, field=field_of_it, message=f"Row {row}: {message}")
