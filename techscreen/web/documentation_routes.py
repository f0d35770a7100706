"""Routes for the OpenAPI document, and for a page that shows it without any file from elsewhere.

Both are open to anybody, because a browser cannot send the headers that name a caller, and say nothing about this
deployment. A host app that registers `interview_bp` may register `documentation_bp` as well.
"""

from __future__ import annotations

import json
from importlib.resources import files

from flask import Blueprint, Response, current_app, request

from techscreen.errors import NotFound
from techscreen.web.endpoint import endpoint
from techscreen.web.error_handlers import register_error_pages
from techscreen.web.openapi import openapi_document
from techscreen.web.request_context import log_requests
from techscreen.web.responses import json_response

documentation_bp = Blueprint("documentation", __name__, url_prefix="/api/interview")

SWAGGER_UI = files("flask_swagger_ui") / "dist"
VERSION = (SWAGGER_UI / "VERSION").read_text().strip()
SECONDS_PER_DAY = 86_400
# The packaged files that the page needs. Only these are served.
PACKAGED_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
# Addresses are relative to the page, so that they fit behind any prefix.
PAGE = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>TechScreen Interview Generation System: API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png?{VERSION}">
<link rel="stylesheet" href="docs/swagger-ui.css?{VERSION}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js?{VERSION}"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START_SCRIPT = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""
# Swagger UI's stylesheet holds pictures of its own.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

register_error_pages(documentation_bp)
log_requests(documentation_bp)


@documentation_bp.get("/openapi.json")
@endpoint(tag="Documentation", access="anybody", answer="application/json", conditional=True)
def openapi() -> Response:
    """This document."""
    servers = [{"url": request.script_root or "/"}]
    document = {**openapi_document(current_app), "servers": servers}
    return _revalidated(json_response(json.dumps(document, ensure_ascii=False)))


@documentation_bp.get("/docs")
@endpoint(tag="Documentation", access="anybody", answer="text/html", conditional=True)
def documentation_page() -> Response:
    """This document as a page, to read and to try out."""
    response = Response(PAGE, mimetype="text/html")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return _revalidated(response)


@documentation_bp.get("/docs/<file>")
@endpoint(tag="Documentation", access="anybody", answer="*/*", errors=(NotFound,), conditional=True)
def documentation_file(file: str) -> Response:
    """A file of the page."""
    if file == "start.js":
        return _revalidated(Response(START_SCRIPT, mimetype="text/javascript"))
    if file not in PACKAGED_FILES:
        raise NotFound("The page has no such file.")
    response = Response((SWAGGER_UI / file).read_bytes(), mimetype=PACKAGED_FILES[file])
    response.cache_control.public = True
    response.cache_control.max_age = SECONDS_PER_DAY
    return _conditional(response)


def _revalidated(response: Response) -> Response:
    """Let a browser keep a small answer but ask about it each time, because a new version changes it."""
    response.cache_control.no_cache = True
    return _conditional(response)


def _conditional(response: Response) -> Response:
    """Answer 304 if the browser has it already. The tag is a digest of its bytes, so that all nodes agree."""
    response.add_etag()
    response.make_conditional(request)
    return response
