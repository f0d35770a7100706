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
# Units of time by their kind: five years are no five days.
_TIMES = {
    "year": "years?|yrs?|Jahren?|años?|ans|anni|anos|jaar",
    "month": "months?|Monaten?|meses|mois|mesi|maanden",
    "week": "weeks?|Wochen?|semanas?|semaines?|settimane|weken",
    "day": "days?|Tagen?|días?|jours?|giorni|dias?|dagen",
    "hour": "hours?|Stunden?|horas?|heures?|ore|uur",
}
_TIME = "|".join(f"(?P<{kind}>{words})" for kind, words in _TIMES.items())
_FIGURE = re.compile(
    r"(?<![\w.,])(?P<number>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d(?:[\d.,:]*\d)?)(?:\s?[%+])?"
    rf"(?:[\s-](?:{_TIME})\b|[a-zA-Z]{{1,3}}\b|\s(?:[A-Z]{{2,3}}|[mkM]?[AVWgms])\b)?"
)
# The number of a section or of an item, which begins with a capital, in a text that has several.
_NUMBERING = re.compile(
    r"^[ \t]{0,20}\(?(?:\d{1,2}(?:\.\d{1,2})+\.?|\d{1,2}[.)])[ \t]+(?=[A-Z\u00c0-\u00de\u00bf\u00a1])", re.MULTILINE
)
MIN_NUMBERED = 3
MAX_WORDS = 80  # characters of a figure that are shown
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
    there = {_key(found) for found in _FIGURE.finditer(written)}
    for field, text in requisition.items():
        for found in _FIGURE.finditer(_without_numbering(text)):
            words, key = found.group(), _key(found)
            is_small = words.isdigit() and len(words) <= 2 and int(words) <= _SMALL
            if key not in there and not is_small:
                there.add(key)
                yield LeftOutView(words=words[:MAX_WORDS], field=field)


def _without_numbering(text: str) -> str:
    is_numbered = len(_NUMBERING.findall(text)) >= MIN_NUMBERED
    return _NUMBERING.sub("", text) if is_numbered else text


def _technologies(requisition: Mapping[str, str], written: str) -> Iterator[LeftOutView]:
    for found in unsupported_technologies([written], requisition):
        yield LeftOutView(words=found.technology, field=found.places[0])


def _key(figure: re.Match[str]) -> tuple[str, str]:
    """The number without signs between thousands, and of a small one the kind of time that it counts."""
    number = re.sub(r"[ \u00a0\u202f]|[.,](?=\d{3}(?!\d))", "", figure["number"]).replace(",", ".")
    number += "000" if figure.group()[-1] in "kK" else ""
    time = next((kind for kind in _TIMES if figure[kind]), "")
    return number, time if len(number) <= 2 else ""
