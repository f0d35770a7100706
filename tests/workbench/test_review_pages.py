"""The page on which an interview is reviewed and approved, and the whole life of an interview from there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.editing.conftest import EDITOR, OTHER_EDITOR, Draft
from tests.editing.conftest import draft as _draft
from tests.support.served_pages import Live
from tests.workbench.pages import page_of, send

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.workbench.conftest import Axe, PageAs

draft = _draft
READER = {"X-User-ID": "ian", "X-User-Role": "interviewer"}
PERSONAL = "Are you married, and do you want children?"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def fields_of(page: str, do: str | None = None) -> dict[str, str]:
    """What a form of a page carries without being seen."""
    forms = re.findall(r'<form method="post".*?</form>', page, re.DOTALL)
    form = next(form for form in forms if (f'name="do" value="{do}"' in form if do else 'name="etag"' in form))
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    return {name: value.replace("&#34;", '"') for name, value in hidden.items() if name != "csrf_token"}


def act(client: FlaskClient, interview_id: int, do: str, headers: dict[str, str] = EDITOR, **typed: str) -> Any:
    """Send a form of the review page as it is now."""
    page = page_of(client, f"/{interview_id}/review", **headers)
    return send(client, f"/{interview_id}/review", {**fields_of(page, do), **typed}, **headers)


# -------------------------------------------------------------------------------------------------- what is open


def test_all_that_is_open_is_listed_with_its_place(client: FlaskClient, draft: Draft) -> None:
    draft.ok("PATCH", "/questions/2", {"criteria": draft.now["questions"][1]["criteria"][:7]})
    draft.ok("PATCH", "/questions/4", {"follow_ups": [PERSONAL]})

    page = page_of(client, f"/{draft.id}/review", **EDITOR)

    assert "things before it can be published" in page
    assert "Question 2 must have 8 to 10 criteria, not 7." in page
    assert f'href="/interviews/{draft.id}#question-2"' in page
    assert f'<a href="/interviews/{draft.id}#question-4">Question 4</a> <small>Follow-up 1</small>' in page
    assert 'value="publish"' not in page  # no button for what cannot be done

    finding = next(one for one in draft.now["quality"]["findings"] if one["kind"] == "prohibited_subject")
    draft.ok("POST", f"/findings/{finding['id']}/override", {"reason": "Our lawyer agreed."})
    page = page_of(client, f"/{draft.id}/review", **EDITOR)
    assert "Findings that may stay" in page
    assert re.search(r"“Our lawyer agreed.” <small>hanna.hiring, <time", page)


def test_gaps_are_told_and_a_reader_sees_no_form(client: FlaskClient, draft: Draft) -> None:
    page = page_of(client, f"/{draft.id}/review", **READER)

    for gap in draft.now["quality"]["coverage"]["gaps"]:
        assert gap["part"].split()[0] in page
    assert "Ready to publish" in page
    assert '<form method="post"' not in page.partition("<main")[2]
    assert send(client, f"/{draft.id}/review", {"do": "publish"}, **READER).status_code == 403


def test_whom_a_review_was_asked_of_and_why_is_told(client: FlaskClient, draft: Draft) -> None:
    answer = act(client, draft.id, "request_review", of="ada", review_note="By Friday,\r\nplease.")

    assert answer.location == f"/interviews/{draft.id}/review?sent=request_review"
    page = page_of(client, answer.location.removeprefix("/interviews"), **EDITOR)
    assert "hanna.hiring asked ada, <time" in page
    assert "<blockquote>By Friday,\nplease.</blockquote>" in page
    assert f'data-sent="request_review {draft.id}"' in page
    assert 'class="badge in_review"' in page_of(client, f"/requisitions/{draft.now['req_id']}", **EDITOR)


def test_a_second_approver_is_asked_for_plainly(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    client = make_app(WORKBENCH=True, REQUIRE_SECOND_APPROVER=True).test_client()
    mine = _draft.__wrapped__(client, requisition)  # type: ignore[attr-defined]
    mine.ok("PATCH", "", {"interview_name": "Panel"})

    page = page_of(client, f"/{mine.id}/review", **EDITOR)
    assert "Somebody else has to approve it, because you edited it last." in page
    assert "whoever may edit, except the one who edited last" in page
    assert 'value="publish"' not in page
    refused = send(client, f"/{mine.id}/review", {"do": "publish", "etag": mine.etag}, **EDITOR)
    assert refused.status_code == 422

    assert act(client, mine.id, "publish", OTHER_EDITOR).status_code == 303


# ---------------------------------------------------------------------------------------------------- publishing


def test_publishing_stands_under_a_name_and_shows_what_changed_since(client: FlaskClient, draft: Draft) -> None:
    page = page_of(client, f"/{draft.id}/review", **EDITOR)
    assert "your name, <b>hanna.hiring</b>, stands on it" in page
    assert "Nothing has been published under this name yet" in page

    answer = act(client, draft.id, "publish", publish_note="Fit for the panel.")
    assert answer.status_code == 303
    published = page_of(client, f"/{draft.id}/review", **READER)
    assert "hanna.hiring approved it, <time" in published
    assert "<blockquote>Fit for the panel.</blockquote>" in published

    answer = act(client, draft.id, "revise", note="Leaked.")
    number = int(re.findall(r"/interviews/(\d+)$", answer.location)[0])
    revision = Draft(client, {"id": number, "etag": "*"})
    revision.read()
    spoken = revision.now["questions"][0]["spoken_text"]
    revision.ok("PATCH", "/questions/1", {"spoken_text": f"Newly: {spoken}"})
    revision.ok("PUT", "/order", {"order": [2, 1, 3, 4, 5]})
    page = page_of(client, f"/{number}/review", **EDITOR)
    assert "<ins>Newly: </ins>" in page
    assert "moved from place" in page
    assert f'<a href="/interviews/{draft.id}/review">Version 1</a>, published now, will be archived.' in page

    assert act(client, number, "publish").status_code == 303
    assert "archived" in page_of(client, f"/{draft.id}/review", **READER)


def test_nobody_publishes_what_they_have_not_seen(client: FlaskClient, draft: Draft) -> None:
    seen = fields_of(page_of(client, f"/{draft.id}/review", **EDITOR), "publish")
    other = Draft(client, draft.now, OTHER_EDITOR)
    other.ok("PATCH", "/questions/3", {"follow_ups": ["Something new to ask about?"]})

    answer = send(client, f"/{draft.id}/review", {**seen, "publish_note": "Fit."}, **EDITOR)

    assert answer.status_code == 412
    assert "Nothing was published." in answer.text
    assert "hugo.hiring changed it meanwhile" in answer.text
    assert "Something new to ask about?" in answer.text
    assert "Fit.</textarea>" in answer.text
    assert draft.read()["status"] == "draft"

    again = fields_of(answer.text, "publish")
    assert send(client, f"/{draft.id}/review", again, **EDITOR).status_code == 303


@pytest.mark.parametrize("tag", ["", "*", "nonsense"])
def test_a_form_without_a_tag_does_nothing(client: FlaskClient, draft: Draft, tag: str) -> None:
    fields = {"do": "publish", "etag": tag, "seen": "x"}
    assert send(client, f"/{draft.id}/review", fields, **EDITOR).status_code == 412
    for do in ("archive", "delete"):
        assert send(client, f"/{draft.id}/{do}", fields, **EDITOR).status_code == 412
    assert draft.read()["status"] == "draft"


def test_a_note_that_is_too_long_is_kept_and_said_beside_its_field(client: FlaskClient, draft: Draft) -> None:
    answer = act(client, draft.id, "publish", publish_note="n" * 16_001)

    assert answer.status_code == 400
    assert 'id="publish_note-problem">The note has 16001 characters' in answer.text
    assert "n" * 16_001 in answer.text
    answer = act(client, draft.id, "request_review", of="o" * 300)
    assert 'id="of-problem">The name has 300 characters' in answer.text
    assert send(client, f"/{draft.id}/review", {"do": "dance"}, **EDITOR).status_code == 400


# ------------------------------------------------------------------------------------- archive, restore, delete


def test_archiving_and_deleting_ask_first_and_restoring_brings_back(client: FlaskClient, draft: Draft) -> None:
    act(client, draft.id, "publish")
    page = page_of(client, f"/{draft.id}/archive", **EDITOR)
    assert "no published interview of this name" in page

    answer = send(client, f"/{draft.id}/archive", {**fields_of(page), "note": "Filled."}, **EDITOR)
    assert answer.status_code == 303
    assert draft.read()["status"] == "archived"
    again = send(client, f"/{draft.id}/archive", {"etag": draft.etag}, **EDITOR)
    assert (again.status_code, "It was not archived." in again.text) == (409, True)

    assert act(client, draft.id, "restore").status_code == 303
    assert draft.read()["status"] == "published"

    page = page_of(client, f"/{draft.id}/delete", **EDITOR)
    assert "Only a draft can be deleted." in page
    refused = send(client, f"/{draft.id}/delete", {"etag": draft.etag}, **EDITOR)
    assert refused.status_code == 409
    assert "It is published, so it no longer changes." in refused.text
    assert "POST" not in re.sub(r"<form.*?</form>", "", refused.text.partition("<main")[2], flags=re.DOTALL)


def test_a_deleted_draft_leaves_its_history(client: FlaskClient, draft: Draft) -> None:
    page = page_of(client, f"/{draft.id}/delete", **EDITOR)

    answer = send(client, f"/{draft.id}/delete", fields_of(page), **EDITOR)

    assert answer.location == f"/interviews/requisitions/{draft.now['req_id']}"
    page_of(client, f"/{draft.id}/review", 404, **EDITOR)
    assert "A draft that was deleted" in page_of(client, f"/{draft.id}/history", **EDITOR)
    assert "Deleted" in page_of(client, f"/{draft.id}/difference", **EDITOR)


# -------------------------------------------------------------------------------------------------------- export


@pytest.mark.parametrize(
    ("format_", "media_type", "ending"),
    [
        ("markdown", "text/markdown", "v1.md"),
        ("csv", "text/csv", "v1.csv"),
        ("ashby", "application/json", "ashby.json"),
    ],
)
def test_an_interview_is_saved_as_the_same_file_that_the_api_gives(
    client: FlaskClient, draft: Draft, format_: str, media_type: str, ending: str
) -> None:
    assert f"/interviews/{draft.id}/export?format={format_}" in page_of(client, f"/{draft.id}/review", **READER)

    own = client.get(f"/interviews/{draft.id}/export?format={format_}", headers=READER)
    of_api = client.get(f"/api/interview/{draft.id}/export?format={format_}", headers=READER)

    assert (own.status_code, own.mimetype, own.data) == (200, media_type, of_api.data)
    assert own.headers["Content-Disposition"] == of_api.headers["Content-Disposition"]
    assert own.headers["Content-Disposition"].endswith(f'{ending}"')
    assert client.get(f"/interviews/{draft.id}/export?format=docx", headers=READER).status_code == 400


# --------------------------------------------------------------------------------------------------- in a browser


def test_two_browsers_at_the_same_draft_and_a_life_by_keyboard(
    page_as: PageAs, live: Live, axe: Axe, watch: Any
) -> None:
    watch.expect("status of 412")
    hanna: Page = page_as("hiring_manager")
    hugo: Page = page_as("hiring_manager", "hugo.hiring")
    address = f"/interviews/{live.interview_id}/review"
    hanna.goto(address)
    hanna.get_by_role("group").or_(hanna.locator("#publish")).get_by_label("Note").first.fill("Fit for the panel.")
    hugo.goto(address)
    hugo.get_by_label("Whom").fill("ada")
    hugo.get_by_role("button", name="Ask").press("Enter")
    hugo.get_by_text("hugo.hiring asked ada").wait_for()

    hanna.get_by_role("button", name="Approve and publish").press("Enter")
    hanna.get_by_role("alert").filter(has_text="Nothing was published").wait_for()
    assert hanna.locator("#publish_note").input_value() == "Fit for the panel."
    assert not axe(hanna)
    hanna.get_by_role("button", name="Approve and publish").press("Enter")
    hanna.get_by_text("is published, approved by hanna.hiring").wait_for()

    hanna.get_by_role("button", name="Begin the next version").press("Enter")
    hanna.wait_for_url("**/interviews/2")
    hanna.goto("/interviews/2/review")
    hanna.get_by_role("link", name="Archive this version").press("Enter")
    hanna.get_by_label("Why").fill("Not in use.")
    hanna.get_by_role("button", name="Archive it").press("Enter")
    hanna.get_by_role("button", name="Restore").press("Enter")
    hanna.get_by_text("Version 2 is back.").wait_for()


def test_a_life_without_a_script(no_script_page: Page, live: Live) -> None:
    page = no_script_page
    page.goto(f"/interviews/{live.interview_id}/review")
    page.get_by_role("button", name="Approve and publish").click()
    page.get_by_role("button", name="Begin the next version").click()
    page.goto("/interviews/2/review")
    page.get_by_role("link", name="Delete this draft").click()
    page.get_by_role("button", name="Delete it").click()

    assert "was deleted" in page.get_by_role("status").inner_text()
    assert "approved by anna.admin" in page.locator("#interviews").inner_text()
