"""Field types: what requests may hold and how answers are written, in code and in the JSON schema alike."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MAX_TEXT = 16_000
MAX_SHORT_TEXT = 255
MAX_REQ_ID = 100
MAX_CURSOR = 100
MAX_LANGUAGE_TAG = 35
LANGUAGE_TAG = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
# Tab and the line ends that word processors and PDF exports leave in a pasted description.
HARMLESS_CONTROL_CHARACTERS = frozenset("\t\n\v\f\r\x85")
# The letters of the world's scripts, without emoji and digits. Only roughly, because it must mean the same to every
# reader of the JSON schema.
LETTERS = (
    r"A-Za-z\u00c0-\u02af\u0370-\u1fff\u2c00-\u2dff\u3041-\u318f\u31a0-\u31ff\u3400-\ud7ff"
    r"\uf900-\ufdff\ufe70-\ufefc\uff21-\uffdc"
)
_LETTER = re.compile(f"[{LETTERS}]")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Letters and symbols that are shown as nothing: fillers of Hangul and the empty pattern of Braille.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Control characters that str.strip() treats as white space.
UNWELCOME_SPACE = frozenset("\x1c\x1d\x1e\x1f")


def not_blank(value: str) -> str:
    """Refuse a text of which nothing can be seen: white space, and characters without a glyph of their own."""
    # Letters, digits, punctuation and symbols, emoji among them; a mark alone has nothing to stand on.
    if not any(unicodedata.category(character)[0] in "LNPS" and character not in BLANKS for character in value):
        raise PydanticCustomError("blank", "must not be blank")
    return value


def holds_letters(value: str) -> str:
    """Refuse a text without a word, such as emoji alone."""
    if not _LETTER.search(value):
        raise PydanticCustomError("no_words", "must tell in words what the work is")
    return value


def no_control_characters(value: str, harmless: frozenset[str] = frozenset()) -> str:
    """Refuse control characters other than the harmless ones."""
    for found in _CONTROL_CHARACTER.finditer(value):
        character = found[0]
        if character not in harmless:
            raise PydanticCustomError(
                "control_character",
                "must not contain the control character U+{code}",
                {"code": f"{ord(character):04X}"},
            )
    return value


def pasted_text(value: str) -> str:
    """Refuse control characters, except for those that word processors leave in a pasted text."""
    return no_control_characters(value, HARMLESS_CONTROL_CHARACTERS)


def language_tag(value: str) -> str:
    """Refuse what has not the form of a BCP 47 language tag. Whether there is such a language is not checked."""
    if not re.fullmatch(LANGUAGE_TAG, value):
        raise PydanticCustomError("no_language_tag", "must be a BCP 47 tag such as en or de-AT")
    return value


def blank_is_none(value: object) -> object:
    """Treat an optional text of nothing but white space as not given."""
    # Control characters that count as white space stay, so that they are refused.
    blank = isinstance(value, str) and not value.strip() and not set(value) & UNWELCOME_SPACE
    return None if blank else value


def whole_number(value: object) -> object:
    """Read 2.0 as 2: to JSON Schema both are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _date_or_moment(value: object) -> object:
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z?)?", value):
            try:
                return datetime.fromisoformat(value.removesuffix("Z"))
            except ValueError:
                pass
        raise PydanticCustomError(
            "no_moment", "must be a date such as 2026-11-24 or a moment in UTC such as 2026-11-24T12:00:00"
        )
    return value


def _seconds(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


@dataclass(frozen=True)
class Described:
    """Describes one of our validators or serializers in the JSON schema, as a regular expression and in words."""

    pattern: str
    description: str | None = None

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema with the pattern."""
        said = {"description": self.description} if self.description else {}
        given = handler(schema)
        given.pop("format", None)  # the format date-time requires a zone, which our moments do not have
        return {**given, "pattern": self.pattern, **said}


class Stored:
    """Describes a stored text in the JSON schema as one of the values of a Literal.

    Any other text is served as it is: an answer must not fail because an older version has stored something else.
    """

    def __init__(self, literal: Any) -> None:
        self.values: tuple[str, ...] = get_args(literal)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Any text, whatever the annotated type says."""
        return core_schema.str_schema()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema with the values."""
        return {"type": "string", "enum": list(self.values)}


# The validators above as regular expressions.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
# Without a glyph of their own; unassigned and private characters, which are blank too, are left out here.
_UNSEEN = (
    r"\xad\u0300-\u036f\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u2800\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
)
_UNWELCOME = r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
ONE_LINE = f"^[^{_CONTROL}]*$"
ONE_LINE_NOT_BLANK = rf"^[^{_CONTROL}]*[^\s{_CONTROL}{_UNSEEN}][^{_CONTROL}]*$"
TEXT = f"^[^{_UNWELCOME}]*$"
TEXT_WITH_WORDS = rf"^[^{_UNWELCOME}]*[{LETTERS}][^{_UNWELCOME}]*$"
TEXT_NOT_BLANK = rf"^[^{_UNWELCOME}]*[^\s{_CONTROL}{_UNSEEN}][^{_UNWELCOME}]*$"
# An integer of a request's JSON.
WholeNumber = Annotated[int, BeforeValidator(whole_number)]
ReqId = Annotated[
    str,
    Field(max_length=MAX_REQ_ID),
    AfterValidator(not_blank),
    AfterValidator(no_control_characters),
    Described(ONE_LINE_NOT_BLANK, "Id of the requisition in the ATS. It is compared exactly."),
]
RequiredTitle = Annotated[
    str,
    Field(max_length=MAX_SHORT_TEXT),
    AfterValidator(not_blank),
    AfterValidator(pasted_text),
    Described(TEXT_NOT_BLANK),
]
RequiredText = Annotated[
    str,
    Field(max_length=MAX_TEXT),
    AfterValidator(not_blank),
    AfterValidator(pasted_text),
    AfterValidator(holds_letters),
    Described(TEXT_WITH_WORDS),
]
OptionalTitle = Annotated[
    Annotated[str, Field(max_length=MAX_SHORT_TEXT), AfterValidator(pasted_text), Described(TEXT)] | None,
    BeforeValidator(blank_is_none),
]
OptionalText = Annotated[
    Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(pasted_text), Described(TEXT)] | None,
    BeforeValidator(blank_is_none),
]
LanguageTag = Annotated[str, Field(max_length=MAX_LANGUAGE_TAG), AfterValidator(language_tag), Described(LANGUAGE_TAG)]
Moment = Annotated[
    datetime,
    PlainSerializer(_seconds, return_type=str),
    Described(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", "UTC, to the second, without a zone."),
]
AskedMoment = Annotated[
    datetime,
    BeforeValidator(_date_or_moment),
    Described(
        r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z?)?$",
        "A moment in UTC, or a date, which is the midnight that it begins with.",
    ),
]
