"""Answers prompts without Claude: sample content for trying the service out without a key.

Everything is made from the requisition's own text: its fields are cut into parts (`offline_texts.py`), a part becomes a
topic, and a topic fills one of the scenes of `offline_templates.py`. What looks random is a digest of the input, so the
same request always gets the same answer, and different requisitions get different interviews.

It cannot translate: topics and questions are English and quote the requisition as it is. Nor does it judge: the skill
level is read off title and level.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from prompts import (
    SETTINGS,
    WORK_FIELDS,
    Criterion,
    EnhancedDescription,
    EnhanceDescription,
    Exhibit,
    InterviewQuestion,
    InterviewTopic,
    PlannedTopics,
    PlanTopics,
    QuestionType,
    RatingAnchors,
    Request,
    SkillLevel,
    SuggestCriteria,
    SuggestedCriteria,
    WorkField,
    WorkItem,
    WriteAlternative,
    WriteQuestion,
)
from techscreen.checks.answers import (
    MAX_CRITERIA,
    MAX_NAME,
    MIN_CRITERIA,
    MIN_TOPICS,
)
from techscreen.checks.entity_names import holds_name, names_to_avoid
from techscreen.checks.likeness import like_criteria, restated_criteria
from techscreen.checks.texts import findings_of
from techscreen.claude import offline_templates
from techscreen.claude.interface import Check, ClaudeAnswer, Deadline, Listener, OnSpending
from techscreen.claude.offline_templates import KINDS, LEVEL_WORDS, PRODUCTS, SLOTS, Kind, Point, Scene, Slot
from techscreen.claude.offline_texts import NO_SUBJECT, bounded, clean, is_unquotable, quote, split, subject_of
from techscreen.errors import GenerationFailed, Spending
from techscreen.schemas.generation import SAMPLE_MODEL
from techscreen.text.similarity import alike_question

T = TypeVar("T", bound=BaseModel)
Requisition = EnhanceDescription | PlanTopics

MAX_TOPIC, MAX_SECTION, MAX_ORIGINAL = 80, 5_000, 17_000
MAX_TURNS = 36
MINUTES: Mapping[QuestionType, int] = {
    "behavioral": 5,
    "situational": 5,
    "technical": 6,
    "debugging": 7,
    "coding": 7,
    "system_design": 8,
}

_SAYS_NOTHING = re.compile(r"\W*|\d\S*(?: \w+)?|\w+[ -]level", re.IGNORECASE)
_ACTIVITY, _EXPERIENCE, _NOT_WORK = (
    re.compile(words, re.IGNORECASE)
    for words in (offline_templates.ACTIVITIES, offline_templates.EXPERIENCE, offline_templates.NOT_WORK)
)


class OfflineClaude:
    """Makes sample content from the request's own text. Implements `techscreen.claude.interface.Claude`."""

    model = SAMPLE_MODEL
    prompt_version = "offline-1"

    def submit(
        self,
        request: Request[T],
        check: Check[T],
        deadline: Deadline,
        listener: Listener[T] | None = None,
        on_spending: OnSpending | None = None,
    ) -> Future[ClaudeAnswer[T]]:
        """Answer at once: the future is finished when it is returned, and nothing is spent.

        Raises:
            TypeError: for a request of an unknown type. The future raises `GenerationFailed` if the answer
                does not pass the check.
        """
        del deadline, on_spending  # the answer is ready at once and costs nothing
        answered: Future[ClaudeAnswer[T]] = Future()
        value = cast(T, _answer(request))
        if listener is not None:
            value = listener.settle(value)
        problems = [problem.sentence for problem in check(value) if problem.is_fatal]
        if problems:
            answered.set_exception(GenerationFailed("The sample content is unusable: " + " ".join(problems[:3])))
        else:
            answered.set_result(ClaudeAnswer(value, Spending(attempts=0)))
        return answered

    def close(self) -> None:
        """There is nothing to release."""


def _answer(request: Request[Any]) -> BaseModel:
    match request:
        case EnhanceDescription():
            return EnhancedDescription(
                language="en",
                interview_topics=_topics(request),
                enhanced_title=bounded(clean(request.basic_title), characters=MAX_NAME) or "Untitled post",
                enhanced_description=_description(request),
            )
        case PlanTopics():
            return PlannedTopics(language="en", interview_topics=_topics(request))
        case WriteQuestion():
            return _question(request)
        case SuggestCriteria():
            return _further_criteria(request)
    raise TypeError(f"no sample content for {type(request).__name__}")


