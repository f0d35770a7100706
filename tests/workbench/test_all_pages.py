"""What holds for all pages: anybody can use them, on any screen, with or without a script, and they are light."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from tests.conftest import ADMIN
from tests.support.filled_service import JAPANESE, Filled, fill
from tests.support.outline import Outline, compressed, weights
from tests.support.served_pages import Live
from tests.workbench.all_pages import NO_PAGES, PAGES, Page, address
from tests.workbench.conftest import Axe, serve_library
from tests.workbench.routes import NEEDS

if TYPE_CHECKING:
    from playwright.sync_api import Page as BrowserPage

MOST_BYTES = 60_000
# In every page's main part there are so many characters, at least.
LEAST_TEXT = 80
# So that several processes can share them.
PARTS = 2


@pytest.fixture(scope="module")
def filled_service(
    starter_database: Any, fake_claude_server: Any, tmp_path_factory: Any
) -> Iterator[tuple[Live, Filled]]:
    """A service that is looked at by all of these tests, and changed by none."""
    with serve_library(starter_database, fake_claude_server) as live:
        yield live, fill(live)


@pytest.fixture
def shown(filled_service: tuple[Live, Filled]) -> Live:
    return filled_service[0]


@pytest.fixture
def filled(filled_service: tuple[Live, Filled]) -> Filled:
    return filled_service[1]


@pytest.fixture
def client(shown: Live) -> FlaskClient:
    return shown.app.test_client()


def faults_of(pages: Iterable[Page], faults: Callable[[Page], Iterable[str]]) -> str:
    """What is wrong with the pages, a line for each fault."""
    return "\n".join(f"{page.name}: {fault}" for page in pages for fault in faults(page))


def test_the_list_has_every_page() -> None:
    routes = {path for method, path in NEEDS if method == "GET"}
    assert {page.rule for page in PAGES} | NO_PAGES == routes
    assert not {page.rule for page in PAGES} & NO_PAGES
    assert len({page.name for page in PAGES}) == len(PAGES)


def test_every_page_is_light_and_has_a_title_headings_in_order_and_no_broken_link(
    client: FlaskClient, filled: Filled
) -> None:
    @cache
    def asked(where: str) -> tuple[int, int]:
        with client.get(where, headers=ADMIN) as answer:
            return answer.status_code, compressed(answer.data)

    def faults(page: Page) -> Iterator[str]:
        where = page.address(filled)
        answer = client.get(where, headers=ADMIN)
        if (answer.status_code, answer.mimetype) != (200, "text/html"):
            yield f"answered {answer.status_code}, {answer.mimetype}"
            return
        seen = Outline(answer.text)
        levels = seen.headings
        # In the room there is the sheet too, which is shown in the end.
        if levels.count(1) != 1 + ("/room" in where) or any(after - before > 1 for before, after in pairwise(levels)):
            yield f"its headings are of the levels {levels}"
        if not page.is_bare and not re.search(r"<title>\S.* – TechScreen</title>", answer.text):
            yield "its title does not end in the name of the service"
        twice = {each for each in seen.ids if seen.ids.count(each) > 1}
        if twice:
            yield f"two elements are called {sorted(twice)}"
        for link in sorted(set(seen.links)):
            target = urljoin(where, link.partition("#")[0])
            if link.startswith("#") and link != "#" and link[1:] not in seen.ids:
                yield f"nothing is called {link}"
            # A PDF takes a while, and is tried elsewhere.
            elif target.startswith("/interviews/") and "format=" not in link and asked(target)[0] not in (200, 303):
                yield f"the link to {target} is answered {asked(target)[0]}"
        parts = weights(where, answer.text, lambda file: asked(file)[1])
        if sum(parts.values()) > MOST_BYTES:
            yield f"{sum(parts.values())} bytes: {parts}"

    told = faults_of(PAGES, faults)
    assert not told, f"\n{told}"


# ----------------------------------------------------------------------------------------------- in a browser

WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
TOO_WIDE = """width => [...document.querySelectorAll("body *")]
  .filter(each => each.getBoundingClientRect().right > width + 1 && !each.closest(".scroll, pre, .skip"))
  .slice(0, 3).map(each => each.outerHTML.slice(0, 120))"""


def sideways(page: BrowserPage) -> list[str]:
    needed, there = page.evaluate(WIDTHS)
    return [f"{needed} px wide in {there}: {page.evaluate(TOO_WIDE, there)}"] if needed > there else []


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_can_use_every_page_on_any_screen(page: BrowserPage, filled: Filled, axe: Axe, part: int) -> None:
    """axe in light and dark; no sideways scrolling at 200 and 400 % zoom; and the watch sees errors in the console."""

    def faults(each: Page) -> Iterator[str]:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.emulate_media(color_scheme="light")
        answer = page.goto(each.address(filled))
        assert answer is not None
        if answer.status != 200:
            yield f"answered {answer.status}"
            return
        yield from axe(page)
        page.set_viewport_size({"width": 640, "height": 400})
        yield from sideways(page)
        page.set_viewport_size({"width": 320, "height": 640})
        yield from sideways(page)
        if not each.is_translated:
            yield from (f"at 320 px: {fault}" for fault in axe(page, "target-size", "scrollable-region-focusable"))
            page.emulate_media(color_scheme="dark")
            yield from (f"in dark: {fault}" for fault in axe(page, "color-contrast", "link-in-text-block"))

    told = faults_of(PAGES[part::PARTS], faults)
    assert not told, f"\n{told}"


def test_every_page_can_be_read_without_a_script(no_script_page: BrowserPage, filled: Filled) -> None:
    def faults(each: Page) -> Iterator[str]:
        answer = no_script_page.goto(each.address(filled))
        assert answer is not None
        if answer.status != 200:
            yield f"answered {answer.status}"
            return
        main = no_script_page.get_by_role("main")
        if main.count() != 1 or main.get_by_role("heading", level=1).count() != 1:
            yield "it has not one main heading in one main part"
        elif len(main.inner_text()) < LEAST_TEXT:
            yield f"it says only {main.inner_text()!r}"

    told = faults_of((page for page in PAGES if not page.is_translated), faults)
    assert not told, f"\n{told}"


@pytest.mark.parametrize("language", ["german", "japanese"])
def test_texts_of_a_language_say_so_and_the_words_around_them_stay_english(
    client: FlaskClient, filled: Filled, language: str
) -> None:
    code = {"german": "de", "japanese": "ja"}[language]
    for page in (page for page in PAGES if page.of == language):
        text = client.get(page.address(filled), headers=ADMIN).text
        # Nobody has said in which language the imported requisition is.
        assert f'lang="{code}"' in text or page.name == "requisition-japanese", page.name
        assert page.is_bare or '<html lang="en">' in text, page.name
    if language == "japanese":
        interview = client.get(address("/interviews/<interview_id>/sheet", filled, "japanese"), headers=ADMIN).text
        for question in JAPANESE["questions"]:
            assert question["spoken_text"] in interview
