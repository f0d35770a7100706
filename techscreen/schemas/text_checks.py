"""The request and the answer of checking texts that somebody has written."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from techscreen.checks.features import TextKind
from techscreen.schemas.fields import MAX_TEXT, TEXT, Described, LanguageTag, pasted_text
from techscreen.schemas.generation import Answer, FindingView, RequestModel, View

MAX_TEXTS, MAX_TOGETHER = 200, 64_000


class TextToCheck(RequestModel):
    """A text and what it is, because the same words may be fine in one kind of text and not in another."""

    text: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(pasted_text), Described(TEXT)]
    kind: TextKind


def _not_too_long_together(texts: list[TextToCheck]) -> list[TextToCheck]:
    together = sum(len(one.text) for one in texts)
    if together > MAX_TOGETHER:
        raise PydanticCustomError(
            "too_long_together",
            "has {together} characters together; at most {most} are allowed",
            {"together": together, "most": MAX_TOGETHER},
        )
    return texts


class CheckRequest(RequestModel):
    """Texts to check."""

    texts: Annotated[
        list[TextToCheck], Field(min_length=1, max_length=MAX_TEXTS), AfterValidator(_not_too_long_together)
    ] = Field(description=f"At most {MAX_TOGETHER:,} characters together.")
    language: LanguageTag | None = Field(
        None,
        description="Their language, such as `en` or `de-AT`. Nothing depends on it: the rules of all languages apply.",
    )


class CheckedTextView(View):
    """What was found in one text, in the order of the text."""

    index: int = Field(ge=0, description="Which of the texts sent, counted from 0.")
    kind: TextKind
    findings: list[FindingView]


class CheckAnswer(Answer):
    """Answer of POST /api/interview/check: one entry for each text, in the order sent."""

    findings_total: int = Field(ge=0)
    texts: list[CheckedTextView]
