"""Suggestions for the alias table: technologies that Claude named and the table does not know, noted for an admin."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Update, update
from sqlalchemy.orm import Session

from models import SuggestedTechnology, utc_now
from prompts import InterviewTopic
from techscreen.errors import DatabaseUnavailable
from techscreen.storage.transactions import run_in_transaction
from techscreen.text.normalise import caseless
from techscreen.topics import matching

logger = logging.getLogger(__name__)

MAX_SUGGESTION = 100


def suggest_unknown(topic: InterviewTopic) -> None:
    """Note the technologies that Claude named and the alias table does not know."""
    names = {caseless(name).strip()[:MAX_SUGGESTION] for name in topic.technologies}
    for name in sorted(name for name in names if name and matching.canonical_technology(name) is None):
        seen = update(SuggestedTechnology).where(SuggestedTechnology.name == name)

        def note(session: Session, name: str = name, seen: Update = seen) -> None:
            result: Any = session.execute(
                seen.values(times_seen=SuggestedTechnology.times_seen + 1, last_seen_at=utc_now())
            )
            if not result.rowcount:
                session.add(SuggestedTechnology(name=name, topic=topic.topic))

        try:
            run_in_transaction(note)
        except DatabaseUnavailable as error:  # it will be named again
            logger.warning("suggestion not noted: %s", error.code, extra={"event": "suggestion_not_noted"})
