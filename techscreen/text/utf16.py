"""Places in a text as browsers count them: in UTF-16 units, of which an emoji has two."""

from __future__ import annotations

import re
from bisect import bisect_left

_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")


class Utf16Places:
    """The places of one text, which is read once.

    Args:
        text: any text.
    """

    def __init__(self, text: str) -> None:
        self._wide = [] if text.isascii() else [found.start() for found in _TWO_UNITS.finditer(text)]

    def of(self, place: int) -> int:
        """The same place in UTF-16 units.

        Args:
            place: an offset in characters.
        """
        return place + bisect_left(self._wide, place)
