"""The order for one interview as plain values: what it is made from, for whom, and by when.

A stored job description comes in; its texts, topics and earlier questions go out, so that no row is needed later.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import LibraryUse
from models import Interview, InterviewQuestion, JobDescription
from prompts import PlannedTopics, PlanTopics, WorkItem
from techscreen.claude.interface import Deadline
from techscreen.generation.progress import Progress
from techscreen.generation.running_enhancement import RunningEnhancement
from techscreen.quality.wishes import Wishes, left_out_by, wishes_of_caller, wishes_of_next_version
from techscreen.schemas.generation import EnhanceRequest, QualityView
from techscreen.schemas.wishes import CoverItem, TopicWish
from techscreen.text.exhibits import shown_text, text_to_compare

QUESTIONS = 5
# Of how many earlier versions the reports are read.
MAX_VERSIONS = 20


@dataclass(frozen=True)
class InterviewSource:
    """What an interview is made from.

    Attributes:
        planned: its topics; None if Claude has to plan them first.
        earlier: topic and text to compare of each question of the requisition's earlier interviews, newest first.
        newest_version: of the earlier interviews; 0 if there are none.
        quality: the stored report on the job description, if it is about these texts.
        left_out: parts that no earlier interview asks about; if there are none, those that the newest leaves out.
    """

    job_description_id: int
    req_id: str
    title: str
    requisition: PlanTopics
    planned: PlannedTopics | None
    earlier: tuple[tuple[str, str], ...]
    newest_version: int
    quality: QualityView | None
    left_out: tuple[WorkItem, ...] = ()


@dataclass(frozen=True)
class InterviewTask:
    """An interview to be made.

    Attributes:
        name: None for the default name.
        user_id: who asks for it.
        enhancement: the one that is being written at the same time, if any. It must be stored before the interview.
        use_library: whether questions of the team's own library are taken, or no others.
        cover, topics: what the interview must ask about.
    """

    source: InterviewSource
    name: str | None
    user_id: str
    deadline: Deadline
    progress: Progress
    enhancement: RunningEnhancement | None = None
    use_library: LibraryUse = "prefer"
    cover: tuple[CoverItem, ...] = ()
    topics: tuple[TopicWish, ...] = ()

    def wishes(self, planned: PlannedTopics) -> Wishes:
        """What the interview is to ask about: what its caller wants, or what earlier versions have left out.

        Args:
            planned: the topics of the requisition.
        """
        source, texts = self.source, self.source.requisition.fields()
        if self.cover or self.topics:
            return wishes_of_caller(planned, texts, self.cover, self.topics)
        if not source.newest_version:
            return Wishes()
        return wishes_of_next_version(planned, texts, source.left_out, (topic for topic, _ in source.earlier))


def read_source(
    session: Session, stored: JobDescription, planned: PlannedTopics | None, texts: EnhanceRequest | None
) -> InterviewSource:
    """Read what an interview is made from.

    Args:
        planned: the topics to use; by default those that are stored.
        texts: the requisition's texts; by default those stored. Where they differ, stored topics and title are ignored.
    """
    earlier, newest_version = questions_after(session, stored.req_id, version=0)
    requisition = _requisition(texts or stored)
    is_stored = requisition == _requisition(stored)
    return InterviewSource(
        job_description_id=stored.id,
        req_id=stored.req_id,
        title=(stored.enhanced_title if is_stored else None) or requisition.basic_title,
        requisition=requisition,
        planned=planned or (stored_topics(stored) if is_stored else None),
        earlier=tuple(earlier),
        newest_version=newest_version,
        quality=stored_quality(stored) if is_stored else None,
        left_out=tuple(_left_out(session, stored.req_id)) if newest_version else (),
    )


def stored_topics(stored: JobDescription) -> PlannedTopics | None:
    """The topics that a job description has; None if there are too few for an interview."""
    if not stored.language or len(stored.interview_topics or ()) < QUESTIONS:
        return None
    return PlannedTopics(language=stored.language, interview_topics=stored.interview_topics or [])


def stored_quality(stored: JobDescription) -> QualityView | None:
    """The report that a job description has."""
    return None if stored.quality is None else QualityView.model_validate(stored.quality)


def questions_after(session: Session, req_id: str, version: int) -> tuple[list[tuple[str, str]], int]:
    """The questions of a requisition's interviews after a version.

    Returns:
        Topic and text to compare of each, newest first, and the newest version; the given one if there is none later.
    """
    rows = session.execute(
        select(InterviewQuestion.topic, InterviewQuestion.question_text, InterviewQuestion.exhibit, Interview.version)
        .join(Interview, InterviewQuestion.interview_id == Interview.id)
        .where(Interview.req_id == req_id, Interview.version > version)
        .order_by(Interview.version.desc(), InterviewQuestion.question_number)
    ).all()
    asked = [(row.topic, text_to_compare(row.question_text, shown_text(row.exhibit))) for row in rows]
    return asked, rows[0].version if rows else version


def _left_out(session: Session, req_id: str) -> list[WorkItem]:
    """What the reports on a requisition's interviews say that none of them, or the newest, asks about."""
    newest_first = (
        select(Interview.quality)
        .where(Interview.req_id == req_id, Interview.deleted_at.is_(None), Interview.quality.is_not(None))
        .order_by(Interview.version.desc())
        .limit(MAX_VERSIONS)
    )
    reports = [report["coverage"] for report in session.scalars(newest_first) if report and report["coverage"]]
    return left_out_by(
        [
            (
                [WorkItem(field=each["field"], part=each["part"]) for each in report["parts"] if each["questions"]],
                [WorkItem(field=each["field"], part=each["part"]) for each in report["gaps"]],
            )
            for report in reports
        ]
    )


def _requisition(says: JobDescription | EnhanceRequest) -> PlanTopics:
    return PlanTopics(**{field.name: getattr(says, field.name) for field in fields(PlanTopics)})
