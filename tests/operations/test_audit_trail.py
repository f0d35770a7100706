"""The audit trail on SQLite and on MariaDB: listing, usage and cost, evidence, and what is removed when."""

from __future__ import annotations

import itertools
import logging
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, delete, insert, inspect, select, text, update
from sqlalchemy.pool import NullPool

import config
from models import CachedQuestion, GenerationLog, utc_now
from techscreen.generation.audit_log import open_audit_row
from techscreen.operations import audit_trail
from techscreen.storage.transactions import transaction
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, READER, MakeApp, migrate, on_sqlite, with_starter_library
from tests.support.fake_claude import FakeClaude, Reply, error_reply
from tests.support.tables import table

NOON = datetime(2026, 11, 20, 12, 0, 0)
ODD_IDS = ["a//b/", "REQ-😀/1", "req-1", "REQ-1", "REQ-É", "REQ-E", "50%", "ä ö?&#", " REQ"]
TOKEN_KINDS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")
SUMMED = ("tokens_used", *TOKEN_KINDS, "cached_questions")


@pytest.fixture
def app(make_app: MakeApp) -> Any:
    app = make_app()
    with app.app_context():
        yield app


def audit_rows(*changes: dict[str, Any]) -> list[int]:
    """Rows that differ from a successful generation in some columns; their ids."""
    with transaction() as session:
        rows = [
            GenerationLog(
                **{
                    "operation_type": "interview_generation",
                    "req_id": "REQ-1",
                    "user_id": "anna.admin",
                    "status": "success",
                    "started_at": NOON,
                    "model": "claude-opus-5-5",
                    "prompt_version": "7",
                    **change,
                }
            )
            for change in changes
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def get(client: FlaskClient, path: str, **query: object) -> dict[str, Any]:
    response = client.get(f"/api/interview/{path}", query_string=query, headers=ADMIN)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def ids(client: FlaskClient, **query: object) -> list[int]:
    return [row["id"] for row in get(client, "logs", **query)["logs"]]


def refused(client: FlaskClient, path: str, **query: object) -> list[str]:
    """The fields that a 400 names."""
    response = client.get(f"/api/interview/{path}", query_string=query, headers=ADMIN)
    assert (response.status_code, response.json["code"]) == (400, "invalid_request"), response.text
    return [problem["field"] for problem in response.json["details"]]


def full_workflow(client: FlaskClient, body: dict[str, Any], **changes: Any) -> Any:
    return client.post("/api/interview/workflow/full", json={**body, **changes}, headers=ADMIN)


class TestLogs:
    def test_a_workflow_leaves_two_rows_with_all_that_is_known_of_them(
        self, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, app: Flask
    ) -> None:
        before = utc_now().replace(microsecond=0)
        answer = full_workflow(client, requisition).json
        borrowed = full_workflow(client, requisition, req_id="REQ-2").json

        logs = get(client, "logs")["logs"]

        assert [(row["req_id"], row["operation_type"], row["cached_questions"]) for row in logs] == [
            ("REQ-2", "interview_generation", 5),
            ("REQ-2", "jd_enhancement", 0),
            ("REQ-12345", "interview_generation", 0),
            ("REQ-12345", "jd_enhancement", 0),
        ]
        assert borrowed["cached_questions"] == 5
        generated, enhanced = logs[2:]
        assert (generated["result_id"], enhanced["result_id"]) == (answer["interview_id"], answer["job_description_id"])
        assert (generated["attempts"], enhanced["attempts"], logs[0]["attempts"]) == (5, 1, 0)
        assert [len(row["claude_request_ids"]) for row in logs] == [0, 1, 5, 1]
        assert generated["tokens_used"] + enhanced["tokens_used"] == answer["total_tokens_used"]
        for row in logs:
            assert row["tokens_used"] == sum(row[kind] for kind in TOKEN_KINDS)
            assert (row["user_id"], row["status"]) == ("anna.admin", "success")
            assert (row["error_code"], row["error_message"]) == (None, None)
            assert before <= datetime.fromisoformat(row["started_at"]) <= datetime.fromisoformat(row["completed_at"])
            assert row["duration_ms"] >= 0
            assert (row["model"], row["prompt_version"]) == (answer["model"], answer["prompt_version"])

    def test_a_failure_is_told_by_its_code_and_what_was_lent_in_vain_is_no_hit(
        self, client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude, app: Flask
    ) -> None:
        full_workflow(client, requisition)
        retire_any(client)
        fake.when(is_question, error_reply(404, "not_found_error"))

        assert full_workflow(client, requisition, req_id="REQ-2").status_code == 500

        row = get(client, "logs", status="failed")["logs"][0]
        assert (row["req_id"], row["error_code"]) == ("REQ-2", "claude_misconfigured")
        assert (row["attempts"], row["cached_questions"], row["result_id"]) == (1, 0, None)
        assert row["error_message"]

    def test_what_a_failed_transaction_had_lent_is_no_hit(self, app: Flask) -> None:
        claude = current_runtime().claude

        def lend_in_vain() -> None:
            with (
                open_audit_row("interview_generation", req_id="REQ-1", user_id="anna", claude=claude) as audit,
                transaction() as session,
            ):
                audit.succeed(session, 1, cached_questions=5)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            lend_in_vain()

        with transaction() as session:
            row = session.scalars(select(GenerationLog)).one()
        assert (row.status, row.cached_questions) == ("failed", 0)

    @pytest.fixture
    def kept(self, app: Flask) -> list[int]:
        """The ids of six rows."""
        return audit_rows(
            {"operation_type": "jd_enhancement"},
            {},
            {"req_id": "req-1"},
            {"req_id": "R3", "user_id": "bob", "status": "in_progress", "started_at": NOON + timedelta(hours=12)},
            {
                "req_id": "R4",
                "user_id": "bob",
                "status": "failed",
                "operation_type": "jd_enhancement",
                "started_at": NOON + timedelta(days=1),
            },
            {"req_id": "R5", "status": "failed", "started_at": NOON - timedelta(microseconds=1)},
        )

    @table(
        ("query", "found"),
        [
            ({}, [5, 4, 3, 2, 1, 0]),
            ({"req_id": "REQ-1"}, [1, 0]),
            ({"req_id": "req-1"}, [2]),
            ({"req_id": "REQ-9"}, []),
            ({"user_id": "bob"}, [4, 3]),
            ({"user_id": "Bob"}, []),
            ({"operation_type": "jd_enhancement"}, [4, 0]),
            ({"status": "failed"}, [5, 4]),
            ({"status": "in_progress"}, [3]),
            ({"from": "2026-11-20T12:00:00"}, [4, 3, 2, 1, 0]),
            ({"from": "2026-11-20T12:00:01Z"}, [4, 3]),
            ({"from": "2026-11-21"}, [4, 3]),
            ({"to": "2026-11-20T12:00:00"}, [5]),
            ({"to": "2026-11-21"}, [5, 2, 1, 0]),
            ({"from": "2026-11-20", "to": "2026-11-21T00:00:00Z"}, [5, 2, 1, 0]),
            ({"from": "2026-11-21", "to": "2026-11-21"}, []),
            ({"from": "0001-01-01", "to": "9999-12-31T23:59:59"}, [5, 4, 3, 2, 1, 0]),
            ({"user_id": "bob", "status": "failed", "operation_type": "jd_enhancement", "from": "2026-11-21"}, [4]),
            ({"user_id": "bob", "status": "failed", "operation_type": "interview_generation"}, []),
            ({"unknown": "1", "status": "failed", "to": "2026-11-21"}, [5]),
        ],
    )
    def test_filters_find_what_fits_all_of_them(
        self, client: FlaskClient, kept: list[int], query: dict[str, str], found: list[int]
    ) -> None:
        assert ids(client, **query) == [kept[number] for number in found]

    def test_ids_are_found_exactly_whatever_they_hold(self, client: FlaskClient, app: Flask) -> None:
        rows = audit_rows(*({"req_id": odd, "user_id": odd[::-1]} for odd in ODD_IDS))

        for odd, row_id in zip(ODD_IDS, rows, strict=True):
            assert ids(client, req_id=odd) == [row_id]
            assert ids(client, user_id=odd[::-1]) == [row_id]
            assert get(client, "logs", req_id=odd)["logs"][0]["req_id"] == odd

    def test_pages_hold_every_row_once_while_others_are_inserted(self, client: FlaskClient, app: Flask) -> None:
        rows = audit_rows(*({"started_at": NOON - timedelta(minutes=number % 7)} for number in range(250)))
        seen: list[int] = []
        sizes: list[int] = []
        cursor: dict[str, str] = {}
        for page_size in itertools.cycle((100, 7, 50)):
            answer = get(client, "logs", page_size=page_size, **cursor)
            assert answer["page_size"] == page_size
            seen += [row["id"] for row in answer["logs"]]
            sizes.append(len(answer["logs"]))
            if answer["next_cursor"] is None:
                break
            cursor = {"cursor": answer["next_cursor"]}
            audit_rows({}, {"started_at": NOON - timedelta(days=1)}, {"started_at": NOON + timedelta(days=1)})

        assert seen == rows[::-1]
        assert sizes == [100, 7, 50, 93]

    def test_a_last_page_that_is_full_has_no_cursor(self, client: FlaskClient, app: Flask) -> None:
        audit_rows(*({} for _ in range(100)))

        first = get(client, "logs")
        last = get(client, "logs", cursor=first["next_cursor"])

        assert (len(first["logs"]), len(last["logs"]), last["next_cursor"]) == (50, 50, None)
        assert get(client, "logs", req_id="REQ-9") == {
            "success": True,
            "logs": [],
            "page_size": 50,
            "next_cursor": None,
        }

    def test_a_cursor_goes_on_with_its_own_filters_alone(self, client: FlaskClient, app: Flask) -> None:
        rows = audit_rows(*({"user_id": f"user{number % 2}"} for number in range(6)))
        cursor = get(client, "logs", user_id="user0", page_size=1)["next_cursor"]

        assert ids(client, user_id="user0", page_size=5, cursor=cursor) == [rows[2], rows[0]]
        for other in ({}, {"user_id": "user1"}, {"user_id": "user0", "status": "success"}, {"req_id": "user0"}):
            assert refused(client, "logs", cursor=cursor, **other) == ["cursor"]

    @on_sqlite
    def test_forged_cursors_are_refused_by_name(self, client: FlaskClient, app: Flask) -> None:
        audit_rows(*({} for _ in range(3)))
        good = get(client, "logs", page_size=1)["next_cursor"]
        number, digest = good.split("-")
        wide = number.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})  # int() reads these too
        forged = [
            "",
            " ",
            "1",
            number,
            digest,
            "-" + digest,
            number + "-",
            f"{int(number) + 1}-{digest}",
            f"0{number}-{digest}",
            f"-{number}-{digest}",
            f"{number}-{digest[:-1]}",
            f"{number}-{digest}0",
            f"{number}-{digest.upper() if digest.upper() != digest else 'x'}",
            f"{wide}-{digest}",
            f" {good}",
            f"{good} ",
            f"{good}\n",
            f"{good}\x00",
            f"²-{digest}",
            "9" * 30 + "-" + digest,
            "9" * 99,
            "9" * 5_000,
            "null",
            "{}",
            "bm9uc2Vuc2U=",
            "' OR 1=1 --",
            "😀",
            "../../etc/passwd",
        ]
        for cursor in forged:
            assert refused(client, "logs", cursor=cursor) == ["cursor"], cursor
        broken = client.get("/api/interview/logs?cursor=%ff%fe%ed%a0%80", headers=ADMIN)
        assert (broken.status_code, broken.json["details"][0]["field"]) == (400, "cursor")
        assert len(ids(client, cursor=good)) == 2

    @on_sqlite
    @table("path", ["logs", "usage"])
    @table("name", ["from", "to"])
    def test_dates_that_are_none_are_refused_by_name(self, client: FlaskClient, path: str, name: str) -> None:
        for none in (
            *("", " ", "today", "2026", "2026-11", "2026-13-01", "2026-02-30", "0000-01-01", "20261124", "24.11.2026"),
            *("2026-11-24T", "2026-11-24T24:00:00", "2026-11-24T12:00", "2026-11-24T12:60:00", "2026-11-24 12:00:00"),
            *(
                "2026-11-24Z",
                "2026-11-24T12:00:00+01:00",
                "2026-11-24T12:00:00z",
                "2026-11-24T12:00:00.5",
                "-2026-11-24",
            ),
            *(
                "2026-W48-2",
                "99999-01-01",
                "1764000000",
                "２０２６-11-24",
                "2026-11-24\n",
                "2026-11-24\x00",
                "' OR 1=1 --",
            ),
        ):
            assert refused(client, path, **{name: none}) == [name], none

    @on_sqlite
    @table("path", ["logs", "usage"])
    def test_a_period_that_ends_before_it_begins_is_refused(self, client: FlaskClient, path: str) -> None:
        assert refused(client, path, **{"from": "2026-11-24", "to": "2026-11-23T23:59:59"}) == ["to"]
        assert refused(client, path, **{"from": "never", "to": "2026-11-23"}) == ["from"]
        assert sorted(refused(client, path, **{"from": "never", "to": "ever"})) == ["from", "to"]

    @on_sqlite
    @table(
        ("name", "value"),
        [
            *[("page_size", value) for value in ("0", "-1", "101", "ten", "", "1e1", "1.5", "9" * 30, "9" * 5_000)],
            *[("status", value) for value in ("", "SUCCESS", "done")],
            *[("operation_type", value) for value in ("", "workflow", "cache_retirement")],
            *[("req_id", value) for value in ("", "  ", "x" * 101, "REQ\x00", "REQ\x1b[31m")],
            *[("user_id", value) for value in ("", "x" * 256, "an\x00na", "an\nna")],
        ],
    )
    def test_a_bad_query_is_refused_by_name(self, client: FlaskClient, name: str, value: str) -> None:
        assert refused(client, "logs", **{name: value}) == [name]

    @on_sqlite
    def test_all_that_is_bad_is_named_at_once(self, client: FlaskClient) -> None:
        bad = refused(client, "logs", page_size="-1", status="x", **{"from": "x", "to": "y"})
        assert sorted(bad) == ["from", "page_size", "status", "to"]


