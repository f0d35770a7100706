"""Whether and when a call to Claude may go ahead: turns, the line before them, and rests while Claude is overloaded."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

import claude_client
from claude_client import MAX_TRIES, ClaudeClient
from config import load_settings
from prompts import EnhancedDescription, EnhanceDescription
from techscreen.claude import admission as claude_admission
from techscreen.claude.admission import FIRST_COOLDOWN, MAX_COOLDOWN, MAX_OVERLOADS, TRIAL_SECONDS, Admission
from techscreen.claude.interface import ClaudeAnswer, Deadline
from techscreen.errors import ClaudeUnavailable
from techscreen.web.container import current_runtime
from tests.conftest import ADMIN, MakeApp
from tests.support.fake_claude import FakeClaude, Reply, data_of, error_reply
from tests.support.workflows import Gate, audit_rows, enhance, until, workflow

# The database plays no part in these, so the embedded one will do.
embedded_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OVERLOADED = error_reply(529, "overloaded_error")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry pauses keep their pattern, a hundred times faster."""
    monkeypatch.setattr(claude_client, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(claude_client, "MAX_PAUSE", 0.08)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admission(clock: Clock) -> Admission:
    return Admission(2, clock)


def may_go(admission: Admission, deadline: Deadline | None = None) -> bool:
    return refusal(admission, deadline) is None


def refusal(admission: Admission, deadline: Deadline | None = None) -> ClaudeUnavailable | None:
    """Why a call is refused, if it is; without a deadline that of a new request."""
    try:
        admission.admit(deadline or Deadline.after(3_600))
    except ClaudeUnavailable as error:
        return error
    return None


def fail(admission: Admission, times: int = 1) -> None:
    for _ in range(times):
        admission.overloaded()


def seconds_of_rest(admission: Admission) -> int | None:
    """For how long a new request is sent away, in whole seconds."""
    refused = refusal(admission)
    return refused.retry_after if refused else None


# -------------------------------------------------------------------------------------------- turns


class TestTurns:
    def test_no_more_than_allowed_have_a_turn_and_all_get_one(self, admission: Admission) -> None:
        under_way, most, done = 0, 0, 0

        async def call() -> None:
            nonlocal under_way, most, done
            async with admission.slot():
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0.001)
                under_way -= 1
            done += 1

        async def run() -> None:
            await asyncio.gather(*(call() for _ in range(20)))

        asyncio.run(run())

        assert (most, done) == (2, 20)
        assert not admission.is_full()

    def test_turns_are_given_in_the_order_of_asking(self, admission: Admission) -> None:
        order: list[int] = []

        async def call(number: int) -> None:
            async with admission.slot():
                order.append(number)
                await asyncio.sleep(0.001 * (20 - number))

        async def run() -> None:
            await asyncio.gather(*(call(number) for number in range(20)))

        asyncio.run(run())

        assert order == list(range(20))

    def test_a_turn_is_given_back_when_the_call_fails_or_is_cancelled(self, admission: Admission) -> None:
        async def fail_in_turn() -> None:
            async with admission.slot():
                raise ValueError

        async def hang_in_turn() -> None:
            async with admission.slot():
                await asyncio.sleep(60)

        async def run() -> None:
            for _ in range(3):
                with pytest.raises(ValueError):
                    await fail_in_turn()
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(hang_in_turn(), 0.01)
            assert not admission.is_full()

        asyncio.run(run())

    def test_who_stops_waiting_holds_up_nobody_and_is_not_counted(self, clock: Clock) -> None:
        admission = Admission(1, clock)

        async def take() -> None:
            async with admission.slot():
                pass

        async def run() -> None:
            async with admission.slot():
                clock.pass_(10)
            async with admission.slot():
                gone = [asyncio.create_task(take()) for _ in range(50)]
                last = asyncio.create_task(take())
                await asyncio.sleep(0)
                assert not may_go(admission, Deadline.after(400))
                for task in gone:
                    task.cancel()
                await asyncio.gather(*gone, return_exceptions=True)
                assert may_go(admission, Deadline.after(400))
            await asyncio.wait_for(last, 10)

        asyncio.run(run())


# --------------------------------------------------------------------------------- the line before them


