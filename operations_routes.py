"""Routes for those who run the service: its health, its question cache and its audit trail.

A host app that registers `interview_bp` may register `operations_bp` as well.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

import audit_trail
from audit_schemas import LogsQuery, UsageQuery
from auth import require_admin, require_scraper
from error_pages import register_error_pages
from evidence import evidence_of
from metrics import CONTENT_TYPE
from metrics_report import metrics_report
from models import utc_now
from operations_schemas import CacheQuery, HealthAnswer, RetireOrder, RetireRequest
from post_answering import answer_at_once
from request_log import log_requests
from request_reading import read_body, read_query
from runtime import current_runtime, set_up
from usage_report import usage_of

operations_bp = Blueprint("operations", __name__)


operations_bp.record_once(set_up)
register_error_pages(operations_bp)
log_requests(operations_bp)


@operations_bp.before_request
def _show_sign_of_life() -> None:
    current_runtime().heartbeat.ensure(wait=request.method == "POST")


@operations_bp.get("/health")
def health() -> Response:
    """Whether this process answers. It asks nobody else, so a load balancer may call it every second."""
    return Response(HealthAnswer(timestamp=utc_now()).model_dump_json(), mimetype="application/json")


@operations_bp.get("/metrics")
@require_scraper
def metrics() -> Response:
    """Figures for Prometheus, in its text format."""
    return Response(metrics_report(current_runtime().settings), content_type=CONTENT_TYPE)


@operations_bp.get("/health/ready")
def ready() -> Response:
    """Whether this process can do its work, part by part: 200 if so, else 503. For a load balancer of one's own."""
    answer = current_runtime().readiness.check()
    status = 200 if answer.status == "ready" else 503
    return Response(answer.model_dump_json(), status=status, mimetype="application/json")


@operations_bp.get("/api/interview/cache")
@require_admin
def list_cache() -> Response:
    """The question cache: counts, most and least used, and one page of its questions."""
    answer = current_runtime().cache.overview(read_query(CacheQuery))
    return Response(answer.model_dump_json(), mimetype="application/json")


@operations_bp.post("/api/interview/cache/<row_id:cached_question_id>/retire")
@require_admin
def retire_question(cached_question_id: int) -> Response:
    """Never lend a question again, and say which interviews contain it."""
    asked = read_body(RetireRequest)
    return answer_at_once("cache_retirement", RetireOrder(cached_question_id=cached_question_id, **asked.model_dump()))


@operations_bp.get("/api/interview/logs")
@require_admin
def list_logs() -> Response:
    """The audit rows, newest first."""
    answer = audit_trail.list_rows(read_query(LogsQuery))
    return Response(answer.model_dump_json(), mimetype="application/json")


@operations_bp.get("/api/interview/usage")
@require_admin
def show_usage() -> Response:
    """What generations have used and about what that cost, by day, user, operation or model."""
    answer = usage_of(read_query(UsageQuery), current_runtime().settings)
    return Response(answer.model_dump_json(), mimetype="application/json")


@operations_bp.get("/api/interview/evidence/<req_id:req_id>")
@require_admin
def show_evidence(req_id: str) -> Response:
    """All that is kept of a requisition, in one document."""
    answer = evidence_of(req_id, current_runtime().settings.log_retention_days)
    return Response(answer.model_dump_json(), mimetype="application/json")
