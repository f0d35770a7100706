"""The question cache on SQLite and on MariaDB: what is lent, what is not, and who wins a race."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from claude_client import ClaudeClient
from config import PROJECT_FOLDER, load_settings
from models import (
    CachedQuestion,
    GenerationLog,
    Interview,
    JobDescription,
    QuestionUse,
    ServiceProcess,
    SuggestedTechnology,
    db,
    utc_now,
)
from prompts import InterviewQuestion, InterviewTopic
from techscreen.errors import DatabaseUnavailable
from techscreen.generation.question_set import MAX_SHOWN_CHARACTERS
from techscreen.question_cache.keys import subject_of
from techscreen.question_cache.reservations import Reservations, release_orphaned
from techscreen.storage.liveness import count_out_dead_neighbours, row_of_this_process, this_process_id
from techscreen.storage.transactions import transaction
from techscreen.topics import matching
from tests.conftest import ADMIN, MakeApp
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of, good_question
from tests.support.tables import table

SILENCE = timedelta(seconds=30)


def a_topic(topic: str = "Kafka consumer groups", **changes: Any) -> InterviewTopic:
    return InterviewTopic.model_validate(
        {
            "topic": topic,
            "technologies": ["kafka"],
            "facet": "rebalancing",
            "skill_level": "Advanced",
            "question_type": "technical",
            "focus": "How a group shares partitions.",
            "work_items": [{"field": "work_knowledge", "part": "Kafka"}],
            **changes,
        }
    )


def a_question(seed: str = "one") -> InterviewQuestion:
    return InterviewQuestion.model_validate(good_question({"topic": seed, "taken": []}))


@pytest.fixture
def app(make_app: MakeApp) -> Any:
    app = make_app()
    with app.app_context():
        yield app


def reservations(req_id: str, **settings: Any) -> Reservations:
    loaded = load_settings(settings)
    return Reservations(ClaudeClient(loaded), loaded, req_id)


def stock(topic: InterviewTopic | None = None, seed: str = "one", language: str = "en", **columns: Any) -> int:
    """A question in the cache that no requisition uses any more."""
    topic = topic or a_topic()
    maker = reservations("REQ-MAKER")
    kept = maker.keep(topic, language, a_question(seed))
    assert kept is not None
    maker.release()
    if columns:
        with transaction() as session:
            session.execute(update(CachedQuestion).where(CachedQuestion.id == kept).values(**columns))
    return kept


def first_topic(answer: dict[str, Any]) -> dict[str, Any]:
    """The first topic of a requisition, as its job description has it."""
    with transaction() as session:
        stored = session.get_one(JobDescription, answer["job_description_id"])
    topics_of_it = stored.interview_topics
    assert topics_of_it is not None
    found: dict[str, Any] = topics_of_it[0]
    return found


def row(cached_question_id: int) -> CachedQuestion:
    with transaction() as session:
        return session.get_one(CachedQuestion, cached_question_id)


class TestLending:
    @pytest.mark.parametrize(
        "topic",
        ["Kafka consumer groups", "Consumer groups in Apache Kafka", "KAFKA consumer-groups", "Kafka: consumer group"],
    )
    def test_a_question_for_the_same_topic_is_lent(self, app: Flask, topic: str) -> None:
        kept = stock()

        reserved = reservations("REQ-2").reserve(a_topic(topic), "en", avoid=[])

        assert reserved is not None
        assert reserved.cached_question_id == kept
        assert reserved.question == a_question()
        assert reserved.cached_topic == "Kafka consumer groups"
        assert reserved.similarity == 1.0
        assert (row(kept).usage_count, row(kept).last_used_at is not None) == (1, True)

    @table(
        ("topic", "language"),
        [
            (a_topic("Kafka security", technologies=["kafka"]), "en"),
            (a_topic("RabbitMQ consumer groups", technologies=["rabbitmq"]), "en"),
            (a_topic("Kafka consumer groups", technologies=["kafka", "java"]), "en"),
            (a_topic("Kafka 3 consumer groups"), "en"),
            (a_topic(skill_level="Expert"), "en"),
            (a_topic(), "de"),
            (a_topic(), "en-GB"),
        ],
    )
    def test_a_question_for_another_topic_level_or_language_is_not(
        self, app: Flask, topic: InterviewTopic, language: str
    ) -> None:
        stock()
        assert reservations("REQ-2").reserve(topic, language, avoid=[]) is None

    @table(
        "columns",
        [
            {"usage_count": 20},
            {"created_at": utc_now() - timedelta(days=181)},
            {"retired_at": utc_now()},
            {"prompt_version": "older", "request_hash": "of older words"},
        ],
        ids=lambda columns: next(iter(columns)),
    )
    def test_a_question_that_may_not_be_lent_is_not(self, app: Flask, columns: dict[str, Any]) -> None:
        stock(**columns)
        assert reservations("REQ-2").reserve(a_topic(), "en", avoid=[]) is None

    def test_the_least_used_of_the_same_type_comes_first(self, app: Flask) -> None:
        often = stock(seed="a", usage_count=5)
        seldom = stock(seed="b", usage_count=1)
        other_type = stock(a_topic(question_type="coding"), seed="c")

        order = [reservations(f"REQ-{n}").reserve(a_topic(), "en", avoid=[]) for n in range(2)]
        assert [reserved and reserved.cached_question_id for reserved in order] == [seldom, seldom]
        again = reservations("REQ-0")
        assert [again.reserve(a_topic(), "en", avoid=[]).cached_question_id for _ in range(2)] == [often, other_type]

    def test_a_requisition_gets_a_question_once(self, app: Flask) -> None:
        stock()
        assert reservations("REQ-2").reserve(a_topic(), "en", avoid=[]) is not None
        assert reservations("REQ-2").reserve(a_topic(), "en", avoid=[]) is None
        assert reservations("REQ-3").reserve(a_topic(), "en", avoid=[]) is not None

    def test_a_question_alike_to_one_that_must_be_avoided_is_not_lent(self, app: Flask) -> None:
        stock()
        assert reservations("REQ-2").reserve(a_topic(), "en", avoid=[a_question().question_text.upper()]) is None

    def test_the_threshold_decides_about_similar_topics(self, app: Flask) -> None:
        stock(a_topic("Kafka consumer group lag alerts dashboards quotas"))
        close = a_topic("Kafka consumer group lag alerts dashboards")

        assert reservations("REQ-2", CACHE_SIMILARITY_THRESHOLD=0.95).reserve(close, "en", avoid=[]) is None
        reserved = reservations("REQ-2", CACHE_SIMILARITY_THRESHOLD=0.6).reserve(close, "en", avoid=[])
        assert reserved is not None
        assert 0.6 < reserved.similarity < 0.95

    def test_a_near_miss_is_logged_with_its_reason(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        stock(a_topic("Kafka retention, compaction and quotas"))

        reservations("REQ-2").reserve(a_topic("Kafka retention, compaction and tiered storage"), "en", avoid=[])

        (record,) = [record for record in caplog.records if getattr(record, "event", "") == "cache_miss"]
        assert record.nearest_topic == "Kafka retention, compaction and quotas"
        assert 0 < record.similarity < 0.85

    def test_a_technology_that_the_table_does_not_know_must_match_to_the_letter(self, app: Flask) -> None:
        stock(a_topic("Frobnicator stream processing", technologies=["Frobnicator"]))

        def reserve(topic: str, *technologies: str) -> Any:
            return reservations("REQ-2").reserve(a_topic(topic, technologies=list(technologies)), "en", avoid=[])

        assert reserve("Frobnicators stream processing", "Frobnicators") is None
        assert reserve("Stream processing", "frobnicator2") is None
        assert reserve("Stream processing with Frobnicator", "frobnicator") is not None

    @table("topic", ["x", "😀😀", "Δ", "a" * 255, "流処理", "🇩🇪 Straße", "%_\\'\"", "-- ; DROP"])
    def test_odd_topics_are_kept_and_found_again(self, app: Flask, topic: str) -> None:
        kept = stock(a_topic(topic, technologies=[]))
        stock(a_topic("entirely different", technologies=[]), seed="two")

        reserved = reservations("REQ-2").reserve(a_topic(topic, technologies=[]), "en", avoid=[])
        assert reserved is not None
        assert reserved.cached_question_id == kept

    def test_off_means_neither_read_nor_written(self, app: Flask) -> None:
        stock()
        off = reservations("REQ-2", ENABLE_QUESTION_CACHE=False)

        assert off.reserve(a_topic(), "en", avoid=[]) is None
        assert off.keep(a_topic(), "en", a_question("two")) is None
        assert off.taken_texts([a_topic()], "en") == [[]]
        with transaction() as session:
            assert session.scalar(select(func.count()).select_from(CachedQuestion)) == 1


class TestReservations:
    def test_a_claim_that_lost_a_race_is_tried_again_on_what_is_there_now(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = stock()
        claim, raced = Reservations._claim, []

        def claim_after_another(self: Reservations, session: Any, row: CachedQuestion) -> bool:
            if not raced:
                raced.append(1)
                # Another process uses the question between our reading and our claiming it.
                session.execute(
                    update(CachedQuestion).where(CachedQuestion.id == kept).values(usage_count=5),
                    execution_options={"synchronize_session": False},
                )
            return claim(self, session, row)

        monkeypatch.setattr(Reservations, "_claim", claim_after_another)
        reserved = reservations("REQ-2").reserve(a_topic(), "en", avoid=[])

        assert reserved is not None
        assert row(kept).usage_count == 6

    def test_a_question_retired_between_reading_and_claiming_is_not_claimed(self, app: Flask) -> None:
        kept = stock()
        borrower = reservations("REQ-2")
        with transaction() as session:
            as_read = session.get_one(CachedQuestion, kept)
            session.execute(
                update(CachedQuestion).where(CachedQuestion.id == kept).values(retired_at=utc_now()),
                execution_options={"synchronize_session": False},
            )
            assert not borrower._claim(session, as_read)

    def test_a_reservation_that_ran_out_is_made_again_when_the_interview_is_stored(
        self, app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        first = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).get_json()
        stored = reservations("R2")
        reserved = stored.reserve(InterviewTopic.model_validate(first_topic(first)), "en", avoid=[])
        assert reserved is not None
        release_orphaned(utc_now() - SILENCE)  # this process has no heartbeat here

        with transaction() as session:
            stored.become_part_of(first["interview_id"], session)

        assert row(reserved.cached_question_id).usage_count == 2
        with transaction() as session:
            uses = session.scalars(select(QuestionUse.interview_id).where(QuestionUse.req_id == "R2")).all()
        assert uses == [first["interview_id"]]

    def test_what_is_given_back_can_be_lent_again_to_the_same_requisition(self, app: Flask) -> None:
        first = reservations("REQ-1")
        kept = first.keep(a_topic(), "en", a_question())
        assert row(kept or 0).usage_count == 1
        assert reservations("REQ-1").reserve(a_topic(), "en", avoid=[]) is None

        first.release()

        assert row(kept or 0).usage_count == 0
        reserved = reservations("REQ-1").reserve(a_topic(), "en", avoid=[])
        assert reserved is not None
        assert reserved.cached_question_id == kept

    def test_what_a_killed_process_reserved_is_given_back(self, app: Flask) -> None:
        with transaction() as session:
            session.add(ServiceProcess(id=this_process_id()))
        kept = reservations("REQ-1").keep(a_topic(), "en", a_question())
        assert release_orphaned(utc_now() - SILENCE) == 0
        with transaction() as session:
            session.execute(update(ServiceProcess).values(heartbeat_at=utc_now() - 2 * SILENCE))

        assert release_orphaned(utc_now() - SILENCE) == 1
        assert release_orphaned(utc_now() - SILENCE) == 0
        assert row(kept or 0).usage_count == 0

    def test_what_a_process_reserved_that_was_found_dead_is_free_for_the_same_requisition_at_once(
        self, app: Flask
    ) -> None:
        kept = reservations("REQ-1").keep(a_topic(), "en", a_question())
        ended = subprocess.Popen([sys.executable, "-c", ""])
        neighbour = row_of_this_process(utc_now())
        neighbour.id, neighbour.pid = "found dead", ended.pid
        ended.wait()
        # Another process has found it dead, and recovery has not come to what it had reserved.
        with transaction() as session:
            session.add(neighbour)
            session.execute(update(QuestionUse).values(process_id=neighbour.id))
            session.flush()
            count_out_dead_neighbours(session, utc_now() - SILENCE)

        reserved = reservations("REQ-1").reserve(a_topic(), "en", avoid=[])

        assert reserved is not None
        assert reserved.cached_question_id == kept
        assert row(kept or 0).usage_count == 1

    def test_recovery_may_free_what_the_dead_reserved_while_it_is_looked_up(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept = reservations("REQ-1").keep(a_topic(), "en", a_question())
        with transaction() as session:
            session.execute(update(QuestionUse).values(process_id="dead"))

        def release() -> None:
            with app.app_context():
                release_orphaned(utc_now())

        def while_it_is_recovered(_session: Session, among: Collection[str]) -> set[str]:
            with ThreadPoolExecutor(1) as other:
                other.submit(release).result()
            return {"dead"}.intersection(among)

        monkeypatch.setattr("techscreen.question_cache.reservations.dead_neighbours", while_it_is_recovered)
        reserved = reservations("REQ-1").reserve(a_topic(), "en", avoid=[])

        assert reserved is not None
        assert reserved.cached_question_id == kept
        assert row(kept or 0).usage_count == 1

    def test_what_is_part_of_an_interview_is_never_given_back(
        self, app: Flask, client: FlaskClient, requisition: dict[str, Any]
    ) -> None:
        client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN)
        with transaction() as session:
            session.execute(update(QuestionUse).values(process_id="of a dead process"))

        assert release_orphaned(utc_now() - SILENCE) == 0


class TestGeneration:
    def test_a_second_requisition_of_the_same_topics_is_served_from_the_cache(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        first = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).json
        fake.received.clear()

        second = client.post("/api/interview/workflow/full", json={**requisition, "req_id": "R2"}, headers=ADMIN).json

        assert [asked_for(body) for body in fake.received] == ["EnhancedDescription"]
        assert (first["cached_questions"], second["cached_questions"]) == (0, 5)
        for ours, theirs in zip(second["interview"]["questions"], first["interview"]["questions"], strict=True):
            assert ours["source"] == "cache"
            assert theirs["source"] == "generated"
            for name in ("question_text", "spoken_text", "exhibit", "minutes"):
                assert ours[name] == theirs[name]
            assert ours["cached_topic"] == theirs["topic"]
            assert ours["similarity"] == 1.0
            assert not any(criterion["is_checked"] for criterion in ours["criteria"])

    def test_an_interview_wholly_from_the_cache_asks_claude_nothing_and_costs_nothing(
        self, app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN)
        jd = client.post("/api/interview/jd/enhance", json={**requisition, "req_id": "R2"}, headers=ADMIN).json
        fake.received.clear()

        body = {"req_id": "R2", "job_description_id": jd["job_description_id"]}
        answer = client.post("/api/interview/generate", json=body, headers=ADMIN).json

        assert fake.received == []
        assert (answer["tokens_used"], answer["cached_questions"]) == (0, 5)
        with transaction() as session:
            assert set(session.scalars(select(CachedQuestion.usage_count))) == {2}

    def test_a_second_interview_of_a_requisition_is_written_anew_and_told_what_exists(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        first = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).json
        fake.received.clear()
        body = {"req_id": first["req_id"], "job_description_id": first["job_description_id"]}

        second = client.post("/api/interview/generate", json=body, headers=ADMIN).json

        assert second["cached_questions"] == 0
        texts = {question["spoken_text"] for question in first["interview"]["questions"]}
        assert not texts & {question["spoken_text"] for question in second["interview"]["questions"]}
        shown = {text[:MAX_SHOWN_CHARACTERS] for text in texts}
        assert [set(data_of(body)["taken"]) for body in fake.received] == [shown] * 5
        third = client.post("/api/interview/workflow/full", json={**requisition, "req_id": "R3"}, headers=ADMIN).json
        assert third["cached_questions"] == 5

    def test_a_failed_run_costs_only_the_failed_question_when_it_is_tried_again(
        self, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        jd = client.post("/api/interview/jd/enhance", json=requisition, headers=ADMIN).json
        body = {"req_id": jd["req_id"], "job_description_id": jd["job_description_id"]}
        too_large = Reply(stop_reason="model_context_window_exceeded", content="")
        fake.when(lambda body: asked_for(body) == "InterviewQuestion", too_large, times=1)
        assert client.post("/api/interview/generate", json=body, headers=ADMIN).status_code == 502
        fake.received.clear()

        answer = client.post("/api/interview/generate", json=body, headers=ADMIN).json

        assert len(fake.received) == 1
        assert answer["cached_questions"] == 4
        assert answer["interview"]["version"] == 1

    def test_when_all_variants_are_used_up_a_new_one_is_written(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        client = make_app(CACHE_MAX_USES=1).test_client()

        answers = [
            client.post("/api/interview/workflow/full", json={**requisition, "req_id": f"R{n}"}, headers=ADMIN).json
            for n in range(3)
        ]

        assert [answer["cached_questions"] for answer in answers] == [0, 0, 0]
        texts = [q["question_text"] for answer in answers for q in answer["interview"]["questions"]]
        assert len(set(texts)) == 15

    def test_requests_that_miss_the_same_topics_at_once_all_succeed_and_lose_nothing(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.first_token = 0.3
        answers: list[Any] = []

        def run(number: int) -> None:
            body = {**requisition, "req_id": f"R{number}"}
            answers.append(app.test_client().post("/api/interview/workflow/full", json=body, headers=ADMIN))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [answer.status_code for answer in answers] == [200] * 6
        written = sum(5 - answer.json["cached_questions"] for answer in answers)
        with transaction() as session:
            assert session.scalar(select(func.count()).select_from(CachedQuestion)) == written
            assert session.scalar(select(func.count()).select_from(Interview)) == 6
            assert session.scalar(select(func.count()).select_from(QuestionUse)) == 30

    def test_interviews_of_one_requisition_made_at_once_share_no_question(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        jd = app.test_client().post("/api/interview/jd/enhance", json=requisition, headers=ADMIN).get_json()
        body = {"req_id": jd["req_id"], "job_description_id": jd["job_description_id"]}
        fake.first_token = 0.3
        answers: list[Any] = []

        def run() -> None:
            answers.append(app.test_client().post("/api/interview/generate", json=body, headers=ADMIN))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [answer.status_code for answer in answers] == [200] * 4
        texts = [q["question_text"] for answer in answers for q in answer.get_json()["interview"]["questions"]]
        assert len(set(texts)) == 20
        with transaction() as session:
            assert session.scalar(select(func.count()).where(QuestionUse.interview_id.is_(None))) == 0
            assert session.scalar(select(func.sum(CachedQuestion.usage_count))) == 20

    def test_a_question_retired_while_the_interview_is_made_is_not_in_it(
        self, app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        first = client.post("/api/interview/workflow/full", json=requisition, headers=ADMIN).get_json()
        questions = first["interview"]["questions"]
        jd = client.post("/api/interview/jd/enhance", json={**requisition, "req_id": "R2"}, headers=ADMIN).get_json()
        client.post(
            f"/api/interview/cache/{questions[0]['cached_question_id']}/retire", json={"reason": "a"}, headers=ADMIN
        )
        other = app.test_client()

        def leak(body: dict[str, Any]) -> None:
            # While the first question is being written, the second one, reserved already, is retired.
            fake.on_request = None
            path = f"/api/interview/cache/{questions[1]['cached_question_id']}/retire"
            threading.Thread(target=lambda: other.post(path, json={"reason": "b"}, headers=ADMIN)).start()

        fake.first_token, fake.on_request = 0.5, leak
        body = {"req_id": "R2", "job_description_id": jd["job_description_id"]}
        second = client.post("/api/interview/generate", json=body, headers=ADMIN).get_json()

        texts = [question["question_text"] for question in second["interview"]["questions"]]
        assert questions[0]["question_text"] not in texts
        assert questions[1]["question_text"] not in texts
        assert second["cached_questions"] == 3

    def test_a_question_that_cannot_be_stored_costs_none_of_the_others(
        self, app: Flask, client: FlaskClient, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jd = client.post("/api/interview/jd/enhance", json=requisition, headers=ADMIN).get_json()
        body = {"req_id": jd["req_id"], "job_description_id": jd["job_description_id"]}
        keep, calls = Reservations.keep, []

        def keep_but_the_first(self: Reservations, *arguments: Any, **named: Any) -> Any:
            calls.append(1)
            if len(calls) == 1:
                raise DatabaseUnavailable("The database does not answer.")
            return keep(self, *arguments, **named)

        monkeypatch.setattr(Reservations, "keep", keep_but_the_first)
        failed = client.post("/api/interview/generate", json=body, headers=ADMIN)
        monkeypatch.undo()

        assert (failed.status_code, failed.get_json()["req_id"]) == (503, jd["req_id"])
        with transaction() as session:
            assert session.scalar(select(func.count()).select_from(CachedQuestion)) == 4
            last = session.scalars(select(GenerationLog).order_by(GenerationLog.id.desc())).first()
        assert last is not None
        assert (last.status, last.attempts) == ("failed", 5)
        again = client.post("/api/interview/generate", json=body, headers=ADMIN).get_json()
        assert again["cached_questions"] == 4

    def test_unknown_technologies_are_noted_once_each(self, app: Flask) -> None:
        for number in range(3):
            reservations(f"R{number}").keep(
                a_topic(technologies=["Frobnicator", "kafka", " "]), "en", a_question(str(number))
            )

        with transaction() as session:
            noted = session.scalars(select(SuggestedTechnology)).all()
        assert [(each.name, each.times_seen, each.topic) for each in noted] == [
            ("frobnicator", 3, "Kafka consumer groups")
        ]


RACER = """
import json, sys
import conftest
from app import create_app
from tests.question_cache.test_question_cache import a_topic, reservations
url, requisitions = sys.argv[1], json.loads(sys.argv[2])
app = create_app({"FLASK_ENV": "testing", "DATABASE_URL": url, "LOG_LEVEL": "ERROR"})
print("ready", flush=True)
sys.stdin.readline()
got = []
with app.app_context():
    for req_id in requisitions:
        reserved = reservations(req_id, CACHE_MAX_USES=7).reserve(a_topic(), "en", avoid=[])
        got.append([req_id, reserved.cached_question_id if reserved else None])
