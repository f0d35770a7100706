"""Descriptions that were copied from a page, as a person reads them there."""

from __future__ import annotations

import pytest

from techscreen.text.page import plain_words_of, readable, words_of
from tests.support.tables import table


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("As it is.\n\n- one\n  two", "As it is.\n\n- one\n  two"),
        ("one\n\n\n \n\ntwo", "one\n\ntwo"),
        ("a < b and List<String>", "a < b and List<String>"),
        ("<p>We are <b>big</b> &amp; kind.</p>\n\n<p>You</p>", "We are big & kind.\n\nYou"),
        ("<ul>\n <li>Build</li><li> Run <i>it</i></li></ul>", "• Build\n• Run it\n"),
        ("<p>Hi</p><script>alert(1)</script><p>there</p>", "Hi\n\nthere\n"),
        ("<div>So</div><p hidden>not this</p>", "So\n\n\n"),
        ("&lt;b&gt;bold&lt;/b&gt;<br>x", "bold\nx"),
    ],
)
def test_mark_up_becomes_lines_and_bullets(text: str, seen: str) -> None:
    assert readable(text).text.strip() == seen.strip()


def test_every_sign_knows_its_place_in_the_original() -> None:
    text = "<h2>About</h2>\n<p>We &amp; <b>you</b></p><script>x()</script><ul><li>Build</li></ul>"
    seen = readable(text)

    assert len(seen.text) == len(seen.starts) == len(seen.ends)
    assert list(seen.starts) == sorted(seen.starts)
    place = seen.text.index("you")
    assert text[seen.starts[place] : seen.ends[place + 2]] == "you"
    place = seen.text.index("&")
    assert text[seen.starts[place] : seen.ends[place]] == "&amp;"


@table(
    ("text", "read"),
    [
        (
            "You know <canvas>, <video> and a <br> where it belongs.",
            "You know <canvas>, <video> and a <br> where it belongs.",
        ),
        ("List<String>, C<T>, a < b, x > y, R&amp;D", "List<String>, C<T>, a < b, x > y, R&D"),
        ("Never `<br>` nor `<img src=x>`.", "Never `<br>` nor `<img src=x>`."),
        ("<p>Never <code>`<br>`</code>.</p>", "Never `<br>`."),
        ("Java<br>Kafka<br><br>Go", "Java\nKafka\n\nGo"),
        ("Java <br>\nKafka <br/>", "Java \n\nKafka \n"),
        ("<p>Uses List<String>.</p>", "Uses List<String>."),
        ("<p>Pay</p><script>x</script><img src=x onerror=y><iframe src=z></iframe>", "Pay"),
        ("See our logo <img src=x onerror=alert(1)>", "See our logo <img src=x onerror=alert(1)>"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("Write &lt;p&gt;shown as typed&lt;/p&gt;, please.", "Write <p>shown as typed</p>, please."),
        ("&lt;p&gt;R&amp;amp;D: build f&amp;uuml;r &lt;b&gt;us&lt;/b&gt;.&lt;/p&gt;", "R&D: build für us."),
        ("&lt;div class=&quot;intro&quot;&gt;&lt;p&gt;Hi&lt;br&gt;you&lt;/p&gt;&lt;/div&gt;\n", "Hi\nyou"),
        ("<!DOCTYPE html><html><head><title>x</title></head><body><p>Hi<o:p></o:p></p></body></html>", "Hi"),
        ('<?xml:namespace prefix = "o" /><p>Go</p><![endif]>', "Go"),
        ("<main><details><summary>Stack</summary>Go</details></main>", "Stack\nGo"),
        ("<p>Ask <label>us</label>: <mailto:a@b.example></p>", "Ask us: <mailto:a@b.example>"),
    ],
)
def test_a_page_is_read_and_plain_prose_may_speak_of_tags(text: str, read: str) -> None:
    assert words_of(text).strip() == read.strip()


@table(
    ("text", "seen"),
    [
        ("<style>p {color: red}</style><p>Payout service</p>", "Payout service"),
        ("<p>&nbsp;</p>", ""),
        ("<p><br></p><!-- nothing -->", ""),
        ("<div><img src='data:image/png;base64,AAAA'></div>", ""),
        ("You know <b>tags</b> and <canvas>.", "You know tags and ."),
        ("a < b and List<String>", "a < b and List<String>"),
    ],
)
def test_without_any_tag(text: str, seen: str) -> None:
    assert " ".join(plain_words_of(text).split()) == seen


@table(
    ("text", "lines"),
    [
        ("<ul><li>one</li><li>two</li></ul>", ["- one", "- two"]),
        ("<ul><li><p>one</p></li><li>\n <div><p class='x'>two</p></div></li></ul>", ["- one", "- two"]),
        ("<ul>\n<li>one<li><span>two</span></ul>", ["- one", "- two"]),
    ],
)
def test_an_item_begins_with_what_is_wanted(text: str, lines: list[str]) -> None:
    assert [line for line in words_of(text, item="\n- ").splitlines() if line.strip()] == lines
