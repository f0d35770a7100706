"""`flask evidence verify`: every way to change the history afterwards shows, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, inspect, select, text, update

from models import CachedQuestion, HistoryEntry, Interview, InterviewQuestion, JobDescription
from techscreen.operations import evidence_check
from techscreen.storage.history import FIRST_HASH, INTERVIEW_STATE, JOB_DESCRIPTION_STATE, QUESTION_STATE, hash_of
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, MakeApp, on_sqlite, with_starter_library

HEADERS = {**ADMIN, "If-Match": "*"}


@pytest.fixture
def app(make_app: MakeApp) -> Any:
    app = with_starter_library(make_app(CLAUDE_MODE="offline"))
    with app.app_context():
        yield app


@pytest.fixture
def interview_id(app: Flask, client: FlaskClient, requisition: dict[str, Any]) -> int:
    """An interview with five steps, and one of another requisition that nobody touches."""
    for req_id in ("REQ-OTHER", "REQ-12345"):
        answer = client.post(
            "/api/interview/workflow/full", json={**requisition, "req_id": req_id, "basic_level": req_id}, headers=ADMIN
        )
        assert answer.status_code == 200, answer.text
    interview_id: int = answer.json["interview_id"]
    for number in range(4):
        name = {"interview_name": f"Panel {number}"}
        assert client.patch(f"/api/interview/{interview_id}", json=name, headers=HEADERS).status_code == 200
    return interview_id


def verify(app: Flask, *options: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["evidence", "verify", *options])
    return result.exit_code, result.output


def entry_of(interview_id: int, number: int) -> Any:
    ours = HistoryEntry.subject == "interview", HistoryEntry.subject_id == interview_id
    return [*ours, HistoryEntry.revision == number]


def changed(interview_id: int, number: int, **values: Any) -> None:
    """Change an entry, and give it the hash that it would have had."""
    with transaction() as session:
        entry = session.scalars(select(HistoryEntry).where(*entry_of(interview_id, number))).one()
        for name, value in values.items():
            setattr(entry, name, value)
        entry.entry_hash = hash_of(entry)


def execute(*statements: Any) -> None:
    with transaction() as session:
        for statement in statements:
            session.execute(statement)


def test_what_was_only_edited_is_sound(app: Flask, client: FlaskClient, interview_id: int) -> None:
    questions = f"/api/interview/{interview_id}/questions"
    client.patch(f"{questions}/2", json={"question_text": "How do you … 😀 test it?", "minutes": 7}, headers=HEADERS)
    client.patch("/api/interview/jd/REQ-12345", json={"enhanced_title": "Größe"}, headers=HEADERS)
    alternatives = f"{questions}/3/alternatives"
    offered = client.post(alternatives, json={"kind": "other_topic"}, headers=ADMIN)
    assert offered.status_code == 200, offered.text
    assert client.post(f"{alternatives}/1/accept", headers=HEADERS).status_code == 200
    exported = client.get(f"/api/interview/{interview_id}/export?format=json", headers=ADMIN).json
    imported = client.post("/api/interview/import", json={"interview": exported, "req_id": "REQ-12345"}, headers=ADMIN)
    assert imported.status_code == 200, imported.text
    for way, body in (("publish", {"note": "Ja."}), ("archive", {}), ("revise", {})):
        answer = client.post(f"/api/interview/{interview_id}/{way}", json=body, headers=HEADERS)
        assert answer.status_code == 200, answer.text
    assert client.delete(f"/api/interview/{answer.json['interview']['id']}", headers=HEADERS).status_code == 200
    execute(delete(CachedQuestion))  # as `flask cache prune` may do

    assert verify(app) == (0, "Sound: 16 entries of 6 histories.\n")
    assert verify(app, "--req-id", "REQ-OTHER") == (0, "Sound: 2 entries of 2 histories.\n")
    assert verify(app, "--req-id", "REQ-NONE") == (0, "Sound: 0 entries of 0 histories.\n")


def test_whatever_was_before_histories_needs_none(app: Flask, client: FlaskClient, interview_id: int) -> None:
    execute(delete(HistoryEntry), update(Interview).values(revision=0), update(JobDescription).values(revision=0))

    assert verify(app) == (0, "Sound: 0 entries of 0 histories.\n")
    assert (
        client.patch(f"/api/interview/{interview_id}", json={"interview_name": "N"}, headers=HEADERS).status_code == 200
    )
    assert verify(app) == (0, "Sound: 2 entries of 1 history.\n")


Tampering = Callable[[int], None]
TAMPERINGS: dict[str, tuple[Tampering, list[str]]] = {
    "a user": (
        lambda id_: execute(update(HistoryEntry).where(*entry_of(id_, 3)).values(user_id="mallory")),
        ["change 3 of interview {id} does not fit its hash: it was changed."],
    ),
    "a user and the hash": (
        lambda id_: changed(id_, 3, user_id="mallory"),
        ["change 4 of interview {id} does not carry the hash of change 3: one of the two was changed."],
    ),
    "a state": (
        lambda id_: execute(update(HistoryEntry).where(*entry_of(id_, 2)).values(state={"questions": []})),
        ["change 2 of interview {id} does not fit its hash: it was changed."],
    ),
    "the first removed": (
        lambda id_: execute(delete(HistoryEntry).where(*entry_of(id_, 1))),
        ["change 2 of interview {id} is the first that is left: those before it are gone."],
    ),
    "the first removed and the next made the first": (
        lambda id_: (
            execute(delete(HistoryEntry).where(*entry_of(id_, 1))),
            changed(id_, 2, previous_hash=FIRST_HASH),
        )[-1],
        [
            "change 2 of interview {id} is the first that is left: those before it are gone.",
            "change 3 of interview {id} does not carry the hash of change 2: one of the two was changed.",
        ],
    ),
    "one removed": (
        lambda id_: execute(delete(HistoryEntry).where(*entry_of(id_, 3))),
        ["change 4 of interview {id} follows change 2: those between are gone."],
    ),
    "the newest removed": (
        lambda id_: execute(delete(HistoryEntry).where(*entry_of(id_, 5))),
        ["change 4 of interview {id} is the newest that is left, but there were 5."],
    ),
    "all removed": (
        lambda id_: execute(delete(HistoryEntry).where(HistoryEntry.req_id == "REQ-12345")),
        [
            "interview {id} is at change 5, but its history is gone.",
            "job description {description} is at change 1, but its history is gone.",
        ],
    ),
    "the interview's name": (
        lambda id_: execute(update(Interview).where(Interview.id == id_).values(interview_name="Panel X")),
        ["change 5 of interview {id} has another interview_name than what is stored now."],
    ),
    "a question": (
        lambda id_: execute(
            update(InterviewQuestion)
            .where(InterviewQuestion.interview_id == id_, InterviewQuestion.question_number == 2)
            .values(question_text="Another?")
        ),
        ["change 5 of interview {id} has another questions.1.question_text than what is stored now."],
    ),
    "a question removed": (
        lambda id_: execute(
            delete(InterviewQuestion).where(
                InterviewQuestion.interview_id == id_, InterviewQuestion.question_number == 5
            )
        ),
        ["change 5 of interview {id} has another number of questions than what is stored now."],
    ),
    "an older revision put back": (
        lambda id_: execute(update(Interview).where(Interview.id == id_).values(revision=4, interview_name="Panel 2")),
        ["change 5 of interview {id} is newer than what is stored, which is that of change 4."],
    ),
    "quietly deleted": (
        lambda id_: execute(update(Interview).where(Interview.id == id_).values(deleted_at=Interview.created_at)),
        ["change 5 of interview {id} has another deletion than what is stored now."],
    ),
    "the interview removed": (
        lambda id_: execute(
            delete(InterviewQuestion).where(InterviewQuestion.interview_id == id_),
            delete(Interview).where(Interview.id == id_),
        ),
        ["change 5 of interview {id} is the newest of something that is not stored any more."],
    ),
    "the description": (
        lambda id_: execute(
            update(JobDescription).where(JobDescription.req_id == "REQ-12345").values(enhanced_title="Other")
        ),
        ["change 1 of job description {description} has another enhanced_title than what is stored now."],
    ),
}


@pytest.mark.parametrize("database_url", ["sqlite", "mariadb"], indirect=True)
def test_every_tampering_is_named(app: Flask, client: FlaskClient, interview_id: int) -> None:
    with transaction() as session:
        before = {
            table: [dict(row._mapping) for row in session.execute(select(table.__table__))]
            for table in (JobDescription, Interview, InterviewQuestion, HistoryEntry)
        }
    ids = {
        "id": interview_id,
        "description": next(row["id"] for row in before[JobDescription] if row["req_id"] == "REQ-12345"),
    }
    wrong = {}
    for name, (tamper, sentences) in TAMPERINGS.items():
        tamper(interview_id)
        expected = [f"Requisition REQ-12345: {sentence.format(**ids)}" for sentence in sentences]
        code, said = verify(app, "--req-id", "REQ-12345")
        lines = said.splitlines()
        if (code, lines[:-1]) != (1, expected) or verify(app)[1].splitlines()[:-1] != expected:
            wrong[name] = lines
        with transaction() as session:
            for table in (HistoryEntry, InterviewQuestion, Interview):
                session.execute(delete(table))
            session.execute(update(JobDescription).values(enhanced_title=None))
            for row in before[JobDescription]:
                session.execute(update(JobDescription).where(JobDescription.id == row["id"]).values(row))
            for table in (Interview, InterviewQuestion, HistoryEntry):
                session.execute(table.__table__.insert(), before[table])
            session.expunge_all()
    assert wrong == {}
    assert verify(app)[0] == 0


@on_sqlite
def test_unreadable_entries_and_made_up_subjects_are_named(app: Flask, interview_id: int) -> None:
    execute(
        text("UPDATE history_entries SET state = '{' WHERE subject = 'interview' AND revision = 4"),
        text("UPDATE history_entries SET subject = 'invoice' WHERE subject = 'interview' AND revision = 5"),
    )

    code, said = verify(app)

    assert code == 1
    assert f"change 3 of interview {interview_id} is followed by an entry that cannot be read" in said
    assert f"change 5 of invoice {interview_id} does not fit its hash" in said
    changed(interview_id, 3, state={"questions": [1, 2, 3, 4, 5]})
    execute(
        delete(HistoryEntry).where(HistoryEntry.subject == "interview", HistoryEntry.revision > 3),
        update(Interview).where(Interview.id == interview_id).values(revision=3),
    )
    assert f"change 3 of interview {interview_id} holds no state of ours." in verify(app)[1]


def test_kept_hashes_find_a_history_that_was_written_anew(
    app: Flask, client: FlaskClient, interview_id: int, tmp_path: Path
) -> None:
    code, heads = verify(app, "--heads")
    kept = tmp_path / "heads"
    kept.write_text(heads.replace("Sound: 8 entries of 4 histories.\n", ""))
    assert (code, len(kept.read_text().splitlines())) == (0, 4)
    client.patch(f"/api/interview/{interview_id}", json={"interview_name": "Later"}, headers=HEADERS)
    assert verify(app, "--against", str(kept)) == (0, "Sound: 9 entries of 4 histories. 4 kept hashes compared.\n")

    # The newest can be given another user and hash: nothing within the database shows it.
    changed(interview_id, 5, user_id="mallory")
    with transaction() as session:
        fifth = session.scalars(select(HistoryEntry.entry_hash).where(*entry_of(interview_id, 5))).one()
    changed(interview_id, 6, previous_hash=fifth)
    assert verify(app)[0] == 0
    code, said = verify(app, "--against", str(kept))
    assert (code, said.splitlines()[0]) == (
        1,
        f"Requisition REQ-12345: change 5 of interview {interview_id} has another hash than was kept.",
    )

    execute(delete(HistoryEntry), update(Interview).values(revision=0), update(JobDescription).values(revision=0))
    assert verify(app)[0] == 0
    code, said = verify(app, "--against", str(kept), "--req-id", "REQ-12345")
    assert (code, said.count("is gone, but its hash was kept")) == (1, 2)
    kept.write_text("no hash\n")
    assert verify(app, "--against", str(kept))[0] == 2


@on_sqlite
def test_few_entries_are_read_at_a_time_and_changes_meanwhile_are_no_problem(
    app: Flask, client: FlaskClient, interview_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = evidence_check._Walk._read
    sizes: list[int] = []

    def reading(walk: Any, batch: int) -> Any:
        if len(sizes) == 1:  # between the stored interview and the rest of its history
            client.patch(f"/api/interview/{interview_id}", json={"interview_name": "Now"}, headers=HEADERS)
        found = read(walk, batch)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(evidence_check._Walk, "_read", reading)

    walked = list(evidence_check.walk_histories("REQ-12345", batch=2))

    assert max(sizes) == 2
    assert [(one.entries, list(one.problems)) for one in walked] == [(6, []), (1, [])]


def test_every_column_is_kept_in_the_history_or_decides_nothing() -> None:
    kept = {Interview: INTERVIEW_STATE, InterviewQuestion: QUESTION_STATE, JobDescription: JOB_DESCRIPTION_STATE}
    not_kept = {
        # The subject and the number of the entry itself, and what is worked out from the rest.
        Interview: {
            *{"id", "req_id", "revision", "edited_at", "quality"},
            "deleted_at",  # told by the step
        },
        InterviewQuestion: {"id", "interview_id", "created_at", "cached_topic", "similarity"},
        JobDescription: {
            *{"id", "req_id", "revision", "created_at", "edited_at", "quality", "enhanced_at", "enhancement_asked_at"}
        },
    }
    for table, names in kept.items():
        columns = {column.key for column in inspect(table).column_attrs}
        assert columns - set(names) == not_kept[table], table.__name__
