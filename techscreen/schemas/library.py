"""Requests and answers about a team's own questions. See `generation.py`.

An order is a body with what it is about and which state of it the caller has seen.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, computed_field
from pydantic_core import PydanticCustomError

from prompts import QuestionType, SkillLevel
from techscreen.schemas.editing import (
    MAX_CRITERIA,
    MAX_FOLLOW_UPS,
    MAX_TOPICS,
    AnchorsInput,
    CriterionInput,
    ExhibitInput,
    GivenParts,
    QuestionText,
    Sentence,
)
from techscreen.schemas.fields import (
    MAX_CURSOR,
    MAX_LANGUAGE_TAG,
    MAX_REQ_ID,
    MAX_SHORT_TEXT,
    ONE_LINE,
    Described,
    LanguageTag,
    Moment,
    OptionalText,
    OptionalTitle,
    RequiredTitle,
    blank_is_none,
    no_control_characters,
    whole_number,
)
from techscreen.schemas.generation import (
    Answer,
    ExhibitView,
    FindingView,
    Provenance,
    RatingAnchorsView,
    RequestModel,
    RowProblemView,
    StoredLevel,
    StoredStatus,
    StoredType,
    View,
    etag_of,
)
from techscreen.text.exhibits import spoken_part

MAX_ROWS = 10_000
MAX_IMPORT = 33_554_432
# Names of unknown columns or keys that an answer has.
MAX_IGNORED = 50
# What one question can be for.
MAX_SKILLS = 60
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

LibraryStatus = Literal["draft", "active"]
LibraryState = Literal["draft", "active", "retired"]
TransferFormat = Literal["json", "jsonl", "csv"]
Attention = Literal["complained", "never_used", "not_ready"]


def _a_day(value: str) -> str:
    try:
        if re.fullmatch(DAY, value):
            date.fromisoformat(value)
            return value
    except ValueError:
        pass
    raise PydanticCustomError("no_day", "must be a date such as 2027-01-31")


# Kept as text, for the orders of jobs are stored as JSON.
Day = Annotated[str, AfterValidator(_a_day), Described(DAY, "A date such as 2027-01-31.")]
Reference = Annotated[
    Annotated[str, Field(max_length=MAX_REQ_ID), AfterValidator(no_control_characters), Described(ONE_LINE)] | None,
    BeforeValidator(blank_is_none),
]
_REFERENCE = "The team's own name for it, which no other question of the library has. It is compared exactly."
_SKILLS = "Words as requisitions have them that the question is for: duties, knowledge, deliverables, competencies."
_FITS_ANY_POST = "Whether it may fill an interview for any post where nothing more special is there."
Minutes = Annotated[int, Field(ge=1, le=60), BeforeValidator(whole_number)] | None
Technologies = Annotated[list[RequiredTitle], Field(max_length=MAX_TOPICS)]
Skills = Annotated[list[RequiredTitle], Field(max_length=MAX_SKILLS)]
Criteria = Annotated[list[CriterionInput], Field(max_length=MAX_CRITERIA)]
FollowUps = Annotated[list[Sentence], Field(max_length=MAX_FOLLOW_UPS)]


class LibraryQuestion(RequestModel):
    """A question of the team's own. It is kept word for word, and given for its topic at its level, in its language."""

    question_text: QuestionText
    topic: RequiredTitle
    skill_level: SkillLevel
    reference: Reference = Field(None, description=_REFERENCE)
    technologies: Technologies = Field(default_factory=list, description="Those that the topic is about, if any.")
    skills: Skills = Field(default_factory=list, description=_SKILLS)
    fits_any_post: bool = Field(False, description=_FITS_ANY_POST)
    question_type: QuestionType = "technical"
    language: LanguageTag = "en"
    exhibit: ExhibitInput | None = Field(None, description="What is looked at while the question is asked.")
    minutes: Minutes = None
    criteria: Criteria = Field(default_factory=list)
    follow_ups: FollowUps = Field(default_factory=list)
    rating_anchors: AnchorsInput = AnchorsInput()
    owner: OptionalTitle = Field(None, description="The person or team that looks after it.")
    review_on: Day | None = Field(None, description="When somebody should look at it again.")
    status: LibraryStatus = Field("active", description="A draft is in no interview until it is active.")


