"""Answers prompts without Claude: sample content for trying the service out without a key.

Everything is made from the requisition's own text. Its fields are cut into parts; a part becomes a topic,
and a topic goes into one of the scenes of `offline_templates.py`. No clock, no network and no chance are
involved: what looks like chance is a digest of the input, so the same request always gets the same
answer, and different requisitions get different interviews.

It cannot translate: topics and questions are English, whatever the language asked for, and quote the
requisition's words as they are. Nor does it judge: skill levels are read off title and level.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel

import offline_templates
from claude_interface import Check, ClaudeAnswer, Deadline, Listener
from content_checks import (
    FEWEST_CRITERIA,
    FEWEST_TOPICS,
    LONGEST_NAME,
    MOST_CRITERIA,
    about_the_person,
    alike_question,
)
from errors import GenerationFailed, Spending
from injected_instructions import instruction_findings
from offline_templates import KINDS, LEVEL_WORDS, PRODUCTS, SLOTS, Kind, Point, Scene, Slot
from prohibited_subjects import prohibited_subject
from prompts import (
    WORK_FIELDS,
    Criterion,
    EnhancedDescription,
    EnhanceDescription,
    InterviewQuestion,
    InterviewTopic,
    PlannedTopics,
    PlanTopics,
    RatingAnchors,
    Request,
    SkillLevel,
    WorkField,
    WorkItem,
    WriteQuestion,
)
from proper_names import names_to_avoid
from question_form import holds_name
from schemas import SAMPLE_MODEL

T = TypeVar("T", bound=BaseModel)
Requisition = EnhanceDescription | PlanTopics

LISTS = ("work_knowledge", "work_competencies")  # fields whose commas always separate
LONGEST_QUOTE, LONGEST_SUBJECT, LONGEST_TOPIC, LONGEST_SECTION, LONGEST_ORIGINAL = 300, 90, 80, 5_000, 17_000
MOST_TURNS = 36
NO_SUBJECT = "the work of this post"

# What sets off the parts of a text. Not a comma within a number, not the point of an abbreviation.
_LINE_END = re.compile(r"[\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029]+")
_BULLET = re.compile(
    r"\s*(?:(?:[-\u2013\u2014•●▪◦‣∙·*+>✓✔\ue000-\uf8ff]+|o|\(?\d{1,2}[.)]|\d(?:\.\d)+|[a-z]\)|#+)\s+)+"
)
_ABBREVIATIONS = (
    "e.g. i.e. approx. acc. incl. etc. std. perf. max. min. mgmt. dev. exp. enh. resp. vs. no. nr. ca. bzw. inkl."
)
_NO_ABBREVIATION = "".join(rf"(?<!\b(?i:{re.escape(word)}))" for word in _ABBREVIATIONS.split())
_SENTENCE_END = re.compile(
    rf"{_NO_ABBREVIATION}(?<!\b\w\.)(?<=[.!?])\s+(?![a-z])|[;\uff1b。\uff01\uff1f]\s*|,?(?: and| und)?\s(?=\(\d\)\s)"
)
_COMMA = re.compile(r"(?<!\d),|,(?!\d)|[\uff0c、]|\s・\s")
_LIST_SIGN = re.compile(rf"{_COMMA.pattern}|\s\+\s")
_ENUMERATION = re.compile(r"\b(?:and|or|und|oder|sowie|y|et)\b|&", re.IGNORECASE)
_LEAD_IN = re.compile(
    r"\W*\(\d\)\s+|[\s,;:]*(?:and|und|or|oder|sowie)\s+|\s*you(?:['\u2019]ll| will)\s"
    r"|\s*(?:must|should|nice|scope|stack|tools|required|for information|muss|soll):\s",
    re.IGNORECASE,
)
_EDGES = " \t\r\n\v\f,;:!?|\u2013\u2014-•*>"
_CONTINUES = re.compile(r"\s*[a-zß-ÿ(]")
_OPEN_ENDED = re.compile(r"(?:-|,|\b(?:the|a|an|and|of|to|with|for|in|from))\s*$")
_ACTIVITY, _EXPERIENCE, _NOT_WORK, _PERSON = (
    re.compile(words, re.IGNORECASE)
    for words in (
        offline_templates.ACTIVITIES,
        offline_templates.EXPERIENCE,
        offline_templates.NOT_WORK,
        offline_templates.PERSON,
    )
)


class OfflineClaude:
    """Makes sample content from the request's own text. Implements `claude_interface.Claude`."""

    model = SAMPLE_MODEL
    prompt_version = "offline-1"

    def submit(
        self, request: Request[T], check: Check[T], deadline: Deadline, listener: Listener[T] | None = None
    ) -> Future[ClaudeAnswer[T]]:
        """Answer at once: the future is finished when it is returned, and nothing is spent.

        Raises:
            TypeError: for a request of an unknown type. The future raises `GenerationFailed` if the answer
                does not pass the check.
        """
        del deadline  # what is ready at once is never late
        answered: Future[ClaudeAnswer[T]] = Future()
        value = cast(T, _answer(request))
        if listener is not None:
            value = listener.settle(value)
        problems = [problem.sentence for problem in check(value) if not problem.is_tolerable]
        if problems:
            answered.set_exception(GenerationFailed("The sample content is unusable: " + " ".join(problems[:3])))
        else:
            answered.set_result(ClaudeAnswer(value, Spending(attempts=0)))
        return answered

    def close(self) -> None:
        """Nothing is held."""


