"""The form of a new requisition: what fills it, what it says of its texts, what it sends, and that nothing is lost."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import PROJECT_FOLDER
from techscreen.workbench.samples import SAMPLES, sample_texts
from tests.conftest import MakeApp
from tests.support.fake_claude import FakeClaude, error_reply
from tests.support.served_pages import PAGES, Live
from tests.support.workflows import a_question, enhance, until, workflow
from tests.workbench.pages import HTMX, ended, job_begun, page_of, send

CHECKS = f"{PAGES}/checks"
SMILE = "🙂"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def value_of(page: str, name: str) -> str:
    """What a field of a page holds."""
    found = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL) or re.search(
        rf'<input[^>]* value="([^"]*)" id="{name}"', page
    )
    assert found, name
    return unescape(found[1])


def key_in(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


# --------------------------------------------------------------------------------------------- what fills the form


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_those_of_the_project(name: str) -> None:
    text = (PROJECT_FOLDER / "samples" / "requisitions" / f"{name}.json").read_text(encoding="utf-8")
    assert sample_texts(name) == json.loads(text)


def test_a_sample_fills_it_under_an_id_that_is_free(client: FlaskClient) -> None:
    sample = sample_texts("embedded-firmware-engineer")
    first = page_of(client, "/new?sample=embedded-firmware-engineer")
    assert {name: value_of(first, name) for name in sample} == sample

    enhance(client, sample)
    assert value_of(page_of(client, "/new?sample=embedded-firmware-engineer"), "req_id") == "WB-2025-0117-2"
    page_of(client, "/new?sample=../../config", status=404)


def test_a_stored_requisition_fills_it(client: FlaskClient, requisition: dict[str, Any]) -> None:
    workflow(client, requisition)
    page = page_of(client, "/new?from=REQ-12345")

    assert value_of(page, "work_knowledge") == requisition["work_knowledge"]
    assert "REQ-12345 is known" in page
    assert "1 interview." in page
    page_of(client, "/new?from=REQ-9", status=404)


def test_an_id_that_is_known_is_said_to_be_so(client: FlaskClient, requisition: dict[str, Any]) -> None:
    enhance(client, requisition)

    assert "no interview yet" in page_of(client, "/new/known?req_id=REQ-12345", **HTMX)
    for unknown in ("req-12345", "", "x" * 101):
        assert page_of(client, f"/new/known?req_id={unknown}", **HTMX).strip() == ""


def test_only_admins_see_it(client: FlaskClient) -> None:
    for path in ("/new", "/new/known?req_id=1"):
        page_of(client, path, status=403, **{"X-User-Role": "hiring_manager"})


# ------------------------------------------------------------------------------------------------- findings as typed


def test_what_is_found_is_told_for_each_field(client: FlaskClient) -> None:
    text = f"{SMILE} We need a rockstar.\r\nYoung guys only."
    answer = send(client, "/checks", {"work_role": text, "basic_title": "Engineer", "req_id": "guru"}, **HTMX).text

    role = answer.partition('id="work_role-findings"')[2].partition('id="work_knowledge-findings"')[0]
    assert 'data-mend="work_role" data-start="13" data-found="rockstar" data-words="specialist"' in role
    assert 'data-found="Young guys only." data-words=""' in role
    assert "Words like these put off many people of one sex." in role
    assert "Name the skill or the result that is meant." in role
    assert answer.count('class="finding') == 2
    assert "2 places to look at" in answer
    # Every field has its place in the answer, so that what was mended goes away.
    assert answer.count('hx-swap-oob="innerHTML"') == len(re.findall(r'id="\w+-findings"', answer)) + 1


def test_texts_that_cannot_be_checked_do_not_hinder_the_others(client: FlaskClient) -> None:
    texts = {"work_output": "rockstar " * 2_000, "work_role": "a rockstar", "work_knowledge": "\x07 ninja"}
    assert "1 place to look at" in send(client, "/checks", texts, **HTMX).text


def test_it_needs_a_page_of_ours(client: FlaskClient) -> None:
    headers = {"X-User-ID": "anna", "X-User-Role": "admin", **HTMX}
    answer = client.post(CHECKS, data={"work_role": "x"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Retarget"] == "#messages"


# ----------------------------------------------------------------------------------------------------------- sending


def test_it_begins_a_workflow_once_however_often_it_is_clicked(
    client: FlaskClient, requisition: dict[str, Any], fake: FakeClaude
) -> None:
    fields = {**requisition, "key": "a1", "do": "workflow", "use_library": "never"}
    first, second = send(client, "/new", fields), send(client, "/new", fields)

    assert job_begun(first) == job_begun(second)
    job = ended(client, job_begun(first))
    assert (job["operation"], job["status"], job["user_id"]) == ("workflow", "succeeded", "anna.admin")
    assert job["result"]["interview_name"] == requisition["interview_name"]
    assert sum(map(a_question, fake.received)) == 5


def test_other_texts_under_the_same_key_are_another_request_and_once_as_well(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    fields = {**requisition, "key": "a1", "do": "jd_enhancement"}
    first = job_begun(send(client, "/new", fields))
    changed = [job_begun(send(client, "/new", {**fields, "work_role": "Leads."})) for _ in range(2)]

    assert first != changed[0] == changed[1]
    for job_id in (first, changed[0]):
        assert ended(client, job_id)["operation"] == "jd_enhancement"


def test_line_ends_of_browsers_are_those_of_the_service(client: FlaskClient, requisition: dict[str, Any]) -> None:
    text = "\nWe build things.\r\n\r\nAnd repair them."
    ended(client, job_begun(send(client, "/new", {**requisition, "basic_description": text, "do": "jd_enhancement"})))
    assert value_of(page_of(client, "/new?from=REQ-12345"), "basic_description") == text.replace("\r\n", "\n")


def test_what_is_wrong_stands_beside_its_field_with_all_that_was_typed(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    fields = {**requisition, "basic_title": " ", "work_role": "x" * 16_001, "key": "k1", "use_library": "only"}
    answer = send(client, "/new", fields)

    assert answer.status_code == 400
    assert '<a href="#basic_title">Title of the post is required.</a>' in answer.text
    assert "Work role has 16001 characters; at most 16000 are allowed." in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert value_of(answer.text, "work_output") == requisition["work_output"]
    assert value_of(answer.text, "interview_name") == requisition["interview_name"]
    assert re.search(r'value="only" checked', answer.text)
    assert key_in(answer.text) == "k1"
    assert "data-draft-unsaved" in answer.text


def test_what_describes_no_work_is_refused_as_by_the_api(client: FlaskClient) -> None:
    code = "def main():\n    x = foo(1)\n    return x\n\nif __name__ == '__main__':\n    main()\n    y = bar()\n"
    answer = send(client, "/new", {"req_id": "R", "basic_title": "Coder", "basic_description": code})

    assert answer.status_code == 400
    assert "Job description reads as program code" in answer.text


def test_what_cannot_begin_now_is_said_above_the_form(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    client = make_app(WORKBENCH=True, GENERATION_RATE_LIMIT="1 per day").test_client()
    job_begun(send(client, "/new", {**requisition, "do": "jd_enhancement"}))
    answer = send(client, "/new", {**requisition, "work_role": "Leads.", "do": "jd_enhancement"})

    assert answer.status_code == 429
    assert "Nothing was begun." in answer.text
    assert value_of(answer.text, "work_role") == "Leads."


def test_all_texts_may_be_as_long_as_the_service_allows(client: FlaskClient, fake: FakeClaude) -> None:
    long = "設計" * 8_000
    names = ("basic_description", "work_output", "work_role", "work_knowledge", "work_competencies")
    fields = {"req_id": "R", "basic_title": "設計者", **dict.fromkeys(names, long), "do": "jd_enhancement"}
    job_begun(send(client, "/new", fields))


def test_without_claude_it_says_what_comes_instead(make_app: MakeApp) -> None:
    page = page_of(make_app(WORKBENCH=True, CLAUDE_MODE="offline").test_client(), "/new")

    assert "No AI writes here." in page
    assert 'name="use_library"' not in page


def test_a_missing_key_is_said_beforehand(make_app: MakeApp) -> None:
    page = page_of(make_app(WORKBENCH=True, FLASK_ENV="development", CLAUDE_MODE="live").test_client(), "/new")
    assert "No key for Claude is set" in page


# ------------------------------------------------------------------------------------------------------- try again


def test_a_failed_one_is_tried_again_and_pays_only_for_what_is_missing(
    client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    asked = {name: text for name, text in requisition.items() if name != "interview_name"}
    fake.when(a_question, error_reply(401, "authentication_error"), times=1)
    job_id = job_begun(send(client, "/new", {**asked, "key": "k1"}))
    assert ended(client, job_id)["status"] == "failed"
    paid = len(fake.received)

    form = page_of(client, f"/new?retry={job_id}")
    assert key_in(form) == "k1"
    fields = {name: value_of(form, name) for name in requisition}
    assert job_begun(send(client, "/new", {**fields, "key": key_in(form)})) == job_id
    assert ended(client, job_id)["status"] == "succeeded"
    assert len(fake.received) == paid + 1

    # It is over now: the form leads to what became of it.
    assert job_begun(client.get(f"{PAGES}/new?retry={job_id}", headers={"X-User-ID": "a", "X-User-Role": "admin"}))


def test_who_tries_what_somebody_else_has_begun_does_so_under_a_key_of_their_own(
    client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    fake.when(lambda _: True, error_reply(401, "authentication_error"))
    job_id = job_begun(send(client, "/new", {**requisition, "key": "k1"}))
    ended(client, job_id)

    assert key_in(page_of(client, f"/new?retry={job_id}", **{"X-User-ID": "other"})) != "k1"
    page_of(client, "/new?retry=nothing", status=404)


# ------------------------------------------------------------------------------------------------- in a real browser


def expect(locator: Any) -> Any:
    from playwright.sync_api import expect as expect_of  # not there without requirements-dev.txt

    return expect_of(locator)


def type_into(page: Any, label: str, text: str) -> None:
    page.get_by_label(label).press_sequentially(text)


def test_a_finding_appears_while_somebody_types_and_a_click_replaces_it(live: Live, page: Any, axe: Any) -> None:
    page.goto("/interviews/new")
    role = page.get_by_label("Work role")
    role.press_sequentially(f"{SMILE} We need a rockstar for payouts. We want another rockstar for refunds.")
    mend = page.get_by_role("button", name="Write “specialist”")
    expect(mend).to_have_count(2)
    expect(role).to_be_focused()
    assert not axe(page)

    mend.last.click()
    expect(role).to_have_value(f"{SMILE} We need a rockstar for payouts. We want another specialist for refunds.")
    expect(role).to_be_focused()
    assert role.evaluate("f => f.value.slice(f.selectionStart, f.selectionEnd)") == "specialist"
    page.keyboard.press("Control+z")
    expect(role).to_have_value(f"{SMILE} We need a rockstar for payouts. We want another rockstar for refunds.")

    # The places move with what is typed in front of them.
    role.evaluate("field => field.setSelectionRange(0, 0)")
    page.keyboard.type("Wanted: ")
    mend.first.click()
    expect(role).to_have_value(re.compile("^Wanted: .+ We need a specialist for payouts. We want another rockstar"))


def test_what_looks_the_same_is_not_exchanged_while_somebody_types(live: Live, page: Any) -> None:
    page.goto("/interviews/new")
    type_into(page, "Work role", "A rockstar")
    finding = page.locator("#work_role-findings .finding").element_handle()
    with page.expect_response("**/checks"):
        type_into(page, "Work output", "Pipelines")
    with page.expect_response("**/checks"):
        type_into(page, "Work output", " and dashboards")
    page.wait_for_timeout(100)
    assert finding.is_visible()  # the same element


def test_what_was_typed_is_offered_again_after_a_reload(live: Live, page: Any, axe: Any) -> None:
    page.goto("/interviews/new")
    key = page.locator("input[name=key]").input_value()
    type_into(page, "Requisition id", "REQ-7")
    type_into(page, "Work output", "Pipelines")
    page.reload()
    assert page.get_by_label("Work output").input_value() == ""
    # Something else may be typed first, and then both are there.
    type_into(page, "Work role", "Other")
    page.reload()
    assert page.locator(".draft-offer").count() == 2
    assert not axe(page)

    page.locator(".draft-offer", has_text="REQ-7").get_by_role("button", name="Put it back").click()
    assert page.get_by_label("Work output").input_value() == "Pipelines"
    assert page.locator("input[name=key]").input_value() == key
    page.get_by_role("button", name="Forget it").click()
    assert page.locator(".draft-offer").count() == 0


def test_an_ended_session_loses_nothing(live: Live, page: Any, requisition: dict[str, Any], watch: Any) -> None:
    watch.expect("status of 401")
    page.goto("/interviews/new")
    for name in ("req_id", "basic_title", "basic_description"):
        page.locator(f"#{name}").fill(requisition[name])
    page.context.clear_cookies()

    # It is told while somebody types, and once; who signs in in another tab can go on where they were.
    type_into(page, "Work role", "Leads")
    link = page.locator("#messages").get_by_role("link", name="sign in in another tab")
    with page.context.expect_page() as opened:
        link.click()
    other = opened.value
    other.get_by_label("Your name").fill("anna.admin")
    other.get_by_role("button", name="Sign in").click()
    other.get_by_text("was not sent").wait_for()
    other.close()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#messages")).to_be_empty()

    # Who sends it without a session signs in, and finds it again.
    page.context.clear_cookies()
    page.get_by_role("button", name="Only enhance the description").click()
    page.get_by_role("link", name="Sign in and go on").click()
    page.get_by_label("Your name").fill("anna.admin")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Put it back").click()
    assert page.get_by_label("Work role").input_value() == "Leads"
    page.get_by_role("button", name="Only enhance the description").click()

    # Once it has worked, the browser forgets it.
    page.wait_for_url("**/requisitions/REQ-12345")
    until(lambda: page.evaluate("localStorage.length") == 0, "the draft is forgotten")


def test_it_fits_a_narrow_dark_screen_with_all_that_it_may_say(live: Live, page_as: Any, axe: Any, watch: Any) -> None:
    watch.expect("status of 400")
    narrow = page_as("admin", viewport={"width": 320, "height": 700}, color_scheme="dark")
    narrow.goto("/interviews/new?sample=junior-developer")
    narrow.locator("#requisition").evaluate("form => { form.noValidate = true; form.elements.basic_title.value = '' }")
    narrow.get_by_role("button", name="Enhance and generate").click()
    narrow.get_by_role("alert").wait_for()

    assert narrow.evaluate("document.documentElement.scrollWidth") <= 320
    assert not axe(narrow)


def test_it_works_without_javascript(live: Live, no_script_page: Any, requisition: dict[str, Any]) -> None:
    page = no_script_page
    page.goto("/interviews/new?sample=junior-developer")
    assert page.get_by_text("family commitments").first.is_visible()
    assert not page.get_by_role("button", name="Show it in the text").first.is_visible()
    page.get_by_role("button", name="Only enhance the description").click()
    page.wait_for_url("**/jobs/**")
    ended(live.client, page.url.partition("?")[0].rpartition("/")[2])
    page.reload()
    page.get_by_role("link", name="Go to it").click()
    page.wait_for_url("**/requisitions/PLW-0009")
