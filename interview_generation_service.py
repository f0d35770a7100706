"""An enhanced job description in, an interview of five questions out.

The five topics are written in parallel, one call a question, so that the wait is the slowest question
and not the sum. Each question is kept the moment it arrives. No database connection is held while
Claude works: what is needed is copied into plain values first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

import question_cache
from claude_interface import Claude, ClaudeAnswer, Deadline
from config import Settings
from content_checks import alike_question, question_problems, topic_problems
from errors import ClaudeError, FieldProblem, GenerationFailed, InvalidRequest, NotEnhanced, NotFound
from generation_log import AuditRow, audited
from models import LARGEST_ID, Interview, InterviewQuestion, JobDescription, transaction
from prompts import InterviewQuestion as WrittenQuestion
from prompts import InterviewTopic, PlanTopics, WriteQuestion
from schemas import LONGEST_SHORT_TEXT, GenerateAnswer, GenerateRequest, InterviewView

QUESTIONS = 5
# A question that is alike another is written anew this often before the interview fails.
MOST_REWRITES = 2
MOST_VERSION_TRIES = 10


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
    cached_question_id: int | None
    source: str = "generated"


class InterviewGenerationService:
    """Generates interviews and finds them again."""

    def __init__(self, claude: Claude, settings: Settings) -> None:
        self._claude = claude
        self._settings = settings

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
        with audited("interview_generation", req_id=source.req_id, user_id=user_id, claude=self._claude) as audit:
            topics, language = self._topics(source, audit, deadline)
            questions = self._write_questions(choose_topics(topics), language, source.earlier, audit, deadline)
            interview = self._store(source, questions, language, request.interview_name, user_id)
            audit.result_id = interview.id
        return GenerateAnswer(
            interview_id=interview.id,
            job_description_id=interview.job_description_id,
            req_id=interview.req_id,
            interview_name=interview.interview_name,
            interview=interview,
            tokens_used=audit.spending.total_tokens,
            cached_questions=sum(question.source == "cache" for question in questions),
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
            earlier = session.execute(
                select(InterviewQuestion.topic, InterviewQuestion.question_text)
                .join(Interview, InterviewQuestion.interview_id == Interview.id)
                .where(Interview.req_id == stored.req_id)
            )
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
                earlier=tuple((topic, text) for topic, text in earlier),
            )

    def _topics(self, source: _Source, audit: AuditRow, deadline: Deadline) -> tuple[Sequence[InterviewTopic], str]:
        """The topics stored with the job description, or else planned now and stored."""
        if len(source.topics) >= QUESTIONS and source.language:
            return source.topics, source.language
        answer = self._claude.submit(source.requisition, topic_problems, deadline).result()
        audit.spending += answer.spending
        planned = answer.value
        with transaction() as session:
            stored = session.get_one(JobDescription, source.job_description_id)
            stored.interview_topics = [topic.model_dump() for topic in planned.interview_topics]
            stored.language = planned.language
        return planned.interview_topics, planned.language

    def _write_questions(
        self,
        topics: Sequence[InterviewTopic],
        language: str,
        earlier: Sequence[tuple[str, str]],
        audit: AuditRow,
        deadline: Deadline,
    ) -> list[_Ready]:
        """One finished question for each topic, in the order of the topics.

        Every question under way is waited for and kept, also when another one has failed.
        """
        taken = {topic.topic: [text for name, text in earlier if name == topic.topic] for topic in topics}
        under_way: dict[Future[ClaudeAnswer[WrittenQuestion]], int] = {}
        rewrites: Counter[int] = Counter()
        ready: dict[int, _Ready] = {}
        failures: list[ClaudeError] = []

        def ask(number: int) -> None:
            topic = topics[number]
            others = tuple(other.topic for other in topics if other is not topic)
            request = WriteQuestion(topic, language, other_topics=others, taken=tuple(taken[topic.topic]))
            under_way[self._claude.submit(request, question_problems, deadline)] = number

        for number in range(len(topics)):
            ask(number)
        while under_way:
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                number = under_way.pop(future)
                try:
                    answer = future.result()
                except ClaudeError as error:
                    failures.append(error)
                    continue
                audit.spending += answer.spending
                topic, text = topics[number], answer.value.question_text
                others = [text for _, text in earlier] + [other.question.question_text for other in ready.values()]
                twin = alike_question(text, others)
                if twin is None:
                    ready[number] = _Ready(topic, answer.value, self._keep(topic, language, answer.value))
                elif rewrites[number] < MOST_REWRITES:
                    rewrites[number] += 1
                    taken[topic.topic].append(twin)
                    ask(number)
                else:
                    failures.append(GenerationFailed(f"Question {number + 1} repeats another one, also after repair."))
        if failures:
            # The one that is raised brings its own spending to the audit row.
            for failure in failures[1:]:
                audit.spending += failure.spending
            raise failures[0]
        return [ready[number] for number in range(len(topics))]

    def _keep(self, topic: InterviewTopic, language: str, question: WrittenQuestion) -> int | None:
        if not self._settings.enable_question_cache:
            return None
        return question_cache.keep(topic, language, question, self._claude)

    def _store(
        self, source: _Source, questions: Sequence[_Ready], language: str, name: str | None, user_id: str
    ) -> InterviewView:
        for _ in range(MOST_VERSION_TRIES):
            try:
                with transaction() as session:
                    newest = select(func.max(Interview.version)).where(Interview.req_id == source.req_id)
                    version = (session.scalar(newest) or 0) + 1
                    interview = Interview(
                        job_description_id=source.job_description_id,
                        req_id=source.req_id,
                        interview_name=name or default_name(source.title, version),
                        created_by_user_id=user_id,
                        version=version,
                        language=language,
                        model=self._claude.model,
                        prompt_version=self._claude.prompt_version,
                        questions=[_row(number, ready) for number, ready in enumerate(questions, start=1)],
                    )
                    session.add(interview)
                    session.flush()
                    return InterviewView.model_validate(interview)
            except IntegrityError:  # another interview of this requisition has just taken the version
                continue
        raise RuntimeError(f"no free version number after {MOST_VERSION_TRIES} tries")


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
        question_type=ready.topic.question_type,
        criteria=[{**criterion.model_dump(), "is_checked": False} for criterion in ready.question.criteria],
        topic=ready.topic.topic,
        skill_level=ready.topic.skill_level,
        follow_ups=ready.question.follow_ups,
        rating_anchors=ready.question.rating_anchors.model_dump(),
        work_items=[item.model_dump() for item in ready.topic.work_items],
        source=ready.source,
        cached_question_id=ready.cached_question_id,
    )
