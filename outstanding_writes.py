"""Updates that could not be made because the database was away, made as soon as it is back.

They finish rows that this process has opened. What they say (what was paid, what came of it) is known here and
nowhere else, and as this process is alive nobody else may close those rows.
"""

from __future__ import annotations

import logging
from collections import deque

from sqlalchemy import Engine, Update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from models import db

logger = logging.getLogger(__name__)

_waiting: deque[tuple[Engine, Update]] = deque(maxlen=10_000)


def write_later(statement: Update) -> None:
    """Make an update to the current app's database once that answers again."""
    _waiting.append((db.engine, statement))


def write_outstanding() -> int:
    """Try to make the updates that are waiting.

    Returns:
        How many were made.
    """
    made = 0
    for _ in range(len(_waiting)):
        engine, statement = _waiting.popleft()
        try:
            with engine.begin() as connection:
                connection.execute(statement)
            made += 1
        except IntegrityError:
            logger.exception("an outstanding update is impossible", extra={"event": "outstanding_impossible"})
        except SQLAlchemyError:
            _waiting.append((engine, statement))
    if made:
        logger.warning("%d outstanding updates made", made, extra={"event": "outstanding_written"})
    return made
