"""Plain words for what the service calls by names: languages, kinds of feedback, places in a question, operations.

A name comes in, words go out; an unknown name comes out as it is, without underscores.
"""

from __future__ import annotations

import re

LANGUAGES = {
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "sv": "Swedish",
    "zh": "Chinese",
}
FEEDBACK = {
    "unclear": "unclear",
    "too_easy": "too easy",
    "too_hard": "too hard",
    "not_asked": "not asked in the end",
    "leaked": "leaked",
    "always_met": "a criterion is always met",
    "never_met": "a criterion is never met",
}
OPERATIONS = {
    "jd_enhancement": "Enhancing job descriptions",
    "interview_generation": "Generating interviews",
    "question_alternatives": "Offering alternatives",
    "criteria_suggestion": "Suggesting criteria",
}
MODELS = {
    "library": "Library alone, without Claude",
    "offline-sample": "Sample content, without Claude",
}
PLACES = {
    "question_text": "Question",
    "exhibit.text": "Exhibit",
    "rating_anchors.low": "Anchor for a weak answer",
    "rating_anchors.mid": "Anchor for a middling answer",
    "rating_anchors.high": "Anchor for a strong answer",
}
_CRITERION = re.compile(r"criteria\[(\d+)\]\.(criterion|description)")
_FOLLOW_UP = re.compile(r"follow_ups\[(\d+)\]")


def plain(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def language_name(tag: str) -> str:
    """The English name of a language, with its tag where it says more: `de-AT` is German (de-AT)."""
    primary = tag.partition("-")[0].casefold()
    known = LANGUAGES.get(primary)
    if known is None:
        return tag
    return known if primary == tag.casefold() else f"{known} ({tag})"


def feedback_words(kind: str) -> str:
    """What people said with this kind of feedback."""
    return FEEDBACK.get(kind, plain(kind))


def place_words(path: str) -> str:
    """Where in a question a finding is."""
    criterion, follow_up = _CRITERION.fullmatch(path), _FOLLOW_UP.fullmatch(path)
    if criterion:
        of_it = ", description" if criterion[2] == "description" else ""
        return f"Criterion {int(criterion[1]) + 1}{of_it}"
    if follow_up:
        return f"Follow-up {int(follow_up[1]) + 1}"
    return PLACES.get(path, plain(path))
