"""Routes for those who run the service."""

from __future__ import annotations

from flask import Blueprint, Response

from models import utc_now
from schemas import HealthAnswer

operations_bp = Blueprint("operations", __name__)


@operations_bp.get("/health")
def health() -> Response:
    """Whether this process answers. It asks nobody else, so a load balancer may call it every second."""
    return Response(HealthAnswer(timestamp=utc_now()).model_dump_json(), mimetype="application/json")
