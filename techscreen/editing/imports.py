"""Imports: an interview in our own JSON becomes the next version of a requisition, a JSON Resume job a requisition.

A checked request comes in (`techscreen/schemas/imports.py`), stored rows and the answer about them go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from techscreen.errors import FieldProblem, InvalidRequest
from techscreen.schemas.fields import MAX_TEXT
from techscreen.schemas.generation import EnhanceRequest
from techscreen.schemas.imports import JobSchema, JobSkill

# How a JSON Resume job's short facts are named in the description.
_FACTS = {
    "company": "Company",
    "type": "Employment",
    "location": "Location",
    "remote": "Remote work",
    "salary": "Salary",
    "date": "Published",
}
# What a field of the requisition is made of, for the sentence about one that is too long or says nothing.
_MADE_OF = {
    "basic_description": "requisition.description with its facts and qualifications",
    "work_role": "requisition.responsibilities together",
    "work_knowledge": "requisition.skills together",
}


def job_schema_to_request(job: JobSchema, req_id: str) -> EnhanceRequest:
    """A job of JSON Resume as a requisition, word for word.

    `title`, `department` and `experience` become title, department and level; `responsibilities` the role and `skills`
    the knowledge. The description is `description`, then the facts that have no field of their own, then
    `qualifications`, since they are requirements and not only knowledge. `meta` is left out.

    Raises:
        InvalidRequest: if what belongs together is too long, or describes nothing.
    """
    texts = {
        "basic_description": _description_of(job),
        "work_role": _listed(job.responsibilities or ()),
        "work_knowledge": _listed(_skill(skill) for skill in job.skills or ()),
    }
    try:
        return EnhanceRequest(
            req_id=req_id,
            basic_title=job.title,
            basic_department=job.department,
            basic_level=job.experience,
            work_output=None,
            work_competencies=None,
            **texts,
        )
    except ValidationError as error:
        problems = [_problem(item, texts) for item in error.errors(include_url=False)]
        raise InvalidRequest.of_fields(problems, req_id=req_id) from None


def _problem(item: ErrorDetails, texts: Mapping[str, str]) -> FieldProblem:
    name = str(item["loc"][0])
    is_too_long = item["type"] == "string_too_long"
    said = f"has {len(texts[name])} characters; at most {MAX_TEXT} are allowed" if is_too_long else item["msg"]
    return FieldProblem(_MADE_OF[name].split()[0], f"{_MADE_OF[name]} {said}.")


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
