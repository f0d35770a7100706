"""Which roles may edit can be set. What each role may do by default is in the matrix of `tests/server/test_door.py`."""

from __future__ import annotations

from tests.conftest import MakeApp, on_sqlite
from tests.editing.routes import EDITING_ROUTES

PLACES = ("<req_id>", "<interview_id>", "<number>", "<finding_id>", "<alternative>", "<library_question_id>")


@on_sqlite
def test_editor_roles_say_who_may_edit(make_app: MakeApp) -> None:
    client = make_app(EDITOR_ROLES="lead, Recruiter").test_client()
    for role, refused in (("lead", False), ("RECRUITER", False), ("hiring_manager", True), ("admin", True)):
        for rule, method, only_reads in EDITING_ROUTES:
            path = rule
            for place in PLACES:
                path = path.replace(place, "7")
            answer = client.open(path, method=method, headers={"X-User-ID": "u", "X-User-Role": role})
            if not only_reads:
                assert (answer.status_code == 403) is refused, f"{role}: {method} {rule}"
