"""The form of a question as a browser without scripts sends it: a page comes in, the names and values go out."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from werkzeug.datastructures import MultiDict

Fields = MultiDict[str, str]


def fields_of(page: str, number: int) -> Fields:
    """All that the form of a question would send, with what stands in its fields."""
    form = _Form(page, number)
    assert form.fields.get("lineage"), "the page has no such form"
    return form.fields


def changed(fields: Fields, **values: Any) -> Fields:
    """The same with other values; a list stands for a name that is there several times."""
    given = fields.copy()
    for name, value in values.items():
        given.setlist(name, value if isinstance(value, list) else [value])
    return given


class _Form(HTMLParser):
    def __init__(self, page: str, number: int) -> None:
        super().__init__()
        self.fields: Fields = MultiDict()
        self._address, self._form = f"/questions/{number}", ""
        self._area: tuple[str, list[str]] | None = None
        self._select: tuple[str, str | None] | None = None
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id", "")
            if given.get("action", "").endswith(self._address):
                self._form = self._inside
        if not self._form or given.get("form", self._inside if tag == "input" else "") != self._form:
            if tag == "option" and self._select:
                self._choose(given)
            return
        if tag == "input":
            self.fields.add(given["name"], given.get("value", ""))
        elif tag == "textarea":
            self._area = given["name"], []
        elif tag == "select":
            self._select = given["name"], None

    def _choose(self, given: dict[str, str]) -> None:
        assert self._select is not None
        name, chosen = self._select
        if chosen is None or "selected" in given:
            self._select = name, given.get("value", "\0")

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)
        elif self._select and self._select[1] == "\0":
            self._select = self._select[0], data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = ""
        elif tag == "textarea" and self._area:
            # The first line end in the source is no part of the text; browsers send line ends as \r\n.
            text = "".join(self._area[1]).removeprefix("\n")
            self.fields.add(self._area[0], text.replace("\n", "\r\n"))
            self._area = None
        elif tag == "select" and self._select:
            self.fields.add(self._select[0], self._select[1] or "")
            self._select = None
