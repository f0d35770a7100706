"""What the other tests of the pages rely on: the browser notices what it should, and gets in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask, Response

from tests.support.browser import Watch
from tests.support.served_pages import Live

if TYPE_CHECKING:
    from playwright.sync_api import Page

BAD = """<!DOCTYPE html><title>Bad</title><body style="color: red"><img src="http://example.com/x.png">
<script>alert(1)</script><script src="/bad.js"></script><p>Words</p>"""


def add_bad_page(app: Flask) -> None:
    """Let an app that serves already answer two more addresses."""
    policy = {"Content-Security-Policy": "script-src 'self'; style-src 'self'"}
    answers = {
        "/bad": Response(BAD, mimetype="text/html", headers=policy),
        "/bad.js": Response("throw new Error('Too bad.')", mimetype="text/javascript"),
    }
    whole = app.wsgi_app
    app.wsgi_app = lambda environ, start: answers.get(environ["PATH_INFO"], whole)(environ, start)  # type: ignore


def test_the_watch_sees_all_that_goes_wrong(live: Live, page: Page, watch: Watch) -> None:
    add_bad_page(live.app)
    page.goto("/bad")
    page.goto("/interviews/nowhere")
    page.goto("/interviews/sign-in")

    text = "\n".join(watch.unexpected)
    for part in ("inline style", "inline script", "Too bad.", "elsewhere: http://example.com/x.png", "status of 404"):
        assert part in text, text
    watch.expect("")


def test_axe_judges_a_page_as_it_stands(live: Live, page: Page, axe: Callable[[Page], list[str]], watch: Watch) -> None:
    add_bad_page(live.app)
    page.goto("/bad")
    assert any(line.startswith("html-has-lang (serious)") for line in axe(page))
    watch.expect("")


def test_people_are_signed_in(live: Live, page: Page, page_as: Callable[..., Page], no_script_page: Page) -> None:
    others = page_as("hiring_manager", "hanna.hiring")
    for one, name, role in ((page, "anna.admin", "admin"), (others, "hanna.hiring", "hiring manager")):
        one.goto(live.url + "/library")
        assert f"{name} {role}" in one.get_by_role("banner").inner_text()
    no_script_page.goto("/interviews/library")
    assert no_script_page.get_by_role("heading", level=1).count() == 1


def test_another_test_may_run_a_loop_of_its_own() -> None:
    asyncio.run(asyncio.sleep(0))


def test_a_library_is_there_without_claude(live_library: Live) -> None:
    interview = live_library.make_requisition("embedded-firmware-engineer")
    assert interview["language"] == "de"
    assert live_library.interview["language"] == "en"
    assert live_library.fake.received == []
