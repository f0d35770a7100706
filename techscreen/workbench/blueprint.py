"""The blueprint of the pages under /interviews, with their callers, errors, headers, log and static files."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import RequestEntityTooLarge

from techscreen.web.auth import know_callers_by
from techscreen.web.host import set_up
from techscreen.web.parsing import MAX_BODY
from techscreen.web.request_context import ensure_heartbeat, log_requests
from techscreen.workbench.addresses import ReqIdInAddress
from techscreen.workbench.callers import caller_of_page
from techscreen.workbench.error_pages import show_errors
from techscreen.workbench.rendering import add_filters

SECONDS_PER_YEAR = 31_536_000
# Nothing comes from elsewhere, and no script or style stands inside a page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

workbench_bp = Blueprint(
    "workbench", __name__, url_prefix="/interviews", template_folder="templates", static_folder="static"
)


@workbench_bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    if not state.app.secret_key:
        raise RuntimeError("The pages need the app's secret_key: it signs their cookies.")
    state.app.url_map.converters["req_in_path"] = ReqIdInAddress
    know_callers_by(state.app, workbench_bp.name, caller_of_page)
    add_filters(state.app)


@workbench_bp.after_request
def _add_headers(response: Response) -> Response:
    is_file = request.endpoint == f"{workbench_bp.name}.static" and response.status_code < 400
    if is_file and request.args.get("v"):
        # The address names the version of the file, so it never changes. Only browsers keep it: the answer may carry
        # the session of whoever asked.
        response.headers["Cache-Control"] = f"private, max-age={SECONDS_PER_YEAR}, immutable"
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@workbench_bp.before_request
def _make_room_for_forms() -> None:
    # All texts of a requisition, in a script whose every character takes nine bytes in a form.
    request.max_form_memory_size = MAX_BODY
    if (request.content_length or 0) > MAX_BODY and request.mimetype != "multipart/form-data":
        raise RequestEntityTooLarge  # before reading; a file may be larger


workbench_bp.record_once(set_up)
show_errors(workbench_bp)
log_requests(workbench_bp)
workbench_bp.before_request(ensure_heartbeat)
