"""Records the examples of the library: bodies, as they are sent, and answers of the service."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

HANNA = {"X-User-ID": "hanna.hiring", "X-User-Role": "hiring_manager", "If-Match": "*"}
LIBRARY = "/api/interview/library"


def library_examples(client: FlaskClient, interview: dict[str, Any]) -> dict[str, Any]:
    """Bodies and answers by the name of their model, and errors by their code.

    Args:
        interview: one of its questions is kept in the library.
    """

    def call(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = client.open(path, method=method, json=body, headers=HANNA)
        assert answer.status_code == status, answer.text
        return answer.json

    question = {
        "reference": "PAY-1",
        "topic": "Idempotent payment retries",
        "skill_level": "Advanced",
        "question_text": "A payout was sent twice after a timeout. What do you look at first, and why?",
        "minutes": 6,
        "criteria": [{"criterion": "Idempotency key", "description": "Asks which key identifies the payout."}],
        "follow_ups": ["What would you change so that it cannot happen again?"],
        "rating_anchors": {
            "low": "Sends it back.",
            "mid": "Looks for the key.",
            "high": "Also finds who retried, and why.",
        },
        "owner": "Payments",
        "review_on": "2027-06-30",
    }
    kept = call("POST", LIBRARY, question)
    patch, saving = {"owner": "Payments core", "minutes": 7}, {"owner": "Payments", "review_on": "2027-06-30"}
    call("PATCH", f"{LIBRARY}/{kept['question']['id']}", patch)
    call("POST", f"/api/interview/{interview['id']}/questions/2/save-to-library", saving)
    one_more = [{**question, "reference": "PAY-2", "topic": "Payout reconciliation"}]
    generate = {"req_id": interview["req_id"], "job_description_id": interview["job_description_id"]}
    return {
        "LibraryQuestion": question,
        "LibraryQuestionAnswer": kept,
        "LibraryPatch": patch,
        "SaveRequest": saving,
        "LibraryImportAnswer": call("POST", f"{LIBRARY}/import", one_more),
        "LibraryAnswer": call("GET", f"{LIBRARY}?owner=Payments"),
        "reference_taken": call("POST", LIBRARY, question, status=409),
        "not_importable": call("POST", f"{LIBRARY}/import", [{**one_more[0], "skill_level": "Wizard"}], status=422),
        "library_lacks": _lacking(client, {**generate, "use_library": "only"}),
    }


def _lacking(client: FlaskClient, body: dict[str, Any]) -> Any:
    answer = client.post("/api/interview/generate", json=body, headers={**HANNA, "X-User-Role": "admin"})
    assert answer.status_code == 409, answer.text
    return answer.json
