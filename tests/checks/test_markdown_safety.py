"""Markdown of ours holds no raw HTML, no images and no odd links; what others send is only reported."""

from __future__ import annotations

import random
import time
from typing import Any

from flask.testing import FlaskClient

from techscreen.checks.markdown_safety import active_markup, made_harmless, markup_violations
from tests.conftest import ADMIN
from tests.support.fake_claude import FakeClaude, Reply, asked_for
from tests.support.workflows import embedded_database

CASES = [
    # as it came, as it is delivered, what is found
    (
        "Plain *words*, 3 < 5, a [todo] and [ok](https://a.example) or <https://a.example>, [m](MAILTO:a@b.example)",
        None,
        [],
    ),
    ("`<b>` and\n```html\n<script>x</script>\n```\n\n    <i>\n", None, []),
    ("Hi <img src=x onerror=alert(1)> `<b>`", "Hi &lt;img src=x onerror=alert(1)> `<b>`", ["raw_html"]),
    ("<script>alert(1)</script>\n\nEnd", "&lt;script>alert(1)&lt;/script>\n\nEnd", ["raw_html"]),
    ("<iframe src='//x'></iframe>", "&lt;iframe src='//x'>&lt;/iframe>", ["raw_html"]),
    ("### A <b>head</b> ###", "### A &lt;b>head&lt;/b> ###", ["raw_html"] * 2),
    ("> - q <i>\n>   `<i>` <i>", "> - q &lt;i>\n>   `<i>` &lt;i>", ["raw_html"] * 2),
    ("[click **me**](javascript:alert(1))", "click **me**", ["link"]),
    ("[a](java&#115;cript:x) [b](<java\tscript:x>) [c](//evil) [d](/rel)", "a b [c](//evil) [d](/rel)", ["link"] * 2),
    ("<javascript:alert(1)>", "&lt;javascript:alert(1)>", ["link"]),
    ("[x][r]\n\n[r]: vbscript:x", "x\n\n[r]: vbscript:x", ["link"]),
    ("![alt *text*](https://a.example/p.png)", "alt *text*", ["image"]),
    ("[![alt](x.png)](javascript:b)", "alt", ["image"]),
    ("[a](#b) [c](../x.md) [d](tel:+1) note[^a]\n\n[^a]: see [x](https://a.example)", None, []),
    ("[a](file:///x) [b](odd:x) [c](data:text/html,x)", "a b c", ["link"] * 3),
    ("List<String>, std::vector<T>&, <your name>", "List&lt;String>, std::vector&lt;T>&, &lt;your name>", []),
    ("<my-app src=x>", "&lt;my-app src=x>", ["raw_html"]),
    ("[^a]: x\n\n    <img src=x>", "&#91;^a]: x\n\n    <img src=x>", ["raw_html"]),
    ("- [ ] item\n" * 200, None, []),
    ("[docs](https://a.example) " * 150, None, []),
    ("```\nint[] a = new x<T>[3];\n" + "a[b[c<D>]];\n" * 100 + "```", None, []),
    ("|a|b|\n|-|-|\n|`x | <img src=y> ` |", "|a|b|\n|-|-|\n|`x | &lt;img src=y> ` |", ["raw_html"]),
]


def test_markup_is_made_harmless_without_losing_words_and_code_is_left_alone() -> None:
    wrong = []
    for came, delivered, categories in CASES:
        text, findings = made_harmless(came)
        spans = all(text[finding.start : finding.end] == finding.word for finding in findings)
        found = [finding.category for finding in findings]
        if (text, found, spans) != (came if delivered is None else delivered, categories, True):
            wrong.append((came, text, found))
        if bool(markup_violations("it", came)) != bool(categories) or markup_violations("it", text):
            wrong.append((came, "problems"))
    assert not wrong


def test_whatever_the_text_nothing_is_left_and_it_is_quick() -> None:
    pieces = '[ ![ < ` * <!-- <a [a]( > - & \\ ]( " <? | [a]: ``` <![CDATA[ [] javascript:x ) <b> --> </a>'.split(" ")
    pieces += ["\n", "\n|-", "\t", "\r\n", " "]
    random_ = random.Random(7)
    texts = ["".join(random_.choices(pieces, k=30)) for _ in range(60)]
    texts += [((one + other) * 16_000)[:16_000] for one, other in zip(pieces, pieces[3:] + pieces[:3], strict=True)]
    slow = []
    for text in texts:
        began = time.thread_time()
        harmless, _ = made_harmless(text)
        assert not markup_violations("it", harmless), text[:200]
        active_markup(text)
        if time.thread_time() - began > 1:  # on a slow machine; alone it is a tenth
            slow.append(text[:20])
    assert not slow


def test_what_others_send_is_only_reported_where_it_may_act() -> None:
    wrong = []
    for text, words in (
        ("<p>We use <b>Go</b> and List<String></p><ul><li>x</li></ul> ![logo](https://a.example/x.png)", []),
        ("a <img src=x onerror=alert(1)> b <svg onload=x>", ["<img src=x onerror=alert(1)>"]),
        ("a [b](javascript:x) and\r\n`<script>` <script>", ["[b](javascript:x)", "<script>"]),
        ("<b onclick='x'>", ["<b onclick='x'>"]),
        ("[" * 500 + "<script>", ["<script"]),
    ):
        found = active_markup(text)
        if [one.word for one in found] != words or any(text[one.start : one.end] != one.word for one in found):
            wrong.append((text, found))
    assert not wrong


@embedded_database
def test_a_description_with_markup_is_sent_back_once_then_mended_and_reported(
    client: FlaskClient, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    def with_markup(good: dict[str, Any]) -> dict[str, Any]:
        good["enhanced_description"] += "\n\n<img src=x onerror=alert(1)> [apply](javascript:alert(1))"
        return good

    fake.when(lambda body: asked_for(body) == "EnhancedDescription", Reply(change=with_markup))
    body = {**requisition, "work_role": f"{requisition['work_role']} <script>x</script>"}
    answer = client.post("/api/interview/jd/enhance", json=body, headers=ADMIN).get_json()

    assert len(fake.received) == 2
    assert "onerror" not in fake.received[1]["messages"][2]["content"]
    description = answer["enhanced_jd"]["description"]
    assert description.endswith("\n\n&lt;img src=x onerror=alert(1)> apply")
    found = {
        (finding["field"], finding["category"], finding["word"])
        for finding in answer["quality"]["findings"]
        if finding["kind"] == "markup"
    }
    assert found == {
        ("work_role", "raw_html", "<script>"),
        ("enhanced_description", "raw_html", "&lt;img src=x onerror=alert(1)>"),
        ("enhanced_description", "link", "apply"),
    }
    stored = client.get(f"/api/interview/jd/{body['req_id']}", headers=ADMIN).get_json()["job_description"]
    assert stored["enhanced_jd"]["description"] == description
    assert "<script>" in stored["work_inputs"]["work_role"]
