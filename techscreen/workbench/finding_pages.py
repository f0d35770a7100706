"""What people say about findings: why one may stay, and that taken back."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from techscreen.errors import InvalidRequest, NotEditable, NotFound
from techscreen.schemas.editing import OverrideOrder, OverrideRequest, WithdrawOverrideOrder
from techscreen.schemas.problems import validated
from techscreen.workbench.blueprint import workbench_bp
from techscreen.workbench.interview_answers import changed, done, not_done
from techscreen.workbench.interview_pages import INTERVIEW, no_draft
from techscreen.workbench.page import page


@workbench_bp.post(f"{INTERVIEW}/findings/<finding_id>/override")
@page("editor")
def override_finding(interview_id: int, finding_id: str) -> AnyResponse:
    """Say why a finding may stay."""
    try:
        reason = validated(OverrideRequest, {"reason": request.form.get("reason", "").replace("\r\n", "\n")}).reason
    except InvalidRequest:
        return not_done(interview_id, "Say in a few words why it may stay.", 400)
    try:
        now, before = changed(
            interview_id,
            lambda seen: OverrideOrder(
                interview_id=interview_id, if_match=[seen.etag], finding_id=finding_id, reason=reason
            ),
        )
    except NotFound:
        return not_done(interview_id, "Its text was changed meanwhile, so this is no longer found in it.", 410)
    except NotEditable:
        return no_draft(interview_id)
    return done(now, "It may stay, and your reason is kept.", until=before, anchor=_anchor())


@workbench_bp.post(f"{INTERVIEW}/findings/<finding_id>/withdraw")
@page("editor")
def withdraw_override(interview_id: int, finding_id: str) -> AnyResponse:
    """Take back why a finding may stay."""
    try:
        now, before = changed(
            interview_id,
            lambda seen: WithdrawOverrideOrder(interview_id=interview_id, if_match=[seen.etag], finding_id=finding_id),
        )
    except NotFound:
        return not_done(interview_id, "It was taken back already.", 410)
    except NotEditable:
        return no_draft(interview_id)
    return done(now, "It was taken back: the finding is open again.", until=before, anchor=_anchor())


def _anchor() -> str:
    number = request.form.get("number", "")
    return f"#question-{number}" if number.isdecimal() else ""
