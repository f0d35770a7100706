"""What an interview is to ask about before coverage decides: what its caller wants, or what earlier versions left out.

Words of a caller or gaps of earlier reports come in; parts of the requisition and topics go out. A topic is made of the
words themselves, so that nobody has to be asked, and paid, for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from prompts import WORK_FIELDS, InterviewTopic, PlannedTopics, QuestionType, SkillLevel, WorkItem
from techscreen.checks.entity_names import names_to_avoid
from techscreen.checks.requisition_quotes import MAX_QUOTE, sound_quotes
from techscreen.checks.stated_level import LEVELS, is_above, stated_level
from techscreen.checks.texts import findings_of, personal_findings
from techscreen.quality.coverage import AskedQuestion, coverage_of
from techscreen.quality.topic_choice import HANDS_ON, WEIGHTS, WHOLE, covered_by
from techscreen.quality.work_items import WorkPart, work_parts
from techscreen.schemas.fields import MAX_SHORT_TEXT
from techscreen.schemas.generation import RequestedView
from techscreen.schemas.wishes import CoverItem, TopicWish
from techscreen.text.page import plain_words_of
from techscreen.topics.technology_mentions import technologies_listed

Requisition = Mapping[str, str | None]

FIELDS = (*WORK_FIELDS, "basic_description")
# A topic has 3 to 6 words; one that is made of longer words is cut.
MAX_WORDS = 8
# The most topics that are made of parts. Choosing tries all fives.
MAX_MADE = 8
NOT_IN_REQUISITION = "It is not among the WORK inputs, so it was taken as a topic."
NOWHERE = "It is neither among the WORK inputs, nor is a question about it."
NOT_ASKED = "It is about the candidate's person or is an instruction, so no question asks it."
UNASKED_KINDS = ("prohibited_subject", "instruction")
NO_QUESTION = "No question covers it."
# Words of a bare name, and what it may begin with.
MAX_SUBJECT = 4
_WHOSE = re.compile(r"(?:his|her|their|your|the candidate['’]s|candidate['’]s) (?:own )?", re.IGNORECASE)
# Words, and marks, that cannot end a topic which was cut.
_LOOSE_ENDS = frozenset(
    "and or the a an of for to in on at with by per from as into about that which who is are be than via without under"
    " over und oder der die das den dem des ein eine einen für mit von zu im am an auf bei aus als pro über unter nach"
    " vor zum zur vom dass sowie y e o u de la el los las un una con para por en del al que sin sobre et ou le les"
    " des du avec pour dans sur par au aux que qui sans".split()
)
_EDGES = " ,;:(/&+-–—"
_TYPES: Mapping[str, QuestionType] = {"work_competencies": "behavioral", "work_role": "situational"}


@dataclass(frozen=True)
class Wishes:
    """What an interview is to ask about.

    Attributes:
        parts: parts of the requisition that come first.
        must: topics that are asked in any case, as far as there is room.
        made: topics made of `parts`, the one that counts most first.
        asked: the names of topics that earlier interviews had, which come last.
        requested: what the caller has asked for, to be reported on.
    """

    parts: tuple[WorkPart, ...] = ()
    must: tuple[InterviewTopic, ...] = ()
    made: tuple[InterviewTopic, ...] = ()
    asked: frozenset[str] = frozenset()
    requested: tuple[RequestedView, ...] = ()

    @property
    def insists(self) -> bool:
        """Whether a caller wants them, and it is not only what earlier versions left out."""
        return bool(self.requested)

    def candidates(self, planned: Iterable[InterviewTopic]) -> list[InterviewTopic]:
        """The planned topics and those that were made, none twice."""
        by_name: dict[str, InterviewTopic] = {}
        for topic in (*self.must, *planned, *self.made):
            by_name.setdefault(topic.topic.casefold(), topic)
        return list(by_name.values())


def wishes_of_caller(
    planned: PlannedTopics, requisition: Requisition, cover: Sequence[CoverItem], topics: Sequence[TopicWish]
) -> Wishes:
    """What the caller of a generation wants.

    Args:
        planned: the topics of the requisition, at the level of the post.
        requisition: its texts by field.
    """
    maker = _TopicMaker(planned, requisition)
    must: list[InterviewTopic] = []
    wanted: dict[WorkPart, None] = {}
    requested: list[RequestedView] = []
    for number, wish in enumerate(topics):
        asked = _may_be_asked(wish.topic)
        if asked:
            must.append(maker.wanted(wish))
        requested.append(
            RequestedView(
                field=f"topics[{number}]",
                text=wish.topic,
                topic=must[-1].topic if asked else None,
                questions=[],
                warning=None if asked else NOT_ASKED,
            )
        )
    parts = [part for part in work_parts({name: requisition.get(name) for name in FIELDS})]
    for number, item in enumerate(cover):
        path, asked = f"cover[{number}]", _may_be_asked(item.part)
        found = parts_named(item.part, item.field, parts) if asked else []
        wanted |= dict.fromkeys(found)
        topic = maker.of_words(item.part, "", ()) if asked and not found else None
        must += [topic] if topic else []
        warning = NOT_ASKED if not asked else None if found else NOT_IN_REQUISITION
        name = topic.topic if topic else None
        requested.append(RequestedView(field=path, text=item.part, topic=name, questions=[], warning=warning))
    return Wishes(
        parts=tuple(wanted),
        must=tuple(must),
        made=tuple(maker.of_parts(list(wanted))),
        requested=tuple(requested),
    )


def wishes_of_next_version(
    planned: PlannedTopics, requisition: Requisition, left_out: Iterable[WorkItem], asked: Iterable[str]
) -> Wishes:
    """What the next version begins with when its caller wants nothing in particular.

    Args:
        left_out: what earlier versions have not asked about.
        asked: the names of their topics.
    """
    parts = work_parts({name: requisition.get(name) for name in FIELDS})
    wanted = {part: None for item in left_out for part in parts_named(item.part, item.field, parts)}
    # Nobody has asked for these, so wording that shuts people out makes no topic either.
    open_parts = [part for part in wanted if not findings_of(part.part, "jd")]
    return Wishes(
        parts=tuple(open_parts),
        made=tuple(_TopicMaker(planned, requisition).of_parts(open_parts)),
        asked=frozenset(name.casefold() for name in asked),
    )


def parts_named(text: str, field: str | None, parts: Sequence[WorkPart]) -> list[WorkPart]:
    """The parts of a requisition that words of it are from; those of the WORK inputs, if there are any."""
    same = [part for part in parts if part.field == (field or part.field) and _spelled(part.part) == _spelled(text)]
    if same:
        return same
    fields = FIELDS if field is None else (field,)
    question = AskedQuestion(0, "", (), tuple((name, text) for name in fields), "")
    found = [each.part for each in coverage_of(parts, [question]) if not each.is_gap]
    return [part for part in found if part.field in WORK_FIELDS] or found


def reported(
    requested: Iterable[RequestedView], requisition: Requisition, asked: Sequence[AskedQuestion]
) -> list[RequestedView]:
    """What the caller has asked for, with the questions that are about it now."""
    views = []
    parts: list[WorkPart] | None = None
    for each in requested:
        topic = _spelled(each.topic or "")
        numbers = {question.number for question in asked if topic and _spelled(question.topic) == topic}
        if each.topic is None and each.warning != NOT_ASKED:
            parts = parts or work_parts({name: requisition.get(name) for name in FIELDS})
            named = parts_named(each.text, None, parts)
            numbers |= {found.number for part in coverage_of(named, asked) for found in part.questions}
        warning = each.warning
        if warning in (NOT_IN_REQUISITION, NOWHERE):
            warning = NOT_IN_REQUISITION if numbers else NOWHERE
        elif warning != NOT_ASKED:
            warning = None if numbers else NO_QUESTION
        views.append(each.model_copy(update={"questions": sorted(numbers), "warning": warning}))
    return views


class _TopicMaker:
    """Makes topics of words, at the level at which the planned ones are."""

    def __init__(self, planned: PlannedTopics, requisition: Requisition) -> None:
        self._planned = planned.interview_topics
        self._requisition = requisition
        self._names = sorted(names_to_avoid(requisition), key=len, reverse=True)
        levels = Counter(topic.skill_level for topic in self._planned)
        self._stated = stated_level(requisition)
        self._level: SkillLevel = levels.most_common(1)[0][0] if levels else self._stated or LEVELS[1]

    def wanted(self, wish: TopicWish) -> InterviewTopic:
        """The topic of a caller: the planned one of this name if it is no more than a name."""
        known = [topic for topic in self._planned if topic.topic.casefold() == wish.topic.strip().casefold()]
        if known and wish.model_fields_set == {"topic"}:
            return known[0]
        level = wish.skill_level or (known[0].skill_level if known else self._level)
        items = [WorkItem(field=item.field, part=item.part) for item in wish.work_items]
        made = self.of_words(wish.topic, "", sound_quotes(items, self._requisition))
        own = {
            "topic": self._without_names(wish.topic),
            "technologies": wish.technologies or made.technologies,
            "facet": wish.facet or made.facet,
            "skill_level": self._stated if self._stated and is_above(level, self._stated) else level,
            "question_type": wish.question_type or made.question_type,
            "focus": wish.focus or made.focus,
        }
        return made.model_copy(update=own)

    def of_parts(self, parts: Sequence[WorkPart]) -> list[InterviewTopic]:
        """Topics of the parts that count most; first of those that no planned topic covers."""
        covered = set().union(*covered_by(parts, self._planned))
        order = sorted(
            range(len(parts)), key=lambda place: (place in covered, -WEIGHTS.get(parts[place].field, WHOLE), place)
        )
        return self._with_something_concrete([self._of_part(parts[place]) for place in order[:MAX_MADE]])

    def of_words(self, text: str, field: str, items: Sequence[WorkItem]) -> InterviewTopic:
        """A topic that is about these words."""
        plain = " ".join(plain_words_of(text).split())
        name = self._without_names(plain)
        return InterviewTopic(
            topic=_cut(name),
            technologies=sorted(technologies_listed(text)),
            facet=_cut(name),
            skill_level=self._level,
            question_type=_TYPES.get(field, "technical"),
            focus=name[:MAX_QUOTE],
            work_items=list(items),
        )

    def _with_something_concrete(self, made: list[InterviewTopic]) -> list[InterviewTopic]:
        """The topics, one of them about finding a fault if the requisition has such topics: any technology may fail."""
        if any(topic.question_type in HANDS_ON for topic in self._planned):
            technical = (topic for topic in made if topic.technologies and topic.question_type == "technical")
            first = next(technical, None)
            return [
                topic.model_copy(update={"question_type": "debugging"}) if topic is first else topic for topic in made
            ]
        return made

    def _of_part(self, part: WorkPart) -> InterviewTopic:
        item = WorkItem.model_validate({"field": part.field, "part": _start(part.part)})
        return self.of_words(part.part, part.field, sound_quotes([item], self._requisition))

    def _without_names(self, text: str) -> str:
        """The text without the employer's names: a topic names none. If nothing else is left, as it is."""
        text = plain = " ".join(text.split())
        for name in self._names:
            plain = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)['’]?s?", " ", plain, flags=re.IGNORECASE)
        plain = " ".join(plain.split()).strip(" ,;:-")
        return plain if any(map(str.isalpha, plain)) else text


def _may_be_asked(text: str) -> bool:
    """Whether it is about work: no subject of the candidate's person, and no instruction to a language model."""
    found = [*findings_of(text, "jd")]
    name = _WHOSE.sub("", plain_words_of(text).strip(" ?.!"))
    if len(name.split()) <= MAX_SUBJECT:  # a bare name, such as "marital status", says more as a question
        found += personal_findings(f"What is your {name}?", "question")
    return not any(each.kind in UNASKED_KINDS or each.category == "other_personal" for each in found)


def _spelled(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,;:")


def _start(text: str) -> str:
    """As much of a part, in whole words, as can be quoted."""
    return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE + 1].rpartition(" ")[0] or text[:MAX_QUOTE]


def _cut(text: str) -> str:
    words = text.split()
    if len(words) > MAX_WORDS:
        del words[MAX_WORDS:]
        while len(words) > 1 and words[-1].strip(_EDGES).casefold() in {"", *_LOOSE_ENDS}:
            words.pop()
        text = " ".join(words).rstrip(_EDGES)
    return text[:MAX_SHORT_TEXT]


def left_out_by(versions: Sequence[tuple[Collection[WorkItem], Collection[WorkItem]]]) -> list[WorkItem]:
    """What the next version begins with: what no version covers, or else what the newest leaves out.

    Args:
        versions: the covered parts and the gaps of each earlier version, newest first.
    """
    if not versions:
        return []
    covered = {(item.field, item.part) for parts, _ in versions for item in parts}
    newest = list(versions[0][1])
    return [item for item in newest if (item.field, item.part) not in covered] or newest
