"""Reads JSON that may hold anything: what is missing or of another type is None."""

from __future__ import annotations

import json
from typing import Any


def field(value: Any, *names: str) -> Any:
    """The value under these nested names."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_or_none(value: Any) -> str | None:
    """The value, if it is a string."""
    return value if isinstance(value, str) else None


def json_or_none(text: str) -> Any:
    """The value that a text holds, if it is JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
