"""The list of all interviews: filtered, newest first, page by page while others come, from an index."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, text

from models import Interview, JobDescription, db, utc_now
from techscreen.schemas.requisitions import InterviewSummaryView
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, READER, on_mariadb, on_sqlite
from tests.support.tables import table

ALL = "/api/interview"
DAY = datetime(2026, 11, 1)


def store(app: Flask, count: int, **values: Any) -> list[int]:
    """Store interviews, one for each day from DAY on; their ids."""
    with app.app_context(), transaction() as session:
        req_id = values.pop("req_id", "REQ-1")
        known = session.scalar(select(JobDescription.id).where(JobDescription.req_id == req_id))
        if known is None:
            described = JobDescription(req_id=req_id, basic_title="T", basic_description="D", created_by_user_id="anna")
            session.add(described)
            session.flush()
            known = described.id
        first = (session.scalar(select(func.max(Interview.version)).where(Interview.req_id == req_id)) or 0) + 1
        ids = []
        for number in range(count):
            row = {
                "job_description_id": known,
                "req_id": req_id,
                "interview_name": "Panel",
                "created_by_user_id": "anna",
                "version": first + number,
                "created_at": DAY + timedelta(days=number),
                **values,
            }
            interview = Interview(**row)
            session.add(interview)
            session.flush()
            ids.append(interview.id)
        return ids


def found(client: FlaskClient, query: str = "") -> list[int]:
    answer = client.get(f"{ALL}?limit=100&{query}", headers=READER)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json["interviews"]]


def test_all_are_listed_newest_first_by_what_is_asked_for(app: Flask, client: FlaskClient) -> None:
    first = store(app, 3)
    other = store(app, 2, req_id="req-1", created_by_user_id="Anna", status="published")
    store(app, 1, deleted_at=utc_now())
    newest_first = [*reversed(other), *reversed(first)]

    assert found(client) == newest_first
    assert found(client, "req_id=req-1") == newest_first[:2]
    assert found(client, "status=published&created_by=Anna") == newest_first[:2]
    assert found(client, "created_by=anna") == newest_first[2:]
    assert found(client, "status=archived") == []
    # `from` itself is inside, `to` is not, as in the logs.
    assert found(client, "from=2026-11-02&to=2026-11-03&req_id=REQ-1") == [first[1]]
    (shown,) = client.get(f"{ALL}?limit=1", headers=READER).json["interviews"]
    assert shown.keys() == InterviewSummaryView.model_fields.keys()
    assert (shown["req_id"], shown["created_by_user_id"], shown["question_count"]) == ("req-1", "Anna", 0)


def test_the_pages_hold_everything_once_while_others_are_added(app: Flask, client: FlaskClient) -> None:
    there = store(app, 7)
    address, told = f"{ALL}?limit=3&from=2026-10-01&created_by=anna", []
    while address:
        answer = client.get(address, headers=READER)
        told += [each["id"] for each in answer.json["interviews"]]
        store(app, 1)
        link = answer.headers.get("Link")
        assert (link is None) is (answer.json["next_cursor"] is None)
        address = link.split(">")[0].removeprefix("<") if link else ""
    assert told == list(reversed(there))


def test_a_generated_interview_is_there_with_and_without_the_last_slash(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    made = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).json
    for address in (ALL, f"{ALL}/"):
        (shown,) = client.get(address, headers=READER).json["interviews"]
        assert (shown["id"], shown["question_count"]) == (made["interview_id"], 5)
        assert "questions" not in shown


@on_sqlite
@table(
    "query, field",
    [
        ("status=open", "status"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("created_by=%20", "created_by"),
        ("from=yesterday", "from"),
        ("from=2026-11-02&to=2026-11-01", "to"),
        ("cursor=1-abc", "cursor"),
        ("req_id=", "req_id"),
    ],
)
def test_what_is_asked_for_badly_is_refused(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"{ALL}?{query}", headers=READER)
    assert (answer.status_code, [each["field"] for each in answer.json["details"]]) == (400, [field])


@on_sqlite
def test_a_cursor_belongs_to_its_filters(app: Flask, client: FlaskClient) -> None:
    store(app, 3)
    cursor = client.get(f"{ALL}?limit=1&status=draft", headers=READER).json["next_cursor"]
    assert client.get(f"{ALL}?limit=2&status=draft&cursor={cursor}", headers=READER).status_code == 200
    assert client.get(f"{ALL}?limit=1&cursor={cursor}", headers=READER).status_code == 400


@on_mariadb
@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("created_by_user_id = 'rosa'", "ix_interviews_created_by_user_id"),
        ("status = 'archived'", "ix_interviews_status"),
        ("created_at >= '2027-06-01' AND created_at < '2027-06-03'", "ix_interviews_created_at"),
        ("1 = 1", "PRIMARY"),
    ],
)
def test_what_is_rare_is_found_in_an_index(app: Flask, condition: str, index: str) -> None:
    ids = store(app, 1)
    with app.app_context(), transaction() as session:
        one = session.get_one(Interview, ids[0])
        many = [
            {
                "job_description_id": one.job_description_id,
                "req_id": "REQ-1",
                "interview_name": "Panel",
                "created_by_user_id": "rosa" if number % 500 == 0 else "anna",
                "status": "archived" if number % 500 == 0 else "draft",
                "version": 10 + number,
                "created_at": DAY + timedelta(hours=number),
            }
            for number in range(10_000)
        ]
        session.execute(insert(Interview), many)
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(text("ANALYZE TABLE interviews"))
        wanted = f"SELECT id FROM interviews WHERE deleted_at IS NULL AND {condition} ORDER BY id DESC LIMIT 21"
        (plan,) = connection.execute(text(f"EXPLAIN {wanted}")).mappings()
    assert plan["key"] == index
    assert int(plan["rows"]) < 200
