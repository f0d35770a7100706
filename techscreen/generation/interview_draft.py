"""One interview being made: its questions are found or written, and it is stored as the requisition's next version.

Topics come in, the stored interview goes out. If a question is retired meanwhile, or is like one of
another interview stored meanwhile for the requisition, it is written again before the commit. The unique version number
makes sure that nothing slips in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from models import Interview, InterviewQuestion, JobDescription
from prompts import InterviewTopic, PlannedTopics
from techscreen.claude.interface import Claude
from techscreen.errors import GenerationFailed
from techscreen.generation.audit_log import AuditRow
from techscreen.generation.interview_task import InterviewTask, questions_after
from techscreen.generation.question_set import QuestionSet, ReadyQuestion
from techscreen.generation.question_writing import QuestionWriting
from techscreen.generation.superseded import SHARED, refuse_if_superseded
from techscreen.quality.report import interview_quality
from techscreen.quality.wishes import Wishes
from techscreen.question_cache.keys import LIBRARY_VERSION, PEOPLE
from techscreen.question_cache.reservations import Reservations
from techscreen.schemas.fields import MAX_SHORT_TEXT
from techscreen.schemas.generation import InterviewView, QualityView
from techscreen.storage.history import record
from techscreen.storage.outbox import CLOSED, Outbox
from techscreen.storage.transactions import run_in_transaction

MAX_VERSION_TRIES = 50


class InterviewDraft:
    """An interview until it is stored.

    Args:
        topics: one for each question, in their order.
        planned: all topics of the requisition, and its language.
        wishes: what the interview is to ask about.
        audit: the interview's open audit row; the commit closes it.
        reservations: the cached questions reserved for this interview; the commit makes them part of it.
        outbox: where the commit puts the event that there is a new interview.
    """

    def __init__(
        self,
        task: InterviewTask,
        topics: Sequence[InterviewTopic],
        planned: PlannedTopics,
        *,
        wishes: Wishes,
        claude: Claude,
        audit: AuditRow,
        reservations: Reservations,
        outbox: Outbox = CLOSED,
    ) -> None:
        self._task = task
        self._source = task.source
        self._claude = claude
        self._audit = audit
        self._reservations = reservations
        self._outbox = outbox
        self._questions = QuestionSet(task, topics, planned.language, audit, reservations, wishes)
        self._planned = planned.interview_topics
        self._quality: QualityView
        self._commits_tried = 0
        self._newest_version = self._source.newest_version
        self._unfit: list[int] = []

    def complete(self) -> InterviewView:
        """Find or write all questions, and store the interview.

        Raises:
            Superseded: if the requisition has other texts meanwhile.
            LibraryLacks: if it is to be made from the library alone, which has too few questions for it.
            TechScreenError: the error of a question or of the enhancement. Finished questions are kept.
        """
        is_from_library_alone = self._task.use_library == "only"
        if not is_from_library_alone:
            self._questions.take_from_cache()
        for _ in range(MAX_VERSION_TRIES):
            if is_from_library_alone:
                self._questions.take_from_library_alone(self._planned)
            self._write_missing()
            stored = run_in_transaction(self._commit, tries=MAX_VERSION_TRIES, patient=True)
            if stored is not None:
                return stored
            self._questions.drop(self._unfit)
        raise GenerationFailed("Other interviews of this requisition kept coming first.")

    def _write_missing(self) -> None:
        task = self._task
        QuestionWriting(self._questions, self._claude, self._audit, task.deadline, task.enhancement).run()
        asked = [(ready.topic_as_asked, ready.question) for ready in self._questions.in_order()]
        questions = self._questions
        self._quality = interview_quality(
            self._source.requisition,
            asked,
            self._planned,
            questions.confidential,
            questions.repeats(),
            questions.general(),
            names=questions.names,
            language=questions.language,
            requested=questions.requested(),
        )

    def _commit(self, session: Session) -> InterviewView | None:
        """Store the interview; None if some of its questions can no longer be used."""
        self._commits_tried += 1
        stored_id = self._audit.result_stored(session) if self._commits_tried > 1 else None
        if stored_id is not None:  # by a commit whose answer got lost
            return InterviewView.model_validate(session.get_one(Interview, stored_id))
        self._questions.newer, self._newest_version = questions_after(
            session, self._source.req_id, self._source.newest_version
        )
        self._unfit = self._questions.unfit(self._reservations.retired(session))
        return None if self._unfit else self._insert(session)

    def _insert(self, session: Session) -> InterviewView:
        interview = self._interview()
        session.add(interview)
        session.flush()
        # Only now, for SQLite locks at the first write.
        stored = session.get_one(JobDescription, self._source.job_description_id, **SHARED)
        refuse_if_superseded(stored, self._source.requisition.fields())
        self._reservations.become_part_of(interview.id, session)
        record(session, interview, "generated", self._task.user_id, is_first=True)
        view = InterviewView.model_validate(interview)
        self._audit.succeed(session, interview.id, cached_questions=questions_from("cache", view))
        self._task.progress.interview_stored(session, interview.id, self._audit.spending.total_tokens)
        self._outbox.interview_generated(session, interview, self._task.user_id, self._task.progress.job_id)
        return view

    def _interview(self) -> Interview:
        questions = self._questions.in_order()
        version = self._newest_version + 1
        name = self._task.name
        is_written_now = any(ready.reserved is None for ready in questions)
        return Interview(
            job_description_id=self._source.job_description_id,
            req_id=self._source.req_id,
            interview_name=default_name(self._title(), version) if name is None else name,
            created_by_user_id=self._task.user_id,
            version=version,
            revision=1,
            language=self._questions.language,
            model=self._claude.model if is_written_now else None,
            prompt_version=self._claude.prompt_version if is_written_now else None,
            quality=self._quality.model_dump(),
            questions=[question_row(number, ready, self._claude) for number, ready in enumerate(questions, start=1)],
        )

    def _title(self) -> str:
        """The title of the enhanced description: the one just written, if it was written for this interview."""
        if self._task.enhancement is None:
            return self._source.title
        enhanced = self._task.enhancement.finish().enhanced_jd
        assert enhanced is not None
        return enhanced.title


def questions_from(source: str, interview: InterviewView) -> int:
    """How many of its questions come from one source: `cache`, or `library`."""
    return sum(question.source == source for question in interview.questions)


def default_name(title: str, version: int) -> str:
    """The name of an interview that was not given one."""
    ending = f" - Interview {version}"
    return title[: MAX_SHORT_TEXT - len(ending)] + ending


def question_row(number: int, ready: ReadyQuestion, claude: Claude) -> InterviewQuestion:
    """The row of a question that can be delivered, for an interview that it is not in yet."""
    writer = ready.reserved or claude
    return InterviewQuestion(
        question_number=number,
        question_text=ready.question.question_text,
        exhibit=ready.question.exhibit.model_dump() if ready.question.exhibit else None,
        minutes=ready.question.minutes,
        question_type=ready.question_type,
        criteria=[{**criterion.model_dump(), "is_checked": False} for criterion in ready.question.criteria],
        topic=ready.topic.topic,
        skill_level=ready.topic.skill_level,
        follow_ups=ready.question.follow_ups,
        rating_anchors=ready.question.rating_anchors.model_dump(),
        work_items=[item.model_dump() for item in ready.topic.work_items],
        source=ready.source,
        cached_question_id=ready.cached_question_id,
        cached_topic=ready.reserved.cached_topic if ready.reserved else None,
        similarity=ready.reserved.similarity if ready.reserved else None,
        model=None if writer.model == PEOPLE else writer.model,
        prompt_version=None if writer.prompt_version == LIBRARY_VERSION else writer.prompt_version,
    )
