"""Imports: an interview in our own JSON becomes the next version of a requisition, a JSON Resume job a requisition.

A checked request comes in (`techscreen/schemas/imports.py`), stored rows and the answer about them go out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Interview, InterviewQuestion, JobDescription
from techscreen.editing.drafts import new_interview
from techscreen.editing.edits import EDITED
from techscreen.editing.findings import interview_report
from techscreen.editing.states import DRAFT
from techscreen.errors import FieldProblem, InvalidRequest, NotEditable
from techscreen.generation.audit_log import log_change
from techscreen.generation.job_description_views import job_description_view
from techscreen.observability import metrics
from techscreen.schemas.fields import MAX_TEXT
from techscreen.schemas.generation import EnhanceRequest, InterviewView, QuestionSource
from techscreen.schemas.imports import (
    ImportAnswer,
    ImportRequest,
    JobSchema,
    JobSkill,
    PortableInterview,
    PortableQuestion,
)
from techscreen.storage.transactions import FRESH, run_in_transaction
from techscreen.text.exhibits import with_exhibit

# Where a question may come from. What another service calls its own is taken for the work of people.
SOURCES = frozenset(get_args(QuestionSource))
# The columns of a question that are written as they are given.
_AS_GIVEN = {
    *("topic", "skill_level", "question_type", "minutes", "exhibit", "follow_ups", "rating_anchors", "work_items"),
    *("model", "prompt_version"),
}
# How a JSON Resume job's short facts are named in the description.
_FACTS = {
    "company": "Company",
    "type": "Employment",
    "location": "Location",
    "remote": "Remote work",
    "salary": "Salary",
    "date": "Published",
}
# What a field of the requisition is made of, for the sentence about one that is too long.
_MADE_OF = {
    "basic_description": "requisition.description with its facts and qualifications",
    "work_role": "requisition.responsibilities together",
    "work_knowledge": "requisition.skills together",
}


def import_document(asked: ImportRequest, user_id: str) -> ImportAnswer:
    """Store what is to be imported.

    Raises:
        NotEditable: if a requisition is to be imported whose id is known.
    """
    answer = run_in_transaction(partial(_import, asked, user_id))
    metrics.changed("import")
    return answer


def refuse_if_known(session: Session, asked: ImportRequest) -> None:
    """Check that a requisition that comes without an interview overwrites none.

    Raises:
        NotEditable: if it would.
    """
    known = _stored(session, requisition_of(asked).req_id)
    if known is not None and asked.interview is None:
        raise NotEditable(
            "There is a requisition with this req_id already, and an import overwrites none: choose another req_id, or "
            "send the new texts to POST /api/interview/jd/enhance.",
            req_id=known.req_id,
        )


def requisition_of(asked: ImportRequest) -> EnhanceRequest:
    """The requisition of an import.

    Raises:
        InvalidRequest: if a job cannot become one.
    """
    if asked.interview is None:
        assert asked.requisition is not None
        assert asked.req_id is not None
        return job_schema_to_request(asked.requisition, asked.req_id)
    given = asked.interview.requisition
    return given if asked.req_id is None else given.model_copy(update={"req_id": asked.req_id})


def _import(asked: ImportRequest, user_id: str, session: Session) -> ImportAnswer:
    refuse_if_known(session, asked)
    requisition = requisition_of(asked)
    stored = _stored(session, requisition.req_id)
    is_new = stored is None
    if stored is None:
        stored = JobDescription(**requisition.model_dump(), created_by_user_id=user_id)
        session.add(stored)
        session.flush()
    interview = _next_version(session, asked.interview, stored, user_id) if asked.interview else None
    log_change(session, "import", stored.req_id, user_id, stored.id if interview is None else interview.id)
    return ImportAnswer(
        req_id=stored.req_id,
        job_description_id=stored.id,
        requisition_made=is_new,
        job_description=job_description_view(stored),
        interview_id=None if interview is None else interview.id,
        interview=None if interview is None else InterviewView.model_validate(interview),
    )


def _stored(session: Session, req_id: str) -> JobDescription | None:
    return session.scalar(select(JobDescription).where(JobDescription.req_id == req_id), execution_options=FRESH)


def _next_version(session: Session, given: PortableInterview, requisition: JobDescription, user_id: str) -> Interview:
    interview = Interview(
        job_description_id=requisition.id,
        req_id=requisition.req_id,
        interview_name=given.interview_name,
        created_by_user_id=user_id,
        status=DRAFT,
        language=given.language,
        model=given.model,
        prompt_version=given.prompt_version,
        questions=[_row(number, question) for number, question in enumerate(given.questions, 1)],
    )
    new_interview(session, interview, "imported", user_id)
    interview.quality = interview_report(session, interview).model_dump(mode="json")
    session.flush()
    return interview


def _row(number: int, given: PortableQuestion) -> InterviewQuestion:
    return InterviewQuestion(
        **given.model_dump(include=_AS_GIVEN),
        question_number=number,
        question_text=with_exhibit(given.spoken_text, given.exhibit.text if given.exhibit else None),
        criteria=[{**criterion.model_dump(), "is_checked": False} for criterion in given.criteria],
        source=given.source if given.source in SOURCES else EDITED,
    )


def job_schema_to_request(job: JobSchema, req_id: str) -> EnhanceRequest:
    """A job of JSON Resume as a requisition, word for word.

    `title`, `department` and `experience` become title, department and level; `responsibilities` the role and `skills`
    the knowledge. The description is `description`, then the facts that have no field of their own, then
    `qualifications`, since they are requirements and not only knowledge. `meta` is left out.

    Raises:
        InvalidRequest: if what belongs together is too long.
    """
    texts = {
        "basic_description": _description_of(job),
        "work_role": _listed(job.responsibilities or ()),
        "work_knowledge": _listed(_skill(skill) for skill in job.skills or ()),
    }
    too_long = [name for name, text in texts.items() if len(text) > MAX_TEXT]
    if too_long:
        problems = [_too_long(_MADE_OF[name], len(texts[name])) for name in too_long]
        raise InvalidRequest.of_fields(problems, req_id=req_id)
    return EnhanceRequest(
        req_id=req_id,
        basic_title=job.title,
        basic_department=job.department,
        basic_level=job.experience,
        work_output=None,
        work_competencies=None,
        **texts,
    )


def _too_long(parts: str, length: int) -> FieldProblem:
    return FieldProblem(parts.split(maxsplit=1)[0], f"{parts} has {length} characters; at most {MAX_TEXT} are allowed.")


def _description_of(job: JobSchema) -> str:
    place = job.location
    address = (place.address, place.postalCode, place.city, place.region, place.countryCode) if place else ()
    values = {**job.model_dump(include=set(_FACTS)), "location": ", ".join(filter(None, address))}
    facts = [f"{name}: {values[field]}" for field, name in _FACTS.items() if values[field]]
    qualifications = _listed(job.qualifications or ())
    parts = [
        job.description,
        "\n".join(facts),
        f"Qualifications:\n{qualifications}" if qualifications else None,
    ]
    return "\n\n".join(filter(None, parts))


def _skill(skill: JobSkill) -> str:
    named = f"{skill.name or ''} ({skill.level})" if skill.level else skill.name or ""
    return ": ".join(filter(None, [named.strip(), ", ".join(skill.keywords or ())]))


def _listed(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items if item.strip())
