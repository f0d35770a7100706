"""One interview in other formats: sheets, a table, our own JSON, and the forms of applicant tracking systems.

An interview with its requisition comes in (`source.py`), a text goes out; nothing is read or written. What the checks
have found stays out of all formats. `docs/exports.md` shows an example of each. May import schemas and what is below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from techscreen.editing.exports.ashby import ashby_form
from techscreen.editing.exports.greenhouse import greenhouse_kit
from techscreen.editing.exports.lever import lever_template
from techscreen.editing.exports.portable import portable_json
from techscreen.editing.exports.sheet import html_sheet, markdown_sheet
from techscreen.editing.exports.source import ExportSource
from techscreen.editing.exports.table import csv_table
from techscreen.editing.exports.workable import workable_kit
from techscreen.schemas.exports import FormatName


@dataclass(frozen=True)
class ExportFormat:
    """One format: the media type and the end of the name of its files, and the function that writes it."""

    media_type: str
    ending: str
    write: Callable[[ExportSource], str]


FORMATS: Mapping[FormatName, ExportFormat] = MappingProxyType(
    {
        "markdown": ExportFormat("text/markdown", "md", markdown_sheet),
        "html": ExportFormat("text/html", "html", html_sheet),
        "csv": ExportFormat("text/csv", "csv", csv_table),
        "json": ExportFormat("application/json", "json", portable_json),
        "lever": ExportFormat("application/json", "lever.json", lever_template),
        "greenhouse": ExportFormat("application/json", "greenhouse.json", greenhouse_kit),
        "workable": ExportFormat("application/json", "workable.json", workable_kit),
        "ashby": ExportFormat("application/json", "ashby.json", ashby_form),
    }
)
