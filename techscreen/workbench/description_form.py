"""The form in which a job description is edited: what was typed comes in, the change that it means goes out.

Both parts, the texts and the topics, are shown again as they were typed, whatever is wrong with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from prompts import QuestionType, SkillLevel
from techscreen.operations.description_comparison import beginning_by_hand
from techscreen.schemas.editing import MAX_TOPICS, JobDescriptionPatch
from techscreen.schemas.generation import JobDescriptionView, TopicView
from techscreen.schemas.problems import validated

Part = Literal["text", "topics"]
PARTS: tuple[Part, ...] = get_args(Part)
LEVELS: tuple[str, ...] = get_args(SkillLevel)
TYPES: tuple[str, ...] = get_args(QuestionType)
# Blank topics that a form offers, each behind a switch of its own.
SPARE_TOPICS = 4
TYPED = ("topic", "facet", "technologies", "skill_level", "question_type", "focus")
_TECHNOLOGY_END = re.compile(r"[,;\n]")


@dataclass(frozen=True)
class TypedTopic:
    """A topic as it is typed.

    Attributes:
        values: what the fields hold, by name. `kept` is what no field shows.
        is_removed: whether it is to be taken out.
        is_new: whether nothing is stored of it.
    """

    values: Mapping[str, str]
    is_removed: bool = False
    is_new: bool = False


@dataclass(frozen=True)
class TypedDescription:
    """A form as it is typed.

    Attributes:
        etag: that of what it was made from.
        title, description, language: the texts.
        topics: the topics, and spare ones.
    """

    etag: str
    title: str = ""
    description: str = ""
    language: str = ""
    topics: Sequence[TypedTopic] = field(default_factory=list)


def form_of(view: JobDescriptionView) -> TypedDescription:
    """The form for a stored job description. One that is not enhanced begins with its own words under headings."""
    enhanced = view.enhanced_jd
    return TypedDescription(
        etag=view.etag,
        title=enhanced.title if enhanced else view.basic_jd.title,
        description=enhanced.description if enhanced else beginning_by_hand(view),
        language=view.language or "",
        topics=with_spares([_topic(each) for each in view.interview_topics or ()]),
    )


def typed_form(sent: Mapping[str, str]) -> TypedDescription:
    """What was typed."""
    text = {name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in sent.items()}
    count = sum(f"topics-{number}-topic" in text for number in range(MAX_TOPICS + SPARE_TOPICS))
    topics = []
    for number in range(count):
        values = {name: text.get(f"topics-{number}-{name}", "") for name in (*TYPED, "kept")}
        is_new = not values["kept"]
        if is_new and not (values["topic"].strip() or values["focus"].strip() or values["technologies"].strip()):
            continue
        topics.append(TypedTopic(values, f"topics-{number}-remove" in text, is_new))
    return TypedDescription(
        etag=text.get("etag", ""),
        title=text.get("title", ""),
        description=text.get("description", ""),
        language=text.get("language", ""),
        topics=with_spares(topics),
    )


def on_top_of(theirs: JobDescriptionView, typed: TypedDescription, own: Mapping[str, Any]) -> TypedDescription:
    """The form for what is stored now, with what somebody has really changed of it on top."""
    form = form_of(theirs)
    return TypedDescription(
        etag=theirs.etag,
        title=typed.title if "enhanced_title" in own else form.title,
        description=typed.description if "enhanced_description" in own else form.description,
        language=typed.language if "language" in own else form.language,
        topics=typed.topics if "interview_topics" in own else form.topics,
    )


def with_spares(topics: Sequence[TypedTopic]) -> list[TypedTopic]:
    """The topics and as many blank ones as may be added."""
    spare = TypedTopic({"skill_level": LEVELS[1], "question_type": TYPES[0]}, is_new=True)
    kept = [topic for topic in topics if topic.values.get("topic") or not topic.is_new]
    return [*kept, *[spare] * min(SPARE_TOPICS, MAX_TOPICS - len(kept))]


def patch_of(typed: TypedDescription, part: Part) -> dict[str, Any]:
    """The change that a form means.

    Raises:
        InvalidRequest: with every bad field, by the names that the form has for them.
    """
    if part == "text":
        given: dict[str, Any] = {"enhanced_title": typed.title, "enhanced_description": typed.description}
        if typed.language.strip():
            given["language"] = typed.language.strip()
    else:
        given = {"interview_topics": [_given(topic) for topic in _kept(typed.topics)]}
    return validated(JobDescriptionPatch, given).model_dump(exclude_unset=True)


def field_of(path: str, typed: TypedDescription) -> str:
    """The field of the form that a problem's path names."""
    topic = re.match(r"interview_topics\.(\d+)\.(\w+)", path)
    if topic:
        kept = _kept(typed.topics)[int(topic[1])]
        number = next(number for number, each in enumerate(typed.topics) if each is kept)
        return f"topics-{number}-{topic[2]}"
    return {"enhanced_title": "title", "enhanced_description": "description"}.get(path, path)


def sentence_of(path: str, message: str) -> str:
    """What is wrong with a field, in the words of the form."""
    names = {"enhanced_title": "The title", "enhanced_description": "The description", "language": "The language"}
    if path == "interview_topics":
        return "Keep at least one topic." if "at least" in message else f"There can be at most {MAX_TOPICS} topics."
    name = names.get(path) or f"The {path.rpartition('.')[2].replace('_', ' ')}"
    return f"{name}{message.removeprefix(path)}"


def _kept(topics: Sequence[TypedTopic]) -> list[TypedTopic]:
    return [topic for topic in topics if not topic.is_removed and (not topic.is_new or topic.values.get("topic"))]


def _topic(topic: TopicView) -> TypedTopic:
    values = {
        "topic": topic.topic,
        "facet": topic.facet,
        "technologies": _joined(topic.technologies),
        "skill_level": topic.skill_level,
        "question_type": topic.question_type,
        "focus": topic.focus,
        "kept": json.dumps(
            {
                "technologies": topic.technologies,
                "work_items": [item.model_dump() for item in topic.work_items],
            },
            ensure_ascii=False,
        ),
    }
    return TypedTopic(values)


def _given(topic: TypedTopic) -> dict[str, Any]:
    values, kept = topic.values, _kept_unseen(topic.values.get("kept", ""))
    typed = values.get("technologies", "")
    technologies = kept.get("technologies") or []
    if typed != _joined(technologies):
        technologies = [each.strip() for each in _TECHNOLOGY_END.split(typed) if each.strip()]
    return {
        "topic": values.get("topic", ""),
        "technologies": technologies,
        "facet": values.get("facet", "").strip() or values.get("topic", ""),
        "skill_level": values.get("skill_level", ""),
        "question_type": values.get("question_type", ""),
        "focus": values.get("focus", ""),
        "work_items": kept.get("work_items") or [],
    }


def _joined(technologies: Sequence[object]) -> str:
    return ", ".join(map(str, technologies))


def _kept_unseen(text: str) -> dict[str, Any]:
    try:
        kept = json.loads(text) if text else {}
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}
