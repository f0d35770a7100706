"""What two states of an interview or of a job description differ in, ready to be shown side by side or marked up.

Places and numbers count from 1. An item is `moved` only if its order among those that stayed is another: one that
stands lower because another was put before it is not. Whatever changed besides, `is_moved` says so too.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, computed_field

from techscreen.schemas.generation import View

Value = str | int | bool | None

ItemChange = Literal["added", "removed", "changed", "moved"]
QuestionChange = Literal["added", "removed", "changed", "moved", "replaced"]

_WORDS = (
    "The text in marked runs: those `same` and `removed` together are the text before, to the letter; those `same` and "
    "`added` the text after."
)
_WORK_ITEMS = "Those that changed, each as one text: its field, a colon and its words."
_PLACE_BEFORE = "Null if it was added."
_PLACE_AFTER = "Null if it was removed."


class WordsView(View):
    """A run of a text: in both states, in the earlier alone, or in the later alone."""

    kind: Literal["same", "removed", "added"]
    text: str


class TextChangeView(View):
    """A field that has another value now."""

    field: str = Field(description="Its name, such as `minutes`, or its path, such as `rating_anchors.low`.")
    before: Value
    after: Value
    words: list[WordsView] = Field(description=f"{_WORDS} Empty for numbers, and for true and false.")


class ItemChangeView(View):
    """Base of what happened to an item of a list."""

    kind: ItemChange
    is_moved: bool = Field(description="Whether its order among those that stayed is another.")
    place_before: int | None = Field(ge=1, description=_PLACE_BEFORE)
    place_after: int | None = Field(ge=1, description=_PLACE_AFTER)


class LineChangeView(ItemChangeView):
    """What happened to an item that is one text: a follow-up, a technology, a part of the WORK inputs."""

    before: str | None = Field(description=_PLACE_BEFORE)
    after: str | None = Field(description=_PLACE_AFTER)
    words: list[WordsView] = Field(description=_WORDS)


class CriterionTextView(View):
    """A criterion as it stood."""

    criterion: str
    description: str


class CriterionChangeView(ItemChangeView):
    """What happened to a criterion. Both texts are given in full, with marks, whichever changed."""

    before: CriterionTextView | None = Field(description=_PLACE_BEFORE)
    after: CriterionTextView | None = Field(description=_PLACE_AFTER)
    criterion_words: list[WordsView] = Field(description=_WORDS)
    description_words: list[WordsView] = Field(description=_WORDS)


class QuestionChangeView(View):
    """What happened to a question. One that was added, or removed, has all its texts here."""

    lineage: str = Field(description="What a question keeps when it is edited, moved or carried to the next version.")
    replaced_lineage: str | None = Field(description="That of the question whose place it took, if it is another.")
    kind: QuestionChange = Field(description="`replaced` if it has taken the place of a question of another lineage.")
    is_moved: bool = Field(description="Whether its order among those that stayed is another.")
    number_before: int | None = Field(description=_PLACE_BEFORE)
    number_after: int | None = Field(description=_PLACE_AFTER)
    changes: list[TextChangeView] = Field(
        description="Of its own fields. `spoken_text` is the question without its exhibit, which is told apart."
    )
    criteria: list[CriterionChangeView] = Field(description="Those that changed, in the order of reading.")
    follow_ups: list[LineChangeView] = Field(description="Those that changed, in the order of reading.")
    work_items: list[LineChangeView] = Field(description=_WORK_ITEMS)


class TopicChangeView(ItemChangeView):
    """What happened to an interview topic of a job description."""

    topic: str = Field(description="Its name, as it is now, or was if it was removed.")
    changes: list[TextChangeView] = Field(description="Of its own fields.")
    technologies: list[LineChangeView]
    work_items: list[LineChangeView] = Field(description=_WORK_ITEMS)


class DifferenceView(View):
    """What changed between two states. What is not here is the same in both."""

    changes: list[TextChangeView] = Field(description="Of the fields of the whole, such as `interview_name`.")
    questions: list[QuestionChangeView] = Field([], description="Of an interview, in the order of reading.")
    topics: list[TopicChangeView] = Field([], description="Of a job description, best first.")
    notes_for_team: list[LineChangeView] = Field([], description="Of a job description.")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.changes or self.questions or self.topics or self.notes_for_team)
