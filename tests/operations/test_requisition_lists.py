"""The list of requisitions: its order, states, figures and search, page by page while others are at work."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models import GenerationJob, Interview, InterviewQuestion, JobDescription, db
from techscreen.errors import InvalidRequest, NotFound
from techscreen.operations.requisition_lists import known_requisition, list_requisitions
from techscreen.schemas.cursors import cursor_after
from techscreen.schemas.requisitions import RequisitionsQuery, RequisitionView
from techscreen.storage.history import Step, record
from techscreen.storage.transactions import transaction
from tests.conftest import READER, MakeApp, on_sqlite
from tests.editing.conftest import EDITOR, Draft
from tests.support.tables import table
from tests.support.workflows import enhance, workflow

ADDRESS = "/api/interview/requisitions"
NOON = datetime(2026, 11, 20, 12, 0, 0)
PERSONAL = "Are you married, and do you want children?"
SECRET = "a text that no list shows"


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


@pytest.fixture
def app(make_app: MakeApp) -> Any:
    app = make_app()
    with app.app_context():
        yield app


def requisition_row(req_id: str, created: int = 0, **columns: Any) -> None:
    """Store a requisition, created at a minute; without a history."""
    given = {"basic_title": "Engineer", "basic_description": SECRET, "created_by_user_id": "anna"}
    with transaction() as session:
        session.add(JobDescription(**{"req_id": req_id, "created_at": minute(created), **given, **columns}))


def enhanced_row(req_id: str, created: int = 0, **columns: Any) -> None:
    texts = {"enhanced_title": "Good Engineer", "enhanced_description": SECRET, "language": "en"}
    requisition_row(req_id, created, **{"enhanced_at": minute(created), **texts, **columns})


def interview_row(req_id: str, version: int = 1, questions: int = 0, **columns: Any) -> int:
    """Store a version of a requisition's interview, without a history; its id."""
    with transaction() as session:
        interview = Interview(
            job_description_id=session.query(JobDescription.id).filter_by(req_id=req_id).scalar(),
            req_id=req_id,
            version=version,
            questions=[question_row(number) for number in range(1, questions + 1)],
            **{"interview_name": f"Interview {version}", "created_by_user_id": "anna", **columns},
        )
        session.add(interview)
        session.flush()
        return interview.id


def question_row(number: int) -> InterviewQuestion:
    return InterviewQuestion(
        question_number=number,
        question_text=SECRET,
        question_type="technical",
        criteria=[],
        topic="T",
        skill_level="Expert",
        follow_ups=[],
        rating_anchors={"low": "l", "mid": "m", "high": "h"},
        work_items=[],
        source="generated",
    )


def step(req_id: str, at: int, operation: Step = "edited", user_id: str = "hanna") -> None:
    """Enter a step of the job description in the history, at a minute."""
    with transaction() as session:
        stored = session.query(JobDescription).filter_by(req_id=req_id).one()
        stored.revision += 1
        session.flush()
        record(session, stored, operation, user_id).created_at = minute(at)


def job_row(job_id: str, req_id: str, created: int, **columns: Any) -> None:
    given = {"operation": "workflow", "status": "running", "user_id": "anna", "background": True}
    with transaction() as session:
        session.add(
            GenerationJob(
                **{"id": job_id, "req_id": req_id, "created_at": minute(created), **given, **columns},
                request={},
                progress={},
            )
        )


def listed(**query: Any) -> list[str]:
    return [requisition.req_id for requisition in list_requisitions(RequisitionsQuery(**query)).requisitions]


def only(req_id: str) -> RequisitionView:
    (found,) = [each for each in list_requisitions(RequisitionsQuery(limit=100)).requisitions if each.req_id == req_id]
    return found


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """The statements of this thread meanwhile, with their parameters."""
    said: list[tuple[str, Any]] = []
    here = threading.get_ident()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if threading.get_ident() == here:
            said.append((statement, parameters))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


# ------------------------------------------------------------------------------------------ order


