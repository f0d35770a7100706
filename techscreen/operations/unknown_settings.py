"""Names in the environment or in `.env` that look like a setting but are none: names come in, sentences go out.

Only names are looked at; no value is ever read or shown. Most of an environment belongs to others, so a name must be
nearly that of a setting, or begin as only ours do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from config import Settings, setting_names

# Not in config.py, but they have an effect here: of gunicorn, Flask and Prometheus's client.
OF_LIBRARIES = ("WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "FLASK_APP", "FLASK_DEBUG", "PROMETHEUS_MULTIPROC_DIR")
OURS = ("CLAUDE_", "CACHE_", "WORKBENCH_", "TECHSCREEN_", "DAILY_TOKEN_", "GENERATION_RATE_")
# What else begins so: Claude Code, Flask-Caching, and what Kubernetes and Docker set for a service of such a name.
_OF_OTHERS = re.compile(
    r"CLAUDECODE|CLAUDE_(?:CODE|CONFIG|PROJECT|ENV|AGENT|PLUGIN|BASH|AUTO|STREAM|SESSION|TMP|SKILL|IDE|DISABLE|ENABLE|ASYNC)\w*"
    r"|CACHE_(?:TYPE|DEFAULT_TIMEOUT|KEY_PREFIX|REDIS\w*|DIR|THRESHOLD|OPTIONS|ARGS|MEMCACHED\w*|IGNORE_ERRORS"
    r"|NO_NULL_WARNING|SOURCE_CHECK|URL|LOCATION|BACKEND|HOME)"
    r"|\w+_SERVICE_(?:HOST|PORT\w*)|(?:CLAUDE|CACHE|WORKBENCH|TECHSCREEN)_PORT|\w+_PORT_\d+_(?:TCP|UDP|SCTP)\w*"
)
# How alike two names must be, 0 to 1. DATABASE_URL and TEST_DATABASE_URL are not.
CLOSE = 0.88
MIN_LENGTH, MAX_NAME, MAX_NAMED = 6, 64, 20


def unknown_settings(names: Iterable[str]) -> list[str]:
    """A sentence for each name that was probably meant to be a setting, in the order of the names.

    Args:
        names: of the environment and of `.env`.
    """
    known = {*setting_names(), *OF_LIBRARIES}
    sentences = []
    for name in dict.fromkeys(name.upper() for name in names):
        if name in known or len(name) < MIN_LENGTH or len(name) > MAX_NAME or not name.isprintable():
            continue
        if _OF_OTHERS.fullmatch(name):
            continue
        meant = _closest(name, known)
        if meant:
            sentences.append(f"{name} is not a setting, and has no effect; did you mean {meant}?")
        elif name.startswith(OURS):
            sentences.append(f"{name} is not a setting, and has no effect.")
    return sentences[:MAX_NAMED]


def unknown_settings_here() -> list[str]:
    """The same for this process's environment and the `.env` file that its settings are read from."""
    file = Settings.model_config.get("env_file")
    of_file = dotenv_values(file) if isinstance(file, Path) and file.is_file() else {}
    return unknown_settings([*of_file, *os.environ])  # noqa: TID251  # their names alone


def _closest(name: str, known: set[str]) -> str | None:
    close = get_close_matches(name, sorted(known), 3, CLOSE)
    # Two letters that have changed places are the likeliest slip.
    same_letters = [each for each in close if sorted(each) == sorted(name)]
    return next(iter(same_letters or close), None)
