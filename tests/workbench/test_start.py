"""Whether the pages are served, where they begin, what they need, and how their files are kept."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Blueprint, Flask, url_for
from markupsafe import escape

from config import PROJECT_FOLDER, SettingsError, load_settings
from interview_routes import interview_bp
from models import db
from techscreen.web.container import settings_warnings
from techscreen.workbench import workbench_bp
from tests.conftest import ADMIN, MakeApp
from tests.support.served_pages import sign_in

PRODUCTION = {"FLASK_ENV": "production", "DATABASE_URL": "mysql+pymysql://u:p@db/x", "CLAUDE_API_KEY": "sk-real"}
SECRET = "long enough to sign with"
STATIC = PROJECT_FOLDER / "techscreen" / "workbench" / "static"


def test_the_address_of_the_service_leads_to_the_pages_where_there_are_any(make_app: MakeApp) -> None:
    answer = make_app(WORKBENCH=True).test_client().get("/")
    assert (answer.status_code, answer.location) == (302, "/interviews/")

    client = make_app(WORKBENCH=False).test_client()
    answer = client.get("/")
    assert (answer.status_code, answer.json["success"]) == (200, True)
    addresses = [value for value in answer.json.values() if isinstance(value, str) and value.startswith("/")]
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]
    assert client.get("/interviews/", headers=ADMIN).json["code"] == "not_found"


# ------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(("environment", "default"), [("development", True), ("testing", False), ("production", False)])
def test_the_pages_are_served_in_development_unless_a_setting_says_otherwise(environment: str, default: bool) -> None:
    given = {**PRODUCTION, "FLASK_ENV": environment, "SECRET_KEY": SECRET}
    assert load_settings(given).workbench is default
    assert load_settings({**given, "WORKBENCH": True}).workbench is True
    assert load_settings({**given, "WORKBENCH": "False"}).workbench is False
    assert load_settings(given).workbench_login is False


def test_production_serves_pages_only_with_a_secret_to_sign_with() -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY is required in production with WORKBENCH"):
        load_settings({**PRODUCTION, "WORKBENCH": True})
    for secret in ("short", " " * 20, "x" * 15):
        with pytest.raises(SettingsError, match="at least 16 characters"):
            load_settings({**PRODUCTION, "WORKBENCH": True, "SECRET_KEY": secret})
    load_settings({**PRODUCTION, "WORKBENCH": True, "SECRET_KEY": SECRET})
    load_settings(PRODUCTION)
    assert SECRET not in repr(load_settings({**PRODUCTION, "SECRET_KEY": SECRET}))


def test_whoever_lets_everybody_choose_a_name_in_production_is_warned() -> None:
    given = {**PRODUCTION, "SECRET_KEY": SECRET, "GATEWAY_SECRET": "g", "WORKBENCH": True}
    assert settings_warnings(load_settings(given)) == []
    (warning,) = settings_warnings(load_settings({**given, "WORKBENCH_LOGIN": True}))
    assert warning.startswith("WORKBENCH_LOGIN is on")


def test_without_pages_nothing_of_them_is_loaded() -> None:
    for file in (PROJECT_FOLDER / "app.py", *(PROJECT_FOLDER / "techscreen").glob("[!w]*/*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                assert not str(node.module).startswith("techscreen.workbench"), file


# ---------------------------------------------------------------------------------------------------- in a host app


def make_host(folder: Path, *blueprints: Blueprint, **settings: Any) -> Flask:
    host = Flask("host")
    host.config.update(SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'host.db'}", SECRET_KEY="the host's", **settings)
    db.init_app(host)
    for blueprint in blueprints:
        host.register_blueprint(blueprint)
    with host.app_context():
        db.create_all()

    @host.errorhandler(404)
    def own_404(_: Exception) -> tuple[str, int]:
        return "The host's own page", 404

    return host


@pytest.mark.parametrize(
    "blueprints", [(workbench_bp,), (workbench_bp, interview_bp), (interview_bp, workbench_bp)], ids=len
)
def test_a_host_registers_the_pages_with_the_api_or_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blueprints: tuple[Blueprint, ...]
) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    host = make_host(tmp_path, *blueprints)
    client = host.test_client()
    sign_in(client, "hanna", "admin")
    for path in ("/interviews/", "/interviews/new", "/interviews/library", "/interviews/usage"):
        assert client.get(path).status_code == 200, path
    assert client.get("/interviews/7").mimetype == "text/html"
    assert client.get("/interviews/7").status_code == 404
    assert client.get("/nowhere").text == "The host's own page"
    assert "Content-Security-Policy" not in client.get("/nowhere").headers
    assert ("interview.get_interview" in host.view_functions) is (interview_bp in blueprints)


def test_a_host_without_a_secret_is_told_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    host = Flask("host")
    host.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///:memory:")
    db.init_app(host)
    with pytest.raises(RuntimeError, match="secret_key"):
        host.register_blueprint(workbench_bp)


def test_a_host_may_let_people_choose_a_name_in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    for allowed, status in ((False, 404), (True, 200)):
        (tmp_path / str(allowed)).mkdir()
        host = make_host(tmp_path / str(allowed), workbench_bp, WORKBENCH_LOGIN=allowed)
        assert host.test_client().get("/interviews/sign-in").status_code == status


# ---------------------------------------------------------------------------------------------------------- files


def test_files_are_kept_until_they_change(make_app: MakeApp) -> None:
    client = make_app(WORKBENCH=True).test_client()
    page = client.get("/interviews/sign-in").text
    files = re.findall(r'(?:src|href)="(/interviews/static/[^"]+)"', page)
    assert len(files) >= 4
    for file in files:
        assert re.search(r"\?v=[0-9a-f]{8}$", file), file
        with client.get(file) as answer:
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"].endswith(", max-age=31536000, immutable")
        with client.get(file.partition("?")[0]) as answer:
            assert answer.status_code == 200
            assert "max-age" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["../blueprint.py", "..%2fblueprint.py", "../templates/workbench/base.html", "/etc/passwd"]
)
def test_nothing_else_of_the_machine_is_served(make_app: MakeApp, path: str) -> None:
    answer = make_app(WORKBENCH=True).test_client().get(f"/interviews/static/{path}")
    assert answer.status_code in (308, 404)


def test_files_name_no_others_of_elsewhere() -> None:
    """The policy would refuse them: a script, style, picture or source map from another site, or inline."""
    for file in STATIC.rglob("*.*"):
        if file.suffix in (".css", ".js"):
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"@import|url\(\s*['\"]?(https?:|//|data:)|sourceMappingURL", text), file.name


INLINE = re.compile(
    r"""<style|<script(?![^>]*\b(?:src=|type="application/json"))|\s(style|on\w+|hx-on[\w:-]*)=|javascript:"""
)


def test_templates_have_nothing_inline() -> None:
    for file in (PROJECT_FOLDER / "techscreen" / "workbench" / "templates").rglob("*.html"):
        text = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not INLINE.search(text), file.name
        assert not re.search(r"""(?:src|<link[^>]*href|action)=["'](?:https?:)?//""", text), file.name
        assert not re.search(r"\|\s*safe\b|autoescape\s+false", text), f"{file.name}: what is safe is said in Python"


