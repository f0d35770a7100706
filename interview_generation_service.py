"""An enhanced job description in, an interview of five questions out.

The service reads the job description, has its topics planned if it has none, and chooses five of them.
`techscreen/generation/interview_draft.py` then makes the interview and stores it. It also finds stored interviews.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config import LibraryUse, Settings
from models import MAX_ID, Interview, JobDescription
from prompts import PlannedTopics
from techscreen.checks.answers import topic_violations
from techscreen.checks.entity_names import names_to_avoid
from techscreen.checks.job_description_gate import refuse_unless_job
from techscreen.checks.requisition_quotes import with_sound_quotes
from techscreen.checks.stated_level import at_stated_level
from techscreen.claude.interface import Claude, Deadline
from techscreen.errors import ClaudeNotConfigured, FieldProblem, InvalidRequest, NotEnhanced, NotFound, Superseded
from techscreen.generation.audit_log import AuditRow, open_audit_row
from techscreen.generation.interview_draft import InterviewDraft, questions_from
from techscreen.generation.interview_task import (
    QUESTIONS,
    InterviewSource,
    InterviewTask,
    read_source,
    stored_quality,
    stored_topics,
)
from techscreen.generation.progress import Progress
from techscreen.generation.running_enhancement import RunningEnhancement
from techscreen.generation.superseded import LOCKED, refuse_if_erased, refuse_if_superseded
from techscreen.generation.token_budget import set_aside
from techscreen.quality.report import combined
from techscreen.quality.topic_choice import choose_topics
from techscreen.question_cache.reservations import QuestionCache
from techscreen.schemas.generation import (
    EnhanceRequest,
    GenerateAnswer,
    GenerateRequest,
    InterviewView,
    QualityView,
)
from techscreen.storage.deferred_writes import Values, deferrable, store_or_defer
from techscreen.storage.history import job_description_state, keep_older_state, record
from techscreen.storage.outbox import CLOSED, Outbox
from techscreen.storage.transactions import run_in_transaction

OPERATION: Final = "interview_generation"


class InterviewGenerationService:
    """Generates interviews, and finds stored ones.

    Args:
        outbox: where the events go that there is a new interview; by default nowhere.
    """

    def __init__(self, claude: Claude, settings: Settings, outbox: Outbox = CLOSED) -> None:
        self._claude = claude
        self._settings = settings
        self._cache = QuestionCache(claude, settings)
        self._outbox = outbox

    def generate_interview(
        self,
        request: GenerateRequest,
        user_id: str,
        deadline: Deadline | None = None,
        progress: Progress | None = None,
        texts: EnhanceRequest | None = None,
    ) -> GenerateAnswer:
        """Make the next version of a requisition's interview and store it.

        Args:
            request: which job description, and optionally its name and what it must ask about.
            texts: the requisition's texts; by default those stored.
            user_id: who asks; kept with the interview and in the audit log.
            deadline: moment by which Claude must have answered; REQUEST_TIMEOUT from now by default.
            progress: is told of each question, and knows what an earlier attempt has left.

        Raises:
            NotFound, InvalidRequest, NotEnhanced, TokenBudgetExhausted: before anything is written.
            ClaudeNotConfigured: if no library questions are wanted, and no Claude is asked.
            Superseded: if the requisition has other texts meanwhile; finished questions are kept.
            LibraryLacks: if only library questions are wanted, and there are too few.
            ClaudeError: one of its kinds; finished questions are kept.
        """
        progress = progress or Progress()
        if progress.earlier.interview_id is not None:
            return _generated_earlier(progress.earlier.interview_id, progress.earlier.interview_tokens)
        deadline = deadline or Deadline.after(self._settings.request_timeout)
        source = self._load(request, texts, progress.earlier.planned)
        return self._generate(self._task(source, request, user_id, deadline, progress))

    def generate_from_enhancement(
        self,
        enhancement: RunningEnhancement,
        request: GenerateRequest,
        texts: EnhanceRequest,
        user_id: str,
        deadline: Deadline,
        progress: Progress,
    ) -> GenerateAnswer:
        """Make an interview from the topics of an enhancement that is still being written.

        It is stored after the enhancement, and not at all if the enhancement fails. Otherwise like
        `generate_interview`.

        Args:
            enhancement: stored as soon as its answer is there, and always before the interview.
            request: names the job description that is being enhanced.
            texts: the texts being enhanced. The stored row may still hold older ones, or newer ones by now.

        Raises:
            Exception: the enhancement's failure, if it has failed.
        """
        planned, stored_id = enhancement.planned(), request.job_description_id
        source = run_in_transaction(
            lambda session: read_source(session, session.get_one(JobDescription, stored_id), planned, texts)
        )
        return self._generate(self._task(source, request, user_id, deadline, progress, enhancement))

    def get_interview(self, interview_id: int) -> InterviewView:
        """A stored interview.

        Raises:
            NotFound: if there is none with this id.
        """
        return run_in_transaction(partial(_stored_interview, interview_id))

    def list_interviews(self, req_id: str) -> list[InterviewView]:
        """All interviews of a requisition, oldest version first; empty if there are none."""
        ours = Interview.req_id == req_id, Interview.deleted_at.is_(None)
        of_requisition = select(Interview).where(*ours).order_by(Interview.version)
        return run_in_transaction(
            lambda session: [InterviewView.model_validate(interview) for interview in session.scalars(of_requisition)]
        )

    def refuse_unless_enhanced(self, session: Session, request: GenerateRequest) -> None:
        """Check that there is something to make an interview from.

        Raises:
            NotFound, InvalidRequest, NotEnhanced: if not.
        """
        _enhanced(session, request)

    def _task(
        self,
        source: InterviewSource,
        request: GenerateRequest,
        user_id: str,
        deadline: Deadline,
        progress: Progress,
        enhancement: RunningEnhancement | None = None,
    ) -> InterviewTask:
        return InterviewTask(
            source,
            request.interview_name,
            user_id,
            deadline,
            progress,
            enhancement,
            library_use(request.use_library, self._settings),
            cover=tuple(request.cover or ()),
            topics=tuple(request.topics or ()),
        )

    def _load(
        self, request: GenerateRequest, texts: EnhanceRequest | None, planned: PlannedTopics | None
    ) -> InterviewSource:

        def load(session: Session) -> InterviewSource:
            stored = _enhanced(session, request)
            return read_source(session, stored, planned if texts else None, texts)

        return run_in_transaction(load)

    def _generate(self, task: InterviewTask) -> GenerateAnswer:
        source = task.source
        with (
            run_in_transaction(partial(self._open_audit_row, task)) as audit,
            self._cache.reservations_for(source.req_id, task.use_library) as reservations,
        ):
            if not source.planned:
                task.progress.refuse_if_cancelled()
            planned = source.planned or self._plan(source, audit, task)
            texts = source.requisition.fields()
            planned = at_stated_level(with_sound_quotes(planned, texts), texts)
            wishes = task.wishes(planned)
            candidates = wishes.candidates(planned.interview_topics)
            topics = choose_topics(
                candidates,
                texts,
                QUESTIONS,
                must=wishes.must,
                first=wishes.parts,
                asked=wishes.asked,
                insists=wishes.insists,
            )
            task.progress.topics_named(planned)
            task.progress.refuse_if_cancelled()
            draft = InterviewDraft(
                task,
                topics,
                planned,
                wishes=wishes,
                claude=self._claude,
                audit=audit,
                reservations=reservations,
                outbox=self._outbox,
            )
            interview = draft.complete()
        return _answer(interview, source.quality, audit.spending.total_tokens)

    def _open_audit_row(self, task: InterviewTask, session: Session) -> AuditRow:
        refuse_if_erased(session, task.source.req_id, JobDescription, task.source.job_description_id)
        if task.enhancement is not None:
            tokens = task.enhancement.hand_over_interview_tokens(session)
        else:
            tokens = set_aside(session, self._settings, task.user_id, (OPERATION,)).get(OPERATION)
        return open_audit_row(
            OPERATION,
            req_id=task.source.req_id,
            user_id=task.user_id,
            claude=self._claude,
            session=session,
            expected_tokens=tokens,
        )

    def _plan(self, source: InterviewSource, audit: AuditRow, task: InterviewTask) -> PlannedTopics:
        """Plan topics for a job description that has none, and store them with it."""
        requisition = source.requisition.fields()
        check = partial(topic_violations, names=names_to_avoid(requisition), requisition=requisition)
        call = audit.ask(self._claude, source.requisition, check, task.deadline)
        audit.wait_for(call)
        answer = audit.take(call)
        refuse_unless_job(answer.value.reads_as)
        planned = with_sound_quotes(answer.value, requisition)

        def store(session: Session) -> None:
            audit.save_spending(session)  # first, for SQLite locks at the first write
            stored = session.get_one(JobDescription, source.job_description_id, **LOCKED)
            refuse_if_superseded(stored, source.requisition.fields())
            if stored_topics(stored) is not None:
                return  # it was enhanced meanwhile, and these topics may belong to an older text
            keep_older_state(session, stored, job_description_state(stored))
            stored.interview_topics = [topic.model_dump() for topic in planned.interview_topics]
            stored.language = planned.language
            stored.revision += 1
            record(session, stored, "topics_planned", task.user_id)

        def to_store_later() -> Values:
            return {
                "job_description_id": source.job_description_id,
                "texts": requisition,
                "interview_topics": [topic.model_dump() for topic in planned.interview_topics],
                "language": planned.language,
                "user_id": task.user_id,
            }

        store_or_defer(store, topics_paid_for, to_store_later)
        return planned


@deferrable
def topics_paid_for(session: Session, values: Values) -> None:
    """Store topics that could not be stored in time, unless the job description has others by now."""
    this = update(JobDescription).where(JobDescription.id == values["job_description_id"])
    # First, for SQLite locks at the first write.
    session.execute(this.values(id=JobDescription.id))
    stored = session.get(JobDescription, values["job_description_id"], **LOCKED)
    if stored is None:
        return  # it was erased meanwhile
    try:
        refuse_if_superseded(stored, values["texts"])
    except Superseded:
        return
    if stored_topics(stored) is None:
        keep_older_state(session, stored, job_description_state(stored))
        stored.interview_topics, stored.language = values["interview_topics"], values["language"]
        stored.revision += 1
        record(session, stored, "topics_planned", values.get("user_id", stored.created_by_user_id))


def library_use(wanted: LibraryUse | None, settings: Settings) -> LibraryUse:
    """Whether an interview takes library questions. Where no Claude is asked, it takes no others.

    Raises:
        ClaudeNotConfigured: if it should take none, and no Claude is asked either.
    """
    if settings.asks_claude:
        return wanted or settings.use_library
    if wanted == "never":
        raise ClaudeNotConfigured("use_library is never, but there is no Claude to write questions instead.")
    return "only"


def _enhanced(session: Session, request: GenerateRequest) -> JobDescription:
    """The job description that a request names.

    Raises:
        NotFound, InvalidRequest, NotEnhanced: if nothing can be made from it.
    """
    stored_id = request.job_description_id
    stored = session.get(JobDescription, stored_id) if stored_id <= MAX_ID else None
    if stored is None:
        raise NotFound("There is no job description with this job_description_id.", req_id=request.req_id)
    if stored.req_id != request.req_id:
        sentence = "req_id and job_description_id belong to different requisitions."
        both = [FieldProblem(name, sentence) for name in ("req_id", "job_description_id")]
        raise InvalidRequest(sentence, details=both, req_id=request.req_id)
    if stored.enhanced_description is None:
        raise NotEnhanced("This job description has not been enhanced yet.", req_id=request.req_id)
    return stored


def _stored_interview(interview_id: int, session: Session) -> InterviewView:
    stored = session.get(Interview, interview_id) if interview_id <= MAX_ID else None
    if stored is None or stored.deleted_at is not None:
        raise NotFound("There is no interview with this id.")
    return InterviewView.model_validate(stored)


def _generated_earlier(interview_id: int, tokens_used: int) -> GenerateAnswer:
    """The answer about an interview that an earlier attempt has stored."""

    def read(session: Session) -> GenerateAnswer:
        interview = _stored_interview(interview_id, session)
        described = stored_quality(session.get_one(JobDescription, interview.job_description_id))
        return _answer(interview, described, tokens_used)

    return run_in_transaction(read)


def _answer(interview: InterviewView, described: QualityView | None, tokens_used: int) -> GenerateAnswer:
    """The answer about an interview and, with the report `described`, its job description."""
    return GenerateAnswer(
        interview_id=interview.id,
        job_description_id=interview.job_description_id,
        req_id=interview.req_id,
        interview_name=interview.interview_name,
        interview=interview,
        quality=combined(described, interview.quality),
        tokens_used=tokens_used,
        cached_questions=questions_from("cache", interview),
        library_questions=questions_from("library", interview),
        created_at=interview.created_at,
        model=interview.model,
        prompt_version=interview.prompt_version,
    )
