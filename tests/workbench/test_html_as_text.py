"""HTML in what was sent is text in what comes back: shown in a browser, no element of the sender's is there."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from techscreen.checks.markdown_safety import harmless_sentence, harmless_title
from tests.support.fake_claude import FakeClaude, Reply
from tests.support.served_pages import Live
from tests.support.tables import table

if TYPE_CHECKING:
    from playwright.sync_api import Page

RUNS = "window.ran=1"
SENT = {
    "req_id": "REQ<b>7</b>",
    "basic_title": f"Senior <b>Java</b> Developer <script>{RUNS}</script>",
    "basic_description": f"""<h1 onclick="{RUNS}">Payments team</h1>
<p>You build <i>services</i> in Java &amp; Kafka, alone<br>and in pairs. Use List<String>, C<T> and a < b.</p>
<script>{RUNS}</script><style>main {{ display: none }}</style>
<img src=x onerror={RUNS}><svg onload={RUNS}></svg><iframe srcdoc="<script>parent.{RUNS}</script>"></iframe>
<a href="javascript:{RUNS}">apply here</a> [or here](javascript:{RUNS}) ![chart](https://elsewhere.example/x.png)
We write &lt;marquee onstart={RUNS}&gt; by hand and `<em>code</em>`.

- <ul><li>reviews code<li>answers incidents</ul>
<math><mtext><table><mglyph><style><img src=x onerror={RUNS}>
<x onpointerenter={RUNS}>odd</x> <!-- <img src=x onerror={RUNS}> --> <<img src=x onerror={RUNS}>b>""",
    "basic_department": "<b>Pay</b>",
    "work_output": f"Ships <b>payout</b> services <img src=x onerror={RUNS}>; handles Map<K, V>",
    "work_role": "Owns <i>Kafka</i> & on-call",
    "work_knowledge": f"<ul><li>Java</li><li>PostgreSQL <script>{RUNS}</script></li></ul>",
    "work_competencies": "Explains a < b and C<T>; compares x > y",
    "interview_name": f"Panel <u>1</u> <script>{RUNS}</script>",
}
# What a person would read of it on a page, and what they have written about HTML.
READ = (
    *("Payments team", "services in Java & Kafka", "alone", "and in pairs", "List<String>", "C<T>", "a < b"),
    *("apply here", "or here", "chart", "by hand and", "<em>code</em>", "reviews code", "answers incidents"),
    *("Ships payout services", "Map<K, V>", "Owns Kafka & on-call", "PostgreSQL", "x > y"),
)
OF_MARKDOWN = set(
    "H1 H2 H3 H4 H5 H6 P UL OL LI STRONG EM CODE PRE BLOCKQUOTE HR BR A TABLE THEAD TBODY TR TH TD".split()
)
# Renders HTML as HTML, as a careless frontend would.
CARELESS = MarkdownIt("commonmark", {"html": True})
TEXT_OF_CLAUDE = f"""### The post

You write <b>Java</b>. <script>{RUNS}</script> <img src=x onerror={RUNS}> Use List<String>, `<em>code</em>` and a < b.

[Apply](javascript:{RUNS}) or [look](https://ats.example/jobs)

<details ontoggle={RUNS} open>hidden</details>
"""


def show(page: Page, markdown: str) -> tuple[set[str], str]:
    """The elements of a Markdown text, each with its attributes, and its text."""
    page.set_content(f"<main>{CARELESS.render(markdown)}</main>")
    page.wait_for_load_state("networkidle")
    elements = page.locator("main *").evaluate_all(
        "all => all.map(each => [each.tagName, ...each.getAttributeNames().map(name => name + '=' "
        "+ each.getAttribute(name))].join(' '))"
    )
    assert page.evaluate("window.ran") is None
    return set(elements), page.locator("main").inner_text()


def assert_only_markdown(elements: set[str]) -> None:
    for element in elements:
        name, *attributes = element.split(" ")
        assert name in OF_MARKDOWN, element
        assert all(each.startswith(("href=https:", "class=language-")) for each in attributes), element


def assert_pages_are_safe(page: Page, live: Live, interview_id: int) -> None:
    """The pages of the requisition and its interview, where no script of the sender's runs either."""
    for path in ("/interviews/", f"/interviews/{interview_id}", f"/interviews/{interview_id}/sheet"):
        page.goto(path)
        assert page.evaluate("window.ran") is None, path
        found = page.locator("main img, main svg, main iframe, main script, main marquee, main [onclick], main x")
        assert found.count() == 0, path


def test_without_claude(live_library: Live, page: Page) -> None:
    answer = live_library.call("POST", "/workflow/full", SENT)
    enhanced = answer["enhanced_jd"]

    elements, text = show(page, enhanced["description"])
    assert_only_markdown(elements)
    assert [words for words in READ if words not in text] == []
    assert f"<marquee onstart={RUNS}>" in text, "who writes about a tag is shown it"
    assert enhanced["title"] == "Senior Java Developer"
    assert show(page, enhanced["title"]) == ({"P"}, "Senior Java Developer")
    for note in answer["notes_for_team"]:
        assert_only_markdown(show(page, note)[0])
    for question in answer["interview"]["questions"]:
        assert_only_markdown(show(page, question["question_text"])[0])
    stored = live_library.call("GET", f"/{answer['interview_id']}")["interview"]
    assert stored["interview_name"] == SENT["interview_name"], "a name is plain text, and kept as it was sent"
    assert_pages_are_safe(page, live_library, answer["interview_id"])


def test_with_claude(live: Live, fake: FakeClaude, page: Page) -> None:
    def change(good: dict[str, Any]) -> dict[str, Any]:
        if "enhanced_description" not in good:
            return good
        notes = [f"The description has <img src=x onerror={RUNS}> in it."]
        title = f"Senior <b>Java</b> Developer, C<T> <script>{RUNS}</script>"
        return {**good, "enhanced_title": title, "enhanced_description": TEXT_OF_CLAUDE, "notes_for_team": notes}

    fake.when(lambda _: True, Reply(change=change))
    answer = live.call("POST", "/jd/enhance", {**SENT, "req_id": "REQ-8"})

    elements, text = show(page, answer["enhanced_jd"]["description"])
    assert_only_markdown(elements)
    for words in ("List<String>", "<em>code</em>", "a < b", "Apply", "<b>Java</b>"):
        assert words in text
    assert answer["enhanced_jd"]["title"] == f"Senior Java Developer, C< T> {RUNS}"
    assert_only_markdown(show(page, answer["enhanced_jd"]["title"])[0])
    assert_only_markdown(show(page, answer["notes_for_team"][0])[0])
    assert answer["basic_jd"]["description"] == SENT["basic_description"], "the record is what was sent"


def test_made_by_hand_of_what_was_sent(live_library: Live, page: Page) -> None:
    texts = {"title": SENT["basic_title"], "description": SENT["basic_description"]}
    live_library.call("POST", "/import", {"requisition": texts, "req_id": "REQ-9"})
    topics = [{"topic": "Queues", "skill_level": "Advanced"}]
    enhanced = live_library.call("PATCH", "/jd/REQ-9", {"interview_topics": topics})["job_description"]["enhanced_jd"]

    elements, text = show(page, enhanced["description"])
    assert_only_markdown(elements)
    assert "&lt;" not in text
    assert "<p>" not in text
    assert "reviews code" in text
    assert enhanced["title"] == "Senior Java Developer"


@table(
    ("title", "shown"),
    [
        ("Senior <b>Java</b> Developer", "Senior Java Developer"),
        ("Java Developer", "Java Developer"),
        ("C<T> developer, a < b, List<String>", "C< T> developer, a < b, List< String>"),
        ("R&D <manager>", "R&D < manager>"),
        ("<b></b>", "< b>< /b>"),
        ("Dev <!-- x --> <?php", "Dev < !-- x --> < ?php"),
        ("Dev <img src=x onerror=alert(1)", "Dev < img src=x onerror=alert(1)"),
    ],
)
def test_a_title_stays_readable(title: str, shown: str) -> None:
    assert harmless_title(title) == shown
    assert "<" not in CARELESS.renderInline(harmless_title(title))
    assert harmless_sentence(shown) == shown
    assert escape(shown).count("&lt;") == shown.count("<")
