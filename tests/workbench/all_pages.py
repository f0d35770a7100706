"""All pages, each with an address at which there is something to see: for the tests, the pictures and the benchmark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.support.filled_service import Filled

_AN_INTERVIEW = "/interviews/<interview_id>"
_A_QUESTION = f"{_AN_INTERVIEW}/questions/<number>"
_OF_THE_LIBRARY = "/interviews/library/<library_question_id>"


@dataclass(frozen=True)
class Page:
    """A page as it is looked at.

    Attributes:
        name: a name of its own, for file names.
        rule: its route.
        of: which interview of `Filled.interviews` it is about.
        query: what stands behind the address.
        is_bare: whether it has no bar with the navigation, as what is printed or shown in an interview.
    """

    name: str
    rule: str
    of: str = "draft"
    query: str = ""
    is_bare: bool = False

    @property
    def is_translated(self) -> bool:
        """Whether it is in this list only for the language of its texts."""
        return self.of in ("german", "japanese")

    def address(self, filled: Filled) -> str:
        """Where it is, in a filled service."""
        return address(self.rule, filled, self.of) + (f"?{self.query}" if self.query else "")


def address(rule: str, filled: Filled, of: str = "draft") -> str:
    """The address of a route, in a filled service."""
    places: dict[str, Any] = {
        "interview_id": filled.interviews[of],
        "req_id": filled.requisitions[of],
        "library_question_id": filled.library_question_id,
        "cached_question_id": filled.cached_question_id,
        "job_id": filled.job_id,
        "number": 4,
    }
    return re.sub(r"<(\w+)>", lambda place: str(places[place[1]]), rule)


PAGES = (
    Page("sign-in", "/interviews/sign-in"),
    Page("requisitions", "/interviews/"),
    Page("new-requisition", "/interviews/new"),
    Page("job", "/interviews/jobs/<job_id>"),
    Page("requisition", "/interviews/requisitions/<req_id>"),
    Page("requisition-timeline", "/interviews/timeline/<req_id>"),
    Page("interview", _AN_INTERVIEW),
    Page("interview-published", _AN_INTERVIEW, of="published"),
    Page("alternatives", f"{_A_QUESTION}/alternatives"),
    Page("criteria", f"{_A_QUESTION}/criteria"),
    Page("review", f"{_AN_INTERVIEW}/review"),
    Page("review-of-revision", f"{_AN_INTERVIEW}/review", of="revised"),
    Page("archive", f"{_AN_INTERVIEW}/archive"),
    Page("delete", f"{_AN_INTERVIEW}/delete"),
    Page("history", f"{_AN_INTERVIEW}/history"),
    Page("difference", f"{_AN_INTERVIEW}/difference", of="revised"),
    Page("sheet", f"{_AN_INTERVIEW}/sheet", is_bare=True),
    Page("room", f"{_AN_INTERVIEW}/room", of="published", is_bare=True),
    Page("library", "/interviews/library"),
    Page("library-question", _OF_THE_LIBRARY),
    Page("library-question-edit", f"{_OF_THE_LIBRARY}/edit"),
    Page("library-question-new", "/interviews/library/new"),
    Page("library-health", "/interviews/library/health"),
    Page("library-import", "/interviews/library/import"),
    Page("question-cache", "/interviews/cache"),
    Page("cached-question", "/interviews/cache/<cached_question_id>"),
    Page("usage", "/interviews/usage"),
    Page("help", "/interviews/help"),
    Page("help-checks", "/interviews/help/checks"),
    # The same pages with texts in other languages
    Page("requisition-german", "/interviews/requisitions/<req_id>", of="german"),
    Page("interview-german", _AN_INTERVIEW, of="german"),
    Page("sheet-german", f"{_AN_INTERVIEW}/sheet", of="german", is_bare=True),
    Page("room-german", f"{_AN_INTERVIEW}/room", of="german", is_bare=True),
    Page("requisition-japanese", "/interviews/requisitions/<req_id>", of="japanese"),
    Page("interview-japanese", _AN_INTERVIEW, of="japanese"),
    Page("sheet-japanese", f"{_AN_INTERVIEW}/sheet", of="japanese", is_bare=True),
    Page("room-japanese", f"{_AN_INTERVIEW}/room", of="japanese", is_bare=True),
)
# What is no page: files, and parts that a page asks for while it is open.
NO_PAGES = {
    "/interviews/new/known",
    "/interviews/jobs/<job_id>/events",
    "/interviews/jobs/<job_id>/progress",
    "/interviews/evidence/<req_id>",
    f"{_AN_INTERVIEW}/now",
    f"{_AN_INTERVIEW}/export",
    f"{_AN_INTERVIEW}/questions",
    _A_QUESTION,
    f"{_A_QUESTION}/alternatives/work",
    f"{_A_QUESTION}/criteria/suggest",
    f"{_A_QUESTION}/criteria/work",
    "/interviews/library/export",
    "/interviews/room-worker.js",
    "/interviews/static/<filename>",
    "/interviews/<nowhere>",
}
