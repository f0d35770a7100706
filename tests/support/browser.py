"""A real browser for the tests: which program it is, what is noted while it shows pages, and axe, which judges them."""

from __future__ import annotations

import importlib.util
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.conftest import go_without

if TYPE_CHECKING:  # without requirements-dev.txt it is not there
    from playwright.sync_api import BrowserContext, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Everything but this machine has no address, so that nothing leaves it.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
HERE = "127.0.0.1"
AXE = Path(__file__).parent / "axe" / "axe.min.js"
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def find_chromium() -> str:
    """The program. Where there is none, the test is skipped, or fails if that is forbidden."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return program or go_without("Chromium", "chromium")


def require_playwright() -> None:
    """Skip what needs the package that drives the browser, or fail if that is forbidden."""
    if importlib.util.find_spec("playwright") is None:
        go_without("Playwright", "-r requirements-dev.txt", by="pip install")


class Watch:
    """Notes what goes wrong in the browser contexts of one test.

    That is: errors in the console, which say so if something breaks the Content-Security-Policy; exceptions of
    scripts; answers of 500 and above; and requests that would leave this machine.

    Attributes:
        problems: what was noted, in order.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._expected: list[str] = []

    def expect(self, *pieces: str) -> None:
        """Have problems that contain one of these texts do no harm, such as "status of 404"."""
        self._expected.extend(pieces)

    def over(self, context: BrowserContext) -> None:
        """Watch the pages of a context, now and later."""
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        context.on("request", lambda request: self._note_request(request.url))
        context.on("response", lambda answer: self._note_answer(answer.status, answer.url))

    @property
    def unexpected(self) -> list[str]:
        """The problems that no test has declared."""
        return [problem for problem in self.problems if not any(piece in problem for piece in self._expected)]

    def _note_console(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _note_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != HERE:
            self.problems.append(f"request to elsewhere: {url}")

    def _note_answer(self, status: int, url: str) -> None:
        if status >= 500:
            self.problems.append(f"answer {status}: {url}")


@cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")


def axe(page: Page, *only: str) -> list[str]:
    """What axe finds wrong with a page as it stands, one readable line for each place; empty if nothing.

    It is evaluated by the browser's debugger, so that the page keeps its policy and its state.

    Args:
        page: the page.
        only: names of axe's rules; by default all of WCAG 2.2 AA and of what is known to be good.
    """
    page.evaluate(f"() => {{ if (!window.axe) {{ {_axe_source()} }} }}")
    run_only = {"type": "rule", "values": only} if only else {"type": "tag", "values": AXE_TAGS}
    found = page.evaluate(
        "runOnly => axe.run(document, {runOnly, resultTypes: ['violations'], elementRef: false})",
        run_only,
    )
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: {node['html'][:200]}"
        f" – {' '.join(node['failureSummary'].split())[:300]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
