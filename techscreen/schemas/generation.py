"""Requests and answers of generating and reading, and the bases of all others: the HTTP contract, field for field.

Requests are parsed into these at the edge and passed on to the services, which answer with the response models. They
are contracts only: they know neither Flask nor the database, and do not judge what a text says.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, computed_field

from config import LibraryUse
from prompts import WORK_FIELDS, ExhibitKind, QuestionType, SkillLevel, WorkField
from techscreen.checks.findings import FindingKind, FoundBy
from techscreen.schemas.fields import (
    MAX_CURSOR,
    Moment,
    OptionalText,
    OptionalTitle,
    ReqId,
    RequiredText,
    RequiredTitle,
    Stored,
    whole_number,
)
from techscreen.schemas.wishes import Cover, WantedTopics
from techscreen.text.exhibits import spoken_part

# The model name of what an older offline mode has made of templates.
SAMPLE_MODEL = "offline-sample"
# The model name of what was put in order, or chosen from the library, without Claude.
LIBRARY_MODEL = "library"
NOTHING_TO_MEASURE = "The requisition has no WORK inputs to compare the questions with."
ONLY_DUTIES = "Only duties are listed that a topic quotes from basic_description: others cannot show as gaps."
SAMPLE_NOTICE = "Sample content, for trying the service out. Do not use it in an interview."


class RequestModel(BaseModel):
    """Base of every request."""

    # Strict: a number is not a text and "12" is not a number. Unknown fields are left for newer callers.
    model_config = ConfigDict(strict=True, frozen=True)


# Whether an interview takes questions from the library.
_UseOfLibrary = Annotated[
    LibraryUse | None,
    Field(
        # Left out if it says nothing, so that an idempotency key means the same as before there was a library.
        exclude_if=lambda value: value is None,
        description="`prefer`: questions of the library before others; `only`: no others; `never`: none of them. "
        "By default what USE_LIBRARY says.",
    ),
]


class EnhanceRequest(RequestModel):
    """A basic job description with its WORK inputs."""

    req_id: ReqId
    basic_title: RequiredTitle
    basic_description: RequiredText
    basic_department: OptionalTitle = None
    basic_level: OptionalTitle = None
    work_output: OptionalText = Field(None, description="What the person will deliver.")
    work_role: OptionalText = Field(None, description="What the person is responsible for.")
    work_knowledge: OptionalText = Field(None, description="The technologies and concepts the work needs.")
    work_competencies: OptionalText = Field(None, description="How the person works, alone and with others.")


class WorkflowRequest(EnhanceRequest):
    """A basic job description to enhance and to make an interview from."""

    interview_name: OptionalTitle = None
    use_library: _UseOfLibrary = None
    cover: Cover = None
    topics: WantedTopics = None


class GenerateRequest(RequestModel):
    """An enhanced job description to make an interview from."""

    req_id: ReqId
    job_description_id: Annotated[int, Field(ge=1), BeforeValidator(whole_number)]
    interview_name: OptionalTitle = None
    use_library: _UseOfLibrary = None
    cover: Cover = None
    topics: WantedTopics = None


InterviewStatus = Literal["draft", "published", "archived"]
# Where a question is from: written for this interview, lent from earlier ones or from the team, or a person's.
QuestionSource = Literal["generated", "cache", "library", "edited"]
# The same as answers have them.
StoredStatus = Annotated[InterviewStatus, Stored(InterviewStatus)]
StoredLevel = Annotated[str, Stored(SkillLevel)]
StoredType = Annotated[str, Stored(QuestionType)]
StoredSource = Annotated[str, Stored(QuestionSource)]
_StoredWorkField = Annotated[str, Stored(WorkField)]


class InterviewsQuery(BaseModel):
    """Which interviews of a requisition to list: all, or a page. Read from an address, so numbers come as text."""

    model_config = ConfigDict(frozen=True)

    status: InterviewStatus | None = Field(None, description="Only interviews in this state.")
    limit: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="At most so many interviews. Without `limit` and `cursor` the answer holds all."
    )
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = Field(
        None, description="The `next_cursor` of the page before. Without `limit` the page has 20."
    )

    @property
    def is_page(self) -> bool:
        """Whether not all are asked for."""
        return self.limit is not None or self.cursor is not None

    @property
    def page_size(self) -> int:
        """How many a page holds."""
        return self.limit or 20


def etag_of(subject: str, row_id: int, revision: int) -> str:
    """The entity tag of a row at a revision (RFC 9110, section 8.8.3)."""
    return f'"{subject}-{row_id}-{revision}"'


class View(BaseModel):
    """Base of everything that an answer holds."""

    # from_attributes: views are read from table rows inside the transaction. Every field is always in the answer.
    model_config = ConfigDict(from_attributes=True, frozen=True, json_schema_serialization_defaults_required=True)


class FieldWarning(View):
    """A field of the request that is not known, and was skipped."""

    field: str = Field(description="Its name, or its path.")
    message: str


def _is_empty(warnings: tuple[FieldWarning, ...]) -> bool:
    return not warnings


Warnings = Annotated[
    tuple[FieldWarning, ...],
    Field(
        exclude_if=_is_empty,
        description="Fields and parameters of the request that are not known, at most 20. There only if there are any.",
    ),
]


class Answer(View):
    """Base of every successful answer."""

    success: Literal[True] = True
    warnings: Warnings = ()


class ErrorDetail(View):
    """What is wrong with one field of a request."""

    field: str
    message: str


class RowProblemView(View):
    """What is wrong with one row of an import; rows are counted from 1, without a heading."""

    row: int
    field: str
    message: str


class ErrorAnswer(View):
    """Every error: a sentence for people, a code for programs. `details` names the bad fields, if there are any."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    success: Literal[False]
    error: str
    code: str
    req_id: str | None = Field(None, exclude_if=lambda value: value is None, description="When it is known.")
    job_description_id: int | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="A job description that was kept although the request failed.",
    )
    job_id: str | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="The job that is at work already under the same Idempotency-Key. `Location` is its address.",
    )
    details: list[ErrorDetail]
    current: Any = Field(
        None,
        exclude_if=lambda value: value is None,
        description="What somebody else has made of it meanwhile, in the form of its own answer.",
    )
    imported: int | None = Field(None, exclude_if=lambda value: value is None, description="Of an import: none.")
    updated: int | None = Field(None, exclude_if=lambda value: value is None, description="Of an import: none.")
    problems: list[RowProblemView] | None = Field(
        None, exclude_if=lambda value: value is None, description="Of an import: what is wrong with which row."
    )
    problems_total: int | None = Field(
        None, exclude_if=lambda value: value is None, description="All of them: `problems` has the first."
    )
    ignored: list[str] | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="Of an import: columns or keys that a question does not have.",
    )
    warnings: Warnings = ()
    request_id: str | None


