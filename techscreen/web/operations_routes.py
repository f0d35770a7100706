"""Routes for those who run the service: health, metrics, the question cache, the audit trail, usage and evidence.

A host app that registers `interview_bp` may register `operations_bp` as well.
"""

from __future__ import annotations

from flask import Blueprint, Response

from models import utc_now
from techscreen.errors import NotFound
from techscreen.observability.metrics import CONTENT_TYPE
from techscreen.operations import audit_trail
from techscreen.operations.evidence import evidence_of
from techscreen.operations.metrics_report import metrics_report
from techscreen.operations.usage import usage_of
from techscreen.schemas.audit import EvidenceAnswer, LogsAnswer, LogsQuery, UsageAnswer, UsageQuery
from techscreen.schemas.operations import (
    CacheAnswer,
    CacheQuery,
    HealthAnswer,
    ReadinessAnswer,
    RetireAnswer,
    RetireOrder,
    RetireRequest,
)
from techscreen.web.container import current_runtime
from techscreen.web.endpoint import endpoint
from techscreen.web.error_handlers import register_error_pages
from techscreen.web.host import set_up
from techscreen.web.request_context import ensure_heartbeat, log_requests
from techscreen.web.responses import json_response

operations_bp = Blueprint("operations", __name__)

operations_bp.record_once(set_up)
register_error_pages(operations_bp)
log_requests(operations_bp)
operations_bp.before_request(ensure_heartbeat)


@operations_bp.get("/health")
@endpoint(tag="Operation", access="anybody", answer=HealthAnswer, limited=False)
def health() -> HealthAnswer:
    """Whether this process answers. It asks nobody else, so a load balancer may call it every second."""
    return HealthAnswer(timestamp=utc_now())


@operations_bp.get("/metrics")
@endpoint(tag="Operation", access="metrics", answer="text/plain", limited=False)
def metrics() -> Response:
    """Figures for Prometheus, in its text format."""
    return Response(metrics_report(current_runtime().settings), content_type=CONTENT_TYPE)


@operations_bp.get("/health/ready")
@endpoint(
    tag="Operation",
    access="anybody",
    answer=ReadinessAnswer,
    limited=False,
    other_answers={503: ReadinessAnswer},
)
def ready() -> Response:
    """Whether this process can do its work, part by part: 200 if so, else 503. For a load balancer of one's own."""
    answer = current_runtime().readiness.check()
    return json_response(answer, 200 if answer.status == "ready" else 503)


@operations_bp.get("/api/interview/cache")
@endpoint(tag="Question cache", access="admin", query=CacheQuery, answer=CacheAnswer)
def list_cache(query: CacheQuery) -> CacheAnswer:
    """The question cache: counts, most and least used, and one page of its questions."""
    return current_runtime().cache.overview(query)


@operations_bp.post("/api/interview/cache/<row_id:cached_question_id>/retire")
@endpoint(
    tag="Question cache",
    access="admin",
    body=RetireRequest,
    answer=RetireAnswer,
    dispatch="at_once",
    errors=(NotFound,),
)
def retire_question(cached_question_id: int, body: RetireRequest) -> RetireOrder:
    """Never lend a question again, and say which interviews contain it."""
    return RetireOrder(cached_question_id=cached_question_id, **body.model_dump())


@operations_bp.get("/api/interview/logs")
@endpoint(tag="Audit trail", access="admin", query=LogsQuery, answer=LogsAnswer)
def list_logs(query: LogsQuery) -> LogsAnswer:
    """The audit rows, newest first."""
    return audit_trail.list_rows(query)


@operations_bp.get("/api/interview/usage")
@endpoint(tag="Audit trail", access="admin", query=UsageQuery, answer=UsageAnswer)
def show_usage(query: UsageQuery) -> UsageAnswer:
    """What generations have used and about what that cost, by day, user, operation or model."""
    return usage_of(query, current_runtime().settings)


@operations_bp.get("/api/interview/evidence/<req_id:req_id>")
@endpoint(tag="Audit trail", access="admin", answer=EvidenceAnswer, errors=(NotFound,))
def show_evidence(req_id: str) -> EvidenceAnswer:
    """All that is kept of a requisition, in one document."""
    return evidence_of(req_id, current_runtime().settings.log_retention_days)