class TestTheLine:
    @pytest.fixture
    def in_line(self, admission: Admission, clock: Clock) -> Callable[[int, Callable[[], None]], None]:
        """Does something while calls that take ten seconds have all turns, and so many more are waiting."""

        def run_in_line(waiting: int, what: Callable[[], None]) -> None:
            async def take() -> None:
                async with admission.slot():
                    await asyncio.sleep(0)

            async def run() -> None:
                async with admission.slot():
                    clock.pass_(10)
                async with admission.slot(), admission.slot():
                    tasks = [asyncio.create_task(take()) for _ in range(waiting)]
                    await asyncio.sleep(0)
                    what()
                await asyncio.gather(*tasks)

            asyncio.run(run())

        return run_in_line

    @pytest.mark.parametrize(("waiting", "needed"), [(0, 15), (1, 20), (5, 40), (99, 510)])
    def test_a_request_is_refused_at_once_if_the_line_is_longer_than_its_deadline_allows(
        self, admission: Admission, in_line: Any, waiting: int, needed: int
    ) -> None:
        def look() -> None:
            refused = refusal(admission, Deadline.after(needed - 3.5))
            assert refused is not None
            assert refused.retry_after == 4
            assert refused.message.startswith(f"{waiting} calls to Claude are waiting")
            assert may_go(admission, Deadline.after(needed + 1))

        in_line(waiting, look)

    def test_nobody_is_refused_while_a_turn_is_free_however_long_calls_take(
        self, admission: Admission, clock: Clock
    ) -> None:
        async def run() -> None:
            async with admission.slot():
                clock.pass_(1_000)
            async with admission.slot():
                assert may_go(admission, Deadline.after(1))

        asyncio.run(run())

    def test_nobody_is_refused_before_it_is_known_how_long_calls_take(self, admission: Admission) -> None:
        async def run() -> None:
            async with admission.slot(), admission.slot():
                assert may_go(admission, Deadline.after(0.5))

        asyncio.run(run())

    def test_a_deadline_that_has_passed_is_not_the_fault_of_the_line(self, admission: Admission, in_line: Any) -> None:
        in_line(3, lambda: admission.admit(Deadline.after(-1)))

    def test_how_long_calls_take_is_learned_anew(self, admission: Admission, clock: Clock) -> None:
        async def run() -> None:
            async with admission.slot():
                clock.pass_(300)
            for _ in range(60):
                async with admission.slot():
                    clock.pass_(1)
            async with admission.slot(), admission.slot():
                assert may_go(admission, Deadline.after(10))

        asyncio.run(run())


# ------------------------------------------------------------------------------------------- rests


