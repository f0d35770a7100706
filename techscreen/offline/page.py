"""What is seen of a description that was copied from a page: a text comes in, the same without the rest goes out."""

from __future__ import annotations

import re

# Elements that no page shows, and those that are hidden by an attribute or a style.
_UNSEEN = re.compile(
    r"<(script|style|template|noscript|title)\b[^<>]{0,300}>.*?</\1\s{0,9}>"
    r"|<(\w{1,10})\b[^<>]{0,300}?(?:\shidden(?=[\s>=])|display\s?:\s?none|visibility\s?:\s?hidden)[^<>]{0,300}>.*?</\2\s{0,9}>",
    re.IGNORECASE | re.DOTALL,
)


def without_unseen(text: str) -> str:
    """The text with blanks for what a page hides, so that every place stays where it is."""
    if "<" not in text:
        return text
    return _UNSEEN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