def _answer(request: Request[Any]) -> BaseModel:
    match request:
        case EnhanceDescription():
            return EnhancedDescription(
                language="en",
                interview_topics=_topics(request),
                enhanced_title=_bounded(_clean(request.basic_title), characters=LONGEST_NAME) or "Untitled post",
                enhanced_description=_description(request),
            )
        case PlanTopics():
            return PlannedTopics(language="en", interview_topics=_topics(request))
        case WriteQuestion():
            return _question(request)
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
        if not fresh and len(topics) >= FEWEST_TOPICS:
            break
        part = fresh[0] if fresh else choices[len(topics) % len(choices)]
        used.add(part)
        topics.append(_topic(slot, part, level, names))
    return topics


def _topic(slot: Slot, part: _Part, level: SkillLevel, names: Collection[str]) -> InterviewTopic:
    subject = NO_SUBJECT if holds_name(part.text, names) else _subject(part.text)
    subject = re.sub(r"^(?:an?|the) ", "", subject, flags=re.IGNORECASE)
    return InterviewTopic(
        topic=f"{slot.name}: {_bounded(subject, characters=LONGEST_TOPIC, words=6)}",
        technologies=_technologies(part) if slot.question_type in ("technical", "debugging") else [],
        facet=slot.facet,
        skill_level=level,
        question_type=slot.question_type,
        focus=slot.focus,
        work_items=[WorkItem(field=part.field, part=_quote(part.text))],
    )


def _parts_by_source(request: Requisition, names: Collection[str]) -> dict[str, list[_Part]]:
    """The parts that topics can be made of, by the source that slots name. What names the employer is left out."""

    def telling(field: WorkField, as_list: WorkField | None) -> list[_Part]:
        parts = _telling(field, _split(getattr(request, field) or "", as_list))
        return [part for part in parts if not holds_name(part.text, names)]

    parts: dict[str, list[_Part]] = {}
    for field in WORK_FIELDS:
        parts[field] = telling(field, field)
        if field != "work_knowledge":  # elsewhere a single word says little
            parts[field].sort(key=lambda part: len(part.text.split()) < 2)
    described = telling("basic_description", None)
    scarce = sum(map(len, parts.values())) + len(described) < FEWEST_TOPICS
    if scarce:  # so little text has to be cut finer
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
    """Without texts that are mere signs, a number of something, a level, or about a person."""
    empty = re.compile(r"\W*|\d\S*(?: \w+)?|\w+[ -]level", re.IGNORECASE)
    return [_Part(field, text) for text in texts if not empty.fullmatch(text) and not _not_to_be_quoted(text)]


def _not_to_be_quoted(text: str) -> bool:
    """Whether a text is about a person, or speaks to a language model."""
    personal = _PERSON.search(text) or prohibited_subject([text]) or about_the_person(text)
    return bool(personal or instruction_findings(text))


def _skill_level(text: str) -> SkillLevel:
    """The lowest level named, for a question that is too easy does less harm than one that is too hard."""
    for level, words in LEVEL_WORDS:
        if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE):
            return level
    return "Intermediate"


def _technologies(part: _Part) -> list[str]:
    """Lower-case names in a part that is short enough to consist of names of products or languages."""
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


# ------------------------------------------------------------------------------ parts of a text


def _split(text: str, field: WorkField | None) -> Iterator[str]:
    """The distinct parts of a WORK field or of the description (None), each word for word."""
    seen: set[str] = set()
    for line, bullet in _lines(text, is_prose=field is None):
        if field is None and _is_heading(line, bullet):
            continue
        for sentence in _cut(line, _SENTENCE_END):
            for piece in _split_at_commas(sentence, field):
                part = _trimmed(piece)
                if part and part.casefold() not in seen:
                    seen.add(part.casefold())
                    yield part


