"""What only a real database shows, on SQLite and on MariaDB: migrations, collations, room, races."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.pool import NullPool

import config
from config import MAX_STORED
from models import Base, CachedQuestion, GenerationLog, Interview, InterviewQuestion, JobDescription, db, utc_now
from techscreen.errors import DatabaseUnavailable
from techscreen.observability.request_id import USABLE_REQUEST_ID
from techscreen.schemas.fields import MAX_REQ_ID, MAX_SHORT_TEXT
from techscreen.storage import liveness
from techscreen.storage.transactions import transaction
from techscreen.web.auth import MAX_USER_ID
from techscreen.web.dispatch import MAX_KEY
from tests.conftest import ADMIN, MakeApp, migrate
from tests.support.fake_claude import FakeClaude, Reply

SPECIFIED = {
    "job_descriptions": "id req_id basic_title basic_description basic_department basic_level enhanced_title "
    "enhanced_description created_by_user_id created_at enhanced_at",
    "interviews": "id job_description_id req_id interview_name created_by_user_id created_at status version",
    "interview_questions": "id interview_id question_number question_text question_type criteria created_at",
    "question_cache": "id cache_key request_hash topic skill_level question_text criteria created_at last_used_at "
    "usage_count",
    "generation_logs": "id operation_type req_id user_id status error_message tokens_used started_at completed_at",
}


@pytest.fixture
def alembic_on(database_url: str) -> Any:
    """Runs an Alembic command on the test's database."""

    def run(what: Any, *arguments: str) -> None:
        alembic = Config(Path(config.PROJECT_FOLDER) / "alembic.ini")
        with create_engine(database_url, poolclass=NullPool).begin() as connection:
            alembic.attributes["connection"] = connection
            what(alembic, *arguments)

    return run