def test_the_newest_activity_comes_first_with_and_without_a_history(app: Flask) -> None:
    assert list_requisitions(RequisitionsQuery()).model_dump() == {
        "success": True,
        "requisitions": [],
        "total": 0,
        "next_cursor": None,
    }
    requisition_row("new, without a history", 50)
    enhanced_row("enhanced before there was a history", 0, enhanced_at=minute(30))
    enhanced_row("edited before", 0, enhanced_at=minute(10), edited_at=minute(40), edited_by_user_id="hugo")
    enhanced_row("changed", 0)
    step("changed", 5)
    step("changed", 60)
    enhanced_row("changed at the same moment", 0)
    step("changed at the same moment", 60)
    enhanced_row("changed long ago", 0)
    step("changed long ago", 20)

    answer = list_requisitions(RequisitionsQuery())

    assert [(each.req_id, each.last_change.what, each.last_change.user_id) for each in answer.requisitions] == [
        ("changed at the same moment", "Edited", "hanna"),
        ("changed", "Edited", "hanna"),
        ("new, without a history", "Created", "anna"),
        ("edited before", "Edited", "hugo"),
        ("enhanced before there was a history", "Enhanced", "anna"),
        ("changed long ago", "Edited", "hanna"),
    ]
    assert [each.last_change.at for each in answer.requisitions] == [
        *(minute(60), minute(60), minute(50), minute(40), minute(30), minute(20))
    ]
    assert (answer.total, answer.next_cursor) == (6, None)


def test_steps_are_told_as_the_history_tells_them(client: FlaskClient, app: Flask, requisition: dict[str, Any]) -> None:
    def last() -> tuple[str, str]:
        changed = only(requisition["req_id"]).last_change
        return changed.user_id, changed.what

    enhance(client, requisition)
    assert last() == ("anna.admin", "Enhanced")
    draft = Draft(client, workflow(client, requisition).json["interview"])
    assert last() == ("anna.admin", "Generated")
    draft.ok("PATCH", "/questions/1", {"minutes": 4})
    assert last() == (EDITOR["X-User-ID"], "Edited")
    draft.ok("POST", "/request-review", {"of": "ada.lead"})
    assert last() == (EDITOR["X-User-ID"], "Review requested")
    draft.ok("POST", "/publish", {})
    assert last() == (EDITOR["X-User-ID"], "Approved and published")
    draft.ok("POST", "/archive")
    assert last() == (EDITOR["X-User-ID"], "Archived")


