"""The question cache: keep a question the moment it has been paid for.

Every question gets a row of its own: `request_hash` names what was asked for, `cache_key` the variant
among the questions for it. Storing first and assembling the interview later means that a run that
fails at its fourth question has three in hand.
"""

from __future__ import annotations

import hashlib
import json
import re

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from claude_interface import Claude
from models import CachedQuestion, transaction
from prompts import InterviewQuestion, InterviewTopic

MOST_KEY_CHARACTERS = 255
MOST_VARIANT_TRIES = 10


def keep(topic: InterviewTopic, language: str, question: InterviewQuestion, claude: Claude) -> int:
    """Store a question as a new variant for its topic, in a transaction of its own.

    Returns:
        The id of the stored question.
    """
    technology_key = _key(sorted({name.casefold() for name in topic.technologies}), separator="|")
    facet_key = _key(sorted(set(re.findall(r"\w+", topic.topic.casefold()))), separator=" ")
    request_hash = _digest(claude.prompt_version, language.casefold(), topic.skill_level, technology_key, facet_key)
    for _ in range(MOST_VARIANT_TRIES):
        try:
            with transaction() as session:
                same = select(func.max(CachedQuestion.variant)).where(CachedQuestion.request_hash == request_hash)
                variant = (session.scalar(same) or 0) + 1
                kept = CachedQuestion(
                    cache_key=_digest(request_hash, str(variant)),
                    request_hash=request_hash,
                    variant=variant,
                    topic=topic.topic,
                    skill_level=topic.skill_level,
                    question_type=topic.question_type,
                    technology_key=technology_key,
                    facet_key=facet_key,
                    language=language,
                    question_text=question.question_text,
                    criteria=[criterion.model_dump() for criterion in question.criteria],
                    follow_ups=question.follow_ups,
                    rating_anchors=question.rating_anchors.model_dump(),
                    prompt_version=claude.prompt_version,
                    model=claude.model,
                )
                session.add(kept)
            return kept.id
        except IntegrityError:  # somebody else has just taken this variant number
            continue
    raise RuntimeError(f"no free variant number after {MOST_VARIANT_TRIES} tries")


def _key(parts: list[str], *, separator: str) -> str:
    return separator.join(parts)[:MOST_KEY_CHARACTERS]


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
