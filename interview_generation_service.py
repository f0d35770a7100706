"""An enhanced job description in, an interview of five questions out.

The questions are written by `interview_writing.py`; here is what comes before and after: the job description with
its topics is read into plain values, and the finished interview is stored as the requisition's next version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from claude_interface import Claude, Deadline
from config import Settings
from content_checks import topic_problems
from errors import (
    FieldProblem,
    GenerationFailed,
    InvalidRequest,
    NotEnhanced,
    NotFound,
)
from field_types import LONGEST_SHORT_TEXT
from generation_log import AuditRow, audited
from interview_writing import Alongside, InterviewInTheMaking, ReadyQuestion
from models import (
    LARGEST_ID,
    PATIENCE,
    Interview,
    InterviewQuestion,
    JobDescription,
    settled,
    transaction,
)
from progress import Progress
from prompts import InterviewTopic, PlannedTopics, PlanTopics
from proper_names import names_to_avoid
from quality_report import interview_quality
from question_cache import QuestionCache
from requisition_substance import refuse_unless_job
from schemas import GenerateAnswer, GenerateRequest, InterviewView, QualityView

QUESTIONS = 5
MOST_VERSION_TRIES = 50


@dataclass(frozen=True)
class _Source:
    """What an interview is made from, as plain values."""

    job_description_id: int
    req_id: str
    requisition: PlanTopics
    planned: PlannedTopics | None
    earlier: tuple[tuple[str, str], ...]  # topic and text of each question of the earlier interviews


class InterviewGenerationService:
    """Generates interviews and finds them again."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings
        self._cache = QuestionCache(claude, settings)

    def generate_interview(
        self,
        request: GenerateRequest,
        user_id: str,
        deadline: Deadline | None = None,
        progress: Progress | None = None,
    ) -> GenerateAnswer:
        """Make the next version of a requisition's interview and store it.

        Args:
            request: which job description; the name is optional.
            user_id: who asks; kept with the interview and in the audit log.
            deadline: moment by which Claude must have answered; REQUEST_TIMEOUT from now by default.
            progress: hears of each question, and knows what an earlier attempt has left.

        Raises:
            NotFound, InvalidRequest, NotEnhanced: before anything is written.
            ClaudeError: one of its kinds; finished questions are kept.
        """
        progress = progress or Progress()
        if progress.earlier.interview_id is not None:
            return _answer(self.get_interview(progress.earlier.interview_id), progress.earlier.interview_tokens)
        deadline = deadline or Deadline.after(self._settings.request_timeout)
        source = self._load(request)
        return self._generate(source, request.interview_name, user_id, deadline, progress)

    def generate_alongside(
        self,
        enhancement: Alongside,
        planned: PlannedTopics,
        request: GenerateRequest,
        user_id: str,
        deadline: Deadline,
        progress: Progress,
    ) -> GenerateAnswer:
        """Make an interview from topics whose enhancement is still being written.

        It is stored after the enhancement, and not at all if that fails. Else as `generate_interview`.

        Args:
            enhancement: finished as soon as it can be, and in any case before the interview is stored.
            planned: the topics that it has named.
            request: for the job description that it enhances.

        Raises:
            AlongsideFailed: if the enhancement failed; finished questions are kept.
        """
        with transaction() as session:
            source = _source(session, session.get_one(JobDescription, request.job_description_id), planned)
        return self._generate(source, request.interview_name, user_id, deadline, progress, enhancement)

    def get_interview(self, interview_id: int) -> InterviewView:
        """A stored interview.

        Raises:
            NotFound: if there is none with this id.
        """
        with transaction() as session:
            stored = session.get(Interview, interview_id) if interview_id <= LARGEST_ID else None
            if stored is None:
                raise NotFound("There is no interview with this id.")
            return InterviewView.model_validate(stored)

    def list_interviews(self, req_id: str) -> list[InterviewView]:
        """All interviews of a requisition, oldest version first; empty if there are none."""
        with transaction() as session:
            stored = session.scalars(select(Interview).where(Interview.req_id == req_id).order_by(Interview.version))
            return [InterviewView.model_validate(interview) for interview in stored]

    def _load(self, request: GenerateRequest) -> _Source:
        with transaction() as session:
            stored_id = request.job_description_id
            stored = session.get(JobDescription, stored_id) if stored_id <= LARGEST_ID else None
            if stored is None:
                raise NotFound("There is no job description with this job_description_id.", req_id=request.req_id)
            if stored.req_id != request.req_id:
                sentence = "req_id and job_description_id belong to different requisitions."
                both = [FieldProblem(name, sentence) for name in ("req_id", "job_description_id")]
                raise InvalidRequest(sentence, details=both, req_id=request.req_id)
            if stored.enhanced_description is None:
                raise NotEnhanced("This job description has not been enhanced yet.", req_id=request.req_id)
            return _source(session, stored, _stored_topics(stored))

    def _generate(
        self,
        source: _Source,
        name: str | None,
        user_id: str,
        deadline: Deadline,
        progress: Progress,
        alongside: Alongside | None = None,
    ) -> GenerateAnswer:
        with (
            audited("interview_generation", req_id=source.req_id, user_id=user_id, claude=self._claude) as audit,
            self._cache.loans_for(source.req_id) as loans,
        ):
            planned = source.planned or self._plan(source, audit, deadline)
            topics = choose_topics(planned.interview_topics)
            in_topics = [text for topic in topics for text in (topic.topic, topic.facet, *topic.technologies)]
            progress.topics_named(planned)
            making = InterviewInTheMaking(
                self._claude,
                topics,
                planned.language,
                source.earlier,
                names_to_avoid(source.requisition.fields(), in_topics),
                loans,
                audit,
                deadline,
                progress,
                alongside,
            )
            interview = self._complete(making, source, name, user_id)
        return _answer(interview, audit.spending.total_tokens)

    def _plan(self, source: _Source, audit: AuditRow, deadline: Deadline) -> PlannedTopics:
        """Topics for a job description that has none, stored with it."""
        check = partial(topic_problems, names=names_to_avoid(source.requisition.fields()))
        answer = self._claude.submit(source.requisition, check, deadline).result()
        audit.spending += answer.spending
        planned = answer.value
        refuse_unless_job(planned.reads_as)

        def store(session: Session) -> None:
            stored = session.get_one(JobDescription, source.job_description_id)
            stored.interview_topics = [topic.model_dump() for topic in planned.interview_topics]
            stored.language = planned.language

        settled(store, patience=PATIENCE)
        return planned

    def _complete(self, making: InterviewInTheMaking, source: _Source, name: str | None, user_id: str) -> InterviewView:
        """Complete the questions and store the interview as the next version.

        Another interview of the requisition may be stored meanwhile, or a question be retired. What is no longer
        fit is then written anew; the unique version makes sure that nothing slips in between.
        """

        tries = 0
        quality: QualityView

        def store(session: Session) -> InterviewView | list[int]:
            nonlocal tries
            tries += 1
            stored_id = making.audit.result_stored(session) if tries > 1 else None
            if stored_id is not None:
                return InterviewView.model_validate(session.get_one(Interview, stored_id))
            making.earlier, newest = _earlier_questions(session, source.req_id)
            unfit = making.unfit(making.loans.retired(session))
            return unfit or self._insert(session, making, source, quality, newest + 1, name, user_id)

        making.borrow()
        for _ in range(MOST_VERSION_TRIES):
            making.write_missing()
            quality = interview_quality(
                source.requisition, [(ready.topic, ready.question) for ready in making.in_order()]
            )
            stored = settled(store, tries=MOST_VERSION_TRIES, patience=PATIENCE)
            if isinstance(stored, InterviewView):
                return stored
            making.drop(stored)
        raise GenerationFailed("Other interviews of this requisition kept coming first.")

    def _insert(
        self,
        session: Session,
        making: InterviewInTheMaking,
        source: _Source,
        quality: QualityView,
        version: int,
        name: str | None,
        user_id: str,
    ) -> InterviewView:
        if name is None:
            stored = session.get_one(JobDescription, source.job_description_id)
            name = default_name(stored.enhanced_title or stored.basic_title, version)
        interview = Interview(
            job_description_id=source.job_description_id,
            req_id=source.req_id,
            interview_name=name,
            created_by_user_id=user_id,
            version=version,
            language=making.language,
            model=self._claude.model,
            prompt_version=self._claude.prompt_version,
            quality=quality.model_dump(),
            questions=[_row(number, ready) for number, ready in enumerate(making.in_order(), start=1)],
        )
        session.add(interview)
        session.flush()
        making.loans.become_part_of(interview.id, session)
        view = InterviewView.model_validate(interview)
        making.audit.succeed(session, interview.id, cached_questions=_lent(view))
        making.progress.interview_stored(session, interview.id, making.audit.spending.total_tokens)
        return view


