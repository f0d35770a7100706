"""Texts with marks: harmless whatever they say, and with elements that stand within one another rightly."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser

import pytest

from techscreen.workbench.markdown import markdown_to_html
from techscreen.workbench.marked_text import Change, Found, marked_markdown, marked_plain

EVIL = '# <script>alert(1)</script>\n\n[x](javascript:alert(1)) <img src=x onerror=alert(2)> "&'

PIECES = (
    "# Head",
    "text *with* **stars** and `code`",
    "- item",
    "1. number",
    "> quote",
    "```python\nx = 1\n```",
    "[link](https://x.example/?a=b_c)",
    "| a | b |\n|---|---|\n| c | d |",
    "<https://x.example>",
    "snake_case _it_",
    "[ref]: https://x.example 'title'",
    "日本語のテキスト",
    "&amp; &lt;b&gt; \\* end",
)


class Nesting(HTMLParser):
    """Fails where an element ends that was not the last to begin."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(html: str) -> str:
    """The text of a piece of HTML, whose elements must be nested; without the numbers of notes."""
    seen = Nesting()
    seen.feed(re.sub(r"<sup>.*?</sup>", "", html))
    assert not seen.open
    return seen.text


def change(text: str, words: str, kind: str = "added") -> Change:
    start = text.index(words)
    return Change(start, start + len(words), kind)  # type: ignore[arg-type]


def found(text: str, words: str, note: int = 1) -> Found:
    start = text.index(words)
    return Found(start, start + len(words), note, f"at-{note}")


def test_a_plain_text_shows_changes_and_findings_that_overlap() -> None:
    text = "We <b>want</b> young guys & more"

    html = marked_plain(text, (change(text, "young guys", "removed"),), (found(text, "guys & more", 3),))

    assert "&lt;b&gt;" in html
    assert "<del>young <mark" in html
    assert html.count('id="at-3"') == 1
    assert 'href="#note-3"' in html
    assert text_of(html) == text


def test_marks_in_markdown_stand_within_its_elements() -> None:
    text = "# Title\n\n1. First **bold** item\n2. Second [a link](https://x.example/a) here\n\n- one\n- two\n"
    marks = (change(text, "First **bold** item\n2. Second"), change(text, "one\n- two", "work"))

    html = marked_markdown(text, marks, (found(text, "bold", 1), found(text, "link", 2)))

    assert "<li><ins>First </ins><strong><ins>" in html
    assert '<ins class="work">one</ins></li>\n<li><ins class="work">two</ins>' in html
    assert 'href="https://x.example/a"' in html
    assert 'id="at-2"' not in html  # there are no links within links
    assert text_of(html) == text_of(markdown_to_html(text))


def test_headings_begin_below_the_one_that_the_text_stands_under() -> None:
    html = marked_markdown("### Deep\n# High\n## Middle\n#### Low\n## Middle", below=3)
    assert re.findall(r"<(h\d)>", html) == ["h4", "h4", "h5", "h6", "h5"]


def test_nothing_in_a_text_is_run() -> None:
    for html in (marked_plain(EVIL, (change(EVIL, "script"),)), marked_markdown(EVIL, (change(EVIL, "alert"),))):
        assert "<script" not in html
        assert "<img" not in html
        assert 'href="javascript' not in html


def test_signs_of_ours_in_a_text_mark_nothing() -> None:
    text = "a \U000f0000 b \U000f0001 c"
    assert "<ins>" not in marked_markdown(text, (change(text, "b"),))


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_marked_no_word_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    text = "\n\n".join(chance.choices(PIECES, k=12))
    words = [each.span() for each in re.finditer(r"[^\W_]+", text)]
    changes, last = [], 0
    while last < len(words) - 4:
        first = last + chance.randrange(1, 4)
        last = min(first + chance.randrange(6), len(words) - 1)
        if first >= len(words):
            break
        changes.append(Change(words[first][0], words[last][1], chance.choice(["added", "work"])))  # type: ignore[arg-type]
    places = sorted(chance.sample(range(len(words)), 5))
    marks = tuple(Found(*words[place], place, f"at-{place}") for place in places)

    html = marked_markdown(text, tuple(changes), marks)

    assert text_of(html) == text_of(markdown_to_html(text))
    assert html.count("<ins") > 0
    names = re.findall(r'id="(at-\d+)"', html)
    assert len(names) == len(set(names))
