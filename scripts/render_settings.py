"""Writes docs/settings.md: every setting with its default, from `config.py`, in the groups of `.env.example`.

Run it with `make settings` after a change of either; a test fails when the page is out of date.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from pydantic import SecretStr

from config import PROJECT_FOLDER, Settings

PAGE = PROJECT_FOLDER / "docs" / "settings.md"
HEAD = """# Settings

Written by `make settings` from `config.py`; a test fails when it is out of date.

Settings come from the environment or from `.env` beside the code; the environment wins. In a host app, its `app.config`
wins over both. `.env.example` says more about each: copy it to `.env` and fill it in. All problems are reported at once
when the service starts, by the names of the settings, and no message holds a password or a key. A migration reads only
`FLASK_ENV` and `DATABASE_URL`. `make doctor` says whether what is set can work.

gunicorn's number of processes is `WEB_CONCURRENCY` (2), as usual.
"""
# Defaults that are too long for a table, or are worked out.
SHOWN = {"claude_prices": "current models", "database_url": "a SQLite file", "workbench": "in development"}


def rendered() -> str:
    """The whole page."""
    example = (PROJECT_FOLDER / ".env.example").read_text(encoding="utf-8")
    lines = [HEAD]
    for group in re.split(r"(?m)^# --- ", example)[1:]:
        title, _, text = group.partition(" ---\n")
        lines += [f"## {title}", "", "| name | default | |", "|---|---|---|"]
        for name in re.findall(r"(?m)^#?\s?([A-Z_]+)=", text):
            field = Settings.model_fields.get(name.lower())
            if field is not None:
                default = SHOWN.get(name.lower()) or _default(field.default)
                lines.append(f"| `{name}` | {default} | {(field.description or '').replace('|', chr(92) + '|')} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _default(value: Any) -> str:
    """A default as somebody would write it into `.env`; empty if there is none."""
    if value is None or value == "" or value == () or isinstance(value, SecretStr):
        return ""
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`"
    return f"`{value.isoformat() if isinstance(value, date) else value}`"


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
