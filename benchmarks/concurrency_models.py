"""Ways to hold many slow Claude calls in flight on one node: `python -m benchmarks.concurrency_models 200 500`.

Each figure has a gunicorn of its own, whose workers have made a first call already, and a fake Claude of its own. All
workflows, of five parallel calls each, are sent at once. Memory is the maximum of one sample a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.concurrency_app import CALLS, THREADS, TIMEOUT
from benchmarks.processes import cpu_seconds, family, megabytes
from config import PROJECT_FOLDER
from tests.support.private_servers import free_port

WORKERS = 2
START_SECONDS = 60
# A name for the table; gunicorn's worker, the model of `concurrency_app`, and over how many clients calls are spread.
SETUPS = {
    "threads, 1 client": ("gthread", "threads", 1),
    "threads, 32 clients": ("gthread", "threads", 32),
    "asyncio loop, 32 clients": ("gthread", "asyncio", 32),
    "asyncio loop, aiohttp, 32 clients": ("gthread", "aiohttp", 32),
    "asyncio loop, aiohttp, 1 client": ("gthread", "aiohttp", 1),
    "gevent, 32 clients": ("gevent", "gevent", 32),
}


def main() -> None:
    """Measure all set-ups and print the table; progress goes to stderr."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[200, 500], help="workflows at once")
    parser.add_argument("--first-token", type=float, default=10.0, help="seconds that Claude takes for an answer")
    parser.add_argument("--only", default="", help="only setups whose name contains this")
    options = parser.parse_args()
    # So that everything is stopped, however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))

    print(f"Each call takes {options.first_token:g} s; {WORKERS} workers; load before: {os.getloadavg()[0]:.2f}.")
    print("Wall s / CPU s / memory in MB: sum of RSS, sum of PSS / succeeded.\n")
    print("| model |" + "".join(f" {count} workflows |" for count in options.counts))
    print("|---|" + "---|" * len(options.counts), flush=True)
    for name in SETUPS:
        if options.only in name:
            cells = [_measured(name, count, options.first_token) for count in options.counts]
            print("| " + " | ".join([name, *cells]) + " |", flush=True)


def _measured(name: str, count: int, first_token: float) -> str:
    """A cell of the table."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _fake_claude(first_token) as (fake, claude),
        _fake_claude(0) as (_, quick),
    ):
        log = Path(folder) / "log"
        try:
            with _service(name, claude, quick, log) as (service, port):
                before, fake_before = cpu_seconds(service), cpu_seconds(fake)
                started = time.perf_counter()
                answered, rss, pss = asyncio.run(_at_once(count, port, service))
                wall = time.perf_counter() - started
                cpu, fake_cpu = cpu_seconds(service) - before, cpu_seconds(fake) - fake_before
        except RuntimeError as error:
            print(f"... {name}: {error}", file=sys.stderr)
            return "did not start"
        failed = answered.pop(0, 0)
        told = f"workers answered {sorted(answered.values())}, {failed} failed, fake Claude {fake_cpu:.1f} CPU s"
        print(f"... {name}, {count}: {told}", log.read_text()[-2000:] if failed else "", file=sys.stderr, flush=True)
    return f"{wall:.1f} / {cpu:.1f} / {rss:.0f}, {f'{pss:.0f}' if pss else '?'} / {answered.total()}"


async def _at_once(count: int, port: int, service: int) -> tuple[Counter[int], float, float]:
    """How many workflows each worker answered (0: failed ones), and the peak memory."""

    async def watch() -> None:
        nonlocal rss, pss
        while True:
            rss, pss = (
                max(rss, sum(megabytes(pid) for pid in family(service))),
                max(pss, sum(megabytes(pid, "smaps_rollup", "Pss") for pid in family(service))),
            )
            await asyncio.sleep(1)

    rss = pss = 0.0
    watching = asyncio.create_task(watch())
    answered = Counter(await asyncio.gather(*(_workflow(port) for _ in range(count))))
    watching.cancel()
    return answered, rss, pss


async def _workflow(port: int) -> int:
    """The process id of the worker that answered; 0 after a failure."""
    try:
        async with asyncio.timeout(TIMEOUT + 60):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET / HTTP/1.1\r\nHost: benchmark\r\nConnection: close\r\n\r\n")
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            finally:
                writer.close()
        answer = json.loads(body) if head.startswith(b"HTTP/1.1 200 ") else {"questions": []}
        written = sum(bool(question["question_text"]) for question in answer["questions"])
        return int(answer["pid"]) if written == CALLS else 0
    except (OSError, TimeoutError, ValueError, KeyError):
        return 0


@contextmanager
def _service(name: str, claude: str, quick: str, log: Path) -> Iterator[tuple[int, int]]:
    """The process id of gunicorn's master, and the port."""
    worker, model, clients = SETUPS[name]
    port = free_port()
    command = [
        *("gunicorn", "--bind", f"127.0.0.1:{port}", "--pythonpath", str(PROJECT_FOLDER), "--no-control-socket"),
        *("--workers", str(WORKERS), "--worker-class", worker, "--threads", str(THREADS), "--log-level", "warning"),
        # None of these may limit what is measured.
        *("--worker-connections", "10000", "--timeout", str(TIMEOUT), "--graceful-timeout", "3"),
        f"benchmarks.concurrency_app:create({model!r}, {clients}, {claude!r}, {quick!r})",
    ]
    with (
        log.open("w") as output,
        # In a folder that has no gunicorn.conf.py.
        _python(command, log.parent, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        deadline = time.monotonic() + START_SECONDS
        while log.read_text().count("ready: ") < WORKERS:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()[-2000:])
            time.sleep(0.1)
        yield process.pid, port


@contextmanager
def _fake_claude(first_token: float) -> Iterator[tuple[int, str]]:
    """Its process id and address."""
    command = ["tests.support.fake_claude", "0", str(first_token), "0"]
    with _python(command, PROJECT_FOLDER, stdout=subprocess.PIPE) as process:
        yield process.pid, process.stdout.readline().strip()


@contextmanager
def _python(module: list[str], folder: Path, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """A module run in a process, which is stopped at the end together with its children, if need be by force."""
    # A proxy would stand between the service and the fake.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [sys.executable, "-m", *module]
    with subprocess.Popen(command, cwd=folder, env=environment, text=True, **streams) as process:
        try:
            yield process
        finally:
            members = family(process.pid) if process.poll() is None else []
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                for pid in members:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
