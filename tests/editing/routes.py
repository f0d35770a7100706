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
    ("/api/interview/<interview_id>/questions/<number>/alternatives", "POST", False),
    ("/api/interview/<interview_id>/questions/<number>/alternatives", "GET", True),
    ("/api/interview/<interview_id>/questions/<number>/alternatives/<alternative>/accept", "POST", False),
    ("/api/interview/<interview_id>/questions/<number>/criteria/suggest", "POST", False),
    ("/api/interview/<interview_id>/questions/<number>/feedback", "POST", True),
    ("/api/interview/<interview_id>/questions/<number>/save-to-library", "POST", False),
    ("/api/interview/<interview_id>/feedback", "GET", True),
    ("/api/interview/<interview_id>/history", "GET", True),
    ("/api/interview/<interview_id>/diff", "GET", True),
    ("/api/interview/<interview_id>/export", "GET", True),
    ("/api/interview/history/<req_id>", "GET", True),
    ("/api/interview/library", "POST", False),
    ("/api/interview/library", "GET", True),
    ("/api/interview/library/<library_question_id>", "GET", True),
    ("/api/interview/library/<library_question_id>", "PATCH", False),
    ("/api/interview/library/import", "POST", False),
    ("/api/interview/library/export", "GET", True),
    ("/api/interview/import", "POST", False),
)
