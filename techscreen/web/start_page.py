"""The address `/` of our own app: to the pages where they are served, else where to find what."""

from __future__ import annotations

import json

from flask import Flask, redirect, url_for
from werkzeug.wrappers import Response

from techscreen.web.responses import json_response

PAGES = "workbench.requisitions"


def add_start_page(app: Flask) -> None:
    """Let an app answer `/`. A host app has a start page of its own."""

    @app.get("/")
    def start_page() -> Response:
        if PAGES in app.view_functions:
            return redirect(url_for(PAGES))
        return json_response(_addresses())


def _addresses() -> str:
    addresses = {
        "documentation": url_for("documentation.documentation_page"),
        "openapi": url_for("documentation.openapi"),
        "health": url_for("operations.health"),
    }
    return json.dumps({"success": True, "service": "TechScreen Interview Generation System", **addresses})
