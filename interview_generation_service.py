"""An enhanced job description in, an interview of five questions out.

The five topics are written in parallel, one call a question, so that the wait is the slowest question
and not the sum. Each question is kept the moment it arrives. No database connection is held while
Claude works: what is needed is copied into plain values first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from claude_interface import Claude, ClaudeAnswer, Deadline
from config import Settings
from content_checks import alike_question, question_problems, topic_problems
from errors import (
    DatabaseUnavailable,
    FieldProblem,
    GenerationFailed,
    InvalidRequest,
    NotEnhanced,
    NotFound,
    Spending,
)
from generation_log import AuditRow, audited
from models import LARGEST_ID, Interview, InterviewQuestion, JobDescription, lost_a_race, settled, transaction
from prompts import InterviewQuestion as WrittenQuestion
from prompts import InterviewTopic, PlanTopics, WriteQuestion
from question_cache import LentQuestion, Loans, QuestionCache
from schemas import LONGEST_SHORT_TEXT, GenerateAnswer, GenerateRequest, InterviewView

QUESTIONS = 5
# A question that is alike another is written anew this often before the interview fails.
MOST_REWRITES = 2
MOST_VERSION_TRIES = 50


@dataclass(frozen=True)
class _Source:
    """What an interview is made from, as plain values."""

    job_description_id: int
    req_id: str
    title: str
    requisition: PlanTopics
    topics: tuple[InterviewTopic, ...]
    language: str | None
    earlier: tuple[tuple[str, str], ...]  # topic and text of each question of the earlier interviews


@dataclass(frozen=True)
class _Ready:
    """A question that can be delivered."""

    topic: InterviewTopic
    question: WrittenQuestion
    question_type: str
    cached_question_id: int | None
    lent: LentQuestion | None = None


@dataclass
class _Work:
    """An interview in the making."""

    topics: Sequence[InterviewTopic]
    language: str
    earlier: Sequence[tuple[str, str]]
    loans: Loans
    audit: AuditRow
    deadline: Deadline
    ready: dict[int, _Ready] = field(default_factory=dict)
    taken: dict[int, list[str]] = field(default_factory=dict)

    def missing(self) -> list[int]:
        """Places of the questions that are still to be written."""
        return [number for number in range(len(self.topics)) if number not in self.ready]

    def texts(self) -> list[str]:
        """Questions that a further one must not be alike to: those of earlier interviews, and those ready."""
        return [text for _, text in self.earlier] + [ready.question.question_text for ready in self.ready.values()]

    def unfit(self, retired: set[int]) -> list[int]:
        """Places of ready questions that were retired, or are alike to one of an interview stored meanwhile."""
        earlier = [text for _, text in self.earlier]
        return [
            number
            for number, ready in self.ready.items()
            if ready.cached_question_id in retired or alike_question(ready.question.question_text, earlier) is not None
        ]

    def drop(self, numbers: Sequence[int]) -> None:
        """Do without some of the ready questions, and give them back to the cache."""
        for number in numbers:
            cached_question_id = self.ready.pop(number).cached_question_id
            if cached_question_id is not None:
                self.loans.give_back(cached_question_id)

    def look_up_taken(self) -> None:
        """Find out which questions exist already for the topics of the missing ones."""
        missing = self.missing()
        texts = self.loans.taken_texts([self.topics[number] for number in missing], self.language)
        self.taken = dict(zip(missing, texts, strict=True))

    def request(self, number: int, *also_taken: str) -> WriteQuestion:
        """What to ask Claude for a missing question: its topic, and what exists for it already."""
        topic = self.topics[number]
        taken = [text for name, text in self.earlier if name == topic.topic] + self.taken.get(number, [])
        return WriteQuestion(
            topic,
            self.language,
            other_topics=tuple(other.topic for other in self.topics if other is not topic),
            taken=tuple(dict.fromkeys([*taken, *also_taken])),
        )

    def keep(self, number: int, question: WrittenQuestion) -> None:
        """Store a question that has just been written, and count it as ready."""
        topic = self.topics[number]
        kept = self.loans.keep(topic, self.language, question)
        self.ready[number] = _Ready(topic, question, topic.question_type, kept)


class InterviewGenerationService:
    """Generates interviews and finds them again."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings
        self._cache = QuestionCache(claude, settings)

    def generate_interview(
        self, request: GenerateRequest, user_id: str, deadline: Deadline | None = None
    ) -> GenerateAnswer:
        """Make the next version of a requisition's interview and store it.

        Args:
            request: which job description; the name is optional.
            user_id: who asks; kept with the interview and in the audit log.
            deadline: moment by which Claude must have answered; REQUEST_TIMEOUT from now by default.

        Raises:
            NotFound, InvalidRequest, NotEnhanced: before anything is written.
            ClaudeError: one of its kinds; finished questions are kept.
        """
        deadline = deadline or Deadline.after(self._settings.request_timeout)
        source = self._load(request)
        with (
            audited("interview_generation", req_id=source.req_id, user_id=user_id, claude=self._claude) as audit,
            self._cache.loans_for(source.req_id) as loans,
        ):
            topics, language = self._topics(source, audit, deadline)
            work = _Work(choose_topics(topics), language, source.earlier, loans, audit, deadline)
            interview = self._finish(work, source, request.interview_name, user_id)
            audit.result_id = interview.id
        return GenerateAnswer(
            interview_id=interview.id,
            job_description_id=interview.job_description_id,
            req_id=interview.req_id,
            interview_name=interview.interview_name,
            interview=interview,
            tokens_used=audit.spending.total_tokens,
            cached_questions=sum(question.source == "cache" for question in interview.questions),
            created_at=interview.created_at,
            model=interview.model,
            prompt_version=interview.prompt_version,
        )

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
            earlier, _ = _earlier_questions(session, stored.req_id)
            return _Source(
                job_description_id=stored.id,
                req_id=stored.req_id,
                title=stored.enhanced_title or stored.basic_title,
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
                topics=tuple(InterviewTopic.model_validate(topic) for topic in stored.interview_topics or ()),
                language=stored.language,
                earlier=tuple(earlier),
            )

    def _topics(self, source: _Source, audit: AuditRow, deadline: Deadline) -> tuple[Sequence[InterviewTopic], str]:
        """The topics stored with the job description, or else planned now and stored."""
        if len(source.topics) >= QUESTIONS and source.language:
            return source.topics, source.language
        answer = self._claude.submit(source.requisition, topic_problems, deadline).result()
        audit.spending += answer.spending
        planned = answer.value

        def store(session: Session) -> None:
            stored = session.get_one(JobDescription, source.job_description_id)
            stored.interview_topics = [topic.model_dump() for topic in planned.interview_topics]
            stored.language = planned.language

        settled(store)
        return planned.interview_topics, planned.language

    def _borrow(self, work: _Work) -> None:
        """Take from the cache what it has for the topics."""
        for number, topic in enumerate(work.topics):
            lent = work.loans.lend(topic, work.language, avoid=work.texts())
            if lent is not None:
                work.ready[number] = _Ready(topic, lent.question, lent.question_type, lent.cached_question_id, lent)

    def _write_missing(self, work: _Work) -> None:
        """Write the questions that the cache did not have, all at once.

        Every question under way is waited for and kept, also when another one has failed.
        """
        if not work.missing():
            return
        under_way: dict[Future[ClaudeAnswer[WrittenQuestion]], int] = {}
        rewrites: Counter[int] = Counter()
        failures: list[Exception] = []

        def ask(number: int, *also_taken: str) -> None:
            under_way[self._claude.submit(work.request(number, *also_taken), question_problems, work.deadline)] = number

        work.look_up_taken()
        for number in work.missing():
            ask(number)
        while under_way:
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                number = under_way.pop(future)
                try:
                    answer = future.result()
                    work.audit.spending += answer.spending
                    twin = alike_question(answer.value.question_text, work.texts())
                    if twin is None:
                        work.keep(number, answer.value)
                except Exception as error:  # whatever it is, the others are paid for and must be kept
                    failures.append(error)
                    continue
                if twin is None:
                    continue
                if rewrites[number] < MOST_REWRITES:
                    rewrites[number] += 1
                    ask(number, twin)
                else:
                    failures.append(GenerationFailed(f"Question {number + 1} repeats another one, also after repair."))
        if failures:
            # The one that is raised brings its own spending to the audit row.
            for failure in failures[1:]:
                work.audit.spending += getattr(failure, "spending", Spending())
            raise failures[0]

    def _finish(self, work: _Work, source: _Source, name: str | None, user_id: str) -> InterviewView:
        """Complete the questions and store the interview as the next version.

        Another interview of the requisition may be stored meanwhile, or a question be retired. What is no longer
        fit is then written anew; the unique version makes sure that nothing slips in between.
        """
        self._borrow(work)
        for _ in range(MOST_VERSION_TRIES):
            self._write_missing(work)
            try:
                with transaction() as session:
                    work.earlier, newest = _earlier_questions(session, source.req_id)
                    unfit = work.unfit(work.loans.retired(session))
                    if not unfit:
                        return self._insert(session, work, source, newest + 1, name, user_id)
            except (IntegrityError, DatabaseUnavailable) as error:
                if not lost_a_race(error):
                    raise
                continue  # another interview of this requisition has just taken the version
            work.drop(unfit)
        raise GenerationFailed("Other interviews of this requisition kept coming first.")

    def _insert(
        self, session: Session, work: _Work, source: _Source, version: int, name: str | None, user_id: str
    ) -> InterviewView:
        interview = Interview(
            job_description_id=source.job_description_id,
            req_id=source.req_id,
            interview_name=name or default_name(source.title, version),
            created_by_user_id=user_id,
            version=version,
            language=work.language,
            model=self._claude.model,
            prompt_version=self._claude.prompt_version,
            questions=[_row(number + 1, work.ready[number]) for number in range(len(work.topics))],
        )
        session.add(interview)
        session.flush()
        work.loans.become_part_of(interview.id, session)
        return InterviewView.model_validate(interview)


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


def _row(number: int, ready: _Ready) -> InterviewQuestion:
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
        source="cache" if ready.lent else "generated",
        cached_question_id=ready.cached_question_id,
        cached_topic=ready.lent.cached_topic if ready.lent else None,
        similarity=ready.lent.similarity if ready.lent else None,
    )
