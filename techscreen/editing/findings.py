"""The checks of texts that people have changed. Rows come in, the report on them goes out; nothing is refused here.

An override belongs to a finding by its id, which stays the same while the text does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import CachedQuestion, Interview, InterviewQuestion, JobDescription
from prompts import EnhancedDescription, InterviewTopic, PlanTopics
from prompts import InterviewQuestion as QuestionText
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.entity_names import names_to_avoid
from techscreen.quality.report import interview_quality, job_description_quality
from techscreen.question_cache.earlier_questions import EarlierQuestions
from techscreen.schemas.generation import EnhanceRequest, FindingView, OverrideView, QualityView, RequestedView
from techscreen.text.exhibits import shown_text, text_to_compare

# What has to be settled before an interview is published.
TO_SETTLE = ("prohibited_subject", "instruction")


def interview_report(session: Session, interview: Interview) -> QualityView:
    """The report on an interview as its rows are now, with its overrides."""
    stored = session.get_one(JobDescription, interview.job_description_id)
    requisition = PlanTopics(**{name: getattr(stored, name) for name in _TEXTS})
    topics = [InterviewTopic.model_validate(topic) for topic in stored.interview_topics or ()]
    questions = sorted(interview.questions, key=lambda question: question.question_number)
    asked = [(topic_of(question, topics), text_of(question)) for question in questions]
    in_topics = [text for topic, _ in asked for text in (topic.topic, topic.facet, *topic.technologies)]
    report = interview_quality(
        requisition,
        asked,
        topics,
        Confidential(requisition.fields()),
        _repeats(session, interview, [question.compared_text for _, question in asked]),
        _general(session, questions),
        names=names_to_avoid(requisition.fields(), in_topics),
        language=interview.language,
        requested=_requested(interview),
    )
    return with_overrides(report, interview.overrides or {})


def job_description_report(stored: JobDescription) -> QualityView:
    """The report on a job description as its row is now. What Claude had pointed to in the texts sent stays."""
    given = {name: getattr(stored, name) for name in _TEXTS}
    enhanced = EnhancedDescription.model_construct(
        reads_as="job",
        language=stored.language or "",
        interview_topics=[],
        enhanced_title=stored.enhanced_title or "",
        enhanced_description=stored.enhanced_description or "",
        notes_for_team=list(stored.notes_for_team or ()),
        concerns=[],
    )
    report = job_description_quality(given, enhanced)
    before = QualityView.model_validate(stored.quality) if stored.quality else None
    kept = [finding for finding in before.findings if finding.found_by == "claude"] if before else []
    return report.model_copy(update={"findings": [*report.findings, *kept]})


_TEXTS = tuple(name for name in EnhanceRequest.model_fields if name != "req_id")


def with_overrides(report: QualityView, overrides: Mapping[str, Any]) -> QualityView:
    """The report, with what has been said about its findings."""

    def overridden(finding: FindingView) -> FindingView:
        said = overrides.get(finding.id or "")
        override = None if said is None else OverrideView.model_validate(said)
        return finding.model_copy(update={"override": override})

    return report.model_copy(update={"findings": [overridden(finding) for finding in report.findings]})


def open_findings(report: QualityView) -> list[FindingView]:
    """The findings that have to be settled before publishing: neither resolved nor overridden."""
    return [finding for finding in report.findings if finding.kind in TO_SETTLE and finding.override is None]


def _requested(interview: Interview) -> list[RequestedView]:
    """What the interview was to ask about when it was made."""
    before = QualityView.model_validate(interview.quality) if interview.quality else None
    return before.coverage.requested if before and before.coverage else []


def text_of(question: InterviewQuestion) -> QuestionText:
    """A stored question as the checks read it."""
    return QuestionText.from_stored(
        question_text=question.question_text,
        exhibit=question.exhibit,
        minutes=question.minutes,
        criteria=question.criteria,
        follow_ups=question.follow_ups,
        rating_anchors=question.rating_anchors,
    )


def topic_of(question: InterviewQuestion, topics: Sequence[InterviewTopic]) -> InterviewTopic:
    """A stored question's topic: the requisition's of that name, or what the question says of it."""
    known = next((topic for topic in topics if topic.topic == question.topic), None)
    own = {"skill_level": question.skill_level, "question_type": question.question_type}
    if known is not None:
        return known.model_copy(update=own)
    unknown = {"topic": question.topic, "technologies": [], "facet": question.topic, "focus": ""}
    return InterviewTopic.model_validate({**unknown, **own, "work_items": question.work_items})


def _general(session: Session, questions: Sequence[InterviewQuestion]) -> list[int]:
    """The places of questions for any post that rest on nothing of the requisition."""
    lent = {row.cached_question_id: place for place, row in enumerate(questions) if row.source == "library"}
    any_post = select(CachedQuestion.id).where(CachedQuestion.id.in_(lent), CachedQuestion.fits_any_post)
    found = session.scalars(any_post) if lent else ()
    return [lent[row_id] for row_id in found if not questions[lent[row_id]].work_items]


def _repeats(session: Session, interview: Interview, texts: Sequence[str]) -> dict[int, str]:
    """The questions of earlier versions that ask the same, by place. One that was carried over repeats nothing."""
    own = [question.lineage for question in interview.questions]
    rows = session.execute(
        select(InterviewQuestion.question_text, InterviewQuestion.exhibit)
        .join(Interview, InterviewQuestion.interview_id == Interview.id)
        .where(
            Interview.req_id == interview.req_id,
            Interview.version < (interview.version or 0),
            Interview.deleted_at.is_(None),
            InterviewQuestion.lineage.not_in(own),
        )
        .order_by(Interview.version.desc())
    )
    earlier = EarlierQuestions(text_to_compare(row.question_text, shown_text(row.exhibit)) for row in rows)
    found = {place: earlier.alike_to(text) for place, text in enumerate(texts)}
    return {place: repeated for place, repeated in found.items() if repeated is not None}
