"""The Celery worker's entry, but the first job that it begins holds the interpreter for ever."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from celery_app import celery, runtime

__all__ = ["celery"]

hung = Path(os.environ["HUNG_ONCE"])
run = runtime.runner.run


def hang_once(attempt: Any, *, listens: bool) -> Any:
    if not hung.exists():
        hung.touch()
        re.match("(a+)+$", "a" * 60 + "b")
    return run(attempt, listens=listens)


runtime.runner.run = hang_once  # type: ignore[method-assign]
