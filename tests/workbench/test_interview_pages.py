"""The page of an interview: what it shows, that all of it works without a script, and that nothing gets lost."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import InterviewQuestion, QuestionAlternative
from techscreen.storage.transactions import transaction
from tests.conftest import ADMIN, READER, MakeApp
from tests.support.served_pages import Live
from tests.support.workflows import until, workflow
from tests.workbench.pages import HTMX, page_of, send
from tests.workbench.question_form import Fields, changed, fields_of

if TYPE_CHECKING:
    pass

HANNA = {"X-User-ID": "hanna.hiring", "X-User-Role": "hiring_manager"}


class Bench:
    """A draft and its page."""

    def __init__(self, client: FlaskClient, interview: dict[str, Any]) -> None:
        self.client = client
        self.id: int = interview["id"]
        self.path = f"/{self.id}"

    def now(self) -> dict[str, Any]:
        return dict(self.client.get(f"/api/interview/{self.id}", headers=ADMIN).json["interview"])

    def question(self, number: int) -> dict[str, Any]:
        return dict(self.now()["questions"][number - 1])

    def page(self, **headers: str) -> str:
        return page_of(self.client, self.path, **headers)

    def form(self, number: int) -> Fields:
        return fields_of(self.page(), number)

    def send(self, path: str, fields: Any = (), **headers: str) -> Any:
        """Send a form and, if the answer leads somewhere, look there."""
        answer = send(self.client, self.path + path, dict(fields), **headers)
        return self.client.get(answer.headers["Location"], headers=ADMIN) if answer.status_code == 303 else answer

    def save(self, number: int, fields: Fields, **headers: str) -> Any:
        return self.send(f"/questions/{number}", fields.to_dict(flat=False), **headers)

    def undo(self, name: str = "undo") -> str:
        """The page after the button was pressed that it shows now."""
        form = self.page().partition(f'<form id="{name}"')[2]
        to = form.partition('name="to" value="')[2].partition('"')[0]
        return unescape(str(self.send(f"/{name}", {"to": to}).text))

    def api(self, method: str, path: str, body: Any = None) -> None:
        """A change that somebody else makes meanwhile."""
        answer = self.client.open(
            f"/api/interview/{self.id}{path}", method=method, json=body, headers={**HANNA, "If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


@pytest.fixture
def bench(client: FlaskClient, requisition: dict[str, Any]) -> Bench:
    made = workflow(client, requisition)
    assert made.status_code == 200, made.text
    return Bench(client, made.json["interview"])


# ------------------------------------------------------------------------------------------------- reading


def test_it_shows_what_each_question_rests_on_and_what_is_covered(bench: Bench) -> None:
    page, interview = unescape(bench.page()), bench.now()

    for question in interview["questions"]:
        for text in (question["spoken_text"], *question["follow_ups"], question["rating_anchors"]["high"]):
            assert text in page
        for item in question["work_items"]:
            assert f'<q lang="en">{item["part"]}</q>' in page
    assert "Written by Claude (" in page
    coverage = interview["quality"]["coverage"]
    covered = len(coverage["parts"]) - len(coverage["gaps"])
    assert f"{covered} of {len(coverage['parts'])} parts of the requisition are covered" in page
    assert page.count('<span class="badge warn">Gap</span>') == len(coverage["gaps"])
    assert page.count('class="cell filled"') == sum(len(part["questions"]) for part in coverage["parts"])


def test_where_there_are_no_work_inputs_it_says_that_nothing_was_measured(
    client: FlaskClient, requisition: dict[str, Any]
) -> None:
    bare = {name: text for name, text in requisition.items() if not name.startswith("work_")}
    made = workflow(client, {**bare, "topics": ["Kafka consumer lag"]}).get_json()
    for path in ("", "/review"):
        page = unescape(page_of(client, f"/{made['interview_id']}{path}"))
        assert "Not measured. The requisition has no WORK inputs" in page
    page = unescape(page_of(client, f"/{made['interview_id']}"))
    [said] = made["quality"]["coverage"]["requested"]
    assert re.search(rf"“<span[^>]*>Kafka consumer lag</span>”: question {said['questions'][0]}\.", page)


def test_a_question_of_the_library_that_fits_nothing_better_says_so(live_library: Live) -> None:
    bench = Bench(live_library.client, live_library.interview)
    with live_library.app.app_context(), transaction() as session:
        row = session.scalars(select(InterviewQuestion).where(InterviewQuestion.interview_id == bench.id)).first()
        assert row is not None
        row.work_items = []
    general = "<b>A general question:</b> nothing in the library is nearer to this post."
    page, read = bench.page(), bench.page(**READER)
    assert f"{general} Replace it or write your own." in page
    assert general in read
    assert "Replace it or write your own." not in read
    assert "Each question is saved by the button below it" in page.partition("<noscript>")[2]
    assert "<noscript>" not in read
    assert "✓: the question is about it; a number: so many of its criteria name it; dashed: no question" in page


def test_markup_in_texts_is_shown_as_text(bench: Bench) -> None:
    evil = "<script>alert(1)</script></textarea><img src=x onerror=alert(1)>"
    patch = {
        "spoken_text": f"\n What is {evil}?",
        "exhibit": {"kind": "code", "text": f"\n\n{evil}"},
        "topic": evil,
        "criteria": [{"criterion": evil, "description": f"\"' {evil}"}],
    }
    bench.api("PATCH", "/questions/1", patch)
    for page in (bench.page(), bench.page(**READER)):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert page.count("&lt;script&gt;alert(1)") >= 3
    fields = bench.form(1)
    assert fields["spoken_text"] == f"\r\n What is {evil}?"
    assert bench.save(1, fields).status_code == 200
    assert bench.now()["revision"] == 2  # what was not touched is not changed, to the letter
    assert bench.question(1)["exhibit"] == patch["exhibit"]


def test_who_only_reads_gets_no_fields_and_can_say_how_a_question_did(bench: Bench) -> None:
    page = bench.page(**READER)
    assert 'name="spoken_text"' not in page
    assert "Undo" not in page
    for question in bench.now()["questions"]:
        assert question["spoken_text"] in unescape(page)

    said = bench.send("/questions/2/feedback", {"kind": "always_met"}, **READER)
    assert "Choose the criterion that is meant." in said.text
    label = bench.question(2)["criteria"][0]["criterion"]
    given = {"kind": "always_met", "criterion": label, "note": "Everybody\r\nsays it."}
    assert "what you said about question 2 is kept" in bench.send("/questions/2/feedback", given, **READER).text
    page = unescape(bench.page())
    assert "Everybody\nsays it." in page
    assert f'This criterion is always met: <span lang="en">{label}</span> (1)' in page
    assert "Thank you" in bench.send("/questions/2/feedback", {"kind": "leaked"}, **READER, **HTMX).text


def test_what_is_no_draft_says_what_to_do_and_is_not_changed(bench: Bench) -> None:
    fields = bench.form(1)
    bench.api("POST", "/publish", {})
    page = bench.page()
    assert "It is published, so it never changes." in page
    assert f'href="/interviews/{bench.id}/review"' in page
    assert 'name="spoken_text"' not in page
    for path, given in (
        ("/questions/1", changed(fields, topic="Another")),
        ("/questions/1/lock", {"lineage": fields["lineage"], "locked": "yes"}),
        ("/order", {"lineage": fields["lineage"], "to": "2"}),
        ("/undo", {"to": "0"}),
        ("/name", {"interview_name": "Another"}),
        ("/questions", {"spoken_text": "Why?"}),
    ):
        assert "It is no draft any more" in bench.send(path, given).text
    bench.api("POST", "/archive", {})
    assert "It is archived and not in use." in bench.page()
    assert bench.question(1)["topic"] == fields["topic"]


# -------------------------------------------------------------------------------- one question, without a script


def test_only_what_was_changed_is_saved(bench: Bench) -> None:
    before, fields = bench.question(3), bench.form(3)
    criteria, descriptions = fields.getlist("criterion"), fields.getlist("description")
    typed = changed(
        fields,
        spoken_text="What\r\nis slow?",
        minutes="7",
        criterion=[*criteria[1:], ""],
        description=[*descriptions[1:], ""],
        follow_up=["", "And then?"],
        high="Measures.",
    )
    assert "Question 3 is saved." in bench.save(3, typed).text

    after = bench.question(3)
    assert (after["spoken_text"], after["minutes"], after["follow_ups"]) == ("What\nis slow?", 7, ["And then?"])
    assert after["criteria"] == before["criteria"][1:]
    assert after["rating_anchors"] == {**before["rating_anchors"], "high": "Measures."}
    same = ("exhibit", "topic", "question_type", "skill_level", "work_items", "lineage", "locked")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}

    bench.save(3, changed(bench.form(3), minutes="", exhibit_text="0 ms", exhibit_kind="figures"))
    assert bench.question(3)["exhibit"] == {"kind": "figures", "text": "0 ms"}
    bench.save(3, changed(bench.form(3), exhibit_text=" \r\n"))
    assert (bench.question(3)["exhibit"], bench.question(3)["minutes"]) == (None, None)


def test_what_cannot_be_saved_stays_in_its_field_and_the_rest_is_saved(bench: Bench) -> None:
    before, fields = bench.question(1), bench.form(1)
    labels = fields.getlist("criterion")
    typed = changed(
        fields, spoken_text=" ", minutes="99", criterion=["", *labels[1:]], topic="A new topic", high="x" * 2001
    )

    answer = bench.save(1, typed)

    assert answer.status_code == 400
    page = unescape(answer.text)
    for sentence in (
        "The question must not be blank.",
        "The number of minutes must be 60 or less.",
        "Criterion 1 must not be blank.",
        "The strong answer has 2001 characters; at most 2000 are allowed.",
    ):
        assert sentence in page
    again = fields_of(answer.text, 1)
    assert (again["spoken_text"], again["minutes"], again.getlist("criterion")[0]) == (" ", "99", "")
    after = bench.question(1)
    assert (after["topic"], after["spoken_text"], after["criteria"]) == (
        "A new topic",
        before["spoken_text"],
        before["criteria"],
    )


def test_what_a_form_leaves_out_stays_as_it_is(bench: Bench) -> None:
    before, fields = bench.question(2), bench.form(2)
    bare = {name: fields[name] for name in ("lineage", "seen", "was")}
    assert bench.save(2, Fields({**bare, "topic": "Another topic"})).status_code == 200
    # A part of a row that is missing, and a kind without its text, change nothing either.
    cut = changed(fields, exhibit_kind="log", criterion="Only a label")
    for name in ("description", "exhibit_text", "follow_up", "lists"):
        cut.poplist(name)
    assert bench.save(2, cut).status_code == 200
    after = bench.question(2)
    assert {**after, "topic": before["topic"], "source": before["source"]} == before

    emptied = bench.form(2)
    for name in ("criterion", "description", "follow_up"):
        emptied.poplist(name)
    assert bench.save(2, emptied).status_code == 200
    assert (bench.question(2)["criteria"], bench.question(2)["follow_ups"]) == ([], [])


@pytest.mark.parametrize("was", ["[" * 20_000, '{"criteria": ' + "[" * 900 + "]" * 900 + "}", "[]", "{", ""])
def test_an_unreadable_state_of_a_question_is_refused(bench: Bench, was: str) -> None:
    unreadable = bench.save(1, changed(bench.form(1), was=was))
    assert unreadable.status_code == 400
    assert "load it again" in unreadable.text


def test_the_address_of_a_refused_form_leads_back_to_the_question(bench: Bench) -> None:
    for path, where in (
        ("/questions/3", "#question-3"),
        ("/questions", "#add"),
        ("/questions/3/criteria/suggest", "/questions/3/criteria"),
    ):
        answer = bench.client.get(f"/interviews{bench.path}{path}", headers=ADMIN)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/interviews{bench.path}{where}"


def test_what_somebody_else_has_changed_is_shown_and_not_overwritten(bench: Bench) -> None:
    fields = bench.form(2)
    bench.api("PATCH", "/questions/2", {"spoken_text": "What does Hanna ask?", "rating_anchors": {"low": "Guesses."}})
    bench.api("PUT", "/order", {"order": [2, 1, 3, 4, 5]})  # it is question 1 now

    answer = bench.save(2, changed(fields, spoken_text="What do I ask?", high="Measures."))

    assert answer.status_code == 412
    page = unescape(answer.text)
    assert "hanna.hiring changed this question too" in page
    assert "Both of you changed: the question." in page
    assert "Hanna</ins>" in page or "Hanna ask" in page
    after = bench.question(1)
    assert after["spoken_text"] == "What does Hanna ask?"
    assert (after["rating_anchors"]["low"], after["rating_anchors"]["high"]) == ("Guesses.", "Measures.")
    # The page has my words in the field, and all else as it is now: saving again puts mine on top.
    again = fields_of(answer.text, 1)
    assert (again["spoken_text"], again["low"]) == ("What do I ask?", "Guesses.")
    assert bench.save(1, again).status_code == 200
    assert bench.question(1)["spoken_text"] == "What do I ask?"
    assert bench.question(1)["rating_anchors"]["low"] == "Guesses."


def test_a_question_that_was_taken_out_meanwhile_says_so(bench: Bench) -> None:
    fields = bench.form(5)
    bench.api("DELETE", "/questions/5")
    answer = bench.save(5, changed(fields, topic="Mine"))
    assert "This question was taken out meanwhile." in answer.text
    assert len(bench.now()["questions"]) == 4


# --------------------------------------------------------------------------------- the interview, without a script


def test_questions_are_moved_added_removed_and_all_is_taken_back(bench: Bench) -> None:
    first = bench.question(1)["lineage"]
    seen = bench.now()["revision"]

    assert "It is now question 2 of 5." in bench.send("/order", {"lineage": first, "to": "2", "seen": seen}).text
    assert bench.question(2)["lineage"] == first

    new = {"spoken_text": "How do you\r\nbegin?", "question_type": "situational", "skill_level": "", "minutes": ""}
    page = bench.send("/questions", new).text
    assert "Question 6 was added." in page
    assert "An interview has at most six questions" in page
    added = bench.question(6)
    assert (added["spoken_text"], added["topic"]) == ("How do you\nbegin?", "How do you\nbegin?")
    assert (added["criteria"], added["question_type"]) == ([], "situational")
    assert "at most 6 questions" in bench.send("/questions", new).text

    seen = bench.now()["revision"]
    for number in (6, 5):
        gone = {"lineage": bench.question(number)["lineage"], "seen": bench.now()["revision"]}
        assert f"Question {number} was removed." in bench.send(f"/questions/{number}/remove", gone).text
    assert "An interview has at least four questions" in bench.page()

    assert "Taken back: Question 5 removed." in bench.undo()
    assert "Taken back: Question 6 removed." in bench.undo()
    assert bench.question(6)["lineage"] == added["lineage"]
    assert "Made again: Question 6 removed." in bench.undo("redo")
    assert len(bench.now()["questions"]) == 5


def test_the_second_of_two_clicks_on_undo_takes_nothing_more_back(bench: Bench) -> None:
    for number in (1, 2):
        bench.api("PATCH", f"/questions/{number}", {"minutes": 3})
    seen = bench.now()["revision"]
    undo = {"to": seen - 1, "seen": seen}
    assert "Taken back: Question 2: minutes changed." in bench.send("/undo", undo).text
    second = bench.send("/undo", undo, **HTMX)
    assert second.status_code == 200
    assert "Taken back already: Question 2: minutes changed." in second.text
    assert (bench.question(1)["minutes"], bench.now()["revision"]) == (3, seen + 1)

    redo = {"to": seen, "seen": seen + 1}
    assert "Made again: Question 2: minutes changed." in bench.send("/redo", redo).text
    assert "Made again already: Question 2: minutes changed." in bench.send("/redo", redo).text
    # The same for the first change of all, after which nothing is left to take back.
    bench.undo()
    first = {"to": seen - 2, "seen": bench.now()["revision"]}
    for what in ("Taken back", "Taken back already"):
        assert f"{what}: Question 1: minutes changed." in bench.send("/undo", first).text


def test_nothing_is_done_to_what_somebody_else_has_changed_meanwhile(bench: Bench) -> None:
    seen, lineage = bench.now()["revision"], bench.question(2)["lineage"]
    given = {"seen": seen, "lineage": lineage}
    bench.api("PATCH", "/questions/2", {"minutes": 3})
    refused = bench.send("/questions/2/remove", given).text
    assert "It was not removed: hanna.hiring has changed question 2 meanwhile." in refused
    bench.api("PUT", "/order", {"order": [5, 4, 3, 2, 1]})
    assert "hanna.hiring has changed the order meanwhile." in bench.send("/order", {**given, "to": "1"}).text
    bench.api("PATCH", "", {"interview_name": "Hanna’s"})
    named = bench.send("/name", {"seen": seen, "interview_name": "Mine"}).text
    assert "hanna.hiring has renamed it meanwhile, to “Hanna’s”." in named
    assert "has changed something meanwhile, so nothing was taken back." in bench.send("/undo", {"to": seen}).text
    assert [len(bench.now()["questions"]), bench.now()["interview_name"]] == [5, "Hanna’s"]
    # Of what nobody else has touched, each is done.
    other = {"seen": seen, "lineage": bench.question(1)["lineage"]}
    assert "was removed" in bench.send("/questions/1/remove", other).text
    locked = bench.send("/questions/1/lock", {**other, "lineage": bench.question(1)["lineage"], "locked": "yes"}).text
    assert "is locked" in locked
    renamed = bench.send("/name", {"seen": bench.now()["revision"], "interview_name": "A <b>panel</b>"}).text
    assert "A &lt;b&gt;panel&lt;/b&gt;" in renamed
    assert "must not be blank" in bench.send("/name", {"interview_name": " "}).text


def test_a_question_that_is_offered_for_the_gaps_takes_their_words_along(live_library: Live) -> None:
    bench = Bench(live_library.client, live_library.interview)
    sixth = bench.now()["quality"]["coverage"]["optional_topic"]
    assert sixth
    page = bench.send("/questions", {"sixth": sixth["topic"], "topic": sixth["topic"], "spoken_text": ""})
    assert page.status_code == 400
    assert "The question must not be blank." in page.text
    bench.send("/questions", {"sixth": sixth["topic"], "topic": sixth["topic"], "spoken_text": "What would you do?"})
    assert bench.question(6)["work_items"] == sixth["work_items"]


def test_findings_stand_where_they_belong_and_may_stay_for_a_reason(bench: Bench) -> None:
    criteria = [{"criterion": "Age", "description": "Says how old they are."}]
    bench.api("PATCH", "/questions/1", {"spoken_text": "A relay stops. How old are you?", "criteria": criteria})
    page = bench.page()
    assert "<mark>How old are you?</mark></div><textarea" in page
    assert "Settle before publishing" in page
    finding = next(f for f in bench.now()["quality"]["findings"] if f["kind"] == "prohibited_subject")
    where = f"/findings/{finding['id']}"

    assert "Say in a few words why it may stay." in bench.send(f"{where}/override", {"reason": " "}).text
    page = bench.send(f"{where}/override", {"reason": "It is\r\na role play."}).text
    assert "May stay: “It is\na role play.” <small>anna.admin" in page
    assert "It was taken back" in bench.send(f"{where}/withdraw").text
    assert "It was taken back already." in bench.send(f"{where}/withdraw").text
    assert "no longer found" in bench.send("/findings/nothing/override", {"reason": "Why not?"}).text


def test_a_question_is_kept_in_the_library_once(bench: Bench) -> None:
    assert "Question 1 is in the library now." in bench.send("/questions/1/save-to-library").text
    again = bench.send("/questions/1/save-to-library", **HTMX)
    assert again.status_code == 409
    assert again.headers["HX-Retarget"] == "#messages"


# ------------------------------------------------------------------------------------------ parts for the script


def test_the_script_gets_the_parts_that_have_changed(bench: Bench) -> None:
    before = bench.now()
    known = " ".join(question["lineage"] for question in before["questions"])
    seen = {"seen": str(before["revision"]), "known": known}
    typed = {**changed(bench.form(1), topic="Mine", **seen).to_dict(flat=False), "changed": "topic"}
    bench.api("PATCH", "/questions/2", {"minutes": 3})

    answer = bench.send("/questions/1", typed, **HTMX)

    assert answer.headers["X-Interview-Parts"] == "yes"
    first, second, third = (question["lineage"] for question in before["questions"][:3])
    assert f'id="was-{first}"' in answer.text
    assert f'id="was-{second}"' in answer.text
    assert f'id="was-{third}"' not in answer.text
    assert 'data-saved="topic"' in answer.text
    assert 'data-revision="3"' in answer.text
    assert "hanna.hiring changed something meanwhile: Question 2: minutes changed." in answer.text
    assert "<article" not in answer.text

    where = f"/interviews/{bench.id}/now?known={known.replace(' ', '+')}"
    assert bench.client.get(f"{where}&seen=3", headers={**ADMIN, **HTMX}).status_code == 204
    assert "Question 2" in bench.client.get(f"{where}&seen=1", headers={**ADMIN, **HTMX}).text
    assert 'data-token="' in bench.client.get(f"{where}&seen=3&all=yes", headers={**ADMIN, **HTMX}).text
    newcomer = bench.client.get(f"{where[: -len(first)]}&seen=x", headers={**ADMIN, **HTMX}).text
    assert "<article" in newcomer


# ------------------------------------------------------------------------------------------------- alternatives


def _looked_at(bench: Bench, answer: Any) -> str:
    """The page of a question's alternatives or criteria, once what was asked for is there."""
    assert answer.status_code == 303, answer.text
    where = answer.headers["Location"]

    def page() -> str | None:
        text = str(bench.client.get(where, headers=ADMIN).text)
        return None if 'http-equiv="refresh"' in text else text

    return unescape(str(until(page, "the job ends")))


