"""The page of a job: how far it is, where it leads, why it failed and what that costs, for those who may see it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from models import GenerationJob, utc_now
from techscreen.errors import Interrupted, TechScreenError
from techscreen.generation.audit_log import INTERRUPTED
from techscreen.jobs import recovery
from techscreen.observability.error_answers import error_body
from techscreen.storage.transactions import transaction
from techscreen.workbench.job_errors import TROUBLES, UNKNOWN, trouble_of
from tests.conftest import ADMIN, MakeApp
from tests.jobs.test_jobs import asks
from tests.support.fake_claude import FakeClaude, error_reply
from tests.support.served_pages import PAGES, Live
from tests.support.workflows import Gate, a_question, after_topics, an_enhancement, until, workflow
from tests.workbench.pages import ended, job_begun, page_of, send

REFUSED = error_reply(401, "authentication_error")
SILENCE = timedelta(minutes=1)


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def progress_of(client: FlaskClient, job_id: str) -> str:
    return page_of(client, f"/jobs/{job_id}/progress")


def words_of(page: str) -> str:
    """The words of a page, without its mark-up."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# ------------------------------------------------------------------------------------------------- while it is made


def test_each_step_is_told_as_it_happens(client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]) -> None:
    description, last = Gate(), Gate()
    fake.when(an_enhancement, description.reply_held(after_topics(requisition)))
    fake.when(asks(requisition, 3), last.reply())
    fields = {**requisition, "key": "k1"}
    job_id = job_begun(send(client, "/new", fields))

    until(lambda: "4 of 5 questions are ready." in progress_of(client, job_id), "four questions")
    until(lambda: "The description so far" in progress_of(client, job_id), "the description grows")
    page = page_of(client, f"/jobs/{job_id}?sent=k1")
    told = words_of(page)
    assert "<title>4 of 5 questions are ready – REQ-12345 – TechScreen</title>" in page
    assert "Begun by anna.admin" in told
    assert "as it is being written" in told.lower()
    assert told.count("written by Claude") == 4
    assert told.count("in the making") == 1
    assert len(re.findall(r"written by Claude, 1,\d\d\d tokens", told)) == 4
    assert told.count("Advanced,") >= 6
    assert f'data-became-job="{job_id}" data-became-key="k1"' in page
    assert '<meta http-equiv="refresh" content="5">' in page
    # Who comes back sees the same.
    again = page_of(client, f"/jobs/{job_id}?sent=k1")
    assert re.sub(r"\d+ seconds?|data-seconds=\S+|content='[^']*'|hx-headers='[^']*'|value=\"[^\"]*\"", "", again) == (
        re.sub(r"\d+ seconds?|data-seconds=\S+|content='[^']*'|hx-headers='[^']*'|value=\"[^\"]*\"", "", page)
    )

    description.open()
    until(lambda: "written and stored" in progress_of(client, job_id), "the description is stored")
    last.open()
    interview_id = ended(client, job_id)["progress"]["interview_id"]
    done = page_of(client, f"/jobs/{job_id}")
    assert f'data-result="/interviews/{interview_id}"' in done
    assert f'data-job-done="{job_id}"' in done
    assert "http-equiv" not in done


def test_only_its_owner_and_admins_see_it(client: FlaskClient, requisition: dict[str, Any]) -> None:
    job_id = job_begun(send(client, "/new", {**requisition, "do": "jd_enhancement"}))
    others = {"X-User-ID": "hanna", "X-User-Role": "hiring_manager"}

    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/progress", f"/jobs/{job_id}/events"):
        page_of(client, path, status=404, **others)
    page_of(client, f"/jobs/{job_id}", **{"X-User-ID": "boris"})
    assert "What was made is kept." in page_of(client, "/jobs/nothing", status=404)


def test_its_events_are_those_of_the_api(client: FlaskClient, requisition: dict[str, Any]) -> None:
    job_id = job_begun(send(client, "/new", {**requisition, "do": "jd_enhancement"}))
    ended(client, job_id)
    answer = client.get(f"{PAGES}/jobs/{job_id}/events", headers=ADMIN)

    assert answer.mimetype == "text/event-stream"
    assert re.findall("event: (.+)", answer.text)[-1] == "done"
    assert "/interviews/requisitions/REQ-12345" in page_of(client, f"/jobs/{job_id}")


