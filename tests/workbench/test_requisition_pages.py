"""The list of requisitions: what it shows, how it is searched, and what it says while there are none."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import JobDescription
from techscreen.storage.transactions import transaction
from tests.conftest import MakeApp
from tests.jobs.test_jobs import Gate
from tests.support.fake_claude import FakeClaude
from tests.support.served_pages import Live
from tests.support.workflows import enhance, until, workflow
from tests.workbench.pages import job_begun, page_of, send

READER = {"X-User-ID": "ian", "X-User-Role": "interviewer"}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def ids_in(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="/interviews/requisitions/([^"]+)"', page)]


def test_without_any_the_work_fields_are_explained_with_an_example_to_load(client: FlaskClient) -> None:
    page = page_of(client, "/")

    assert "Try with a sample requisition" in page
    for label in ("Work output", "Work role", "Work knowledge", "Work competencies"):
        assert label in page
    assert "replacing the nightly batch" in page
    assert 'href="/interviews/new?sample=backend-payments-engineer"' in page


def test_who_may_not_generate_is_told_who_does(client: FlaskClient) -> None:
    page = page_of(client, "/", **READER)

    assert "Somebody else begins a requisition" in page
    assert "/interviews/new" not in page


def test_each_shows_its_state_its_interview_and_who_did_what_last(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    interview = workflow(client, requisition).json["interview"]
    enhance(client, {**requisition, "req_id": "REQ/2 & more", "basic_title": "Ingénieur <b>"})

    page = page_of(client, "/")

    assert ids_in(page) == ["REQ/2%20&%20more", "REQ-12345"]
    assert "2 requisitions" in page
    assert "<b>" not in page
    enhanced, drafted = page.partition("<tbody")[2].split("</tr>")[:2]
    assert 'class="badge enhanced"' in enhanced
    assert "none yet" in enhanced
    assert 'class="badge draft"' in drafted
    assert f'href="/interviews/{interview["id"]}"' in drafted
    assert "version 1, 5 questions" in drafted
    assert "anna.admin" in drafted


def test_it_is_searched_filtered_and_read_page_by_page(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), transaction() as session:
        for number in range(22):
            team, enhanced = f"Team {number % 2}", "Text" if number == 7 else None
            texts = {"basic_title": "Engineer", "basic_description": "Builds", "enhanced_description": enhanced}
            session.add(
                JobDescription(req_id=f"REQ-{number}", basic_department=team, created_by_user_id="anna", **texts)
            )

    first = page_of(client, "/")
    assert len(ids_in(first)) == 20
    (address,) = re.findall(r'href="/interviews(/\?[^"]*cursor=[^"]+)"', first)
    second = page_of(client, address.replace("&amp;", "&"))
    assert sorted(ids_in(first) + ids_in(second)) == sorted(f"REQ-{number}" for number in range(22))
    assert "To the first page" in second

    assert ids_in(page_of(client, "/?search=req-21&state=")) == ["REQ-21"]
    assert ids_in(page_of(client, "/?search=&state=enhanced")) == ["REQ-7"]
    team = page_of(client, "/?search=team+1&state=not_enhanced")
    assert len(ids_in(team)) == 10
    assert 'value="team 1"' in team
    assert "10 requisitions match" in team
    assert "Nothing matches" in page_of(client, "/?search=nobody")
    assert "state" in page_of(client, "/?state=lost", status=400)


def test_one_in_the_making_leads_to_its_job(client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]) -> None:
    gate = Gate()
    fake.when(lambda _: True, gate.reply())
    job_id = job_begun(send(client, "/new", requisition))
    link = f'<a href="/interviews/jobs/{job_id}">In the making</a>'

    until(lambda: link in page_of(client, "/"), "the list shows it")
    gate.open()
    until(lambda: link not in page_of(client, "/"), "it has ended")


def test_typing_finds_without_leaving_the_page(live: Live, page: Any, axe: Any) -> None:
    live.make_requisition()
    live.make_requisition("embedded-firmware-engineer")
    page.goto("/interviews/")
    assert not axe(page)

    search = page.get_by_role("searchbox")
    search.press_sequentially("wendel")
    page.get_by_text("Nothing matches").wait_for()
    search.fill("messumformer")
    page.get_by_role("cell", name="WB-2025-0117").or_(page.get_by_text("WB-2025-0117")).first.wait_for()

    assert "search=messumformer" in page.url
    assert page.get_by_role("row").count() == 2  # with the heading
    assert search.evaluate("field => field === document.activeElement")
    page.go_back()
    page.get_by_text("Nothing matches").wait_for()


def test_it_fits_a_narrow_dark_screen(live: Live, page_as: Any, axe: Any) -> None:
    live.make_requisition()
    narrow = page_as("interviewer", viewport={"width": 320, "height": 700}, color_scheme="dark")
    narrow.goto("/interviews/")

    assert narrow.evaluate("document.documentElement.scrollWidth") <= 320
    assert not axe(narrow)
    assert narrow.get_by_role("row").count() == 2  # a table still, to those who do not see it
