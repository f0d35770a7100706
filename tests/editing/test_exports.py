"""Exports of an interview: each has the shape that its reader expects, and no text of it becomes more than a text."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from scripts import render_exports
from techscreen.editing.exports import FORMATS
from techscreen.editing.exports.source import ExportSource, shortened
from techscreen.editing.exports.table import COLUMNS, neutralised
from techscreen.schemas.generation import SAMPLE_MODEL, SAMPLE_NOTICE, InterviewView, JobDescriptionView
from techscreen.web.openapi import examples

INTERVIEW = examples()["InterviewAnswer"]["interview"]
REQUISITION = examples()["JobDescriptionAnswer"]["job_description"]
# One line: what Markdown, HTML and spreadsheets would make something of.
HOSTILE = "=cmd()|<script>f()</script> `<b>` \\<i> [x](javascript:y) ![p](//q) <https://r.s> *a* _b_ &lt; $c$ ~~d~~"
FINDING = {"field": "questions[0]", "kind": "name", "category": "gender", "word": "Zibblewick", "reason": "Zibblewick"}
VOID = {"meta", "br"}
KEPT = {"kind", "created_at", "enhanced_at", "status", "language", "model", "part", "field", "source", "lineage"}


def source(**changes: Any) -> ExportSource:
    """The recorded example, changed."""
    return ExportSource(
        InterviewView.model_validate({**INTERVIEW, **changes}), JobDescriptionView.model_validate(REQUISITION)
    )


def hostile(text: str = HOSTILE) -> ExportSource:
    """An interview and a requisition that say this wherever they say something."""

    def said(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: said(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [said(each, name) for each in value]
        return text if isinstance(value, str) and name not in KEPT else value

    interview = {**said(INTERVIEW), "quality": None}
    for question in interview["questions"]:
        if question["exhibit"]:
            question["question_text"] = f"{text}\n\n```\n{text}\n```"
    requisition = {**said(REQUISITION), "quality": None}
    return ExportSource(InterviewView.model_validate(interview), JobDescriptionView.model_validate(requisition))


def exported(name: str, given: ExportSource) -> str:
    return FORMATS[name].write(given)


def objects(name: str, given: ExportSource) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(exported(name, given))
    return content


class Page(HTMLParser):
    """The elements of a page, whether all are closed, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert {name for name, _ in attrs} <= {"class", "lang", "charset"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_holds_every_question_and_criterion_and_no_finding(name: str) -> None:
    found = {"findings": [{**FINDING, "suggestion": "", "start": 0, "end": 1}], "unsupported": [], "coverage": None}
    text = exported(name, source(quality=found))

    assert "Zibblewick" not in text
    plain = text.replace("\\", "").replace("&#x27;", "'")
    for question in INTERVIEW["questions"]:
        assert question["topic"] in plain
        assert question["follow_ups"][0] in plain
        for criterion in question["criteria"]:
            assert criterion["criterion"] in plain
            assert criterion["description"] in plain


@pytest.mark.parametrize("name", FORMATS)
def test_sample_content_is_marked_in_each_format(name: str) -> None:
    assert SAMPLE_NOTICE in exported(name, source(model=SAMPLE_MODEL))
    assert SAMPLE_NOTICE not in exported(name, source())


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_can_be_written_of_what_is_empty_or_old(name: str) -> None:
    empty = {"criteria": [], "follow_ups": [], "minutes": None, "work_items": []}
    questions = [{**question, **empty} for question in INTERVIEW["questions"]]

    assert INTERVIEW["questions"][0]["topic"] in exported(name, source(questions=questions, language=None))
    assert exported(name, source(questions=[]))


# ------------------------------------------------------------------------------------------- sheets


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_a_sheet_says_what_it_is(name: str) -> None:
    draft = exported(name, source())
    approved = {"status": "published", "approved_by_user_id": "mia.manager"}
    published = exported(name, source(**approved))

    assert "DRAFT" in draft
    assert "nobody yet" in draft
    assert "DRAFT" not in published
    assert "mia.manager" in published
    assert INTERVIEW["req_id"] in published
    assert str(sum(question["minutes"] for question in INTERVIEW["questions"])) in published


def test_a_page_shows_hostile_texts_and_runs_none() -> None:
    html = exported("html", hostile())
    page = Page(html)

    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert page.open == []
    assert not page.names & {"script", "i", "a", "img", "code"}
    assert page.text.count(HOSTILE) > 5 * 10


def test_a_page_keeps_lines_and_has_no_sign_that_html_forbids() -> None:
    spoken = "First\vsecond\u2028third\n\n\x85Another paragraph"
    log = {"kind": "log", "text": "\x1b[31mred\x00\x9b"}
    question = {**INTERVIEW["questions"][0], "question_text": spoken, "exhibit": log}
    html = exported("html", source(questions=[question]))

    assert '<p class="spoken">First<br>\nsecond<br>\nthird</p>\n<p class="spoken">Another paragraph</p>' in html
    assert "<pre>\n␛[31mred␀\ufffd</pre>" in html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", html)


def test_markdown_shows_hostile_texts_as_they_were_typed() -> None:
    page = Page(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(exported("markdown", hostile())))

    assert page.names <= {"h1", "h2", "h3", "p", "ul", "li", "strong", "em", "blockquote", "pre", "code"}
    assert page.text.count(HOSTILE) > 5 * 10


@pytest.mark.parametrize("start", "# a,- a,+ a,1. a,12) a,> a,    a,===,---,* a,~~~,|a|".split(","))
def test_the_beginning_of_a_line_makes_no_list_and_no_heading(start: str) -> None:
    texts = {"question_text": f"One\n{start}\n\n{start}", "follow_ups": [start, f"b\n{start}"], "exhibit": None}
    text = exported("markdown", source(questions=[{**INTERVIEW["questions"][0], **texts}]))
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    shown = start.strip().replace(">", "&gt;")

    assert f"<p>One<br />\n{shown}</p>\n<p>{shown}</p>" in html
    assert f"<li>{shown}</li>\n<li>b {shown}</li>" in html


def test_an_exhibit_with_fences_stays_one_block() -> None:
    shown = "```\ncode\n```\n<b>bold</b>"
    question = {**INTERVIEW["questions"][0], "exhibit": {"kind": "code", "text": shown}}
    html = MarkdownIt("commonmark").render(exported("markdown", source(questions=[question])))

    assert "<pre><code>```\ncode\n```\n&lt;b&gt;bold&lt;/b&gt;\n</code></pre>" in html


# -------------------------------------------------------------------------------------------- table


def rows_of(given: ExportSource) -> list[dict[str, str]]:
    text = exported("csv", given)
    assert text.encode().startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_table_has_a_row_for_each_criterion() -> None:
    rows = rows_of(source())
    asked = [(number, each) for number, one in enumerate(INTERVIEW["questions"], 1) for each in one["criteria"]]

    assert list(rows[0]) == list(COLUMNS)
    assert [(row["question_number"], row["criterion"], row["description"]) for row in rows] == [
        (str(number), each["criterion"], each["description"]) for number, each in asked
    ]
    assert {row["is_checked"] for row in rows} == {""}
    shown = next(question["exhibit"]["text"] for question in INTERVIEW["questions"] if question["exhibit"])
    assert neutralised(shown) in {row["exhibit"] for row in rows}


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0@", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(sign: str) -> None:
    assert neutralised(f"{sign}cmd()") == f"'{sign}cmd()"
    cells = [cell for row in rows_of(hostile(f"{sign}cmd()")) for cell in row.values()]

    assert any(cell.startswith("'") for cell in cells)
    assert [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n＝＋－＠") and cell] == []


def test_other_cells_are_left_alone() -> None:
    assert [neutralised(text) for text in ("a=b", "1-2", "", "'x", "(+1)")] == ["a=b", "1-2", "", "'x", "(+1)"]


# ------------------------------------------------------------------------ applicant tracking systems


def test_lever_gets_a_template_with_exactly_one_score_system() -> None:
    body = objects("lever", source())

    assert list(body) == ["text", "instructions", "group", "fields"]
    assert body["group"] is None
    kinds = [field["type"] for field in body["fields"]]
    assert kinds.count("score-system") == 1
    assert set(kinds) == {"multiple-select", "multiple-choice", "textarea", "score-system"}
    assert len(kinds) == 3 * len(INTERVIEW["questions"]) + 1
    for field in body["fields"]:
        assert set(field) - {"options"} == {"type", "text", "description", "required"}
        assert 0 < len(field["text"]) <= 255
        assert ("options" in field) is (field["type"] != "textarea")
        assert all(list(option) == ["text"] and option["text"] for option in field.get("options", ()))
    first, shown = body["fields"][0], body["fields"][3]
    assert len(first["options"]) == len(INTERVIEW["questions"][0]["criteria"])
    assert INTERVIEW["questions"][1]["exhibit"]["text"] in shown["description"]


def test_long_names_are_cut_to_what_forms_take() -> None:
    long = source(interview_name="n" * 255, questions=[{**INTERVIEW["questions"][0], "topic": "t" * 255}])

    for name in ("lever", "greenhouse", "workable", "ashby"):
        content = objects(name, long)
        named = content.get("name") or content.get("title") or content["text"]
        assert len(named) == 255
        assert named.endswith("… (version 1)")
    assert shortened("a" * 10, 5) == "aaaa…"


def test_greenhouse_gets_a_kit_and_scorecard_questions() -> None:
    content = objects("greenhouse", hostile())
    kit = Page(content["kit_html"])

    assert kit.names <= {"p", "ul", "li", "b", "i", "a"}
    assert kit.open == []
    assert kit.text.count(HOSTILE) > 5 * 10
    questions = content["scorecard_questions"]
    assert {tuple(one) for one in questions} == {("question", "sort_order", "active", "answer_type", "required")}
    assert [one["sort_order"] for one in questions] == list(range(len(questions)))
    kinds = [one["answer_type"] for one in questions]
    criteria = sum(len(question["criteria"]) for question in INTERVIEW["questions"])
    count = len(INTERVIEW["questions"])
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "instruction": count,
        "yes_no": criteria,
        "single_select": count,
        "text": count,
    }
    for one in questions:
        assert Page(one["question"]).names <= {"b"}
    rated = [one["sort_order"] for one in questions if one["answer_type"] == "single_select"]
    options = content["scorecard_question_options"]
    assert [(one["question_sort_order"], one["priority"]) for one in options] == [
        (order, place) for order in rated for place in range(3)
    ]


def test_a_kit_keeps_the_columns_of_an_exhibit() -> None:
    question = {**INTERVIEW["questions"][0], "exhibit": {"kind": "log", "text": "a  b\n\n\tc"}}
    kit = objects("greenhouse", source(questions=[question]))["kit_html"]

    assert "<p>a\u00a0\u00a0b</p><p>\u00a0</p><p>\u00a0\u00a0\u00a0\u00a0c</p>" in kit


def test_workable_gets_sections_and_says_that_it_is_a_part() -> None:
    content = objects("workable", source())

    assert content["partial"] is True
    assert "Partial" in content["note"]
    for section, question in zip(content["sections"], INTERVIEW["questions"], strict=True):
        assert list(section) == ["name", "traits"]
        asked, *criteria = section["traits"]
        assert [one["body"] for one in asked["questions"]] == [question["question_text"], *question["follow_ups"]]
        assert len(criteria) == len(question["criteria"])
        assert all(list(trait) == ["name", "questions"] for trait in section["traits"])


def test_ashby_gets_a_form_definition_and_says_that_it_is_a_part() -> None:
    content = objects("ashby", source())
    sections = content["formDefinition"]["sections"]
    fields = [field for section in sections for field in section["fields"]]

    assert content["partial"] is True
    assert len(sections) == len(INTERVIEW["questions"]) + 1
    assert {field["field"]["type"] for field in fields} == {"Boolean", "ValueSelect", "RichText"}
    paths = [field["field"]["path"] for field in fields]
    assert len(set(paths)) == len(paths)
    for field in fields:
        assert set(field) == {"isRequired", "descriptionPlain", "field"}
        assert field["isRequired"] is not field["field"]["isNullable"]
        assert ("selectableValues" in field["field"]) is (field["field"]["type"] == "ValueSelect")


# --------------------------------------------------------------------------------------- the document


def test_the_document_is_up_to_date() -> None:
    assert render_exports.DOCUMENT.read_text(encoding="utf-8") == render_exports.rendered(), "Run `make exports`."