def test_every_requisition_has_a_page_of_its_own(make_app: MakeApp, requisition: dict[str, Any]) -> None:
    app = make_app(WORKBENCH=True)
    client = app.test_client()
    for req_id in (".", "..", "../x", "a/./b", "x/y/../z", "~.", "~~../~x", "a.b", "...", "a//b", "%2F"):
        body = {**requisition, "req_id": req_id, "basic_title": f"Title of {req_id}"}
        assert client.post("/api/interview/jd/enhance", json=body, headers=ADMIN).status_code == 200
        with app.test_request_context():
            address = url_for("workbench.requisition", req_id=req_id)

        assert not {".", ".."} & set(unquote(address).split("/")), "a browser would take them away"
        page = client.get(address, headers=ADMIN)
        assert page.status_code == 200
        assert f"<title>{escape(req_id)}" in page.text or escape(f"Title of {req_id}") in page.text


def test_what_is_sent_to_an_address_without_a_page_is_answered_by_a_page(make_app: MakeApp) -> None:
    client = make_app(WORKBENCH=True).test_client()
    for method in ("GET", "POST"):
        answer = client.open("/interviews/no/such/page", method=method, headers=ADMIN)
        assert answer.status_code in (401, 404)
        assert answer.mimetype == "text/html"


def test_a_form_that_is_too_large_is_refused_as_such(make_app: MakeApp) -> None:
    client = make_app(WORKBENCH=True).test_client()
    for size in (1_060_000, 5_000_000):
        answer = client.post("/interviews/new", data={"basic_description": "x" * size}, headers=ADMIN)
        assert answer.status_code == 413
        assert "too large" in answer.text


def test_only_the_roles_that_are_offered_can_be_chosen(make_app: MakeApp) -> None:
    client = make_app(WORKBENCH=True).test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/interviews/sign-in").text)
    assert token is not None
    given = {"csrf_token": token[1], "user_id": "rosa", "role": "root"}
    assert client.post("/interviews/sign-in", data=given).status_code == 400
    assert client.post("/interviews/sign-in", data={**given, "role": "recruiter"}).status_code == 303


def test_a_secret_key_of_a_host_app_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "dev")
    assert load_settings(PRODUCTION, env_file=None).workbench is False
    assert load_settings({"FLASK_ENV": "development"}, env_file=None).workbench is True
    with pytest.raises(SettingsError, match="SECRET_KEY must have at least 16"):
        load_settings({**PRODUCTION, "WORKBENCH": True}, env_file=None)
