"""How long each page takes and how much it weighs, over HTTP, among 1,000 requisitions.

`python -m benchmarks.pages` measures it alone, on SQLite.
"""

from __future__ import annotations

import http.client
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, select

from benchmarks.measuring import Row, bench_app, median, percentile
from models import Base, HistoryEntry, Interview, InterviewQuestion, JobDescription
from techscreen.storage.transactions import transaction
from tests.conftest import with_starter_library
from tests.support.fake_claude import FakeClaude
from tests.support.filled_service import Filled, fill
from tests.support.outline import compressed, weights
from tests.support.private_service import ADMIN, Service
from tests.support.served_pages import Live
from tests.workbench.all_pages import PAGES

REQUISITIONS, ROUNDS = 1_000, 20
MOST_MS, MOST_KB = 60, 60


def all_pages(database_url: str) -> list[Row]:
    """Each page among 1,000 requisitions, and the API's GET of an interview beside it."""
    with FakeClaude() as fake, tempfile.TemporaryDirectory() as folder:
        with bench_app(database_url, fake.url, CLAUDE_MODE="offline") as app:
            filled = fill(Live(with_starter_library(app), 0, fake))
            _multiply(app, filled.interviews["draft"], REQUISITIONS)
        settings = {"CLAUDE_MODE": "offline", "WORKBENCH": "True", "LOG_LEVEL": "ERROR"}
        service = Service(Path(folder), database_url, fake.url, port=None, under=None, **settings)
        try:
            return _rows(service.port, filled)
        finally:
            service.stop()


def _rows(port: int, filled: Filled) -> list[Row]:
    """Ask for everything in turn, so that whatever else the machine does slows all of it alike."""
    plain = f"/api/interview/{filled.interviews['draft']}"
    addresses = {page.name: page.address(filled) for page in PAGES if not page.is_translated}
    times: dict[str, list[float]] = {where: [] for where in (plain, *addresses.values())}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(ROUNDS + 2):
        for where, seen in times.items():
            started = time.perf_counter()
            _read(connection, where)
            if number > 1:  # the worker is warm
                seen.append(1000 * (time.perf_counter() - started))

    @cache
    def weigh(file: str) -> int:
        return compressed(_read(connection, file))

    heavy = {
        where: sum(weights(where, _read(connection, where).decode(), weigh).values()) / 1000
        for where in addresses.values()
    }
    connection.close()
    usual = median(times[plain])
    return [
        Row(
            f"page: {name}",
            f"p50 {median(times[where]):.0f} ms, p95 {percentile(times[where], 0.95):.0f} ms, {heavy[where]:.0f} kB,"
            f" {median(times[where]) / usual:.1f} x the API's GET of an interview ({usual:.0f} ms)",
            f"p50 <= {MOST_MS} ms, <= {MOST_KB} kB",
            median(times[where]) <= MOST_MS and heavy[where] <= MOST_KB,
        )
        for name, where in addresses.items()
    ]


def _read(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers=ADMIN)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path} was answered with {response.status}")
    return content


def _multiply(app: Flask, interview_id: int, wanted: int) -> None:
    """Copy a requisition, with its interview, questions and history, so many times."""
    with app.app_context(), transaction() as session:
        first = session.get_one(Interview, interview_id)
        description = _plain(session.get_one(JobDescription, first.job_description_id))
        interview, questions = _plain(first), [_plain(each) for each in first.questions]
        history = [_plain(each) for each in session.scalars(select(HistoryEntry).filter_by(req_id=first.req_id))]
        rows: dict[type[Base], list[dict[str, Any]]] = {
            table: [] for table in (JobDescription, Interview, InterviewQuestion, HistoryEntry)
        }
        for number in range(10_000, 10_000 + wanted):
            req_id = f"MANY-{number}"
            rows[JobDescription].append({**description, "id": number, "req_id": req_id})
            rows[Interview].append({**interview, "id": number, "req_id": req_id, "job_description_id": number})
            rows[InterviewQuestion] += [{**each, "interview_id": number} for each in questions]
            rows[HistoryEntry] += [{**each, "req_id": req_id, "subject_id": number} for each in history]
        for table, values in rows.items():
            session.execute(insert(table), values)


def _plain(row: Base) -> dict[str, Any]:
    return {each.key: getattr(row, each.key) for each in row.__table__.columns if each.key != "id"}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as here:
        for row in all_pages(f"sqlite:///{here}/pages.db"):
            print(f"{row.what}: {row.measured}{'' if row.reached else ' NOT REACHED'}")
