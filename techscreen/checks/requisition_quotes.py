"""Which quotes of the requisition a topic may keep: its own words, about the work.

Quotes are stored, delivered, and sent to Claude again when it writes the question. Words that are not in the
requisition are not a quote of it, and an instruction to a language model is dropped even where it is quoted faithfully.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar, get_args

from prompts import PlannedTopics, WorkField, WorkItem
from techscreen.checks.texts import instruction_findings, personal_findings
from techscreen.text.normalise import caseless

MAX_ITEMS, MAX_QUOTE = 12, 500

# What is compared: words, with combining accents, and the signs that tell technologies apart (C, C++, C#).
_WORD = re.compile(r"[\w+#\u0300-\u036f]+")
_FIRST_WITHOUT_SPACES = "\u2e80"  # from here on, scripts put no spaces between words

PlannedT = TypeVar("PlannedT", bound=PlannedTopics)
Requisition = Mapping[str, str | None]


def with_sound_quotes(planned: PlannedT, requisition: Requisition) -> PlannedT:
    """The same topics with only their sound quotes, in the requisition's own spelling. It is idempotent.

    Args:
        planned: any topics.
        requisition: its texts by field.
    """
    topics = [
        topic.model_copy(update={"work_items": sound_quotes(topic.work_items, requisition)})
        for topic in planned.interview_topics
    ]
    return planned.model_copy(update={"interview_topics": topics})


def sound_quotes(items: Iterable[WorkItem], requisition: Requisition | None) -> list[WorkItem]:
    """The items that quote the requisition word for word, contain no instruction and are not about the person.

    Spaces, capitals and punctuation do not matter; the items returned have the requisition's own words and the field
    that they are in. Without a requisition, every item is taken for a faithful quote.
    """
    sound: list[WorkItem] = []
    for item in items:
        quoted = item if requisition is None else _located(item, requisition)
        if (
            quoted is not None
            and quoted not in sound
            and 0 < len(quoted.part) <= MAX_QUOTE
            and not instruction_findings(quoted.part)
            and not about_the_person(quoted.part)
        ):
            sound.append(quoted)
    return sound[:MAX_ITEMS]


@lru_cache(maxsize=256)  # the same quotes are checked when they are streamed, stored and asked about
def about_the_person(text: str) -> bool:
    """Whether words of a requisition demand something of the candidate's person that the work does not need."""
    return bool(personal_findings(text, "jd"))


def _located(item: WorkItem, requisition: Requisition) -> WorkItem | None:
    """The item in the requisition's own words, from the field that it names or else from another; None if in none."""
    for field in (item.field, *(name for name in get_args(WorkField) if name != item.field)):
        part = _found_in(requisition.get(field) or "", item.part)
        if part is not None:
            return WorkItem(field=field, part=part)
    return None


def _found_in(text: str, quote: str) -> str | None:
    """The passage of the text that has the words of the quote, or None."""
    wanted = " ".join(_plain(word.group()) for word in _WORD.finditer(quote[: 2 * MAX_QUOTE])).strip()
    if not wanted:
        return None
    joined, starts, places = _words_of(text)
    uses_spaces = max(wanted) < _FIRST_WITHOUT_SPACES
    start = f" {joined} ".find(f" {wanted} ") if uses_spaces else joined.find(wanted)
    if start < 0:
        return None
    quoted = quote.strip()
    if quoted in text:
        return quoted
    first, last = (bisect_left(starts, place) - 1 for place in (start + 1, start + len(wanted)))
    return text[places[first][0] : places[last][1]]


@lru_cache(maxsize=8)  # several quotes are from each field
def _words_of(text: str) -> tuple[str, list[int], list[tuple[int, int]]]:
    """The normalised words of a text, joined by spaces; where each begins in that; and its span in the text."""
    places = [word.span() for word in _WORD.finditer(text)]
    words = [_plain(text[start:end]) for start, end in places]
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word) + 1)
    return " ".join(words), starts[:-1], places


def _plain(word: str) -> str:
    return caseless(word).strip("_")