def _lines(text: str, *, is_prose: bool) -> Iterator[tuple[str, str]]:
    """Lines and their bullets. A line that a PDF export has broken in mid-sentence is put together again."""
    start = 0
    for end in [*_LINE_END.finditer(text), None]:  # None stands for the end of the text
        stop = end.start() if end else len(text)
        if end and _goes_on(text[max(start, stop - 40) : stop], text[end.end() : end.end() + 20], is_prose):
            continue
        bullet = _BULLET.match(text, start, stop)
        yield text[bullet.end() if bullet else start : stop], bullet[0].strip() if bullet else ""
        start = end.end() if end else stop


def _goes_on(line_end: str, following: str, is_prose: bool) -> bool:
    """Whether a sentence runs on; in a WORK field a new line is a new item unless the old one is left open."""
    if _BULLET.match(following):
        return False
    return bool(_OPEN_ENDED.search(line_end) or (is_prose and len(line_end) >= 40 and _CONTINUES.match(following)))


def _is_heading(line: str, bullet: str) -> bool:
    """A short line without a full stop, unless it is an item of a list; headings may be numbered."""
    words = line.split()
    short = len(words) <= 5 and not re.search(r"[.!?。]\s*$", line)
    return (short and (not bullet or bullet[0].isdigit())) or (len(words) > 1 and line.isupper())


def _split_at_commas(sentence: str, field: WorkField | None) -> list[str]:
    """Lists are split at their commas; a sentence that only ends in "a, b and c" is left whole."""
    pieces = _cut(sentence, _LIST_SIGN if field in LISTS else _COMMA)
    if field is None:
        short = sum(len(piece.split()) <= 3 for piece in pieces)
        return pieces if len(pieces) >= 4 and short >= len(pieces) / 2 else [sentence]
    return [sentence] if field not in LISTS and _ENUMERATION.search(pieces[-1]) else pieces


def _cut(text: str, separator: re.Pattern[str]) -> list[str]:
    """The text between separators that stand outside parentheses, if these are balanced."""
    balanced = text.count("(") == text.count(")")
    pieces, start, seen, depth = [], 0, 0, 0
    for found in separator.finditer(text):
        stop = found.start()
        depth = max(0, depth + text.count("(", seen, stop) - text.count(")", seen, stop))
        seen = stop
        if depth == 0 or not balanced:
            pieces.append(text[start:stop])
            start = found.end()
    return [*pieces, text[start:]]


def _trimmed(piece: str) -> str:
    lead_in = _LEAD_IN.match(piece)
    piece = piece[lead_in.end() if lead_in else 0 :].strip(_EDGES).rstrip(". \t")
    enclosed = len(piece) > 2 and piece[0] in '"“„' and piece[-1] in '"”“'
    return piece[1:-1] if enclosed else piece


def _quote(text: str) -> str:
    """The beginning of a very long part; still the field's own words."""
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE].rsplit(" ", 1)[0].strip()


def _clean(text: str) -> str:
    """One line without control and format characters. A word that was broken at a line end is whole again."""
    text = re.sub(r"(?<=\w)-\s*[\r\n]+\s*(?=[a-zß-ÿ])", "", text)
    kept = (char for char in text if unicodedata.category(char) not in ("Cf", "Co", "Cs") or char == "\u200d")
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in kept).split())


def _subject(text: str) -> str:
    """A part as it can stand between quotation marks in a sentence."""
    subject = re.sub(r"[“”„\"`]", "'", _clean(text))
    before_parenthesis = subject.split(" (")[0]
    if len(subject) > LONGEST_SUBJECT and len(before_parenthesis) >= 12:
        subject = before_parenthesis
    subject = _bounded(subject, characters=LONGEST_SUBJECT)
    return NO_SUBJECT if not subject or _not_to_be_quoted(subject) else subject


def _bounded(text: str, *, characters: int, words: int = 1_000) -> str:
    """The text, or its beginning with an ellipsis that does not follow on a preposition or the like."""
    shorter = " ".join(text.split(" ")[:words])
    if len(shorter) > characters:
        shorter = shorter[: characters - 1]
        shorter = shorter.rsplit(" ", 1)[0]
    if shorter == text:
        return text
    if shorter.count("(") > shorter.count(")"):
        shorter = shorter[: shorter.rindex("(")].rstrip() or shorter
    small_word = r"(?:an?|the|of|to|for|from|in|on|at|with|by|and|or|that|which|und|der|die|das|für|mit|\d)"
    # Possessive (++), or a long row of signs would be tried in every partition.
    dangling = rf"(?:[\s,;:(=<>≤≥\u2013-]++{small_word}?)+$"
    return (re.sub(dangling, "", shorter, flags=re.IGNORECASE) or shorter) + "…"


# --------------------------------------------------------------------------------- description


