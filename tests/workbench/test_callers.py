"""Who gets to which page: every page against every kind of caller, and what is refused whoever sends it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from interview_routes import interview_bp
from models import db
from techscreen.web.auth import Caller
from techscreen.workbench import workbench_bp
from tests.conftest import ADMIN, MakeApp
from tests.support.browser import Watch
from tests.support.served_pages import Live, sign_in, token_in
from tests.support.tables import table
from tests.support.workflows import workflow
from tests.workbench.routes import NEEDS

if TYPE_CHECKING:
    from playwright.sync_api import Page

MAY = ("reader", "editor", "generator", "admin")
# Each role, and the most that it may do; None: nothing.
ROLES = {
    "root": None,
    "interviewer": "reader",
    "recruiter": "reader",
    "hiring_manager": "editor",
    "admin": "admin",
}
POSTS = [path for method, path in NEEDS if method == "POST"]
PAGES_READ = [path for (method, path), needs in NEEDS.items() if method == "GET" and "static" not in path]
SECRET = "the-gateway's-secret"
PRODUCTION = {
    "FLASK_ENV": "production",
    "WORKBENCH": True,
    "SECRET_KEY": "long enough to sign with",
    "CLAUDE_API_KEY": "sk-real",
    "CLAUDE_BASE_URL": "https://claude.example",
}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(WORKBENCH=True)


def of(role: str, **more: str) -> dict[str, str]:
    return {"X-User-ID": "u", "X-User-Role": role, **more}


def address(rule: str, **places: Any) -> str:
    """The address of a route; what is named in it is nowhere to be found, unless it is given."""
    known = {"filename": "workbench.css", "job_id": "0" * 32, "nowhere": "no/where", **places}
    return re.sub(r"<(\w+)>", lambda place: str(known.get(place[1], 7)), rule)


def signed_in(app: Flask, role: str, user_id: str = "u") -> tuple[FlaskClient, str]:
    """A client that is signed in by its cookie, and its token."""
    client = app.test_client()
    sign_in(client, user_id, "recruiter")
    with client.session_transaction() as session:
        session["techscreen_caller"] = [user_id, role]  # also one that the page does not offer
    return client, token_of(client)


def token_of(client: FlaskClient, headers: dict[str, str] | None = None) -> str:
    return token_in(client.get("/interviews/sign-in", headers=headers).text)


def is_right(needs: str, most: str | None, answer: TestResponse) -> bool:
    """Whether a known caller was let in or not, as it should be. What is let in is not found, or lacks something."""
    answer.close()
    if needs == "anybody":
        return answer.status_code in (200, 303, 400, 404)
    if most is None or MAY.index(most) < MAY.index(needs):
        return answer.status_code == 403
    return answer.status_code in (200, 204, 303, 400, 404, 412)


def test_the_matrix_names_every_route_with_what_it_declares(app: Flask) -> None:
    declared = {
        (method, re.sub(r"<\w+:", "<", rule.rule)): getattr(app.view_functions[rule.endpoint], "declared_page", None)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("workbench.")
    }
    assert {route: each.access if each else "anybody" for route, each in declared.items()} == NEEDS
    assert [route for route, each in declared.items() if each is None] == [("GET", "/interviews/static/<filename>")]
    assert {method for method, _ in declared} == {"GET", "POST"}


# ------------------------------------------------------------------------------------------- who is let in


@table("role", ROLES)
def test_every_page_lets_in_whom_it_should_by_the_gateways_headers(app: Flask, role: str) -> None:
    client = app.test_client()
    token = token_of(client)
    answers = {
        (method, path): client.open(address(path), method=method, data={"csrf_token": token}, headers=of(role))
        for method, path in NEEDS
    }
    assert wrong(answers, ROLES[role]) == {}


@table("role", ["root", "interviewer", "admin"])
def test_every_page_lets_in_whom_it_should_by_the_cookie(app: Flask, role: str) -> None:
    client, token = signed_in(app, role)
    answers = {}
    for method, path in NEEDS:
        if "/sign-" not in path:  # it would change who this is
            answers[method, path] = client.open(address(path), method=method, data={"csrf_token": token})
    assert wrong(answers, ROLES[role]) == {}


def wrong(answers: dict[tuple[str, str], TestResponse], most: str | None) -> dict[tuple[str, str], int]:
    return {route: got.status_code for route, got in answers.items() if not is_right(NEEDS[route], most, got)}


def test_who_is_not_known_is_asked_to_sign_in(app: Flask) -> None:
    client = app.test_client()
    for (method, path), needs in NEEDS.items():
        if needs != "anybody":
            answer = client.open(address(path), method=method)
            if method == "GET":
                assert (answer.status_code, "/interviews/sign-in?next=" in answer.location) == (303, True), path
            else:
                assert (answer.status_code, "Sign in and go on" in answer.text) == (401, True), path
            answer = client.open(address(path), method=method, headers={"HX-Request": "true"})
            assert (answer.status_code, answer.headers["HX-Retarget"]) == (401, "#messages"), path
            assert "<html" not in answer.text


@table(
    "headers",
    [
        {"X-User-ID": "anna"},
        {"X-User-Role": "admin"},
        {"X-User-ID": " ", "X-User-Role": "admin"},
        {"X-User-ID": "anna", "X-User-Role": " "},
        {"X-User-ID": "a" * 256, "X-User-Role": "admin"},
        {"X-User-ID": "anna\x1b[2J", "X-User-Role": "admin"},
    ],
)
def test_half_a_name_is_nobodys(app: Flask, headers: dict[str, str]) -> None:
    client, token = signed_in(app, "admin")
    assert client.get("/interviews/library").status_code == 200
    for asking in (app.test_client(), client if "X-User-ID" in headers else app.test_client()):
        assert asking.get("/interviews/library", headers=headers).status_code == 303
        answer = asking.post("/interviews/library/starter", headers=headers, data={"csrf_token": token})
        assert answer.status_code == 401


def test_after_signing_in_one_is_where_one_wanted_to_be(app: Flask) -> None:
    client = app.test_client()
    form = client.get(client.get("/interviews/7/sheet?candidate=A%26B").location)
    wanted = re.search(r'name="next" value="([^"]+)"', form.text)
    assert wanted is not None
    assert wanted[1] == "/interviews/7/sheet?candidate=A%26B"
    sent = {"csrf_token": token_in(form.text), "user_id": " anna ", "role": "interviewer", "next": wanted[1]}
    assert client.post("/interviews/sign-in", data=sent).location == wanted[1]


def test_who_signs_out_is_nobody_again(app: Flask) -> None:
    client, token = signed_in(app, "admin")
    assert client.get("/interviews/usage").status_code != 303
    assert client.post("/interviews/sign-out", data={"csrf_token": token}).location == "/interviews/sign-in"
    assert client.get("/interviews/usage").status_code == 303


@pytest.mark.parametrize(
    ("user_id", "role"), [("", "admin"), (" ", "admin"), ("a" * 256, "admin"), ("an\x00na", "admin")]
)
def test_a_name_that_cannot_be_kept_is_refused_beside_its_field(app: Flask, user_id: str, role: str) -> None:
    client = app.test_client()
    sent = {"csrf_token": token_of(client), "user_id": user_id, "role": role}
    answer = client.post("/interviews/sign-in", data=sent)
    assert (answer.status_code, answer.text.count("must be 1 to")) == (400, 1)
    assert client.get("/interviews/").status_code == 303


def test_headers_say_who_it_is_also_where_somebody_is_signed_in(app: Flask) -> None:
    client, _ = signed_in(app, "admin")
    assert client.get("/interviews/usage", headers=of("interviewer")).status_code == 403
    assert client.get("/interviews/usage", headers={"X-User-ID": ""}).status_code == 303


# ------------------------------------------------------------------------------- what was not sent by a page of ours


def dump(app: Flask) -> list[str]:
    """All rows of all tables that people change."""
    file = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database
    assert file is not None
    connection = sqlite3.connect(file)
    try:
        return [line for line in connection.iterdump() if "INSERT INTO" in line and '"service_processes"' not in line]
    finally:
        connection.close()


def test_nothing_is_changed_by_what_was_not_sent_by_a_page_of_the_same_session(app: Flask, requisition: Any) -> None:
    interview = workflow(app.test_client(), requisition).json["interview"]
    places = {"interview_id": interview["id"], "number": 1, "req_id": interview["req_id"]}
    stranger = signed_in(app, "admin", "eve")[1]
    client, own = signed_in(app, "admin")
    before = dump(app)
    field = {"etag": interview["etag"], "user_id": "eve", "role": "admin", "question_text": "Changed?"}
    evil = {"Origin": "https://evil.example", "Referer": "https://evil.example/form"}
    for path in POSTS:
        for name, data, headers in (
            ("no token", {}, {}),
            ("another site", {}, evil),
            ("a token of another session", {"csrf_token": stranger}, {}),
            ("such a token in the header", {}, {"X-CSRFToken": stranger, "HX-Request": "true"}),
            ("a token that was cut off", {"csrf_token": own[:-1]}, {}),
            ("a token in the address", {}, {}),
        ):
            where = address(path, **places) + (f"?csrf_token={own}" if name == "a token in the address" else "")
            answer = client.post(where, data={**field, **data}, headers=headers)
            assert answer.status_code == 401, f"{path}: {name}"
        # The gateway's headers come with every request of a browser behind it, also with one from another site.
        assert app.test_client().post(address(path, **places), data=field, headers=ADMIN).status_code == 401, path
    assert dump(app) == before
    assert "u <small>admin" in client.get("/interviews/usage").text, "still who it was"


def test_a_form_of_another_site_carries_no_cookie(live: Live, page: Page, watch: Watch) -> None:
    page.goto("/interviews/library")
    button = page.get_by_role("button", name="Sign out")
    assert button.is_visible()
    page.goto("about:blank")
    page.set_content(f"<form method=post action='{live.url}/sign-out'><button>Win a prize</button></form>")
    watch.expect("status of 401")
    with page.expect_response("**/sign-out") as answer:
        page.get_by_role("button").click()
    assert (answer.value.status, answer.value.request.all_headers().get("cookie")) == (401, None)
    page.goto("/interviews/library")
    assert button.is_visible()


# ----------------------------------------------------------------------------------------- production, gateways, hosts


@pytest.fixture
def production(make_app: MakeApp) -> Any:
    return lambda **more: make_app(**{**PRODUCTION, **more})


def test_in_production_nobody_chooses_a_name(app: Flask, production: Any) -> None:
    client = production().test_client()
    assert client.get("/interviews/sign-in").status_code == 404
    assert client.get("/interviews/").status_code == 401
    assert "sign-in" not in client.get("/interviews/").text
    token = token_in(app.test_client().get("/interviews/sign-in").text)
    sent = {"csrf_token": token, "user_id": "eve", "role": "admin"}
    assert client.post("/interviews/sign-in", data=sent).status_code in (401, 404)
    assert client.get("/interviews/usage", headers=of("admin")).status_code in (200, 404)


@pytest.mark.parametrize("secret", ["for development only", PRODUCTION["SECRET_KEY"]])
def test_in_production_a_cookie_with_a_chosen_name_does_not_count(
    make_app: MakeApp, production: Any, secret: str
) -> None:
    development = make_app(WORKBENCH=True, SECRET_KEY=secret)
    cookie = sign_in(development.test_client(), "eve", "admin")
    client = production().test_client()
    client.set_cookie("techscreen", cookie, secure=True)
    assert client.get("/interviews/usage", base_url="https://localhost").status_code == 401
    allowed = production(WORKBENCH_LOGIN=True).test_client()
    allowed.set_cookie("techscreen", cookie, secure=True)
    known = allowed.get("/interviews/usage", base_url="https://localhost").status_code
    assert known == (303 if secret == "for development only" else 200)


def test_cookies_are_read_by_no_script_and_sent_to_no_other_site(app: Flask, production: Any) -> None:
    usual = "HttpOnly; Path=/; SameSite=Lax"
    for made, flags in ((app, usual), (production(), f"Secure; {usual}")):
        sent = made.test_client().get("/interviews/", headers=ADMIN).headers["Set-Cookie"]
        assert sent.startswith("techscreen=")
        assert sent.endswith(flags), sent
    client = app.test_client()
    sign_in(client, "anna", "admin")
    kept = client.get_cookie("techscreen")
    assert kept is not None
    assert (kept.http_only, kept.same_site) == (True, "Lax")


def test_with_a_gateway_secret_the_headers_count_only_with_it(production: Any) -> None:
    client = production(GATEWAY_SECRET=SECRET).test_client()
    for path in PAGES_READ:
        if NEEDS["GET", path] != "anybody":
            for given in ({}, {"X-Gateway-Secret": "wrong"}, {"X-Gateway-Secret": SECRET[:-1]}):
                assert client.get(address(path), headers=of("admin", **given)).status_code == 401, path
            with_it = of("admin", **{"X-Gateway-Secret": SECRET})
            answer = client.get(address(path), headers=with_it)
            assert answer.status_code in (200, 204, 303, 400, 404), path
            assert "sign-in" not in answer.headers.get("Location", ""), path


def test_the_api_takes_no_cookie(app: Flask) -> None:
    client, token = signed_in(app, "admin")
    assert client.get("/api/interview/usage").status_code == 401
    headers = {"X-CSRFToken": token}
    assert client.post("/api/interview/workflow/full", json={}, headers=headers).status_code == 401


def test_a_host_says_who_uses_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    host = Flask("host")
    host.config.update(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'host.db'}", SECRET_KEY="the host's")
    db.init_app(host)
    host.register_blueprint(interview_bp)
    host.register_blueprint(workbench_bp)
    with host.app_context():
        db.create_all()

    def authenticate(request: Request) -> Caller | None:
        known = {"good": Caller("hanna", "admin"), "weak": Caller("ingo", "interviewer")}
        return known.get(request.headers.get("Authorization", ""))

    host.config["INTERVIEW_AUTHENTICATOR"] = authenticate
    client = host.test_client()

    def usage(**headers: str) -> int:
        return client.get("/interviews/usage", headers=headers).status_code

    assert usage(Authorization="good") in (200, 404)
    assert usage(Authorization="weak") == 403
    sign_in(client, "eve", "admin")
    assert [usage(), usage(**ADMIN), usage(Authorization="bad")] == [303] * 3


# ------------------------------------------------------------------------------------------------------- headers


def assert_safe(answer: TestResponse, what: str) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy, what
    assert "frame-ancestors 'none'" in policy, what
    assert "default-src 'none'" in policy, what
    assert answer.headers["X-Content-Type-Options"] == "nosniff", what
    assert answer.headers["X-Frame-Options"] == "DENY", what


def test_every_answer_has_the_headers_that_keep_a_page_to_itself(
    app: Flask, requisition: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    interview = workflow(app.test_client(), requisition).json["interview"]
    places = {"interview_id": interview["id"], "number": 1, "req_id": interview["req_id"]}
    client, token = signed_in(app, "admin")
    for method, path in NEEDS:
        if "/sign-" not in path:
            for where in (address(path, **places), address(path)):
                answer = client.open(where, method=method, data={"csrf_token": token} if method == "POST" else None)
                assert_safe(answer, f"{method} {where}")
                if "static" not in path:
                    assert "public" not in answer.headers["Cache-Control"], where
                answer.close()
    for name, answer in {
        "signed out": app.test_client().get("/interviews/"),
        "forbidden": client.get("/interviews/usage", headers=of("interviewer")),
        "not there": client.get("/interviews/nowhere"),
        "no such file": client.get("/interviews/static/nowhere.css"),
        "another method": client.delete("/interviews/"),
        "too much": client.post("/interviews/sign-in", data={"user_id": "x" * 2_000_000}),
    }.items():
        assert answer.status_code >= 300
        assert_safe(answer, name)
        answer.close()


def test_an_unexpected_error_is_a_page_that_gives_nothing_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setitem(app.view_functions, "workbench.requisitions", fail)
    answer = app.test_client().get("/interviews/", headers=ADMIN)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "1234" not in answer.text
    assert_safe(answer, "an unexpected error")


@pytest.mark.parametrize("path", ["/interviews/nowhere", "/interviews/7/nowhere", "/interviews/x/y/z"])
def test_an_address_without_a_page_is_answered_by_a_page(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, headers=ADMIN)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert_safe(answer, path)


def test_a_file_that_proxies_may_keep_carries_nobodys_cookie(app: Flask) -> None:
    client, _ = signed_in(app, "admin")
    for path in ("/interviews/static/workbench.css?v=1", "/interviews/static/nowhere.css?v=1"):
        answer = client.get(path)
        answer.close()
        assert not ("Set-Cookie" in answer.headers and "public" in answer.headers["Cache-Control"]), path
        assert ("immutable" in answer.headers["Cache-Control"]) == (answer.status_code == 200), path


# ------------------------------------------------------------------------------------------------------ where to go on

ELSEWHERE = (
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https://evil.example/",
    "HTTPS:evil.example",
    "javascript:alert(1)",
    "/interviews/\r\nSet-Cookie: a=b",
    "/interviews/\\..\\..\\evil",
    "/interviews/\t//evil.example",
    "/api/interview/docs",
    "/interviewsevil",
    " /interviews/new",
    "@evil.example",
)


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_leads_to_pages_of_ours_alone(app: Flask, wanted: str) -> None:
    client = app.test_client()
    form = client.get("/interviews/sign-in", query_string={"next": wanted})
    sent = {"csrf_token": token_in(form.text), "user_id": "anna", "role": "admin", "next": wanted}
    answer = client.post("/interviews/sign-in", data=sent)
    assert (answer.status_code, answer.location) == (303, "/interviews/")


def test_what_stands_encoded_in_an_address_stays_so(app: Flask) -> None:
    client = app.test_client()
    sent = {"csrf_token": token_of(client), "user_id": "anna", "role": "admin", "next": "/interviews/%0d%0aX-Evil: 1"}
    answer = client.post("/interviews/sign-in", data=sent)
    assert answer.location.startswith("/interviews/")
    assert "X-Evil" not in answer.headers


def test_a_referrer_of_another_site_is_not_where_one_goes_on(app: Flask) -> None:
    client = app.test_client()
    for referrer, kept in (("https://evil.example/interviews/x", False), ("http://localhost/interviews/new?a=b", True)):
        answer = client.post("/interviews/sign-out", headers={"Referer": referrer})
        assert ("next=/interviews/new?a%3Db" in answer.text) is kept
        assert "evil" not in answer.text
