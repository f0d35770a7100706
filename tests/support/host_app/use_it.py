"""Uses the host app with the service in it, as its developers and users would, and prints what it saw as JSON.

Arguments: `own` lets `flask techscreen db upgrade` make our tables; `together` has them in the host's Alembic history.
"""

import json
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

import models
from app import create_app

BODY = {
    "req_id": "REQ-1",
    "basic_title": "Python engineer",
    "basic_description": "We need an engineer who builds Python services over PostgreSQL and runs them on Kubernetes.",
}
app = create_app()
runner = app.test_cli_runner()
seen = {}
ours_too = sys.argv[1] == "together"


def alembic(name, *arguments, **options):
    """A command of the host's own Alembic."""
    with models.db.engine.begin() as connection:
        config = Config(attributes={"connection": connection, "metadata": models.db.metadata, "ours_too": ours_too})
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        return getattr(command, name)(config, *arguments, **options)


def flask(*arguments):
    ended = runner.invoke(args=arguments)
    assert ended.exit_code == 0, (arguments, ended.output, ended.exception)
    return ended.output


with app.app_context():
    alembic("upgrade", "001")
    if ours_too:
        alembic("revision", "the service", autogenerate=True, rev_id="002")
        alembic("upgrade", "head")
    else:
        seen["upgrade"] = flask("techscreen", "db", "upgrade")
    alembic("check")
    with models.db.engine.connect() as connection:
        seen["tables"] = inspect(connection).get_table_names()
        seen["revision_of_the_host"] = connection.scalar(text("SELECT version_num FROM alembic_version"))
        seen["names"] = sorted(
            item["name"]
            for table in seen["tables"]
            if table.startswith("ts_")
            for items in (
                inspect(connection).get_indexes(table),
                inspect(connection).get_unique_constraints(table),
                inspect(connection).get_foreign_keys(table),
            )
            for item in items
        )
    models.db.session.add_all(
        models.User(name=name, job=job) for name, job in (("hanna", "head of recruiting"), ("ian", "engineer"))
    )
    models.db.session.commit()

seen["library"] = flask("techscreen", "library", "load-starter")
seen["doctor"] = flask("techscreen", "doctor")

client = app.test_client()
answer = client.post("/api/interview/workflow/full", json=BODY)
seen["stranger"] = [answer.status_code, answer.json["code"]]
client.post("/login", data={"name": "ian"})
seen["interviewer"] = client.post("/api/interview/workflow/full", json=BODY).status_code
client.post("/login", data={"name": "hanna"})
answer = client.post("/api/interview/workflow/full", json=BODY)
seen["admin"] = [answer.status_code, len(answer.json["interview"]["questions"])]
seen["appointment"] = client.post("/interviews", data={"candidate": "Carla"}).json["id"]
seen["pages"] = [client.get(path).text for path in ("/nowhere", "/broken")]
answer = client.get("/api/interview/999")
seen["ours"] = [answer.status_code, answer.json["code"]]
statuses = [client.get("/api/interview/requisitions").status_code for _ in range(45)]
seen["limited"] = statuses.count(429)
assert set(statuses) == {200, 429}, statuses
seen["own_routes"] = {client.get("/nowhere").status_code for _ in range(45)} == {404}
with app.app_context(), models.db.engine.connect() as connection:
    counts = [f"SELECT count(*) FROM {table}" for table in ("interviews", "ts_interviews")]
    seen["rows"] = [connection.scalar(text(count)) for count in counts]
if not ours_too:
    seen["down"] = flask("techscreen", "db", "downgrade", "base")
    with app.app_context(), models.db.engine.connect() as connection:
        seen["left"] = sorted(inspect(connection).get_table_names())
print(json.dumps(seen))
