"""Who may call what people do with an interview, said once more and apart from the routes."""

from __future__ import annotations

# Path, method, and whether reading is enough.
EDITING_ROUTES = (
    ("/api/interview/jd/<req_id>", "PATCH", False),
    ("/api/interview/<interview_id>", "PATCH", False),
    ("/api/interview/<interview_id>", "DELETE", False),
    ("/api/interview/<interview_id>/questions", "POST", False),
    ("/api/interview/<interview_id>/questions/<number>", "PATCH", False),
    ("/api/interview/<interview_id>/questions/<number>", "DELETE", False),
    ("/api/interview/<interview_id>/order", "PUT", False),
    ("/api/interview/<interview_id>/findings/<finding_id>/override", "POST", False),
    ("/api/interview/<interview_id>/findings/<finding_id>/override", "DELETE", False),
    ("/api/interview/<interview_id>/request-review", "POST", False),
    ("/api/interview/<interview_id>/publish", "POST", False),
    ("/api/interview/<interview_id>/archive", "POST", False),
    ("/api/interview/<interview_id>/restore", "POST", False),
    ("/api/interview/<interview_id>/revise", "POST", False),
    ("/api/interview/<interview_id>/export", "GET", True),
    ("/api/interview/import", "POST", False),
)
