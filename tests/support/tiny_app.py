"""A WSGI app that is there at once: for tests of the server around it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from techscreen.server.hang_watch import watch_for_hangs

LARGE = 8_000_000

watch_for_hangs(1)
time.sleep(0.3)  # long enough to be stopped while it is loaded


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer by path: what was sent, slowly, much, or never."""
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    if environ["PATH_INFO"] == "/large":
        body = bytes(LARGE)
    if environ["PATH_INFO"] == "/hang":
        re.match("(a+)+$", "a" * 40 + "b")
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
