"""What is open before an interview can be published, and what has changed. An interview comes in, views go out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from techscreen.editing.findings import TO_SETTLE
from techscreen.errors import FieldProblem, NotFound
from techscreen.operations.differences import difference_between
from techscreen.operations.histories import interview_steps
from techscreen.operations.interview_lists import interview_versions
from techscreen.operations.meanwhile import Meanwhile, changed_since
from techscreen.schemas.generation import FindingView, InterviewView
from techscreen.schemas.history import DifferenceAnswer, DifferenceQuery, StepView
from techscreen.schemas.requisitions import InterviewVersionView
from techscreen.workbench.plain_words import place_words

_QUESTION = re.compile(r"questions\[(\d{1,4})\](?:\.(.+))?")


@dataclass(frozen=True)
class OpenPoint:
    """Something that has to be settled before publishing.

    Attributes:
        sentence: what is missing; empty if a finding says it.
        finding: the finding that it is about.
        number: the question that it is in.
        place: where in the question.
        of_people: whether it is about who approves, not about what.
    """

    sentence: str
    finding: FindingView | None
    number: int | None
    place: str
    of_people: bool = False


@dataclass(frozen=True)
class FoundAt:
    """A finding and its place.

    Attributes:
        finding: the finding.
        number: the question that it is in.
        place: where in the question.
    """

    finding: FindingView
    number: int | None
    place: str


def open_points(interview: InterviewView, missing: Sequence[FieldProblem]) -> list[OpenPoint]:
    """What is missing before a draft can be published, each with its place.

    Args:
        missing: as the service has found it.
    """
    return [_open_point(interview, problem) for problem in missing]


def _open_point(interview: InterviewView, problem: FieldProblem) -> OpenPoint:
    findings = interview.quality.findings if interview.quality else []
    about = next((one for one in findings if one.id and f"id {one.id})" in problem.message), None)
    number, place = _place(interview, problem.field)
    return OpenPoint(
        sentence="" if about else problem.message,
        finding=about,
        number=number,
        place=place,
        of_people=problem.field == "approver",
    )


def _place(interview: InterviewView, field: str) -> tuple[int | None, str]:
    """The number of the question that a path leads to, and where in it."""
    found = _QUESTION.match(field)
    if not found or int(found[1]) >= len(interview.questions):
        return None, ""
    return interview.questions[int(found[1])].question_number, place_words(found[2] or "")


def findings_by_fate(interview: InterviewView) -> tuple[list[FoundAt], list[FoundAt]]:
    """The findings that were overridden, and those that block nothing."""
    report = interview.quality
    found = [FoundAt(one, *_place(interview, one.field)) for one in report.findings] if report else []
    overridden = [each for each in found if each.finding.override]
    harmless = [each for each in found if not each.finding.override and each.finding.kind not in TO_SETTLE]
    return overridden, harmless


def since_published(interview: InterviewView) -> DifferenceAnswer | None:
    """What differs from the last published version. None if nothing was published under this name."""
    try:
        return without_status(difference_between(interview.id, DifferenceQuery.model_validate({"from": "published"})))
    except NotFound:
        return None


def since_seen(interview_id: int, revision: str) -> Meanwhile | None:
    """What has changed since a revision that somebody has seen. None if it is not known which."""
    return changed_since(interview_id, int(revision)) if re.fullmatch("[0-9]{1,9}", revision) else None


def without_status(answer: DifferenceAnswer) -> DifferenceAnswer:
    """The difference without the state: that a draft is no published one goes without saying."""
    changes = [change for change in answer.difference.changes if change.field != "status"]
    return answer.model_copy(
        update={
            "difference": answer.difference.model_copy(update={"changes": changes}),
            "summary": [line for line in answer.summary if not line.startswith("Status changed")],
        }
    )


@dataclass(frozen=True)
class Life:
    """Who has done what with an interview so far, and its neighbours.

    Attributes:
        editors: who has edited it, most edits first, with how many.
        asked: the newest request for a review.
        versions: the newest interviews of its requisition.
        replaces: the one that publishing it archives.
    """

    editors: list[tuple[str, int]]
    asked: StepView | None
    versions: Sequence[InterviewVersionView]
    replaces: InterviewVersionView | None


EDITING = frozenset(("edited", "alternative_accepted", "finding_overridden", "override_withdrawn", "undone", "redone"))


def life_of(interview: InterviewView) -> Life:
    """Who has done what with it so far."""
    steps = interview_steps(interview.id)
    edits: dict[str, int] = {}
    for step in steps:
        if step.operation in EDITING:
            edits[step.user_id] = edits.get(step.user_id, 0) + 1
    versions = interview_versions(interview.req_id).versions
    same_name = (one for one in versions if one.status == "published" and one.id != interview.id)
    return Life(
        editors=sorted(edits.items(), key=lambda item: -item[1]),
        asked=next((step for step in steps if step.operation == "review_requested"), None),
        versions=versions,
        replaces=next((one for one in same_name if one.interview_name == interview.interview_name), None),
    )


def question_address(interview_id: int, number: int | None) -> str:
    """The address of a question on the page of its interview."""
    anchor = f"question-{number}" if number else None
    return url_for("workbench.interview", interview_id=interview_id, _anchor=anchor)