class TestUsage:
    @pytest.mark.parametrize("group_by", ["day", "user", "operation", "model"])
    def test_every_sum_is_that_of_the_rows(self, client: FlaskClient, app: Flask, group_by: str) -> None:
        audit_rows(*many_rows())
        query = {"from": "2026-11-18", "to": "2026-11-25T12:00:00"}
        expected: dict[str, Counter[str]] = defaultdict(Counter)
        for row in every_row(client, **query):
            key = {"day": row["started_at"][:10], "user": row["user_id"], "operation": row["operation_type"]}
            sums = expected[key.get(group_by, row["model"])]
            sums.update(generations=1, failures=int(row["status"] == "failed"), calls=row["attempts"])
            sums.update(lower_bounds=int(row["tokens_are_lower_bound"]))
            sums.update({name: row[name] for name in SUMMED})

        answer = get(client, "usage", group_by=group_by, **query)

        assert len(expected) > 1
        assert {one["group"]: figures(one) for one in answer["groups"]} == expected
        assert figures(answer["total"]) == sum(expected.values(), Counter())
        assert answer["total"]["generations"] < 300  # the period leaves some out
        assert (answer["from"], answer["to"]) == ("2026-11-18T00:00:00", "2026-11-25T12:00:00")
        if group_by == "day":
            assert [one["group"] for one in answer["groups"]] == sorted(expected)
        else:
            tokens = [one["tokens_used"] for one in answer["groups"]]
            assert tokens == sorted(tokens, reverse=True)

    def test_the_cost_of_an_example_that_was_worked_out_by_hand(self, client: FlaskClient, app: Flask) -> None:
        tokens = dict(zip(TOKEN_KINDS, (1_000, 2_000, 3_000, 4_000), strict=True))
        audit_rows(
            {"tokens_used": 10_000, **tokens},
            {"tokens_used": 7, "input_tokens": 7, "model": "claude-haiku-5-5", "user_id": "bob", "status": "failed"},
        )

        answer = get(client, "usage", group_by="user")

        # Opus, dollars per million: 1,000 x 4 + 2,000 x 20 + 3,000 x 5 + 4,000 x 0.4 = 60,600. Haiku: 7 x 0.1.
        assert {one["group"]: one["estimated_cost"] for one in answer["groups"]} == {"anna.admin": 0.0606, "bob": 1e-6}
        assert answer["total"]["estimated_cost"] == 0.060601
        assert (answer["currency"], answer["prices_as_of"]) == ("USD", "2026-11-22")
        assert answer["total"]["models_without_price"] == []

    @on_sqlite
    def test_the_prices_are_those_of_the_settings(self, make_app: MakeApp) -> None:
        prices = {"mine": {"input": 100, "output": 0, "cache_write": 0, "cache_read": 0}}
        app = make_app(CLAUDE_PRICES=prices, CLAUDE_PRICES_AS_OF="2027-01-31")
        with app.app_context():
            audit_rows({"model": "mine", "tokens_used": 5_000, "input_tokens": 5_000})

        answer = get(app.test_client(), "usage")

        assert (answer["total"]["estimated_cost"], answer["prices_as_of"]) == (0.5, "2027-01-31")

    @on_sqlite
    def test_without_a_price_there_is_no_cost_and_the_model_is_named(self, client: FlaskClient, app: Flask) -> None:
        some = {"tokens_used": 1_000_000, "input_tokens": 1_000_000}
        audit_rows(
            some,
            {**some, "model": "claude-of-tomorrow", "user_id": "bob"},
            {**some, "model": "another", "user_id": "bob"},
            {"model": "claude-of-yesterday", "user_id": "carl", "cached_questions": 5},  # served from the cache alone
        )

        answer = get(client, "usage", group_by="user")

        assert {one["group"]: (one["estimated_cost"], one["models_without_price"]) for one in answer["groups"]} == {
            "anna.admin": (4.0, []),
            "bob": (None, ["another", "claude-of-tomorrow"]),
            "carl": (0.0, []),
        }
        assert answer["total"]["estimated_cost"] is None
        assert answer["total"]["models_without_price"] == ["another", "claude-of-tomorrow"]

    def test_a_day_ends_at_midnight_utc(self, client: FlaskClient, app: Flask) -> None:
        midnight = datetime(2026, 11, 21)
        audit_rows({"started_at": midnight - timedelta(microseconds=1)}, {"started_at": midnight}, {"started_at": NOON})

        groups = get(client, "usage")["groups"]

        assert [(one["group"], one["generations"]) for one in groups] == [("2026-11-20", 2), ("2026-11-21", 1)]

    def test_users_are_told_apart_exactly(self, client: FlaskClient, app: Flask) -> None:
        audit_rows(*({"user_id": odd} for odd in ODD_IDS))

        assert {one["group"] for one in get(client, "usage", group_by="user")["groups"]} == set(ODD_IDS)

    def test_what_was_made_without_claude_costs_nothing(self, make_app: MakeApp, requisition: dict[str, Any]) -> None:
        app = with_starter_library(make_app(CLAUDE_MODE="offline"))
        client = app.test_client()
        for number in range(2):
            assert full_workflow(client, requisition, req_id=f"R{number}").status_code == 200
        with app.app_context():
            audit_rows({"model": "offline-sample", "tokens_used": 1_000_000, "input_tokens": 1_000_000})

        total = get(client, "usage", group_by="model")["total"]

        assert (total["generations"], total["failures"], total["cached_questions"]) == (5, 0, 0)
        assert (total["estimated_cost"], total["models_without_price"]) == (0.0, [])

    def test_nothing_used_is_zero_and_not_an_error(self, client: FlaskClient, app: Flask) -> None:
        answer = get(client, "usage")

        assert (answer["groups"], answer["from"], answer["to"]) == ([], None, None)
        assert set(figures(answer["total"]).values()) <= {0}
        assert answer["total"]["estimated_cost"] == 0

    @on_sqlite
    def test_an_unknown_grouping_is_refused(self, client: FlaskClient) -> None:
        for unknown in ("", "week", "DAY", "user_id", "id; DROP TABLE generation_logs"):
            assert refused(client, "usage", group_by=unknown) == ["group_by"]


