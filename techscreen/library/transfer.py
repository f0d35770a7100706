"""Imports and exports of the library. A file comes in and is stored as a whole or not at all; or a file goes out.

All rows are checked first; one for a known question is merged with what that has. Then one transaction stores them,
with as few statements as there are batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models import CachedQuestion, utc_now
from techscreen.errors import NotImportable
from techscreen.generation.audit_log import log_change
from techscreen.library.findings import library_findings
from techscreen.library.formats import text_of
from techscreen.library.import_rows import CheckedRows, GivenRows, Known, checked_rows, read_rows
from techscreen.library.questions import OPERATION
from techscreen.library.rows import COLUMNS, as_given
from techscreen.observability import metrics
from techscreen.question_cache.keys import LIBRARY_VERSION, cache_key
from techscreen.schemas.fields import MAX_SHORT_TEXT
from techscreen.schemas.library import (
    MAX_IGNORED,
    LibraryImport,
    LibraryImportAnswer,
    TransferFormat,
)
from techscreen.storage.transactions import run_in_transaction, transaction

V = TypeVar("V")
BATCH = 500
# Problems that an answer names; it says how many there are in all.
MAX_PROBLEMS = 1_000
# Rows up to which an import is checked at once: a question takes about 10 ms.
MAX_CHECKED = 50
_NUMBERED = ("id", "request_hash", "variant", "cache_key", "revision")
# Of which a question has several: in CSV they have numbered columns.
_NUMBERED_COLUMNS = ("technologies", "skills", "criteria", "follow_ups")
_EXPORTED = CachedQuestion.library_status.is_not(None), CachedQuestion.retired_at.is_(None)


def import_questions(order: LibraryImport, user_id: str) -> LibraryImportAnswer:
    """Store all questions of a file, or none.

    Raises:
        MalformedJson, InvalidRequest: if the file cannot be read, or has too many rows.
        NotImportable: if rows have problems; with all of them. A dry run answers with them.
    """
    file = read_rows(order)
    with transaction() as session:
        checked = checked_rows(file, _known(session, file.references), order)

    def store(session: Session) -> _Stored:
        nonlocal checked
        known = _known(session, file.references)
        if known != checked.known:  # somebody has changed one meanwhile
            checked = checked_rows(file, known, order)
        return _store(checked, order, user_id, session)

    stored = run_in_transaction(store)
    problems = sorted(checked.problems, key=lambda problem: problem.row)
    report = {
        "imported": stored.imported,
        "updated": stored.updated,
        "problems": problems[:MAX_PROBLEMS],
        "problems_total": len(problems),
        "ignored": sorted({name[:MAX_SHORT_TEXT] for name in file.ignored})[:MAX_IGNORED],
    }
    if problems and not order.dry_run:
        rows = len({problem.row for problem in problems})
        error = NotImportable(f"Nothing was imported: {rows} of {file.rows} rows have problems.")
        error.report = report
        raise error
    if not order.dry_run:
        metrics.changed(OPERATION)
    return LibraryImportAnswer(dry_run=order.dry_run, rows=file.rows, findings=_findings(file, checked), **report)


def export_questions(form: TransferFormat) -> Iterator[str]:
    """All questions but the retired ones as a file, in parts, the oldest first."""
    widths = dict.fromkeys(_NUMBERED_COLUMNS, 0)
    if form == "csv":
        for batch in _batches(_NUMBERED_COLUMNS):
            for row in batch:
                widths = {name: max(width, len(row[name] or ())) for name, width in widths.items()}
    return text_of(_exported(), form, list(widths.values()))


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


@dataclass
class _Stored:
    imported: int = 0
    updated: int = 0


def _store(checked: CheckedRows, order: LibraryImport, user_id: str, session: Session) -> _Stored:
    """Write all rows, unless one has a problem; a dry run only counts."""
    if checked.problems:
        return _Stored()
    known, rows = checked.known, checked.columns.values()
    new = [columns for columns in rows if columns["reference"] not in known]
    old = [(known[columns["reference"]], columns) for columns in rows if columns["reference"] in known]
    stored = _Stored(len(new), len(old))
    if order.dry_run or not rows:
        return stored
    _claim(session, [before for before, _ in old])
    variants = _Variants(session, [columns["request_hash"] for columns in rows])
    now = utc_now()
    written = {"prompt_version": LIBRARY_VERSION, "created_by_user_id": user_id, "created_at": now}
    written |= {"revision": 1, "usage_count": 0, "complaints": 0}
    for some in _in_batches(new):
        session.execute(insert(CachedQuestion), [{**columns, **variants.next(columns), **written} for columns in some])
    _update(session, old, variants, user_id)
    log_change(session, OPERATION, "", user_id)
    return stored


def _claim(session: Session, known: Iterable[Mapping[str, Any]]) -> None:
    """Lock known questions, so that nobody's change is overwritten by what they had before it.

    Raises:
        StaleDataError: if one has been changed since this transaction began.
    """
    for some in _in_batches(known):
        seen = {before["id"]: before["revision"] for before in some}
        now = select(CachedQuestion.id, CachedQuestion.revision).where(CachedQuestion.id.in_(seen)).with_for_update()
        if {row.id: row.revision for row in session.execute(now)} != seen:
            raise StaleDataError("A question was changed meanwhile.")


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


def _known(session: Session, references: Sequence[str]) -> Known:
    """The questions that have one of these references."""
    columns = [getattr(CachedQuestion, name) for name in (*_NUMBERED, *COLUMNS)]
    known: Known = {}
    for some in _in_batches(references):
        found = session.execute(select(*columns).where(CachedQuestion.reference.in_(some))).mappings()
        known |= {row["reference"]: dict(row) for row in found}
    return known


def _in_batches(values: Iterable[V]) -> Iterator[list[V]]:
    rest = iter(values)
    while some := list(islice(rest, BATCH)):
        yield some


def _findings(file: GivenRows, checked: CheckedRows) -> dict[str, int] | None:
    if file.rows > MAX_CHECKED:
        return None
    rows = (CachedQuestion(**columns) for columns in checked.columns.values())
    return dict(Counter(finding.kind for row in rows for finding in library_findings(row)))
