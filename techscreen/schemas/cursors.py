"""Cursors: where the next page of a list begins, so that rows that are inserted meanwhile shift nothing.

A cursor is the number of the last row shown and a digest, which ties it to the list and catches mistyped ones. It needs
no secret, because whoever may page may see every row.
"""

from __future__ import annotations

import hashlib

from models import MAX_ID
from techscreen.errors import FieldProblem, InvalidRequest


def cursor_after(last: int, asked_for: str) -> str:
    """The cursor of the page after a row, in the list that `asked_for` (everything but the page) describes."""
    return f"{last}-{hashlib.sha256(f'{last} {asked_for}'.encode()).hexdigest()[:24]}"


def position_of(cursor: str, asked_for: str, largest: int = MAX_ID) -> int:
    """The number of the row after which the cursor's page begins.

    Args:
        largest: the largest number that a row of this list may have.

    Raises:
        InvalidRequest: if the cursor was not given for the same list.
    """
    number = cursor.partition("-")[0]
    if number.isdecimal() and int(number) <= largest and cursor_after(int(number), asked_for) == cursor:
        return int(number)
    sentence = "cursor must be the next_cursor of an answer to the same filters."
    raise InvalidRequest.of_fields([FieldProblem("cursor", sentence)])