class TestEvidence:
    def test_the_document_holds_all_that_was_kept_of_a_requisition(
        self, client: FlaskClient, app: Flask, requisition: dict[str, Any]
    ) -> None:
        answer = full_workflow(client, requisition).json
        body = {"req_id": requisition["req_id"], "job_description_id": answer["job_description_id"]}
        client.post("/api/interview/generate", json=body, headers={**ADMIN, "X-User-ID": "bob"})

        evidence = get(client, "evidence/REQ-12345")

        description = dict(evidence["job_description"])
        assert description.pop("created_by_user_id") == "anna.admin"
        assert description == get(client, "jd/REQ-12345")["job_description"]
        assert description["basic_jd"]["description"] == requisition["basic_description"]
        assert description["enhanced_jd"]["description"]
        assert description["work_inputs"]["work_output"] == requisition["work_output"]
        assert description["interview_topics"]
        assert description["language"] == "en"
        assert evidence["generations"] == get(client, "logs", req_id="REQ-12345")["logs"][::-1]
        assert [(row["operation_type"], row["user_id"]) for row in evidence["generations"]] == [
            ("jd_enhancement", "anna.admin"),
            ("interview_generation", "anna.admin"),
            ("interview_generation", "bob"),
        ]
        assert [one["created_by_user_id"] for one in evidence["interviews"]] == ["anna.admin", "bob"]
        for shown, stored in zip(evidence["interviews"], get(client, "req/REQ-12345")["interviews"], strict=True):
            assert {**shown, "questions": None} == {
                **stored,
                "questions": None,
                "created_by_user_id": shown["created_by_user_id"],
                "deleted_at": None,
                "overrides": {},
            }
            for question, plain in zip(shown["questions"], stored["questions"], strict=True):
                assert question.pop("cached_question")["id"] == plain["cached_question_id"]
                assert question == plain
        assert evidence["log_retention_days"] == 730
        assert abs(datetime.fromisoformat(evidence["made_at"]) - utc_now()) < timedelta(minutes=1)

    def test_it_says_what_a_lent_question_comes_from_and_why_it_was_retired_since(
        self, client: FlaskClient, app: Flask, requisition: dict[str, Any]
    ) -> None:
        lender = full_workflow(client, requisition, req_id="LENDER").json
        with transaction() as session:
            session.execute(update(CachedQuestion).values(model="claude-of-yesterday"))
        full_workflow(client, requisition, req_id="BORROWER")
        leaked = lender["interview"]["questions"][2]["cached_question_id"]
        retirement = {"reason": "Seen on a forum.", "url": "https://forum.example/1"}
        client.post(f"/api/interview/cache/{leaked}/retire", json=retirement, headers=ADMIN)

        for req_id, source in (("LENDER", "generated"), ("BORROWER", "cache")):
            questions = get(client, f"evidence/{req_id}")["interviews"][0]["questions"]
            assert [question["source"] for question in questions] == [source] * 5
            assert [question["cached_question"]["retired_at"] is not None for question in questions] == [
                number == 2 for number in range(5)
            ]
            origin = questions[2]["cached_question"]
            assert (origin["id"], origin["model"]) == (leaked, "claude-of-yesterday")
            assert (origin["retired_reason"], origin["retired_url"]) == ("Seen on a forum.", "https://forum.example/1")
            assert origin["retired_by_user_id"] == ADMIN["X-User-ID"]
        assert questions[2]["cached_topic"] == origin["topic"]
        assert questions[2]["similarity"] == 1.0

    def test_a_question_stays_when_its_entry_in_the_cache_is_gone(
        self, client: FlaskClient, app: Flask, requisition: dict[str, Any]
    ) -> None:
        for req_id in ("LENDER", "BORROWER"):
            full_workflow(client, requisition, req_id=req_id)
        with transaction() as session:
            session.execute(delete(CachedQuestion))

        question = get(client, "evidence/BORROWER")["interviews"][0]["questions"][0]

        assert (question["source"], question["cached_question_id"], question["cached_question"]) == (
            "cache",
            None,
            None,
        )
        assert question["cached_topic"]
        assert question["question_text"]

    def test_a_failed_enhancement_is_evidence_too(
        self, client: FlaskClient, app: Flask, requisition: dict[str, Any], fake: FakeClaude
    ) -> None:
        fake.next(error_reply(404, "not_found_error"))
        client.post("/api/interview/jd/enhance", json=requisition, headers=ADMIN)

        evidence = get(client, "evidence/REQ-12345")

        assert evidence["job_description"]["enhanced_jd"] is None
        assert [(row["status"], row["error_code"]) for row in evidence["generations"]] == [
            ("failed", "claude_misconfigured")
        ]
        assert evidence["interviews"] == []

    def test_odd_ids_get_their_own_document_and_unknown_ones_404(
        self, make_app: MakeApp, requisition: dict[str, Any]
    ) -> None:
        client = with_starter_library(make_app(CLAUDE_MODE="offline")).test_client()
        for odd in ODD_IDS:
            client.post("/api/interview/jd/enhance", json={**requisition, "req_id": odd}, headers=ADMIN)

        for odd in ODD_IDS:
            evidence = get(client, f"evidence/{quote(odd, safe='')}")
            assert evidence["req_id"] == evidence["job_description"]["req_id"] == odd
            assert [row["req_id"] for row in evidence["generations"]] == [odd]
        for unknown in ("REQ-2", "Req-1", "REQ-1 ", "REQ-1/", "x" * 2_000, "\x00", "😁", "%ff"):
            response = client.get(f"/api/interview/evidence/{quote(unknown, safe='%')}", headers=ADMIN)
            assert (response.status_code, response.json["code"]) == (404, "not_found"), unknown


