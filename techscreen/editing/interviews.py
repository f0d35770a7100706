"""Changes of interviews: an order of a person comes in, the interview as it is then goes out.

One short transaction for each. What the caller has seen must still be there, and the change is claimed by
compare-and-swap on the interview's revision, so that nobody overwrites anybody. It leaves an entry in the history and
an audit row.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from models import MAX_ID, Interview, utc_now
from techscreen.editing import states
from techscreen.editing.drafts import revision_of, store_change
from techscreen.editing.edits import EDITS
from techscreen.editing.findings import interview_report
from techscreen.editing.replacement import accept_alternative
from techscreen.editing.undoing import take_back
from techscreen.errors import NotFound, Stale
from techscreen.generation.audit_log import log_change
from techscreen.observability import metrics
from techscreen.schemas import editing as orders
from techscreen.schemas.audit import ChangeOperation
from techscreen.schemas.generation import InterviewAnswer, InterviewView
from techscreen.storage.history import Step, interview_state
from techscreen.storage.outbox import CLOSED, Outbox
from techscreen.storage.transactions import FRESH, run_in_transaction

# What each order is called in the audit trail and in the history.
EDIT: tuple[ChangeOperation, Step] = ("edit", "edited")
NAMES: Mapping[type[orders.InterviewOrder], tuple[ChangeOperation, Step]] = {
    orders.AcceptAlternativeOrder: ("edit", "alternative_accepted"),
    orders.UndoOrder: ("edit", "undone"),
    orders.RedoOrder: ("edit", "redone"),
    orders.OverrideOrder: ("override", "finding_overridden"),
    orders.WithdrawOverrideOrder: ("override", "override_withdrawn"),
    orders.RequestReviewOrder: ("request_review", "review_requested"),
    orders.PublishOrder: ("publish", "published"),
    orders.ArchiveOrder: ("archive", "archived"),
    orders.RestoreOrder: ("restore", "restored"),
    orders.ReviseOrder: ("revise", "revised"),
    orders.DeleteDraftOrder: ("delete", "deleted"),
}


class InterviewEditing:
    """Carries out the orders of people, under the settings.

    Args:
        outbox: where the events go that an interview is published or archived; by default nowhere.
    """

    def __init__(self, settings: Settings, outbox: Outbox = CLOSED) -> None:
        self._settings = settings
        self._outbox = outbox

    def change(self, change: orders.InterviewChange, user_id: str) -> InterviewAnswer:
        """Carry out an order.

        Raises:
            NotFound, Stale, InvalidRequest, NotEditable, NotPublishable: before anything is written.
        """
        answer = run_in_transaction(partial(self._change, change.order, user_id))
        metrics.changed(_names_of(change.order)[0])
        return answer

    def refuse_if_stale(self, session: Session, change: orders.InterviewChange) -> None:
        """Check that the interview is there and is as the caller has seen it.

        Raises:
            NotFound, Stale: if not.
        """
        seen_interview(session, change.order)

    def _change(self, order: orders.InterviewOrder, user_id: str, session: Session) -> InterviewAnswer:
        operation, step = _names_of(order)
        note = getattr(order, "note", None) or getattr(order, "reason", None)
        restored = order.to if isinstance(order, orders.UndoOrder | orders.RedoOrder) else None
        with session.no_autoflush:  # everything is checked before anything is written
            # Locked, so that many who change it at once wait for one another.
            interview = seen_interview(session, order, lock=True)
            if isinstance(order, orders.ReviseOrder):
                revision = revision_of(session, interview, user_id, note)
                log_change(session, operation, revision.req_id, user_id, revision.id)
                return _answer(revision)
            before = interview_state(interview)
            replaced = self._apply(session, interview, order, user_id)
            is_deleted = interview.deleted_at is not None
            if interview_state(interview) == before and not is_deleted and step != "review_requested":
                return _answer(interview)  # a change that changes nothing
            report = interview_report(session, interview)
            states.keep_overrides(interview, report)
            interview.quality = report.model_dump(mode="json")
        if replaced is not None:
            earlier = interview_state(replaced)
            states.archive(replaced)
            store_change(session, replaced, earlier, "archived", user_id, f"Interview {interview.id} takes its place.")
            self._outbox.interview_archived(session, replaced, user_id)
        # Only now: until here, the name was that of the other one.
        interview.published_name = interview.interview_name if interview.status == states.PUBLISHED else None
        store_change(session, interview, before, step, user_id, note, restored)
        if interview.status != before["status"]:
            self._tell(session, interview, user_id)
        log_change(session, operation, interview.req_id, user_id, interview.id)
        return _answer(interview)

    def _tell(self, session: Session, interview: Interview, user_id: str) -> None:
        """Tell of the state that an interview has now: one that is restored may be published again."""
        if interview.status == states.PUBLISHED:
            self._outbox.interview_published(session, interview, user_id)
        elif interview.status == states.ARCHIVED:
            self._outbox.interview_archived(session, interview, user_id)

    def _apply(
        self, session: Session, interview: Interview, order: orders.InterviewOrder, user_id: str
    ) -> Interview | None:
        """Change the row. If it is to be published, the interview that it takes the place of is returned."""
        match order:
            case orders.ArchiveOrder():
                states.archive(interview)
                return None
            case orders.RestoreOrder():
                states.restore(interview, _published(session, interview))
                return None
            case orders.DeleteDraftOrder():
                states.refuse_unless_deletable(interview)
                interview.deleted_at = utc_now()
                return None
        states.refuse_unless_draft(interview)
        match order:
            case orders.PublishOrder():
                report = interview_report(session, interview)
                second = self._settings.require_second_approver
                states.refuse_unless_publishable(interview, user_id, report, second_approver=second)
                if not order.dry_run:
                    states.publish(interview, order, user_id)
                    return _published(session, interview)
            case orders.OverrideOrder():
                states.override(interview, order, user_id)
                interview.edited_by_user_id, interview.edited_at = user_id, utc_now()
            case orders.WithdrawOverrideOrder():
                states.withdraw_override(interview, order)
            case orders.RequestReviewOrder():
                states.request_review(interview, order, user_id)
            case _:
                before = interview_state(interview)
                if isinstance(order, orders.AcceptAlternativeOrder):
                    accept_alternative(session, interview, order)
                elif isinstance(order, orders.UndoOrder | orders.RedoOrder):
                    take_back(session, interview, order)
                else:
                    EDITS[type(order)](interview, order)
                if interview_state(interview) != before:
                    interview.edited_by_user_id, interview.edited_at = user_id, utc_now()
        return None


def seen_interview(session: Session, order: orders.InterviewOrder, *, lock: bool = False) -> Interview:
    """The interview that an order is about, as it is now.

    Raises:
        NotFound: if there is none.
        Stale: if it is not what the caller has seen.
    """
    return interview_as_seen(session, order.interview_id, order.if_match, lock=lock)


def interview_as_seen(session: Session, interview_id: int, if_match: list[str], *, lock: bool = False) -> Interview:
    """See `seen_interview`."""
    interview = (
        session.get(Interview, interview_id, populate_existing=True, with_for_update=lock or None)
        if interview_id <= MAX_ID
        else None
    )
    if interview is None or interview.deleted_at is not None:
        raise NotFound("There is no interview with this id.")
    view = InterviewView.model_validate(interview)
    if "*" not in if_match and view.etag not in if_match:
        error = Stale("This interview was changed meanwhile: look at `current`, then decide.", req_id=interview.req_id)
        error.current = view
        raise error
    return interview


def _published(session: Session, interview: Interview) -> Interview | None:
    """The other interview of the requisition that is published under the same name."""
    same = Interview.req_id == interview.req_id, Interview.published_name == interview.interview_name
    return session.scalar(select(Interview).where(*same, Interview.id != interview.id), execution_options=FRESH)


def _names_of(order: orders.InterviewOrder) -> tuple[ChangeOperation, Step]:
    return NAMES.get(type(order), EDIT)


def _answer(interview: Interview) -> InterviewAnswer:
    return InterviewAnswer(interview=InterviewView.model_validate(interview))
