"""Names in the environment, `.env` or `app.config` that look like a setting but are none: names in, sentences out.

Only names are looked at; no value is ever read or shown. Most of an environment belongs to others, so a name must be
nearly that of a setting, or begin as only ours do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
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
CLOSE, CLOSE_OF_OURS = 0.88, 0.8
MIN_LENGTH, MAX_NAME, MAX_NAMED = 6, 64, 20


def unknown_settings(names: Iterable[str]) -> list[str]:
    """A sentence for each name that was probably meant to be a setting, in the order of the names.

    Args:
        names: of the environment and of `.env`.
    """
    known = {*setting_names(), *OF_LIBRARIES}
    found = [sentence for name in _each_once(names) if (sentence := _sentence(name, known, name.startswith(OURS)))]
    return found[:MAX_NAMED]


def unknown_in_config(names: Iterable[str], prefix: str, of_others: Collection[str]) -> list[str]:
    """The same for the names in the config of a host app, whose own settings are there, too.

    Args:
        names: of the config.
        prefix: what a name that is certainly ours begins with.
        of_others: settings of ours that are only read with the prefix.
    """
    known = {*setting_names(), *OF_LIBRARIES}
    ours, found = {prefix + name for name in setting_names()}, []
    for name in _each_once(names):
        if name.startswith(prefix):
            sentence = _sentence(name, ours, is_ours=True, prefix=prefix)
        else:
            sentence = _sentence(name, known - set(of_others), is_ours=False) if name not in of_others else None
        found += [f"In app.config: {sentence}"] if sentence else []
    return found[:MAX_NAMED]


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.upper() for name in names))


def _sentence(name: str, known: set[str], is_ours: bool, prefix: str = "") -> str | None:
    """What is to be said of a name; None if it is known, or plainly another's."""
    if name in known or not MIN_LENGTH <= len(name) <= MAX_NAME or not name.isprintable() or _OF_OTHERS.fullmatch(name):
        return None
    meant = _closest(name, known, CLOSE_OF_OURS if is_ours else CLOSE, len(prefix))
    if meant:
        return f"{name} is not a setting, and has no effect; did you mean {meant}?"
    return f"{name} is not a setting, and has no effect." if is_ours else None


def unknown_settings_here() -> list[str]:
    """The same for this process's environment and the `.env` file that its settings are read from."""
    file = Settings.model_config.get("env_file")
    of_file = dotenv_values(file) if isinstance(file, Path) and file.is_file() else {}
    return unknown_settings([*of_file, *os.environ])  # noqa: TID251  # their names alone


def _closest(name: str, known: set[str], least: float, start: int) -> str | None:
    """The known name that is like this one from a place on, since what all begin with makes none alike."""
    by_rest = {each[start:]: each for each in sorted(known)}
    close = [by_rest[rest] for rest in get_close_matches(name[start:], by_rest, 3, least)]
    # Two letters that have changed places are the likeliest slip.
    same_letters = [each for each in close if sorted(each) == sorted(name)]
    return next(iter(same_letters or close), None)