def test_pages_show_everything_once_while_something_changes(app: Flask) -> None:
    for number in range(7):
        enhanced_row(f"R{number}")
        step(f"R{number}", number // 2)  # some at the same moment
    requisition_row("R7", 9)

    first = list_requisitions(RequisitionsQuery(limit=3))
    step("R6", 20)  # shown already
    step("R0", 21)  # not shown yet
    requisition_row("R8", 22)
    second = list_requisitions(RequisitionsQuery(limit=3, cursor=first.next_cursor))
    third = list_requisitions(RequisitionsQuery(limit=3, cursor=second.next_cursor))

    pages = [[each.req_id for each in page.requisitions] for page in (first, second, third)]
    assert pages == [["R7", "R6", "R5"], ["R4", "R3", "R2"], ["R1"]]
    assert [page.total for page in (first, second, third)] == [8, 9, 9]
    assert third.next_cursor is None
    assert listed(limit=3) == ["R8", "R0", "R6"]


def test_a_page_that_has_become_empty_still_tells_the_total(app: Flask) -> None:
    for number in range(3):
        requisition_row(f"R{number}", number)
    cursor = list_requisitions(RequisitionsQuery(limit=2)).next_cursor
    step("R0", 10)

    empty = list_requisitions(RequisitionsQuery(limit=2, cursor=cursor))

    assert (empty.requisitions, empty.total, empty.next_cursor) == ([], 3, None)


def test_moments_that_differ_in_a_fraction_of_a_second_are_kept_apart(app: Flask) -> None:
    moments = [NOON + timedelta(microseconds=number) for number in (1, 999_999, 500_000, 500_001)]
    for number, at in enumerate(moments):
        requisition_row(f"R{number}", created_at=at)

    shown, cursor = [], None
    for _ in moments:
        page = list_requisitions(RequisitionsQuery(limit=1, cursor=cursor))
        shown += [each.req_id for each in page.requisitions]
        cursor = page.next_cursor

    assert (shown, cursor) == (["R1", "R3", "R2", "R0"], None)


@on_sqlite
def test_a_cursor_belongs_to_its_search_and_state(app: Flask) -> None:
    for number in range(3):
        requisition_row(f"R{number}", number)
    cursor = list_requisitions(RequisitionsQuery(limit=1, search="r")).next_cursor
    assert listed(limit=1, search="r", cursor=cursor) == listed(limit=1, search="r", cursor=cursor) == ["R1"]
    assert listed(limit=2, search="r", cursor=cursor) == ["R1", "R0"]

    largest = cursor_after(10**40, RequisitionsQuery().model_dump_json(include={"search", "state"}))
    for query in (
        {"cursor": cursor},
        {"cursor": cursor, "search": "R"},
        {"cursor": cursor, "search": "r", "state": "draft"},
        {"cursor": f"{cursor}0", "search": "r"},
        {"cursor": largest},
        {"cursor": "x"},
    ):
        with pytest.raises(InvalidRequest):
            listed(**query)


# ----------------------------------------------------------------------------------------- states


def test_the_state_is_that_of_the_newest_interview_that_is_there(app: Flask) -> None:
    requisition_row("not enhanced", 9)
    enhanced_row("enhanced", 8)
    enhanced_row("draft", 7)
    interview_row("draft", 1, status="published", published_name="A")
    interview_row("draft", 2)
    enhanced_row("in review", 6)
    interview_row("in review", review_requested_at=NOON, review_requested_by_user_id="hanna")
    enhanced_row("published", 5)
    interview_row("published", review_requested_at=NOON, review_requested_of="ada", status="published")
    enhanced_row("archived", 4)
    interview_row("archived", 1, status="published", published_name="A")
    interview_row("archived", 2, status="archived")
    enhanced_row("draft deleted", 3)
    interview_row("draft deleted", 1, status="published", published_name="A")
    interview_row("draft deleted", 2, review_requested_at=NOON, deleted_at=NOON)
    enhanced_row("only a deleted draft", 2)
    interview_row("only a deleted draft", deleted_at=NOON)
    requisition_row("imported, with an interview", 1)
    interview_row("imported, with an interview")
    states = {
        "not_enhanced": ["not enhanced"],
        "enhanced": ["enhanced", "only a deleted draft"],
        "draft": ["draft", "imported, with an interview"],
        "in_review": ["in review"],
        "published": ["published", "draft deleted"],
        "archived": ["archived"],
    }

    everything = list_requisitions(RequisitionsQuery())

    assert everything.total == 9
    for state, req_ids in states.items():
        answer = list_requisitions(RequisitionsQuery.model_validate({"state": state}))
        assert [each.req_id for each in answer.requisitions] == req_ids, state
        assert answer.total == len(req_ids)
        assert [each.req_id for each in everything.requisitions if each.state == state] == req_ids
        page = list_requisitions(RequisitionsQuery.model_validate({"state": state, "limit": 1}))
        assert (page.total, page.next_cursor is None) == (len(req_ids), len(req_ids) == 1)


def test_a_requisition_is_shown_with_its_newest_interview_and_without_deleted_drafts(app: Flask) -> None:
    requisition_row("new", basic_department="IT", basic_level="Senior", basic_title="Basic")
    enhanced_row("R", basic_title="Basic", language="de", basic_department=None)
    published = interview_row("R", 1, status="published", published_name="A")
    newer = interview_row("R", 2, status="published", published_name="B")
    interview_row("R", 3, status="archived", questions=2)
    newest = interview_row(
        "R", 4, questions=3, interview_name="Panel", review_requested_of="ada", review_requested_at=NOON
    )
    interview_row("R", 5, questions=1, deleted_at=NOON)

    plain, full = only("new"), only("R")

    assert (plain.title, plain.department, plain.level, plain.language) == ("Basic", "IT", "Senior", None)
    assert (plain.versions, plain.newest_interview, plain.published_interview_id) == (0, None, None)
    assert (plain.is_enhanced, plain.findings_open, plain.coverage_gaps) == (False, 0, None)
    assert (full.title, full.department, full.language, full.is_enhanced) == ("Good Engineer", None, "de", True)
    assert (full.versions, full.published_interview_id) == (4, newer)
    assert published < newer
    assert full.newest_interview is not None
    assert full.newest_interview.model_dump() == {
        "id": newest,
        "interview_name": "Panel",
        "version": 4,
        "status": "draft",
        "question_count": 3,
        "review_requested_of": "ada",
        "approved_by_user_id": None,
        "published_at": None,
    }
    assert (full.coverage_gaps, full.findings_open, full.created_at) == (None, 0, NOON)


def test_a_job_that_makes_something_is_named_while_it_is_under_way(app: Flask) -> None:
    for req_id in ("busy", "idle"):
        requisition_row(req_id)
    job_row("older", "busy", 1)
    job_row("newest", "busy", 2, operation="jd_enhancement", status="queued")
    job_row("ended", "busy", 3, status="succeeded")
    job_row("edit", "busy", 4, operation="interview_change")
    job_row("failed", "idle", 5, operation="interview_generation", status="failed")
    job_row("event", "idle", 6, operation="webhook", status="queued")

    assert (only("busy").running_job_id, only("idle").running_job_id) == ("newest", None)


# --------------------------------------------------------------------------------------- findings


def test_open_findings_and_gaps_are_those_that_the_interview_and_the_job_description_show(
    client: FlaskClient, app: Flask, requisition: dict[str, Any]
) -> None:
    given = {**requisition, "basic_description": f"{requisition['basic_description']} We need a rockstar."}
    draft = Draft(client, workflow(client, given).json["interview"])

    def shown() -> int:
        described = client.get(f"/api/interview/jd/{requisition['req_id']}", headers=READER).json["job_description"]
        reports = draft.read()["quality"], described["quality"]
        return sum(finding["override"] is None for report in reports for finding in report["findings"])

    def counted() -> int:
        return only(requisition["req_id"]).findings_open

    assert counted() == shown() > 0
    before = counted()
    draft.ok("PATCH", "/questions/2", {"follow_ups": [PERSONAL]})
    personal = [each for each in draft.now["quality"]["findings"] if each["kind"] == "prohibited_subject"]
    assert counted() == shown() == before + len(personal)
    paths = [f"/findings/{finding['id']}/override" for finding in personal]
    for path in paths:
        draft.ok("POST", path, {"reason": "It is a play of roles."})
    assert counted() == shown() == before
    draft.ok("DELETE", paths[0])
    assert counted() == shown() == before + 1
    assert only(requisition["req_id"]).coverage_gaps == len(draft.now["quality"]["coverage"]["gaps"])
    draft.ok("PATCH", "/questions/2", {"follow_ups": ["What did you measure?"]})
    assert counted() == shown() == before


def test_findings_of_before_there_were_overrides_are_open(app: Flask) -> None:
    older = {"field": "f", "kind": "unclear", "word": "w"}
    enhanced_row("R", quality={"findings": [older], "unsupported": [], "coverage": None})
    interview_row("R", quality={"findings": [older, older], "unsupported": [], "coverage": None})

    assert (only("R").findings_open, only("R").coverage_gaps) == (3, None)


# ----------------------------------------------------------------------------------------- search


def test_a_search_looks_in_ids_titles_and_departments_in_capitals_or_not(app: Flask) -> None:
    requisition_row("REQ-9", 4, basic_title="Database administrator", basic_department="IT")
    enhanced_row("a", 3, enhanced_title="SENIOR Database Expert", basic_department=None)
    enhanced_row("b", 2, basic_department="Data and Databases", basic_level="Database")
    enhanced_row("c", 1, basic_level="Database", work_role="Database")
    requisition_row("d", 0, basic_title="ÄRZTIN für Öffentliches", basic_department="Größe")

    for search, found in {
        "DATABASE": ["REQ-9", "a", "b"],
        "base e": ["a"],
        "req-9": ["REQ-9"],
        "ärztin FÜR ö": ["d"],
        "GRÖSSE": [],
        "größe": ["d"],
        SECRET: [],
        "  ": ["REQ-9", "a", "b", "c", "d"],
        "": ["REQ-9", "a", "b", "c", "d"],
    }.items():
        answer = list_requisitions(RequisitionsQuery(search=search))
        assert [each.req_id for each in answer.requisitions] == found, search
        assert answer.total == len(found)
        assert list_requisitions(RequisitionsQuery(search=search, limit=1)).total == len(found)


def test_every_character_of_a_search_stands_for_itself(app: Flask) -> None:
    odd = ["%", "_", "/", "\\", "'", '"', "\\%", "/_", "%%", "{", ":x", "😀", "[a]", "^", "a" * 200, " "]
    for number, text in enumerate(odd):
        requisition_row(f"{number}", number, basic_title=f"before{text}after")

    for text in odd:
        found = [f"{number}" for number, other in enumerate(odd) if text in f"before{other}after"]
        assert listed(search=f"before{text}after"[:200]) == [f"{odd.index(text)}"], text
        if text.strip():
            assert sorted(listed(search=text), key=int) == found, text


def test_a_search_and_a_state_together_are_paged(app: Flask) -> None:
    for number in range(6):
        enhanced_row(f"R{number}", number, basic_department="IT" if number % 2 else "HR")
    interview_row("R5")

    first = list_requisitions(RequisitionsQuery(search="it", state="enhanced", limit=1))

    assert ([each.req_id for each in first.requisitions], first.total) == (["R3"], 2)
    assert listed(search="it", state="enhanced", limit=1, cursor=first.next_cursor) == ["R1"]


# ------------------------------------------------------------------------------------------ speed


def test_it_takes_a_few_statements_whatever_a_page_shows(app: Flask) -> None:
    for number in range(30):
        req_id = f"R{number:02}"
        enhanced_row(req_id, number)
        step(req_id, number)
        for version in (1, 2):
            interview_row(req_id, version, questions=2)
    db.session.remove()

    for query in ({"limit": 1}, {"limit": 20}, {"limit": 100}, {"limit": 20, "search": "r", "state": "draft"}):
        with statements() as said:
            list_requisitions(RequisitionsQuery.model_validate(query))
        assert 2 <= len(said) <= 3
        *_, details = (statement for statement, _ in said)
        assert [statement for statement, _ in said if "quality" in statement] == [details]
        assert "question_text" not in details
        assert "history_entries.state" not in details


def test_the_latest_moments_come_from_an_index(app: Flask) -> None:
    requisition_row("R")
    step("R", 1)
    with statements() as said:
        list_requisitions(RequisitionsQuery())
    (page, parameters), *_ = said
    explain = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"

    with db.engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"{explain} {page}", parameters).all())

    assert "ix_history_entries_req_id_created_at" in plan


