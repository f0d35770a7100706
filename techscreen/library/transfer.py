"""Imports and exports of the library. A file comes in and is stored as a whole or not at all; or a file goes out.

All rows are checked first. Then one transaction stores them, with as few statements as there are batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models import CachedQuestion, utc_now
from techscreen.errors import InvalidRequest, NotImportable
from techscreen.generation.audit_log import log_change
from techscreen.library.findings import library_findings
from techscreen.library.formats import field_name, rows_of, text_of
from techscreen.library.questions import OPERATION
from techscreen.library.rows import COLUMNS, as_given, columns_of
from techscreen.observability import metrics
from techscreen.question_cache.keys import LIBRARY_VERSION, PEOPLE, cache_key
from techscreen.schemas.generation import RowProblemView
from techscreen.schemas.library import MAX_ROWS, LibraryImport, LibraryImportAnswer, LibraryQuestion, TransferFormat
from techscreen.schemas.problems import problems_of
from techscreen.storage.transactions import run_in_transaction, transaction

V = TypeVar("V")
BATCH = 500
# Problems that an answer names; it says how many there are in all.
MAX_PROBLEMS = 1_000
# Rows up to which an import is checked at once: a question takes about 10 ms.
MAX_CHECKED = 50
_EXPORTED = CachedQuestion.library_status.is_not(None), CachedQuestion.retired_at.is_(None)


@dataclass
class _Import:
    """The rows of an import: the columns of each by its number, and what is wrong with which row."""

    columns: dict[int, dict[str, Any]] = field(default_factory=dict)
    problems: list[RowProblemView] = field(default_factory=list)
    rows: int = 0


def import_questions(order: LibraryImport, user_id: str) -> LibraryImportAnswer:
    """Store all questions of a file, or none.

    Raises:
        MalformedJson, InvalidRequest: if the file cannot be read, or has too many rows.
        NotImportable: if rows have problems; with all of them. A dry run answers with them.
    """
    read = _read(order)
    stored = run_in_transaction(partial(_store, read, order, user_id))
    problems = sorted([*read.problems, *stored.problems], key=lambda problem: problem.row)
    report = {
        "imported": stored.imported,
        "updated": stored.updated,
        "problems": problems[:MAX_PROBLEMS],
        "problems_total": len(problems),
    }
    if problems and not order.dry_run:
        rows = len({problem.row for problem in problems})
        error = NotImportable(f"Nothing was imported: {rows} of {read.rows} rows have problems.")
        error.report = report
        raise error
    if not order.dry_run:
        metrics.changed(OPERATION)
    return LibraryImportAnswer(dry_run=order.dry_run, rows=read.rows, findings=_findings(read), **report)


def export_questions(form: TransferFormat) -> Iterator[str]:
    """All questions but the retired ones as a file, in parts, the oldest first."""
    widths = (0, 0, 0)
    if form == "csv":
        for batch in _batches(("technologies", "criteria", "follow_ups")):
            for row in batch:
                counts = [len(row[name] or ()) for name in ("technologies", "criteria", "follow_ups")]
                widths = (max(widths[0], counts[0]), max(widths[1], counts[1]), max(widths[2], counts[2]))
    return text_of(_exported(), form, widths)


def _exported() -> Iterator[dict[str, Any]]:
    for batch in _batches(COLUMNS):
        yield from map(as_given, batch)


def _batches(names: Sequence[str]) -> Iterator[list[Mapping[str, Any]]]:
    """These columns of the exported rows, batch by batch, each read in a transaction of its own."""
    columns = [CachedQuestion.id, *(getattr(CachedQuestion, name) for name in names)]
    after = 0
    while True:
        some = select(*columns).where(CachedQuestion.id > after, *_EXPORTED).order_by(CachedQuestion.id).limit(BATCH)
        with transaction() as session:
            rows = [dict(row) for row in session.execute(some).mappings()]
        if not rows:
            return
        yield list(rows)
        after = rows[-1]["id"]


def _read(order: LibraryImport) -> _Import:
    """Check every row by itself, and that no two have the same reference."""
    read = _Import()
    first_with: dict[str, int] = {}
    for row in rows_of(order.content, order.format):
        read.rows = row.number
        if row.number > MAX_ROWS:
            raise InvalidRequest(f"The file has more than {MAX_ROWS:,} rows: import it in parts.")
        if row.question is None:
            assert row.problem is not None
            read.problems.append(_problem(row.number, row.problem.field, f"The row {row.problem.message}."))
            continue
        try:
            given = LibraryQuestion.model_validate(row.question)
        except ValidationError as error:
            read.problems += _told(row.number, error, order.format)
            continue
        if given.reference is not None:
            first = first_with.setdefault(given.reference, row.number)
            if first != row.number:
                sentence = f"reference “{given.reference}” is that of row {first} already."
                read.problems.append(_problem(row.number, "reference", sentence))
        read.columns[row.number] = columns_of(given)
    return read


def _told(number: int, error: ValidationError, form: TransferFormat) -> Iterator[RowProblemView]:
    for problem in problems_of(error):
        name = field_name(problem.field, form)
        yield _problem(number, name, name + problem.message.removeprefix(problem.field))


@dataclass
class _Stored:
    imported: int = 0
    updated: int = 0
    problems: list[RowProblemView] = field(default_factory=list)


def _store(read: _Import, order: LibraryImport, user_id: str, session: Session) -> _Stored:
    """Write all rows, unless one has a problem; a dry run only counts."""
    known = _known_references(session, [columns["reference"] for columns in read.columns.values()])
    new = {number: columns for number, columns in read.columns.items() if columns["reference"] not in known}
    old = {number: columns for number, columns in read.columns.items() if number not in new}
    stored = _Stored()
    if order.on_conflict == "refuse":
        for number, columns in old.items():
            sentence = f"reference “{columns['reference']}” is in the library already: import with on_conflict=update."
            stored.problems.append(_problem(number, "reference", sentence))
    if read.problems or stored.problems:
        return stored
    stored.imported, stored.updated = len(new), len(old)
    if order.dry_run or not read.columns:
        return stored
    variants = _Variants(session, [columns["request_hash"] for columns in read.columns.values()])
    now = utc_now()
    written = {"prompt_version": LIBRARY_VERSION, "model": PEOPLE, "created_by_user_id": user_id, "created_at": now}
    written |= {"revision": 1, "usage_count": 0, "complaints": 0}
    for some in _in_batches(new.values()):
        session.execute(insert(CachedQuestion), [{**columns, **variants.next(columns), **written} for columns in some])
    _update(session, [(known[columns["reference"]], columns) for columns in old.values()], variants, user_id)
    log_change(session, OPERATION, "", user_id)
    return stored


def _update(
    session: Session,
    changes: Iterable[tuple[Mapping[str, Any], dict[str, Any]]],
    variants: _Variants,
    user_id: str,
) -> None:
    """Give known questions other contents. A retired one is brought back."""
    not_retired = {"retired_at": None, "retired_reason": None, "retired_url": None, "retired_by_user_id": None}
    edited = {"edited_by_user_id": user_id, "edited_at": utc_now()}
    rows = [
        {
            **columns,
            **not_retired,
            **edited,
            **(variants.next(columns) if columns["request_hash"] != before["request_hash"] else variants.same(before)),
            "id": before["id"],
            "revision": before["revision"] + 1,
        }
        for before, columns in changes
    ]
    for some in _in_batches(rows):
        session.execute(update(CachedQuestion), some)


class _Variants:
    """Numbers the variants of questions for equal topics."""

    def __init__(self, session: Session, hashes: Iterable[str]) -> None:
        self._newest: Counter[str] = Counter()
        of = CachedQuestion.request_hash
        for some in _in_batches(sorted(set(hashes))):
            newest = select(of, func.max(CachedQuestion.variant)).where(of.in_(some)).group_by(of)
            self._newest.update({requested: variant for requested, variant in session.execute(newest)})

    def next(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The number of one more variant, and its key."""
        requested = columns["request_hash"]
        self._newest[requested] += 1
        return {"variant": self._newest[requested], "cache_key": cache_key(requested, self._newest[requested])}

    def same(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The number and key that a question has."""
        return {"variant": before["variant"], "cache_key": before["cache_key"]}


def _known_references(session: Session, references: Iterable[str | None]) -> dict[str, Mapping[str, Any]]:
    """The questions that have one of these references."""
    names = ("id", "reference", "request_hash", "variant", "cache_key", "revision")
    columns = [getattr(CachedQuestion, name) for name in names]
    known: dict[str, Mapping[str, Any]] = {}
    for some in _in_batches(sorted({name for name in references if name is not None})):
        found = session.execute(select(*columns).where(CachedQuestion.reference.in_(some))).mappings()
        known |= {row["reference"]: dict(row) for row in found}
    return known


def _in_batches(values: Iterable[V]) -> Iterator[list[V]]:
    rest = iter(values)
    while some := list(islice(rest, BATCH)):
        yield some


def _findings(read: _Import) -> dict[str, int] | None:
    if read.rows > MAX_CHECKED:
        return None
    rows = (CachedQuestion(**columns) for columns in read.columns.values())
    return dict(Counter(finding.kind for row in rows for finding in library_findings(row)))


def _problem(row: int, field_of_it: str, message: str) -> RowProblemView:
    return RowProblemView(row=row, field=field_of_it, message=f"Row {row}: {message}")