def _description(request: EnhanceDescription) -> str:
    """The requisition's own text under headings, with nothing added to it."""
    facts = [("Post", request.basic_title), ("Department", request.basic_department), ("Level", request.basic_level)]
    known = [(name, _bounded(_clean(value or ""), characters=LONGEST_NAME)) for name, value in facts]
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
    parts = [_clean(part) for part in _split(text or "", field) if not _not_to_be_quoted(part)]
    bullets = "\n".join(f"- {part}" for part in parts if part)
    if len(bullets) > LONGEST_SECTION:
        bullets = bullets[:LONGEST_SECTION].rsplit("\n", 1)[0] + "…"
    return f"### {heading}\n{bullets}" if bullets else ""


def _original(description: str) -> str:
    """The description as it was typed, with plain line ends and Markdown bullets."""
    lines = []
    for line in re.split(r"\r\n|[\n\r\v\f\x85\u2028\u2029]", description):
        line = re.sub(r"^\s*(?:[•●▪◦‣∙·\ue000-\uf8ff]\s*)+", "- ", line)
        line = re.sub(r"^#{1,6}\s+", "#### ", line)
        lines.append("".join(char for char in line if char == "\t" or _is_printable(char)).rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")[:LONGEST_ORIGINAL]


def _is_printable(char: str) -> bool:
    return char != "\xad" and unicodedata.category(char) not in ("Cc", "Cs")


# ----------------------------------------------------------------------------------- questions


def _question(request: WriteQuestion) -> InterviewQuestion:
    kind = KINDS[request.topic.question_type]
    scene, text = _scene_and_text(request, kind)
    count = FEWEST_CRITERIA + _number(text) % (MOST_CRITERIA - FEWEST_CRITERIA + 1)
    fitting = [point for point in kind.points if point[1] not in scene.without]
    points = [*scene.points, *_some(fitting, count - len(scene.points), text)]
    points.sort(key=lambda point: point[0])
    return InterviewQuestion(
        question_text=text,
        criteria=[Criterion(criterion=label, description=description) for _, label, description in points],
        follow_ups=_some(kind.follow_ups, 2 + _number(text) % 2, text),
        rating_anchors=RatingAnchors(low=scene.low, mid=scene.mid, high=scene.high),
    )


def _scene_and_text(request: WriteQuestion, kind: Kind) -> tuple[Scene, str]:
    """The first combination of scene and sentences that is not alike a taken question.

    Where to begin is a digest of all topics of the interview plus the topic's place among them, so that
    topics of the same type begin at different scenes. Scenes come back after all have been used, with other
    sentences around them; that lasts for a dozen interviews of one requisition and more.
    """
    names = sorted({request.topic.topic, *request.other_topics})
    begin = _number(request.topic.question_type, *names) + names.index(request.topic.topic)
    for turn in range(MOST_TURNS):
        for step in range(len(kind.scenes)):
            scene = kind.scenes[(begin + step) % len(kind.scenes)]
            text = _wording(request.topic, kind, scene, begin + turn + step, turn)
            if alike_question(text, request.taken) is None:
                return scene, text
    return scene, text


def _wording(topic: InterviewTopic, kind: Kind, scene: Scene, number: int, turn: int) -> str:
    """A scene with its frame, circumstance and ask, and with twists and a shorter subject once it comes back."""
    subject = _bounded(_topic_subject(topic), characters=50) if turn else _topic_subject(topic)
    sentences = [
        _pick(kind.frames, number).replace("{subject}", subject),
        scene.text,
        # Shifted against the frames with every three turns, so that the same sentences do not meet again.
        _pick(kind.circumstances[topic.skill_level], number + turn // 3),
        *([_pick(kind.twists, 2 * number), _pick(kind.twists, 2 * number + 1 + turn // 6)] if turn else ()),
        _pick(kind.asks, number + turn // 3 * 2),
    ]
    return " ".join(sentences).replace("\n\n ", "\n\n")


def _topic_subject(topic: InterviewTopic) -> str:
    """What the question is about: the quoted part if the topic is ours, or the name that Claude gave it."""
    slot_name, _, rest = topic.topic.partition(": ")
    if slot_name in {slot.name for slot in SLOTS} and NO_SUBJECT not in (rest, f"the {rest}") and topic.work_items:
        return _subject(topic.work_items[0].part)
    return _subject(topic.topic)


C = TypeVar("C", str, Point)


def _pick(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]


def _some(choices: Sequence[C], count: int, seed: str) -> list[C]:
    """That many of the choices, as the seed would have it, in the order in which they are listed."""
    chosen = sorted(choices, key=lambda choice: _number(seed, str(choice)))[: max(0, count)]
    return [choice for choice in choices if choice in chosen]


def _number(*texts: str) -> int:
    """A large number that depends on the texts and on nothing else."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")
