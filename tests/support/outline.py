"""What a page of HTML consists of, and how much it weighs with all its files."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urljoin


class Outline(HTMLParser):
    """The levels of its headings, the names of its elements, the addresses of its links and files, in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.files: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        given = {name: value for name, value in attrs if value}
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img") and "src" in given:
            self.files.append(given["src"])
        if tag == "link" and "href" in given:
            self.files.append(given["href"])


def compressed(content: bytes) -> int:
    """The bytes of an answer as a server would send it to a browser."""
    return len(gzip.compress(content, 6))


def weights(address: str, page: str, weigh: Callable[[str], int]) -> dict[str, int]:
    """The compressed bytes of a page and of each of its files, by their names.

    Args:
        address: where the page is.
        page: its HTML.
        weigh: the compressed bytes of the file at an address.
    """
    files = {urljoin(address, file) for file in Outline(page).files}
    of_files = {file.partition("?")[0].rpartition("/")[2]: weigh(file) for file in sorted(files)}
    return {**of_files, "the page": compressed(page.encode())}