def _source(session: Session, stored: JobDescription, planned: PlannedTopics | None) -> _Source:
    earlier, _ = _earlier_questions(session, stored.req_id)
    return _Source(
        job_description_id=stored.id,
        req_id=stored.req_id,
        requisition=PlanTopics(
            basic_title=stored.basic_title,
            basic_description=stored.basic_description,
            basic_department=stored.basic_department,
            basic_level=stored.basic_level,
            work_output=stored.work_output,
            work_role=stored.work_role,
            work_knowledge=stored.work_knowledge,
            work_competencies=stored.work_competencies,
        ),
        planned=planned,
        earlier=tuple(earlier),
    )


def _stored_topics(stored: JobDescription) -> PlannedTopics | None:
    """The topics that a job description has; None if there are too few for an interview."""
    if not stored.language or len(stored.interview_topics or ()) < QUESTIONS:
        return None
    return PlannedTopics(language=stored.language, interview_topics=stored.interview_topics or [])


def _answer(interview: InterviewView, tokens_used: int) -> GenerateAnswer:
    return GenerateAnswer(
        interview_id=interview.id,
        job_description_id=interview.job_description_id,
        req_id=interview.req_id,
        interview_name=interview.interview_name,
        interview=interview,
        quality=interview.quality,
        tokens_used=tokens_used,
        cached_questions=_lent(interview),
        created_at=interview.created_at,
        model=interview.model,
        prompt_version=interview.prompt_version,
    )