def test_what_was_asked_of_a_question_leads_back_to_it(client: FlaskClient, requisition: dict[str, Any]) -> None:
    interview_id = workflow(client, requisition).json["interview_id"]
    question = f"/api/interview/{interview_id}/questions/2"
    for path, wish, page in (
        ("/alternatives", {"kind": "easier", "count": 1}, "alternatives"),
        ("/criteria/suggest", {"count": 1}, "criteria"),
    ):
        answer = client.post(question + path, json=wish, headers={**ADMIN, "Idempotency-Key": page})
        assert answer.status_code == 200
        job_id = client.get("/api/interview/jobs", headers=ADMIN).json["jobs"][0]["job_id"]

        told = page_of(client, f"/jobs/{job_id}")
        assert f'data-result="/interviews/{interview_id}/questions/2/{page}?job={job_id}"' in told
        assert f'href="/interviews/{interview_id}#question-2"' in told


# ----------------------------------------------------------------------------------------------------- if it fails


# No job that this page shows ends with one of these: they are refused beforehand, or by other calls.
NOT_OF_JOBS = {
    *("malformed_json", "unauthenticated", "forbidden", "unsupported_media_type", "precondition_required"),
    *("operation_in_progress", "idempotency_mismatch", "too_many_streams", "jobs_unavailable"),
    *("reference_taken", "not_importable", "not_publishable", "pdf_unavailable", "webhook_not_delivered"),
    *("not_cancellable", "generation_under_way"),
}


def test_every_error_that_a_job_may_end_with_has_plain_words() -> None:
    def codes(kind: type[TechScreenError]) -> set[str]:
        return {kind.code}.union(*(codes(each) for each in kind.__subclasses__()))

    assert codes(TechScreenError) - NOT_OF_JOBS == {"internal_error", *TROUBLES}
    assert trouble_of("internal_error") is trouble_of(None) is UNKNOWN


def test_a_failed_interview_says_what_is_kept_and_what_is_still_to_be_paid_for(
    client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    fake.when(asks(requisition, 3), REFUSED)
    job_id = job_begun(send(client, "/new", requisition))
    tokens = ended(client, job_id)["progress"]["tokens_used"]

    page = page_of(client, f"/jobs/{job_id}")
    told = words_of(page)
    assert "Claude refuses the service’s key or model" in told
    assert "The enhanced description, with its requisition" in told
    assert "4 questions that were ready." in told
    assert f"that is {tokens:,} tokens" in told
    assert "Still to be paid for: 1 question." in told
    assert f'href="/interviews/new?retry={job_id}"' in page
    assert f'data-if-draft-of="{job_id}"' in page
    assert 'role="alert"' in page


def test_a_failed_enhancement_says_so(client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]) -> None:
    fake.when(lambda _: True, REFUSED)
    job_id = job_begun(send(client, "/new", {**requisition, "do": "jd_enhancement"}))
    ended(client, job_id)

    told = words_of(page_of(client, f"/jobs/{job_id}"))
    assert "The requisition , not enhanced yet." in told
    assert "Still to be paid for: the description." in told


