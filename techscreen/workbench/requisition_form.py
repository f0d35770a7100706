"""The form of a requisition: texts of any origin come in for its fields; what was typed comes out as a request.

All fields are texts under the names that they have in the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from config import Settings
from techscreen.errors import FieldProblem
from techscreen.operations.typed_texts import TypedFinding, typed_findings
from techscreen.schemas.fields import MAX_REQ_ID, MAX_SHORT_TEXT, MAX_TEXT
from techscreen.schemas.generation import EnhanceRequest, JobDescriptionView, WorkflowRequest
from techscreen.schemas.problems import validated
from techscreen.web.parsing import refuse_unless_work_described

Texts = dict[str, str]

WORKFLOW, ENHANCEMENT = "workflow", "jd_enhancement"
MAX_KEY = 64


@dataclass(frozen=True)
class FormField:
    """One text field.

    Attributes:
        label, hint: what people read.
        most: characters that it may have.
        rows: lines of a field for longer texts; 0 for one line.
        is_checked: whether the wording of its text is checked as it is typed.
    """

    label: str
    hint: str
    most: int = MAX_SHORT_TEXT
    rows: int = 0
    is_checked: bool = True
    required: bool = False


FIELDS = {
    "req_id": FormField(
        "Requisition id",
        "As in your applicant tracking system, such as REQ-20418. Everything about one post has the same id.",
        MAX_REQ_ID,
        is_checked=False,
        required=True,
    ),
    "basic_title": FormField("Title of the post", "With its level, if the title usually has it.", required=True),
    "basic_department": FormField("Department", "The team that the person joins."),
    "basic_level": FormField(
        "Level", "Such as junior, mid-level, senior or lead. No question asks for more than this."
    ),
    "basic_description": FormField(
        "Job description",
        "As it is: tasks, requirements, terms. An advert or notes will do.",
        MAX_TEXT,
        10,
        required=True,
    ),
    "work_output": FormField(
        "Work output",
        "What will the person deliver? Name results, with figures where you have them.",
        MAX_TEXT,
        3,
    ),
    "work_role": FormField("Work role", "What is the person responsible for, and who relies on it?", MAX_TEXT, 3),
    "work_knowledge": FormField(
        "Work knowledge", "Which technologies and concepts does the work need from the first day?", MAX_TEXT, 3
    ),
    "work_competencies": FormField(
        "Work competencies", "How does the person work, alone and with others?", MAX_TEXT, 3
    ),
    "interview_name": FormField(
        "Name of the interview",
        "Such as “Panel 2”. Left empty, it is named after the post.",
        is_checked=False,
    ),
}
WORK = ("work_output", "work_role", "work_knowledge", "work_competencies")
# Where questions come from: the value, what it is called, what it means.
LIBRARY_CHOICES = (
    ("prefer", "Library first", "Questions of your library that fit; Claude writes the others."),
    ("only", "Library only", "Claude writes no questions. It works if the library has five that fit."),
    ("never", "No library questions", "Claude writes all, or lends what it has written for a like topic."),
)


def texts_of(stored: JobDescriptionView) -> Texts:
    """What the fields hold for a requisition as it was sent."""
    basic = stored.basic_jd
    texts = {
        "req_id": stored.req_id,
        "basic_title": basic.title,
        "basic_department": basic.department,
        "basic_level": basic.level,
        "basic_description": basic.description,
        **dict(stored.work_inputs),
    }
    return {name: text or "" for name, text in texts.items()}


def typed_texts(sent: Mapping[str, str]) -> Texts:
    """What was typed, with the line ends that the service uses."""
    names = (*FIELDS, "use_library")
    return {name: sent.get(name, "").replace("\r\n", "\n").replace("\r", "\n") for name in names}


def key_of(sent: Mapping[str, str]) -> str:
    """The idempotency key of a form that was sent; a new one if it has none that is fit to be one."""
    key = sent.get("key", "")
    return key if key.isalnum() and len(key) <= MAX_KEY else uuid4().hex


def request_of(texts: Texts, what: str, settings: Settings) -> EnhanceRequest | WorkflowRequest:
    """What is asked for.

    Args:
        texts: as typed.
        what: WORKFLOW, or ENHANCEMENT for the description alone.

    Raises:
        InvalidRequest: with every bad field; or if the texts describe no work.
    """
    asked: EnhanceRequest
    if what == ENHANCEMENT:
        asked = validated(EnhanceRequest, _given(texts, EnhanceRequest))
    else:
        asked = validated(WorkflowRequest, {**_given(texts, WorkflowRequest), **_library_use(texts, settings)})
    refuse_unless_work_described(asked)
    return asked


def _given(texts: Texts, model: type[EnhanceRequest]) -> dict[str, str]:
    # A blank text is none, so that a field that is required says so, and the same texts are always the same request.
    return {name: texts[name] for name in FIELDS if name in model.model_fields and texts.get(name, "").strip()}


def _library_use(texts: Texts, settings: Settings) -> dict[str, str]:
    """The choice, if it differs from what the service does anyway."""
    chosen = texts.get("use_library", "")
    return {"use_library": chosen} if chosen and settings.asks_claude and chosen != settings.use_library else {}


def problems_by_field(problems: list[FieldProblem]) -> dict[str, str]:
    """A sentence for each bad field, with the words that the form has for it."""
    return {each.field: _in_words(each) for each in problems}


def _in_words(problem: FieldProblem) -> str:
    known = FIELDS.get(problem.field)
    return f"{known.label}{problem.message.removeprefix(problem.field)}" if known else problem.message


def findings_of(texts: Mapping[str, str]) -> dict[str, list[TypedFinding]]:
    """What is found in each field whose wording is checked, in their order."""
    return {name: typed_findings(texts.get(name, ""), "jd") for name, each in FIELDS.items() if each.is_checked}