class ImportedQuestion(LibraryQuestion):
    """A question of the team's own in a file."""

    model: OptionalTitle = Field(None, description="Which Claude wrote it; null for people's own.")


class LibraryPatch(GivenParts):
    """What to change of a library question. What is not given stays as it is; a list replaces the whole list."""

    question_text: QuestionText | None = None
    topic: RequiredTitle | None = None
    skill_level: SkillLevel | None = None
    reference: Reference = Field(None, description=_REFERENCE)
    technologies: Technologies | None = None
    skills: Skills | None = Field(None, description=_SKILLS)
    fits_any_post: bool | None = Field(None, description=_FITS_ANY_POST)
    question_type: QuestionType | None = None
    language: LanguageTag | None = None
    exhibit: ExhibitInput | None = Field(None, description="`null` removes it.")
    minutes: Minutes = None
    criteria: Criteria | None = None
    follow_ups: FollowUps | None = None
    rating_anchors: AnchorsInput | None = None
    owner: OptionalTitle = None
    review_on: Day | None = None
    status: LibraryState | None = Field(
        None, description="`retired`: in no interview any more. `active` or `draft` brings a retired one back."
    )
    reason: OptionalText = Field(None, description="Why it is retired.")


class SaveRequest(RequestModel):
    """How to keep a question of an interview in the library."""

    reference: Reference = Field(None, description=_REFERENCE + " By default one that tells where it is from.")
    owner: OptionalTitle = None
    review_on: Day | None = None
    status: LibraryStatus = "active"


class SaveOrder(SaveRequest):
    """Which question of an interview to keep in the library, and how."""

    interview_id: int
    number: int


class LibraryChange(RequestModel):
    """A change of a library question, in the state that the caller has seen."""

    library_question_id: int
    if_match: list[str]
    # Kept as it was given, because what was not given must stay so when a job is read again.
    patch: dict[str, Any]


class ImportQuery(BaseModel):
    """How to import. Read from an address, so words come as text."""

    model_config = ConfigDict(frozen=True)

    on_conflict: Literal["refuse", "update"] = Field(
        "refuse",
        description="What to do with a row whose reference is in the library already. `update` changes what it gives.",
    )
    dry_run: bool = Field(False, description="Only say what would be done.")


class LibraryImport(RequestModel):
    """Questions to import: a file, and how."""

    # Not stored with the job of an idempotency key: it may be larger than a database takes in one statement.
    content: Annotated[bytes, Field(exclude=True, repr=False)]
    format: TransferFormat
    on_conflict: Literal["refuse", "update"] = "refuse"
    dry_run: bool = False

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator on top of property
    @property
    def content_digest(self) -> str:
        """What tells the file from any other."""
        return hashlib.sha256(self.content).hexdigest()


class ExportQuery(BaseModel):
    """In which form to export."""

    model_config = ConfigDict(frozen=True)

    format: TransferFormat = "json"


