"""Figures and technologies of a requisition that its enhanced description does not have.

Texts come in; what is missing goes out, for the hiring team to look at. A number that was written out, or a figure
that was left out on purpose, is reported as well: nothing is sent back for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from techscreen.schemas.generation import LeftOutView
from techscreen.topics.technology_mentions import unsupported_technologies

MAX_LEFT_OUT = 40
_FIGURE = re.compile(
    r"(?<![\w.,])\d(?:[\d.,:]*\d)?"
    r"(?:\s?[%+]|[a-zA-Z]{1,3}\b|\s(?:years?|months?|weeks?|days?|hours?|[A-Z]{2,3}|[mkM]?[AVWgms])\b)?"
)
_NUMBERING = re.compile(r"^[ \t]{0,20}\(?(?:\d{1,2}(?:\.\d{1,2})+\.?|\d{1,2}[.)])[ \t]+(?=[^\W\d_])", re.MULTILINE)
_SMALL = 12  # up to here a number without a unit is often written out


def left_out(requisition: Mapping[str, str], written: str) -> list[LeftOutView]:
    """What the requisition says and the description does not, each once, at most MAX_LEFT_OUT.

    Args:
        requisition: its texts by field.
        written: title, description and notes for the team.
    """
    missing = [*_figures(requisition, written), *_technologies(requisition, written)]
    return missing[:MAX_LEFT_OUT]


def _figures(requisition: Mapping[str, str], written: str) -> Iterator[LeftOutView]:
    there = {_digits(found.group()) for found in _FIGURE.finditer(written)}
    for field, text in requisition.items():
        for found in _FIGURE.finditer(_NUMBERING.sub("", text)):
            digits, words = _digits(found.group()), found.group()
            is_small = words.isdigit() and len(digits) <= 2 and int(digits) <= _SMALL
            if digits not in there and not is_small:
                there.add(digits)
                yield LeftOutView(words=words, field=field)


def _technologies(requisition: Mapping[str, str], written: str) -> Iterator[LeftOutView]:
    for found in unsupported_technologies([written], requisition):
        yield LeftOutView(words=found.technology, field=found.places[0])


def _digits(figure: str) -> str:
    return re.sub(r"\D", "", figure)