class Provenance(View):
    """Who wrote it. `sample` is true for what an older offline mode has made of templates, to try the service out."""

    model: str | None
    prompt_version: str | None

    def writers(self) -> set[str | None]:
        """The models that wrote it or a part of it."""
        return {self.model}

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator on top of property
    @property
    def sample(self) -> bool:
        """Whether this is sample content."""
        return SAMPLE_MODEL in self.writers()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def notice(self) -> str | None:
        """A sentence to show beside sample content."""
        return SAMPLE_NOTICE if self.sample else None


_ETAG = "The tag that `If-Match` needs for a change, as in the header `ETag`."
_NOTES = "What the team should settle or know before publishing. Null before the enhancement, and for older ones."


class BasicJD(View):
    """The job description as it was sent."""

    title: str
    department: str | None
    level: str | None
    description: str


class EnhancedJD(View):
    """The job description as it was rewritten, in Markdown."""

    title: str
    description: str


class WorkInputs(View):
    """The WORK inputs as they were sent."""

    work_output: str | None
    work_role: str | None
    work_knowledge: str | None
    work_competencies: str | None


class OverrideView(View):
    """Why a finding is no obstacle to publishing, who says so, and since when."""

    reason: str
    user_id: str
    at: Moment


class FindingView(View):
    """A place in a text that somebody should look at.

    `start` and `end` count characters (Unicode code points); `start_utf16` and `end_utf16` count UTF-16 units, as
    JavaScript does. Both name the place of `word`.
    """

    id: str | None = Field(None, description="Names the finding while its text stays the same. Null for older ones.")

    field: str = Field(description="Where: a field of the request, of `enhanced_jd`, or a path in either.")
    kind: Annotated[FindingKind, Stored(FindingKind)]
    category: str
    word: str
    reason: str
    suggestion: str
    start: int
    end: int
    start_utf16: int | None = Field(None, description="Null for findings stored before it was kept.")
    end_utf16: int | None = Field(None, description="Null for findings stored before it was kept.")
    found_by: Annotated[FoundBy, Stored(FoundBy)] = Field(
        "rules", description="Rules are the service's own; Claude found it while enhancing."
    )
    confidence: float | None = Field(
        None, ge=0, le=1, description="How sure the rules are. Null for Claude's findings, and for older ones."
    )
    override: OverrideView | None = Field(None, description="Null while nobody has overridden it.")


class UnsupportedView(View):
    """A technology that neither the job description nor the WORK inputs name, and the places that name it."""

    technology: str
    places: list[str]