class LibraryQuery(BaseModel):
    """Which library questions to list, newest first. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    topic: Annotated[str, Field(max_length=MAX_SHORT_TEXT)] | None = Field(None, description="Words of the topic.")
    technology: Annotated[str, Field(max_length=MAX_SHORT_TEXT)] | None = None
    skill_level: SkillLevel | None = None
    language: Annotated[str, Field(max_length=MAX_LANGUAGE_TAG)] | None = None
    status: LibraryState | None = None
    owner: Annotated[str, Field(max_length=MAX_SHORT_TEXT)] | None = None
    review_due: Day | None = Field(None, description="Only those whose review date has come by this day.")
    attention: Attention | None = Field(
        None,
        description="Of those that are not retired, only the ones that somebody has complained about, that are in no "
        "requisition yet, or that are active without the 8 to 10 criteria that generation needs.",
    )
    page_size: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = Field(
        None, description="The `next_cursor` of the page before."
    )

    @property
    def due_before(self) -> date | None:
        """The day after `review_due`."""
        return None if self.review_due is None else date.fromisoformat(self.review_due) + timedelta(days=1)


class LibraryCriterionView(View):
    """One thing to tick."""

    criterion: str
    description: str


class LibraryQuestionView(Provenance):
    """A question of the library. `model` is null unless it was generated once."""

    id: int
    reference: str | None
    topic: str
    technologies: list[str]
    skills: list[str]
    fits_any_post: bool
    skill_level: StoredLevel
    question_type: StoredType
    language: str
    question_text: str = Field(description="The whole question in Markdown: what is said aloud, then the exhibit.")
    exhibit: ExhibitView | None
    minutes: int | None
    criteria: list[LibraryCriterionView]
    follow_ups: list[str]
    rating_anchors: RatingAnchorsView
    owner: str | None
    review_on: str | None
    status: LibraryState
    retired_at: Moment | None
    retired_reason: str | None
    retired_by_user_id: str | None
    created_by_user_id: str | None
    created_at: Moment
    edited_by_user_id: str | None
    edited_at: Moment | None
    revision: int = Field(description="Counts the changes.")
    usage_count: int = Field(description="In how many requisitions it is.")
    last_used_at: Moment | None
    complaints: int = Field(description="How many people have complained about it.")
    is_ready: bool = Field(
        description="Whether generation may take it: active, with 8 to 10 criteria. Complaints may still keep it out."
    )
    feedback: dict[str, int] | None = Field(
        None, description="How many people said what about it, by kind, over all its uses. In the list alone."
    )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def spoken_text(self) -> str:
        """What is said aloud: the question without its exhibit."""
        return spoken_part(self.question_text, self.exhibit.text if self.exhibit else None)

    @computed_field(description="The tag that `If-Match` needs for a change.")  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """The tag for `If-Match`."""
        return etag_of("library", self.id, self.revision)


class LibraryQuestionAnswer(Answer):
    """Answer of everything that shows or changes one question of the library."""

    question: LibraryQuestionView
    findings: list[FindingView] = Field(description="What somebody should look at. It blocks nothing.")

    @computed_field(description="That of the question.")  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """That of the question."""
        return self.question.etag


class LibraryAnswer(Answer):
    """Answer of GET /api/interview/library. `next_cursor` is null at the end."""

    questions: list[LibraryQuestionView]
    page_size: int
    next_cursor: str | None


class LibraryImportAnswer(Answer):
    """Answer of an import that was made, or of a dry run, which says what would be done."""

    dry_run: bool
    rows: int
    imported: int
    updated: int
    problems: list[RowProblemView] = Field(description="Empty, except in a dry run: with one, nothing is imported.")
    problems_total: int
    ignored: list[str] = Field(
        max_length=MAX_IGNORED,
        description="Columns or keys of the file that a question does not have: the first of them.",
    )
    findings: dict[str, int] | None = Field(
        description="How many findings of each kind the questions have; null for an import too large to check at once."
    )


class LibraryGroupView(View):
    """Questions that have something in common; retired ones are not counted."""

    name: str
    questions: int


class LanguageLevelsView(LibraryGroupView):
    """Those of one language, and how many of them there are for each level."""

    levels: dict[str, int]


class LibrarySummaryView(View):
    """How many questions the library has, and how many of them somebody should look at.

    All figures but `retired` leave the retired ones out; so do the lists, which have most questions first.
    """

    active: int
    draft: int
    retired: int
    review_due: int = Field(description="Their review date has come.")
    complained: int = Field(description="Somebody has complained about them.")
    never_used: int = Field(description="They are in no requisition.")
    languages: list[LibraryGroupView]
    owners: list[LibraryGroupView] = Field(description="An empty name is of those that nobody looks after.")


class LibraryHealthView(LibrarySummaryView):
    """The same, and what takes longer to find out."""

    kept_out: int = Field(description="So many people have complained about them that generation takes them no more.")
    not_ready: int = Field(description="They are active without the 8 to 10 criteria that generation needs.")
    levels: list[LanguageLevelsView]
    types: list[LibraryGroupView]
    technologies: list[LibraryGroupView] = Field(description="An empty name is of those that name none.")


class InterviewWithQuestionView(View):
    """An interview that contains a question of the library or of the cache, and how far it has come."""

    interview_id: int
    req_id: str
    interview_name: str
    version: int
    status: StoredStatus
    question_number: int


class QuestionUsesView(View):
    """Where a question of the library or of the cache is, and what people have said about it."""

    interviews: list[InterviewWithQuestionView] = Field(description="Newest first, without deleted drafts.")
    interviews_total: int
    feedback: dict[str, int] = Field(description="How many people said what, by kind.")
