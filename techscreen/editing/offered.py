"""The alternatives that a question of a draft has been offered: how they are stored, found and shown.

An alternative is offered for a lineage. Whoever accepts one gives the question another lineage, and can still accept
the others: so all lineages that alternatives have led to and from belong together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from models import Interview, InterviewQuestion, QuestionAlternative, new_lineage
from prompts import InterviewQuestion as QuestionText
from prompts import InterviewTopic, PlannedTopics, PlanTopics
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.entity_names import names_to_avoid
from techscreen.editing.findings import text_of, topic_of
from techscreen.errors import NotEditable
from techscreen.quality.report import interview_quality
from techscreen.schemas.alternatives import AlternativeView
from techscreen.schemas.generation import FindingView, QuestionView
from techscreen.storage.deferred_writes import Values, deferrable

# What a question keeps when an alternative takes its place.
OWN = ("id", "interview_id", "question_number", "created_at")
PLACE = "questions[0]."


def refuse_if_locked(interview: Interview, question: InterviewQuestion) -> None:
    """Check that something generated may take the place of a question.

    Raises:
        NotEditable: if it is locked.
    """
    if question.locked:
        sentence = f"Question {question.question_number} is locked: unlock it first (PATCH .../questions/<n>)."
        raise NotEditable(sentence, req_id=interview.req_id)


def content_of(row: InterviewQuestion) -> dict[str, Any]:
    """The columns of a question that is no row yet, as an alternative stores them."""
    columns = [column.key for column in inspect(InterviewQuestion).column_attrs if column.key not in OWN]
    return {**{name: getattr(row, name) for name in columns}, "lineage": new_lineage(), "locked": False}


def alternatives_of(session: Session, interview_id: int, lineage: str) -> list[QuestionAlternative]:
    """All alternatives that the question of this lineage was ever offered, in their order."""
    ours = select(QuestionAlternative).where(QuestionAlternative.interview_id == interview_id)
    rows = session.scalars(ours.order_by(QuestionAlternative.id)).all()
    lineages = {lineage}
    found: list[QuestionAlternative] = []
    while True:
        more = [row for row in rows if row not in found and lineages & {row.lineage, row.content["lineage"]}]
        if not more:
            return sorted(found, key=lambda row: row.number)
        found += more
        lineages.update(each for row in more for each in (row.lineage, row.content["lineage"]))


def contents_offered(session: Session, interview_id: int) -> list[dict[str, Any]]:
    """The contents of all alternatives that an interview's questions were ever offered, the newest first."""
    ours = select(QuestionAlternative.content).where(QuestionAlternative.interview_id == interview_id)
    return list(session.scalars(ours.order_by(QuestionAlternative.id.desc())))


def store_alternative(session: Session, values: Values) -> QuestionAlternative:
    """Add an alternative with the next number, unless it is there already."""
    there = alternatives_of(session, values["interview_id"], values["lineage"])
    for row in there:
        if row.content["lineage"] == values["content"]["lineage"]:
            return row
    row = QuestionAlternative(**values, number=max((row.number for row in there), default=0) + 1)
    session.add(row)
    session.flush()
    return row


@deferrable
def alternative_paid_for(session: Session, values: Values) -> None:
    """Store an alternative that could not be stored in time, unless its interview is gone."""
    if session.get(Interview, values["interview_id"]) is not None:
        store_alternative(session, values)


def as_question(content: Mapping[str, Any]) -> InterviewQuestion:
    """The question that an alternative would become, not bound to any session."""
    return InterviewQuestion(**content)


class AlternativeViews:
    """Shows the alternatives of one requisition, with what the rules find in them.

    Args:
        requisition: what the interview was made from.
        planned: its topics and their language.
    """

    def __init__(self, requisition: PlanTopics, planned: PlannedTopics) -> None:
        self._requisition = requisition
        self._planned = planned
        self._confidential = Confidential(requisition.fields())

    def all(self, rows: Sequence[QuestionAlternative], question_number: int) -> list[AlternativeView]:
        """The views of some alternatives, for the place that they would take."""
        return [self._view(row, question_number) for row in rows]

    def _view(self, row: QuestionAlternative, question_number: int) -> AlternativeView:
        question = as_question(row.content)
        question.id, question.question_number = row.id, question_number
        return AlternativeView(
            **QuestionView.model_validate(question).model_dump(exclude={"spoken_text", "kept_as"}),
            number=row.number,
            kind=row.kind,
            wish=row.wish,
            created_at=row.created_at,
            accepted_at=row.accepted_at,
            findings=self._findings(topic_of(question, self._planned.interview_topics), text_of(question)),
        )

    def _findings(self, topic: InterviewTopic, question: QuestionText) -> list[FindingView]:
        report = interview_quality(
            self._requisition,
            [(topic, question)],
            self._planned.interview_topics,
            self._confidential,
            names=names_to_avoid(self._requisition.fields(), [topic.topic, topic.facet, *topic.technologies]),
            language=self._planned.language,
        )
        return [found.model_copy(update={"field": found.field.removeprefix(PLACE)}) for found in report.findings]
