"""Alternatives to a question and suggested criteria: bodies of requests, the orders made of them, and the answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from prompts import AlternativeKind
from techscreen.schemas.fields import TEXT, Described, Moment, Stored, blank_is_none, pasted_text, whole_number
from techscreen.schemas.generation import Answer, FindingView, Provenance, QuestionView, RequestModel, View

MAX_WISH = 1_000
MAX_ALTERNATIVES, MAX_SUGGESTIONS = 3, 5

Wish = Annotated[
    Annotated[str, Field(max_length=MAX_WISH), AfterValidator(pasted_text), Described(TEXT)] | None,
    BeforeValidator(blank_is_none),
]
_WISH = "What it should be like, in your own words. It is followed as far as no rule for questions is broken."


class AlternativesRequest(RequestModel):
    """How the alternatives should differ from the question, and how many to offer."""

    kind: AlternativeKind = Field(
        description="`other_scenario` is a parallel form: same topic, level and aims, for a leaked question. "
        "`other_topic` takes a planned topic that the interview does not use."
    )
    wish: Wish = Field(None, description=_WISH)
    count: Annotated[int, Field(ge=1, le=MAX_ALTERNATIVES), BeforeValidator(whole_number)] = 2


class CriteriaRequest(RequestModel):
    """How many criteria to suggest."""

    wish: Wish = Field(None, description=_WISH)
    count: Annotated[int, Field(ge=1, le=MAX_SUGGESTIONS), BeforeValidator(whole_number)] = 3


class AlternativesOrder(AlternativesRequest):
    """The same, for a question of an interview."""

    interview_id: int
    number: int


class CriteriaOrder(CriteriaRequest):
    """The same, for a question of an interview."""

    interview_id: int
    number: int


class AlternativeView(Provenance, QuestionView):
    """A question that may take the place of another one, as it would stand there.

    `question_number` is the place that it would take, and `id` is that of the alternative.
    """

    model: str | None = Field(description="Who wrote it: of a lent question, who wrote it then.")
    number: int = Field(description="Its own number, to accept it by.")
    kind: Annotated[AlternativeKind, Stored(AlternativeKind)]
    wish: str | None
    created_at: Moment
    accepted_at: Moment | None = Field(description="When it was accepted last, if it ever was.")
    findings: list[FindingView] = Field(description="What the rules find in it. `field` is a path in it.")


class OfferedAnswer(Answer):
    """Answer of GET .../questions/<n>/alternatives: all that were ever offered, also before another was accepted."""

    interview_id: int
    question: QuestionView
    alternatives: list[AlternativeView]


class AlternativesAnswer(OfferedAnswer):
    """Answer of POST .../questions/<n>/alternatives. The interview is as it was."""

    alternatives: list[AlternativeView] = Field(description="The new ones.")
    missing: int = Field(description="How many more were asked for, and could not be written.")
    wish_findings: list[FindingView] = Field(
        description="What the rules find in the wish. It was kept to all the same."
    )
    tokens_used: int


class SuggestedCriterionView(View):
    """A criterion that a question may be given, and what the rules find in it."""

    criterion: str
    description: str
    findings: list[FindingView]


class CriteriaAnswer(Provenance, Answer):
    """Answer of POST .../questions/<n>/criteria/suggest. The interview is as it was."""

    interview_id: int
    question_number: int
    criteria: list[SuggestedCriterionView]
    wish_findings: list[FindingView] = Field(
        description="What the rules find in the wish. It was kept to all the same."
    )
    tokens_used: int
