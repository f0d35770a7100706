"""Verification of the history: whether entries were changed, put in or taken out after they were written.

Each history is walked from its first entry to its newest, a few at a time, and compared with what is stored now. What
is wrong goes out, sentence by sentence, with the newest hash of each history. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from models import GenerationLog, HistoryEntry, Interview, JobDescription
from techscreen.storage.history import FIRST_HASH, hash_of, state_of
from techscreen.storage.transactions import FRESH, transaction

BATCH = 50
# How often a history is walked that goes on while it is walked.
TRIES = 3
TABLES: Mapping[str, type[Interview] | type[JobDescription]] = {
    "interview": Interview,
    "job_description": JobDescription,
}
# It becomes null when the question is pruned from the cache, which is no change of the interview.
MAY_VANISH = "cached_question_id"


@dataclass(frozen=True)
class Head:
    """An entry and its hash, such as the newest of a history."""

    subject: str
    subject_id: int
    revision: int
    entry_hash: str
    req_id: str

    @property
    def place(self) -> tuple[str, int, int]:
        """Which entry it is."""
        return self.subject, self.subject_id, self.revision


@dataclass(frozen=True)
class Walked:
    """What was found in one history: its newest entry if it has any, how many there are, and what is wrong."""

    head: Head | None
    entries: int
    problems: Sequence[str]


@dataclass(frozen=True)
class _Stored:
    """What a history is about, as it is stored now."""

    revision: int
    req_id: str
    is_deleted: bool
    state: Mapping[str, Any]


def walk_histories(req_id: str | None = None, kept: Sequence[Head] = (), *, batch: int = BATCH) -> Iterator[Walked]:
    """Verify every history, or those of one requisition.

    Args:
        req_id: which requisition; all by default.
        kept: hashes that were kept elsewhere: each must still be there, as it was.
        batch: how many entries to read at a time.
    """
    expected: dict[tuple[str, int], list[Head]] = {}
    for head in kept:
        if req_id is None or head.req_id == req_id:
            expected.setdefault((head.subject, head.subject_id), []).append(head)
    for subject in [*TABLES, *_unknown_subjects(req_id)]:
        for subject_id in _subject_ids(subject, req_id, batch):
            yield _walk(subject, subject_id, expected.pop((subject, subject_id), []), batch)
    for gone in expected.values():
        sentence = f"is gone, but its hash was kept{_erasure_of(gone[0])}"
        yield Walked(None, 0, [_told(gone[0].req_id, *head.place, sentence) for head in gone])


def _erasure_of(head: Head) -> str:
    """What the audit trail says of why a history is gone: anybody who can remove one could have written that too."""
    rows = select(GenerationLog).where(GenerationLog.req_id == head.req_id, GenerationLog.operation_type == "erase")
    with transaction() as session:
        for row in session.scalars(rows.order_by(GenerationLog.id.desc())):
            is_all = bool((row.erased or {}).get("job_descriptions"))
            if is_all or (head.subject, head.subject_id) == ("interview", row.result_id):
                at = row.started_at.isoformat(timespec="seconds")
                return f" (the audit trail says that {row.user_id} has erased it, {at})"
    return ""


def _unknown_subjects(req_id: str | None) -> Sequence[str]:
    """What entries claim to be about that no entry is about."""
    others = select(HistoryEntry.subject).where(HistoryEntry.subject.not_in(TABLES), *_of(HistoryEntry.req_id, req_id))
    with transaction() as session:
        return session.scalars(others.distinct()).all()


def _subject_ids(subject: str, req_id: str | None, batch: int) -> Iterator[int]:
    """The ids of all that has a history, or should have one."""
    entries = HistoryEntry.subject == subject, *_of(HistoryEntry.req_id, req_id)
    with_entries = select(HistoryEntry.subject_id).where(*entries).distinct().order_by(HistoryEntry.subject_id)
    sources = [(HistoryEntry.subject_id, with_entries)]
    table = TABLES.get(subject)
    if table is not None:
        changed = select(table.id).where(table.revision > 0, *_of(table.req_id, req_id)).order_by(table.id)
        sources.append((table.id, changed))
    last = -1
    while True:
        with transaction() as session:
            found = {each for column, ids in sources for each in session.scalars(ids.where(column > last).limit(batch))}
        page = sorted(found)[:batch]
        if not page:
            return
        yield from page
        last = page[-1]


def _of(column: Any, req_id: str | None) -> list[ColumnElement[bool]]:
    return [] if req_id is None else [column == req_id]


def _walk(subject: str, subject_id: int, kept: Sequence[Head], batch: int) -> Walked:
    for _ in range(TRIES):
        try:
            # Read first, so that whatever changes meanwhile has an entry that is newer.
            stored = _stored(subject, subject_id)
        except ValueError as error:
            return Walked(
                None, 0, [f"{_name(subject, subject_id).capitalize()}: what is stored cannot be read ({error})."]
            )
        walk = _Walk(subject, subject_id, kept)
        walk.through(batch)
        walk.compare(stored)
        if not walk.is_ahead_of(stored):
            break
    return walk.result()


class _Walk:
    """One way through a history, and what is wrong on it."""

    def __init__(self, subject: str, subject_id: int, kept: Sequence[Head]) -> None:
        self._subject, self._subject_id = subject, subject_id
        self._kept = {head.revision: head for head in kept}
        self._newest: HistoryEntry | None = None
        self._fits = True  # whether the newest entry fits its hash
        self._count = 0
        self._problems: list[str] = []

    def through(self, batch: int) -> None:
        """Read all entries in their order, and check each."""
        while True:
            try:
                entries = self._read(batch)
            except ValueError as error:
                if batch > 1:
                    batch = 1  # up to the very one
                    continue
                self._add_unreadable(error)
                return
            for entry in entries:
                self._check(entry)
            if len(entries) < batch:
                break
        for head in self._kept.values():
            self._problems.append(_told(head.req_id, *head.place, "is gone, but its hash was kept"))

    def compare(self, stored: _Stored | None) -> None:
        """Compare the newest entry with what is stored now."""
        newest = self._newest
        if newest is None:
            if stored is not None and stored.revision > 0:
                self._problems.append(
                    f"{_named(stored.req_id)}: {_name(self._subject, self._subject_id)} is at change "
                    f"{stored.revision}, but its history is gone."
                )
        elif stored is None:
            self._add(newest, "is the newest of something that is not stored any more")
        elif stored.revision > newest.revision:
            self._add(newest, f"is the newest that is left, but there were {stored.revision}")
        elif stored.revision < newest.revision:
            self._add(newest, f"is newer than what is stored, which is that of change {stored.revision}")
        elif self._fits:
            try:
                names = _differing(newest, stored)
            except (AttributeError, TypeError):
                self._add(newest, "holds no state of ours")
            else:
                for name in names:
                    self._add(newest, f"has another {name} than what is stored now")

    def is_ahead_of(self, stored: _Stored | None) -> bool:
        """Whether the history has gone on since."""
        return stored is not None and self._newest is not None and self._newest.revision > stored.revision

    def result(self) -> Walked:
        """What was found."""
        newest = self._newest
        head = None
        if newest is not None:
            head = Head(newest.subject, newest.subject_id, newest.revision, newest.entry_hash, newest.req_id)
        return Walked(head, self._count, self._problems)

    def _read(self, batch: int) -> Sequence[HistoryEntry]:
        ours = [HistoryEntry.subject == self._subject, HistoryEntry.subject_id == self._subject_id]
        if self._newest is not None:
            ours.append(HistoryEntry.revision > self._newest.revision)
        with transaction() as session:
            some = select(HistoryEntry).where(*ours).order_by(HistoryEntry.revision).limit(batch)
            return session.scalars(some, execution_options=FRESH).all()

    def _check(self, entry: HistoryEntry) -> None:
        before = self._newest
        self._count += 1
        self._fits = hash_of(entry) == entry.entry_hash
        if not self._fits:
            self._add(entry, "does not fit its hash: it was changed")
        if before is None:
            if entry.previous_hash != FIRST_HASH or entry.revision not in (0, 1):
                self._add(entry, "is the first that is left: those before it are gone")
        elif entry.revision != before.revision + 1:
            self._add(entry, f"follows change {before.revision}: those between are gone")
        elif entry.previous_hash != before.entry_hash:
            self._add(entry, f"does not carry the hash of change {before.revision}: one of the two was changed")
        kept = self._kept.pop(entry.revision, None)
        if kept is not None and kept.entry_hash != entry.entry_hash:
            self._add(entry, "has another hash than was kept")
        self._newest = entry

    def _add(self, entry: HistoryEntry, sentence: str) -> None:
        self._problems.append(_told(entry.req_id, self._subject, self._subject_id, entry.revision, sentence))

    def _add_unreadable(self, error: ValueError) -> None:
        if self._newest is None:
            sentence = f"the first entry cannot be read ({error})"
            self._problems.append(f"{_name(self._subject, self._subject_id).capitalize()}: {sentence}.")
        else:
            self._add(self._newest, f"is followed by an entry that cannot be read ({error})")


def _stored(subject: str, subject_id: int) -> _Stored | None:
    table = TABLES.get(subject)
    if table is None:
        return None

    with transaction() as session:
        this = select(table).where(table.id == subject_id)
        row: Any = session.scalar(this, execution_options=FRESH)
        if row is None:
            return None
        is_deleted = isinstance(row, Interview) and row.deleted_at is not None
        return _Stored(row.revision, row.req_id, is_deleted, state_of(row))


def _differing(newest: HistoryEntry, stored: _Stored) -> list[str]:
    """Names of what the newest entry says otherwise. What only one release keeps is not compared."""
    kept, now = newest.state, stored.state
    names = [name for name in now if name != "questions" and name in kept and kept[name] != now[name]]
    if newest.req_id != stored.req_id:
        names.append("req_id")
    if (newest.operation == "deleted") != stored.is_deleted:
        names.append("deletion")
    questions, questions_now = kept.get("questions", []), now.get("questions", [])
    if len(questions) != len(questions_now):
        return [*names, "number of questions"]
    for place, (question, question_now) in enumerate(zip(questions, questions_now, strict=True)):
        names += [
            f"questions.{place}.{name}"
            for name in question_now
            if name in question
            and question[name] != question_now[name]
            and not (name == MAY_VANISH and question_now[name] is None)
        ]
    return names


def _told(req_id: str, subject: str, subject_id: int, revision: int, sentence: str) -> str:
    return f"{_named(req_id)}: change {revision} of {_name(subject, subject_id)} {sentence}."


def _named(req_id: str) -> str:
    return f"Requisition {req_id}"


def _name(subject: str, subject_id: int) -> str:
    return f"{subject.replace('_', ' ')} {subject_id}"
