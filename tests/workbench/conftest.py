"""The pages in a real browser: a served app, people who are signed in, and a watch over all that goes wrong.

- `live`: a served app with the fake Claude behind it; `live_library`: one that makes interviews of library questions.
- `page`: a page of somebody who is signed in as the admin "anna.admin"; `page_as(role, name)`: one of somebody else;
  `no_script_page`: one without JavaScript. Addresses may be relative: `page.goto("/interviews/new")`.
- `watch.expect("status of 404")`: what a test means to go wrong. Anything else that does fails the test.
- `axe(page)`: what is wrong with a page for people who cannot see it, or see it badly, or use no mouse.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app import create_app
from tests.conftest import MakeApp, emptied, migrate, take_down, with_starter_library
from tests.support import browser as in_browser
from tests.support.fake_claude import FakeClaude
from tests.support.private_servers import quick_folder
from tests.support.served_pages import Live, served, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PageAs = Callable[..., "Page"]
Axe = Callable[..., list[str]]
NewContext = Callable[..., "BrowserContext"]

ANNA = ("anna.admin", "admin")
# The machine may be busy with the other tests.
PATIENCE_MS = 20_000


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """On SQLite alone, unless a test says otherwise: the services behind the pages are tested on both databases."""
    return emptied(request.getfixturevalue(f"migrated_{getattr(request, 'param', 'sqlite')}_url"))


# ---------------------------------------------------------------------------------------------- what is served


@pytest.fixture
def live(make_app: MakeApp, fake: FakeClaude) -> Iterator[Live]:
    with served(make_app(WORKBENCH=True), fake) as live:
        yield live


@pytest.fixture(scope="session")
def starter_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that has the starter library, to be copied: loading it takes seconds."""
    file = tmp_path_factory.mktemp("starter") / "starter.db"
    migrate(f"sqlite:///{file}")
    app = create_app({"DATABASE_URL": f"sqlite:///{file}", "CLAUDE_MODE": "offline"})
    with_starter_library(app)
    take_down(app)  # so that all is in the one file
    return file


@pytest.fixture
def live_library(starter_database: Path, fake: FakeClaude) -> Iterator[Live]:
    with serve_library(starter_database, fake) as live:
        yield live


@contextmanager
def serve_library(starter_database: Path, fake: FakeClaude, **settings: Any) -> Iterator[Live]:
    """Serve an app that has a copy of a database and asks no Claude."""
    with tempfile.TemporaryDirectory(prefix="techscreen-library-", dir=quick_folder()) as folder:
        shutil.copyfile(starter_database, f"{folder}/copy.db")
        url = f"sqlite:///{folder}/copy.db"
        app = create_app({"WORKBENCH": True, "CLAUDE_MODE": "offline", "DATABASE_URL": url, **settings})
        try:
            with served(app, fake) as live:
                yield live
        finally:
            take_down(app)


# ----------------------------------------------------------------------------------------------- the browser


@pytest.fixture(scope="session")
def browser_of_session() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    in_browser.require_playwright()
    program = in_browser.find_chromium()
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(in_browser.OPTIONS))
        loop = asyncio._get_running_loop()
        yield browser
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def browser(browser_of_session: Browser) -> Iterator[Browser]:
    """The browser of this process.

    Its loop counts as running as long as it lives, which is hidden between the tests: others begin a loop of their own.
    """
    asyncio._set_running_loop(browser_of_session._loop)
    yield browser_of_session
    asyncio._set_running_loop(None)


@pytest.fixture
def watch() -> Iterator[in_browser.Watch]:
    """Notes what goes wrong in the browser; what no test has declared fails it."""
    watch = in_browser.Watch()
    yield watch
    assert not watch.unexpected, "\n".join(["The browser had something to say:", *watch.unexpected])


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Live:
    """The served app that the pages of this test are of."""
    live: Live = request.getfixturevalue("live_library" if "live_library" in request.fixturenames else "live")
    return live


@pytest.fixture
def new_context(shown: Live, browser: Browser, watch: in_browser.Watch) -> Iterator[NewContext]:
    """Makes contexts of the browser, each like a browser of its own.

    `new_context(user_id="anna.admin", role="admin", **options)`; role None: of somebody who is not signed in.
    """
    contexts: list[BrowserContext] = []

    def make(user_id: str = ANNA[0], role: str | None = ANNA[1], **options: Any) -> BrowserContext:
        settings = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "reduced_motion": "reduce", **options}
        context = browser.new_context(base_url=shown.api, **settings)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        watch.over(context)
        if role is not None:
            context.add_cookies([{"name": "techscreen", "value": _cookie(shown, user_id, role), "url": shown.api}])
        return context

    yield make
    for context in contexts:
        context.close()


_cookies: dict[tuple[str, str], str] = {}


def _cookie(live: Live, user_id: str, role: str) -> str:
    """What keeps somebody signed in. All apps of the tests sign with the same secret, so it is asked for once."""
    if (user_id, role) not in _cookies:
        _cookies[user_id, role] = sign_in(live.app.test_client(), user_id, role)
    return _cookies[user_id, role]


@pytest.fixture
def page_as(new_context: NewContext) -> PageAs:
    """`page_as("hiring_manager", "hanna.hiring", **options)`: a page in a browser of somebody else."""

    def make(role: str | None, name: str = "hanna.hiring", **options: Any) -> Page:
        return new_context(name, role, **options).new_page()

    return make


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """A page of the admin "anna.admin"."""
    return new_context().new_page()


@pytest.fixture
def no_script_page(new_context: NewContext) -> Page:
    """A page of the admin "anna.admin" without JavaScript."""
    return new_context(java_script_enabled=False).new_page()


@pytest.fixture
def axe() -> Axe:
    """`assert not axe(page)`; see `tests/support/browser.py`."""
    return in_browser.axe
