"""What is open before an interview can be published. Its id and who would publish it come in, problems go out."""

from __future__ import annotations

from techscreen.editing.findings import interview_report, with_overrides
from techscreen.editing.interviews import interview_as_seen
from techscreen.editing.states import refuse_unless_publishable
from techscreen.errors import FieldProblem, NotPublishable
from techscreen.schemas.generation import QualityView
from techscreen.storage.transactions import transaction


def what_is_open(interview_id: int, user_id: str, *, second_approver: bool) -> list[FieldProblem]:
    """All that is missing before this user could publish an interview.

    It rests on the report that was made at the last change, for making one takes long. Publishing makes a new one, so
    it may find more, if the checks have changed since.

    Args:
        second_approver: whether its last editor may not approve it.

    Raises:
        NotFound: if there is no such interview.
    """
    with transaction() as session:
        interview = interview_as_seen(session, interview_id, ["*"])
        report = (
            with_overrides(QualityView.model_validate(interview.quality), interview.overrides or {})
            if interview.quality
            else interview_report(session, interview)
        )
        try:
            refuse_unless_publishable(interview, user_id, report, second_approver=second_approver)
        except NotPublishable as error:
            return error.details
    return []
