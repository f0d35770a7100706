"""The team's own questions one by one: kept, looked up, listed, changed, retired, and taken over from interviews.

Orders and queries come in; views with their findings go out. One short transaction for each. A change is claimed by
compare-and-swap on the question's revision, so that nobody overwrites anybody, and leaves an audit row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, not_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models import MAX_ID, CachedQuestion, Interview, InterviewQuestion, JobDescription, utc_now
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.entity_names import names_to_avoid
from techscreen.errors import FieldProblem, NotFound, ReferenceTaken, Stale
from techscreen.generation.audit_log import log_change
from techscreen.library.findings import library_findings
from techscreen.library.rows import as_changed, columns_of, view_of
from techscreen.observability import metrics
from techscreen.question_cache.administration import has_technology
from techscreen.question_cache.feedback_sums import feedback_on
from techscreen.question_cache.keys import LIBRARY_VERSION, PEOPLE, cache_key
from techscreen.question_cache.lookup_statements import with_enough_criteria
from techscreen.question_cache.reservations import newest_variant
from techscreen.schemas.cursors import cursor_after, position_of
from techscreen.schemas.generation import EnhanceRequest
from techscreen.schemas.library import (
    LibraryAnswer,
    LibraryChange,
    LibraryQuery,
    LibraryQuestion,
    LibraryQuestionAnswer,
    SaveOrder,
)
from techscreen.schemas.problems import validated
from techscreen.storage.transactions import run_in_transaction, transaction
from techscreen.text.exhibits import shown_text, spoken_part

OPERATION: Final = "library"
# The language of questions whose interview was made before it was kept.
USUAL_LANGUAGE = "en"
_IN_LIBRARY = CachedQuestion.library_status.is_not(None)
# What somebody should look at, unless it is retired.
ATTENTION: Final[Mapping[str, ColumnElement[bool]]] = {
    "complained": CachedQuestion.complaints > 0,
    "never_used": CachedQuestion.usage_count == 0,
    "not_ready": and_(CachedQuestion.library_status == "active", not_(with_enough_criteria())),
}
_TEXTS = tuple(name for name in EnhanceRequest.model_fields if name != "req_id")


def create_question(given: LibraryQuestion, user_id: str) -> LibraryQuestionAnswer:
    """Keep a question.

    Raises:
        ReferenceTaken: if another one has its reference.
    """
    return _changed(run_in_transaction(partial(_create, given, user_id)))


def refuse_if_taken(session: Session, given: LibraryQuestion) -> None:
    """Check that no question has the reference of a new one.

    Raises:
        ReferenceTaken: if one has.
    """
    _refuse_reference(session, given.reference)


def get_question(library_question_id: int) -> LibraryQuestionAnswer:
    """A question.

    Raises:
        NotFound: if there is none with this id.
    """
    with transaction() as session:
        row = _known(session, library_question_id)
    return _answer(row)


def list_questions(query: LibraryQuery) -> LibraryAnswer:
    """One page of the questions that match the query, newest first.

    Raises:
        InvalidRequest: if the cursor was not given for the same filters.
    """
    conditions = [_IN_LIBRARY, *_filters(query)]
    asked_for = query.model_dump_json(exclude={"cursor", "page_size"})
    if query.cursor is not None:
        conditions.append(CachedQuestion.id < position_of(query.cursor, asked_for))
    page = select(CachedQuestion).where(*conditions).order_by(CachedQuestion.id.desc())
    with transaction() as session:
        rows = session.scalars(page.limit(query.page_size + 1)).all()  # one more shows whether there is more
        shown = rows[: query.page_size]
        said = feedback_on(session, [row.id for row in shown])
    return LibraryAnswer(
        questions=[view_of(row, said.get(row.id, {})) for row in shown],
        page_size=query.page_size,
        next_cursor=cursor_after(shown[-1].id, asked_for) if len(rows) > len(shown) else None,
    )


def change_question(change: LibraryChange, user_id: str) -> LibraryQuestionAnswer:
    """Change a question, retire it, or bring it back. Interviews that have it keep what they have.

    Raises:
        NotFound, Stale, InvalidRequest, ReferenceTaken: before anything is written.
    """
    return _changed(run_in_transaction(partial(_change, change, user_id)))


def seen_question(session: Session, change: LibraryChange) -> CachedQuestion:
    """The question that a change is about, as it is now.

    Raises:
        NotFound: if there is none.
        Stale: if it is not what the caller has seen.
    """
    row = _known(session, change.library_question_id)
    view = view_of(row)
    if "*" not in change.if_match and view.etag not in change.if_match:
        error = Stale("This question was changed meanwhile: look at `current`, then decide.")
        error.current = view
        raise error
    return row


def save_question(order: SaveOrder, user_id: str) -> LibraryQuestionAnswer:
    """Keep a question of an interview as it is, word for word.

    Raises:
        NotFound: if there is no such interview or question.
        ReferenceTaken: if another question has the reference. By default it tells where the question is from, so that
            nobody saves it twice unawares.
    """
    row, requisition = run_in_transaction(partial(_save, order, user_id))
    names = names_to_avoid(requisition, [row.topic, *(row.technologies or ())])
    return _changed(row, names, Confidential(requisition))


def refuse_unless_savable(session: Session, order: SaveOrder) -> None:
    """Check that the question is there and was not saved before.

    Raises:
        NotFound, ReferenceTaken: if not.
    """
    _, question = _question_of(session, order)
    _refuse_reference(session, _reference(order, question))


def _create(given: LibraryQuestion, user_id: str, session: Session) -> CachedQuestion:
    _refuse_reference(session, given.reference)
    row = _stored(session, given, user_id, PEOPLE)
    log_change(session, OPERATION, "", user_id, row.id)
    return row


def _change(change: LibraryChange, user_id: str, session: Session) -> CachedQuestion:
    with session.no_autoflush:  # everything is checked before anything is written
        row = seen_question(session, change)
        before, seen = view_of(row), row.revision
        patch = dict(change.patch)
        status, reason = patch.pop("status", None), patch.pop("reason", None)
        if patch:
            _edit(session, row, patch)
        if status is not None:
            _set_status(row, status, reason, user_id)
        if view_of(row) == before:
            return row  # a change that changes nothing
        # First, for SQLite locks at the first write.
        claim = update(CachedQuestion).where(CachedQuestion.id == row.id, CachedQuestion.revision == seen)
        claimed: Any = session.execute(
            claim.values(revision=seen + 1), execution_options={"synchronize_session": False}
        )
        if claimed.rowcount != 1:
            raise StaleDataError("The question was changed meanwhile.")
        row.revision = seen + 1
        row.edited_by_user_id, row.edited_at = user_id, utc_now()
    session.flush()
    log_change(session, OPERATION, "", user_id, row.id)
    return row


def _edit(session: Session, row: CachedQuestion, patch: dict[str, Any]) -> None:
    given = validated(LibraryQuestion, as_changed(row, patch))
    if given.reference != row.reference:
        _refuse_reference(session, given.reference)
    columns = columns_of(given)
    if columns["request_hash"] != row.request_hash:
        row.variant = newest_variant(session, columns["request_hash"]) + 1
        row.cache_key = cache_key(columns["request_hash"], row.variant)
    for name, value in columns.items():
        setattr(row, name, value)


def _set_status(row: CachedQuestion, status: str, reason: str | None, user_id: str) -> None:
    if status != "retired":
        row.library_status = status
        row.retired_at = row.retired_reason = row.retired_url = row.retired_by_user_id = None
    elif row.retired_at is None:  # who did it first, and why, stays
        row.retired_at, row.retired_reason, row.retired_by_user_id = utc_now(), reason, user_id


def _save(order: SaveOrder, user_id: str, session: Session) -> tuple[CachedQuestion, dict[str, str | None]]:
    interview, question = _question_of(session, order)
    reference = _reference(order, question)
    _refuse_reference(session, reference)
    described = session.get_one(JobDescription, interview.job_description_id)
    said: dict[str, Any] = {
        **{name: getattr(question, name) for name in ("topic", "skill_level", "question_type")},
        **order.model_dump(exclude={"interview_id", "number"}),
        "question_text": spoken_part(question.question_text, shown_text(question.exhibit)),
        "reference": reference,
        "technologies": _technologies(session, question, described),
        **_purpose(session, question),
        "language": interview.language or described.language or USUAL_LANGUAGE,
    }
    given = LibraryQuestion.model_construct(**said)  # not checked: its texts are kept whatever their form
    row = _stored(session, given, user_id, question.model or PEOPLE, question)
    log_change(session, OPERATION, interview.req_id, user_id, row.id)
    return row, {name: getattr(described, name) for name in _TEXTS}


def _stored(
    session: Session, given: LibraryQuestion, user_id: str, model: str, of: InterviewQuestion | None = None
) -> CachedQuestion:
    """A new row; its texts are those of a question `of` an interview, if there is one, whatever their form."""
    columns = columns_of(given)
    if of is not None:
        as_it_is = ("question_text", "exhibit", "minutes", "follow_ups", "rating_anchors")
        columns |= {name: getattr(of, name) for name in as_it_is}
        columns["criteria"] = [{name: each[name] for name in ("criterion", "description")} for each in of.criteria]
    variant = newest_variant(session, columns["request_hash"]) + 1
    row = CachedQuestion(
        **columns,
        variant=variant,
        cache_key=cache_key(columns["request_hash"], variant),
        prompt_version=LIBRARY_VERSION,
        model=model,
        created_by_user_id=user_id,
        created_at=utc_now(),
        revision=1,
        usage_count=0,
        complaints=0,
    )
    session.add(row)
    session.flush()
    return row


def _question_of(session: Session, order: SaveOrder) -> tuple[Interview, InterviewQuestion]:
    interview = session.get(Interview, order.interview_id) if order.interview_id <= MAX_ID else None
    if interview is None or interview.deleted_at is not None:
        raise NotFound("There is no interview with this id.")
    for question in interview.questions:
        if question.question_number == order.number:
            return interview, question
    raise NotFound(f"This interview has no question {order.number}.", req_id=interview.req_id)


def _purpose(session: Session, question: InterviewQuestion) -> dict[str, Any]:
    """What a question of an interview is for, if the library has lent it."""
    lent = session.get(CachedQuestion, question.cached_question_id) if question.cached_question_id else None
    if lent is None:
        return {}
    return {"skills": list(lent.skills or ()), "fits_any_post": lent.fits_any_post}


def _technologies(session: Session, question: InterviewQuestion, described: JobDescription) -> list[str]:
    """The technologies of a question's topic: those planned for it, or those of the question that was lent."""
    for topic in described.interview_topics or ():
        if topic["topic"] == question.topic:
            return list(topic["technologies"])
    lent = session.get(CachedQuestion, question.cached_question_id) if question.cached_question_id else None
    return list(lent.technologies or ()) if lent is not None else []


