"""Records the examples of what people do with an interview: bodies, as they are sent, and answers of the service."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.support.fake_claude import FakeClaude, Reply, asked_for, data_of

HANNA = {"X-User-ID": "hanna.hiring", "X-User-Role": "hiring_manager", "If-Match": "*"}
WISH = "Set it in another part of the payment platform."
PARALLEL = (
    "Every evening the fees that the acquirer has charged are compared with the fees in the accounts. "
    "Since Tuesday the acquirer's total is higher, and nobody has changed the accounts. How do you find out why?"
)
CRITERIA = (
    ("Change dated", "Asks what else began on the day of the first difference."),
    ("Contract checked", "Says that the agreed fees may have changed."),
    ("Sample by hand", "Works out one fee by hand and compares it."),
)


def editing_examples(client: FlaskClient, fake: FakeClaude, interview: dict[str, Any]) -> dict[str, Any]:
    """Bodies and answers by the name of their model.

    Args:
        interview: a draft; it is edited, published and revised.
    """
    its = f"/api/interview/{interview['id']}"
    question = interview["questions"][3]
    parallel = {
        **{name: question[name] for name in ("criteria", "follow_ups", "rating_anchors")},
        **{"spoken_text": PARALLEL, "exhibit": None, "minutes": 6},
    }
    fake.when(lambda body: "aims" in data_of(body), Reply(content=parallel))
    suggested = [{"criterion": label, "description": said} for label, said in CRITERIA]
    fake.when(lambda body: asked_for(body) == "SuggestedCriteria", Reply(content={"criteria": suggested}))

    def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = client.open(path, method=method, json=body, headers=HANNA)
        assert answer.status_code == 200, answer.text
        return answer.json

    asked = {"kind": "other_scenario", "wish": WISH, "count": 1}
    bodies: dict[str, Any] = {
        "AlternativesRequest": asked,
        "CriteriaRequest": {"count": 3},
        "InterviewPatch": {"interview_name": "Payments panel"},
        "QuestionPatch": {"spoken_text": question["spoken_text"], "minutes": 7, "locked": True},
        "NewQuestion": {
            "question_text": "How do you decide what to test when a release cannot wait?",
            "question_type": "situational",
            "criteria": [{"criterion": "Risk first", "description": "Names what would hurt most if it broke."}],
            "follow_ups": ["What would you leave out?"],
            "rating_anchors": {"low": "Tests what is easy.", "mid": "Names a risk.", "high": "Weighs risks and time."},
            "question_number": 6,
        },
        "QuestionOrder": {"order": [2, 1, 3, 4, 5]},
        "ReviewRequest": {"of": "ada.lead", "note": "By Friday, please."},
        "PublishRequest": {"note": "Fit for the panel."},
        "NoteRequest": {"note": "After a leak."},
        "OverrideRequest": {"reason": "It is quoted as what not to ask."},
        "JobDescriptionPatch": {"enhanced_title": "Senior Backend Engineer, Payouts"},
    }
    answers = {
        "AlternativesAnswer": call("POST", f"{its}/questions/4/alternatives", asked),
        "OfferedAnswer": call("GET", f"{its}/questions/4/alternatives"),
        "CriteriaAnswer": call("POST", f"{its}/questions/4/criteria/suggest", bodies["CriteriaRequest"]),
    }
    call("PATCH", its, bodies["InterviewPatch"])
    call("PATCH", f"{its}/questions/4", bodies["QuestionPatch"])
    call("POST", f"{its}/questions", bodies["NewQuestion"])
    call("DELETE", f"{its}/questions/6")
    call("PUT", f"{its}/order", bodies["QuestionOrder"])
    call("POST", f"{its}/request-review", bodies["ReviewRequest"])
    call("PATCH", f"/api/interview/jd/{interview['req_id']}", bodies["JobDescriptionPatch"])
    call("POST", f"{its}/publish", bodies["PublishRequest"])
    call("POST", f"{its}/revise", bodies["NoteRequest"])
    return {**bodies, **answers}


def editing_errors(client: FlaskClient, interview_id: int) -> list[Any]:
    """One answer for each code that only changes have; the interview is one that was revised."""
    its = f"/api/interview/{interview_id}"
    name = {"interview_name": "Panel 2"}
    without_tag = {key: value for key, value in HANNA.items() if key != "If-Match"}
    req_id = client.get(its, headers=HANNA).json["interview"]["req_id"]
    drafts = client.get(f"/api/interview/req/{req_id}?status=draft", headers=HANNA).json["interviews"]
    revision = next(draft for draft in drafts if draft["revised_from_id"] == interview_id)
    draft = f"/api/interview/{revision['id']}"
    client.delete(f"{draft}/questions/5", headers=HANNA)
    return [
        client.patch(its, json=name, headers=without_tag),
        client.patch(its, json=name, headers={**HANNA, "If-Match": '"interview-1-0"'}),
        client.patch(its, json=name, headers=HANNA),
        client.post(f"{draft}/publish", json={}, headers=HANNA),
    ]