class TestRests:
    def test_the_way_closes_when_many_tries_in_a_row_have_failed(self, admission: Admission) -> None:
        fail(admission, MAX_OVERLOADS - 1)
        assert may_go(admission)

        fail(admission)

        refused = refusal(admission)
        assert refused is not None
        assert refused.retry_after == FIRST_COOLDOWN
        assert "overloaded" in refused.message

    def test_one_answer_between_them_keeps_it_open(self, admission: Admission) -> None:
        for _ in range(10):
            fail(admission, MAX_OVERLOADS - 1)
            admission.answered()
            assert may_go(admission)

    def test_a_request_is_told_how_long_the_rest_still_is(self, admission: Admission, clock: Clock) -> None:
        fail(admission, MAX_OVERLOADS)
        clock.pass_(FIRST_COOLDOWN - 1.5)
        assert seconds_of_rest(admission) == 2
        clock.pass_(1.4)
        assert seconds_of_rest(admission) == 1

    def test_after_the_rest_one_goes_through_and_the_others_wait_for_what_comes_of_it(
        self, admission: Admission, clock: Clock
    ) -> None:
        fail(admission, MAX_OVERLOADS)
        clock.pass_(FIRST_COOLDOWN)

        assert may_go(admission)
        assert [may_go(admission) for _ in range(10)] == [False] * 10
        assert seconds_of_rest(admission) == TRIAL_SECONDS

    def test_an_answer_opens_the_way_for_all(self, admission: Admission, clock: Clock) -> None:
        fail(admission, MAX_OVERLOADS)
        clock.pass_(FIRST_COOLDOWN)
        assert may_go(admission)

        admission.answered()

        assert all(may_go(admission) for _ in range(10))
        fail(admission, MAX_OVERLOADS - 1)
        assert may_go(admission)

    def test_an_answer_to_a_request_under_way_opens_it_before_the_rest_is_over(self, admission: Admission) -> None:
        fail(admission, MAX_OVERLOADS)

        admission.answered()

        assert may_go(admission)

    @pytest.mark.parametrize("seconds", [0.0, 0.1, TRIAL_SECONDS - 0.1, TRIAL_SECONDS + 0.1, 3 * TRIAL_SECONDS])
    def test_a_trial_that_fails_doubles_the_rest_up_to_the_longest(
        self, admission: Admission, clock: Clock, seconds: float
    ) -> None:
        fail(admission, MAX_OVERLOADS)
        rests = [seconds_of_rest(admission)]
        for _ in range(6):
            clock.pass_(rests[-1] or 0)
            assert may_go(admission)
            clock.pass_(seconds)
            fail(admission)
            rests.append(seconds_of_rest(admission))

        assert rests == [5, 10, 20, 40, 60, 60, 60]

    def test_trials_that_fail_one_after_another_double_the_rest_once_for_each_rest(
        self, admission: Admission, clock: Clock
    ) -> None:
        """Where Claude takes long to fail, the next trial has begun by then."""
        fail(admission, MAX_OVERLOADS)
        clock.pass_(FIRST_COOLDOWN)
        for _ in range(3):
            assert may_go(admission)
            clock.pass_(TRIAL_SECONDS)
        assert may_go(admission)

        rests = []
        for _ in range(4):
            fail(admission)
            rests.append(seconds_of_rest(admission))
            clock.pass_(TRIAL_SECONDS)

        assert rests == [10, 8, 6, 4]

    @pytest.mark.parametrize("many", [MAX_OVERLOADS, 100, 2_000])
    def test_a_burst_of_failures_is_one_rest(self, admission: Admission, clock: Clock, many: int) -> None:
        fail(admission, many)
        assert seconds_of_rest(admission) == FIRST_COOLDOWN

        clock.pass_(FIRST_COOLDOWN)
        assert may_go(admission)
        fail(admission, many)
        assert seconds_of_rest(admission) == 2 * FIRST_COOLDOWN

    def test_failures_of_requests_under_way_do_not_prolong_a_rest(self, admission: Admission, clock: Clock) -> None:
        fail(admission, MAX_OVERLOADS)
        for left in (4, 3, 2, 1):
            clock.pass_(1)
            fail(admission, 20)
            assert seconds_of_rest(admission) == left
        clock.pass_(1)
        assert may_go(admission)

    def test_a_request_under_way_that_fails_after_the_rest_is_as_good_as_a_trial(
        self, admission: Admission, clock: Clock
    ) -> None:
        fail(admission, MAX_OVERLOADS)
        clock.pass_(FIRST_COOLDOWN + 1)

        fail(admission, 20)

        assert seconds_of_rest(admission) == 2 * FIRST_COOLDOWN

    def test_a_trial_that_is_not_heard_of_is_followed_by_another(self, admission: Admission, clock: Clock) -> None:
        fail(admission, MAX_OVERLOADS)
        clock.pass_(FIRST_COOLDOWN)
        for _ in range(5):
            assert [may_go(admission), may_go(admission)] == [True, False]
            clock.pass_(TRIAL_SECONDS)

    def test_a_request_that_the_line_is_too_long_for_is_no_trial(self, clock: Clock) -> None:
        admission = Admission(1, clock)

        async def run() -> None:
            async with admission.slot():
                clock.pass_(10)
            fail(admission, MAX_OVERLOADS)
            clock.pass_(FIRST_COOLDOWN)
            async with admission.slot():
                assert not may_go(admission, Deadline.after(1))
                assert [may_go(admission), may_go(admission)] == [True, False]

        asyncio.run(run())

    def test_further_calls_of_a_request_that_was_let_through_are_not_refused(
        self, admission: Admission, clock: Clock
    ) -> None:
        under_way, trial, new = (Deadline.after(60 + number) for number in range(3))
        assert may_go(admission, under_way)
        fail(admission, MAX_OVERLOADS)
        assert [may_go(admission, each) for each in (under_way, new)] == [True, False]

        clock.pass_(FIRST_COOLDOWN)
        assert may_go(admission, under_way)  # it is no trial, though: that is for a new one
        assert may_go(admission, trial)
        assert [may_go(admission, each) for each in (trial, new, under_way) * 2] == [True, False, True] * 2

        fail(admission)
        assert [may_go(admission, each) for each in (trial, new, under_way)] == [True, False, True]
        assert seconds_of_rest(admission) == 2 * FIRST_COOLDOWN

    def test_after_a_recovery_the_next_rest_is_the_first_again(self, admission: Admission, clock: Clock) -> None:
        fail(admission, MAX_OVERLOADS)
        for _ in range(3):
            clock.pass_(MAX_COOLDOWN)
            assert may_go(admission)
            fail(admission)
        clock.pass_(MAX_COOLDOWN)
        assert may_go(admission)
        admission.answered()

        fail(admission, MAX_OVERLOADS)

        assert seconds_of_rest(admission) == FIRST_COOLDOWN


