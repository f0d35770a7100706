"""Requisition ids in the addresses of pages.

Browsers take the parts `.` and `..` of a path away, also when they are percent-encoded, so these are written as `~.`
and `~..`; a part that looks like that gets one `~` more.
"""

from __future__ import annotations

import re

from techscreen.web.parsing import ReqIdConverter

_DOTS = re.compile(r"(?<![^/])(~*\.{1,2})(?![^/])")
_WRITTEN_DOTS = re.compile(r"(?<![^/])~(~*\.{1,2})(?![^/])")


class ReqIdInAddress(ReqIdConverter):
    """A requisition id in the path of a page: any text."""

    def to_python(self, value: str) -> str:
        """The id as it is."""
        return _WRITTEN_DOTS.sub(r"\1", value)

    def to_url(self, value: str) -> str:
        """The id as it stands in an address."""
        return super().to_url(_DOTS.sub(r"~\1", value))
