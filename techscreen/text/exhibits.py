"""Questions whose exhibit stands in the same text: put together, taken apart, and what of them is compared.

Texts come in and go out. `shown` is the text of the exhibit, None for a question without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MIN_TELLING_WORDS = 25  # of what is said: fewer tell a question with an exhibit from no other


def with_exhibit(spoken_text: str, shown: str | None) -> str:
    """A question as one text in Markdown: what is said aloud, then what is looked at."""
    return spoken_text if shown is None else f"{spoken_text}\n\n{_in_a_block(shown)}"


def spoken_part(question_text: str, shown: str | None) -> str:
    """What is said aloud of a question that is one text."""
    return question_text if shown is None else question_text.removesuffix(f"\n\n{_in_a_block(shown)}")


def text_to_compare(question_text: str, shown: str | None) -> str:
    """What makes a question another one: what is said aloud, and what is shown where little is said."""
    spoken = spoken_part(question_text, shown)
    return spoken if len(spoken.split()) >= MIN_TELLING_WORDS else question_text


def shown_text(exhibit: Mapping[str, Any] | None) -> str | None:
    """The text of an exhibit as tables keep it."""
    return None if exhibit is None else exhibit["text"]


def without_fence(text: str) -> str:
    """A text without the lines of a code block around it, and without blank lines there."""
    lines = text.strip().split("\n")
    mark = lines[-1].strip()
    is_fenced = len(lines) > 2 and mark in ("```", "````", "~~~") and lines[0].startswith(mark)
    return ("\n".join(lines[1:-1]) if is_fenced else text).strip("\r\n").rstrip()


def _in_a_block(shown: str) -> str:
    """A block in which nothing is Markdown and columns stand below each other."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence}\n{shown}\n{fence}"