def test_migrations_go_down_and_up_again_and_leave_nothing_to_do(database_url: str, alembic_on: Any) -> None:
    engine = create_engine(database_url, poolclass=NullPool)
    alembic_on(command.downgrade, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    alembic_on(command.upgrade, "head")

    assert set(SPECIFIED) <= set(inspect(engine).get_table_names())
    alembic_on(command.check)


def test_every_specified_column_is_there(database_url: str) -> None:
    inspector = inspect(create_engine(database_url, poolclass=NullPool))
    for table, columns in SPECIFIED.items():
        assert set(columns.split()) <= {column["name"] for column in inspector.get_columns(table)}


def test_whatever_of_a_setting_or_a_header_is_stored_fits_its_column() -> None:
    lengths = {
        "model": MAX_STORED,
        "user_id": MAX_USER_ID,
        "created_by_user_id": MAX_USER_ID,
        "retired_by_user_id": MAX_USER_ID,
        "idempotency_key": MAX_KEY,
        "request_id": 128,
        "req_id": MAX_REQ_ID,
        "interview_name": MAX_SHORT_TEXT,
        "host": len(liveness._host() or ""),
    }
    found = [
        (table.name, column.name, column.type.length)  # type: ignore[attr-defined]
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name in lengths and column.type.length < lengths[column.name]  # type: ignore[attr-defined]
    ]
    assert found == []
    assert USABLE_REQUEST_ID.fullmatch("x" * 128)
    assert not USABLE_REQUEST_ID.fullmatch("x" * 129)


def test_create_all_makes_the_same_tables_as_the_migrations(tmp_path: Path) -> None:
    made, migrated = f"sqlite:///{tmp_path / 'made.db'}", f"sqlite:///{tmp_path / 'migrated.db'}"
    engine = create_engine(made, poolclass=NullPool)
    db.metadata.create_all(engine)
    migrate(migrated)

    def shape(url: str) -> dict[str, Any]:
        inspector = inspect(create_engine(url, poolclass=NullPool))
        return {
            table: (
                sorted((c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)),
                sorted((i["name"] or "", i["column_names"]) for i in inspector.get_indexes(table)),
                sorted((u["name"] or "", u["column_names"]) for u in inspector.get_unique_constraints(table)),
            )
            for table in SPECIFIED
        }

    assert shape(made) == shape(migrated)


def test_requisition_ids_are_compared_exactly(app: Flask) -> None:
    ids = ["REQ-1", "req-1", "RÉQ-1", "REQ-1 ", " REQ-1", "REQ-😀", "REQ-😁", "REQ-ß", "REQ-ss", "REQ-1/"]
    with app.app_context():
        with transaction() as session:
            session.add_all(_job_description(req_id) for req_id in ids)
        for req_id in ids:
            with transaction() as session:
                found = session.scalars(select(JobDescription.req_id).where(JobDescription.req_id == req_id)).all()
            assert found == [req_id]


def test_the_longest_texts_of_four_byte_characters_fit(app: Flask) -> None:
    longest = "😀" * 16_000
    with app.app_context():
        with transaction() as session:
            session.add(_job_description("😀" * 100, basic_description=longest, work_output=longest))
        with transaction() as session:
            stored = session.scalars(select(JobDescription)).one()
        assert stored.basic_description == longest
        assert stored.work_output == longest
        assert stored.req_id == "😀" * 100


def test_times_keep_their_fraction_and_are_not_rounded_up(app: Flask) -> None:
    moment = utc_now().replace(microsecond=999_900)
    with app.app_context():
        with transaction() as session:
            session.add(_job_description("REQ-1", created_at=moment))
        with transaction() as session:
            assert session.scalar(select(JobDescription.created_at)) == moment


def test_the_lookups_of_the_service_use_an_index(app: Flask) -> None:
    lookups = [
        "SELECT * FROM job_descriptions WHERE req_id = 'REQ-1'",
        "SELECT * FROM interviews WHERE req_id = 'REQ-1'",
        "SELECT * FROM generation_logs WHERE req_id = 'REQ-1'",
        "SELECT * FROM generation_logs WHERE user_id = 'anna'",
        "SELECT id FROM generation_logs WHERE status = 'in_progress' AND started_at < '2020-01-01'",
        "SELECT sum(tokens_used) FROM generation_logs WHERE started_at >= '2099-01-01'",
        "SELECT max(variant) FROM question_cache WHERE request_hash = 'x'",
    ]
    with app.app_context(), transaction() as session:
        sqlite = session.get_bind().dialect.name == "sqlite"
        for lookup in lookups:
            plan = session.execute(text(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + lookup)).mappings().all()
            if sqlite:
                assert all("USING" in row["detail"] and "SCAN" not in row["detail"] for row in plan), plan
            else:
                assert all(row["key"] or "Impossible" in str(row["Extra"]) or not row["table"] for row in plan), plan


def test_interviews_made_at_once_get_different_versions(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    first = app.test_client().post("/api/interview/workflow/full", json=requisition, headers=ADMIN).json
    body = {"req_id": first["req_id"], "job_description_id": first["job_description_id"]}
    fake.first_token = 0.2  # so that all of them finish together
    statuses: list[int] = []

    def generate() -> None:
        response = app.test_client().post("/api/interview/generate", json=body, headers=ADMIN)
        statuses.append(response.status_code)

    _at_once(generate, 6)

    assert statuses == [200] * 6
    with app.app_context(), transaction() as session:
        versions = session.scalars(select(Interview.version).order_by(Interview.version)).all()
        texts = session.scalars(select(InterviewQuestion.question_text)).all()
    assert versions == [1, 2, 3, 4, 5, 6, 7]
    assert len(texts) == len(set(texts)) == 35


def test_a_requisition_that_arrives_many_times_at_once_is_stored_once(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    answers: list[Any] = []

    def enhance() -> None:
        answers.append(app.test_client().post("/api/interview/jd/enhance", json=requisition, headers=ADMIN))

    _at_once(enhance, 6)

    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.json["job_description_id"] for answer in answers}) == 1
    with app.app_context(), transaction() as session:
        assert session.scalar(select(func.count()).select_from(JobDescription)) == 1
        assert session.scalars(select(GenerationLog.status)).all() == ["success"] * 6


def test_a_database_that_is_away_is_503_and_not_the_callers_fault(
    make_app: MakeApp, requisition: dict[str, Any], tmp_path: Path
) -> None:
    addresses = [f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}", "mysql+pymysql://u:topsecret@127.0.0.1:9/db"]
    for address in addresses:
        client = make_app(DATABASE_URL=address).test_client()
        for response in (
            client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN),
            client.get("/api/interview/1", headers=ADMIN),
        ):
            assert (response.status_code, response.json["code"]) == (503, "database_unavailable")
            assert response.headers["Retry-After"] == "10"
            assert "topsecret" not in response.text
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        ("interviews RENAME TO renamed", "renamed RENAME TO interviews"),
        ("interviews RENAME COLUMN language TO renamed", "interviews RENAME COLUMN renamed TO language"),
    ],
)
def test_a_database_that_is_not_migrated_is_said_to_be_so(app: Flask, change: str, undo: str) -> None:
    def alter(how: str) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {how}"))

    alter(change)
    try:
        answer = app.test_client().get("/api/interview", headers=ADMIN)
    finally:
        alter(undo)

    assert answer.status_code == 503
    assert answer.get_json()["error"].startswith("The tables are missing or those of another version: run `alembic ")
    assert app.test_client().get("/api/interview", headers=ADMIN).status_code == 200


