"""Which caller gets past the door of each route for editing; what happens inside is tested elsewhere."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from models import Base
from tests.conftest import MakeApp, on_sqlite
from tests.editing.routes import EDITING_ROUTES

PLACES = {"<req_id>": "REQ-1", "<interview_id>": "1", "<number>": "1", "<finding_id>": "0" * 16, "<alternative>": "1"}
CALLERS = (
    # Role, whether it may read, whether it may edit.
    (None, 401, 401),
    ("admin", 0, 0),
    ("Hiring_Manager", 0, 0),
    ("interviewer", 0, 403),
    ("recruiter", 0, 403),
    ("candidate", 403, 403),
    ("hiring_manager, admin", 403, 403),
)


def answer_to(client: FlaskClient, rule: str, method: str, role: str | None) -> int:
    """The status for a caller of this role who gives neither a body nor a tag."""
    path = rule
    for name, value in PLACES.items():
        path = path.replace(name, value)
    headers = {"X-User-ID": "u", **({} if role is None else {"X-User-Role": role})}
    return client.open(path, method=method, headers=headers).status_code


@on_sqlite
@pytest.mark.parametrize(("role", "reading", "editing"), CALLERS)
def test_each_route_lets_in_whom_it_should(
    client: FlaskClient, database_url: str, role: str | None, reading: int, editing: int
) -> None:
    def rows() -> list[int]:
        with create_engine(database_url, poolclass=NullPool).connect() as connection:
            names = [name for name in Base.metadata.tables if name != "service_processes"]
            return [connection.scalar(text(f"SELECT COUNT(*) FROM {name}")) for name in names]

    before = rows()
    for rule, method, only_reads in EDITING_ROUTES:
        status = answer_to(client, rule, method, role)
        expected = reading if only_reads else editing
        assert status == expected or (not expected and status not in (401, 403, 500)), (
            f"{role}: {method} {rule}: {status}"
        )
    assert rows() == before


@on_sqlite
def test_editor_roles_say_who_may_edit(make_app: MakeApp) -> None:
    client = make_app(EDITOR_ROLES="lead, Recruiter").test_client()
    for role, refused in (("lead", False), ("RECRUITER", False), ("hiring_manager", True), ("admin", True)):
        for rule, method, only_reads in EDITING_ROUTES:
            if not only_reads:
                assert (answer_to(client, rule, method, role) == 403) is refused, f"{role}: {method} {rule}"
