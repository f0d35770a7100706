"""Technologies that Claude named and the alias table does not know, noted for an admin. Never applied by themselves."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import Update, update
from sqlalchemy.orm import Session

import topics
from models import SuggestedTechnology, settled, utc_now
from prompts import InterviewTopic

LONGEST_SUGGESTION = 100


def suggest_unknown(topic: InterviewTopic) -> None:
    """Note the technologies that Claude named and the alias table does not know."""
    names = {unicodedata.normalize("NFKC", name).casefold().strip()[:LONGEST_SUGGESTION] for name in topic.technologies}
    for name in sorted(name for name in names if name and topics.canonical_technology(name) is None):
        seen = update(SuggestedTechnology).where(SuggestedTechnology.name == name)

        def note(session: Session, name: str = name, seen: Update = seen) -> None:
            result: Any = session.execute(
                seen.values(times_seen=SuggestedTechnology.times_seen + 1, last_seen_at=utc_now())
            )
            if not result.rowcount:
                session.add(SuggestedTechnology(name=name, topic=topic.topic))

        settled(note)
