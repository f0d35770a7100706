"""Who gets in where: every route against every kind of caller, and what else stands before the routes."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient

from techscreen.observability.logging import configure_logging
from techscreen.web.auth import Caller
from techscreen.web.openapi import openapi_document
from tests.conftest import ADMIN, READER, MakeApp
from tests.editing.routes import EDITING_ROUTES
from tests.support.fake_claude import FakeClaude
from tests.support.tables import table

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # none of this is the database's

# What each route asks of its caller.
NEEDS = {
    ("POST", "/api/interview/jd/enhance"): "generator",
    ("GET", "/api/interview/jd/<req_id>"): "reader",
    ("POST", "/api/interview/generate"): "generator",
    ("GET", "/api/interview/<interview_id>"): "reader",
    ("GET", "/api/interview/req/<req_id>"): "reader",
    ("GET", "/api/interview"): "reader",
    ("GET", "/api/interview/requisitions"): "reader",
    ("DELETE", "/api/interview/requisitions/<req_id>"): "admin",
    ("DELETE", "/api/interview/<interview_id>/everything"): "admin",
    ("POST", "/api/interview/workflow/full"): "generator",
    ("POST", "/api/interview/workflow/create"): "generator",
    ("POST", "/api/interview/check"): "reader",
    ("GET", "/api/interview/jobs/<job_id>"): "reader",
    ("DELETE", "/api/interview/jobs/<job_id>"): "reader",
    ("GET", "/api/interview/jobs/<job_id>/events"): "reader",
    ("GET", "/api/interview/jobs"): "admin",
    ("GET", "/api/interview/cache"): "admin",
    ("POST", "/api/interview/cache/<cached_question_id>/retire"): "admin",
    ("GET", "/api/interview/logs"): "admin",
    ("GET", "/api/interview/usage"): "admin",
    ("GET", "/api/interview/evidence/<req_id>"): "admin",
    ("GET", "/api/interview/openapi.json"): "nothing",
    ("GET", "/api/interview/docs"): "nothing",
    ("GET", "/api/interview/docs/<file>"): "nothing",
    ("GET", "/"): "nothing",
    ("GET", "/health"): "nothing",
    ("GET", "/health/ready"): "nothing",
    ("GET", "/metrics"): "loopback or token",
    **{(method, rule): "reader" if only_reads else "editor" for rule, method, only_reads in EDITING_ROUTES},
}
SECRET = "the-gateway's-secret"


def named(user: str | None, role: str | None, **more: str) -> dict[str, str]:
    given = {"X-User-ID": user, "X-User-Role": role, **more}
    return {name: value for name, value in given.items() if value is not None}


# Each caller, and what it is: 401 it is not known, 403 it is known and may do nothing, or the most it may do.
CALLERS: dict[str, tuple[dict[str, str], int | str]] = {
    "nobody": ({}, 401),
    "without a user": (named(None, "admin"), 401),
    "with a blank user": (named("  ", "admin"), 401),
    "without a role": (named("anna", None), 401),
    "with a blank role": (named("anna", " "), 401),
    "with a user of 256 characters": (named("a" * 256, "admin"), 401),
    "with a role of 65 characters": (named("anna", "a" * 65), 401),
    "with a control character in the user": (named("anna\x1b[2J", "admin"), 401),
    "with a control character in the role": (named("anna", "admin\x7f"), 401),
    "with a line separator in the user": (named("an\u2028na".encode().decode("latin-1"), "admin"), 401),
    "with an unknown role": (named("anna", "root"), 403),
    "with two roles": (named("anna", "interviewer,admin"), 403),
    "an interviewer": (named("ian", "interviewer"), "reader"),
    "a recruiter": (named("rosa", "recruiter"), "reader"),
    "a hiring manager": (named("hal", "hiring_manager"), "editor"),
    "a hiring manager in capitals": (named("hal", "Hiring_Manager"), "editor"),
    "an admin": (named("anna", "admin"), "admin"),
    "an admin in capitals": (named("anna", " ADMIN "), "admin"),
}


MAY = ("reader", "editor", "generator", "admin")


def routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, re.sub(r"<\w+:", "<", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def send(client: FlaskClient, route: tuple[str, str], headers: dict[str, str], **environment: Any) -> int:
    method, rule = route
    path = re.sub(r"<(\w*id|number|alternative)>", "7", rule).replace("<file>", "swagger-ui.css")
    body = {"json": {}} if method == "POST" else {}
    answer = client.open(path, method=method, headers=headers, **body, **environment)  # type: ignore[arg-type]
    return answer.status_code


def expected(needs: str, caller: int | str, answered: int) -> bool:
    """Whether an answer is right: what is asked for itself lacks a body, a tag, or a known id, which comes later."""
    if needs == "nothing":
        return answered in (200, 503)  # not ready is an answer too
    if needs == "loopback or token":
        return answered == 200  # these tests ask on loopback
    if isinstance(caller, int):
        return answered == caller
    if MAY.index(caller) < MAY.index(needs):
        return answered == 403
    return answered in (200, 400, 404, 415, 422, 428)


def test_the_matrix_names_every_route(app: Flask) -> None:
    assert routes(app) == set(NEEDS)


def wrongly_answered(client: FlaskClient, name: str, secret: str | None = None, *, unknown: bool = False) -> Any:
    """Routes that did not answer a caller as they should, with their answers."""
    headers, caller = CALLERS[name]
    if secret is not None:
        headers = {**headers, "X-Gateway-Secret": secret}
    answers = {route: send(client, route, headers) for route in NEEDS}
    is_right = {route: expected(NEEDS[route], 401 if unknown else caller, a) for route, a in answers.items()}
    return {(name, route): answers[route] for route in answers if not is_right[route]}


@table("name", CALLERS)
def test_every_route_lets_in_whom_it_should(client: FlaskClient, name: str) -> None:
    assert wrongly_answered(client, name) == {}


@pytest.mark.parametrize(
    "secret",
    [None, "", "wrong", SECRET[:-1], SECRET + "x", SECRET.upper(), f"{SECRET},{SECRET}", "ß"],
    ids=["none", "blank", "wrong", "shorter", "longer", "in capitals", "twice", "not ASCII"],
)
def test_with_a_gateway_secret_nobody_gets_in_without_it(make_app: MakeApp, secret: str | None) -> None:
    client = make_app(GATEWAY_SECRET=SECRET).test_client()

    assert [wrongly_answered(client, name, secret, unknown=True) for name in CALLERS] == [{}] * len(CALLERS)


def test_with_its_gateway_secret_everybody_gets_in_as_without_one(make_app: MakeApp) -> None:
    client = make_app(GATEWAY_SECRET=SECRET).test_client()

    assert [wrongly_answered(client, name, SECRET) for name in CALLERS] == [{}] * len(CALLERS)


def test_the_roles_that_may_read_can_be_set(make_app: MakeApp) -> None:
    client = make_app(READER_ROLES="Auditor, admin").test_client()

    def read(role: str) -> int:
        return client.get("/api/interview/req/R", headers=named("u", role)).status_code

    assert [read(role) for role in ("auditor", "AUDITOR", "admin", "interviewer")] == [200, 200, 200, 403]


class Stranger:
    """What str() would make a name of."""

    def __init__(self, user_id: object, role: object) -> None:
        self.user_id, self.role = user_id, role


def test_a_host_app_can_say_who_calls_whatever_the_headers_say(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(GATEWAY_SECRET=SECRET)
    named: list[object] = []
    asked: list[Request] = []

    def authenticate(request: Request) -> object:
        asked.append(request)
        return named[-1]

    app.config["INTERVIEW_AUTHENTICATOR"] = authenticate
    own_id = UUID("8f1d7c1e-6d3a-4c5b-9a2e-1f0b5f6a7c8d")
    right = {200: [("anna", "admin"), (4711, "admin"), (0, "ADMIN"), (own_id, "admin")], 403: [("anna", "interviewer")]}
    nobody: list[object] = [None, True, "anna", {"user_id": "anna", "role": "admin"}, ("anna", "admin"), Stranger]
    for user_id in (None, True, 1.5, b"anna", ["anna"], object(), "", " ", "a" * 300, "an\na", "anna\x1b[2J", 10**300):
        nobody += [Caller(user_id, "admin"), Stranger(user_id, "admin")]  # type: ignore[arg-type]
    for role in (None, True, b"admin", ["admin"], "", "a" * 65, "ad\nmin"):
        nobody.append(Caller("anna", role))  # type: ignore[arg-type]
    expected: list[tuple[object, int]] = [(one, 401) for one in nobody]
    expected += [(Caller(*names), status) for status, callers in right.items() for names in callers]  # type: ignore[arg-type]

    wrong = []
    for caller, status in expected:
        named.append(caller)
        answer = app.test_client().get("/api/interview/cache", headers=ADMIN)
        if answer.status_code != status:
            wrong.append((caller, answer.status_code))

    assert wrong == []
    assert len(asked) == len(expected)
    # The host's mistake is told once, without what it took for a name.
    (complaint,) = [record for record in caplog.records if record.name == "techscreen.web.auth"]
    assert complaint.levelno == logging.ERROR
    assert "INTERVIEW_AUTHENTICATOR" in complaint.getMessage()


# ------------------------------------------------------------------------------------------------------- headers


@table(
    ("path", "headers"),
    [
        ("/health", {}),
        ("/api/interview/cache", ADMIN),
        ("/api/interview/cache", {}),
        ("/nowhere", {}),
        ("/metrics", {}),
    ],
)
def test_every_answer_tells_browsers_to_take_it_for_nothing_else(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, headers=headers)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_browser_frontend_may_call_by_default(client: FlaskClient) -> None:
    asked = {"Origin": "https://ats.example", "Access-Control-Request-Method": "POST"}

    assert "Access-Control-Allow-Origin" not in client.options("/api/interview/jd/enhance", headers=asked).headers
    assert "Access-Control-Allow-Origin" not in client.get("/api/interview/cache", headers={**ADMIN, **asked}).headers


def test_the_frontends_that_are_named_may_call_and_read_the_headers_of_answers(make_app: MakeApp) -> None:
    client = make_app(CORS_ORIGINS="https://ats.example, https://other.example").test_client()

    def preflight(origin: str, path: str = "/api/interview/jd/enhance") -> dict[str, str]:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-user-id, content-type, idempotency-key",
        }
        answer = client.options(path, headers=asked)
        assert answer.status_code == 200
        return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control")}

    allowed = preflight("https://ats.example")
    assert allowed["Access-Control-Allow-Origin"] == "https://ats.example"
    assert set(allowed["Access-Control-Allow-Headers"].lower().split(", ")) == {
        "x-user-id",
        "content-type",
        "idempotency-key",
    }
    assert "Access-Control-Allow-Credentials" not in allowed
    for origin in ("https://evil.example", "https://ats.example.evil.example", "http://ats.example", "null"):
        assert "Access-Control-Allow-Origin" not in preflight(origin)
    assert preflight("https://ats.example", "/health") == {}
    answer = client.get("/api/interview/cache", headers={**ADMIN, "Origin": "https://ats.example"})
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]


def test_an_origin_is_compared_as_it_is_written(make_app: MakeApp) -> None:
    client = make_app(CORS_ORIGINS="https://ats.example, http://[::1]:3000, HTTPS://Big.example:8443").test_client()

    def may_call(origin: str) -> bool:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return "Access-Control-Allow-Origin" in client.options("/api/interview/jd/enhance", headers=asked).headers

    let_in = ("https://ats.example", "http://[::1]:3000", "https://big.example:8443")
    kept_out = (
        "https://atsXexample",
        "https://xats.example",
        "https://ats.example.evil.example",
        "http://1:3000",
        "http://::3000",
        "https://big.example",
        "null",
        "*",
    )
    assert [origin for origin in (*let_in, *kept_out) if may_call(origin)] == list(let_in)


# ------------------------------------------------------------------------------------------------- proxies and logs


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client_address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first was written by the client itself
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
    ],
)
def test_the_address_of_the_client_is_what_the_trusted_proxies_say(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, proxies: int, forwarded: str, client_address: str
) -> None:
    caplog.set_level(logging.INFO)
    client = make_app(TRUSTED_PROXIES=proxies).test_client()

    client.get("/health", headers={"X-Forwarded-For": forwarded})

    assert [r.client for r in caplog.records if r.name == "techscreen.web.request_context"] == [client_address]  # type: ignore[attr-defined]


@pytest.fixture
def log_of(make_app: MakeApp) -> Callable[..., tuple[FlaskClient, io.StringIO]]:
    """A client, and what its app logs in the format that is set."""

    def build(**settings: Any) -> tuple[FlaskClient, io.StringIO]:
        app = make_app(**settings)
        lines = io.StringIO()
        for handler in logging.getLogger().handlers:
            if handler.get_name() == configure_logging.__module__ and isinstance(handler, logging.StreamHandler):
                handler.setStream(lines)
        return app.test_client(), lines

    return build


def test_what_callers_choose_freely_cannot_pass_for_another_line_of_the_log(
    log_of: Callable[..., tuple[FlaskClient, io.StringIO]],
) -> None:
    client, log = log_of()
    forged = "R\u2028\u202e2026-01-01 CRITICAL all is lost"

    client.get(f"/api/interview/req/{forged}", headers={**READER, "X-Request-ID": "a\tb"})

    (line,) = [line for line in log.getvalue().splitlines() if "/api/interview/req/" in line]
    assert "\\u2028\\u202e2026" in line
    assert "user_id='ian.interviewer'" in line


def test_a_line_for_machines_says_who_what_and_for_how_long_and_nothing_that_was_typed_in(
    log_of: Callable[..., tuple[FlaskClient, io.StringIO]], requisition: dict[str, Any], fake: FakeClaude
) -> None:
    client, log = log_of(LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    secret = {**requisition, "basic_description": "XYZZY-description", "work_role": "XYZZY-role"}

    answer = client.post("/api/interview/workflow/full", json=secret, headers=ADMIN)

    assert answer.status_code == 200
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (request_line,) = [line for line in lines if line.get("event") == "request"]
    assert request_line["user_id"] == "anna.admin"
    assert request_line["req_id"] == requisition["req_id"]
    assert request_line["request_id"] == answer.headers["X-Request-ID"]
    assert request_line["duration_ms"] >= 0
    generations = {line["operation"]: line for line in lines if line.get("event") == "generation"}
    assert set(generations) == {"jd_enhancement", "interview_generation"}
    assert sum(line["tokens"] for line in generations.values()) == answer.get_json()["total_tokens_used"]
    for line in generations.values():
        assert (line["req_id"], line["user_id"], line["outcome"]) == (requisition["req_id"], "anna.admin", "success")
    assert "XYZZY" not in log.getvalue()
    assert "a-key-that-buys-nothing" not in log.getvalue()


def test_a_frontend_may_use_each_header_and_method_of_the_api(make_app: MakeApp) -> None:
    app = make_app(CORS_ORIGINS="https://ats.example")
    document, client = openapi_document(app), app.test_client()
    named = set(document["components"]["parameters"])
    methods = {method for path in document["paths"].values() for method in path if method != "parameters"}
    for method in methods:
        asked = {
            "Origin": "https://ats.example",
            "Access-Control-Request-Method": method.upper(),
            "Access-Control-Request-Headers": ", ".join(sorted(named)),
        }
        allowed = client.options("/api/interview/1", headers=asked).headers
        assert method.upper() in allowed["Access-Control-Allow-Methods"]
        assert {name.lower() for name in named} <= set(allowed["Access-Control-Allow-Headers"].lower().split(", "))
    answer = client.get("/api/interview/1", headers={"Origin": "https://ats.example"})
    shown = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    limits = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}  # told to programs, not to pages
    assert set(document["components"]["headers"]) - limits <= shown
