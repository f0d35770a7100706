"""A program that uses a copy of the service, in a folder of its own: `python run.py PACKAGE alone|host`.

Modules that are named like some of ours are beside it. With `alone` it serves the app of the copy; with `host` an app
of its own, whose database, `interviews` table, migrations and error pages were there before. What the service did comes
out as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

HOST_MODULES = ("auth", "config", "errors", "models")
OWN_PAGE = "There is no such page in the ATS."

for name in HOST_MODULES:
    assert import_module(name).OWNER == "host"
package = import_module(sys.argv[1])
loaded_by_the_package_alone = [name for name in sys.modules if name.startswith(f"{package.__name__}.")]


def part(name: str) -> Any:
    """A module of the copy."""
    return import_module(f".{name}", package.__name__)


def run(app: Flask, *arguments: str) -> None:
    """A command, as from a shell."""
    done = app.test_cli_runner().invoke(args=arguments)
    assert done.exit_code == 0, done.output


def alone() -> Flask:
    """The app of the copy."""
    # Another app is asked before, because each remembers its answer for a moment.
    tables = package.create_app().test_client().get("/health/ready").json["parts"]["migrations"]
    app: Flask = package.create_app()
    assert tables["message"] == "The tables are missing: run `flask techscreen db upgrade`."
    run(app, "techscreen", "db", "upgrade")
    run(app, "library", "load-starter")
    return app


def in_a_host() -> Flask:
    """An app of a host, with the service in it."""
    app = Flask("host")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{Path('host.db').resolve()}",
        SECRET_KEY="what the host signs with",
        TABLE_PREFIX="ts_",
    )
    db = SQLAlchemy()
    own = db.Table("interviews", db.metadata, db.Column("id", db.Integer, primary_key=True), db.Column("at", db.Text))
    db.init_app(app)
    package.init_app(app, db=db)
    for blueprint in ("interview_bp", "operations_bp", "documentation_bp", "workbench_bp"):
        app.register_blueprint(getattr(package, blueprint))
    app.register_error_handler(404, lambda _: (OWN_PAGE, 404))
    with app.app_context():
        own.create(db.engine)
        db.session.execute(own.insert().values(at="10:30"))
        db.session.commit()
    run(app, "techscreen", "db", "upgrade")
    run(app, "techscreen", "library", "load-starter")
    with app.app_context():
        assert db.session.execute(own.select()).all() == [(1, "10:30")]
        db.session.rollback()
    assert app.test_client().get("/nowhere").text == OWN_PAGE
    return app


admin = {"X-User-ID": "anna", "X-User-Role": "admin"}
app = {"alone": alone, "host": in_a_host}[sys.argv[2]]()
client = app.test_client()
labels_for = part("techscreen.workbench.labels").labels_for
made = client.post("/api/interview/workflow/full", json=json.load(sys.stdin), headers=admin)
address = f"/api/interview/{made.json['interview_id']}"
pages = f"/interviews/{made.json['interview_id']}"
form = client.get("/interviews/sign-in").text
token = re.findall(r'name="csrf_token" value="([^"]+)"', form)[0]
signed_in = client.post(
    "/interviews/sign-in", data={"csrf_token": token, "user_id": "anna", "role": "admin", "next": ""}
)
assert signed_in.status_code == 303, signed_in.text
print(
    json.dumps(
        {
            "owners": [sys.modules[name].OWNER for name in HOST_MODULES],
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
            "loaded_by_the_package_alone": loaded_by_the_package_alone,
            "made": [made.status_code, len(made.json["interview"]["questions"])],
            "migrations": client.get("/health/ready").json["parts"]["migrations"]["status"],
            "pages": {
                page: client.get(page).status_code
                for page in ("/interviews/", "/interviews/static/workbench.css", f"{pages}/sheet", f"{pages}/room")
            },
            "paths": sorted(client.get("/api/interview/openapi.json").json["paths"]),
            "documentation": client.get("/api/interview/docs").status_code,
            "exports": {
                form: client.get(f"{address}/export?format={form}", headers=admin).status_code
                for form in ("markdown", "csv", "json")
            },
            "has_labels": labels_for("de") != labels_for("en"),
            "has_samples": bool(part("techscreen.workbench.samples").sample_texts("junior-developer")),
        }
    )
)
