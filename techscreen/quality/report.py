"""The quality report on a job description or an interview: the `quality` of an answer.

A report is made when the text that it is about is stored, and is kept with it, because a job description may change
later and the report on an interview is about the one that it was made from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from prompts import EnhancedDescription, InterviewQuestion, InterviewTopic, PlanTopics
from techscreen.checks.confidential_words import Confidential
from techscreen.checks.findings import Finding
from techscreen.checks.markdown_safety import active_markup, markup_findings
from techscreen.checks.questions import places_of, question_findings
from techscreen.checks.texts import findings_of, is_reliable
from techscreen.quality.concerns import concern_findings
from techscreen.quality.coverage import AskedQuestion, coverage_of, gaps
from techscreen.quality.finding_views import finding_views
from techscreen.quality.left_out import left_out
from techscreen.quality.topic_choice import optional_topic, parts_to_cover
from techscreen.quality.wishes import reported
from techscreen.schemas.generation import (
    CoverageView,
    CoveringQuestionView,
    FindingView,
    PartCoverageView,
    QualityView,
    RequestedView,
    TopicView,
    UnsupportedView,
    WorkItemView,
)
from techscreen.text.page import plain_words_of
from techscreen.topics.technology_mentions import unsupported_technologies

MAX_QUOTED = 300  # characters of an earlier question

# A question of an interview, after its topic.
Asked = tuple[InterviewTopic, InterviewQuestion]


def job_description_quality(
    requisition: Mapping[str, str | None], enhanced: EnhancedDescription, markup: Iterable[Finding] = ()
) -> QualityView:
    """The report on a job description.

    Args:
        requisition: the fields that Claude was given.
        enhanced: what Claude made of them.
        markup: what had to be made harmless in the enhanced description.
    """
    given = {name: text for name, text in requisition.items() if text}
    became = {
        "enhanced_title": enhanced.enhanced_title,
        "enhanced_description": enhanced.enhanced_description,
    }
    by_rules = [
        *_findings({**given, **became}, enhanced.language),
        *(view for name, text in given.items() for view in finding_views(name, text, active_markup(text))),
        *finding_views("enhanced_title", enhanced.enhanced_title, markup_findings(enhanced.enhanced_title)),
        *finding_views("enhanced_description", enhanced.enhanced_description, markup),
    ]
    return QualityView(
        findings=[*by_rules, *concern_findings(enhanced.concerns, given, by_rules)],
        unsupported=_unsupported(given.values(), became),
        left_out=left_out(
            {name: plain_words_of(text) for name, text in given.items()},
            "\n\n".join([*became.values(), *enhanced.notes_for_team]),
        ),
        coverage=None,
    )


def interview_quality(
    requisition: PlanTopics,
    asked: Sequence[Asked],
    planned: Sequence[InterviewTopic],
    confidential: Confidential,
    repeats: Mapping[int, str] = MappingProxyType({}),
    general: Collection[int] = (),
    *,
    names: Collection[str] = (),
    language: str | None = None,
    requested: Sequence[RequestedView] = (),
) -> QualityView:
    """The report on an interview.

    Args:
        requisition: what the interview was made from.
        asked: its questions, in order.
        planned: all topics of the requisition; one that was not asked about may be offered for a sixth question.
        confidential: what in the requisition must not be lent to others.
        repeats: earlier questions that are asked again, by the places of the questions that do so.
        general: the places of library questions that rest on nothing of the requisition.
        names: those of the employer, its products and people, which no question should contain.
        language: BCP 47 tag of the language that the questions should be in.
        requested: what the interview was to ask about.
    """
    given = requisition.fields()
    written = dict(_texts(asked))
    by_question: dict[str, str] = {}
    for path, text in written.items():
        question = path.partition(".")[0]
        by_question[question] = f"{by_question.get(question, '')}{text}\n\n"
    found = [
        view
        for place, (topic, question) in enumerate(asked)
        for each in question_findings(question, names, language, topic.question_type)
        for view in finding_views(f"questions[{place}].{each.place.path}", each.place.text, [each.finding])
    ]
    return QualityView(
        findings=[
            *found,
            *_confidential(asked, written, confidential),
            *_markup(asked),
            *(
                view
                for place, earlier in sorted(repeats.items())
                for view in _repeated(place, asked[place][1].question_text, earlier)
            ),
            *(view for place in general for view in _general(place, asked[place][1].question_text)),
        ],
        unsupported=_unsupported(
            [*(text for text in given.values() if text), *(each.text for each in requested)],
            by_question,
            {f"questions[{place}]": topic.technologies for place, (topic, _) in enumerate(asked)},
        ),
        coverage=_coverage(given, asked, planned, requested),
    )


def combined(job_description: QualityView | None, interview: QualityView | None) -> QualityView | None:
    """Both reports as one, or None if there is neither."""
    reports = [report for report in (job_description, interview) if report is not None]
    if not reports:
        return None
    return QualityView(
        findings=[finding for report in reports for finding in report.findings],
        unsupported=[technology for report in reports for technology in report.unsupported],
        left_out=job_description.left_out if job_description else [],
        coverage=interview.coverage if interview else None,
    )


def _markup(asked: Sequence[Asked]) -> Iterator[FindingView]:
    for place, (_, question) in enumerate(asked):
        for each in places_of(question):
            if each.is_markdown:
                yield from finding_views(f"questions[{place}].{each.path}", each.text, markup_findings(each.text))


def _findings(texts: Mapping[str, str], language: str) -> Iterator[FindingView]:
    for field, text in texts.items():
        found = [each for each in findings_of(text, "jd") if is_reliable(each, language)]
        yield from finding_views(field, text, found)


def _repeated(place: int, text: str, earlier: str) -> list[FindingView]:
    finding = Finding(
        kind="repeated_question",
        category="earlier_interview",
        word=text,
        reason=f"It asks much the same as a question of an earlier interview: “{earlier[:MAX_QUOTED]}”.",
        suggestion="Leave it out if the same candidate is asked both.",
        start=0,
        end=len(text),
    )
    return finding_views(f"questions[{place}].question_text", text, [finding])


def _general(place: int, text: str) -> list[FindingView]:
    finding = Finding(
        kind="general",
        category="fits_any_post",
        word=text,
        reason="It is a library question that rests on nothing in particular of this requisition.",
        suggestion="Keep it, or put a question of your own in its place.",
        start=0,
        end=len(text),
    )
    return finding_views(f"questions[{place}].question_text", text, [finding])


def _confidential(asked: Sequence[Asked], written: Mapping[str, str], ours: Confidential) -> Iterator[FindingView]:
    """Why questions are not lent to others. Checking all texts of a question at once settles most cases."""
    for place, (topic, _) in enumerate(asked):
        path = f"questions[{place}]"
        texts = {f"{path}.topic": topic.topic}
        texts |= {f"{path}.technologies[{number}]": name for number, name in enumerate(topic.technologies)}
        texts |= {field: text for field, text in written.items() if field.startswith(f"{path}.")}
        if ours.any_in(texts.values()):
            for field, text in texts.items():
                yield from finding_views(field, text, ours.findings_in(text))


def _unsupported(
    given: Iterable[str], written: Mapping[str, str], named: Mapping[str, Iterable[str]] | None = None
) -> list[UnsupportedView]:
    return [UnsupportedView.model_validate(found) for found in unsupported_technologies(given, written, named)]


def _texts(asked: Sequence[Asked]) -> Iterator[tuple[str, str]]:
    """Every text of the questions with its path in the answer."""
    for place, (_, question) in enumerate(asked):
        path = f"questions[{place}]"
        for each in places_of(question):
            yield f"{path}.{each.path}", each.text


def _coverage(
    requisition: Mapping[str, str | None],
    asked: Sequence[Asked],
    planned: Sequence[InterviewTopic],
    requested: Sequence[RequestedView],
) -> CoverageView:
    traced = [
        AskedQuestion(
            number=number,
            topic=topic.topic,
            technologies=tuple(topic.technologies),
            work_items=tuple((item.field, item.part) for item in topic.work_items),
            question_text=question.question_text,
            criteria=tuple((criterion.criterion, criterion.description) for criterion in question.criteria),
        )
        for number, (topic, question) in enumerate(asked, start=1)
    ]
    topics = {topic.topic for topic, _ in asked}
    further = [topic for topic, _ in asked if topic.topic not in {each.topic for each in planned}]
    covered = coverage_of(parts_to_cover(requisition, [*planned, *further]), traced)
    missing = gaps(covered)
    sixth = optional_topic([topic for topic in planned if topic.topic not in topics], missing)
    return CoverageView(
        parts=[
            PartCoverageView(
                field=each.part.field,
                part=each.part.part,
                questions=[
                    CoveringQuestionView(question_number=question.number, criteria=list(question.criteria))
                    for question in each.questions
                ],
            )
            for each in covered
        ],
        gaps=[WorkItemView(field=part.field, part=part.part) for part in missing],
        optional_topic=None if sixth is None else TopicView.model_validate(sixth),
        requested=reported(requested, requisition, traced),
    )
