"""The question cache in the hands of an admin: over HTTP, and from the shell."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from models import CachedQuestion, InterviewQuestion, db, utc_now
from techscreen.storage.transactions import transaction
from techscreen.topics import matching
from tests.conftest import ADMIN, MakeApp, on_sqlite
from tests.question_cache.test_question_cache import a_question, a_topic, reservations, stock
from tests.support.fake_claude import FakeClaude
from tests.support.tables import table


@pytest.fixture
def app(make_app: MakeApp) -> Any:
    app = make_app()
    with app.app_context():
        yield app


def listed(client: FlaskClient, query: str = "") -> dict[str, Any]:
    response = client.get(f"/api/interview/cache{query}", headers=ADMIN)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def retire(client: FlaskClient, cached_question_id: object, **body: Any) -> Any:
    return client.post(f"/api/interview/cache/{cached_question_id}/retire", json=body, headers=ADMIN)


class TestListing:
    def test_every_state_is_counted_and_can_be_asked_for(self, app: Flask, client: FlaskClient) -> None:
        states = {
            "available": stock(seed="a"),
            "used_up": stock(seed="b", usage_count=20),
            "expired": stock(seed="c", created_at=utc_now() - timedelta(days=200)),
            "outdated": stock(seed="d", prompt_version="older", usage_count=20),
            "retired": stock(seed="e", retired_at=utc_now(), prompt_version="older"),
        }

        counts = listed(client)["counts"]

        assert counts["total"] == 5
        for state, cached_question_id in states.items():
            assert counts[state] == 1
            found = listed(client, f"?state={state}")
            assert [(q["id"], q["state"]) for q in found["questions"]] == [(cached_question_id, state)]
            assert found["matching"] == 1

    def test_filters_find_by_topic_technology_level_and_language(self, app: Flask, client: FlaskClient) -> None:
        kafka = stock()
        rabbit = stock(a_topic("RabbitMQ exchanges", technologies=["rabbitmq"], skill_level="Expert"), language="de")

        for query, expected in (
            ("?topic=consumer", [kafka]),
            ("?technology=Apache%20Kafka", [kafka]),
            ("?technology=rabbit%20mq", [rabbit]),
            ("?technology=kafk", []),
            ("?technology=c", []),
            ("?skill_level=Expert", [rabbit]),
            ("?language=DE", [rabbit]),
            ("?topic=100%25", []),
            ("?skill_level=Expert&technology=kafka", []),
        ):
            assert [question["id"] for question in listed(client, query)["questions"]] == expected, query

    def test_pages_hold_everything_once(self, app: Flask, client: FlaskClient) -> None:
        kept = [stock(seed=f"q{number}", usage_count=number) for number in range(7)]

        pages = [listed(client, f"?page={page}&page_size=3&order=most_used") for page in (1, 2, 3, 4)]

        assert [question["id"] for page in pages for question in page["questions"]] == kept[::-1]
        assert [len(page["questions"]) for page in pages] == [3, 3, 1, 0]
        assert {page["matching"] for page in pages} == {7}
        assert [top["id"] for top in pages[0]["most_used"]] == kept[:1:-1]
        assert [top["id"] for top in pages[0]["least_used"]] == kept[:5]

    def test_the_hit_rate_is_what_was_delivered(
        self, app: Flask, client: FlaskClient, requisition: dict[str, Any]
    ) -> None:
        assert listed(client)["counts"]["hit_rate"] is None
        for number in range(3):
            body = {**requisition, "req_id": f"R{number}"}
            client.post("/api/interview/workflow/full", json=body, headers=ADMIN)

        counts = listed(client)["counts"]
        assert (counts["questions_delivered"], counts["questions_from_cache"]) == (15, 10)
        assert counts["hit_rate"] == 0.6667

    @on_sqlite
    @table(
        ("query", "field"),
        [
            ("page=0", "page"),
            ("page=-1", "page"),
            ("page=one", "page"),
            ("page_size=101", "page_size"),
            ("page_size=9999999999999999999999", "page_size"),
            ("state=sold", "state"),
            ("order=random", "order"),
            ("topic=" + "x" * 256, "topic"),
        ],
    )
    def test_a_bad_query_is_refused_by_name(self, client: FlaskClient, query: str, field: str) -> None:
        response = client.get(f"/api/interview/cache?{query}", headers=ADMIN)

        assert (response.status_code, response.json["code"]) == (400, "invalid_request")
        assert [problem["field"] for problem in response.json["details"]] == [field]
        assert response.json["error"].startswith(f"{field} ")


class TestRetiring:
    def test_a_retired_question_is_never_lent_again_and_its_interviews_are_named(
        self, app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        answers = [
            client.post("/api/interview/workflow/full", json={**requisition, "req_id": f"R{n}"}, headers=ADMIN).json
            for n in range(2)
        ]
        leaked = answers[0]["interview"]["questions"][2]

        answer = retire(client, leaked["cached_question_id"], reason="Seen on a forum.", url="https://forum.example/1")

        assert answer.status_code == 200
        assert answer.json["question"]["state"] == "retired"
        assert answer.json["question"]["retired_reason"] == "Seen on a forum."
        assert answer.json["question"]["retired_url"] == "https://forum.example/1"
        assert [
            (each["interview_id"], each["req_id"], each["version"], each["question_number"])
            for each in answer.json["affected_interviews"]
        ] == [(answers[n]["interview_id"], f"R{n}", 1, 3) for n in range(2)]
        third = client.post("/api/interview/workflow/full", json={**requisition, "req_id": "R3"}, headers=ADMIN).json
        assert third["cached_questions"] == 4
        assert leaked["question_text"] not in [q["question_text"] for q in third["interview"]["questions"]]

    def test_retiring_twice_keeps_the_first_reason_and_who_gave_it(
        self, app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "techscreen.question_cache.administration")
        kept = stock()
        address, boris = f"/api/interview/cache/{kept}/retire", {**ADMIN, "X-User-ID": "boris"}
        first = client.post(address, json={"reason": "first"}, headers=boris).json
        second = retire(client, kept, reason="second", url="https://x.example")

        assert second.status_code == 200
        assert first["question"]["retired_by_user_id"] == "boris"
        assert second.json["question"] == first["question"] == listed(client)["questions"][0]
        told = [vars(record) for record in caplog.records if vars(record).get("event") == "question_retired"]
        assert [(line["cached_question_id"], line["user_id"]) for line in told] == [(kept, "boris")]

    @table("unknown", [0, 99, 2**31, 9_999_999_999, "abc", "1" * 5000])
    def test_an_unknown_question_is_not_found(self, client: FlaskClient, unknown: object) -> None:
        response = retire(client, unknown, reason="x")
        assert (response.status_code, response.json["code"]) == (404, "not_found")

    @on_sqlite
    @pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": None}, {"reason": 1}, {"reason": "x" * 1001}])
    def test_a_reason_is_required(self, app: Flask, client: FlaskClient, body: dict[str, Any]) -> None:
        kept = stock()
        response = retire(client, kept, **body)

        assert response.status_code == 400
        assert [problem["field"] for problem in response.json["details"]] == ["reason"]
        assert listed(client)["counts"]["retired"] == 0


class TestCommands:
    def run(self, app: Flask, *arguments: str) -> str:
        db.session.remove()
        result = app.test_cli_runner().invoke(args=["cache", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    def test_stats_show_the_counts(self, app: Flask) -> None:
        stock()
        output = self.run(app, "stats")
        assert "total  1\n" in output
        assert "hit_rate  -\n" in output

    def test_prune_deletes_what_can_never_be_lent_and_leaves_interviews_whole(
        self, app: Flask, client: FlaskClient, requisition: dict[str, Any]
    ) -> None:
        interview_id = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).json["interview_id"]
        with transaction() as session:
            session.execute(update(CachedQuestion).values(created_at=utc_now() - timedelta(days=400)))
        stock(seed="young")
        stock(seed="retired", retired_at=utc_now(), created_at=utc_now() - timedelta(days=400))

        assert "5 questions would be deleted" in self.run(app, "prune", "--dry-run")
        assert listed(client)["counts"]["total"] == 7
        assert "5 questions deleted" in self.run(app, "prune")

        assert listed(client)["counts"]["total"] == 2
        interview = client.get(f"/api/interview/{interview_id}", headers=ADMIN).json["interview"]
        assert len(interview["questions"]) == 5
        assert {question["cached_question_id"] for question in interview["questions"]} == {None}
        with transaction() as session:
            assert session.scalar(select(func.count()).select_from(InterviewQuestion)) == 5

    def test_prune_leaves_interviews_in_the_making_alone(self, app: Flask) -> None:
        old = {"created_at": utc_now() - timedelta(days=400)}
        in_the_making = reservations("REQ-1")
        kept = in_the_making.keep(a_topic(), "en", a_question("being used"))
        with transaction() as session:
            session.execute(update(CachedQuestion).where(CachedQuestion.id == kept).values(**old))
        stock(seed="sample", model="offline-sample", prompt_version="offline-1")
        stock(seed="old", **old)

        assert "2 questions deleted" in self.run(app, "prune")

    def test_a_database_that_was_not_migrated_is_named_in_a_sentence(self, make_app: MakeApp, tmp_path: Path) -> None:
        bare = make_app(DATABASE_URL=f"sqlite:///{tmp_path / 'bare.db'}")
        result = bare.test_cli_runner().invoke(args=["cache", "stats"])

        assert result.exit_code == 1
        assert "alembic upgrade head" in result.output
        assert "Traceback" not in result.output

    def test_rekey_makes_the_keys_of_today_in_batches_and_can_be_started_again(self, app: Flask) -> None:
        kept = [stock(seed=f"q{number}") for number in range(5)]
        with transaction() as session:
            for number, cached_question_id in enumerate(kept[:4]):
                # As if the alias table had not known Kafka when these were kept.
                session.execute(
                    update(CachedQuestion)
                    .where(CachedQuestion.id == cached_question_id)
                    .values(request_hash="old", cache_key=f"old {number}", technology_key="?kafka", facet_key="old")
                )
        assert [reservations("R1").reserve(a_topic(), "en", avoid=[]).cached_question_id] == [kept[4]]

        output = self.run(app, "rekey", "--batch-size", "2")

        assert "Done: 4 questions have new keys." in output
        assert output.count("checked") == 3
        assert "Done: 0 questions" in self.run(app, "rekey")
        with transaction() as session:
            rows = session.scalars(select(CachedQuestion)).all()
        assert len({(row.request_hash, row.variant) for row in rows}) == 5
        assert {row.technology_key for row in rows} == {"kafka"}
        assert {row.facet_key for row in rows} == {matching.facet_key(matching.parse("Kafka consumer groups"))}
        borrower = reservations("R2")
        assert {borrower.reserve(a_topic(), "en", avoid=[]).cached_question_id for _ in kept} == set(kept)

    def test_suggestions_are_listed(self, app: Flask) -> None:
        assert "No unknown technologies" in self.run(app, "suggestions")
        stock(a_topic(technologies=["Frobnicator"]))
        assert "1  frobnicator  (such as in “Kafka consumer groups”)" in self.run(app, "suggestions")