# -------------------------------------------------------------------------------------- topics


@dataclass(frozen=True)
class _Part:
    """Some words of one field, exactly as they stand there."""

    field: WorkField
    text: str


def _topics(request: Requisition) -> list[InterviewTopic]:
    """One topic for each slot. No part is used twice as long as there are others."""
    names = names_to_avoid(request.fields())
    parts = _parts_by_source(request, names)
    level = _skill_level(f"{request.basic_level or ''} {request.basic_title}")
    everything = [part for some in parts.values() for part in some]
    used: set[_Part] = set()
    topics: list[InterviewTopic] = []
    for slot in SLOTS:
        preferred = [part for source in slot.sources for part in parts[source]]
        choices = list(dict.fromkeys([*preferred, *everything]))
        choices = choices or [_Part("basic_description", request.basic_description.strip())]
        fresh = [part for part in choices if part not in used]
        if not fresh and len(topics) >= MIN_TOPICS:
            break
        part = fresh[0] if fresh else choices[len(topics) % len(choices)]
        used.add(part)
        topics.append(_topic(slot, part, level, names))
    return topics


def _topic(slot: Slot, part: _Part, level: SkillLevel, names: Collection[str]) -> InterviewTopic:
    subject = NO_SUBJECT if holds_name(part.text, names) else subject_of(part.text)
    subject = re.sub(r"^(?:an?|the) ", "", subject, flags=re.IGNORECASE)
    return InterviewTopic(
        topic=" ".join(f"{slot.name}: {bounded(subject, characters=MAX_TOPIC, words=6)}".split()),
        technologies=_technologies(part) if slot.question_type in ("technical", "debugging") else [],
        facet=slot.facet,
        skill_level=level,
        question_type=slot.question_type,
        focus=slot.focus,
        work_items=[WorkItem(field=part.field, part=quote(part.text))],
    )


def _parts_by_source(request: Requisition, names: Collection[str]) -> dict[str, list[_Part]]:
    """The parts that topics can be made of, by the source that slots name, without those that name the employer."""

    def telling(field: WorkField, as_list: WorkField | None) -> list[_Part]:
        parts = _telling(field, split(getattr(request, field) or "", as_list))
        return [part for part in parts if not holds_name(part.text, names)]

    parts: dict[str, list[_Part]] = {}
    for field in WORK_FIELDS:
        parts[field] = telling(field, field)
        if field != "work_knowledge":  # elsewhere a single word says little
            parts[field].sort(key=lambda part: len(part.text.split()) < 2)
    described = telling("basic_description", None)
    scarce = sum(map(len, parts.values())) + len(described) < MIN_TOPICS
    if scarce:  # there is so little text that it is cut more finely
        described = telling("basic_description", "work_knowledge")
    work = [part for part in described if not _NOT_WORK.search(part.text)] or described
    parts["tools"] = [part for part in work if _technologies(part) or (scarce and len(part.text.split()) <= 2)]
    parts["tools"].sort(key=lambda part: PRODUCTS.isdisjoint(_technologies(part)))
    tools = set(parts["tools"])
    rest = [part for part in work if part not in tools]
    parts["experience"] = [part for part in rest if _EXPERIENCE.search(part.text)]
    parts["duties"] = [part for part in rest if not _EXPERIENCE.search(part.text)]
    title = request.basic_title.strip().casefold()
    # The longest sentences tell the company's own story; a line with the title repeats it.
    parts["duties"].sort(
        key=lambda part: (title in part.text.casefold(), _length_class(part.text), not _ACTIVITY.match(part.text))
    )
    return parts


def _length_class(text: str) -> int:
    words = len(text.split())
    return 0 if 3 <= words <= 20 else 1 if words > 20 else 2


def _telling(field: WorkField, texts: Iterable[str]) -> list[_Part]:
    """The texts that tell something: not mere punctuation, a number of something, a level, or about a person."""
    return [_Part(field, text) for text in texts if not _SAYS_NOTHING.fullmatch(text) and not is_unquotable(text)]