# --------------------------------------------------------------------------- through the client and HTTP


@contextmanager
def client_of(fake: FakeClaude, **settings: Any) -> Iterator[ClaudeClient]:
    client = ClaudeClient(load_settings({"CLAUDE_BASE_URL": fake.url, **settings}))
    try:
        yield client
    finally:
        client.close()


def ask(client: Any, title: str, seconds: float = 30) -> Future[ClaudeAnswer[EnhancedDescription]]:
    request = EnhanceDescription(basic_title=title, basic_description="Builds.")
    answer: Future[ClaudeAnswer[EnhancedDescription]] = client.submit(request, lambda _: [], Deadline.after(seconds))
    return answer


def claude_of(app: Flask) -> Any:
    with app.app_context():
        return current_runtime().claude


def at_once(times: int, what: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(what, range(times)))


class TestConcurrency:
    @embedded_database
    @pytest.mark.parametrize("most", [1, 3])
    def test_more_calls_than_allowed_are_never_under_way_and_all_succeed(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any], most: int
    ) -> None:
        app = make_app(CLAUDE_MAX_CONCURRENCY=most)
        fake.first_token = 0.02
        fake.most_under_way = 0

        answers = at_once(4, lambda n: workflow(app.test_client(), {**requisition, "req_id": f"REQ-{n}"}))

        assert [answer.status_code for answer in answers] == [200] * 4
        assert len(fake.received) >= 6
        assert fake.most_under_way == most

    def test_calls_are_sent_in_the_order_of_asking(self, fake: FakeClaude) -> None:
        fake.first_token = 0.01
        titles = [f"Engineer {number}" for number in range(12)]
        with client_of(fake, CLAUDE_MAX_CONCURRENCY=1) as client:
            for answer in [ask(client, title) for title in titles]:
                answer.result(20)

        assert [data_of(body)["basic_title"] for body in fake.received] == titles

    def test_a_call_that_pauses_before_it_tries_again_lets_others_have_its_turn(
        self, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake.next(error_reply(529, "overloaded_error", retry_after="0.5"))
        with client_of(fake, CLAUDE_MAX_CONCURRENCY=1) as client:
            for answer in [ask(client, title) for title in ("first", "second", "third")]:
                answer.result(20)

        assert [data_of(body)["basic_title"] for body in fake.received] == ["first", "second", "third", "first"]

    def test_a_call_that_is_cancelled_by_its_deadline_gives_its_turn_to_the_next(self, fake: FakeClaude) -> None:
        fake.next(Reply(hang=True))
        with client_of(fake, CLAUDE_MAX_CONCURRENCY=1) as client:
            hanging, waiting = ask(client, "hanging", 0.3), ask(client, "waiting")
            assert waiting.result(20)
            assert hanging.exception(20)

    @embedded_database
    def test_a_request_that_has_no_turn_by_its_deadline_is_told_that_claude_is_unavailable(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        app = make_app(CLAUDE_MAX_CONCURRENCY=1, REQUEST_TIMEOUT=1)
        gate = Gate()
        fake.next(gate.reply())
        holding = ask(claude_of(app), "holding")
        until(lambda: fake.received)

        response = enhance(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "claude_unavailable")
        assert "did not get its turn" in response.json["error"]
        assert int(response.headers["Retry-After"]) > 0
        assert len(fake.received) == 1
        (row,) = audit_rows(app)
        assert (row.status, row.error_code, row.attempts, row.tokens_used) == ("failed", "claude_unavailable", 0, 0)
        gate.open()
        holding.result(20)

    @embedded_database
    def test_a_request_that_would_come_too_late_is_refused_at_once(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        app = make_app(CLAUDE_MAX_CONCURRENCY=1, REQUEST_TIMEOUT=1)
        gate = Gate()
        fake.first_token = 0.6  # a call takes so long, so in a line it takes twice as much
        ask(claude_of(app), "to know how long it takes").result(20)
        fake.next(gate.reply())
        holding = ask(claude_of(app), "holding")
        until(lambda: len(fake.received) == 2)

        response = enhance(app.test_client(), requisition)

        assert (response.status_code, response.json["code"]) == (503, "claude_unavailable")
        assert "would come too late" in response.json["error"]
        assert int(response.headers["Retry-After"]) in (1, 2)
        assert len(fake.received) == 2
        assert [row.attempts for row in audit_rows(app)] == [0]
        gate.open()
        holding.result(20)

    @embedded_database
    def test_health_answers_while_all_turns_are_taken(
        self, make_app: MakeApp, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        app = make_app(CLAUDE_MAX_CONCURRENCY=1)
        gate = Gate()
        fake.next(gate.reply())
        with ThreadPoolExecutor(4) as pool:
            slow = [
                pool.submit(enhance, app.test_client(), {**requisition, "req_id": f"REQ-{number}"})
                for number in range(4)
            ]
            until(lambda: len(audit_rows(app)) == 4 and fake.received)

            assert [app.test_client().get("/health").status_code for _ in range(3)] == [200] * 3
            assert app.test_client().get("/api/interview/req/REQ-1", headers=ADMIN).status_code == 200
            assert not any(answer.done() for answer in slow)
            gate.open()
            assert [answer.result(20).status_code for answer in slow] == [200] * 4


@embedded_database
class TestOverload:
    @pytest.fixture
    def closed(self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]) -> Flask:
        """An app that has found Claude overloaded."""
        fake.when(lambda _: True, OVERLOADED)
        for _ in range(2):  # six tries each
            assert enhance(app.test_client(), requisition).status_code == 503
        fake.forget()
        return app

    @pytest.mark.parametrize(
        "fault",
        [OVERLOADED, error_reply(429, "rate_limit_error"), error_reply(500, "api_error"), Reply(reset=True)],
        ids=["529", "429", "500", "reset"],
    )
    def test_new_requests_are_refused_at_once_when_many_tries_in_a_row_have_failed(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], fault: Reply
    ) -> None:
        fake.when(lambda _: True, fault)
        for _ in range(2):
            assert enhance(app.test_client(), requisition).status_code == 503
        # The second was under way when the way closed, and has had all its tries.
        assert len(fake.received) == 2 * MAX_TRIES > MAX_OVERLOADS

        responses = [ask_(app.test_client(), requisition) for ask_ in (enhance, workflow) for _ in range(3)]

        assert len(fake.received) == 2 * MAX_TRIES
        for response in responses:
            assert (response.status_code, response.json["code"]) == (503, "claude_unavailable")
            assert 1 <= int(response.headers["Retry-After"]) <= FIRST_COOLDOWN
            assert "is not asked for a moment" in response.json["error"]
        refused = audit_rows(app)[2:]
        assert {(row.operation_type, row.status, row.attempts, row.tokens_used) for row in refused} == {
            ("jd_enhancement", "failed", 0, 0)
        }

    @pytest.mark.parametrize(
        ("fault", "status", "requests"),
        [
            (error_reply(400, "invalid_request_error"), 500, 1),
            (error_reply(401, "authentication_error"), 500, 1),
            (error_reply(404, "not_found_error"), 500, 1),
            (Reply(body=b"<html>", content_type="text/html"), 502, MAX_TRIES),
            (error_reply(402, "billing_error"), 503, 1),
            (Reply(stop_reason="refusal", content=""), 502, 2),
            (Reply(content=""), 502, 3),
        ],
        ids=["400", "401", "404", "HTML", "billing", "refusal", "no text"],
    )
    def test_other_failures_never_close_the_way(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any], fault: Reply, status: int, requests: int
    ) -> None:
        fake.when(lambda _: True, fault)
        tries = 2 + MAX_OVERLOADS // requests

        assert [enhance(app.test_client(), requisition).status_code for _ in range(tries)] == [status] * tries
        assert len(fake.received) == tries * requests

    def test_single_overloads_among_answers_never_close_the_way(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        number = itertools.count()
        fake.when(lambda _: next(number) % 3 != 2, OVERLOADED)  # two of three

        assert [enhance(app.test_client(), requisition).status_code for _ in range(15)] == [200] * 15
        assert len(fake.received) == 45

    def test_a_request_under_way_goes_on_trying_and_opens_the_way(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        fake.next(*[OVERLOADED] * (2 * MAX_TRIES - 1))
        assert enhance(app.test_client(), requisition).status_code == 503

        # Its fourth try closes the way for others, and its sixth is answered.
        assert enhance(app.test_client(), requisition).status_code == 200
        assert len(fake.received) == 2 * MAX_TRIES
        assert workflow(app.test_client(), requisition).status_code == 200

    def test_it_recovers_by_itself(
        self, monkeypatch: pytest.MonkeyPatch, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        monkeypatch.setattr(claude_admission, "FIRST_COOLDOWN", 0.3)
        fake.when(lambda _: True, OVERLOADED)
        for _ in range(2):
            enhance(app.test_client(), requisition)
        fake.forget()
        assert enhance(app.test_client(), requisition).status_code == 503
        assert fake.received == []

        until(lambda: enhance(app.test_client(), requisition).status_code == 200)

        assert len(fake.received) == 1
        assert workflow(app.test_client(), requisition).status_code == 200

    def test_after_the_rest_one_request_alone_tries_whether_claude_is_back(
        self, monkeypatch: pytest.MonkeyPatch, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        monkeypatch.setattr(claude_admission, "FIRST_COOLDOWN", 0.05)
        monkeypatch.setattr(claude_admission, "TRIAL_SECONDS", 30.0)
        fake.when(lambda _: True, OVERLOADED)
        for _ in range(2):
            enhance(app.test_client(), requisition)
        fake.forget()
        time.sleep(0.5)  # the rest may have been doubled by the last tries of the second
        gate = Gate()
        fake.when(lambda _: True, gate.reply())

        with ThreadPoolExecutor(6) as pool:
            answers = [pool.submit(enhance, app.test_client(), requisition) for _ in range(6)]
            until(lambda: sum(answer.done() for answer in answers) == 5)
            assert len(fake.received) == 1
            gate.open()
            statuses = [answer.result(20).status_code for answer in answers]

        assert sorted(statuses) == [200, *[503] * 5]
        assert [enhance(app.test_client(), requisition).status_code for _ in range(3)] == [200] * 3

    @pytest.mark.parametrize("what", ["workflow", "generate"])
    def test_all_calls_of_the_request_that_tries_go_through(
        self,
        monkeypatch: pytest.MonkeyPatch,
        app: Flask,
        fake: FakeClaude,
        requisition: dict[str, Any],
        what: str,
    ) -> None:
        """Also those that are made while the first is still being answered, as those for questions are."""
        monkeypatch.setattr(claude_admission, "FIRST_COOLDOWN", 0.05)
        job_description_id = enhance(app.test_client(), requisition).json["job_description_id"]
        fake.when(lambda _: True, OVERLOADED)
        for _ in range(2):
            enhance(app.test_client(), requisition)
        fake.forget()
        time.sleep(0.5)
        fake.tokens_per_second = 3_000

        if what == "workflow":
            response = workflow(app.test_client(), requisition)
        else:
            body = {"req_id": "REQ-12345", "job_description_id": job_description_id}
            response = app.test_client().post("/api/interview/generate", json=body, headers=ADMIN)

        assert response.status_code == 200, response.text
        assert len(fake.received) == (6 if what == "workflow" else 5)

    def test_a_trial_that_fails_closes_the_way_again(
        self, monkeypatch: pytest.MonkeyPatch, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        monkeypatch.setattr(claude_admission, "FIRST_COOLDOWN", 0.05)
        monkeypatch.setattr(claude_admission, "TRIAL_SECONDS", 1.0)
        fake.when(lambda _: True, OVERLOADED)

        def must_wait_longer_than_for_a_trial() -> bool:
            response = enhance(app.test_client(), requisition)
            assert response.status_code == 503
            return "is not asked for a moment" in response.json["error"] and response.headers["Retry-After"] != "1"

        until(must_wait_longer_than_for_a_trial)  # after rests of 0.05, 0.1, 0.2 ... seconds

    def test_what_is_read_and_the_health_are_not_concerned(self, closed: Flask, fake: FakeClaude) -> None:
        client = closed.test_client()

        assert client.get("/health").status_code == 200
        assert client.get("/api/interview/jd/REQ-12345", headers=ADMIN).status_code == 200
        assert fake.received == []

    def test_an_interview_that_the_cache_has_whole_needs_no_claude(
        self, app: Flask, fake: FakeClaude, requisition: dict[str, Any]
    ) -> None:
        client = app.test_client()
        assert workflow(client, requisition).status_code == 200
        other = enhance(client, {**requisition, "req_id": "REQ-OTHER"}).json
        fake.when(lambda _: True, OVERLOADED)
        for _ in range(2):
            enhance(client, requisition)

        body = {"req_id": "REQ-OTHER", "job_description_id": other["job_description_id"]}
        response = client.post("/api/interview/generate", json=body, headers=ADMIN)

        assert (response.status_code, response.json["cached_questions"]) == (200, 5)
