"""How ids are read from a path."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import BaseConverter


class ReqIdConverter(BaseConverter):
    """A requisition id in a path: anything at all, with slashes wherever they are."""

    regex = "(?s:.+)"
    part_isolating = False


class RowIdConverter(BaseConverter):
    """The number of a row in a path. Werkzeug's own takes thousands of digits, which int() refuses."""

    regex = "[0-9]{1,10}"

    def to_python(self, value: str) -> int:
        """The number itself."""
        return int(value)


def register_converters(app: Flask) -> None:
    """Make `<req_id:...>` and `<row_id:...>` known to an app."""
    app.url_map.converters.update(req_id=ReqIdConverter, row_id=RowIdConverter)
