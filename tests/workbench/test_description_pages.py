"""The page of a requisition: its description before and after, and editing it in place, also by two at once."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from techscreen.operations import interview_lists
from tests.conftest import ADMIN, MakeApp
from tests.editing.conftest import EDITOR, OTHER_EDITOR
from tests.support.served_pages import Live
from tests.support.workflows import enhance, workflow
from tests.workbench.pages import ended, job_begun, page_of, send

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.workbench.conftest import Axe, PageAs

READER = {"X-User-ID": "ian", "X-User-Role": "interviewer"}
REQ = "REQ-12345"
BASIC = """<h2>About us</h2><p>We are a young team.</p><ul><li>You lead the incident review</li>
<li>You run Kafka &amp; Postgres</li></ul><script>alert(1)</script><p>Parking is free all year.</p>"""
AFTER = """# Your work

- You run Kafka & Postgres
- You lead the incident review
- Lead backend architecture

We want a rockstar. <script>alert(2)</script>
"""
TOPIC = {
    "topic": "Kafka consumer lag",
    "technologies": ["kafka"],
    "facet": "consumer lag",
    "skill_level": "Advanced",
    "question_type": "debugging",
    "focus": "Finds the slow consumer",
    "work_items": [{"field": "work_knowledge", "part": "Kafka"}],
}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def stored(client: FlaskClient, req_id: str = REQ) -> dict[str, Any]:
    return dict(client.get(f"/api/interview/jd/{req_id}", headers=ADMIN).json["job_description"])


def change(client: FlaskClient, **patch: Any) -> dict[str, Any]:
    """Change it by the API, as somebody else."""
    answer = client.patch(f"/api/interview/jd/{REQ}", json=patch, headers={**OTHER_EDITOR, "If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json["job_description"])


@pytest.fixture
def described(client: FlaskClient, requisition: dict[str, Any]) -> dict[str, Any]:
    """An enhanced requisition with known texts."""
    enhance(client, {**requisition, "basic_description": BASIC})
    return change(client, enhanced_title="Senior Engineer", enhanced_description=AFTER, interview_topics=[TOPIC])


def form_of(page: str) -> dict[str, str]:
    """What the form of a page holds, as a browser would send it without changes."""
    form = re.search(r'<form method="post"[^>]*data-draft="description.*?</form>', page, re.DOTALL)
    assert form
    fields = {}
    for field in re.finditer(
        r'<input type="(text|hidden)"[^>]*|<textarea[^>]*>\n(.*?)</textarea>|<select[^>]*>.*?</select>',
        form[0],
        re.DOTALL,
    ):
        name = re.search(r'name="([^"]+)"', field[0])
        assert name
        if field[0].startswith("<select"):
            chosen = re.search(r"<option([^>]*) selected>([^<]*)", field[0])
            assert chosen
            value = (re.findall(r'value="([^"]*)"', chosen[1]) or [chosen[2]])[0]
        else:
            value = field[2] if field[2] is not None else (re.findall(r'value="([^"]*)"', field[0]) or [""])[0]
        fields[name[1]] = html.unescape(value)
    return fields


def edit(client: FlaskClient, part: str = "text", **headers: str) -> dict[str, str]:
    return form_of(page_of(client, f"/requisitions/{REQ}?edit={part}", **(headers or EDITOR)))


def save(client: FlaskClient, fields: dict[str, str], **headers: str) -> Any:
    # Browsers send line ends in this form.
    sent = {name: value.replace("\n", "\r\n") for name, value in fields.items()}
    return send(client, f"/descriptions/{REQ}", sent, **(headers or EDITOR))


# --------------------------------------------------------------------------------------------- before and after


def test_before_and_after_stand_side_by_side_with_every_change_marked(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    page = page_of(client, f"/requisitions/{REQ}", **READER)

    assert "• You lead the incident review\n• You run Kafka &amp; Postgres" in page  # read, not run
    assert "<del>Parking is free all year</del>" in page
    assert "You lead the incident review</li>" in page  # moved, and so neither removed nor added
    assert '<ins class="work">Lead backend architecture</ins>' in page
    assert "<h4><ins>Your work</ins></h4>" in page
    assert re.search(r"<ins>We want a <mark[^>]*><a[^>]*>rockstar", page)
    assert "<script>alert" not in page
    assert re.search(r"<b>\d+ % of the original’s words</b> are kept", page)
    assert "3 are from the WORK inputs" in page

    plain = page_of(client, f"/requisitions/{REQ}?changes=plain", **READER)
    assert "<del>" not in plain
    assert "<ins>" not in plain
    assert "rockstar<sup>" in plain  # findings stay


def test_findings_are_numbered_in_place_and_their_notes_lead_back(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    page = page_of(client, f"/requisitions/{REQ}")

    places, notes = set(re.findall(r' id="(at-[\d-]+)"', page)), set(re.findall(r'<li id="(note-\d+)"', page))
    assert places
    assert set(re.findall(r'href="#(at-[\d-]+)"', page)) == places
    assert {f"note-{place.split('-')[1]}" for place in places} == set(re.findall(r'href="#(note-\d+)"', page)) < notes
    for finding in described["quality"]["findings"]:
        assert html.escape(finding["reason"], quote=False).replace("'", "&#39;") in page


def test_topics_notes_and_what_is_unsupported_are_shown(client: FlaskClient, described: dict[str, Any]) -> None:
    change(client, enhanced_description=f"{AFTER}\nYou know Terraform.")

    page = page_of(client, f"/requisitions/{REQ}", **READER)

    assert "Kafka consumer lag" in page
    assert "Finds the slow consumer" in page
    assert re.search(r"<li><span[^>]*>Kafka</span> <small>Knowledge</small></li>", page)
    assert re.search(r"Not supported by what was sent.*?<b>terraform</b> <small>description</small>", page, re.DOTALL)
    assert "?edit=" not in page  # a reader edits nothing
    assert "Generate an interview" not in page


def test_a_description_that_is_not_enhanced_can_be_written_by_hand(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    body = {"requisition": {"title": "Engineer", "description": BASIC}, "req_id": REQ}
    imported = client.post("/api/interview/import", json=body, headers=EDITOR)
    if imported.status_code != 200:
        pytest.skip(imported.text)
    assert "Not enhanced yet" in page_of(client, f"/requisitions/{REQ}", **EDITOR)

    form = edit(client)
    assert "- You lead the incident review" in form["description"]
    assert "<" not in form["description"]
    answer = save(client, {**form, "title": "By hand"})

    assert answer.status_code == 303
    assert stored(client)["enhanced_jd"]["title"] == "By hand"


def test_16000_characters_and_a_language_without_spaces(client: FlaskClient, requisition: dict[str, Any]) -> None:
    long = "\n".join(f"- Duty number {n} of the post, with some words about it" for n in range(300))[:16_000]
    enhance(client, {**requisition, "basic_description": long})
    change(client, enhanced_description=long[::-1][:16_000], language="ja")

    page = page_of(client, f"/requisitions/{REQ}")

    assert 'lang="ja"' in page
    assert "Most of it is written anew" in page
    assert "<ins>" in page_of(client, f"/requisitions/{REQ}?changes=marked")


# ------------------------------------------------------------------------------------------------------- editing


def test_texts_are_saved_as_they_were_typed(client: FlaskClient, described: dict[str, Any]) -> None:
    form = edit(client)
    assert form["description"] == AFTER

    answer = save(client, {**form, "title": "Payments Engineer", "description": "# New\n\n<b> & “quotes”\n"})

    assert (answer.status_code, answer.location) == (
        303,
        f"/interviews/requisitions/{REQ}?saved=text#job-description",
    )
    now = stored(client)
    assert now["enhanced_jd"] == {"title": "Payments Engineer", "description": "# New\n\n<b> & “quotes”\n"}
    assert now["edited_by_user_id"] == EDITOR["X-User-ID"]
    assert now["interview_topics"] == [TOPIC]
    shown = page_of(client, answer.location.removeprefix("/interviews"), **EDITOR)
    assert "Interviews that exist already stay as they are" in shown
    assert f'data-sent="description {now["job_description_id"]} text"' in shown


def test_topics_are_changed_added_and_removed_and_keep_what_no_field_shows(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    change(client, interview_topics=[TOPIC, {**TOPIC, "topic": "Out with it"}])
    form = edit(client, "topics")

    answer = save(
        client,
        {
            **form,
            "topics-0-topic": "Kafka lag",
            "topics-1-remove": "1",
            "topics-2-topic": "Postgres locks",
            "topics-2-technologies": "postgresql,  pgbouncer",
            "topics-2-skill_level": "Expert",
            "topics-2-question_type": "coding",
        },
    )

    assert answer.status_code == 303, answer.text
    assert stored(client)["interview_topics"] == [
        {**TOPIC, "topic": "Kafka lag"},
        {
            "topic": "Postgres locks",
            "technologies": ["postgresql", "pgbouncer"],
            "facet": "Postgres locks",
            "skill_level": "Expert",
            "question_type": "coding",
            "focus": "",
            "work_items": [],
        },
    ]


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    answer = save(client, {**edit(client), "title": " ", "description": "x" * 16_001, "language": "not a tag"})

    assert answer.status_code == 400
    assert 'id="title-problem">The title must not be blank.' in answer.text
    assert 'id="description-problem">The description has 16001 characters' in answer.text
    assert 'id="language-problem">The language must be a BCP 47 tag' in answer.text
    assert "x" * 16_001 in answer.text
    assert "data-draft-unsaved" in answer.text

    topics = {**edit(client, "topics"), "topics-0-topic": "", "topics-1-topic": "y" * 300}
    answer = save(client, topics)
    assert answer.status_code == 400
    assert 'id="topics-0-topic-problem">The topic must not be blank.' in answer.text
    assert 'id="topics-1-topic-problem">The topic has 300 characters' in answer.text
    assert form_of(answer.text)["topics-1-topic"] == "y" * 300

    answer = save(client, {**edit(client, "topics"), "topics-0-remove": "1"})
    assert "Keep at least one topic." in answer.text
    assert stored(client)["revision"] == described["revision"]


def test_the_preview_shows_what_is_typed_and_what_is_found_in_it(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    part = send(client, "/preview", {"description": "# Hi\r\n\r\nWe want **ninjas** <b>"}, **EDITOR).text
    assert "<h5>Hi</h5>" in part
    assert "<strong><mark" in part
    assert 'id="typed-note-1"' in part
    assert "&lt;b&gt;" in part

    whole = save(client, {**edit(client), "description": "# Typed but not saved", "do": "preview"})
    assert whole.status_code == 200
    assert "<h5>Typed but not saved</h5>" in whole.text
    assert stored(client)["revision"] == described["revision"]


# -------------------------------------------------------------------------------------------------- two at once


def test_two_who_change_the_same_are_shown_the_difference_and_decide(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    form = edit(client)
    theirs = change(client, enhanced_description=AFTER.replace("rockstar", "expert"))

    answer = save(client, {**form, "description": AFTER.replace("rockstar", "person")})

    assert answer.status_code == 412
    assert "hugo.hiring changed it meanwhile" in answer.text
    assert "<del>expert</del><ins>person</ins>" in answer.text
    assert "Save mine on top" in answer.text
    assert "Take theirs" in answer.text
    assert stored(client) == theirs

    again = form_of(answer.text)
    assert again["etag"] == theirs["etag"]
    assert again["description"] == AFTER.replace("rockstar", "person")
    assert save(client, again).status_code == 303
    assert "person" in stored(client)["enhanced_jd"]["description"]


def test_two_who_change_different_things_keep_both(client: FlaskClient, described: dict[str, Any]) -> None:
    form, topics = edit(client), edit(client, "topics")
    change(client, enhanced_title="Their title")

    answer = save(client, {**form, "description": "My text"})
    assert answer.status_code == 303
    assert "What hugo.hiring changed meanwhile was kept." in page_of(client, f"/requisitions/{REQ}", **EDITOR)
    assert save(client, {**topics, "topics-0-focus": "My focus"}).status_code == 303

    now = stored(client)
    assert now["enhanced_jd"] == {"title": "Their title", "description": "My text"}
    assert now["interview_topics"] == [{**TOPIC, "focus": "My focus"}]


def test_a_form_without_a_tag_overwrites_nothing(client: FlaskClient, described: dict[str, Any]) -> None:
    for tag in ("", "*", '"job_description-1-99"', "nonsense"):
        answer = save(client, {**edit(client), "title": "Mine", "etag": tag})
        assert answer.status_code == 412, tag
    assert stored(client)["revision"] == described["revision"]


# --------------------------------------------------------------------------------------------------- generating


def test_an_interview_is_generated_once_for_each_form(client: FlaskClient, described: dict[str, Any]) -> None:
    key = re.search(r'name="key" value="(\w{32})"', page_of(client, f"/requisitions/{REQ}"))
    assert key
    fields = {"key": key[1], "interview_name": "Panel 7", "use_library": "never"}

    answers = [send(client, f"/generate/{REQ}", fields) for _ in range(2)]

    (job_id,) = {job_begun(answer) for answer in answers}
    assert ended(client, job_id)["status"] == "succeeded"
    page = page_of(client, f"/requisitions/{REQ}")
    assert page.count(">Panel 7</a>") == 1


def test_what_hinders_a_generation_is_said_and_the_name_is_kept(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    client = make_app(WORKBENCH=True, DAILY_TOKEN_BUDGET=1).test_client()
    app_without_limit = make_app(WORKBENCH=True).test_client()
    enhance(app_without_limit, requisition)

    for name, status, words in (("x" * 300, 400, "The name has 300 characters"), ("Panel 7", 429, "budget")):
        answer = send(client, f"/generate/{REQ}", {"key": "a" * 32, "interview_name": name, "use_library": ""})
        assert answer.status_code == status
        assert "Nothing was begun." in answer.text
        assert words in answer.text
        assert f'value="{name}"' in answer.text


def test_every_version_is_listed_newest_first_page_by_page(
    client: FlaskClient, requisition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interview_lists, "BATCH", 2)
    made = workflow(client, requisition).json
    for _ in range(2):
        body = {"req_id": REQ, "job_description_id": made["job_description_id"]}
        assert client.post("/api/interview/generate", json=body, headers=ADMIN).status_code == 200

    page = page_of(client, f"/requisitions/{REQ}")
    more = re.search(r'href="/interviews(/requisitions/REQ-12345\?cursor=[^"]+)"', page)
    assert more
    older = page_of(client, html.unescape(more[1]))

    numbers = [re.findall(r"Version</span> (\d+)</th>", each) for each in (page, older)]
    assert numbers == [["3", "2"], ["1"]]
    assert "Older versions" not in older
    page_of(client, f"/requisitions/{REQ}?cursor=nonsense", 400)


# --------------------------------------------------------------------------------------------------- in a browser


def test_a_manager_edits_by_keyboard_and_finds_a_draft_again_after_a_reload(
    page_as: PageAs, live: Live, axe: Axe
) -> None:
    req_id = live.req_id
    page: Page = page_as("hiring_manager")
    page.goto(f"/interviews/requisitions/{req_id}")
    page.get_by_role("link", name="Edit the description").focus()
    page.keyboard.press("Enter")
    title = page.get_by_label("Title")
    title.focus()
    page.keyboard.press("End")
    page.keyboard.type(" and ninja")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+End")
    page.keyboard.type("\n\nWe want a **rockstar**.")
    page.locator("#preview strong", has_text="rockstar").wait_for()

    page.reload()
    page.get_by_role("button", name="Put it back").press("Enter")
    assert title.input_value().endswith(" and ninja")
    page.locator("#preview strong", has_text="rockstar").wait_for()
    assert not axe(page)
    page.get_by_role("button", name="Save").press("Enter")

    page.get_by_role("status").filter(has_text="Saved.").wait_for()
    assert page.get_by_role("heading", level=1).inner_text().startswith(title_of(live, req_id))
    page.goto(f"/interviews/requisitions/{req_id}?edit=text")
    assert page.get_by_role("button", name="Put it back").count() == 0


def title_of(live: Live, req_id: str) -> str:
    title = live.call("GET", f"/jd/{req_id}")["job_description"]["enhanced_jd"]["title"]
    assert title.endswith(" and ninja")
    return str(title)


def test_a_draft_that_is_put_back_on_a_newer_text_overwrites_nothing(page_as: PageAs, live: Live, watch: Any) -> None:
    watch.expect("status of 412")
    page: Page = page_as("hiring_manager")
    page.goto(f"/interviews/requisitions/{live.req_id}?edit=text")
    page.get_by_label("Title").fill("Mine")
    live.call("PATCH", f"/jd/{live.req_id}", {"enhanced_title": "Theirs"}, **OTHER_EDITOR)

    page.reload()
    page.get_by_role("button", name="Put it back").click()
    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("alert").filter(has_text="hugo.hiring changed it meanwhile").wait_for()
    assert page.get_by_label("Title").input_value() == "Mine"
    page.get_by_role("link", name="Take theirs").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Theirs")


def test_topics_are_added_without_a_script(no_script_page: Page, live: Live) -> None:
    page = no_script_page
    page.goto(f"/interviews/requisitions/{live.req_id}?edit=topics")
    page.locator("summary", has_text="Add a topic").click()
    new = page.get_by_role("group", name="New topic").first
    new.get_by_label("Name").fill("A topic of ours")
    page.get_by_role("button", name="Save the topics").click()

    assert "A topic of ours" in page.locator("#interview-topics").inner_text()
