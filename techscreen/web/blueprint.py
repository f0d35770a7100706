"""The blueprint of all routes under /api/interview, with its services, authentication, errors and log.

The modules of routes add to it; a host app registers it and keeps its own routes as they are.
"""

from __future__ import annotations

from flask import Blueprint

from techscreen.web.error_handlers import register_error_pages
from techscreen.web.host import set_up
from techscreen.web.request_context import ensure_heartbeat, log_requests

# Its commands are `flask --app host techscreen ...`, wherever it is registered.
interview_bp = Blueprint("interview", __name__, url_prefix="/api/interview", cli_group="techscreen")
interview_bp.cli.help = "All commands of the service."

interview_bp.record_once(set_up)
register_error_pages(interview_bp)
log_requests(interview_bp)
interview_bp.before_request(ensure_heartbeat)
