"""What goes into the image: .dockerignore read by its rules, as Docker is not at hand to say it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import PROJECT_FOLDER

# Names of what people leave beside the code, and of what tools do.
SECRET_OR_USELESS = """
    .env .env.production .env.example .env.local.bak techscreen/.env .git/config .git/objects/aa/bb .ci/run
    .venv/bin/python venv/bin/python techscreen.sql techscreen-2026-11-24.sql.gz
    techscreen/techscreen.sql.gz backup.dump dump.gz
    techscreen/backup.dump migrations/backup.sql techscreen.db techscreen.db-wal techscreen/techscreen.db techscreen.log
    techscreen/techscreen.log.1 secrets.json id_rsa key.pem spool/mail/1 instance/techscreen.db
    evals/runs/a/results.json tests/conftest.py test_services.py conftest.py benchmarks/measuring.py
    __pycache__/app.cpython-311.pyc
    migrations/versions/__pycache__/x.pyc techscreen/__pycache__/x.pyc .pytest_cache/v/x .mypy_cache/x REQ-20418.json
    compose.yaml deploy/nginx.conf docs/prompts.md README.md notes.txt
    techscreen/checks/examples/personal_t.jsonl scripts/train_checks.py scripts/screenshots.py
""".split()


def ignored(path: str) -> bool:
    """Whether Docker leaves a file out: the last rule that fits it or a folder above it decides."""
    parts = path.split("/")
    above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    out = False
    for line in (PROJECT_FOLDER / ".dockerignore").read_text().splitlines():
        rule = line.strip()
        if rule and not rule.startswith("#"):
            pattern = re.escape(rule.lstrip("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
            if any(re.fullmatch(pattern, each) for each in above):
                out = not rule.startswith("!")
    return out


def test_nothing_goes_into_the_image_that_the_service_does_not_run_on() -> None:
    assert [path for path in SECRET_OR_USELESS if not ignored(path)] == []


def test_all_that_the_service_runs_on_is_in_the_image() -> None:
    not_served = {"conftest.py", "test_services.py"}
    modules = [path for path in PROJECT_FOLDER.glob("*.py") if path.name not in not_served]
    folders = [path for name in ("techscreen", "migrations", "scripts") for path in (PROJECT_FOLDER / name).rglob("*")]
    others = [PROJECT_FOLDER / name for name in ("alembic.ini", "requirements.txt", "gunicorn.conf.py")]
    development = {PROJECT_FOLDER / "scripts" / name for name in ("train_checks.py", "screenshots.py")}
    parts = {"__pycache__", "examples"}  # what is left by Python, and what the checks were learnt from
    files = {path for path in (*modules, *folders, *others) if parts.isdisjoint(path.parts) and path.is_file()}
    needed = files - development

    assert len(needed) > 100
    assert sorted(str(path) for path in needed if ignored(path.relative_to(PROJECT_FOLDER).as_posix())) == []


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_an_image_is_named_by_its_exact_version(name: str) -> None:
    text = Path(PROJECT_FOLDER / name).read_text()
    images = re.findall(r"(?m)^(?:FROM| +image:) (\S+)", text)

    assert images
    for image in images:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+(-[a-z-]+)?", image), image
