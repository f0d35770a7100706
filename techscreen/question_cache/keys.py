"""The keys of a cached question: a topic comes in; its subject and the digests that a look-up uses go out.

A question of a team's own library has the same keys, with a prompt version that no prompt has.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from techscreen.topics import matching

# What the rows of library questions have as prompt version, so that no change of the prompts outdates them, and as
# model, unless they were generated once.
LIBRARY_VERSION = "library"
PEOPLE = "people"
# The same of those that come with the service.
STARTER_MODEL = "starter-library"


def subject_of(topic: str, technologies: Sequence[str]) -> matching.Topic:
    """The subject of a topic: its own words, and the technologies that Claude named for it.

    A technology named by Claude can only narrow the subject, so a careless list may cost a hit but never causes a false
    one.
    """
    return matching.with_technologies(matching.parse(topic), technologies)


def request_hash(prompt_version: str, language: str, skill_level: str, subject: matching.Topic) -> str:
    """The digest of the request, the same for all variants of a question."""
    return _digest(prompt_version, language, skill_level, matching.technology_key(subject), matching.facet_key(subject))


def cache_key(requested: str, variant: int) -> str:
    """The digest of one variant."""
    return _digest(requested, str(variant))


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