def _reference(order: SaveOrder, question: InterviewQuestion) -> str:
    return order.reference or f"question-{question.lineage or question.id}"


def _refuse_reference(session: Session, reference: str | None) -> None:
    if reference is None:
        return
    taken = session.scalar(select(CachedQuestion.id).where(CachedQuestion.reference == reference))
    if taken is not None:
        sentence = f"The library has a question with the reference “{reference}” already: number {taken}."
        raise ReferenceTaken(sentence, details=[FieldProblem("reference", sentence)])


def _known(session: Session, library_question_id: int) -> CachedQuestion:
    known = library_question_id <= MAX_ID
    row = session.get(CachedQuestion, library_question_id, populate_existing=True) if known else None
    if row is None or row.library_status is None:
        raise NotFound("There is no question with this id in the library.")
    return row


def _filters(query: LibraryQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.topic:
        conditions.append(CachedQuestion.topic.contains(query.topic, autoescape=True))
    if query.technology:
        conditions.append(has_technology(query.technology))
    if query.skill_level:
        conditions.append(CachedQuestion.skill_level == query.skill_level)
    if query.language:
        conditions.append(CachedQuestion.language == query.language.casefold())
    if query.owner:
        conditions.append(CachedQuestion.owner == query.owner)
    if query.due_before is not None:
        conditions.append(CachedQuestion.review_on < query.due_before)
    if query.status == "retired":
        conditions.append(CachedQuestion.retired_at.is_not(None))
    elif query.status is not None:
        conditions += [CachedQuestion.library_status == query.status, CachedQuestion.retired_at.is_(None)]
    if query.attention is not None:
        conditions += [ATTENTION[query.attention], CachedQuestion.retired_at.is_(None)]
    return conditions


def _answer(
    row: CachedQuestion, names: Collection[str] = (), confidential: Confidential | None = None
) -> LibraryQuestionAnswer:
    return LibraryQuestionAnswer(question=view_of(row), findings=library_findings(row, names, confidential))


def _changed(
    row: CachedQuestion, names: Collection[str] = (), confidential: Confidential | None = None
) -> LibraryQuestionAnswer:
    metrics.changed(OPERATION)
    return _answer(row, names, confidential)
