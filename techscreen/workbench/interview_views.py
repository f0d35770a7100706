"""What the page of an interview shows: the interview comes in, its cards, findings by place and coverage go out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from techscreen.editing.merging import content_of
from techscreen.operations.meanwhile import Meanwhile
from techscreen.schemas.differences import DifferenceView
from techscreen.schemas.feedback import QuestionFeedbackView
from techscreen.schemas.generation import CoverageView, FindingView, InterviewView, QuestionView, RequestedView

_OF_A_QUESTION = re.compile(r"questions\[(\d+)\]\.?(.*)")
_ROW = re.compile(r"(criteria|follow_ups)\[(\d+)\]")
# Words that are marked in a text. What is longer is about the whole of it.
MAX_MARKED = 120
WORK_FIELDS = {
    "work_output": "What the person will deliver",
    "work_role": "What the person is responsible for",
    "work_knowledge": "What the person should know",
    "work_competencies": "How the person works",
    "basic_description": "Duties in the description",
}
KINDS = {
    "prohibited_subject": "About the person, not the work",
    "biased_wording": "Leaves people out",
    "instruction": "Speaks to a language model",
    "form": "How it is put",
    "name": "Names somebody",
    "language": "Another language",
    "markup": "Markup that may act",
    "repeated_question": "Asked before",
    "general": "Fits any post",
    "confidential": "Stays with this requisition",
}
# What has to be settled before an interview is published.
TO_SETTLE = ("prohibited_subject", "instruction")
LIBRARY_OF_THE_SERVICE = "starter-library"


@dataclass(frozen=True)
class Typed:
    """What somebody has typed into a question, and why it could not all be saved.

    Attributes:
        content: all its fields as they have typed them.
        problems: sentences by place.
        conflicts: fields that somebody else has changed meanwhile.
        meanwhile: who has, and what.
    """

    content: Mapping[str, Any]
    problems: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    meanwhile: Meanwhile | None = None


@dataclass(frozen=True)
class Card:
    """One question as the page shows it.

    Attributes:
        question: as it is stored.
        content: what its fields show: what is stored or what somebody has typed.
        was: what can be edited, as it is stored.
        found: the findings by the place where they belong; `question` is the question as a whole.
        unsupported: technologies that it names and the requisition does not.
        typed: what could not be saved, if anything.
        feedback: what people have said about it.
    """

    question: QuestionView
    content: Mapping[str, Any]
    was: Mapping[str, Any]
    found: Mapping[str, list[FindingView]]
    unsupported: list[str]
    typed: Typed | None
    feedback: QuestionFeedbackView | None

    @property
    def was_json(self) -> str:
        """What can be edited, for the browser."""
        return json.dumps(self.was, ensure_ascii=False)

    @property
    def theirs_json(self) -> str:
        """Of the fields in conflict, what is stored."""
        conflicts = self.typed.conflicts if self.typed else ()
        return json.dumps({name: self.was[name] for name in conflicts}, ensure_ascii=False)

    @property
    def problems(self) -> Mapping[str, str]:
        """Why something could not be saved, by place."""
        return self.typed.problems if self.typed else {}

    @property
    def source(self) -> str:
        """Where it is from, in plain words."""
        return source_of(self.question)

    @property
    def open_findings(self) -> int:
        """How many findings nobody has said anything about."""
        return sum(finding.override is None for finding in self.all_findings)

    @property
    def all_findings(self) -> list[FindingView]:
        """Its findings, in the order of reading."""
        return [finding for findings in self.found.values() for finding in findings]


def cards_of(
    interview: InterviewView,
    typed: Mapping[str, Typed] | None = None,
    feedback: Iterable[QuestionFeedbackView] = (),
) -> list[Card]:
    """The questions of an interview.

    Args:
        typed: what could not be saved, by the lineage of the question.
        feedback: what was said about them.
    """
    said = {each.lineage: each for each in feedback}
    findings = interview.quality.findings if interview.quality else []
    cards = []
    for place, question in enumerate(interview.questions):
        was = content_of(question)
        own = (typed or {}).get(question.lineage)
        cards.append(
            Card(
                question=question,
                content=own.content if own else was,
                was=was,
                found=_by_place(findings, place),
                unsupported=_unsupported(interview, place),
                typed=own,
                feedback=said.get(question.lineage),
            )
        )
    return cards


def source_of(question: QuestionView) -> str:
    """Where a question is from, in plain words."""
    ours, model = question.model == LIBRARY_OF_THE_SERVICE, question.model
    from_library = "From the library that comes with TechScreen" if ours else "From the team’s library"
    if question.source == "generated":
        return f"Written by Claude ({model})" if model else "Generated"
    if question.source == "library":
        return from_library
    if question.source == "cache":
        return f"From earlier questions, written by Claude ({model})" if model else "From earlier questions"
    if ours or (question.cached_question_id is not None and model is None):
        return f"{from_library}, edited since"
    return f"Written by Claude ({model}), edited since" if model else "Written by the team"


def marked(text: str, findings: Iterable[FindingView]) -> Markup:
    """A text with the words marked that findings are about."""
    out, end = Markup(""), 0
    for start, stop in sorted({(finding.start, finding.end) for finding in findings if is_marked(finding)}):
        if start < end or text[start:stop] == "":
            continue
        out += escape(text[end:start]) + Markup("<mark>{}</mark>").format(text[start:stop])
        end = stop
    return out + escape(text[end:])


def is_marked(finding: FindingView) -> bool:
    """Whether it is about some words and not about a text as a whole."""
    return 0 < finding.end - finding.start <= MAX_MARKED


def of_question(difference: DifferenceView, lineage: str) -> DifferenceView:
    """What a difference says of one question."""
    own = [change for change in difference.questions if change.lineage == lineage]
    return difference.model_copy(update={"changes": [], "questions": own})


def of_control(findings: Iterable[FindingView], name: str) -> list[FindingView]:
    """Of the findings of a row, those in one of its texts."""
    return [finding for finding in findings if finding.field.endswith(f".{name}")]


@dataclass(frozen=True)
class CoverageRow:
    """A part of the requisition, and for each question None or how many of its criteria are about it."""

    part: str
    cells: list[int | None]

    @property
    def is_gap(self) -> bool:
        """Whether no question covers it."""
        return all(cell is None for cell in self.cells)


@dataclass(frozen=True)
class Coverage:
    """The picture of what an interview covers.

    Attributes:
        groups: the rows by the names of the fields that they are from.
        covered, total: how many parts are covered, and how many there are.
        reason: why it was not measured; None if it was.
        requested: what the interview was to ask about, with the numbers of the questions that do.
    """

    groups: list[tuple[str, list[CoverageRow]]]
    covered: int
    total: int
    reason: str | None
    requested: list[RequestedView]


def coverage_picture(coverage: CoverageView, numbers: Collection[int]) -> Coverage:
    """Which question covers which part.

    Args:
        numbers: those of the questions, in their order.
    """
    groups: dict[str, list[CoverageRow]] = {}
    for part in coverage.parts:
        by_number = {each.question_number: len(each.criteria) for each in part.questions}
        row = CoverageRow(part.part, [by_number.get(number) for number in numbers])
        groups.setdefault(WORK_FIELDS.get(part.field, part.field), []).append(row)
    rows = [row for group in groups.values() for row in group]
    covered = sum(not row.is_gap for row in rows)
    return Coverage(list(groups.items()), covered, len(rows), coverage.reason, coverage.requested)


def _by_place(findings: Iterable[FindingView], place: int) -> dict[str, list[FindingView]]:
    found: dict[str, list[FindingView]] = {}
    for finding in findings:
        path = _OF_A_QUESTION.fullmatch(finding.field)
        if path and int(path[1]) == place:
            found.setdefault(slot_of(path[2], finding), []).append(finding)
    return found


def slot_of(path: str, finding: FindingView) -> str:
    """Where on a card a finding belongs.

    Args:
        path: of its text in the question.
    """
    row = _ROW.match(path)
    if row:
        return f"{row[1]}-{row[2]}"
    if path.startswith("rating_anchors."):
        return path.rpartition(".")[2]
    if path.startswith("exhibit"):
        return "exhibit"
    if path == "question_text":
        return "spoken_text" if is_marked(finding) else "question"
    return "topic" if path == "topic" else "question"


def _unsupported(interview: InterviewView, place: int) -> list[str]:
    if interview.quality is None:
        return []
    return [each.technology for each in interview.quality.unsupported if any(_places(each.places, place))]


def _places(paths: Iterable[str], place: int) -> Iterator[bool]:
    for path in paths:
        found = _OF_A_QUESTION.fullmatch(path)
        yield found is not None and int(found[1]) == place


def for_parts() -> dict[str, Any]:
    """What the macros of `interview_parts.html` use, whichever page they are on."""
    return {
        "marked": marked,
        "is_marked": is_marked,
        "of_control": of_control,
        "source_of": source_of,
        "slot_of": slot_of,
        "KINDS": KINDS,
        "TO_SETTLE": TO_SETTLE,
        "WORK_FIELDS": WORK_FIELDS,
    }