class TestPrune:
    def run(self, app: Flask, *arguments: str) -> str:
        result = app.test_cli_runner().invoke(args=["logs", "prune", *arguments])
        assert result.exit_code == 0, result.output
        return str(result.output)

    def aged(self, *days: float, **columns: Any) -> list[int]:
        return audit_rows(*({"started_at": utc_now() - timedelta(days=age), **columns} for age in days))

    def left(self) -> list[int]:
        with transaction() as session:
            return list(session.scalars(select(GenerationLog.id).order_by(GenerationLog.id)))

    def test_old_rows_go_in_batches_and_those_in_progress_and_young_ones_stay(
        self, app: Flask, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.aged(*range(800, 811), 731, 730.01, status="success")
        self.aged(900, status="failed")
        kept = self.aged(1_000, status="in_progress") + self.aged(729.99, 10, 0)
        oldest, newest = ((utc_now() - timedelta(days=age)).isoformat()[:13] for age in (900, 730.01))
        everything = self.left()

        output = self.run(app, "--dry-run")
        assert output.startswith("14 audit rows would be removed, from " + oldest)
        assert f" to {newest}" in output
        assert self.left() == everything

        with caplog.at_level(logging.INFO, logger="techscreen.operations.audit_trail"):
            output = self.run(app, "--batch-size", "4")
        assert output.startswith(f"14 audit rows removed, from {oldest}")
        assert f" to {newest}" in output
        assert self.left() == kept
        assert [record.removed for record in caplog.records if record.event == "audit_pruned"] == [4, 4, 4, 2]  # type: ignore[attr-defined]

        assert self.run(app).startswith("0 audit rows removed.")

    def test_the_setting_says_how_old_is_too_old(self, make_app: MakeApp) -> None:
        app = make_app(LOG_RETENTION_DAYS=30)
        with app.app_context():
            self.aged(31)
            kept = self.aged(29)

            output = self.run(app)

            assert "1 audit rows removed" in output
            assert "older than 30 days" in output
            assert self.left() == kept

    def test_a_batch_that_fails_takes_none_of_the_earlier_ones_back(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.aged(*range(800, 810))
        batches = 0

        def fail_at_the_third(*_: Any) -> Any:
            nonlocal batches
            batches += 1
            if batches == 3:
                raise KeyboardInterrupt
            return delete(GenerationLog)

        monkeypatch.setattr(audit_trail, "delete", fail_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            audit_trail.prune(730, dry_run=False, batch=3)

        assert len(self.left()) == 4

    def test_nothing_else_removes_audit_rows(
        self, client: FlaskClient, app: Flask, requisition: dict[str, Any]
    ) -> None:
        naming = [
            path.name
            for folder in (config.PROJECT_FOLDER.glob("*.py"), (config.PROJECT_FOLDER / "techscreen").rglob("*.py"))
            for path in folder
            if "delete(GenerationLog" in path.read_text()
        ]
        assert naming == ["audit_trail.py"]

        full_workflow(client, requisition)
        self.aged(1_000)
        before = self.left()
        full_workflow(client, requisition)
        app.test_cli_runner().invoke(args=["cache", "prune"])

        assert set(before) < set(self.left())

    def test_a_database_that_was_not_migrated_is_named_in_a_sentence(self, make_app: MakeApp, tmp_path: Any) -> None:
        bare = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'bare.db'}")
        result = bare.test_cli_runner().invoke(args=["logs", "prune"])

        assert result.exit_code == 1
        assert "alembic upgrade head" in result.output
        assert "Traceback" not in result.output


@on_sqlite
def test_only_admins_may_see_the_audit_trail(client: FlaskClient, app: Flask) -> None:
    for path in ("logs", "usage", "evidence/REQ-1", "logs?page_size=-1"):
        url = f"/api/interview/{path}"
        assert client.get(url).status_code == 401
        for role in ("interviewer", "recruiter", "hiring_manager", "administrator", "guest"):
            response = client.get(url, headers={**READER, "X-User-Role": role})
            assert (response.status_code, response.json["code"]) == (403, "forbidden"), (path, role)
        assert client.get(url, headers={**ADMIN, "X-User-Role": "Admin"}).status_code not in (401, 403)
        assert client.post(url.partition("?")[0], json={}, headers=ADMIN).status_code == 405


def test_nothing_secret_is_told(
    make_app: MakeApp, requisition: dict[str, Any], fake: FakeClaude, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(GATEWAY_SECRET="gate-XYZZY")
    client = app.test_client()
    headers = {**ADMIN, "X-Gateway-Secret": "gate-XYZZY"}
    secret = {"basic_description": "Describes PLUGH.", "work_role": "Leads PLUGH."}
    client.post("/api/interview/workflow/full", json={**requisition, **secret}, headers=headers)
    fake.next(Reply(content="PLUGH is no JSON"), Reply(content="PLUGH is no JSON"), Reply(content="PLUGH is no JSON"))
    failed = client.post("/api/interview/jd/enhance", json={**requisition, **secret, "req_id": "R2"}, headers=headers)
    assert failed.status_code == 502
    caplog.clear()

    texts = {
        path: client.get(f"/api/interview/{path}", headers=headers).text
        for path in ("logs", "usage", "evidence/REQ-12345")
    }

    for path, shown in texts.items():
        assert '"success":true' in shown
        for hidden in ("XYZZY", "a-key-that-buys-nothing", "process_id", "password", fake.url):
            assert hidden not in shown, path
        assert ("PLUGH" in shown) == path.startswith("evidence")  # where the description is what was asked for
    assert "PLUGH" not in caplog.text
    assert "XYZZY" not in caplog.text


def test_rows_of_before_the_migration_stay_and_have_lent_nothing(database_url: str) -> None:
    alembic = Config(config.PROJECT_FOLDER / "alembic.ini")
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            insert(GenerationLog).values(
                **{"operation_type": "jd_enhancement", "req_id": "REQ-😀", "user_id": "anna", "status": "success"},
                **{"tokens_used": 7, "model": "m", "prompt_version": "1", "cached_questions": 3},
            )
        )
    try:
        with engine.begin() as connection:
            alembic.attributes["connection"] = connection
            command.downgrade(alembic, "003")
            columns = {column["name"] for column in inspect(connection).get_columns("generation_logs")}
            assert "tokens_used" in columns
            assert "cached_questions" not in columns
    finally:
        migrate(database_url)

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT req_id, tokens_used, cached_questions FROM generation_logs")).all()
    assert rows == [("REQ-😀", 7, 0)]


def is_question(body: dict[str, Any]) -> bool:
    return "InterviewQuestion" in str(body["output_config"])


def retire_any(client: FlaskClient) -> None:
    first = get(client, "cache")["questions"][0]["id"]
    client.post(f"/api/interview/cache/{first}/retire", json={"reason": "Leaked."}, headers=ADMIN)


def figures(group: dict[str, Any]) -> Counter[str]:
    return Counter({name: group[name] for name in ("generations", "failures", "calls", "lower_bounds", *SUMMED)})


def many_rows() -> list[dict[str, Any]]:
    """Three hundred different rows over some days."""
    rows: list[dict[str, Any]] = []
    for number in range(300):
        kinds = {kind: (number * factor) % 997 for kind, factor in zip(TOKEN_KINDS, (7, 11, 13, 17), strict=True)}
        rows.append(
            {
                **kinds,
                "tokens_used": sum(kinds.values()),
                "attempts": number % 6,
                "cached_questions": number % 5,
                "tokens_are_lower_bound": number % 9 == 0,
                "status": ("success", "failed", "success", "in_progress")[number % 4],
                "operation_type": ("jd_enhancement", "interview_generation")[number % 2],
                "user_id": f"user{number % 7}",
                "model": ("claude-opus-5-5", "claude-opus-5", "offline-sample")[number % 3],
                "started_at": NOON + timedelta(hours=number - 100, microseconds=number),
            }
        )
    return rows


def every_row(client: FlaskClient, **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = get(client, "logs", page_size=100, **query, **cursor)
        rows += answer["logs"]
        if answer["next_cursor"] is None:
            return rows
        cursor = {"cursor": answer["next_cursor"]}
