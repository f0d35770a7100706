"""What a requisition says and its enhanced description does not: figures, technologies, the title.

Texts come in; what is missing goes out, for the hiring team to look at. A number that was written out, or a figure
that was left out on purpose, is reported as well: nothing is sent back for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from techscreen.schemas.generation import LeftOutView
from techscreen.text.tokens import tokens_of
from techscreen.topics.technology_mentions import unsupported_technologies

MAX_LEFT_OUT = 40
_TIME = r"years?|yrs?|months?|weeks?|days?|hours?|Jahren?|Monaten?|Wochen?|años?|meses|ans|mois|anni|mesi|anos|jaar"
_FIGURE = re.compile(
    r"(?<![\w.,])\d(?:[\d.,:]*\d)?(?:\s?[%+])?"
    rf"(?:[\s-](?P<time>{_TIME})\b|[a-zA-Z]{{1,3}}\b|\s(?:[A-Z]{{2,3}}|[mkM]?[AVWgms])\b)?"
)
# The number of a section or of an item, which begins with a capital.
_NUMBERING = re.compile(
    r"^[ \t]{0,20}\(?(?:\d{1,2}(?:\.\d{1,2})+\.?|\d{1,2}[.)])[ \t]+(?=[A-Z\u00c0-\u00de\u00bf\u00a1])", re.MULTILINE
)
_BETWEEN_GROUPS = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")
_SMALL = 12  # up to here a number without a unit is often written out


def left_out(requisition: Mapping[str, str], written: str) -> list[LeftOutView]:
    """What the requisition says and the description does not, each once, at most MAX_LEFT_OUT.

    Args:
        requisition: its texts by field.
        written: title, description and notes for the team.
    """
    missing = [*_title(requisition, written), *_figures(requisition, written), *_technologies(requisition, written)]
    return missing[:MAX_LEFT_OUT]


def _title(requisition: Mapping[str, str], written: str) -> Iterator[LeftOutView]:
    """The title, if not a word of it is in the first line, which is the enhanced one."""
    stated = requisition.get("basic_title", "")
    words = {word for word in tokens_of(stated) if len(word) > 2}
    if words and words.isdisjoint(tokens_of(written.split("\n", 1)[0])):
        yield LeftOutView(words=stated, field="basic_title")


def _figures(requisition: Mapping[str, str], written: str) -> Iterator[LeftOutView]:
    there = {_key(found) for found in _found_in(written)}
    for field, text in requisition.items():
        for found in _found_in(_NUMBERING.sub("", text)):
            words, key = found.group(), _key(found)
            is_small = words.isdigit() and len(words) <= 2 and int(words) <= _SMALL
            if key not in there and not is_small:
                there.add(key)
                yield LeftOutView(words=words, field=field)


def _found_in(text: str) -> Iterator[re.Match[str]]:
    return _FIGURE.finditer(_BETWEEN_GROUPS.sub("", text))


def _technologies(requisition: Mapping[str, str], written: str) -> Iterator[LeftOutView]:
    for found in unsupported_technologies([written], requisition):
        yield LeftOutView(words=found.technology, field=found.places[0])


def _key(figure: re.Match[str]) -> tuple[str, bool]:
    """The digits, and of a small figure whether it is a time: five years are no five stages."""
    words = figure.group()
    digits = re.sub(r"\D", "", words) + ("000" if words[-1] in "kK" else "")
    return digits, len(digits) <= 2 and figure["time"] is not None
