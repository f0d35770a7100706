"""Pictures of all pages, for the documents: `make screenshots` writes them into docs/screens/.

Starts the service on a free port with a database of its own, makes interviews of library questions from the sample
requisitions, and looks at every page in Chromium. The names of the files are always the same.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, Playwright, sync_playwright

import conftest  # noqa: F401  # no settings of the developer's own
from app import create_app
from config import PROJECT_FOLDER
from techscreen.cli.terminal import say
from tests.conftest import ADMIN, migrate, take_down, with_starter_library
from tests.support.browser import OPTIONS, find_chromium
from tests.support.fake_claude import FakeClaude
from tests.support.filled_service import Filled, fill
from tests.support.served_pages import Live, served, sign_in
from tests.workbench.all_pages import PAGES

FOLDER = PROJECT_FOLDER / "docs" / "screens"
WIDE, NARROW, MOST_HEIGHT = 1280, 390, 1600
MOST_BYTES = 150_000
# Tried in turn, until a picture is small enough.
COLOURS = (128, 64, 32, 16)
DARK = ("requisitions", "interview", "review")
ON_A_PHONE = ("requisitions", "interview", "room")
# Machines without their fonts would show boxes.
LEFT_OUT = ("-japanese",)


def main() -> int:
    """Take all pictures. Returns the exit code of the process."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with service() as live, sync_playwright() as playwright:
        browser = _start(playwright)
        _take(browser, live, "requisitions-empty", "/interviews/")
        filled = fill(live)
        for page in PAGES:
            where = page.address(filled)
            if page.name.endswith(LEFT_OUT):
                continue
            _take(browser, live, page.name, where)
            if page.name in DARK:
                _take(browser, live, f"{page.name}-dark", where, color_scheme="dark")
            if page.name in ON_A_PHONE:
                _take(browser, live, f"{page.name}-phone", where, viewport={"width": NARROW, "height": 844})
        browser.close()
        _take_sheet(live, filled)
    say(f"{len(list(FOLDER.glob('*.png')))} pictures are in {FOLDER.relative_to(PROJECT_FOLDER)}/")
    return 0


@contextmanager
def service() -> Iterator[Live]:
    """A served app that has the starter library and nothing else."""
    with tempfile.TemporaryDirectory(prefix="techscreen-screens-") as folder:
        url = f"sqlite:///{folder}/screens.db"
        migrate(url)
        settings = {"WORKBENCH": True, "CLAUDE_MODE": "offline", "DATABASE_URL": url, "LOG_LEVEL": "ERROR"}
        app = with_starter_library(create_app(settings))
        try:
            with served(app, FakeClaude()) as live:
                yield live
        finally:
            take_down(app)


def _start(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=find_chromium(), args=list(OPTIONS))


def _take(browser: Browser, live: Live, name: str, path: str, **options: Any) -> None:
    """One picture of a page, as somebody who is signed in sees it."""
    settings = {"viewport": {"width": WIDE, "height": 960}, "locale": "en-GB", "timezone_id": "UTC", **options}
    context = browser.new_context(base_url=live.api, reduced_motion="reduce", **settings)
    cookie = sign_in(live.app.test_client(), "anna.admin", "admin")
    context.add_cookies([{"name": "techscreen", "value": cookie, "url": live.api}])
    page = context.new_page()
    answer = page.goto(path)
    if answer is None or answer.status != 200:
        raise SystemExit(f"{name}: {path} was answered with {answer and answer.status}")
    if path.endswith("/room"):  # its foot stays at the end of the window
        _begin_to_ask(page)
        page.evaluate("scrollTo(0, 0)")  # typing has scrolled it
        _save(name, page.screenshot())
        context.close()
        return
    size = page.evaluate("() => [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    clip: FloatRect = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], MOST_HEIGHT)}
    _save(name, page.screenshot(full_page=True, clip=clip))
    context.close()


def _begin_to_ask(page: Page) -> None:
    """In the room, go on to the first question and take some notes."""
    page.get_by_role("main").get_by_role("textbox").first.fill("C-17")
    page.get_by_role("main").get_by_role("button").first.click()
    page.get_by_role("contentinfo").get_by_role("button").last.click()
    criteria = page.get_by_role("checkbox")
    for number in (0, criteria.count() - 1, criteria.count() - 3):
        criteria.nth(number).check()
    page.get_by_role("main").get_by_role("textbox").first.fill("Asked for the time line first, then for the logs.")
    page.wait_for_timeout(1_000)  # until it says, in its language, that this was saved


def _take_sheet(live: Live, filled: Filled) -> None:
    """The pages of a sheet that was made as a PDF."""
    path = f"/interviews/{filled.interviews['published']}/sheet?format=pdf&paper=a4"
    answer = live.client.get(path, headers=ADMIN)
    if answer.status_code != 200:
        raise SystemExit(f"the PDF was answered with {answer.status_code}")
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "sheet.pdf"
        document.write_bytes(answer.data)
        subprocess.run(["pdftoppm", "-png", "-r", "80", document, Path(folder) / "page"], check=True)  # noqa: S603, S607
        for number, picture in enumerate(sorted(Path(folder).glob("page*.png")), 1):
            _save(f"sheet-{number}", picture.read_bytes())


def _save(name: str, picture: bytes) -> None:
    """Keep a picture, in as few colours as are needed for it to be small."""
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in COLOURS:
        small = io.BytesIO()
        whole.quantize(colours, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        if small.tell() <= MOST_BYTES:
            break
    (FOLDER / f"{name}.png").write_bytes(small.getvalue())


if __name__ == "__main__":
    sys.exit(main())