def test_an_alternative_is_asked_for_looked_at_and_taken(bench: Bench) -> None:
    former = bench.question(2)
    page = page_of(bench.client, f"{bench.path}/questions/2/alternatives")
    assert "What should be different?" in page

    asked = {"kind": "easier", "count": "2", "wish": "  ", "key": "k1"}
    page = _looked_at(bench, send(bench.client, f"{bench.path}/questions/2/alternatives", asked))
    assert "2 alternatives were found" in page
    assert former["spoken_text"] in page
    assert page.count("Take this one") == 2
    assert bench.question(2) == former

    given = {"lineage": former["lineage"], "seen": bench.now()["revision"]}
    page = bench.send("/questions/2/alternatives/1/accept", given).text
    assert "Question 2 was replaced." in page
    assert bench.question(2)["lineage"] != former["lineage"]
    assert "Taken back: Question 2 replaced." in bench.undo()
    assert bench.question(2)["spoken_text"] == former["spoken_text"]

    given["seen"] = bench.now()["revision"]
    bench.api("PATCH", "/questions/2", {"minutes": 3})
    assert "It was not replaced: hanna.hiring" in bench.send("/questions/2/alternatives/2/accept", given).text
    bench.send("/questions/2/lock", {"lineage": former["lineage"], "locked": "yes"})
    refused = bench.send("/questions/2/alternatives", {**asked, "key": "k2"})
    assert refused.status_code == 409
    assert "This question is locked." in refused.text
    assert "Choose how it should differ." in bench.send("/questions/3/alternatives", {"count": "9"}).text