def _skill_level(text: str) -> SkillLevel:
    """The lowest level named: a question that is too easy does less harm than one that is too hard."""
    for level, words in LEVEL_WORDS:
        if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE):
            return level
    return "Intermediate"


def _technologies(part: _Part) -> list[str]:
    """Names of products or languages in a part short enough to consist of them, in lower case."""
    words = part.text.casefold().split()
    if len(words) > 3 or part.field not in ("work_knowledge", "basic_description"):
        return []
    if " ".join(words) in PRODUCTS:
        return [" ".join(words)]
    names = [name.lstrip("(").rstrip(".,)") for name in re.split(r"[/\s]+", part.text)]
    return list(dict.fromkeys(name.casefold() for name in names if _looks_like_a_product(name)))[:3]


def _looks_like_a_product(name: str) -> bool:
    """A known name, or one with a capital, digit or sign inside it: PyTorch, ONNX, C++17, but not Bootloader."""
    marked = re.match(r"[A-Za-z]+(?:[A-Z]|[0-9]|\+\+|#)", name)
    return name.casefold() in PRODUCTS or (marked is not None and 3 <= len(name) <= 30)


# --------------------------------------------------------------------------------- description


def _description(request: EnhanceDescription) -> str:
    """The requisition's own text under headings, with nothing added to it."""
    facts = [("Post", request.basic_title), ("Department", request.basic_department), ("Level", request.basic_level)]
    known = [(name, bounded(clean(value or ""), characters=MAX_NAME)) for name, value in facts]
    intro = " · ".join(f"**{name}:** {value}" for name, value in known if value)
    sections = [
        intro,
        _section("What you will deliver", request.work_output, "work_output"),
        _section("What you will do", request.work_role, "work_role"),
        _section("Knowledge", request.work_knowledge, "work_knowledge"),
        _section("Competencies", request.work_competencies, "work_competencies"),
        f"### About the post\n{_original(request.basic_description)}",
    ]
    return "\n\n".join(section for section in sections if section)


def _section(heading: str, text: str | None, field: WorkField) -> str:
    parts = [clean(part) for part in split(text or "", field) if not is_unquotable(part)]
    bullets = "\n".join(f"- {part}" for part in parts if part)
    if len(bullets) > MAX_SECTION:
        bullets = bullets[:MAX_SECTION].rsplit("\n", 1)[0] + "…"
    return f"### {heading}\n{bullets}" if bullets else ""


