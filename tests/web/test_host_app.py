"""The integration that the README describes: a plain Flask app that registers `interview_bp` and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Request, jsonify
from flask_wtf import CSRFProtect
from sqlalchemy.engine import make_url

from config import SettingsError
from interview_routes import interview_bp
from models import db
from techscreen.web.auth import Caller
from techscreen.web.documentation_routes import documentation_bp
from techscreen.web.operations_routes import operations_bp
from tests.conftest import ADMIN, with_starter_library
from tests.support.fake_claude import FakeClaude


@pytest.fixture
def host(tmp_path: Path, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("FLASK_ENV", "development")
    monkeypatch.setenv("CLAUDE_API_KEY", "a-key-from-the-environment")
    monkeypatch.setenv("CLAUDE_BASE_URL", fake.url)
    return make_host(tmp_path)


def make_host(tmp_path: Path, **settings: Any) -> Flask:
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'host.db'}"
    app.config.update(settings)
    db.init_app(app)
    app.register_blueprint(interview_bp)
    with app.app_context():
        db.create_all()

    @app.get("/own")
    def own() -> Any:
        return jsonify(ours=False)

    @app.errorhandler(404)
    def own_404(error: Exception) -> Any:
        return "The host's own page", 404

    return app


def test_the_workflow_works_with_the_key_in_the_environment(host: Flask, fake: FakeClaude, requisition: Any) -> None:
    response = host.test_client().post("/api/interview/workflow/full", json=requisition, headers=ADMIN)

    assert response.status_code == 200
    assert len(response.json["interview"]["questions"]) == 5
    assert fake.headers[0]["authorization"] == "Bearer a-key-from-the-environment"


def test_settings_in_app_config_win_over_the_environment(
    tmp_path: Path, fake: FakeClaude, requisition: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    monkeypatch.setenv("CLAUDE_MODEL", "model-of-the-environment")
    host = make_host(
        tmp_path, CLAUDE_API_KEY="a-key-from-app-config", CLAUDE_MODEL="model-of-the-app", CLAUDE_BASE_URL=fake.url
    )

    assert host.test_client().post("/api/interview/jd/enhance", json=requisition, headers=ADMIN).status_code == 200
    assert fake.headers[0]["authorization"] == "Bearer a-key-from-app-config"
    assert fake.received[0]["model"] == "model-of-the-app"


def test_the_pages_of_the_host_are_left_alone(host: Flask) -> None:
    client = host.test_client()

    assert client.get("/own").json == {"ours": False}
    assert "X-Request-ID" not in client.get("/own").headers
    assert client.get("/nowhere").text == "The host's own page"
    assert client.get("/health").status_code == 404


def test_errors_of_our_routes_are_ours_also_where_the_host_has_a_page(host: Flask) -> None:
    response = host.test_client().get("/api/interview/999", headers=ADMIN)

    assert (response.status_code, response.json["code"]) == (404, "not_found")
    assert response.headers["X-Request-ID"] == response.json["request_id"]
    assert host.test_client().get("/api/interview/999").json["code"] == "unauthenticated"


def test_what_the_host_or_its_extensions_refuse_is_said_in_their_words(host: Flask) -> None:
    host.config.update(SECRET_KEY="a secret of the host's")
    CSRFProtect(host)

    answer = host.test_client().post("/api/interview/jd/enhance", json={}, headers=ADMIN)

    assert (answer.status_code, answer.json["error"]) == (400, "The CSRF token is missing.")


def test_a_host_may_leave_its_tokens_to_its_own_forms(host: Flask) -> None:
    host.config.update(SECRET_KEY="a secret of the host's")
    CSRFProtect(host).exempt(interview_bp)

    answer = host.test_client().post("/api/interview/jd/enhance", json={}, headers=ADMIN)

    assert answer.json["details"]


@pytest.mark.parametrize("blueprints", [(), (operations_bp,), (operations_bp, interview_bp)])
def test_the_api_document_describes_what_the_host_has_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blueprints: tuple[Blueprint, ...]
) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'host.db'}"
    db.init_app(app)
    for blueprint in (documentation_bp, *blueprints):
        app.register_blueprint(blueprint)

    answer = app.test_client().get("/api/interview/openapi.json")

    assert answer.status_code == 200
    ours = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in app.blueprints}
    assert {re.sub(r"<(\w+:)?(\w+)>", r"{\2}", rule) for rule in ours} == set(answer.json["paths"])


def test_the_host_can_bring_its_own_authentication(host: Flask, fake: FakeClaude, requisition: Any) -> None:
    def authenticate(request: Request) -> Caller | None:
        token = request.headers.get("Authorization")
        return {"good": Caller("hanna", "Admin"), "weak": Caller("ingo", "interviewer")}.get(token or "")

    host.config["INTERVIEW_AUTHENTICATOR"] = authenticate
    client = host.test_client()

    def enhance(**headers: str) -> int:
        return client.post("/api/interview/jd/enhance", json=requisition, headers=headers).status_code

    assert enhance(Authorization="good") == 200
    assert enhance(Authorization="weak") == 403
    assert enhance(Authorization="bad") == 401
    assert enhance(**ADMIN) == 401
    assert client.get("/api/interview/req/x", headers={"Authorization": "weak"}).status_code == 200


def test_the_blueprint_may_be_registered_before_the_database(tmp_path: Path, requisition: Any) -> None:
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///:memory:"
    app.config["CLAUDE_MODE"] = "offline"
    app.config["FLASK_ENV"] = "development"
    app.register_blueprint(interview_bp)
    db.init_app(app)
    with app.app_context():
        db.create_all()
    with_starter_library(app)

    response = app.test_client().post("/api/interview/workflow/full", json=requisition, headers=ADMIN)

    assert response.status_code == 200
    assert response.json["library_questions"] == 5


def test_two_apps_in_one_process_keep_their_own_settings(
    tmp_path: Path, requisition: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    offline = make_host(tmp_path / "a", CLAUDE_MODE="offline")
    live = make_host(tmp_path / "b", CLAUDE_MODE="live")
    with_starter_library(offline)

    def enhance(app: Flask) -> int:
        return app.test_client().post("/api/interview/jd/enhance", json=requisition, headers=ADMIN).status_code

    assert (enhance(offline), enhance(live)) == (200, 503)


def test_the_hosts_own_settings_of_the_same_name_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_ENV", "development")
    app = Flask("host")
    app.config.update(LOG_LEVEL=10, RATE_LIMIT=5, SQLALCHEMY_DATABASE_URI=make_url(f"sqlite:///{tmp_path / 'h.db'}"))
    db.init_app(app)
    app.register_blueprint(interview_bp)
    with app.app_context():
        db.create_all()

    assert app.test_client().get("/api/interview/req/x", headers=ADMIN).status_code == 200


def test_unusable_settings_stop_the_host_at_registration(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="REQUEST_TIMEOUT"):
        make_host(tmp_path, REQUEST_TIMEOUT="soon")
