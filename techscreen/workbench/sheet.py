"""What the sheet shows: an interview and its requisition come in, all that a structured-interview form has goes out.

Everything is a text in its final form, so that the template only places it; nothing is fetched or stored here. The
words around the interview are those of `labels.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from techscreen.editing.exports.source import ExportSource, lines_of, one_line, paragraphs_of, shortened
from techscreen.question_cache.keys import STARTER_MODEL
from techscreen.schemas.generation import (
    LIBRARY_MODEL,
    SAMPLE_MODEL,
    ExhibitView,
    InterviewView,
    JobDescriptionView,
    QuestionView,
)
from techscreen.workbench.labels import Labels, label_language, labels_for

# What stands on every page has to stay short.
MAX_SUBJECT, MAX_PERSON, MAX_MODEL, MAX_ORIGIN = 90, 40, 60, 150
# Interviewers that the group form has a column for.
GROUP = range(1, 5)


@dataclass(frozen=True)
class Warned:
    """A word in capitals, and the sentence that explains it."""

    word: str
    sentence: str


@dataclass(frozen=True)
class SheetExhibit:
    """What is shown to the candidate: its kind in the labels' language, and its lines."""

    kind: str
    text: str


@dataclass(frozen=True)
class SheetCriterion:
    """One thing to tick."""

    name: str
    description: str


@dataclass(frozen=True)
class SheetQuestion:
    """One question with all that asking it and rating its answer needs.

    Attributes:
        facts: type, level and minutes.
        reasons: words of the requisition that it rests on; empty for a general question.
        spoken: paragraphs to be said word for word.
        anchors: what an answer sounds like, by `low`, `mid` and `high`.
        origin: who wrote it.
    """

    number: int
    topic: str
    facts: tuple[str, ...]
    minutes: int | None
    reasons: tuple[str, ...]
    spoken: tuple[str, ...]
    exhibit: SheetExhibit | None
    probes: tuple[str, ...]
    criteria: tuple[SheetCriterion, ...]
    anchors: dict[str, str]
    origin: str


@dataclass(frozen=True)
class Mark:
    """What stands on every page: which interview it is, its version and state, and who wrote it."""

    subject: str
    version: str
    state: str
    origin: str


@dataclass(frozen=True)
class Sheet:
    """The whole sheet.

    Attributes:
        language: of the page, a tag of BCP 47.
        content_language: of the interview, if it is another than that of the page and known.
        name: of the interview.
        facts: what is known of the head, by the key of its label.
    """

    interview_id: int
    language: str
    content_language: str | None
    labels: Labels
    title: str
    name: str
    warnings: tuple[Warned, ...]
    facts: tuple[tuple[str, str], ...]
    opening: tuple[str, ...]
    questions: tuple[SheetQuestion, ...]
    mark: Mark
    group: range = GROUP


def sheet_of(interview: InterviewView, requisition: JobDescriptionView) -> Sheet:
    """The sheet of an interview.

    Args:
        requisition: the one that the interview is for.
    """
    labels = labels_for(interview.language)
    known = label_language(interview.language)
    spoken_elsewhere = interview.language is not None and not interview.language.casefold().startswith(known)
    title = one_line(ExportSource(interview, requisition).title)
    return Sheet(
        interview_id=interview.id,
        language=interview.language if interview.language and not spoken_elsewhere else known,
        content_language=interview.language if spoken_elsewhere else None,
        labels=labels,
        title=title,
        name=one_line(interview.interview_name),
        warnings=tuple(_warnings(interview, labels)),
        facts=tuple(_facts(interview, requisition, title, labels)),
        opening=tuple(_opening(interview, labels)),
        questions=tuple(_question(question, interview, labels) for question in interview.questions),
        mark=_mark(interview, title, labels),
    )


def planned_minutes(interview: InterviewView) -> int | None:
    """The minutes of all questions; None unless each has some."""
    minutes = [question.minutes for question in interview.questions if question.minutes is not None]
    return sum(minutes) if minutes and len(minutes) == len(interview.questions) else None


def day_of(moment: datetime) -> str:
    """The day of a moment, as every language reads it."""
    return f"{moment:%Y-%m-%d}"


def _warnings(interview: InterviewView, labels: Labels) -> Iterable[Warned]:
    warned = [interview.status, "sample" if interview.sample else ""]
    return (Warned(*labels["warnings"][name]) for name in warned if name in labels["warnings"])


def _facts(
    interview: InterviewView, requisition: JobDescriptionView, title: str, labels: Labels
) -> Iterable[tuple[str, str]]:
    head = labels["head"]
    yield "post", title
    yield "level", one_line(requisition.basic_jd.level or "") or head["level_unknown"]
    yield "requisition", interview.req_id
    yield "status", _status(interview, labels)
    yield "version", str(interview.version)
    minutes = planned_minutes(interview)
    told = head["length_told"] if minutes is not None else head["length_untold"]
    yield "length", told.format(minutes=minutes, questions=len(interview.questions))