def _original(description: str) -> str:
    """The description as it was typed, with plain line ends and Markdown bullets."""
    lines = []
    for line in re.split(r"\r\n|[\n\r\v\f\x85\u2028\u2029]", description):
        line = re.sub(r"^\s*(?:[•●▪◦‣∙·\ue000-\uf8ff]\s*)+", "- ", line)
        line = re.sub(r"^#{1,6}\s+", "#### ", line)
        lines.append("".join(char for char in line if char == "\t" or _is_printable(char)).rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")[:MAX_ORIGINAL]


def _is_printable(char: str) -> bool:
    return char != "\xad" and unicodedata.category(char) not in ("Cc", "Cs")


# ----------------------------------------------------------------------------------- questions


def _question(request: WriteQuestion) -> InterviewQuestion:
    kind = KINDS[request.topic.question_type]
    scene, text = _scene_and_text(request, kind)
    count = MIN_CRITERIA + _number(text) % (MAX_CRITERIA - MIN_CRITERIA + 1)
    own = _adding_to(text, scene.points)
    fitting = _adding_to(text, [point for point in kind.points if point[1] not in scene.without])
    points = [*own, *_some(fitting, count - len(own), text)]
    points.sort(key=lambda point: point[0])
    spoken_text, exhibit = _apart(text)
    return InterviewQuestion(
        spoken_text=spoken_text,
        exhibit=exhibit,
        minutes=_minutes(request),
        criteria=[Criterion(criterion=label, description=description) for _, label, description in points],
        follow_ups=_some(kind.follow_ups, 2 + _number(text) % 2, text),
        rating_anchors=RatingAnchors(low=scene.low, mid=scene.mid, high=scene.high),
    )


def _minutes(request: WriteQuestion) -> int:
    usual = MINUTES[request.topic.question_type]
    shorter = request.shorter if isinstance(request, WriteAlternative) else None
    return usual if shorter is None else min(usual, shorter[1])


def _further_criteria(request: SuggestCriteria) -> SuggestedCriteria:
    """Criteria of the pool of the question's type, or else of other types, that the question does not have."""
    question = request.question
    kinds = [KINDS[request.topic.question_type], *KINDS.values()]
    points = list(dict.fromkeys(point for kind in kinds for point in kind.points))
    known = {criterion.criterion.casefold() for criterion in question.criteria}
    there, chosen = [criterion.description for criterion in question.criteria], []
    for point in _adding_to(question.spoken_text, points):
        _, label, description = point
        if label.casefold() not in known and len(there) not in like_criteria([*there, description]):
            chosen.append(Criterion(criterion=label, description=description))
            known.add(label.casefold())
            there.append(description)
        if len(chosen) == request.count:
            break
    return SuggestedCriteria(criteria=chosen)


def _apart(text: str) -> tuple[str, Exhibit | None]:
    """What is said aloud, and the code that a scene shows."""
    before, fence, rest = text.partition("\n\n```\n")
    if not fence:
        return text, None
    code, _, after = rest.partition("\n```\n\n")
    return f"{before} {after}", Exhibit(kind="code", text=code)


def _adding_to(text: str, points: Sequence[Point]) -> list[Point]:
    """The criteria that look for more than the question says itself."""
    restated = set(restated_criteria(text, [description for _, _, description in points]))
    return [point for place, point in enumerate(points) if place not in restated]


def _scene_and_text(request: WriteQuestion, kind: Kind) -> tuple[Scene, str]:
    """The first combination of scene and sentences that resembles no taken question, and in which nothing is found.

    The search begins at a digest of all topics plus the topic's place among them, so that topics of one type begin at
    different scenes. Once all have been used, scenes come back with other sentences around them.
    """
    names = sorted({request.topic.topic, *request.other_topics})
    begin = _number(request.topic.question_type, *names) + names.index(request.topic.topic)
    if isinstance(request, WriteAlternative):  # several are asked for at the same time
        begin += SETTINGS.index(request.setting)
    for turn in range(MAX_TURNS):
        for step in range(len(kind.scenes)):
            scene = kind.scenes[(begin + step) % len(kind.scenes)]
            text = _wording(request, kind, scene, begin + turn + step, turn)
            if alike_question(text, request.taken) is None and not findings_of(text, "question"):
                return scene, text
    return scene, text


def _wording(request: WriteQuestion, kind: Kind, scene: Scene, number: int, turn: int) -> str:
    """A scene with its frame, circumstance and ask, and with twists and a shorter subject once it comes back."""
    topic = request.topic
    subject = bounded(_topic_subject(topic), characters=50) if turn else _topic_subject(topic)
    beginning = [_pick(kind.frames, number).replace("{subject}", subject), scene.text]
    # Shifted against the frames every three turns, so that the same sentences do not meet again.
    circumstance = _pick(kind.circumstances[topic.skill_level], number + turn // 3)
    twists = [_pick(kind.twists, 2 * number), _pick(kind.twists, 2 * number + 1 + turn // 6)] if turn else []
    ending = [*twists, _pick(kind.asks, number + turn // 3 * 2)]
    text = " ".join([*beginning, circumstance, *ending])
    if len(_apart(text)[0].split()) > request.most_spoken:
        text = " ".join([*beginning, *ending])
    return text.replace("\n\n ", "\n\n")


def _topic_subject(topic: InterviewTopic) -> str:
    """What the question is about: the quoted part if the topic is ours, or the name that Claude gave it."""
    slot_name, _, rest = topic.topic.partition(": ")
    if slot_name in {slot.name for slot in SLOTS} and NO_SUBJECT not in (rest, f"the {rest}") and topic.work_items:
        return subject_of(topic.work_items[0].part)
    return subject_of(topic.topic)


C = TypeVar("C", str, Point)


def _pick(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]


def _some(choices: Sequence[C], count: int, seed: str) -> list[C]:
    """This many of the choices, picked by the seed, in their listed order."""
    chosen = sorted(choices, key=lambda choice: _number(seed, str(choice)))[: max(0, count)]
    return [choice for choice in choices if choice in chosen]


def _number(*texts: str) -> int:
    """A large number that depends on the texts and on nothing else."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")
