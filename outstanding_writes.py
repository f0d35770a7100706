"""Writes that could not be made because the database was away, made as soon as it is back.

They finish rows that this process has opened. What they say (what was paid, what came of it) is known here and
nowhere else, and as this process is alive nobody else may close those rows.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from models import db

logger = logging.getLogger(__name__)

Write = Callable[[Connection], object]

_waiting: deque[tuple[Engine, Write]] = deque(maxlen=10_000)


def write_later(write: Write) -> None:
    """Make a write to the current app's database once that answers again.

    Args:
        write: gets the connection of a transaction of its own; it may be called several times.
    """
    _waiting.append((db.engine, write))


def write_outstanding() -> int:
    """Try to make the writes that are waiting.

    Returns:
        How many were made.
    """
    made = 0
    for _ in range(len(_waiting)):
        engine, write = _waiting.popleft()
        try:
            with engine.begin() as connection:
                write(connection)
            made += 1
        except IntegrityError:
            logger.exception("an outstanding write is impossible", extra={"event": "outstanding_impossible"})
        except SQLAlchemyError:
            _waiting.append((engine, write))
    if made:
        logger.warning("%d outstanding writes made", made, extra={"event": "outstanding_written"})
    return made
