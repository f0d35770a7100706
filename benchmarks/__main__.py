"""Run all benchmarks and print their tables: `make bench`.

`--save` writes them into benchmarks/README.md too; `--quick` leaves out the workflows at Claude's real pace and the
soak, which `python -m benchmarks.soak` runs alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import conftest  # noqa: F401  # the guard against paid calls
from benchmarks import cache_lookup, checks_time, many_at_once, pages, reading, soak, workflow_time
from benchmarks.measuring import Row, speed
from benchmarks.topic_matching import topic_matching
from tests.support.private_servers import mariadb_is_installed, private_mariadb

README = Path(__file__).parent / "README.md"
MARK = "<!-- table: written by `python -m benchmarks --save` -->\n"


def main() -> None:
    """Measure, print, and save if asked to."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument("--save", action="store_true", help="write the tables into benchmarks/README.md, too")
    asked.add_argument("--quick", action="store_true", help="leave out Claude's real pace and the soak")
    given = asked.parse_args()
    with database() as (name, url):
        rows: list[Row] = []
        for benchmark in (
            workflow_time.own_time,
            checks_time.checks_of_a_workflow,
            reading.get_interview,
            pages.all_pages,
            cache_lookup.interview_from_cache,
            cache_lookup.cache_lookup,
            *(
                ()
                if given.quick
                else (workflow_time.against_claude, many_at_once.two_hundred_and_more, soak.mixed_load)
            ),
        ):
            print(f"... {benchmark.__doc__}", file=sys.stderr, flush=True)
            rows += benchmark(url)
    table = _table(rows, name) + "\n## Topics\n\n" + topic_matching() + "\n"
    print(table)
    if given.save:
        README.write_text(README.read_text().partition(MARK)[0] + MARK + "\n" + table)


@contextmanager
def database() -> Iterator[tuple[str, str]]:
    """A private MariaDB, or a SQLite file where none is installed: its name and its address."""
    if mariadb_is_installed():
        with private_mariadb() as server:
            yield "MariaDB", server.new_database("techscreen_bench")
        return
    print("MariaDB is not installed: measuring on SQLite instead.", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        yield "SQLite", f"sqlite:///{folder}/bench.db"


def _table(rows: list[Row], database: str) -> str:
    load = os.getloadavg()[0]
    lines = [
        f"{date.today()}, Python {platform.python_version()}, {database}, load {load:.1f}, {os.cpu_count()} cores of "
        f"{speed():.0f} million loop turns a second",
        "",
        "| what | measured | target | reached |",
        "|---|---|---|---|",
        *(f"| {row.what} | {row.measured} | {row.target} | {'yes' if row.reached else 'NO'} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
