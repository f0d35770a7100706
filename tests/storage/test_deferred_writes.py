"""Writes that wait for the database: who may leave them, what one of them does to the others, and what they replace."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from interview_generation_service import topics_paid_for
from jd_enhancement_service import enhancement_paid_for
from models import GenerationLog, JobDescription
from techscreen.errors import Spending
from techscreen.generation.audit_log import generation_ended, open_audit_row
from techscreen.question_cache.reservations import question_paid_for
from techscreen.storage import deferred_writes, spool
from techscreen.storage.deferred_writes import defer, keep_deferred_writes, make_deferred_writes
from techscreen.storage.transactions import run_in_transaction, transaction
from techscreen.web.container import current_runtime
from tests.conftest import MakeApp
from tests.jobs.test_jobs import of_a_dead_process, rows
from tests.storage.test_outages import paid_for

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TOO_LARGE, SERVER_GONE, READ_ONLY = 1153, 2006, 1290
NOON = datetime(2025, 1, 1, 12)
TEXTS = {"basic_title": "Engineer", "basic_description": "Builds things."}


def spooling(make_app: MakeApp, folder: Path, numbers: range) -> Flask:
    """An app with writes in its folder."""
    app = make_app(SPOOL_DIR=str(folder))
    with app.app_context():
        for number in numbers:
            defer(question_paid_for, **paid_for(number))
    return app


def written(app: Flask) -> int:
    with app.app_context():
        return make_deferred_writes()


# ------------------------------------------------------------------------------------------------ the folder


def test_nothing_is_taken_from_a_folder_or_file_that_others_could_have_made(
    make_app: MakeApp, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    folder = tmp_path / "spool"
    app = spooling(make_app, folder, range(2))
    folder.chmod(0o770)
    assert written(app) + written(app) == 0
    assert caplog.text.count("must belong to this account") == 1
    folder.chmod(0o700)
    with monkeypatch.context() as patched:
        ours, fstat = os.getuid(), os.fstat
        patched.setattr(os, "fstat", lambda file: os.stat_result((*fstat(file)[:4], ours + 1, *fstat(file)[5:])))
        assert written(app) == 0
    target = next(folder.glob("*.json")).rename(tmp_path / "elsewhere")
    (folder / f"{prefix_of(app)}-link.json").symlink_to(target)

    assert written(app) == 1
    assert len(rows(database_url, "question_cache")) == 1


def prefix_of(app: Flask) -> str:
    prefix: str = app.extensions[deferred_writes.EXTENSION].spool.prefix
    return prefix


def test_a_folder_that_cannot_be_used_is_told_of_at_the_start_and_a_link_to_one_is_followed(
    make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared, real = tmp_path / "shared", tmp_path / "real"
    shared.mkdir()
    shared.chmod(0o770)
    make_app(SPOOL_DIR=str(shared))
    assert caplog.text.count("outstanding writes: ") == 1
    caplog.clear()
    (tmp_path / "link").symlink_to(real)
    app = spooling(make_app, tmp_path / "link", range(1))
    assert "outstanding writes: " not in caplog.text
    assert len(list(real.glob("*.json"))) == 1
    assert written(app) == 1


def test_no_two_databases_share_their_writes(database_url: str, tmp_path: Path) -> None:
    def prefix(url: str, place: str = "a") -> str:
        app = Flask("host", instance_path=str(tmp_path / place))
        app.config["SQLALCHEMY_DATABASE_URI"] = url
        keep_deferred_writes(app, tmp_path, "sqlite:////not/as/the/host/has/it.db")
        return prefix_of(app)

    assert prefix("sqlite:///x.db") != prefix("sqlite:///x.db", "b")
    assert prefix("sqlite:///x.db") == prefix(f"sqlite:///{tmp_path}/a/x.db", "b")
    mysql = "mysql+pymysql://u:{}@/x?unix_socket=/run/{}"
    assert prefix(mysql.format("p", "one")) != prefix(mysql.format("p", "two"))
    assert prefix(mysql.format("p", "one")) == prefix(mysql.format("q", "one"))


# ------------------------------------------------------------------------------------------------ one and the others


def test_one_that_cannot_be_read_or_understood_holds_up_none_behind_it(
    make_app: MakeApp, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "spool"
    app = spooling(make_app, folder, range(3))
    unreadable, undecodable, _ = sorted(folder.glob("*.json"))
    unreadable.unlink()
    unreadable.mkdir()
    undecodable.write_bytes(b'{"kind": "\xff"}')

    assert written(app) == 1
    assert sorted(file.suffix for file in folder.iterdir()) == [".json", ".rejected"]
    monkeypatch.setattr(spool, "LEFTOVERS_KEPT", -1)
    (folder / f"{prefix_of(app)}-0.unfinished").touch()
    assert written(app) == 0
    assert list(folder.iterdir()) == [unreadable]


@pytest.mark.parametrize(("number", "others"), [(TOO_LARGE, 4), (SERVER_GONE, 4), (READ_ONLY, 0)])
def test_one_that_the_server_refuses_waits_and_the_others_are_made(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, others: int
) -> None:
    refused = True

    def particular(session: Session, values: dict[str, Any]) -> None:
        if refused and "Question 0:" in values["question_text"]:
            raise OperationalError("INSERT", {}, Exception(number, "a fault of the test"))
        question_paid_for(session, values)

    monkeypatch.setitem(deferred_writes._writes, "question_paid_for", particular)
    folder = tmp_path / "spool"
    app = spooling(make_app, folder, range(3))
    with monkeypatch.context() as full:  # those in memory as well
        full.setattr(spool, "MAX_FILES", 0)
        with app.app_context():
            for several in (0, 3, 4):
                defer(question_paid_for, **paid_for(several))

    assert written(app) == others
    refused = False
    assert written(app) == 6 - others
    assert list(folder.iterdir()) == []


# ------------------------------------------------------------------------------------------------ what they replace


@pytest.fixture
def described(app: Flask) -> Callable[..., None]:
    """Stores the job description R, with these columns."""

    def store(**columns: Any) -> None:
        with app.app_context():
            run_in_transaction(
                lambda session: session.add(JobDescription(**TEXTS, req_id="R", created_by_user_id="u", **columns))
            )

    return store


@pytest.mark.parametrize(
    ("asked", "ended", "is_stored"),
    [
        (None, 5, True),
        (-1, 5, True),  # an older request that ended later
        (0, 0, True),
        (0, 5, False),
        (1, 0, False),
    ],
)
def test_an_enhancement_is_stored_later_if_no_newer_request_has_been_and_only_then_is_its_job_told(
    app: Flask, database_url: str, described: Callable[..., None], asked: int | None, ended: int, is_stored: bool
) -> None:
    minute = timedelta(minutes=1)
    described(
        enhanced_title="There already",
        enhancement_asked_at=None if asked is None else NOON + asked * minute,
        enhanced_at=NOON + ended * minute,
    )
    job_id = of_a_dead_process(app, {**TEXTS, "req_id": "R"})
    enhanced = {**TEXTS, "req_id": "R", "enhanced_title": "Paid for", "enhanced_at": NOON + 2 * minute}
    job = {"job_id": job_id, "attempts": 1, "progress": {}}
    with app.app_context():
        for _ in range(2):  # the second time changes nothing
            run_in_transaction(
                lambda session: enhancement_paid_for(
                    session, {"asked_at": NOON, "texts": TEXTS, "values": enhanced, "job": job}
                )
            )

    (row,) = rows(database_url, "job_descriptions")
    assert row["enhanced_title"] == ("Paid for" if is_stored else "There already")
    assert (rows(database_url)[0]["job_description_id"] is not None) == is_stored


def test_topics_are_stored_later_only_with_the_texts_that_they_were_made_from(
    app: Flask, database_url: str, described: Callable[..., None]
) -> None:
    described()
    for title in ("Other", "Engineer"):
        assert rows(database_url, "job_descriptions")[0]["language"] is None
        values = {
            "job_description_id": 1,
            "texts": {**TEXTS, "basic_title": title},
            "interview_topics": [],
            "language": "en",
        }
        with app.app_context():
            run_in_transaction(lambda session, values=values: topics_paid_for(session, values))  # type: ignore[misc]
    assert rows(database_url, "job_descriptions")[0]["language"] == "en"


def test_a_private_question_is_kept_though_another_requisition_has_the_same(app: Flask, database_url: str) -> None:
    with app.app_context():
        with transaction() as session:
            for owner in ("R1", "R2"):
                told = {"basic_title": "T", "basic_description": "D", "created_by_user_id": "anna"}
                session.add(JobDescription(req_id=owner, **told))
        for owner in ("R1", None, "R2", "R1", None):
            values = {**paid_for(1), **({"only_for_req_id": owner} if owner else {})}
            run_in_transaction(lambda session, values=values: question_paid_for(session, values))  # type: ignore[misc]
    assert [row["only_for_req_id"] for row in rows(database_url, "question_cache")] == ["R1", None, "R2"]


def test_an_audit_row_is_closed_only_by_its_own_process_and_never_turned_from_success_into_failure(
    app: Flask, database_url: str
) -> None:
    with app.app_context():
        audit = open_audit_row("jd_enhancement", req_id="R", user_id="u", claude=current_runtime().claude)
        closing = {"status": "failed", "tokens_used": 5}
        (row,) = rows(database_url, "generation_logs")
        own = {"id": row["id"], "req_id": "R", "process_id": row["process_id"]}

        def status_after(**others: str) -> str:
            run_in_transaction(lambda session: generation_ended(session, {**own, **others, "closing": closing}))
            found: str = rows(database_url, "generation_logs")[0]["status"]
            return found

        assert status_after(req_id="OTHER") == status_after(process_id="other") == "in_progress"
        run_in_transaction(lambda session: session.execute(update(GenerationLog).values(status="success")))
        assert status_after() == "success"
        run_in_transaction(lambda session: session.execute(update(GenerationLog).values(status="in_progress")))
        audit.finish(ValueError())
        assert rows(database_url, "generation_logs")[0]["status"] == "failed"


def test_what_a_call_has_cost_counts_though_it_was_cancelled_or_its_first_note_rolled_back(
    app: Flask, database_url: str
) -> None:
    call: Future[Any] = Future()

    class Cancelled:
        model, prompt_version = "m", "1"

        def submit(self, *given: Any) -> Future[Any]:
            given[-1](Spending(input_tokens=7))
            call.cancel()
            return call

    claude: Any = Cancelled()
    with app.app_context():
        audit = open_audit_row("jd_enhancement", req_id="R", user_id="u", claude=claude)
        audit.ask(claude, *[None] * 3)  # type: ignore[arg-type]
        with suppress(ZeroDivisionError), transaction() as session:
            audit.save_spending(session)
            raise ZeroDivisionError
        audit.save_spending()
        assert rows(database_url, "generation_logs")[0]["tokens_used"] == 7
        with pytest.raises(CancelledError), audit:
            audit.take(call)
    (row,) = rows(database_url, "generation_logs")
    assert (row["tokens_used"], row["tokens_are_lower_bound"], row["status"]) == (7, True, "failed")
