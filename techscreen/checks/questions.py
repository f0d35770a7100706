"""What somebody should look at in an interview question: all its texts by themselves, and how they fit together.

A question comes in; findings go out, each with the path of its text in the question. The same findings are sent back to
Claude once, reported with a question that is delivered all the same, and keep it from being lent to others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from prompts import SPOKEN_WORDS, InterviewQuestion, QuestionType
from techscreen.checks.entity_names import name_span
from techscreen.checks.features import TextKind
from techscreen.checks.findings import Finding, FindingKind
from techscreen.checks.likeness import like_anchors, like_criteria, restated_criteria
from techscreen.checks.models import language_of_reading
from techscreen.checks.sentences import SENTENCES
from techscreen.checks.texts import LANGUAGES, findings_of, is_reliable
from techscreen.text.reading import read
from techscreen.text.segments import without_code

# In words and in characters. The longest exemplars: label 5, description 17, follow-up 13, anchor 31. The limit in
# characters is for languages that put no spaces between words. What is said aloud is limited by its question type.
CHARACTERS_A_WORD = 9
LONGEST = {
    "exhibit": (400, 3_000),
    "criterion": (8, 100),
    "description": (35, 300),
    "follow_ups": (35, 300),
    "rating_anchors": (70, 600),
}
MAX_EXHIBIT_LINES = 30
_SENTENCE = re.compile(r"[\s#/*>|\"'(\d.)-]{0,20}[^\W\d_][^{};=<>\\]*[.?!][\s\"')|]*")


@dataclass(frozen=True)
class Place:
    """One text of a question: its path, how it is called in a sentence, and what is checked as what.

    Attributes:
        part: the field: `question_text` or one of LONGEST.
        kind: as what its form is checked; None for what is no sentence: an exhibit, or the label of a criterion.
    """

    path: str
    name: str
    part: str
    text: str
    kind: TextKind | None

    @property
    def is_markdown(self) -> bool:
        """Whether it is shown as Markdown: an exhibit stands in a block of its own."""
        return self.part != "exhibit"

    @property
    def is_asked(self) -> bool:
        """Whether it is asked of a candidate or ticked about one; an anchor only describes answers."""
        return self.part != "rating_anchors"


@dataclass(frozen=True)
class PlacedFinding:
    """A finding in one text of a question."""

    place: Place
    finding: Finding


def places_of(question: InterviewQuestion) -> Iterator[Place]:
    """Every text of a question. What is said aloud begins the `question_text` of an answer."""
    yield Place("question_text", "spoken_text", "question_text", question.spoken_text, "question")
    if question.exhibit is not None:
        yield Place("exhibit.text", "exhibit", "exhibit", question.exhibit.text, None)
    for place, criterion in enumerate(question.criteria):
        path, name = f"criteria[{place}]", f"criterion {place + 1}"
        yield Place(f"{path}.criterion", name, "criterion", criterion.criterion, None)
        yield Place(f"{path}.description", f"description of {name}", "description", criterion.description, "criterion")
    for place, follow_up in enumerate(question.follow_ups):
        yield Place(f"follow_ups[{place}]", f"follow-up {place + 1}", "follow_ups", follow_up, "follow_up")
    for level, anchor in anchors_of(question).items():
        yield Place(f"rating_anchors.{level}", f"rating anchor {level}", "rating_anchors", anchor, "anchor")


def anchors_of(question: InterviewQuestion) -> dict[str, str]:
    """The rating anchors by their level."""
    anchors = question.rating_anchors
    return {"low": anchors.low, "mid": anchors.mid, "high": anchors.high}


def question_findings(
    question: InterviewQuestion,
    names: Collection[str] = (),
    language: str | None = None,
    question_type: str | None = None,
) -> list[PlacedFinding]:
    """All findings of a question, in the order of its texts.

    Args:
        question: the question.
        names: those of the employer, its products and people, which no question should contain.
        language: BCP 47 tag of the language that it should be in; not checked by default. In one that the classifiers
            have not learnt, only the rest is found.
        question_type: what limits how much is said aloud; by default as much as in any type.
    """
    spoken = max(SPOKEN_WORDS.values()) if question_type is None else SPOKEN_WORDS[cast(QuestionType, question_type)]
    return list(_found(tuple(places_of(question)), frozenset(names), language, spoken))


@lru_cache(maxsize=64)  # a question is checked, stored and reported on in turn
def _found(
    places: tuple[Place, ...], names: frozenset[str], language: str | None, spoken: int
) -> tuple[PlacedFinding, ...]:
    found = [
        PlacedFinding(place, finding) for place in places for finding in _text_findings(place, names, language, spoken)
    ]
    together = dict(_together(places))
    found += [PlacedFinding(place, _whole("form", category, place.text)) for place, category in together.items()]
    if language is not None and (foreign := _in_another_language(places, language)):
        found.append(PlacedFinding(foreign, _whole("language", "language", foreign.text)))
    order = {place.path: number for number, place in enumerate(places)}
    return tuple(sorted(found, key=lambda each: (order[each.place.path], each.finding.start)))


def _text_findings(place: Place, names: Collection[str], language: str | None, spoken: int) -> Iterator[Finding]:
    yield from (each for each in _learnt_findings(place) if is_reliable(each, language))
    span = name_span(place.text, names)
    if span is not None:
        yield Finding("name", "name", place.text[slice(*span)], *SENTENCES["name"], *span)
    if _is_too_long(place, spoken):
        yield _whole("form", "length", place.text)


def _is_too_long(place: Place, spoken: int) -> bool:
    if place.part == "question_text":
        words, characters = spoken, CHARACTERS_A_WORD * spoken
    else:
        words, characters = LONGEST[place.part]
    lines = place.text.count("\n") + 1
    return len(place.text.split()) > words or len(place.text) > characters or lines > MAX_EXHIBIT_LINES


def _learnt_findings(place: Place) -> Iterator[Finding]:
    """What the classifiers find. In what is no sentence, only what means something there."""
    if place.part == "exhibit":
        yield from (each for each in findings_of(_sentences_alone(place.text), "criterion") if each.is_certain)
    elif place.kind is None:  # a label is too short to instruct
        found = findings_of(place.text, "criterion")
        yield from (each for each in found if each.kind == "prohibited_subject" or each.is_certain)
    else:
        yield from findings_of(place.text, place.kind)


def _sentences_alone(exhibit: str) -> str:
    """An exhibit with blanks for every line that is no sentence: code and figures mean nothing to the classifiers."""
    return "\n".join(line if _SENTENCE.fullmatch(line) else " " * len(line) for line in exhibit.split("\n"))


def _together(places: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """The texts that say what another says already."""
    descriptions = [place for place in places if place.part == "description"]
    anchors = [place for place in places if place.part == "rating_anchors"]
    texts = [place.text for place in descriptions]
    for number in restated_criteria(places[0].text, texts):
        yield descriptions[number], "criterion_restates"
    for number in like_criteria(texts):
        yield descriptions[number], "criterion_distinct"
    for number in like_anchors([place.text for place in anchors]):
        yield anchors[number], "anchors_differ"


def _in_another_language(places: Sequence[Place], language: str) -> Place | None:
    """The question, or else the first of its other texts together, if plainly in another language. No exhibit is."""
    wanted = language.split("-", maxsplit=1)[0].lower()
    if wanted not in LANGUAGES:
        return None
    question, *others = (place for place in places if place.part != "exhibit")
    for place, text in ((question, question.text), (others[0], "\n".join(each.text for each in others))):
        is_in = language_of_reading(read(without_code(text)[0]))
        if is_in is not None and is_in != wanted:
            return place
    return None


def _whole(kind: FindingKind, category: str, text: str) -> Finding:
    return Finding(kind, category, text, *SENTENCES[category], 0, len(text))
