"""Tracing is switched on from outside: one trace for a request, with a span for every call to Claude."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.test_jobs import WORKFLOW
from tests.support.fake_claude import FakeClaude
from tests.support.private_service import Service

INSTRUMENT = shutil.which("opentelemetry-instrument", path=str(Path(sys.executable).parent))


def spans(log: str) -> list[dict[str, Any]]:
    """What the console exporter has written, among other lines."""
    found, decoder, at = [], json.JSONDecoder(), 0
    while (at := log.find('{\n    "name"', at)) >= 0:
        span, length = decoder.raw_decode(log[at:])
        found.append(span)
        at += length
    return found


@pytest.mark.skipif(INSTRUMENT is None, reason="requirements-tracing.txt is not installed")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_workflow_is_one_trace_with_a_span_for_each_call_to_claude_and_no_text(
    tmp_path: Path, database_url: str, fake: FakeClaude, requisition: dict[str, Any]
) -> None:
    exporters = {"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    service = Service(tmp_path, database_url, fake.url, under=INSTRUMENT, WEB_CONCURRENCY="1", **exporters)
    try:
        marked = {**requisition, "basic_description": "XYZZY-description", "work_role": "XYZZY-role"}
        assert service.call(WORKFLOW, marked)[0] == 200
    finally:
        service.stop()  # a stop writes what has not been exported yet

    log = service.log.read_text()
    told = spans(log)
    (request_span,) = [span for span in told if span["name"] == f"POST {WORKFLOW}"]
    calls = [span for span in told if span["name"] == "anthropic.messages.create"]
    assert len(calls) == 6
    for call in calls:
        assert call["context"]["trace_id"] == request_span["context"]["trace_id"]
        assert call["parent_id"] == request_span["context"]["span_id"]
    assert "XYZZY" not in log
