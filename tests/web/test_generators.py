"""GENERATOR_ROLES: who may generate need not be who may see the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.support.served_pages import token_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # none of this is the database's

ENHANCE, GENERATE = "/api/interview/jd/enhance", "/api/interview/generate"
WORKFLOWS = ("/api/interview/workflow/full", "/api/interview/workflow/create")
ADMINS_ALONE = (
    "/api/interview/logs",
    "/api/interview/usage",
    "/api/interview/cache",
    "/api/interview/jobs",
    "/api/interview/evidence/REQ-12345",
)
NEW, COSTS = "/interviews/new", "/interviews/usage"


def of(role: str) -> dict[str, str]:
    return {"X-User-ID": "rosa", "X-User-Role": role}


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    return make_app(GENERATOR_ROLES="Recruiter, sourcer", WORKBENCH=True).test_client()


@pytest.mark.parametrize("role", ["recruiter", "RECRUITER", "sourcer", "admin"])
def test_a_generator_generates(client: FlaskClient, requisition: dict[str, Any], role: str) -> None:
    enhanced = client.post(ENHANCE, json=requisition, headers=of(role))
    asked = {"req_id": requisition["req_id"], "job_description_id": enhanced.json["job_description_id"]}
    answers = [enhanced, client.post(GENERATE, json=asked, headers=of(role))]
    answers += [client.post(path, json=requisition, headers=of(role)) for path in WORKFLOWS]
    assert [answer.status_code for answer in answers] == [200] * 4


@pytest.mark.parametrize("role", ["hiring_manager", "interviewer", "root"])
def test_who_may_not_is_told_who_may(client: FlaskClient, requisition: dict[str, Any], role: str) -> None:
    for path in (ENHANCE, GENERATE, *WORKFLOWS):
        refused = client.post(path, json=requisition, headers=of(role))
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
        assert refused.json["error"] == "This needs the role admin or recruiter or sourcer."


def test_a_generator_is_no_admin(client: FlaskClient, requisition: dict[str, Any]) -> None:
    made = client.post(WORKFLOWS[0], json=requisition, headers=of("recruiter")).json
    cached = made["interview"]["questions"][0]["cached_question_id"]
    answers = [client.get(path, headers=of("recruiter")) for path in ADMINS_ALONE]
    answers.append(
        client.post(f"/api/interview/cache/{cached}/retire", json={"reason": "Leaked."}, headers=of("recruiter"))
    )
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json["error"] for answer in answers} == {"This needs the role admin."}


def test_by_default_only_an_admin_generates(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    client = make_app().test_client()
    refused = client.post(ENHANCE, json=requisition, headers=of("hiring_manager"))
    assert (refused.status_code, refused.json["error"]) == (403, "This needs the role admin.")


@pytest.mark.parametrize(
    ("role", "generates", "is_admin"),
    [
        ("recruiter", True, False),
        ("interviewer", False, False),
        ("hiring_manager", False, False),
        ("admin", True, True),
    ],
)
def test_pages_offer_exactly_what_one_may_do(
    client: FlaskClient, requisition: dict[str, Any], role: str, generates: bool, is_admin: bool
) -> None:
    client.post(WORKFLOWS[0], json=requisition, headers=of("admin"))
    for page in ("/interviews/", "/interviews/requisitions/REQ-12345"):
        shown = client.get(page, headers=of(role)).text
        assert (NEW in shown) is generates, page
        assert (f'"{COSTS}"' in shown) is is_admin, page
    offered = client.get("/interviews/requisitions/REQ-12345", headers=of(role)).text
    assert ("/interviews/generate/REQ-12345" in offered) is generates
    timeline = client.get("/interviews/timeline/REQ-12345", headers=of(role)).text
    assert ("/interviews/evidence/" in timeline) is is_admin
    assert client.get(NEW, headers=of(role)).status_code == (200 if generates else 403)
    assert client.get(COSTS, headers=of(role)).status_code == (200 if is_admin else 403)


def test_a_generator_may_be_chosen_when_signing_in(client: FlaskClient) -> None:
    form = client.get("/interviews/sign-in").text
    assert 'value="sourcer"' in form
    sent = {"csrf_token": token_in(form), "user_id": "sam", "role": "sourcer"}
    assert client.post("/interviews/sign-in", data=sent).status_code == 303