class LeftOutView(View):
    """A figure or a technology of the requisition, and its field, that the enhanced description does not have."""

    words: str
    field: str


class CoveringQuestionView(View):
    """A question that covers a part, and those of its criteria that name something of it."""

    question_number: int
    criteria: list[str]


class WorkItemView(View):
    """Words of the requisition, word for word, and the field they are from."""

    field: _StoredWorkField
    part: str


class PartCoverageView(View):
    """A part of a WORK field, word for word, and the questions that cover it."""

    field: _StoredWorkField
    part: str
    questions: list[CoveringQuestionView]


class TopicView(View):
    """What one question of an interview is to probe."""

    topic: str
    technologies: list[str]
    facet: str
    skill_level: StoredLevel
    question_type: StoredType
    focus: str
    work_items: list[WorkItemView]


class RequestedView(View):
    """What the request for an interview wanted it to ask about, and the questions that do."""

    field: str = Field(description="Its place in the request, such as `cover[0]` or `topics[1]`.")
    text: str
    topic: str | None = Field(description="The topic that was made of it, if one was.")
    questions: list[int] = Field(description="The numbers of the questions about it.")
    warning: str | None = Field(description="A sentence, if it is not in the requisition or no question is about it.")


class CoverageView(View):
    """Which parts of the WORK fields and which stated duties an interview covers, and which it leaves out.

    `optional_topic` is one that would cover the most of what is left out, for a sixth question.
    """

    parts: list[PartCoverageView]
    gaps: list[WorkItemView]
    optional_topic: TopicView | None = Field(None, description="Null if nothing is left out that a topic would cover.")
    requested: list[RequestedView] = Field([], description="What `cover` and `topics` of the request have become.")

    @computed_field(  # type: ignore[prop-decorator]
        description="`not_measured` where there are no WORK inputs: no gaps does not mean then that all is covered."
    )
    @property
    def status(self) -> Literal["measured", "not_measured"]:
        """Whether there was something to measure against."""
        return "measured" if any(part.field in WORK_FIELDS for part in self.parts) else "not_measured"

    @computed_field(description="Why it was not measured. Null if it was.")  # type: ignore[prop-decorator]
    @property
    def reason(self) -> str | None:
        """Why it was not measured."""
        if self.status == "measured":
            return None
        return NOTHING_TO_MEASURE if not self.parts else f"{NOTHING_TO_MEASURE} {ONLY_DUTIES}"


class QualityView(View):
    """What the service and Claude have found about the texts. It reports and blocks nothing.

    `findings` of a job description are about the texts sent and about what they became. `coverage` is null
    where there is no interview.
    """

    findings: list[FindingView]
    unsupported: list[UnsupportedView]
    left_out: list[LeftOutView] = Field([], description="Empty for an interview alone, and for older reports.")
    coverage: CoverageView | None


class JobDescriptionView(Provenance):
    """A stored job description. Before its enhancement, `enhanced_jd` is null."""

    job_description_id: int
    req_id: str
    basic_jd: BasicJD
    enhanced_jd: EnhancedJD | None
    notes_for_team: list[str] | None = Field(description=_NOTES)
    work_inputs: WorkInputs
    interview_topics: list[TopicView] | None
    language: str | None
    created_at: Moment
    enhanced_at: Moment | None
    revision: int = Field(description="Counts the changes; 0 for what was stored before they were counted.")
    edited_by_user_id: str | None = Field(description="Who changed what the enhancement had made, if anybody has.")
    edited_at: Moment | None
    quality: QualityView | None = Field(description="Null before the enhancement, and for older ones.")

    @computed_field(description=_ETAG)  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """The tag for `If-Match`."""
        return etag_of("job_description", self.job_description_id, self.revision)


class EnhanceAnswer(JobDescriptionView, Answer):
    """Answer of POST /api/interview/jd/enhance."""

    tokens_used: int


class JobDescriptionAnswer(Answer):
    """Answer of GET and PATCH /api/interview/jd/<req_id>."""

    job_description: JobDescriptionView

    @computed_field(description=_ETAG)  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """That of the job description."""
        return self.job_description.etag


class CriterionView(View):
    """One thing to tick while the candidate answers."""

    criterion: str
    description: str
    is_checked: bool = False


class RatingAnchorsView(View):
    """What a low, a middling and a high answer sound like."""

    low: str
    mid: str
    high: str


class ExhibitView(View):
    """What a candidate looks at while the question is asked: code, log, figures, table or text."""

    kind: Annotated[ExhibitKind, Stored(ExhibitKind)]
    text: str