def test_a_database_lost_while_claude_works_is_503_and_says_which_description_was_kept(
    app: Flask, fake: FakeClaude, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("techscreen.storage.transactions.PATIENCE", 0.2)
    with app.app_context():
        engine = db.engine

    async def lose() -> None:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE interviews RENAME TO interviews_away"))

    fake.when(lambda body: "InterviewQuestion" in str(body["output_config"]), Reply(before=lose), times=1)
    try:
        response = app.test_client().post("/api/interview/workflow/full", json=requisition, headers=ADMIN)
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE interviews_away RENAME TO interviews"))

    assert response.status_code in (500, 503)
    assert "interviews" not in response.json["error"]
    with app.app_context(), transaction() as session:
        assert session.scalar(select(func.count()).select_from(CachedQuestion)) == 5
        assert session.scalars(select(GenerationLog.status).order_by(GenerationLog.id)).all() == ["success", "failed"]


def _job_description(req_id: str, **values: Any) -> JobDescription:
    return JobDescription(
        **{
            "req_id": req_id,
            "basic_title": "Engineer",
            "basic_description": "Builds.",
            "created_by_user_id": "anna",
            **values,
        }
    )


def _at_once(work: Any, times: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_values_of_a_statement_that_fails_stay_out_of_the_log(
    app: Flask, requisition: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    statement = text("INSERT INTO nowhere VALUES (:value)")
    with app.app_context(), pytest.raises(DatabaseUnavailable) as caught, transaction() as session:
        session.execute(statement, {"value": "XYZZY-secret"})
    everything = f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert "XYZZY" not in everything


def test_of_interviews_published_before_names_were_taken_the_newest_keeps_its_name(
    database_url: str, alembic_on: Any
) -> None:
    engine = create_engine(database_url, poolclass=NullPool)
    alembic_on(command.downgrade, "007")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO job_descriptions (id, req_id, basic_title, basic_description, created_by_user_id,"
                " created_at) VALUES (1, 'R', 'T', 'D', 'anna', '2026-01-01 00:00:00')"
            )
        )
        for number, name in enumerate(("Panel", "Panel", "Other"), start=1):
            connection.execute(
                text(
                    "INSERT INTO interviews (id, job_description_id, req_id, interview_name, created_by_user_id,"
                    " created_at, status, version) VALUES (:n, 1, 'R', :name, 'anna', '2026-01-01 00:00:00',"
                    " 'published', :n)"
                ),
                {"n": number, "name": name},
            )
    alembic_on(command.upgrade, "head")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT status, published_name FROM interviews ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [("archived", None), ("published", "Panel"), ("published", "Other")]