def test_a_failed_generation_is_begun_again_under_its_own_key(
    client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    stored = client.post("/api/interview/jd/enhance", json=requisition, headers=ADMIN).json
    asked = {"req_id": stored["req_id"], "job_description_id": stored["job_description_id"], "interview_name": "Panel"}
    fake.when(asks(requisition, 3), REFUSED, times=1)
    answer = client.post("/api/interview/generate", json=asked, headers={**ADMIN, "Idempotency-Key": "k"})
    assert answer.status_code == 500
    job_id = client.get("/api/interview/jobs", headers=ADMIN).json["jobs"][0]["job_id"]
    fake.received.clear()

    assert 'form="again"' in page_of(client, f"/jobs/{job_id}")
    assert job_begun(send(client, f"/jobs/{job_id}/again", {"interview_name": "Panel"})) == job_id
    job = ended(client, job_id)
    assert (job["status"], job["result"]["interview_name"], len(fake.received)) == ("succeeded", "Panel", 1)
    # It is over: another click changes nothing.
    assert job_begun(send(client, f"/jobs/{job_id}/again", {})) == job_id
    assert len(fake.received) == 1


def test_a_restart_is_told_as_such(
    app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    job_id = job_begun(send(client, "/new", requisition))
    with app.app_context():
        with transaction() as session:  # as if another process had begun it, which is dead
            session.execute(update(GenerationJob).values(process_id="gone"))
        recovery.take_up_orphaned(utc_now() - SILENCE, lambda: error_body(Interrupted(INTERRUPTED)))

    told = words_of(page_of(client, f"/jobs/{job_id}"))
    assert "The service was restarted while it was at work" in told
    assert "it goes on from where it stopped" in told
    gate.open()


def test_what_the_library_lacks_is_explained(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    client = make_app(WORKBENCH=True, CLAUDE_MODE="offline").test_client()
    job_id = job_begun(send(client, "/new", requisition))
    assert ended(client, job_id)["error"]["code"] == "library_lacks"

    page = page_of(client, f"/jobs/{job_id}")
    assert "The library has too few questions for this" in page
    assert "Name technologies, tasks and results in the WORK fields" in page
    assert "load-starter" in page
    assert "Nothing: no Claude is asked here." in page


def test_an_error_that_nobody_knows_has_a_number_to_report(
    app: Flask, client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    fake.when(lambda _: True, REFUSED)
    job_id = job_begun(send(client, "/new", requisition))
    ended(client, job_id)
    body = '{"success": false, "error": "Something.", "code": "brand_new", "details": [], "request_id": "abc123"}'
    with app.app_context(), transaction() as session:
        session.execute(update(GenerationJob).values(answer_body=body, answer_status=500))

    told = words_of(page_of(client, f"/jobs/{job_id}"))
    assert "Something went wrong in the service" in told
    assert "Number for whoever runs the service: abc123" in told


# ------------------------------------------------------------------------------------------------- in a real browser


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect as expect_of  # not there without requirements-dev.txt

    return expect_of(locator)


def test_it_is_followed_live_and_leads_to_the_interview(
    live: Live, page: Any, axe: Any, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    description, last = Gate(), Gate()
    fake.when(an_enhancement, description.reply_held(after_topics(requisition)))
    fake.when(asks(requisition, 3), last.reply())
    page.goto("/interviews/new")
    for name, text in requisition.items():
        page.locator(f"#{name}").fill(text)
    page.get_by_role("button", name="Enhance and generate").click()

    expect(page.get_by_role("status").filter(has_text="4 of 5 questions are ready.")).to_be_visible()
    page.wait_for_url("**/jobs/**")
    assert page.title().startswith("4 of 5 questions are ready")
    expect(page.get_by_role("region", name="The description so far")).to_be_visible()
    assert not axe(page)
    page.reload()
    expect(page.get_by_role("region", name="The description so far")).to_be_visible()

    description.open()
    page.get_by_text("Read it:").click()
    last.open()
    page.wait_for_url(re.compile(r"/interviews/\d+$"))
    assert page.evaluate("localStorage.length") == 0
    # The page of the job is not in the way back.
    page.go_back()
    page.wait_for_url("**/interviews/new")


def test_a_failure_is_told_live_and_the_form_comes_back_as_it_was_sent(
    live: Live, page: Any, axe: Any, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    live.call("POST", "/jd/enhance", requisition)
    fake.when(lambda _: True, REFUSED, times=1)
    page.goto("/interviews/new?from=REQ-12345")
    page.locator("#work_role").fill("Leads payouts, and nothing else.")
    page.locator("#interview_name").fill("Panel 3")
    page.get_by_role("button", name="Only enhance the description").click()

    expect(page.get_by_role("alert")).to_contain_text("Claude refuses the service’s key or model")
    expect(page.get_by_role("alert")).to_contain_text("The texts as you typed them, in this browser.")
    assert not axe(page)

    # The new form knows of it, too.
    job_address = page.url.split("?")[0]
    page.goto("/interviews/new")
    page.get_by_role("link", name="See what became of it").click()
    assert page.url == job_address
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("#work_role")).to_have_value("Leads payouts, and nothing else.")
    expect(page.locator("#interview_name")).to_have_value("Panel 3")
    expect(page.get_by_text("These are the texts as you sent them")).to_be_visible()
    page.get_by_role("button", name="Only enhance the description").click()
    page.wait_for_url("**/requisitions/REQ-12345")
    until(lambda: page.evaluate("localStorage.length") == 0, "the draft is forgotten")


def test_a_session_that_ends_meanwhile_is_told(
    live: Live, page: Any, watch: Any, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    watch.expect("status of 401")
    gate = Gate()
    fake.when(a_question, gate.reply())
    job_id = job_begun(send(live.client, "/new", requisition))
    page.goto(f"/interviews/jobs/{job_id}")
    expect(page.get_by_role("status").filter(has_text="0 of 5 questions are ready.")).to_be_visible()
    page.context.clear_cookies()
    page.wait_for_timeout(500)  # an answer that is on its way brings the cookie once more
    page.context.clear_cookies()
    gate.open()
    expect(page.get_by_role("link", name="Sign in to go on looking")).to_be_visible()


def test_without_javascript_it_looks_again_by_itself(
    live: Live, no_script_page: Any, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    job_id = job_begun(send(live.client, "/new", requisition))
    no_script_page.goto(f"/interviews/jobs/{job_id}")
    gate.open()
    ended(live.client, job_id)
    no_script_page.get_by_role("link", name="Look again now").click()
    no_script_page.get_by_role("link", name="Go to it").click()
    no_script_page.wait_for_url(re.compile(r"/interviews/\d+$"))
