"""The library as people see it: found, read, written, changed by one at a time, retired, imported and exported."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import CachedQuestion
from techscreen.library.starter import Loaded
from techscreen.workbench import library_import_pages, library_pages
from tests.conftest import ADMIN, READER, MakeApp
from tests.library.test_questions import LIBRARY, a_question, created
from tests.operations.test_library_health import fill
from tests.support.served_pages import Live
from tests.support.workflows import all_of
from tests.workbench.pages import HTMX, page_of, send

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Axe = Callable[[Page], list[str]]

EDITOR = {"X-User-ID": "hanna.manager", "X-User-Role": "hiring_manager"}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def topics_in(page: str) -> list[str]:
    return re.findall(r'href="/interviews/library/\d+">([^<]+)</a></h3>', page)


def stored(app: Flask, question_id: int) -> CachedQuestion:
    return next(row for row in all_of(app, CachedQuestion) if row.id == question_id)


def form_of(page: str) -> dict[str, str]:
    """What the fields of the form hold, as a browser would send them."""
    fields = re.findall(r'<input (?![^>]*type="(?:hidden|radio|checkbox)")[^>]*>', page)
    texts = {
        re.search(r' name="([^"]+)"', each)[1]: re.search(r' value="([^"]*)"', each)[1]  # type: ignore[index]
        for each in fields
        if " name=" in each
    }
    texts |= dict(re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL))
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        texts[name] = chosen[1] if chosen else ""
    texts |= dict(re.findall(r'type="hidden" name="(etag)" value="([^"]*)"', page))
    texts |= {name: value for name, value in re.findall(r'type="radio" name="(\w+)" value="(\w+)" checked', page)}
    return {name: html.unescape(text).replace("\n", "\r\n") for name, text in texts.items()}


# ------------------------------------------------------------------------------------------------ to find and to read


def test_an_empty_library_says_what_to_do(client: FlaskClient) -> None:
    assert "Write the first question" in page_of(client, "/library", **EDITOR)
    page = page_of(client, "/library", **READER)
    assert "The library is empty" in page
    assert "Write the first question" not in page
    assert "Load the starter library" not in page


def test_the_list_tells_what_is_known_of_each_question(app: Flask, client: FlaskClient) -> None:
    fill(client, app)
    created(client, topic="在庫引当", language="ja", skills=["在庫管理"], review_on="2020-01-01", owner="物流<b>")

    page = page_of(client, "/library", **READER)

    assert topics_in(page)[:3] == ["在庫引当", "Old things", "Backups"]
    for words in ('lang="ja"', "Japanese", "在庫管理", "物流&lt;b&gt;", "2020-01-01", "due", "3 people", "retired"):
        assert words in page, words
    assert "New question" not in page
    assert "New question" in page_of(client, "/library", **EDITOR)


FOUND = {
    "topic=java&skill_level=&language=&status=": ["Java streams"],
    "technology=kafka": ["Kafka consumer groups"],
    "language=de-at": ["Index choice"],
    "status=retired": ["Old things"],
    "review_due=2027-06-30": ["Java streams"],
    "attention=complained&owner=": ["Backups", "Alerts"],
    "skill_level=Expert&status=draft": ["Index choice"],
    "topic=nothing": [],
}


def test_filters_narrow_the_list(app: Flask, client: FlaskClient) -> None:
    fill(client, app)
    for query, topics in FOUND.items():
        page = page_of(client, f"/library?{query}")
        assert topics_in(page) == topics, query
        assert ("No question fits these filters" in page) is (not topics)


def test_a_filter_that_cannot_be_read_is_told_beside_its_field(client: FlaskClient) -> None:
    created(client)
    page = page_of(client, "/library?review_due=tomorrow&skill_level=Advanced", status=400)
    assert "This must be a date such as 2027-01-31." in page
    assert 'value="tomorrow"' in page
    assert 'value="Advanced" selected' in page


def test_pages_follow_one_another_and_lose_nothing(client: FlaskClient) -> None:
    for number in range(23):
        created(client, topic=f"Topic {number}", reference=f"R-{number}")

    first = page_of(client, "/library?topic=Topic")
    address = re.search(r'href="/interviews(/library\?[^"]*cursor=[^"]+)"', first)
    assert address
    path = html.unescape(address[1])
    second = page_of(client, path)

    assert topics_in(first) + topics_in(second) == [f"Topic {number}" for number in reversed(range(23))]
    assert "First page" in second
    of_others = client.get(f"/interviews{path.replace('topic=Topic', 'topic=Other')}", headers=ADMIN)
    assert (of_others.status_code, of_others.headers["Location"]) == (303, "/interviews/library?topic=Other")


def test_texts_are_checked_on_demand(client: FlaskClient) -> None:
    created(client, question_text="Are you pregnant?")
    assert "<dt>Findings</dt>" not in page_of(client, "/library")
    assert "<dt>Findings</dt><dd><span" in page_of(client, "/library?check=1")


def test_health_says_what_to_look_at_and_leads_there(app: Flask, client: FlaskClient) -> None:
    fill(client, app)

    page = page_of(client, "/library/health", **READER)

    assert "6 questions in use or in draft, 1 retired." in page
    for path in re.findall(r'href="/interviews(/library\?[^"]+)"', page):
        assert topics_in(page_of(client, html.unescape(path))) or "review_due" in path, path
    assert "German (de-at)" in page


def test_a_question_has_a_page_with_all_that_is_known(client: FlaskClient) -> None:
    question = created(
        client,
        question_text="Are you pregnant? <script>alert(1)</script>",
        exhibit={"kind": "log", "text": "10:14 <ERROR>"},
        language="de",
        owner="Payments",
        reference="PAY-1",
        skills=["Zahlungen"],
    )["question"]

    page = page_of(client, f"/library/{question['id']}", **READER)

    for words in ("What somebody should look at", "10:14 &lt;ERROR&gt;", "PAY-1", "Payments", "Zahlungen", 'lang="de"'):
        assert words in page, words
    assert question["criteria"][7]["criterion"] in page
    assert question["rating_anchors"]["high"] in page
    assert "<script>alert" not in page
    assert "Retire" not in page
    assert "Retire this question" in page_of(client, f"/library/{question['id']}", **EDITOR)
    page_of(client, "/library/999", status=404)


# ----------------------------------------------------------------------------------------------- to write and to change


def test_a_new_question_is_kept_word_for_word(app: Flask, client: FlaskClient) -> None:
    fields = {
        "topic": "Payment retries",
        "skill_level": "Advanced",
        "question_type": "situational",
        "language": "en",
        "question_text": "A payout was sent twice.\r\nWhat do you do?",
        "exhibit_kind": "log",
        "exhibit_text": "  10:14 paid\r\n  10:15 paid",
        "minutes": "6",
        "technologies": "Kafka\r\n\r\n PostgreSQL ",
        "skills": "payouts",
        "fits_any_post": "yes",
        "criterion_1": "Finds the key",
        "criterion_4": "Tells others",
        "criterion_4_description": "Says whom.",
        "follow_up_2": "And then?",
        "anchor_low": "Sends it again.",
        "owner": "Payments",
        "review_on": "2027-06-30",
        "status": "draft",
    }
    answer = send(client, "/library/new", fields, **EDITOR)
    assert answer.status_code == 303, answer.text

    (row,) = all_of(app, CachedQuestion)
    assert answer.headers["Location"] == f"/interviews/library/{row.id}?saved=new"
    assert (row.question_type, row.minutes, row.library_status, row.fits_any_post) == ("situational", 6, "draft", True)
    assert row.exhibit == {"kind": "log", "text": "  10:14 paid\n  10:15 paid"}
    assert row.question_text.startswith("A payout was sent twice.\nWhat do you do?")
    assert row.technologies == ["Kafka", "PostgreSQL"]
    assert row.criteria == [
        {"criterion": "Finds the key", "description": ""},
        {"criterion": "Tells others", "description": "Says whom."},
    ]
    assert (row.follow_ups, row.rating_anchors["low"]) == (["And then?"], "Sends it again.")
    assert (row.owner, str(row.review_on), row.created_by_user_id) == ("Payments", "2027-06-30", "hanna.manager")
    shown = page_of(client, answer.headers["Location"].removeprefix("/interviews"), **EDITOR)
    assert 'data-sent="library-new"' in shown
    assert "The question is in the library." in shown


def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(app: Flask, client: FlaskClient) -> None:
    fields = {
        "topic": " ",
        "skill_level": "",
        "question_type": "technical",
        "language": "English!",
        "question_text": "Typed with care.",
        "minutes": "ninety",
        "criterion_3_description": "No name for this one.",
        "follow_up_2": "x" * 2001,
        "review_on": "30.6.2027",
    }
    answer = send(client, "/library/new", fields, **EDITOR)

    assert answer.status_code == 400
    problems = dict(re.findall(r'<p class="problem" id="(\w+)-problem">([^<]+)</p>', answer.text))
    assert problems == {
        "topic": "This must not be blank.",
        "skill_level": "Choose one.",
        "language": "This must be a code such as en or de-AT.",
        "minutes": "This must be a whole number.",
        "criterion_3": "Give the criterion a name, or empty its description too.",
        "follow_up_2": "This has 2001 characters; at most 2000 are allowed.",
        "review_on": "This must be a date such as 2027-01-31.",
    }
    for typed in ("Typed with care.", "No name for this one.", 'value="ninety"', 'value="30.6.2027"'):
        assert typed in answer.text
    assert '<a href="#criterion_3">Criterion 3</a>' in answer.text
    assert all_of(app, CachedQuestion) == []


def test_a_reference_is_given_once(client: FlaskClient) -> None:
    created(client, reference="PAY-1")
    form = form_of(page_of(client, "/library/new", **EDITOR))
    typed = {"topic": "Retries", "skill_level": "Advanced", "question_text": "What do you do?", "reference": "PAY-1"}
    answer = send(client, "/library/new", {**form, **typed}, **EDITOR)
    assert answer.status_code == 409
    assert "with the reference “PAY-1” already" in answer.text
    assert "What do you do?" in answer.text


def test_saving_what_was_served_changes_nothing(app: Flask, client: FlaskClient) -> None:
    question = created(
        client,
        question_text="\nÜber <was> & „wie“?\n",
        exhibit={"kind": "figures", "text": "1\t2\n"},
        language="de-AT",
        technologies=["Kafka"],
        skills=["a", "b"],
        minutes=5,
        owner="x",
        review_on="2027-01-31",
    )["question"]

    form = form_of(page_of(client, f"/library/{question['id']}/edit", **EDITOR))
    answer = send(client, f"/library/{question['id']}/edit", form, **EDITOR)

    assert answer.status_code == 303, answer.text
    now = client.get(f"{LIBRARY}/{question['id']}", headers=READER).json["question"]
    assert {**now, "feedback": None} == {**question, "feedback": None}


def test_a_change_is_saved(app: Flask, client: FlaskClient) -> None:
    question = created(client)["question"]
    form = form_of(page_of(client, f"/library/{question['id']}/edit", **EDITOR))
    changes = {"criterion_1": "Reworded", "criterion_9": "", "criterion_9_description": "", "status": "draft"}
    answer = send(client, f"/library/{question['id']}/edit", {**form, **changes}, **EDITOR)
    assert answer.headers["Location"] == f"/interviews/library/{question['id']}?saved=edit"
    row = stored(app, question["id"])
    assert (row.criteria[0]["criterion"], len(row.criteria), row.library_status) == ("Reworded", 8, "draft")
    assert (row.edited_by_user_id, row.revision) == ("hanna.manager", 2)


def test_nobody_overwrites_anybody(app: Flask, client: FlaskClient) -> None:
    question = created(client, owner="Payments")["question"]
    address = f"/library/{question['id']}/edit"
    form = form_of(page_of(client, address, **EDITOR))
    faster = {"owner": "Payments core", "minutes": 9}
    client.patch(f"{LIBRARY}/{question['id']}", json=faster, headers={**ADMIN, "If-Match": "*"})

    answer = send(client, address, {**form, "topic": "Mine <i>"}, **EDITOR)

    assert answer.status_code == 412
    assert "anna.admin has changed this question meanwhile" in answer.text
    assert stored(app, question["id"]).topic == question["topic"]
    told = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(.*?)</dd>", answer.text))
    assert told.keys() == {"Topic", "Minutes", "Owner"}
    assert "<ins>Mine &lt;i&gt;</ins>" in told["Topic"]
    assert "<del>core</del>" in told["Owner"].replace("<del> core</del>", "<del>core</del>")
    again = form_of(answer.text)
    assert (again["topic"], again["owner"]) == ("Mine <i>", "Payments")
    assert send(client, address, again, **EDITOR).status_code == 303
    assert stored(app, question["id"]).topic == "Mine <i>"


def test_a_form_that_names_no_state_changes_nothing(app: Flask, client: FlaskClient) -> None:
    question = created(client)["question"]
    form = form_of(page_of(client, f"/library/{question['id']}/edit", **EDITOR))
    for etag in ("*", "", "library-1-1"):
        answer = send(client, f"/library/{question['id']}/edit", {**form, "topic": "Mine", "etag": etag}, **EDITOR)
        retired = send(client, f"/library/{question['id']}/retire", {"etag": etag, "reason": "Typed."}, **EDITOR)
        assert (answer.status_code, retired.status_code) == (412, 412)
        assert "Typed." in retired.text
    assert stored(app, question["id"]).revision == 1


def test_a_question_is_retired_and_brought_back(app: Flask, client: FlaskClient) -> None:
    question = created(client)["question"]
    address = f"/library/{question['id']}"

    assert send(
        client, f"{address}/retire", {"etag": question["etag"], "reason": "Leaked.\r\nTwice."}, **EDITOR
    ).location
    page = page_of(client, address, **EDITOR)
    assert "hanna.manager retired it on" in page
    assert "Leaked.\nTwice." in page
    assert "No new interview gets it" in page

    edited = send(client, f"{address}/edit", {**form_of(page_of(client, f"{address}/edit")), "minutes": "3"}, **EDITOR)
    assert edited.status_code == 303
    row = stored(app, question["id"])
    assert (row.minutes, row.retired_reason) == (3, "Leaked.\nTwice.")

    etag = f'"library-{row.id}-{row.revision}"'
    assert send(client, f"{address}/bring-back", {"etag": etag, "status": "draft"}, **EDITOR).status_code == 303
    row = stored(app, question["id"])
    assert (row.retired_at, row.library_status) == (None, "draft")


# -------------------------------------------------------------------------------------------------------------- files


def sent_file(client: FlaskClient, content: Any, name: str = "ours.json", **fields: Any) -> Any:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {**EDITOR, **fields.pop("headers", {})}
    return send(client, "/library/import", {"file": (io.BytesIO(text), name), "do": "import", **fields}, **headers)


def test_a_file_is_imported_and_what_it_has_besides_is_named(app: Flask, client: FlaskClient) -> None:
    rows = [{**a_question(f"Topic {number}"), "reference": f"R-{number}", "colour": "red"} for number in range(3)]

    answer = sent_file(client, rows)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/interviews/library")
    page = page_of(client, "/library", **EDITOR)
    assert "3 questions were added, 0 changed." in page
    assert "a question has no such thing: colour." in page
    assert {row.created_by_user_id for row in all_of(app, CachedQuestion)} == {"hanna.manager"}


def test_every_problem_is_shown_by_row_and_field(app: Flask, client: FlaskClient) -> None:
    created(client, reference="KNOWN")
    rows = [a_question(), {**a_question(), "minutes": 90}, {**a_question(), "reference": "KNOWN", "topic": ""}]

    answer = sent_file(client, rows)

    assert answer.status_code == 422
    assert "Nothing was imported: 2 of 3 rows have problems." in answer.text
    told = re.findall(r'<td class="number">(\d+)</td><td>([^<]+)</td><td>([^<]+)</td>', answer.text)
    assert told == [
        ("2", "minutes", "Must be 60 or less."),
        ("3", "topic", "Must not be blank."),
    ]
    assert len(all_of(app, CachedQuestion)) == 1
    known = sent_file(client, [{**a_question(), "reference": "KNOWN"}])
    assert "choose “Change the questions that are there”" in known.text


def test_a_file_is_only_checked(app: Flask, client: FlaskClient) -> None:
    good = sent_file(client, [a_question()], do="check")
    bad = sent_file(client, [{"topic": "x"}], do="check")
    assert (good.status_code, bad.status_code) == (200, 200)
    assert "1 question would be added and 0 changed" in good.text
    assert "It cannot be imported yet" in bad.text
    assert all_of(app, CachedQuestion) == []


def test_known_questions_are_changed_if_that_is_chosen(app: Flask, client: FlaskClient) -> None:
    question = created(client, reference="R-1")["question"]
    table = b"reference;minutes\r\nR-1;7\r\n"
    assert sent_file(client, table, name="OURS.CSV", on_conflict="update").status_code == 303
    assert stored(app, question["id"]).minutes == 7


def test_the_form_of_a_file_without_a_telling_name_is_seen(app: Flask, client: FlaskClient) -> None:
    line = json.dumps(a_question())
    for content in (f"[{line}]", f"\ufeff{line}\n{line}\n", "question_text,topic,skill_level\na?,b,Expert\n"):
        assert sent_file(client, content.encode(), name="ours.txt").status_code == 303
    assert len(all_of(app, CachedQuestion)) == 4


def test_a_file_that_cannot_be_read_says_why(client: FlaskClient) -> None:
    for content, name, sentence in (
        (b"  \n", "ours.csv", "The file is empty."),
        (b"[{", "ours.json", "The file is not valid JSON"),
        ("Übung".encode("latin-1"), "ours.csv", "The file must be text in UTF-8."),
        (b"topic,skill_level\n", "ours.csv", "needs a column question_text"),
        (b"{}", "ours.json", "The file must be a JSON list of questions."),
    ):
        answer = sent_file(client, content, name=name)
        assert answer.status_code == 400
        assert sentence in answer.text


def test_without_a_file_nothing_is_imported(client: FlaskClient) -> None:
    answer = send(client, "/library/import", {"do": "import"}, **EDITOR)
    assert answer.status_code == 400
    assert "Choose a file first." in answer.text


def test_a_file_that_is_too_large_is_refused(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_import_pages, "MAX_IMPORT", 200_000)
    monkeypatch.setattr(library_import_pages, "MEBIBYTE", 100_000)
    answer = sent_file(client, b" " * 200_000)
    assert answer.status_code == 413
    assert "The file has more than 2 MB: import it in parts." in answer.text
    assert client.post("/interviews/library/import", data={"x": "y" * 300_000}, headers=READER).status_code == 403


def test_for_a_script_the_answer_is_a_part_of_the_page(app: Flask, client: FlaskClient) -> None:
    bad = sent_file(client, [{"topic": "x"}], headers=HTMX)
    good = sent_file(client, [a_question()], headers=HTMX)
    assert (bad.status_code, good.status_code) == (422, 200)
    for answer in (bad, good):
        assert "<html" not in answer.text
    assert "1 question added, 0 changed" in good.text


def test_an_export_can_be_imported_again(app: Flask, client: FlaskClient) -> None:
    created(client, reference="R-1", owner="物流チーム")
    for form in ("csv", "json", "jsonl"):
        answer = client.get(f"/interviews/library/export?format={form}", headers=READER)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="library.{form}"'
        assert answer.text.count("物流チーム") == 1
        assert sent_file(client, answer.data, name=f"library.{form}", on_conflict="update").status_code == 303
    assert len(all_of(app, CachedQuestion)) == 1


def test_admins_load_the_starter_library_while_something_of_it_is_missing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def load(user_id: str) -> Loaded:
        asked.append(user_id)
        return Loaded(added=318, known=2)

    monkeypatch.setattr(library_pages, "load_starter", load)
    assert "Load the starter library" in page_of(client, "/library")
    assert "Load the starter library" not in page_of(client, "/library", **EDITOR)
    assert send(client, "/library/starter", {}, **EDITOR).status_code == 403

    assert send(client, "/library/starter", {}).status_code == 303

    assert asked == ["anna.admin"]
    assert "318 questions were added. 2 were there already" in page_of(client, "/library")
    monkeypatch.setattr(library_pages, "starter_questions_missing", lambda: 0)
    assert "Load the starter library" not in page_of(client, "/library")


# ------------------------------------------------------------------------------------------------------ in a browser


def test_a_question_is_written_without_a_script_and_by_keyboard_alone(live: Live, no_script_page: Page) -> None:
    page = no_script_page
    page.goto("/interviews/library/new")
    page.get_by_label("Topic").focus()
    page.keyboard.type("Idempotent payouts")
    page.keyboard.press("Tab")
    page.keyboard.type("Adv")
    page.get_by_label("Question required").focus()
    page.keyboard.type("A payout was sent twice. What do you do?")
    page.get_by_label("In a few words").first.focus()
    page.keyboard.type("Finds the key")
    page.keyboard.press("Enter")

    page.wait_for_url("**/library/*?saved=new")
    assert page.get_by_role("heading", level=1).inner_text() == "Idempotent payouts active"
    assert "it has 1 criterion, and needs 8 to 10" in page.get_by_role("main").inner_text()


def test_the_chosen_file_stays_while_its_problems_are_mended(live: Live, page: Page, watch: Any, axe: Axe) -> None:
    watch.expect("status of 422")
    page.goto("/interviews/library/import")
    rows = [a_question("One"), {**a_question("Two"), "skill_level": "Guru"}]
    file = {"name": "ours.json", "mimeType": "application/json", "buffer": json.dumps(rows).encode()}
    page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Import", exact=True).click()

    outcome = page.get_by_role("region", name="What became of the file")
    outcome.get_by_text("1 of 2 rows have problems").wait_for()
    assert "Guru" not in outcome.inner_text()
    assert page.evaluate("document.getElementById('file').files[0].name") == "ours.json"
    assert not axe(page)
    mended = {**file, "buffer": json.dumps(rows[:1]).encode()}
    page.get_by_label("File", exact=True).set_input_files(mended)  # type: ignore[arg-type]
    page.get_by_role("button", name="Import", exact=True).click()
    outcome.get_by_text("1 question added, 0 changed").wait_for()
