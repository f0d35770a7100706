"""What a caller may say of the next interview: what it must ask about. Parts of the requests in `generation.py`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from prompts import QuestionType, SkillLevel, WorkField
from techscreen.schemas.fields import (
    MAX_SHORT_TEXT,
    ONE_LINE,
    TEXT,
    TEXT_WITH_WORDS,
    Described,
    holds_letters,
    no_control_characters,
    not_blank,
    pasted_text,
)

MAX_COVER, MAX_WANTED, MAX_OF_A_TOPIC = 100, 5, 20
MAX_PART = 2_000

_Part = Annotated[
    str,
    Field(max_length=MAX_PART),
    AfterValidator(not_blank),
    AfterValidator(pasted_text),
    AfterValidator(holds_letters),
    Described(TEXT_WITH_WORDS),
]
_Name = Annotated[
    str,
    Field(max_length=MAX_SHORT_TEXT),
    AfterValidator(not_blank),
    AfterValidator(pasted_text),
    AfterValidator(holds_letters),
    Described(TEXT_WITH_WORDS),
]
_Line = Annotated[str, Field(max_length=MAX_SHORT_TEXT), AfterValidator(no_control_characters), Described(ONE_LINE)]
_Text = Annotated[str, Field(max_length=MAX_PART), AfterValidator(pasted_text), Described(TEXT)]


class _Wish(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class CoverItem(_Wish):
    """Words of the requisition, as `quality.coverage` has them, and the field that they are from."""

    part: _Part
    field: WorkField | None = None


class TopicPart(_Wish):
    """Words of the requisition that a topic rests on, and their field."""

    part: _Part
    field: WorkField


class TopicWish(_Wish):
    """A topic in the form of `interview_topics`. What it does not say is chosen: the level is that of the post."""

    topic: _Name
    technologies: Annotated[list[_Line], Field(max_length=MAX_OF_A_TOPIC)] = Field(default_factory=list)
    facet: _Line = ""
    skill_level: SkillLevel | None = None
    question_type: QuestionType | None = None
    focus: _Text = ""
    work_items: Annotated[list[TopicPart], Field(max_length=MAX_OF_A_TOPIC)] = Field(default_factory=list)


def _as_item(value: object) -> object:
    return _in_long(value, "part")


def _as_topic(value: object) -> object:
    return _in_long(value, "topic")


def _in_long(value: object, name: str) -> object:
    """A text as the object that it is short for."""
    if isinstance(value, str):
        return {name: value}
    if not isinstance(value, dict | BaseModel):
        raise PydanticCustomError("text_or_object", "must be text, or an object with {name}", {"name": name})
    return value


Cover = Annotated[
    Annotated[
        list[Annotated[CoverItem, BeforeValidator(_as_item, json_schema_input_type=_Part | CoverItem)]],
        Field(max_length=MAX_COVER),
    ]
    | None,
    Field(
        # Left out if it says nothing, as in `use_library`.
        exclude_if=lambda value: value is None,
        description="What the interview must ask about: WORK items as texts, whole or in part, or the entries of "
        "`quality.coverage.gaps`. One that is not in the requisition is taken as a topic, and "
        "`quality.coverage.requested` says so.",
    ),
]
WantedTopics = Annotated[
    Annotated[
        list[Annotated[TopicWish, BeforeValidator(_as_topic, json_schema_input_type=_Name | TopicWish)]],
        Field(max_length=MAX_WANTED),
    ]
    | None,
    Field(
        exclude_if=lambda value: value is None,
        description="Topics that the interview must have, as texts or in the form of `interview_topics`. "
        "The others are chosen as always.",
    ),
]
