"""A host app around a copy of the service, run as a program in a folder of its own: `python run.py PACKAGE`.

The host's modules are beside it, and are named like some of ours. What the copy did comes out as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from typing import Any

from alembic import command
from flask import Flask

HOST_MODULES = ("auth", "config", "errors", "models")
for name in HOST_MODULES:
    assert import_module(name).OWNER == "host"

package = import_module(sys.argv[1])
loaded_by_the_package_alone = [name for name in sys.modules if name.startswith(f"{package.__name__}.")]

admin = {"X-User-ID": "anna", "X-User-Role": "admin"}
requisition = json.load(sys.stdin)


def part(name: str) -> Any:
    """A module of the copy."""
    return import_module(f".{name}", package.__name__)


command.upgrade(part("techscreen.storage.migration_environment").alembic_config(), "head")
app = package.create_app()
with app.app_context():
    part("techscreen.library.starter").load_starter("host")
client = app.test_client()
labels_for = part("techscreen.workbench.labels").labels_for
made = client.post("/api/interview/workflow/full", json=requisition, headers=admin)
address = f"/api/interview/{made.json['interview_id']}"
pages = f"/interviews/{made.json['interview_id']}"
form = client.get("/interviews/sign-in").text
token = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', form)[0]
signed_in = client.post(
    "/interviews/sign-in", data={"csrf_token": token, "user_id": "anna", "role": "admin", "next": ""}
)
assert signed_in.status_code == 303, signed_in.text

host = Flask("host")
host.config.update(SQLALCHEMY_DATABASE_URI=app.config["SQLALCHEMY_DATABASE_URI"])
package.init_app(host)
if "interview" not in host.blueprints:
    host.register_blueprint(package.interview_bp)

print(
    json.dumps(
        {
            "loaded_by_the_package_alone": loaded_by_the_package_alone,
            "modules": sorted({name.partition(".")[0] for name in sys.modules}),
            "owners": [sys.modules[name].OWNER for name in HOST_MODULES],
            "version": package.__version__,
            "made": [made.status_code, len(made.json["interview"]["questions"])],
            "ready": client.get("/health/ready").json["parts"],
            "pages": {
                page: client.get(page).status_code
                for page in (
                    "/interviews/",
                    "/interviews/static/workbench.css",
                    f"{pages}/sheet",
                    f"{pages}/room",
                )
            },
            "paths": sorted(client.get("/api/interview/openapi.json").json["paths"]),
            "documentation": client.get("/api/interview/docs").status_code,
            "exports": {
                form: client.get(f"{address}/export?format={form}", headers=admin).status_code
                for form in ("markdown", "csv", "json")
            },
            "has_labels": labels_for("de") != labels_for("en"),
            "has_samples": bool(part("techscreen.workbench.samples").sample_texts("junior-developer")),
            "in_the_host": host.test_client().get(address, headers=admin).status_code,
        }
    )
)
