"""Descriptions that were copied from a page, as a person reads them there."""

from __future__ import annotations

import pytest

from techscreen.offline.page import readable, words_of
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
        ("&lt;p&gt;shown as typed&lt;/p&gt;", "<p>shown as typed</p>"),
    ],
)
def test_a_page_is_read_and_plain_prose_may_speak_of_tags(text: str, read: str) -> None:
    assert words_of(text).strip() == read.strip()
