"""Whether nobody is at work on a row, on both databases."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from models import GenerationLog, ServiceProcess, utc_now
from techscreen.storage.liveness import WorkUnderWay, this_process_id
from techscreen.storage.transactions import transaction

SILENCE = timedelta(seconds=30)


class Worker:
    """Whoever is at work on a row, as long as it lives."""


def test_a_row_is_orphaned_if_its_process_is_dead_unknown_or_does_not_know_of_it(app: Flask) -> None:
    now, own = utc_now(), this_process_id()
    owners = {
        "nobody": None,
        "a process without a row": "gone",
        "a silent process": "silent",
        "a living process": "living",
        "this process, at work": own,
        "this process, that has just begun": own,
        "this process, that knows nothing of it": own,
    }
    written = {"model": "m", "prompt_version": "p"}
    ids = {owner: number for number, owner in enumerate(owners, start=1)}
    with app.app_context():
        with transaction() as session:
            beats = {"silent": now - 2 * SILENCE, "living": now, own: now}
            session.add_all(ServiceProcess(id=name, heartbeat_at=beat) for name, beat in beats.items())
            for owner, process_id in owners.items():
                begun = now if "just" in owner else now - 3 * SILENCE
                row = {
                    "operation_type": "jd_enhancement",
                    "req_id": owner,
                    "user_id": "u",
                    "started_at": begun,
                    **written,
                }
                session.add(GenerationLog(id=ids[owner], status="in_progress", process_id=process_id, **row))
        work = WorkUnderWay(GenerationLog.process_id, GenerationLog.started_at, GenerationLog.id)
        worker = Worker()
        work.add(ids["this process, at work"], worker)
        with transaction() as session:
            found = session.scalars(select(GenerationLog.req_id).where(work.is_orphaned(now - SILENCE)))
            assert {*found} == {
                "nobody",
                "a process without a row",
                "a silent process",
                "this process, that knows nothing of it",
            }
        del worker
        with transaction() as session:
            found = session.scalars(select(GenerationLog.req_id).where(work.is_orphaned(now - SILENCE)))
            assert "this process, at work" in {*found}