def _lent(interview: InterviewView) -> int:
    """How many of its questions come from the cache."""
    return sum(question.source == "cache" for question in interview.questions)


def _earlier_questions(session: Session, req_id: str) -> tuple[list[tuple[str, str]], int]:
    """Topic and text of every question that a requisition has had, and its newest version (0 if none)."""
    rows = session.execute(
        select(InterviewQuestion.topic, InterviewQuestion.question_text, Interview.version)
        .join(Interview, InterviewQuestion.interview_id == Interview.id)
        .where(Interview.req_id == req_id)
    ).all()
    return [(row.topic, row.question_text) for row in rows], max((row.version for row in rows), default=0)


def choose_topics(topics: Sequence[InterviewTopic]) -> list[InterviewTopic]:
    """The five best topics that fit together: no two with the same technologies and facet if it can be helped."""
    chosen: list[InterviewTopic] = []
    seen: set[tuple[frozenset[str], str]] = set()
    for topic in topics:
        subject = frozenset(name.casefold() for name in topic.technologies), topic.facet.casefold()
        if subject not in seen:
            seen.add(subject)
            chosen.append(topic)
    chosen += [topic for topic in topics if topic not in chosen]
    return chosen[:QUESTIONS]


def default_name(title: str, version: int) -> str:
    """The name of an interview that was not given one."""
    ending = f" - Interview {version}"
    return title[: LONGEST_SHORT_TEXT - len(ending)] + ending


def _row(number: int, ready: ReadyQuestion) -> InterviewQuestion:
    return InterviewQuestion(
        question_number=number,
        question_text=ready.question.question_text,
        question_type=ready.question_type,
        criteria=[{**criterion.model_dump(), "is_checked": False} for criterion in ready.question.criteria],
        topic=ready.topic.topic,
        skill_level=ready.topic.skill_level,
        follow_ups=ready.question.follow_ups,
        rating_anchors=ready.question.rating_anchors.model_dump(),
        work_items=[item.model_dump() for item in ready.topic.work_items],
        source=ready.source,
        cached_question_id=ready.cached_question_id,
        cached_topic=ready.lent.cached_topic if ready.lent else None,
        similarity=ready.lent.similarity if ready.lent else None,
    )
