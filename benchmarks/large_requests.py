"""What the largest requests cost in CPU time of the service: accepted bodies of 1 MiB, made to be slow.

`python -m benchmarks.large_requests` answers them in the offline mode, where all texts are read, and against the fake
Claude, whose CPU time is counted too.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import conftest  # noqa: F401  # the guard against paid calls
from benchmarks.measuring import ADMIN, bench_app, fresh_app, speed
from prompts import WORK_FIELDS
from techscreen.checks.answers import warm_up
from techscreen.library.starter import load_starter
from tests.support.fake_claude import FakeClaude

BODY = 1_048_576
FIELD = 16_000
FIELDS = ("basic_description", *WORK_FIELDS)


def bodies() -> Iterator[tuple[str, bytes]]:
    """Bodies of 1 MiB by what is slow about them."""
    items = [f"item{number} of Kafka" for number in range(FIELD)]
    texts = {
        "four-byte letters": "😀" * (FIELD - 20) + " engineer",
        "names": "'A" * (FIELD // 2),
        "short words": "a a " * (FIELD // 4),
        "spelled out": "i g n " * (FIELD // 6),
        "marks upon one letter": "e" + "\u0316\u0301" * (FIELD // 2 - 1),
        "ligatures": "ﷺ" * FIELD,
        "a list in lines": "\n- ".join(items),
        "a list with commas": ", ".join(items),
        "a list with semicolons": "; ".join(items),
        "a list of single letters": "; ".join(f"{number}x" for number in range(FIELD)),
        "sentences": ". ".join(f"Own service {number}" for number in range(FIELD)),
        "technologies": "Go, Kafka and Spring Boot, " * FIELD,
        "bare lines": "a-" + "\n" * (FIELD - 3) + "b",
    }
    for name, text in texts.items():
        yield name, _body(dict.fromkeys(FIELDS, text[:FIELD]))
    plain: dict[str, Any] = dict.fromkeys(map(str, FIELDS), "Builds and runs our payment service in Python and Kafka.")
    yield "unknown lists", _body(plain | {"more": [[]] * 250_000})
    yield "unknown keys", _body(plain | {f"k{number}": 0 for number in range(70_000)})
    deep: list[Any] = []
    for _ in range(190):
        deep = [deep]
    yield "unknown depth", _body(plain | {"more": [deep] * 2_500})
    yield "unknown text", _body(plain)


def _body(fields: dict[str, Any]) -> bytes:
    """A body of 1 MiB; an unknown field fills what the others leave."""
    content = {"req_id": "R", "basic_title": "Senior Engineer", **fields}
    return json.dumps(content | {"unknown": "x" * (BODY - 40 - len(json.dumps(content)))})[:BODY].encode()


def main() -> None:
    """Answer all of them, and print what each took."""
    warm_up()
    print(f"{speed():.0f} million loop turns a second")
    with tempfile.TemporaryDirectory() as folder, FakeClaude() as fake:
        offline = {"FLASK_ENV": "testing", "CLAUDE_MODE": "offline", "LOG_LEVEL": "ERROR"}
        for mode, opened in (
            ("offline", fresh_app(offline | {"DATABASE_URL": f"sqlite:///{folder}/offline.db"})),
            ("fake", bench_app(f"sqlite:///{folder}/fake.db", fake.url)),
        ):
            with opened as app:
                if mode == "offline":
                    with app.app_context():
                        load_starter("a benchmark")
                for number, (name, body) in enumerate(bodies()):
                    body = body.replace(b'"R"', f'"R{number}"'.encode(), 1)
                    started = time.process_time()
                    answer = app.test_client().post(
                        "/api/interview/workflow/full", data=body, headers=ADMIN, content_type="application/json"
                    )
                    seconds = time.process_time() - started
                    print(f"{seconds:7.2f} s  {mode:8} {name:26} HTTP {answer.status_code}", flush=True)


if __name__ == "__main__":
    main()
