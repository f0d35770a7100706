"""The words of the sheet and of the room in each language: files in `labels/`, all with the same keys.

The language of an interview comes in, the words go out. An unknown language gets English ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

Labels = Mapping[str, Any]

LANGUAGES = ("en", "de", "es", "fr")


def label_language(language: str | None) -> str:
    """The language whose words an interview in this language gets.

    Args:
        language: a tag of BCP 47, such as `de-AT`, or None if it is not known.
    """
    primary = (language or "").replace("_", "-").split("-")[0].casefold()
    return primary if primary in LANGUAGES else LANGUAGES[0]


def labels_for(language: str | None) -> Labels:
    """The words for an interview in this language."""
    return _read(label_language(language))


@cache
def _read(language: str) -> Labels:
    text = files(__package__).joinpath("labels", f"{language}.json").read_text(encoding="utf-8")
    labels: Labels = json.loads(text)
    return labels