class QuestionView(View):
    """One question with all that scoring its answer needs."""

    id: int
    question_number: int
    question_text: str = Field(description="The whole question in Markdown: what is said aloud, then the exhibit.")
    exhibit: ExhibitView | None
    minutes: int | None = Field(description="For question and answer. Null for questions made before it was kept.")
    question_type: StoredType
    criteria: list[CriterionView]
    topic: str
    skill_level: StoredLevel
    follow_ups: list[str]
    rating_anchors: RatingAnchorsView
    work_items: list[WorkItemView]
    source: StoredSource
    cached_question_id: int | None = Field(
        description="Its row in the question cache, by which it can be retired: where a lent question comes from, or "
        "where one written for this interview is kept (`kept_as`). Null for one without a row."
    )
    cached_topic: str | None
    similarity: float | None
    model: str | None = Field(description="Who wrote it: of a lent question, who wrote it then.")
    prompt_version: str | None
    lineage: str = Field(description="Stays the same when the question is edited, moved or carried to a new version.")
    locked: bool = Field(description="Nothing generated replaces it.")

    @computed_field(  # type: ignore[prop-decorator]
        description="Of a question that was written for this interview (`source` is `generated`): the id under which "
        "the question cache keeps it, to lend it to others if it gives away nothing of the requisition. Else null."
    )
    @property
    def kept_as(self) -> int | None:
        """The row of the cache that a generated question became, while it is as it was written."""
        return self.cached_question_id if self.source == "generated" else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def spoken_text(self) -> str:
        """What is said aloud: the question without its exhibit."""
        return spoken_part(self.question_text, self.exhibit.text if self.exhibit else None)


class InterviewView(Provenance):
    """A stored interview. `model` and `prompt_version` are those of what was generated for it; null if all was lent."""

    id: int
    job_description_id: int
    req_id: str
    interview_name: str
    created_at: Moment
    status: StoredStatus
    version: int
    revision: int = Field(description="Counts the changes; 0 for interviews made before there was a history.")
    revised_from_id: int | None = Field(description="The interview that it is a revision of.")
    edited_by_user_id: str | None = Field(description="Who changed a text or the order last.")
    edited_at: Moment | None
    review_requested_by_user_id: str | None
    review_requested_of: str | None
    review_requested_at: Moment | None
    approved_by_user_id: str | None = Field(description="Who published it.")
    approval_note: str | None
    published_at: Moment | None
    archived_at: Moment | None
    language: str | None
    questions: list[QuestionView]
    quality: QualityView | None = Field(description="Null for interviews made before it was kept.")

    @computed_field(description=_ETAG)  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """The tag for `If-Match`."""
        return etag_of("interview", self.id, self.revision)

    def writers(self) -> set[str | None]:
        """The models that wrote its questions."""
        return {self.model, *(question.model for question in self.questions)}


class InterviewAnswer(Answer):
    """Answer of GET /api/interview/<interview_id>, and of every change of an interview."""

    interview: InterviewView

    @computed_field(description=_ETAG)  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """That of the interview."""
        return self.interview.etag


class InterviewsAnswer(Answer):
    """Answer of GET /api/interview/req/<req_id>, oldest version first. `next_cursor` is null at the end."""

    interviews: list[InterviewView]
    total: int = Field(description="How many the requisition has, whatever the page shows.")
    next_cursor: str | None


class GenerateAnswer(Provenance, Answer):
    """Answer of POST /api/interview/generate."""

    interview_id: int
    job_description_id: int
    req_id: str
    interview_name: str
    interview: InterviewView
    quality: QualityView | None = Field(description="The job description's and the interview's together.")
    tokens_used: int
    cached_questions: int
    library_questions: int = Field(description="How many are from the team's own library.")
    created_at: Moment

    @computed_field(description=_ETAG)  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """That of the interview."""
        return self.interview.etag

    def writers(self) -> set[str | None]:
        """Those of the interview."""
        return self.interview.writers()


class WorkflowAnswer(Provenance, Answer):
    """Answer of POST /api/interview/workflow/full and /workflow/create."""

    job_description_id: int
    interview_id: int
    req_id: str
    interview_name: str
    enhanced_jd: EnhancedJD
    notes_for_team: list[str] | None = Field(description=_NOTES)
    interview: InterviewView
    quality: QualityView | None = Field(description="The job description's and the interview's together.")
    total_tokens_used: int
    cached_questions: int
    library_questions: int = Field(description="How many are from the team's own library.")
    created_at: Moment

    @computed_field(description=_ETAG)  # type: ignore[prop-decorator]
    @property
    def etag(self) -> str:
        """That of the interview."""
        return self.interview.etag

    def writers(self) -> set[str | None]:
        """Those of the interview."""
        return self.interview.writers()
