"""What to ask for in place of a question: its topics, its level, and what to differ from.

An order and the draft come in; plain values go out, so that no row is needed while Claude works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from models import Interview, InterviewQuestion, JobDescription, QuestionAlternative
from prompts import MIN_MINUTES, AlternativeKind, InterviewTopic, PlannedTopics, SkillLevel, WorkItem
from techscreen.checks.requisition_quotes import with_sound_quotes
from techscreen.checks.stated_level import LEVELS, at_stated_level
from techscreen.editing.edits import question_of
from techscreen.editing.findings import text_of, topic_of
from techscreen.editing.interviews import interview_as_seen
from techscreen.editing.offered import alternatives_of, as_question, contents_offered, refuse_if_locked
from techscreen.editing.states import refuse_unless_draft
from techscreen.errors import NotEditable
from techscreen.generation.interview_task import InterviewSource, read_source
from techscreen.quality.topic_choice import left_over_topics
from techscreen.schemas.alternatives import AlternativesOrder, CriteriaOrder
from techscreen.text.language import language_of

# Where a question comes from that may be lent to others as it is.
WRITTEN_FOR_ALL = ("generated", "cache", "library")
STEPS = {"easier": -1, "harder": 1}
# How long a shorter question may be, as a part of the present one, and the fewest words of any.
SHORTER, FEWEST_WORDS = 2 / 3, 25


@dataclass(frozen=True)
class PresentQuestion:
    """What has to be known of the question that an alternative may replace."""

    topic: str
    skill_level: SkillLevel
    question_type: str
    minutes: int | None
    work_items: frozenset[str]


@dataclass(frozen=True)
class WantedAlternative:
    """What to ask for.

    Attributes:
        source: what the interview was made from. Its `earlier` begins with the present question.
        planned: the topics of the requisition and the language of the interview.
        present: the present question.
        lineage: of it.
        topics: one for each alternative.
        other_topics: those of the interview's other questions.
        aims: what the criteria of the present question look for.
        shorter: the most words and minutes of a shorter one.
        lendable: whether a question that exists may be as wanted.
        typed: whether words that people have typed are to be followed, which others must not read.
        offered: how many alternatives there are already.
        already: the numbers of those that an earlier attempt at the same request has left.
    """

    source: InterviewSource
    planned: PlannedTopics
    present: PresentQuestion
    lineage: str
    topics: tuple[InterviewTopic, ...]
    other_topics: tuple[str, ...]
    aims: tuple[str, ...]
    shorter: tuple[int, int] | None
    lendable: bool
    typed: bool
    offered: int
    already: tuple[int, ...]


def draft_question(
    session: Session, order: AlternativesOrder | CriteriaOrder
) -> tuple[Interview, InterviewQuestion, JobDescription]:
    """The question of a draft that an order is about, with its interview and job description.

    Raises:
        NotFound, NotEditable: if there is none, or the interview is no draft.
    """
    interview = interview_as_seen(session, order.interview_id, ["*"])
    question = question_of(interview, order.number)
    refuse_unless_draft(interview)
    return interview, question, session.get_one(JobDescription, interview.job_description_id)


def wanted_alternative(
    session: Session, order: AlternativesOrder, user_id: str = "", asked_at: datetime | None = None
) -> WantedAlternative:
    """Read what to ask for.

    Args:
        user_id, asked_at: who asked, and when, to know what an earlier attempt has left.

    Raises:
        NotFound: if there is no such question.
        NotEditable: if the interview is no draft, the question is locked, or no other topic is left.
    """
    interview, question, stored = draft_question(session, order)
    refuse_if_locked(interview, question)
    source = read_source(session, stored, None, None)
    planned = planned_topics(interview, source)
    offered = alternatives_of(session, interview.id, question.lineage)
    others = [other for other in interview.questions if other is not question]
    topics = _topics(order.kind, question, others, planned, source)
    if not topics:
        raise NotEditable(
            "The job description has no topic that is not in this interview. Ask for another kind of alternative, "
            "or give the job description more topics (PATCH .../jd/<req_id>).",
            req_id=interview.req_id,
        )
    already = [row.number for row in offered if asked_at is not None and _is_of(row, order, user_id, asked_at)]
    differs = topics[0].skill_level != question.skill_level or order.kind == "other_topic"
    return WantedAlternative(
        source=replace(source, earlier=_to_differ_from(session, interview, question, source)),
        planned=planned,
        present=_present(question, own_topic(question, planned)),
        lineage=question.lineage,
        topics=tuple(topics[place % len(topics)] for place in range(order.count - len(already))),
        other_topics=tuple(other.topic for other in others),
        aims=_aims(question) if order.kind == "other_scenario" else (),
        shorter=_shorter(question) if order.kind == "shorter" else None,
        lendable=order.wish is None and order.kind in ("easier", "harder", "other_topic") and differs,
        typed=order.wish is not None or question.source not in WRITTEN_FOR_ALL,
        offered=len(offered),
        already=tuple(already),
    )


def planned_topics(interview: Interview, source: InterviewSource) -> PlannedTopics:
    """The requisition's topics as its interviews are made from them, in the language of this one."""
    texts = source.requisition.fields()
    language = interview.language or (source.planned.language if source.planned else None)
    if language is None:
        language = language_of(question.question_text for question in interview.questions) or "en"
    topics = source.planned.interview_topics if source.planned else []
    planned = PlannedTopics(language=language, interview_topics=topics)
    return at_stated_level(with_sound_quotes(planned, texts), texts)


