"""The sheet: it says what is true, in the language of the interview, and no question is cut on any paper."""

from __future__ import annotations

import builtins
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import PROJECT_FOLDER
from techscreen.question_cache.keys import STARTER_MODEL
from techscreen.schemas.generation import LIBRARY_MODEL, SAMPLE_MODEL, InterviewView, JobDescriptionView
from techscreen.text.exhibits import with_exhibit
from techscreen.web.openapi import examples
from techscreen.workbench.labels import LANGUAGES, label_language, labels_for
from techscreen.workbench.rendering import render
from techscreen.workbench.room import SCRIPTS, STYLES, room_data, script_json
from techscreen.workbench.sheet import Sheet, sheet_of
from techscreen.workbench.sheet_pdf import Paper, PdfUnavailable, sheet_document, sheet_pdf
from tests.conftest import READER, MakeApp

INTERVIEW = examples()["InterviewAnswer"]["interview"]
REQUISITION = examples()["JobDescriptionAnswer"]["job_description"]
EXEMPLARS = sorted(path.stem for path in (PROJECT_FOLDER / "samples" / "exemplars").glob("*.json"))
BASE = "http://localhost/interviews/1/sheet"
HOSTILE = "</script><script>f()</script><!-- & \"quoted\" 'x' {{ 7 * 7 }}"
STARTER = "From the TechScreen starter library, drafted with language models"
APPROVED = {"status": "published", "approved_by_user_id": "hanna.hiring", "published_at": datetime(2026, 12, 1)}


def view(**changes: Any) -> InterviewView:
    return InterviewView.model_validate({**INTERVIEW, **changes})


def requisition(**changes: Any) -> JobDescriptionView:
    return JobDescriptionView.model_validate({**REQUISITION, **changes})


def sheet(**changes: Any) -> Sheet:
    return sheet_of(view(**changes), requisition())


def questions(**changes: Any) -> list[dict[str, Any]]:
    return [{**question, **changes} for question in INTERVIEW["questions"]]


def exemplar(name: str, **changes: Any) -> tuple[InterviewView, JobDescriptionView]:
    """A sample exemplar as the interview of its requisition."""
    given = json.loads((PROJECT_FOLDER / "samples" / "exemplars" / f"{name}.json").read_text(encoding="utf-8"))
    made, topics = [], {topic["topic"]: topic for topic in given["interview_topics"]}
    for question in given["questions"]:
        shown = question["exhibit"]
        text = with_exhibit(question["spoken_text"], shown and shown["text"])
        own = {
            "id": question["question_number"],
            "question_text": text,
            "work_items": topics[question["topic"]]["work_items"],
        }
        made.append({**INTERVIEW["questions"][0], **question, **own})
    enhanced = {"title": given["enhanced_title"], "description": given["enhanced_description"]}
    return view(questions=made, language=given["language"], **changes), requisition(enhanced_jd=enhanced)


@pytest.fixture
def page_of(app: Flask) -> Iterator[Any]:
    """The page of a sheet, as it is answered."""
    with app.test_request_context("/interviews/1/sheet"):
        yield lambda *made: render("sheet.html", sheet=sheet_of(*made))


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    read = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return read.stdout.decode().split("\f")[:-1]


def words(text: str) -> str:
    """A text without what a line end or a hyphen may change."""
    return re.sub(r"[\s\u00ad\u202f\u00a0]+", "", text)


# ------------------------------------------------------------------------------------------------------- labels