def _status(interview: InterviewView, labels: Labels) -> str:
    state: str = labels["states"].get(interview.status, interview.status)
    if interview.approved_by_user_id is None or interview.published_at is None:
        return state
    approved = labels["head"]["approved"].format(
        person=interview.approved_by_user_id, date=day_of(interview.published_at)
    )
    # One that is approved says so already.
    return f"{approved[:1].upper()}{approved[1:]}" if interview.status == "published" else f"{state}, {approved}"


def _opening(interview: InterviewView, labels: Labels) -> Iterable[str]:
    minutes = planned_minutes(interview)
    planned = "" if minutes is None else labels["opening"]["planned"].format(minutes=minutes)
    for line in labels["opening"]["lines"]:
        yield one_line(line.format(questions=len(interview.questions), planned=planned))


def _question(question: QuestionView, interview: InterviewView, labels: Labels) -> SheetQuestion:
    facts = [
        labels["types"].get(question.question_type, question.question_type.replace("_", " ")),
        labels["levels"].get(question.skill_level, question.skill_level),
    ]
    if question.minutes is not None:
        facts.append(labels["minutes"].format(minutes=question.minutes))
    return SheetQuestion(
        number=question.question_number,
        topic=one_line(question.topic),
        facts=tuple(facts),
        minutes=question.minutes,
        reasons=tuple(dict.fromkeys(one_line(item.part) for item in question.work_items)),
        spoken=tuple(paragraphs_of(question.spoken_text)),
        exhibit=_exhibit(question.exhibit, labels) if question.exhibit else None,
        probes=tuple(one_line(text) for text in question.follow_ups),
        criteria=tuple(SheetCriterion(one_line(c.criterion), one_line(c.description)) for c in question.criteria),
        anchors={name: one_line(text) for name, text in question.rating_anchors.model_dump().items()},
        origin=_origin(question, interview, labels),
    )


def _exhibit(shown: ExhibitView, labels: Labels) -> SheetExhibit:
    return SheetExhibit(labels["exhibits"][shown.kind], lines_of(shown.text).expandtabs(4).strip("\n"))


def _origin(question: QuestionView, interview: InterviewView, labels: Labels) -> str:
    """Who wrote a question, as far as it is known."""
    origins = labels["origins"]
    edited = question.source == "edited"
    if question.model == SAMPLE_MODEL:
        name = "sample"
    elif question.model == STARTER_MODEL:
        name = "starter_edited" if edited else "starter"
    elif question.model in (None, LIBRARY_MODEL):
        # What was generated names its model, except in the oldest interviews.
        name = {"library": "library", "edited": "people"}.get(question.source, "unknown")
    elif edited:
        name = "edited"
    else:
        name = "generated" if question.source == "generated" else "lent"
    model = shortened(one_line(question.model or ""), MAX_MODEL)
    told: str = origins[name].format(model=model, date=day_of(interview.created_at))
    return told


def _mark(interview: InterviewView, title: str, labels: Labels) -> Mark:
    told = labels["mark"]
    states = [told[interview.status]] if interview.status in ("draft", "archived") else []
    if interview.approved_by_user_id is not None and interview.published_at is not None:
        person = shortened(one_line(interview.approved_by_user_id), MAX_PERSON)
        states.append(told["approved"].format(person=person, date=day_of(interview.published_at)))
    return Mark(
        subject=shortened(f"{interview.req_id} · {title}", MAX_SUBJECT),
        version=told["version"].format(version=interview.version),
        state=" · ".join(states) or labels["states"].get(interview.status, interview.status),
        origin=_origins(interview, labels),
    )


def _origins(interview: InterviewView, labels: Labels) -> str:
    """The origins of all questions, each once, with the numbers of its questions unless all have the same.

    If that is too much for every page, the models alone: each question has its own origin beside it.
    """
    told = labels["origins"]
    numbers: dict[str, list[int]] = {}
    for question in interview.questions:
        numbers.setdefault(_origin(question, interview, labels), []).append(question.question_number)
    if len(numbers) == 1:
        return next(iter(numbers))
    each = "; ".join(
        told["some" if len(of) > 1 else "one"].format(numbers=", ".join(map(str, of)), origin=origin)
        for origin, of in numbers.items()
    )
    models = [question.model for question in interview.questions if question.model not in (None, LIBRARY_MODEL)]
    if len(each) <= MAX_ORIGIN or not models:
        return each
    names = ", ".join(dict.fromkeys(one_line(str(model)) for model in models))
    return shortened(told["mixed"].format(models=names, date=day_of(interview.created_at)), MAX_ORIGIN)