def own_topic(question: InterviewQuestion, planned: PlannedTopics) -> InterviewTopic:
    """The topic of a question, with the parts of the requisition that the question itself names."""
    items = [WorkItem.model_validate(item) for item in question.work_items]
    return topic_of(question, planned.interview_topics).model_copy(update={"work_items": items})


def _present(question: InterviewQuestion, topic: InterviewTopic) -> PresentQuestion:
    items = frozenset(item.part for item in topic.work_items)
    return PresentQuestion(topic.topic, topic.skill_level, question.question_type, question.minutes, items)


def _is_of(row: QuestionAlternative, order: AlternativesOrder, user_id: str, asked_at: datetime) -> bool:
    """Whether an alternative was made for this request."""
    same = (row.kind, row.wish, row.created_by_user_id) == (order.kind, order.wish, user_id)
    return same and row.created_at >= asked_at


def _topics(
    kind: AlternativeKind,
    question: InterviewQuestion,
    others: Sequence[InterviewQuestion],
    planned: PlannedTopics,
    source: InterviewSource,
) -> list[InterviewTopic]:
    own = own_topic(question, planned)
    if kind == "other_topic":
        kept = [own_topic(other, planned) for other in others]
        unused = [topic for topic in planned.interview_topics if topic.topic != own.topic]
        return left_over_topics(unused, kept, source.requisition.fields())
    level = LEVELS.index(own.skill_level) + STEPS.get(kind, 0)
    if 0 <= level < len(LEVELS):  # where there is no other level, the words of the prompt alone say it
        own = own.model_copy(update={"skill_level": LEVELS[level]})
    return [own]


def _to_differ_from(
    session: Session, interview: Interview, question: InterviewQuestion, source: InterviewSource
) -> tuple[tuple[str, str], ...]:
    """The present question, the interview's others, what has been offered, and all others of the requisition."""
    others = [other for other in interview.questions if other is not question]
    rows = [question, *others, *map(as_question, contents_offered(session, interview.id))]
    texts = [(row.topic, text_of(row).compared_text) for row in rows]
    return tuple(dict.fromkeys([*texts, *source.earlier]))


def _aims(question: InterviewQuestion) -> tuple[str, ...]:
    parts = ((criterion["criterion"], criterion["description"]) for criterion in question.criteria)
    return tuple(": ".join(filter(None, part)) for part in parts)


def _shorter(question: InterviewQuestion) -> tuple[int, int]:
    text = text_of(question)
    words = len(text.spoken_text.split())
    return max(FEWEST_WORDS, int(words * SHORTER)), max(MIN_MINUTES, text.minutes - 1)