# --------------------------------------------------------------------------------------- over HTTP


def test_links_lead_through_all_pages(client: FlaskClient, app: Flask) -> None:
    for number in range(5):
        requisition_row(f"R{number}", number, basic_title="50% ä&b")
    address, seen = f"{ADDRESS}?limit=2&search=50%25+%C3%84%26&state=not_enhanced", []
    while address:
        answer = client.get(address, headers=READER)
        assert answer.status_code == 200, answer.text
        seen.append([each["req_id"] for each in answer.json["requisitions"]])
        following = answer.headers.get("Link", "")
        assert bool(following) is (answer.json["next_cursor"] is not None)
        address = "".join(re.findall(r'^<(/\S+)>; rel="next"$', following))

    assert seen == [["R4", "R3"], ["R2", "R1"], ["R0"]]


@on_sqlite
@table(
    "name, value",
    [
        *(("limit", value) for value in ("0", "101", "-1", "ten", "")),
        *(("cursor", value) for value in ("", "1", "1-", "9" * 99, "9" * 5_000, "😀", "²-a")),
        ("state", "deleted"),
        *(("search", value) for value in ("x" * 201, "x\0", "x\n")),
    ],
)
def test_what_cannot_be_listed_is_refused_by_name(client: FlaskClient, app: Flask, name: str, value: str) -> None:
    answer = client.get(ADDRESS, query_string={name: value}, headers=READER)

    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json["details"]] == [name]


@on_sqlite
def test_only_readers_may_list_requisitions(client: FlaskClient, app: Flask) -> None:
    assert client.get(ADDRESS).status_code == 401
    assert client.get(ADDRESS, headers={**READER, "X-User-Role": "stranger"}).status_code == 403


def test_one_requisition_is_told_as_in_the_list(app: Flask) -> None:
    enhanced_row("A")
    interview_row("A", questions=2)

    assert known_requisition("A") == list_requisitions(RequisitionsQuery()).requisitions[0]
    with pytest.raises(NotFound):
        known_requisition("B")
