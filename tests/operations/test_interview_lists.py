"""The interviews of a requisition: all of them, with few in memory, and page by page while others are added."""

from __future__ import annotations

import json
import re
import tracemalloc
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert
from sqlalchemy.exc import OperationalError

from models import Interview, InterviewQuestion, JobDescription, db
from techscreen.errors import InvalidRequest
from techscreen.operations.interview_lists import BATCH, all_interviews, interview_versions
from techscreen.schemas.generation import InterviewsAnswer, InterviewView
from techscreen.storage.transactions import transaction
from tests.conftest import READER, on_sqlite

ODD = "a//b/ä ö?&#>;,'\"50%"


def versions(req_id: str, first: int, last: int, text: str = "What would you do?") -> None:
    """Store these versions of a requisition's interview, each with one question."""
    with transaction() as session:
        described = session.query(JobDescription).filter_by(req_id=req_id).one_or_none()
        if described is None:
            described = JobDescription(req_id=req_id, basic_title="T", basic_description="D", created_by_user_id="anna")
            session.add(described)
            session.flush()
        for version in range(first, last + 1):
            interview = Interview(
                job_description_id=described.id,
                req_id=req_id,
                interview_name=f"Interview {version}",
                created_by_user_id="anna",
                version=version,
                questions=[],
            )
            session.add(interview)
            session.flush()
            session.execute(
                insert(InterviewQuestion).values(
                    interview_id=interview.id,
                    question_number=1,
                    question_text=text,
                    question_type="technical",
                    criteria=[],
                    topic="T",
                    skill_level="Expert",
                    follow_ups=[],
                    rating_anchors={"low": "l", "mid": "m", "high": "h"},
                    work_items=[],
                    source="generated",
                )
            )


@pytest.fixture
def app(make_app: Any) -> Any:
    app = make_app()
    with app.app_context():
        yield app


def get(client: FlaskClient, address: str, **query: object) -> Any:
    return client.get(address, query_string=query or None, headers=READER)


def listed(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [interview["version"] for interview in answer.get_json()["interviews"]]


def test_without_parameters_all_are_answered_as_if_they_had_been_read_at_once(client: FlaskClient, app: Flask) -> None:
    for count in (0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH):
        req_id = f"R{count}"
        if count:
            versions(req_id, 1, count)
        with transaction() as session:
            stored = session.query(Interview).filter_by(req_id=req_id).order_by(Interview.version)
            views = [InterviewView.model_validate(interview) for interview in stored]

        answer = get(client, f"/api/interview/req/{req_id}")

        assert answer.mimetype == "application/json"
        assert answer.text == InterviewsAnswer(interviews=views, total=count, next_cursor=None).model_dump_json()
        assert "Link" not in answer.headers


def test_links_lead_through_every_version_once_while_others_are_added(client: FlaskClient, app: Flask) -> None:
    versions(ODD, 1, 5)
    address, seen, totals = f"/api/interview/req/{quote(ODD, safe='')}?limit=2", [], []
    for newest in range(6, 12):
        answer = get(client, address)
        seen.append(listed(answer))
        totals.append(answer.get_json()["total"])
        following = answer.headers.get("Link")
        if following is None:
            assert answer.get_json()["next_cursor"] is None
            break
        versions(ODD, newest, newest)
        (address,) = re.fullmatch(r'<(/\S+)>; rel="next"', following).groups()  # type: ignore[union-attr]
        assert f"cursor={answer.get_json()['next_cursor']}" in address

    assert seen == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert totals == [5, 6, 7, 8]


def test_a_page_has_as_many_as_are_asked_for_or_twenty(client: FlaskClient, app: Flask) -> None:
    versions("R", 1, 50)
    address = "/api/interview/req/R"
    first = get(client, address, limit=3)

    assert listed(first) == [1, 2, 3]
    assert listed(get(client, address, cursor=first.get_json()["next_cursor"])) == list(range(4, 24))
    assert listed(get(client, address, limit=50)) == list(range(1, 51))
    assert get(client, address, limit=50).get_json()["next_cursor"] is None
    assert listed(get(client, "/api/interview/req/R2", limit=1)) == []


@on_sqlite
def test_what_is_no_page_is_refused_by_name(client: FlaskClient, app: Flask) -> None:
    versions("R", 1, 2)
    versions("R2", 1, 2)
    other = get(client, "/api/interview/req/R2", limit=1).get_json()["next_cursor"]
    bad: list[tuple[str, Any]] = [("limit", value) for value in ("0", "101", "-1", "ten", "", "1.5", "9" * 5_000)]
    bad += [("cursor", value) for value in ("", "1", "1-", other, other + "0", "9" * 99, "9" * 5_000, "😀", "²-a")]
    answers = {pair: get(client, "/api/interview/req/R", **{pair[0]: pair[1]}) for pair in bad}

    wrong = {
        pair: answer.text
        for pair, answer in answers.items()
        if answer.status_code != 400 or [problem["field"] for problem in answer.get_json()["details"]] != [pair[0]]
    }
    assert wrong == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_however_many_there_are_only_a_few_are_in_memory(app: Flask) -> None:
    size = 100_000
    versions("R", 1, 10 * BATCH, "x" * size)
    db.session.remove()
    tracemalloc.start()

    read = sum(len(part) for part in all_interviews("R"))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read > 10 * BATCH * size
    # Of one batch: its rows, its models, its JSON and that of the one before, with the question and its spoken text.
    assert peak < 8 * BATCH * size


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_goes_away_ends_the_answer_and_does_not_complete_it(client: FlaskClient, app: Flask) -> None:
    versions("R", 1, 3 * BATCH)
    statements = 0

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal statements
        # Other threads have statements of their own: the heart's beat is one.
        statements += "FROM interviews" in statement
        if statements >= fails_at:
            raise OperationalError("SELECT 1", {}, Exception("away"))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        fails_at = 2  # the first batch is read and counted
        assert get(client, "/api/interview/req/R").status_code == 503
        statements, fails_at = 0, 4  # the third batch
        with pytest.raises(Exception, match="does not answer"):
            json.loads(get(client, "/api/interview/req/R").text)
    finally:
        event.remove(engine, "before_cursor_execute", note)


@on_sqlite
def test_without_their_questions_the_newest_versions_come_first(app: Flask) -> None:
    with app.app_context():
        versions("A", 1, BATCH + 2)
        versions("B", 1, 1)

        first = interview_versions("A")
        rest = interview_versions("A", first.next_cursor)

        assert [each.version for each in first.versions + rest.versions] == list(range(BATCH + 2, 0, -1))
        assert {each.question_count for each in first.versions} == {1}
        assert rest.next_cursor is None
        assert interview_versions("nobody").versions == []
        with pytest.raises(InvalidRequest):
            interview_versions("B", first.next_cursor)
