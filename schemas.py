"""Request and response models: the contract of the HTTP interface, field for field.

Requests are parsed into these at the edge and passed on to the services, which answer with the
response models. They know neither Flask nor the database.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from field_types import Moment, OptionalText, OptionalTitle, ReqId, RequiredText, RequiredTitle

# The model name under which the offline mode stores what it makes.
SAMPLE_MODEL = "offline-sample"
SAMPLE_NOTICE = "Sample content of the offline mode, for trying the service out. Do not use it in an interview."


class RequestModel(BaseModel):
    """Base of every request."""

    # Strict: a number is not a text and "12" is not a number. Unknown fields are left for newer callers.
    model_config = ConfigDict(strict=True, frozen=True)


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


class GenerateRequest(RequestModel):
    """An enhanced job description to make an interview from."""

    req_id: ReqId
    job_description_id: Annotated[int, Field(ge=1)]
    interview_name: OptionalTitle = None


class View(BaseModel):
    """Base of everything that an answer holds."""

    # from_attributes: views are read from table rows inside the transaction. Every field is always in the answer.
    model_config = ConfigDict(from_attributes=True, frozen=True, json_schema_serialization_defaults_required=True)


class Answer(View):
    """Base of every successful answer."""

    success: Literal[True] = True


class ErrorDetail(View):
    """What is wrong with one field of a request."""

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
    details: list[ErrorDetail]
    request_id: str | None


class Provenance(View):
    """Who wrote it. `sample` is true for content of the offline mode, which no Claude has seen."""

    model: str | None
    prompt_version: str | None

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator on top of property
    @property
    def sample(self) -> bool:
        """Whether this is sample content."""
        return self.model == SAMPLE_MODEL

    @computed_field  # type: ignore[prop-decorator]
    @property
    def notice(self) -> str | None:
        """A sentence to show beside sample content."""
        return SAMPLE_NOTICE if self.sample else None


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


class WorkItemView(View):
    """Words of the requisition that a topic or a question covers, and the field they are from."""

    field: str
    part: str


class TopicView(View):
    """What one question of an interview is to probe."""

    topic: str
    technologies: list[str]
    facet: str
    skill_level: str
    question_type: str
    focus: str
    work_items: list[WorkItemView]


class JobDescriptionView(Provenance):
    """A stored job description. Before its enhancement, `enhanced_jd` is null."""

    job_description_id: int
    req_id: str
    basic_jd: BasicJD
    enhanced_jd: EnhancedJD | None
    work_inputs: WorkInputs
    interview_topics: list[TopicView] | None
    language: str | None
    created_at: Moment
    enhanced_at: Moment | None


class EnhanceAnswer(JobDescriptionView, Answer):
    """Answer of POST /api/interview/jd/enhance."""

    tokens_used: int


class JobDescriptionAnswer(Answer):
    """Answer of GET /api/interview/jd/<req_id>."""

    job_description: JobDescriptionView


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


class QuestionView(View):
    """One question with all that scoring its answer needs."""

    id: int
    question_number: int
    question_text: str
    question_type: str
    criteria: list[CriterionView]
    topic: str
    skill_level: str
    follow_ups: list[str]
    rating_anchors: RatingAnchorsView
    work_items: list[WorkItemView]
    source: str
    cached_question_id: int | None
    cached_topic: str | None
    similarity: float | None


class InterviewView(Provenance):
    """A stored interview."""

    id: int
    job_description_id: int
    req_id: str
    interview_name: str
    created_at: Moment
    status: str
    version: int
    language: str | None
    questions: list[QuestionView]


class InterviewAnswer(Answer):
    """Answer of GET /api/interview/<interview_id>."""

    interview: InterviewView


class InterviewsAnswer(Answer):
    """Answer of GET /api/interview/req/<req_id>, oldest version first."""

    interviews: list[InterviewView]


class GenerateAnswer(Provenance, Answer):
    """Answer of POST /api/interview/generate."""

    interview_id: int
    job_description_id: int
    req_id: str
    interview_name: str
    interview: InterviewView
    tokens_used: int
    cached_questions: int
    created_at: Moment


class WorkflowAnswer(Provenance, Answer):
    """Answer of POST /api/interview/workflow/full and /workflow/create."""

    job_description_id: int
    interview_id: int
    req_id: str
    interview_name: str
    enhanced_jd: EnhancedJD
    interview: InterviewView
    total_tokens_used: int
    cached_questions: int
    created_at: Moment
