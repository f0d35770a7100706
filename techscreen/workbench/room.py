"""What the room is given: an interview and its sheet come in, plain JSON for its scripts goes out.

The questions are those of the sheet. The forms of applicant tracking systems are those that are exported, so that what
is noted in the room fits what was exported before. Nothing about candidates is here: it never leaves the browser.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from techscreen.editing.exports.ashby import ashby_form
from techscreen.editing.exports.greenhouse import greenhouse_kit
from techscreen.editing.exports.lever import lever_template
from techscreen.editing.exports.source import ExportSource
from techscreen.schemas.generation import InterviewView, JobDescriptionView
from techscreen.workbench.sheet import Sheet

# Scripts and styles that the room is made of, in `static/`. The first is the one that the page loads.
SCRIPTS = (
    "room.js",
    "room-dom.js",
    "room-exports.js",
    "room-keys.js",
    "room-offline.js",
    "room-sheet.js",
    "room-store.js",
    "room-timer.js",
    "room-views.js",
)
STYLES = ("sheet.css", "room.css")
ICON = "icon.svg"


def room_data(interview: InterviewView, requisition: JobDescriptionView, sheet: Sheet) -> dict[str, Any]:
    """All that the room shows and exports.

    Args:
        sheet: the sheet of the same interview.
    """
    return {
        "interview": {
            "id": interview.id,
            # A session in the room keeps the questions of the revision that it began with.
            "revision": interview.revision,
            "version": interview.version,
            "status": interview.status,
            "name": sheet.name,
            "title": sheet.title,
            "req_id": interview.req_id,
        },
        "warnings": [asdict(warning) for warning in sheet.warnings],
        "facts": [list(fact) for fact in sheet.facts],
        "content_language": sheet.content_language,
        "opening": sheet.opening,
        "questions": [asdict(question) for question in sheet.questions],
        "forms": _forms(ExportSource(interview, requisition)),
    }


def script_json(data: Any) -> Markup:
    """Data as JSON that may stand in an element `script`: nothing in it ends the element or begins a comment."""
    return htmlsafe_json_dumps(data, dumps=json.dumps, ensure_ascii=False, separators=(",", ":"))


def room_files(addresses: Sequence[str], page: str, worker: str, scope: str) -> dict[str, Any]:
    """What the browser has to keep so that the page can be opened without a network.

    Args:
        addresses: of scripts and styles.
        page: the address of the page itself.
        worker: that of the script which keeps them.
        scope: the addresses that it serves begin like this.
    """
    return {"page": page, "files": list(addresses), "worker": worker, "scope": scope}


def _forms(source: ExportSource) -> dict[str, Any]:
    greenhouse = json.loads(greenhouse_kit(source))
    return {
        "name": source.name,
        "greenhouse": {name: greenhouse[name] for name in ("scorecard_questions", "scorecard_question_options")},
        "lever": json.loads(lever_template(source)),
        "ashby": json.loads(ashby_form(source)),
    }
