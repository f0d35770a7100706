"""What is confidential of a requisition stays with it: such a question is delivered, reported, and never lent on."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from models import CachedQuestion, Interview, utc_now
from techscreen.checks.confidential_words import Confidential
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, MakeApp
from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of
from tests.support.workflows import a_question, embedded_database

WORKFLOW = "/api/interview/workflow/full"
REQUISITION = {
    "basic_title": "Engineer",
    "basic_description": "Bluefin Pay GmbH is hiring. You move Project Nightjar (budget EUR 2,400,000; "
    "90-120k EUR a year) to https://wiki.bluefin-pay.net/x and grafana.corp.bluefin.internal at 10.20.30.41. "
    "We sold it for $12k. Ask jane.miller@bluefin-pay.net or +49 89 1234567. The password is Hunter2!x. "
    "Codename of the rest: Orangutan.",
    "work_knowledge": "Kafka, Socket.IO, Node.js, PostgreSQL 15, for 星苔視覚株式会社; see github.com and example.com",
}
CONFIDENTIAL = {
    "See https://wiki.bluefin-pay.net/x.": "address",
    "ask db7.bluefin-pay.net for it": "address",
    "the host grafana.corp.bluefin.internal": "address",
    "the wiki at https://intra.othercorp.de/a": "address",
    "the host wiki.other.intranet": "address",
    "its neighbour 10.20.30.99 fails": "address",
    "write to bob@acme.de": "contact",
    "call 089 1234567": "contact",
    "a budget of 2.4 million": "money",
    "it has €2.400.000 left": "money",
    "pays € 120.000": "money",
    "pays 90k EUR": "money",
    "about 12,000 in all, of $12,000": "money",
    "log in with Hunter2!x": "secret",
    "key AKIAIOSFODNN7EXAMPLE": "secret",
    "token = 'aB3dE5fG7hI9jK1lM3nO'": "secret",
    "-----BEGIN RSA PRIVATE KEY-----": "secret",
    "the Nightjar migration": "name",
    "class NightjarClient": "name",
    "import com.bluefin.ledger": "name",
    "as the ORANGUTAN does": "name",
    "bei 星苔視覚": "name",
}
HARMLESS = [
    "curl http://localhost:8080/a or https://api.example.com/v1, 127.0.0.1, 10.0.0.5, 192.168.1.0/24",
    "orders.svc.cluster.local, host.docker.internal, http://orders:8080/health, self.cache.local",
    "xmlns http://www.w3.org/2001/XMLSchema, https://github.com/a/b and git@github.com:a/b.git",
    "app.config.io, System.out.println, java.lang.internal, socket.io, Node.js, main.py",
    "90,000 users and 12,000,000 events, 120 ms, 2.4 s, 1.2.3.4 at 12:30:45 on 2024-11-05, $5 each",
    "write to ana@example.org or call +1 555 0100 1234",
    "id 3f2504e0-4f89-41d3-9a0c-0305e82c3301, commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "getUserById2FromCacheV3AndMore, SHA256withRSA2048, the password is wrong",
    "react@18.2.0, lodash@4.17.21, uses: actions/checkout@v4.1.1, A@B.T, +10 000 000 rows, +12 345 678 users",
    "config.app.local, foo.bar.local; a table has 120,000 rows, a budget of 120,000 rows",
    "a night in a jar; Project Management of a bluefi",
]


def test_what_stands_in_the_requisition_or_looks_real_is_confidential_and_what_exercises_need_is_not() -> None:
    ours = Confidential(REQUISITION)
    wrong: list[Any] = []
    for text, category in CONFIDENTIAL.items():
        found = ours.findings_in(text)
        if not ours.any_in([text]) or {one.category for one in found} != {category}:
            wrong.append((text, found))
        wrong += [one for one in found if text[one.start : one.end] != one.word]
    wrong += [(text, ours.findings_in(text)) for text in HARMLESS if ours.any_in([text])]
    assert not wrong
    others = Confidential({"basic_description": "Engineer who runs Kafka."})
    assert [text for text in CONFIDENTIAL if others.any_in([text])] == [
        "See https://wiki.bluefin-pay.net/x.",
        "the host grafana.corp.bluefin.internal",
        "the wiki at https://intra.othercorp.de/a",
        "the host wiki.other.intranet",
        "write to bob@acme.de",
        "key AKIAIOSFODNN7EXAMPLE",
        "token = 'aB3dE5fG7hI9jK1lM3nO'",
        "-----BEGIN RSA PRIVATE KEY-----",
    ]


def test_an_employer_that_stands_in_an_address_as_well_is_still_a_name() -> None:
    for more in ("github.com/bluefin/ledger", "linkedin.com/company/bluefin", "@bluefin on X", "#bluefin"):
        ours = Confidential({"basic_description": f"At Bluefin we build payment systems. See {more}."})
        assert ours.any_in(["At Bluefin: a job is late."]), more
    assert Confidential({"basic_description": "At Müller & Söhne we build."}).any_in(["At Müller & Söhne: a job."])


def test_whatever_the_text_it_is_quick() -> None:
    atoms = "a A 1 . a. - / :// http:// @ 1, + ( 0 € $1 k password: sk- eyJ “A _ = 漢 :: a: budget xox w1".split(" ")
    atoms += [" ", "1 ", "Project ", "codename ", "to 1"]
    random_ = random.Random(3)
    slow = []
    for _ in range(40):
        text = ("".join(random_.sample(atoms, 2)) * 16_000)[:16_000]
        ours = Confidential({})
        began = time.thread_time()
        ours.findings_in(text)
        if time.thread_time() - began > 1:  # on a slow machine; alone it is a tenth
            slow.append(text[:20])
    assert not slow


def questions_with(words: str) -> Any:
    def change(good: dict[str, Any]) -> dict[str, Any]:
        good["criteria"][3]["description"] = f"Names the {words} of it."
        return good

    return change


def cached() -> list[CachedQuestion]:
    with transaction() as session:
        return list(session.scalars(select(CachedQuestion).order_by(CachedQuestion.id)))


def designs(body: dict[str, Any]) -> bool:
    return a_question(body) and "\nsystem_design: " in body["messages"][0]["content"]


def codes(body: dict[str, Any]) -> bool:
    return a_question(body) and "\ncoding: " in body["messages"][0]["content"]


@embedded_database
def test_a_confidential_question_is_delivered_and_reported_and_found_again_by_its_own_requisition_alone(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    app = make_app()
    client = app.test_client()
    body = {**requisition, "basic_description": f"{requisition['basic_description']} The budget is EUR 2,400,000."}
    fake.when(designs, Reply(change=questions_with("2.4 million budget")))
    fake.when(codes, Reply(change=lambda good: {**good, "spoken_text": ""}), times=3)

    failed = client.post(WORKFLOW, json=body, headers=ADMIN)
    assert failed.status_code == 502
    with app.app_context():
        assert {row.only_for_req_id for row in cached()} == {None, body["req_id"]}

    again = {"req_id": body["req_id"], "job_description_id": failed.get_json()["job_description_id"]}
    answer = client.post("/api/interview/generate", json=again, headers=ADMIN).get_json()
    assert answer["cached_questions"] == 4  # what was paid for is not paid for again
    path = "questions[4].criteria[3].description"
    [finding] = [finding for finding in answer["quality"]["findings"] if finding["kind"] == "confidential"]
    assert (finding["field"], finding["category"], finding["word"]) == (path, "money", "2.4 million")

    sent = len(fake.received)
    other = client.post(WORKFLOW, json={**body, "req_id": "REQ-OTHER"}, headers=ADMIN).get_json()
    assert other["cached_questions"] == 4
    assert other["interview"]["questions"][4]["source"] == "generated"
    [brief] = [data_of(body) for body in fake.received[sent:] if asked_for(body) == "InterviewQuestion"]
    assert "taken" not in brief  # not even told that it exists

    listed = client.get("/api/interview/cache?state=withheld", headers=ADMIN).get_json()
    assert {question["only_for_req_id"] for question in listed["questions"]} == {body["req_id"], "REQ-OTHER"}
    assert (listed["counts"]["withheld"], listed["counts"]["available"]) == (2, 4)


@embedded_database
def test_a_question_with_markup_is_sent_back_once_then_reported_and_not_lent(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    app = make_app()
    fake.when(designs, Reply(change=questions_with("<img src=x onerror=alert(1)>")), times=2)
    answer = app.test_client().post(WORKFLOW, json=requisition, headers=ADMIN).get_json()
    found = [finding for finding in answer["quality"]["findings"] if finding["kind"] == "markup"]
    assert [(one["field"], one["category"]) for one in found] == [("questions[4].criteria[3].description", "raw_html")]
    assert sum(map(designs, fake.received)) == 2
    with app.app_context():
        assert [row.only_for_req_id for row in cached()].count(requisition["req_id"]) == 1


@embedded_database
def test_a_name_in_a_topic_and_an_old_entry_with_an_address_are_not_lent_either(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    def with_name(good: dict[str, Any]) -> dict[str, Any]:
        good["interview_topics"][0]["topic"] = "Ledger of Zibblewick"
        return good

    app = make_app()
    client = app.test_client()
    body = {**requisition, "basic_description": f"Join Zibblewick. {requisition['basic_description']}"}
    fake.when(lambda body: asked_for(body) == "EnhancedDescription", Reply(change=with_name))
    first = client.post(WORKFLOW, json=body, headers=ADMIN).get_json()
    assert {finding["field"] for finding in first["quality"]["findings"] if finding["kind"] == "confidential"} >= {
        "questions[0].topic"
    }
    with app.app_context():
        assert [row.only_for_req_id for row in cached()].count(body["req_id"]) == 1
        with transaction() as session:  # kept before there was a check
            of_another = CachedQuestion.topic == first["interview"]["questions"][1]["topic"]
            text = "On wiki.corp.zibblewick.internal a job is late. What do you do?"
            session.execute(update(CachedQuestion).where(of_another).values(follow_ups=[text, "What else?"]))
    second = client.post(WORKFLOW, json={**body, "req_id": "REQ-OTHER"}, headers=ADMIN).get_json()
    assert [question["source"] for question in second["interview"]["questions"]] == ["generated"] * 2 + ["cache"] * 3


@embedded_database
def test_each_question_tells_who_wrote_it_and_the_interview_who_wrote_what_is_new(
    make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    def interview(req_id: str, **settings: Any) -> dict[str, Any]:
        answer = (
            make_app(**settings).test_client().post(WORKFLOW, json={**requisition, "req_id": req_id}, headers=ADMIN)
        )
        found: dict[str, Any] = answer.get_json()
        assert found["model"] == found["interview"]["model"]
        return found["interview"]

    def writers(interview: dict[str, Any]) -> list[str]:
        return [question["model"] for question in interview["questions"]]

    first = interview("REQ-A", CLAUDE_MODEL="claude-old")
    assert (first["model"], writers(first)) == ("claude-old", ["claude-old"] * 5)
    second = interview("REQ-B", CLAUDE_MODEL="claude-new")
    assert (second["model"], second["prompt_version"], writers(second)) == (None, None, ["claude-old"] * 5)
    assert {question["prompt_version"] for question in second["questions"]} == {first["prompt_version"]}

    app = make_app(CLAUDE_MODEL="claude-new")
    with app.app_context(), transaction() as session:
        oldest = session.scalar(select(CachedQuestion.id).order_by(CachedQuestion.id).limit(1))
        session.execute(
            update(CachedQuestion).where(CachedQuestion.id == oldest).values(created_at=utc_now() - timedelta(days=999))
        )
    third = interview("REQ-C", CLAUDE_MODEL="claude-new")
    assert third["model"] == "claude-new"
    assert sorted(writers(third)) == ["claude-new", *["claude-old"] * 4]
    strict = interview("REQ-D", CLAUDE_MODEL="claude-new", CACHE_SAME_MODEL_ONLY="True")
    assert writers(strict) == ["claude-new"] * 5
    assert [question["source"] for question in strict["questions"]].count("cache") == 1
    counts = make_app(CLAUDE_MODEL="claude-new", CACHE_SAME_MODEL_ONLY="True").test_client()
    assert counts.get("/api/interview/cache", headers=ADMIN).get_json()["counts"]["withheld"] == 4
    with app.app_context(), transaction() as session:
        stored = session.scalars(select(Interview).where(Interview.req_id == "REQ-C")).one()
        assert [question.model for question in stored.questions] == writers(third)