def shape(value: Any) -> Any:
    """Keys, lengths of lists, and the places that a text has."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return sorted(re.findall(r"\{\w+\}", value))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labels_of_all_languages_have_the_same_keys_and_places(language: str) -> None:
    assert shape(labels_for(language)) == shape(labels_for("en"))
    assert all(text.strip() for text in texts(labels_for(language)))


def test_the_labels_are_translated() -> None:
    sentences = {language: {text for text in texts(labels_for(language)) if len(text) > 25} for language in LANGUAGES}
    for language in LANGUAGES[1:]:
        assert not sentences[language] & sentences["en"]


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("FR_fr", "fr"),
        ("es", "es"),
        ("it", "en"),
        ("des", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_an_unknown_language_gets_english_labels(tag: str | None, language: str) -> None:
    assert label_language(tag) == language


def test_each_language_has_the_six_errors_and_the_whole_scale() -> None:
    for language in LANGUAGES:
        labels = labels_for(language)
        assert len(labels["errors"]["list"]) == 6
        assert all(rating in " ".join(labels["scale"]["lines"]) for rating in "1234")


# ----------------------------------------------------------------------------------------------- what it says


def test_the_head_has_what_is_known() -> None:
    made = sheet(**APPROVED, version=3)
    facts = dict(made.facts)

    assert facts["post"] == REQUISITION["enhanced_jd"]["title"]
    assert facts["level"] == "Senior"
    assert facts["requisition"] == "REQ-20418"
    assert facts["version"] == "3"
    assert facts["status"] == "Approved by hanna.hiring, 2026-12-01"
    assert facts["length"] == "34 min for 5 questions"
    assert made.warnings == ()


def test_minutes_that_are_not_all_known_are_not_added_up() -> None:
    made = sheet(questions=[*questions()[:-1], {**questions()[-1], "minutes": None}])
    assert dict(made.facts)["length"] == "5 questions"
    assert "minutes" not in " ".join(made.opening)
    assert "34 minutes" in " ".join(sheet().opening)


@pytest.mark.parametrize(
    ("language", "word"), [("en", "DRAFT"), ("de", "ENTWURF"), ("es", "BORRADOR"), ("fr", "BROUILLON")]
)
def test_a_draft_says_so_on_its_first_page_and_on_every_page(language: str, word: str) -> None:
    made = sheet(language=language)
    assert [warning.word for warning in made.warnings] == [word]
    assert word in made.mark.state


def test_an_archived_interview_says_so_and_still_who_approved_it() -> None:
    mark = sheet(**{**APPROVED, "status": "archived"}).mark
    assert mark.state == "ARCHIVED · Approved by hanna.hiring, 2026-12-01"


def test_why_it_is_asked_is_what_the_requisition_says() -> None:
    first = sheet().questions[0]
    assert first.reasons == tuple(item["part"] for item in INTERVIEW["questions"][0]["work_items"])
    assert sheet(questions=questions(work_items=[])).questions[0].reasons == ()


@pytest.mark.parametrize(
    ("source", "model", "origin"),
    [
        ("generated", "claude-opus-5-5", "AI-generated by claude-opus-5-5, 2026-11-30"),
        ("cache", "claude-opus-5-5", "AI-generated earlier by claude-opus-5-5"),
        ("library", "claude-opus-5-5", "AI-generated earlier by claude-opus-5-5"),
        ("edited", "claude-opus-5-5", "AI-generated by claude-opus-5-5, edited by people"),
        ("generated", None, "AI-generated, model not recorded"),
        ("library", None, "From the team's own library"),
        ("library", LIBRARY_MODEL, "From the team's own library"),
        ("library", STARTER_MODEL, STARTER),
        ("edited", STARTER_MODEL, f"{STARTER}, edited by people"),
        ("edited", None, "Written by people"),
        ("generated", SAMPLE_MODEL, "Sample content"),
    ],
)
def test_a_question_says_who_wrote_it_and_no_more_than_is_true(source: str, model: str | None, origin: str) -> None:
    made = sheet(questions=questions(source=source, model=model), model=LIBRARY_MODEL)
    assert {question.origin for question in made.questions} == {origin}
    assert made.mark.origin == origin


def test_the_mark_tells_questions_of_several_origins_apart() -> None:
    some = questions()
    some[1] = {**some[1], "source": "library", "model": None}
    some[3] = {**some[3], "source": "edited", "model": None}
    assert sheet(questions=some).mark.origin == (
        "Questions 1, 3, 5: AI-generated by claude-opus-5-5, 2026-11-30; "
        "Question 2: From the team's own library; Question 4: Written by people"
    )


def test_a_mark_that_would_be_too_long_names_the_models_alone() -> None:
    sources = [("library", None), ("generated", "claude-opus-5-5"), ("library", STARTER_MODEL), ("edited", "claude-x")]
    some = questions()
    for place, (source, model) in enumerate(sources):
        some[place] = {**some[place], "source": source, "model": model}
    mark = sheet(questions=some).mark.origin
    assert mark == (
        "Partly AI-generated (claude-opus-5-5, starter-library, claude-x, 2026-11-30); "
        "each question says where it comes from"
    )


def test_sample_content_is_marked() -> None:
    assert [warning.word for warning in sheet(model=SAMPLE_MODEL).warnings] == ["DRAFT", "SAMPLE"]


# ------------------------------------------------------------------------------------------------------ the page


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_has_every_word_of_the_interview(page_of: Any) -> None:
    text = words(Page(page_of(view(), requisition())).text)
    for question in INTERVIEW["questions"]:
        said = [question["topic"], question["spoken_text"], *question["follow_ups"]]
        said += question["rating_anchors"].values()
        for criterion in question["criteria"]:
            said += [criterion["criterion"], criterion["description"]]
        if question["exhibit"]:
            said.append(question["exhibit"]["text"])
        for each in said:
            assert words(each) in text


def test_the_page_needs_no_script_or_style_inside(page_of: Any) -> None:
    page = Page(page_of(view(), requisition()))
    assert not page.all("style")
    assert [script["src"] is not None for script in page.all("script")] == [True]
    assert not [name for _, given in page.elements for name in given if name == "style" or name.startswith("on")]


def test_texts_stay_texts(page_of: Any) -> None:
    hostile = [{**question, "topic": HOSTILE, "follow_ups": [HOSTILE]} for question in INTERVIEW["questions"]]
    page = Page(page_of(view(questions=hostile, interview_name=HOSTILE), requisition()))
    assert HOSTILE in page.text
    assert len(page.all("script")) == 1


@pytest.mark.parametrize(
    ("language", "of_page", "of_content"),
    [("de", "de", None), ("de-AT", "de-AT", None), ("it", "en", "it"), (None, "en", None)],
)
def test_the_page_names_its_language(page_of: Any, language: str | None, of_page: str, of_content: str | None) -> None:
    page = Page(page_of(view(language=language), requisition()))
    assert page.all("html")[0]["lang"] == of_page
    named = {given["lang"] for tag, given in page.elements if tag != "html" and "lang" in given}
    assert named == ({of_content} if of_content else set())


def test_the_page_can_be_made_of_what_is_empty_or_old(page_of: Any) -> None:
    empty = questions(criteria=[], follow_ups=[], minutes=None, work_items=[], exhibit=None)
    assert "rests on no single line" in page_of(view(questions=empty, language=None), requisition(enhanced_jd=None))
    assert page_of(view(questions=[]), requisition())


# ------------------------------------------------------------------------------------------------------- the PDF


# The longest two on both papers: each takes some seconds of CPU.
ON_PAPER = [(name, "a4") for name in EXEMPLARS] + [
    ("embedded-firmware-engineer", "letter"),
    ("site-reliability-engineer", "letter"),
]


@pytest.mark.parametrize(("name", "paper"), ON_PAPER)
def test_no_question_is_cut_on_any_paper(page_of: Any, name: str, paper: Paper) -> None:
    document = sheet_document(page_of(*exemplar(name)), BASE, paper)
    pages = pages_of(document.write_pdf())

    assert len(pages) == 1 + 5 + 2, "each question on a page of its own, and no page for a rest"
    made = sheet_of(*exemplar(name))
    for number, question in enumerate(made.questions, start=1):
        page = document.pages[number]
        begin, end = page.anchors[f"question-{number}"], page.anchors[f"notes-{number}-end"]
        assert begin[1] < end[1] <= page.height - 14 / 25.4 * 96
        on_page = words(pages[number])
        for each in (question.topic, *question.probes, question.anchors["high"], question.origin):
            assert words(each)[:25] in on_page
        if question.exhibit:
            assert words(question.exhibit.text.splitlines()[-1]) in on_page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_says_what_it_is(page_of: Any, language: str) -> None:
    made = view(language=language, **APPROVED, version=7), requisition()
    mark = sheet_of(*made).mark
    pages = pages_of(sheet_pdf(page_of(*made), BASE, "letter"))
    assert len(pages) == 8
    for number, page in enumerate(pages, start=1):
        for part in (mark.subject, mark.version, mark.state, mark.origin, f"{number} / 8"):
            assert words(part) in words(page)


def test_a_question_longer_than_a_page_is_broken_between_its_parts(page_of: Any) -> None:
    long = questions()
    criteria = [{"criterion": f"Criterion {n}", "description": "Says what this is. " * 12} for n in range(20)]
    text = "\n".join(f"line {n} of the exhibit" for n in range(90))
    shown = with_exhibit("What do you see?", text)
    long[1] |= {"exhibit": {"kind": "log", "text": text}, "question_text": shown, "criteria": criteria}
    document = sheet_document(page_of(view(questions=long), requisition()), BASE)
    pages = pages_of(document.write_pdf())

    with_it = [number for number, page in enumerate(document.pages) if "question-2" in page.anchors]
    assert len(with_it) > 1
    assert "question-1" not in document.pages[with_it[0]].anchors, "it begins on a page of its own"
    assert "question-3" not in document.pages[with_it[-1]].anchors
    together = "\n".join(pages[number] for number in with_it)
    assert all(f"line {n} of the exhibit" in together for n in range(90))
    for n in range(20):
        assert sum(f"Criterion {n} –" in page for page in pages) == 1
    assert sum("Replays interleavings" in page for page in pages) == 1


def test_nothing_is_fetched_for_a_pdf(page_of: Any) -> None:
    from weasyprint.urls import FatalURLFetchingError

    html = page_of(view(), requisition())
    for other in ("http://example.com/x.css", "file:///etc/passwd", "/interviews/static/workbench.css"):
        stolen = html.replace("</head>", f'<link rel="stylesheet" href="{other}"></head>')
        with pytest.raises(FatalURLFetchingError):
            sheet_pdf(stolen, BASE)


def test_without_weasyprint_it_says_what_to_install(page_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    html, real = page_of(view(), requisition()), builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PdfUnavailable, match=r"requirements-pdf\.txt") as refused:
        sheet_pdf(html, BASE)
    assert refused.value.status == 501


# -------------------------------------------------------------------------------------------------------- routes


@pytest.fixture
def made(client: FlaskClient, fake: Any) -> int:
    """An interview, made through the API."""
    from tests.support.served_pages import sample
    from tests.support.workflows import workflow

    answer = workflow(client, sample("backend-payments-engineer"))
    assert answer.status_code == 200, answer.text
    return int(answer.json["interview_id"])


def test_the_sheet_is_a_page_and_a_pdf(client: FlaskClient, made: int) -> None:
    page = client.get(f"/interviews/{made}/sheet", headers=READER)
    assert page.status_code == 200
    assert 'class="page question"' in page.text

    pdf = client.get(f"/interviews/{made}/sheet?format=pdf&paper=letter", headers=READER)
    assert pdf.mimetype == "application/pdf"
    assert pdf.headers["Content-Disposition"] == 'inline; filename="sheet-REQ-20418-v1.pdf"'
    about = subprocess.run(["pdfinfo", "-"], input=pdf.data, capture_output=True, check=True).stdout.decode()
    assert "612 x 792 pts (letter)" in about
    assert client.get(f"/interviews/{made}/sheet?paper=a0", headers=READER).status_code == 400
    assert client.get("/interviews/999/sheet", headers=READER).status_code == 404


def test_the_room_carries_the_interview_and_the_names_of_its_files(client: FlaskClient, made: int) -> None:
    page = client.get(f"/interviews/{made}/room", headers=READER)
    assert page.status_code == 200
    files = json.loads(re.search(r'id="room-files">(.*?)</script>', page.text)[1])  # type: ignore[index]
    assert files["page"] == f"/interviews/{made}/room"
    assert files["scope"] == "/interviews/"
    assert len(files["files"]) == len(SCRIPTS) + len(STYLES) + 1
    for address in (*files["files"], files["worker"]):
        with client.get(address) as answer:
            assert answer.status_code == 200, address
            assert answer.mimetype in ("text/javascript", "text/css", "image/svg+xml")


def test_every_script_of_the_room_is_named() -> None:
    folder = PROJECT_FOLDER / "techscreen" / "workbench" / "static"
    found = {path.name for path in folder.glob("room*.js")} - {"room-worker.js"}
    assert found == set(SCRIPTS)
    for name in SCRIPTS:
        imported = re.findall(r'from "\./([\w-]+\.js)"', (folder / name).read_text(encoding="utf-8"))
        assert set(imported) <= set(SCRIPTS)


def test_what_the_room_carries_ends_no_script() -> None:
    hostile = view(questions=questions(topic=HOSTILE), interview_name=HOSTILE)
    data = room_data(hostile, requisition(), sheet_of(hostile, requisition()))
    text = str(script_json(data))
    assert "<" not in text
    assert json.loads(text)["questions"][0]["topic"] == HOSTILE
