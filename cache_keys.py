"""What a cached question is filed under: its subject, and the digests that a lookup asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import topics


def subject_of(topic: str, technologies: Sequence[str]) -> topics.Topic:
    """What a topic is about: its own words, and the technologies that Claude named for it.

    A technology that Claude names can only make the subject narrower, so a careless list costs a hit and
    never causes a false one.
    """
    return topics.with_technologies(topics.parse(topic), technologies)


def request_hash(prompt_version: str, language: str, skill_level: str, subject: topics.Topic) -> str:
    """The name of what was asked for: the same for all variants of a question."""
    return _digest(prompt_version, language, skill_level, topics.technology_key(subject), topics.facet_key(subject))


def cache_key(requested: str, variant: int) -> str:
    """The name of one variant."""
    return _digest(requested, str(variant))


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