def test_what_is_found_in_an_alternative_is_said_on_the_page_and_in_its_part(live_library: Live) -> None:
    bench = Bench(live_library.client, live_library.interview)
    asked = send(bench.client, f"{bench.path}/questions/1/alternatives", {"kind": "other_topic", "count": "1"})
    assert "1 alternative was found" in _looked_at(bench, asked)
    with live_library.app.app_context(), transaction() as session:
        row = session.scalars(select(QuestionAlternative)).one()
        alike = {"low": "Names a cause of the delay.", "mid": "Names a cause of the delays.", "high": "Measures it."}
        row.content = {**row.content, "rating_anchors": alike}
    where = asked.headers["Location"]
    for path in (where, where.replace("/alternatives", "/alternatives/work")):
        answer = bench.client.get(path, headers={**ADMIN, **HTMX})
        assert answer.status_code == 200
        assert "<b>How it is put</b>" in answer.text


def test_criteria_are_suggested_and_added(bench: Bench) -> None:
    question = bench.question(4)
    page = _looked_at(bench, send(bench.client, f"{bench.path}/questions/4/criteria/suggest", {"count": "2"}))
    assert "2 criteria were suggested" in page
    added = {"criterion": "Asks first", "description": "Asks what was tried.", "lineage": question["lineage"]}
    if len(question["criteria"]) < 20:
        bench.send("/questions/4/criteria", added)
        assert bench.question(4)["criteria"][-1]["criterion"] == "Asks first"
    assert "It was not added" in bench.send("/questions/4/criteria", {**added, "criterion": " "}).text
    failed = bench.send("/questions/4/criteria/suggest", {"count": "77"})
    assert "Choose how many." in failed.text


def test_where_claude_is_not_asked_nobody_suggests_and_the_library_says_what_it_lacks(live_library: Live) -> None:
    client, interview = live_library.client, live_library.interview
    bench = Bench(client, interview)
    page = bench.page()
    assert "From the library that comes with TechScreen" in page
    assert "Suggest criteria" not in page
    assert "Claude is not asked here" in page_of(client, f"{bench.path}/questions/1/criteria")
    assert "alternatives come from the library" in page_of(client, f"{bench.path}/questions/1/alternatives")

    bench.api("PATCH", "/questions/1", {"skill_level": "Foundational"})
    page = _looked_at(bench, send(client, f"{bench.path}/questions/1/alternatives", {"kind": "easier"}))
    assert "The library has no question of the kind “easier”" in page
