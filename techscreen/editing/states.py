"""The states of an interview: draft, published, archived, and the ways between them.

An order, the row and who gives the order come in; the row is changed, nothing is written yet. A published interview
never changes: its revision is the next version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models import Interview, utc_now
from techscreen.checks.answers import MAX_CRITERIA, MIN_CRITERIA
from techscreen.editing.findings import open_findings
from techscreen.errors import FieldProblem, NotEditable, NotFound, NotPublishable
from techscreen.schemas.editing import OverrideOrder, PublishOrder, RequestReviewOrder, WithdrawOverrideOrder
from techscreen.schemas.generation import QualityView

QUESTIONS = 5
DRAFT, PUBLISHED, ARCHIVED = "draft", "published", "archived"
WHAT_TO_DO = {
    PUBLISHED: "A published interview never changes: POST .../revise makes the next version, a draft.",
    ARCHIVED: "An archived interview does not change: POST .../restore brings it back.",
}


def refuse_unless_draft(interview: Interview) -> None:
    """Check that an interview may be changed.

    Raises:
        NotEditable: if not, with what to do instead.
    """
    if interview.status != DRAFT:
        raise NotEditable(WHAT_TO_DO[interview.status], req_id=interview.req_id)


def refuse_unless_deletable(interview: Interview) -> None:
    """Check that an interview may be deleted as a draft.

    Raises:
        NotEditable: if not, with what to do instead.
    """
    if interview.status != DRAFT:
        instead = "POST .../archive takes this one out of use. " if interview.status == PUBLISHED else ""
        raise NotEditable(
            f"Only drafts are deleted, and this interview is {interview.status}. {instead}"
            f"An admin can erase it with its history: DELETE /api/interview/{interview.id}/everything.",
            req_id=interview.req_id,
        )


def request_review(interview: Interview, order: RequestReviewOrder, user_id: str) -> None:
    """Note that a review was asked for, by whom and of whom."""
    interview.review_requested_by_user_id = user_id
    interview.review_requested_of = order.of
    interview.review_requested_at = utc_now()


def override(interview: Interview, order: OverrideOrder, user_id: str) -> None:
    """Note why a finding is no obstacle.

    Raises:
        NotFound: if the interview has no such finding.
    """
    report = QualityView.model_validate(interview.quality) if interview.quality else None
    if report is None or all(finding.id != order.finding_id for finding in report.findings):
        raise NotFound("This interview has no finding with this id: its text may have changed.")
    said = {"reason": order.reason, "user_id": user_id, "at": utc_now().isoformat(timespec="seconds")}
    interview.overrides = {**_overrides(interview), order.finding_id: said}


def withdraw_override(interview: Interview, order: WithdrawOverrideOrder) -> None:
    """Take an override back.

    Raises:
        NotFound: if there is none.
    """
    kept = {name: said for name, said in _overrides(interview).items() if name != order.finding_id}
    if len(kept) == len(_overrides(interview)):
        raise NotFound("Nobody has overridden a finding with this id.")
    interview.overrides = kept or None


def keep_overrides(interview: Interview, report: QualityView) -> None:
    """Drop the overrides of findings that are no more: their text was changed."""
    found = {finding.id for finding in report.findings}
    kept = {name: said for name, said in _overrides(interview).items() if name in found}
    interview.overrides = kept or None


def refuse_unless_publishable(
    interview: Interview, user_id: str, report: QualityView, *, second_approver: bool
) -> None:
    """Check that nothing is missing before this user publishes an interview.

    Args:
        report: on the interview as it is now.
        second_approver: whether its last editor may not approve it.

    Raises:
        NotPublishable: with everything that is missing.
    """
    missing = [*_missing_parts(interview), *_unsettled(report)]
    last = interview.edited_by_user_id or interview.created_by_user_id
    if second_approver and last.casefold() == user_id.casefold():
        sentence = "Somebody other than the last editor must approve it (REQUIRE_SECOND_APPROVER)."
        missing.append(FieldProblem("approver", sentence))
    if missing:
        sentences = " ".join(problem.message for problem in missing)
        raise NotPublishable(f"It cannot be published yet. {sentences}", details=missing, req_id=interview.req_id)


def publish(interview: Interview, order: PublishOrder, user_id: str) -> None:
    """Approve an interview and publish it. Its name is taken when it is stored."""
    interview.status = PUBLISHED
    interview.approved_by_user_id, interview.approval_note = user_id, order.note
    interview.published_at, interview.archived_at = utc_now(), None


def archive(interview: Interview) -> None:
    """Take an interview out of use.

    Raises:
        NotEditable: if it is archived already.
    """
    if interview.status == ARCHIVED:
        raise NotEditable("It is archived already.", req_id=interview.req_id)
    interview.status, interview.published_name, interview.archived_at = ARCHIVED, None, utc_now()


def restore(interview: Interview, published_now: Interview | None) -> None:
    """Bring an archived interview back into the state that it had.

    Args:
        published_now: the published interview of the same requisition and name.

    Raises:
        NotEditable: if it is not archived, or another one was published in its place.
    """
    if interview.status != ARCHIVED:
        raise NotEditable("It is not archived.", req_id=interview.req_id)
    if interview.published_at is None:
        interview.status = DRAFT
    elif published_now is not None:
        raise NotEditable(
            f"Interview {published_now.id} was published in its place: archive that one first, or revise it.",
            req_id=interview.req_id,
        )
    else:
        interview.status = PUBLISHED
    interview.archived_at = None


def _missing_parts(interview: Interview) -> list[FieldProblem]:
    missing = []
    count = len(interview.questions)
    if count != QUESTIONS:
        missing.append(FieldProblem("questions", f"It must have exactly {QUESTIONS} questions, not {count}."))
    asked = [" ".join(question.question_text.casefold().split()) for question in interview.questions]
    for place, text in enumerate(asked):
        if text in asked[:place]:
            sentence = f"Question {place + 1} is the same as question {asked.index(text) + 1}."
            missing.append(FieldProblem(f"questions[{place}].question_text", sentence))
    for place, question in enumerate(interview.questions):
        number, criteria = question.question_number, question.criteria
        if not MIN_CRITERIA <= len(criteria) <= MAX_CRITERIA:
            sentence = f"Question {number} must have {MIN_CRITERIA} to {MAX_CRITERIA} criteria, not {len(criteria)}."
            missing.append(FieldProblem(f"questions[{place}].criteria", sentence))
        labels = [criterion["criterion"].casefold().split() for criterion in criteria]
        if any(label in labels[:at] for at, label in enumerate(labels)):
            missing.append(FieldProblem(f"questions[{place}].criteria", f"Question {number} has a criterion twice."))
    return missing


def _unsettled(report: QualityView) -> list[FieldProblem]:
    return [
        FieldProblem(
            finding.field,
            f"{finding.field} has an open finding ({finding.kind}: “{finding.word}”, id {finding.id}): "
            "reword it, or override it with a reason.",
        )
        for finding in open_findings(report)
    ]


def _overrides(interview: Interview) -> Mapping[str, Any]:
    return interview.overrides or {}