print(json.dumps(got))
"""


def test_four_processes_exceed_no_maximum_and_lend_no_question_twice_to_a_requisition(
    app: Flask, database_url: str
) -> None:
    kept = [stock(seed=f"seed {number}") for number in range(5)]
    db.session.remove()
    requisitions = [f"R{number}" for number in range(12)]
    racers = [
        subprocess.Popen(
            # Every process asks for the same requisitions, each beginning at another one.
            [sys.executable, "-c", RACER, database_url, json.dumps(requisitions[3 * n :] + requisitions[: 3 * n])],
            cwd=PROJECT_FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    results: list[list[Any]] = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        output, _ = racer.communicate(timeout=60)
        results += json.loads(output)

    reserved = [(req_id, question) for req_id, question in results if question is not None]
    assert max(Counter(reserved).values()) == 1
    uses = Counter(question for _, question in reserved)
    assert set(uses) <= set(kept)
    # 48 wishes for 5 questions of 7 uses each: as many as there are, and not one more.
    assert max(uses.values()) <= 7
    assert sum(uses.values()) >= 30
    with transaction() as session:
        stored = {row.id: row.usage_count for row in session.scalars(select(CachedQuestion))}
        rows = session.scalar(select(func.count()).select_from(QuestionUse))
    assert stored == {question: uses[question] for question in kept}
    assert rows == len(reserved)


class TestSubjects:
    """What Claude names for a topic narrows what its words say, and never widens it."""

    TOPICS = ("Review of a refund endpoint", "Kafka consumer groups", "Frobnicator tuning", "Tuning", "Moving X to Y")
    NAMES = ((), ("java",), ("java", "postgresql"), ("Frobnicator",), ("golang",), ("go", "kafka"), ("?", "stream"))

    def test_naming_more_never_makes_two_topics_the_same_that_were_not(self) -> None:
        for one in self.TOPICS:
            for other in self.TOPICS:
                for names in self.NAMES:
                    # A technology that both name and only one spells out in its words is the one exception.
                    if one != other and "Frobnicator" not in names:
                        assert _keys(one, names) != _keys(other, names), (one, other, names)

    def test_topics_of_different_technologies_are_different_though_their_words_are_equal(self) -> None:
        keys = {_keys("Review of a refund endpoint", names) for names in self.NAMES}
        assert len(keys) == len(self.NAMES)

    def test_a_name_of_the_table_counts_by_its_canonical_name(self) -> None:
        assert _keys("Concurrency", ("golang",)) == _keys("Go concurrency", ()) == _keys("Concurrency", ("Go", "go"))
        assert _keys("Boot time", ("spring-boot", "java")) == _keys("Boot time", ("Spring Boot",))

    def test_a_topic_is_read_back_from_its_keys(self) -> None:
        for topic in (*self.TOPICS, "REST vs SOAP", "Java 8 to Java 17", "non-blocking I/O", "a b c d", "not"):
            subject = subject_of(topic, ())
            if subject.has_content:
                assert matching.of_keys(subject.technologies, matching.facet_key(subject)) == subject
        assert matching.of_keys(frozenset(), "") is None
        assert matching.of_keys(frozenset(), matching.facet_key(matching.parse("🔥"))) is None
        assert (
            matching.of_keys(frozenset(), matching.facet_key(matching.parse(" ".join(f"word{n}x" for n in range(80)))))
            is None
        )


def _keys(topic: str, names: tuple[str, ...]) -> tuple[str, str]:
    subject = subject_of(topic, names)
    return matching.technology_key(subject), matching.facet_key(subject)
