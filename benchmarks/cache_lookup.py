"""How long the question cache takes: finding a question among many, and serving a whole interview."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, text

from benchmarks.measuring import ADMIN, Row, bench_app, median, percentile, run_workflow, seconds
from config import load_settings
from models import CachedQuestion, db, utc_now
from prompts import InterviewQuestion, InterviewTopic
from techscreen.question_cache.keys import cache_key, request_hash, subject_of
from techscreen.question_cache.lookup import CacheLookup
from techscreen.question_cache.reservations import Reservations
from techscreen.storage.transactions import transaction
from techscreen.topics import matching
from techscreen.web.container import current_runtime
from tests.support.fake_claude import WORDS, FakeClaude, good_question

SIZES = (1_000, 10_000, 100_000)
WARM_UP, LOOKUPS = 100, 400
LEVELS = ("Foundational", "Intermediate", "Advanced", "Expert")
TECHNOLOGIES = ("kafka", "postgresql", "python", "java", "kubernetes", "react", "terraform", "redis", "go", "mysql", "")
INTERVIEWS = 60
TARGET_MS, INTERVIEW_TARGET_MS = 3.0, 30.0


def cache_lookup(database_url: str) -> list[Row]:
    """Look-ups of topics that are cached and of topics that are not, in caches of three sizes."""
    rows = []
    with FakeClaude() as fake, bench_app(database_url, fake.url) as app, app.app_context():
        held = 0
        for size in SIZES:
            _fill(held, size)
            held = size
            hits, misses, lendings = _measure(size)
            rows.append(
                Row(
                    f"cache lookup, {size:,} questions",
                    f"hit p50 {median(hits):.1f} ms, p99 {percentile(hits, 0.99):.1f} ms; "
                    f"miss p50 {median(misses):.1f} ms, p99 {percentile(misses, 0.99):.1f} ms; "
                    f"found and claimed p50 {median(lendings):.1f} ms, p99 {percentile(lendings, 0.99):.1f} ms",
                    f"p99 <= {TARGET_MS:.0f} ms",
                    max(percentile(hits, 0.99), percentile(misses, 0.99)) <= TARGET_MS,
                )
            )
        rows.append(_explained())
    return rows


def interview_from_cache(database_url: str) -> list[Row]:
    """An interview for which Claude is asked nothing."""
    with FakeClaude() as fake, bench_app(database_url, fake.url, CACHE_MAX_USES=10_000) as app:
        run_workflow(app, 0, title="Engineer")
        times = []
        for number in range(1, INTERVIEWS + 1):
            body = _enhanced(app, number)
            fake.received.clear()
            started = time.perf_counter()
            answer = app.test_client().post("/api/interview/generate", json=body, headers=ADMIN).json
            times.append(1000 * (time.perf_counter() - started))
            if fake.received or answer is None or answer["cached_questions"] != 5:
                raise RuntimeError("the interview did not come from the cache")
    return [
        Row(
            "interview served wholly from the cache",
            f"0 Claude calls, p50 {median(times):.0f} ms, p99 {percentile(times, 0.99):.0f} ms",
            f"0 calls, p50 <= {INTERVIEW_TARGET_MS:.0f} ms",
            median(times) <= INTERVIEW_TARGET_MS,
        )
    ]


def _measure(size: int) -> tuple[list[float], list[float], list[float]]:
    choose = random.Random(size)
    there = [next(_topics(number, number + 1)) for number in choose.sample(range(size), WARM_UP + LOOKUPS)]
    for topic in there[:WARM_UP]:
        _find(_lookup_of("R-warm-up"), topic)
    hits, misses, lendings = [], [], []
    for number, topic in enumerate(there[WARM_UP:]):
        lookup, reservations = _lookup_of(f"R{size}-{number}"), _reservations_of(f"R{size}-{number}")
        other = topic.model_copy(update={"topic": topic.topic + " unheard of"})
        hits.append(1000 * seconds(lambda lookup=lookup, topic=topic: _find(lookup, topic)))
        lendings.append(
            1000 * seconds(lambda reservations=reservations, topic=topic: reservations.reserve(topic, "en", []))
        )
        started = time.perf_counter()
        if reservations.reserve(other, "en", []):
            raise RuntimeError(f"{topic.topic} should have been missed")
        misses.append(1000 * (time.perf_counter() - started))
    return hits, misses, lendings


def _find(lookup: CacheLookup, topic: InterviewTopic) -> None:
    with transaction() as session:
        if not lookup.hits(session, lookup.wanted(topic, "en")):
            raise RuntimeError(f"{topic.topic} was not found")


def _explained() -> Row:
    """Whether both selects of a look-up use their index."""
    lookup = _lookup_of("R-explain")
    wanted = lookup.wanted(next(_topics(7, 8)), "en")
    equal = select(CachedQuestion.id).where(CachedQuestion.request_hash == wanted.request_hash, *lookup.lendable())
    bucket = select(CachedQuestion.id).where(
        CachedQuestion.technology_key == wanted.technology_key,
        CachedQuestion.skill_level == wanted.topic.skill_level,
        CachedQuestion.language == wanted.language,
        CachedQuestion.prompt_version == wanted.prompt_version,
        *lookup.lendable(),
    )
    used = []
    with transaction() as session:
        sqlite = db.engine.dialect.name == "sqlite"
        for statement in (equal, bucket):
            sql = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
            plan = session.execute(text(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{sql}".replace(":", "\\:")))
            used.append([str(row.get("key", row.get("detail"))) for row in plan.mappings()])
    indexed = all("None" not in keys and not any("SCAN" in key for key in keys) for keys in used)
    return Row("EXPLAIN of both selects", "; ".join(" + ".join(keys) for keys in used), "indexes only", indexed)


def _lookup_of(req_id: str) -> CacheLookup:
    return CacheLookup(current_runtime().claude, load_settings({"CACHE_MAX_USES": 1_000}), req_id)


def _reservations_of(req_id: str) -> Reservations:
    return Reservations(current_runtime().claude, load_settings({"CACHE_MAX_USES": 1_000}), req_id)


def _topics(start: int, end: int) -> Iterator[InterviewTopic]:
    """Topics that differ from one another, in buckets as uneven as real ones."""
    for number in range(start, end):
        choose = random.Random(f"topic {number}")
        technology = TECHNOLOGIES[int(len(TECHNOLOGIES) * choose.random() ** 2)]
        words = " ".join(choose.sample(WORDS, 3))
        yield InterviewTopic(
            topic=f"{technology} {words} w{number:x}q".strip(),
            technologies=[technology] if technology else [],
            facet="facet",
            skill_level=choose.choice(LEVELS),
            question_type="technical",
            focus="focus",
            work_items=[],
        )


def _fill(start: int, end: int) -> None:
    question = InterviewQuestion.model_validate(good_question({"topic": "any"}))
    written = question.model_dump(include={"minutes", "criteria", "follow_ups", "rating_anchors"})
    claude = current_runtime().claude
    rows: list[dict[str, Any]] = []
    for number, topic in enumerate(_topics(start, end), start=start):
        subject = subject_of(topic.topic, topic.technologies)
        requested = request_hash(claude.prompt_version, "en", topic.skill_level, subject)
        rows.append(
            {
                **written,
                "question_text": question.question_text,
                "cache_key": cache_key(requested, 1),
                "request_hash": requested,
                "variant": 1,
                "topic": topic.topic,
                "technologies": topic.technologies,
                "skill_level": topic.skill_level,
                "question_type": topic.question_type,
                "technology_key": matching.technology_key(subject),
                "facet_key": matching.facet_key(subject),
                "language": "en",
                "prompt_version": claude.prompt_version,
                "model": claude.model,
                "usage_count": number % 20,
                "created_at": utc_now() - timedelta(days=number % 90),
            }
        )
        if len(rows) == 1_000 or number == end - 1:
            with transaction() as session:
                session.execute(insert(CachedQuestion), rows)
            rows = []


def _enhanced(app: Flask, number: int) -> dict[str, Any]:
    body = {"req_id": f"E{number}", "basic_title": "Engineer", "basic_description": "Builds things."}
    first = app.test_client().get("/api/interview/jd/REQ-0", headers=ADMIN).json
    assert first is not None
    basic, work = first["job_description"]["basic_jd"], first["job_description"]["work_inputs"]
    body.update(basic_title=basic["title"], basic_description=basic["description"], **work)
    answer = app.test_client().post("/api/interview/jd/enhance", json=body, headers=ADMIN).json
    assert answer is not None
    return {"req_id": body["req_id"], "job_description_id": answer["job_description_id"]}
