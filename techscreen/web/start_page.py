"""The address `/` of our own app: to the pages where they are served, else where to find what."""

from __future__ import annotations

from flask import Flask, Response, current_app, url_for

from techscreen.schemas.operations import StartAnswer
from techscreen.web.endpoint import endpoint

PAGES = "workbench.requisitions"


def add_start_page(app: Flask) -> None:
    """Let an app answer `/`. A host app has a start page of its own."""
    app.add_url_rule("/", view_func=start_page)


@endpoint(tag="Documentation", access="anybody", answer=StartAnswer, needs_database=False)
def start_page() -> Response | StartAnswer:
    """Where to find what. Where the pages are served, a redirect to them."""
    if PAGES in current_app.view_functions:
        return Response(status=302, headers={"Location": url_for(PAGES)})
    return StartAnswer(
        service="TechScreen Interview Generation System",
        documentation=url_for("documentation.documentation_page"),
        openapi=url_for("documentation.openapi"),
        health=url_for("operations.health"),
    )
